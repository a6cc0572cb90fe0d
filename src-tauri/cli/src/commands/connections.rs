//! `tapline connections`.

use serde_json::json;
use tapline_api::wire::check::{CheckReport, CheckStart};
use tapline_api::wire::connection::{Connection, ConnectionDraft, ConnectionRef, ConnectionSave, DeletePlan};
use tapline_api::wire::problem::Problem;

use crate::args::{AddConnection, Connections, KeySource};
use crate::desk::Desk;
use crate::progress;
use crate::say::{Answered, Said, counted, not_understood, problem_words, table};
use crate::{input, words};

pub async fn answer(desk: &mut Desk, ask: Connections) -> Answered {
    match ask {
        Connections::List => list(desk).await,
        Connections::Add(add) => self::add(desk, add).await,
        Connections::Test { name, key } => test(desk, &name, &key).await,
        Connections::Delete {
            name,
            stop_imports,
            yes,
        } => delete(desk, &name, stop_imports, yes).await,
    }
}

/// The connection with this name or id.
pub async fn named(desk: &Desk, name: &str) -> Result<Connection, Problem> {
    let all: Vec<Connection> = desk.ask("connections.list", ()).await?;
    all.into_iter()
        .find(|one| one.id == name || one.name.to_lowercase() == name.to_lowercase())
        .ok_or_else(|| super::nothing_called("connection", name))
}

/// Lends the key that came with the command to a saved connection, for as long as this process lives.
pub async fn lend_key(desk: &Desk, connection: &Connection, source: &KeySource) -> Result<(), Problem> {
    if let Some(bytes) = input::key(source)? {
        let offer = desk.app.offer_key(bytes, None).await?;
        desk.app.lend_key(&connection.id, &offer.offer).await?;
    }
    Ok(())
}

async fn list(desk: &Desk) -> Answered {
    let all: Vec<Connection> = desk.ask("connections.list", ()).await?;
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            vec![
                one.name.clone(),
                format!("{}.{}", one.project_id, one.dataset_id),
                one.location.clone().unwrap_or_else(|| "–".to_owned()),
                words::last_check(one.last_check.as_ref()),
                one.client_email.clone(),
                format!("…{}", one.key_id_tail),
                one.connected_by.clone(),
            ]
        })
        .collect();
    let head = [
        "Name",
        "Dataset",
        "Location",
        "Last test",
        "Service account",
        "Key",
        "Connected by",
    ];
    let empty = "No connection is saved. `tapline connections add --help` tells how to add one.";
    Ok(Said::new(&all, table(&head, &rows, empty)))
}

async fn add(desk: &mut Desk, add: AddConnection) -> Answered {
    let Some(bytes) = input::key(&add.key)? else {
        return Err(not_understood(
            "Name the service-account key with --key FILE, --key - or --key-fd N.",
        ));
    };
    let offer = desk.app.offer_key(bytes, None).await?;
    let mut draft = ConnectionDraft {
        id: None,
        name: add.name,
        project_id: add.project,
        dataset_id: add.dataset,
        billing_project: add.billing_project,
        bytes_cap: add.bytes_cap,
        location: add.location,
        offer: Some(offer.offer),
    };
    draft = desk.app.filled(draft)?;
    let report = if add.no_test {
        None
    } else {
        let started: CheckReport = desk.ask("check.start", CheckStart { draft: draft.clone() }).await?;
        Some(progress::check(desk, started).await?)
    };
    let save = ConnectionSave {
        draft,
        check: report.as_ref().map(|report| report.check.clone()),
    };
    let connection = if add.keep_no_key {
        desk.app.save_without_key(save).await?
    } else {
        desk.ask::<Connection>("connections.save", save).await?
    };
    let said = format!(
        "{} is saved. It reads {}.{}.{}",
        connection.name,
        connection.project_id,
        connection.dataset_id,
        report
            .as_ref()
            .map(|report| caution(report, desk.verbose))
            .unwrap_or_default()
    );
    let problem = report.as_ref().and_then(words::first_problem);
    Ok(Said::new(json!({ "connection": connection, "check": report }), said).but(problem))
}

async fn test(desk: &mut Desk, name: &str, key: &KeySource) -> Answered {
    let connection = named(desk, name).await?;
    lend_key(desk, &connection, key).await?;
    let ask = ConnectionRef {
        connection: connection.id,
    };
    let started: CheckReport = desk.ask("check.start_saved", ask).await?;
    let report = progress::check(desk, started).await?;
    let problem = words::first_problem(&report);
    let said = if desk.json {
        String::new()
    } else {
        words::verdict(&report) + &caution(&report, desk.verbose)
    };
    Ok(Said::new(json!({ "check": report }), said).but(problem))
}

/// On lines of its own: that the key may do more than it needs to.
fn caution(report: &CheckReport, verbose: bool) -> String {
    let caution = report.caution.as_ref();
    caution
        .map(|caution| format!("\n{}", problem_words(caution, verbose)))
        .unwrap_or_default()
}

async fn delete(desk: &Desk, name: &str, stop_imports: bool, yes: bool) -> Answered {
    let connection = named(desk, name).await?;
    let ask = ConnectionRef {
        connection: connection.id,
    };
    let first = if stop_imports && yes {
        "connections.stop_imports"
    } else {
        "connections.delete_plan"
    };
    let plan: DeletePlan = desk.ask(first, &ask).await?;
    if !yes {
        return Ok(Said::new(json!({ "deleted": false, "plan": plan }), plan_words(&plan)));
    }
    desk.ask::<()>("connections.delete", &ask).await?;
    let said = format!("{} and its key are gone.", plan.connection.name);
    Ok(Said::new(json!({ "deleted": true, "plan": plan }), said))
}

fn plan_words(plan: &DeletePlan) -> String {
    let mut lines = vec![format!(
        "Nothing has been deleted. With --yes, {} and its key go.",
        plan.connection.name
    )];
    for import in &plan.blocking {
        let status = words::import_status(import.status);
        lines.push(format!("  Stands in the way: {} ({status})", import.nickname));
    }
    if !plan.blocking.is_empty() {
        lines.push("  --stop-imports stops what stands in the way.".to_owned());
    }
    for import in &plan.imports {
        lines.push(format!("  Goes with it: {}", import.nickname));
    }
    lines.push(format!(
        "  Stays in the history: {}",
        counted(plan.runs_kept.into(), "run")
    ));
    lines.join("\n")
}
