//! Saved connections: the list, the form, saving, and the guarded delete.

use std::sync::Arc;

use tapline_core::connection as core;
use tapline_core::ground::ids::ConnectionId;
use tapline_core::ground::problem::{Code, Fact, Problem};
use tapline_core::store::{Reading, StoreError, Subject};

use super::id;
use crate::App;
use crate::wire::connection::{Connection, ConnectionDraft, ConnectionRef, DatasetSplit, DeletePlan, DraftReview};
use crate::wire::import::ImportBrief;
use crate::wire::problem::Problem as WireProblem;

pub(super) async fn list(app: &Arc<App>, (): ()) -> Result<Vec<Connection>, Problem> {
    app.look(|store| {
        let rows = store.connections().list()?;
        rows.iter().map(|row| told(store, row.id)).collect()
    })
    .await
}

pub(super) async fn get(app: &Arc<App>, ask: ConnectionRef) -> Result<Connection, Problem> {
    let connection: ConnectionId = id(&ask.connection)?;
    app.look(move |store| told(store, connection)).await
}

pub(super) async fn review(app: &Arc<App>, draft: ConnectionDraft) -> Result<DraftReview, Problem> {
    let names = names_of_others(app, draft.id.as_deref()).await?;
    let typed = core::ConnectionDraft::from(&draft);
    let mut problems = match typed.read_name() {
        Ok(name) if taken(&names, &name) => vec![name_taken(&name)],
        Ok(_) => Vec::new(),
        Err(problem) => vec![problem],
    };
    problems.extend(typed.read_target().err().unwrap_or_default());
    let split = typed.dataset_box().and_then(|found| {
        Some(DatasetSplit {
            said: found.explained()?,
            project_id: found.project.map(String::from),
            dataset_id: found.dataset.into(),
            table_id: found.table.map(String::from),
        })
    });
    Ok(DraftReview {
        problems: problems.iter().map(WireProblem::from).collect(),
        split,
        suggested_name: typed.suggested_name().map(|name| free_name(&names, &name)),
    })
}

pub(super) async fn delete_plan(app: &Arc<App>, ask: ConnectionRef) -> Result<DeletePlan, Problem> {
    let connection: ConnectionId = id(&ask.connection)?;
    app.look(move |store| plan(store, connection)).await
}

pub(super) async fn stop_imports(app: &Arc<App>, ask: ConnectionRef) -> Result<DeletePlan, Problem> {
    let connection: ConnectionId = id(&ask.connection)?;
    let plan = app
        .change(move |store| {
            store.connections().get(connection)?;
            store.imports_mut().stop_all_of(connection)?;
            plan(store, connection)
        })
        .await?;
    app.changed("imports");
    app.changed("runs");
    Ok(plan)
}

fn plan(store: &Reading<'_>, connection: ConnectionId) -> Result<DeletePlan, StoreError> {
    let imports = store.imports().of_connection(connection)?;
    let blocking = store.imports().in_the_way_of_connection(connection)?;
    let ids: Vec<_> = imports.iter().map(|row| row.id).collect();
    let runs = store.runs().count_of_imports(&ids)?;
    let brief = |rows: Vec<_>| -> Result<Vec<ImportBrief>, StoreError> {
        rows.iter().map(|row| super::imports::brief(store, row)).collect()
    };
    Ok(DeletePlan {
        connection: told(store, connection)?,
        blocking: brief(blocking)?,
        imports: brief(imports)?,
        runs_kept: u32::try_from(runs).unwrap_or(u32::MAX),
    })
}

/// A connection as it is shown, with its last test and its imports.
pub(super) fn told(store: &Reading<'_>, connection: ConnectionId) -> Result<Connection, StoreError> {
    let row = store.connections().get(connection)?;
    let last = store.checks().last(Subject::Connection(connection))?;
    let imports = store.imports().of_connection(connection)?;
    Ok(Connection::of(&row, last.as_ref(), imports.len()))
}

async fn names_of_others(app: &Arc<App>, own: Option<&str>) -> Result<Vec<String>, Problem> {
    let rows = app.look(|store| store.connections().list()).await?;
    let others = rows.into_iter().filter(|row| Some(row.id.to_string().as_str()) != own);
    Ok(others.map(|row| row.name.to_lowercase()).collect())
}

fn taken(names: &[String], name: &str) -> bool {
    !name.is_empty() && names.contains(&name.to_lowercase())
}

pub(super) fn name_taken(name: &str) -> Problem {
    Problem::new(Code::NameTaken)
        .with(Fact::Field, "name")
        .with(Fact::Name, name.trim())
}

/// The name, or the name with the first number that makes it free.
fn free_name(names: &[String], name: &str) -> String {
    let numbered = (2..).map(|number| format!("{name} {number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !taken(names, name))
        .unwrap_or_default()
}
