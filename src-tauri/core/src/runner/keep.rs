//! A paused run may stand still for longer than BigQuery keeps a result by itself, which is about a day: its result is copied
//! to a table of the dataset, from which it is read again where BigQuery has let go of the other.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::open::Opened;
use super::question::{found, kept};
use super::source::job_ref;
use crate::bigquery::{Client, JobId, TableId, TableRef};
use crate::ground::ids::RunId;
use crate::ground::problem::Problem;
use crate::import::plan::ResultTable;
use crate::store::{ResultCopy, RunRow, Store};

/// How long a copy stays in the dataset.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a pause waits for its copy. BigQuery goes on with it where that is too short.
const WAITS: Duration = Duration::from_secs(20);

/// Copies what a run was reading, where it was paused and something is left to be read. That it could not be copied is kept
/// with the run, which is paused all the same.
pub(super) async fn keep_result(opened: &Opened, store: &Store, id: RunId, now: Timestamp) {
    let Err(problem) = copied(opened, store, id, now).await else {
        return;
    };
    tracing::info!(run = %id, code = problem.code().as_str(), "a paused run's result could not be kept");
    let noted = store.writing(move |w| w.runs_mut().caution(id, &problem)).await;
    if let Err(error) = noted {
        tracing::error!(run = %id, error = %error.problem(), "why it could not be kept is not kept either");
    }
}

async fn copied(opened: &Opened, store: &Store, id: RunId, now: Timestamp) -> Result<(), Problem> {
    let known = store.reading(move |r| {
        let row = r.runs().get(id)?;
        let has_a_table = r.comparisons().result_table(row.number)?.is_some();
        let copy = r.comparisons().copy(row.number)?;
        Ok((row, has_a_table, copy))
    });
    let (row, has_a_table, copy) = known.await?;
    let counts = row.run.counts;
    let (Some(job), Some(rows)) = (&row.run.job, counts.expected) else {
        return Ok(());
    };
    if !row.run.pausing || has_a_table || row.plan.result_table == ResultTable::Never || counts.attempted() >= rows {
        return Ok(());
    }
    let name = format!("tapline_{}_{}_kept", row.run.id, row.jobs);
    let table = opened.dataset.table(TableId::read(&name.replace('-', "_"))?);
    let copy = match copy {
        Some(copy) if copy.table == kept(&table) => copy,
        _ => ResultCopy {
            table: kept(&table),
            // Lines that tell of rows are in the result, and are none of the rows.
            rows: rows + row.run.aside.lines(),
            expires_at: now.checked_add(KEPT).unwrap_or(now),
        },
    };
    let (number, named) = (row.number, copy.clone());
    let noted = store.writing(move |w| w.comparisons_mut().name_copy(number, &named));
    noted.await?;
    let (job, id) = (job_ref(job)?, JobId::new(&name)?);
    let copying = opened.bigquery.copy_result(&job, &table, &id, copy.expires_at);
    tokio::time::timeout(WAITS, copying).await.unwrap_or(Ok(()))
}

/// The copy of a run's result, where there is one and it is whole.
pub(super) async fn kept_copy(client: &Client, store: &Store, row: &RunRow) -> Result<Option<TableRef>, Problem> {
    let number = row.number;
    let copy = store.reading(move |r| r.comparisons().copy(number));
    let Some(copy) = copy.await? else {
        return Ok(None);
    };
    let table = found(&copy.table)?;
    let seen = client.seen(&table).await?;
    Ok(seen.filter(|seen| seen.rows == copy.rows).map(|_| table))
}
