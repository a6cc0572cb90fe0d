//! Every command of the catalogue, filled with names that want out, read by a real shell: it hands the tool just the words
//! that were meant, and does nothing else.

use std::process::Command as Process;

use proptest::prelude::*;

use super::super::{CATALOGUE, Fact, Facts};
use super::shell::{self, Shell};

/// Stand-ins for Google's tools and for ours: each prints the words that it was given, a NUL behind each.
const TOOLS: &str = "tapline() { printf '%s\\0' tapline \"$@\"; }\ngcloud() { printf '%s\\0' gcloud \"$@\"; }\nbq() { printf '%s\\0' bq \"$@\"; }\n";

/// What shells, terminals and SQL hang on.
const HOSTILE: &[&str] = &[
    "'",
    "\"",
    "`",
    "$(",
    ")",
    "${HOME}",
    "$IFS",
    ";",
    "&",
    "|",
    "<",
    ">",
    "\\",
    "\n",
    "\r",
    "\t",
    " ",
    "#",
    "!",
    "*",
    "?",
    "[",
    "]",
    "{",
    "}",
    "~",
    "--",
    "-",
    "=",
    ",",
    ".",
    ":",
    "/",
    "%",
    "^",
    "\u{1b}[201~",
    "\u{202e}",
    "\u{0}",
    "é",
    "数",
    "touch x",
    "touch y",
    " ON ",
    " TO ",
    "*/",
    "/*",
    "a",
];

/// Every template, once.
fn templates() -> Vec<&'static str> {
    let mut all: Vec<_> = CATALOGUE
        .iter()
        .flat_map(|entry| entry.commands)
        .map(|command| command.template)
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The words that a template is meant to become: split at its spaces, its own quotes taken off, the names put in as they are.
fn meant(template: &str, facts: &Facts) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut in_quotes = false;
    for letter in template.chars() {
        match letter {
            '\'' => in_quotes = !in_quotes,
            ' ' if !in_quotes => words.push(String::new()),
            _ => words.last_mut().expect("a word").push(letter),
        }
    }
    // A name may hold braces: each place is looked at once.
    let filled = |word: &String| {
        let mut text = String::new();
        let mut rest = word.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').expect("a closed place");
            text += before;
            text += facts.named(name).expect("a known fact");
            rest = behind;
        }
        text + rest
    };
    words.iter().filter(|word| *word != "&&").map(filled).collect()
}

fn written(template: &str, facts: &Facts) -> Option<String> {
    Shell::Posix.line(&shell::words(template, facts)?)
}

/// What the tools were given, command after command, when a shell reads this.
fn given(script: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Process::new("bash")
        .args(["--noprofile", "--norc", "-c", &format!("{TOOLS}{script}")])
        .current_dir(folder.path())
        .env_clear()
        // With `touch` to be found, so that a name that gets out leaves a file behind.
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .expect("bash is there");
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "",
        "the shell had nothing to complain of: {script}"
    );
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, 0, "no file came to be: {script}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.split_terminator('\0').map(str::to_owned).collect()
}

/// All that a template may ask for, in plain names.
fn facts(template: &str, hostile: Option<(Fact, &str)>) -> Facts {
    let mut facts = Facts::default();
    for fact in Fact::ALL {
        facts.set(*fact, "plain");
    }
    if template.contains("{managed_constraint}") {
        facts.set(Fact::Constraint, "iam.managed.plain");
    }
    if let Some((fact, name)) = hostile {
        facts.set(fact, name);
    }
    facts
}

fn names_in(template: &str) -> impl Iterator<Item = Fact> {
    let names = template.split('{').skip(1).filter_map(|part| part.split('}').next());
    names.filter_map(|name| match name {
        "plain_constraint" | "managed_constraint" => Some(Fact::Constraint),
        name => Fact::from_name(name),
    })
}

/// Fills every place of every template with the name, and lets one shell read all that came of it.
fn assert_nothing_gets_out(name: &str) {
    let mut script = String::new();
    let mut expected = Vec::new();
    for template in templates() {
        for fact in names_in(template) {
            let facts = facts(template, Some((fact, name)));
            let Some(command) = written(template, &facts) else {
                continue;
            };
            assert!(
                !command.contains(['\n', '\r', '\u{1b}', '\u{202e}']),
                "a command is one plain line: {command:?}"
            );
            let words = meant(template, &facts);
            for word in words.iter().filter(|word| {
                ["GRANT ", "REVOKE ", "CREATE "]
                    .iter()
                    .any(|verb| word.starts_with(verb))
            }) {
                let marks = |word: &str| word.matches(['`', '"', '\'', '\\']).count();
                assert_eq!(
                    marks(word),
                    marks(&meant(template, &self::facts(template, None)).join(" ")),
                    "no name ends another: {word}"
                );
            }
            for (word, plain) in words.iter().zip(meant(template, &self::facts(template, None))) {
                assert_eq!(
                    word.starts_with('-'),
                    plain.starts_with('-'),
                    "a name does not become an option: {word}"
                );
            }
            script += &command;
            script.push('\n');
            expected.extend(words);
        }
    }
    assert_eq!(given(&script), expected, "for the name {name:?}");
}

#[test]
fn the_catalogue_has_commands_to_try() {
    let mut script = String::new();
    let mut expected = Vec::new();
    for template in templates() {
        let plain = facts(template, None);
        script += &written(template, &plain).expect("plain names fit everywhere");
        script.push('\n');
        expected.extend(meant(template, &plain));
    }
    assert!(templates().len() >= 6, "{:?}", templates());
    assert_eq!(given(&script), expected, "plain names arrive as they are");
}

#[test]
fn names_that_want_out_stay_in() {
    for name in [
        "'; touch pwned; '",
        "$(touch pwned)",
        "`touch pwned`",
        "x' TO \"user:evil@example.com\" --",
        "x` TO `y",
        "a\ntouch pwned",
        "--impersonate-service-account=evil@example.com",
        "-x",
        "~/.ssh",
        "{1..9}",
        "daily orders",
        "Bestellungen für März",
        "\u{1b}[201~touch pwned\r",
    ] {
        assert_nothing_gets_out(name);
    }
}

#[test]
fn names_that_google_gives_are_never_left_out() {
    for template in templates().into_iter().filter(|template| template.contains("{table}")) {
        for name in ["daily orders", "Bestellungen_März", "数据-1", "events$20261123"] {
            let command = written(template, &facts(template, Some((Fact::Table, name))));
            assert!(
                command.is_some_and(|command| command.contains(name)),
                "{template} with {name}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn no_name_gets_out_whatever_it_is_made_of(parts in proptest::collection::vec(proptest::sample::select(HOSTILE), 1..8)) {
        assert_nothing_gets_out(&parts.concat());
    }
}
