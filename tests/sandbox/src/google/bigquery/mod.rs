//! `BigQuery`'s REST API.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{ApiError, Google};
use crate::ask::Ask;
use crate::reply::Reply;
use crate::world::World;

#[derive(Debug, Default)]
pub(crate) struct Books {
    datasets: BTreeMap<(String, String), String>,
}

impl Google {
    pub(crate) fn note_dataset(&self, project: &str, dataset: &str, location: &str) {
        self.books()
            .bigquery
            .datasets
            .insert((project.to_owned(), dataset.to_owned()), location.to_owned());
    }

    pub(crate) async fn bigquery(&self, world: &Arc<World>, ask: &Ask) -> Reply {
        match self.caller(ask, &["bigquery", "cloud-platform"]) {
            Ok(_) => ApiError::not_found("Nothing", "here").reply(),
            Err(error) => error.reply(),
        }
    }
}
