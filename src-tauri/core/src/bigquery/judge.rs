//! Judges an answer apart from asking: by the same readers that read while Tapline runs.

use super::asked::Asked;
use super::client::{accepted, malformed, read_page};
use super::job::{Results, read_job, read_results};
use super::wire::{DatasetWire, TableListWire};
use crate::ground::net::Reply;
use crate::ground::problem::{Code, Problem};

/// A call of BigQuery's whose answer can be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    DatasetsGet,
    TablesList,
    TabledataList,
    JobsInsert,
    GetQueryResults,
}

impl Method {
    /// In Google's words.
    pub fn name(self) -> &'static str {
        match self {
            Self::DatasetsGet => "datasets.get",
            Self::TablesList => "tables.list",
            Self::TabledataList => "tabledata.list",
            Self::JobsInsert => "jobs.insert",
            Self::GetQueryResults => "jobs.getQueryResults",
        }
    }
}

/// What the answer means. A success that is whole is no problem; a job that failed within a success is.
pub fn judge(method: Method, asked: &Asked, reply: Reply) -> Result<(), Problem> {
    let reply = accepted(reply, asked)?;
    match method {
        Method::DatasetsGet => reply
            .json::<DatasetWire>()
            .map(drop)
            .map_err(|failure| asked.complete(failure.problem())),
        Method::TablesList => reply
            .json::<TableListWire>()
            .map(drop)
            .map_err(|failure| asked.complete(failure.problem())),
        Method::TabledataList => read_page(reply, asked).map(drop),
        Method::JobsInsert => read_job(&reply, asked).map(drop),
        Method::GetQueryResults => match read_results(&reply, asked)? {
            Results::Running => Err(asked.problem(Code::QuerySlow)),
            Results::Ready(_) => Ok(()),
            Results::Without => Err(malformed(asked, &"a finished job without columns")),
        },
    }
}
