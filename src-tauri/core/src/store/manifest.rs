//! How a batch's rows are written in its line of the ledger: the manifest while its fate is open, and the positions of its
//! records, which stay.

use std::ops::RangeInclusive;

/// The records of a batch that is about to leave, as the ledger writes them.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    pub(super) lines: Vec<u8>,
    pub(super) positions: Vec<u8>,
    pub(super) records: u64,
    /// The lowest position and the highest. Both 0 where there is no record.
    pub(super) span: (u64, u64),
}

impl Manifest {
    /// Each record's position in the result, from 1, and its identity, in the order of the batch.
    pub fn pack<I: AsRef<str>>(records: impl IntoIterator<Item = (u64, I)>) -> Self {
        let mut lines = Lines::default();
        let positions: Vec<u64> = records
            .into_iter()
            .map(|(position, identity)| {
                lines.add(position, identity.as_ref());
                position
            })
            .collect();
        let lowest = positions.iter().min().copied().unwrap_or(0);
        let highest = positions.iter().max().copied().unwrap_or(0);
        Self {
            lines: lines.bytes,
            records: positions.len() as u64,
            span: (lowest, highest),
            positions: positions_bytes(positions),
        }
    }
}

/// One record of an open batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestLine {
    /// The row's place in the query's result, from 1.
    pub position: u64,
    pub identity: String,
}

/// The shape of the manifest, so that a later Tapline can tell its own from this one: position and identity alone.
const SHAPE: u8 = 1;

/// Shape, then for each record the distance to the last position, the identity's length and the identity.
struct Lines {
    bytes: Vec<u8>,
    last: u64,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            bytes: vec![SHAPE],
            last: 0,
        }
    }
}

impl Lines {
    fn add(&mut self, position: u64, identity: &str) {
        // Positions mostly rise; a batch put together again may not, so the distance wraps.
        put_number(&mut self.bytes, position.wrapping_sub(self.last));
        put_number(&mut self.bytes, identity.len() as u64);
        self.bytes.extend_from_slice(identity.as_bytes());
        self.last = position;
    }
}

pub(super) fn manifest_back(bytes: &[u8]) -> Option<Vec<ManifestLine>> {
    let (&shape, mut rest) = bytes.split_first()?;
    if shape != SHAPE {
        return None;
    }
    let mut lines = Vec::new();
    let mut last = 0_u64;
    while !rest.is_empty() {
        last = last.wrapping_add(take_number(&mut rest)?);
        let length = usize::try_from(take_number(&mut rest)?).ok()?;
        let (identity, after) = rest.split_at_checked(length)?;
        rest = after;
        lines.push(ManifestLine {
            position: last,
            identity: std::str::from_utf8(identity).ok()?.to_owned(),
        });
    }
    Some(lines)
}

/// For each stretch of positions the distance to the one before, and how many more follow its first. A batch of rows that
/// lie together takes a few bytes.
fn positions_bytes(positions: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut end = 0_u64;
    let mut stretch: Option<RangeInclusive<u64>> = None;
    for position in positions {
        stretch = match stretch {
            Some(open) if open.end().wrapping_add(1) == position => Some(*open.start()..=position),
            before => {
                put_stretch(&mut bytes, &mut end, before);
                Some(position..=position)
            }
        };
    }
    put_stretch(&mut bytes, &mut end, stretch);
    bytes
}

fn put_stretch(bytes: &mut Vec<u8>, end: &mut u64, stretch: Option<RangeInclusive<u64>>) {
    if let Some(stretch) = stretch {
        put_number(bytes, stretch.start().wrapping_sub(*end));
        put_number(bytes, stretch.end() - stretch.start());
        *end = *stretch.end();
    }
}

pub(super) fn positions_back(mut bytes: &[u8]) -> Option<Vec<RangeInclusive<u64>>> {
    let mut stretches = Vec::new();
    let mut end = 0_u64;
    while !bytes.is_empty() {
        let first = end.wrapping_add(take_number(&mut bytes)?);
        end = first.checked_add(take_number(&mut bytes)?)?;
        stretches.push(first..=end);
    }
    Some(stretches)
}

/// Seven bits a byte, the low ones first.
fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Manifest, ManifestLine, manifest_back, positions_back, positions_bytes};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_manifest_comes_back_as_it_was(lines in prop::collection::vec((any::<u64>(), ".{0,200}"), 0..50)) {
            let packed = Manifest::pack(lines.iter().map(|(position, identity)| (*position, identity)));
            let lines: Vec<ManifestLine> = lines
                .into_iter()
                .map(|(position, identity)| ManifestLine { position, identity })
                .collect();
            prop_assert_eq!(packed.records, lines.len() as u64);
            prop_assert_eq!(manifest_back(&packed.lines), Some(lines));
        }

        #[test]
        fn a_damaged_manifest_is_never_read_beyond_its_end(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = (manifest_back(&bytes), positions_back(&bytes));
        }

        #[test]
        fn positions_come_back_as_they_were(gaps in prop::collection::vec(1..5_u64, 0..400)) {
            let positions: Vec<u64> = gaps.iter().scan(0, |at, gap| { *at += gap; Some(*at) }).collect();
            let back = positions_back(&positions_bytes(positions.iter().copied())).expect("its own bytes");
            prop_assert_eq!(back.into_iter().flatten().collect::<Vec<_>>(), positions);
        }
    }

    #[test]
    fn rows_that_lie_together_take_a_few_bytes() {
        let bytes = positions_bytes(99_000_001..=99_001_000);
        assert!(bytes.len() <= 6, "a thousand delivered rows take {} bytes", bytes.len());
    }

    #[test]
    fn a_manifest_of_another_shape_is_damage() {
        assert_eq!(
            manifest_back(&[9, 1, 1, b'a']),
            None,
            "what a later version wrote must not be read as ours"
        );
    }
}
