//! What time it is, asked of one place, so that a test can answer instead.

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

/// Tells the time. Cheap to clone; all clones tell the same.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// This computer's clock.
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// A clock that stands still.
    pub fn fixed(at: Timestamp) -> Self {
        Self(Arc::new(move || at))
    }

    /// This computer's clock, ahead by `by` (behind, where negative), as on a computer with a wrong clock.
    pub fn ahead(by: SignedDuration) -> Self {
        Self(Arc::new(move || {
            let now = Timestamp::now();
            now.checked_add(by).unwrap_or(now)
        }))
    }

    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn a_clock_that_is_ahead_stays_ahead() {
        let ahead = Clock::ahead(SignedDuration::from_mins(10)).now();
        let by = ahead.duration_since(Timestamp::now());
        assert!(
            by > SignedDuration::from_mins(9) && by <= SignedDuration::from_mins(10),
            "ten minutes ahead, not {by}"
        );
        let noon: Timestamp = "2026-11-23T12:00:00Z".parse().expect("a time");
        assert_eq!(Clock::fixed(noon).now(), noon, "a fixed clock stands still");
    }
}
