//! What is written of a run, from its beginning to its end, and when it is gone on with.

use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::error::{Doing as _, Result, StoreError};
use super::holder::Holder;
use super::imports::{not_from_here, plan_text};
use super::runs::{RunRow, Runs};
use super::text::{Kept as _, is_taken, number};
use super::{BatchesMut, HeldMut, Imports, ImportsMut, Resends, Watermarks};
use crate::ground::ids::{ImportId, RunId};
use crate::ground::problem::Problem;
use crate::import::plan::{Plan, ResultTable, Rows};
use crate::import::state::{Action, ImportStatus};
use crate::run::{Aside, Fate, Job, Outcome, Phase};

/// What a run starts with.
#[derive(Clone, Debug)]
pub struct NewRun {
    pub id: RunId,
    pub import: ImportId,
    pub started_at: Timestamp,
    pub started_by: String,
}

pub struct RunsMut<'a>(pub(super) &'a Connection, pub(super) &'a Holder);

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
        // Started anew instead of gone on with, an import without a schedule has nothing more to wait for.
        let last = Runs(self.0).last_of(new.import)?;
        let was = match (import.status, last.and_then(|last| last.paused_from)) {
            (ImportStatus::Paused, Some(before)) if before != ImportStatus::Scheduled => before,
            (status, _) => status,
        };
        let done = self.0.execute(
            "INSERT INTO runs (id, import_id, nickname, database, account, connection_id, account_id, sync_type, plan, holder,
                import_was, phase, started_at, started_by)
             VALUES (:id, :import_id, :nickname, :database, :account, :connection_id, :account_id, :sync_type, :plan, :holder,
                :import_was, :phase, :started_at, :started_by)",
            named_params! {
                ":id": new.id.kept(),
                ":import_id": new.import.kept(),
                ":nickname": nickname,
                ":database": import.plan.database,
                ":account": import.plan.account,
                ":connection_id": import.connection.map(|id| id.kept()),
                ":account_id": import.account.map(|id| id.kept()),
                ":sync_type": import.plan.sync_type().kept(),
                ":plan": plan_text(&import.plan)?,
                ":holder": self.1.name(),
                ":import_was": was.kept(),
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
        let begun = Runs(self.0).get(new.id)?;
        // A run that is not its import's last is never gone on with. What a comparison left out is still to go into its state.
        self.0
            .execute(
                "DELETE FROM held WHERE run IN (SELECT number FROM runs WHERE import_id = ?1 AND number < ?2)
                    AND NOT (?3 AND (run IN (SELECT run FROM windows) OR run IN (SELECT run FROM resends)))
                    AND run NOT IN (SELECT run FROM comparisons WHERE merged_at IS NULL)",
                (
                    new.import.kept(),
                    begun.number,
                    matches!(begun.plan.rows, Rows::NewAndUpdated(_)),
                ),
            )
            .doing("letting go of the keys of older runs")?;
        Ok(begun)
    }

    /// Goes on with a run that did not come to its end. Its import is Running again, and where it was paused goes back, when
    /// the run ends, to where it was before.
    pub fn resume(&self, id: RunId) -> Result<RunRow> {
        let row = Runs(self.0).get(id)?;
        let import = match Imports(self.0).get(row.run.import) {
            Ok(import) if import.status == ImportStatus::Running => {
                return Err(already_running(&import.plan.nickname));
            }
            found => found,
        };
        if !Runs(self.0).can_resume(&row)? {
            return Err(StoreError::NotResumable);
        }
        let import = import?;
        let was = match (import.status, row.paused_from) {
            (ImportStatus::Paused, Some(before)) => before,
            (status, _) => status,
        };
        self.0
            .execute(
                "UPDATE runs SET outcome = NULL, problem = NULL, caution = NULL, ended_at = NULL, stop_asked_at = NULL,
                    paused_from = NULL, phase = ?2, holder = ?3, import_was = ?4
                 WHERE id = ?1",
                (id.kept(), Phase::Querying.kept(), self.1.name(), was.kept()),
            )
            .doing("going on with a run")?;
        ImportsMut(self.0).set_status(import.id, ImportStatus::Running)?;
        Runs(self.0).get(id)
    }

    /// Keeps the id of the query job, the `jobs`-th of the run. It must be on the disk before the job is asked for.
    pub fn set_job(&self, run: i64, job: &Job, jobs: u64, bytes_estimated: Option<u64>) -> Result<()> {
        self.0
            .execute(
                "UPDATE runs SET job_project = ?2, job_location = ?3, job_id = ?4, jobs = ?5, bytes_estimated = ?6
                 WHERE number = ?1",
                (
                    run,
                    &job.project,
                    &job.location,
                    &job.id,
                    number(jobs),
                    bytes_estimated.map(number),
                ),
            )
            .doing("keeping a job's id")?;
        Ok(())
    }

    /// The query is done: how many rows it gave, and what it billed.
    pub fn queried(&self, run: i64, expected: u64, bytes_billed: Option<u64>) -> Result<()> {
        self.0
            .execute(
                "UPDATE runs SET expected_rows = ?2, bytes_billed = coalesce(bytes_billed + ?3, bytes_billed, ?3),
                    phase = CASE WHEN stop_asked_at IS NULL THEN ?4 ELSE phase END
                 WHERE number = ?1",
                (run, number(expected), bytes_billed.map(number), Phase::Sending.kept()),
            )
            .doing("keeping what the query gave")?;
        Ok(())
    }

    /// The result that a run was reading is gone. What was acknowledged of it stands; rows that were rejected are found
    /// again, and the positions of the next result start behind this one's.
    pub fn expired(&self, id: RunId, may_repeat: bool) -> Result<RunRow> {
        let row = Runs(self.0).get(id)?;
        // Lines that tell of rows have positions too.
        let base = row.base + row.run.counts.expected.map_or(0, |rows| rows + row.run.aside.lines());
        BatchesMut(self.0).expired(row.number, base, may_repeat)?;
        self.0
            .execute(
                "DELETE FROM records WHERE run = ?1 AND fate = ?2",
                (row.number, Fate::Rejected.kept()),
            )
            .and_then(|_| {
                self.0.execute(
                    "UPDATE runs SET base = ?2, expected_rows = NULL, job_project = NULL, job_location = NULL, job_id = NULL,
                        rejected = 0, rows_read = delivered + unprocessed + in_doubt,
                        collapsed = (SELECT ifnull(sum(b.collapsed), 0) FROM batches AS b
                                     WHERE b.run = ?1 AND b.state IN ('answered', 'in_doubt'))
                     WHERE number = ?1",
                    (row.number, number(base)),
                )
            })
            .doing("turning to another result")?;
        Runs(self.0).get(id)
    }

    /// What an ended run had left in doubt was sent again, all of it or some: its outcome may be a better one now.
    pub fn settled(&self, run: i64) -> Result<()> {
        let counts = Runs(self.0).counts(run)?;
        self.0
            .execute(
                "UPDATE runs SET outcome = ?2 WHERE number = ?1 AND outcome = ?3",
                (run, Outcome::of_whole(&counts).kept(), Outcome::CompletedInDoubt.kept()),
            )
            .doing("recording what was settled")?;
        Ok(())
    }

    /// From now on the run's result goes to a table of the dataset: it proved too large to be kept elsewhere.
    pub fn into_table(&self, id: RunId) -> Result<()> {
        let row = Runs(self.0).get(id)?;
        let plan = Plan {
            result_table: ResultTable::Always,
            ..row.plan
        };
        self.0
            .execute(
                "UPDATE runs SET plan = ?2 WHERE id = ?1 AND outcome IS NOT NULL",
                (id.kept(), plan_text(&plan)?),
            )
            .doing("letting a result go to a table")?;
        Ok(())
    }

    /// More rows were read.
    pub fn has_read(&self, run: i64, rows: u64) -> Result<()> {
        self.0
            .prepare_cached("UPDATE runs SET rows_read = rows_read + ?2 WHERE number = ?1")
            .and_then(|mut statement| statement.execute((run, number(rows))))
            .doing("keeping how far a run has read")?;
        Ok(())
    }

    /// Rows that were counted and are not sent. What is not told now stays as it was.
    pub fn left_aside(&self, run: i64, more: &Aside) -> Result<()> {
        self.0
            .execute(
                "UPDATE runs SET undated = coalesce(?2, undated), later = coalesce(?3, later),
                    vanished = coalesce(?4, vanished), edited = coalesce(?5, edited)
                 WHERE number = ?1",
                (
                    run,
                    more.undated.map(number),
                    more.later.map(number),
                    more.vanished.map(number),
                    more.edited.map(number),
                ),
            )
            .doing("keeping what was left aside")?;
        Ok(())
    }

    /// Something went wrong beside a run, which ends as it was to end.
    pub fn caution(&self, id: RunId, problem: &Problem) -> Result<()> {
        self.0
            .execute(
                "UPDATE runs SET caution = ?2 WHERE id = ?1 AND outcome IS NULL",
                (id.kept(), problem.kept()),
            )
            .doing("keeping what went wrong beside a run")?;
        Ok(())
    }

    /// A job besides the run's query was billed, or a query that gave it no rows.
    pub fn also_billed(&self, run: i64, bytes: u64) -> Result<()> {
        self.0
            .execute(
                "UPDATE runs SET bytes_billed = ifnull(bytes_billed, 0) + ?2 WHERE number = ?1",
                (run, number(bytes)),
            )
            .doing("adding to what a run was billed")?;
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

    /// Asks a run to stop, and its import to wait until the run is gone on with.
    pub fn ask_to_pause(&self, id: RunId) -> Result<()> {
        self.0
            .execute(
                "UPDATE runs SET paused_from = import_was, import_was = ?2
                 WHERE id = ?1 AND outcome IS NULL AND paused_from IS NULL",
                (id.kept(), ImportStatus::Paused.kept()),
            )
            .doing("asking a run to pause")?;
        self.ask_to_stop(id)
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
                    outcome.is_early() || row.base > 0,
                ),
            )
            .doing("ending a run")?;
        // What New and updated rows reads again, the next run leaves out by these keys. What was mended it reads again too.
        let needed = Watermarks(self.0).window(row.number)?.is_some() || Resends(self.0).mends(row.number)?.is_some();
        if !outcome.is_early() && !needed {
            HeldMut(self.0).forget(row.number)?;
        }
        match Imports(self.0).get(row.run.import) {
            Ok(import) if import.status == ImportStatus::Running => {
                // A run that came to its end before it heard that it was to pause leaves nothing to wait for.
                let back = match row.paused_from {
                    Some(before) if !outcome.is_early() && before != ImportStatus::Scheduled => before,
                    _ => row.import_was,
                };
                ImportsMut(self.0).set_status(import.id, back)?;
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
