//! One job: what it is, what became of it, and how Google shows it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::jobs::Wanted;
use super::millis;
use super::rows::Source;
use super::statement::Analysis;
use crate::google::{ApiError, random_hex};

/// One job. What never changes is plain; the rest is behind the lock, and `done` tells when it stops changing.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) project: String,
    pub(crate) id: String,
    pub(crate) member: String,
    pub(crate) location: String,
    pub(super) configuration: Value,
    pub(super) created: Timestamp,
    /// The name of the result table that nobody named.
    pub(super) anonymous: String,
    state: Mutex<State>,
    done: watch::Sender<bool>,
    pub(super) cancelled: watch::Sender<bool>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) started: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    pub(super) error: Option<ApiError>,
    pub(super) analysis: Option<Analysis>,
    pub(super) cache_hit: bool,
    pub(super) changed_rows: Option<String>,
    pub(super) rows: Option<Source>,
}

impl Job {
    pub(super) fn new(member: &str, project: &str, wanted: Wanted, location: String, now: Timestamp) -> Self {
        Self {
            project: project.to_owned(),
            id: wanted.id,
            member: member.to_owned(),
            location,
            configuration: wanted.configuration,
            created: now,
            anonymous: format!("anon{}", random_hex(20)),
            state: Mutex::default(),
            done: watch::Sender::new(false),
            cancelled: watch::Sender::new(false),
        }
    }

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
        let copies = configuration["copy"].is_object();
        configuration["jobType"] = json!(if copies { "COPY" } else { "QUERY" });
        if !copies && configuration["query"]["destinationTable"].is_null() {
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

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn finish(&self, now: Timestamp, error: Option<ApiError>) {
        {
            let mut state = self.state();
            state.ended = Some(now);
            state.error = error;
        }
        self.done.send_replace(true);
    }
}
