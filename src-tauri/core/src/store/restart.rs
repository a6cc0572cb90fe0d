//! Starting an import from the beginning: what it knows of earlier runs is forgotten. The runs themselves stay.

use jiff::Timestamp;

use super::error::{Doing as _, Result, StoreError};
use super::text::{self, Kept as _};
use super::{Comparisons, Imports, RunRow, Runs, Writing};
use crate::ground::ids::ImportId;
use crate::import::state::ImportStatus;
use crate::run::NamedTable;

impl Comparisons<'_> {
    /// Every table that an import ever kept what was acknowledged in, the one that it uses now among them.
    pub fn states(&self, import: ImportId) -> Result<Vec<NamedTable>> {
        let sql = "SELECT project, dataset, name FROM states WHERE import_id = ?1
                   UNION
                   SELECT t.project, t.dataset, c.state FROM comparisons AS c
                   JOIN runs AS r ON r.number = c.run JOIN result_tables AS t ON t.run = c.run WHERE r.import_id = ?1
                   ORDER BY 1, 2, 3";
        text::rows(self.0, "states", sql, [import.kept()], |cells| {
            Ok(NamedTable {
                project: cells.plain("project")?,
                dataset: cells.plain("dataset")?,
                name: cells.plain("name")?,
            })
        })
    }
}

impl Runs<'_> {
    /// Whether the run's import was started from the beginning since: its next run sends again what this one sent.
    pub fn is_done_with(&self, row: &RunRow) -> Result<bool> {
        let sql = "SELECT 1 FROM imports WHERE id = ?1 AND begins_after >= ?2";
        Ok(text::row(self.0, "imports", sql, (row.run.import.kept(), row.number), |_| Ok(()))?.is_some())
    }
}

impl Writing<'_> {
    /// The import's next run sends every row, as a first one does, and none of its earlier runs is gone on with. Refused
    /// while it runs.
    pub fn restart(&self, import: ImportId, at: Timestamp) -> Result<()> {
        let row = Imports(self.connection()).get(import)?;
        if row.status == ImportStatus::Running {
            return Err(StoreError::AlreadyRunning {
                nickname: row.plan.nickname,
            });
        }
        self.connection()
            .execute(
                "UPDATE imports SET begins_after = (SELECT max(number) FROM runs WHERE import_id = ?1) WHERE id = ?1",
                [import.kept()],
            )
            .doing("starting an import from the beginning")?;
        self.watermarks_mut().forget(import)?;
        self.comparisons_mut().forget_state(import, at)?;
        let runs = "(SELECT number FROM runs WHERE import_id = ?1)";
        for table in ["windows", "held"] {
            self.connection()
                .execute(&format!("DELETE FROM {table} WHERE run IN {runs}"), [import.kept()])
                .doing("forgetting what earlier runs have read")?;
        }
        Ok(())
    }
}
