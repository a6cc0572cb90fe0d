//! Problems, with their words already filled in.

use std::collections::BTreeMap;

use super::wire;

wire! {
    pub struct Problem {
        /// Stable; branch on this.
        pub code: String,
        /// Whose word it is.
        pub voice: Voice,
        /// By name, such as `permission` or `dataset`. For a form, `field` names the field.
        pub facts: BTreeMap<String, String>,
        pub title: String,
        pub explanation: String,
        /// Who can mend it, in words.
        pub who: String,
        /// Whether the same request may succeed later by itself.
        pub retryable: bool,
        pub fix: Option<Fix>,
        /// One command for a terminal, quoted for the shell of the system that Tapline runs on: PowerShell on Windows.
        /// `MEMBER` stands for the address of a service account that nobody named.
        pub command: Option<String>,
        /// The same command for each shell of this system and for Google's Cloud Shell; a line that they share is told once.
        pub commands: Vec<Command>,
        /// What the command is for.
        pub tool: Option<Tool>,
        /// In words: what the command allows, and what it does not.
        pub command_does: Option<String>,
        /// In words, to show beside "test again": what was just mended may take a while to show.
        pub settles: Option<String>,
        /// The page of Google's console where it can be mended or looked at.
        pub console: Option<String>,
        /// A letter to somebody who can mend it, in plain text. None where the person at this screen can.
        pub message: Option<String>,
        pub answer: Option<Answer>,
    }

    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum Voice {
        Google,
        CleverTap,
        Network,
        KeyFile,
        Form,
        Import,
        ThisMachine,
    }

    #[serde(rename_all = "snake_case", tag = "kind")]
    pub enum Fix {
        Command { command: String },
        /// Put `value` into the form field called `field`.
        Use { field: String, value: String },
    }

    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum Tool {
        Gcloud,
        Bq,
        #[doc = "A statement of SQL, inside the quotes of a `bq query` that runs it."]
        Sql,
        #[doc = "Tapline's own command line."]
        Tapline,
    }

    /// A command as one shell reads it.
    pub struct Command {
        pub shell: Shell,
        pub line: String,
    }

    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum Shell {
        /// That of Linux, of macOS and of Google's Cloud Shell.
        Posix,
        PowerShell,
        CommandPrompt,
    }

    /// What was asked and what came back.
    pub struct Answer {
        pub asked: String,
        pub status: Option<u16>,
        pub said: Option<String>,
        /// The whole body, without secrets.
        pub body: Option<String>,
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.title)
    }
}

impl std::error::Error for Problem {}
