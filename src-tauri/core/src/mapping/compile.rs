//! Compiles a plan for the columns that a query gives. Everything that can be known before the first row is decided here.

use super::column::{Column, find, is_number, is_text};
use super::dates::{DateReader, Form, zone};
use super::json;
use super::property::{Cast, PropertyOp};
use super::record::{IdentityOp, Kind, Mapping, Naming};
use super::text::{Mend, Texts};
use crate::bigquery::{Field, FieldKind, Mode, Schema, type_text};
use crate::clevertap::rules::system::SystemProperty;
use crate::ground::problem::{Code, Fact, Problem};
use crate::import::fault::at;
use crate::import::plan::{DataType, DateFormat, EventName, Events, Plan, Property, Records, TimeColumn};
use crate::import::validate::validate_mapping;

/// The mapping of a plan onto these columns, or everything that stands against it.
///
/// Each problem names its place in the plan (`properties.2.type`) in [`Fact::Field`].
pub fn compile(plan: &Plan, schema: &Schema) -> Result<Mapping, Vec<Problem>> {
    let mut faults = validate_mapping(plan);
    let identity = keep(&mut faults, identity(plan, schema));
    if let Some(updated_on) = &plan.updated_on {
        keep(&mut faults, self::updated_on(updated_on, schema));
    }
    let kind = match &plan.records {
        Records::Profiles => Some(Kind::Profile),
        Records::Events(events) => event(plan, events, schema, &mut faults),
    };
    let mut properties = Vec::with_capacity(plan.properties.len());
    for (place, property) in plan.properties.iter().enumerate() {
        properties.extend(keep(&mut faults, self::property(plan, place, property, schema)));
    }
    match (identity, kind) {
        (Some(identity), Some(kind)) if faults.is_empty() => Ok(Mapping {
            identity,
            kind,
            properties,
            strict: plan.strict,
        }),
        _ => Err(one_per_place(faults)),
    }
}

fn keep<T>(faults: &mut Vec<Problem>, result: Result<T, Problem>) -> Option<T> {
    result.map_err(|fault| faults.push(fault)).ok()
}

/// An empty column name is also an unknown column. Saying it once is enough.
fn one_per_place(faults: Vec<Problem>) -> Vec<Problem> {
    let mut kept: Vec<Problem> = Vec::with_capacity(faults.len());
    for fault in faults {
        let place = fault.facts().get(Fact::Field);
        if !kept.iter().any(|earlier| earlier.facts().get(Fact::Field) == place) {
            kept.push(fault);
        }
    }
    kept
}

pub(super) fn identity(plan: &Plan, schema: &Schema) -> Result<IdentityOp, Problem> {
    let place = "identity.column";
    let (column, field) = find(schema, place, &plan.identity.column)?;
    if !is_text(field) && !is_number(field) {
        return Err(unfit(place, field, "STRING, INT64, NUMERIC, BIGNUMERIC, FLOAT64"));
    }
    Ok(IdentityOp {
        column,
        kind: plan.identity.kind,
        texts: Texts::of(field),
        mend: Mend::new(&plan.identity.repairs),
    })
}

/// Updated On is read by the statement alone. Its column must be there, and one that can be compared as time.
fn updated_on(time: &TimeColumn, schema: &Schema) -> Result<(), Problem> {
    let (_, field) = find(schema, "updated_on.column", &time.column)?;
    if is_text(field) {
        return Err(unfit(
            "updated_on.column",
            field,
            "DATE, DATETIME, TIMESTAMP, INT64, NUMERIC",
        ));
    }
    form("updated_on", field, time.format).map(|_| ())
}

fn event(plan: &Plan, events: &Events, schema: &Schema, faults: &mut Vec<Problem>) -> Option<Kind> {
    let name = match &events.name {
        EventName::Specific(name) => {
            let mut written = Vec::new();
            json::string(&mut written, name);
            Ok(Naming::Specific(written))
        }
        EventName::Column(column) => {
            let place = "records.events.name.column";
            find(schema, place, column).and_then(|(column, field)| {
                if is_text(field) {
                    Ok(Naming::Column(column))
                } else {
                    Err(unfit(place, field, "STRING"))
                }
            })
        }
    };
    for (number, column) in events.key.iter().enumerate() {
        let place = format!("records.events.key.{number}");
        keep(faults, find(schema, &place, column).map(drop));
    }
    let created_on = events
        .created_on
        .as_ref()
        .map(|time| created_on(time, schema))
        .transpose();
    let (name, created_on) = (keep(faults, name), keep(faults, created_on));
    Some(Kind::Event {
        name: name?,
        items: plan.properties.iter().any(|property| property.name == "Items"),
        created_on: created_on?,
    })
}

fn created_on(time: &TimeColumn, schema: &Schema) -> Result<(Column, DateReader), Problem> {
    let place = "records.events.created_on";
    let (column, field) = find(schema, &format!("{place}.column"), &time.column)?;
    let form = form(place, field, time.format)?;
    Ok((column, DateReader::new(form, time.zone.as_deref().and_then(zone))))
}

/// How a column of time writes its values.
fn form(place: &str, field: &Field, format: Option<DateFormat>) -> Result<Form, Problem> {
    match read_form(field, format) {
        FormFound::Form(form) => Ok(form),
        FormFound::Missing => Err(about(&format!("{place}.format"), Code::DateFormatMissing, field)),
        FormFound::Unfit => Err(about(&format!("{place}.format"), Code::DateFormatUnfit, field)),
        FormFound::NoDate => {
            let expected = "DATE, DATETIME, TIMESTAMP, or a text or number with a date format";
            Err(unfit(&format!("{place}.column"), field, expected))
        }
    }
}

enum FormFound {
    Form(Form),
    Missing,
    Unfit,
    NoDate,
}

fn read_form(field: &Field, format: Option<DateFormat>) -> FormFound {
    let epoch = matches!(format, Some(DateFormat::EpochSeconds | DateFormat::EpochMilliseconds));
    match (&field.kind, format) {
        _ if field.mode == Mode::Repeated => FormFound::NoDate,
        (FieldKind::Date, _) => FormFound::Form(Form::Date),
        (FieldKind::Datetime, _) => FormFound::Form(Form::Datetime),
        (FieldKind::Timestamp, _) => FormFound::Form(Form::Timestamp),
        _ if !is_text(field) && !is_number(field) => FormFound::NoDate,
        (_, None) => FormFound::Missing,
        (_, Some(format)) if epoch || is_text(field) => FormFound::Form(Form::Written(format)),
        _ => FormFound::Unfit,
    }
}

pub(super) fn property(plan: &Plan, place: usize, property: &Property, schema: &Schema) -> Result<PropertyOp, Problem> {
    let place = format!("properties.{place}");
    let (column, field) = find(schema, &format!("{place}.column"), &property.column)?;
    let mut key = Vec::new();
    json::string(&mut key, &property.name);
    key.push(b':');
    Ok(PropertyOp {
        column,
        key,
        cast: cast(&place, field, property)?,
        system: match plan.records {
            Records::Profiles => SystemProperty::named(&property.name),
            Records::Events(_) => None,
        },
        when_null: property.when_null,
        mend: Mend::new(&property.repairs),
    })
}

fn cast(place: &str, field: &Field, property: &Property) -> Result<Cast, Problem> {
    let no_fit = || {
        Err(about(&format!("{place}.type"), Code::TypeUnfit, field).with(Fact::Expected, property.data_type.label()))
    };
    let plain = is_text(field) || is_number(field);
    match property.data_type {
        DataType::String => Ok(Cast::Text(Texts::of(field))),
        DataType::Integer | DataType::Long if plain => Ok(Cast::Whole),
        DataType::Float if plain => Ok(Cast::Number {
            integers: field.kind == FieldKind::Integer,
        }),
        DataType::Boolean if field.mode != Mode::Repeated => match field.kind {
            FieldKind::Boolean | FieldKind::String | FieldKind::Integer => Ok(Cast::Flag),
            _ => no_fit(),
        },
        DataType::Date => {
            let zone = property.repairs.zone.as_deref().and_then(zone);
            match read_form(field, property.format) {
                FormFound::Form(form) => Ok(Cast::Date(DateReader::new(form, zone))),
                FormFound::NoDate => no_fit(),
                FormFound::Missing | FormFound::Unfit => {
                    form(place, field, property.format).map(|form| Cast::Date(DateReader::new(form, zone)))
                }
            }
        }
        DataType::MultiValue if field.mode == Mode::Repeated => match &field.kind {
            FieldKind::Record | FieldKind::Unknown(_) => no_fit(),
            _ => {
                let element = Field {
                    mode: Mode::Nullable,
                    ..field.clone()
                };
                Ok(Cast::List(Texts::of(&element)))
            }
        },
        _ => no_fit(),
    }
}

fn about(place: &str, code: Code, field: &Field) -> Problem {
    at(place, code)
        .with(Fact::Column, &field.name)
        .with(Fact::Found, type_text::write(field))
}

fn unfit(place: &str, field: &Field, expected: &str) -> Problem {
    about(place, Code::ColumnTypeUnfit, field).with(Fact::Expected, expected)
}
