//! What can be shown after the verdict: tables, and a few rows of one. Lacking it fails nothing.

use super::Check;
use super::climb::only_queries_read;
use crate::bigquery::{Page, Query, Schema, TableBrief, TableId, quoted};
use crate::ground::problem::Problem;

/// Tables listed at most.
const MOST_TABLES: u32 = 1000;

/// The dataset's tables, as far as they can be listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    pub tables: Vec<TableBrief>,
    /// By Google's count.
    pub total: Option<u64>,
    /// Whether the list is whole.
    pub complete: bool,
    /// Why there is no list, where there is none.
    pub problem: Option<Problem>,
}

/// A few rows of one table.
#[derive(Debug)]
pub struct Sample {
    pub schema: Schema,
    pub page: Page,
    /// Bytes that BigQuery bills for showing them. Nought where they were read without a query.
    pub bytes_billed: u64,
}

impl Check {
    /// Lists tables. One call.
    pub async fn evidence(&self) -> Evidence {
        match self.bigquery.tables(&self.target.dataset, MOST_TABLES, None).await {
            Ok(list) => Evidence {
                complete: list.next.is_none(),
                total: list.total,
                tables: list.tables,
                problem: None,
            },
            Err(problem) => Evidence {
                tables: Vec::new(),
                total: None,
                complete: false,
                problem: Some(problem),
            },
        }
    }

    /// The first rows of a table, read as they lie; of a view, by a query under the connection's cap.
    pub async fn sample(&self, table: TableId, rows: u32) -> Result<Sample, Problem> {
        let table = self.target.dataset.table(table);
        let seen = self.bigquery.table(&table).await?;
        if seen.kind.has_rows_of_its_own() {
            match self.bigquery.rows(&table, 0, rows).await {
                Ok(page) => {
                    return Ok(Sample {
                        page,
                        schema: seen.schema,
                        bytes_billed: 0,
                    });
                }
                Err(problem) if only_queries_read(&problem) => {}
                Err(problem) => return Err(problem),
            }
        }
        let name = format!("{}.{}.{}", table.dataset.project, table.dataset.dataset, table.table);
        let place = self
            .target
            .location
            .clone()
            .or_else(|| self.board.location())
            .or(seen.location);
        let query = Query::new(
            format!("SELECT *\nFROM {}\nLIMIT {rows}", quoted(&name)),
            self.target.billing().clone(),
        )
        .in_location(place)
        .capped(self.target.bytes_cap);
        self.bigquery.dry_run(&query).await?.select_only()?;
        let glance = self.bigquery.glance(&query, rows).await?;
        Ok(Sample {
            schema: glance.schema,
            page: glance.page,
            bytes_billed: glance.bytes_billed,
        })
    }
}
