//! Walks once through an answer with rows and notes where each cell stands. Copies nothing.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// What the walk through the body has found so far.
pub(super) struct Found {
    pub base: usize,
    pub cells: Vec<Range<u32>>,
    pub rows: usize,
    pub width: Option<usize>,
    pub odd_row: Option<(usize, usize)>,
}

impl Found {
    pub fn new(body: &str) -> Self {
        Self {
            base: body.as_ptr() as usize,
            cells: Vec::new(),
            rows: 0,
            width: None,
            odd_row: None,
        }
    }

    /// Notes where the value stands. The body is at most 4 GiB, so places fit in 32 bits.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "Page::read refuses bodies of more than 4 GiB"
    )]
    fn note(&mut self, value: &RawValue) {
        let start = (value.get().as_ptr() as usize - self.base) as u32;
        self.cells.push(start..start + value.get().len() as u32);
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
        pub(super) struct $name<'f>(pub &'f mut Found);

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
