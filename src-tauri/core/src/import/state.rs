//! The states of an import, and which action leads where. Nothing here knows a clock, a store or a run.

use super::plan::{Plan, Records};

/// Where an import stands. How its last run ended is the run's affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImportStatus {
    /// Not complete. It cannot run.
    Draft,
    /// Complete, and run by hand.
    Ready,
    /// Run by its schedule.
    Scheduled,
    Running,
    /// Scheduled, and told to wait.
    Paused,
    /// Done with. Only saving it anew makes it Ready.
    Stopped,
}

/// What a person or a schedule may ask of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Run,
    Edit,
    Pause,
    Resume,
    Stop,
}

impl ImportStatus {
    pub const ALL: [Self; 6] = [
        Self::Draft,
        Self::Ready,
        Self::Scheduled,
        Self::Running,
        Self::Paused,
        Self::Stopped,
    ];

    /// Whether the action makes sense here.
    pub fn allows(self, action: Action) -> bool {
        match action {
            Action::Run => matches!(self, Self::Ready | Self::Scheduled | Self::Paused),
            Action::Edit => self != Self::Running,
            Action::Pause => matches!(self, Self::Scheduled | Self::Running),
            Action::Resume => self == Self::Paused,
            Action::Stop => self.holds_its_connection(),
        }
    }

    /// Whether the connection and the account must stay: the import may still run.
    pub fn holds_its_connection(self) -> bool {
        matches!(self, Self::Ready | Self::Scheduled | Self::Paused | Self::Running)
    }

    /// In a person's words, which are CleverTap's too.
    pub fn words(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Ready => "Ready",
            Self::Scheduled => "Scheduled",
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::Stopped => "Stopped",
        }
    }
}

/// What an import makes of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SyncType {
    Profiles,
    Events,
}

impl Plan {
    pub fn sync_type(&self) -> SyncType {
        match self.records {
            Records::Profiles => SyncType::Profiles,
            Records::Events(_) => SyncType::Events,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, ImportStatus};

    #[test]
    fn what_cannot_run_is_never_run() {
        for status in [ImportStatus::Draft, ImportStatus::Running, ImportStatus::Stopped] {
            assert!(!status.allows(Action::Run), "{status:?} must not start a run");
        }
    }

    #[test]
    fn only_imports_that_may_still_run_are_stopped() {
        for status in ImportStatus::ALL {
            let live = !matches!(status, ImportStatus::Draft | ImportStatus::Stopped);
            assert_eq!(
                status.allows(Action::Stop),
                live,
                "{status:?}: drafts and stopped imports stand in nobody's way"
            );
        }
    }
}
