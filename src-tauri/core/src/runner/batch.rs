//! A batch: records that travel in one call, each with its place in the result and the identity that it is about.

use std::ops::Range;

use crate::clevertap::upload::envelope;
use crate::store::{HeldKey, ManifestLine, NewBatch};

/// Records on their way. Their bytes lie behind each other, as they were mapped.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    /// From 1, within the run.
    pub number: u64,
    bytes: Vec<u8>,
    /// Where each record ends in `bytes`.
    ends: Vec<usize>,
    lines: Vec<ManifestLine>,
    /// Rows that gave way to each record's, inside BigQuery. Empty where none did.
    gave_way: Vec<u64>,
    /// By which each row is known in another result.
    keys: Vec<HeldKey>,
    /// The batch in doubt whose records these are.
    pub instead_of: Option<u64>,
}

impl Batch {
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Bytes of all records.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Adds the record that `write` appends, where it says that it did.
    /// `gave_way` tells how many rows of its identity its row stands for, besides itself.
    pub fn add(&mut self, position: u64, gave_way: u64, key: HeldKey, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let before = self.bytes.len();
        if !write(&mut self.bytes) {
            self.bytes.truncate(before);
            return;
        }
        self.keys.push(key);
        let identity = identity(&self.bytes[before..]);
        self.ends.push(self.bytes.len());
        self.lines.push(ManifestLine { position, identity });
        self.note_gave_way(gave_way);
    }

    fn note_gave_way(&mut self, rows: u64) {
        if rows > 0 || !self.gave_way.is_empty() {
            self.gave_way.resize(self.lines.len() - 1, 0);
            self.gave_way.push(rows);
        }
    }

    pub fn record(&self, place: usize) -> &[u8] {
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.bytes[start..self.ends[place]]
    }

    pub fn line(&self, place: usize) -> &ManifestLine {
        &self.lines[place]
    }

    pub fn identities(&self) -> Vec<&str> {
        self.lines.iter().map(|line| line.identity.as_str()).collect()
    }

    /// The body of the call that carries the whole batch.
    pub fn body(&self) -> Vec<u8> {
        let commas = self.len();
        envelope((0..self.len()).map(|place| self.record(place)), self.size() + commas)
    }

    /// Some of its records, as a batch with a number of its own.
    pub fn pick(&self, number: u64, places: impl IntoIterator<Item = usize>) -> Self {
        let mut picked = Self {
            number,
            instead_of: self.instead_of,
            ..Self::default()
        };
        for place in places {
            picked.bytes.extend_from_slice(self.record(place));
            picked.ends.push(picked.bytes.len());
            picked.lines.push(self.lines[place].clone());
            picked.keys.push(self.keys[place]);
            picked.note_gave_way(self.gave_way.get(place).copied().unwrap_or(0));
        }
        picked
    }

    pub fn part(&self, number: u64, places: Range<usize>) -> Self {
        self.pick(number, places)
    }

    /// What the ledger keeps of it while its fate is open.
    pub fn entry(&self) -> NewBatch {
        NewBatch {
            number: self.number,
            manifest: self.lines.clone(),
            bytes: self.size() as u64,
            collapsed: self.gave_way.iter().sum(),
            keys: self.keys.clone(),
            instead_of: self.instead_of,
        }
    }
}

/// The identity that a record is about: the value of its first key, whichever that is.
fn identity(record: &[u8]) -> String {
    let Some(colon) = record.iter().position(|byte| *byte == b':') else {
        return String::new();
    };
    let mut values = serde_json::Deserializer::from_slice(&record[colon + 1..]).into_iter::<String>();
    values.next().and_then(Result::ok).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Batch, HeldKey};

    fn batch(identities: &[&str]) -> Batch {
        let mut batch = Batch::default();
        for (position, identity) in (1..).zip(identities) {
            batch.add(position, 0, HeldKey([0; 16]), |out| {
                out.extend_from_slice(format!(r#"{{"identity":"{identity}","type":"profile"}}"#).as_bytes());
                true
            });
        }
        batch
    }

    #[test]
    fn records_keep_their_bytes_places_and_identities() {
        let batch = batch(&["a", r"b\u00e9\n"]);
        assert_eq!(batch.identities(), ["a", "bé\n"], "identities are read as JSON");
        assert_eq!(
            String::from_utf8(batch.body()).unwrap(),
            r#"{"d":[{"identity":"a","type":"profile"},{"identity":"b\u00e9\n","type":"profile"}]}"#,
            "the call holds the records as they are"
        );
        let last = batch.part(7, 1..2);
        assert_eq!(
            (last.number, last.line(0).position, last.record(0)),
            (7, 2, batch.record(1)),
            "a part keeps the places of its records"
        );
    }

    #[test]
    fn what_was_not_written_leaves_no_trace() {
        let mut batch = batch(&["a"]);
        batch.add(2, 0, HeldKey([0; 16]), |out| {
            out.extend_from_slice(b"half");
            false
        });
        assert_eq!(
            (batch.len(), batch.size()),
            (1, batch.record(0).len()),
            "nothing was added"
        );
    }
}
