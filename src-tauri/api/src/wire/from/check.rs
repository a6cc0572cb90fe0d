use std::time::Duration;

use tapline_core::check as core;

use crate::checks::Live;
use crate::wire::check::{CheckReport, Evidence, Step, StepName, StepState, TableBrief, Verdict};
use crate::wire::problem::Problem;

impl CheckReport {
    pub(crate) fn of(live: &Live, report: &core::Report) -> Self {
        Self {
            check: live.id.to_string(),
            verdict: report.verdict.into(),
            took_ms: milliseconds(report.took),
            steps: report.steps.iter().map(Step::from).collect(),
            location: report.location.as_ref().map(ToString::to_string),
            caution: report.caution.as_ref().map(Problem::from),
            proxy: live.proxy.clone(),
        }
    }
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

impl From<&core::Step> for Step {
    fn from(step: &core::Step) -> Self {
        Self {
            step: step.name.into(),
            title: step.title.clone(),
            state: step.state.into(),
            took_ms: step.took.map(milliseconds),
            optional: step.name.optional(),
            evidence: step.evidence.clone(),
            problem: step.problem.as_ref().map(Problem::from),
        }
    }
}

impl From<core::Evidence> for Evidence {
    fn from(evidence: core::Evidence) -> Self {
        Self {
            tables: evidence.tables.iter().map(TableBrief::from).collect(),
            complete: evidence.complete,
            problem: evidence.problem.map(Problem::from),
        }
    }
}

impl From<core::Verdict> for Verdict {
    fn from(verdict: core::Verdict) -> Self {
        match verdict {
            core::Verdict::Running => Self::Running,
            core::Verdict::Passed => Self::Passed,
            core::Verdict::Failed => Self::Failed,
            core::Verdict::Cancelled => Self::Cancelled,
        }
    }
}

impl From<core::StepState> for StepState {
    fn from(state: core::StepState) -> Self {
        match state {
            core::StepState::Waiting => Self::Waiting,
            core::StepState::Running => Self::Running,
            core::StepState::Passed => Self::Passed,
            core::StepState::Failed => Self::Failed,
            core::StepState::NotKnown => Self::NotKnown,
            core::StepState::NotReached => Self::NotReached,
        }
    }
}

impl From<core::StepName> for StepName {
    fn from(step: core::StepName) -> Self {
        match step {
            core::StepName::KeySigns => Self::KeySigns,
            core::StepName::GoogleAccepts => Self::GoogleAccepts,
            core::StepName::ProjectAnswers => Self::ProjectAnswers,
            core::StepName::DatasetFound => Self::DatasetFound,
            core::StepName::MayRunJobs => Self::MayRunJobs,
            core::StepName::MayReadTables => Self::MayReadTables,
            core::StepName::MayWrite => Self::MayWrite,
        }
    }
}

impl From<StepName> for core::StepName {
    fn from(step: StepName) -> Self {
        match step {
            StepName::KeySigns => Self::KeySigns,
            StepName::GoogleAccepts => Self::GoogleAccepts,
            StepName::ProjectAnswers => Self::ProjectAnswers,
            StepName::DatasetFound => Self::DatasetFound,
            StepName::MayRunJobs => Self::MayRunJobs,
            StepName::MayReadTables => Self::MayReadTables,
            StepName::MayWrite => Self::MayWrite,
        }
    }
}
