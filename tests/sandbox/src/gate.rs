//! Calls that wait until a test lets them go, which is what tests have instead of sleeping.

use tokio::sync::watch;

use crate::calls::Call;

/// Calls that wait. Dropping the gate lets them all go.
#[derive(Debug)]
pub struct Gate {
    state: watch::Sender<GateState>,
}

#[derive(Debug, Default, Clone)]
struct GateState {
    arrived: Vec<Call>,
    let_go: usize,
    open: bool,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            state: watch::Sender::new(GateState::default()),
        }
    }

    /// For the script, which sends calls here.
    pub(crate) fn wait(&self) -> Wait {
        Wait {
            state: self.state.clone(),
        }
    }

    /// Waits until `count` calls have come to the gate, those already let go included.
    pub async fn arrived(&self, count: usize) -> Vec<Call> {
        let mut state = self.state.subscribe();
        match state.wait_for(|state| state.arrived.len() >= count).await {
            Ok(state) => state.arrived.clone(),
            Err(_) => Vec::new(), // the sender is `self`, so it is still there
        }
    }

    /// How many calls have come so far.
    pub fn count(&self) -> usize {
        self.state.borrow().arrived.len()
    }

    /// Lets the next `count` calls go, in order of arrival; counts also for calls not yet here.
    pub fn let_go(&self, count: usize) {
        self.state.send_modify(|state| state.let_go += count);
    }

    /// Lets every call go, now and later.
    pub fn open(&self) {
        self.state.send_modify(|state| state.open = true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

/// A call's place at a gate.
#[derive(Debug, Clone)]
pub(crate) struct Wait {
    state: watch::Sender<GateState>,
}

impl Wait {
    pub(crate) async fn pass(&self, call: &Call) {
        let mut place = 0;
        self.state.send_modify(|state| {
            place = state.arrived.len();
            state.arrived.push(call.clone());
        });
        let mut state = self.state.subscribe();
        let _ = state.wait_for(|state| state.open || state.let_go > place).await;
    }
}
