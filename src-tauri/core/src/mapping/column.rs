//! Finds a plan's columns among those that the query gives.

use std::sync::Arc;

use crate::bigquery::{Field, FieldKind, Mode, Schema};
use crate::ground::problem::{Code, Fact, Problem};
use crate::import::fault::{at, nearest};

/// A column that the mapping reads.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub place: usize,
    /// As the plan writes it.
    pub name: Arc<str>,
}

/// The column called `name`. `field` is where the plan names it.
pub(super) fn find<'s>(schema: &'s Schema, field: &str, name: &str) -> Result<(Column, &'s Field), Problem> {
    let named: Vec<_> = schema
        .fields
        .iter()
        .enumerate()
        .filter(|(_, column)| column.name.eq_ignore_ascii_case(name))
        .collect();
    let [(place, column)] = named[..] else {
        return Err(if named.is_empty() {
            let known = schema.fields.iter().map(|column| column.name.as_str());
            at(field, Code::ColumnUnknown)
                .with(Fact::Column, name)
                .with_some(Fact::Suggestion, nearest(name, known))
        } else {
            at(field, Code::ColumnAmbiguous).with(Fact::Column, name)
        });
    };
    let found = Column {
        place,
        name: name.into(),
    };
    Ok((found, column))
}

/// Whether each value is one number.
pub(super) fn is_number(column: &Field) -> bool {
    let number = matches!(
        column.kind,
        FieldKind::Integer | FieldKind::Float | FieldKind::Numeric | FieldKind::BigNumeric
    );
    number && column.mode != Mode::Repeated
}

/// Whether each value is one text.
pub(super) fn is_text(column: &Field) -> bool {
    column.kind == FieldKind::String && column.mode != Mode::Repeated
}
