//! Reads a cell as text, whatever its column's type, and makes the repairs that the person chose.

use std::borrow::Cow;

use jiff::Timestamp;

use super::nested;
use super::number::{Decimal, NumberFault};
use super::outcome::{Reason, UNREADABLE};
use crate::bigquery::{Cell, Field, FieldKind, Mode};
use crate::import::plan::Repairs;

/// How a column's values become text.
#[derive(Clone, Debug)]
pub(super) enum Texts {
    /// As BigQuery writes them.
    Plain,
    /// In their shortest form, so that 1 and 1.0 are one identity.
    Number,
    /// As RFC 3339 in UTC.
    Timestamp,
    /// JSON columns. JSON's own null counts as NULL.
    Json,
    /// Structs and arrays, as JSON text.
    Nested(Field),
}

impl Texts {
    pub fn of(column: &Field) -> Self {
        match column.kind {
            _ if column.mode == Mode::Repeated => Self::Nested(column.clone()),
            FieldKind::Record | FieldKind::Unknown(_) => Self::Nested(column.clone()),
            FieldKind::Integer | FieldKind::Float | FieldKind::Numeric | FieldKind::BigNumeric => Self::Number,
            FieldKind::Timestamp => Self::Timestamp,
            FieldKind::Json => Self::Json,
            _ => Self::Plain,
        }
    }

    /// The text of a cell, or `None` for NULL.
    pub fn read<'a>(&self, cell: Cell<'a>) -> Result<Option<Cow<'a, str>>, Reason> {
        if cell.is_null() {
            return Ok(None);
        }
        if let Self::Nested(column) = self {
            return nested::text(column, cell)
                .map(|text| Some(Cow::Owned(text)))
                .ok_or(UNREADABLE);
        }
        let text = cell.text().ok_or(UNREADABLE)?;
        match self {
            Self::Plain | Self::Nested(_) => Ok(Some(text)),
            Self::Json => Ok((text != "null").then_some(text)),
            Self::Number => shortest(text).map(Some).ok_or(UNREADABLE),
            Self::Timestamp => instant(text).map(Some).ok_or(UNREADABLE),
        }
    }
}

/// The repairs of a plan, in the form that cells need.
#[derive(Clone, Debug)]
pub(super) struct Mend {
    trim: bool,
    country_code: Option<String>,
}

impl Mend {
    pub fn new(repairs: &Repairs) -> Self {
        Self {
            trim: repairs.trim,
            country_code: repairs.country_code.clone(),
        }
    }

    /// The text with its repairs made.
    pub fn apply<'a>(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        let text = if self.trim { trimmed(text) } else { text };
        match &self.country_code {
            Some(code) => with_country_code(text, code),
            None => text,
        }
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// `020…` and `20…` become `+4420…`; `004420…` already has a code, and its 00 becomes a plus. Nothing stays nothing.
fn with_country_code<'a>(text: Cow<'a, str>, code: &str) -> Cow<'a, str> {
    if text.is_empty() || text.starts_with('+') {
        return text;
    }
    match text.strip_prefix("00") {
        Some(number) => format!("+{number}").into(),
        None => format!("{code}{}", text.strip_prefix('0').unwrap_or(&text)).into(),
    }
}

fn shortest(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let bytes = text.as_bytes();
    if !bytes.is_empty() && bytes[0] != b'0' && bytes.iter().all(u8::is_ascii_digit) {
        return Some(text);
    }
    match Decimal::read(&text) {
        Ok(number) => {
            let mut out = Vec::with_capacity(text.len());
            number.write_plain(&mut out);
            String::from_utf8(out).ok().map(Cow::Owned)
        }
        Err(NumberFault::Infinite) => Some(text),
        Err(_) => None,
    }
}

/// A TIMESTAMP in any of its forms on the wire, as RFC 3339.
pub(super) fn instant(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    if let Ok(microseconds) = text.parse::<i64>() {
        return written(microseconds);
    }
    if text.contains(['-', ':']) && !text.contains(['e', 'E']) && !text.starts_with('-') {
        return Some(text);
    }
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a float beyond i64 becomes its end, which no instant has"
    )]
    let microseconds = (text.parse::<f64>().ok()? * 1e6).round() as i64;
    written(microseconds)
}

/// Microseconds since 1970 as RFC 3339, for the whole of the years 1 to 9999.
fn written(microseconds: i64) -> Option<Cow<'static, str>> {
    const DAY: i64 = 86_400_000_000;
    if let Ok(instant) = Timestamp::from_microsecond(microseconds) {
        return (microseconds >= FIRST_MICROSECOND).then(|| instant.to_string().into());
    }
    // The library's time ends a day or two before the year 9999 does.
    let earlier = Timestamp::from_microsecond(microseconds.checked_sub(2 * DAY)?)
        .ok()?
        .to_string();
    let later = match earlier.get(..10)? {
        "9999-12-28" => "9999-12-30",
        "9999-12-29" => "9999-12-31",
        _ => return None,
    };
    Some(format!("{later}{}", &earlier[10..]).into())
}

/// 0001-01-01, where BigQuery's time begins.
const FIRST_MICROSECOND: i64 = -62_135_596_800_000_000;

#[cfg(test)]
mod tests {
    use super::{Mend, instant, shortest};
    use crate::import::plan::Repairs;

    #[test]
    fn repairs_are_made_where_they_were_chosen() {
        let rows = [
            (false, None, " 020 ", " 020 "),
            (true, None, " \u{a0}020\t", "020"),
            (true, Some("+44"), " 02079460958 ", "+442079460958"),
            (false, Some("+44"), "2079460958", "+442079460958"),
            (false, Some("+44"), "+33142685300", "+33142685300"),
            (false, Some("+44"), "0033142685300", "+33142685300"),
            (false, Some("+44"), "", ""),
            (false, Some("+44"), "0", "+44"),
            (false, Some("+44"), "020 7946 0958", "+4420 7946 0958"),
        ];
        for (trim, code, text, expected) in rows {
            let repairs = Repairs {
                trim,
                country_code: code.map(str::to_owned),
                zone: None,
            };
            assert_eq!(
                Mend::new(&repairs).apply(text.into()),
                expected,
                "{text:?} with {code:?}, trim {trim}"
            );
        }
    }

    #[test]
    fn numbers_as_text_have_one_form() {
        for (text, expected) in [
            ("1.0", Some("1")),
            ("1", Some("1")),
            ("007", Some("7")),
            ("0", Some("0")),
            ("1.2345678E7", Some("12345678")),
            ("NaN", Some("NaN")),
            ("x", None),
        ] {
            assert_eq!(shortest(text.into()).as_deref(), expected, "for {text:?}");
        }
    }

    #[test]
    fn instants_are_written_as_rfc_3339() {
        let rows = [
            ("1709611629123456", Some("2024-03-05T04:07:09.123456Z")),
            ("-1", Some("1969-12-31T23:59:59.999999Z")),
            ("1.709611629E9", Some("2024-03-05T04:07:09Z")),
            ("2024-03-05 04:07:09 UTC", Some("2024-03-05 04:07:09 UTC")),
            ("soon", None),
            ("-0.5", Some("1969-12-31T23:59:59.5Z")),
            ("253402300799999999", Some("9999-12-31T23:59:59.999999Z")),
            ("253402214400000000", Some("9999-12-31T00:00:00Z")),
            ("253402207200000001", Some("9999-12-30T22:00:00.000001Z")),
            ("253402300800000000", None),
            ("-62135596800000000", Some("0001-01-01T00:00:00Z")),
            ("-62135596800000001", None),
            ("9223372036854775807", None),
        ];
        for (text, expected) in rows {
            assert_eq!(instant(text.into()).as_deref(), expected, "for {text:?}");
        }
    }
}
