//! The canary: marked secrets and marked values of rows are planted, journeys are driven, failures too, and every place
//! that something could have leaked to is searched.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tapline_sandbox::{Column, Fault, IssuedKey, KeyState, Matcher};

use crate::world::{World, account_draft, all_bytes, holds, profiles_plan};

/// A text that stands in no other place than where a test put it.
const ROW_MARK: &str = "canary-row-7f31c9";
const PASSCODE: &str = "CANARY-PASS-5D20AA";
const WRONG_PASSCODE: &str = "CANARY-WRONG-77E1";
const PROXY_PASSWORD: &str = "canary-proxy-c04b";

/// Everything that must be nowhere, with its name.
fn secrets(keys: &[&IssuedKey]) -> Vec<(String, Vec<u8>)> {
    let mut secrets: Vec<(String, Vec<u8>)> = [PASSCODE, WRONG_PASSCODE, PROXY_PASSWORD]
        .iter()
        .map(|text| ((*text).to_owned(), text.as_bytes().to_vec()))
        .collect();
    // Every access token of the sandbox begins like a real one.
    secrets.push(("an access token".to_owned(), b"ya29.".to_vec()));
    for key in keys {
        secrets.push(("a private key as DER".to_owned(), key.der().to_vec()));
        secrets.push(("a part of a private key".to_owned(), key.der()[100..140].to_vec()));
        let file: Value = serde_json::from_str(key.json()).expect("JSON");
        let pem = file["private_key"].as_str().expect("a PEM");
        for line in pem.lines().filter(|line| line.len() == 64).skip(3).take(5) {
            secrets.push(("a line of a private key".to_owned(), line.as_bytes().to_vec()));
        }
    }
    secrets
}

#[tokio::test]
async fn secrets_are_nowhere_and_values_of_rows_only_where_they_belong() {
    let world = World::new().await;
    plant_rows(&world);
    let key = world.key();
    let refused = world.key();
    world
        .sandbox
        .google()
        .set_key_state(&refused.key_id, KeyState::Disabled);
    let mut said = Vec::new();

    set_up(&world, &key).await;
    failures(&world, &refused).await;
    let runs = run_all(&world).await;
    terminal(&world, &key, &mut said).await;
    proxy(&world).await;

    let secrets = secrets(&[&key, &refused]);
    let heard = world.heard.words();
    let kept = all_bytes(&world.store());
    assert!(
        kept.iter().any(|(path, _)| path.ends_with("tapline.log")),
        "there is a log to search"
    );
    assert!(
        holds(heard.as_bytes(), b"u7@example.com") || !heard.is_empty(),
        "there are words to search"
    );
    for (what, secret) in &secrets {
        assert!(!holds(heard.as_bytes(), secret), "{what} went to the window");
        assert!(!holds(said.join("\n").as_bytes(), secret), "{what} was printed");
        for (path, bytes) in &kept {
            assert!(!holds(bytes, secret), "{what} stands in {}", path.display());
        }
    }

    // Values of rows: in the ledger's records of what was not delivered, and in answers to whoever asked for them.
    for (path, bytes) in kept
        .iter()
        .filter(|(path, _)| path.extension().is_some_and(|end| end == "log"))
    {
        assert!(
            !holds(bytes, ROW_MARK.as_bytes()),
            "{} holds a value of a row",
            path.display()
        );
    }
    let signals: Vec<Value> = world.heard.since(0);
    for signal in signals.iter().filter(|signal| signal["signal"] != "dry_run") {
        assert!(
            !signal.to_string().contains(ROW_MARK),
            "a value of a row went out unasked: {signal:#}"
        );
    }
    for run in &runs {
        assert!(!run.to_string().contains(ROW_MARK), "a run is ids and counts: {run:#}");
    }
    let database = world.database();
    let delivered: i64 = database
        .query_row(
            "SELECT COUNT(*) FROM records WHERE record LIKE '%delivered-' || ?1 || '%'
               AND run = (SELECT number FROM runs WHERE id = ?2)",
            [ROW_MARK, runs[0]["id"].as_str().unwrap_or_default()],
            |row| row.get(0),
        )
        .expect("a count");
    assert_eq!(delivered, 0, "of delivered rows no value is kept");
    let (kept, until): (i64, i64) = database
        .query_row(
            "SELECT COUNT(*), COUNT(values_until) FROM records WHERE record LIKE '%' || ?1 || '%'",
            [ROW_MARK],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("counts");
    assert!(kept > 0, "rejected rows are kept for the person to look at");
    assert_eq!(kept, until, "and only for a time");
}

/// Rows with a mark; the last one is rejected.
fn plant_rows(world: &World) {
    let columns = [
        Column::new("id", "STRING"),
        Column::new("email", "STRING"),
        Column::new("note", "STRING"),
        Column::new("tapline_group_size", "INT64"),
    ];
    let rows = (1..=20).map(|n| {
        let (email, note) = if n == 20 {
            (format!("no-address-{ROW_MARK}"), format!("kept-{ROW_MARK}"))
        } else {
            (format!("u{n}@example.com"), format!("delivered-{ROW_MARK}"))
        };
        vec![Some(format!("u{n}")), Some(email), Some(note), Some("1".to_owned())]
    });
    world.sandbox.google().serve_canned("shop", "customers", &columns, rows);
}

fn plan(nickname: &str) -> Value {
    let mut plan = profiles_plan(nickname, "shop-prod", "Shop");
    plan["properties"] = json!([
        {"column": "email", "name": "Email", "type": "string"},
        {"column": "note", "name": "Note", "type": "string"},
    ]);
    plan
}

async fn set_up(world: &World, key: &IssuedKey) {
    let connection = world.add_connection_with("shop-prod", key).await;
    let account = world.sandbox.clevertap().add_account("AAA-BBB-CCCZ", "in1", PASSCODE);
    let draft = account_draft("Shop", &account, PASSCODE);
    world.ask("accounts.test_draft", draft.clone()).await;
    world.ask("accounts.save", draft).await;
    world
        .ask("connections.get", json!({"connection": connection["id"]}))
        .await;
    let source = json!({"connection": connection["id"], "source": {"table": "customers"}});
    world.ask("imports.preview", source).await;
    let mark = world.heard.mark();
    let dry = world
        .ask("imports.dry_run", json!({"plan": plan("Dry"), "every_row": true}))
        .await;
    let done = world.heard.wait_from(mark, "the dry run's end", |signal| {
        signal["signal"] == "dry_run"
            && signal["body"]["dry_run"] == dry["dry_run"]
            && signal["body"]["state"] != "running"
    });
    let done = done.await;
    assert_eq!(done["body"]["state"], "done", "{done:#}");
    assert!(done.to_string().contains(ROW_MARK), "who asks for rows is shown them");
}

/// What goes wrong is where secrets like to slip out.
async fn failures(world: &World, refused: &IssuedKey) {
    let draft = world.draft("refused", refused).await;
    assert_eq!(world.check(&draft).await["verdict"], "failed");
    world
        .ask("connections.save", json!({"draft": draft, "check": null}))
        .await;
    let account = world.sandbox.clevertap().add_account("AAA-BBB-CCCZ", "in1", PASSCODE);
    world
        .ask("accounts.test_draft", account_draft("Other", &account, WRONG_PASSCODE))
        .await;
    // Half a key, a key in the wrong place, and a question of the wrong shape.
    let half = &refused.json()[..refused.json().len() / 2];
    world.refused("key.read_text", json!({"text": half})).await;
    world.refused("key.read_text", json!({"text": [refused.json()]})).await;
    world
        .refused("accounts.save", json!({"name": "x", "passcode": PASSCODE}))
        .await;
    world
        .refused("accounts.save", json!({"passcode": {"deep": PASSCODE}}))
        .await;
    world.refused("no.such.command", json!({"passcode": PASSCODE})).await;
    // A proxy that repeats what it was told.
    for path in ["/token", "/bigquery/*", "/clevertap/*"] {
        world.sandbox.clear_faults();
        world.sandbox.fault(Matcher::path(path), Fault::CaptivePortal);
        let connections = world.ask("connections.list", json!({})).await;
        let mark = world.heard.mark();
        let check = world
            .ask("check.start_saved", json!({"connection": connections[0]["id"]}))
            .await;
        world.verdict(mark, &check["check"]).await;
        world
            .ask("accounts.test_draft", account_draft("Other", &account, PASSCODE))
            .await;
    }
    world.sandbox.clear_faults();
    // The verdict that the runs need.
    let connections = world.ask("connections.list", json!({})).await;
    for connection in connections.as_array().into_iter().flatten() {
        let mark = world.heard.mark();
        let check = world
            .ask("check.start_saved", json!({"connection": connection["id"]}))
            .await;
        world.verdict(mark, &check["check"]).await;
    }
}

/// One run that goes well, and one for each way to fail.
async fn run_all(world: &World) -> Vec<Value> {
    let mut runs = Vec::new();
    let import = world.add_import(&plan("Canary")).await;
    runs.push(world.run(&import).await);
    let upload = || Matcher::path("/clevertap/*");
    let echo = json!({"status": "partial", "processed": 18, "unprocessed": [{
        "status": "fail", "code": 512, "error": "Skipped record number : 1",
        "record": {"type": "profile", "identity": "u1", "profileData": {"Note": format!("echo-{ROW_MARK}")}},
    }]});
    for fault in [
        Fault::answer(200, &echo),
        Fault::answer(
            400,
            &json!({"status": "fail", "error": format!("Malformed request near {ROW_MARK}")}),
        ),
        Fault::answer(401, &json!({"status": "fail", "error": "Invalid Credentials"})),
        Fault::CaptivePortal,
        Fault::Malformed,
    ] {
        world.sandbox.clear_faults();
        world.sandbox.fault(upload().times(1), fault);
        runs.push(world.run(&import).await);
    }
    world.sandbox.clear_faults();
    let outcomes: BTreeSet<_> = runs.iter().map(|run| run["outcome"].to_string()).collect();
    assert!(outcomes.len() > 1, "they did not all end alike: {outcomes:?}");
    runs
}

/// The same from a terminal, at the most talkative level of the log.
async fn terminal(world: &World, key: &IssuedKey, said: &mut Vec<String>) {
    let path = key.write_to(world.desk()).expect("a file");
    let file = path.to_string_lossy().into_owned();
    let half = key.json()[..1200].to_owned();
    for (args, stdin) in [
        (vec!["about"], ""),
        (vec!["key", "check", &file], ""),
        (vec!["--json", "key", "check", "-"], half.as_str()),
        (vec!["--json", "connections", "list"], ""),
        (vec!["connections", "test", "shop-prod"], ""),
        (
            vec!["--json", "connections", "test", "shop-prod", "--key", "-"],
            key.json(),
        ),
        (vec!["--json", "accounts", "list"], ""),
        (vec!["accounts", "test", "Shop"], ""),
        (vec!["accounts", "test", "Shop", "--passcode-file", "-"], WRONG_PASSCODE),
        (vec!["--json", "imports", "run", "Canary"], ""),
        (
            vec!["--json", "imports", "run", "Canary", "--passcode-file", "-"],
            WRONG_PASSCODE,
        ),
        (vec!["runs", "list"], ""),
    ] {
        let ended = world.tapline_with(&args, stdin, &[]).await;
        assert!(
            !ended.out.is_empty() || !ended.err.is_empty(),
            "{args:?} says something"
        );
        assert!(
            !ended.out.contains(ROW_MARK) && !ended.err.contains(ROW_MARK),
            "{args:?} prints a value of a row that nobody asked for: {ended:?}"
        );
        said.push(ended.out);
        said.push(ended.err);
    }
}

/// A proxy's password, typed into Settings.
async fn proxy(world: &World) {
    let mut settings = world.ask("settings.read", json!({})).await;
    settings["proxy"] = json!({"mode": "manual", "url": format!("http://ada:{PROXY_PASSWORD}@127.0.0.1:9")});
    let problem = world.refused("settings.save", settings).await;
    assert_eq!(
        problem["facts"]["field"], "proxy",
        "Settings are no place for a secret: {problem:#}"
    );
    world.ask("settings.read", json!({})).await;
}
