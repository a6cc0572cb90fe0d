//! Questions that need no store, no network and no keychain: what a key file is, what a plan makes of rows, what an answer
//! means.

use tapline_core::explain::{self, Call, Pasted};
use tapline_core::google::key;
use tapline_core::import::plan::Plan;
use tapline_core::mapping::{self, PreviewResult};

use crate::wire::key::KeySeen;
use crate::wire::problem::Problem;

/// What a file is, if it will do as a key; else what is wrong with it.
pub fn key(bytes: &[u8]) -> Result<KeySeen, Problem> {
    Ok(KeySeen::from(&key::read(bytes)?))
}

/// The names of the calls whose answers can be explained.
pub fn calls() -> Vec<&'static str> {
    Call::ALL.iter().map(|call| call.as_str()).collect()
}

/// What an answer means that somebody pasted: every problem in it, the first the gravest or commonest, and the names in the
/// context that meant nothing. An error where what was pasted cannot be read.
pub fn explain(
    call: &str,
    status: Option<u16>,
    headers: &[String],
    body: Vec<u8>,
    context: Option<&str>,
    request: Option<&str>,
) -> Result<(Vec<Problem>, Vec<String>), Problem> {
    let pasted = Pasted::read(call, status, headers, body, context, request)?;
    let problems = explain::explain_all(&pasted).into_iter().map(Problem::from).collect();
    Ok((problems, pasted.unknown_names().to_vec()))
}

/// Reads a plan's text, or tells everything that keeps it from being a plan.
pub fn plan(text: &str) -> Result<Plan, Vec<Problem>> {
    tapline_core::import::read(text).map_err(told)
}

/// The plan's JSON Schema, as text.
pub fn plan_schema() -> String {
    tapline_core::import::plan::schema()
}

/// What became of one row of a preview.
pub struct Previewed {
    /// `{"row": n, "record": …}` or `{"row": n, "rejected": […]}`, without a line break. The record's bytes are exact.
    pub line: Vec<u8>,
    pub rejected: bool,
    /// What CleverTap would cut or drop of the record: column and reason.
    pub warnings: Vec<(String, &'static str)>,
}

/// A preview's rows as they are asked for, and what can be said of all of them.
pub struct Previews<R> {
    pub rows: R,
    /// Columns of the plan that no line has, and that count as NULL in all of them. Most often a slip of the pen.
    pub unseen: Vec<String>,
}

/// Maps lines of rows, `{column: {"type": …, "value": …}}`, one by one. Where the plan does not hold together, everything
/// that stands against it. `started_second` stands for the second in which a run would start; now where absent.
pub fn preview<'a>(
    plan: &'a Plan,
    lines: &'a [u8],
    started_second: Option<i64>,
) -> Result<Previews<impl Iterator<Item = Previewed> + 'a>, Vec<Problem>> {
    let started_second = started_second.unwrap_or_else(|| jiff::Timestamp::now().as_second());
    let rows = mapping::preview(plan, lines, started_second).map_err(told)?;
    let unseen = rows.unseen().to_vec();
    let rows = rows.map(|row| {
        let line = row.json();
        let (rejected, warnings) = match row.result {
            PreviewResult::Rejected { .. } => (true, Vec::new()),
            PreviewResult::Record { warnings, .. } => (false, warnings),
        };
        Previewed {
            line,
            rejected,
            warnings: warnings.into_iter().map(|w| (w.column.to_string(), w.reason)).collect(),
        }
    });
    Ok(Previews { rows, unseen })
}

fn told(problems: Vec<crate::Problem>) -> Vec<Problem> {
    problems.into_iter().map(Problem::from).collect()
}
