//! The rungs of the ladder, and how each stands.

use std::time::Duration;

use crate::bigquery::Location;
use crate::connection::Target;
use crate::ground::problem::Problem;

/// A rung. In the order in which people read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StepName {
    KeySigns,
    GoogleAccepts,
    ProjectAnswers,
    DatasetFound,
    MayRunJobs,
    MayReadTables,
    MayWrite,
}

impl StepName {
    pub const ALL: [Self; 7] = [
        Self::KeySigns,
        Self::GoogleAccepts,
        Self::ProjectAnswers,
        Self::DatasetFound,
        Self::MayRunJobs,
        Self::MayReadTables,
        Self::MayWrite,
    ];

    /// In words, with the names in it.
    pub(super) fn title(self, target: &Target) -> String {
        let (project, dataset) = (&target.dataset.project, &target.dataset.dataset);
        match self {
            Self::KeySigns => "The key signs".to_owned(),
            Self::GoogleAccepts => "Google accepts the key".to_owned(),
            Self::ProjectAnswers => format!("BigQuery answers in {project}"),
            Self::DatasetFound => format!("Dataset {dataset} found"),
            Self::MayRunJobs => format!("May run queries in {}", target.billing()),
            Self::MayReadTables => format!("May read tables of {dataset}"),
            Self::MayWrite => format!("May write to {dataset}"),
        }
    }

    /// Whether an import works without it.
    pub fn optional(self) -> bool {
        self == Self::MayWrite
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    Waiting,
    Running,
    Passed,
    Failed,
    /// It could not be found out, which is no failure.
    NotKnown,
    /// An earlier step failed, or the test ended before.
    NotReached,
}

/// One rung and how it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub name: StepName,
    pub title: String,
    pub state: StepState,
    /// From its start to its end. `None` while it has not ended.
    pub took: Option<Duration>,
    /// What was seen, such as `in EU`.
    pub evidence: Option<String>,
    /// Why it failed, or why it is not known.
    pub problem: Option<Problem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Running,
    /// An import would work, as far as can be known.
    Passed,
    Failed,
    Cancelled,
}

/// The whole ladder at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub verdict: Verdict,
    pub took: Duration,
    /// All rungs, in order.
    pub steps: Vec<Step>,
    /// Where the dataset is, once known.
    pub location: Option<Location>,
    /// That the key may do more than an import needs, as far as that is known. It fails nothing.
    pub caution: Option<Problem>,
}

impl Report {
    pub fn step(&self, name: StepName) -> &Step {
        &self.steps[name as usize]
    }

    /// The first problem on the way up that is a failure.
    pub fn first_problem(&self) -> Option<&Problem> {
        let mut failed = self.steps.iter().filter(|step| step.state == StepState::Failed);
        failed.find_map(|step| step.problem.as_ref())
    }
}
