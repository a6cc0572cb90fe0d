//! Copy jobs: the rows of a result that nobody named, or of a table, as a table of their own. It is held in memory, wherever
//! the rows were.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

use super::job::Job;
use super::jobs::Wanted;
use super::rows::{Rows, Source};
use super::statement::named;
use super::{Call, TableKey};
use crate::google::{ApiError, Google};

impl Call<'_> {
    /// Makes the job and lets it run. What stands against its rows is told by the job, what stands against its table at once.
    pub(super) fn copied(&self, wanted: Wanted) -> Result<Arc<Job>, ApiError> {
        let copy = wanted.configuration["copy"].clone();
        let (from, into) = (named(&copy["sourceTable"]), named(&copy["destinationTable"]));
        let location = self.google.placed(&self.asked(&wanted), [&into].into_iter())?;
        self.dataset_right(&into.1, "bigquery.tables.create")?;
        self.dataset_right(&into.1, "bigquery.tables.updateData")?;
        let own = self.own_result(&from.2);
        // A result that expired was its owner's all the same.
        if own.is_none() && !from.1.starts_with('_') {
            self.table_right(&from.1, &from.2, "bigquery.tables.getData")?;
        }
        let expires = copy["destinationExpirationTime"]
            .as_str()
            .map(str::parse::<Timestamp>)
            .transpose()
            .map_err(|_| ApiError::invalid("Invalid value for destinationExpirationTime."))?;
        let job = self.noted(wanted, location)?;
        let (google, done) = (self.google.clone(), Arc::clone(&job));
        tokio::spawn(async move {
            let copied = google.copy(&from, into, own, expires).await;
            done.finish(google.clock().now(), copied.err());
        });
        Ok(job)
    }
}

impl Google {
    async fn copy(
        &self,
        from: &TableKey,
        into: TableKey,
        own: Option<(Vec<Value>, Source)>,
        expires: Option<Timestamp>,
    ) -> Result<(), ApiError> {
        let (fields, source) = match own {
            Some(own) => own,
            None => self.table_rows(from).await?,
        };
        let there = self.books().bigquery.stock.get(&into).map(|table| table.rows.count());
        if there.is_some_and(|rows| rows > 0) {
            let (project, dataset, table) = into;
            return Err(ApiError::new(
                409,
                "duplicate",
                format!("Already Exists: Table {project}:{dataset}.{table}"),
            ));
        }
        let rows = self.in_memory(source).await?;
        self.stock_rows(into, fields, rows, expires);
        Ok(())
    }

    async fn in_memory(&self, source: Source) -> Result<Arc<Rows>, ApiError> {
        let source = match source {
            Source::Memory(rows) => return Ok(rows),
            engine @ Source::Engine(_) => engine,
        };
        let unread = || ApiError::new(503, "backendError", "The engine's rows could not be read.");
        let (mut rows, mut start) = (Vec::new(), 0);
        while start < source.total() {
            let page = source.page(self, start, u64::MAX, false).await?;
            let text = format!("[{}]", String::from_utf8_lossy(&page.text));
            let texts: Vec<Box<RawValue>> = serde_json::from_str(&text).map_err(|_| unread())?;
            if texts.is_empty() {
                return Err(unread());
            }
            start += page.count;
            rows.extend(texts);
        }
        Ok(Arc::new(Rows::from_texts(rows.iter().map(|row| row.get()))))
    }
}
