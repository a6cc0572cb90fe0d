//! Whether a key may do more than an import needs, from what Resource Manager says it holds on the whole project. It costs no
//! call of its own and fails nothing.

use crate::connection::Target;
use crate::ground::problem::{Code, Fact, Problem};

/// A right that an import never needs on a whole project.
struct Telling {
    right: &'static str,
    /// A second right that the role holds too, where the first is not enough to tell it.
    and: Option<&'static str>,
    /// The role that most likely gives it. Google does not say which does.
    role: &'static str,
    /// What it lets the account do.
    may: &'static str,
    /// Whether it is the role that lets the account run queries, too. Google does not say whether another does.
    runs_queries: bool,
}

/// What imports from a dataset need there, those that keep something in it included.
const ON_DATASET: &str = "roles/bigquery.dataEditor";
const JOB_USER: &str = "roles/bigquery.jobUser";

/// From the widest to the narrowest. Roles as Google defines them (cloud.google.com/iam/docs/roles-permissions, read 2026-11).
const TELLING: [Telling; 5] = [
    Telling {
        right: "resourcemanager.projects.setIamPolicy",
        and: None,
        role: "roles/owner",
        may: "change who may do what in the project, and so may do everything there",
        runs_queries: true,
    },
    Telling {
        right: "serviceusage.services.enable",
        and: None,
        role: "roles/editor",
        may: "switch services of the project on and off, and most likely change what is in them",
        runs_queries: true,
    },
    Telling {
        right: "bigquery.datasets.delete",
        and: Some("bigquery.jobs.update"),
        role: "roles/bigquery.admin",
        may: "delete every dataset of the project, and steer everybody's queries",
        runs_queries: true,
    },
    Telling {
        right: "bigquery.datasets.delete",
        and: None,
        role: "roles/bigquery.dataOwner",
        may: "delete and share every dataset of the project",
        runs_queries: false,
    },
    Telling {
        right: "bigquery.tables.updateData",
        and: None,
        role: "roles/bigquery.dataEditor",
        may: "change the tables of every dataset of the project",
        runs_queries: false,
    },
];

/// Every right to ask about, beside those that the ladder asks about anyway.
pub(super) fn rights() -> impl Iterator<Item = &'static str> {
    TELLING
        .iter()
        .flat_map(|telling| [Some(telling.right), telling.and])
        .flatten()
}

/// The widest of what is too much, where anything is. `on_dataset` is whether the account itself holds a role on the dataset
/// with which all imports from there go on: what is offered never takes away what they need.
pub(super) fn found(held: &[String], target: &Target, member: &str, on_dataset: bool) -> Option<Problem> {
    let holds = |right: &str| held.iter().any(|one| one == right);
    let telling = TELLING
        .iter()
        .find(|telling| holds(telling.right) && telling.and.is_none_or(holds))?;
    let queries_by_it = telling.runs_queries && *target.billing() == target.dataset.project;
    Some(
        Problem::new(Code::KeyMayMore)
            .with(Fact::Member, member)
            .with(Fact::Project, target.dataset.project.as_str())
            .with(Fact::BillingProject, target.billing().as_str())
            .with(Fact::Dataset, target.dataset.dataset.as_str())
            .with(Fact::Permission, telling.right)
            .with(Fact::Resource, target.dataset.project.as_str())
            .with(Fact::Role, telling.role)
            .with_some(Fact::FirstRole, (!on_dataset).then_some(ON_DATASET))
            .with_some(Fact::JobsRole, queries_by_it.then_some(JOB_USER))
            .with(Fact::Detail, telling.may),
    )
}
