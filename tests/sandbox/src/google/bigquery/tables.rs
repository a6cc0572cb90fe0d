//! tables.get, list, insert, patch, delete, testIamPermissions, insertAll, and tabledata.list.

use hyper::Method;
use serde_json::{Value, json};

use super::rows::{Source, TimestampFormat};
use super::{Answer, Call, TableKey, escaped, key, table_path};
use crate::google::{ApiError, Resource, projects};
use crate::reply::Reply;

/// Tables per page of a list, unless asked otherwise.
const LISTED: usize = 50;

impl Call<'_> {
    pub(super) async fn list_tables(&self, dataset: &str) -> Answer {
        self.dataset_right(dataset, "bigquery.tables.list")?;
        self.known_dataset(dataset)?;
        let most = self
            .ask
            .number_param("maxResults")
            .and_then(|most| usize::try_from(most).ok())
            .filter(|most| *most > 0)
            .unwrap_or(LISTED);
        let start = self
            .ask
            .number_param("pageToken")
            .and_then(|at| usize::try_from(at).ok())
            .unwrap_or(0);
        let (page, total) = self.some_tables(dataset, start, most).await?;
        let mut body = json!({"kind": "bigquery#tableList", "etag": "tables==", "totalItems": total});
        if !page.is_empty() {
            body["tables"] = page.iter().map(Listed::body).collect();
        }
        if start + page.len() < total {
            body["nextPageToken"] = json!((start + page.len()).to_string());
        }
        Ok(body)
    }

    /// One page of a dataset's tables, and how many it has.
    async fn some_tables(&self, dataset: &str, start: usize, most: usize) -> Result<(Vec<Listed>, usize), ApiError> {
        if self.google.inner.engine.is_some() {
            let all = self.all_tables(dataset).await?;
            let total = all.len();
            return Ok((all.into_iter().skip(start).take(most).collect(), total));
        }
        // No copy of all: there may be many thousands.
        let books = self.google.books();
        let tables = books.bigquery.stock.keys();
        let here = tables.filter(|key| key.0 == self.project && key.1 == dataset);
        let page = here.clone().skip(start).take(most).map(Listed::stocked).collect();
        Ok((page, here.count()))
    }

    async fn all_tables(&self, dataset: &str) -> Result<Vec<Listed>, ApiError> {
        let mut all: Vec<Listed> = {
            let books = self.google.books();
            let stocked = books.bigquery.stock.keys();
            let here = stocked.filter(|key| key.0 == self.project && key.1 == dataset);
            here.map(Listed::stocked).collect()
        };
        if self.google.inner.engine.is_some() {
            let path = format!(
                "/bigquery/v2/projects/{}/datasets/{}/tables",
                escaped(self.project),
                escaped(dataset)
            );
            let found = self.google.engine(Method::GET, &path, None).await?;
            for table in found["tables"].as_array().into_iter().flatten() {
                all.push(Listed {
                    key: key(
                        self.project,
                        dataset,
                        table["tableReference"]["tableId"].as_str().unwrap_or_default(),
                    ),
                    kind: table["type"].as_str().unwrap_or("TABLE").to_owned(),
                    created: table["creationTime"].as_str().unwrap_or("0").to_owned(),
                    expires: table["expirationTime"].clone(),
                });
            }
        }
        all.sort_by(|one, other| one.key.cmp(&other.key));
        all.dedup_by(|one, other| one.key == other.key);
        Ok(all)
    }

    pub(super) async fn get_table(&self, dataset: &str, table: &str) -> Answer {
        self.table_right(dataset, table, "bigquery.tables.get")?;
        let key = key(self.project, dataset, table);
        let mut body = self.google.table_body(&key).await?;
        if self.ask.param("view") != Some("BASIC") && body["type"] != "VIEW" {
            let bytes = self.google.table_bytes(&key).await.values().sum::<u64>().to_string();
            for name in ["numBytes", "numTotalLogicalBytes", "numActiveLogicalBytes"] {
                body[name] = json!(bytes);
            }
        }
        Ok(body)
    }

    pub(super) async fn insert_table(&self, dataset: &str) -> Answer {
        self.dataset_right(dataset, "bigquery.tables.create")?;
        self.known_dataset(dataset)?;
        let path = format!(
            "/bigquery/v2/projects/{}/datasets/{}/tables",
            escaped(self.project),
            escaped(dataset)
        );
        let made = self.google.engine(Method::POST, &path, Some(&self.ask.json())).await?;
        Ok(self.google.corrected(made, self.project, dataset))
    }

    pub(super) async fn change_table(&self, dataset: &str, table: &str) -> Answer {
        self.table_right(dataset, table, "bigquery.tables.update")?;
        let key = key(self.project, dataset, table);
        if let Some(stocked) = self.google.books().bigquery.stock.get_mut(&key) {
            stocked.change(&self.ask.json());
            return Ok(stocked.body(&key));
        }
        let changed = self
            .google
            .engine(self.ask.method.clone(), &table_path(&key), Some(&self.ask.json()))
            .await?;
        self.google.table_changed(&key);
        Ok(self.google.corrected(changed, self.project, dataset))
    }

    pub(super) async fn delete_table(&self, dataset: &str, table: &str) -> Result<Reply, ApiError> {
        self.table_right(dataset, table, "bigquery.tables.delete")?;
        let key = key(self.project, dataset, table);
        if self.google.books().bigquery.stock.remove(&key).is_none() {
            self.google.engine(Method::DELETE, &table_path(&key), None).await?;
        }
        self.google.table_changed(&key);
        Ok(Reply::empty(204))
    }

    /// The permissions held, out of those asked about. A table that is not there holds none, and is no error.
    pub(super) fn test_table(&self, dataset: &str, table: &str) -> Answer {
        let resource = Resource::table(self.project, dataset, table);
        let held: Vec<_> = projects::asked(self.ask)?
            .into_iter()
            .filter(|one| self.google.holds(self.member, &resource, one))
            .collect();
        Ok(if held.is_empty() {
            json!({})
        } else {
            json!({"permissions": held})
        })
    }

    pub(super) async fn insert_rows(&self, dataset: &str, table: &str) -> Answer {
        self.table_right(dataset, table, "bigquery.tables.updateData")?;
        let key = key(self.project, dataset, table);
        let path = format!("{}/insertAll", table_path(&key));
        let answer = self.google.engine(Method::POST, &path, Some(&self.ask.json())).await;
        self.google.table_changed(&key);
        answer
    }

    /// tabledata.list: rows of real tables, and of results nobody named.
    pub(super) async fn list_rows(&self, dataset: &str, table: &str) -> Result<Reply, ApiError> {
        let (fields, source) = if let Some(found) = self.own_result(table) {
            found
        } else {
            self.table_right(dataset, table, "bigquery.tables.getData")?;
            self.google.table_rows(&key(self.project, dataset, table)).await?
        };
        let start = match self.ask.param("pageToken") {
            Some(token) => token.parse().map_err(|_| ApiError::invalid("Invalid page token."))?,
            None => self.ask.number_param("startIndex").unwrap_or(0),
        };
        let most = self.ask.number_param("maxResults").unwrap_or(u64::MAX);
        let page = source.page(self.google, start, most, self.ask.takes_gzip()).await?;
        let page = self.timestamps().applied(page, &fields);
        let next = start + page.count;
        let token = if next < source.total() {
            json!(next.to_string())
        } else {
            Value::Null
        };
        let head = json!({"kind": "bigquery#tableDataList", "etag": "rows==", "totalRows": source.total().to_string(), "pageToken": token});
        Ok(super::queries::with_rows(&head, &page))
    }

    pub(super) fn timestamps(&self) -> TimestampFormat {
        let named = self.ask.param("formatOptions.timestampOutputFormat");
        TimestampFormat::new(self.ask.flag("formatOptions.useInt64Timestamp"), named)
    }

    pub(super) fn own_result(&self, table: &str) -> Option<(Vec<Value>, Source)> {
        let job = self.google.books().bigquery.anonymous.get(table).cloned()?;
        (job.member == self.member).then(|| job.rows()).flatten()
    }
}

impl super::Google {
    async fn table_body(&self, key: &TableKey) -> Answer {
        let stocked = self.books().bigquery.stock.get(key).cloned();
        if let Some(stocked) = stocked {
            return Ok(self.corrected(stocked.body(key), &key.0, &key.1));
        }
        if self.inner.engine.is_none() || self.location_of(&key.0, &key.1).is_none() {
            return Err(missing(key));
        }
        let found = self.engine(Method::GET, &table_path(key), None).await?;
        Ok(self.corrected(found, &key.0, &key.1))
    }

    /// Google's own location and links, where the engine has others.
    fn corrected(&self, mut table: Value, project: &str, dataset: &str) -> Value {
        table["location"] = json!(self.location_of(project, dataset).unwrap_or_else(|| "US".to_owned()));
        if let Some(link) = table["selfLink"].as_str() {
            table["selfLink"] = json!(format!("https://bigquery.googleapis.com{link}"));
        }
        table
    }

    pub(super) async fn table_rows(&self, key: &TableKey) -> Result<(Vec<Value>, Source), ApiError> {
        let stocked = self.books().bigquery.stock.get(key).cloned();
        if let Some(stocked) = stocked {
            return Ok((stocked.fields, Source::Memory(stocked.rows)));
        }
        let body = self.table_body(key).await?;
        if body["type"] == "VIEW" {
            return Err(ApiError::invalid(format!(
                "Cannot list a table of type VIEW. Table: {}:{}.{}",
                key.0, key.1, key.2
            )));
        }
        let path = format!("{}/data", table_path(key));
        let none = self.engine(Method::GET, &format!("{path}?maxResults=0"), None).await?;
        let total = none["totalRows"]
            .as_str()
            .and_then(|rows| rows.parse().ok())
            .unwrap_or(0);
        let fields = body["schema"]["fields"].as_array().cloned().unwrap_or_default();
        Ok((fields, Source::engine(path, total)))
    }
}

fn missing(key: &TableKey) -> ApiError {
    ApiError::not_found("Table", &format!("{}:{}.{}", key.0, key.1, key.2))
}

/// A table in a list. Its JSON is made for the page that is asked for alone.
struct Listed {
    key: TableKey,
    kind: String,
    created: String,
    expires: Value,
}

impl Listed {
    fn stocked(key: &TableKey) -> Self {
        Self {
            key: key.clone(),
            kind: "TABLE".to_owned(),
            created: "0".to_owned(),
            expires: Value::Null,
        }
    }

    fn body(&self) -> Value {
        let (project, dataset, table) = &self.key;
        let mut item = json!({
            "kind": "bigquery#table", "id": format!("{project}:{dataset}.{table}"), "type": self.kind,
            "tableReference": {"projectId": project, "datasetId": dataset, "tableId": table},
            "creationTime": self.created,
        });
        if !self.expires.is_null() {
            item["expirationTime"] = self.expires.clone();
        }
        item
    }
}
