//! Saved connections: the list, the form, saving, and the guarded delete.

use std::sync::Arc;

use jiff::Timestamp;
use tapline_core::connection as core;
use tapline_core::google::key::ServiceAccountKey;
use tapline_core::ground::ids::ConnectionId;
use tapline_core::ground::problem::{Code, Fact, Problem};
use tapline_core::ground::secret::Secret;
use tapline_core::store::{ConnectionRow, Reading, StoreError, Subject as Stored};
use tapline_core::vault;

use super::{first, id};
use crate::App;
use crate::checks::Subject;
use crate::wire::connection::{
    Connection, ConnectionDraft, ConnectionRef, ConnectionSave, DatasetSplit, DeletePlan, DraftReview,
};
use crate::wire::import::ImportBrief;
use crate::wire::problem::Problem as WireProblem;

/// Where Google's tokens come from, whatever a key file says.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

pub(super) async fn list(app: &Arc<App>, (): ()) -> Result<Vec<Connection>, Problem> {
    app.look(|store| {
        let rows = store.connections().list()?;
        rows.iter().map(|row| told(store, row.id)).collect()
    })
    .await
}

pub(super) async fn get(app: &Arc<App>, ask: ConnectionRef) -> Result<Connection, Problem> {
    let connection: ConnectionId = id(&ask.connection)?;
    let (connection, entry) = app
        .look(move |store| {
            Ok((
                told(store, connection)?,
                store.connections().get(connection)?.vault_entry,
            ))
        })
        .await?;
    let key_problem = app.secret_problem(&entry).await;
    Ok(Connection {
        key_problem: key_problem.map(WireProblem::from),
        ..connection
    })
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

/// The draft with an empty project filled in: from the dataset's path, else from the key.
pub(crate) fn filled(app: &App, draft: ConnectionDraft) -> Result<ConnectionDraft, Problem> {
    let typed = core::ConnectionDraft::from(&draft);
    let in_path = typed.dataset_box().and_then(|found| found.project).is_some();
    let key = draft.offer.as_deref().map(|offer| app.offers.get(offer)).transpose()?;
    let in_key = key.and_then(|key| key.project_id.clone());
    Ok(match in_key {
        Some(project_id) if !in_path && draft.project_id.trim().is_empty() => ConnectionDraft { project_id, ..draft },
        _ => draft,
    })
}

/// Saves what was typed. The key goes to the keychain first, so that a connection without its key is never saved.
pub(super) async fn save(app: &Arc<App>, save: ConnectionSave) -> Result<Connection, Problem> {
    save_keeping(app, save, Keep::InKeychain).await
}

/// Where the private key stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    InKeychain,
    /// In this process alone. Each later one is given it anew.
    Nowhere,
}

pub(crate) async fn save_keeping(app: &Arc<App>, save: ConnectionSave, keep: Keep) -> Result<Connection, Problem> {
    let draft = save.draft;
    let before = match draft.id.as_deref() {
        Some(text) => {
            let connection: ConnectionId = id(text)?;
            Some(app.look(move |store| store.connections().get(connection)).await?)
        }
        None => None,
    };
    let typed = core::ConnectionDraft::from(&draft);
    let name = typed.read_name()?;
    let target = typed.read_target().map_err(first)?;
    let key = draft.offer.as_deref().map(|offer| app.offers.get(offer)).transpose()?;
    let own = before.as_ref().map(|row| row.id.to_string());
    if taken(&names_of_others(app, own.as_deref()).await?, &name) {
        return Err(name_taken(&name));
    }
    let of = match (&draft.offer, &before) {
        (Some(offer), _) => Some(Subject::Offer(offer.clone())),
        (None, Some(before)) => Some(Subject::Edited(before.id)),
        (None, None) => None,
    };
    let tested = save
        .check
        .as_deref()
        .zip(of)
        .and_then(|(check, of)| app.checks.ended(check, &target, &of));
    let replaced = before.is_some() && key.is_some();
    if replaced && !tested.as_ref().is_some_and(|ended| ended.row.passed) {
        return Err(Problem::new(Code::KeyNotTested));
    }

    let row = row_of(app, name, &target, before.as_ref(), key.as_deref()).await?;
    if let Some(key) = &key {
        let secret = key.private_key().lend(|der| Secret::new(der.clone()));
        match keep {
            Keep::InKeychain => app.keep_secret(&row.vault_entry, secret).await?,
            Keep::Nowhere => app.vault.give(&row.vault_entry, secret),
        }
    }
    let moved = before.as_ref().is_none_or(|before| differs(before, &row));
    let (is_new, written) = (before.is_none(), row.clone());
    let location = tested.as_ref().and_then(|ended| ended.location.clone());
    let check = tested.map(|ended| ended.row);
    let saved = app
        .change(move |store| {
            let row = ConnectionRow {
                location: location.or_else(|| written.location.clone().filter(|_| !moved)),
                ..written
            };
            if is_new {
                store.connections_mut().add(&row)?;
            } else {
                store.connections_mut().change(&row)?;
            }
            let subject = Stored::Connection(row.id);
            match &check {
                Some(check) => store.checks_mut().put(subject, check)?,
                None if moved => store.checks_mut().forget(subject)?,
                None => {}
            }
            told(store, row.id)
        })
        .await;
    let gone = match &saved {
        // What was written for nothing goes again.
        Err(_) => key.is_some().then_some(&row.vault_entry),
        Ok(_) => before.as_ref().filter(|_| replaced).map(|before| &before.vault_entry),
    };
    if let Some(entry) = gone {
        app.drop_secret(entry).await.ok(); // noted: the next start sweeps what is left
    }
    if saved.is_ok() {
        if let Some(offer) = &draft.offer {
            app.offers.forget(offer);
        }
        app.changed("connections");
        app.changed("imports");
    }
    saved
}

/// The connection as it will stand. With a new key it gets a new entry in the keychain.
async fn row_of(
    app: &Arc<App>,
    name: String,
    target: &core::Target,
    before: Option<&ConnectionRow>,
    key: Option<&ServiceAccountKey>,
) -> Result<ConnectionRow, Problem> {
    let now = Timestamp::now();
    let row = match (before, key) {
        (Some(before), None) => before.clone(),
        (before, Some(key)) => ConnectionRow {
            id: before.map_or_else(ConnectionId::new, |before| before.id),
            client_email: key.client_email.clone(),
            client_id: None,
            key_id: key.key_id.clone(),
            key_bits: key.key_bits,
            token_uri: TOKEN_URI.to_owned(),
            vault_entry: vault::new_entry(vault::Kind::Key),
            key_added_at: now,
            connected_at: before.map_or(now, |before| before.connected_at),
            connected_by: match before {
                Some(before) => before.connected_by.clone(),
                None => app.person().await?,
            },
            location: before.and_then(|before| before.location.clone()),
            name: String::new(),
            project_id: String::new(),
            dataset_id: String::new(),
            billing_project: None,
            bytes_cap: None,
            location_override: None,
        },
        (None, None) => {
            return Err(Problem::new(Code::FieldEmpty)
                .with(Fact::Field, "key")
                .with(Fact::Name, "Google Service Account Key"));
        }
    };
    Ok(ConnectionRow {
        name,
        project_id: target.dataset.project.to_string(),
        dataset_id: target.dataset.dataset.to_string(),
        billing_project: target.billing_project.as_ref().map(ToString::to_string),
        bytes_cap: target.bytes_cap,
        location_override: target.location.as_ref().map(ToString::to_string),
        ..row
    })
}

/// Whether what a test looked at is another than before. The name and the cap are not.
fn differs(before: &ConnectionRow, row: &ConnectionRow) -> bool {
    let looked_at = |row: &ConnectionRow| {
        (
            row.project_id.clone(),
            row.dataset_id.clone(),
            row.billing_project.clone(),
            row.location_override.clone(),
            row.key_id.clone(),
        )
    };
    looked_at(before) != looked_at(row)
}

/// Deletes a connection, its imports and its key. Refused while an import stands in the way.
pub(super) async fn delete(app: &Arc<App>, ask: ConnectionRef) -> Result<(), Problem> {
    let connection: ConnectionId = id(&ask.connection)?;
    let entry = app
        .change(move |store| store.connections_mut().delete(connection))
        .await?;
    app.changed("connections");
    app.changed("imports");
    app.drop_secret(&entry).await
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
    let last = store.checks().last(Stored::Connection(connection))?;
    let imports = store.imports().of_connection(connection)?;
    Ok(Connection::of(&row, last.as_ref(), imports.len()))
}

async fn names_of_others(app: &Arc<App>, own: Option<&str>) -> Result<Vec<String>, Problem> {
    let rows = app.look(|store| store.connections().list()).await?;
    let others = rows.into_iter().filter(|row| Some(row.id.to_string().as_str()) != own);
    Ok(others.map(|row| row.name.to_lowercase()).collect())
}

pub(super) fn taken(names: &[String], name: &str) -> bool {
    !name.is_empty() && names.contains(&name.to_lowercase())
}

pub(super) fn name_taken(name: &str) -> Problem {
    Problem::new(Code::NameTaken)
        .with(Fact::Field, "name")
        .with(Fact::Name, name.trim())
}

/// The name, or the name with the first number that makes it free.
pub(super) fn free_name(names: &[String], name: &str) -> String {
    let numbered = (2..).map(|number| format!("{name} {number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !taken(names, name))
        .unwrap_or_default()
}
