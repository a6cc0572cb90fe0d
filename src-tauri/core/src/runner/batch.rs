//! A batch: records that travel in one call, each with its place in the result and the identity that it is about.

use std::borrow::Cow;

use bytes::Bytes;

use super::warned::Warned;
use crate::clevertap::upload::{BETWEEN, CLOSES, OPENS};
use crate::mapping::Warning;
use crate::store::{HeldKey, Manifest, NewBatch};

/// Records on their way, within the body of the call that carries them: nothing is copied to send it, or to send it again.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    /// From 1, within the run.
    pub number: u64,
    body: Bytes,
    lines: Vec<Line>,
    /// Rows that gave way to each record's, inside BigQuery. Empty where none did.
    gave_way: Vec<u64>,
    warned: Warned,
    /// The batch in doubt whose records these are.
    pub instead_of: Option<u64>,
}

/// One record of a batch.
#[derive(Clone, Copy, Debug)]
struct Line {
    /// The row's place in the query's result, from 1.
    position: u64,
    /// By which the row is known in another result.
    key: HeldKey,
    /// Where the record ends in the body.
    end: usize,
}

/// A batch that is being filled.
#[derive(Debug)]
pub(super) struct Filling {
    body: Vec<u8>,
    lines: Vec<Line>,
    gave_way: Vec<u64>,
    warned: Warned,
    pub instead_of: Option<u64>,
}

impl Filling {
    pub fn new(instead_of: Option<u64>) -> Self {
        Self {
            body: OPENS.to_vec(),
            lines: Vec::new(),
            gave_way: Vec::new(),
            warned: Warned::default(),
            instead_of,
        }
    }

    /// With room for as much as another holds, so that it need not grow.
    pub fn like(other: &Batch) -> Self {
        let mut filling = Self::new(other.instead_of);
        filling.body.reserve_exact(other.body.len() + other.body.len() / 16);
        filling.lines.reserve_exact(other.lines.len());
        filling
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Bytes so far.
    pub fn size(&self) -> usize {
        self.body.len()
    }

    /// Adds the record that `write` appends, where it says that it did.
    /// `gave_way` tells how many rows of its identity its row stands for, besides itself.
    pub fn add(&mut self, position: u64, gave_way: u64, key: HeldKey, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let before = self.body.len();
        if !self.is_empty() {
            self.body.push(BETWEEN);
        }
        if !write(&mut self.body) {
            self.body.truncate(before);
            return;
        }
        let end = self.body.len();
        self.lines.push(Line { position, key, end });
        if gave_way > 0 || !self.gave_way.is_empty() {
            self.gave_way.resize(self.lines.len() - 1, 0);
            self.gave_way.push(gave_way);
        }
    }

    /// Notes what CleverTap will cut or change of the record that was added last.
    pub fn warn(&mut self, warnings: impl IntoIterator<Item = Warning>) {
        if let Some(place) = self.lines.len().checked_sub(1) {
            self.warned.note(place, warnings);
        }
    }

    /// The batch, once it has all of its records.
    pub fn close(mut self, number: u64) -> Batch {
        self.body.extend_from_slice(CLOSES);
        Batch {
            number,
            body: self.body.into(),
            lines: self.lines,
            gave_way: self.gave_way,
            warned: self.warned,
            instead_of: self.instead_of,
        }
    }
}

impl Batch {
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// About how many bytes it takes, the ledger's share with it.
    pub fn size(&self) -> usize {
        self.body.len() + 3 * size_of::<Line>() * self.lines.len() + self.warned.size()
    }

    /// The body of the call that carries the whole batch.
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }

    pub fn record(&self, place: usize) -> &[u8] {
        let start = match place.checked_sub(1) {
            None => OPENS.len(),
            Some(before) => self.lines[before].end + 1,
        };
        &self.body[start..self.lines[place].end]
    }

    pub fn position(&self, place: usize) -> u64 {
        self.lines[place].position
    }

    /// The identity that a record is about: the value of its first key, whichever that is.
    pub fn identity(&self, place: usize) -> Cow<'_, str> {
        identity(self.record(place))
    }

    /// Some of its records, as a batch with a number of its own.
    pub fn pick(&self, number: u64, places: impl IntoIterator<Item = usize>) -> Self {
        let mut picked = Filling::new(self.instead_of);
        for place in places {
            let gave_way = self.gave_way.get(place).copied().unwrap_or(0);
            let Line { position, key, .. } = self.lines[place];
            picked.add(position, gave_way, key, |out| {
                out.extend_from_slice(self.record(place));
                true
            });
            picked.warn(self.warned.at(place));
        }
        picked.close(number)
    }

    /// What the ledger keeps of it while its fate is open.
    pub fn entry(&self) -> NewBatch {
        let lines = self.lines.iter().enumerate();
        NewBatch {
            number: self.number,
            manifest: Manifest::pack(lines.map(|(place, line)| (line.position, self.identity(place)))),
            bytes: self.body.len() as u64,
            collapsed: self.gave_way.iter().sum(),
            keys: self.lines.iter().map(|line| line.key).collect(),
            instead_of: self.instead_of,
            warned: self.warned.counted(),
        }
    }
}

fn identity(record: &[u8]) -> Cow<'_, str> {
    let Some(colon) = record.iter().position(|byte| *byte == b':') else {
        return Cow::Borrowed("");
    };
    let value = &record[colon + 1..];
    plain(value).map_or_else(|| Cow::Owned(unescaped(value)), Cow::Borrowed)
}

/// The text that the value begins with, where nothing in it is escaped.
fn plain(value: &[u8]) -> Option<&str> {
    let text = value.strip_prefix(b"\"")?;
    let end = text.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    (text[end] == b'"').then(|| std::str::from_utf8(&text[..end]).ok())?
}

fn unescaped(value: &[u8]) -> String {
    let mut values = serde_json::Deserializer::from_slice(value).into_iter::<String>();
    values.next().and_then(Result::ok).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Batch, Filling, HeldKey};

    fn filling(identities: &[&str]) -> Filling {
        let mut filling = Filling::new(None);
        for (position, identity) in (1..).zip(identities) {
            filling.add(position, 0, HeldKey([0; 16]), |out| {
                out.extend_from_slice(format!(r#"{{"identity":"{identity}","type":"profile"}}"#).as_bytes());
                true
            });
        }
        filling
    }

    fn body(batch: &Batch) -> String {
        String::from_utf8(batch.body().to_vec()).unwrap()
    }

    #[test]
    fn records_keep_their_bytes_places_and_identities() {
        let batch = filling(&["a", r"b\u00e9\n"]).close(1);
        assert_eq!(
            [batch.identity(0), batch.identity(1)],
            ["a", "bé\n"],
            "identities are read as JSON"
        );
        assert_eq!(
            body(&batch),
            r#"{"d":[{"identity":"a","type":"profile"},{"identity":"b\u00e9\n","type":"profile"}]}"#,
            "the call holds the records as they are"
        );
        let last = batch.pick(7, 1..2);
        assert_eq!(
            (last.number, last.position(0), last.record(0)),
            (7, 2, batch.record(1)),
            "a part keeps the places of its records"
        );
        assert_eq!(
            body(&last),
            r#"{"d":[{"identity":"b\u00e9\n","type":"profile"}]}"#,
            "and is a call of its own"
        );
    }

    #[test]
    fn what_was_not_written_leaves_no_trace() {
        let mut filling = filling(&["a"]);
        let whole = filling.size();
        filling.add(2, 0, HeldKey([0; 16]), |out| {
            out.extend_from_slice(b"half");
            false
        });
        assert_eq!((filling.len(), filling.size()), (1, whole), "nothing was added");
        assert_eq!(
            body(&filling.close(1)),
            r#"{"d":[{"identity":"a","type":"profile"}]}"#,
            "not even a comma"
        );
    }
}
