//! datasets.get, list and insert.

use hyper::Method;
use serde_json::{Value, json};

use super::{Answer, Call, Dataset, millis};
use crate::google::{ApiError, Resource};

impl Call<'_> {
    pub(super) fn get_dataset(&self, dataset: &str) -> Answer {
        self.dataset_right(dataset, "bigquery.datasets.get")?;
        let view = self.ask.param("datasetView").unwrap_or("FULL");
        if self.ask.param("datasetView").is_some() && view != "METADATA" {
            self.dataset_right(dataset, "bigquery.datasets.getIamPolicy")?;
        }
        let known = self.known_dataset(dataset)?;
        let mut body = self.dataset_body(dataset, &known);
        if view != "METADATA" {
            body["access"] = self.access(dataset);
        }
        Ok(body)
    }

    pub(super) fn known_dataset(&self, dataset: &str) -> Result<Dataset, ApiError> {
        let books = self.google.books();
        let known = books
            .bigquery
            .datasets
            .get(&(self.project.to_owned(), dataset.to_owned()));
        known
            .cloned()
            .ok_or_else(|| ApiError::not_found("Dataset", &format!("{}:{dataset}", self.project)))
    }

    /// Only those that the caller may look at; an empty list is no error.
    pub(super) fn list_datasets(&self) -> Value {
        let seen: Vec<_> = {
            let books = self.google.books();
            let all = books
                .bigquery
                .datasets
                .iter()
                .filter(|((project, _), _)| project == self.project);
            all.map(|((_, id), dataset)| (id.clone(), dataset.clone())).collect()
        };
        let listed: Vec<_> = seen
            .into_iter()
            .filter(|(id, _)| {
                let dataset = Resource::dataset(self.project, id);
                self.google.holds(self.member, &dataset, "bigquery.datasets.get")
            })
            .map(|(id, dataset)| {
                json!({
                    "kind": "bigquery#dataset", "id": format!("{}:{id}", self.project), "location": dataset.location,
                    "datasetReference": {"projectId": self.project, "datasetId": id}, "type": "DEFAULT",
                })
            })
            .collect();
        if listed.is_empty() {
            return json!({"kind": "bigquery#datasetList"});
        }
        json!({"kind": "bigquery#datasetList", "datasets": listed})
    }

    pub(super) async fn insert_dataset(&self) -> Answer {
        if !self.may(&Resource::project(self.project), "bigquery.datasets.create") {
            return Err(ApiError::denied(format!(
                "Access Denied: Project {0}: User does not have bigquery.datasets.create permission in project {0}.",
                self.project
            )));
        }
        let given = self.ask.json();
        let id = given["datasetReference"]["datasetId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if id.is_empty() || !id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
            return Err(ApiError::invalid(format!(
                "Invalid dataset ID \"{id}\". Dataset IDs must be alphanumeric (plus underscores) and must be at most 1024 characters long."
            )));
        }
        if self.known_dataset(&id).is_ok() {
            return Err(ApiError::new(
                409,
                "duplicate",
                format!("Already Exists: Dataset {}:{id}", self.project),
            ));
        }
        if self.google.inner.engine.is_some() {
            let path = format!("/bigquery/v2/projects/{}/datasets", super::escaped(self.project));
            self.google
                .engine(
                    Method::POST,
                    &path,
                    Some(&json!({"datasetReference": {"datasetId": id}})),
                )
                .await?;
        }
        self.google
            .note_dataset(self.project, &id, given["location"].as_str().unwrap_or("US"));
        self.google.grant(
            self.member,
            &Resource::dataset(self.project, &id),
            super::super::Role::DataOwner,
        );
        let known = self.known_dataset(&id)?;
        Ok(self.dataset_body(&id, &known))
    }

    fn dataset_body(&self, id: &str, dataset: &Dataset) -> Value {
        let mut body = json!({
            "kind": "bigquery#dataset",
            "etag": format!("{:x}==", dataset.created.as_microsecond()),
            "id": format!("{}:{id}", self.project),
            "selfLink": format!("https://bigquery.googleapis.com/bigquery/v2/projects/{}/datasets/{id}", self.project),
            "datasetReference": {"datasetId": id, "projectId": self.project},
            "creationTime": millis(dataset.created),
            "lastModifiedTime": millis(dataset.created),
            "location": dataset.location,
            "type": "DEFAULT",
            "maxTimeTravelHours": "168",
        });
        if let Some(description) = &dataset.description {
            body["description"] = json!(description);
        }
        body
    }

    /// The access list in its old words, with the entries that every dataset starts with.
    fn access(&self, dataset: &str) -> Value {
        let mut list = vec![
            json!({"role": "WRITER", "specialGroup": "projectWriters"}),
            json!({"role": "OWNER", "specialGroup": "projectOwners"}),
            json!({"role": "READER", "specialGroup": "projectReaders"}),
        ];
        let granted = self
            .google
            .books()
            .grants
            .access(&Resource::dataset(self.project, dataset));
        list.extend(
            granted
                .into_iter()
                .map(|(member, role)| json!({"role": role, "userByEmail": member})),
        );
        Value::Array(list)
    }
}
