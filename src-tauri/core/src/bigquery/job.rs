//! Query jobs: started once under an id of ours, waited for, read by place, cancelled.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::json;

use super::asked::Asked;
use super::client::{Client, LARGEST_PAGE, malformed, with_question};
use super::ids::{Location, ProjectId};
use super::page::Page;
use super::query::Query;
use super::reader::RowReader;
use super::refusal;
use super::schema::Schema;
use super::wire::{DryRunWire, JobWire};
use crate::google::refusal::Refusal;
use crate::ground::net::{Ask, Host, Reply};
use crate::ground::problem::{Code, Fact, Problem};

/// The name of a job, chosen by us before it exists, so that asking twice makes one job.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct JobId(String);

impl JobId {
    /// Letters, digits, hyphens and underscores, up to 1,024.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !text.is_empty() && text.len() <= 1024 && text.chars().all(fits) {
            return Ok(Self(text.to_owned()));
        }
        Err(Problem::new(Code::Internal).with(Fact::Detail, format!("{text:?} is not a job's name")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({})", self.0)
    }
}

/// Where a job is: all that is needed to find it again, after a restart too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRef {
    pub project: ProjectId,
    pub id: JobId,
    /// Outside the two multi-regions Google finds no job without it.
    pub location: Option<Location>,
}

/// A job at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct JobState {
    pub done: bool,
    /// `SELECT` and so on, once BigQuery has read the text.
    pub statement: Option<String>,
    pub bytes_processed: Option<u64>,
    pub bytes_billed: Option<u64>,
    pub cache_hit: bool,
}

/// What is known of a job that may have been asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Google knows no job of that id.
    Nothing,
    /// It runs, or has come to its end.
    Job,
    /// It failed, or was cancelled.
    Failed,
}

/// How long one call waits for a job at Google's end.
const WAIT_MS: u32 = 10_000;
const SHORTEST_POLL: Duration = Duration::from_millis(500);

impl Client {
    /// Starts the job, or finds it where it was started before under this id. Returns where it is; it may still run.
    /// Needs `bigquery.jobs.create`.
    pub async fn start(&self, query: &Query, id: &JobId) -> Result<JobRef, Problem> {
        let asked = Asked {
            job: Some(id.to_string()),
            ..self.about_query("jobs.insert", query)
        };
        let mut reference = json!({"projectId": query.billing.as_str(), "jobId": id.as_str()});
        if let Some(location) = &query.location {
            reference["location"] = json!(location.as_str());
        }
        let body = json!({
            "jobReference": reference,
            "configuration": {"query": query.job_body(), "labels": query.labels},
        });
        let ask = || {
            Ask::post(Host::BigQuery)
                .at(["projects", query.billing.as_str(), "jobs"])
                .json(&body)
        };
        let job = match self.ask(&asked, ask).await {
            Err(problem) if is_duplicate(&problem) => {
                let known = JobRef {
                    project: query.billing.clone(),
                    id: id.clone(),
                    location: query.location.clone(),
                };
                self.job_wire(&known).await?
            }
            other => read_job(&other?, &asked)?,
        };
        let location = job.job_reference.location.as_deref();
        Ok(JobRef {
            project: query.billing.clone(),
            id: id.clone(),
            location: location
                .and_then(|name| Location::read(name).ok())
                .or_else(|| query.location.clone()),
        })
    }

    /// How the job is doing. A job that failed is the failure that it is.
    pub async fn job(&self, job: &JobRef) -> Result<JobState, Problem> {
        let wire = self.job_wire(job).await?;
        Ok(JobState {
            done: wire.status.state == "DONE",
            statement: wire.statistics.query.statement_type,
            bytes_processed: wire.statistics.total_bytes_processed,
            bytes_billed: wire.statistics.query.total_bytes_billed,
            cache_hit: wire.statistics.query.cache_hit,
        })
    }

    /// Whether a job that may have been asked for is there, and good.
    pub async fn known(&self, job: &JobRef) -> Result<Known, Problem> {
        match self.job_as_it_is(job).await {
            Ok(wire) if wire.status.error_result.is_some() => Ok(Known::Failed),
            Ok(_) => Ok(Known::Job),
            Err(problem) if problem.code() == Code::JobNotFound => Ok(Known::Nothing),
            Err(problem) => Err(problem),
        }
    }

    /// Waits until the job is done, and hands over its result. Waits for as long as the job runs: drop the future to
    /// stop waiting, and [`Self::cancel`] to stop the job.
    pub async fn finished(&self, job: &JobRef) -> Result<JobResult, Problem> {
        loop {
            let asked_at = Instant::now();
            if let Some(result) = self.finished_yet(job, WAIT_MS).await? {
                return Ok(result);
            }
            // Google holds the call while the job runs; a proxy or an emulator may not, and must not be flooded.
            tokio::time::sleep(SHORTEST_POLL.saturating_sub(asked_at.elapsed())).await;
        }
    }

    /// Waits until a job is done that gives no rows, and tells what it did. A job that failed is the failure that it is.
    pub async fn done(&self, job: &JobRef) -> Result<JobState, Problem> {
        let asked = self.about_job("jobs.getQueryResults", job);
        loop {
            let asked_at = Instant::now();
            let ask = || results(job, 0, 0).asking("timeoutMs", WAIT_MS.to_string());
            let wire: DryRunWire = self.json(&asked, ask).await?;
            if wire.job_complete == Some(true) {
                return self.job(job).await;
            }
            tokio::time::sleep(SHORTEST_POLL.saturating_sub(asked_at.elapsed())).await;
        }
    }

    /// The result, where the job is done within `wait_ms` (at most 30 s); `None` where it still runs.
    pub async fn finished_yet(&self, job: &JobRef, wait_ms: u32) -> Result<Option<JobResult>, Problem> {
        let asked = self.about_job("jobs.getQueryResults", job);
        let ask = || results(job, 0, 0).asking("timeoutMs", wait_ms.min(30_000).to_string());
        let head = match read_results(&self.ask(&asked, ask).await?, &asked)? {
            Results::Running => return Ok(None),
            Results::Without => {
                // The job itself says why.
                self.job(job).await?;
                return Err(malformed(&asked, &"a finished job without columns"));
            }
            Results::Ready(head) => head,
        };
        Ok(Some(JobResult {
            client: self.clone(),
            job: job.clone(),
            schema: head.schema,
            total_rows: head.total_rows,
        }))
    }

    /// Asks BigQuery to stop the job. It stops soon after, or was done already.
    pub async fn cancel(&self, job: &JobRef) -> Result<(), Problem> {
        let asked = self.about_job("jobs.cancel", job);
        let ask = || at_job(Ask::post(Host::BigQuery), job, "jobs").at(["cancel"]);
        self.ask(&asked, ask).await.map(drop)
    }

    /// What a job was billed that gave nothing for it: one that failed, or that was cancelled. `None` of any other, and
    /// where BigQuery does not say.
    pub async fn billed_in_vain(&self, job: &JobRef) -> Result<Option<u64>, Problem> {
        let wire = self.job_as_it_is(job).await?;
        Ok(wire.status.error_result.and(wire.statistics.query.total_bytes_billed))
    }

    /// That the job failed is an answer here, and no failure.
    async fn job_as_it_is(&self, job: &JobRef) -> Result<JobWire, Problem> {
        let asked = self.about_job("jobs.get", job);
        self.json(&asked, || at_job(Ask::get(Host::BigQuery), job, "jobs"))
            .await
    }

    pub(super) async fn job_wire(&self, job: &JobRef) -> Result<JobWire, Problem> {
        let asked = self.about_job("jobs.get", job);
        let reply = self
            .ask(&asked, || at_job(Ask::get(Host::BigQuery), job, "jobs"))
            .await?;
        read_job(&reply, &asked)
    }

    pub(super) fn about_job(&self, method: &'static str, job: &JobRef) -> Asked {
        Asked {
            job: Some(job.id.to_string()),
            location: job.location.as_ref().map(ToString::to_string),
            ..self.about_project(method, &job.project)
        }
    }
}

/// The rows of one finished job. It holds none of them.
#[derive(Clone)]
pub struct JobResult {
    client: Client,
    job: JobRef,
    schema: Schema,
    total_rows: u64,
}

impl JobResult {
    pub fn job(&self) -> &JobRef {
        &self.job
    }
}

impl RowReader for JobResult {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn total_rows(&self) -> u64 {
        self.total_rows
    }

    async fn page(&self, start: u64, most: u32) -> Result<Page, Problem> {
        if start >= self.total_rows || most == 0 {
            return Ok(Page::empty());
        }
        let asked = self.client.about_job("jobs.getQueryResults", &self.job);
        let ask = || results(&self.job, start, most).at_most(LARGEST_PAGE);
        let page = self.client.page(&asked, ask).await?;
        if page.is_empty() {
            // A reader that is told of no rows before the end would take the rest for read.
            return Err(malformed(&asked, &"no rows before the end of the result"));
        }
        if page.len() as u64 > u64::from(most) {
            // They would come twice: here, and with the rows that are asked for beside them.
            return Err(malformed(&asked, &"more rows than were asked for"));
        }
        if page.width() != self.schema.fields.len() {
            return Err(malformed(&asked, &"rows of another width than the columns"));
        }
        Ok(page)
    }
}

fn results(job: &JobRef, start: u64, most: u32) -> Ask {
    at_job(Ask::get(Host::BigQuery), job, "queries")
        .asking("startIndex", start.to_string())
        .asking("maxResults", most.to_string())
        .asking("formatOptions.useInt64Timestamp", "true")
        // Google indents answers otherwise, and sends many times the bytes.
        .asking("prettyPrint", "false")
}

fn at_job(ask: Ask, job: &JobRef, room: &str) -> Ask {
    ask.at(["projects", job.project.as_str(), room, job.id.as_str()])
        .asking_some("location", job.location.as_ref().map(ToString::to_string))
}

/// A job in an answer. One that failed is the failure that it is, although the answer is a success.
pub(super) fn read_job(reply: &Reply, asked: &Asked) -> Result<JobWire, Problem> {
    let job: JobWire = reply
        .json()
        .map_err(|failure| with_question(failure.problem(), asked))?;
    match &job.status.error_result {
        Some(error) => {
            let location = job.job_reference.location.clone().or_else(|| asked.location.clone());
            Err(failed(
                error,
                &Asked {
                    location,
                    ..asked.clone()
                },
                reply,
            ))
        }
        None => Ok(job),
    }
}

/// How far a result is.
pub(super) enum Results {
    Running,
    /// Complete and without columns: it failed, or it was no SELECT.
    Without,
    Ready(Head),
}

pub(super) struct Head {
    schema: Schema,
    total_rows: u64,
}

/// A result's columns and size in an answer, without its rows.
pub(super) fn read_results(reply: &Reply, asked: &Asked) -> Result<Results, Problem> {
    let wire: DryRunWire = reply
        .json()
        .map_err(|failure| with_question(failure.problem(), asked))?;
    if wire.job_complete != Some(true) {
        return Ok(Results::Running);
    }
    let Some(schema) = wire.schema else {
        return match wire.errors.first() {
            Some(error) => Err(failed(error, asked, reply)),
            None => Ok(Results::Without),
        };
    };
    let Some(total_rows) = wire.total_rows else {
        // Taken for none, they would all be left out without a word.
        return Err(malformed(
            asked,
            &"a finished job that does not say how many rows it has",
        ));
    };
    Ok(Results::Ready(Head { schema, total_rows }))
}

fn failed(error: &serde_json::Value, asked: &Asked, reply: &Reply) -> Problem {
    let body = String::from_utf8_lossy(&reply.body).into_owned();
    refusal::judge(&Refusal::of(reply.status, error), asked, Some(body))
}

fn is_duplicate(problem: &Problem) -> bool {
    problem.facts().get(Fact::Status) == Some("409")
}

#[cfg(test)]
mod tests {
    use super::JobId;

    #[test]
    fn a_job_has_a_name_that_google_takes() {
        assert!(
            JobId::new("tapline_0198-a").is_ok(),
            "letters, digits, hyphens, underscores"
        );
        for bad in ["", "a/b", "a b", "é"] {
            assert!(JobId::new(bad).is_err(), "{bad:?} is no job's name");
        }
    }
}
