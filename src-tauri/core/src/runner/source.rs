//! From a plan to the result of one job: priced, checked to be a SELECT, capped, and started under an id that the ledger
//! knew before BigQuery did.

use std::time::Duration;

use super::halt::Halt;
use super::merge;
use super::open::Opened;
use super::pump::may_repeat;
use super::question::Asking;
use super::resend;
use crate::bigquery::{
    Client, JobId, JobRef, JobResult, Known, Location, Patience, ProjectId, Query, RowReader as _, Schema,
};
use crate::ground::problem::{Code, Fact, Problem};
use crate::import::plan::Plan;
use crate::mapping::{Mapping, compile};
use crate::run::Job;
use crate::store::{RunRow, Store};

/// How long a job that nobody needs any more may keep a run from ending.
const CANCELLED_WITHIN: Duration = Duration::from_secs(3);
/// How much of that BigQuery may take to stop it.
const CANCELLED_MS: u32 = 2_000;

/// A result that is ready to be read, and the mapping for its columns.
pub(super) struct Source {
    pub result: JobResult,
    pub mapping: Mapping,
}

/// Asks BigQuery for the rows of a run, or finds the result again that the run was reading. Nothing where the run is to
/// end.
pub(super) async fn open(
    opened: &Opened,
    row: &mut RunRow,
    store: &Store,
    halt: &Halt,
) -> Result<Option<Source>, Problem> {
    let client = opened.bigquery.clone().patient(Patience::ForARun);
    match unless(halt, found_again(&client, row)).await {
        Some(Err(problem)) if is_gone(&problem) => {
            tracing::info!(run = %row.run.id, "a run's result has expired, and is asked for again");
            *row = expired(store, row).await?;
        }
        found => {
            if let Some(found) = found.transpose()?.flatten() {
                let asking = Asking::of(&client, opened, store, row);
                asking.result_unchanged().await?;
                note_queried(store, row.number, found.result.total_rows(), None).await?;
                return Ok(Some(found));
            }
        }
    }
    if halt.is_set() {
        return Ok(None);
    }
    let plan = resend::narrowed(store, row, &opened.dataset).await?;
    let asking = Asking {
        plan: &plan,
        ..Asking::of(&client, opened, store, row)
    };
    let Some(query) = unless(halt, asking.query()).await.transpose()? else {
        return Ok(None);
    };
    let Some(estimate) = unless(halt, client.dry_run(&query)).await else {
        return Ok(None);
    };
    let estimate = match estimate {
        Ok(estimate) => estimate.select_only()?,
        Err(problem) => return Err(opened.bigquery.looked_into(&opened.dataset, problem).await),
    };
    asking.within_cap(estimate.bytes)?;
    // Whatever stands against the plan is found before anything is paid for.
    let mapping = compiled(&row.plan, &estimate.schema)?;
    let asked = Asked {
        client: &client,
        asking: &asking,
        query,
        schema: &estimate.schema,
        store,
        run: row.number,
        estimated: estimate.bytes,
    };
    let location = estimate.location.clone().unwrap_or_default();
    let Some(job) = asked.start(row, &location, halt).await? else {
        return Ok(None);
    };
    let result = match finished(opened, &client, &job, halt).await {
        Ok(Some(result)) => result,
        ended => {
            note_spent(opened, store, row.number, &job).await?;
            return ended.map(|_| None);
        }
    };
    let billed = client.job(&job).await?.bytes_billed;
    asking.result_seen(result.total_rows()).await?;
    note_queried(store, row.number, result.total_rows(), billed).await?;
    let mapping = if *result.schema() == estimate.schema {
        mapping
    } else {
        compiled(&row.plan, result.schema())?
    };
    Ok(Some(Source { result, mapping }))
}

/// After the last row: the result is still what it was, and what CleverTap acknowledged of a comparison goes into its state.
/// Does nothing for a run that ends early: it may be gone on with.
pub(super) async fn read_whole(opened: &Opened, row: &RunRow, store: &Store, halt: &Halt) -> Result<(), Problem> {
    if halt.is_set() {
        return Ok(());
    }
    let client = opened.bigquery.clone().patient(Patience::ForARun);
    let asking = Asking::of(&client, opened, store, row);
    asking.result_unchanged().await?;
    merge::own_run(&asking).await
}

/// The result that a run was reading when it ended, where it is still there.
pub(super) async fn found_again(client: &Client, row: &RunRow) -> Result<Option<Source>, Problem> {
    let (Some(job), Some(rows)) = (&row.run.job, row.run.counts.expected) else {
        return Ok(None);
    };
    let job = job_ref(job)?;
    let Some(result) = client.finished_yet(&job, 0).await? else {
        return Ok(None);
    };
    // Lines that tell of rows are in the result, and are none of the rows.
    if result.total_rows() != rows + row.run.aside.lines() {
        return Err(Problem::new(Code::Internal).with(Fact::Detail, "the result of a finished job changed its length"));
    }
    // Google may still know the job and its columns when the rows are gone.
    result.page(0, 1).await?;
    let mapping = compiled(&row.plan, result.schema())?;
    Ok(Some(Source { result, mapping }))
}

/// Whether Google let go of a result, as it does after about a day, or of the job itself.
pub(super) fn is_gone(problem: &Problem) -> bool {
    matches!(problem.code(), Code::JobNotFound | Code::TableNotFound)
}

async fn expired(store: &Store, row: &RunRow) -> Result<RunRow, Problem> {
    let (run, repeats) = (row.run.id, may_repeat(&row.plan));
    store
        .writing(move |w| w.runs_mut().expired(run, repeats))
        .await
        .map_err(Problem::from)
}

/// A query about to become a job.
struct Asked<'a> {
    client: &'a Client,
    asking: &'a Asking<'a>,
    query: Query,
    schema: &'a Schema,
    store: &'a Store,
    run: i64,
    estimated: Option<u64>,
}

impl Asked<'_> {
    /// Starts the run's next job under an id that the ledger holds, or finds the one that the last try has started. Nothing
    /// where the run is to end.
    async fn start(mut self, row: &RunRow, location: &str, halt: &Halt) -> Result<Option<JobRef>, Problem> {
        // The job of a result that has expired is done with.
        let mut jobs = row.jobs + u64::from(row.run.job.is_none());
        if let Some(known) = &row.run.job {
            let Some(good) = unless(halt, self.is_good(&job_ref(known)?)).await else {
                return Ok(None);
            };
            // An id is good for one job.
            jobs += u64::from(!good?);
        }
        let id = match jobs {
            1 => JobId::new(&format!("tapline_{}", row.run.id))?,
            more => JobId::new(&format!("tapline_{}_{more}", row.run.id))?,
        };
        self.note(&id, jobs, location).await?;
        if halt.is_set() {
            return Ok(None);
        }
        if let Some(table) = self.asking.table(&id, self.schema, self.estimated).await? {
            self.query = self.query.into_table(table);
        }
        let job = self.client.start(&self.query, &id).await?;
        let location = job.location.as_ref().map_or(location.to_owned(), ToString::to_string);
        self.note(&id, jobs, &location).await?;
        Ok(Some(job))
    }

    /// Whether a job that may have been asked for can still give the rows. One that failed, that was cancelled when the run
    /// ended, or whose result has expired before anything of it was read, cannot; one that Google never heard of can.
    async fn is_good(&self, job: &JobRef) -> Result<bool, Problem> {
        match self.client.known(job).await? {
            Known::Nothing => return Ok(true),
            Known::Failed => return Ok(false),
            Known::Job => {}
        }
        match self.client.finished_yet(job, 0).await {
            Ok(_) => Ok(true),
            Err(problem) if is_gone(&problem) => Ok(false),
            Err(problem) => Err(problem),
        }
    }

    async fn note(&self, id: &JobId, jobs: u64, location: &str) -> Result<(), Problem> {
        let job = Job {
            project: self.query.billing.to_string(),
            location: location.to_owned(),
            id: id.to_string(),
        };
        let (run, estimated) = (self.run, self.estimated);
        self.store
            .writing(move |w| w.runs_mut().set_job(run, &job, jobs, estimated))
            .await
            .map_err(Problem::from)
    }
}

pub(super) fn job_ref(job: &Job) -> Result<JobRef, Problem> {
    Ok(JobRef {
        project: ProjectId::read(&job.project)?,
        id: JobId::new(&job.id)?,
        location: Some(job.location.as_str())
            .filter(|location| !location.is_empty())
            .map(Location::read)
            .transpose()?,
    })
}

pub(super) fn compiled(plan: &Plan, schema: &crate::bigquery::Schema) -> Result<Mapping, Problem> {
    compile(plan, schema).map_err(|faults| {
        let first = faults.into_iter().next();
        first.unwrap_or_else(|| {
            Problem::new(Code::Internal).with(Fact::Detail, "a plan without a fault did not compile")
        })
    })
}

/// What comes first: the answer, or the run's end.
pub(super) async fn unless<T>(halt: &Halt, asking: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = halt.wait() => None,
        answer = asking => Some(answer),
    }
}

/// Waits for the job. Where the run is to end, asks BigQuery to stop it, once, and sees it end, for a short while: Google may
/// be why.
async fn finished(opened: &Opened, client: &Client, job: &JobRef, halt: &Halt) -> Result<Option<JobResult>, Problem> {
    if let Some(result) = unless(halt, client.finished(job)).await {
        return result.map(Some);
    }
    // The job ends by itself where this fails, and its result by the day after.
    let cancelling = opened.bigquery.clone().patient(Patience::None);
    let cancelled = async {
        cancelling.cancel(job).await?;
        cancelling.finished_yet(job, CANCELLED_MS).await
    };
    let _ = tokio::time::timeout(CANCELLED_WITHIN, cancelled).await;
    Ok(None)
}

/// A query that failed, or that was stopped, may have been billed all the same.
async fn note_spent(opened: &Opened, store: &Store, run: i64, job: &JobRef) -> Result<(), Problem> {
    let client = opened.bigquery.clone().patient(Patience::None);
    match tokio::time::timeout(CANCELLED_WITHIN, client.billed_in_vain(job)).await {
        Ok(Ok(Some(bytes))) => store
            .writing(move |w| w.runs_mut().also_billed(run, bytes))
            .await
            .map_err(|error| error.problem()),
        // What it cost is not known, and the run ends for another reason.
        _ => Ok(()),
    }
}

async fn note_queried(store: &Store, run: i64, rows: u64, billed: Option<u64>) -> Result<(), Problem> {
    store
        .writing(move |w| w.runs_mut().queried(run, rows, billed))
        .await
        .map_err(Problem::from)
}
