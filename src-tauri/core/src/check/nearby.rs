//! After the verdict that the dataset was not found: the one that was meant, where it can be seen. It fails nothing and needs no
//! right; it is the only place where datasets are listed.

use std::time::Duration;

use super::step::{StepName, StepState};
use super::{Check, Observer};
use crate::bigquery::{ProjectId, nearest};
use crate::ground::problem::{Code, Fact, Problem};

/// Nobody waits longer for a guess.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);

impl Check {
    pub(super) async fn look_nearby(&self, observe: Observer<'_>) {
        let Some(problem) = self.unfound() else { return };
        let mended = match self.dataset_meant().await {
            Some(name) => problem.with(Fact::Meant, &name).with(Fact::Suggestion, name),
            None => match self.project_meant().await {
                Some(name) => problem
                    .with(Fact::Meant, format!("{name}.{}", self.target.dataset.dataset))
                    .with(Fact::Field, "project_id")
                    .with(Fact::Suggestion, name),
                None => return,
            },
        };
        self.board.explain(StepName::DatasetFound, mended);
        observe(&self.board.report());
    }

    /// Why the dataset was not found, if it was looked for and no better value is known already.
    fn unfound(&self) -> Option<Problem> {
        let report = self.board.report();
        let step = report.step(StepName::DatasetFound);
        let problem = step.problem.as_ref().filter(|_| step.state == StepState::Failed)?;
        let unfound = matches!(problem.code(), Code::DatasetNotFound | Code::DatasetGetDenied);
        (unfound && problem.facts().get(Fact::Suggestion).is_none()).then(|| problem.clone())
    }

    async fn dataset_meant(&self) -> Option<String> {
        let seen = self.bigquery.datasets(&self.target.dataset.project).await.ok()?;
        let typed = self.target.dataset.dataset.as_str();
        nearest(typed, seen.iter().map(String::as_str)).map(str::to_owned)
    }

    /// The account's own project, where the dataset is in that one.
    async fn project_meant(&self) -> Option<String> {
        let own = ProjectId::read(self.own_project()?).ok()?;
        if own == self.target.dataset.project {
            return None;
        }
        let seen = self.bigquery.datasets(&own).await.ok()?;
        let there = seen.iter().any(|name| name == self.target.dataset.dataset.as_str());
        there.then(|| own.to_string())
    }
}
