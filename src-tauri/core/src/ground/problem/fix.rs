//! From a problem to what mends it: the command, the page, and the words to send to somebody who can.

use super::catalogue::{Voice, Who};
use super::facts::{Fact, Facts};
use super::remedies::Command;
use super::shell::{self, Shell, Word};
use super::{Answer, Problem, words};

/// The narrowest thing that mends a problem.
#[derive(Clone, Debug, PartialEq)]
pub enum Fix {
    /// One command for a terminal with Google's tools, every value quoted for the shell.
    Command(String),
    /// Put `value` into the form field called `field`.
    Use { field: String, value: String },
}

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Gcloud,
    Bq,
    /// A statement of SQL, inside the quotes of a `bq query` that runs it.
    Sql,
    /// Tapline's own command line.
    Tapline,
}

/// Stands in a command for the address of the service account, where nobody named it: an answer that was pasted rarely does.
const SOME_MEMBER: &str = "MEMBER";

/// As much of an answer as fits a letter.
const QUOTED: usize = 500;

/// The command that mends a problem, filled in.
struct Chosen {
    command: &'static Command,
    words: Vec<Word>,
    /// What it was filled in with.
    facts: Facts,
}

impl Problem {
    /// What mends it: a better value for a field where one is known, else the catalogue's command.
    pub fn fix(&self) -> Option<Fix> {
        if let (Some(field), Some(value)) = (self.facts.get(Fact::Field), self.facts.get(Fact::Suggestion)) {
            return Some(Fix::Use {
                field: field.to_owned(),
                value: value.to_owned(),
            });
        }
        self.command().map(Fix::Command)
    }

    /// The command that mends it, where one can and every value that it needs is known, but for the address of the service
    /// account: `MEMBER` stands for one that is not. For Linux, macOS and Google's Cloud Shell.
    pub fn command(&self) -> Option<String> {
        self.command_in(Shell::Posix)
    }

    /// The same command, as another shell reads it. `None` where a name in it has no safe spelling there.
    pub fn command_in(&self, shell: Shell) -> Option<String> {
        shell.line(&self.chosen()?.words)
    }

    /// The command for each of these shells, and for Cloud Shell, which is everywhere. The same line is told once.
    pub fn commands(&self, shells: &[Shell]) -> Vec<(Shell, String)> {
        let mut told: Vec<(Shell, String)> = Vec::new();
        for shell in shells.iter().chain([&Shell::Posix]) {
            if let Some(line) = self.command_in(*shell)
                && told.iter().all(|(_, known)| *known != line)
            {
                told.push((*shell, line));
            }
        }
        told
    }

    /// What the command is for, where there is one.
    pub fn tool(&self) -> Option<Tool> {
        self.command().map(|command| {
            if command.starts_with("gcloud ") {
                Tool::Gcloud
            } else if command.starts_with("bq query ") {
                Tool::Sql
            } else if command.starts_with("tapline ") {
                Tool::Tapline
            } else {
                Tool::Bq
            }
        })
    }

    /// What the command allows and what it does not, where there is one.
    pub fn command_does(&self) -> Option<String> {
        let chosen = self.chosen()?;
        let does = words::fill_all(chosen.command.does, &chosen.facts, words::Quote::Nothing)?;
        let named = self.facts.get(Fact::Member).is_some() || !chosen.command.template.contains("{member}");
        Some(if named {
            does
        } else {
            format!("{does} {SOME_MEMBER} stands for the address of the service account: put it in.")
        })
    }

    /// What to know before testing again: what was just mended may take a while to show.
    pub fn settles(&self) -> Option<&'static str> {
        self.chosen().and_then(|chosen| chosen.command.settles)
    }

    /// The page of Google's console where it can be mended or looked at.
    pub fn console(&self) -> Option<String> {
        let mut pages = self.code.entry().console.iter();
        pages.find_map(|page| words::fill_all(page, &self.facts, words::Quote::Url))
    }

    /// A letter to somebody who can mend it, ready to send. `None` where the person at this screen can, or nobody is to be
    /// asked.
    pub fn message(&self) -> Option<String> {
        match self.code.entry().who {
            Who::ProjectAdmin
            | Who::DatasetOwner
            | Who::OrganisationAdmin
            | Who::NetworkAdmin
            | Who::CleverTapAdmin => Some(self.letter()),
            Who::You | Who::Google | Who::CleverTap | Who::Tapline | Who::Nobody => None,
        }
    }

    /// The narrowest command whose facts are all known; failing that, the one that only wants the service account's address.
    fn chosen(&self) -> Option<Chosen> {
        self.chosen_with(self.facts.clone()).or_else(|| {
            let mut facts = self.facts.clone();
            facts.get(Fact::Member).is_none().then(|| {
                facts.set(Fact::Member, SOME_MEMBER.to_owned());
                self.chosen_with(facts)
            })?
        })
    }

    fn chosen_with(&self, facts: Facts) -> Option<Chosen> {
        let whole_dataset = facts.get(Fact::Scope) == Some("dataset");
        let mut commands = self.code.entry().commands.iter();
        let (command, words) = commands.find_map(|command| {
            let too_narrow = whole_dataset && command.template.contains("{table}");
            let words = shell::words(command.template, &facts);
            words.filter(|_| !too_narrow).map(|words| (command, words))
        })?;
        Some(Chosen { command, words, facts })
    }

    fn letter(&self) -> String {
        let fact = |fact| self.facts.get(fact).map(one_line);
        let mut parts = vec![match fact(Fact::Member) {
            Some(member) => format!(
                "Hello, I send rows from BigQuery to CleverTap with Tapline, a program on my computer. It signs in with the service account {member}, and I need your help with this:"
            ),
            None => "Hello, I send rows from BigQuery to CleverTap with Tapline, a program on my computer, and I need your help with this:".to_owned(),
        }];
        parts.push(format!(
            "{}. {}",
            one_line(&self.title()),
            one_line(&self.explanation())
        ));
        let mut known = Vec::new();
        if let Some(permission) = fact(Fact::Permission) {
            let place = fact(Fact::Resource).map(|resource| format!(" on {resource}"));
            known.push(format!("Missing: {permission}{}", place.unwrap_or_default()));
        }
        if let Some(answer) = self.answer() {
            known.extend(self.what_was_said(answer));
        }
        if !known.is_empty() {
            parts.push(known.join("\n"));
        }
        if let Some(command) = self.command() {
            parts.push(format!(
                "This one command fixes it, in Cloud Shell or wherever Google's command-line tools are:\n\n    {command}"
            ));
            parts.extend(self.command_does());
        }
        parts.extend(
            self.console()
                .map(|page| format!("The page in Google's console: {page}")),
        );
        parts.join("\n\n") + "\n"
    }

    fn what_was_said(&self, answer: &Answer) -> Vec<String> {
        let mut lines = vec![format!("What was asked: {}", one_line(&answer.asked))];
        let vendor = match self.code.entry().voice {
            Voice::Google => "Google's answer",
            Voice::CleverTap => "CleverTap's answer",
            _ => "The answer",
        };
        let said: Option<String> = answer
            .said
            .as_deref()
            .map(|said| one_line(said).chars().take(QUOTED).collect());
        match (answer.status, said) {
            (Some(status), Some(said)) => lines.push(format!("{vendor}: {status} {said}")),
            (Some(status), None) => lines.push(format!("{vendor}: {status}")),
            (None, Some(said)) => lines.push(format!("{vendor}: {said}")),
            (None, None) => {}
        }
        lines
    }
}

/// Names and answers come from elsewhere: in a letter they stay on their line and steer nothing.
fn one_line(text: &str) -> String {
    let flat = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    flat.filter(|c| !words::steers(*c)).collect()
}

#[cfg(test)]
#[path = "fix_tests.rs"]
mod tests;

#[cfg(all(test, unix))]
#[path = "shell_tests.rs"]
mod shell_tests;
