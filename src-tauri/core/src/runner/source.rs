//! From a plan to the result of one job: priced, checked to be a SELECT, capped, and started under an id that the ledger
//! knew before BigQuery did.

use super::halt::Halt;
use super::open::Opened;
use crate::bigquery::{Client, JobId, JobRef, JobResult, Patience, Query, RowReader as _};
use crate::connection::LEAST_BILLED_BYTES;
use crate::ground::ids::RunId;
use crate::ground::problem::{Code, Fact, Problem};
use crate::import::plan::Plan;
use crate::import::statement;
use crate::mapping::{Mapping, compile};
use crate::run::Job;
use crate::store::Store;

/// A result that is ready to be read, and the mapping for its columns.
pub(super) struct Source {
    pub result: JobResult,
    pub mapping: Mapping,
}

/// Asks BigQuery for the rows of a run. Nothing where the run is to end.
pub(super) async fn open(
    opened: &Opened,
    plan: &Plan,
    store: &Store,
    run: (RunId, i64),
    halt: &Halt,
) -> Result<Option<Source>, Problem> {
    let client = opened.bigquery.clone().patient(Patience::ForARun);
    let query = Query::new(statement::all_rows(plan, &opened.dataset), opened.billing.clone())
        .in_location(opened.location.clone())
        .capped(opened.bytes_cap)
        .labelled("app", "tapline")
        .labelled("tapline_run", &run.0.to_string());
    let estimate = client.dry_run(&query).await?.select_only()?;
    // BigQuery bills at least this much, so that is what the cap is held against.
    let billed = estimate.bytes.max(LEAST_BILLED_BYTES);
    if let Some(cap) = opened.bytes_cap.filter(|cap| billed > *cap) {
        return Err(Problem::new(Code::BytesCapExceeded)
            .with(Fact::Bytes, billed.to_string())
            .with(Fact::Limit, cap.to_string()));
    }
    // Whatever stands against the plan is found before anything is paid for.
    let mapping = compiled(plan, &estimate.schema)?;
    let location = estimate.location.clone().unwrap_or_default();
    let id = JobId::new(&format!("tapline_{}", run.0))?;
    note_job(store, run.1, &id, &query, &location, Some(estimate.bytes)).await?;
    if halt.is_set() {
        return Ok(None);
    }
    let job = client.start(&query, &id).await?;
    let Some(result) = finished(&client, &job, halt).await? else {
        return Ok(None);
    };
    let billed = client.job(&job).await?.bytes_billed;
    let rows = result.total_rows();
    let location = job.location.as_ref().map_or(location, ToString::to_string);
    note_job(store, run.1, &id, &query, &location, Some(estimate.bytes)).await?;
    store
        .writing(move |w| w.runs_mut().queried(run.1, rows, billed))
        .await
        .map_err(|error| error.problem())?;
    let mapping = if *result.schema() == estimate.schema {
        mapping
    } else {
        compiled(plan, result.schema())?
    };
    Ok(Some(Source { result, mapping }))
}

fn compiled(plan: &Plan, schema: &crate::bigquery::Schema) -> Result<Mapping, Problem> {
    compile(plan, schema).map_err(|faults| {
        let first = faults.into_iter().next();
        first.unwrap_or_else(|| {
            Problem::new(Code::Internal).with(Fact::Detail, "a plan without a fault did not compile")
        })
    })
}

/// Waits for the job. Where the run is to end, asks BigQuery to stop it.
async fn finished(client: &Client, job: &JobRef, halt: &Halt) -> Result<Option<JobResult>, Problem> {
    tokio::select! {
        biased;
        () = halt.wait() => {
            // It ends by itself where this fails, and its result by the day after.
            let _ = client.cancel(job).await;
            Ok(None)
        }
        result = client.finished(job) => result.map(Some),
    }
}

async fn note_job(
    store: &Store,
    run: i64,
    id: &JobId,
    query: &Query,
    location: &str,
    estimated: Option<u64>,
) -> Result<(), Problem> {
    let job = Job {
        project: query.billing.to_string(),
        location: location.to_owned(),
        id: id.to_string(),
    };
    store
        .writing(move |w| w.runs_mut().set_job(run, &job, estimated))
        .await
        .map_err(|error| error.problem())
}
