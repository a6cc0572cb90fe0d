//! The one SQL statement that an import runs. BigQuery joins, collapses and counts; only rows worth sending travel.
//!
//! A person's SELECT stands on lines of its own inside ours, so that a comment at its end swallows nothing of ours. Nothing
//! here decides whether the text is a SELECT at all: BigQuery says so in a dry run, before anything runs.

use std::fmt::Write as _;

use super::plan::{EventName, IdentityColumn, Plan, Records, Source};
use super::sql_end::bare;
use crate::bigquery::DatasetRef;
use crate::clevertap::rules::identity::NOBODY;
use crate::clevertap::rules::limits::IDENTITY_CHARS;

/// A column that profile statements add: how many rows of the identity there were, this one included.
pub const GROUP_SIZE: &str = "tapline_group_size";

/// What a run reads: the plan's columns of every row. Profiles come once for each identity, as their newest row, with
/// [`GROUP_SIZE`]. The rows have no order.
pub fn all_rows(plan: &Plan, dataset: &DatasetRef) -> String {
    match plan.records {
        Records::Profiles => newest(plan, dataset),
        Records::Events(_) => format!(
            "SELECT\n{}\nFROM {}",
            listed(&columns(plan), "  "),
            from(&plan.source, dataset)
        ),
    }
}

/// The same plan with a source that holds these identities alone: as the source writes them, and as the mapping repairs
/// them.
#[must_use]
pub fn narrowed(plan: &Plan, dataset: &DatasetRef, identities: &[String]) -> Plan {
    let listed = identities.iter().map(|identity| literal(identity)).collect::<Vec<_>>();
    let listed = listed.join(", ");
    Plan {
        source: Source::Sql(format!(
            "SELECT *\nFROM {}\nWHERE TRIM(CAST({} AS STRING)) IN ({listed})\n  OR {} IN ({listed})",
            from(&plan.source, dataset),
            quoted(&plan.identity.column),
            identity(&plan.identity),
        )),
        ..plan.clone()
    }
}

/// What a dry run reads: this many rows of [`all_rows`], drawn at random.
pub fn random_rows(plan: &Plan, dataset: &DatasetRef, rows: u32) -> String {
    format!("{}\nORDER BY RAND()\nLIMIT {rows}", all_rows(plan, dataset))
}

/// What Preview Results reads: all columns of a few rows, whichever come.
pub fn preview(source: &Source, dataset: &DatasetRef, rows: u32) -> String {
    format!("SELECT *\nFROM {}\nLIMIT {rows}", from(source, dataset))
}

/// How many rows the source has, in a column called `tapline_rows`.
pub fn count(source: &Source, dataset: &DatasetRef) -> String {
    format!("SELECT COUNT(*) AS tapline_rows\nFROM {}", from(source, dataset))
}

/// A person's SELECT with another name in the one place where this name stands. Nothing where it stands in several, or nowhere.
pub fn renamed(sql: &str, name: &str, other: &str) -> Option<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let whole = |at: &usize| {
        let before = sql[..*at].chars().next_back();
        let after = sql[*at + name.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    };
    let mut places = sql.match_indices(name).map(|(at, _)| at).filter(whole);
    let at = places.next()?;
    let once = places.next().is_none() && !name.is_empty();
    once.then(|| format!("{}{other}{}", &sql[..at], &sql[at + name.len()..]))
}

/// The newest row of each identity by Updated On, ties by a hash of the row, so that the choice is always the same.
/// A row that belongs to nobody stays: it is rejected later, and counted by itself.
fn newest(plan: &Plan, dataset: &DatasetRef) -> String {
    let columns = columns(plan);
    let updated_on = match &plan.updated_on {
        Some(time) => format!("{} DESC NULLS LAST, ", quoted(&time.column)),
        None => String::new(),
    };
    format!(
        "SELECT
{listed},
  IF(tapline_nobody, 1, COUNT(*) OVER (PARTITION BY tapline_identity)) AS {GROUP_SIZE}
FROM (
  SELECT
    *,
    tapline_identity IS NULL
      OR CHAR_LENGTH(tapline_identity) > {IDENTITY_CHARS}
      OR LOWER(TRIM(tapline_identity)) IN ({nobody}) AS tapline_nobody
  FROM (
    SELECT
{inner},
      {identity} AS tapline_identity
    FROM {from}
  )
)
WHERE TRUE
QUALIFY tapline_nobody OR ROW_NUMBER() OVER (
  PARTITION BY tapline_identity
  ORDER BY {updated_on}FARM_FINGERPRINT(TO_JSON_STRING(STRUCT({hashed})))
) = 1",
        listed = listed(&columns, "  "),
        inner = listed(&columns, "      "),
        hashed = columns
            .iter()
            .map(|column| quoted(column))
            .collect::<Vec<_>>()
            .join(", "),
        nobody = nobody(),
        identity = identity(&plan.identity),
        from = from(&plan.source, dataset),
    )
}

/// The identity as text, with the repairs that the mapping will make.
fn identity(identity: &IdentityColumn) -> String {
    let mut text = format!("CAST({} AS STRING)", quoted(&identity.column));
    if identity.repairs.trim {
        text = format!("TRIM({text})");
    }
    let Some(code) = &identity.repairs.country_code else {
        return text;
    };
    let code = literal(code);
    format!(
        "CASE
        WHEN {text} = '' OR STARTS_WITH({text}, '+') THEN {text}
        WHEN STARTS_WITH({text}, '00') THEN CONCAT('+', SUBSTR({text}, 3))
        WHEN STARTS_WITH({text}, '0') THEN CONCAT({code}, SUBSTR({text}, 2))
        ELSE CONCAT({code}, {text})
      END"
    )
}

fn nobody() -> String {
    let words = NOBODY.iter().map(|word| literal(word));
    std::iter::once("''".to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The columns that the plan reads, each once, in the order in which it names them.
fn columns(plan: &Plan) -> Vec<&str> {
    let mut columns = vec![plan.identity.column.as_str()];
    columns.extend(plan.updated_on.as_ref().map(|time| time.column.as_str()));
    if let Records::Events(events) = &plan.records {
        if let EventName::Column(column) = &events.name {
            columns.push(column);
        }
        columns.extend(events.created_on.as_ref().map(|time| time.column.as_str()));
    }
    columns.extend(plan.properties.iter().map(|property| property.column.as_str()));
    let mut seen = std::collections::BTreeSet::new();
    columns.retain(|column| seen.insert(column.to_lowercase()));
    columns
}

fn listed(columns: &[&str], indent: &str) -> String {
    let columns = columns.iter().map(|column| format!("{indent}{}", quoted(column)));
    columns.collect::<Vec<_>>().join(",\n")
}

fn from(source: &Source, dataset: &DatasetRef) -> String {
    match source {
        Source::Table(table) => quoted(&format!("{}.{}.{}", dataset.project, dataset.dataset, table.trim())),
        Source::Sql(sql) => format!("(\n{}\n)", bare(sql)),
    }
}

/// A name in back-ticks, whatever it holds.
fn quoted(name: &str) -> String {
    format!("`{}`", escaped(name, '`'))
}

/// A text in single quotes, whatever it holds.
fn literal(text: &str) -> String {
    format!("'{}'", escaped(text, '\''))
}

fn escaped(text: &str, quote: char) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c == quote || c == '\\' {
            escaped.push('\\');
            escaped.push(c);
        } else if c.is_control() {
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
