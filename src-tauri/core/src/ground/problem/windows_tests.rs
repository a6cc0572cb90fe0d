//! Every command of the catalogue as Windows' shells read it, by their own rules: neither shell is there to be asked.

use proptest::prelude::*;

use super::super::facts::{Fact, Facts};
use super::super::{CATALOGUE, Code, Problem};
use super::{Shell, Word, words};

/// What `cmd` would act upon, wherever it stands: in quotes it still fills in variables.
const ACTED_UPON: &str = "&|<>^%!\r\n";

/// PowerShell's words: single quotes keep everything, two of them are one.
fn power_shell(line: &str) -> Vec<String> {
    let mut read = Vec::new();
    let mut letters = line.chars().peekable();
    while let Some(first) = letters.next() {
        let mut word = String::new();
        if first == '\'' {
            loop {
                match letters.next().expect("a closed quote") {
                    '\'' if letters.peek() == Some(&'\'') => word.extend(letters.next()),
                    '\'' => break,
                    letter => word.push(letter),
                }
            }
            assert!(
                matches!(letters.next(), None | Some(' ')),
                "a quoted word ends with its quote: {line}"
            );
        } else {
            word.push(first);
            while let Some(letter) = letters.next_if(|letter| *letter != ' ') {
                word.push(letter);
            }
            letters.next();
            let special = |c: char| "'\"`$(){};|&<>#,\u{2018}\u{2019}\u{201a}\u{201b}\u{201c}\u{201d}".contains(c);
            assert!(
                !word.contains(special),
                "a bare word holds nothing that PowerShell acts upon: {word}"
            );
            assert!(
                !(word.starts_with('@') || word.starts_with('-') && word.contains(['.', ':'])),
                "PowerShell would take this word apart: {word}"
            );
        }
        read.push(word);
    }
    read
}

/// The words that a program is given, by the rules of Microsoft's C runtime, which Python follows.
fn command_prompt(line: &str) -> Vec<String> {
    assert!(
        !line.contains(|c| ACTED_UPON.contains(c)),
        "cmd would act upon this: {line}"
    );
    assert!(!line.contains('\\'), "no quote is kept from closing: {line}");
    let mut read = vec![String::new()];
    let mut in_quotes = false;
    for letter in line.chars() {
        match letter {
            '"' => in_quotes = !in_quotes,
            ' ' if !in_quotes => read.push(String::new()),
            letter => read.last_mut().expect("a word").push(letter),
        }
    }
    assert!(!in_quotes, "every quote is closed: {line}");
    read
}

/// What the tool is to be given: the words, with SQL's texts in single quotes.
fn meant(words: &[Word]) -> Vec<String> {
    let text = |word: &Word| {
        if word.sql {
            word.text.replace('"', "'")
        } else {
            word.text.clone()
        }
    };
    words.iter().map(text).collect()
}

/// Puts the name into each place of each template.
fn assert_nothing_gets_out(name: &str) {
    for command in CATALOGUE.iter().flat_map(|entry| entry.commands) {
        for fact in Fact::ALL {
            let mut facts = Facts::default();
            for fact in Fact::ALL {
                facts.set(*fact, "plain");
            }
            facts.set(*fact, name);
            let Some(words) = words(command.template, &facts) else {
                continue;
            };
            if let Some(line) = Shell::PowerShell.line(&words) {
                assert_eq!(power_shell(&line), meant(&words), "PowerShell, for {name:?}: {line}");
                // Google's tools are batch files: what PowerShell hands on is read by cmd once more.
                assert!(!line.contains(|c| ACTED_UPON.contains(c)), "{line}");
            }
            if let Some(line) = Shell::CommandPrompt.line(&words) {
                assert_eq!(command_prompt(&line), meant(&words), "cmd, for {name:?}: {line}");
            }
        }
    }
}

fn sales(code: Code) -> Problem {
    let facts = [
        (Fact::Project, "acme-dw"),
        (Fact::Dataset, "sales"),
        (Fact::Member, "loader@acme-dw.iam.gserviceaccount.com"),
        (Fact::Role, "roles/bigquery.dataViewer"),
    ];
    let problem = Problem::new(code);
    facts
        .into_iter()
        .fold(problem, |problem, (fact, value)| problem.with(fact, value))
}

#[test]
fn a_dataset_is_granted_in_each_shell_of_windows() {
    let problem = sales(Code::DatasetGetDenied);
    let told = problem.commands(&[Shell::PowerShell, Shell::CommandPrompt]);
    let lines: Vec<(Shell, &str)> = told.iter().map(|(shell, line)| (*shell, line.as_str())).collect();
    assert_eq!(
        lines,
        [
            (
                Shell::PowerShell,
                "bq query --project_id=acme-dw --use_legacy_sql=false 'GRANT `roles/bigquery.dataViewer` ON SCHEMA `acme-dw`.`sales` TO ''serviceAccount:loader@acme-dw.iam.gserviceaccount.com'''"
            ),
            (
                Shell::CommandPrompt,
                "bq query --project_id=acme-dw --use_legacy_sql=false \"GRANT `roles/bigquery.dataViewer` ON SCHEMA `acme-dw`.`sales` TO 'serviceAccount:loader@acme-dw.iam.gserviceaccount.com'\""
            ),
            (
                Shell::Posix,
                "bq query --project_id=acme-dw --use_legacy_sql=false 'GRANT `roles/bigquery.dataViewer` ON SCHEMA `acme-dw`.`sales` TO \"serviceAccount:loader@acme-dw.iam.gserviceaccount.com\"'"
            ),
        ]
    );
    assert_eq!(
        problem.commands(&[Shell::Posix]).len(),
        1,
        "elsewhere there is one line"
    );
}

#[test]
fn a_line_that_every_shell_reads_alike_is_told_once() {
    let problem = Problem::new(Code::AccountDisabled).with(Fact::Member, "loader@acme-dw.iam.gserviceaccount.com");
    let told = problem.commands(&[Shell::PowerShell, Shell::CommandPrompt]);
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn names_that_google_gives_are_written_in_each_shell() {
    for name in ["daily orders", "Bestellungen_März", "数据-1", "events$20261123"] {
        assert_nothing_gets_out(name);
        let problem = sales(Code::TablesGetDataDenied).with(Fact::Table, name);
        for shell in [Shell::PowerShell, Shell::CommandPrompt] {
            let line = problem.command_in(shell);
            assert!(line.is_some_and(|line| line.contains(name)), "{shell:?} with {name}");
        }
    }
}

#[test]
fn names_that_windows_would_act_upon_leave_no_command() {
    for name in [
        "a & calc",
        "%USERPROFILE%",
        "!x!",
        "a^b",
        "a|b",
        "a\"b",
        "\u{2019}; calc; \u{2019}",
        "$(calc)",
        "a\\",
        "a;b",
    ] {
        assert_nothing_gets_out(name);
        let mut facts = Facts::default();
        facts.set(Fact::Member, name);
        let words = words("gcloud iam service-accounts enable {member}", &facts).expect("no harm in a POSIX shell");
        assert!(Shell::Posix.line(&words).is_some(), "{name:?} can be quoted there");
        // A dollar and brackets mean nothing to cmd, and nothing in single quotes to PowerShell.
        let harmless = name == "$(calc)";
        for shell in [Shell::PowerShell, Shell::CommandPrompt] {
            assert_eq!(shell.line(&words).is_some(), harmless, "{shell:?} with {name:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_name_gets_out_whatever_it_is_made_of(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "'", "\"", "`", "$(", ")", "$env:X", "%X%", "!", "^", "&", "|", "<", ">", "\\", "\n", " ", "#", ";", ",", "@",
                "-", "--%", ".", ":", "/", "=", "é", "数", "\u{2018}", "\u{2019}", "\u{201d}", "calc", "a",
            ]),
            1..6,
        )
    ) {
        assert_nothing_gets_out(&parts.concat());
    }
}
