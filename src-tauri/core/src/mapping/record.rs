//! A compiled plan, and the record that it makes of a row.

use std::borrow::Cow;

use super::column::Column;
use super::dates::{DateFault, DateReader};
use super::json;
use super::outcome::{
    CLEVERTAP_ID, EVENT_NAME_MISSING, IDENTITY_NULL, ITEMS, Outcome, Reason, TIME_NULL, TIME_OUT_OF_RANGE,
    TIME_UNREADABLE, UNREADABLE,
};
use super::property::{Notes, PropertyOp};
use super::text::{Mend, Texts};
use crate::bigquery::Row;
use crate::clevertap::rules::identity;
use crate::clevertap::rules::limits::LAST_SECOND;
use crate::clevertap::rules::names::{self, CHARGED};
use crate::import::plan::IdentityKind;

/// A plan compiled for the columns of one result. Made by [`super::compile()`], once per run; shared by all that map.
///
/// A record is `{"identity":…,"type":…,"evtName":…,"ts":…,"profileData" or "evtData":{…}}` with properties in the plan's
/// order, so that one row always makes the same bytes.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub(super) identity: IdentityOp,
    pub(super) kind: Kind,
    pub(super) properties: Vec<PropertyOp>,
    pub(super) strict: bool,
}

#[derive(Clone, Debug)]
pub(super) struct IdentityOp {
    pub column: Column,
    pub kind: IdentityKind,
    pub texts: Texts,
    pub mend: Mend,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A profile's `ts` is the second in which the run started: Updated On says which row is the newest, and no more.
    Profile,
    Event {
        name: Naming,
        /// Whether there is a property called Items, which a purchase may not have.
        items: bool,
        /// Without it, too, `ts` is the second in which the run started.
        created_on: Option<(Column, DateReader)>,
    },
}

#[derive(Clone, Debug)]
pub(super) enum Naming {
    /// The name as JSON.
    Specific(Vec<u8>),
    Column(Column),
}

impl Mapping {
    /// Appends the row's record to `out`, or leaves `out` as it was where the row is rejected.
    ///
    /// The row must come from a result with the schema that the plan was compiled for. `run_start_second` counts from 1970.
    pub fn map(&self, row: Row<'_>, run_start_second: i64, out: &mut Vec<u8>) -> Outcome {
        let before = out.len();
        let mut notes = Notes::default();
        self.write_identity(row, out, &mut notes);
        match &self.kind {
            Kind::Profile => {
                out.extend_from_slice(br#","type":"profile","ts":"#);
                json::integer(out, run_start_second);
                out.extend_from_slice(br#","profileData":{"#);
            }
            Kind::Event {
                name,
                items,
                created_on,
            } => {
                out.extend_from_slice(br#","type":"event","evtName":"#);
                write_name(name, *items, row, out, &mut notes);
                out.extend_from_slice(br#","ts":"#);
                write_time(created_on.as_ref(), row, run_start_second, out, &mut notes);
                out.extend_from_slice(br#","evtData":{"#);
            }
        }
        let mut first = true;
        for property in &self.properties {
            first &= !property.write(row, first, out, &mut notes);
        }
        out.extend_from_slice(b"}}");
        self.judge(notes, before, out)
    }

    /// Whose record the row makes, with the repairs that were chosen. Nothing where the row does not say.
    pub fn identity<'a>(&self, row: Row<'a>) -> Option<Cow<'a, str>> {
        self.identity.text(row).ok()
    }

    fn judge(&self, mut notes: Notes, before: usize, out: &mut Vec<u8>) -> Outcome {
        if self.strict {
            notes.rejections.extend(notes.warnings.drain(..).map(Into::into));
        }
        if notes.rejections.is_empty() {
            return Outcome::Record {
                warnings: notes.warnings,
            };
        }
        out.truncate(before);
        Outcome::Rejected {
            rejections: notes.rejections,
        }
    }

    fn write_identity(&self, row: Row<'_>, out: &mut Vec<u8>, notes: &mut Notes) {
        out.extend_from_slice(match self.identity.kind {
            IdentityKind::Identity => br#"{"identity":"#.as_slice(),
            IdentityKind::CleverTapId => br#"{"objectId":"#,
        });
        if let Err(reason) = self.identity.write(row, out) {
            notes.reject(&self.identity.column, reason);
        }
    }
}

impl IdentityOp {
    fn text<'a>(&self, row: Row<'a>) -> Result<Cow<'a, str>, Reason> {
        let cell = row.cell(self.column.place).ok_or(UNREADABLE)?;
        Ok(self.mend.apply(self.texts.read(cell)?.ok_or(IDENTITY_NULL)?))
    }

    pub fn write(&self, row: Row<'_>, out: &mut Vec<u8>) -> Result<(), Reason> {
        let text = self.text(row)?;
        identity::check(&text)?;
        if self.kind == IdentityKind::CleverTapId && !identity::is_clevertap_id(&text) {
            return Err(CLEVERTAP_ID);
        }
        json::string(out, &text);
        Ok(())
    }
}

fn write_name(naming: &Naming, items: bool, row: Row<'_>, out: &mut Vec<u8>, notes: &mut Notes) {
    let column = match naming {
        Naming::Specific(name) => return out.extend_from_slice(name),
        Naming::Column(column) => column,
    };
    let name = match row.cell(column.place) {
        Some(cell) if cell.is_null() => return notes.reject(column, EVENT_NAME_MISSING),
        cell => cell.and_then(crate::bigquery::Cell::text),
    };
    let Some(name) = name else {
        return notes.reject(column, UNREADABLE);
    };
    if let Err(refusal) = names::check_event(&name) {
        notes.reject(column, Reason::from(&refusal));
    } else if items && names::same_event(&name, CHARGED) {
        notes.reject(column, ITEMS);
    }
    json::string(out, &name);
}

fn write_time(
    created_on: Option<&(Column, DateReader)>,
    row: Row<'_>,
    run_start_second: i64,
    out: &mut Vec<u8>,
    notes: &mut Notes,
) {
    let Some((column, reader)) = created_on else {
        return json::integer(out, run_start_second);
    };
    match read_time(column, reader, row) {
        Ok(second) => json::integer(out, second),
        Err(reason) => notes.reject(column, reason),
    }
}

fn read_time(column: &Column, reader: &DateReader, row: Row<'_>) -> Result<i64, Reason> {
    let cell = row.cell(column.place).ok_or(UNREADABLE)?;
    if cell.is_null() {
        return Err(TIME_NULL);
    }
    let second = reader
        .seconds(&cell.text().ok_or(UNREADABLE)?)
        .map_err(|fault| match fault {
            DateFault::Format => TIME_UNREADABLE,
            DateFault::NoSuchTime | DateFault::OutOfRange => TIME_OUT_OF_RANGE,
        })?;
    if (1..=LAST_SECOND).contains(&second) {
        Ok(second)
    } else {
        Err(TIME_OUT_OF_RANGE)
    }
}
