//! Tables of plans, rows and what becomes of them.

mod faults;
mod preview;
mod properties;
mod records;
mod values;

use serde_json::{Value, json};

use super::{Mapping, Outcome, compile};
use crate::bigquery::{Page, Schema, type_text};
use crate::import::plan::Plan;

/// The second in which the run of every test started.
const RUN_START: i64 = 1_700_000_000;

/// Columns by name and type.
pub(super) fn schema(columns: &[(&str, &str)]) -> Schema {
    let field = |(name, kind): &(&str, &str)| type_text::read(name, kind).unwrap_or_else(|| panic!("{kind} is a type"));
    Schema {
        fields: columns.iter().map(field).collect(),
    }
}

/// A plan for profiles with these parts laid over it.
pub(super) fn plan(parts: Value) -> Plan {
    let mut plan = json!({
        "version": 1, "nickname": "n", "database": "d", "account": "a",
        "source": {"table": "t"}, "records": "profiles", "identity": {"column": "id"},
    });
    let Value::Object(parts) = parts else {
        panic!("parts are an object")
    };
    for (name, part) in parts {
        plan[name] = part;
    }
    serde_json::from_value(plan).expect("the shape of a plan")
}

#[track_caller]
fn mapping(plan: &Plan, schema: &Schema) -> Mapping {
    compile(plan, schema).unwrap_or_else(|faults| panic!("the plan compiles: {faults:?}"))
}

/// Maps one row of JSON pieces: the record or nothing, then `column:code` of everything noted.
#[track_caller]
fn map(mapping: &Mapping, row: &[&str]) -> (String, Vec<String>) {
    let page = Page::gather(&[row.to_vec()]).expect("JSON pieces");
    let mut out = b"before".to_vec();
    let outcome = mapping.map(page.row(0).expect("one row"), RUN_START, &mut out);
    let record = String::from_utf8(out[6..].to_vec()).expect("UTF-8");
    let notes = match outcome {
        Outcome::Record { warnings } => {
            serde_json::from_str::<Value>(&record).expect("a record is JSON");
            warnings
                .iter()
                .map(|note| format!("{}:{}", note.column, note.code))
                .collect()
        }
        Outcome::Rejected { rejections } => {
            assert_eq!(record, "", "a rejected row leaves nothing behind");
            rejections
                .iter()
                .map(|note| format!("{}:{}", note.column, note.code))
                .collect()
        }
    };
    (record, notes)
}
