//! How many calls may be in flight: starts low, grows by one a second while nobody complains, halves when CleverTap says
//! that there are too many. One pace for an account, whatever runs send to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::places::{Place, Places};
use crate::clevertap::upload::MOST_IN_FLIGHT;

const START: usize = 4;
const GROWS_EVERY: Duration = Duration::from_secs(1);
/// Refusals that come together are one: they were all sent under the same limit.
const HALVES_EVERY: Duration = Duration::from_secs(1);

/// The pace of one account. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Pace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    freed: Notify,
    /// What processes share. Without it, this process counts alone.
    places: Option<Places>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    in_flight: usize,
    grown: Instant,
    halved: Option<Instant>,
}

/// Leave to make one call at a time. Given back when dropped.
#[derive(Debug)]
pub(super) struct Leave {
    pace: Pace,
    /// Held for its lock.
    place: Option<Place>,
}

impl Pace {
    pub fn new(places: Option<Places>) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::new(State {
                limit: START,
                in_flight: 0,
                grown: Instant::now(),
                halved: None,
            }),
            freed: Notify::new(),
            places,
        }))
    }

    /// Waits until another call may be made.
    pub async fn leave(&self) -> Leave {
        let mut leave = self.own_leave().await;
        if let Some(places) = &self.0.places {
            leave.place = Some(places.take().await);
        }
        leave
    }

    async fn own_leave(&self) -> Leave {
        loop {
            let freed = self.0.freed.notified();
            {
                let mut state = self.state();
                if state.in_flight < state.limit {
                    state.in_flight += 1;
                    return Leave {
                        pace: self.clone(),
                        place: None,
                    };
                }
            }
            freed.await;
        }
    }

    /// A call was answered and nobody complained.
    pub fn went_well(&self) {
        self.went_well_at(Instant::now());
    }

    /// CleverTap said that there are too many.
    pub fn too_many(&self) {
        self.too_many_at(Instant::now());
    }

    fn went_well_at(&self, now: Instant) {
        let mut state = self.state();
        let busy = state.in_flight >= state.limit;
        if busy && state.limit < MOST_IN_FLIGHT && now.duration_since(state.grown) >= GROWS_EVERY {
            state.limit += 1;
            state.grown = now;
            drop(state);
            self.0.freed.notify_one();
        }
    }

    fn too_many_at(&self, now: Instant) {
        let mut state = self.state();
        let already = state
            .halved
            .is_some_and(|before| now.duration_since(before) < HALVES_EVERY);
        if !already {
            state.limit = (state.limit / 2).max(1);
            state.halved = Some(now);
            state.grown = now;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.pace.state().in_flight -= 1;
        self.pace.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_IN_FLIGHT, Pace, START};
    use std::time::{Duration, Instant};

    /// A pace whose every leave is taken.
    async fn busy() -> (Pace, Vec<super::Leave>) {
        let pace = Pace::new(None);
        let mut taken = Vec::new();
        for _ in 0..START {
            taken.push(pace.leave().await);
        }
        (pace, taken)
    }

    #[tokio::test]
    async fn it_grows_by_one_a_second_up_to_the_accounts_limit() {
        let (pace, mut taken) = busy().await;
        let mut now = Instant::now();
        for _ in 0..30 {
            now += Duration::from_secs(1);
            pace.went_well_at(now);
            pace.went_well_at(now);
            // Two looks at the state in one condition would wait for each other.
            let limit = pace.state().limit;
            while taken.len() < limit {
                taken.push(pace.leave().await);
            }
        }
        assert_eq!(taken.len(), MOST_IN_FLIGHT, "never above what CleverTap allows");
    }

    #[tokio::test]
    async fn it_does_not_grow_while_there_is_room() {
        let pace = Pace::new(None);
        pace.went_well_at(Instant::now() + Duration::from_secs(5));
        assert_eq!(pace.state().limit, START, "what is not used need not grow");
    }

    #[tokio::test]
    async fn refusals_that_come_together_halve_it_once() {
        let (pace, _taken) = busy().await;
        let now = Instant::now();
        pace.too_many_at(now);
        pace.too_many_at(now);
        assert_eq!(pace.state().limit, START / 2, "one refusal, told twice");
        for second in 1..10 {
            pace.too_many_at(now + Duration::from_secs(second));
        }
        assert_eq!(pace.state().limit, 1, "one call at a time remains");
    }

    #[tokio::test]
    async fn a_leave_given_back_lets_the_next_one_go() {
        let (pace, mut taken) = busy().await;
        let waiting = tokio::spawn({
            let pace = pace.clone();
            async move { drop(pace.leave().await) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "all are taken");
        taken.pop();
        waiting.await.expect("it goes as soon as one is free");
    }
}
