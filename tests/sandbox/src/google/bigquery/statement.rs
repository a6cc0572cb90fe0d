//! What a statement is before it runs: its kind, columns, tables, bytes, and whether the caller may.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hyper::Method;
use serde_json::{Value, json};

use super::words::{Words, names};
use super::{TableKey, escaped, key, stock, table_path};
use crate::google::{ApiError, Google, ProjectState, Resource};

/// The least that is billed for each table, and the unit that it is rounded up to.
const LEAST_PER_TABLE: u64 = 10 * 1024 * 1024;
const MEGABYTE: u64 = 1024 * 1024;

/// A statement understood, and allowed.
#[derive(Debug, Clone)]
pub(crate) struct Analysis {
    pub(crate) kind: String,
    pub(crate) fields: Vec<Value>,
    pub(crate) referenced: Vec<TableKey>,
    /// The table that the statement makes, changes or drops by DDL, or that its result goes to.
    pub(crate) target: Option<TableKey>,
    pub(crate) location: String,
    pub(crate) bytes: u64,
    /// Set where the door answers from memory instead of the engine.
    pub(crate) stocked: Option<stock::Stocked>,
}

impl Analysis {
    /// What would be billed: at least 10 MB for each table, whole megabytes.
    pub(crate) fn billed(&self) -> u64 {
        if self.bytes == 0 {
            return 0;
        }
        let least = LEAST_PER_TABLE * self.referenced.len().max(1) as u64;
        self.bytes.div_ceil(MEGABYTE).saturating_mul(MEGABYTE).max(least)
    }

    pub(crate) fn referenced_tables(&self) -> Value {
        let tables = self.referenced.iter();
        tables
            .map(|(project, dataset, table)| json!({"projectId": project, "datasetId": dataset, "tableId": table}))
            .collect()
    }
}

/// What of a job's configuration matters here.
pub(crate) struct Asked<'a> {
    pub(crate) member: &'a str,
    pub(crate) project: &'a str,
    /// `configuration.query`.
    pub(crate) query: &'a Value,
    pub(crate) location: Option<&'a str>,
}

impl Google {
    /// Understands a statement as a dry run does. Everything that Google refuses is refused here.
    pub(crate) async fn analysed(&self, asked: &Asked<'_>) -> Result<Analysis, ApiError> {
        let text = asked.query["query"].as_str().unwrap_or_default();
        if text.trim().is_empty() {
            return Err(ApiError::invalid("Required parameter is missing: query"));
        }
        if legacy(asked.query) {
            return Err(ApiError::new(400, "invalidQuery", "This query is read as legacy SQL, because useLegacySql was not set to false.\n[Try using standard SQL (https://cloud.google.com/bigquery/docs/reference/standard-sql/enabling-standard-sql)]").located("q"));
        }
        if let Some(known) = self.answered_by_memory(asked, text)? {
            return Ok(known);
        }
        let path = format!("/bigquery/v2/projects/{}/jobs", escaped(asked.project));
        let job = json!({"configuration": {"dryRun": true, "query": asked.query}});
        let found = self
            .engine(Method::POST, &path, Some(&job))
            .await
            .map_err(|error| self.missing_table(asked, error))?;
        let statistics = &found["statistics"]["query"];
        let kind = statistics["statementType"].as_str().unwrap_or("SCRIPT").to_owned();
        let referenced: BTreeSet<_> = statistics["referencedTables"]
            .as_array()
            .into_iter()
            .flatten()
            .map(named)
            .collect();
        let target = statistics["ddlTargetTable"]
            .as_object()
            .map(|_| named(&statistics["ddlTargetTable"]));
        let destination = asked.query["destinationTable"]
            .as_object()
            .map(|_| named(&asked.query["destinationTable"]));
        let target = target.or(destination);
        let location = self.placed(asked, referenced.iter().chain(&target))?;
        self.allowed(asked, &kind, &referenced, target.as_ref())?;
        let mut bytes = 0;
        for table in &referenced {
            bytes += self.read_bytes(table, text).await;
        }
        Ok(Analysis {
            kind,
            fields: statistics["schema"]["fields"].as_array().cloned().unwrap_or_default(),
            referenced: referenced.into_iter().collect(),
            target,
            location,
            bytes,
            stocked: None,
        })
    }

    /// Tables in memory answer any query that names them; without an engine, so do bare literals.
    fn answered_by_memory(&self, asked: &Asked<'_>, text: &str) -> Result<Option<Analysis>, ApiError> {
        let is_literal = stock::is_literal(text);
        let found = {
            let books = self.books();
            let mut stock = books.bigquery.stock.iter().filter(|_| !is_literal);
            stock
                .find(|(key, _)| names(text, key))
                .map(|(key, stocked)| (key.clone(), stocked.clone()))
        };
        let Some((key, stocked)) = found else {
            if self.inner.engine.is_some() || !is_literal {
                return Ok(None);
            }
            let literal = stock::literal();
            let location = asked.location.unwrap_or("US").to_uppercase();
            return Ok(Some(Analysis {
                kind: "SELECT".into(),
                fields: literal.fields.clone(),
                referenced: Vec::new(),
                target: None,
                location,
                bytes: 0,
                stocked: Some(literal),
            }));
        };
        let location = self.placed(asked, [&key].into_iter())?;
        self.allowed(asked, "SELECT", &[key.clone()].into(), None)?;
        Ok(Some(Analysis {
            kind: "SELECT".into(),
            fields: stocked.fields.clone(),
            bytes: stocked.bytes,
            referenced: vec![key],
            target: None,
            location,
            stocked: Some(stocked.limited(text)),
        }))
    }

    /// Where the job runs: as asked, else where its data is. Data that is elsewhere is not found.
    pub(super) fn placed<'t>(
        &self,
        asked: &Asked<'_>,
        tables: impl Iterator<Item = &'t TableKey>,
    ) -> Result<String, ApiError> {
        let default = asked.query["defaultDataset"]["datasetId"].as_str();
        let project = asked.query["defaultDataset"]["projectId"]
            .as_str()
            .unwrap_or(asked.project);
        let mut datasets: BTreeSet<_> = tables
            .map(|(project, dataset, _)| (project.clone(), dataset.clone()))
            .collect();
        datasets.extend(default.map(|dataset| (project.to_owned(), dataset.to_owned())));
        let mut location = asked.location.map(str::to_uppercase);
        for (project, dataset) in datasets {
            let there = self.location_of(&project, &dataset).map(|there| there.to_uppercase());
            let job = location.get_or_insert_with(|| there.clone().unwrap_or_else(|| "US".to_owned()));
            if there.as_ref() != Some(job) {
                return Err(ApiError::new(
                    404,
                    "notFound",
                    format!(
                        "Not found: Dataset {project}:{dataset} was not found in location {}",
                        shown(job)
                    ),
                ));
            }
        }
        Ok(location.map_or_else(|| "US".to_owned(), |location| shown(&location)))
    }

    fn allowed(
        &self,
        asked: &Asked<'_>,
        kind: &str,
        referenced: &BTreeSet<TableKey>,
        target: Option<&TableKey>,
    ) -> Result<(), ApiError> {
        let may = |key: &TableKey, permission: &str| {
            self.allows(asked.member, &Resource::table(&key.0, &key.1, &key.2), permission)
        };
        let changes = matches!(kind, "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "TRUNCATE_TABLE");
        for table in referenced {
            let readable =
                may(table, "bigquery.tables.getData") || (kind == "INSERT" && may(table, "bigquery.tables.updateData"));
            if !readable {
                return Err(no_query(table));
            }
        }
        if changes && self.state_of(asked.project) == Some(ProjectState::NoBilling) {
            return Err(ApiError::new(
                403,
                "billingNotEnabled",
                "Billing has not been enabled for this project. Enable billing at https://console.cloud.google.com/billing. DML queries are not allowed in the free tier. Set up a billing account to remove this restriction.",
            ));
        }
        if let Some(table) = referenced
            .iter()
            .next()
            .filter(|table| changes && !may(table, "bigquery.tables.updateData"))
        {
            let name = format!("{}:{}.{}", table.0, table.1, table.2);
            return Err(ApiError::denied(format!(
                "Access Denied: Table {name}: Permission bigquery.tables.updateData denied on table {name} (or it may not exist)."
            )));
        }
        let Some(target) = target else { return Ok(()) };
        // What is not to be made is written to.
        if asked.query["createDisposition"] == "CREATE_NEVER" {
            if may(target, "bigquery.tables.updateData") {
                return Ok(());
            }
            let name = format!("{}:{}.{}", target.0, target.1, target.2);
            return Err(ApiError::denied(format!(
                "Access Denied: Table {name}: Permission bigquery.tables.updateData denied on table {name} (or it may not exist)."
            )));
        }
        let needed = match kind.split('_').next() {
            Some("DROP") => "bigquery.tables.delete",
            Some("ALTER") => "bigquery.tables.update",
            _ => "bigquery.tables.create",
        };
        if may(target, needed) {
            return Ok(());
        }
        let name = format!("{}:{}", target.0, target.1);
        Err(ApiError::denied(format!(
            "Access Denied: Dataset {name}: Permission {needed} denied on dataset {name} (or it may not exist)."
        )))
    }

    /// A table that is not there reads as forbidden to those who may not look. The location is the job's own.
    fn missing_table(&self, asked: &Asked<'_>, mut error: ApiError) -> ApiError {
        let Some((what, _)) = error.message.split_once(" was not found in location ") else {
            return error;
        };
        let what = what.to_owned();
        let name = what.rsplit(' ').next().unwrap_or_default();
        let (project, rest) = name.split_once(':').unwrap_or((asked.project, name));
        let (dataset, table) = rest.split_once('.').unwrap_or((rest, ""));
        let key = key(project, dataset, table);
        if !table.is_empty()
            && !self.allows(
                asked.member,
                &Resource::table(project, dataset, table),
                "bigquery.tables.getData",
            )
        {
            return no_query(&key);
        }
        let place = match self.placed(asked, [&key].into_iter()) {
            Ok(location) => location,
            Err(elsewhere) => return elsewhere,
        };
        error.message = format!("{what} was not found in location {place}");
        error
    }

    fn state_of(&self, project: &str) -> Option<ProjectState> {
        self.books().projects.get(project).map(|project| project.state)
    }

    /// The bytes of the columns that a statement names, or of all where it says `*`.
    async fn read_bytes(&self, table: &TableKey, text: &str) -> u64 {
        let words = Words::of(text);
        let columns = self.table_bytes(table).await;
        columns
            .iter()
            .filter(|(column, _)| words.star || words.names.contains(&column.to_lowercase()))
            .map(|(_, bytes)| bytes)
            .sum()
    }

    /// Stored bytes by column, as `BigQuery` counts them, computed by the engine once per change of data.
    pub(crate) async fn table_bytes(&self, table: &TableKey) -> Arc<BTreeMap<String, u64>> {
        let known = self.books().bigquery.sizes.get(table).cloned();
        if let Some(known) = known {
            return known;
        }
        let stocked = self.books().bigquery.stock.get(table).map(|stocked| stocked.bytes);
        let sizes = match stocked {
            Some(bytes) => [(String::new(), bytes)].into(),
            None => self.measured(table).await.unwrap_or_default(),
        };
        let sizes = Arc::new(sizes);
        self.books().bigquery.sizes.insert(table.clone(), Arc::clone(&sizes));
        sizes
    }

    async fn measured(&self, table: &TableKey) -> Result<BTreeMap<String, u64>, ApiError> {
        let found = self.engine(Method::GET, &table_path(table), None).await?;
        let fields = found["schema"]["fields"].as_array().cloned().unwrap_or_default();
        if fields.is_empty() || found["type"] == "VIEW" {
            return Ok(BTreeMap::new());
        }
        let sums: Vec<_> = fields
            .iter()
            .map(|field| format!("CAST(SUM({}) AS INT64)", size(field)))
            .collect();
        let text = format!("SELECT {} FROM `{}.{}.{}`", sums.join(", "), table.0, table.1, table.2);
        let path = format!("/bigquery/v2/projects/{}/queries", escaped(&table.0));
        let answer = self
            .engine(
                Method::POST,
                &path,
                Some(&json!({"query": text, "useLegacySql": false})),
            )
            .await?;
        let cells = answer["rows"][0]["f"].as_array().cloned().unwrap_or_default();
        let bytes = |cell: &Value| cell["v"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
        let names = fields
            .iter()
            .map(|field| field["name"].as_str().unwrap_or_default().to_owned());
        Ok(names.zip(cells.iter().map(bytes)).collect())
    }
}

/// An expression for one value's stored size.
fn size(field: &Value) -> String {
    let name = format!("`{}`", field["name"].as_str().unwrap_or_default());
    let fixed = |bytes: u32| format!("IF({name} IS NULL, 0, {bytes})");
    if field["mode"] == "REPEATED" {
        return format!("LENGTH(TO_JSON_STRING({name}))");
    }
    match field["type"].as_str().unwrap_or_default() {
        "STRING" => format!("IF({name} IS NULL, 0, 2 + BYTE_LENGTH({name}))"),
        "BYTES" => format!("IF({name} IS NULL, 0, 2 + LENGTH({name}))"),
        "BOOLEAN" | "BOOL" => fixed(1),
        "NUMERIC" | "INTERVAL" | "RANGE" => fixed(16),
        "BIGNUMERIC" => fixed(32),
        "RECORD" | "STRUCT" | "JSON" | "GEOGRAPHY" => format!("IF({name} IS NULL, 0, LENGTH(TO_JSON_STRING({name})))"),
        _ => fixed(8),
    }
}

fn no_query((project, dataset, table): &TableKey) -> ApiError {
    let name = format!("{project}:{dataset}.{table}");
    ApiError::denied(format!(
        "Access Denied: Table {name}: User does not have permission to query table {name}, or perhaps it does not exist."
    ))
}

pub(super) fn named(reference: &Value) -> TableKey {
    let part = |name: &str| reference[name].as_str().unwrap_or_default();
    key(part("projectId"), part("datasetId"), part("tableId"))
}

/// Multi-regions are written in capitals, regions in small letters.
fn shown(location: &str) -> String {
    if location.len() <= 2 {
        location.to_uppercase()
    } else {
        location.to_lowercase()
    }
}

fn legacy(query: &Value) -> bool {
    let first = query["query"].as_str().unwrap_or_default().trim_start();
    query["useLegacySql"] != json!(false) && !first.to_lowercase().starts_with("#standardsql")
}
