//! Tests of connections that were started here. They live in memory, so that one step can be run again, and a verdict can
//! be kept with just what was tested.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tapline_core::connection::Target;
use tapline_core::store::CheckRow;

/// More than anybody looks at.
const MOST: usize = 20;

/// The tests of this process.
#[derive(Default)]
pub(crate) struct Checks {
    known: Mutex<HashMap<String, Arc<Live>>>,
}

/// One test.
pub(crate) struct Live {
    pub target: Target,
    /// The waiting key that it was run with; nothing where it was a saved one.
    pub offer: Option<String>,
    pub verdict: Mutex<Option<Verdict>>,
}

/// How a test ended.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub row: CheckRow,
    /// Where the dataset was found.
    pub location: Option<String>,
}

impl Checks {
    pub(crate) fn hold(&self, id: String, live: Arc<Live>) {
        let mut known = lock(&self.known);
        if known.len() >= MOST {
            // Ids made later sort later.
            if let Some(oldest) = known.keys().min().cloned() {
                known.remove(&oldest);
            }
        }
        known.insert(id, live);
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Live>> {
        lock(&self.known).get(id).cloned()
    }

    /// The verdict of a test, if it looked at just this target with just this key.
    pub(crate) fn verdict(&self, id: &str, target: &Target, offer: Option<&str>) -> Option<Verdict> {
        let live = self.get(id)?;
        let same = live.target.dataset == target.dataset
            && live.target.billing_project == target.billing_project
            && live.target.location == target.location
            && live.offer.as_deref() == offer;
        if same { lock(&live.verdict).clone() } else { None }
    }
}

pub(crate) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
