//! Around Changed rows: whether a connection can carry it, asked before an import is saved; and an import's start from the
//! beginning, which drops the tables of what CleverTap acknowledged.

use jiff::Timestamp;

use super::Runner;
use super::changed::STORE;
use super::question::found;
use crate::bigquery::{Client, DatasetId, DatasetRef, JobId, Location, ProjectId, Query, TableId, TableRef};
use crate::ground::ids::ImportId;
use crate::ground::problem::{Code, Problem};
use crate::import::changes;
use crate::import::plan::Source;
use crate::store::{ConnectionRow, StoreError};
use crate::vault::Attendance;

impl Runner {
    /// The statements that [`Runner::restart`] runs, for a person to read before.
    pub async fn restart_statements(&self, import: ImportId) -> Result<Vec<String>, Problem> {
        let tables = self.states(import).await?;
        Ok(tables.iter().map(changes::drop_statement).collect())
    }

    /// Forgets what an import knows of its earlier runs, and drops its tables of what CleverTap acknowledged: the next run
    /// sends every row. Tables that another store made are left alone. Where one of ours cannot be dropped, nothing is
    /// forgotten.
    pub async fn restart(&self, import: ImportId, attendance: Attendance) -> Result<(), Problem> {
        let tables = self.states(import).await?;
        if !tables.is_empty() {
            let known = self.store.reading(move |r| {
                let connection = r.imports().get(import)?.connection;
                let connection = connection.ok_or(StoreError::NotThere { what: "connection" })?;
                Ok((r.connections().get(connection)?, r.store_id()?))
            });
            let (connection, store) = known.await?;
            let place = Place::of(self, &connection, attendance).await?;
            for table in &tables {
                place.drop_ours(table, &store).await?;
            }
        }
        let at = Timestamp::now();
        let restarted = self.store.writing(move |w| w.restart(import, at));
        restarted.await.map_err(Problem::from)
    }

    async fn states(&self, import: ImportId) -> Result<Vec<TableRef>, Problem> {
        let known = self.store.reading(move |r| r.comparisons().states(import));
        let known = known.await?;
        known.iter().map(found).collect()
    }

    /// What stands against Changed rows from this source, as far as dry runs can tell. They change nothing.
    pub async fn can_compare(
        &self,
        connection: &ConnectionRow,
        source: &Source,
        attendance: Attendance,
    ) -> Result<(), Problem> {
        let place = Place::of(self, connection, attendance).await?;
        place.tries(changes::trial_of_making(&place.dataset)?).await?;
        // A project without billing lets nobody change rows, and says so of any table. Whether rows of this one may be
        // changed does not matter: ours is another.
        let Source::Table(name) = source else { return Ok(()) };
        let table = place.dataset.table(TableId::read(name)?);
        match place.tries(changes::trial(&table)).await {
            Err(problem) if problem.code() == Code::BillingNotEnabled => Err(problem),
            _ => Ok(()),
        }
    }
}

/// A saved connection's dataset, ready to be asked.
struct Place {
    client: Client,
    dataset: DatasetRef,
    billing: ProjectId,
    location: Option<Location>,
}

impl Place {
    async fn of(runner: &Runner, connection: &ConnectionRow, attendance: Attendance) -> Result<Self, Problem> {
        let project = ProjectId::read(&connection.project_id)?;
        let billing = connection.billing_project.as_deref().map(ProjectId::read).transpose()?;
        let location = connection.location_override.as_ref().or(connection.location.as_ref());
        Ok(Self {
            client: runner.bigquery(connection, attendance).await?,
            billing: billing.unwrap_or_else(|| project.clone()),
            dataset: DatasetRef {
                project,
                dataset: DatasetId::read(&connection.dataset_id)?,
            },
            location: location.map(|name| Location::read(name)).transpose()?,
        })
    }

    fn query(&self, sql: String) -> Query {
        Query::new(sql, self.billing.clone())
            .in_location(self.location.clone())
            .labelled("app", "tapline")
    }

    async fn tries(&self, sql: String) -> Result<(), Problem> {
        self.client.dry_run(&self.query(sql)).await.map(drop)
    }

    async fn drop_ours(&self, table: &TableRef, store: &str) -> Result<(), Problem> {
        let seen = self.client.seen(table).await?;
        if seen.is_none_or(|seen| seen.labels.get(STORE).is_none_or(|owner| owner != store)) {
            return Ok(());
        }
        let id = JobId::new(&format!("tapline_drop_{}", uuid::Uuid::now_v7()))?;
        let job = self
            .client
            .start(&self.query(changes::drop_statement(table)), &id)
            .await?;
        self.client.done(&job).await.map(drop)
    }
}
