//! Why a run ends before its last row, told to everybody who works on it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::ground::problem::Problem;

/// Shared by all who work on one run. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Halt {
    token: CancellationToken,
    why: Arc<Mutex<Option<Why>>>,
}

/// What ended a run early.
#[derive(Clone, Debug)]
pub(super) enum Why {
    /// A person, here or in another process.
    Asked,
    Failed(Problem),
}

impl Halt {
    /// Somebody asked for it. A failure that came before stays the reason.
    pub fn ask(&self) {
        self.set(Why::Asked);
    }

    /// Nothing more can be sent. The first failure is the one that is told.
    pub fn fail(&self, problem: Problem) {
        self.set(Why::Failed(problem));
    }

    pub fn is_set(&self) -> bool {
        self.token.is_cancelled()
    }

    pub async fn wait(&self) {
        self.token.cancelled().await;
    }

    pub fn why(&self) -> Option<Why> {
        self.why.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, why: Why) {
        let mut held = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        // A failure tells more than a wish to stop: what was asked for would otherwise hide that the ledger broke.
        if held.is_none() || matches!((&*held, &why), (Some(Why::Asked), Why::Failed(_))) {
            *held = Some(why);
        }
        drop(held);
        self.token.cancel();
    }
}
