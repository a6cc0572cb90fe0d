//! How the terminal speaks: one JSON object for programs, words for people, and an exit status for both.

use std::io::{self, Write as _};
use std::process::ExitCode;

use serde_json::{Value, json};
use tapline_api::wire::problem::{Command, Problem, Shell, Voice};

/// How a command ended, as its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Done = 0,
    NeedsAPerson = 1,
    NotUnderstood = 2,
    TryLater = 3,
    /// A run, a dry run or a preview that completed with rejected, unprocessed or in-doubt rows.
    WithRejects = 4,
    Stopped = 130,
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(end as u8)
    }
}

/// What a command has to say when it is done.
#[derive(Debug)]
pub struct Said {
    /// For programs, beneath `ok`. Beside `problem`, where there is one.
    pub ok: Value,
    /// For people.
    pub words: String,
    pub end: End,
    /// What went wrong, although there may be something to say. The first decides the exit status.
    pub problems: Vec<Problem>,
    /// Everything has been said line by line.
    silent: bool,
    /// `ok` is all that programs are told, and stands beneath nothing.
    whole: bool,
}

/// How every command ends.
pub type Answered = Result<Said, Problem>;

impl Said {
    pub fn new(ok: impl serde::Serialize, words: impl Into<String>) -> Self {
        Self {
            ok: serde_json::to_value(ok).unwrap_or_default(),
            words: words.into(),
            end: End::Done,
            problems: Vec::new(),
            silent: false,
            whole: false,
        }
    }

    /// Where the answer is an object of its own.
    pub fn whole(object: Value, words: impl Into<String>) -> Self {
        let said = Self::new(object, words);
        Self { whole: true, ..said }
    }

    /// Where everything has been said already.
    pub fn silent(end: End) -> Self {
        let said = Self::new((), "");
        Self {
            end,
            silent: true,
            ..said
        }
    }

    /// With a problem, which decides the exit status.
    #[must_use]
    pub fn but(self, problem: Option<Problem>) -> Self {
        self.but_all(problem.into_iter().collect())
    }

    #[must_use]
    pub fn but_all(self, problems: Vec<Problem>) -> Self {
        let end = problems.first().map_or(self.end, end_of);
        Self { end, problems, ..self }
    }

    #[must_use]
    pub fn ending(self, end: End) -> Self {
        Self { end, ..self }
    }
}

/// How an answer is to be said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// One JSON object, for programs.
    pub json: bool,
    /// With the whole of what the other side answered.
    pub verbose: bool,
}

/// Says it, and gives the exit status.
pub fn finish(answered: Answered, manner: Manner) -> End {
    let said = answered.unwrap_or_else(|problem| Said::new(json!({}), "").but(Some(problem)));
    if said.silent {
        return said.end;
    }
    if manner.json {
        out(&object(&said).to_string());
    } else {
        out(&said.words);
        for problem in &said.problems {
            let _ = writeln!(io::stderr(), "{}", problem_words(problem, manner.verbose));
        }
    }
    said.end
}

/// `{"ok": …}`, or `{"problem": …}` with what there is to say, and any further problems, beside it.
fn object(said: &Said) -> Value {
    if said.whole {
        return said.ok.clone();
    }
    let Some(problem) = said.problems.first() else {
        return json!({ "ok": said.ok });
    };
    let mut object = said.ok.as_object().cloned().unwrap_or_default();
    object.insert("problem".to_owned(), json!(problem));
    if said.problems.len() > 1 {
        object.insert("problems".to_owned(), json!(said.problems));
    }
    Value::Object(object)
}

fn end_of(problem: &Problem) -> End {
    if problem.code == NOT_UNDERSTOOD {
        End::NotUnderstood
    } else if problem.retryable {
        End::TryLater
    } else {
        End::NeedsAPerson
    }
}

/// One line to stdout. A reader that has gone away is no fault of anybody's.
pub fn out(line: &str) {
    if !line.is_empty() {
        let _ = writeln!(io::stdout(), "{}", line.trim_end_matches('\n'));
    }
}

/// One line to stderr, for a person who waits.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{}", clean(line));
}

const NOT_UNDERSTOOD: &str = "command_not_understood";

/// A problem with what was typed, of the terminal's own.
pub fn not_understood(explanation: &str) -> Problem {
    Problem {
        code: NOT_UNDERSTOOD.to_owned(),
        voice: Voice::ThisMachine,
        facts: std::collections::BTreeMap::default(),
        title: "The command was not understood".to_owned(),
        explanation: explanation.trim().to_owned(),
        who: "You, here".to_owned(),
        retryable: false,
        fix: None,
        command: None,
        commands: Vec::new(),
        tool: None,
        command_does: None,
        settles: None,
        console: None,
        message: None,
        answer: None,
    }
}

/// Title, why, what was asked and said, who can mend it, and the command that does. Beneath it the whole answer, where that is wanted.
pub fn problem_words(problem: &Problem, verbose: bool) -> String {
    let mut lines = vec![
        format!("{} ({})", clean(&problem.title), problem.code),
        format!("  {}", clean(&problem.explanation)),
    ];
    if let Some(answer) = &problem.answer {
        lines.push(format!("  Asked:  {}", clean(&answer.asked)));
        let status = answer.status.map(|status| format!("{status} "));
        if let Some(said) = answer.said.as_deref().or(answer.body.as_deref()) {
            let said: String = clean(said).chars().take(500).collect();
            let told = format!("  Answer: {}{said}", status.unwrap_or_default());
            lines.push(told.trim_end().to_owned());
        } else if let Some(status) = status {
            lines.push(format!("  Answer: {status}").trim_end().to_owned());
        }
    }
    lines.push(format!("  Who can fix it: {}", clean(&problem.who)));
    if let Some(tapline_api::wire::problem::Fix::Use { field, value }) = &problem.fix {
        lines.push(format!("  For {}: {}", clean(field), clean(value)));
    }
    for command in &problem.commands {
        let shell = shell_of(command, problem.commands.len());
        lines.push(format!("  Command{shell}: {}", clean(&command.line)));
    }
    if let Some(does) = &problem.command_does {
        lines.push(format!("  {}", clean(does)));
    }
    if let Some(settles) = &problem.settles {
        lines.push(format!("  {}", clean(settles)));
    }
    if let Some(console) = &problem.console {
        lines.push(format!("  Console: {}", clean(console)));
    }
    if verbose {
        lines.extend(whole_answer(problem));
    }
    lines.join("\n")
}

/// What came back as it came, line for line. Secrets were taken out before it was kept.
fn whole_answer(problem: &Problem) -> Vec<String> {
    let answer = problem.answer.as_ref();
    let Some(body) = answer.and_then(|answer| answer.body.as_deref()) else {
        return Vec::new();
    };
    let vendor = match problem.voice {
        Voice::Google => "What Google answered",
        Voice::CleverTap => "What CleverTap answered",
        _ => "What came back",
    };
    let status = answer
        .and_then(|answer| answer.status)
        .map(|status| format!(", HTTP {status}"));
    let head = format!("  {vendor}{}:", status.unwrap_or_default());
    let lines = body.lines().map(|line| format!("    {}", clean(line)));
    std::iter::once(head).chain(lines).collect()
}

/// Which shell a line is for, where that is not plain.
fn shell_of(command: &Command, lines: usize) -> &'static str {
    match command.shell {
        Shell::Posix if cfg!(windows) => " (Cloud Shell)",
        Shell::PowerShell if lines > 1 => " (PowerShell)",
        Shell::CommandPrompt if lines > 1 => " (Command Prompt)",
        _ => "",
    }
}

/// Without what could steer a terminal: names, answers and rows come from elsewhere.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c == '\n' { ' ' } else { c })
        .filter(|c| !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .collect()
}

/// Rows beneath a head, in columns. The words of `empty` where there are no rows.
pub fn table(head: &[&str], rows: &[Vec<String>], empty: &str) -> String {
    if rows.is_empty() {
        return empty.to_owned();
    }
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| clean(cell)).collect())
        .collect();
    let width = |column: usize| {
        std::iter::once(&head)
            .chain(&rows)
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    std::iter::once(&head)
        .chain(&rows)
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

/// `1,234,567`.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 row`, `2 rows`.
pub fn counted(value: u64, one: &str) -> String {
    format!("{} {one}{}", number(value), if value == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{End, clean, counted, end_of, not_understood, number, table};

    #[test]
    fn numbers_are_grouped_for_reading() {
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (69_659, "69,659"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(number(value), text, "for {value}");
        }
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(2, "row"), "2 rows");
    }

    #[test]
    fn what_comes_from_elsewhere_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\r\nc\u{202e}d"), "a[31mb cd", "no escape may pass");
    }

    #[test]
    fn tables_line_up() {
        let rows = vec![
            vec!["shop".to_owned(), "EU".to_owned()],
            vec!["é".to_owned(), "US".to_owned()],
        ];
        assert_eq!(table(&["Name", "In"], &rows, "None."), "Name  In\nshop  EU\né     US");
        assert_eq!(table(&["Name"], &[], "None."), "None.", "an empty list says so");
    }

    #[test]
    fn the_exit_status_tells_who_has_to_act() {
        let mut problem = not_understood("x");
        assert_eq!(end_of(&problem), End::NotUnderstood);
        problem.code = "offline".to_owned();
        assert_eq!(end_of(&problem), End::NeedsAPerson);
        problem.retryable = true;
        assert_eq!(end_of(&problem), End::TryLater);
    }
}
