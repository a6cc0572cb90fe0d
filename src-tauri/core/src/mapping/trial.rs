//! Tries the parts of a plan one by one on sample rows, so that a mapping can be seen while it is being made: a fault in one
//! property does not hide the others.

use super::compile::{identity, property};
use super::outcome::{NULL, Rejection, Warning};
use super::property::{Notes, PropertyOp};
use super::record::IdentityOp;
use crate::bigquery::{Row, Schema};
use crate::import::plan::{Plan, WhenNull};

/// The parts of a plan that can be tried.
#[derive(Clone, Debug)]
pub struct Trial {
    identity: Option<IdentityOp>,
    properties: Vec<Option<PropertyOp>>,
}

/// What became of one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// As JSON, the way it would be sent. Absent where nothing would be.
    pub sent: Option<String>,
    pub rejection: Option<Rejection>,
    pub warnings: Vec<Warning>,
}

/// The parts of this plan that fit these columns.
pub fn trial(plan: &Plan, schema: &Schema) -> Trial {
    let properties = plan.properties.iter().enumerate();
    Trial {
        identity: identity(plan, schema).ok(),
        properties: properties
            .map(|(place, one)| property(plan, place, one, schema).ok())
            .collect(),
    }
}

impl Trial {
    /// What the row's identity becomes. `None` where the plan's identity does not fit the columns.
    pub fn identity(&self, row: Row<'_>) -> Option<Tried> {
        let identity = self.identity.as_ref()?;
        let mut out = Vec::new();
        let mut notes = Notes::default();
        if let Err(reason) = identity.write(row, &mut out) {
            notes.reject(&identity.column, reason);
        }
        Some(tried(out, notes))
    }

    /// What becomes of the row's value for the plan's property at this place. `None` where it does not fit the columns.
    pub fn property(&self, place: usize, row: Row<'_>) -> Option<Tried> {
        let property = self.properties.get(place)?.as_ref()?;
        let mut out = Vec::new();
        let mut notes = Notes::default();
        match row
            .cell(property.column.place)
            .map(|cell| property.write_value(cell, &mut out, &mut notes))
        {
            Some(Err(reason)) => notes.reject(&property.column, reason),
            Some(Ok(false)) if property.when_null == WhenNull::Reject => notes.reject(&property.column, NULL),
            _ => {}
        }
        Some(tried(out, notes))
    }
}

fn tried(out: Vec<u8>, notes: Notes) -> Tried {
    let rejection = notes.rejections.into_iter().next();
    let sent = String::from_utf8(out)
        .ok()
        .filter(|text| !text.is_empty() && rejection.is_none());
    Tried {
        sent,
        rejection,
        warnings: notes.warnings,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{plan, schema};
    use super::trial;
    use crate::bigquery::Page;

    #[test]
    fn each_part_is_tried_by_itself() {
        let plan = plan(json!({"properties": [
            {"column": "mail", "name": "Email", "type": "string"},
            {"column": "gone", "name": "Gone", "type": "string"},
            {"column": "born", "name": "DOB", "type": "date"},
            {"column": "born", "name": "Born", "type": "date", "when_null": "reject"},
        ]}));
        let trial = trial(&plan, &schema(&[("id", "INT64"), ("mail", "STRING"), ("born", "DATE")]));
        let rows = vec![
            vec![r#""7""#, r#""a@b.io""#, r#""1980-01-01""#],
            vec![r#""0""#, r#""$""#, "null"],
        ];
        let page = Page::gather(&rows).expect("JSON");
        let shown = |at: usize| {
            let row = page.row(at).expect("a row");
            let parts = std::iter::once(trial.identity(row)).chain((0..5).map(|place| trial.property(place, row)));
            let word = |part: Option<super::Tried>| match part {
                None => "no part".to_owned(),
                Some(tried) => tried
                    .sent
                    .or(tried.rejection.map(|no| no.code.to_owned()))
                    .unwrap_or_default(),
            };
            parts.map(word).collect::<Vec<_>>()
        };
        let date = r#""$D_315532800""#;
        assert_eq!(
            shown(0),
            [r#""7""#, r#""a@b.io""#, "no part", date, date, "no part"],
            "a good row"
        );
        assert_eq!(shown(1), ["523", "515", "no part", "", "null", "no part"], "a bad one");
    }
}
