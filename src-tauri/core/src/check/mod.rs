//! Test Connection: a ladder of steps in three waves, each asking only for what an import needs. It writes nothing, and
//! never lists datasets. Only after a verdict that the dataset was not found, one that was nearly typed is looked for.
//!
//! ```no_run
//! # use tapline_core::{check::Check, connection::Target, google::ServiceAccount, ground::{clock::Clock, net::Net}};
//! # async fn example(net: Net, account: ServiceAccount, target: Target) {
//! let check = Check::new(net, Clock::system(), account, target);
//! let stop = tokio_util::sync::CancellationToken::new();
//! let report = check.run(&stop, &|report| println!("{:?}", report.verdict)).await;
//! for step in &report.steps { /* step.state, step.took, step.evidence, step.problem */ }
//! let evidence = check.evidence().await; // after the verdict; lacking it fails nothing
//! # }
//! ```
//!
//! A [`Check`] keeps what it learned, so that [`Check::again`] asks one step's question alone.

mod board;
mod climb;
mod evidence;
mod excess;
mod nearby;
mod step;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::bigquery::Client;
use crate::connection::Target;
use crate::google::{ServiceAccount, Tokens};
use crate::ground::clock::Clock;
use crate::ground::net::Net;

use board::Board;
pub use evidence::{Evidence, Sample};
pub use step::{Report, Step, StepName, StepState, Verdict};

/// What the whole test may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// One Test Connection: a key, a target, and what was found.
pub struct Check {
    net: Net,
    tokens: Tokens,
    bigquery: Client,
    target: Target,
    deadline: Duration,
    board: Board,
}

/// Told of every change, with the whole report.
pub type Observer<'a> = &'a (dyn Fn(&Report) + Send + Sync);

impl Check {
    pub fn new(net: Net, clock: Clock, account: ServiceAccount, target: Target) -> Self {
        let tokens = Tokens::new(net.clone(), clock, account);
        Self {
            bigquery: Client::new(net.clone(), tokens.clone()),
            board: Board::new(&target),
            deadline: DEADLINE,
            net,
            tokens,
            target,
        }
    }

    /// Another deadline than 20 seconds.
    #[must_use]
    pub fn within(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How it stands.
    pub fn report(&self) -> Report {
        self.board.report()
    }

    /// Climbs the whole ladder. Ends at the deadline, or soon after `cancel` is cancelled.
    pub async fn run(&self, cancel: &CancellationToken, observe: Observer<'_>) -> Report {
        self.board.restart(observe);
        self.bounded(Box::pin(self.climb(observe)), cancel, observe).await
    }

    /// Asks one step's question once more. All others stay as they are.
    pub async fn again(&self, step: StepName, cancel: &CancellationToken, observe: Observer<'_>) -> Report {
        self.board.reopen(step, observe);
        self.bounded(self.one(step, observe), cancel, observe).await
    }

    async fn bounded(
        &self,
        work: impl Future<Output = ()>,
        cancel: &CancellationToken,
        observe: Observer<'_>,
    ) -> Report {
        tokio::select! {
            biased;
            () = cancel.cancelled() => self.board.cancel(),
            () = work => self.board.finish(),
            () = tokio::time::sleep(self.deadline) => self.board.overdue(self.deadline),
        }
        observe(&self.board.report());
        tokio::select! {
            biased;
            () = cancel.cancelled() => {}
            () = self.look_nearby(observe) => {}
            () = tokio::time::sleep(nearby::PATIENCE) => {}
        }
        self.board.report()
    }
}
