//! Questions that need no store, no network and no keychain: what a key file is, what a plan makes of rows.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tapline_core::bigquery::{Field, Page, Schema, type_text};
use tapline_core::google::key;
use tapline_core::ground::problem::{Code, Fact, Problem as CoreProblem};
use tapline_core::import::plan::Plan;
use tapline_core::import::validate::validate_mapping;
use tapline_core::mapping::{self, Mapping, Outcome};

use crate::wire::import::Rejection;
use crate::wire::key::KeySeen;
use crate::wire::problem::Problem;

/// What a file is, if it will do as a key; else what is wrong with it.
pub fn key(bytes: &[u8]) -> Result<KeySeen, Problem> {
    Ok(KeySeen::from(&key::read(bytes)?))
}

/// Reads a plan's text.
pub fn plan(text: &str) -> Result<Plan, Problem> {
    serde_json::from_str(text).map_err(|error| {
        let place = format!("{}:{}", error.line(), error.column());
        Problem::from(CoreProblem::new(Code::PlanNotJson).with(Fact::Position, place))
    })
}

/// The plan's JSON Schema.
pub fn plan_schema() -> Value {
    Value::Null
}

/// Now, in seconds since 1970.
pub fn this_second() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// A plan ready to map rows that come from no query.
pub struct Preview {
    plan: Plan,
    started_second: i64,
    /// Rows of one shape share one mapping. A shape is its columns' names and types.
    compiled: HashMap<Vec<(String, String)>, Result<Mapping, Vec<CoreProblem>>>,
}

/// What became of one row.
pub enum Previewed {
    /// The exact bytes of its record.
    Record(String),
    Rejected(Vec<Rejection>),
}

/// A cell: its type in SQL's words, and its value as BigQuery's REST API sends it.
#[derive(Deserialize)]
struct Given {
    #[serde(rename = "type")]
    column_type: String,
    #[serde(default)]
    value: Option<Box<RawValue>>,
}

impl Preview {
    /// Or everything that stands against the plan, whatever its columns. `started_second` stands for the second in which a
    /// run would start.
    pub fn new(plan: Plan, started_second: i64) -> Result<Self, Vec<Problem>> {
        let problems = validate_mapping(&plan);
        if problems.is_empty() {
            Ok(Self {
                plan,
                started_second,
                compiled: HashMap::new(),
            })
        } else {
            Err(problems.iter().map(Problem::from).collect())
        }
    }

    /// Maps one row: `{column: {"type": …, "value": …}}`.
    pub fn map(&mut self, line: &str) -> Previewed {
        let Ok(row) = serde_json::from_str::<BTreeMap<String, Given>>(line) else {
            return unreadable(
                "",
                "row_unreadable",
                "This line is not a row: {column: {\"type\": …, \"value\": …}}",
            );
        };
        let mut fields = Vec::with_capacity(row.len());
        let mut cells = Vec::with_capacity(row.len());
        let mut shape = Vec::with_capacity(row.len());
        for (name, given) in row {
            let Some(field) = type_text::read(&name, &given.column_type) else {
                return unreadable(&name, "type_unknown", "This is not a type of BigQuery's");
            };
            fields.push(field);
            cells.push(
                given
                    .value
                    .map_or_else(|| "null".to_owned(), |value| value.get().to_owned()),
            );
            shape.push((name, given.column_type));
        }
        let plan = &self.plan;
        let mapping = self
            .compiled
            .entry(shape)
            .or_insert_with(|| mapping::compile(plan, &Schema { fields: fields.clone() }));
        match mapping {
            Ok(mapping) => map_one(mapping, &fields, cells, self.started_second),
            Err(problems) => Previewed::Rejected(problems.iter().map(|problem| not_mapped(plan, problem)).collect()),
        }
    }
}

fn map_one(mapping: &Mapping, fields: &[Field], cells: Vec<String>, started_second: i64) -> Previewed {
    let unread = || unreadable("", "row_unreadable", "The row's values are not what BigQuery sends");
    let Ok(page) = Page::gather(&[cells]) else {
        return unread();
    };
    let Some(row) = page.row(0).filter(|row| row.len() == fields.len()) else {
        return unread();
    };
    let mut record = Vec::new();
    match mapping.map(row, started_second, &mut record) {
        Outcome::Record { .. } => String::from_utf8(record).map_or_else(|_| unread(), Previewed::Record),
        Outcome::Rejected { rejections } => Previewed::Rejected(rejections.iter().map(Rejection::from).collect()),
    }
}

/// What stands against mapping rows of this shape, told as a rejection of the row.
fn not_mapped(plan: &Plan, problem: &CoreProblem) -> Rejection {
    let facts = problem.facts();
    let column = facts
        .get(Fact::Column)
        .map(str::to_owned)
        .or_else(|| facts.get(Fact::Field).and_then(|place| column_at(plan, place)))
        .unwrap_or_default();
    Rejection {
        column,
        code: problem.code().as_str().to_owned(),
        reason: problem.title(),
    }
}

/// The column that the plan names at a place such as `properties.2.column`.
fn column_at(plan: &Plan, place: &str) -> Option<String> {
    let plan = serde_json::to_value(plan).ok()?;
    let (parent, _) = place.rsplit_once('.')?;
    let column = plan.pointer(&format!("/{}/column", parent.replace('.', "/")))?;
    column.as_str().map(str::to_owned)
}

fn unreadable(column: &str, code: &str, reason: &str) -> Previewed {
    Previewed::Rejected(vec![Rejection {
        column: column.to_owned(),
        code: code.to_owned(),
        reason: reason.to_owned(),
    }])
}
