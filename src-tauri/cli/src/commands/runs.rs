//! `tapline runs`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;
use tapline_api::wire::import::ImportBrief;
use tapline_api::wire::problem::Problem;
use tapline_api::wire::run::{
    Fate, ForgetAsk, Forgotten, RecordsAsk, RecordsPage, ResendAsk, ResendPlan, ResumePlan, Run, RunReasons, RunRef,
    RunResume, RunsAsk,
};
use tapline_api::{Code, Fact};

use super::imports;
use crate::args::{self, InDoubt, KeySource, PasscodeSource, Runs};
use crate::desk::Desk;
use crate::say::{Answered, Said, clean, counted, note, number, problem_words, table};
use crate::words;

pub async fn answer(desk: &mut Desk, ask: Runs) -> Answered {
    match ask {
        Runs::List { import } => list(desk, import.as_deref()).await,
        Runs::Show { run } => show(desk, run).await,
        Runs::Rows {
            run,
            code,
            search,
            limit,
        } => rows(desk, run, code, search, limit).await,
        Runs::Resume {
            run,
            in_doubt,
            yes,
            key,
            passcode,
        } => resume(desk, run, in_doubt, yes, &key, &passcode).await,
        Runs::Pause { run } => {
            let run: Run = desk.ask("runs.pause", RunRef { run }).await?;
            let what = format!("is told to pause. Resume it with `tapline runs resume {}`.", run.id);
            Ok(told(&run, &what))
        }
        Runs::Stop { run } => {
            let run: Run = desk.ask("runs.stop", RunRef { run }).await?;
            Ok(told(&run, "is told to stop. What is on its way is counted."))
        }
        Runs::Leave { run } => {
            let run: Run = desk.ask("runs.leave_doubt", RunRef { run }).await?;
            let said = format!(
                "{} in doubt of {} left as they are. They stay listed.",
                counted(run.counts.in_doubt, "event"),
                clean(&run.nickname)
            );
            Ok(Said::new(json!({ "run": run }), said))
        }
        Runs::Resend {
            run,
            fate,
            reason,
            column,
            yes,
            key,
            passcode,
        } => {
            let ask = ResendAsk {
                run,
                fate: fate.map(Fate::from),
                code: reason,
                column,
            };
            resend(desk, ask, yes, &key, &passcode).await
        }
        Runs::Forget { identity } => forget(desk, identity).await,
        Runs::Export { run, to } => export(desk, run, &to).await,
    }
}

/// What a run was told, unless it had ended before it could hear.
fn told(run: &Run, what: &str) -> Said {
    let what = match run.outcome {
        None => what.to_owned(),
        Some(_) => format!("had ended already: {}.", words::outcome(run)),
    };
    Said::new(json!({ "run": run }), format!("{} {what}", clean(&run.nickname)))
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
    let mut words = words::run(&run) + &words::reasons(&reasons);
    for problem in run
        .problem
        .iter()
        .chain(run.caution.iter().map(|caution| &caution.problem))
    {
        words.push('\n');
        words.push_str(&problem_words(problem, desk.verbose));
    }
    Ok(Said::new(
        json!({ "run": run, "reasons": reasons.groups, "warnings": reasons.warnings }),
        words,
    ))
}

async fn rows(desk: &Desk, run: String, code: Option<String>, search: Option<String>, limit: u32) -> Answered {
    let ask = RecordsAsk {
        run,
        fate: None,
        code,
        column: None,
        search: search.unwrap_or_default(),
        after: None,
        limit,
    };
    let page: RecordsPage = desk.ask("runs.records", &ask).await?;
    let cells: Vec<Vec<String>> = page
        .records
        .iter()
        .map(|record| {
            vec![
                number(record.position),
                words::fate(record.fate).to_owned(),
                clean(record.identity.as_deref().unwrap_or("")),
                clean(&record.code),
                clean(&record.reason),
            ]
        })
        .collect();
    let head = ["Row", "Fate", "Identity", "Code", "Reason"];
    let mut words = table(
        &head,
        &cells,
        "No row that fits was rejected, unprocessed or left in doubt.",
    );
    let meanings: BTreeMap<&str, &Problem> = page
        .records
        .iter()
        .filter_map(|record| Some((record.code.as_str(), record.means.as_ref()?)))
        .collect();
    for (code, means) in meanings {
        let _ = write!(
            words,
            "\n\n{} ({}): {}",
            clean(&means.title),
            clean(code),
            clean(&means.explanation)
        );
    }
    let shown = page.records.len() as u64;
    if shown < page.total {
        let _ = write!(words, "\n\n{} of {} are shown.", number(shown), number(page.total));
    }
    Ok(Said::new(&page, words))
}

async fn resume(
    desk: &mut Desk,
    run: String,
    in_doubt: Option<InDoubt>,
    confirmed: bool,
    key: &KeySource,
    passcode: &PasscodeSource,
) -> Answered {
    lend(desk, &run, key, passcode).await?;
    let known: Run = desk.ask("runs.get", RunRef { run: run.clone() }).await?;
    if let (None, Some(doubt)) = (in_doubt, &known.doubt) {
        let question = words::doubt_question(&known, doubt);
        return Err(tapline_api::Problem::new(Code::ConfirmationNeeded)
            .with(Fact::Detail, question)
            .with(Fact::Count, doubt.events.to_string())
            .into());
    }
    let plan: ResumePlan = desk.ask("runs.resume_plan", RunRef { run: run.clone() }).await?;
    if !desk.json {
        note(&plan.words.join(" "));
    }
    let in_doubt = in_doubt.map(|policy| match policy {
        InDoubt::Leave => tapline_api::wire::run::InDoubt::Leave,
        InDoubt::Resend => tapline_api::wire::run::InDoubt::Resend,
    });
    let started: Run = desk
        .ask(
            "runs.resume",
            RunResume {
                run,
                in_doubt,
                confirmed,
            },
        )
        .await?;
    imports::to_its_end(desk, started).await
}

/// Lends the secrets that came with the command to both ends of a run's import.
async fn lend(desk: &Desk, run: &str, key: &KeySource, passcode: &PasscodeSource) -> Result<(), Problem> {
    let known: Run = desk.ask("runs.get", RunRef { run: run.to_owned() }).await?;
    let all: Vec<ImportBrief> = desk.ask("imports.list", ()).await?;
    match all.into_iter().find(|brief| brief.id == known.import) {
        Some(brief) => imports::lend(desk, &brief, key, passcode).await,
        None => Ok(()),
    }
}

async fn resend(desk: &mut Desk, ask: ResendAsk, yes: bool, key: &KeySource, passcode: &PasscodeSource) -> Answered {
    lend(desk, &ask.run, key, passcode).await?;
    if yes {
        let started: Run = desk.ask("runs.resend", ask).await?;
        return imports::to_its_end(desk, started).await;
    }
    let plan: ResendPlan = desk.ask("runs.resend_plan", ask).await?;
    if let Some(problem) = plan.problem.clone() {
        return Ok(Said::new(json!({ "resend": plan }), "").but(Some(problem)));
    }
    let mut said = format!(
        "{} of {} would be sent again.",
        counted(plan.records, "record"),
        if plan.people == 1 {
            "1 person".to_owned()
        } else {
            format!("{} people", number(plan.people))
        },
    );
    for line in &plan.words {
        said.push(' ');
        said.push_str(line);
    }
    if plan.bytes_billed > 0 {
        let _ = write!(
            said,
            " BigQuery bills {} for it at most.",
            counted(plan.bytes_billed, "byte")
        );
    }
    said.push_str(" Nothing is sent without --yes.");
    Ok(Said::new(json!({ "resend": plan }), said))
}

async fn forget(desk: &Desk, identity: String) -> Answered {
    let forgotten: Forgotten = desk.ask("runs.forget_person", ForgetAsk { identity }).await?;
    let mut said = match forgotten.records {
        0 => "No record names this person.".to_owned(),
        records => format!("{} named this person and no longer do.", counted(records, "record")),
    };
    if forgotten.running {
        said.push_str(" A run goes on and may write of the person again: ask once more when it has ended.");
    }
    Ok(Said::new(json!({ "forgotten": forgotten }), said))
}

async fn export(desk: &Desk, run: String, to: &Path) -> Answered {
    let exported = desk.app.export_run(&run, to).await?;
    let said = format!("{} written to {}.", counted(exported.rows, "row"), to.display());
    Ok(Said::new(exported, said))
}

impl From<args::Fate> for Fate {
    fn from(fate: args::Fate) -> Self {
        match fate {
            args::Fate::Rejected => Self::Rejected,
            args::Fate::Unprocessed => Self::Unprocessed,
            args::Fate::InDoubt => Self::InDoubt,
        }
    }
}
