//! Going on with a run: what it would do and cost, the start, and what becomes of events in doubt.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tapline_core::ground::ids::RunId;
use tapline_core::ground::problem::{Code, Fact, Problem};
use tapline_core::import::plan::{InDoubt, Records};
use tapline_core::store::{ResultCopy, RunRow};

use super::run_now::followed_as;
use super::source::billed;
use super::{grouped, id, runs};
use crate::App;
use crate::wire::import::Precision;
use crate::wire::run::{Doubt, ResumePlan, Run, RunRef, RunResume};

/// How long BigQuery keeps a result by itself, about.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

pub(super) async fn plan(app: &Arc<App>, ask: RunRef) -> Result<ResumePlan, Problem> {
    let run: RunId = id(&ask.run)?;
    let (row, resumable, doubt, stored, copy) = app
        .look(move |store| {
            let row = store.runs().get(run)?;
            let resumable = store.runs().can_resume(&row)?;
            let doubt = store.doubts().open(&row)?;
            let stored = store.resends().mends(row.number)?.is_some() && row.plan.records != Records::Profiles;
            let copy = store.comparisons().copy(row.number)?;
            Ok((row, resumable, doubt, stored, copy))
        })
        .await?;
    if row.run.outcome.is_none() {
        return Err(Problem::new(Code::ImportRunning).with(Fact::Name, &row.run.nickname));
    }
    if !resumable {
        return Err(Problem::new(Code::RunNotResumable));
    }
    let left = left(&row);
    let (bytes, from) = if stored {
        (
            Some(0),
            "What was stored of the events is sent, and BigQuery is asked nothing.".to_owned(),
        )
    } else {
        source(&row, copy.as_ref(), Timestamp::now())
    };
    let mut words: Vec<String> = left.map(left_words).into_iter().collect();
    words.push(from);
    words.extend(doubt_words(&row));
    Ok(ResumePlan {
        left,
        bytes_billed: bytes.map_or(0, billed),
        precision: match bytes {
            Some(_) => Precision::AtMost,
            None => Precision::Unknown,
        },
        words,
        confirm: row.needs_a_table(),
        doubt: doubt.map(Doubt::from),
    })
}

/// Returns at once; news come as signals.
pub(super) async fn start(app: &Arc<App>, ask: RunResume) -> Result<Run, Problem> {
    let run: RunId = id(&ask.run)?;
    let mends = app.look(move |store| runs::told(store, run)).await?.mends;
    if ask.confirmed {
        app.change(move |store| {
            if store.runs().get(run)?.needs_a_table() {
                store.runs_mut().into_table(run)?;
            }
            Ok(())
        })
        .await?;
    }
    let going = app.runner().resume(run, ask.in_doubt, app.attendance()).await?;
    Ok(followed_as(app, going, mends))
}

pub(super) async fn leave_doubt(app: &Arc<App>, ask: RunRef) -> Result<Run, Problem> {
    let run: RunId = id(&ask.run)?;
    let told = app
        .change(move |store| {
            store.doubts_mut().leave(run, Timestamp::now())?;
            runs::told(store, run)
        })
        .await?;
    app.changed("runs");
    Ok(told)
}

/// Rows of the result that were not tried yet.
fn left(row: &RunRow) -> Option<u64> {
    let counts = row.run.counts;
    counts
        .expected
        .map(|expected| expected.saturating_sub(counts.attempted()))
}

fn left_words(left: u64) -> String {
    match left {
        0 => "Every row was tried once.".to_owned(),
        1 => "1 row is left to be sent.".to_owned(),
        left => format!("{} rows are left to be sent.", grouped(left)),
    }
}

/// Where the rows come from, and the bytes that BigQuery may read for it.
fn source(row: &RunRow, copy: Option<&ResultCopy>, now: Timestamp) -> (Option<u64>, String) {
    if row.needs_a_table() {
        let words = "The result was too large for BigQuery to keep by itself. The query runs a second time, and its result goes to a \
                     table of the dataset that expires after seven days.";
        return (row.bytes_estimated, words.to_owned());
    }
    if row.run.counts.expected.is_none() {
        let words = "The query had not come to its end: it runs again, unless BigQuery has finished it meanwhile.";
        return (row.bytes_estimated, words.to_owned());
    }
    if now.duration_since(row.run.started_at) < KEPT {
        let words = "They are read from the result that BigQuery still keeps, which costs nothing.";
        return (Some(0), words.to_owned());
    }
    if let Some(copy) = copy.filter(|copy| copy.expires_at > now && row.run.caution.is_none()) {
        let words = format!(
            "BigQuery keeps a result for about a day. Where it has let go of this one, its copy is read, which was put into the table {} \
             when the run was paused and stays until {}. What CleverTap had acknowledged is left out.",
            copy.table.name,
            copy.expires_at.strftime("%-d %B"),
        );
        return (None, words);
    }
    let words = "BigQuery keeps a result for about a day. Where it has let go of this one, the query runs again, and what \
                 CleverTap had acknowledged is left out.";
    (row.bytes_estimated, words.to_owned())
}

fn doubt_words(row: &RunRow) -> Option<String> {
    let in_doubt = row.run.counts.in_doubt;
    if in_doubt == 0 {
        return None;
    }
    let counted = |one: &str, more: &str| match in_doubt {
        1 => format!("1 {one}"),
        count => format!("{} {more}", grouped(count)),
    };
    match &row.plan.records {
        Records::Profiles => Some(format!(
            "{} in doubt go first. A profile that arrived already stays as it is.",
            counted("profile", "profiles")
        )),
        Records::Events(events) => match events.in_doubt {
            InDoubt::Ask => None,
            InDoubt::Leave => Some(format!(
                "{} in doubt are left as they are, as the import says: some may be missing.",
                counted("event", "events")
            )),
            InDoubt::Resend => Some(format!(
                "{} in doubt are sent again, as the import says: some may be there twice.",
                counted("event", "events")
            )),
        },
    }
}
