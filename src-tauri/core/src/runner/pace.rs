//! How many calls may be in flight: starts low, grows by one a second while nobody complains, halves when CleverTap says
//! that there are too many. It remembers at how many that was, is soon back below it, and tries as many again only now and
//! then: another sender may hold the rest of the account's places for hours. One pace for an account, whatever runs send to it.
//!
//! It grows by the clock, not by answers: where each takes three seconds, answers to calls that left together come together,
//! and a second more for each would be three. A call too many is refused at once, however long the others take.

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
    /// Whether a call was answered, and nobody complained since.
    goes_well: bool,
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
    /// Held for its lock, and given back first.
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
                goes_well: false,
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
            let grows = {
                let (mut state, now) = (self.state(), Instant::now());
                if state.take(now) {
                    return Leave {
                        pace: self.clone(),
                        since: now,
                        place: None,
                    };
                }
                state.grows_in(now)
            };
            match grows {
                Some(wait) => _ = tokio::time::timeout(wait, freed).await,
                None => freed.await,
            }
        }
    }

    /// A call was answered and nobody complained.
    pub fn went_well(&self) {
        self.state().goes_well = true;
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
        if self.hears_nothing()
            && let Some(places) = &self.0.places
        {
            places.note_silence();
        }
    }

    /// Whether the last calls all went unanswered, here or in another process on this store. Each more would be in doubt, too.
    pub fn is_silent(&self) -> bool {
        self.hears_nothing() || self.0.places.as_ref().is_some_and(Places::are_silent)
    }

    fn hears_nothing(&self) -> bool {
        self.state().unanswered >= SILENT_AFTER
    }

    /// CleverTap was asked whether it answers again, and did: whatever it said.
    pub fn answers_again(&self) {
        self.answered();
        if let Some(places) = &self.0.places {
            places.end_silence();
        }
    }

    /// Waits for the turn to ask whether CleverTap answers again: one asks for all who send to the account from this process.
    pub async fn turn_to_ask(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.asking.lock().await
    }

    fn too_many_at(&self, sent: Instant, now: Instant) {
        self.state().too_many(sent, now);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leave {
    /// Its place at CleverTap stays taken for [`places::KEPT`](super::places::KEPT), even where this process ends before.
    pub fn keep(&self) {
        if let Some(place) = &self.place {
            place.keep();
        }
    }
}

impl State {
    /// Takes leave for one call, where it may be made.
    fn take(&mut self, now: Instant) -> bool {
        // What is not used need not grow.
        if self.in_flight >= self.limit && self.grows_in(now) == Some(Duration::ZERO) {
            self.grow(now);
        }
        let may = self.in_flight < self.limit;
        self.in_flight += usize::from(may);
        may
    }

    fn grow(&mut self, now: Instant) {
        if self.too_many.is_some_and(|too_many| self.limit >= too_many.calls) {
            // Whoever held the places has given them back.
            self.too_many = None;
        }
        self.limit += 1;
        self.grown = now;
    }

    /// How long it is until one more call may be made, where nobody complains. Nothing where it does not grow by itself.
    fn grows_in(&self, now: Instant) -> Option<Duration> {
        if !self.goes_well || self.limit >= self.ceiling {
            return None;
        }
        let every = match self.too_many {
            Some(too_many) if self.limit + 1 < too_many.calls => GROWS_BACK_EVERY,
            Some(too_many) if self.limit < too_many.calls => too_many.patience,
            // None were refused, or as many go well by now.
            _ => GROWS_EVERY,
        };
        Some((self.grown + every).saturating_duration_since(now))
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
        self.goes_well = false;
        self.grown = now;
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        // Before anybody is told: who goes next would find it locked, and look again only after a while.
        drop(self.place.take());
        self.pace.state().in_flight -= 1;
        self.pace.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_IN_FLIGHT, Pace, Places, SILENT_AFTER, START};
    use std::collections::VecDeque;
    use std::time::{Duration, Instant};

    /// A pace whose every leave is taken, and whose calls go well.
    async fn busy() -> (Pace, Vec<super::Leave>) {
        let pace = Pace::new(None);
        let mut taken = Vec::new();
        for _ in 0..START {
            taken.push(pace.leave().await);
        }
        pace.went_well();
        (pace, taken)
    }

    #[tokio::test]
    async fn it_grows_by_one_a_second_up_to_the_accounts_limit() {
        let (pace, _taken) = busy().await;
        let mut now = Instant::now();
        for second in 1..30 {
            now += Duration::from_secs(1);
            let mut state = pace.state();
            let took = [(); 3].map(|()| state.take(now));
            assert!(!took[1], "second {second}: one more, and no other");
        }
        assert_eq!(
            pace.state().in_flight,
            MOST_IN_FLIGHT,
            "never above what CleverTap allows"
        );
    }

    #[tokio::test]
    async fn it_never_grows_beyond_what_the_account_is_allowed() {
        let (pace, taken) = busy().await;
        pace.allow(2);
        assert_eq!(pace.state().limit, 2, "fewer at once, from the next call on");
        drop(taken);
        let _taken = [pace.leave().await, pace.leave().await];
        let more = |minutes| pace.state().take(Instant::now() + Duration::from_mins(minutes));
        assert!(!more(1), "whatever goes well");
        pace.allow(9);
        assert!(more(2), "until more are allowed");
    }

    #[tokio::test]
    async fn it_does_not_grow_while_there_is_room() {
        let (pace, mut taken) = busy().await;
        taken.pop();
        assert!(
            pace.state().take(Instant::now() + Duration::from_secs(5)),
            "there is room"
        );
        assert_eq!(pace.state().limit, START, "what is not used need not grow");
    }

    #[tokio::test]
    async fn it_does_not_grow_before_anything_went_well() {
        let pace = Pace::new(None);
        let now = Instant::now();
        while pace.state().take(now) {}
        let later = now + Duration::from_mins(1);
        assert!(!pace.state().take(later), "nobody has answered yet");
        pace.went_well();
        assert!(pace.state().take(later), "one did");
        pace.too_many_at(later, later);
        // It was halved, and as many as before are still in flight.
        assert!(!pace.state().take(later + Duration::from_hours(1)), "nobody has since");
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
        let (pace, start) = (Pace::new(None), Instant::now());
        simulate(&pace, 0..8, SHORT, |_| 10, start);
        assert!(pace.state().too_many.is_some(), "the eleventh was refused");
        simulate(&pace, 8..9, SHORT, |_| 10, start);
        assert_eq!(
            pace.state().limit,
            10,
            "ten had gone well, and need not be tried one a second"
        );
    }

    #[test]
    fn it_grows_as_soon_where_answers_take_long() {
        for latency in [SHORT, Duration::from_secs(1), Duration::from_secs(3)] {
            let (pace, start) = (Pace::new(None), Instant::now());
            simulate(&pace, 0..15, latency, |_| MOST_IN_FLIGHT, start);
            assert_eq!(
                pace.state().limit,
                MOST_IN_FLIGHT,
                "the first answer, and eleven seconds, after calls of {latency:?}"
            );
        }
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

    #[tokio::test]
    async fn what_one_process_finds_silent_no_other_sends_to_until_one_has_asked() {
        let folder = tempfile::tempdir().unwrap();
        let process = || Pace::new(Some(Places::new(folder.path().to_owned())));
        let (one, other) = (process(), process());
        for _ in 1..SILENT_AFTER {
            one.unanswered();
        }
        assert!(!one.is_silent() && !other.is_silent(), "so many may be lost by chance");
        one.unanswered();
        assert!(one.is_silent() && other.is_silent(), "who found it tells the other");
        drop(one);
        let later = process();
        assert!(later.is_silent(), "also one that starts when it has ended");
        other.answers_again();
        assert!(!other.is_silent() && !later.is_silent(), "one has asked for all");
    }

    const SHORT: Duration = Duration::from_millis(200);

    /// An account with so many places second by second, whose answers take so long: how many calls were answered, and how
    /// many refused, which takes no time.
    fn simulate(
        pace: &Pace,
        seconds: std::ops::Range<u64>,
        latency: Duration,
        places: impl Fn(u64) -> usize,
        start: Instant,
    ) -> (usize, usize) {
        const TICKS: u64 = 50;
        let (mut answered, mut refused) = (0, 0);
        let mut flying = VecDeque::new();
        for tick in seconds.start * TICKS..seconds.end * TICKS {
            let now = start + Duration::from_millis(tick * 1_000 / TICKS);
            while flying.front().is_some_and(|ends| *ends <= now) {
                flying.pop_front();
                answered += 1;
                pace.went_well();
            }
            let mut state = pace.state();
            state.in_flight = flying.len();
            while state.take(now) {
                if flying.len() < places(tick / TICKS) {
                    flying.push_back(now + latency);
                    continue;
                }
                refused += 1;
                state.too_many(now, now);
                break;
            }
        }
        (answered, refused)
    }

    #[test]
    fn beside_another_sender_nine_tenths_of_the_rest_are_used_and_hardly_a_call_is_refused() {
        for latency in [SHORT, Duration::from_secs(1), Duration::from_secs(3)] {
            let pace = Pace::new(None);
            let (answered, refused) = simulate(&pace, 0..600, latency, |_| 10, Instant::now());
            let all = 600 * 1_000 / usize::try_from(latency.as_millis()).unwrap() * 10;
            assert!(
                answered * 10 >= all * 9,
                "{answered} of {all} places were used at {latency:?}"
            );
            assert!(
                refused * 100 < answered,
                "{refused} calls were refused beside {answered} at {latency:?}"
            );
        }
    }

    #[test]
    fn places_that_another_sender_gives_back_are_found() {
        let (pace, start) = (Pace::new(None), Instant::now());
        simulate(&pace, 0..200, SHORT, |_| 10, start);
        assert_eq!(pace.state().limit, 10, "it stays below what was refused");
        simulate(&pace, 200..600, SHORT, |_| MOST_IN_FLIGHT, start);
        assert_eq!(pace.state().limit, MOST_IN_FLIGHT, "and tries again now and then");
    }

    #[test]
    fn places_that_another_sender_takes_are_left_to_it() {
        let (pace, start) = (Pace::new(None), Instant::now());
        simulate(&pace, 0..60, SHORT, |_| MOST_IN_FLIGHT, start);
        let (answered, refused) = simulate(&pace, 60..660, SHORT, |_| 3, start);
        assert!(pace.state().limit <= 3, "three are left to us: {}", pace.state().limit);
        assert!(
            refused * 50 < answered,
            "{refused} calls were refused beside {answered}"
        );
    }
}
