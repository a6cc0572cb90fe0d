//! Run now: what a person must read before, the start, and the news as signals.

use std::sync::Arc;

use tapline_core::ground::ids::ImportId;
use tapline_core::ground::problem::{Code, Fact, Problem};
use tapline_core::import::plan::{Records, Rows, Source};
use tapline_core::runner::{Going, Progress};
use tapline_core::store::ImportRow;

use super::source::Open;
use super::{grouped, id, imports, runs};
use crate::App;
use crate::wire::import::{ImportRef, ImportRunAsk, RunWarning};
use crate::wire::run::Run;
use crate::wire::signal::Signal;

pub(super) async fn warning(app: &Arc<App>, ask: ImportRef) -> Result<Option<RunWarning>, Problem> {
    let import: ImportId = id(&ask.import)?;
    let row = app.look(move |store| store.imports().get(import)).await?;
    warning_of(app, &row).await
}

/// Returns at once; news come as signals.
pub(super) async fn start(app: &Arc<App>, ask: ImportRunAsk) -> Result<Run, Problem> {
    let import: ImportId = id(&ask.import)?;
    let (row, untested) = app
        .look(move |store| {
            let row = store.imports().get(import)?;
            let untested = imports::untested(store, &row)?;
            Ok((row, untested))
        })
        .await?;
    if let Some(problem) = untested {
        return Err(problem);
    }
    if !ask.confirmed
        && let Some(warning) = warning_of(app, &row).await?
    {
        return Err(Problem::new(Code::ConfirmationNeeded)
            .with(Fact::Detail, warning.words)
            .with_some(Fact::Count, warning.rows.map(|rows| rows.to_string())));
    }
    let person = app.person().await?;
    let going = app.runner().start(import, &person, app.attendance()).await?;
    Ok(followed(app, going))
}

pub(super) fn followed(app: &Arc<App>, going: Going) -> Run {
    followed_as(app, going, None)
}

/// The same, of a run that mends another.
pub(super) fn followed_as(app: &Arc<App>, going: Going, mends: Option<String>) -> Run {
    let run = Run {
        mends: mends.clone(),
        ..Run::from(&going.now())
    };
    app.changed("imports");
    app.changed("runs");
    tokio::spawn(follow(Arc::clone(app), going, mends));
    run
}

/// Passes the news on. The last ones are told after the lists can show them.
async fn follow(app: Arc<App>, mut going: Going, mends: Option<String>) {
    while let Some(news) = going.news().await {
        let mut run = Run {
            mends: mends.clone(),
            ..Run::from(&news)
        };
        let ended = run.outcome.is_some();
        if ended && let Ok(known) = app.look(move |store| runs::told(store, news.run.id)).await {
            run = known;
        }
        if ended {
            app.changed("imports");
            app.changed("runs");
        }
        app.host.signal(Signal::Run(run));
        if ended {
            return;
        }
    }
}

/// Events cannot be taken back, so it is asked before all rows are sent as such. A run that sends what is new since the last
/// one needs no word: only the first of them sends them all.
async fn warning_of(app: &App, row: &ImportRow) -> Result<Option<RunWarning>, Problem> {
    if row.plan.records == Records::Profiles {
        return Ok(None);
    }
    let (import, ways) = (row.id, row.plan.rows.clone());
    let (delivered, goes_on) = app
        .look(move |store| {
            let runs = store.runs().list(Some(import))?;
            let goes_on = match ways {
                Rows::All => false,
                Rows::NewAndUpdated(_) => store.watermarks().any(import)?,
                Rows::Changed => store
                    .comparisons()
                    .state(import)?
                    .is_some_and(|state| state.merged_at.is_some()),
            };
            Ok((runs.iter().map(|row| row.run.counts.delivered).sum::<u64>(), goes_on))
        })
        .await?;
    if goes_on {
        return Ok(None);
    }
    let rows = rows_of(app, row).await;
    let dated = match row.plan.rows {
        Rows::NewAndUpdated(_) => " that have an Updated On",
        Rows::All | Rows::Changed => "",
    };
    let sent = match rows {
        Some(rows) if dated.is_empty() && rows == 1 => "1 row is sent as an event.".to_owned(),
        Some(rows) if dated.is_empty() => format!("All {} rows are sent as events.", grouped(rows)),
        Some(rows) => format!(
            "Of {} rows, all{dated} are sent as events: this is the first run.",
            grouped(rows)
        ),
        None => format!("All rows{dated} are sent as events."),
    };
    let again = match delivered {
        0 => String::new(),
        1 => " 1 event of this import was delivered before, and will be there twice.".to_owned(),
        delivered => format!(
            " {} events of this import were delivered before, and will be there twice.",
            grouped(delivered)
        ),
    };
    Ok(Some(RunWarning {
        rows,
        words: format!("{sent} Events cannot be taken back or changed.{again}"),
    }))
}

/// Nice to know: a table says how many rows it has, a query does not.
async fn rows_of(app: &App, row: &ImportRow) -> Option<u64> {
    let Source::Table(table) = &row.plan.source else {
        return None;
    };
    let open = Open::by_id(app, row.connection?).await.ok()?;
    open.client.table(&open.table(table).ok()?).await.ok()?.rows
}

impl From<&Progress> for Run {
    fn from(progress: &Progress) -> Self {
        Self {
            records_per_second: progress.records_per_second,
            seconds_left: progress.seconds_left,
            ..Self::of(&progress.run, false, jiff::Timestamp::now())
        }
    }
}
