//! `tapline imports`: all but preview, which needs no store.

use serde_json::json;
use tapline_api::wire::import::{Import, ImportBrief, ImportRef, ImportRunAsk, ImportSave, RestartPlan, RunWarning};
use tapline_api::wire::problem::Problem;
use tapline_api::wire::run::{Outcome, Run, RunReasons, RunRef};
use tapline_api::{Code, Fact, offline};

use super::{accounts, connections};
use crate::args::{Imports, KeySource, PasscodeSource};
use crate::desk::Desk;
use crate::say::{Answered, End, Said, clean, number, table};
use crate::{input, progress, words};

pub async fn answer(desk: &mut Desk, ask: Imports) -> Answered {
    match ask {
        Imports::List => list(desk).await,
        Imports::Export { nickname } => export(desk, &nickname).await,
        Imports::Add { plan, replace, draft } => {
            let text = input::text(&plan)?;
            add(desk, &text, replace, draft).await
        }
        Imports::Run {
            nickname,
            yes,
            key,
            passcode,
        } => run(desk, &nickname, yes, &key, &passcode).await,
        Imports::Stop { nickname } => stop(desk, &nickname).await,
        Imports::Restart { nickname, yes, key } => restart(desk, &nickname, yes, &key).await,
        Imports::Preview { .. } | Imports::Schema => Ok(schema()),
    }
}

pub fn schema() -> Said {
    let schema = offline::plan_schema();
    let ok: serde_json::Value = serde_json::from_str(&schema).unwrap_or_default();
    Said::new(ok, schema)
}

/// The import with this nickname or id.
pub async fn named(desk: &Desk, nickname: &str) -> Result<ImportBrief, Problem> {
    let all: Vec<ImportBrief> = desk.ask("imports.list", ()).await?;
    find(all, nickname).ok_or_else(|| super::nothing_called("import", nickname))
}

fn find(all: Vec<ImportBrief>, nickname: &str) -> Option<ImportBrief> {
    all.into_iter()
        .find(|one| one.id == nickname || one.nickname.to_lowercase() == nickname.to_lowercase())
}

async fn list(desk: &Desk) -> Answered {
    let all: Vec<ImportBrief> = desk.ask("imports.list", ()).await?;
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            let last = one.last_run.as_ref();
            vec![
                one.nickname.clone(),
                words::import_status(one.status).to_owned(),
                words::sync_type(one.sync_type).to_owned(),
                one.database.clone(),
                one.account.clone(),
                one.datasource.clone(),
                last.map_or_else(|| "never".to_owned(), |run| words::when(&run.started_on)),
                last.map_or_else(String::new, |run| run.health.words.clone()),
                number(one.bytes_billed),
            ]
        })
        .collect();
    let head = [
        "Nickname",
        "Status",
        "Sync type",
        "Database",
        "Account",
        "Datasource",
        "Last run",
        "Health",
        "Bytes billed",
    ];
    let empty = "No import is saved. `tapline imports add --help` tells how to add one.";
    Ok(Said::new(&all, table(&head, &rows, empty)))
}

async fn export(desk: &Desk, nickname: &str) -> Answered {
    let brief = named(desk, nickname).await?;
    let import: Import = desk.ask("imports.get", ImportRef { import: brief.id }).await?;
    let words = serde_json::to_string_pretty(&import.plan).unwrap_or_default();
    Ok(Said::new(import.plan, words))
}

async fn add(desk: &Desk, text: &str, replace: bool, draft: bool) -> Answered {
    let plan = match offline::plan(text) {
        Ok(plan) => plan,
        Err(problems) => return Ok(Said::new(json!({}), "").but_all(problems)),
    };
    let id = if replace {
        find(desk.ask("imports.list", ()).await?, &plan.nickname).map(|brief| brief.id)
    } else {
        None
    };
    let import: Import = desk.ask("imports.save", ImportSave { id, plan, draft }).await?;
    let status = words::import_status(import.brief.status);
    let mut said = format!("{} is saved. Its status is {status}.", import.brief.nickname);
    for problem in &import.problems {
        said.push_str("\n  Still to do: ");
        said.push_str(&problem.title);
    }
    Ok(Said::new(json!({ "import": import }), said))
}

async fn stop(desk: &Desk, nickname: &str) -> Answered {
    let brief = named(desk, nickname).await?;
    let import: Import = desk.ask("imports.stop", ImportRef { import: brief.id }).await?;
    let said = format!(
        "{} is stopped. Saving it anew makes it Ready.",
        clean(&import.brief.nickname)
    );
    Ok(Said::new(json!({ "import": import }), said))
}

async fn restart(desk: &Desk, nickname: &str, yes: bool, key: &KeySource) -> Answered {
    let brief = named(desk, nickname).await?;
    let ask = ImportRef {
        import: brief.id.clone(),
    };
    let plan: RestartPlan = desk.ask("imports.restart_plan", &ask).await?;
    let mut said = plan.words.join(" ");
    for statement in &plan.statements {
        said.push_str("\n  ");
        said.push_str(statement);
    }
    if !yes {
        said.push_str("\nNothing was done. --yes starts it from the beginning.");
        return Ok(Said::new(json!({ "restart": plan }), said));
    }
    if !plan.statements.is_empty()
        && let Some(connection) = &brief.connection
    {
        let connection = connections::named(desk, connection).await?;
        connections::lend_key(desk, &connection, key).await?;
    }
    let import: Import = desk.ask("imports.restart", &ask).await?;
    said.push_str("\nDone. Run it when you like.");
    Ok(Said::new(json!({ "import": import }), said))
}

/// Brings the secrets that a run of this import needs and that are kept nowhere.
pub async fn lend(desk: &Desk, brief: &ImportBrief, key: &KeySource, passcode: &PasscodeSource) -> Result<(), Problem> {
    if let Some(connection) = &brief.connection {
        let connection = connections::named(desk, connection).await?;
        connections::lend_key(desk, &connection, key).await?;
    }
    if passcode.passcode_file.is_some() {
        let account = accounts::named(desk, &brief.account).await?;
        accounts::lend_passcode(desk, &account, passcode).await?;
    }
    Ok(())
}

async fn run(desk: &mut Desk, nickname: &str, yes: bool, key: &KeySource, passcode: &PasscodeSource) -> Answered {
    let brief = named(desk, nickname).await?;
    lend(desk, &brief, key, passcode).await?;
    let ask = ImportRef {
        import: brief.id.clone(),
    };
    if !yes && let Some(warning) = desk.ask::<Option<RunWarning>>("imports.run_warning", ask).await? {
        return Err(tapline_api::Problem::new(Code::ConfirmationNeeded)
            .with(Fact::Detail, warning.words)
            .with_some(Fact::Count, warning.rows.map(|rows| rows.to_string()))
            .into());
    }
    let ask = ImportRunAsk {
        import: brief.id,
        confirmed: yes,
    };
    let started: Run = desk.ask("imports.run", ask).await?;
    to_its_end(desk, started).await
}

/// Waits for a run's end.
pub async fn to_its_end(desk: &mut Desk, started: Run) -> Answered {
    let id = started.id.clone();
    let Some(ended) = progress::run(desk, started).await? else {
        let said = format!("Run {id} was left in the middle. What was on its way will be listed as in doubt.");
        return Ok(Said::new(json!({ "run": { "id": id } }), said).ending(End::Stopped));
    };
    let reasons = desk.ask("runs.reasons", RunRef { run: ended.id.clone() }).await?;
    Ok(ending(&ended, &reasons))
}

/// How a run's outcome is an answer.
fn ending(run: &Run, reasons: &RunReasons) -> Said {
    let words = words::run(run) + &words::reasons(reasons);
    let end = match run.outcome {
        Some(Outcome::CompletedWithRejects | Outcome::CompletedInDoubt) => End::WithRejects,
        Some(Outcome::Stopped) => End::Stopped,
        Some(Outcome::Interrupted) => End::TryLater,
        Some(Outcome::Failed) => End::NeedsAPerson,
        Some(Outcome::Completed) | None => End::Done,
    };
    let problem = run.problem.clone().filter(|_| run.outcome == Some(Outcome::Failed));
    let answer = json!({ "run": run, "reasons": reasons.groups, "warnings": reasons.warnings });
    Said::new(answer, words).ending(end).but(problem)
}
