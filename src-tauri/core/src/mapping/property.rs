//! One property of a record: reads its cell, writes its name and value, notes what stands against it.

use std::borrow::Cow;

use super::column::Column;
use super::dates::DateReader;
use super::json;
use super::number::{Decimal, FLOAT_DIGITS, is_shortest, is_shortest_whole, significant};
use super::outcome::{
    DIGITS_LOST, INTEGER_AS_TEXT, LIST_CUT, NOT_A_FLAG, NULL, Reason, Rejection, TEXT_CUT, TEXT_IS_DATE, UNREADABLE,
    Verdict, Warning,
};
use super::text::{Mend, Texts};
use crate::bigquery::{Cell, Row};
use crate::clevertap::rules::limits::{EXACT_INTEGER, MULTI_VALUES, VALUE_BYTES};
use crate::clevertap::rules::system::SystemProperty;
use crate::import::plan::WhenNull;

/// One property of a compiled plan.
#[derive(Clone, Debug)]
pub(super) struct PropertyOp {
    pub column: Column,
    /// The name as JSON, with its colon.
    pub key: Vec<u8>,
    pub cast: Cast,
    pub system: Option<SystemProperty>,
    pub when_null: WhenNull,
    pub mend: Mend,
}

/// What a value becomes.
#[derive(Clone, Debug)]
pub(super) enum Cast {
    Text(Texts),
    /// An integer. Beyond 2^53 it is sent as text.
    Whole,
    /// A number. Integers beyond 2^53 are sent as text where the column holds integers.
    Number {
        integers: bool,
    },
    Flag,
    Date(DateReader),
    List(Texts),
}

/// What stands against a row so far.
#[derive(Default)]
pub(super) struct Notes {
    pub rejections: Vec<Rejection>,
    pub warnings: Vec<Warning>,
}

impl Notes {
    pub fn reject(&mut self, column: &Column, reason: Reason) {
        self.rejections.push(Rejection {
            column: column.name.clone(),
            code: reason.code,
            reason: reason.words,
        });
    }

    pub fn warn(&mut self, column: &Column, reason: Reason) {
        self.warnings.push(Warning {
            column: column.name.clone(),
            code: reason.code,
            reason: reason.words,
        });
    }
}

impl PropertyOp {
    /// Writes `"name":value`, with a comma before it unless it is the first. Says whether anything was written.
    pub fn write(&self, row: Row<'_>, first: bool, out: &mut Vec<u8>, notes: &mut Notes) -> bool {
        let before = out.len();
        if !first {
            out.push(b',');
        }
        out.extend_from_slice(&self.key);
        let written = match row.cell(self.column.place) {
            Some(cell) => self.write_value(cell, out, notes),
            None => Err(UNREADABLE),
        };
        match written {
            Ok(true) => return true,
            Ok(false) if self.when_null == WhenNull::Reject => notes.reject(&self.column, NULL),
            Ok(false) => {}
            Err(reason) => notes.reject(&self.column, reason),
        }
        out.truncate(before);
        false
    }

    /// Writes the value. `false` means NULL: nothing was written.
    pub fn write_value(&self, cell: Cell<'_>, out: &mut Vec<u8>, notes: &mut Notes) -> Result<bool, Reason> {
        match &self.cast {
            Cast::Text(texts) => {
                let Some(text) = texts.read(cell)? else {
                    return Ok(false);
                };
                let text = self.mend.apply(text);
                // A piece of the page, which holds nothing to escape: most texts of most tables.
                let write = match text {
                    Cow::Borrowed(_) if cell.is_plain_text() => json::plain_string,
                    _ => json::string,
                };
                self.write_text(&text, write, out, notes)?;
            }
            Cast::List(texts) => return self.write_list(texts, cell, out, notes),
            Cast::Whole | Cast::Number { .. } | Cast::Flag | Cast::Date(_) => {
                if cell.is_null() {
                    return Ok(false);
                }
                let text = self.mend.apply(cell.text().ok_or(UNREADABLE)?);
                self.write_scalar(&text, out, notes)?;
            }
        }
        Ok(true)
    }

    fn write_text(
        &self,
        text: &str,
        write: fn(&mut Vec<u8>, &str),
        out: &mut Vec<u8>,
        notes: &mut Notes,
    ) -> Result<(), Reason> {
        self.judge(text, notes)?;
        if text.len() > VALUE_BYTES {
            notes.warn(&self.column, TEXT_CUT);
        }
        if text.starts_with("$D_") {
            notes.warn(&self.column, TEXT_IS_DATE);
        }
        write(out, text);
        Ok(())
    }

    fn write_scalar(&self, text: &str, out: &mut Vec<u8>, notes: &mut Notes) -> Result<(), Reason> {
        let start = out.len();
        match &self.cast {
            Cast::Date(reader) => {
                out.extend_from_slice(br#""$D_"#);
                json::integer(out, reader.seconds(text)?);
                out.push(b'"');
                return Ok(());
            }
            Cast::Flag => {
                out.extend_from_slice(match text {
                    "1" | "true" => b"true",
                    "0" | "false" => b"false".as_slice(),
                    _ => return Err(NOT_A_FLAG),
                });
                return Ok(());
            }
            Cast::Number { integers: false } if is_shortest(text) => out.extend_from_slice(text.as_bytes()),
            Cast::Number { integers: true } | Cast::Whole if is_shortest_whole(text) => {
                out.extend_from_slice(text.as_bytes());
            }
            Cast::Number { integers: false } => Decimal::read(text)?.write(out),
            Cast::Number { integers: true } | Cast::Whole => Decimal::read(text)?.write_whole(out)?,
            Cast::Text(_) | Cast::List(_) => return Err(UNREADABLE),
        }
        let digits = std::str::from_utf8(&out[start..]).map_err(|_| UNREADABLE)?;
        self.judge(digits, notes)?;
        if matches!(self.cast, Cast::Number { integers: false }) {
            if digits.len() > FLOAT_DIGITS && significant(digits) > FLOAT_DIGITS {
                notes.warn(&self.column, DIGITS_LOST);
            }
        } else if is_inexact(digits) {
            out.insert(start, b'"');
            out.push(b'"');
            notes.warn(&self.column, INTEGER_AS_TEXT);
        }
        Ok(())
    }

    /// Writes the texts of an array, each once. An empty array is BigQuery's NULL: the two are one on the wire.
    fn write_list(&self, texts: &Texts, cell: Cell<'_>, out: &mut Vec<u8>, notes: &mut Notes) -> Result<bool, Reason> {
        if cell.is_null() {
            return Ok(false);
        }
        let mut unique: Vec<Cow<'_, str>> = Vec::new();
        let (mut cut, mut long) = (false, false);
        for element in cell.elements().ok_or(UNREADABLE)? {
            let Some(text) = texts.read(element)? else { continue };
            let text = self.mend.apply(text);
            if unique.contains(&text) {
                continue;
            }
            if unique.len() == MULTI_VALUES {
                cut = true;
                break;
            }
            long |= text.len() > VALUE_BYTES;
            unique.push(text);
        }
        if unique.is_empty() {
            return Ok(false);
        }
        if cut {
            notes.warn(&self.column, LIST_CUT);
        }
        if long {
            notes.warn(&self.column, TEXT_CUT);
        }
        out.extend_from_slice(br#"{"$set":["#);
        for (place, text) in unique.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            json::string(out, text);
        }
        out.extend_from_slice(b"]}");
        Ok(true)
    }

    /// Asks the system property's rule.
    fn judge(&self, value: &str, notes: &mut Notes) -> Result<(), Reason> {
        match self.system.and_then(|system| system.object(value)).map(Verdict::from) {
            Some(Verdict::Rejects(reason)) => Err(reason),
            Some(Verdict::Warns(reason)) => {
                notes.warn(&self.column, reason);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

fn is_inexact(digits: &str) -> bool {
    let size = digits.trim_start_matches('-');
    size.len() > 15 && size.parse::<u64>().map_or(true, |size| size > EXACT_INTEGER)
}
