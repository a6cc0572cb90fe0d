use tapline_core::connection as core;
use tapline_core::store::{CheckRow, ConnectionRow};

use crate::wire::connection::{Connection, ConnectionDraft, LastCheck};
use crate::wire::problem::Problem;

impl Connection {
    pub(crate) fn of(row: &ConnectionRow, last_check: Option<&CheckRow>, imports: usize) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name.clone(),
            project_id: row.project_id.clone(),
            dataset_id: row.dataset_id.clone(),
            billing_project: row.billing_project.clone(),
            bytes_cap: row.bytes_cap,
            location_override: row.location_override.clone(),
            location: row.location.clone(),
            client_email: row.client_email.clone(),
            key_id_tail: tapline_core::google::key::tail(&row.key_id).to_owned(),
            key_bits: row.key_bits,
            key_added_on: row.key_added_at.to_string(),
            connected_on: row.connected_at.to_string(),
            connected_by: row.connected_by.clone(),
            last_check: last_check.map(LastCheck::from),
            imports: u32::try_from(imports).unwrap_or(u32::MAX),
            key_problem: None,
        }
    }
}

impl From<&CheckRow> for LastCheck {
    fn from(row: &CheckRow) -> Self {
        Self {
            at: row.at.to_string(),
            passed: row.passed,
            problem: row.problem.as_ref().map(Problem::from),
        }
    }
}

impl From<&ConnectionDraft> for core::ConnectionDraft {
    fn from(draft: &ConnectionDraft) -> Self {
        Self {
            name: draft.name.clone(),
            project_id: draft.project_id.clone(),
            dataset_id: draft.dataset_id.clone(),
            billing_project: draft.billing_project.clone(),
            bytes_cap: draft.bytes_cap.clone(),
            location: draft.location.clone(),
        }
    }
}
