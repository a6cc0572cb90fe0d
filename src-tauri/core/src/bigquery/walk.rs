//! Walks once through an answer with rows, however its JSON is written, and notes where each cell stands. Copies nothing.
//! `scan.rs` is quicker, and knows the usual shape alone.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::page::{MalformedPage, Span};
use super::scan::Scanned;

/// The cells of the answer, or why it is none.
pub(super) fn walk(body: &str) -> Result<Scanned, MalformedPage> {
    let mut found = Found::new(body);
    let mut json = serde_json::Deserializer::from_str(body);
    let end = json
        .deserialize_map(Envelope(&mut found))
        .and_then(|()| json.end())
        .map_err(|error| MalformedPage::Shape {
            line: error.line(),
            column: error.column(),
        });
    let width = found.width.unwrap_or(0);
    if let Some((row, cells)) = found.odd_row {
        return Err(MalformedPage::Width {
            row,
            found: cells,
            expected: width,
        });
    }
    end?;
    Ok(Scanned {
        cells: found.cells,
        rows: found.rows,
        width,
    })
}

/// What the walk through the body has found so far.
struct Found {
    base: usize,
    cells: Vec<Span>,
    rows: usize,
    width: Option<usize>,
    odd_row: Option<(usize, usize)>,
}

impl Found {
    fn new(body: &str) -> Self {
        Self {
            base: body.as_ptr() as usize,
            cells: Vec::new(),
            rows: 0,
            width: None,
            odd_row: None,
        }
    }

    fn note(&mut self, value: &RawValue) {
        let text = value.get();
        let start = text.as_ptr() as usize - self.base;
        let escaped = text.starts_with('"') && text.contains('\\');
        self.cells.push(Span::new(start, start + text.len(), escaped));
    }

    fn finish_row(&mut self, cells: usize) -> bool {
        let fits = *self.width.get_or_insert(cells) == cells;
        if !fits {
            self.odd_row = Some((self.rows, cells));
        }
        self.rows += 1;
        fits
    }
}

macro_rules! walk {
    ($name:ident, $ask:ident) => {
        struct $name<'f>(&'f mut Found);

        impl<'de> DeserializeSeed<'de> for $name<'_> {
            type Value = ();
            fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
                from.$ask(self)
            }
        }
    };
}

walk!(Envelope, deserialize_map);
walk!(Rows, deserialize_any);
walk!(OneRow, deserialize_map);
walk!(Cells, deserialize_seq);
walk!(OneCell, deserialize_map);

/// Whether a key is this one, without copying it.
struct Key(&'static str);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = bool;
    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

impl<'de> Visitor<'de> for Envelope<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer with rows")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(found) = map.next_key_seed(Key("rows"))? {
            if found {
                map.next_value_seed(Rows(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while rows.next_element_seed(OneRow(self.0))?.is_some() {}
        Ok(())
    }
}

impl<'de> Visitor<'de> for OneRow<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row: an object with f")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let before = self.0.cells.len();
        while let Some(found) = map.next_key_seed(Key("f"))? {
            if found {
                map.next_value_seed(Cells(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        let cells = self.0.cells.len() - before;
        if self.0.finish_row(cells) {
            Ok(())
        } else {
            Err(serde::de::Error::custom("a row of another width"))
        }
    }
}

impl<'de> Visitor<'de> for Cells<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of cells")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<(), A::Error> {
        while cells.next_element_seed(OneCell(self.0))?.is_some() {}
        Ok(())
    }
}

impl<'de> Visitor<'de> for OneCell<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cell: an object with v")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = false;
        while let Some(found) = map.next_key_seed(Key("v"))? {
            if found && !seen {
                self.0.note(map.next_value::<&'de RawValue>()?);
                seen = true;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if seen {
            Ok(())
        } else {
            Err(serde::de::Error::missing_field("v"))
        }
    }
}
