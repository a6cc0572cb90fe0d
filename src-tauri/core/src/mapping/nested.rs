//! Structs and arrays as JSON text, with the names of their members and values as `TO_JSON_STRING` would write them.

use std::borrow::Cow;

use super::number::Decimal;
use super::{json, text};
use crate::bigquery::{Cell, Field, FieldKind, Mode};

/// The cell as JSON text. `None` where it is not what the column's type says.
pub(super) fn text(column: &Field, cell: Cell<'_>) -> Option<String> {
    let mut out = Vec::with_capacity(cell.raw().len());
    write(column, cell, &mut out)?;
    String::from_utf8(out).ok()
}

fn write(column: &Field, cell: Cell<'_>, out: &mut Vec<u8>) -> Option<()> {
    if column.mode != Mode::Repeated || cell.is_null() {
        return write_one(column, cell, out);
    }
    out.push(b'[');
    for (place, element) in cell.elements()?.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write_one(column, element, out)?;
    }
    out.push(b']');
    Some(())
}

fn write_one(column: &Field, cell: Cell<'_>, out: &mut Vec<u8>) -> Option<()> {
    if cell.is_null() {
        out.extend_from_slice(b"null");
        return Some(());
    }
    match &column.kind {
        FieldKind::Record => return write_record(column, cell, out),
        FieldKind::Unknown(_) if cell.text().is_none() => {
            out.extend_from_slice(cell.raw().as_bytes());
            return Some(());
        }
        _ => {}
    }
    let text = cell.text()?;
    match column.kind {
        FieldKind::Boolean if matches!(&*text, "true" | "false") => out.extend_from_slice(text.as_bytes()),
        FieldKind::Integer | FieldKind::Float | FieldKind::Numeric | FieldKind::BigNumeric => write_number(&text, out),
        FieldKind::Timestamp => json::string(out, &text::instant(text)?),
        FieldKind::Json => write_json(&text, out),
        _ => json::string(out, &text),
    }
    Some(())
}

fn write_record(column: &Field, cell: Cell<'_>, out: &mut Vec<u8>) -> Option<()> {
    out.push(b'{');
    for (place, member) in cell.members()?.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        // A preview may name the type STRUCT without its members; they get the names that BigQuery gives to nameless ones.
        let nameless = || {
            Cow::Owned(Field::of(
                format!("_field_{}", place + 1),
                FieldKind::Unknown(String::new()),
            ))
        };
        let field = column.fields.get(place).map_or_else(nameless, Cow::Borrowed);
        json::string(out, &field.name);
        out.push(b':');
        write(&field, member, out)?;
    }
    out.push(b'}');
    Some(())
}

/// As a number, unless it is none to JSON or would lose digits.
fn write_number(text: &str, out: &mut Vec<u8>) {
    match Decimal::read(text) {
        Ok(number) if !number.loses_digits() => number.write(out),
        _ => json::string(out, text),
    }
}

fn write_json(text: &str, out: &mut Vec<u8>) {
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        out.extend_from_slice(text.as_bytes());
    } else {
        json::string(out, text);
    }
}
