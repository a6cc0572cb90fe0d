//! Jobs: made once per id, run in the background, asked after, cancelled.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::rows::Source;
use super::statement::{Analysis, Asked};
use super::{Answer, Call, escaped, millis};
use crate::google::{ApiError, Google, random_hex};

/// One job. What never changes is plain; the rest is behind the lock, and `done` tells when it stops changing.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) project: String,
    pub(crate) id: String,
    pub(crate) member: String,
    pub(crate) location: String,
    configuration: Value,
    created: Timestamp,
    anonymous: String,
    state: Mutex<State>,
    done: watch::Sender<bool>,
    cancelled: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    error: Option<ApiError>,
    analysis: Option<Analysis>,
    cache_hit: bool,
    changed_rows: Option<String>,
    rows: Option<Source>,
}

/// What a request for a job boils down to.
pub(super) struct Wanted {
    pub(super) id: String,
    pub(super) location: Option<String>,
    /// The whole `configuration`.
    pub(super) configuration: Value,
}

impl Job {
    pub(crate) fn is_done(&self) -> bool {
        *self.done.borrow()
    }

    /// Waits until the job is done, or the time is up.
    pub(crate) async fn finished_within(&self, time: Duration) -> bool {
        let mut done = self.done.subscribe();
        let waited = tokio::time::timeout(time, done.wait_for(|done| *done)).await;
        waited.is_ok_and(|done| done.is_ok())
    }

    pub(crate) fn error(&self) -> Option<ApiError> {
        self.state().error.clone()
    }

    /// Columns and rows of a job that ended well.
    pub(crate) fn rows(&self) -> Option<(Vec<Value>, Source)> {
        let state = self.state();
        let rows = state.rows.clone()?;
        Some((state.analysis.as_ref()?.fields.clone(), rows))
    }

    pub(crate) fn reference(&self) -> Value {
        json!({"projectId": self.project, "jobId": self.id, "location": self.location})
    }

    /// Adds what the two query answers say about a finished job.
    pub(crate) fn describe(&self, body: &mut Value) {
        let state = self.state();
        let Some(analysis) = &state.analysis else { return };
        body["statementType"] = json!(analysis.kind);
        body["cacheHit"] = json!(state.cache_hit);
        body["totalBytesProcessed"] = json!(if state.cache_hit { 0 } else { analysis.bytes }.to_string());
        body["totalBytesBilled"] = json!(if state.cache_hit { 0 } else { analysis.billed() }.to_string());
        if !analysis.fields.is_empty() {
            body["schema"] = json!({"fields": analysis.fields});
        }
        if let Some(rows) = &state.changed_rows {
            body["numDmlAffectedRows"] = json!(rows);
        }
    }

    /// The job as jobs.get shows it.
    pub(crate) fn body(&self) -> Value {
        let state = self.state();
        let phase = if self.is_done() {
            "DONE"
        } else if state.started.is_some() {
            "RUNNING"
        } else {
            "PENDING"
        };
        let mut status = json!({"state": phase});
        if let Some(error) = &state.error {
            status["errorResult"] = error.proto();
            status["errors"] = json!([error.proto()]);
        }
        let mut statistics = json!({"creationTime": millis(self.created)});
        if let Some(started) = state.started {
            statistics["startTime"] = json!(millis(started));
        }
        if let Some(ended) = state.ended {
            statistics["endTime"] = json!(millis(ended));
        }
        if let Some(analysis) = state.analysis.as_ref().filter(|_| self.is_done()) {
            let bytes = if state.cache_hit { 0 } else { analysis.bytes };
            let billed = if state.cache_hit { 0 } else { analysis.billed() };
            statistics["totalBytesProcessed"] = json!(bytes.to_string());
            statistics["query"] = json!({
                "statementType": analysis.kind, "cacheHit": state.cache_hit, "billingTier": 1,
                "totalBytesProcessed": bytes.to_string(), "totalBytesBilled": billed.to_string(),
                "referencedTables": analysis.referenced_tables(), "schema": {"fields": analysis.fields},
            });
            if let Some(rows) = &state.changed_rows {
                statistics["query"]["numDmlAffectedRows"] = json!(rows);
            }
        }
        let mut configuration = self.configuration.clone();
        configuration["jobType"] = json!("QUERY");
        if configuration["query"]["destinationTable"].is_null() {
            configuration["query"]["destinationTable"] = json!({
                "projectId": self.project, "datasetId": format!("_{}", &self.anonymous[4..]), "tableId": self.anonymous,
            });
        }
        json!({
            "kind": "bigquery#job", "etag": format!("{phase}=="), "id": format!("{}:{}.{}", self.project, self.location, self.id),
            "selfLink": format!("https://bigquery.googleapis.com/bigquery/v2/projects/{}/jobs/{}?location={}", self.project, self.id, self.location),
            "jobReference": self.reference(), "user_email": self.member, "principal_subject": format!("serviceAccount:{}", self.member),
            "configuration": configuration, "status": status, "statistics": statistics,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, now: Timestamp, error: Option<ApiError>) {
        {
            let mut state = self.state();
            state.ended = Some(now);
            state.error = error;
        }
        self.done.send_replace(true);
    }
}

impl Call<'_> {
    pub(super) async fn insert_job(&self) -> Answer {
        let given = self.ask.json();
        if !given["configuration"]["query"].is_object() {
            return Err(ApiError::invalid(
                "Job configuration must contain exactly one of: query, load, extract, copy.",
            ));
        }
        let reference = &given["jobReference"];
        if reference["projectId"]
            .as_str()
            .is_some_and(|project| project != self.project)
        {
            return Err(ApiError::invalid(
                "The project in the job reference is not the one in the address.",
            ));
        }
        let wanted = Wanted {
            id: reference["jobId"]
                .as_str()
                .map_or_else(|| format!("job_{}", random_hex(14)), str::to_owned),
            location: reference["location"].as_str().map(str::to_owned),
            configuration: given["configuration"].clone(),
        };
        self.may_run_jobs()?;
        if given["configuration"]["dryRun"] == json!(true) {
            return self.dry_job(&wanted).await;
        }
        let job = self.started(wanted).await?;
        Ok(job.body())
    }

    /// What a dry run tells; nothing is made and nothing has an id.
    async fn dry_job(&self, wanted: &Wanted) -> Answer {
        let analysis = self.google.analysed(&self.asked(wanted)).await?;
        Ok(json!({
            "kind": "bigquery#job", "etag": "dry==", "id": format!("{}:{}.", self.project, analysis.location),
            "jobReference": {"projectId": self.project, "location": analysis.location},
            "configuration": wanted.configuration, "status": {"state": "DONE"}, "user_email": self.member,
            "statistics": {
                "creationTime": millis(self.google.clock().now()), "totalBytesProcessed": analysis.bytes.to_string(),
                "query": {
                    "statementType": analysis.kind, "cacheHit": false, "totalBytesBilled": "0",
                    "totalBytesProcessed": analysis.bytes.to_string(), "totalBytesProcessedAccuracy": "PRECISE",
                    "referencedTables": analysis.referenced_tables(), "schema": {"fields": analysis.fields},
                },
            },
        }))
    }

    pub(super) fn may_run_jobs(&self) -> Result<(), ApiError> {
        if self.may(&super::Resource::project(self.project), "bigquery.jobs.create") {
            return Ok(());
        }
        Err(ApiError::denied(format!(
            "Access Denied: Project {0}: User does not have bigquery.jobs.create permission in project {0}.",
            self.project
        )))
    }

    pub(super) fn asked<'a>(&'a self, wanted: &'a Wanted) -> Asked<'a> {
        Asked {
            member: self.member,
            project: self.project,
            query: &wanted.configuration["query"],
            location: wanted.location.as_deref(),
        }
    }

    /// Makes the job and lets it run. An id is good for one job, for good.
    pub(super) async fn started(&self, wanted: Wanted) -> Result<Arc<Job>, ApiError> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        if wanted.id.is_empty() || wanted.id.len() > 1024 || !wanted.id.chars().all(plain) {
            return Err(ApiError::invalid(format!(
                "Invalid job ID \"{}\". The job ID must contain only letters, numbers, underscores and dashes.",
                wanted.id
            )));
        }
        // A statement that fails is a job that fails; only its place decides where the job is.
        let analysis = self.google.analysed(&self.asked(&wanted)).await;
        let default = || wanted.location.clone().unwrap_or_else(|| "US".to_owned());
        let location = analysis
            .as_ref()
            .map_or_else(|_| default(), |analysis| analysis.location.clone());
        let job = Arc::new(Job {
            project: self.project.to_owned(),
            id: wanted.id,
            member: self.member.to_owned(),
            location,
            configuration: wanted.configuration,
            created: self.google.clock().now(),
            anonymous: format!("anon{}", random_hex(20)),
            state: Mutex::default(),
            done: watch::Sender::new(false),
            cancelled: watch::Sender::new(false),
        });
        {
            let mut books = self.google.books();
            let jobs = &mut books.bigquery.jobs;
            let key = (job.project.clone(), job.id.clone());
            if let Some(known) = jobs.get(&key) {
                return Err(ApiError::new(
                    409,
                    "duplicate",
                    format!("Already Exists: Job {}:{}.{}", known.project, known.location, known.id),
                ));
            }
            jobs.insert(key, Arc::clone(&job));
            books.bigquery.anonymous.insert(job.anonymous.clone(), Arc::clone(&job));
        }
        tokio::spawn(run(self.google.clone(), Arc::clone(&job), analysis));
        Ok(job)
    }

    /// A job by its id and place. Outside the two multi-regions the place must be said.
    pub(super) fn job(&self, id: &str) -> Result<Arc<Job>, ApiError> {
        let asked = self.ask.param("location");
        let place = asked.map(|asked| format!("{asked}.")).unwrap_or_default();
        let none = || ApiError::not_found("Job", &format!("{}:{place}{id}", self.project));
        let job = self
            .google
            .books()
            .bigquery
            .jobs
            .get(&(self.project.to_owned(), id.to_owned()))
            .cloned();
        let job = job.ok_or_else(none)?;
        let here = match asked {
            Some(asked) => asked.eq_ignore_ascii_case(&job.location),
            None => ["US", "EU"].contains(&job.location.as_str()),
        };
        if !here {
            return Err(none());
        }
        if job.member != self.member && !self.may(&super::Resource::project(self.project), "bigquery.jobs.get") {
            let name = format!("{}:{}.{id}", self.project, job.location);
            return Err(ApiError::denied(format!(
                "Access Denied: Job {name}: Permission bigquery.jobs.get denied on job {name} (or it may not exist)."
            )));
        }
        Ok(job)
    }

    pub(super) fn get_job(&self, id: &str) -> Answer {
        Ok(self.job(id)?.body())
    }

    pub(super) fn list_jobs(&self) -> Value {
        let jobs = self.google.books().bigquery.jobs.values().cloned().collect::<Vec<_>>();
        let mut own: Vec<_> = jobs
            .into_iter()
            .filter(|job| job.project == self.project && job.member == self.member)
            .collect();
        own.sort_by_key(|job| std::cmp::Reverse(job.created));
        let listed: Vec<_> = own
            .iter()
            .map(|job| {
                let mut body = job.body();
                body["state"] = body["status"]["state"].clone();
                body
            })
            .collect();
        json!({"kind": "bigquery#jobList", "jobs": listed})
    }

    pub(super) async fn cancel_job(&self, id: &str) -> Answer {
        let job = self.job(id)?;
        job.cancelled.send_replace(true);
        // Google answers at once; the job ends soon after. Here it has ended when the answer comes.
        job.finished_within(Duration::from_secs(5)).await;
        Ok(json!({"kind": "bigquery#jobCancelResponse", "job": job.body()}))
    }
}

/// Takes a job from made to done.
async fn run(google: Google, job: Arc<Job>, analysis: Result<Analysis, ApiError>) {
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
