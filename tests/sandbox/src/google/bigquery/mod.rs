//! `BigQuery`'s REST API: permissions, locations, bytes, pages and jobs as Google has them, SQL by the engine behind.

mod cdnow;
mod copying;
mod datasets;
mod job;
mod jobs;
pub(crate) mod packed;
mod queries;
mod rows;
mod running;
mod statement;
mod stock;
mod tables;
mod words;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

pub use self::stock::{Column, LoadError, made_up_rows};
use super::{ApiError, Google, ProjectState, Resource, projects};
use crate::ask::Ask;
use crate::emulator::EmulatorError;
use crate::reply::Reply;
use crate::world::World;

/// Names a table: project, dataset, table.
pub(crate) type TableKey = (String, String, String);

/// What the door itself knows; tables and rows are mostly the engine's.
#[derive(Debug, Default)]
pub(crate) struct Books {
    datasets: BTreeMap<(String, String), Dataset>,
    /// Tables that the door serves from memory, past the engine.
    stock: BTreeMap<TableKey, stock::Stocked>,
    jobs: HashMap<(String, String), Arc<job::Job>>,
    /// Jobs by the result table nobody named.
    anonymous: HashMap<String, Arc<job::Job>>,
    requests: HashMap<(String, String), Arc<job::Job>>,
    /// Queries whose results are cached, data versions included.
    cache: HashSet<String>,
    sizes: HashMap<TableKey, Arc<BTreeMap<String, u64>>>,
    /// Grow with every change of a table, or of anything, so that caches know themselves stale.
    versions: HashMap<TableKey, u64>,
    version: u64,
    jobs_held: watch::Sender<bool>,
    job_faults: Vec<ApiError>,
    largest_page: Option<usize>,
}

#[derive(Debug, Clone)]
struct Dataset {
    location: String,
    created: Timestamp,
    description: Option<String>,
}

/// What a handler gives back: a body, or an error that becomes one.
type Answer = Result<Value, ApiError>;

impl Google {
    pub(crate) fn note_dataset(&self, project: &str, dataset: &str, location: &str) {
        let made = Dataset {
            location: location.to_owned(),
            created: self.clock().now(),
            description: None,
        };
        self.books()
            .bigquery
            .datasets
            .insert((project.to_owned(), dataset.to_owned()), made);
    }

    pub(crate) async fn bigquery(&self, world: &Arc<World>, ask: &Ask) -> Reply {
        match self.asked_of_bigquery(world, ask).await {
            Ok(reply) => reply,
            Err(error) => error.reply(),
        }
    }

    async fn asked_of_bigquery(&self, world: &Arc<World>, ask: &Ask) -> Result<Reply, ApiError> {
        let member = self.caller(ask, &["bigquery", "cloud-platform"])?;
        world
            .journal
            .change(ask.number, |call| call.member = Some(member.clone()));
        let path = ask.path();
        let Some(["bigquery", "v2", "projects", rest @ ..]) = path.get(..).filter(|path| path.len() >= 3) else {
            return Err(no_method());
        };
        let Some((project, rest)) = rest.split_first() else {
            return Ok(Reply::json(200, &self.seen_projects(&member)));
        };
        self.open(project)?;
        let call = Call {
            google: self,
            member: &member,
            project,
            ask,
        };
        match rest.split_first() {
            Some((&"datasets", rest)) => self.about_datasets(&call, rest).await,
            Some((&"queries" | &"jobs", _)) => self.about_jobs(&call, rest).await,
            _ => Err(no_method()),
        }
    }

    async fn about_datasets(&self, call: &Call<'_>, rest: &[&str]) -> Result<Reply, ApiError> {
        let whole = |answer: Answer| answer.map(|body| Reply::json(200, &body));
        match (call.ask.method.as_str(), rest) {
            ("GET", []) => whole(Ok(call.list_datasets())),
            ("POST", []) => whole(call.insert_dataset().await),
            ("GET", [dataset]) => whole(call.get_dataset(dataset)),
            ("GET", [dataset, "tables"]) => whole(call.list_tables(dataset).await),
            ("POST", [dataset, "tables"]) => whole(call.insert_table(dataset).await),
            ("GET", [dataset, "tables", table]) => whole(call.get_table(dataset, table).await),
            ("PATCH" | "PUT", [dataset, "tables", table]) => whole(call.change_table(dataset, table).await),
            ("DELETE", [dataset, "tables", table]) => call.delete_table(dataset, table).await,
            ("GET", [dataset, "tables", table, "data"]) => call.list_rows(dataset, table).await,
            ("POST", [dataset, "tables", table, "insertAll"]) => whole(call.insert_rows(dataset, table).await),
            ("POST", [dataset, "tables", action]) => match action.rsplit_once(':') {
                Some((table, "testIamPermissions")) => whole(call.test_table(dataset, table)),
                _ => Err(no_method()),
            },
            _ => Err(no_method()),
        }
    }

    async fn about_jobs(&self, call: &Call<'_>, rest: &[&str]) -> Result<Reply, ApiError> {
        let whole = |answer: Answer| answer.map(|body| Reply::json(200, &body));
        match (call.ask.method.as_str(), rest) {
            ("POST", ["queries"]) => call.query().await,
            ("GET", ["queries", job]) => call.query_results(job).await,
            ("POST", ["jobs"]) => whole(call.insert_job().await),
            ("GET", ["jobs"]) => whole(Ok(call.list_jobs())),
            ("GET", ["jobs", job]) => whole(call.get_job(job)),
            ("POST", ["jobs", job, "cancel"]) => whole(call.cancel_job(job).await),
            _ => Err(no_method()),
        }
    }

    /// What stands in the way of any call to a project, whoever calls.
    fn open(&self, project: &str) -> Result<(), ApiError> {
        let books = self.books();
        let known = books
            .projects
            .get(project)
            .ok_or_else(|| ApiError::not_found("Project", project))?;
        match known.state {
            ProjectState::Active | ProjectState::NoBilling => Ok(()),
            ProjectState::Deleted => Err(ApiError::new(403, "forbidden", format!("Project '{project}' not found or deleted."))
                .because("CONSUMER_INVALID", &json!({"consumer": format!("projects/{project}"), "service": "bigquery.googleapis.com"}))),
            ProjectState::ApiDisabled => Err(projects::disabled("BigQuery API", "bigquery.googleapis.com", known.number)),
            ProjectState::BillingDisabled => Err(ApiError::new(403, "forbidden", format!("This API method requires billing to be enabled. Please enable billing on project #{0} by visiting https://console.developers.google.com/billing/enable?project={0} then retry. If you enabled billing for this project recently, wait a few minutes for the action to propagate to our systems and retry.", known.number))
                .because("BILLING_DISABLED", &json!({"consumer": format!("projects/{}", known.number), "service": "bigquery.googleapis.com"}))),
        }
    }

    fn seen_projects(&self, member: &str) -> Value {
        let books = self.books();
        let seen = books.projects.iter().filter(|(id, _)| books.grants.knows(member, id));
        let list: Vec<_> = seen
            .map(|(id, project)| {
                json!({
                    "kind": "bigquery#project", "id": id, "numericId": project.number.to_string(),
                    "projectReference": {"projectId": id}, "friendlyName": project.name,
                })
            })
            .collect();
        json!({"kind": "bigquery#projectList", "totalItems": list.len(), "projects": list})
    }

    pub(super) fn location_of(&self, project: &str, dataset: &str) -> Option<String> {
        let key = (project.to_owned(), dataset.to_owned());
        self.books()
            .bigquery
            .datasets
            .get(&key)
            .map(|dataset| dataset.location.clone())
    }

    /// Cuts pages at so many bytes instead of 10 MB, so that short pages are met without much data.
    pub fn cut_pages(&self, bytes: usize) {
        self.books().bigquery.largest_page = Some(bytes);
    }

    fn largest_page(&self) -> usize {
        self.books().bigquery.largest_page.unwrap_or(rows::LARGEST_PAGE)
    }

    fn table_changed(&self, key: &TableKey) {
        let mut books = self.books();
        *books.bigquery.versions.entry(key.clone()).or_default() += 1;
        books.bigquery.sizes.remove(key);
    }

    fn anything_changed(&self) {
        let mut books = self.books();
        books.bigquery.version += 1;
        books.bigquery.sizes.clear();
    }

    /// The engine's answer as JSON, or its error in Google's shape.
    async fn engine(&self, method: hyper::Method, path: &str, body: Option<&Value>) -> Answer {
        let Some(engine) = &self.inner.engine else {
            return Err(ApiError::new(
                501,
                "notImplemented",
                "this sandbox was started without its SQL engine",
            ));
        };
        let (status, body) = engine
            .call(method, path, body)
            .await
            .map_err(|error| engine_gone(&error))?;
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status < 400 {
            return Ok(value);
        }
        let first = &value["error"]["errors"][0];
        let mut error = ApiError::new(
            if status == 501 { 400 } else { status },
            first["reason"].as_str().unwrap_or("backendError"),
            first["message"].as_str().unwrap_or("The engine gave no reason."),
        );
        error.location = first["location"].as_str().map(str::to_owned);
        Err(error)
    }
}

/// One authenticated call on one project.
struct Call<'a> {
    google: &'a Google,
    member: &'a str,
    project: &'a str,
    ask: &'a Ask,
}

impl Call<'_> {
    fn may(&self, resource: &Resource, permission: &str) -> bool {
        self.google.allows(self.member, resource, permission)
    }

    fn dataset_right(&self, dataset: &str, permission: &str) -> Result<(), ApiError> {
        if self.may(&Resource::dataset(self.project, dataset), permission) {
            return Ok(());
        }
        let name = format!("{}:{dataset}", self.project);
        Err(ApiError::denied(format!(
            "Access Denied: Dataset {name}: Permission {permission} denied on dataset {name} (or it may not exist)."
        )))
    }

    fn table_right(&self, dataset: &str, table: &str, permission: &str) -> Result<(), ApiError> {
        if self.may(&Resource::table(self.project, dataset, table), permission) {
            return Ok(());
        }
        let name = format!("{}:{dataset}.{table}", self.project);
        Err(ApiError::denied(format!(
            "Access Denied: Table {name}: Permission {permission} denied on table {name} (or it may not exist)."
        )))
    }
}

fn no_method() -> ApiError {
    ApiError::new(404, "notFound", "Method not found.")
}

fn engine_gone(error: &EmulatorError) -> ApiError {
    ApiError::new(503, "backendError", error.to_string())
}

/// Google's ids travel in engine paths as they are, apart from what would break the path.
fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~:".contains(&byte);
    name.bytes()
        .map(|byte| {
            if plain(byte) {
                (byte as char).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

fn table_path(key: &TableKey) -> String {
    format!(
        "/bigquery/v2/projects/{}/datasets/{}/tables/{}",
        escaped(&key.0),
        escaped(&key.1),
        escaped(&key.2)
    )
}

fn key(project: &str, dataset: &str, table: &str) -> TableKey {
    (project.to_owned(), dataset.to_owned(), table.to_owned())
}

fn millis(time: Timestamp) -> String {
    time.as_millisecond().to_string()
}
