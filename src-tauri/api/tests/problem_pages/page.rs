//! One problem's page.

use tapline_core::ground::problem::{Code, Entry, Retry, Voice, Who};

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
        format!("{} Its code is `{}`.", says(entry.voice), entry.code.as_str()),
        format!("## What happened\n\n{}", marked(&known.explanation())),
        format!("## Who can mend it\n\n{}. {}", marked(&known.who()), meaning(entry.who)),
    ];
    if let Some(command) = known.command() {
        parts.push(format!(
            "## What mends it\n\nIn a terminal with Google's tools, or in Cloud Shell:\n\n```sh\n{command}\n```"
        ));
    }
    parts.push(format!("## Does waiting help\n\n{}", waiting(entry.retry)));
    let told = shown_in(&parts.join("\n"));
    if !told.is_empty() {
        let rows = told
            .iter()
            .map(|fact| format!("| `{}` | {} |", placeholder(*fact), fact.meaning()));
        parts.push(format!(
            "## The words in capitals\n\nTapline fills in what it knows. Here, they stand for:\n\n| | |\n|---|---|\n{}",
            rows.collect::<Vec<_>>().join("\n")
        ));
    }
    parts.push("[All problems](README.md)".to_owned());
    parts.join("\n\n") + "\n"
}

fn says(voice: Voice) -> &'static str {
    match voice {
        Voice::Google => "Google says this.",
        Voice::CleverTap => "CleverTap says this.",
        Voice::Network => "The network between this computer and the other side says this.",
        Voice::KeyFile => "Tapline says this about a key file, before anything is asked of Google.",
        Voice::Form => "Tapline says this about what was typed, before anything is asked of Google or CleverTap.",
        Voice::Import => "Tapline says this about an import, before a row is read.",
        Voice::ThisMachine => "Tapline says this about the computer that it runs on.",
    }
}

/// What to do about who can mend it.
fn meaning(who: Who) -> &'static str {
    match who {
        Who::You => "Nobody else is needed.",
        Who::ProjectAdmin => {
            "That is whoever may change the project: its owner, or a holder of an administrator's role in it."
        }
        Who::DatasetOwner => "That is a holder of BigQuery Data Owner on the dataset, or an owner of its project.",
        Who::OrganisationAdmin => "No right in the project alone is enough.",
        Who::NetworkAdmin => "Google and CleverTap never heard the question, or not as it was asked.",
        Who::CleverTapAdmin => "That is whoever may open Settings in CleverTap's dashboard.",
        Who::Google | Who::CleverTap => "There is nothing to change on your side.",
        Who::Tapline => "Please report it, with the code and what you did.",
    }
}

/// Whether waiting helps, and the exit status that says the same to a script.
fn waiting(retry: Retry) -> &'static str {
    match retry {
        Retry::MaySucceedLater => {
            "Yes: the same request may succeed later by itself. `tapline` ends with exit status 3, so that a script knows to try again."
        }
        Retry::NotByItself => "No: somebody has to change something first. `tapline` ends with exit status 1.",
    }
}
