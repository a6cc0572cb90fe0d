//! Asks BigQuery. One method a call; each answer is a value or a [`Problem`] that says what was asked and what Google
//! said. A token that BigQuery refuses is replaced once.
//!
//! ```no_run
//! # use tapline_core::{bigquery::{Client, Query, DatasetRef, JobId}, ground::{net::Net, problem::Problem}, google::Tokens};
//! # async fn example(net: Net, tokens: Tokens, dataset: DatasetRef) -> Result<(), Problem> {
//! use tapline_core::bigquery::{Patience, RowReader as _};
//! let bigquery = Client::new(net, tokens).patient(Patience::ForARun);
//! let query = Query::new("SELECT 1", dataset.project.clone());
//! bigquery.dry_run(&query).await?.select_only()?; // always before anything runs
//! let job = bigquery.start(&query, &JobId::new("tapline_run_1")?).await?; // the same id twice is the same job
//! let result = bigquery.finished(&job).await?;
//! let page = result.page(0, 10_000).await?;
//! # Ok(())
//! # }
//! ```

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::asked::Asked;
use super::ids::{DatasetRef, Location, ProjectId, TableRef};
use super::page::Page;
use super::query::{Estimate, Query};
use super::refusal::{refused, within};
use super::schema::Schema;
use super::wire::{DatasetWire, DryRunWire, TableListWire, TableWire};
use crate::google::Tokens;
use crate::ground::net::{Ask, Host, Net, Reply};
use crate::ground::problem::{Answer, Code, Fact, Problem};

pub use super::wire::{Dataset, Table, TableBrief, TableKind, TableList};

/// The largest page that is read: Google cuts at 10 MB and JSON adds to it.
pub(super) const LARGEST_PAGE: usize = 64 * 1024 * 1024;

/// The longest wait that Google may ask for in the middle of a run.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// BigQuery, in the name of one service account. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    net: Net,
    tokens: Tokens,
    patience: Patience,
    /// A dataset, and where an answer of just now said it is.
    place: Option<(DatasetRef, Location)>,
}

/// What to do when asking again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Nothing: somebody is watching.
    None,
    /// Ask up to seven times, over about a minute.
    ForARun,
}

impl Client {
    /// Asks once, for people who wait. For runs see [`Self::patient`].
    pub fn new(net: Net, tokens: Tokens) -> Self {
        Self {
            net,
            tokens,
            patience: Patience::None,
            place: None,
        }
    }

    /// With what was just learned of a dataset's place, so that a query that finds it nowhere can be told why. What was learned long
    /// ago may be wrong by now.
    #[must_use]
    pub fn knowing(mut self, dataset: &DatasetRef, place: Option<Location>) -> Self {
        self.place = place.map(|place| (dataset.clone(), place));
        self
    }

    #[must_use]
    pub fn patient(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The dataset itself: where it is and what kind. Needs `bigquery.datasets.get`.
    pub async fn dataset(&self, dataset: &DatasetRef) -> Result<Dataset, Problem> {
        let asked = self.about("datasets.get", dataset);
        let wire: DatasetWire = self
            .json(&asked, || at_dataset(dataset).asking("datasetView", "METADATA"))
            .await?;
        Ok(wire.into())
    }

    /// Whether the dataset's own list of rights says that the service account may write. `None` where the list says
    /// nothing of it. Needs `bigquery.datasets.getIamPolicy`.
    pub async fn may_write(&self, dataset: &DatasetRef) -> Result<Option<bool>, Problem> {
        let asked = self.about("datasets.get (ACL)", dataset);
        let wire: DatasetWire = self
            .json(&asked, || at_dataset(dataset).asking("datasetView", "ACL"))
            .await?;
        Ok(wire.lets_write(self.tokens.account().email()).then_some(true))
    }

    /// Some of a dataset's tables, in Google's order. Needs `bigquery.tables.list`.
    pub async fn tables(&self, dataset: &DatasetRef, most: u32, next: Option<&str>) -> Result<TableList, Problem> {
        let asked = self.about("tables.list", dataset);
        let wire: TableListWire = self
            .json(&asked, || {
                at_dataset(dataset)
                    .at(["tables"])
                    .asking("maxResults", most.to_string())
                    .asking_some("pageToken", next)
            })
            .await?;
        Ok(wire.into())
    }

    /// A table's columns and size. Needs `bigquery.tables.get`.
    pub async fn table(&self, table: &TableRef) -> Result<Table, Problem> {
        let asked = self.about_table("tables.get", table);
        let wire: TableWire = self.json(&asked, || at_table(table)).await?;
        Ok(wire.into())
    }

    /// Rows of a table as it lies there, without a query and without a bill. Views have none.
    /// Needs `bigquery.tables.getData` alone.
    pub async fn rows(&self, table: &TableRef, start: u64, most: u32) -> Result<Page, Problem> {
        let asked = self.about_table("tabledata.list", table);
        let ask = || {
            at_table(table)
                .at(["data"])
                .asking("startIndex", start.to_string())
                .asking("maxResults", most.to_string())
                .asking("formatOptions.useInt64Timestamp", "true")
                .at_most(LARGEST_PAGE)
        };
        self.page(&asked, ask).await
    }

    /// Reads and prices a query without running it. Needs `bigquery.jobs.create` in the paying project, and the rights
    /// that the query itself needs.
    pub async fn dry_run(&self, query: &Query) -> Result<Estimate, Problem> {
        let asked = self.about_query("jobs.query (dry run)", query);
        let mut body = query.body();
        body["dryRun"] = json!(true);
        if let Some(location) = &query.location {
            body["location"] = json!(location.as_str());
        }
        let ask = || {
            Ask::post(Host::BigQuery)
                .at(["projects", query.billing.as_str(), "queries"])
                .json(&body)
        };
        let wire: DryRunWire = self.json(&asked, ask).await?;
        Ok(wire.into())
    }

    /// Runs a short SELECT and hands over its first page. The caller has made sure, by [`Self::dry_run`], that it is a
    /// SELECT. For results that must be read whole, see [`Self::start`].
    pub async fn glance(&self, query: &Query, most: u32) -> Result<Glance, Problem> {
        let asked = self.about_query("jobs.query", query);
        let mut body = query.body();
        body["maxResults"] = json!(most);
        body["timeoutMs"] = json!(30_000);
        body["formatOptions"] = json!({"useInt64Timestamp": true});
        if let Some(location) = &query.location {
            body["location"] = json!(location.as_str());
        }
        let ask = || {
            Ask::post(Host::BigQuery)
                .at(["projects", query.billing.as_str(), "queries"])
                .json(&body)
                .at_most(LARGEST_PAGE)
        };
        let text = self.text(&asked, ask).await?;
        let head: DryRunWire = serde_json::from_str(&text)
            .map_err(|error| malformed(&asked, &format!("line {}, column {}", error.line(), error.column())))?;
        if head.job_complete == Some(false) {
            return Err(asked.problem(Code::QuerySlow));
        }
        let bytes_billed = head.total_bytes_billed.unwrap_or(0);
        Ok(Glance {
            schema: head.schema.unwrap_or_default(),
            page: Page::read(text).map_err(|error| malformed(&asked, &error))?,
            bytes_billed,
        })
    }

    pub(super) fn about(&self, method: &'static str, dataset: &DatasetRef) -> Asked {
        Asked {
            dataset: Some(dataset.dataset.to_string()),
            ..self.about_project(method, &dataset.project)
        }
    }

    pub(super) fn about_table(&self, method: &'static str, table: &TableRef) -> Asked {
        Asked {
            table: Some(table.table.to_string()),
            ..self.about(method, &table.dataset)
        }
    }

    pub(super) fn about_query(&self, method: &'static str, query: &Query) -> Asked {
        Asked {
            location: query.location.as_ref().map(ToString::to_string),
            known_place: self.place.clone(),
            ..self.about_project(method, &query.billing)
        }
    }

    pub(super) fn about_project(&self, method: &'static str, project: &ProjectId) -> Asked {
        Asked {
            method,
            member: self.tokens.account().email().to_owned(),
            project: project.to_string(),
            ..Asked::default()
        }
    }

    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        asked: &Asked,
        ask: impl Fn() -> Ask + Send + Sync,
    ) -> Result<T, Problem> {
        let reply = self.ask(asked, ask).await?;
        reply.json().map_err(|failure| with_question(failure.problem(), asked))
    }

    pub(super) async fn page(&self, asked: &Asked, ask: impl Fn() -> Ask + Send + Sync) -> Result<Page, Problem> {
        read_page(self.ask(asked, ask).await?, asked)
    }

    pub(super) async fn text(&self, asked: &Asked, ask: impl Fn() -> Ask + Send + Sync) -> Result<String, Problem> {
        let reply = self.ask(asked, ask).await?;
        reply
            .into_text()
            .map_err(|failure| with_question(failure.problem(), asked))
    }

    /// Asks, and where patience allows and it may help, asks again.
    pub(super) async fn ask(&self, asked: &Asked, ask: impl Fn() -> Ask + Send + Sync) -> Result<Reply, Problem> {
        match self.patience {
            Patience::None => self.once(asked, &ask).await,
            Patience::ForARun => {
                let waits = ExponentialBuilder::default()
                    .with_min_delay(Duration::from_millis(500))
                    .with_max_delay(Duration::from_secs(30))
                    .with_max_times(6)
                    .with_jitter();
                let once = || self.once(asked, &ask);
                once.retry(waits)
                    .when(Problem::retryable)
                    .adjust(|problem, wait| {
                        Some(wait?.max(problem.asks_to_wait().unwrap_or_default().min(LONGEST_WAIT)))
                    })
                    .await
            }
        }
    }

    /// Asks with a token. Where BigQuery refuses the token, once more with another.
    async fn once(&self, asked: &Asked, ask: &(impl Fn() -> Ask + Send + Sync)) -> Result<Reply, Problem> {
        let token = self.tokens.token().await?;
        let reply = self.send(asked, token.lend(|token| ask().bearing(token))).await?;
        if reply.status != 401 {
            return accepted(reply, asked);
        }
        let token = self.tokens.replace(&token).await?;
        let reply = self.send(asked, token.lend(|token| ask().bearing(token))).await?;
        accepted(reply, asked)
    }

    async fn send(&self, asked: &Asked, ask: Ask) -> Result<Reply, Problem> {
        self.net
            .send(ask)
            .await
            .map_err(|failure| with_question(failure.problem(), asked))
    }
}

/// The first page of a short query.
#[derive(Debug)]
pub struct Glance {
    pub schema: Schema,
    pub page: Page,
    pub bytes_billed: u64,
}

pub(super) fn at_dataset(dataset: &DatasetRef) -> Ask {
    in_dataset(Ask::get(Host::BigQuery), dataset)
}

pub(super) fn in_dataset(ask: Ask, dataset: &DatasetRef) -> Ask {
    ask.at([
        "projects",
        dataset.project.as_str(),
        "datasets",
        dataset.dataset.as_str(),
    ])
}

fn at_table(table: &TableRef) -> Ask {
    to_table(Ask::get(Host::BigQuery), table)
}

pub(super) fn to_table(ask: Ask, table: &TableRef) -> Ask {
    in_dataset(ask, &table.dataset).at(["tables", table.table.as_str()])
}

/// The answer, where it is a success.
pub(super) fn accepted(reply: Reply, asked: &Asked) -> Result<Reply, Problem> {
    if reply.is_success() {
        return match within(&reply, asked) {
            Some(problem) => Err(problem),
            None => Ok(reply),
        };
    }
    let wait = reply.retry_after.map(|seconds| seconds.to_string());
    Err(refused(&reply, asked).with_some(Fact::RetryAfter, wait))
}

/// The rows in an answer.
pub(super) fn read_page(reply: Reply, asked: &Asked) -> Result<Page, Problem> {
    let text = reply
        .into_text()
        .map_err(|failure| with_question(failure.problem(), asked))?;
    Page::read(text).map_err(|error| malformed(asked, &error))
}

pub(super) fn with_question(problem: Problem, asked: &Asked) -> Problem {
    problem.answered(Answer {
        asked: asked.words(),
        ..Answer::default()
    })
}

pub(super) fn malformed(asked: &Asked, why: &impl std::fmt::Display) -> Problem {
    let problem = Problem::new(Code::NetMalformed)
        .with(Fact::Host, Host::BigQuery.name())
        .with(Fact::Detail, why.to_string());
    with_question(problem, asked)
}
