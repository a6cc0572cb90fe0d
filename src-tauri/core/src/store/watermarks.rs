//! Watermarks: how far an import's Updated On has been confirmed delivered, and the stretch that each run reads. Times are
//! BigQuery's.

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::error::{Doing as _, Result, StoreError};
use super::text::{self, Cells, Kept as _};
use super::{Runs, Writing};
use crate::ground::ids::ImportId;
use crate::import::plan::{InDoubt, Plan, Records};
use crate::run::Counts;

/// The stretch of Updated On that a run reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowRow {
    /// What it is a stretch of. A watermark says nothing of another source, column or destination.
    pub follows: String,
    /// Absent for a first run.
    pub since: Option<Timestamp>,
    pub until: Timestamp,
    /// How far before its end the next run reads again.
    pub overlap: SignedDuration,
}

/// An earlier run that may have sent rows which a run reads too, and that holds their keys.
#[derive(Clone, Debug)]
pub struct EarlierRun {
    pub run: i64,
    /// By whose columns it knew its rows.
    pub plan: Plan,
    /// Where its window ended. Absent for one that mended some.
    pub until: Option<Timestamp>,
}

pub struct Watermarks<'a>(pub(super) &'a Connection);
pub struct WatermarksMut<'a>(pub(super) &'a Connection);

impl Watermarks<'_> {
    /// How far the import's column has been confirmed delivered, where it is this one that was followed.
    pub fn of(&self, import: ImportId, follows: &str) -> Result<Option<Timestamp>> {
        let sql = "SELECT at FROM watermarks WHERE import_id = ?1 AND follows = ?2";
        let found = text::row(self.0, "watermarks", sql, (import.kept(), follows), |cells| {
            micros(cells, "at")
        })?;
        Ok(found.flatten())
    }

    /// Whether a run of the import has been confirmed delivered, whatever it followed.
    pub fn any(&self, import: ImportId) -> Result<bool> {
        let sql = "SELECT 1 FROM watermarks WHERE import_id = ?1";
        Ok(text::row(self.0, "watermarks", sql, [import.kept()], |_| Ok(()))?.is_some())
    }

    /// What a run reads, once it is fixed.
    pub fn window(&self, run: i64) -> Result<Option<WindowRow>> {
        let sql = "SELECT * FROM windows WHERE run = ?1";
        text::row(self.0, "windows", sql, [run], |cells| {
            let until = micros(cells, "until")?;
            Ok(WindowRow {
                follows: cells.plain("follows")?,
                since: micros(cells, "since")?,
                until: until.ok_or(StoreError::NotThere { what: "window's end" })?,
                overlap: SignedDuration::from_micros(cells.count("overlap")?.cast_signed()),
            })
        })
    }

    /// Whether events of the import were sent that followed something else: how far they came says nothing of this.
    pub fn elsewhere(&self, import: ImportId, follows: &str) -> Result<bool> {
        let sql = "SELECT w.follows <> ?2 OR EXISTS (SELECT 1 FROM watermarks WHERE import_id = ?1 AND follows <> ?2) AS elsewhere
                   FROM windows AS w JOIN runs AS r ON r.number = w.run
                   WHERE r.import_id = ?1 AND r.sync_type = 'events' AND r.delivered + r.in_doubt > 0
                   ORDER BY w.run DESC LIMIT 1";
        let found = text::row(self.0, "windows", sql, (import.kept(), follows), |cells| {
            cells.plain("elsewhere")
        })?;
        Ok(found.unwrap_or(false))
    }

    /// Earlier runs that hold keys of rows which this run reads too, in the order in which they were begun: runs of New and
    /// updated rows, and runs that mended some.
    pub fn overlapping(&self, run: i64) -> Result<Vec<EarlierRun>> {
        let sql = format!(
            "{THIS} SELECT other.number AS run, other.plan, windows.until FROM this JOIN runs AS other
                 ON other.import_id = this.import_id AND other.number < this.run
                 LEFT JOIN windows ON windows.run = other.number
             WHERE NOT ({DONE_WITH}) AND (windows.run IS NOT NULL OR other.number IN (SELECT run FROM resends))
                 AND other.number IN (SELECT run FROM held)
             ORDER BY other.number"
        );
        text::rows(self.0, "windows", &sql, [run], |cells| {
            Ok(EarlierRun {
                run: cells.plain("run")?,
                plan: cells.json("plan")?,
                until: micros(cells, "until")?,
            })
        })
    }
}

/// A run's window, with the import that it is of.
const THIS: &str = "WITH this AS (
    SELECT w.*, runs.import_id FROM windows AS w JOIN runs ON runs.number = w.run WHERE w.run = ?1)";

/// Whether nothing that the run `other` sent is read by `this` one any more. Whole days, and clocks that are put back, reach
/// further back than the overlap: by a day at most. A run that mends has no window; what it sent, the next one saw.
const DONE_WITH: &str = "EXISTS (
    SELECT 1 FROM windows AS w JOIN runs AS r ON r.number = w.run
    WHERE r.import_id = this.import_id AND w.run < this.run AND w.run >= other.number
      AND (w.run = other.number OR other.number NOT IN (SELECT run FROM windows))
      AND (w.follows <> this.follows OR w.until <= this.since - this.overlap - 86400000000))";

impl WatermarksMut<'_> {
    /// Fixes what a run reads, before its first job: a job that has to be asked for again reads the same.
    pub fn fix(&self, run: i64, window: &WindowRow) -> Result<()> {
        self.0
            .execute(
                "INSERT INTO windows (run, follows, since, until, overlap) VALUES (?1, ?2, ?3, ?4, ?5)",
                (
                    run,
                    &window.follows,
                    window.since.map(Timestamp::as_microsecond),
                    window.until.as_microsecond(),
                    i64::try_from(window.overlap.as_micros()).unwrap_or(i64::MAX),
                ),
            )
            .doing("fixing what a run reads")?;
        self.let_go(run)
    }

    /// Lets go of the keys of earlier runs whose rows this run, and so every later one, does not read again.
    fn let_go(&self, run: i64) -> Result<()> {
        self.0
            .execute(
                &format!(
                    "{THIS} DELETE FROM held WHERE run IN (
                        SELECT other.number FROM this JOIN runs AS other
                            ON other.import_id = this.import_id AND other.number < this.run
                        WHERE {DONE_WITH})"
                ),
                [run],
            )
            .doing("letting go of keys that no run asks for")?;
        Ok(())
    }

    /// Starts from the beginning: the next run reads all rows.
    pub fn forget(&self, import: ImportId) -> Result<()> {
        self.0
            .execute("DELETE FROM watermarks WHERE import_id = ?1", [import.kept()])
            .doing("forgetting a watermark")?;
        Ok(())
    }
}

impl Writing<'_> {
    /// Moves the import's watermark to where a run that read every row of its window has come, unless something below waits
    /// to be sent again. It never moves back.
    pub fn move_watermark(&self, run: i64) -> Result<()> {
        let Some(window) = self.watermarks().window(run)? else {
            return Ok(());
        };
        let (import, plan, counts) = Runs(self.reading.0).of_number(run)?;
        if waits(&plan, &counts) {
            return Ok(());
        }
        self.reading
            .0
            .execute(
                "INSERT INTO watermarks (import_id, follows, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (import_id) DO UPDATE SET follows = excluded.follows, at = excluded.at
                 WHERE watermarks.follows <> excluded.follows OR watermarks.at < excluded.at",
                (import.kept(), &window.follows, window.until.as_microsecond()),
            )
            .doing("moving a watermark")?;
        Ok(())
    }
}

/// Whether some of a run's rows will be read and sent again. Rejected and unprocessed rows will not: what they are was
/// refused, and when they are mended, their Updated On moves. Events in doubt that are left, or that a person is asked
/// about, are not read again either.
fn waits(plan: &Plan, counts: &Counts) -> bool {
    let repeats = match &plan.records {
        Records::Profiles => true,
        Records::Events(events) => events.in_doubt == InDoubt::Resend,
    };
    repeats && counts.in_doubt > 0
}

fn micros(cells: &Cells<'_>, column: &'static str) -> Result<Option<Timestamp>> {
    let Some(micros) = cells.plain::<Option<i64>>(column)? else {
        return Ok(None);
    };
    let damaged = |_| StoreError::Damaged {
        table: cells.table,
        column,
        found: micros.to_string(),
    };
    Timestamp::from_microsecond(micros).map(Some).map_err(damaged)
}
