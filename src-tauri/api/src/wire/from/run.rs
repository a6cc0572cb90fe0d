use jiff::Timestamp;
use tapline_core::clevertap::record;
use tapline_core::run as core;
use tapline_core::store::{self, ReasonCount, RecordRow, Warned};

use crate::wire::import::Reason;
use crate::wire::problem::Problem;
use crate::wire::run::{
    Aside, Caution, Counts, Doubt, Fate, Health, Outcome, Phase, ReasonGroup, Run, RunRecord, Tone,
};

/// What a reason is once the values in it are forgotten.
const FORGOTTEN: &str = "Its values are forgotten";
/// What it means for a paused run that its result could not be copied.
const NOT_KEPT: &str = "The run is paused all the same. Its result could not be copied to a table that stays for seven days, so BigQuery \
                        keeps it for about a day, as it does by itself. Resumed later than that, the query runs again and is \
                        billed again; what CleverTap had acknowledged is left out.";

impl Run {
    /// `now` tells how fast a run goes that has not ended.
    pub(crate) fn of(run: &core::Run, resumable: bool, now: Timestamp) -> Self {
        let pace = run.outcome.is_none().then(|| Pace::of(run, now)).flatten();
        Self {
            id: run.id.to_string(),
            import: run.import.to_string(),
            nickname: run.nickname.clone(),
            database: run.database.clone(),
            account: run.account.clone(),
            sync_type: run.sync_type.into(),
            outcome: run.outcome.map(Outcome::from),
            phase: run.phase.into(),
            paused: run.pausing && run.outcome.is_none(),
            started_on: run.started_at.to_string(),
            started_by: run.started_by.clone(),
            ended_on: run.ended_at.map(|at| at.to_string()),
            counts: run.counts.into(),
            aside: run.aside.into(),
            health: run.health().into(),
            records_per_second: pace.as_ref().map(|pace| pace.records_per_second),
            seconds_left: pace.and_then(|pace| pace.seconds_left),
            bytes_expected: None,
            bytes_billed: run.bytes_billed,
            job: run.job.as_ref().map(|job| job.id.clone()),
            problem: run.problem.as_ref().map(Problem::from),
            // It is about going on with the run, and about nothing else.
            caution: run.caution.as_ref().filter(|_| resumable).map(|problem| Caution {
                words: NOT_KEPT.to_owned(),
                problem: problem.into(),
            }),
            resumable,
            doubt: None,
            mends: None,
        }
    }
}

impl From<store::Doubt> for Doubt {
    fn from(doubt: store::Doubt) -> Self {
        Self {
            events: doubt.events,
            since: doubt.since.to_string(),
            stored: doubt.stored,
        }
    }
}

struct Pace {
    records_per_second: f64,
    seconds_left: Option<u64>,
}

impl Pace {
    /// The mean since the run began, once that says anything.
    fn of(run: &core::Run, now: Timestamp) -> Option<Self> {
        let seconds = now.duration_since(run.started_at).as_secs_f64();
        let done = run.counts.attempted();
        if seconds < 0.5 || done == 0 || run.phase != core::Phase::Sending {
            return None;
        }
        #[allow(clippy::cast_precision_loss, reason = "a pace is shown, never counted with")]
        let records_per_second = done as f64 / seconds;
        let left = run.counts.expected.map(|expected| expected.saturating_sub(done));
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a guess in whole seconds; the cast saturates"
        )]
        let seconds_left = left.map(|left| (left as f64 / records_per_second).ceil() as u64);
        Some(Self {
            records_per_second,
            seconds_left,
        })
    }
}

impl From<core::Counts> for Counts {
    fn from(counts: core::Counts) -> Self {
        Self {
            read: counts.read,
            expected: counts.expected,
            collapsed: counts.collapsed,
            delivered: counts.delivered,
            rejected: counts.rejected,
            unprocessed: counts.unprocessed,
            in_doubt: counts.in_doubt,
            batches: counts.batches,
        }
    }
}

impl From<core::Aside> for Aside {
    fn from(aside: core::Aside) -> Self {
        Self {
            undated: aside.undated,
            later: aside.later,
            vanished: aside.vanished,
            edited: aside.edited,
            words: aside.words(),
        }
    }
}

impl From<core::Health> for Health {
    fn from(health: core::Health) -> Self {
        Self {
            words: health.words,
            percent: health.percent,
            tone: match health.tone {
                core::Tone::Good => Tone::Good,
                core::Tone::Partial => Tone::Partial,
                core::Tone::Bad => Tone::Bad,
                core::Tone::Neutral => Tone::Neutral,
            },
        }
    }
}

impl From<core::Outcome> for Outcome {
    fn from(outcome: core::Outcome) -> Self {
        match outcome {
            core::Outcome::Completed => Self::Completed,
            core::Outcome::CompletedWithRejects => Self::CompletedWithRejects,
            core::Outcome::CompletedInDoubt => Self::CompletedInDoubt,
            core::Outcome::Stopped => Self::Stopped,
            core::Outcome::Interrupted => Self::Interrupted,
            core::Outcome::Failed => Self::Failed,
        }
    }
}

impl From<core::Phase> for Phase {
    fn from(phase: core::Phase) -> Self {
        match phase {
            core::Phase::Querying => Self::Querying,
            core::Phase::Sending => Self::Sending,
            core::Phase::Stopping => Self::Stopping,
            core::Phase::Ended => Self::Ended,
        }
    }
}

impl From<core::Fate> for Fate {
    fn from(fate: core::Fate) -> Self {
        match fate {
            core::Fate::Rejected => Self::Rejected,
            core::Fate::Unprocessed => Self::Unprocessed,
            core::Fate::InDoubt => Self::InDoubt,
        }
    }
}

impl From<Fate> for core::Fate {
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::Rejected => Self::Rejected,
            Fate::Unprocessed => Self::Unprocessed,
            Fate::InDoubt => Self::InDoubt,
        }
    }
}

/// Rows that we rejected have reasons of ours; the others have CleverTap's codes.
fn means(fate: core::Fate, code: &str, said: Option<&str>, kept: Option<&str>) -> Option<Problem> {
    match fate {
        core::Fate::Rejected => None,
        core::Fate::Unprocessed | core::Fate::InDoubt => record::of_row(code, said, kept).map(Problem::from),
    }
}

impl From<ReasonCount> for ReasonGroup {
    fn from(group: ReasonCount) -> Self {
        Self {
            fate: group.fate.into(),
            means: means(group.fate, &group.code, group.reason.as_deref(), None),
            reason: Reason {
                code: group.code,
                column: group.column,
                reason: group.reason.unwrap_or_else(|| FORGOTTEN.to_owned()),
                count: group.count,
            },
        }
    }
}

impl From<Warned> for Reason {
    fn from(warned: Warned) -> Self {
        Self {
            code: warned.code,
            column: Some(warned.column),
            reason: warned.reason,
            count: warned.records,
        }
    }
}

impl From<RecordRow> for RunRecord {
    fn from(row: RecordRow) -> Self {
        Self {
            position: row.position,
            fate: row.fate.into(),
            means: means(row.fate, &row.code, row.reason.as_deref(), row.record.as_deref()),
            identity: row.identity,
            code: row.code,
            column: row.column,
            reason: row.reason.unwrap_or_else(|| FORGOTTEN.to_owned()),
            record: row.record,
        }
    }
}
