//! What was asked of BigQuery, so that a refusal can say so, and what earlier answers told of it.

use super::ids::{DatasetId, DatasetRef, Location, ProjectId, TableId};
use crate::ground::problem::{Code, Fact, Problem};

/// A question. What is not known is empty.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Google's name of the method, such as `datasets.get`.
    pub method: &'static str,
    /// The service account.
    pub member: String,
    /// The project in the address: the one that pays, for jobs.
    pub project: String,
    /// The project that the dataset is in, where that is another.
    pub dataset_project: Option<String>,
    pub dataset: Option<String>,
    pub table: Option<String>,
    /// Where a job ran or was asked to run.
    pub location: Option<String>,
    pub job: Option<String>,
    /// Where the dataset is, as an earlier answer said.
    pub dataset_location: Option<String>,
    /// Where some dataset is, as an earlier answer said: a query names its datasets in its text alone.
    pub known_place: Option<(DatasetRef, Location)>,
}

impl Asked {
    /// In Google's words: `tables.get acme-dw:sales.orders`.
    pub(super) fn words(&self) -> String {
        format!("{} {}", self.method, self.resource()).trim_end().to_owned()
    }

    pub(super) fn resource(&self) -> String {
        let of_dataset = self.dataset_project.as_ref().filter(|_| self.dataset.is_some());
        let mut text = of_dataset.unwrap_or(&self.project).clone();
        for (mark, part) in [(':', &self.dataset), ('.', &self.table), ('.', &self.job)] {
            if let Some(part) = part {
                if !text.is_empty() {
                    text.push(mark);
                }
                text.push_str(part);
            }
        }
        text
    }

    /// A problem with everything that is known of the question.
    pub(super) fn problem(&self, code: Code) -> Problem {
        self.complete(Problem::new(code))
    }

    /// The problem, with what is known of the question wherever the answer said nothing of it.
    pub(super) fn complete(&self, problem: Problem) -> Problem {
        let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        // Google's structure counts projects by numbers. For BigQuery the one that answers for a call is the one in its address,
        // which people know by its ID.
        let number = |id: &str| id.bytes().all(|b| b.is_ascii_digit());
        let problem = match problem.facts().get(Fact::Project) {
            Some(project) if number(project) && !self.project.is_empty() => problem.with(Fact::Project, &self.project),
            _ => problem,
        };
        problem
            .with_some_else(Fact::Member, known(&self.member))
            .with_some_else(Fact::Project, known(&self.project))
            .with_some_else(Fact::Resource, known(&self.resource()))
            .with_some_else(Fact::Dataset, self.dataset.as_deref())
            .with_some_else(Fact::Table, self.table.as_deref())
            .with_some_else(Fact::Location, self.location.as_deref())
            .with_some_else(Fact::DatasetLocation, self.dataset_location.as_deref())
            .with_some_else(Fact::Job, self.job.as_deref())
    }

    /// The same question about what Google's sentence names, where that is a project, a dataset or a table.
    pub(super) fn of(&self, name: &str) -> Self {
        Named::read(name).map_or_else(|| self.clone(), |named| self.about(named))
    }

    pub(super) fn about(&self, named: Named) -> Self {
        let same = self.dataset == named.dataset;
        let known = self.known_place.as_ref().filter(|(dataset, _)| {
            dataset.project.as_str() == named.project && named.dataset.as_deref() == Some(dataset.dataset.as_str())
        });
        let known = known.map(|(_, place)| place.to_string());
        let told = self.dataset_location.clone().filter(|_| same || self.dataset.is_none());
        Self {
            dataset_location: known.or(told),
            job: None,
            dataset_project: None,
            project: named.project,
            dataset: named.dataset,
            table: named.table,
            ..self.clone()
        }
    }
}

/// A project, dataset or table as one of Google's sentences names it. These names go into commands that people copy, so a
/// sentence may not put just anything there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Named {
    pub project: String,
    pub dataset: Option<String>,
    pub table: Option<String>,
}

impl Named {
    /// `p`, `p:d`, `p:d.t`, `p.d`, `p.d.t`, and the paths of newer APIs: `projects/p/datasets/d/tables/t`, with a service in front.
    pub fn read(name: &str) -> Option<Self> {
        let name = name.trim().trim_matches(['`', '"', '\'']);
        let (project, dataset, table) = match name.find("projects/") {
            Some(at) => {
                let parts: Vec<&str> = name[at..].split('/').collect();
                let behind = |what: &str| {
                    let place = parts.iter().step_by(2).position(|part| *part == what)?;
                    parts.get(place * 2 + 1).copied()
                };
                if parts.len() > 2 && behind("datasets").is_none() {
                    return None;
                }
                (behind("projects")?, behind("datasets"), behind("tables"))
            }
            None => match name.rsplit_once(':') {
                // A project from the old days, alone: `example.com:project`.
                Some((before, _)) if before.contains('.') && !before.contains(':') && ProjectId::read(name).is_ok() => {
                    (name, None, None)
                }
                Some((project, rest)) => match rest.split_once('.') {
                    Some((dataset, table)) => (project, Some(dataset), Some(table)),
                    None => (project, Some(rest), None),
                },
                None => {
                    let mut parts = name.splitn(3, '.');
                    (parts.next()?, parts.next(), parts.next())
                }
            },
        };
        let number = !project.is_empty() && project.len() <= 20 && project.bytes().all(|b| b.is_ascii_digit());
        if !number && ProjectId::read(project).is_err() {
            return None;
        }
        let dataset = match dataset {
            Some(dataset) => Some(DatasetId::read(dataset).ok()?.into()),
            None => None,
        };
        Some(Self {
            project: project.to_owned(),
            dataset,
            // All of a family of tables, as in `events_*`, has a name that no table has.
            table: table
                .filter(|table| TableId::read(&table.replace('*', "_")).is_ok())
                .map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Named;

    #[test]
    fn names_are_read_in_every_spelling_of_googles() {
        let rows = [
            ("acme-dw", Some(("acme-dw", None, None))),
            ("example.com:acme-dw", Some(("example.com:acme-dw", None, None))),
            ("acme-dw:sales", Some(("acme-dw", Some("sales"), None))),
            (
                "example.com:acme-dw:sales",
                Some(("example.com:acme-dw", Some("sales"), None)),
            ),
            (
                "acme-dw:sales.daily orders",
                Some(("acme-dw", Some("sales"), Some("daily orders"))),
            ),
            ("acme-dw.sales.orders", Some(("acme-dw", Some("sales"), Some("orders")))),
            (
                "acme-dw:sales.events_*",
                Some(("acme-dw", Some("sales"), Some("events_*"))),
            ),
            ("projects/acme-dw", Some(("acme-dw", None, None))),
            (
                "//cloudresourcemanager.googleapis.com/projects/acme-dw",
                Some(("acme-dw", None, None)),
            ),
            ("projects/123456789", Some(("123456789", None, None))),
            (
                "projects/acme-dw/datasets/sales/tables/orders",
                Some(("acme-dw", Some("sales"), Some("orders"))),
            ),
            ("projects/acme-dw/locations/eu/connections/crm", None),
            ("acme-dw:sales`; DROP", None),
            ("$(reboot)", None),
        ];
        for (text, expected) in rows {
            let named = Named::read(text);
            let found = named
                .as_ref()
                .map(|named| (named.project.as_str(), named.dataset.as_deref(), named.table.as_deref()));
            assert_eq!(found, expected, "for {text:?}");
        }
    }
}
