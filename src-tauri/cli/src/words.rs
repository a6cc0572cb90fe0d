//! Words for what the counter answers with. The same ones that the window uses.

use tapline_api::wire::check::{CheckReport, StepState, Verdict};
use tapline_api::wire::connection::LastCheck;
use tapline_api::wire::import::{ImportStatus, Reason, SyncType};
use tapline_api::wire::problem::Problem;
use tapline_api::wire::run::{Doubt, Fate, Health, Outcome, Phase, ReasonGroup, Run, RunReasons};

use crate::say::{clean, counted, number};

pub fn last_check(check: Option<&LastCheck>) -> String {
    match check {
        None => "not tested".to_owned(),
        Some(check) if check.passed => format!("passed {}", when(&check.at)),
        Some(check) => match &check.problem {
            Some(problem) => format!("failed: {}", problem.code),
            None => "failed".to_owned(),
        },
    }
}

/// To the minute, in UTC as it came.
pub fn when(instant: &str) -> String {
    instant.get(..16).unwrap_or(instant).replace('T', " ")
}

pub fn import_status(status: ImportStatus) -> &'static str {
    match status {
        ImportStatus::Draft => "Draft",
        ImportStatus::Ready => "Ready",
        ImportStatus::Scheduled => "Scheduled",
        ImportStatus::Running => "Running",
        ImportStatus::Paused => "Paused",
        ImportStatus::Stopped => "Stopped",
    }
}

pub fn sync_type(sync_type: SyncType) -> &'static str {
    match sync_type {
        SyncType::Profiles => "User Profile Data",
        SyncType::Events => "Event Data",
    }
}

pub fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Rejected => "rejected",
        Fate::Unprocessed => "unprocessed",
        Fate::InDoubt => "in doubt",
    }
}

pub fn outcome(run: &Run) -> &'static str {
    match run.outcome {
        _ if run.paused && run.outcome.is_some() => "paused",
        None if run.paused => "pausing",
        None if run.phase == Phase::Stopping => "stopping",
        None => "running",
        Some(Outcome::Completed) => "completed",
        Some(Outcome::CompletedWithRejects) => "completed with rejects",
        Some(Outcome::CompletedInDoubt) => "completed in doubt",
        Some(Outcome::Stopped) => "stopped",
        Some(Outcome::Interrupted) => "interrupted",
        Some(Outcome::Failed) => "failed",
    }
}

/// The totals of a run, one to a line. What is nothing is left out, but for what was delivered.
pub fn run(run: &Run) -> String {
    let counts = &run.counts;
    let mut lines = vec![
        format!("{}: {}{}", clean(&run.nickname), outcome(run), health(&run.health)),
        format!("  Rows read:   {}", number(counts.read)),
        format!("  Delivered:   {}", number(counts.delivered)),
    ];
    for (name, count) in [
        ("Rejected:    ", counts.rejected),
        ("Unprocessed: ", counts.unprocessed),
        ("In doubt:    ", counts.in_doubt),
        ("Collapsed:   ", counts.collapsed),
    ] {
        if count > 0 {
            lines.push(format!("  {name}{}", number(count)));
        }
    }
    lines.push(format!("  Calls:       {}", number(counts.batches)));
    if let Some(bytes) = run.bytes_billed {
        let expected = run
            .bytes_expected
            .map(|most| format!(", at most {} expected", number(most)));
        lines.push(format!(
            "  Billed:      {}{}",
            counted(bytes, "byte"),
            expected.unwrap_or_default()
        ));
    }
    lines.extend(run.aside.words.iter().map(|words| format!("  Not sent:    {words}")));
    lines.push(format!("  Run:         {}", run.id));
    if let Some(doubt) = &run.doubt {
        lines.push(format!("  To decide:   {}", doubt_question(run, doubt)));
    }
    if run.resumable {
        lines.push(format!("  Go on with:  tapline runs resume {}", run.id));
    }
    if let Some(caution) = &run.caution {
        lines.push(format!("  Caution:     {}", clean(&caution.words)));
    }
    lines.join("\n")
}

/// Behind a run's outcome. A run of which nothing can be reckoned has no health, but words for why.
fn health(health: &Health) -> String {
    match health.percent {
        Some(_) => format!(", health {}", health.words),
        None => format!(". {}", health.words),
    }
}

/// What became of the rows that were not delivered, and of what CleverTap takes and cuts: a line each, with a break before it.
pub fn reasons(reasons: &RunReasons) -> String {
    let told = |count: u64, what: &str, fate: &str, reason: &Reason| {
        let column = reason.column.as_deref().map(|column| format!(" in {}", clean(column)));
        format!(
            "\n  {} {fate}{}: {} ({})",
            counted(count, what),
            column.unwrap_or_default(),
            clean(&reason.reason),
            clean(&reason.code),
        )
    };
    let group = |group: &ReasonGroup| {
        let means = group.means.as_ref();
        let means = means.map(|means| format!("\n    {}", clean(&means.explanation)));
        told(group.reason.count, "row", fate(group.fate), &group.reason) + &means.unwrap_or_default()
    };
    let warning = |warning: &Reason| told(warning.count, "record", "sent with a warning", warning);
    let groups = reasons.groups.iter().map(group);
    groups.chain(reasons.warnings.iter().map(warning)).collect()
}

/// What is in doubt, since when, and what to type for either answer.
pub fn doubt_question(run: &Run, doubt: &Doubt) -> String {
    let events = counted(doubt.events, "event");
    let (is, it) = if doubt.events == 1 {
        ("is", "it")
    } else {
        ("are", "they")
    };
    let (again, leave) = if run.resumable {
        (
            format!("tapline runs resume {} --in-doubt resend", run.id),
            format!("tapline runs resume {} --in-doubt leave", run.id),
        )
    } else {
        (
            format!("tapline runs resend {} --fate in-doubt --yes", run.id),
            format!("tapline runs leave {}", run.id),
        )
    };
    format!(
        "{events} {is} in doubt, sent from {} (UTC) and never answered.\n    Sent again, {it} may be there twice: {again}\n    \
         Left, {it} may be missing: {leave}",
        when(&doubt.since)
    )
}

/// The first problem of a test that did not pass.
pub fn first_problem(report: &CheckReport) -> Option<Problem> {
    if report.verdict == Verdict::Passed {
        return None;
    }
    let failed = report
        .steps
        .iter()
        .find(|step| step.state == StepState::Failed && !step.optional);
    failed.and_then(|step| step.problem.clone())
}

pub fn verdict(report: &CheckReport) -> String {
    let seconds = report.took_ms / 1000;
    let took = format!("{seconds}.{:01} s", report.took_ms % 1000 / 100);
    match report.verdict {
        Verdict::Passed => format!("Passed in {took}."),
        Verdict::Failed => format!("Failed after {took}."),
        Verdict::Cancelled => "Cancelled.".to_owned(),
        Verdict::Running => "Still running.".to_owned(),
    }
}

pub fn step(step: &tapline_api::wire::check::Step) -> String {
    let mark = match step.state {
        StepState::Passed => "✓",
        StepState::Failed => "✗",
        StepState::NotKnown => "?",
        StepState::NotReached | StepState::Waiting => "–",
        StepState::Running => "…",
    };
    let took = step.took_ms.map(|ms| format!("  {ms} ms")).unwrap_or_default();
    let evidence = step.evidence.as_deref().map(|seen| format!(" ({})", clean(seen)));
    format!("{mark} {}{}{took}", clean(&step.title), evidence.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use tapline_api::wire::run::{Health, Tone};

    use super::health;

    #[test]
    fn a_run_without_a_percentage_says_why_instead() {
        let told = |words: &str, percent| {
            health(&Health {
                words: words.to_owned(),
                percent,
                tone: Tone::Neutral,
            })
        };
        assert_eq!(told("99.99 %", Some(99.99)), ", health 99.99 %");
        assert_eq!(
            told("Could not look", None),
            ". Could not look",
            "and no health called that"
        );
    }
}
