//! From what was typed to what it means. Every fault is told at once, each at its own field.

use super::bytes;
use crate::bigquery::dataset_box::{self, DatasetBox};
use crate::bigquery::ids::{DatasetRef, Location, ProjectId};
use crate::ground::problem::{Code, Fact, Problem};

/// A name longer than this would not fit any list.
const LONGEST_NAME: usize = 100;

/// The form as it was typed. Nothing in it is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionDraft {
    pub name: String,
    pub project_id: String,
    pub dataset_id: String,
    /// Empty: the project itself pays.
    pub billing_project: String,
    /// Such as `10 GB`. Empty: no cap.
    pub bytes_cap: String,
    /// Empty: as detected.
    pub location: String,
}

/// What a draft names: a dataset, and how to read from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub dataset: DatasetRef,
    /// Who pays for queries, where it is not the dataset's project.
    pub billing_project: Option<ProjectId>,
    /// The most that one query may bill, in bytes.
    pub bytes_cap: Option<u64>,
    /// Where jobs run, instead of where the dataset is found.
    pub location: Option<Location>,
}

impl Target {
    /// The project that jobs run in and that pays for them.
    pub fn billing(&self) -> &ProjectId {
        self.billing_project.as_ref().unwrap_or(&self.dataset.project)
    }
}

impl ConnectionDraft {
    /// The name, without the spaces around it. Whether it is free, the store knows.
    pub fn read_name(&self) -> Result<String, Problem> {
        let name = self.name.trim();
        if name.is_empty() {
            return Err(empty("name", "Connection name"));
        }
        if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(Problem::new(Code::NameUnfit)
                .with(Fact::Field, "name")
                .with(Fact::Name, "Connection name")
                .with(Fact::Limit, format!("{LONGEST_NAME} characters")));
        }
        Ok(name.to_owned())
    }

    /// What the dataset box holds, where it can be read.
    pub fn dataset_box(&self) -> Option<DatasetBox> {
        dataset_box::read(&self.dataset_id).ok()
    }

    /// A name from project and dataset, for a form where none was typed.
    pub fn suggested_name(&self) -> Option<String> {
        let target = self.read_target().ok()?;
        Some(format!("{} {}", target.dataset.project, target.dataset.dataset))
    }

    /// Everything but the name. All problems, each with its field.
    pub fn read_target(&self) -> Result<Target, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut at = |field: &str, problem: Problem| problems.push(problem.with(Fact::Field, field));

        let dataset = if self.dataset_id.trim().is_empty() {
            at("dataset_id", empty("dataset_id", "Dataset ID"));
            None
        } else {
            dataset_box::read(&self.dataset_id)
                .map_err(|problem| at("dataset_id", problem))
                .ok()
        };
        // A path in the dataset box names the project where its own box is empty.
        let named = dataset.as_ref().and_then(|dataset| dataset.project.clone());
        let project = match named {
            Some(project) if self.project_id.trim().is_empty() => Some(project),
            _ if self.project_id.trim().is_empty() => {
                at("project_id", empty("project_id", "Project ID"));
                None
            }
            _ => ProjectId::read(&self.project_id)
                .map_err(|problem| at("project_id", problem))
                .ok(),
        };
        if let (Some(project), Some(named)) = (&project, dataset.as_ref().and_then(|dataset| dataset.project.as_ref()))
            && project != named
        {
            let differs = Problem::new(Code::DatasetOfOtherProject)
                .with(Fact::Project, project.as_str())
                .with(Fact::Found, named.as_str());
            at("dataset_id", differs);
        }
        let billing_project = optional(&self.billing_project, ProjectId::read)
            .unwrap_or_else(|problem| {
                at("billing_project", problem);
                None
            })
            .filter(|billing| Some(billing) != project.as_ref());
        let location = optional(&self.location, Location::read).unwrap_or_else(|problem| {
            at("location", problem);
            None
        });
        let bytes_cap = optional(&self.bytes_cap, read_cap).unwrap_or_else(|problem| {
            at("bytes_cap", problem);
            None
        });
        match (project, dataset) {
            (Some(project), Some(dataset)) if problems.is_empty() => Ok(Target {
                dataset: DatasetRef {
                    project,
                    dataset: dataset.dataset,
                },
                billing_project,
                bytes_cap,
                location,
            }),
            _ => Err(problems),
        }
    }
}

fn optional<T>(text: &str, read: impl FnOnce(&str) -> Result<T, Problem>) -> Result<Option<T>, Problem> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    read(text).map(Some)
}

fn read_cap(text: &str) -> Result<u64, Problem> {
    bytes::read(text)
        .filter(|bytes| *bytes >= super::LEAST_BILLED_BYTES)
        .ok_or_else(|| Problem::new(Code::BytesCapUnread).with(Fact::Found, text.trim()))
}

fn empty(field: &str, label: &str) -> Problem {
    Problem::new(Code::FieldEmpty)
        .with(Fact::Field, field)
        .with(Fact::Name, label)
}

#[cfg(test)]
mod tests {
    use super::ConnectionDraft;
    use crate::ground::problem::Fact;

    fn typed(project_id: &str, dataset_id: &str) -> ConnectionDraft {
        ConnectionDraft {
            name: "shop".to_owned(),
            project_id: project_id.to_owned(),
            dataset_id: dataset_id.to_owned(),
            ..ConnectionDraft::default()
        }
    }

    #[test]
    fn every_fault_is_told_at_once_each_at_its_field() {
        let draft = ConnectionDraft {
            billing_project: "Not One".to_owned(),
            bytes_cap: "lots".to_owned(),
            location: "?".to_owned(),
            ..typed("", "")
        };
        let problems = draft.read_target().expect_err("nothing in this form is right");
        let mut fields: Vec<_> = problems
            .iter()
            .filter_map(|problem| problem.facts().get(Fact::Field))
            .collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            ["billing_project", "bytes_cap", "dataset_id", "location", "project_id"],
            "a person mends a form in one go"
        );
    }

    #[test]
    fn a_path_in_the_dataset_box_fills_an_empty_project() {
        let target = typed("", "acme-dw.sales").read_target().expect("both are named");
        assert_eq!(
            target.dataset.to_string(),
            "acme-dw:sales",
            "the path names the project"
        );
        assert_eq!(
            target.billing().as_str(),
            "acme-dw",
            "the dataset's project pays unless another is named"
        );
    }

    #[test]
    fn a_path_into_another_project_is_not_followed_silently() {
        let problems = typed("acme-dw", "other-dw.sales")
            .read_target()
            .expect_err("two projects are named");
        assert_eq!(problems.len(), 1, "one contradiction is one problem");
        assert_eq!(
            problems[0].facts().get(Fact::Found),
            Some("other-dw"),
            "it says what the path named"
        );
    }

    #[test]
    fn a_cap_below_the_least_that_bigquery_bills_is_refused() {
        let draft = ConnectionDraft {
            bytes_cap: "1 MB".to_owned(),
            ..typed("acme-dw", "sales")
        };
        assert!(draft.read_target().is_err(), "no query could ever run under such a cap");
    }

    #[test]
    fn a_name_is_kept_without_the_spaces_around_it() {
        let draft = ConnectionDraft {
            name: "  shop ".to_owned(),
            ..typed("acme-dw", "sales")
        };
        assert_eq!(
            draft.read_name().expect("a fine name"),
            "shop",
            "spaces around a name are slips"
        );
        let blank = ConnectionDraft {
            name: "  ".to_owned(),
            ..draft
        };
        assert!(blank.read_name().is_err(), "a list cannot show a blank name");
    }
}
