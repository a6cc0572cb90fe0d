//! BigQuery's answers, the parts that we read, and the values that they become.

use serde::{Deserialize, Deserializer};

use super::ids::Location;
use super::query::Estimate;
use super::schema::Schema;

/// A dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Where its data is. `None` only where Google does not say.
    pub location: Option<Location>,
    /// `DEFAULT`, `LINKED`, `EXTERNAL` …
    pub kind: String,
}

/// What a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    Table,
    View,
    MaterializedView,
    External,
    /// A snapshot, or something that BigQuery added after this was written.
    Other,
}

impl TableKind {
    fn named(name: &str) -> Self {
        match name {
            "TABLE" => Self::Table,
            "VIEW" => Self::View,
            "MATERIALIZED_VIEW" => Self::MaterializedView,
            "EXTERNAL" => Self::External,
            _ => Self::Other,
        }
    }

    /// Whether its rows can be read as they lie, without a query.
    pub fn has_rows_of_its_own(self) -> bool {
        matches!(self, Self::Table)
    }
}

/// A table in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct TableBrief {
    pub id: String,
    pub kind: TableKind,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TableList {
    pub tables: Vec<TableBrief>,
    /// How many tables the dataset has, by Google's count.
    pub total: Option<u64>,
    /// For the next call, where there are more.
    pub next: Option<String>,
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub schema: Schema,
    pub kind: TableKind,
    /// Without what is still in the streaming buffer. Views have none.
    pub rows: Option<u64>,
    pub bytes: Option<u64>,
    pub location: Option<Location>,
}

#[derive(Deserialize)]
pub(super) struct DatasetWire {
    #[serde(default)]
    location: Option<String>,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    access: Vec<Access>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Access {
    #[serde(default)]
    role: String,
    #[serde(default)]
    user_by_email: Option<String>,
    #[serde(default)]
    iam_member: Option<String>,
}

impl DatasetWire {
    /// Whether an entry of this very account holds a role that may write. Groups are not looked into.
    pub fn lets_write(&self, email: &str) -> bool {
        self.access.iter().any(|entry| {
            let ours = entry.user_by_email.as_deref() == Some(email)
                || entry
                    .iam_member
                    .as_deref()
                    .and_then(|member| member.strip_prefix("serviceAccount:"))
                    == Some(email);
            let writes = matches!(
                entry.role.as_str(),
                "WRITER" | "OWNER" | "roles/bigquery.dataEditor" | "roles/bigquery.dataOwner" | "roles/bigquery.admin"
            );
            ours && writes
        })
    }
}

impl From<DatasetWire> for Dataset {
    fn from(wire: DatasetWire) -> Self {
        Self {
            location: place(wire.location),
            kind: wire.kind,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TableListWire {
    #[serde(default)]
    tables: Vec<ListedTable>,
    #[serde(default)]
    next_page_token: Option<String>,
    #[serde(default)]
    total_items: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct DatasetListWire {
    #[serde(default)]
    datasets: Vec<ListedDataset>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedDataset {
    dataset_reference: DatasetName,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DatasetName {
    dataset_id: String,
}

impl DatasetListWire {
    pub(super) fn names(self) -> Vec<String> {
        let datasets = self.datasets.into_iter();
        datasets.map(|dataset| dataset.dataset_reference.dataset_id).collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedTable {
    table_reference: TableName,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TableName {
    table_id: String,
}

impl From<TableListWire> for TableList {
    fn from(wire: TableListWire) -> Self {
        let tables = wire.tables.into_iter().map(|table| TableBrief {
            id: table.table_reference.table_id,
            kind: TableKind::named(&table.kind),
        });
        Self {
            tables: tables.collect(),
            total: wire.total_items,
            next: wire.next_page_token,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TableWire {
    #[serde(default)]
    schema: Schema,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default, deserialize_with = "number")]
    num_rows: Option<u64>,
    #[serde(default, deserialize_with = "number")]
    num_bytes: Option<u64>,
    #[serde(default)]
    location: Option<String>,
}

impl From<TableWire> for Table {
    fn from(wire: TableWire) -> Self {
        Self {
            schema: wire.schema,
            kind: TableKind::named(&wire.kind),
            rows: wire.num_rows,
            bytes: wire.num_bytes,
            location: place(wire.location),
        }
    }
}

/// `jobs.query`'s and `getQueryResults`' answer, without the rows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DryRunWire {
    #[serde(default)]
    pub schema: Option<Schema>,
    #[serde(default)]
    pub statement_type: Option<String>,
    #[serde(default, deserialize_with = "number")]
    pub total_bytes_processed: Option<u64>,
    #[serde(default, deserialize_with = "number")]
    pub total_bytes_billed: Option<u64>,
    #[serde(default)]
    pub location: Option<String>,
    #[serde(default)]
    pub job_reference: Option<JobReference>,
    #[serde(default)]
    pub job_complete: Option<bool>,
    /// What went wrong on the way, `{"reason", "message", "location"}` each.
    #[serde(default)]
    pub errors: Vec<serde_json::Value>,
    #[serde(default, deserialize_with = "number")]
    pub total_rows: Option<u64>,
}

impl From<DryRunWire> for Estimate {
    fn from(wire: DryRunWire) -> Self {
        Self {
            statement: wire.statement_type.unwrap_or_default(),
            schema: wire.schema.unwrap_or_default(),
            bytes: wire.total_bytes_processed,
            location: wire.location.or(wire.job_reference.and_then(|job| job.location)),
        }
    }
}

#[derive(Clone, Deserialize)]
pub(super) struct JobReference {
    #[serde(default)]
    pub location: Option<String>,
}

/// A job as `jobs.insert` and `jobs.get` show it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobWire {
    pub job_reference: JobReference,
    #[serde(default)]
    pub status: JobStatus,
    #[serde(default)]
    pub statistics: JobStatistics,
    #[serde(default)]
    pub configuration: JobConfiguration,
}

#[derive(Default, Deserialize)]
pub(super) struct JobConfiguration {
    #[serde(default)]
    pub query: QueryConfiguration,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryConfiguration {
    /// Where the result is, also where nobody has named a table for it.
    #[serde(default)]
    pub destination_table: Option<serde_json::Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobStatus {
    #[serde(default)]
    pub state: String,
    #[serde(default)]
    pub error_result: Option<serde_json::Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobStatistics {
    #[serde(default, deserialize_with = "number")]
    pub total_bytes_processed: Option<u64>,
    #[serde(default)]
    pub query: QueryStatistics,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryStatistics {
    #[serde(default, deserialize_with = "number")]
    pub total_bytes_billed: Option<u64>,
    #[serde(default)]
    pub statement_type: Option<String>,
    #[serde(default)]
    pub cache_hit: bool,
}

fn place(name: Option<String>) -> Option<Location> {
    name.and_then(|name| Location::read(&name).ok())
}

/// Google writes 64-bit numbers as text; emulators and proxies sometimes as numbers.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Number(u64),
    }
    Ok(match Option::<Either>::deserialize(from)? {
        None => None,
        Some(Either::Number(number)) => Some(number),
        Some(Either::Text(text)) => Some(text.parse().map_err(serde::de::Error::custom)?),
    })
}

#[cfg(test)]
mod tests {
    use super::DatasetWire;

    #[test]
    fn the_datasets_own_list_tells_who_writes() {
        let dataset: DatasetWire = serde_json::from_str(
            r#"{"location":"EU","type":"DEFAULT","access":[
                {"role":"WRITER","specialGroup":"projectWriters"},
                {"role":"READER","userByEmail":"reader@p.iam.gserviceaccount.com"},
                {"role":"WRITER","userByEmail":"writer@p.iam.gserviceaccount.com"},
                {"view":{"projectId":"p"}}]}"#,
        )
        .expect("a dataset of Google's");
        assert!(dataset.lets_write("writer@p.iam.gserviceaccount.com"), "WRITER writes");
        assert!(
            !dataset.lets_write("reader@p.iam.gserviceaccount.com"),
            "READER does not"
        );
        assert!(
            !dataset.lets_write("other@p.iam.gserviceaccount.com"),
            "groups are not guessed at"
        );
    }
}
