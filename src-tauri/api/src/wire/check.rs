//! Test Connection, as a ladder of steps.

use super::{connection::ConnectionDraft, problem::Problem, wire};

wire! {
    pub struct CheckStart { pub draft: ConnectionDraft }

    pub struct CheckRef { pub check: String }

    pub struct CheckAgain { pub check: String, pub step: StepName }

    /// Sent whole at every change.
    pub struct CheckReport {
        pub check: String,
        pub verdict: Verdict,
        pub took_ms: u64,
        pub steps: Vec<Step>,
        /// Where the dataset is, once known.
        pub location: Option<String>,
        /// That the key may do more than an import needs, as far as that is known. It fails nothing.
        pub caution: Option<Problem>,
        /// Shown beside the steps when a proxy is in use.
        pub proxy: Option<String>,
    }

    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum Verdict { Running, Passed, Failed, Cancelled }

    pub struct Step {
        pub step: StepName,
        /// In words, with the names in it: "Dataset sales found".
        pub title: String,
        pub state: StepState,
        pub took_ms: Option<u64>,
        pub optional: bool,
        /// What was seen, such as "in EU".
        pub evidence: Option<String>,
        pub problem: Option<Problem>,
    }

    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum StepName { KeySigns, GoogleAccepts, ProjectAnswers, DatasetFound, MayRunJobs, MayReadTables, MayWrite }

    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum StepState { Waiting, Running, Passed, Failed, NotKnown, NotReached }

    /// What could be seen after a passed test. Lacking it fails nothing.
    pub struct Evidence {
        /// Tables and views that could be listed.
        pub tables: Vec<TableBrief>,
        /// Whether the list is whole.
        pub complete: bool,
        pub problem: Option<Problem>,
    }

    pub struct TableBrief {
        pub table: String,
        #[doc = "`table`, `view`, `materialized_view` or `external`, as BigQuery says."]
        pub kind: String,
    }

    pub struct SampleAsk { pub check: String, pub table: String }

    /// A few rows, as text for reading.
    pub struct Sample {
        pub columns: Vec<Column>,
        pub rows: Vec<Vec<Option<String>>>,
        /// Bytes that BigQuery bills for showing them. Zero where they were read without a query.
        pub bytes_billed: u64,
    }

    pub struct Column {
        pub name: String,
        /// BigQuery's type, such as `STRING` or `ARRAY<STRING>`.
        #[serde(rename = "type")]
        pub column_type: String,
        pub nullable: bool,
    }
}
