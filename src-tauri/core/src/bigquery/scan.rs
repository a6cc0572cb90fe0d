//! Walks once through an answer of the usual shape and notes where each cell stands. It knows that shape alone: whatever
//! differs from it in the least is left to the walk in `walk.rs`, which knows JSON.

use serde::de::IgnoredAny;

use super::page::Span;

/// Cells of an answer with rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scanned {
    pub cells: Vec<Span>,
    pub rows: usize,
    pub width: usize,
}

/// The cells of the answer, or nothing where its shape is not the usual one. The body is smaller than 2 GiB.
pub(super) fn scan(body: &str) -> Option<Scanned> {
    let mut scan = Scan {
        body: body.as_bytes(),
        at: 0,
        found: Scanned::default(),
    };
    scan.envelope()?;
    Some(scan.found)
}

struct Scan<'b> {
    body: &'b [u8],
    at: usize,
    found: Scanned,
}

impl Scan<'_> {
    fn envelope(&mut self) -> Option<()> {
        let mut seen = false;
        self.token(b'{')?;
        loop {
            self.space();
            let key = self.at..self.string()?.end();
            self.token(b':')?;
            match self.body.get(key) {
                Some(br#""rows""#) if !seen => {
                    seen = true;
                    self.rows()?;
                }
                // Twice the same, or the same written otherwise.
                Some(key) if key == br#""rows""# || key.contains(&b'\\') => return None,
                _ => self.skip()?,
            }
            if !self.more(b'}')? {
                break;
            }
        }
        self.space();
        (self.at == self.body.len()).then_some(())
    }

    fn rows(&mut self) -> Option<()> {
        self.token(b'[')?;
        self.space();
        if self.body.get(self.at) == Some(&b']') {
            self.at += 1;
            return Some(());
        }
        loop {
            let start = self.at;
            self.row()?;
            if self.found.rows == 1 {
                let guess = (self.body.len() - start) / (self.at - start).max(1) + 1;
                self.found.cells.reserve(guess.saturating_mul(self.found.width));
            }
            if !self.more(b']')? {
                return Some(());
            }
        }
    }

    fn row(&mut self) -> Option<()> {
        let before = self.found.cells.len();
        if !self.eat(br#"{"f":[{"v":"#) {
            self.words([b"{", br#""f""#, b":", b"[", b"{", br#""v""#, b":"])?;
        }
        loop {
            let span = self.value()?;
            self.found.cells.push(span);
            if self.eat(br#"},{"v":"#) {
                continue;
            }
            self.token(b'}')?;
            if !self.more(b']')? {
                break;
            }
            self.words([b"{", br#""v""#, b":"])?;
        }
        self.token(b'}')?;
        let width = self.found.cells.len() - before;
        if self.found.rows == 0 {
            self.found.width = width;
        }
        self.found.rows += 1;
        (self.found.width == width).then_some(())
    }

    fn value(&mut self) -> Option<Span> {
        self.space();
        if *self.body.get(self.at)? == b'"' {
            return self.string();
        }
        let start = self.at;
        if !self.eat(b"null") {
            self.skip()?;
        }
        Some(Span::new(start, self.at, false))
    }

    /// Goes past a string. Eight bytes at a time: most values are short.
    fn string(&mut self) -> Option<Span> {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = 0x8080_8080_8080_8080;
        let start = self.at;
        if *self.body.get(start)? != b'"' {
            return None;
        }
        let mut at = start + 1;
        while let Some(&eight) = self.body.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let eight = u64::from_le_bytes(eight);
            let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
            let quote = zero(eight ^ (ONES * 0x22));
            let backslash = zero(eight ^ (ONES * 0x5c));
            let control = eight.wrapping_sub(ONES * 0x20) & !eight & HIGH;
            let special = quote | backslash | control;
            if special != 0 {
                at += special.trailing_zeros() as usize / 8;
                break;
            }
            at += 8;
        }
        loop {
            match *self.body.get(at)? {
                b'"' => break,
                b'\\' => return self.escaped(),
                0..0x20 => return None,
                _ => at += 1,
            }
        }
        self.at = at + 1;
        Some(Span::new(start, self.at, false))
    }

    /// Goes past a string with escapes, every one of which must be good.
    #[cold]
    fn escaped(&mut self) -> Option<Span> {
        let start = self.at;
        self.pass::<String>()?;
        Some(Span::new(start, self.at, true))
    }

    /// Goes past a value of any kind.
    fn skip(&mut self) -> Option<()> {
        self.pass::<IgnoredAny>()
    }

    fn pass<T: serde::de::DeserializeOwned>(&mut self) -> Option<()> {
        let mut values = serde_json::Deserializer::from_slice(&self.body[self.at..]).into_iter::<T>();
        values.next()?.ok()?;
        self.at += values.byte_offset();
        Some(())
    }

    /// A comma, or the end.
    fn more(&mut self, end: u8) -> Option<bool> {
        self.space();
        let next = *self.body.get(self.at)?;
        self.at += 1;
        match next {
            b',' => {
                self.space();
                Some(true)
            }
            next if next == end => Some(false),
            _ => None,
        }
    }

    fn words<const N: usize>(&mut self, words: [&[u8]; N]) -> Option<()> {
        for word in words {
            self.space();
            if !self.eat(word) {
                return None;
            }
        }
        Some(())
    }

    fn token(&mut self, token: u8) -> Option<()> {
        self.space();
        (self.body.get(self.at) == Some(&token)).then(|| self.at += 1)
    }

    fn eat(&mut self, bytes: &[u8]) -> bool {
        let there = self.body[self.at..].starts_with(bytes);
        if there {
            self.at += bytes.len();
        }
        there
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.body.get(self.at) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::walk;
    use super::{Scanned, scan};
    use proptest::prelude::*;

    /// What the walk that knows all of JSON finds.
    fn walked(body: &str) -> Option<Scanned> {
        walk::walk(body).ok()
    }

    #[test]
    fn the_usual_shape_is_read_compact_and_indented() {
        let compact = r#"{"kind":"k","rows":[{"f":[{"v":"1"},{"v":null},{"v":"a\"b"},{"v":[{"v":"x"}]}]},{"f":[{"v":"2"},{"v":""},{"v":"\u00e9"},{"v":[]}]}],"totalRows":"2","jobComplete":true}"#;
        let value: serde_json::Value = serde_json::from_str(compact).unwrap();
        for body in [compact.to_owned(), serde_json::to_string_pretty(&value).unwrap()] {
            let found = scan(&body).expect("the usual shape");
            assert_eq!((found.rows, found.width), (2, 4), "two rows of four cells");
            assert_eq!(Some(found), walked(&body), "as the walk finds them");
        }
    }

    #[test]
    fn what_is_unusual_is_left_to_the_walk() {
        for body in [
            "",
            "{}",
            r#"{"rows":null}"#,
            r#"{"rows":[{"f":[{"v":"1"}]},{"f":[]}]}"#,
            r#"{"rows":[{"f":[{"w":0,"v":"1"}]}]}"#,
            r#"{"rows":[{"f":[{"v":"1"}],"f":[]}]}"#,
            r#"{"rows":[],"rows":[]}"#,
            r#"{"rows":[],"row\u0073":[]}"#,
            r#"{"rows":[{"f":[{"v":"a\xb"}]}]}"#,
            "{\"rows\":[{\"f\":[{\"v\":\"a\nb\"}]}]}",
            r#"{"rows":[{"f":[{"v":"cut"#,
            r#"{"rows":[]} x"#,
        ] {
            assert_eq!(scan(body), None, "{body}");
        }
    }

    fn value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<String>().prop_map(Into::into),
            "[ -~]{0,40}".prop_map(Into::into),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Into::into))
    }

    proptest! {
        #[test]
        fn what_it_reads_the_walk_reads_alike(
            rows in prop::collection::vec(prop::collection::vec(value(), 3), 0..4),
            pretty in any::<bool>(),
            wound in prop::option::of((any::<prop::sample::Index>(), "[\\[\\]{}\",:\\\\ vfx0\n]")),
        ) {
            let rows: Vec<_> = rows
                .iter()
                .map(|row| serde_json::json!({"f": row.iter().map(|v| serde_json::json!({"v": v})).collect::<Vec<_>>()}))
                .collect();
            let body = serde_json::json!({"jobReference": {"rows": "no"}, "rows": rows, "totalRows": "3"});
            let mut body = if pretty { serde_json::to_string_pretty(&body) } else { serde_json::to_string(&body) }.unwrap();
            if wound.is_none() {
                prop_assert!(scan(&body).is_some(), "{}", body);
            }
            if let Some((place, other)) = wound {
                let mut characters: Vec<char> = body.chars().collect();
                let place = place.index(characters.len());
                characters[place] = other.chars().next().unwrap();
                body = characters.into_iter().collect();
            }
            if let Some(found) = scan(&body) {
                prop_assert_eq!(Some(found), walked(&body), "{}", body);
            }
        }
    }

    #[test]
    fn a_span_keeps_whether_it_holds_an_escape() {
        let found = scan(r#"{"rows":[{"f":[{"v":"a"},{"v":"a\n"}]}]}"#).unwrap();
        assert_eq!(
            found.cells.iter().map(|span| span.is_escaped()).collect::<Vec<_>>(),
            [false, true]
        );
    }
}
