//! Putting data in: tables for the engine to query, and tables that the door itself serves from memory.

use std::fmt::Write as _;
use std::sync::Arc;

use hyper::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::rows::Rows;
use super::{TableKey, escaped, key};
use crate::google::{ApiError, Google};

/// A column of a table to be loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    /// `STRING`, `INT64`, `NUMERIC`, `TIMESTAMP` and so on.
    #[serde(rename = "type")]
    pub kind: String,
    /// `NULLABLE`, `REQUIRED` or `REPEATED`.
    #[serde(default = "nullable")]
    pub mode: String,
}

fn nullable() -> String {
    "NULLABLE".into()
}

impl Column {
    pub fn new(name: &str, kind: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            mode: nullable(),
        }
    }

    pub(super) fn field(&self) -> Value {
        // Query results name types in the old words.
        let kind = match self.kind.to_uppercase().as_str() {
            "INT64" => "INTEGER".to_owned(),
            "FLOAT64" => "FLOAT".to_owned(),
            "BOOL" => "BOOLEAN".to_owned(),
            "STRUCT" => "RECORD".to_owned(),
            other => other.to_owned(),
        };
        json!({"name": self.name, "type": kind, "mode": self.mode})
    }
}

/// Why data could not be put in.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("the rows could not be written for the engine to load")]
    Write(#[source] std::io::Error),
    #[error("the SQL engine did not take it: {0}")]
    Engine(String),
    #[error("there is no dataset {0}")]
    NoDataset(String),
}

impl From<ApiError> for LoadError {
    fn from(error: ApiError) -> Self {
        Self::Engine(error.message)
    }
}

/// A table in memory.
#[derive(Debug, Clone)]
pub(crate) struct Stocked {
    pub(crate) fields: Vec<Value>,
    pub(crate) rows: Arc<Rows>,
    pub(crate) bytes: u64,
    created_ms: String,
    /// When it goes by itself, in milliseconds.
    expires_ms: Option<String>,
}

impl Stocked {
    pub(crate) fn body(&self, key: &TableKey) -> Value {
        let (project, dataset, table) = key;
        let mut body = json!({
            "kind": "bigquery#table", "etag": "stock==", "id": format!("{project}:{dataset}.{table}"),
            "selfLink": format!("/bigquery/v2/projects/{project}/datasets/{dataset}/tables/{table}"),
            "tableReference": {"projectId": project, "datasetId": dataset, "tableId": table},
            "schema": {"fields": self.fields}, "numRows": self.rows.count().to_string(),
            "numBytes": self.bytes.to_string(), "numLongTermBytes": "0", "type": "TABLE",
            "creationTime": self.created_ms, "lastModifiedTime": self.created_ms,
        });
        if let Some(expires) = &self.expires_ms {
            body["expirationTime"] = json!(expires);
        }
        body
    }

    /// Takes over what a patch says of when the table expires.
    pub(crate) fn change(&mut self, patch: &Value) {
        if let Some(expires) = patch.get("expirationTime") {
            self.expires_ms = expires.as_str().map(str::to_owned);
        }
    }

    /// What a `LIMIT` at the end of a query leaves.
    pub(crate) fn limited(self, text: &str) -> Self {
        let mut words = text.split_whitespace().rev();
        let limit = words
            .next()
            .and_then(|last| last.trim_end_matches([')', ';']).parse::<u64>().ok());
        match limit.filter(|_| words.next().is_some_and(|word| word.eq_ignore_ascii_case("limit"))) {
            Some(limit) if limit < self.rows.count() => {
                let texts = (0..limit).map(|at| self.rows.page(at, 1, usize::MAX).0);
                Self {
                    rows: Arc::new(Rows::from_texts(texts)),
                    ..self
                }
            }
            _ => self,
        }
    }
}

/// Whether a statement selects literals only, and so can be answered without an engine.
pub(crate) fn is_literal(text: &str) -> bool {
    let text = text.trim().trim_end_matches(';').to_lowercase();
    text.strip_prefix("select")
        .is_some_and(|rest| rest.starts_with(char::is_whitespace) && !rest.contains("from") && !rest.contains(';'))
}

/// The one row of `SELECT 1`.
pub(crate) fn literal() -> Stocked {
    Stocked {
        fields: vec![json!({"name": "f0_", "type": "INTEGER", "mode": "NULLABLE"})],
        rows: Arc::new(Rows::from_texts([json!({"f": [{"v": "1"}]}).to_string()])),
        bytes: 0,
        created_ms: "0".into(),
        expires_ms: None,
    }
}

impl Google {
    /// Adds a dataset, with the engine's part of it where there is an engine.
    pub async fn add_dataset(&self, project: &str, dataset: &str, location: &str) -> Result<(), LoadError> {
        if self.inner.engine.is_some() {
            let path = format!("/bigquery/v2/projects/{}/datasets", escaped(project));
            let body = json!({"datasetReference": {"datasetId": dataset}});
            let made = self.engine(Method::POST, &path, Some(&body)).await;
            made.map(|_| ())
                .or_else(|error| if error.status == 409 { Ok(()) } else { Err(error) })?;
        }
        self.note_dataset(project, dataset, location);
        Ok(())
    }

    /// Lets tables of a dataset that are made from now on expire by themselves, unless they are told otherwise. For the engine's.
    pub async fn expire_tables_of(&self, dataset: &str, after: std::time::Duration) -> Result<(), LoadError> {
        let path = format!(
            "/bigquery/v2/projects/{}/datasets/{}",
            escaped(self.project()),
            escaped(dataset)
        );
        let body = json!({"defaultTableExpirationMs": after.as_millis().to_string()});
        self.engine(Method::PATCH, &path, Some(&body)).await?;
        Ok(())
    }

    /// Replaces a table of the default project. Each row is a list of values in the order of the columns: text,
    /// numbers, booleans, null; dates and times as ISO text; bytes as base64.
    pub async fn load_table(
        &self,
        dataset: &str,
        table: &str,
        columns: &[Column],
        rows: &[Vec<Value>],
    ) -> Result<(), LoadError> {
        let key = key(self.project(), dataset, table);
        if self.location_of(&key.0, dataset).is_none() {
            return Err(LoadError::NoDataset(dataset.to_owned()));
        }
        let Some(engine) = &self.inner.engine else {
            let cells = rows.iter().map(|row| cells(columns, row));
            self.stock(key, columns, cells, 1);
            return Ok(());
        };
        let mut lines = String::new();
        for row in rows {
            let object: serde_json::Map<_, _> = columns
                .iter()
                .map(|column| column.name.clone())
                .zip(row.iter().cloned())
                .collect();
            let _ = writeln!(lines, "{}", Value::Object(object)); // writing to a string does not fail
        }
        let file = engine.folder().join(format!("{}.json", uuid::Uuid::new_v4()));
        tokio::fs::write(&file, lines).await.map_err(LoadError::Write)?;
        let fields: Vec<_> = columns.iter().map(Column::field).collect();
        let format = json!({"sourceFormat": "NEWLINE_DELIMITED_JSON"});
        self.load_file(&key, &fields, &file.to_string_lossy(), format).await
    }

    /// Has the engine load a file that it can reach.
    pub(crate) async fn load_file(
        &self,
        key: &TableKey,
        fields: &[Value],
        file: &str,
        format: Value,
    ) -> Result<(), LoadError> {
        let mut load = format;
        load["sourceUris"] = json!([format!("file://{file}")]);
        load["schema"] = json!({"fields": fields});
        load["destinationTable"] = json!({"projectId": key.0, "datasetId": key.1, "tableId": key.2});
        load["writeDisposition"] = json!("WRITE_TRUNCATE");
        let jobs = format!("/bigquery/v2/projects/{}/jobs", escaped(&key.0));
        let mut job = self
            .engine(Method::POST, &jobs, Some(&json!({"configuration": {"load": load}})))
            .await?;
        while job["status"]["state"] != "DONE" {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            let id = job["jobReference"]["jobId"].as_str().unwrap_or_default().to_owned();
            job = self.engine(Method::GET, &format!("{jobs}/{id}"), None).await?;
        }
        self.table_changed(key);
        match job["status"]["errorResult"]["message"].as_str() {
            Some(message) => Err(LoadError::Engine(message.to_owned())),
            None => Ok(()),
        }
    }

    /// Puts a table into memory, past the engine. Every query that names it is answered with these rows as they are,
    /// whatever it asks, apart from a `LIMIT` at its end. Cells are as the REST API sends them: text, or null;
    /// timestamps as microseconds. For load, and for sandboxes without an engine.
    pub fn serve_canned(
        &self,
        dataset: &str,
        table: &str,
        columns: &[Column],
        rows: impl IntoIterator<Item = Vec<Option<String>>>,
    ) {
        self.serve_rounds(dataset, table, columns, rows, 1);
    }

    /// [`Google::serve_canned`] with the same rows so many times over: many rows in little memory.
    pub fn serve_rounds(
        &self,
        dataset: &str,
        table: &str,
        columns: &[Column],
        rows: impl IntoIterator<Item = Vec<Option<String>>>,
        rounds: u64,
    ) {
        let cells = rows.into_iter().map(|row| {
            row.into_iter()
                .map(|cell| cell.map_or(Value::Null, Value::String))
                .collect()
        });
        self.stock(key(self.project(), dataset, table), columns, cells, rounds);
    }

    fn stock(&self, key: TableKey, columns: &[Column], rows: impl Iterator<Item = Vec<Value>>, rounds: u64) {
        let mut bytes = 0;
        let texts = rows.map(|row| {
            bytes += row
                .iter()
                .map(|cell| cell.as_str().map_or(0, |text| text.len() as u64 + 2))
                .sum::<u64>();
            let cells: Vec<_> = row.into_iter().map(|cell| json!({"v": cell})).collect();
            json!({"f": cells}).to_string()
        });
        let rows = Arc::new(Rows::from_texts(texts).rounds(rounds));
        let fields = columns.iter().map(Column::field).collect();
        let created_ms = super::millis(self.clock().now());
        self.table_changed(&key);
        self.books().bigquery.stock.insert(
            key,
            Stocked {
                fields,
                rows,
                bytes: bytes * rounds,
                created_ms,
                expires_ms: None,
            },
        );
    }

    /// A table in memory with rows that are there already, until it expires.
    pub(super) fn stock_rows(&self, key: TableKey, fields: Vec<Value>, rows: Arc<Rows>, expires: Option<Timestamp>) {
        let stocked = Stocked {
            fields,
            bytes: rows.bytes(),
            rows,
            created_ms: super::millis(self.clock().now()),
            expires_ms: expires.map(super::millis),
        };
        self.table_changed(&key);
        self.books().bigquery.stock.insert(key, stocked);
    }

    /// Runs SQL in the default project with every right, past the door: to set a scene, or to know what is true.
    /// Gives back the rows, each a list of texts and nulls.
    pub async fn run_sql(&self, text: &str) -> Result<Vec<Vec<Value>>, LoadError> {
        let path = format!("/bigquery/v2/projects/{}/queries", escaped(self.project()));
        let body = json!({
            "query": text, "useLegacySql": false, "timeoutMs": 120_000,
            "formatOptions": {"useInt64Timestamp": true},
        });
        let answer = self.engine(Method::POST, &path, Some(&body)).await?;
        self.anything_changed();
        let rows = answer["rows"].as_array().into_iter().flatten();
        Ok(rows
            .map(|row| {
                row["f"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|cell| cell["v"].clone())
                    .collect()
            })
            .collect())
    }
}

/// Rows for [`Google::serve_canned`], the same every time. Columns called `email` and `phone` hold such.
pub fn made_up_rows(columns: &[Column], count: u64) -> impl Iterator<Item = Vec<Option<String>>> {
    let second = 1_700_000_000;
    let cell = move |column: &Column, n: u64| match (column.name.as_str(), column.kind.as_str()) {
        ("email", _) => format!("person{n}@example.com"),
        ("phone", _) => format!("+9198{n:08}"),
        (_, "INT64") => n.to_string(),
        (_, "FLOAT64" | "NUMERIC") => format!("{}.{:02}", n % 1000, n % 100),
        (_, "BOOL") => n.is_multiple_of(2).to_string(),
        (_, "DATE") => format!("20{:02}-{:02}-{:02}", n % 25, n % 12 + 1, n % 28 + 1),
        (_, "TIMESTAMP") => ((second + n) * 1_000_000).to_string(),
        (name, _) => format!("{name} {n}"),
    };
    (0..count).map(move |n| columns.iter().map(|column| Some(cell(column, n))).collect())
}

/// Natural values as the REST API sends them.
fn cells(columns: &[Column], row: &[Value]) -> Vec<Value> {
    let micros = |text: &str| {
        let time = text.parse::<jiff::Timestamp>().ok()?;
        Some(json!(time.as_microsecond().to_string()))
    };
    let one = |column: &Column, value: &Value| match value {
        Value::Null => Value::Null,
        Value::String(text) if column.kind.eq_ignore_ascii_case("TIMESTAMP") => {
            micros(text).unwrap_or_else(|| json!(text))
        }
        Value::String(text) => json!(text),
        Value::Array(items) => items
            .iter()
            .map(|item| json!({"v": item.as_str().map_or_else(|| item.to_string(), str::to_owned)}))
            .collect(),
        other => json!(other.to_string()),
    };
    columns
        .iter()
        .zip(row)
        .map(|(column, value)| one(column, value))
        .collect()
}
