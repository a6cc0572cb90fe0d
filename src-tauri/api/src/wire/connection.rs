//! Saved BigQuery connections, and the form that makes them.

use super::{import::ImportBrief, problem::Problem, wire};

wire! {
    /// What was typed. Nothing is validated yet; ids may still be wrong.
    pub struct ConnectionDraft {
        /// Absent for a new connection.
        pub id: Option<String>,
        pub name: String,
        pub project_id: String,
        pub dataset_id: String,
        /// Empty: the project itself pays.
        pub billing_project: String,
        /// Such as `10 GB`. Empty: no cap.
        pub bytes_cap: String,
        /// Empty: as detected.
        pub location: String,
        /// A waiting key ([`super::key::KeyOffer`]). Absent on edit: the saved key stays.
        pub offer: Option<String>,
    }

    /// What the form should show for a draft.
    pub struct DraftReview {
        /// Each names its form field in `facts.field`.
        pub problems: Vec<Problem>,
        /// Where the dataset box held more than a dataset id.
        pub split: Option<DatasetSplit>,
        /// A name for the connection, from project and dataset, that is still free.
        pub suggested_name: Option<String>,
    }

    /// What a pasted dataset path or console address was read as.
    pub struct DatasetSplit {
        pub project_id: Option<String>,
        pub dataset_id: String,
        pub table_id: Option<String>,
        /// In words: what was taken apart.
        pub said: String,
    }

    pub struct Connection {
        pub id: String,
        pub name: String,
        pub project_id: String,
        pub dataset_id: String,
        pub billing_project: Option<String>,
        pub bytes_cap: Option<u64>,
        pub location_override: Option<String>,
        /// As the last test found it.
        pub location: Option<String>,
        pub client_email: String,
        pub key_id_tail: String,
        pub key_bits: u32,
        /// When this key was saved here.
        pub key_added_on: String,
        pub connected_on: String,
        pub connected_by: String,
        pub last_check: Option<LastCheck>,
        /// Imports that read from it, by number.
        pub imports: u32,
        /// Why the saved key cannot be read, where it cannot.
        pub key_problem: Option<Problem>,
    }

    pub struct LastCheck {
        pub at: String,
        pub passed: bool,
        /// The first problem, where it did not pass.
        pub problem: Option<Problem>,
    }

    pub struct ConnectionSave {
        pub draft: ConnectionDraft,
        /// The check that the draft was tested with, if any. A replaced key needs one that passed.
        pub check: Option<String>,
    }

    pub struct ConnectionRef { pub connection: String }

    /// What deleting a connection would take with it, and what stands in the way.
    pub struct DeletePlan {
        pub connection: Connection,
        /// Imports in Ready, Scheduled, Paused or Running. They must be stopped first.
        pub blocking: Vec<ImportBrief>,
        /// Imports that go with it.
        pub imports: Vec<ImportBrief>,
        /// Runs whose history stays, read-only.
        pub runs_kept: u32,
    }
}
