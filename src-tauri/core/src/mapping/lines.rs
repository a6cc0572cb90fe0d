//! Rows as lines of JSON, for previews without a network: `{"id": {"type": "INT64", "value": "7"}, …}`.
//!
//! Types are SQL's or the REST API's (`INT64` or `INTEGER`), values are as the REST API sends them in `v`: scalars as texts,
//! arrays as `[{"v": …}]`, structs as `{"f": [{"v": …}]}`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::bigquery::{Field, Mode, type_text};

/// One line that could be read.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub cells: Vec<LineCell<'a>>,
}

#[derive(Debug)]
pub(super) struct LineCell<'a> {
    pub field: Field,
    /// The value as JSON.
    pub value: &'a str,
}

/// Why a line is no row. Holds no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MalformedLine {
    /// The column that cannot be read; empty where it is the whole line.
    pub column: String,
    pub reason: &'static str,
}

impl<'a> Line<'a> {
    pub fn read(line: &'a [u8]) -> Result<Self, MalformedLine> {
        let whole = |reason| MalformedLine {
            column: String::new(),
            reason,
        };
        let text = std::str::from_utf8(line).map_err(|_| whole("The line is not UTF-8"))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let pairs: Pairs<'a> =
            serde_json::from_str(text).map_err(|_| whole("The line is not a JSON object of columns"))?;
        let mut cells: Vec<LineCell<'a>> = Vec::with_capacity(pairs.0.len());
        for (name, raw) in pairs.0 {
            let malformed = |reason| MalformedLine {
                column: name.clone(),
                reason,
            };
            if cells.iter().any(|cell| cell.field.name.eq_ignore_ascii_case(&name)) {
                return Err(malformed("The column stands twice in the line"));
            }
            let cell: Cell<'a> = serde_json::from_str(raw.get())
                .map_err(|_| malformed("A column is an object with type and value, and nothing else"))?;
            let mut field = type_text::read(&name, &cell.kind).ok_or_else(|| malformed("BigQuery has no such type"))?;
            if cell.mode.as_deref() == Some("REPEATED") {
                field.mode = Mode::Repeated;
            }
            if field.fields.is_empty() {
                field.fields = cell.fields;
            }
            cells.push(LineCell {
                field,
                value: cell.value.get(),
            });
        }
        Ok(Self { cells })
    }

    pub fn cell(&self, column: &str) -> Option<&LineCell<'a>> {
        self.cells
            .iter()
            .find(|cell| cell.field.name.eq_ignore_ascii_case(column))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cell<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    value: &'a RawValue,
    /// As in the REST API's schema, for those who copy from there.
    #[serde(default, borrow)]
    mode: Option<Cow<'a, str>>,
    #[serde(default)]
    fields: Vec<Field>,
}

/// An object's members in their order, twins included.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of columns")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        from.deserialize_map(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn a_line_is_columns_with_type_and_value() {
        let line = br#"{"id":{"type":"INTEGER","value":"7"},"tags":{"value":[{"v":"a"}],"type":"STRING","mode":"REPEATED"},"home":{"type":"RECORD","fields":[{"name":"city","type":"STRING"}],"value":null}}"#;
        let line = Line::read(line).expect("a line");
        let types: Vec<_> = line
            .cells
            .iter()
            .map(|cell| crate::bigquery::type_text::write(&cell.field))
            .collect();
        assert_eq!(
            types,
            ["INT64", "ARRAY<STRING>", "STRUCT<city STRING>"],
            "in either spelling"
        );
        assert_eq!(
            line.cell("ID").map(|cell| cell.value),
            Some("\"7\""),
            "found in any case"
        );
    }

    #[test]
    fn what_is_no_line_is_told_and_where() {
        let rows: [(&[u8], &str); 12] = [
            (b"{", ""),
            (b"7", ""),
            (b"[]", ""),
            (b"\xff\xfe", ""),
            (br#"{"a":{"type":"STRING","value":"x"}} trailing"#, ""),
            (br#"{"\ud800":{"type":"STRING","value":"x"}}"#, ""),
            (br#"{"a":"x"}"#, "a"),
            (br#"{"a":null}"#, "a"),
            (br#"{"a":{"type":"STRING"}}"#, "a"),
            (br#"{"a":{"type":"STRING","vale":"x"}}"#, "a"),
            (br#"{"a":{"type":"ARRAY<","value":"x"}}"#, "a"),
            (
                br#"{"a":{"type":"STRING","value":"x"},"A":{"type":"STRING","value":"x"}}"#,
                "A",
            ),
        ];
        for (line, column) in rows {
            let error = Line::read(line).expect_err("malformed");
            assert_eq!(
                error.column,
                column,
                "{} is malformed there",
                String::from_utf8_lossy(line)
            );
        }
    }
}
