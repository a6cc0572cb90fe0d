//! Changed rows before an import is saved, and starting an import from the beginning.

use std::sync::Arc;

use tapline_core::ground::ids::{ConnectionId, ImportId};
use tapline_core::ground::problem::{Problem, Voice};
use tapline_core::import::plan::{Plan, Records, Rows};
use tapline_core::store::ImportRow;

use super::{grouped, id, imports};
use crate::App;
use crate::wire::import::{Import, ImportRef, RestartPlan, SourceAsk};
use crate::wire::problem::Problem as WireProblem;

pub(super) async fn can_compare(app: &Arc<App>, ask: SourceAsk) -> Result<Option<WireProblem>, Problem> {
    let connection: ConnectionId = id(&ask.connection)?;
    let row = app.look(move |store| store.connections().get(connection)).await?;
    let asked = app.runner().can_compare(&row, &ask.source, app.attendance()).await;
    Ok(asked.err().map(|problem| WireProblem::from(&problem)))
}

/// Refuses a plan whose Changed rows Google says cannot be had. Where it cannot be asked now, a run will tell.
pub(super) async fn may_be_saved(app: &Arc<App>, plan: &Plan) -> Result<(), Problem> {
    if plan.rows != Rows::Changed {
        return Ok(());
    }
    let name = plan.database.clone();
    let Some(row) = app.look(move |store| store.connections().named(&name)).await? else {
        return Ok(());
    };
    match app.runner().can_compare(&row, &plan.source, app.attendance()).await {
        Err(problem) if problem.code().entry().voice == Voice::Google && !problem.retryable() => Err(problem),
        _ => Ok(()),
    }
}

pub(super) async fn plan(app: &Arc<App>, ask: ImportRef) -> Result<RestartPlan, Problem> {
    let import: ImportId = id(&ask.import)?;
    let (row, delivered, waits) = app
        .look(move |store| {
            let runs = store.runs().list(Some(import))?;
            let delivered = runs.iter().map(|row| row.run.counts.delivered).sum::<u64>();
            let last = runs.first().map(|last| store.runs().can_resume(last)).transpose()?;
            Ok((store.imports().get(import)?, delivered, last.unwrap_or(false)))
        })
        .await?;
    let statements = app.runner().restart_statements(import).await?;
    Ok(RestartPlan {
        words: words(&row, delivered, waits, !statements.is_empty()),
        statements,
    })
}

pub(super) async fn restart(app: &Arc<App>, ask: ImportRef) -> Result<Import, Problem> {
    let import: ImportId = id(&ask.import)?;
    app.runner().restart(import, app.attendance()).await?;
    app.changed("imports");
    app.look(move |store| imports::told(store, import)).await
}

fn words(row: &ImportRow, delivered: u64, waits: bool, tables: bool) -> Vec<String> {
    let mut words = vec![match row.plan.rows {
        Rows::All => "Every run of this import sends all rows anyway.".to_owned(),
        Rows::NewAndUpdated(_) => {
            "Its next run sends every row that has an Updated On, as its first run did.".to_owned()
        }
        Rows::Changed => "Its next run sends every row, as its first run did.".to_owned(),
    }];
    match &row.plan.records {
        Records::Profiles => {
            words.push("Profiles that are at CleverTap already are sent once more, and stay one.".to_owned());
        }
        Records::Events(_) if delivered == 1 => {
            words.push("1 event of this import was delivered before, and will be there twice.".to_owned());
        }
        Records::Events(_) if delivered > 1 => words.push(format!(
            "{} events of this import were delivered before, and will be there twice.",
            grouped(delivered)
        )),
        Records::Events(_) => {}
    }
    if waits {
        words.push("Its last run cannot be resumed any more.".to_owned());
    }
    if tables {
        words.push(
            "In BigQuery, the tables in which Tapline kept what CleverTap acknowledged are dropped. No other table is touched."
                .to_owned(),
        );
    }
    words
}
