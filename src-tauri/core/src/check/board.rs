//! Where the steps write how they stand. Every change is observed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Observer;
use super::step::{Report, Step, StepName, StepState, Verdict};
use crate::bigquery::Location;
use crate::connection::Target;
use crate::ground::problem::{Code, Fact, Problem};

pub(super) struct Board(Mutex<Inner>);

struct Inner {
    steps: Vec<Step>,
    started: [Option<Instant>; StepName::ALL.len()],
    since: Instant,
    took: Option<Duration>,
    verdict: Verdict,
    location: Option<Location>,
    caution: Option<Problem>,
}

/// How a step ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Passed(Option<String>),
    Failed(Problem),
    NotKnown(Option<String>, Option<Problem>),
    NotReached,
}

impl Board {
    pub fn new(target: &Target) -> Self {
        let steps = StepName::ALL.map(|name| Step {
            name,
            title: name.title(target),
            state: StepState::Waiting,
            took: None,
            evidence: None,
            problem: None,
        });
        Self(Mutex::new(Inner {
            steps: steps.into(),
            started: [None; StepName::ALL.len()],
            since: Instant::now(),
            took: None,
            verdict: Verdict::Running,
            location: None,
            caution: None,
        }))
    }

    pub fn report(&self) -> Report {
        let inner = self.inner();
        Report {
            verdict: inner.verdict,
            took: inner.took.unwrap_or_else(|| inner.since.elapsed()),
            steps: inner.steps.clone(),
            location: inner.location.clone(),
            caution: inner.caution.clone(),
        }
    }

    /// Every step waits.
    pub fn restart(&self, observe: Observer<'_>) {
        {
            let mut inner = self.inner();
            inner.since = Instant::now();
            inner.took = None;
            inner.verdict = Verdict::Running;
            inner.location = None;
            inner.caution = None;
            for step in &mut inner.steps {
                wait(step);
            }
        }
        observe(&self.report());
    }

    /// One step waits.
    pub fn reopen(&self, name: StepName, observe: Observer<'_>) {
        {
            let mut inner = self.inner();
            inner.since = Instant::now();
            inner.took = None;
            inner.verdict = Verdict::Running;
            wait(&mut inner.steps[name as usize]);
        }
        observe(&self.report());
    }

    pub fn start(&self, names: &[StepName], observe: Observer<'_>) {
        {
            let mut inner = self.inner();
            for name in names {
                inner.started[*name as usize] = Some(Instant::now());
                inner.steps[*name as usize].state = StepState::Running;
            }
        }
        observe(&self.report());
    }

    pub fn settle(&self, name: StepName, outcome: Outcome, observe: Observer<'_>) {
        self.inner().settle(name, outcome);
        observe(&self.report());
    }

    /// More is known of a step that has its verdict.
    pub fn explain(&self, name: StepName, problem: Problem) {
        self.inner().steps[name as usize].problem = Some(problem);
    }

    /// The key may do more than it needs to, or it is not known to.
    pub fn caution(&self, problem: Option<Problem>) {
        self.inner().caution = problem;
    }

    pub fn is_running(&self, name: StepName) -> bool {
        self.inner().steps[name as usize].state == StepState::Running
    }

    pub fn passed(&self, name: StepName) -> bool {
        self.inner().steps[name as usize].state == StepState::Passed
    }

    pub fn learn_location(&self, location: Option<Location>) {
        self.inner().location = location;
    }

    pub fn location(&self) -> Option<Location> {
        self.inner().location.clone()
    }

    /// The work is done: whatever still waits was not reached.
    pub fn finish(&self) {
        self.inner().close(|_| Outcome::NotReached, None);
    }

    pub fn cancel(&self) {
        self.inner().close(|_| Outcome::NotReached, Some(Verdict::Cancelled));
    }

    /// Time is up: what runs has failed by that, and what waits was not reached.
    pub fn overdue(&self, limit: Duration) {
        let limit = match limit.as_secs() {
            0 => format!("{} milliseconds", limit.as_millis()),
            seconds => format!("{seconds} seconds"),
        };
        let overdue = |state| match state {
            StepState::Running => Outcome::Failed(Problem::new(Code::CheckOverdue).with(Fact::Limit, &limit)),
            _ => Outcome::NotReached,
        };
        self.inner().close(overdue, None);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn settle(&mut self, name: StepName, outcome: Outcome) {
        let took = self.started[name as usize].take().map(|started| started.elapsed());
        let step = &mut self.steps[name as usize];
        step.took = took;
        (step.state, step.evidence, step.problem) = match outcome {
            Outcome::Passed(evidence) => (StepState::Passed, evidence, None),
            // What an import can do without is never a failure.
            Outcome::Failed(problem) if name.optional() => (StepState::NotKnown, None, Some(problem)),
            Outcome::Failed(problem) => (StepState::Failed, None, Some(problem)),
            Outcome::NotKnown(evidence, problem) => (StepState::NotKnown, evidence, problem),
            Outcome::NotReached => (StepState::NotReached, None, None),
        };
    }

    fn close(&mut self, outcome: impl Fn(StepState) -> Outcome, verdict: Option<Verdict>) {
        for name in StepName::ALL {
            let state = self.steps[name as usize].state;
            if matches!(state, StepState::Waiting | StepState::Running) {
                self.settle(name, outcome(state));
            }
        }
        self.took = Some(self.since.elapsed());
        self.verdict = verdict.unwrap_or_else(|| {
            let stands =
                |step: &Step| step.name.optional() || matches!(step.state, StepState::Passed | StepState::NotKnown);
            if self.steps.iter().all(stands) {
                Verdict::Passed
            } else {
                Verdict::Failed
            }
        });
    }
}

fn wait(step: &mut Step) {
    step.state = StepState::Waiting;
    step.took = None;
    step.evidence = None;
    step.problem = None;
}
