//! Fix and resend, and Forget this person: what becomes of the records that a run did not deliver.

use std::sync::Arc;

use tapline_core::ground::ids::RunId;
use tapline_core::ground::problem::{Code, Problem};
use tapline_core::import::plan::{Plan, Records, Rows};
use tapline_core::import::statement;
use tapline_core::run::Fate;
use tapline_core::runner::{MOST_IDENTITIES, too_many};
use tapline_core::store::{Mendable, RecordFilter, RunRow};

use super::run_now::followed_as;
use super::source::{Open, billed};
use super::{grouped, id, off_thread};
use crate::App;
use crate::wire::import::Precision;
use crate::wire::run::{ForgetAsk, Forgotten, ResendAsk, ResendPlan, Run};

pub(super) async fn plan(app: &Arc<App>, ask: ResendAsk) -> Result<ResendPlan, Problem> {
    let (run, filter) = asked(&ask)?;
    let (row, mendable) = mendable(app, run, filter.clone()).await?;
    let mut told = ResendPlan {
        records: mendable.records,
        people: mendable.identities,
        left_out: mendable.left_out,
        bytes: 0,
        bytes_billed: 0,
        precision: Precision::AtMost,
        words: words(&row, &filter, &mendable),
        problem: None,
    };
    let cost = match row.plan.records {
        _ if mendable.records == 0 => Err(Problem::new(Code::ResendNothing)),
        Records::Profiles => cost(app, &row, filter, &mendable).await,
        Records::Events(_) => Ok(Some(0)),
    };
    match cost {
        Ok(None) => told.precision = Precision::Unknown,
        Ok(Some(bytes)) => {
            told.bytes = bytes;
            told.bytes_billed = billed(bytes);
        }
        Err(problem) => told.problem = Some(problem.into()),
    }
    Ok(told)
}

/// Returns at once; news come as signals.
pub(super) async fn start(app: &Arc<App>, ask: ResendAsk) -> Result<Run, Problem> {
    let (run, filter) = asked(&ask)?;
    let person = app.person().await?;
    let going = app.runner().resend(run, filter, &person, app.attendance()).await?;
    Ok(followed_as(app, going, Some(ask.run)))
}

pub(super) async fn forget_person(app: &Arc<App>, ask: ForgetAsk) -> Result<Forgotten, Problem> {
    let (store, identity) = (app.store.clone(), ask.identity);
    let forgotten = off_thread(move || store.forget_person(&identity)).await?;
    let forgotten = forgotten?;
    tracing::info!(target: "tapline", records = forgotten.records, "a person was forgotten");
    app.changed("runs");
    Ok(Forgotten {
        records: forgotten.records,
        running: forgotten.running,
    })
}

fn asked(ask: &ResendAsk) -> Result<(RunId, RecordFilter), Problem> {
    let filter = RecordFilter {
        fate: ask.fate.map(Fate::from),
        code: ask.code.clone(),
        column: ask.column.clone(),
        ..RecordFilter::default()
    };
    Ok((id(&ask.run)?, filter))
}

async fn mendable(app: &App, run: RunId, filter: RecordFilter) -> Result<(RunRow, Mendable), Problem> {
    app.look(move |store| {
        let row = store.runs().get(run)?;
        let mendable = store.resends().mendable(&row, &filter)?;
        Ok((row, mendable))
    })
    .await
}

/// What BigQuery reads to tell what these identities are now: by the import's plan of today, since it may have been mended.
async fn cost(app: &App, row: &RunRow, filter: RecordFilter, mendable: &Mendable) -> Result<Option<u64>, Problem> {
    if mendable.identities > u64::from(MOST_IDENTITIES) {
        return Err(too_many(mendable.identities));
    }
    let (asked, import) = (row.clone(), row.run.import);
    let (identities, import) = app
        .look(move |store| {
            let identities = store.resends().mendable_identities(&asked, &filter, MOST_IDENTITIES)?;
            Ok((identities, store.imports().get(import)?))
        })
        .await?;
    let connection = import.connection.ok_or_else(|| Problem::new(Code::NotThere))?;
    let open = Open::by_id(app, connection).await?;
    let plan: Plan = statement::narrowed(&import.plan, &open.dataset, &identities);
    let query = open.query(statement::all_rows(&plan, &open.dataset));
    let estimate = open.client.dry_run(&query).await?.select_only()?;
    Ok(estimate.bytes)
}

fn words(row: &RunRow, filter: &RecordFilter, mendable: &Mendable) -> Vec<String> {
    let mut words = Vec::new();
    match row.plan.records {
        Records::Profiles => words.push(
            "These people are read again from the source, and sent as they are there now, by the mapping of today."
                .to_owned(),
        ),
        Records::Events(_) => {
            words.push("The records are sent as they were stored.".to_owned());
            if filter.fate == Some(Fate::InDoubt) {
                words.push("Some of them may have arrived already, and will then be there twice.".to_owned());
            }
        }
    }
    let comes_back = row.plan.rows == Rows::Changed && row.plan.records != Records::Profiles;
    match mendable.left_out {
        0 => {}
        out if comes_back => words.push(format!(
            "What CleverTap refused, the import's next run finds and sends by itself ({} here).",
            grouped(out)
        )),
        1 => words.push("1 record cannot be sent again: its values are gone, it never became a record, or another run sent it.".to_owned()),
        out => words.push(format!(
            "{} records cannot be sent again: their values are gone, they never became records, or another run sent them.",
            grouped(out)
        )),
    }
    words
}
