//! Runs that mend others: what of a run can be sent again, and that no record is sent again twice.

use rusqlite::{Connection, named_params};

use super::error::{Doing as _, Result, StoreError};
use super::imports::plan_text;
use super::records::{MATCHING, take};
use super::text::{self, Kept as _, folded, number};
use super::{NewRun, RecordFilter, RecordRow, RunRow, Runs, Writing};
use crate::ground::ids::RunId;
use crate::import::plan::{InDoubt, Records, Rows};

/// What of a run can be sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mendable {
    pub records: u64,
    /// How many identities they are about.
    pub identities: u64,
    /// Records that cannot: their values are forgotten, they never became a record, or another run has them.
    pub left_out: u64,
}

pub struct Resends<'a>(pub(super) &'a Connection);

/// A record can be sent again as long as its identity is known, and, for an event, what was sent. One that a run chose is
/// that run's, unless it ended early without having sent it. An event that the next comparison finds again goes with that one.
const MENDABLE: &str = "identity IS NOT NULL AND trim(identity) <> ''
    AND fate NOT IN (SELECT value FROM json_each(:come_back))
    AND (:profiles OR (fate <> 'rejected' AND record IS NOT NULL))
    AND NOT EXISTS (
        SELECT 1 FROM resent JOIN runs AS other ON other.number = resent.by_run
        WHERE resent.run = records.run AND resent.position = records.position AND (
            other.outcome IS NULL OR other.outcome NOT IN ('stopped', 'interrupted', 'failed')
            OR (NOT :profiles AND EXISTS (
                SELECT 1 FROM batches WHERE batches.run = other.number AND batches.state IN ('answered', 'in_doubt', 'open')
                    AND records.position BETWEEN batches.first_row AND batches.last_row))))";

/// Records in doubt are sent again only where they are asked for by that name: they may have arrived.
const ASKED: &str = "(:fate IS NOT NULL OR fate <> 'in_doubt')";

impl Resends<'_> {
    /// The run that this one mends.
    pub fn mends(&self, run: i64) -> Result<Option<RunId>> {
        let sql = "SELECT runs.id AS id FROM resends JOIN runs ON runs.number = resends.mends WHERE resends.run = ?1";
        text::row(self.0, "resends", sql, [run], |cells| cells.kept("id"))
    }

    /// What of these records of a run can be sent again.
    pub fn mendable(&self, run: &RunRow, filter: &RecordFilter) -> Result<Mendable> {
        let sql = format!(
            "SELECT count(*) AS records, count(DISTINCT trim(identity)) AS identities
             FROM records WHERE {MATCHING} AND {ASKED} AND {MENDABLE}"
        );
        let (fate, search) = (filter.fate.map(|fate| fate.kept()), folded(&filter.search));
        let found = text::row(
            self.0,
            "records",
            &sql,
            named_params! {
                ":run": run.number, ":fate": fate, ":code": filter.code, ":column": filter.column, ":search": search,
                ":profiles": is_profiles(run), ":come_back": come_back(&Runs(self.0), run)?,
            },
            |cells| Ok((cells.count("records")?, cells.count("identities")?)),
        )?;
        let sql = format!("SELECT count(*) AS records FROM records WHERE {MATCHING} AND {ASKED}");
        let all = text::row(
            self.0,
            "records",
            &sql,
            named_params! {
                ":run": run.number, ":fate": fate, ":code": filter.code, ":column": filter.column, ":search": search,
            },
            |cells| cells.count("records"),
        )?;
        let (records, identities) = found.unwrap_or_default();
        Ok(Mendable {
            records,
            identities,
            left_out: all.unwrap_or(0).saturating_sub(records),
        })
    }

    /// The identities that could be sent anew, each once, no more than `most`.
    pub fn mendable_identities(&self, run: &RunRow, filter: &RecordFilter, most: u32) -> Result<Vec<String>> {
        let sql = format!(
            "SELECT DISTINCT trim(identity) AS identity FROM records
             WHERE {MATCHING} AND {ASKED} AND {MENDABLE} ORDER BY 1 LIMIT :most"
        );
        text::rows(
            self.0,
            "records",
            &sql,
            named_params! {
                ":run": run.number, ":fate": filter.fate.map(|fate| fate.kept()), ":code": filter.code,
                ":column": filter.column, ":search": folded(&filter.search), ":profiles": is_profiles(run), ":come_back": come_back(&Runs(self.0), run)?, ":most": most,
            },
            |cells| cells.plain("identity"),
        )
    }

    /// The identities that a run sends anew, each once. Those that were forgotten meanwhile are left out.
    pub fn identities(&self, by_run: i64) -> Result<Vec<String>> {
        let sql = "SELECT DISTINCT trim(records.identity) AS identity FROM resent
                   JOIN records ON records.run = resent.run AND records.position = resent.position
                   WHERE resent.by_run = ?1 AND records.identity IS NOT NULL ORDER BY 1";
        text::rows(self.0, "resent", sql, [by_run], |cells| cells.plain("identity"))
    }

    /// The records that a run sends again, by their position in the run that they are from. Those whose values were
    /// forgotten meanwhile are left out.
    pub fn records(&self, by_run: i64, after: u64, limit: u32) -> Result<Vec<RecordRow>> {
        let sql = "SELECT records.* FROM resent
                   JOIN records ON records.run = resent.run AND records.position = resent.position
                   WHERE resent.by_run = ?1 AND resent.position > ?2
                     AND records.record IS NOT NULL AND records.identity IS NOT NULL
                   ORDER BY resent.position LIMIT ?3";
        text::rows(self.0, "records", sql, (by_run, number(after), limit), take)
    }

    /// How many [`Self::records`] there are.
    pub fn count(&self, by_run: i64) -> Result<u64> {
        let sql = "SELECT count(*) AS records FROM resent
                   JOIN records ON records.run = resent.run AND records.position = resent.position
                   WHERE resent.by_run = ?1 AND records.record IS NOT NULL AND records.identity IS NOT NULL";
        let count = text::row(self.0, "resent", sql, [by_run], |cells| cells.count("records"))?;
        Ok(count.unwrap_or(0))
    }
}

impl Writing<'_> {
    /// Starts a run that sends these records of another one again, and marks them as its own. Refused where there are
    /// none, and as long as a run of the import can be gone on with: it would be its import's last no longer.
    pub fn begin_mending(&self, new: &NewRun, mended: RunId, filter: &RecordFilter) -> Result<RunRow> {
        let mended = self.runs().get(mended)?;
        if let Some(last) = self.runs().last_of(new.import)?
            && self.runs().can_resume(&last)?
        {
            return Err(StoreError::RunWaits);
        }
        let row = self.runs_mut().begin(new)?;
        if is_profiles(&row) != is_profiles(&mended) {
            return Err(StoreError::NothingToResend);
        }
        let sql = format!(
            "INSERT OR REPLACE INTO resent (run, position, by_run)
             SELECT run, position, :by_run FROM records WHERE {MATCHING} AND {ASKED} AND {MENDABLE}"
        );
        let chosen = self
            .connection()
            .execute(
                &sql,
                named_params! {
                    ":run": mended.number, ":fate": filter.fate.map(|fate| fate.kept()), ":code": filter.code,
                    ":column": filter.column, ":search": folded(&filter.search), ":profiles": is_profiles(&mended), ":come_back": come_back(&self.runs(), &mended)?,
                    ":by_run": row.number,
                },
            )
            .doing("choosing what is sent again")?;
        if chosen == 0 {
            return Err(StoreError::NothingToResend);
        }
        self.connection()
            .execute(
                "INSERT INTO resends (run, mends) VALUES (?1, ?2)",
                (row.number, mended.number),
            )
            .doing("keeping which run is mended")?;
        // It reads those it chose, whichever rows its import sends otherwise.
        let mut plan = row.plan;
        plan.rows = Rows::All;
        self.connection()
            .execute(
                "UPDATE runs SET plan = ?2, sync_type = ?3 WHERE number = ?1",
                (row.number, plan_text(&plan)?, plan.sync_type().kept()),
            )
            .doing("keeping what is sent again")?;
        Runs(self.connection()).get(new.id)
    }
}

/// The fates of events that the import's next run finds again by itself, as a list in JSON: what a comparison did not write
/// down as sent, and everything where the import was started from the beginning. Sent from here as well, they would be there
/// twice.
fn come_back(runs: &Runs<'_>, run: &RunRow) -> Result<&'static str> {
    const ALL: &str = r#"["rejected","unprocessed","in_doubt"]"#;
    Ok(match &run.plan.records {
        Records::Events(_) if runs.is_done_with(run)? => ALL,
        Records::Events(events) if run.plan.rows == Rows::Changed => match events.in_doubt {
            InDoubt::Resend => ALL,
            InDoubt::Ask | InDoubt::Leave => r#"["rejected","unprocessed"]"#,
        },
        _ => "[]",
    })
}

fn is_profiles(run: &RunRow) -> bool {
    run.plan.records == Records::Profiles
}
