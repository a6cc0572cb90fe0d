//! How a command is written down, so that a shell hands the tool just the words that were meant, whatever names are in them.
//!
//! A template is a line of words, or two with `&&` between; one that holds spaces, and that is SQL, stands in single quotes. Names are filled into the words
//! first, and each whole word is quoted then, by the rules of the shell that will read it.

use super::facts::Facts;
use super::words::{self, Quote};

/// A shell that people type commands into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// That of Linux, of macOS and of Google's Cloud Shell.
    Posix,
    PowerShell,
    /// Windows' older one.
    CommandPrompt,
}

/// One word of a command, as the tool is to see it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    text: String,
    /// A statement, in which our quotes may be written otherwise. No name in it holds one.
    sql: bool,
    /// No word, but where one command ends and the next begins, if the first did what it was to do.
    and_then: bool,
}

/// What a template writes between two commands.
const AND_THEN: &str = "&&";

impl Shell {
    /// Those of the system that this runs on, the usual one first.
    pub fn here() -> &'static [Self] {
        if cfg!(windows) {
            &[Self::PowerShell, Self::CommandPrompt]
        } else {
            &[Self::Posix]
        }
    }

    /// The words as one line. `None` where the shell has no safe way to write one of them.
    pub(super) fn line(self, words: &[Word]) -> Option<String> {
        let words: Option<Vec<String>> = words.iter().map(|word| self.quoted(word)).collect();
        Some(words?.join(" "))
    }

    fn quoted(self, word: &Word) -> Option<String> {
        if word.and_then {
            // PowerShell knows it from version 7 on, and Windows brings version 5: Cloud Shell is the place for two.
            return (self == Self::Posix).then(|| AND_THEN.to_owned());
        }
        match self {
            Self::Posix => Some(posix(&word.text)),
            Self::PowerShell => Some(power_shell(&for_windows(word)?)),
            Self::CommandPrompt => Some(command_prompt(&for_windows(word)?)),
        }
    }
}

/// The words of a template with every fact filled in, or nothing where one is missing or would do harm.
pub(super) fn words(template: &str, facts: &Facts) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    for (at, part) in template.split('\'').enumerate() {
        let sql = at % 2 == 1;
        let pieces: Vec<&str> = if sql {
            vec![part]
        } else {
            part.split_ascii_whitespace().collect()
        };
        for piece in pieces {
            let quote = if sql { Quote::Sql } else { Quote::Word };
            let text = words::fill_all(piece, facts, quote)?;
            // Looked for in the template: a name that is called so is a word like any other.
            let and_then = !sql && piece == AND_THEN;
            words.push(Word { text, sql, and_then });
        }
    }
    Some(words)
}

fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=,+".contains(c);
    !text.is_empty() && text.chars().all(plain)
}

fn posix(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Google's tools are batch files on Windows, so cmd reads every word, whoever passed it, and double quotes are lost on the way
/// through PowerShell. SQL does with single quotes as well. Whatever else cmd would act upon has no safe spelling there.
fn for_windows(word: &Word) -> Option<String> {
    let text = if word.sql {
        word.text.replace('"', "'")
    } else {
        word.text.clone()
    };
    let safe = |c: char| c.is_alphanumeric() || "-_./:@=,+$` '()".contains(c);
    text.chars().all(safe).then_some(text)
}

fn power_shell(text: &str) -> String {
    // A comma makes a list, an @ at the start another thing, and a dot or colon may cut an option in two.
    let cut = text.starts_with('-') && text.contains(['.', ':']);
    if is_plain(text) && !cut && !text.starts_with('@') && !text.contains(',') {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "''"))
}

fn command_prompt(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        format!("\"{text}\"")
    }
}

#[cfg(test)]
#[path = "windows_tests.rs"]
mod windows_tests;
