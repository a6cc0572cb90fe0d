//! What earlier steps learned, as JSON of names and values, and what the request itself tells.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::pasted::unread;
use crate::bigquery::{DatasetId, Location, ProjectId, TableId};
use crate::ground::problem::{Fact, Problem};

/// What is known besides the answer. Everything may be missing.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The service account that asked.
    pub(super) member: Option<String>,
    pub(super) key_id: Option<String>,
    pub(super) project: Option<String>,
    pub(super) billing_project: Option<String>,
    pub(super) dataset: Option<String>,
    pub(super) table: Option<String>,
    pub(super) job: Option<String>,
    /// Where the dataset is.
    pub(super) dataset_location: Option<String>,
    /// Where the job was asked to run.
    pub(super) location: Option<String>,
    /// What this computer's clock showed when it asked, in seconds since 1970.
    pub(super) asked_at: Option<i64>,
    pub(super) account_id: Option<String>,
    pub(super) region: Option<String>,
    pub(super) host: Option<String>,
    pub(super) proxy: Option<String>,
    /// Rights that were asked about.
    pub(super) permissions: Vec<String>,
    pub(super) bytes_cap: Option<String>,
    /// Names that earlier steps saw: of datasets, of tables in the dataset, of columns of the table.
    pub(super) seen_datasets: Vec<String>,
    pub(super) seen_tables: Vec<String>,
    pub(super) seen_columns: Vec<String>,
    /// Names that mean nothing here.
    pub(super) unknown: Vec<String>,
}

impl Context {
    /// Reads `{"dataset_location": "EU", …}`. Names that are not known are kept apart and change nothing.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let refused = |found: &str| unread("context", found).with(Fact::Expected, "a JSON object of names and values");
        let text = text.trim_start_matches('\u{feff}');
        let value: Value = serde_json::from_str(text).map_err(|error| {
            refused("something that is not JSON").with(
                Fact::Position,
                format!("line {}, column {}", error.line(), error.column()),
            )
        })?;
        let Value::Object(object) = value else {
            return Err(refused("JSON that is no object"));
        };
        let mut context = Self::default();
        for (name, value) in &object {
            context.take(name, value)?;
        }
        Ok(context)
    }

    fn take(&mut self, name: &str, value: &Value) -> Result<(), Problem> {
        if value.is_null() {
            return Ok(());
        }
        let text = |what: &str| {
            let refused = || unread(&format!("context, {name}"), "another kind of value").with(Fact::Expected, what);
            match value {
                Value::String(text) => Ok(text.trim().to_owned()),
                Value::Number(number) => Ok(number.to_string()),
                _ => Err(refused()),
            }
        };
        match name {
            "member" | "service_account" | "client_email" | "email" => {
                self.member = Some(read_member(name, &text("the account's e-mail address")?)?);
            }
            "key_id" | "private_key_id" | "key_id_tail" => self.key_id = Some(text("the key's id")?),
            "project" | "project_id" => self.project = Some(read_project(name, &text("a project ID")?)?),
            "billing_project" | "billing_project_id" => {
                self.billing_project = Some(read_project(name, &text("a project ID")?)?);
            }
            "dataset" | "dataset_id" => self.take_dataset(name, &text("a dataset ID")?)?,
            "table" | "table_id" => self.take_table(name, &text("a table ID")?)?,
            "job" | "job_id" => self.job = Some(text("a job's id")?),
            "dataset_location" => self.dataset_location = read_place(name, &text("a location such as EU")?)?,
            "location" | "job_location" => self.location = read_place(name, &text("a location such as EU")?)?,
            "now" | "local_time" | "asked_at" | "clock" => self.asked_at = Some(read_time(name, value)?),
            "account_id" => self.account_id = Some(text("an Account ID")?),
            "region" => self.region = Some(text("a region such as eu1")?),
            "host" => self.host = Some(text("a host's name")?),
            "proxy" => self.proxy = Some(text("a proxy's host and port")?),
            "bytes_cap" | "maximum_bytes_billed" => self.bytes_cap = Some(text("a number of bytes")?),
            "datasets" => self.seen_datasets = read_names(name, value)?,
            "tables" => self.seen_tables = read_names(name, value)?,
            "columns" => self.seen_columns = read_names(name, value)?,
            _ => self.unknown.push(name.to_owned()),
        }
        Ok(())
    }

    /// `project.dataset` and `project:dataset` will do.
    fn take_dataset(&mut self, name: &str, text: &str) -> Result<(), Problem> {
        let (project, dataset) = match text.rsplit_once(['.', ':']) {
            Some((project, dataset)) => (Some(read_project(name, project)?), dataset),
            None => (None, text),
        };
        DatasetId::read(dataset).map_err(|problem| unfit(name, &problem, "a dataset ID"))?;
        self.dataset = Some(dataset.to_owned());
        self.project = project.or_else(|| self.project.take());
        Ok(())
    }

    fn take_table(&mut self, name: &str, text: &str) -> Result<(), Problem> {
        let table = match text.rsplit_once('.') {
            Some((dataset, table)) => {
                self.take_dataset(name, dataset)?;
                table
            }
            None => text,
        };
        TableId::read(table).map_err(|problem| unfit(name, &problem, "a table ID"))?;
        self.table = Some(table.to_owned());
        Ok(())
    }

    /// What the request tells, where the context does not say otherwise. A request that cannot be read tells nothing.
    pub(super) fn take_request(&mut self, request: Option<&str>) {
        let Some(request) = request else { return };
        let request = request.trim_start_matches('\u{feff}').trim();
        let (head, body) = split_request(request);
        self.take_path(head);
        self.take_assertion(body);
        if let Ok(request) = serde_json::from_str::<Value>(body) {
            self.take_request_json(&request);
        }
    }

    /// What a client says of the address that it asked, where nothing else is known: `403 POST https://…/projects/P/jobs: …`.
    pub(super) fn take_address(&mut self, pasted: &[u8]) {
        let pasted = String::from_utf8_lossy(&pasted[..pasted.len().min(64 * 1024)]);
        let address = pasted.find("https://bigquery.googleapis.com/bigquery/v2/projects/");
        if let Some(word) = address.and_then(|at| pasted[at..].split_whitespace().next()) {
            self.take_path(word.trim_end_matches([':', ',', ')']));
        }
    }

    /// Who asked for a token, with which key and when: a signed assertion says it, and nothing else of it is kept.
    fn take_assertion(&mut self, form: &str) {
        let Some(assertion) = form.split('&').find_map(|pair| pair.trim().strip_prefix("assertion=")) else {
            return;
        };
        let mut parts = assertion.split('.').map(|part| {
            let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
            serde_json::from_slice::<Value>(&bytes).unwrap_or_default()
        });
        let (header, claims) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let member = text(&claims, "iss").filter(|email| read_member("request", email).is_ok());
        set(&mut self.member, member);
        set(&mut self.key_id, text(&header, "kid"));
        self.asked_at = self.asked_at.or(claims.get("iat").and_then(Value::as_i64));
    }

    fn take_request_json(&mut self, request: &Value) {
        let text = |paths: &[&str]| {
            let mut found = paths.iter().filter_map(|path| request.pointer(path)?.as_str());
            found.next().map(str::to_owned)
        };
        if let Some(url) = text(&["/url", "/uri"]) {
            self.take_path(&url);
        }
        match request.get("body") {
            Some(inner @ Value::Object(_)) => return self.take_request_json(inner),
            Some(Value::String(inner)) => return self.take_request(Some(inner)),
            _ => {}
        }
        if let Some(permissions) = request.get("permissions").and_then(Value::as_array) {
            let named = permissions.iter().filter_map(|one| one.as_str().map(str::to_owned));
            self.permissions = named.collect();
        }
        let fits_project = |id: &String| ProjectId::read(id).is_ok();
        let fits_dataset = |id: &String| DatasetId::read(id).is_ok();
        let fits_place = |id: &String| Location::read(id).is_ok();
        set(
            &mut self.location,
            text(&["/location", "/jobReference/location"]).filter(fits_place),
        );
        set(&mut self.job, text(&["/jobReference/jobId"]));
        set(
            &mut self.billing_project,
            text(&["/jobReference/projectId"]).filter(fits_project),
        );
        set(
            &mut self.dataset,
            text(&[
                "/defaultDataset/datasetId",
                "/configuration/query/defaultDataset/datasetId",
            ])
            .filter(fits_dataset),
        );
        set(
            &mut self.bytes_cap,
            text(&["/maximumBytesBilled", "/configuration/query/maximumBytesBilled"]),
        );
    }

    /// `…/projects/P/datasets/D/tables/T`, wherever it stands.
    fn take_path(&mut self, text: &str) {
        let path = text.split_whitespace().find(|word| word.contains("/projects/"));
        let Some(path) = path else { return };
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.split('/').collect();
        let behind = |name: &str| {
            let at = parts.iter().position(|part| *part == name)?;
            parts
                .get(at + 1)
                .map(|part| part.split(':').next().unwrap_or(part).to_owned())
        };
        set(
            &mut self.project,
            behind("projects").filter(|id| ProjectId::read(id).is_ok()),
        );
        set(
            &mut self.dataset,
            behind("datasets").filter(|id| DatasetId::read(id).is_ok()),
        );
        set(&mut self.table, behind("tables").filter(|id| TableId::read(id).is_ok()));
        set(&mut self.job, behind("queries").or_else(|| behind("jobs")));
        let location = query.split('&').find_map(|pair| pair.strip_prefix("location="));
        set(
            &mut self.location,
            location.filter(|id| Location::read(id).is_ok()).map(str::to_owned),
        );
    }
}

fn set(place: &mut Option<String>, value: Option<String>) {
    if place.is_none() {
        *place = value.filter(|value| !value.is_empty());
    }
}

/// The head of a request that was copied off the wire, and its body. One without a head is all body.
fn split_request(request: &str) -> (&str, &str) {
    if request.starts_with(['{', '[']) {
        return ("", request);
    }
    let blank = ["\r\n\r\n", "\n\n"]
        .into_iter()
        .find_map(|mark| request.split_once(mark));
    blank.unwrap_or_else(|| {
        if request.contains("/projects/") {
            (request, "")
        } else {
            ("", request)
        }
    })
}

fn read_names(name: &str, value: &Value) -> Result<Vec<String>, Problem> {
    let names = value.as_array().map(|list| {
        let names = list.iter().map(|one| one.as_str().map(str::to_owned));
        names.collect::<Option<Vec<_>>>()
    });
    names.flatten().ok_or_else(|| {
        unread(&format!("context, {name}"), "another kind of value").with(Fact::Expected, "a list of names")
    })
}

fn read_member(name: &str, text: &str) -> Result<String, Problem> {
    let email = text.strip_prefix("serviceAccount:").unwrap_or(text);
    let fits = |c: char| c.is_ascii_alphanumeric() || "._%+-@".contains(c);
    let (before, behind) = email.split_once('@').unwrap_or_default();
    if before.is_empty() || !behind.contains('.') || !email.chars().all(fits) || behind.contains('@') {
        return Err(unread(&format!("context, {name}"), "no e-mail address")
            .with(Fact::Expected, "the account's e-mail address"));
    }
    Ok(email.to_owned())
}

/// A project's ID. Its number will do: Google takes it wherever it takes the ID.
fn read_project(name: &str, text: &str) -> Result<String, Problem> {
    let number = !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit());
    if number {
        return Ok(text.to_owned());
    }
    match ProjectId::read(text) {
        Ok(project) => Ok(project.into()),
        Err(problem) => Err(unfit(name, &problem, "a project ID")),
    }
}

fn read_place(name: &str, text: &str) -> Result<Option<String>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    match Location::read(text) {
        Ok(place) => Ok(Some(place.into())),
        Err(problem) => Err(unfit(name, &problem, "a location such as EU")),
    }
}

/// Seconds since 1970, or a time as RFC 3339 or HTTP write it.
fn read_time(name: &str, value: &Value) -> Result<i64, Problem> {
    let refused = || {
        unread(&format!("context, {name}"), "no time").with(
            Fact::Expected,
            "a time such as 2026-11-23T20:30:00Z, or seconds since 1970",
        )
    };
    match value {
        Value::Number(number) => number.as_i64().ok_or_else(refused),
        Value::String(text) => {
            let text = text.trim();
            text.parse::<jiff::Timestamp>()
                .ok()
                .or_else(|| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok())
                .map(jiff::Timestamp::as_second)
                .or_else(|| text.parse().ok())
                .ok_or_else(refused)
        }
        _ => Err(refused()),
    }
}

fn unfit(name: &str, problem: &Problem, expected: &str) -> Problem {
    let found = problem.facts().get(Fact::Found).unwrap_or("nothing");
    unread(&format!("context, {name}"), found).with(Fact::Expected, expected)
}
