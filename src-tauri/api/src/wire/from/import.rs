use tapline_core::import::plan::Source;
use tapline_core::import::state;
use tapline_core::mapping as core;
use tapline_core::store::{ImportRow, RunRow};

use crate::wire::import::{ImportBrief, ImportStatus, LastRun, Rejection, SyncType};

impl From<&core::Rejection> for Rejection {
    fn from(rejection: &core::Rejection) -> Self {
        Self {
            column: rejection.column.to_string(),
            code: rejection.code.to_owned(),
            reason: rejection.reason.to_owned(),
        }
    }
}

impl From<&core::Warning> for Rejection {
    fn from(warning: &core::Warning) -> Self {
        Self {
            column: warning.column.to_string(),
            code: warning.code.to_owned(),
            reason: warning.reason.to_owned(),
        }
    }
}

impl ImportBrief {
    pub(crate) fn of(row: &ImportRow, last_run: Option<(&RunRow, bool)>, bytes_billed: u64) -> Self {
        Self {
            id: row.id.to_string(),
            nickname: row.plan.nickname.clone(),
            status: row.status.into(),
            sync_type: row.plan.sync_type().into(),
            database: row.plan.database.clone(),
            connection: row.connection.map(|id| id.to_string()),
            account: row.plan.account.clone(),
            datasource: match &row.plan.source {
                Source::Table(table) => table.clone(),
                Source::Sql(_) => "SQL".to_owned(),
            },
            frequency: "Manually Trigger".to_owned(),
            goes_on: !row.plan.rows.is_all(),
            last_run: last_run.map(|(last, resumable)| LastRun {
                run: last.run.id.to_string(),
                started_on: last.run.started_at.to_string(),
                health: last.run.health().into(),
                resumable,
            }),
            bytes_billed,
            created_on: row.created_at.to_string(),
            created_by: row.created_by.clone(),
            updated_on: row.updated_at.to_string(),
            updated_by: row.updated_by.clone(),
        }
    }
}

impl From<state::ImportStatus> for ImportStatus {
    fn from(status: state::ImportStatus) -> Self {
        match status {
            state::ImportStatus::Draft => Self::Draft,
            state::ImportStatus::Ready => Self::Ready,
            state::ImportStatus::Scheduled => Self::Scheduled,
            state::ImportStatus::Running => Self::Running,
            state::ImportStatus::Paused => Self::Paused,
            state::ImportStatus::Stopped => Self::Stopped,
        }
    }
}

impl From<state::SyncType> for SyncType {
    fn from(sync_type: state::SyncType) -> Self {
        match sync_type {
            state::SyncType::Profiles => Self::Profiles,
            state::SyncType::Events => Self::Events,
        }
    }
}
