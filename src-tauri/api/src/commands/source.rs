//! What is asked of BigQuery while an import is being made: tables, bytes and columns, a few rows.

use std::sync::Arc;

use tapline_core::bigquery::{
    Client, DatasetId, DatasetRef, Estimate as Estimated, Location, ProjectId, Query, TableId, TableKind, TableRef,
};
use tapline_core::connection::LEAST_BILLED_BYTES;
use tapline_core::ground::ids::ConnectionId;
use tapline_core::ground::problem::{Fact, Problem};
use tapline_core::import::plan::Source;
use tapline_core::import::statement;
use tapline_core::store::ConnectionRow;

use super::id;
use crate::App;
use crate::wire::check::{Column, Sample, TableBrief};
use crate::wire::connection::ConnectionRef;
use crate::wire::import::{Estimate, Precision, SourceAsk, Tables};

/// Rows of a preview.
const FEW: u32 = 20;
/// Tables of one call, and calls of one list.
const TABLES: u32 = 1000;
const CALLS: usize = 10;

pub(super) async fn tables(app: &Arc<App>, ask: ConnectionRef) -> Result<Tables, Problem> {
    let open = Open::by_id(app, id(&ask.connection)?).await?;
    let mut tables = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..CALLS {
        let list = open.client.tables(&open.dataset, TABLES, next.as_deref()).await?;
        tables.extend(list.tables.iter().map(TableBrief::from));
        next = list.next;
        if next.is_none() {
            break;
        }
    }
    Ok(Tables {
        tables,
        complete: next.is_none(),
    })
}

pub(super) async fn estimate(app: &Arc<App>, ask: SourceAsk) -> Result<Estimate, Problem> {
    let open = Open::by_id(app, id(&ask.connection)?).await?;
    let estimated = open.look_at(&ask.source).await?;
    let seen = match &ask.source {
        // Nice to know. Who may query a table need not be allowed to look at it.
        Source::Table(table) => open.client.table(&open.table(table)?).await.ok(),
        Source::Sql(_) => None,
    };
    // Of files outside BigQuery a dry run says nothing, in the words "0 bytes". An empty table says the same and means it.
    let empty = seen.as_ref().is_some_and(|table| table.rows == Some(0));
    let known = estimated.bytes.filter(|bytes| *bytes > 0 || empty);
    Ok(Estimate {
        bytes: estimated.bytes.unwrap_or(0),
        bytes_billed: billed(estimated.bytes.unwrap_or(0)),
        precision: match known {
            Some(_) => Precision::AtMost,
            None => Precision::Unknown,
        },
        rows: seen.and_then(|table| table.rows),
        columns: estimated.schema.fields.iter().map(Column::from).collect(),
    })
}

pub(super) async fn preview(app: &Arc<App>, ask: SourceAsk) -> Result<Sample, Problem> {
    let open = Open::by_id(app, id(&ask.connection)?).await?;
    if let Source::Table(table) = &ask.source
        && let Some(sample) = open.lying_rows(table).await
    {
        return Ok(sample);
    }
    open.look_at(&ask.source).await?;
    let query = open.query(statement::preview(&ask.source, &open.dataset, FEW));
    open.client.dry_run(&query).await?.select_only()?;
    let glance = open.client.glance(&query, FEW).await?;
    Ok(Sample::of(&glance.schema, &glance.page, glance.bytes_billed))
}

/// What BigQuery bills for reading so many bytes: whole megabytes, and 10 of them at the least.
pub(super) fn billed(bytes: u64) -> u64 {
    const MEGABYTE: u64 = 1024 * 1024;
    match bytes {
        0 => 0,
        bytes => (bytes.div_ceil(MEGABYTE) * MEGABYTE).max(LEAST_BILLED_BYTES),
    }
}

/// A saved connection, ready to be asked.
pub(super) struct Open {
    pub client: Client,
    pub dataset: DatasetRef,
    billing: ProjectId,
    location: Option<Location>,
    bytes_cap: Option<u64>,
}

impl Open {
    pub async fn by_id(app: &App, connection: ConnectionId) -> Result<Self, Problem> {
        let row = app.look(move |store| store.connections().get(connection)).await?;
        Self::of(app, &row).await
    }

    pub async fn of(app: &App, row: &ConnectionRow) -> Result<Self, Problem> {
        let dataset = DatasetRef {
            project: ProjectId::read(&row.project_id)?,
            dataset: DatasetId::read(&row.dataset_id)?,
        };
        let billing = row.billing_project.as_deref().map(ProjectId::read).transpose()?;
        let location = row.location_override.as_deref().or(row.location.as_deref());
        Ok(Self {
            client: app.runner().bigquery(row, app.attendance()).await?,
            billing: billing.unwrap_or_else(|| dataset.project.clone()),
            dataset,
            location: location.map(Location::read).transpose()?,
            bytes_cap: row.bytes_cap,
        })
    }

    pub fn query(&self, sql: String) -> Query {
        Query::new(sql, self.billing.clone())
            .in_location(self.location.clone())
            .capped(self.bytes_cap)
            .labelled("app", "tapline")
    }

    /// Columns and bytes of a source, by a dry run. What a person wrote is judged alone first, so that what is refused is
    /// called by its name.
    pub async fn look_at(&self, source: &Source) -> Result<Estimated, Problem> {
        let sql = match source {
            Source::Table(table) => {
                let table = self.table(table)?.table;
                statement::preview(&Source::Table(table.to_string()), &self.dataset, FEW)
            }
            Source::Sql(sql) => sql.clone(),
        };
        let estimate = match self.client.dry_run(&self.query(sql)).await {
            Ok(estimate) => estimate,
            Err(problem) => return Err(self.with_meant(source, problem).await),
        };
        let field = match source {
            Source::Table(_) => "source.table",
            Source::Sql(_) => "source.sql",
        };
        estimate
            .select_only()
            .map_err(|problem| problem.with(Fact::Field, field))
    }

    /// Where a table was not found and another is called nearly that: the source as it was meant.
    async fn with_meant(&self, source: &Source, problem: Problem) -> Problem {
        let problem = self.client.looked_into(&self.dataset, problem).await;
        let known = |fact| problem.facts().get(fact).map(str::to_owned);
        let (Some(typed), Some(meant)) = (known(Fact::Table), known(Fact::Meant)) else {
            return problem;
        };
        match source {
            Source::Table(_) => problem.with(Fact::Field, "source.table").with(Fact::Suggestion, meant),
            Source::Sql(sql) => match statement::renamed(sql, &typed, &meant) {
                Some(sql) => problem.with(Fact::Field, "source.sql").with(Fact::Suggestion, sql),
                None => problem,
            },
        }
    }

    pub fn table(&self, table: &str) -> Result<TableRef, Problem> {
        let table = TableId::read(table).map_err(|problem| problem.with(Fact::Field, "source.table"))?;
        Ok(self.dataset.table(table))
    }

    /// A few rows as they lie in the table, without a bill. Nothing where that is not possible: a query may do.
    pub async fn lying_rows(&self, table: &str) -> Option<Sample> {
        let table = self.table(table).ok()?;
        let seen = self.client.table(&table).await.ok()?;
        if !seen.kind.has_rows_of_its_own() {
            return None;
        }
        let page = self.client.rows(&table, 0, FEW).await.ok()?;
        Some(Sample::of(&seen.schema, &page, 0))
    }
}

impl From<&tapline_core::bigquery::TableBrief> for TableBrief {
    fn from(table: &tapline_core::bigquery::TableBrief) -> Self {
        Self {
            table: table.id.clone(),
            kind: match table.kind {
                TableKind::View => "view",
                TableKind::MaterializedView => "materialized_view",
                TableKind::External => "external",
                TableKind::Table | TableKind::Other => "table",
            }
            .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::billed;

    #[test]
    fn bytes_are_billed_in_whole_megabytes_and_ten_at_least() {
        let rows = [(0, 0), (1, 10 << 20), (10 << 20, 10 << 20), ((10 << 20) + 1, 11 << 20)];
        for (bytes, expected) in rows {
            assert_eq!(billed(bytes), expected, "for {bytes}");
        }
    }
}
