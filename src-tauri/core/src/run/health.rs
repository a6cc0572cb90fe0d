//! Health: delivered ÷ attempted, never rounded up to 100, and never ambiguous when there is nothing to divide.

use super::{Counts, Outcome};

/// How healthy a run is, in words and in colour.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    pub words: String,
    /// Cut to two decimals. Absent where nothing was attempted.
    pub percent: Option<f64>,
    pub tone: Tone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// All was delivered.
    Good,
    /// At least half.
    Partial,
    Bad,
    /// Nothing to judge.
    Neutral,
}

impl Health {
    pub fn of(outcome: Option<Outcome>, counts: &Counts) -> Self {
        let attempted = counts.attempted();
        let Some(outcome) = outcome else {
            return Self::neutral("Not finished");
        };
        if attempted == 0 {
            return Self::neutral(match outcome {
                Outcome::Completed | Outcome::CompletedWithRejects | Outcome::CompletedInDoubt => "Nothing to do",
                Outcome::Failed => "Could not look",
                Outcome::Stopped | Outcome::Interrupted => "Not finished",
            });
        }
        // In whole hundredths of a percent, cut: 99.996 stays below 100.
        let hundredths = u128::from(counts.delivered) * 10_000 / u128::from(attempted);
        let (whole, rest) = (hundredths / 100, hundredths % 100);
        // Of a run that ended early it judges what was tried, and must not be taken for the whole.
        let so_far = if outcome.is_early() { " so far" } else { "" };
        Self {
            words: if rest == 0 {
                format!("{whole} %{so_far}")
            } else {
                format!("{whole}.{rest:02} %{so_far}")
            },
            percent: u32::try_from(hundredths)
                .ok()
                .map(|hundredths| f64::from(hundredths) / 100.0),
            tone: match hundredths {
                10_000.. => Tone::Good,
                5_000..10_000 => Tone::Partial,
                _ => Tone::Bad,
            },
        }
    }

    fn neutral(words: &str) -> Self {
        Self {
            words: words.to_owned(),
            percent: None,
            tone: Tone::Neutral,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Health, Outcome, Tone};

    fn counts(delivered: u64, rejected: u64, in_doubt: u64) -> Counts {
        Counts {
            delivered,
            rejected,
            in_doubt,
            ..Counts::default()
        }
    }

    #[test]
    fn health_is_cut_and_coloured() {
        let rows = [
            (counts(10, 0, 0), "100 %", Tone::Good),
            (counts(99_999, 1, 0), "99.99 %", Tone::Partial),
            (counts(9_999_999_999, 1, 0), "99.99 %", Tone::Partial),
            (counts(1, 0, 1), "50 %", Tone::Partial),
            (counts(49_999, 50_001, 0), "49.99 %", Tone::Bad),
            (counts(0, 3, 0), "0 %", Tone::Bad),
        ];
        for (counts, words, tone) in rows {
            let health = Health::of(Some(Outcome::Completed), &counts);
            assert_eq!((health.words.as_str(), health.tone), (words, tone), "for {counts:?}");
        }
    }

    #[test]
    fn a_run_that_ended_early_is_judged_by_what_was_tried_and_says_so() {
        for outcome in [Outcome::Stopped, Outcome::Interrupted, Outcome::Failed] {
            let health = Health::of(Some(outcome), &counts(10, 0, 0));
            assert_eq!(health.words, "100 % so far", "for {outcome:?}");
        }
    }

    #[test]
    fn three_kinds_of_nothing_are_told_apart() {
        let nothing = Counts::default();
        let rows = [
            (Some(Outcome::Completed), "Nothing to do"),
            (Some(Outcome::Failed), "Could not look"),
            (Some(Outcome::Stopped), "Not finished"),
            (Some(Outcome::Interrupted), "Not finished"),
            (None, "Not finished"),
        ];
        for (outcome, words) in rows {
            let health = Health::of(outcome, &nothing);
            assert_eq!(
                (health.words.as_str(), health.percent),
                (words, None),
                "for {outcome:?}"
            );
        }
    }
}
