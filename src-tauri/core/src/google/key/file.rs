//! The JSON of a key file, read by whitelist: Google's fields, and the mere names of all others.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use zeroize::Zeroizing;

use super::Repair;
use crate::ground::problem::{Code, Fact, Problem};

/// One field of the file. Wiped when dropped.
#[derive(Default)]
pub(super) enum Value {
    #[default]
    Missing,
    Text(Zeroizing<String>),
    /// Something that is no text.
    Other,
}

impl Value {
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A JSON object that may be a key file.
#[derive(Default)]
pub(super) struct File {
    pub kind: Value,
    pub project_id: Value,
    pub private_key_id: Value,
    pub private_key: Value,
    pub client_email: Value,
    pub token_uri: Value,
    pub universe_domain: Value,
    /// In an answer of the API that makes keys: the file, as Base64.
    pub private_key_data: Value,
    /// Names of all other fields.
    pub others: Vec<String>,
}

impl File {
    pub fn has(&self, name: &str) -> bool {
        self.others.iter().any(|other| other == name)
    }
}

/// Reads an object, or a list with one object in it.
pub(super) fn parse(text: &str, repairs: &mut Vec<Repair>) -> Result<File, Problem> {
    let first = match serde_json::from_str::<OneOrMany>(text) {
        Ok(found) => Ok(found),
        Err(error) => match escape_line_ends(text) {
            Some(mended) => serde_json::from_str::<OneOrMany>(&mended)
                .inspect(|_| repairs.push(Repair::RawLineEnds))
                .map_err(|_| error),
            None => Err(error),
        },
    };
    let mut files = match first.map_err(|error| several(text).unwrap_or_else(|| not_json(text, &error)))? {
        OneOrMany::One(file) => return Ok(*file),
        OneOrMany::Many(files) => files,
        OneOrMany::Neither => return Err(Problem::new(Code::KeyIsOtherJson)),
    };
    match (files.pop(), files.len()) {
        (Some(file), 0) => {
            repairs.push(Repair::ListOfOne);
            Ok(file)
        }
        (Some(_), others) => Err(Problem::new(Code::KeySeveral).with(Fact::Count, (others + 1).to_string())),
        (None, _) => Err(Problem::new(Code::KeyIsOtherJson)),
    }
}

/// Keys that stand one after the other, as when a paste is pasted twice.
fn several(text: &str) -> Option<Problem> {
    let mut count = 0;
    for file in serde_json::Deserializer::from_str(text).into_iter::<OneOrMany>() {
        let OneOrMany::One(_) = file.ok()? else { return None };
        count += 1;
    }
    (count > 1).then(|| Problem::new(Code::KeySeveral).with(Fact::Count, count.to_string()))
}

/// Says where the JSON stops making sense. Never shows what stands there: it may be part of a private key.
fn not_json(text: &str, error: &serde_json::Error) -> Problem {
    let position = format!("{}:{}", error.line(), error.column());
    if error.classify() == Category::Eof {
        return Problem::new(Code::KeyCut).with(Fact::Position, position);
    }
    let problem = Problem::new(Code::KeyNotJson);
    if !text.starts_with(['{', '[']) {
        let first = text.chars().next().filter(|c| !c.is_alphanumeric());
        return match first {
            Some(mark) => problem.with(Fact::Found, sign(mark).map_or_else(|| mark.to_string(), str::to_owned)),
            None => problem.with(Fact::Found, "a word"),
        };
    }
    let rest = rest_at(text, error.line(), error.column());
    let words = error.to_string();
    let stands = if words.starts_with("trailing characters") {
        Some("something more, after the last brace")
    } else if words.starts_with("trailing comma") {
        Some("a closing brace, after a comma that nothing follows")
    } else {
        rest.chars().next().and_then(sign)
    };
    problem.with(Fact::Position, position).with_some(Fact::Detail, stands)
}

/// What stands at this line and column, as the JSON reader counts them: in bytes, from 1.
fn rest_at(text: &str, line: usize, column: usize) -> &str {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    text.get(before + column.saturating_sub(1)..).unwrap_or_default()
}

/// Signs that programs put where others are due, and that are hard to see or easy to take for those.
fn sign(c: char) -> Option<&'static str> {
    Some(match c {
        '“' | '”' | '„' | '‟' | '‘' | '’' | '‚' | '«' | '»' => {
            "a curly quote, where JSON wants a straight one"
        }
        '\'' => "a single quote, where JSON wants a double one",
        '/' | '#' => "a comment, which JSON does not have",
        '\0' => "a zero byte",
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => "a sign that cannot be seen",
        c if c.is_whitespace() && !c.is_ascii() => "a space of a kind that JSON does not have",
        c if c.is_control() => "a control character",
        _ => return None,
    })
}

/// Writes line ends inside JSON texts as `\n`. `None` where there are none.
fn escape_line_ends(text: &str) -> Option<Zeroizing<String>> {
    let mut mended = Zeroizing::new(String::with_capacity(text.len() * 2));
    let (mut inside, mut escaped, mut changed) = (false, false, false);
    for c in text.chars() {
        match c {
            '\n' if inside => {
                mended.push_str("\\n");
                changed = true;
            }
            '\r' if inside => changed = true,
            _ => mended.push(c),
        }
        inside ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
    }
    changed.then_some(mended)
}

enum OneOrMany {
    One(Box<File>),
    Many(Vec<File>),
    Neither,
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(OneOrManyVisitor)
    }
}

struct OneOrManyVisitor;

impl<'de> Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMany, A::Error> {
        FileVisitor.visit_map(map).map(Box::new).map(OneOrMany::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
        let mut files = Vec::new();
        while let Some(item) = list.next_element::<OneOrMany>()? {
            match item {
                OneOrMany::One(file) => files.push(*file),
                OneOrMany::Many(_) | OneOrMany::Neither => files.push(File::default()),
            }
        }
        Ok(OneOrMany::Many(files))
    }

    fn visit_str<E>(self, _: &str) -> Result<OneOrMany, E> {
        Ok(OneOrMany::Neither)
    }

    fn visit_bool<E>(self, _: bool) -> Result<OneOrMany, E> {
        Ok(OneOrMany::Neither)
    }

    fn visit_u64<E>(self, _: u64) -> Result<OneOrMany, E> {
        Ok(OneOrMany::Neither)
    }

    fn visit_i64<E>(self, _: i64) -> Result<OneOrMany, E> {
        Ok(OneOrMany::Neither)
    }

    fn visit_f64<E>(self, _: f64) -> Result<OneOrMany, E> {
        Ok(OneOrMany::Neither)
    }

    fn visit_unit<E>(self) -> Result<OneOrMany, E> {
        Ok(OneOrMany::Neither)
    }
}

struct FileVisitor;

impl<'de> Visitor<'de> for FileVisitor {
    type Value = File;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<File, A::Error> {
        let mut file = File::default();
        while let Some(name) = map.next_key::<String>()? {
            let slot = match name.as_str() {
                "type" => &mut file.kind,
                "project_id" => &mut file.project_id,
                "private_key_id" => &mut file.private_key_id,
                "private_key" => &mut file.private_key,
                "client_email" => &mut file.client_email,
                "token_uri" => &mut file.token_uri,
                "universe_domain" => &mut file.universe_domain,
                "privateKeyData" => &mut file.private_key_data,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    file.others.push(name);
                    continue;
                }
            };
            *slot = map.next_value()?;
        }
        Ok(file)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Missing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }
}
