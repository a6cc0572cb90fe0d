//! Keys that were read and not yet saved. They live in memory alone, behind an id, for an hour at most.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tapline_core::ground::ids::KeyOfferId;
use tapline_core::ground::problem::{Code, Problem};

/// How long a key waits for the person to go on.
const WAIT: Duration = Duration::from_hours(1);

/// The waiting keys. Dropping one wipes it.
pub(crate) struct Offers<K> {
    waiting: Arc<Mutex<HashMap<KeyOfferId, Arc<K>>>>,
    wait: Duration,
}

impl<K: Send + Sync + 'static> Offers<K> {
    pub(crate) fn new() -> Self {
        Self::waiting_for(WAIT)
    }

    fn waiting_for(wait: Duration) -> Self {
        Self {
            waiting: Arc::default(),
            wait,
        }
    }

    /// Holds a key until it is saved, forgotten or its hour is over.
    pub(crate) fn hold(&self, key: K) -> KeyOfferId {
        let id = KeyOfferId::new();
        lock(&self.waiting).insert(id, Arc::new(key));
        let waiting = Arc::downgrade(&self.waiting);
        let wait = self.wait;
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            if let Some(waiting) = waiting.upgrade() {
                lock(&waiting).remove(&id);
            }
        });
        id
    }

    /// The key behind an offer's id.
    pub(crate) fn get(&self, offer: &str) -> Result<Arc<K>, Problem> {
        let gone = || Problem::new(Code::KeyOfferGone);
        let id = offer.parse().map_err(|_| gone())?;
        lock(&self.waiting).get(&id).cloned().ok_or_else(gone)
    }

    /// Lets go of a key. It is wiped once a test that still uses it has ended.
    pub(crate) fn forget(&self, offer: &str) {
        if let Ok(id) = offer.parse() {
            lock(&self.waiting).remove(&id);
        }
    }

    pub(crate) fn forget_all(&self) {
        lock(&self.waiting).clear();
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::Offers;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn a_key_waits_an_hour_and_no_longer() {
        let offers = Offers::new();
        let offer = offers.hold("a key").to_string();
        tokio::time::sleep(Duration::from_mins(59)).await;
        assert!(offers.get(&offer).is_ok(), "an hour is not over");
        tokio::time::sleep(Duration::from_mins(2)).await;
        assert!(offers.get(&offer).is_err(), "an hour is over");
    }

    #[tokio::test]
    async fn a_forgotten_key_is_gone() {
        let offers = Offers::new();
        let (one, other) = (offers.hold(1).to_string(), offers.hold(2).to_string());
        offers.forget(&one);
        assert!(offers.get(&one).is_err(), "it was forgotten");
        assert_eq!(offers.get(&other).ok().as_deref(), Some(&2), "the other still waits");
        assert!(offers.get("no id at all").is_err(), "a made-up id names nothing");
    }
}
