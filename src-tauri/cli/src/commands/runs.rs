//! `tapline runs`.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;
use tapline_api::wire::import::ImportBrief;
use tapline_api::wire::run::{Run, RunReasons, RunRef, RunsAsk};

use super::imports;
use crate::args::Runs;
use crate::desk::Desk;
use crate::say::{Answered, Said, clean, counted, number, problem_words, table};
use crate::words;

pub async fn answer(desk: &mut Desk, ask: Runs) -> Answered {
    match ask {
        Runs::List { import } => list(desk, import.as_deref()).await,
        Runs::Show { run } => show(desk, run).await,
        Runs::Export { run, to } => export(desk, run, &to).await,
    }
}

async fn list(desk: &Desk, nickname: Option<&str>) -> Answered {
    let import = match nickname {
        Some(nickname) => {
            let brief: ImportBrief = imports::named(desk, nickname).await?;
            Some(brief.id)
        }
        None => None,
    };
    let all: Vec<Run> = desk.ask("runs.list", RunsAsk { import }).await?;
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|run| {
            vec![
                run.id.clone(),
                run.nickname.clone(),
                words::when(&run.started_on),
                words::outcome(run).to_owned(),
                number(run.counts.delivered),
                number(run.counts.rejected),
                number(run.counts.unprocessed),
                number(run.counts.in_doubt),
                run.health.words.clone(),
            ]
        })
        .collect();
    let head = [
        "Run",
        "Import",
        "Started",
        "Outcome",
        "Delivered",
        "Rejected",
        "Unprocessed",
        "In doubt",
        "Health",
    ];
    Ok(Said::new(&all, table(&head, &rows, "Nothing has run yet.")))
}

async fn show(desk: &Desk, run: String) -> Answered {
    let ask = RunRef { run };
    let run: Run = desk.ask("runs.get", &ask).await?;
    let reasons: RunReasons = desk.ask("runs.reasons", &ask).await?;
    let mut words = words::run(&run);
    for group in &reasons.groups {
        let reason = &group.reason;
        let column = reason.column.as_deref().map(|column| format!(" in {}", clean(column)));
        let _ = write!(
            words,
            "\n  {} {}{}: {} ({})",
            counted(reason.count, "row"),
            words::fate(group.fate),
            column.unwrap_or_default(),
            clean(&reason.reason),
            clean(&reason.code),
        );
    }
    if let Some(problem) = &run.problem {
        words.push('\n');
        words.push_str(&problem_words(problem));
    }
    Ok(Said::new(json!({ "run": run, "reasons": reasons.groups }), words))
}

async fn export(desk: &Desk, run: String, to: &Path) -> Answered {
    let exported = desk.app.export_run(&run, to).await?;
    let said = format!("{} written to {}.", counted(exported.rows, "row"), to.display());
    Ok(Said::new(exported, said))
}
