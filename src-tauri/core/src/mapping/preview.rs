//! Maps lines of rows without a network, for `tapline imports preview`.

use std::collections::HashMap;

use super::lines::{Line, MalformedLine};
use super::outcome::{Outcome, Rejection, Warning};
use super::record::Mapping;
use super::{compile, json};
use crate::bigquery::{Field, FieldKind, Mode, Page, Schema, type_text};
use crate::ground::problem::{Code, Fact, Problem};
use crate::import::plan::{DataType, EventName, Plan, Records};
use crate::import::validate::validate_mapping;

/// One row of a preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewedRow {
    /// From 1. Empty lines are no rows.
    pub row: u64,
    pub result: PreviewResult,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreviewResult {
    /// The record's exact bytes.
    Record {
        bytes: Vec<u8>,
        warnings: Vec<Warning>,
    },
    Rejected {
        rejections: Vec<Rejection>,
    },
}

impl PreviewedRow {
    /// `{"row": n, "record": …}` or `{"row": n, "rejected": [{"column", "code", "reason"}, …]}`, without a line break.
    pub fn json(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(br#"{"row":"#);
        out.extend_from_slice(self.row.to_string().as_bytes());
        match &self.result {
            PreviewResult::Record { bytes, .. } => {
                out.extend_from_slice(br#","record":"#);
                out.extend_from_slice(bytes);
            }
            PreviewResult::Rejected { rejections } => {
                out.extend_from_slice(br#","rejected":["#);
                for (place, rejection) in rejections.iter().enumerate() {
                    out.extend_from_slice(if place == 0 {
                        br#"{"column":"#
                    } else {
                        br#",{"column":"#
                    });
                    json::string(&mut out, &rejection.column);
                    out.extend_from_slice(br#","code":"#);
                    json::string(&mut out, rejection.code);
                    out.extend_from_slice(br#","reason":"#);
                    json::string(&mut out, rejection.reason);
                    out.push(b'}');
                }
                out.push(b']');
            }
        }
        out.push(b'}');
        out
    }
}

/// The rows of a preview, mapped as they are asked for.
pub struct Preview<'a> {
    plan: &'a Plan,
    run_start_second: i64,
    lines: std::vec::IntoIter<Result<Line<'a>, MalformedLine>>,
    /// What a column is where a line lacks it.
    usual: Schema,
    unseen: Vec<String>,
    /// Lines with the same types share a mapping.
    mappings: HashMap<Vec<String>, Result<Mapping, Vec<Rejection>>>,
    row: u64,
}

/// Maps these lines, one row each: `{column: {"type": …, "value": …}}`.
///
/// A column that a line lacks is NULL. A line that is no row is a rejected row. Faults of the plan are told before any row; a
/// column whose type differs from line to line is no fault of the plan, and rejects the rows that do not fit.
pub fn preview<'a>(plan: &'a Plan, lines: &'a [u8], run_start_second: i64) -> Result<Preview<'a>, Vec<Problem>> {
    let lines: Vec<_> = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.iter().all(u8::is_ascii_whitespace))
        .map(Line::read)
        .collect();
    let usual = usual(plan, &lines);
    let seen = |name: &str| lines.iter().flatten().any(|line| line.cell(name).is_some());
    let names = usual.fields.iter().map(|field| &field.name);
    let unseen = names.filter(|name| !lines.is_empty() && !seen(name)).cloned().collect();
    let faults = validate_mapping(plan);
    if !faults.is_empty() {
        return Err(faults);
    }
    compile(plan, &usual)?;
    Ok(Preview {
        plan,
        run_start_second,
        lines: lines.into_iter(),
        usual,
        unseen,
        mappings: HashMap::new(),
        row: 0,
    })
}

impl Iterator for Preview<'_> {
    type Item = PreviewedRow;

    fn next(&mut self) -> Option<PreviewedRow> {
        let line = self.lines.next()?;
        self.row += 1;
        let result = match line {
            Ok(line) => self.map(&line),
            Err(malformed) => rejected_line(&malformed),
        };
        Some(PreviewedRow { row: self.row, result })
    }
}

impl Preview<'_> {
    /// Columns of the plan that no line has.
    pub fn unseen(&self) -> &[String] {
        &self.unseen
    }

    fn map(&mut self, line: &Line<'_>) -> PreviewResult {
        let mut schema = Schema::default();
        let mut values = Vec::with_capacity(self.usual.fields.len());
        for usual in &self.usual.fields {
            let cell = line.cell(&usual.name);
            schema.fields.push(match cell {
                Some(cell) => Field {
                    name: usual.name.clone(),
                    ..cell.field.clone()
                },
                None => usual.clone(),
            });
            values.push(cell.map_or("null", |cell| cell.value));
        }
        let types = schema.fields.iter().map(type_text::write).collect();
        let mapping = self
            .mappings
            .entry(types)
            .or_insert_with(|| compile(self.plan, &schema).map_err(|faults| faults.iter().map(unfit).collect()));
        let mapping = match mapping {
            Ok(mapping) => mapping,
            Err(rejections) => {
                return PreviewResult::Rejected {
                    rejections: rejections.clone(),
                };
            }
        };
        let Ok(page) = Page::gather(&[values]) else {
            return rejected_line(&MalformedLine {
                column: String::new(),
                reason: "The line holds values that are no cells",
            });
        };
        let Some(row) = page.row(0) else {
            return rejected_line(&MalformedLine {
                column: String::new(),
                reason: "The line holds no cells",
            });
        };
        let mut bytes = Vec::new();
        match mapping.map(row, self.run_start_second, &mut bytes) {
            Outcome::Record { warnings } => PreviewResult::Record { bytes, warnings },
            Outcome::Rejected { rejections } => PreviewResult::Rejected { rejections },
        }
    }
}

fn rejected_line(malformed: &MalformedLine) -> PreviewResult {
    PreviewResult::Rejected {
        rejections: vec![Rejection {
            column: malformed.column.as_str().into(),
            code: "line_malformed",
            reason: malformed.reason,
        }],
    }
}

/// A fault of a line's types, as a rejection of its row.
fn unfit(fault: &Problem) -> Rejection {
    Rejection {
        column: fault.facts().get(Fact::Column).unwrap_or_default().into(),
        code: fault.code().as_str(),
        reason: match fault.code() {
            Code::DateFormatMissing => "A column of this type needs a date format",
            Code::DateFormatUnfit => "A number holds no date in this format",
            Code::TypeUnfit => "A column of this type cannot become the property's data type",
            _ => "A column of this type cannot be used here",
        },
    }
}

/// The plan's columns, each with the type that all lines give it. Where none does, or they differ, one that fits the plan.
fn usual(plan: &Plan, lines: &[Result<Line<'_>, MalformedLine>]) -> Schema {
    let mut usual = Schema::default();
    for (column, fitting) in columns(plan) {
        if usual.position(column).is_some() {
            continue;
        }
        let mut seen: Option<&Field> = None;
        let mut differs = false;
        for cell in lines.iter().flatten().filter_map(|line| line.cell(column)) {
            differs |= seen.is_some_and(|first| type_text::write(first) != type_text::write(&cell.field));
            seen = seen.or(Some(&cell.field));
        }
        let field = seen.filter(|_| !differs).cloned().unwrap_or(fitting);
        usual.fields.push(Field {
            name: column.to_owned(),
            ..field
        });
    }
    usual
}

/// Every column that the plan names, with a type that suits its first use.
fn columns(plan: &Plan) -> Vec<(&str, Field)> {
    let of = |kind| Field::of("", kind);
    let list = || Field {
        mode: Mode::Repeated,
        ..of(FieldKind::String)
    };
    let mut columns = Vec::new();
    for property in &plan.properties {
        let field = match property.data_type {
            DataType::MultiValue => list(),
            DataType::Date => of(FieldKind::Date),
            _ => of(FieldKind::String),
        };
        columns.push((property.column.as_str(), field));
    }
    columns.extend(
        plan.updated_on
            .iter()
            .map(|time| (time.column.as_str(), of(FieldKind::Date))),
    );
    if let Records::Events(events) = &plan.records {
        columns.extend(
            events
                .created_on
                .iter()
                .map(|time| (time.column.as_str(), of(FieldKind::Date))),
        );
        if let EventName::Column(column) = &events.name {
            columns.push((column, of(FieldKind::String)));
        }
    }
    columns.push((&plan.identity.column, of(FieldKind::String)));
    columns
}
