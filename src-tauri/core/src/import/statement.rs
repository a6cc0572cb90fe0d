//! The one SQL statement that an import runs. BigQuery joins, collapses and counts; only rows worth sending travel.
//!
//! A person's SELECT stands on lines of its own inside ours, so that a comment at its end swallows nothing of ours. Nothing
//! here decides whether the text is a SELECT at all: BigQuery says so in a dry run, before anything runs.

use super::plan::{EventName, Events, IdentityColumn, Plan, Records, Source};
use super::sql_end::bare;
use crate::bigquery::{DatasetRef, literal, quoted};
use crate::clevertap::rules::identity::NOBODY;
use crate::clevertap::rules::limits::IDENTITY_CHARS;

/// A column that profile statements add: how many rows of the identity there were, this one included.
pub const GROUP_SIZE: &str = "tapline_group_size";

/// Whether a column of a result is ours, and none of the person's.
pub fn is_ours(column: &str) -> bool {
    column.starts_with("tapline_")
}

/// What a run of All rows reads: the plan's columns of every row. Profiles come once for each identity, as their newest row,
/// with [`GROUP_SIZE`]; so do events with an event key. The rows have no order.
pub fn all_rows(plan: &Plan, dataset: &DatasetRef) -> String {
    rows_where(plan, dataset, None, &[])
}

/// [`all_rows`], of those rows of the source alone for which a condition holds, with columns besides the plan's.
pub(super) fn rows_where(plan: &Plan, dataset: &DatasetRef, condition: Option<&str>, also: &[String]) -> String {
    let mut base = Base::of(plan, dataset, condition);
    base.also = also.iter().map(String::as_str).collect();
    match base.group {
        Some(_) => base.newest(&[]),
        None => format!("SELECT\n{}\nFROM {}", listed(&base.read(), "  "), base.from),
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

/// The plan's columns as they are in the source. For a dry run: what types they have decides how they are compared.
pub fn columns_alone(plan: &Plan, dataset: &DatasetRef) -> String {
    let base = Base::of(plan, dataset, None);
    format!("SELECT\n{}\nFROM {}", listed(&base.columns, "  "), base.from)
}

/// A column as it is in the source. For a dry run: whether it has it.
pub fn one_column(source: &Source, dataset: &DatasetRef, column: &str) -> String {
    format!("SELECT {}\nFROM {}", quoted(column), from(source, dataset))
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

/// What statements over a plan's rows are made of.
pub(super) struct Base<'p> {
    plan: &'p Plan,
    /// The columns that the plan reads, each once, in the order in which it names them.
    pub columns: Vec<&'p str>,
    /// Columns that are read besides. They decide nothing.
    also: Vec<&'p str>,
    pub from: String,
    /// What rows collapse by, where they do.
    group: Option<Group>,
}

struct Group {
    by: String,
    /// Holds for rows that stay each by itself. Speaks of `tapline_group`.
    alone: String,
}

impl<'p> Base<'p> {
    pub fn of(plan: &'p Plan, dataset: &DatasetRef, condition: Option<&str>) -> Self {
        let columns = columns(plan);
        let from = from(&plan.source, dataset);
        let group = match &plan.records {
            // A row that belongs to nobody stays: it is rejected later, and counted by itself.
            Records::Profiles => Some(Group {
                by: identity(&plan.identity),
                alone: format!(
                    "tapline_group IS NULL
      OR CHAR_LENGTH(tapline_group) > {IDENTITY_CHARS}
      OR LOWER(TRIM(tapline_group)) IN ({})",
                    nobody()
                ),
            }),
            Records::Events(events) if events.key.is_empty() => None,
            Records::Events(events) => Some(Group {
                by: event_key(events, &columns),
                alone: "FALSE".to_owned(),
            }),
        };
        Self {
            plan,
            from: match condition {
                Some(condition) => format!("{from}\n    WHERE {condition}"),
                None => from,
            },
            columns,
            also: Vec::new(),
            group,
        }
    }

    fn read(&self) -> Vec<&'p str> {
        self.columns.iter().chain(&self.also).copied().collect()
    }

    /// The newest row of each group by Updated On, ties by a hash of the row, so that the choice is always the same, with
    /// its [`GROUP_SIZE`] and more columns of ours, each after a comma. Those may speak of `tapline_group` and `tapline_alone`.
    pub fn newest(&self, more: &[String]) -> String {
        let Some(Group { by, alone }) = &self.group else {
            return String::new();
        };
        let updated_on = match &self.plan.updated_on {
            Some(time) => format!("{} DESC NULLS LAST, ", quoted(&time.column)),
            None => String::new(),
        };
        format!(
            "SELECT
{listed},
  IF(tapline_alone, 1, COUNT(*) OVER (PARTITION BY tapline_group)) AS {GROUP_SIZE}{more}
FROM (
  SELECT
    *,
    {alone} AS tapline_alone
  FROM (
    SELECT
{inner},
      {by} AS tapline_group
    FROM {from}
  )
)
WHERE TRUE
QUALIFY tapline_alone OR ROW_NUMBER() OVER (
  PARTITION BY tapline_group
  ORDER BY {updated_on}FARM_FINGERPRINT({row})
) = 1",
            listed = listed(&self.read(), "  "),
            more = more.join(""),
            inner = listed(&self.read(), "      "),
            row = row_text(&self.columns),
            from = self.from,
        )
    }

    /// The columns that decide what is sent.
    pub fn sent(&self) -> Vec<&'p str> {
        sent(self.plan)
    }
}

/// Rows as text, alike where the rows are.
pub(super) fn row_text(columns: &[&str]) -> String {
    let columns: Vec<_> = columns.iter().map(|column| quoted(column)).collect();
    format!("TO_JSON_STRING(STRUCT({}))", columns.join(", "))
}

/// What tells one event from another. A row without a value in its key is told apart by all its values.
fn event_key(events: &Events, columns: &[&str]) -> String {
    let key: Vec<&str> = events.key.iter().map(String::as_str).collect();
    let missing: Vec<_> = key.iter().map(|column| format!("{} IS NULL", quoted(column))).collect();
    format!(
        "IF({}, CONCAT('row ', {}), CONCAT('key ', {}))",
        missing.join(" OR "),
        row_text(columns),
        row_text(&key)
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

/// The columns that tell one row of the plan's from another: those of its event key, where it has one.
pub fn known_by(plan: &Plan) -> Vec<&str> {
    match &plan.records {
        Records::Events(events) if !events.key.is_empty() => events.key.iter().map(String::as_str).collect(),
        _ => columns(plan),
    }
}

/// The columns that the plan reads, each once, in the order in which it names them.
pub fn columns(plan: &Plan) -> Vec<&str> {
    let mut columns = vec![plan.identity.column.as_str()];
    columns.extend(plan.updated_on.as_ref().map(|time| time.column.as_str()));
    if let Records::Events(events) = &plan.records {
        if let EventName::Column(column) = &events.name {
            columns.push(column);
        }
        columns.extend(events.created_on.as_ref().map(|time| time.column.as_str()));
        columns.extend(events.key.iter().map(String::as_str));
    }
    columns.extend(plan.properties.iter().map(|property| property.column.as_str()));
    let mut seen = std::collections::BTreeSet::new();
    columns.retain(|column| seen.insert(column.to_lowercase()));
    columns
}

/// Those of [`columns`] that decide what is sent: all but an Updated On that fills no property.
pub fn sent(plan: &Plan) -> Vec<&str> {
    let mut without = plan.clone();
    without.updated_on = None;
    let sent: Vec<String> = columns(&without).iter().map(|column| column.to_lowercase()).collect();
    let is_sent = |column: &&str| sent.contains(&column.to_lowercase());
    columns(plan).into_iter().filter(is_sent).collect()
}

pub(super) fn listed(columns: &[&str], indent: &str) -> String {
    let columns = columns.iter().map(|column| format!("{indent}{}", quoted(column)));
    columns.collect::<Vec<_>>().join(",\n")
}

pub(super) fn from(source: &Source, dataset: &DatasetRef) -> String {
    match source {
        Source::Table(table) => quoted(&format!("{}.{}.{}", dataset.project, dataset.dataset, table.trim())),
        Source::Sql(sql) => format!("(\n{}\n)", bare(sql)),
    }
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
