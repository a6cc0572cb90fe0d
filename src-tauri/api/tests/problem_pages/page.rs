//! One problem's page.

use tapline_core::ground::problem::{Code, Entry, Problem, Retry, Tool, Voice, Who};

use crate::example::example;
use crate::placeholder::{marked, placeholder, problem, shown_in};

pub fn file(code: Code) -> String {
    format!("{}.md", code.as_str())
}

/// Its title with placeholders, as a heading or a link.
pub fn title(entry: &Entry) -> String {
    marked(&problem(entry).title())
}

pub fn page(entry: &Entry) -> String {
    let known = problem(entry);
    let mut parts = vec![
        format!("# {}", title(entry)),
        marked(&known.explanation()),
        in_short(entry, &known),
    ];
    parts.extend(remedy(&known));
    let told = shown_in(&parts.join("\n"));
    if !told.is_empty() {
        let rows = told
            .iter()
            .map(|fact| format!("| `{}` | {} |", placeholder(*fact), fact.meaning()));
        parts.push(format!(
            "## The words in capitals\n\nTapline fills in what it knows. On this page they stand for:\n\n| word | meaning |\n|---|---|\n{}",
            rows.collect::<Vec<_>>().join("\n")
        ));
    }
    parts.extend(example(entry.code));
    parts.push("[All problems](README.md)".to_owned());
    parts.join("\n\n") + "\n"
}

fn in_short(entry: &Entry, known: &Problem) -> String {
    let (waiting, status) = waiting(entry.retry);
    let rows = [
        ("Who says it", says(entry.voice).to_owned()),
        (
            "Who can fix it",
            format!("{}. {}", marked(&known.who()), meaning(entry.who)),
        ),
        ("Does waiting help", waiting.to_owned()),
        ("Code", format!("`{}`", entry.code.as_str())),
        ("`tapline` ends with", format!("exit status {status}")),
    ];
    let lines = rows.map(|(name, value)| format!("| **{name}** | {value} |"));
    format!("| | |\n|---|---|\n{}", lines.join("\n"))
}

/// The command, what it gives and does not give, when to test again, the page of Google's console, and the letter.
fn remedy(known: &Problem) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(command) = known.command() {
        let place = match known.tool() {
            Some(Tool::Tapline) => "In a terminal",
            _ => "In Cloud Shell, or in a terminal with Google's tools",
        };
        parts.push(format!("## What fixes it\n\n{place}:\n\n```sh\n{command}\n```"));
        parts.extend(known.command_does().map(|does| marked(&does)));
        parts.extend(known.settles().map(str::to_owned));
    }
    if let Some(page) = known.console() {
        if parts.is_empty() {
            parts.push("## Where to look".to_owned());
        }
        parts.push(format!("In Google's console: `{page}`"));
    }
    if known.message().is_some() {
        parts.push("Where somebody else has to do it, *Copy message for your admin* makes a letter of all this, with the real names in it.".to_owned());
    }
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

fn says(voice: Voice) -> &'static str {
    match voice {
        Voice::Google => "Google, in its answer",
        Voice::CleverTap => "CleverTap, in its answer",
        Voice::Network => "The network between this computer and the other side",
        Voice::KeyFile => "Tapline, about a key file; nothing was asked of Google",
        Voice::Form => "Tapline, about what was typed; nothing was asked of anybody",
        Voice::Import => "Tapline, about an import",
        Voice::ThisMachine => "Tapline, about the computer that it runs on",
    }
}

/// What to know of whoever can mend it.
fn meaning(who: Who) -> &'static str {
    match who {
        Who::You => "Nobody else is needed.",
        Who::ProjectAdmin => {
            "That is whoever may change the project: its owner, or a holder of an administrator's role in it."
        }
        Who::DatasetOwner => "That is a holder of BigQuery Data Owner on the dataset, or an owner of its project.",
        Who::OrganisationAdmin => "No right in the project alone is enough.",
        Who::NetworkAdmin => "Google and CleverTap may never have heard the question.",
        Who::CleverTapAdmin => "That is whoever may open Settings in CleverTap's dashboard.",
        Who::Google | Who::CleverTap => "There is nothing to change on your side.",
        Who::Nobody => "There is nothing to do.",
        Who::Tapline => "Please report it, with the code and what you did.",
    }
}

/// Whether waiting helps, and the exit status that says the same to a script.
fn waiting(retry: Retry) -> (&'static str, u8) {
    match retry {
        Retry::MaySucceedLater => ("Yes: the same request may succeed later by itself", 3),
        Retry::NotByItself => ("No: somebody has to change something first", 1),
    }
}
