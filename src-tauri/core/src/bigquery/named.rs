//! Tables of our own in a person's dataset: made before anything is written to them, so that expiry, labels and owner stand
//! from the first moment; looked at before and after they are read. None is ever dropped: they expire, or stay.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::asked::Asked;
use super::client::{Client, in_dataset, malformed, to_table};
use super::ids::TableRef;
use super::job::{JobId, JobRef, read_job};
use super::schema::{Field, Mode, Schema};
use crate::ground::net::{Ask, Host};
use crate::ground::problem::{Code, Fact, Problem};

/// Between two looks at a copy that is being made.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(500);

/// A table to be made.
#[derive(Clone, Debug)]
pub struct NewTable {
    pub table: TableRef,
    pub schema: Schema,
    /// For people who find it in Google's console.
    pub description: String,
    /// Lower-case letters, digits, hyphens, underscores.
    pub labels: BTreeMap<String, String>,
    /// When BigQuery drops it by itself. `None` keeps it for good, whatever the dataset's default.
    pub expires_at: Option<Timestamp>,
}

/// A table of ours at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Changes with whatever happens to the table. `None` where Google sends none.
    pub etag: Option<String>,
    pub rows: u64,
    pub bytes: u64,
    pub labels: BTreeMap<String, String>,
    pub expires_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    etag: Option<String>,
    #[serde(default)]
    num_rows: Option<String>,
    #[serde(default)]
    num_bytes: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    expiration_time: Option<String>,
}

impl Client {
    /// Makes the table, or finds it where it was made before. Needs `bigquery.tables.create`, and
    /// `bigquery.tables.update` where the dataset would let a table expire that is to stay.
    pub async fn make_table(&self, new: &NewTable) -> Result<Seen, Problem> {
        let asked = self.about_table("tables.insert", &new.table);
        let fields: Vec<Field> = new.schema.fields.iter().cloned().map(takes_null).collect();
        let mut body = json!({
            "tableReference": new.table.wire(),
            "schema": {"fields": fields},
            "description": new.description,
            "labels": new.labels,
        });
        if let Some(at) = new.expires_at {
            body["expirationTime"] = json!(at.as_millisecond().to_string());
        }
        let ask = || {
            in_dataset(Ask::post(Host::BigQuery), &new.table.dataset)
                .at(["tables"])
                .json(&body)
        };
        let made: Result<Wire, Problem> = self.json(&asked, ask).await;
        let seen = match made {
            Ok(wire) => wire.seen(),
            Err(problem) if problem.facts().get(Fact::Status) == Some("409") => {
                self.seen(&new.table).await?.ok_or(problem)?
            }
            Err(problem) => return Err(for_all_of_ours(problem)),
        };
        if new.expires_at.is_none() && seen.expires_at.is_some() {
            return self.expire(&new.table, None).await;
        }
        Ok(seen)
    }

    /// The table as it is now, where it is there. Needs `bigquery.tables.get`.
    pub async fn seen(&self, table: &TableRef) -> Result<Option<Seen>, Problem> {
        let asked = self.about_table("tables.get", table);
        match self
            .json::<Wire>(&asked, || to_table(Ask::get(Host::BigQuery), table))
            .await
        {
            Ok(wire) => Ok(Some(wire.seen())),
            Err(problem) if problem.code() == Code::TableNotFound => Ok(None),
            Err(problem) => Err(for_all_of_ours(problem)),
        }
    }

    /// Copies the result of a finished job, which BigQuery keeps for about a day, to a table that expires when it is said.
    /// A copy reads nothing by query and is billed nothing; the table's storage is. The job goes on where nobody waits for it
    /// any more. Needs `bigquery.jobs.create`, and on the table's dataset `bigquery.tables.create`, `updateData` and `get`.
    pub async fn copy_result(
        &self,
        of: &JobRef,
        into: &TableRef,
        id: &JobId,
        expires_at: Timestamp,
    ) -> Result<(), Problem> {
        let asked = Asked {
            job: Some(id.to_string()),
            location: of.location.as_ref().map(ToString::to_string),
            ..self.about_table("jobs.insert (copy)", into)
        };
        let source = self.job_wire(of).await?.configuration.query.destination_table;
        let Some(source) = source else {
            return Err(malformed(
                &asked,
                &"a finished query that does not say where its result is",
            ));
        };
        let mut reference = json!({"projectId": of.project.as_str(), "jobId": id.as_str()});
        if let Some(location) = &of.location {
            reference["location"] = json!(location.as_str());
        }
        let body = json!({
            "jobReference": reference,
            "configuration": {
                "copy": {
                    "sourceTable": source,
                    "destinationTable": into.wire(),
                    "createDisposition": "CREATE_IF_NEEDED",
                    "writeDisposition": "WRITE_EMPTY",
                    "destinationExpirationTime": expires_at.to_string(),
                },
                "labels": {"app": "tapline"},
            },
        });
        let ask = || {
            Ask::post(Host::BigQuery)
                .at(["projects", of.project.as_str(), "jobs"])
                .json(&body)
        };
        match self.ask(&asked, ask).await {
            // It was asked for before.
            Err(problem) if problem.facts().get(Fact::Status) == Some("409") => {}
            other => drop(read_job(&other?, &asked)?),
        }
        let job = JobRef {
            id: id.clone(),
            ..of.clone()
        };
        while !self.job(&job).await?.done {
            tokio::time::sleep(LOOKED_AT_EVERY).await;
        }
        // Rows of people that stay for good because a field was not heeded would be worse than no copy.
        match self.seen(into).await? {
            Some(seen) if seen.expires_at.is_none() => self.expire(into, Some(expires_at)).await.map(drop),
            _ => Ok(()),
        }
    }

    /// Says when a table goes by itself; never, where no time is given. Needs `bigquery.tables.update`.
    pub async fn expire(&self, table: &TableRef, at: Option<Timestamp>) -> Result<Seen, Problem> {
        let asked = self.about_table("tables.patch", table);
        let body = json!({"expirationTime": at.map(|at| at.as_millisecond().to_string())});
        let ask = || to_table(Ask::patch(Host::BigQuery), table).json(&body);
        let wire: Wire = self.json(&asked, ask).await.map_err(for_all_of_ours)?;
        Ok(wire.seen())
    }
}

/// The next run has a table of another name: what is granted on this one alone would be granted in vain.
fn for_all_of_ours(problem: Problem) -> Problem {
    problem.with(Fact::Scope, "dataset")
}

impl Wire {
    fn seen(self) -> Seen {
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or(0);
        Seen {
            etag: self.etag,
            rows: number(self.num_rows),
            bytes: number(self.num_bytes),
            labels: self.labels,
            expires_at: self
                .expiration_time
                .and_then(|text| Timestamp::from_millisecond(text.parse().ok()?).ok()),
        }
    }
}

/// A result's column as a table takes it: what a query gives is nullable, whatever its source said.
fn takes_null(field: Field) -> Field {
    Field {
        mode: if field.mode == Mode::Repeated {
            Mode::Repeated
        } else {
            Mode::Nullable
        },
        fields: field.fields.into_iter().map(takes_null).collect(),
        ..field
    }
}
