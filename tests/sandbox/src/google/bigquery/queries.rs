//! jobs.query and jobs.getQueryResults: waiting for a job, and its rows in pages.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Call;
use super::job::Job;
use super::jobs::Wanted;
use super::packed;
use super::rows::{Page, TimestampFormat};
use crate::google::{ApiError, random_hex};
use crate::reply::Reply;

/// How long a call waits for its job, unless asked otherwise, and at most.
const WAIT_MS: u64 = 10_000;
const LONGEST_WAIT_MS: u64 = 200_000;

/// Which rows are asked for, and how.
struct Span {
    start: u64,
    most: u64,
    format: TimestampFormat,
}

impl Call<'_> {
    pub(super) async fn query(&self) -> Result<Reply, ApiError> {
        let given = self.ask.json();
        self.may_run_jobs()?;
        let wanted = wanted(&given);
        if given["dryRun"] == json!(true) {
            let analysis = self.google.analysed(&self.asked(&wanted)).await?;
            return Ok(Reply::json(
                200,
                &json!({
                    "kind": "bigquery#queryResponse", "jobReference": {"projectId": self.project, "location": analysis.location},
                    "location": analysis.location, "schema": {"fields": analysis.fields}, "jobComplete": true, "cacheHit": false,
                    "statementType": analysis.kind, "totalBytesProcessed": analysis.bytes.to_string(),
                }),
            ));
        }
        let request = (
            self.project.to_owned(),
            given["requestId"].as_str().unwrap_or_default().to_owned(),
        );
        let known = self.google.books().bigquery.requests.get(&request).cloned();
        let job = match known {
            Some(job) => job,
            None => self.started(wanted).await?,
        };
        if !request.1.is_empty() {
            self.google.books().bigquery.requests.insert(request, Arc::clone(&job));
        }
        let optional = given["jobCreationMode"] == json!("JOB_CREATION_OPTIONAL");
        let span = Span {
            start: 0,
            most: number(&given["maxResults"]).unwrap_or(u64::MAX),
            format: TimestampFormat::new(
                given["formatOptions"]["useInt64Timestamp"] == json!(true),
                given["formatOptions"]["timestampOutputFormat"].as_str(),
            ),
        };
        self.answered(
            &job,
            "bigquery#queryResponse",
            number(&given["timeoutMs"]),
            &span,
            optional,
        )
        .await
    }

    pub(super) async fn query_results(&self, id: &str) -> Result<Reply, ApiError> {
        let job = self.job(id)?;
        let start = match self.ask.param("pageToken") {
            Some(token) => token.parse().map_err(|_| ApiError::invalid("Invalid page token."))?,
            None => self.ask.number_param("startIndex").unwrap_or(0),
        };
        let span = Span {
            start,
            most: self.ask.number_param("maxResults").unwrap_or(u64::MAX),
            format: self.timestamps(),
        };
        self.answered(
            &job,
            "bigquery#getQueryResultsResponse",
            self.ask.number_param("timeoutMs"),
            &span,
            false,
        )
        .await
    }

    async fn answered(
        &self,
        job: &Job,
        kind: &str,
        timeout_ms: Option<u64>,
        span: &Span,
        optional: bool,
    ) -> Result<Reply, ApiError> {
        let wait = timeout_ms.unwrap_or(WAIT_MS).min(LONGEST_WAIT_MS);
        if !job.finished_within(Duration::from_millis(wait)).await {
            return Ok(Reply::json(
                200,
                &json!({"kind": kind, "jobReference": job.reference(), "jobComplete": false}),
            ));
        }
        if let Some(error) = job.error() {
            return Err(error);
        }
        let mut head = json!({"kind": kind, "etag": format!("{}==", job.id), "jobReference": job.reference(), "jobComplete": true});
        job.describe(&mut head);
        let Some((fields, source)) = job.rows() else {
            return Err(ApiError::not_found(
                "Table",
                &format!("{}:_expired.{}", job.project, job.id),
            ));
        };
        let page = source
            .page(self.google, span.start, span.most, self.ask.takes_gzip())
            .await?;
        let page = span.format.applied(page, &fields);
        let next = span.start.saturating_add(page.count);
        head["totalRows"] = json!(source.total().to_string());
        if next < source.total() {
            head["pageToken"] = json!(next.to_string());
        } else if optional && span.start == 0 {
            // A short query may go without a job.
            head["jobReference"] = Value::Null;
            head["queryId"] = json!(random_hex(12));
        }
        Ok(with_rows(&head, &page))
    }
}

/// A jobs.query request as the job that it stands for.
fn wanted(given: &Value) -> Wanted {
    const OF_QUERY: [&str; 9] = [
        "query",
        "useLegacySql",
        "queryParameters",
        "parameterMode",
        "defaultDataset",
        "maximumBytesBilled",
        "useQueryCache",
        "createSession",
        "connectionProperties",
    ];
    let mut query = json!({});
    for name in OF_QUERY.iter().filter(|name| !given[**name].is_null()) {
        query[*name] = given[*name].clone();
    }
    let mut configuration = json!({"query": query});
    if !given["labels"].is_null() {
        configuration["labels"] = given["labels"].clone();
    }
    Wanted {
        id: format!("job_{}", random_hex(14)),
        location: given["location"].as_str().map(str::to_owned),
        configuration,
    }
}

/// A number, or one written as text, as Google takes both.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// A body whose rows are already text. Nulls in the head are left out, as Google leaves them out.
pub(super) fn with_rows(head: &Value, page: &Page) -> Reply {
    const KIND: &str = "application/json; charset=UTF-8";
    let fields = head
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null());
    let fields: Vec<_> = fields.map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    if page.count == 0 {
        return Reply::text(200, KIND, format!("{{{}}}", fields.join(",")));
    }
    let (before, after) = (format!("{{{},\"rows\":[", fields.join(",")), b"]}");
    if let Some(rows) = &page.packed {
        let body = packed::gzip(before.as_bytes(), rows, after);
        return Reply::text(200, KIND, body)
            .with("content-encoding", "gzip")
            .with("vary", "Accept-Encoding");
    }
    Reply::text(200, KIND, [before.as_bytes(), &page.text, after].concat())
}
