//! Proposes a mapping from the names and types of columns. Proposals are marked as such, each with its reason, and nothing
//! is mapped until the person takes it.

mod names;

use std::collections::BTreeSet;

use self::names::{Words, readable};
use super::plan::{DataType, EventName, IdentityColumn, IdentityKind, Property, Repairs, TimeColumn, WhenNull};
use crate::bigquery::{Field, FieldKind, Mode, Schema};
use crate::clevertap::rules::names::check_property;

/// A proposal and why it was made, in one clause for a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggested<T> {
    pub value: T,
    pub reason: String,
}

/// What the columns look like. Nothing stands where nothing fitting was seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Suggestions {
    pub identity: Option<Suggested<IdentityColumn>>,
    pub updated_on: Option<Suggested<TimeColumn>>,
    /// For events alone.
    pub created_on: Option<Suggested<TimeColumn>>,
    /// For events alone: a column that seems to name them.
    pub event_name: Option<Suggested<EventName>>,
    pub properties: Vec<Suggested<Property>>,
}

/// A mapping of these columns onto profiles.
pub fn profiles(schema: &Schema) -> Suggestions {
    let columns = read(schema);
    let identity = identity(&columns);
    let updated_on = time(&columns, names::UPDATED, "when the row changed");
    let taken = [
        identity.as_ref().map(|found| &found.value.column),
        updated_on.as_ref().map(|found| &found.value.column),
    ];
    let mut names = BTreeSet::new();
    let mut properties = Vec::new();
    for column in &columns {
        let own = system(column).filter(|own| !names.contains(&own.value.name));
        let is_taken = taken.iter().flatten().any(|name| **name == column.field.name);
        let found = own.or_else(|| if is_taken { None } else { custom(column, true, &names) });
        names.extend(found.iter().map(|found| found.value.name.clone()));
        properties.extend(found);
    }
    Suggestions {
        identity,
        updated_on,
        properties,
        ..Suggestions::default()
    }
}

/// A mapping of these columns onto events.
pub fn events(schema: &Schema) -> Suggestions {
    let columns = read(schema);
    let identity = identity(&columns);
    let created_on = time(&columns, names::HAPPENED, "when it happened").or_else(|| only_time(&columns));
    let event_name = columns
        .iter()
        .find(|column| is_text(column.field) && names::EVENT.contains(&column.words.joined().as_str()))
        .map(|column| {
            because(
                EventName::Column(column.field.name.clone()),
                "The column's name says that it names events",
            )
        });
    let taken: Vec<&str> = [
        identity.as_ref().map(|found| found.value.column.as_str()),
        created_on.as_ref().map(|found| found.value.column.as_str()),
        event_name.as_ref().and_then(|found| match &found.value {
            EventName::Column(column) => Some(column.as_str()),
            EventName::Specific(_) => None,
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut names = BTreeSet::new();
    let mut properties = Vec::new();
    for column in columns
        .iter()
        .filter(|column| !taken.contains(&column.field.name.as_str()))
    {
        let found = custom(column, false, &names);
        names.extend(found.iter().map(|found| found.value.name.clone()));
        properties.extend(found);
    }
    Suggestions {
        created_on,
        event_name,
        properties,
        identity,
        updated_on: None,
    }
}

struct Column<'s> {
    field: &'s Field,
    words: Words,
}

fn read(schema: &Schema) -> Vec<Column<'_>> {
    let column = |field| Column {
        field,
        words: Words::of(&field.name),
    };
    schema.fields.iter().map(column).collect()
}

fn because<T>(value: T, reason: impl Into<String>) -> Suggested<T> {
    Suggested {
        value,
        reason: reason.into(),
    }
}

fn is_text(field: &Field) -> bool {
    field.kind == FieldKind::String && field.mode != Mode::Repeated
}

fn is_number(field: &Field) -> bool {
    let number = matches!(
        field.kind,
        FieldKind::Integer | FieldKind::Numeric | FieldKind::BigNumeric
    );
    number && field.mode != Mode::Repeated
}

fn is_time(field: &Field) -> bool {
    let time = matches!(field.kind, FieldKind::Date | FieldKind::Datetime | FieldKind::Timestamp);
    time && field.mode != Mode::Repeated
}

/// The column that most likely says whose row it is.
fn identity(columns: &[Column<'_>]) -> Option<Suggested<IdentityColumn>> {
    let fits = |column: &&Column<'_>| is_text(column.field) || is_number(column.field);
    let (_, column) = columns
        .iter()
        .filter(fits)
        .filter_map(|column| Some((names::identity_rank(&column.words)?, column)))
        .min_by_key(|(rank, _)| *rank)?;
    let value = IdentityColumn {
        column: column.field.name.clone(),
        kind: IdentityKind::Identity,
        repairs: Repairs::default(),
    };
    Some(because(value, "The column's name says whose row it is"))
}

fn time(columns: &[Column<'_>], known: &[&str], what: &str) -> Option<Suggested<TimeColumn>> {
    let (_, column) = columns
        .iter()
        .filter(|column| is_time(column.field))
        .filter_map(|column| Some((known.iter().position(|name| *name == column.words.joined())?, column)))
        .min_by_key(|(rank, _)| *rank)?;
    Some(because(time_column(column), format!("The column's name says {what}")))
}

fn only_time(columns: &[Column<'_>]) -> Option<Suggested<TimeColumn>> {
    let mut times = columns
        .iter()
        .filter(|column| is_time(column.field) && !names::UPDATED.contains(&column.words.joined().as_str()));
    let column = times.next()?;
    times
        .next()
        .is_none()
        .then(|| because(time_column(column), "It is the only column with a date"))
}

fn time_column(column: &Column<'_>) -> TimeColumn {
    TimeColumn {
        column: column.field.name.clone(),
        format: None,
        zone: None,
    }
}

/// CleverTap's own property that the column's name stands for.
fn system(column: &Column<'_>) -> Option<Suggested<Property>> {
    let field = column.field;
    let (name, data_type) = match names::system_property(&column.words)? {
        "DOB" if is_time(field) || is_text(field) => ("DOB", DataType::Date),
        "Age" if is_number(field) => ("Age", DataType::Integer),
        "DOB" | "Age" => return None,
        // A phone number without its plus is no text of CleverTap's, so a number column fits with a country code.
        "Phone" if is_number(field) => ("Phone", DataType::String),
        name if is_text(field) => (name, DataType::String),
        _ => return None,
    };
    let reason = format!("The column's name says that it is CleverTap's own {name}");
    Some(because(property(column, name.to_owned(), data_type), reason))
}

/// A property of the person's own, under a readable name that is still free.
fn custom(column: &Column<'_>, profile: bool, taken: &BTreeSet<String>) -> Option<Suggested<Property>> {
    let field = column.field;
    let data_type = match field.kind {
        FieldKind::Record | FieldKind::Json if field.mode != Mode::Repeated => DataType::String,
        FieldKind::Record | FieldKind::Unknown(_) => return None,
        _ if field.mode == Mode::Repeated && profile => DataType::MultiValue,
        _ if field.mode == Mode::Repeated => DataType::String,
        FieldKind::String => DataType::String,
        FieldKind::Integer => DataType::Integer,
        FieldKind::Float | FieldKind::Numeric | FieldKind::BigNumeric => DataType::Float,
        FieldKind::Boolean => DataType::Boolean,
        FieldKind::Date | FieldKind::Datetime | FieldKind::Timestamp => DataType::Date,
        _ => return None,
    };
    let name = readable(&column.words);
    let name = (1..100)
        .map(|n| if n == 1 { name.clone() } else { format!("{name} {n}") })
        .find(|name| !(taken.contains(name) || profile && is_own(name)))?;
    check_property(&name).ok()?;
    let reason = format!(
        "A {} becomes {}",
        crate::bigquery::type_text::write(field),
        data_type.label()
    );
    Some(because(property(column, name, data_type), reason))
}

/// Whether a profile keeps the name for CleverTap.
fn is_own(name: &str) -> bool {
    names::system_property(&Words::of(name)) == Some(name)
}

fn property(column: &Column<'_>, name: String, data_type: DataType) -> Property {
    Property {
        column: column.field.name.clone(),
        name,
        data_type,
        format: None,
        when_null: WhenNull::Leave,
        repairs: Repairs::default(),
    }
}

#[cfg(test)]
#[path = "suggest_tests.rs"]
mod tests;
