//! The canary: marked secrets go through every journey, failures too, and then nothing that is written, signalled or
//! replied may hold one.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::PoisonError;

use serde_json::{Value, json};
use tapline_api::wire::account::{Account, AccountRef, AccountTest};
use tapline_api::wire::check::{CheckAgain, CheckRef, Evidence, Sample, SampleAsk, StepName};
use tapline_api::wire::connection::{Connection, ConnectionRef, ConnectionSave};
use tapline_api::wire::import::{DryRunAsk, DryRunReport, DryRunState};
use tapline_api::wire::key::KeyOffer;
use tapline_api::wire::run::{RecordsAsk, RecordsPage, RunRef};
use tapline_api::wire::settings::{Proxy, Settings};
use tapline_api::wire::signal::Signal;
use tapline_end_to_end::{Outcome, Stage, Window, account_draft, draft};
use tapline_sandbox::{Column, Fault, Matcher, Options};

/// A passcode that CleverTap does not know.
const WRONG_PASSCODE: &str = "CANARY-WRONG-PASSCODE";
const PROXY_PASSWORD: &str = "canary-proxy-password";
/// In every identity of the table.
const ROW_MARK: &str = "canary-row-";

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_written_signalled_or_replied() -> Outcome {
    let stage = Stage::set(Options::with_sql()).await?;
    marked_rows(&stage).await?;
    let mut window = stage.open().await?;

    keys_that_will_not_do(&stage, &window).await;
    questions_that_are_none(&stage, &window).await;
    let connection = connections(&stage, &mut window).await?;
    accounts(&stage, &window).await?;
    runs(&stage, &mut window).await?;
    a_terminal_that_logs_all(&stage)?;
    window
        .ask::<Value>("connections.stop_imports", json!({"connection": connection.id}))
        .await?;
    window
        .ask::<()>(
            "connections.delete",
            ConnectionRef {
                connection: connection.id,
            },
        )
        .await?;
    window.app.shut_down().await;

    let secrets = secrets(&stage)?;
    let seen = window.seen.lock().unwrap_or_else(PoisonError::into_inner).join("\n");
    assert!(seen.len() > 10_000, "the journeys were driven");
    for (name, secret) in &secrets {
        assert!(!contains(seen.as_bytes(), secret), "{name} reached a window");
    }
    let store = stage.folder().join("sandbox");
    let shown = stage.key.client_email.as_bytes();
    let (mut searched, mut known) = (0, 0);
    for file in files(&store)? {
        let bytes = fs::read(&file)?;
        searched += bytes.len();
        known += u32::from(contains(&bytes, shown) || contains(&bytes, b"a run ended"));
        for (name, secret) in &secrets {
            assert!(!contains(&bytes, secret), "{name} is in {}", file.display());
        }
        if file.extension().is_some_and(|kind| kind == "log") {
            assert!(
                !contains(&bytes, ROW_MARK.as_bytes()),
                "a value of somebody's row is in {}",
                file.display()
            );
        }
    }
    assert!(
        known > 1 && contains(seen.as_bytes(), shown),
        "what may be known is found, so what may not be would be found too"
    );
    assert!(searched > 50_000, "the store and its log were there to be searched");
    Ok(())
}

/// A table with good and bad rows, each with a marked value.
async fn marked_rows(stage: &Stage) -> Outcome {
    let columns = [Column::new("id", "STRING"), Column::new("phone", "STRING")];
    let rows: Vec<Vec<Value>> = (0..50)
        .map(|number| {
            let phone = if number % 5 == 0 { "no phone" } else { "+4915112345678" };
            vec![json!(format!("{ROW_MARK}{number}")), json!(phone)]
        })
        .collect();
    stage
        .sandbox
        .google()
        .load_table("shop", "people", &columns, &rows)
        .await?;
    Ok(())
}

async fn keys_that_will_not_do(stage: &Stage, window: &Window) {
    let good = stage.key.json();
    let mut foreign: Value = serde_json::from_str(good).unwrap_or_default();
    foreign["token_uri"] = json!("https://evil.example/token");
    let mut doubled = foreign.clone();
    doubled["private_key"] = json!(format!(
        "{}garbage",
        doubled["private_key"].as_str().unwrap_or_default()
    ));
    let texts = [
        good[..good.len() / 2].to_owned(),
        good[..good.len() - 2].to_owned(),
        foreign.to_string(),
        doubled.to_string(),
        good.replace("BEGIN PRIVATE KEY", "BEGIN ENCRYPTED PRIVATE KEY"),
        good.replace("service_account", "authorized_user"),
        foreign["private_key"].as_str().unwrap_or_default().to_owned(),
        format!("[{good},{good}]"),
    ];
    for text in texts {
        let refused = window.ask::<KeyOffer>("key.read_text", json!({ "text": text })).await;
        assert!(refused.is_err(), "a broken key is refused: {refused:?}");
    }
    let ask = json!({ "text": format!("GOOGLE_CREDENTIALS='{good}'") });
    let offer = window
        .ask::<KeyOffer>("key.read_text", &ask)
        .await
        .expect("a mendable key is mended");
    window
        .ask::<()>("key.forget", json!({"offer": offer.offer}))
        .await
        .expect("it is wiped");
}

/// What does not fit a question's shape is not echoed.
async fn questions_that_are_none(stage: &Stage, window: &Window) {
    let secret = &stage.account.passcode;
    for (name, args) in [
        ("no.such.command", json!({"passcode": secret})),
        ("accounts.save", json!({"passcode": secret})),
        ("accounts.save", json!({"name": {"passcode": secret}})),
        ("key.read_text", json!({"text": [stage.key.json()]})),
        ("settings.save", json!(secret)),
    ] {
        let refused = window.ask::<Value>(name, args).await.expect_err("it is no question");
        assert_eq!(refused.code, "question_not_understood", "for {name}");
    }
}

async fn connections(stage: &Stage, window: &mut Window) -> Result<Connection, Box<dyn Error>> {
    let offer = window.offer(stage).await?.offer;
    let typed = draft("people", Some(offer));
    let faults = [
        Fault::answer(
            400,
            &json!({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}),
        ),
        Fault::CaptivePortal,
        Fault::Refuse,
    ];
    for fault in faults {
        stage.sandbox.fault(Matcher::path("/token").times(1), fault);
        window.check(&typed).await?;
    }
    stage.sandbox.clear_faults();
    let perimeter = Fault::VpcServiceControls {
        identifier: "an-id".to_owned(),
    };
    stage.sandbox.fault(Matcher::path("/bigquery/*").times(2), perimeter);
    let report = window.check(&typed).await?;
    stage.sandbox.clear_faults();
    let ask = CheckAgain {
        check: report.check.clone(),
        step: StepName::DatasetFound,
    };
    window.ask::<Value>("check.again", ask).await?;
    let passed = window.check(&typed).await?;
    let ask = CheckRef {
        check: passed.check.clone(),
    };
    window.ask::<Evidence>("check.evidence", ask).await?;
    let ask = SampleAsk {
        check: passed.check.clone(),
        table: "people".to_owned(),
    };
    window.ask::<Sample>("check.sample", ask).await?;
    let save = ConnectionSave {
        draft: typed,
        check: Some(passed.check),
    };
    let saved: Connection = window.ask("connections.save", save).await?;
    let mut settings: Settings = window.ask("settings.read", ()).await?;
    settings.proxy = Proxy::Manual {
        url: format!("http://somebody:{PROXY_PASSWORD}@127.0.0.1:1"),
    };
    let refused = window.ask::<Settings>("settings.save", settings).await;
    assert!(refused.is_err(), "settings are no place for a password");
    Ok(saved)
}

async fn accounts(stage: &Stage, window: &Window) -> Outcome {
    let typed = |passcode: &str| account_draft("Shop", &stage.account.account_id, passcode);
    let refused: AccountTest = window.ask("accounts.test_draft", typed(WRONG_PASSCODE)).await?;
    assert!(!refused.passed, "CleverTap does not know it");
    let wrong: Account = window.ask("accounts.save", typed(WRONG_PASSCODE)).await?;
    window
        .ask::<Account>(
            "accounts.test",
            AccountRef {
                account: wrong.id.clone(),
            },
        )
        .await?;
    window
        .ask::<()>("accounts.delete", AccountRef { account: wrong.id })
        .await?;
    window.add_account(stage, "Shop").await?;
    Ok(())
}

async fn runs(stage: &Stage, window: &mut Window) -> Outcome {
    let plan = json!({
        "version": 1, "nickname": "People", "database": "people", "account": "Shop",
        "source": {"table": "people"}, "records": "profiles", "identity": {"column": "id"},
        "properties": [{"column": "phone", "name": "Phone", "type": "string", "when_null": "leave"}]
    });
    let ask = DryRunAsk {
        plan: serde_json::from_value(plan.clone())?,
        every_row: true,
    };
    let started: DryRunReport = window.ask("imports.dry_run", ask).await?;
    window
        .wait(|signal| match signal {
            Signal::DryRun(report) => {
                (report.dry_run == started.dry_run && report.state != DryRunState::Running).then_some(())
            }
            _ => None,
        })
        .await?;
    let import = window.add_import(&plan).await?;
    for fault in [
        None,
        Some(Fault::answer(401, &json!({"status": "fail", "error": "no"}))),
        // Last: what it leaves in doubt is settled by the next run, before that reads a row.
        Some(Fault::CutAnswer),
    ] {
        if let Some(fault) = fault {
            stage.sandbox.fault(Matcher::path("/clevertap/*"), fault);
        }
        let run = window.run(&import).await?;
        stage.sandbox.clear_faults();
        assert_eq!(run.counts.rejected, 10, "bad phones are refused: {run:?}");
        let ask = RunRef { run: run.id.clone() };
        window.ask::<Value>("runs.reasons", &ask).await?;
        window.ask::<Value>("runs.export", &ask).await?;
        let ask = RecordsAsk {
            run: run.id,
            fate: None,
            code: None,
            column: None,
            search: String::new(),
            after: None,
            limit: 100,
        };
        window.ask::<RecordsPage>("runs.records", ask).await?;
    }
    Ok(())
}

/// As much as the log can be made to say.
fn a_terminal_that_logs_all(stage: &Stage) -> Outcome {
    for words in [
        ["connections", "test", "people"].as_slice(),
        &["accounts", "test", "Shop"],
        &["imports", "run", "People"],
        &["runs", "list"],
    ] {
        let output = stage
            .tapline(&[words, &["--json"]].concat())?
            .env("TAPLINE_LOG", "trace")
            .output()?;
        let said = [output.stdout, output.stderr].concat();
        for (name, secret) in secrets(stage)? {
            assert!(!contains(&said, &secret), "{name} was printed by {words:?}");
        }
    }
    Ok(())
}

/// What a secret is called, and its bytes.
type Named = (String, Vec<u8>);

/// Every secret, in each form that it could leak in.
fn secrets(stage: &Stage) -> Result<Vec<Named>, Box<dyn Error>> {
    let key: Value = serde_json::from_str(stage.key.json())?;
    let pem = key["private_key"].as_str().ok_or("a private key")?;
    let body: Vec<&str> = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = stage.key.der();
    // Past the header, which every key shares: inside the numbers.
    let inside = &der[der.len() / 2..der.len() / 2 + 32];
    let mut hex = String::new();
    for byte in inside {
        write!(hex, "{byte:02x}")?;
    }
    let mut secrets: Vec<Named> = vec![
        ("the private key, as it is stored".to_owned(), inside.to_vec()),
        ("the private key, in hexadecimal".to_owned(), hex.into_bytes()),
        (
            "the private key, as a list of numbers".to_owned(),
            format!("{inside:?}").replace(['[', ']'], "").into_bytes(),
        ),
        ("the passcode".to_owned(), stage.account.passcode.clone().into_bytes()),
        ("a wrong passcode".to_owned(), WRONG_PASSCODE.as_bytes().to_vec()),
        ("a proxy's password".to_owned(), PROXY_PASSWORD.as_bytes().to_vec()),
        ("an access token".to_owned(), b"ya29.".to_vec()),
        ("a bearer header".to_owned(), b"Bearer ".to_vec()),
    ];
    for line in &body[1..] {
        secrets.push(("a line of the private key".to_owned(), line.as_bytes().to_vec()));
    }
    Ok(secrets)
}

fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
