//! Imports: the list, the wizard and the dry run.

use tapline_core::import::plan::Plan;

use super::check::{Column, Sample};
use super::{problem::Problem, wire};

wire! {
    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum ImportStatus { Draft, Ready, Scheduled, Running, Paused, Stopped }

    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum SyncType { Profiles, Events }

    /// An import in a list.
    pub struct ImportBrief {
        pub id: String,
        pub nickname: String,
        pub status: ImportStatus,
        pub sync_type: SyncType,
        /// The connection's name. Kept after the connection is gone.
        pub database: String,
        pub connection: Option<String>,
        pub account: String,
        /// Table name, or "SQL".
        pub datasource: String,
        /// "Manually Trigger" for now.
        pub frequency: String,
        pub last_run: Option<LastRun>,
        /// What BigQuery billed for all of its runs.
        pub bytes_billed: u64,
        /// Whether its runs go on from earlier ones: then it can be started from the beginning.
        pub goes_on: bool,
        pub created_on: String,
        pub created_by: String,
        pub updated_on: String,
        pub updated_by: String,
    }

    pub struct LastRun {
        pub run: String,
        pub started_on: String,
        pub health: super::run::Health,
        /// Whether it did not come to its end, and can be gone on with.
        pub resumable: bool,
    }

    pub struct Import {
        pub brief: ImportBrief,
        pub plan: Plan,
        /// What stands in the way of running it.
        pub problems: Vec<Problem>,
    }

    pub struct ImportSave {
        /// Absent for a new import.
        pub id: Option<String>,
        pub plan: Plan,
        /// Keep it as a Draft although it is not complete.
        pub draft: bool,
    }

    pub struct ImportRef { pub import: String }

    /// Where rows would come from, before an import exists.
    pub struct SourceAsk {
        pub connection: String,
        pub source: tapline_core::import::plan::Source,
    }

    /// What reading would cost, asked before anything is read.
    pub struct Estimate {
        /// Bytes that the query would process.
        pub bytes: u64,
        /// Bytes that BigQuery would bill: at least 10 MB for each table.
        pub bytes_billed: u64,
        /// Whether `bytes` is exact or the most that it can be.
        pub precision: Precision,
        /// Known for tables.
        pub rows: Option<u64>,
        pub columns: Vec<Column>,
    }

    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum Precision { AtMost, AtLeast, Unknown }

    pub struct Tables {
        pub tables: Vec<super::check::TableBrief>,
        pub complete: bool,
    }

    pub struct SuggestAsk {
        pub columns: Vec<Column>,
        pub sync_type: SyncType,
    }

    /// A mapping proposed from names and types. Empty fields: nothing fitting was seen.
    pub struct Suggested {
        pub identity: Option<String>,
        pub updated_on: Option<tapline_core::import::plan::TimeColumn>,
        pub created_on: Option<tapline_core::import::plan::TimeColumn>,
        pub properties: Vec<tapline_core::import::plan::Property>,
    }

    pub struct ReviewAsk {
        pub plan: Plan,
        pub import: Option<String>,
        /// Columns of the source, where they are known.
        pub columns: Vec<Column>,
        /// Sample rows to try the mapping on, as [`Sample`] gave them.
        pub sample: Option<Sample>,
    }

    /// What the wizard shows for a plan.
    pub struct PlanReview {
        /// Each names its place in `facts.field`, such as `nickname` or `properties.2.name`.
        pub problems: Vec<Problem>,
        /// One for each property, in order: what becomes of the sample's values.
        pub property_samples: Vec<Vec<CellOutcome>>,
        pub identity_samples: Vec<CellOutcome>,
    }

    pub struct CellOutcome {
        /// As read. Absent for NULL.
        pub value: Option<String>,
        /// As JSON, the way it would be sent. Absent where nothing is sent.
        pub sent: Option<String>,
        /// Why the row would be rejected.
        pub rejected: Option<String>,
        pub warning: Option<String>,
    }

    pub struct DryRunAsk {
        pub plan: Plan,
        /// Every row with uploading off, instead of 100 random rows.
        pub every_row: bool,
    }

    pub struct DryRunRef { pub dry_run: String }

    /// Sent whole as it goes; rows are cut to the first rejected and the first good ones.
    pub struct DryRunReport {
        pub dry_run: String,
        pub state: DryRunState,
        pub rows_read: u64,
        pub records: u64,
        pub rejected: u64,
        pub warned: u64,
        /// Rows of one identity that gave way to a newer one.
        pub collapsed: u64,
        pub bytes_billed: u64,
        pub reasons: Vec<Reason>,
        /// Rejected first. At most 200.
        pub rows: Vec<DryRow>,
        pub problem: Option<Problem>,
    }

    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum DryRunState { Running, Done, Cancelled, Failed }

    pub struct DryRow {
        /// From 1, in the order read.
        pub row: u64,
        /// Column name and value as text.
        pub cells: Vec<(String, Option<String>)>,
        /// The exact bytes of the record, where the row is not rejected.
        pub record: Option<String>,
        pub rejections: Vec<Rejection>,
        pub warnings: Vec<Rejection>,
    }

    pub struct Rejection {
        pub column: String,
        pub code: String,
        pub reason: String,
    }

    pub struct Reason {
        pub code: String,
        pub column: Option<String>,
        /// In words.
        pub reason: String,
        pub count: u64,
    }

    /// Asked before events with all rows are sent: they cannot be taken back.
    pub struct RunWarning {
        pub rows: Option<u64>,
        pub words: String,
    }

    /// What starting an import from the beginning means.
    pub struct RestartPlan {
        /// In words.
        pub words: Vec<String>,
        /// What is run in BigQuery, to drop the tables of what CleverTap acknowledged.
        pub statements: Vec<String>,
    }

    pub struct ImportRunAsk {
        pub import: String,
        /// The person has read the warning.
        pub confirmed: bool,
    }
}
