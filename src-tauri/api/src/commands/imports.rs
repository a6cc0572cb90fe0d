//! Imports: the list, saving, stopping. What asks BigQuery is in `source`, and the dry run in `dry_run`.

use std::sync::Arc;

use jiff::Timestamp;
use tapline_core::ground::ids::ImportId;
use tapline_core::ground::problem::{Code, Fact, Problem};
use tapline_core::import::fault::nearest;
use tapline_core::import::plan::Plan;
use tapline_core::import::state::ImportStatus;
use tapline_core::import::validate;
use tapline_core::store::{ImportRow, Reading, StoreError, Subject};

use super::{id, restart};
use crate::App;
use crate::wire::import::{Import, ImportBrief, ImportRef, ImportSave};
use crate::wire::problem::Problem as WireProblem;

pub(super) async fn list(app: &Arc<App>, (): ()) -> Result<Vec<ImportBrief>, Problem> {
    app.look(|store| {
        let rows = store.imports().list()?;
        rows.iter().map(|row| brief(store, row)).collect()
    })
    .await
}

pub(super) async fn get(app: &Arc<App>, ask: ImportRef) -> Result<Import, Problem> {
    let import: ImportId = id(&ask.import)?;
    app.look(move |store| told(store, import)).await
}

/// Saves a plan. One that is not to be a Draft must be whole: the first thing that stands against it is told.
pub(super) async fn save(app: &Arc<App>, save: ImportSave) -> Result<Import, Problem> {
    let existing: Option<ImportId> = save.id.as_deref().map(id).transpose()?;
    let (plan, draft) = (save.plan, save.draft);
    if plan.nickname.trim().is_empty() {
        return Err(Problem::new(Code::FieldEmpty)
            .with(Fact::Field, "nickname")
            .with(Fact::Name, "Nickname"));
    }
    if !draft {
        restart::may_be_saved(app, &plan).await?;
    }
    let person = app.person().await?;
    let refused = app
        .change(move |store| {
            let problems = against(store, &plan)?;
            if let Some(problem) = problems.into_iter().next().filter(|_| !draft) {
                return Ok(Err(problem));
            }
            let before = existing.map(|import| store.imports().get(import)).transpose()?;
            let row = row_of(store, plan, draft, before, person)?;
            match existing {
                Some(_) => store.imports_mut().change(&row)?,
                None => store.imports_mut().add(&row)?,
            }
            told(store, row.id).map(Ok)
        })
        .await?;
    if refused.is_ok() {
        app.changed("imports");
    }
    refused
}

pub(super) async fn stop(app: &Arc<App>, ask: ImportRef) -> Result<Import, Problem> {
    let import: ImportId = id(&ask.import)?;
    let stopped = app
        .change(move |store| {
            store.imports_mut().stop(import)?;
            Ok((told(store, import)?, store.runs().last_of(import)?))
        })
        .await?;
    let (stopped, last) = stopped;
    // A run of this process need not find out by itself.
    if let Some(last) = last.filter(|last| last.run.outcome.is_none()) {
        app.runner().stop(last.run.id).await?;
    }
    app.changed("imports");
    app.changed("runs");
    Ok(stopped)
}

fn row_of(
    store: &Reading<'_>,
    plan: Plan,
    draft: bool,
    before: Option<ImportRow>,
    person: String,
) -> Result<ImportRow, StoreError> {
    let plan = Plan {
        nickname: plan.nickname.trim().to_owned(),
        ..plan
    };
    let connection = store.connections().named(&plan.database)?;
    let account = store.accounts().named(&plan.account)?;
    let now = Timestamp::now();
    let row = ImportRow {
        id: ImportId::new(),
        status: if draft {
            ImportStatus::Draft
        } else {
            ImportStatus::Ready
        },
        connection: connection.map(|row| row.id),
        account: account.map(|row| row.id),
        plan,
        created_at: now,
        created_by: person.clone(),
        updated_at: now,
        updated_by: person,
    };
    Ok(match before {
        Some(before) => ImportRow {
            id: before.id,
            created_at: before.created_at,
            created_by: before.created_by,
            ..row
        },
        None => row,
    })
}

/// What stands against a plan, its database and its account included.
pub(super) fn against(store: &Reading<'_>, plan: &Plan) -> Result<Vec<Problem>, StoreError> {
    let mut problems = validate(plan);
    let unknown = |field: &str, name: &str, known: Vec<String>| {
        Problem::new(Code::NameUnknown)
            .with(Fact::Field, field)
            .with(Fact::Name, name)
            .with_some(Fact::Suggestion, nearest(name, known.iter().map(String::as_str)))
    };
    if !plan.database.trim().is_empty() && store.connections().named(&plan.database)?.is_none() {
        let known = store.connections().list()?.into_iter().map(|row| row.name).collect();
        problems.push(unknown("database", &plan.database, known));
    }
    if !plan.account.trim().is_empty() && store.accounts().named(&plan.account)?.is_none() {
        let known = store.accounts().list()?.into_iter().map(|row| row.name).collect();
        problems.push(unknown("account", &plan.account, known));
    }
    Ok(problems)
}

/// An import as it is shown, with what stands in the way of running it.
pub(super) fn told(store: &Reading<'_>, import: ImportId) -> Result<Import, StoreError> {
    let row = store.imports().get(import)?;
    let mut problems = against(store, &row.plan)?;
    problems.extend(untested(store, &row)?);
    Ok(Import {
        brief: brief(store, &row)?,
        plan: row.plan,
        problems: problems.iter().map(WireProblem::from).collect(),
    })
}

/// An import runs only where the last test of its connection passed.
pub(super) fn untested(store: &Reading<'_>, row: &ImportRow) -> Result<Option<Problem>, StoreError> {
    let Some(connection) = row.connection else {
        return Ok(None);
    };
    let last = store.checks().last(Subject::Connection(connection))?;
    let passed = last.is_some_and(|check| check.passed);
    Ok((!passed).then(|| Problem::new(Code::ConnectionNotTested).with(Fact::Name, &row.plan.database)))
}

pub(super) fn brief(store: &Reading<'_>, row: &ImportRow) -> Result<ImportBrief, StoreError> {
    let last = store.runs().last_of(row.id)?;
    let last = match &last {
        Some(last) => Some((last, store.runs().can_resume(last)?)),
        None => None,
    };
    Ok(ImportBrief::of(row, last, store.runs().billed_for(row.id)?))
}
