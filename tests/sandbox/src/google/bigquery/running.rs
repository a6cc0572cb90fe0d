//! What a job does between being made and being done.

use std::sync::Arc;

use hyper::Method;
use serde_json::{Value, json};

use super::escaped;
use super::job::Job;
use super::rows::Source;
use super::statement::Analysis;
use crate::google::{ApiError, Google};

/// Takes a job from made to done.
pub(super) async fn run(google: Google, job: Arc<Job>, analysis: Result<Analysis, ApiError>) {
    let mut cancelled = job.cancelled.subscribe();
    let outcome = tokio::select! {
        outcome = worked(&google, &job, analysis) => outcome,
        () = async { let _ = cancelled.wait_for(|cancelled| *cancelled).await; } => Err(stopped()),
    };
    if *job.cancelled.borrow() && google.inner.engine.is_some() {
        let path = format!("/bigquery/v2/projects/{}/jobs/{}/cancel", escaped(&job.project), job.id);
        let _ = google.engine(Method::POST, &path, None).await; // it may never have reached the engine
    }
    job.finish(google.clock().now(), outcome.err());
}

fn stopped() -> ApiError {
    ApiError::new(
        400,
        "stopped",
        "Job execution was cancelled: User requested cancellation",
    )
}

async fn worked(google: &Google, job: &Job, analysis: Result<Analysis, ApiError>) -> Result<(), ApiError> {
    let mut held = google.books().bigquery.jobs_held.subscribe();
    let _ = held.wait_for(|held| !*held).await;
    job.state().started = Some(google.clock().now());
    let scripted = google.books().bigquery.job_faults.pop();
    if let Some(fault) = scripted {
        // It failed at its work, and tells what that was.
        job.state().analysis = analysis.ok();
        return Err(fault);
    }
    let analysis = analysis?;
    let query = &job.configuration["query"];
    let hit = google.seen_before(job, &analysis, query);
    let most = query["maximumBytesBilled"]
        .as_str()
        .and_then(|most| most.parse::<u64>().ok())
        .or(query["maximumBytesBilled"].as_u64());
    let billed = analysis.billed();
    {
        let mut state = job.state();
        state.cache_hit = hit;
        state.analysis = Some(analysis.clone());
    }
    if let Some(most) = most.filter(|most| *most < billed && !hit) {
        return Err(ApiError::new(
            400,
            "bytesBilledLimitExceeded",
            format!("Query exceeded limit for bytes billed: {most}. {billed} or higher required."),
        ));
    }
    let rows = match &analysis.stocked {
        Some(stocked) => Some(Source::Memory(Arc::clone(&stocked.rows))),
        None => google.run_in_engine(job).await?,
    };
    job.state().rows = rows;
    match (&analysis.target, analysis.kind.as_str()) {
        (Some(target), _) => google.table_changed(target),
        (None, "SELECT") => {}
        (None, "SCRIPT") => google.anything_changed(),
        (None, _) => analysis.referenced.iter().for_each(|table| google.table_changed(table)),
    }
    Ok(())
}

impl Google {
    /// Holds every job that has not started, until let go: for "still running", cancelling and time-outs.
    pub fn hold_jobs(&self, hold: bool) {
        self.books().bigquery.jobs_held.send_replace(hold);
    }

    /// All jobs so far as jobs.get shows them, in no order.
    pub(crate) fn jobs(&self) -> Vec<Value> {
        let books = self.books();
        books.bigquery.jobs.values().map(|job| job.body()).collect()
    }

    /// Lets the next job end in an error that its own status carries, such as `jobInternalError`.
    pub fn fail_next_job(&self, status: u16, reason: &str, message: &str) {
        self.books()
            .bigquery
            .job_faults
            .push(ApiError::new(status, reason, message));
    }

    /// Lets the results of all finished jobs expire, as they do after about a day.
    pub fn expire_results(&self) {
        let jobs: Vec<_> = self.books().bigquery.jobs.values().cloned().collect();
        for job in jobs.iter().filter(|job| job.is_done()) {
            job.state().rows = None;
        }
        self.books().bigquery.cache.clear();
    }

    async fn run_in_engine(&self, job: &Job) -> Result<Option<Source>, ApiError> {
        let project = escaped(&job.project);
        let made = json!({"jobReference": {"projectId": job.project, "jobId": job.id}, "configuration": {"query": job.configuration["query"]}});
        self.engine(
            Method::POST,
            &format!("/bigquery/v2/projects/{project}/jobs"),
            Some(&made),
        )
        .await?;
        let results = format!("/bigquery/v2/projects/{project}/queries/{}", job.id);
        let found = loop {
            let found = self
                .engine(Method::GET, &format!("{results}?maxResults=0&timeoutMs=1000"), None)
                .await?;
            if found["jobComplete"] == json!(true) {
                break found;
            }
        };
        let mut state = job.state();
        if let Some(analysis) = &mut state.analysis {
            // What ran knows its columns better than what only looked: a script's, for one.
            if let Some(fields) = found["schema"]["fields"].as_array() {
                analysis.fields.clone_from(fields);
            }
        }
        state.changed_rows = found["numDmlAffectedRows"].as_str().map(str::to_owned);
        let total = found["totalRows"]
            .as_str()
            .and_then(|rows| rows.parse().ok())
            .unwrap_or(0);
        Ok(Some(Source::engine(results, total)))
    }

    /// Whether the same query by the same account is in the cache, and puts it there.
    fn seen_before(&self, job: &Job, analysis: &Analysis, query: &Value) -> bool {
        const FICKLE: [&str; 6] = [
            "rand(",
            "current_",
            "generate_uuid",
            "session_user",
            "for system_time",
            "information_schema",
        ];
        let text = query["query"].as_str().unwrap_or_default().to_lowercase();
        let cacheable = analysis.kind == "SELECT"
            && !analysis.referenced.is_empty()
            && query["useQueryCache"] != json!(false)
            && !query["destinationTable"].is_object()
            && !FICKLE.iter().any(|part| text.contains(part));
        if !cacheable {
            return false;
        }
        let mut books = self.books();
        let versions: Vec<_> = analysis
            .referenced
            .iter()
            .map(|table| books.bigquery.versions.get(table))
            .collect();
        let key = format!(
            "{} {} {} {} {versions:?} {}",
            job.project, job.member, query["query"], query["queryParameters"], books.bigquery.version
        );
        !books.bigquery.cache.insert(key)
    }
}
