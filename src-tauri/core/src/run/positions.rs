//! A set of positions in a query's result: one bit a row at most, however the rows lie.

use std::ops::RangeInclusive;

/// Positions in a chunk.
const CHUNK: u64 = 1 << 16;
const WORDS: usize = 1 << 10;

/// Positions from 1. A hundred million of them need 12 MB at most, and nothing where they lie together.
#[derive(Clone, Debug, Default)]
pub struct Positions {
    chunks: Vec<Chunk>,
}

#[derive(Clone, Debug, Default)]
enum Chunk {
    #[default]
    Empty,
    Some {
        words: Box<[u64; WORDS]>,
        count: u64,
    },
    Full,
}

impl Positions {
    /// Adds all positions of the range.
    pub fn add(&mut self, range: RangeInclusive<u64>) {
        let (mut next, last) = (*range.start(), *range.end());
        while next <= last {
            let (place, first) = (next / CHUNK, next % CHUNK);
            let until = last.min(place * CHUNK + CHUNK - 1);
            let chunk = self.chunk(usize::try_from(place).unwrap_or(usize::MAX));
            if first == 0 && until % CHUNK == CHUNK - 1 {
                *chunk = Chunk::Full;
            } else {
                (first..=until % CHUNK).for_each(|bit| chunk.set(bit));
            }
            next = until + 1;
        }
    }

    pub fn contains(&self, position: u64) -> bool {
        let place = usize::try_from(position / CHUNK).unwrap_or(usize::MAX);
        match self.chunks.get(place) {
            None | Some(Chunk::Empty) => false,
            Some(Chunk::Full) => true,
            Some(Chunk::Some { words, .. }) => {
                let (word, bit) = split(position % CHUNK);
                words[word] & (1 << bit) != 0
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.chunks.iter().all(|chunk| matches!(chunk, Chunk::Empty))
    }

    /// The next stretch of `within` that is to be read for the rows that are not in the set. It starts and ends with such a
    /// row, and leaps over a gap only where that is longer than `gap`: asking anew costs more than a few rows in vain.
    pub fn next_missing(&self, within: RangeInclusive<u64>, gap: u64) -> Option<RangeInclusive<u64>> {
        let first = self.first_missing(*within.start(), *within.end())?;
        let (mut last, mut next) = (first, first);
        while next < *within.end() && next - last <= gap {
            next += 1;
            if self.is_full_from(next) {
                next += CHUNK - 1;
            } else if !self.contains(next) {
                last = next;
            }
        }
        Some(first..=last)
    }

    fn first_missing(&self, mut position: u64, last: u64) -> Option<u64> {
        while position <= last {
            if self.is_full_from(position) {
                position += CHUNK;
            } else if self.contains(position) {
                position += 1;
            } else {
                return Some(position);
            }
        }
        None
    }

    /// Whether a whole chunk begins here and every position of it is in the set.
    fn is_full_from(&self, position: u64) -> bool {
        let place = usize::try_from(position / CHUNK).unwrap_or(usize::MAX);
        position.is_multiple_of(CHUNK) && matches!(self.chunks.get(place), Some(Chunk::Full))
    }

    fn chunk(&mut self, place: usize) -> &mut Chunk {
        if self.chunks.len() <= place {
            self.chunks.resize_with(place + 1, Chunk::default);
        }
        &mut self.chunks[place]
    }
}

impl Chunk {
    fn set(&mut self, position: u64) {
        if matches!(self, Self::Empty) {
            *self = Self::Some {
                words: Box::new([0; WORDS]),
                count: 0,
            };
        }
        if let Self::Some { words, count } = self {
            let (word, bit) = split(position);
            if words[word] & (1 << bit) == 0 {
                words[word] |= 1 << bit;
                *count += 1;
            }
            if *count == CHUNK {
                *self = Self::Full;
            }
        }
    }
}

/// Word and bit of a position within its chunk.
fn split(position: u64) -> (usize, u64) {
    (usize::try_from(position / 64).unwrap_or(0), position % 64)
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, Positions};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        // Each case walks hundreds of thousands of positions.
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn it_holds_what_was_added_and_nothing_else(
            ranges in prop::collection::vec((1..3 * CHUNK, 0..2 * CHUNK), 0..12),
            gap in 0..2000_u64,
        ) {
            let mut positions = Positions::default();
            let mut model = BTreeSet::new();
            for (first, more) in ranges {
                positions.add(first..=first + more);
                model.extend(first..=first + more);
            }
            let last = 5 * CHUNK + 7;
            let mut read = 1;
            let mut missing = 0;
            while let Some(span) = positions.next_missing(read..=last, gap) {
                prop_assert!((read..*span.start()).all(|p| model.contains(&p)), "what is leapt over is in the set");
                prop_assert!(!model.contains(span.start()) && !model.contains(span.end()), "no span begins or ends in vain");
                missing += span.clone().filter(|p| !model.contains(p)).count();
                prop_assert!(span.clone().all(|p| positions.contains(p) == model.contains(&p)));
                read = span.end() + 1;
            }
            prop_assert_eq!(missing, (1..=last).filter(|p| !model.contains(p)).count(), "every missing row is read");
        }
    }

    #[test]
    fn rows_that_lie_together_need_no_memory() {
        let mut positions = Positions::default();
        for batch in 0..2_000_u64 {
            positions.add(batch * 1_000 + 1..=batch * 1_000 + 1_000);
        }
        let held = positions
            .chunks
            .iter()
            .filter(|chunk| matches!(chunk, super::Chunk::Some { .. }));
        assert!(held.count() <= 2, "only the chunks at the ends are in part");
        assert_eq!(positions.next_missing(1..=2_000_000, 0), None, "nothing is missing");
        assert_eq!(
            positions.next_missing(1..=2_000_002, 0),
            Some(2_000_001..=2_000_002),
            "but what follows"
        );
    }
}
