//! Which rows of a result are still to be sent: all of a fresh run's, and of one that is gone on with those that the ledger
//! does not know the fate of.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::run::Positions;
use crate::store::BatchRow;

/// A gap of settled rows up to this long is read in vain rather than leapt over: a call costs more.
pub(super) const LONGEST_GAP: u64 = 5_000;

/// Rows that are read for one purpose.
#[derive(Debug)]
pub(super) struct Part {
    /// The batch in doubt whose rows these are.
    pub instead_of: Option<u64>,
    within: RangeInclusive<u64>,
    wanted: Wanted,
}

/// Which rows of a part are to be sent.
#[derive(Debug)]
enum Wanted {
    AllBut(Positions),
    /// Those of a batch: stretches in their order, none far from the next.
    Only(Vec<RangeInclusive<u64>>),
}

/// The parts of a run in the order in which they are read. What is in doubt goes before all else.
#[derive(Debug)]
pub(super) struct Left {
    parts: VecDeque<Arc<Part>>,
    next: u64,
}

impl Left {
    /// Of the positions `within`, all but those that are settled, and before them the rows of batches that are to be sent
    /// again.
    pub fn new(within: RangeInclusive<u64>, settled: Positions, again: &[BatchRow]) -> Self {
        let mut left = Self::again(again);
        left.parts.push_back(Arc::new(Part {
            instead_of: None,
            within,
            wanted: Wanted::AllBut(settled),
        }));
        left
    }

    /// The rows of batches that are to be sent again, and no others.
    pub fn again(batches: &[BatchRow]) -> Self {
        let parts = batches.iter().flat_map(|batch| {
            let mut stretches = batch.positions.clone();
            stretches.sort_unstable_by_key(|stretch| *stretch.start());
            let near = stretches.chunk_by(|one, next| next.start().saturating_sub(*one.end()) <= LONGEST_GAP);
            let parts = near.map(|stretches| {
                Arc::new(Part {
                    instead_of: Some(batch.number),
                    within: *stretches[0].start()..=*stretches[stretches.len() - 1].end(),
                    wanted: Wanted::Only(stretches.to_vec()),
                })
            });
            parts.collect::<Vec<_>>()
        });
        Self {
            parts: parts.collect(),
            next: 0,
        }
    }

    /// The next stretch of positions to read, and whose they are.
    pub fn next(&mut self) -> Option<(Arc<Part>, RangeInclusive<u64>)> {
        loop {
            let part = self.parts.front()?;
            let from = self.next.max(*part.within.start());
            let stretch = match &part.wanted {
                Wanted::AllBut(settled) => settled.next_missing(from..=*part.within.end(), LONGEST_GAP),
                Wanted::Only(_) => (from <= *part.within.end()).then(|| part.within.clone()),
            };
            if let Some(stretch) = stretch {
                self.next = stretch.end() + 1;
                return Some((Arc::clone(part), stretch));
            }
            self.parts.pop_front();
            self.next = 0;
        }
    }
}

impl Part {
    /// Whether the row at this position is to be sent.
    pub fn wants(&self, position: u64) -> bool {
        match &self.wanted {
            Wanted::AllBut(settled) => !settled.contains(position),
            Wanted::Only(stretches) => {
                let after = stretches.partition_point(|stretch| *stretch.end() < position);
                stretches.get(after).is_some_and(|stretch| stretch.contains(&position))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Left;
    use crate::run::Positions;
    use crate::store::{Answered, BatchRow, BatchState};

    #[test]
    fn a_fresh_run_reads_all_and_an_empty_one_nothing() {
        let mut left = Left::new(1..=25_000, Positions::default(), &[]);
        assert_eq!(left.next().map(|(_, span)| span), Some(1..=25_000));
        assert!(left.next().is_none(), "once");
        #[allow(clippy::reversed_empty_ranges, reason = "the positions of no rows")]
        let mut none = Left::new(1..=0, Positions::default(), &[]);
        assert!(none.next().is_none(), "there is nothing to read");
    }

    #[test]
    fn what_is_settled_is_leapt_over_or_left_out() {
        let mut settled = Positions::default();
        settled.add(1..=1_000);
        settled.add(2_001..=3_000);
        settled.add(4_001..=90_000);
        let mut left = Left::new(1..=100_000, settled, &[]);
        let (part, span) = left.next().unwrap();
        assert_eq!(span, 1_001..=4_000, "a short gap is read in vain");
        assert!(part.wants(1_001) && !part.wants(2_001), "and left out");
        assert_eq!(
            left.next().map(|(_, span)| span),
            Some(90_001..=100_000),
            "a long one is not"
        );
        assert!(left.next().is_none(), "that is all");
    }

    #[test]
    fn the_rows_of_a_batch_are_read_at_once_and_those_between_them_left_out() {
        let batch = BatchRow {
            number: 7,
            state: BatchState::InDoubt,
            first_row: 1,
            last_row: 90_001,
            records: 751,
            answered: Answered::default(),
            manifest: Vec::new(),
            // Every fourth row was rejected, and one lies far away.
            positions: (0..250)
                .map(|n| n * 4 + 1..=n * 4 + 3)
                .chain([90_001..=90_001])
                .collect(),
            instead_of: None,
        };
        let mut left = Left::again(&[batch]);
        let (part, span) = left.next().unwrap();
        assert_eq!((part.instead_of, span), (Some(7), 1..=999), "one call for them all");
        assert!(
            part.wants(3) && !part.wants(4) && part.wants(5),
            "without what lies between"
        );
        let far = left.next().map(|(part, span)| (part.wants(90_001), span));
        assert_eq!(far, Some((true, 90_001..=90_001)), "what lies far away is leapt to");
        assert!(left.next().is_none(), "that is all");
    }
}
