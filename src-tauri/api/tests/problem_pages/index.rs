//! The index of all pages, by who says that something is wrong.

use tapline_core::ground::problem::{CATALOGUE, Entry, Voice};

use crate::page;

const VOICES: [(Voice, &str, &str); 7] = [
    (
        Voice::Google,
        "Google says it",
        "An answer of Google's token service, Resource Manager or BigQuery. A query job that failed inside an answer of status 200 counts as the failure that it is.",
    ),
    (
        Voice::CleverTap,
        "CleverTap says it",
        "An answer to an upload, as a whole or about one record.",
    ),
    (
        Voice::Network,
        "The network says it",
        "Nothing came back, or something that neither Google nor CleverTap sent.",
    ),
    (
        Voice::KeyFile,
        "The key file",
        "What was dropped, chosen or pasted as a key is something else, or is damaged. Nothing was asked of Google.",
    ),
    (
        Voice::Form,
        "What is typed",
        "A field of a connection or an account holds something that cannot work. Nothing was asked of anybody.",
    ),
    (
        Voice::Import,
        "The import",
        "A plan, a mapping or a query that cannot be run as it stands.",
    ),
    (
        Voice::ThisMachine,
        "This computer",
        "Tapline's folder, the keychain, files, the terminal.",
    ),
];

const HEAD: &str = "\
# Problems

Whatever goes wrong, Tapline says it as a *problem*: what happened, what was asked and what was answered, who can mend it, and where one
can, the one command that does. The window, the terminal and these pages take their words from one list, so that they never
disagree. Each problem has a *code* that does not change: scripts read it with `--json`, and the log holds the code and no other word.

A word in capitals, such as `PROJECT`, stands for a value that Tapline fills in.";

pub fn index() -> String {
    let mut parts = vec![HEAD.to_owned()];
    for (voice, heading, about) in VOICES {
        let lines: Vec<String> = CATALOGUE
            .iter()
            .filter(|entry| entry.voice == voice)
            .map(line)
            .collect();
        parts.push(format!(
            "## {heading}\n\n{about}\n\n| what is wrong | code |\n|---|---|\n{}",
            lines.join("\n")
        ));
    }
    parts.join("\n\n") + "\n"
}

fn line(entry: &Entry) -> String {
    format!(
        "| [{}]({}) | `{}` |",
        page::title(entry),
        page::file(entry.code),
        entry.code.as_str()
    )
}
