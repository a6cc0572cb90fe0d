//! The run as a noun: what happened, how far it got, how healthy it is. Reads nothing and sends nothing.

mod aside;
mod cell;
pub mod health;
mod positions;

use jiff::Timestamp;

use crate::ground::ids::{ImportId, RunId};
use crate::ground::problem::Problem;
use crate::import::state::SyncType;

pub use aside::Aside;
pub use cell::cell;
pub use health::{Health, Tone};
pub use positions::Positions;

/// One execution of an import. Names are as they were when it started.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub id: RunId,
    pub import: ImportId,
    pub nickname: String,
    pub database: String,
    pub account: String,
    pub sync_type: SyncType,
    /// Absent while it goes.
    pub outcome: Option<Outcome>,
    pub phase: Phase,
    /// A person asked it to pause: when it has ended, its import waits until it is gone on with.
    pub pausing: bool,
    pub started_at: Timestamp,
    pub started_by: String,
    pub ended_at: Option<Timestamp>,
    pub counts: Counts,
    /// Rows that were counted and not sent.
    pub aside: Aside,
    /// Known once the query is done.
    pub bytes_billed: Option<u64>,
    pub job: Option<Job>,
    /// Why it failed, or ended in some other way than a person wished.
    pub problem: Option<Problem>,
    /// Why the result of a paused run could not be kept. It is paused all the same.
    pub caution: Option<Problem>,
}

impl Run {
    pub fn health(&self) -> Health {
        Health::of(self.outcome, &self.counts)
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Every row was delivered.
    Completed,
    /// Every row was read, and some were rejected or left unprocessed.
    CompletedWithRejects,
    /// Every row was read, and the fate of some is not known.
    CompletedInDoubt,
    /// A person stopped it.
    Stopped,
    /// Tapline ended in the middle of it.
    Interrupted,
    /// Something stood in the way: see the problem.
    Failed,
}

impl Outcome {
    /// Whether the run ended before every row was read and tried.
    pub fn is_early(self) -> bool {
        matches!(self, Self::Stopped | Self::Interrupted | Self::Failed)
    }

    /// For a run that read every row.
    pub fn of_whole(counts: &Counts) -> Self {
        if counts.in_doubt > 0 {
            Self::CompletedInDoubt
        } else if counts.rejected + counts.unprocessed > 0 {
            Self::CompletedWithRejects
        } else {
            Self::Completed
        }
    }
}

/// What a run is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    Querying,
    Sending,
    Stopping,
    Ended,
}

/// What became of the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows read from BigQuery. Of a run that ended early, those of them that came to be tried.
    pub read: u64,
    /// Rows of the result, once known.
    pub expected: Option<u64>,
    /// Rows of one identity that gave way to a newer one, inside BigQuery.
    pub collapsed: u64,
    pub delivered: u64,
    /// Refused by us before upload.
    pub rejected: u64,
    /// Refused by CleverTap.
    pub unprocessed: u64,
    /// Sent, and no answer came.
    pub in_doubt: u64,
    pub batches: u64,
}

impl Counts {
    /// Rows whose fate was sought: in doubt counts, what gave way does not.
    pub fn attempted(&self) -> u64 {
        self.delivered + self.rejected + self.unprocessed + self.in_doubt
    }
}

/// A table of ours in a person's dataset, enough to find it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedTable {
    pub project: String,
    pub dataset: String,
    pub name: String,
}

/// What became of a row that was not delivered, or not surely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Refused by us before upload.
    Rejected,
    /// Refused by CleverTap.
    Unprocessed,
    /// Sent, and no answer came.
    InDoubt,
}

/// A query job of BigQuery's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub project: String,
    pub location: String,
    pub id: String,
}
