//! How many calls may be in flight: starts low, grows by one a second while nobody complains, halves when CleverTap says
//! that there are too many. It remembers at how many that was, is soon back below it, and tries as many again only now and
//! then: another sender may hold the rest of the account's places for hours. One pace for an account, whatever runs send to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::places::{Place, Places};
use crate::clevertap::upload::MOST_IN_FLIGHT;

const START: usize = 4;
/// After so many calls without an answer, one after the other, CleverTap is held to be silent.
const SILENT_AFTER: usize = 3;
const GROWS_EVERY: Duration = Duration::from_secs(1);
/// The same below what was refused: as many as that went well before.
const GROWS_BACK_EVERY: Duration = Duration::from_millis(200);
/// How long it stays below what was too many before it tries that again; twice as long each time that it still is.
const TRIES_AGAIN_AFTER: Duration = Duration::from_mins(1);
const TRIES_AGAIN_AT_LEAST_EVERY: Duration = Duration::from_mins(16);

/// The pace of one account. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Pace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    freed: Notify,
    /// What processes share. Without it, this process counts alone.
    places: Option<Places>,
    /// Held by the one who asks whether CleverTap answers again.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// What the limit never grows beyond.
    ceiling: usize,
    in_flight: usize,
    grown: Instant,
    halved: Option<Instant>,
    too_many: Option<TooMany>,
    /// Calls in a row that may have arrived and were not answered.
    unanswered: usize,
}

/// As many as were refused.
#[derive(Clone, Copy, Debug)]
struct TooMany {
    calls: usize,
    /// How long to stay below them.
    patience: Duration,
}

/// Leave to make one call at a time. Given back when dropped.
#[derive(Debug)]
pub(super) struct Leave {
    pace: Pace,
    since: Instant,
    /// Held for its lock.
    place: Option<Place>,
}

impl Pace {
    pub fn new(places: Option<Places>) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::new(State {
                limit: START,
                ceiling: MOST_IN_FLIGHT,
                in_flight: 0,
                grown: Instant::now(),
                halved: None,
                too_many: None,
                unanswered: 0,
            }),
            freed: Notify::new(),
            places,
            asking: tokio::sync::Mutex::new(()),
        }))
    }

    /// At most so many calls in flight from now on, in all processes on this store.
    pub fn allow(&self, calls: usize) {
        let mut state = self.state();
        state.ceiling = calls.clamp(1, MOST_IN_FLIGHT);
        state.limit = state.limit.min(state.ceiling);
    }

    /// Waits until another call may be made.
    pub async fn leave(&self) -> Leave {
        let mut leave = self.own_leave().await;
        if let Some(places) = &self.0.places {
            let ceiling = self.state().ceiling;
            leave.place = Some(places.take(ceiling).await);
        }
        leave.since = Instant::now();
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
                        since: Instant::now(),
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

    /// CleverTap said to a call made with this leave that there are too many.
    pub fn too_many(&self, leave: &Leave) {
        self.too_many_at(leave.since, Instant::now());
    }

    /// CleverTap, or what stands before it, answered: whatever it said.
    pub fn answered(&self) {
        self.state().unanswered = 0;
    }

    /// A call may have arrived, and no answer came.
    pub fn unanswered(&self) {
        self.state().unanswered += 1;
    }

    /// Whether the last calls all went unanswered. Each more would be in doubt, too.
    pub fn is_silent(&self) -> bool {
        self.state().unanswered >= SILENT_AFTER
    }

    /// Waits for the turn to ask whether CleverTap answers again: one asks for all who send to the account.
    pub async fn turn_to_ask(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.asking.lock().await
    }

    fn went_well_at(&self, now: Instant) {
        if self.state().went_well(now) {
            self.0.freed.notify_one();
        }
    }

    fn too_many_at(&self, sent: Instant, now: Instant) {
        self.state().too_many(sent, now);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether one more call may be made from now on.
    fn went_well(&mut self, now: Instant) -> bool {
        let busy = self.in_flight >= self.limit;
        let wait = match self.too_many {
            Some(too_many) if self.limit + 1 >= too_many.calls => too_many.patience,
            Some(_) => GROWS_BACK_EVERY,
            None => GROWS_EVERY,
        };
        if !busy || self.limit >= self.ceiling || now.duration_since(self.grown) < wait {
            return false;
        }
        if self.too_many.is_some_and(|too_many| self.limit >= too_many.calls) {
            // As many as were refused go well by now: whoever held the places has given them back.
            self.too_many = None;
        }
        self.limit += 1;
        self.grown = now;
        true
    }

    fn too_many(&mut self, sent: Instant, now: Instant) {
        // Refusals of calls that were sent under the same limit are one.
        if self.halved.is_some_and(|halved| sent <= halved) {
            return;
        }
        let refused = self.limit;
        let tried = self.too_many.filter(|known| known.calls == refused);
        let patience = match tried {
            Some(known) => (known.patience * 2).min(TRIES_AGAIN_AT_LEAST_EVERY),
            None => TRIES_AGAIN_AFTER,
        };
        self.too_many = Some(TooMany {
            calls: refused,
            patience,
        });
        // A try that was refused says nothing new: the rest of the calls go on.
        self.limit = match tried {
            Some(_) => refused - 1,
            None => refused / 2,
        }
        .max(1);
        self.halved = Some(now);
        self.grown = now;
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
    async fn it_never_grows_beyond_what_the_account_is_allowed() {
        let (pace, taken) = busy().await;
        pace.allow(2);
        assert_eq!(pace.state().limit, 2, "fewer at once, from the next call on");
        drop(taken);
        let _taken = [pace.leave().await, pace.leave().await];
        pace.went_well_at(Instant::now() + Duration::from_mins(1));
        assert_eq!(pace.state().limit, 2, "whatever goes well");
        pace.allow(9);
        pace.went_well_at(Instant::now() + Duration::from_mins(2));
        assert_eq!(pace.state().limit, 3, "until more are allowed");
    }

    #[tokio::test]
    async fn it_does_not_grow_while_there_is_room() {
        let pace = Pace::new(None);
        pace.went_well_at(Instant::now() + Duration::from_secs(5));
        assert_eq!(pace.state().limit, START, "what is not used need not grow");
    }

    #[tokio::test]
    async fn refusals_that_come_together_halve_it_once() {
        let (pace, taken) = busy().await;
        let now = Instant::now();
        for leave in &taken {
            pace.too_many_at(leave.since, now);
        }
        assert_eq!(pace.state().limit, START / 2, "they were all sent under one limit");
        for second in 1..10 {
            let sent = now + Duration::from_secs(second);
            pace.too_many_at(sent, sent);
        }
        assert_eq!(pace.state().limit, 1, "one call at a time remains");
    }

    #[test]
    fn after_a_refusal_it_is_soon_back_at_what_went_well() {
        let pace = Pace::new(None);
        let mut now = Instant::now();
        let mut calls = |pace: &Pace, places: usize, every: Duration, seconds: f64| {
            let until = now + Duration::from_secs_f64(seconds);
            while now < until {
                now += every;
                let mut state = pace.state();
                state.in_flight = state.limit;
                if state.limit > places {
                    state.too_many(now, now);
                } else {
                    state.went_well(now);
                }
            }
        };
        let every = Duration::from_millis(20);
        calls(&pace, 10, every, 8.0);
        assert!(pace.state().too_many.is_some(), "the eleventh was refused");
        calls(&pace, 10, every, 1.0);
        assert_eq!(
            pace.state().limit,
            10,
            "ten had gone well, and need not be tried one a second"
        );
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

    /// An account with so many places, second by second: how many calls were answered, and how many refused, with answers
    /// that take a second.
    fn simulate(
        pace: &Pace,
        seconds: std::ops::Range<u64>,
        places: impl Fn(u64) -> usize,
        start: Instant,
    ) -> (usize, usize) {
        let (mut answered, mut refused) = (0, 0);
        for second in seconds {
            let now = start + Duration::from_secs(second);
            let calls = pace.state().limit;
            pace.state().in_flight = calls;
            for call in 0..calls {
                if call < places(second) {
                    answered += 1;
                    pace.went_well_at(now);
                } else {
                    refused += 1;
                    pace.too_many_at(now, now);
                }
            }
            pace.state().in_flight = 0;
        }
        (answered, refused)
    }

    #[test]
    fn beside_another_sender_nine_tenths_of_the_rest_are_used_and_hardly_a_call_is_refused() {
        let pace = Pace::new(None);
        let (answered, refused) = simulate(&pace, 1..600, |_| 10, Instant::now());
        assert!(answered >= 600 * 10 * 9 / 10, "{answered} of 6,000 places were used");
        assert!(
            refused * 100 < answered,
            "{refused} calls were refused beside {answered}"
        );
    }

    #[test]
    fn places_that_another_sender_gives_back_are_found() {
        let pace = Pace::new(None);
        let start = Instant::now();
        simulate(&pace, 1..200, |_| 10, start);
        assert_eq!(pace.state().limit, 10, "it stays below what was refused");
        simulate(&pace, 200..600, |_| MOST_IN_FLIGHT, start);
        assert_eq!(pace.state().limit, MOST_IN_FLIGHT, "and tries again now and then");
    }

    #[test]
    fn places_that_another_sender_takes_are_left_to_it() {
        let pace = Pace::new(None);
        let start = Instant::now();
        simulate(&pace, 1..60, |_| MOST_IN_FLIGHT, start);
        let (answered, refused) = simulate(&pace, 60..660, |_| 3, start);
        assert!(pace.state().limit <= 3, "three are left to us: {}", pace.state().limit);
        assert!(
            refused * 50 < answered,
            "{refused} calls were refused beside {answered}"
        );
    }
}
