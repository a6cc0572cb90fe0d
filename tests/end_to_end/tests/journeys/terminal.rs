//! `tapline`, the command line: the same store, what it prints for programs, and how it ends.

use serde_json::{Value, json};
use tapline_sandbox::{Fault, Matcher};

use crate::world::{World, in_keychain};

#[tokio::test]
async fn a_key_file_is_judged_without_a_network_or_a_store() {
    let world = World::new().await;
    let key = world.key();
    let path = key.write_to(world.desk()).expect("a file");
    let file = path.to_string_lossy().into_owned();
    let ended = world.tapline(&["--json", "key", "check", &file]).await;
    let ok = &ended.json()["ok"];
    assert_eq!(ended.status, 0, "it will do: {ended:?}");
    assert_eq!(ok["client_email"], key.client_email.as_str());
    assert_eq!(ok["project_id"], "acme-dw");
    assert_eq!(ok["key_bits"], 2048);
    assert!(!ended.out.contains("PRIVATE KEY"), "nothing secret is printed");
    let words = world.tapline(&["key", "check", &file]).await;
    assert!(words.out.contains(&key.client_email), "for people too: {words:?}");

    let mut foreign: Value = serde_json::from_str(key.json()).expect("JSON");
    foreign["token_uri"] = json!("https://oauth2.evil.example/token");
    for (text, code) in [
        (foreign.to_string(), "key_foreign_token_host"),
        ("<!DOCTYPE html><html></html>".to_owned(), "key_is_html"),
        (String::new(), "key_empty"),
        (key.json()[..900].to_owned(), "key_cut"),
    ] {
        let ended = world.tapline_with(&["--json", "key", "check", "-"], &text, &[]).await;
        assert_eq!(ended.json()["problem"]["code"], code, "{ended:?}");
        assert_eq!(ended.status, 1, "a person must mend it: {ended:?}");
    }
    assert!(world.sandbox.calls().is_empty(), "nobody was asked");
}

#[tokio::test]
async fn rows_are_mapped_without_a_network() {
    let world = World::new().await;
    let plan = world.desk().join("plan.json");
    let plan_json = crate::world::profiles_plan("People", "shop-prod", "Shop");
    std::fs::write(&plan, plan_json.to_string()).expect("a file");
    let plan = plan.to_string_lossy().into_owned();
    let rows = [
        json!({"id": {"type": "STRING", "value": "u1"}, "email": {"type": "STRING", "value": "u1@example.com"}}),
        json!({"id": {"type": "STRING", "value": null}, "email": {"type": "STRING", "value": "x@example.com"}}),
    ];
    let rows = format!("{}\n{}\n", rows[0], rows[1]);
    let args = [
        "imports",
        "preview",
        "--plan",
        &plan,
        "--rows",
        "-",
        "--at",
        "1700000000",
    ];
    let ended = world.tapline_with(&args, &rows, &[]).await;
    assert_eq!(ended.status, 4, "a row was rejected: {ended:?}");
    let lines: Vec<Value> = ended
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    assert_eq!(lines.len(), 2, "a line a row");
    assert_eq!(lines[0]["row"], 1);
    assert_eq!(lines[0]["record"]["identity"], "u1", "{}", lines[0]);
    assert_eq!(lines[0]["record"]["profileData"]["Email"], "u1@example.com");
    assert_eq!(lines[1]["rejected"][0]["column"], "id", "{}", lines[1]);
    for part in ["code", "reason"] {
        assert!(lines[1]["rejected"][0][part].is_string(), "{part}: {}", lines[1]);
    }
    let ended = world
        .tapline_with(&["imports", "preview", "--plan", &plan, "--rows", "-"], "{", &[])
        .await;
    assert_ne!(ended.status, 0, "half a line is no row: {ended:?}");
    assert!(world.sandbox.calls().is_empty(), "nobody was asked");
}

#[tokio::test]
async fn an_account_is_given_fewer_calls_at_once_and_the_next_run_keeps_to_them() {
    let world = World::new().await;
    world.serve_customers(8_000);
    world.add_connection("shop-prod").await;
    let (_, key) = world.add_account("Shop").await;
    world
        .add_import(&crate::world::profiles_plan("People", "shop-prod", "Shop"))
        .await;
    let listed = world.tapline(&["accounts", "list"]).await;
    assert!(listed.out.contains("15"), "what CleverTap allows: {listed:?}");

    let changed = world
        .tapline(&["accounts", "change", "Shop", "--calls-at-once", "2"])
        .await;
    assert_eq!(changed.status, 0, "{changed:?}");
    assert_eq!(
        changed.out.trim_end(),
        "Shop may have 2 calls in flight, from the next run on.",
        "{changed:?}"
    );
    let account = world.tapline(&["--json", "accounts", "list"]).await.json()["ok"][0].clone();
    assert_eq!(account["calls_at_once"], 2, "{account:#}");
    assert_eq!(
        account["account_id"],
        key.account_id.as_str(),
        "and nothing else changed"
    );

    // Each call is on its way for a while, so that a third would meet the two.
    let uploads = Matcher::path("/clevertap/in1/1/upload");
    world.sandbox.fault(uploads, Fault::Delay { ms: 100 });
    let ran = world.tapline(&["imports", "run", "People"]).await;
    assert_eq!(ran.status, 0, "the passcode is still in the keychain: {ran:?}");
    let most = world.sandbox.clevertap().most_in_flight(&key.account_id);
    assert!(most <= 2, "{most} calls were in flight at once");

    for (typed, why) in [("0", "none would never end"), ("16", "CleverTap allows no more")] {
        let refused = world
            .tapline(&["accounts", "change", "Shop", "--calls-at-once", typed])
            .await;
        assert_eq!(refused.status, 2, "{why}: {refused:?}");
        assert!(refused.err.contains("1..=15"), "it says what would do: {refused:?}");
    }
    let unknown = world
        .tapline(&["--json", "accounts", "change", "Shopp", "--calls-at-once", "2"])
        .await;
    assert_eq!(unknown.status, 1, "{unknown:?}");
}

#[tokio::test]
async fn what_is_typed_wrongly_ends_with_two() {
    let world = World::new().await;
    for args in [&["connexions"][..], &["connections", "add"], &["key", "check"]] {
        let ended = world.tapline(args).await;
        assert_eq!(ended.status, 2, "{args:?}: {ended:?}");
        let ended = world.tapline(&[&["--json"], args].concat()).await;
        assert_eq!(ended.status, 2, "{args:?}: {ended:?}");
        assert_eq!(ended.json()["problem"]["code"], "command_not_understood", "{ended:?}");
    }
    let ended = world.tapline(&["--json", "connections", "test", "nothing"]).await;
    assert_eq!(ended.json()["problem"]["code"], "name_unknown", "{ended:?}");
    assert_eq!(ended.status, 1, "there is no such thing: {ended:?}");
}

#[tokio::test]
async fn a_whole_import_is_set_up_and_run_from_a_terminal() {
    let world = World::new().await;
    world.serve_people(5, |n| {
        if n == 5 {
            "no address".to_owned()
        } else {
            format!("u{n}@example.com")
        }
    });
    let key = world.key();
    let account = world.sandbox.clevertap().open_account("sg1");
    let add = [
        "--json",
        "connections",
        "add",
        "--name",
        "shop-prod",
        "--dataset",
        "acme-dw.shop",
        "--key",
        "-",
    ];
    let ended = world.tapline_with(&add, key.json(), &[]).await;
    assert_eq!(ended.status, 0, "{ended:?}");
    let ok = &ended.json()["ok"];
    assert_eq!(ok["check"]["verdict"], "passed", "{ok:#}");
    assert_eq!(ok["connection"]["location"], "EU");
    let entries = world.vault_entries();
    assert!(in_keychain(&entries[0]) == key.der(), "the key went to the keychain");
    let ended = world.tapline(&["--json", "connections", "test", "shop-prod"]).await;
    assert_eq!(ended.json()["ok"]["check"]["verdict"], "passed", "{ended:?}");

    let add = [
        "--json",
        "accounts",
        "add",
        "--name",
        "Shop",
        "--account-id",
        &account.account_id,
        "--region",
        "singapore",
        "--passcode-file",
        "-",
    ];
    let ended = world.tapline_with(&add, &format!("{}\n", account.passcode), &[]).await;
    assert_eq!(ended.status, 0, "{ended:?}");

    let plan = crate::world::profiles_plan("People", "shop-prod", "Shop").to_string();
    let ended = world
        .tapline_with(&["--json", "imports", "add", "--plan", "-"], &plan, &[])
        .await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert_eq!(ended.json()["ok"]["import"]["brief"]["status"], "ready");
    let exported = world.tapline(&["--json", "imports", "export", "People"]).await;
    let exported = exported.json()["ok"].clone();
    assert_eq!(exported["nickname"], "People", "a plan comes back as it went in");

    let ended = world.tapline(&["--json", "imports", "run", "People"]).await;
    let run = ended.json()["ok"]["run"].clone();
    assert_eq!(ended.status, 4, "one row was rejected: {ended:?}");
    assert_eq!(run["outcome"], "completed_with_rejects", "{run:#}");
    assert_eq!(run["counts"]["delivered"], 4);
    assert_eq!(run["counts"]["rejected"], 1);
    let id = run["id"].as_str().expect("an id").to_owned();
    let shown = world.tapline(&["--json", "runs", "show", &id]).await;
    assert_eq!(shown.json()["ok"]["run"]["counts"], run["counts"], "and is kept");
    assert_eq!(shown.json()["ok"]["reasons"][0]["reason"]["count"], 1);
    assert_eq!(world.sandbox.clevertap().profiles().len(), 4, "they arrived");

    let file = world.desk().join("not-delivered.csv");
    let to = file.to_string_lossy().into_owned();
    let ended = world.tapline(&["--json", "runs", "export", &id, "--to", &to]).await;
    assert_eq!(ended.json()["ok"]["rows"], 1, "{ended:?}");
    let listed = world.ask("imports.list", json!({})).await;
    assert_eq!(
        listed[0]["nickname"], "People",
        "the window sees what the terminal saved"
    );
}
