//! The calls about jobs: made once per id, asked after, listed, cancelled.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::job::Job;
use super::statement::Asked;
use super::{Answer, Call, millis, running};
use crate::google::{ApiError, random_hex};

/// What a request for a job boils down to.
pub(super) struct Wanted {
    pub(super) id: String,
    pub(super) location: Option<String>,
    /// The whole `configuration`.
    pub(super) configuration: Value,
}

impl Call<'_> {
    pub(super) async fn insert_job(&self) -> Answer {
        let given = self.ask.json();
        let copies = given["configuration"]["copy"].is_object();
        if !copies && !given["configuration"]["query"].is_object() {
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
        if copies {
            return Ok(self.copied(wanted)?.body());
        }
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
        let job = self.noted(wanted, location)?;
        tokio::spawn(running::run(self.google.clone(), Arc::clone(&job), analysis));
        Ok(job)
    }

    /// A job under an id that none had before.
    pub(super) fn noted(&self, wanted: Wanted, location: String) -> Result<Arc<Job>, ApiError> {
        let now = self.google.clock().now();
        let job = Arc::new(Job::new(self.member, self.project, wanted, location, now));
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
