//! Tests of connections that were started here. They live in memory, so that one step can be run again, and a verdict can
//! be kept with just what was tested.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tapline_core::check::{Check, Report, Verdict};
use tapline_core::connection::Target;
use tapline_core::ground::ids::{CheckId, ConnectionId};
use tapline_core::store::CheckRow;
use tokio_util::sync::CancellationToken;

/// More than anybody looks at.
const MOST: usize = 20;

/// The tests of this process.
#[derive(Default)]
pub(crate) struct Checks {
    known: Mutex<HashMap<CheckId, Arc<Live>>>,
}

/// One test.
pub(crate) struct Live {
    pub id: CheckId,
    pub check: Check,
    /// What it was run with.
    pub of: Subject,
    /// Shown beside the steps.
    pub proxy: Option<String>,
    pub stop: Mutex<CancellationToken>,
}

/// What a test looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A form, with a waiting key.
    Offer(String),
    /// A form without a key of its own: with the saved key of this connection.
    Edited(ConnectionId),
    /// A saved connection, as it is saved.
    Saved(ConnectionId),
}

/// How a test ended.
pub(crate) struct Ended {
    pub row: CheckRow,
    /// Where the dataset was found.
    pub location: Option<String>,
}

impl Ended {
    /// Nothing while it goes, and nothing of one that was cancelled.
    pub(crate) fn of(report: &Report) -> Option<Self> {
        let passed = match report.verdict {
            Verdict::Running | Verdict::Cancelled => return None,
            Verdict::Passed => true,
            Verdict::Failed => false,
        };
        Some(Self {
            row: CheckRow {
                at: Timestamp::now(),
                took_ms: u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
                passed,
                problem: report.first_problem().filter(|_| !passed).cloned(),
            },
            location: report.location.as_ref().map(ToString::to_string),
        })
    }
}

impl Checks {
    pub(crate) fn hold(&self, live: Arc<Live>) {
        let mut known = lock(&self.known);
        if known.len() >= MOST
            // Ids made later sort later.
            && let Some(oldest) = known.keys().min().copied()
        {
            known.remove(&oldest);
        }
        known.insert(live.id, live);
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Live>> {
        let id: CheckId = id.parse().ok()?;
        lock(&self.known).get(&id).cloned()
    }

    /// How a test ended, if it looked at just this target with just this key.
    pub(crate) fn ended(&self, id: &str, target: &Target, of: &Subject) -> Option<Ended> {
        let live = self.get(id)?;
        let looked_at = live.check.target();
        let same = looked_at.dataset == target.dataset
            && looked_at.billing_project == target.billing_project
            && looked_at.location == target.location
            && live.of == *of;
        if same { Ended::of(&live.check.report()) } else { None }
    }

    /// Stops every test and forgets it, its key included.
    pub(crate) fn stop_all(&self) {
        for (_, live) in lock(&self.known).drain() {
            lock(&live.stop).cancel();
        }
    }
}

pub(crate) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
