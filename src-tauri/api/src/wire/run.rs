//! Runs: progress while they go, truth when they are done.

pub use tapline_core::import::plan::InDoubt;

use super::import::{Precision, Reason, SyncType};
use super::{problem::Problem, wire};

wire! {
    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum Outcome { Completed, CompletedWithRejects, CompletedInDoubt, Stopped, Interrupted, Failed }

    /// Delivered ÷ attempted, never rounded up to 100.
    pub struct Health {
        /// Such as "100 %", "99.99 %", "80 % so far", "Nothing to do", "Not finished", "Could not look".
        pub words: String,
        pub percent: Option<f64>,
        pub tone: Tone,
    }

    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum Tone { Good, Partial, Bad, Neutral }

    pub struct Counts {
        /// Rows read from BigQuery.
        pub read: u64,
        /// Expected rows, where known.
        pub expected: Option<u64>,
        /// Rows of one identity that gave way to a newer one, inside BigQuery.
        pub collapsed: u64,
        pub delivered: u64,
        /// Refused by us before upload.
        pub rejected: u64,
        /// Refused by CleverTap.
        pub unprocessed: u64,
        pub in_doubt: u64,
        pub batches: u64,
    }

    /// Rows that a run counted and did not send. Nothing where nobody looked.
    pub struct Aside {
        /// Without Updated On: New and updated rows never finds them.
        pub undated: Option<u64>,
        /// With an Updated On that is still to come.
        pub later: Option<u64>,
        /// Acknowledged once, and no longer in the source.
        pub vanished: Option<u64>,
        /// Events that differ from what was sent.
        pub edited: Option<u64>,
        /// A sentence for each kind of which there are some.
        pub words: Vec<String>,
    }

    pub struct Run {
        pub id: String,
        pub import: String,
        pub nickname: String,
        pub database: String,
        pub account: String,
        pub sync_type: SyncType,
        /// Absent while it goes.
        pub outcome: Option<Outcome>,
        pub phase: Phase,
        /// While it goes: somebody asked it to pause. Once it has ended: it stands still, and its import waits for it.
        pub paused: bool,
        pub started_on: String,
        pub started_by: String,
        pub ended_on: Option<String>,
        pub counts: Counts,
        pub aside: Aside,
        pub health: Health,
        pub records_per_second: Option<f64>,
        pub seconds_left: Option<u64>,
        /// What the dry run of its query let expect: BigQuery bills this at most for the query.
        pub bytes_expected: Option<u64>,
        /// What BigQuery billed, for all that the run asked.
        pub bytes_billed: Option<u64>,
        pub job: Option<String>,
        pub problem: Option<Problem>,
        /// What went wrong beside it, although it ended as it was to end.
        pub caution: Option<Caution>,
        /// Whether it did not come to its end, and can be gone on with.
        pub resumable: bool,
        /// Events in doubt that a person is asked about: they are sent again, or left as they are.
        pub doubt: Option<Doubt>,
        /// The run whose records it sends again, where it is one that mends another.
        pub mends: Option<String>,
    }

    /// What went wrong beside a run, and changes nothing of what it did.
    pub struct Caution {
        /// What it means for the run.
        pub words: String,
        pub problem: Problem,
    }

    /// Events that were sent and never answered, about which nobody has decided.
    pub struct Doubt {
        pub events: u64,
        /// When the first of them was sent.
        pub since: String,
        /// How many of them can be sent again without going on with the run: what was sent is still stored.
        pub stored: u64,
    }

    /// What going on with a run would do.
    pub struct ResumePlan {
        /// Rows that were not tried yet, where the number is known.
        pub left: Option<u64>,
        /// What BigQuery bills for it. Nothing where the run's result is still there.
        pub bytes_billed: u64,
        pub precision: Precision,
        /// What it does, in words.
        pub words: Vec<String>,
        /// Whether the query has to run a second time, and somebody has to say yes to that.
        pub confirm: bool,
        pub doubt: Option<Doubt>,
    }

    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum Phase { Querying, Sending, Stopping, Ended }

    pub struct RunRef { pub run: String }

    pub struct RunResume {
        pub run: String,
        /// What becomes of events in doubt, where the person has decided. Absent: as the import has it.
        pub in_doubt: Option<InDoubt>,
        /// Yes, the query may run a second time, where its result proved too large to be kept.
        #[serde(default)]
        pub confirmed: bool,
    }

    pub struct RunsAsk { pub import: Option<String> }

    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum Fate { Rejected, Unprocessed, InDoubt }

    pub struct RunReasons {
        pub groups: Vec<ReasonGroup>,
        /// What CleverTap takes and then cuts or changes, of records that were sent: by column, the most first.
        pub warnings: Vec<Reason>,
    }

    pub struct ReasonGroup {
        pub fate: Fate,
        pub reason: Reason,
        /// What CleverTap's code means and what to do, where the code is CleverTap's.
        pub means: Option<Problem>,
    }

    pub struct RecordsAsk {
        pub run: String,
        pub fate: Option<Fate>,
        pub code: Option<String>,
        /// With `code`: reasons of one code are told apart by their column.
        pub column: Option<String>,
        pub search: String,
        /// The `position` of the last record of the page before.
        pub after: Option<u64>,
        pub limit: u32,
    }

    pub struct RecordsPage {
        pub records: Vec<RunRecord>,
        /// How many match in all.
        pub total: u64,
    }

    /// A row that was not delivered, or not surely.
    pub struct RunRecord {
        pub position: u64,
        pub fate: Fate,
        pub identity: Option<String>,
        pub code: String,
        pub column: Option<String>,
        /// Failure Description.
        pub reason: String,
        /// What CleverTap's code means and what to do, where the code is CleverTap's.
        pub means: Option<Problem>,
        /// The record as JSON, or the row where no record could be made. Absent once its values are forgotten.
        pub record: Option<String>,
    }

    /// Which of a run's records are sent again. Those in doubt only where they are asked for by that fate.
    pub struct ResendAsk {
        pub run: String,
        pub fate: Option<Fate>,
        pub code: Option<String>,
        /// With `code`: reasons of one code are told apart by their column.
        pub column: Option<String>,
    }

    /// What sending records again would do, and what it costs.
    pub struct ResendPlan {
        pub records: u64,
        /// Identities that the records are about.
        pub people: u64,
        /// Records that cannot be sent again.
        pub left_out: u64,
        /// What BigQuery reads for it. Nothing where the records are sent as they were stored.
        pub bytes: u64,
        pub bytes_billed: u64,
        pub precision: Precision,
        /// What a person should know before, in words.
        pub words: Vec<String>,
        /// Why it cannot be done, where it cannot.
        pub problem: Option<Problem>,
    }

    pub struct ForgetAsk { pub identity: String }

    pub struct Forgotten {
        /// Records that named the person.
        pub records: u64,
        /// Whether a run goes that may write of the person again.
        pub running: bool,
    }

    pub struct Exported { pub path: String, pub rows: u64 }
}
