//! How a run is doing, for somebody who watches: a few times a second, never for every row.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::run::{Counts, Run};

/// A run at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    pub run: Run,
    /// Records whose fate became known, lately.
    pub records_per_second: Option<f64>,
    pub seconds_left: Option<u64>,
}

/// At most four times a second.
pub(super) const EVERY: Duration = Duration::from_millis(250);
/// The rate is that of the last few seconds.
const LATELY: Duration = Duration::from_secs(8);

/// Remembers the last few seconds.
#[derive(Default)]
pub(super) struct Speed {
    seen: VecDeque<(Instant, u64)>,
}

impl Speed {
    /// Rate and time left, with what is known now.
    pub fn at(&mut self, now: Instant, counts: &Counts) -> (Option<f64>, Option<u64>) {
        let done = counts.attempted();
        // What is known of rows is taken back where they are tried once more: then there is no speed for a while.
        if self.seen.back().is_some_and(|(_, before)| done < *before) {
            self.seen.clear();
        }
        self.seen.push_back((now, done));
        while self.seen.len() > 2
            && self
                .seen
                .front()
                .is_some_and(|(then, _)| now.duration_since(*then) > LATELY)
        {
            self.seen.pop_front();
        }
        let rate = self.seen.front().and_then(|(then, before)| {
            let seconds = now.duration_since(*then).as_secs_f64();
            #[allow(clippy::cast_precision_loss, reason = "a rate for reading")]
            (seconds >= 0.5).then(|| (done - before) as f64 / seconds)
        });
        let left = counts.expected.map(|rows| rows.saturating_sub(done));
        let seconds_left = match (rate, left) {
            (Some(rate), Some(left)) if rate > 0.0 => Some(seconds(left, rate)),
            _ => None,
        };
        (rate, seconds_left)
    }
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "time left for reading; both are positive, and a cast to u64 stops at its end"
)]
fn seconds(left: u64, rate: f64) -> u64 {
    (left as f64 / rate).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::Speed;
    use crate::run::Counts;
    use std::time::{Duration, Instant};

    #[test]
    fn rate_and_time_left_come_from_the_last_few_seconds() {
        let start = Instant::now();
        let mut speed = Speed::default();
        let counts = |delivered| Counts {
            delivered,
            expected: Some(10_000),
            ..Counts::default()
        };
        assert_eq!(speed.at(start, &counts(0)), (None, None), "one look gives no rate");
        let (rate, left) = speed.at(start + Duration::from_secs(2), &counts(2_000));
        assert_eq!(
            (rate, left),
            (Some(1_000.0), Some(8)),
            "8,000 are left at 1,000 a second"
        );
        let (rate, _) = speed.at(start + Duration::from_secs(20), &counts(2_000));
        assert_eq!(rate, Some(0.0), "what was long ago does not count");
    }

    #[test]
    fn where_rows_are_taken_back_the_speed_is_told_anew() {
        let start = Instant::now();
        let mut speed = Speed::default();
        let counts = |delivered| Counts {
            delivered,
            ..Counts::default()
        };
        let rates = [(0, 2_000), (1, 500), (3, 1_500)].map(|(second, delivered)| {
            let (rate, _) = speed.at(start + Duration::from_secs(second), &counts(delivered));
            rate
        });
        assert_eq!(
            rates,
            [None, None, Some(500.0)],
            "a run's counts go back where a result expires"
        );
    }
}
