//! Tables of ours in people's datasets, as far as the store must know of them: results that have a name, states, and what is
//! still to be moved from one to the other.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::Connection;

use super::batches::BatchState;
use super::error::{Doing as _, Result};
use super::text::{self, Cells, Kept as _, number};
use crate::ground::ids::{ImportId, RunId};
use crate::run::{Fate, NamedTable, Positions};

/// A table that holds a run's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultTable {
    pub table: NamedTable,
    /// As it was when the query was done, with the number of rows. Absent until then.
    pub etag: Option<String>,
    pub rows: Option<u64>,
}

/// A table that holds a copy of a paused run's result, or is about to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultCopy {
    pub table: NamedTable,
    /// As many as the result had: a copy with another number is none.
    pub rows: u64,
    pub expires_at: Timestamp,
}

/// What CleverTap acknowledged of an import, kept in BigQuery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRow {
    pub table: NamedTable,
    /// Absent as long as nothing was written to it: then it may be missing without a loss.
    pub merged_at: Option<Timestamp>,
}

/// A run whose result is to be moved into its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparisonRow {
    pub run: RunId,
    pub number: i64,
    pub state: NamedTable,
    /// How many jobs were asked to do it.
    pub merges: u64,
}

/// What CleverTap acknowledged of a run's result.
#[derive(Clone, Debug, Default)]
pub struct Acknowledged {
    pub positions: Positions,
    /// What became of rows that were tried and not acknowledged, by position.
    pub fates: BTreeMap<u64, Fate>,
}

pub struct Comparisons<'a>(pub(super) &'a Connection);
pub struct ComparisonsMut<'a>(pub(super) &'a Connection);

impl Comparisons<'_> {
    pub fn result_table(&self, run: i64) -> Result<Option<ResultTable>> {
        let sql = "SELECT * FROM result_tables WHERE run = ?1";
        text::row(self.0, "result_tables", sql, [run], |cells| {
            Ok(ResultTable {
                table: table(cells, "name")?,
                etag: cells.plain("etag")?,
                rows: cells.count_some("rows")?,
            })
        })
    }

    pub fn copy(&self, run: i64) -> Result<Option<ResultCopy>> {
        let sql = "SELECT * FROM result_copies WHERE run = ?1";
        text::row(self.0, "result_copies", sql, [run], |cells| {
            Ok(ResultCopy {
                table: table(cells, "name")?,
                rows: cells.count("rows")?,
                expires_at: cells.time("expires_at")?,
            })
        })
    }

    pub fn state(&self, import: ImportId) -> Result<Option<StateRow>> {
        let sql = "SELECT * FROM states WHERE import_id = ?1";
        text::row(self.0, "states", sql, [import.kept()], |cells| {
            Ok(StateRow {
                table: table(cells, "name")?,
                merged_at: cells.time_some("merged_at")?,
            })
        })
    }

    /// What CleverTap acknowledged of a run. Nobody knows which of its records a batch is missing that has records with the
    /// code `any`: where it is told, none of them counts as acknowledged.
    pub fn acknowledged(&self, run: i64, any: Option<&str>) -> Result<Acknowledged> {
        let mut fates = BTreeMap::new();
        let mut unsure = BTreeSet::new();
        let sql = "SELECT position, fate, batch, identity IS NULL AND code IS ?2 AS unsure FROM records WHERE run = ?1";
        let mut statement = self.0.prepare_cached(sql).doing("looking what was not acknowledged")?;
        let mut rows = statement.query((run, any)).doing("looking what was not acknowledged")?;
        while let Some(row) = rows.next().doing("looking what was not acknowledged")? {
            let cells = Cells { table: "records", row };
            fates.insert(cells.count("position")?, cells.kept::<Fate>("fate")?);
            if cells.plain("unsure")? {
                unsure.extend(cells.count_some("batch")?);
            }
        }
        let mut positions = Positions::default();
        let sql = "SELECT * FROM batches WHERE run = ?1";
        let mut statement = self.0.prepare_cached(sql).doing("looking what was acknowledged")?;
        let mut rows = statement.query([run]).doing("looking what was acknowledged")?;
        while let Some(row) = rows.next().doing("looking what was acknowledged")? {
            let cells = Cells { table: "batches", row };
            if !cells.kept::<BatchState>("state")?.is_tried() {
                continue;
            }
            let doubted = unsure.contains(&cells.count("number")?);
            for stretch in super::batches::positions(&cells)? {
                if doubted {
                    for position in stretch {
                        fates.entry(position).or_insert(Fate::InDoubt);
                    }
                    continue;
                }
                let mut next = *stretch.start();
                for hole in fates.range(stretch.clone()).map(|(position, _)| *position) {
                    if hole > next {
                        positions.add(next..=hole - 1);
                    }
                    next = hole + 1;
                }
                if next <= *stretch.end() {
                    positions.add(next..=*stretch.end());
                }
            }
        }
        Ok(Acknowledged { positions, fates })
    }

    /// Runs of an import whose results are still to be moved into a state, the oldest first.
    pub fn waiting(&self, import: ImportId) -> Result<Vec<ComparisonRow>> {
        let sql = "SELECT c.*, r.id, t.project, t.dataset
                   FROM comparisons AS c JOIN runs AS r ON r.number = c.run JOIN result_tables AS t ON t.run = c.run
                   WHERE c.merged_at IS NULL AND r.import_id = ?1 ORDER BY c.run";
        text::rows(self.0, "comparisons", sql, [import.kept()], |cells| {
            Ok(ComparisonRow {
                run: cells.kept("id")?,
                number: cells.plain("run")?,
                state: table(cells, "state")?,
                merges: cells.count("merges")?,
            })
        })
    }
}

impl ComparisonsMut<'_> {
    /// Names the table that a run's result is about to go to. It must be on the disk before the table is made.
    pub fn name_result(&self, run: i64, table: &NamedTable) -> Result<()> {
        self.0
            .execute(
                "INSERT INTO result_tables (run, project, dataset, name) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (run) DO UPDATE SET project = excluded.project, dataset = excluded.dataset,
                    name = excluded.name, etag = NULL, rows = NULL
                 WHERE result_tables.name <> excluded.name",
                (run, &table.project, &table.dataset, &table.name),
            )
            .doing("naming a result's table")?;
        Ok(())
    }

    /// Keeps what the table was when the query was done.
    pub fn result_seen(&self, run: i64, etag: Option<&str>, rows: u64) -> Result<()> {
        self.0
            .execute(
                "UPDATE result_tables SET etag = ?2, rows = ?3 WHERE run = ?1",
                (run, etag, number(rows)),
            )
            .doing("keeping what a result's table was")?;
        Ok(())
    }

    /// Names the table that a run's result is about to be copied to. It must be on the disk before the copy is asked for.
    pub fn name_copy(&self, run: i64, copy: &ResultCopy) -> Result<()> {
        let NamedTable { project, dataset, name } = &copy.table;
        self.0
            .execute(
                "INSERT OR REPLACE INTO result_copies (run, project, dataset, name, rows, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (
                    run,
                    project,
                    dataset,
                    name,
                    number(copy.rows),
                    copy.expires_at.as_millisecond(),
                ),
            )
            .doing("naming the copy of a result")?;
        Ok(())
    }

    /// Says which table an import compares with from now on. One that was used before keeps what is known of it.
    pub fn use_state(&self, import: ImportId, table: &NamedTable) -> Result<()> {
        self.0
            .execute(
                "INSERT INTO states (import_id, project, dataset, name) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (import_id) DO UPDATE SET project = excluded.project, dataset = excluded.dataset,
                    name = excluded.name, merged_at = NULL
                 WHERE (states.project, states.dataset, states.name)
                    <> (excluded.project, excluded.dataset, excluded.name)",
                (import.kept(), &table.project, &table.dataset, &table.name),
            )
            .doing("keeping which state an import has")?;
        Ok(())
    }

    /// Lets go of an import's state and of all that waits to be moved into one: its next run sends every row.
    pub fn forget_state(&self, import: ImportId, at: Timestamp) -> Result<()> {
        self.0
            .execute("DELETE FROM states WHERE import_id = ?1", [import.kept()])
            .and_then(|_| {
                self.0.execute(
                    "UPDATE comparisons SET merged_at = ?2 WHERE merged_at IS NULL
                        AND run IN (SELECT number FROM runs WHERE import_id = ?1)",
                    (import.kept(), at.as_millisecond()),
                )
            })
            .doing("letting go of a state")?;
        Ok(())
    }

    /// A run compares with this state. From now on its result waits to be moved there.
    pub fn begin(&self, run: i64, state: &str) -> Result<()> {
        self.0
            .execute(
                "INSERT INTO comparisons (run, state) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                (run, state),
            )
            .doing("keeping what a run compares with")?;
        Ok(())
    }

    /// Another job is about to be asked to move a run's result. It must be on the disk before the job is asked for.
    pub fn next_merge(&self, run: i64, merges: u64) -> Result<()> {
        self.0
            .execute(
                "UPDATE comparisons SET merges = ?2 WHERE run = ?1",
                (run, number(merges)),
            )
            .doing("counting jobs that move a result")?;
        Ok(())
    }

    /// The run's result is in its state, or is of no use to it any more.
    pub fn merged(&self, run: i64, at: Timestamp) -> Result<()> {
        self.0
            .execute(
                "UPDATE comparisons SET merged_at = ?2 WHERE run = ?1 AND merged_at IS NULL",
                (run, at.as_millisecond()),
            )
            .and_then(|_| {
                self.0.execute(
                    "UPDATE states SET merged_at = ?2 WHERE import_id = (SELECT import_id FROM runs WHERE number = ?1)",
                    (run, at.as_millisecond()),
                )
            })
            .and_then(|_| {
                // A run that is not its import's last held its keys for this alone.
                self.0.execute(
                    "DELETE FROM held WHERE run = ?1 AND EXISTS (
                        SELECT 1 FROM runs AS this JOIN runs AS later ON later.import_id = this.import_id
                        WHERE this.number = ?1 AND later.number > this.number)",
                    [run],
                )
            })
            .doing("recording that a result is in its state")?;
        Ok(())
    }
}

fn table(cells: &Cells<'_>, name: &'static str) -> Result<NamedTable> {
    Ok(NamedTable {
        project: cells.plain("project")?,
        dataset: cells.plain("dataset")?,
        name: cells.plain(name)?,
    })
}
