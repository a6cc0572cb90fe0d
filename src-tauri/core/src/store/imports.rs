//! Imports, their states, and who stands in whose way.

use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::error::{Doing as _, Result, StoreError};
use super::text::{self, Cells, Kept as _, folded, kept_words, named};
use crate::ground::ids::{AccountId, ConnectionId, ImportId};
use crate::import::plan::Plan;
use crate::import::state::{Action, ImportStatus, SyncType};
use crate::run::Phase;

/// An import, as it stands in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportRow {
    pub id: ImportId,
    pub status: ImportStatus,
    /// A draft may name a database that is not there.
    pub connection: Option<ConnectionId>,
    pub account: Option<AccountId>,
    /// Its nickname is the import's name.
    pub plan: Plan,
    pub created_at: Timestamp,
    pub created_by: String,
    pub updated_at: Timestamp,
    pub updated_by: String,
}

kept_words!(ImportStatus {
    Draft = "draft",
    Ready = "ready",
    Scheduled = "scheduled",
    Running = "running",
    Paused = "paused",
    Stopped = "stopped",
});

kept_words!(SyncType {
    Profiles = "profiles",
    Events = "events",
});

pub struct Imports<'a>(pub(super) &'a Connection);
pub struct ImportsMut<'a>(pub(super) &'a Connection);

impl Imports<'_> {
    /// All, by nickname.
    pub fn list(&self) -> Result<Vec<ImportRow>> {
        let sql = "SELECT * FROM imports ORDER BY nickname_folded";
        text::rows(self.0, "imports", sql, [], take)
    }

    pub fn get(&self, id: ImportId) -> Result<ImportRow> {
        let sql = "SELECT * FROM imports WHERE id = ?1";
        text::row(self.0, "imports", sql, [id.kept()], take)?.ok_or(StoreError::NotThere { what: "import" })
    }

    pub fn named(&self, nickname: &str) -> Result<Option<ImportRow>> {
        let sql = "SELECT * FROM imports WHERE nickname_folded = ?1";
        text::row(self.0, "imports", sql, [folded(nickname)], take)
    }

    pub fn of_connection(&self, id: ConnectionId) -> Result<Vec<ImportRow>> {
        let sql = "SELECT * FROM imports WHERE connection_id = ?1 ORDER BY nickname_folded";
        text::rows(self.0, "imports", sql, [id.kept()], take)
    }

    pub fn of_account(&self, id: AccountId) -> Result<Vec<ImportRow>> {
        let sql = "SELECT * FROM imports WHERE account_id = ?1 ORDER BY nickname_folded";
        text::rows(self.0, "imports", sql, [id.kept()], take)
    }

    /// Imports that must be stopped before the connection can go: they may still run, or a run of theirs has not ended.
    pub fn in_the_way_of_connection(&self, id: ConnectionId) -> Result<Vec<ImportRow>> {
        self.in_the_way(self.of_connection(id)?)
    }

    /// Imports that must be stopped before the account can go.
    pub fn in_the_way_of_account(&self, id: AccountId) -> Result<Vec<ImportRow>> {
        self.in_the_way(self.of_account(id)?)
    }

    fn in_the_way(&self, rows: Vec<ImportRow>) -> Result<Vec<ImportRow>> {
        let mut blocking = Vec::new();
        for row in rows {
            if row.status.holds_its_connection() || self.is_going(row.id)? {
                blocking.push(row);
            }
        }
        Ok(blocking)
    }

    fn is_going(&self, id: ImportId) -> Result<bool> {
        self.0
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM runs WHERE import_id = ?1 AND outcome IS NULL)",
                [id.kept()],
                |row| row.get(0),
            )
            .doing("looking for a run that has not ended")
    }
}

impl ImportsMut<'_> {
    pub fn add(&self, row: &ImportRow) -> Result<()> {
        let sql = "INSERT INTO imports (id, nickname, nickname_folded, status, connection_id, account_id, plan, created_at,
                created_by, updated_at, updated_by)
            VALUES (:id, :nickname, :nickname_folded, :status, :connection_id, :account_id, :plan, :created_at, :created_by,
                :updated_at, :updated_by)";
        self.put(sql, row)?;
        Ok(())
    }

    /// Replaces all of an import. Refused while it runs.
    pub fn change(&self, row: &ImportRow) -> Result<()> {
        let before = Imports(self.0).get(row.id)?;
        if !before.status.allows(Action::Edit) {
            return Err(not_from_here("edited", before.status));
        }
        let sql = "UPDATE imports SET nickname = :nickname, nickname_folded = :nickname_folded, status = :status,
                connection_id = :connection_id, account_id = :account_id, plan = :plan, created_at = :created_at,
                created_by = :created_by, updated_at = :updated_at, updated_by = :updated_by
            WHERE id = :id";
        self.put(sql, row)?;
        Ok(())
    }

    /// Stops an import for good, and asks its run to stop. Stopping a stopped one, or a draft, changes nothing.
    pub fn stop(&self, id: ImportId) -> Result<()> {
        if !Imports(self.0).get(id)?.status.allows(Action::Stop) {
            return Ok(());
        }
        self.set_status(id, ImportStatus::Stopped)?;
        self.0
            .execute(
                "UPDATE runs SET stop_asked_at = ?2, phase = ?3
                 WHERE import_id = ?1 AND outcome IS NULL AND stop_asked_at IS NULL",
                (id.kept(), Timestamp::now().as_millisecond(), Phase::Stopping.kept()),
            )
            .doing("asking a run to stop")?;
        Ok(())
    }

    /// Stops every import that stands in the way of deleting the connection.
    pub fn stop_all_of(&self, id: ConnectionId) -> Result<()> {
        for row in Imports(self.0).in_the_way_of_connection(id)? {
            self.stop(row.id)?;
        }
        Ok(())
    }

    pub(super) fn set_status(&self, id: ImportId, status: ImportStatus) -> Result<()> {
        self.0
            .execute(
                "UPDATE imports SET status = ?2 WHERE id = ?1",
                (id.kept(), status.kept()),
            )
            .doing("changing an import's status")?;
        Ok(())
    }

    pub(super) fn database_renamed(&self, id: ConnectionId, name: &str) -> Result<()> {
        for mut row in Imports(self.0).of_connection(id)? {
            name.clone_into(&mut row.plan.database);
            self.set_plan(row.id, &row.plan)?;
        }
        Ok(())
    }

    pub(super) fn account_renamed(&self, id: AccountId, name: &str) -> Result<()> {
        for mut row in Imports(self.0).of_account(id)? {
            name.clone_into(&mut row.plan.account);
            self.set_plan(row.id, &row.plan)?;
        }
        Ok(())
    }

    fn set_plan(&self, id: ImportId, plan: &Plan) -> Result<()> {
        self.0
            .execute(
                "UPDATE imports SET plan = ?2 WHERE id = ?1",
                (id.kept(), plan_text(plan)?),
            )
            .doing("renaming in an import's plan")?;
        Ok(())
    }

    fn put(&self, sql: &str, row: &ImportRow) -> Result<usize> {
        let done = self.0.execute(
            sql,
            named_params! {
                ":id": row.id.kept(),
                ":nickname": row.plan.nickname,
                ":nickname_folded": folded(&row.plan.nickname),
                ":status": row.status.kept(),
                ":connection_id": row.connection.map(|id| id.kept()),
                ":account_id": row.account.map(|id| id.kept()),
                ":plan": plan_text(&row.plan)?,
                ":created_at": row.created_at.as_millisecond(),
                ":created_by": row.created_by,
                ":updated_at": row.updated_at.as_millisecond(),
                ":updated_by": row.updated_by,
            },
        );
        named(done, "keeping an import", "nickname", &row.plan.nickname)
    }
}

pub(super) fn plan_text(plan: &Plan) -> Result<String> {
    serde_json::to_string(plan).map_err(|source| StoreError::Unwritable { what: "a plan", source })
}

pub(super) fn not_from_here(asked: &'static str, status: ImportStatus) -> StoreError {
    StoreError::NotFromHere {
        asked,
        status: status.words().to_owned(),
    }
}

fn take(cells: &Cells<'_>) -> Result<ImportRow> {
    Ok(ImportRow {
        id: cells.kept("id")?,
        status: cells.kept("status")?,
        connection: cells.kept_some("connection_id")?,
        account: cells.kept_some("account_id")?,
        plan: cells.json("plan")?,
        created_at: cells.time("created_at")?,
        created_by: cells.plain("created_by")?,
        updated_at: cells.time("updated_at")?,
        updated_by: cells.plain("updated_by")?,
    })
}
