//! Runs. A run outlives its import: names and plan are as they were when it started.

use jiff::Timestamp;
use rusqlite::Connection;

use super::Imports;
use super::error::{Doing as _, Result, StoreError};
use super::text::{self, Cells, Kept as _, kept_words};
use crate::ground::ids::{AccountId, ConnectionId, ImportId, RunId};
use crate::ground::problem::Code;
use crate::import::plan::{Plan, ResultTable};
use crate::import::state::{Action, ImportStatus};
use crate::run::{Aside, Counts, Job, Outcome, Phase, Run};

kept_words!(Outcome {
    Completed = "completed",
    CompletedWithRejects = "completed_with_rejects",
    CompletedInDoubt = "completed_in_doubt",
    Stopped = "stopped",
    Interrupted = "interrupted",
    Failed = "failed",
});

kept_words!(Phase {
    Querying = "querying",
    Sending = "sending",
    Stopping = "stopping",
    Ended = "ended",
});

/// A run, as it stands in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// Short for its id, within this store.
    pub number: i64,
    pub run: Run,
    /// The plan that it runs, as it was.
    pub plan: Plan,
    /// When somebody asked it to stop: here, or in another process.
    pub stop_asked_at: Option<Timestamp>,
    /// Where its rows come from and go to. Absent in runs of an older Tapline.
    pub connection: Option<ConnectionId>,
    pub account: Option<AccountId>,
    /// Query jobs that it asked for so far.
    pub jobs: u64,
    /// Rows of its results that have expired: the positions of the one that it reads now start behind them.
    pub base: u64,
    /// What the dry run of its query said that it reads.
    pub bytes_estimated: Option<u64>,
    pub(super) holder: String,
    pub(super) import_was: ImportStatus,
    pub(super) paused_from: Option<ImportStatus>,
}

impl RunRow {
    /// Whether it failed because BigQuery keeps no result so large by itself: the query has to run again, into a table.
    pub fn needs_a_table(&self) -> bool {
        let problem = self.run.problem.as_ref();
        problem.is_some_and(|problem| problem.code() == Code::ResponseTooLarge)
            && self.plan.result_table != ResultTable::Always
    }
}

pub struct Runs<'a>(pub(super) &'a Connection);

impl Runs<'_> {
    /// The newest first.
    pub fn list(&self, import: Option<ImportId>) -> Result<Vec<RunRow>> {
        match import {
            Some(import) => {
                let sql = "SELECT * FROM runs WHERE import_id = ?1 ORDER BY number DESC";
                text::rows(self.0, "runs", sql, [import.kept()], take)
            }
            None => text::rows(self.0, "runs", "SELECT * FROM runs ORDER BY number DESC", [], take),
        }
    }

    pub fn get(&self, id: RunId) -> Result<RunRow> {
        let sql = "SELECT * FROM runs WHERE id = ?1";
        text::row(self.0, "runs", sql, [id.kept()], take)?.ok_or(StoreError::NotThere { what: "run" })
    }

    /// What a run belongs to, runs and counted so far, by its number.
    pub(super) fn of_number(&self, number: i64) -> Result<(ImportId, Plan, Counts)> {
        let sql = "SELECT * FROM runs WHERE number = ?1";
        let take = |cells: &Cells<'_>| Ok((cells.kept("import_id")?, cells.json("plan")?, counts(cells)?));
        text::row(self.0, "runs", sql, [number], take)?.ok_or(StoreError::NotThere { what: "run" })
    }

    pub fn last_of(&self, import: ImportId) -> Result<Option<RunRow>> {
        let sql = "SELECT * FROM runs WHERE import_id = ?1 ORDER BY number DESC LIMIT 1";
        text::row(self.0, "runs", sql, [import.kept()], take)
    }

    /// Runs that have not ended.
    pub fn going(&self) -> Result<Vec<RunRow>> {
        let sql = "SELECT * FROM runs WHERE outcome IS NULL ORDER BY number";
        text::rows(self.0, "runs", sql, [], take)
    }

    /// Whether a run that did not come to its end can be gone on with: it is its import's last, and the import may still run,
    /// from the same connection to the same account. A newer run has brought newer rows, and older ones must not follow them;
    /// and where the import was started from the beginning, the next run sends what this one would.
    pub fn can_resume(&self, row: &RunRow) -> Result<bool> {
        if !row.run.outcome.is_some_and(Outcome::is_early) {
            return Ok(false);
        }
        let import = match Imports(self.0).get(row.run.import) {
            Ok(import) => import,
            Err(StoreError::NotThere { .. }) => return Ok(false),
            Err(error) => return Err(error),
        };
        let same = |ours: bool, known: bool| ours || !known;
        Ok(import.status.allows(Action::Run)
            && same(row.connection == import.connection, row.connection.is_some())
            && same(row.account == import.account, row.account.is_some())
            && self.last_of(import.id)?.is_some_and(|last| last.number == row.number)
            && !self.is_done_with(row)?)
    }

    /// Whether it stands still because a person paused it, and nothing of its import has happened since.
    pub fn is_paused(&self, row: &RunRow) -> Result<bool> {
        Ok(row.run.pausing
            && row.run.outcome == Some(Outcome::Stopped)
            && self.can_resume(row)?
            && Imports(self.0).get(row.run.import)?.status == ImportStatus::Paused)
    }

    /// What became of its rows so far.
    pub fn counts(&self, number: i64) -> Result<Counts> {
        let sql = "SELECT rows_read, expected_rows, vanished, edited, collapsed, delivered, rejected, unprocessed, in_doubt, batches
                   FROM runs WHERE number = ?1";
        text::row(self.0, "runs", sql, [number], counts)?.ok_or(StoreError::NotThere { what: "run" })
    }

    /// How many records the account's last whole run tried that was long enough to tell a pace, and in how many
    /// milliseconds.
    pub fn usual_pace(&self, account: AccountId) -> Result<Option<(u64, u64)>> {
        let sql = "SELECT delivered + unprocessed + in_doubt AS tried, ended_at - started_at AS took FROM runs
                   WHERE account_id = ?1 AND outcome LIKE 'completed%' AND tried >= 10000 AND took > 0
                   ORDER BY number DESC LIMIT 1";
        text::row(self.0, "runs", sql, [account.kept()], |cells| {
            Ok((cells.count("tried")?, cells.count("took")?))
        })
    }

    /// Whether somebody asked it to stop.
    pub fn stop_asked(&self, number: i64) -> Result<bool> {
        self.0
            .prepare_cached("SELECT stop_asked_at IS NOT NULL FROM runs WHERE number = ?1")
            .and_then(|mut statement| statement.query_row([number], |row| row.get(0)))
            .doing("asking whether a run is to stop")
    }

    /// What BigQuery billed for all runs of an import, as far as it is known.
    pub fn billed_for(&self, import: ImportId) -> Result<u64> {
        let sql = "SELECT ifnull(sum(bytes_billed), 0) AS billed FROM runs WHERE import_id = ?1";
        Ok(text::row(self.0, "runs", sql, [import.kept()], |cells| cells.count("billed"))?.unwrap_or(0))
    }

    /// Runs whose history would stay if the connection went.
    pub fn count_of_imports(&self, imports: &[ImportId]) -> Result<u64> {
        let mut total = 0;
        for import in imports {
            let sql = "SELECT count(*) AS runs FROM runs WHERE import_id = ?1";
            total += text::row(self.0, "runs", sql, [import.kept()], |cells| cells.count("runs"))?.unwrap_or(0);
        }
        Ok(total)
    }
}

fn take(cells: &Cells<'_>) -> Result<RunRow> {
    Ok(RunRow {
        number: cells.plain("number")?,
        run: Run {
            id: cells.kept("id")?,
            import: cells.kept("import_id")?,
            nickname: cells.plain("nickname")?,
            database: cells.plain("database")?,
            account: cells.plain("account")?,
            sync_type: cells.kept("sync_type")?,
            outcome: cells.kept_some("outcome")?,
            phase: cells.kept("phase")?,
            pausing: cells.kept_some::<ImportStatus>("paused_from")?.is_some(),
            started_at: cells.time("started_at")?,
            started_by: cells.plain("started_by")?,
            ended_at: cells.time_some("ended_at")?,
            counts: counts(cells)?,
            aside: Aside {
                undated: cells.count_some("undated")?,
                later: cells.count_some("later")?,
                vanished: cells.count_some("vanished")?,
                edited: cells.count_some("edited")?,
            },
            bytes_billed: cells.count_some("bytes_billed")?,
            job: job(cells)?,
            problem: cells.kept_some("problem")?,
            caution: cells.kept_some("caution")?,
        },
        plan: cells.json("plan")?,
        stop_asked_at: cells.time_some("stop_asked_at")?,
        connection: cells.kept_some("connection_id")?,
        account: cells.kept_some("account_id")?,
        jobs: cells.count("jobs")?,
        base: cells.count("base")?,
        bytes_estimated: cells.count_some("bytes_estimated")?,
        holder: cells.plain("holder")?,
        import_was: cells.kept("import_was")?,
        paused_from: cells.kept_some("paused_from")?,
    })
}

fn counts(cells: &Cells<'_>) -> Result<Counts> {
    let told = Aside {
        vanished: cells.count_some("vanished")?,
        edited: cells.count_some("edited")?,
        ..Aside::default()
    };
    Ok(Counts {
        read: cells.count("rows_read")?,
        expected: cells
            .count_some("expected_rows")?
            .map(|rows| rows.saturating_sub(told.lines())),
        collapsed: cells.count("collapsed")?,
        delivered: cells.count("delivered")?,
        rejected: cells.count("rejected")?,
        unprocessed: cells.count("unprocessed")?,
        in_doubt: cells.count("in_doubt")?,
        batches: cells.count("batches")?,
    })
}

fn job(cells: &Cells<'_>) -> Result<Option<Job>> {
    let Some(id) = cells.plain("job_id")? else {
        return Ok(None);
    };
    Ok(Some(Job {
        project: cells.plain("job_project")?,
        location: cells.plain("job_location")?,
        id,
    }))
}
