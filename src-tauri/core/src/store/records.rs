//! Rows that were not delivered, or not surely: the only rows of people's data that are ever kept, and only for a time.

use std::ops::ControlFlow;

use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::error::{Doing as _, Result};
use super::text::{self, Cells, Kept as _, kept_words, number};
use crate::run::Fate;

kept_words!(Fate {
    Rejected = "rejected",
    Unprocessed = "unprocessed",
    InDoubt = "in_doubt",
});

/// A row that was not delivered, or not surely.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordRow {
    /// The row's place in the query's result, from 1.
    pub position: u64,
    pub fate: Fate,
    pub batch: Option<u64>,
    /// Ours for a rejection, CleverTap's for an unprocessed record.
    pub code: String,
    pub column: Option<String>,
    /// Absent once its values are forgotten.
    pub identity: Option<String>,
    /// Failure Description. Absent once its values are forgotten: it may quote one.
    pub reason: Option<String>,
    /// The record as JSON, or the row where no record could be made. Absent once its values are forgotten.
    pub record: Option<String>,
}

/// One page of a run's records.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordsPage {
    pub records: Vec<RecordRow>,
    /// How many match in all.
    pub total: u64,
}

/// Which of a run's records.
#[derive(Clone, Debug, Default)]
pub struct RecordFilter {
    pub fate: Option<Fate>,
    pub code: Option<String>,
    /// Of the rows with that code, those of this column.
    pub column: Option<String>,
    /// Found in identity, reason, column, code or record. Empty: all.
    pub search: String,
    /// Only those beyond this position.
    pub after: Option<u64>,
}

/// How many rows share a fate, a code and a column.
#[derive(Clone, Debug, PartialEq)]
pub struct ReasonCount {
    pub fate: Fate,
    pub code: String,
    pub column: Option<String>,
    /// The reason of one of them. Absent once all their values are forgotten.
    pub reason: Option<String>,
    pub count: u64,
}

pub struct Records<'a>(pub(super) &'a Connection);
pub struct RecordsMut<'a>(pub(super) &'a Connection);

pub(super) const MATCHING: &str = "run = :run
    AND (:fate IS NULL OR fate = :fate)
    AND (:code IS NULL OR code = :code)
    AND (:column IS NULL OR row_column = :column)
    AND (:search = '' OR instr(folded(ifnull(identity, '')), :search) OR instr(folded(ifnull(reason, '')), :search)
        OR instr(folded(ifnull(row_column, '')), :search) OR instr(folded(code), :search)
        OR instr(folded(ifnull(record, '')), :search))";

impl Records<'_> {
    /// The largest groups first.
    pub fn reasons(&self, run: i64) -> Result<Vec<ReasonCount>> {
        let sql = "SELECT fate, code, row_column, max(reason) AS reason, count(*) AS rows FROM records
                   WHERE run = ?1 GROUP BY fate, code, row_column ORDER BY rows DESC, fate, code, row_column";
        text::rows(self.0, "records", sql, [run], |cells| {
            Ok(ReasonCount {
                fate: cells.kept("fate")?,
                code: cells.plain("code")?,
                column: cells.plain("row_column")?,
                reason: cells.plain("reason")?,
                count: cells.count("rows")?,
            })
        })
    }

    /// In the order of the result.
    pub fn page(&self, run: i64, filter: &RecordFilter, limit: u32) -> Result<RecordsPage> {
        let fate = filter.fate.map(|fate| fate.kept());
        let search = text::folded(&filter.search);
        let sql = format!("SELECT count(*) AS total FROM records WHERE {MATCHING}");
        let total = text::row(
            self.0,
            "records",
            &sql,
            named_params! { ":run": run, ":fate": fate, ":code": filter.code, ":column": filter.column, ":search": search },
            |cells| cells.count("total"),
        )?
        .unwrap_or(0);
        let sql =
            format!("SELECT * FROM records WHERE {MATCHING} AND position > :after ORDER BY position LIMIT :limit");
        let records = text::rows(
            self.0,
            "records",
            &sql,
            named_params! {
                ":run": run,
                ":fate": fate,
                ":code": filter.code,
                ":column": filter.column,
                ":search": search,
                ":after": number(filter.after.unwrap_or(0)),
                ":limit": limit,
            },
            take,
        )?;
        Ok(RecordsPage { records, total })
    }

    /// Every record of a run, in the order of the result, one at a time: there may be millions. Ends where `see` breaks off.
    pub fn each(&self, run: i64, mut see: impl FnMut(RecordRow) -> ControlFlow<()>) -> Result<()> {
        let sql = "SELECT * FROM records WHERE run = ?1 ORDER BY position";
        let mut statement = self.0.prepare_cached(sql).doing("reading a run's records")?;
        let mut rows = statement.query([run]).doing("reading a run's records")?;
        while let Some(row) = rows.next().doing("reading a run's records")? {
            if see(take(&Cells { table: "records", row })?).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl RecordsMut<'_> {
    /// Keeps a row that is rejected, and counts it, with the rows that gave way to it inside BigQuery. One that is kept
    /// already is the same row read again, and counts once.
    pub fn reject(&self, run: i64, row: &RecordRow, collapsed: u64, values_until: Timestamp) -> Result<()> {
        if self.insert("OR IGNORE", run, std::slice::from_ref(row), values_until)? == 0 {
            return Ok(());
        }
        self.0
            .prepare_cached("UPDATE runs SET rejected = rejected + 1, collapsed = collapsed + ?2 WHERE number = ?1")
            .and_then(|mut statement| statement.execute((run, number(collapsed))))
            .doing("counting a rejected row")?;
        Ok(())
    }

    /// Keeps rows. Those that a batch counts are counted there.
    pub fn keep(&self, run: i64, rows: &[RecordRow], values_until: Timestamp) -> Result<()> {
        self.insert("", run, rows, values_until).map(drop)
    }

    fn insert(&self, or: &str, run: i64, rows: &[RecordRow], values_until: Timestamp) -> Result<usize> {
        let mut statement = self
            .0
            .prepare_cached(&format!(
                "INSERT {or} INTO records (run, position, fate, batch, code, row_column, identity, reason, record,
                    values_until)
                 VALUES (:run, :position, :fate, :batch, :code, :row_column, :identity, :reason, :record, :values_until)"
            ))
            .doing("keeping a row")?;
        let mut kept = 0;
        for row in rows {
            kept += statement
                .execute(named_params! {
                    ":run": run,
                    ":position": number(row.position),
                    ":fate": row.fate.kept(),
                    ":batch": row.batch.map(number),
                    ":code": row.code,
                    ":row_column": row.column,
                    ":identity": row.identity,
                    ":reason": row.reason,
                    ":record": row.record,
                    ":values_until": values_until.as_millisecond(),
                })
                .doing("keeping a row")?;
        }
        Ok(kept)
    }
}

pub(super) fn take(cells: &Cells<'_>) -> Result<RecordRow> {
    Ok(RecordRow {
        position: cells.count("position")?,
        fate: cells.kept("fate")?,
        batch: cells.count_some("batch")?,
        code: cells.plain("code")?,
        column: cells.plain("row_column")?,
        identity: cells.plain("identity")?,
        reason: cells.plain("reason")?,
        record: cells.plain("record")?,
    })
}
