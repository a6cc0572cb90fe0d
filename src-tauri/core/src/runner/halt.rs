//! Why a run ends before its last row, told to everybody who works on it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use crate::ground::problem::{Code, Fact, Problem};

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

    /// A part of the run ended before its time. What a panic says may hold a value of somebody's row, so it is not told.
    pub fn fault(&self, ended: &JoinError) {
        if ended.is_panic() {
            return self.broke();
        }
        self.fail(Problem::new(Code::Internal).with(Fact::Detail, "a part of the run was ended"));
    }

    /// A part of the run broke by a fault of ours.
    pub fn broke(&self) {
        self.fail(Problem::new(Code::Internal).with(Fact::Detail, "a part of the run failed"));
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

#[cfg(test)]
mod tests {
    use super::{Halt, Why};
    use crate::ground::problem::Code;

    #[tokio::test]
    async fn a_fault_ends_the_run_without_repeating_what_the_panic_says() {
        let part = tokio::spawn(async { panic!("ada@example.com is no number") });
        let ended = part.await.expect_err("it panicked");
        let halt = Halt::default();
        halt.fault(&ended);
        let Some(Why::Failed(problem)) = halt.why() else {
            panic!("a fault is a failure");
        };
        assert_eq!(problem.code(), Code::Internal, "a fault of ours");
        assert!(
            !format!("{problem:?} {}", problem.explanation()).contains("ada@"),
            "values of rows are kept for records alone: {problem:?}"
        );
    }
}
