//! A column's type as SQL writes it: `INT64`, `ARRAY<STRING>`, `STRUCT<city STRING, zip ARRAY<INT64>>`.

use super::schema::{Field, FieldKind, Mode};

/// Deeper than BigQuery nests.
const DEEPEST: usize = 16;

/// The type of a column in SQL's words.
pub fn write(field: &Field) -> String {
    let one = if field.kind == FieldKind::Record {
        let members: Vec<String> = field
            .fields
            .iter()
            .map(|member| format!("{} {}", member.name, write(member)))
            .collect();
        format!("STRUCT<{}>", members.join(", "))
    } else {
        field.kind.sql_name().to_owned()
    };
    if field.mode == Mode::Repeated {
        format!("ARRAY<{one}>")
    } else {
        one
    }
}

/// A column of this type. Nothing where the text is not a type, or not a type of a column (an array of arrays).
pub fn read(name: &str, text: &str) -> Option<Field> {
    let mut rest = Rest { text };
    let field = rest.column(name, 0)?;
    rest.text.trim().is_empty().then_some(field)
}

struct Rest<'a> {
    text: &'a str,
}

impl<'a> Rest<'a> {
    fn column(&mut self, name: &str, depth: usize) -> Option<Field> {
        let word = self.word()?;
        if !word.eq_ignore_ascii_case("ARRAY") {
            return self.one(name, word, depth);
        }
        self.sign('<')?;
        let word = self.word()?;
        let element = self.one(name, word, depth + 1)?;
        self.sign('>')?;
        Some(Field {
            mode: Mode::Repeated,
            ..element
        })
    }

    /// Anything but an array.
    fn one(&mut self, name: &str, word: &str, depth: usize) -> Option<Field> {
        if depth > DEEPEST || word.eq_ignore_ascii_case("ARRAY") {
            return None;
        }
        if word.eq_ignore_ascii_case("RANGE") && self.sign('<').is_some() {
            let element = self.word()?.to_ascii_uppercase();
            self.sign('>')?;
            return Some(Field::of(name, FieldKind::named("RANGE", Some(&element))));
        }
        let mut field = Field::of(name, FieldKind::named(word, None));
        if field.kind == FieldKind::Record && self.sign('<').is_some() {
            loop {
                field.fields.push(self.member(field.fields.len() + 1, depth)?);
                if self.sign('>').is_some() {
                    break;
                }
                self.sign(',')?;
            }
        } else if self.sign('(').is_some() {
            // A length or a precision, as in NUMERIC(10, 2).
            self.text = self.text.split_once(')')?.1;
        }
        Some(field)
    }

    /// A member of a struct. One without a name gets the name that BigQuery gives it.
    fn member(&mut self, number: usize, depth: usize) -> Option<Field> {
        let before = self.text;
        let name = self.word()?;
        if self.text.trim_start().starts_with(char::is_alphabetic) {
            return self.column(name, depth + 1);
        }
        self.text = before;
        self.column(&format!("_field_{number}"), depth + 1)
    }

    fn word(&mut self) -> Option<&'a str> {
        let text = self.text.trim_start();
        let end = text
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(text.len());
        self.text = &text[end..];
        (end > 0).then(|| &text[..end])
    }

    fn sign(&mut self, sign: char) -> Option<()> {
        self.text = self.text.trim_start().strip_prefix(sign)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::{read, write};

    #[test]
    fn types_are_read_and_written_as_sql_does() {
        let rows = [
            ("STRING", Some("STRING")),
            (" integer ", Some("INT64")),
            ("NUMERIC(10, 2)", Some("NUMERIC")),
            ("ARRAY<string(20)>", Some("ARRAY<STRING>")),
            ("RANGE<date>", Some("RANGE<DATE>")),
            (
                "STRUCT<a INT64,b ARRAY<STRUCT<c BOOL>>>",
                Some("STRUCT<a INT64, b ARRAY<STRUCT<c BOOL>>>"),
            ),
            ("RECORD", Some("STRUCT<>")),
            ("TOMORROWS_TYPE", Some("TOMORROWS_TYPE")),
            ("ARRAY<ARRAY<STRING>>", None),
            ("ARRAY<STRING", None),
            ("STRUCT<INT64, b STRING>", Some("STRUCT<_field_1 INT64, b STRING>")),
            ("STRUCT<>", None),
            ("STRING STRING", None),
            ("", None),
        ];
        for (text, expected) in rows {
            let seen = read("column", text).map(|field| write(&field));
            assert_eq!(seen.as_deref(), expected, "for {text:?}");
        }
    }

    #[test]
    fn nesting_past_all_sense_is_refused() {
        let deep = "STRUCT<a ".repeat(100_000);
        assert!(
            read("column", &deep).is_none(),
            "a hostile type must not exhaust the stack"
        );
    }
}
