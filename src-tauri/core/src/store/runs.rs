//! Runs. A run outlives its import: names and plan are as they were when it started.

use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::error::{Doing as _, Result, StoreError};
use super::holder::Holder;
use super::imports::{not_from_here, plan_text};
use super::text::{self, Cells, Kept as _, is_taken, kept_words, number};
use super::{Imports, ImportsMut};
use crate::ground::ids::{ImportId, RunId};
use crate::ground::problem::Problem;
use crate::import::plan::Plan;
use crate::import::state::{Action, ImportStatus};
use crate::run::{Counts, Job, Outcome, Phase, Run};

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

/// What a run starts with.
#[derive(Clone, Debug)]
pub struct NewRun {
    pub id: RunId,
    pub import: ImportId,
    pub started_at: Timestamp,
    pub started_by: String,
}

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
    pub(super) holder: String,
    pub(super) import_was: ImportStatus,
}

pub struct Runs<'a>(pub(super) &'a Connection);
pub struct RunsMut<'a>(pub(super) &'a Connection, pub(super) &'a Holder);

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

    pub fn last_of(&self, import: ImportId) -> Result<Option<RunRow>> {
        let sql = "SELECT * FROM runs WHERE import_id = ?1 ORDER BY number DESC LIMIT 1";
        text::row(self.0, "runs", sql, [import.kept()], take)
    }

    /// Runs that have not ended.
    pub fn going(&self) -> Result<Vec<RunRow>> {
        let sql = "SELECT * FROM runs WHERE outcome IS NULL ORDER BY number";
        text::rows(self.0, "runs", sql, [], take)
    }

    /// What became of its rows so far.
    pub fn counts(&self, number: i64) -> Result<Counts> {
        let sql = "SELECT rows_read, expected_rows, collapsed, delivered, rejected, unprocessed, in_doubt, batches
                   FROM runs WHERE number = ?1";
        text::row(self.0, "runs", sql, [number], counts)?.ok_or(StoreError::NotThere { what: "run" })
    }

    /// Whether somebody asked it to stop.
    pub fn stop_asked(&self, number: i64) -> Result<bool> {
        self.0
            .prepare_cached("SELECT stop_asked_at IS NOT NULL FROM runs WHERE number = ?1")
            .and_then(|mut statement| statement.query_row([number], |row| row.get(0)))
            .doing("asking whether a run is to stop")
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

impl RunsMut<'_> {
    /// Starts a run. Refused where the import's state does not allow it, and where one is going already, in whatever process.
    pub fn begin(&self, new: &NewRun) -> Result<RunRow> {
        let import = Imports(self.0).get(new.import)?;
        let nickname = &import.plan.nickname;
        if import.status == ImportStatus::Running {
            return Err(already_running(nickname));
        }
        if !import.status.allows(Action::Run) {
            return Err(not_from_here("run", import.status));
        }
        let done = self.0.execute(
            "INSERT INTO runs (id, import_id, nickname, database, account, sync_type, plan, holder, import_was, phase,
                started_at, started_by)
             VALUES (:id, :import_id, :nickname, :database, :account, :sync_type, :plan, :holder, :import_was, :phase,
                :started_at, :started_by)",
            named_params! {
                ":id": new.id.kept(),
                ":import_id": new.import.kept(),
                ":nickname": nickname,
                ":database": import.plan.database,
                ":account": import.plan.account,
                ":sync_type": import.plan.sync_type().kept(),
                ":plan": plan_text(&import.plan)?,
                ":holder": self.1.name(),
                ":import_was": import.status.kept(),
                ":phase": Phase::Querying.kept(),
                ":started_at": new.started_at.as_millisecond(),
                ":started_by": new.started_by,
            },
        );
        match done {
            Err(error) if is_taken(&error) => return Err(already_running(nickname)),
            done => done.doing("starting a run")?,
        };
        ImportsMut(self.0).set_status(new.import, ImportStatus::Running)?;
        Runs(self.0).get(new.id)
    }

    /// Keeps the id of the query job. It must be on the disk before the job is asked for.
    pub fn set_job(&self, run: i64, job: &Job, bytes_estimated: Option<u64>) -> Result<()> {
        self.0
            .execute(
                "UPDATE runs SET job_project = ?2, job_location = ?3, job_id = ?4, bytes_estimated = ?5 WHERE number = ?1",
                (run, &job.project, &job.location, &job.id, bytes_estimated.map(number)),
            )
            .doing("keeping a job's id")?;
        Ok(())
    }

    /// The query is done: how many rows it gave, and what it billed.
    pub fn queried(&self, run: i64, expected: u64, bytes_billed: Option<u64>) -> Result<()> {
        self.0
            .execute(
                "UPDATE runs SET expected_rows = ?2, bytes_billed = ?3,
                    phase = CASE WHEN stop_asked_at IS NULL THEN ?4 ELSE phase END
                 WHERE number = ?1",
                (run, number(expected), bytes_billed.map(number), Phase::Sending.kept()),
            )
            .doing("keeping what the query gave")?;
        Ok(())
    }

    /// More rows were read, and so many rows had given way to them inside BigQuery.
    pub fn has_read(&self, run: i64, rows: u64, collapsed: u64) -> Result<()> {
        self.0
            .prepare_cached("UPDATE runs SET rows_read = rows_read + ?2, collapsed = collapsed + ?3 WHERE number = ?1")
            .and_then(|mut statement| statement.execute((run, number(rows), number(collapsed))))
            .doing("keeping how far a run has read")?;
        Ok(())
    }

    /// Asks a run to stop. The process that runs it looks at least once a second.
    pub fn ask_to_stop(&self, id: RunId) -> Result<()> {
        self.0
            .execute(
                "UPDATE runs SET stop_asked_at = ?2, phase = ?3
                 WHERE id = ?1 AND outcome IS NULL AND stop_asked_at IS NULL",
                (id.kept(), Timestamp::now().as_millisecond(), Phase::Stopping.kept()),
            )
            .doing("asking a run to stop")?;
        Ok(())
    }

    /// Ends a run, and lets its import go back to where it was, unless that was stopped meanwhile. Rows that were read
    /// ahead of a run's early end, and never tried, are as good as not read: the counts of every ended run add up.
    pub fn end(&self, id: RunId, outcome: Outcome, problem: Option<&Problem>, at: Timestamp) -> Result<RunRow> {
        let row = Runs(self.0).get(id)?;
        if row.run.outcome.is_some() {
            return Ok(row);
        }
        self.0
            .execute(
                "UPDATE runs SET outcome = ?2, problem = ?3, ended_at = ?4, phase = ?5,
                   rows_read = iif(?6, delivered + rejected + unprocessed + in_doubt, rows_read)
                 WHERE id = ?1",
                (
                    id.kept(),
                    outcome.kept(),
                    problem.map(Problem::kept),
                    at.as_millisecond(),
                    Phase::Ended.kept(),
                    outcome.is_early(),
                ),
            )
            .doing("ending a run")?;
        match Imports(self.0).get(row.run.import) {
            Ok(import) if import.status == ImportStatus::Running => {
                ImportsMut(self.0).set_status(import.id, row.import_was)?;
            }
            Ok(_) | Err(StoreError::NotThere { .. }) => {}
            Err(error) => return Err(error),
        }
        Runs(self.0).get(id)
    }
}

fn already_running(nickname: &str) -> StoreError {
    StoreError::AlreadyRunning {
        nickname: nickname.to_owned(),
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
            started_at: cells.time("started_at")?,
            started_by: cells.plain("started_by")?,
            ended_at: cells.time_some("ended_at")?,
            counts: counts(cells)?,
            bytes_billed: cells.count_some("bytes_billed")?,
            job: job(cells)?,
            problem: cells.kept_some("problem")?,
        },
        plan: cells.json("plan")?,
        stop_asked_at: cells.time_some("stop_asked_at")?,
        holder: cells.plain("holder")?,
        import_was: cells.kept("import_was")?,
    })
}

fn counts(cells: &Cells<'_>) -> Result<Counts> {
    Ok(Counts {
        read: cells.count("rows_read")?,
        expected: cells.count_some("expected_rows")?,
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
