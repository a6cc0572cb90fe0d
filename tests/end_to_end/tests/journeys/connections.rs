//! Saved connections: from a key to the keychain and back, and the guarded way out.

use serde_json::{Value, json};
use tapline_api::{App, AppOptions, Terminal};
use tapline_sandbox::KeyState;

use crate::world::{World, all_bytes, holds, in_keychain, profiles_plan};

#[tokio::test]
async fn a_key_becomes_a_tested_connection_that_is_still_there_tomorrow() {
    let world = World::new().await;
    world.serve_customers(3);
    let key = world.key();
    let draft = world.draft("shop-prod", &key).await;
    let report = world.check(&draft).await;
    assert_eq!(report["verdict"], "passed", "{report:#}");
    let steps = report["steps"].as_array().expect("a ladder");
    assert_eq!(steps.len(), 7, "seven steps");
    for step in steps {
        assert_eq!(step["state"], "passed", "Job User and Data Editor are enough: {step:#}");
    }
    assert_eq!(report["location"], "EU", "the location is seen, not asked for");

    let saved = world
        .ask("connections.save", json!({"draft": draft, "check": report["check"]}))
        .await;
    assert_eq!(saved["location"], "EU", "and saved");
    assert_eq!(saved["last_check"]["passed"], true, "with the verdict");
    assert_eq!(saved["client_email"], key.client_email.as_str(), "whose key it is");
    assert!(
        key.key_id.ends_with(saved["key_id_tail"].as_str().unwrap_or("none")),
        "and which key: {saved:#}"
    );

    let entries = world.vault_entries();
    assert_eq!(entries.len(), 1, "one secret, one entry");
    assert!(
        in_keychain(&entries[0]) == key.der(),
        "the private key is in the keychain"
    );
    for (path, bytes) in all_bytes(&world.store()) {
        assert!(!holds(&bytes, key.der()), "{} holds the private key", path.display());
        assert!(!holds(&bytes, b"PRIVATE KEY"), "{} holds a PEM", path.display());
    }

    let world = world.reopened().await;
    let listed = world.ask("connections.list", json!({})).await;
    assert_eq!(listed, json!([saved]), "it is as it was");
    let got = world.ask("connections.get", json!({"connection": saved["id"]})).await;
    assert_eq!(got["key_problem"], Value::Null, "and its key can be read");
    let mark = world.heard.mark();
    let again = world.ask("check.start_saved", json!({"connection": saved["id"]})).await;
    let again = world.verdict(mark, &again["check"]).await;
    assert_eq!(again["verdict"], "passed", "the saved key signs: {again:#}");
}

#[tokio::test]
async fn a_connection_can_be_saved_untested_but_nothing_runs_until_a_test_passed() {
    let world = World::new().await;
    world.serve_customers(3);
    let draft = world.draft("Untested", &world.key()).await;
    let saved = world
        .ask("connections.save", json!({"draft": draft, "check": null}))
        .await;
    assert_eq!(saved["last_check"], Value::Null, "it is shown as not tested");
    world.add_account("Shop").await;
    let plan = profiles_plan("People", "Untested", "Shop");
    let ready = world
        .try_ask("imports.save", json!({"id": null, "plan": plan, "draft": false}))
        .await;
    let import = match ready {
        Ok(import) => import["brief"]["id"].clone(),
        Err(problem) => {
            assert_eq!(
                problem["code"], "connection_not_tested",
                "the reason is told: {problem:#}"
            );
            let draft = json!({"id": null, "plan": plan, "draft": true});
            world.ask("imports.save", draft).await["brief"]["id"].clone()
        }
    };
    let ask = json!({"import": import, "confirmed": true});
    let problem = world.refused("imports.run", ask).await;
    assert_eq!(
        problem["code"], "connection_not_tested",
        "an import needs a passed test: {problem:#}"
    );
    assert!(
        world.sandbox.calls_to("/clevertap/*").is_empty(),
        "nothing was sent to anybody"
    );

    let mark = world.heard.mark();
    let check = world.ask("check.start_saved", json!({"connection": saved["id"]})).await;
    let report = world.verdict(mark, &check["check"]).await;
    assert_eq!(report["verdict"], "passed", "{report:#}");
    let kept = world.ask("connections.get", json!({"connection": saved["id"]})).await;
    assert_eq!(
        kept["last_check"]["passed"], true,
        "the verdict is kept with the connection"
    );
    assert_eq!(kept["location"], "EU", "and where the dataset is");
}

#[tokio::test]
async fn a_key_that_fails_its_test_does_not_take_the_old_ones_place() {
    let world = World::new().await;
    world.serve_customers(3);
    let old = world.key();
    let saved = world.add_connection_with("shop-prod", &old).await;
    let before = world.vault_entries();
    let new = world.sandbox.google().issue_working_key("newcomer");
    world.sandbox.google().set_key_state(&new.key_id, KeyState::Disabled);

    let mut draft = world.draft("shop-prod", &new).await;
    draft["id"] = saved["id"].clone();
    let untested = world
        .refused("connections.save", json!({"draft": draft, "check": null}))
        .await;
    assert_eq!(
        untested["code"], "key_not_tested",
        "a new key is tested first: {untested:#}"
    );
    let report = world.check(&draft).await;
    assert_eq!(report["verdict"], "failed", "Google refuses it: {report:#}");
    let failed = world
        .refused("connections.save", json!({"draft": draft, "check": report["check"]}))
        .await;
    assert_eq!(failed["code"], "key_not_tested", "and passes first: {failed:#}");
    assert_eq!(world.vault_entries(), before, "the old key is where it was");
    assert!(in_keychain(&before[0]) == old.der(), "and what it was");

    world.sandbox.google().set_key_state(&new.key_id, KeyState::Active);
    let report = world.check(&draft).await;
    let replaced = world
        .ask("connections.save", json!({"draft": draft, "check": report["check"]}))
        .await;
    assert_eq!(replaced["id"], saved["id"], "it is the same connection");
    assert_eq!(replaced["client_email"], new.client_email.as_str(), "with another key");
    let after = world.vault_entries();
    assert_eq!(after.len(), 1, "the old entry is struck out");
    assert!(in_keychain(&after[0]) == new.der(), "the new key is in the keychain");
    assert!(in_keychain(&before[0]).is_empty(), "and the old one is seen to be gone");
}

#[tokio::test]
async fn imports_are_stopped_before_their_connection_is_deleted_and_the_key_goes_with_it() {
    let world = World::new().await;
    world.serve_customers(3);
    let saved = world.add_connection("shop-prod").await;
    world.add_account("Shop").await;
    let ready = world.add_import(&profiles_plan("People", "shop-prod", "Shop")).await;
    let draft = json!({"id": null, "plan": profiles_plan("Half done", "shop-prod", "Shop"), "draft": true});
    world.ask("imports.save", draft).await;
    let entries = world.vault_entries();
    let ask = json!({"connection": saved["id"]});

    let plan = world.ask("connections.delete_plan", ask.clone()).await;
    let blocking = plan["blocking"].as_array().expect("a list");
    assert_eq!(blocking.len(), 1, "a Draft stands in nobody's way: {plan:#}");
    assert_eq!(blocking[0]["id"], ready, "a Ready import does");
    assert_eq!(plan["imports"].as_array().map(Vec::len), Some(2), "both go with it");
    let problem = world.refused("connections.delete", ask.clone()).await;
    assert_eq!(problem["code"], "imports_in_the_way", "{problem:#}");
    let listed = world.ask("connections.list", json!({})).await;
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "nothing is gone yet");

    let stopped = world.ask("connections.stop_imports", ask.clone()).await;
    assert_eq!(stopped["blocking"], json!([]), "Stop all clears the way");
    world.ask("connections.delete", ask).await;
    assert_eq!(world.ask("connections.list", json!({})).await, json!([]), "it is gone");
    for entry in entries.iter().filter(|entry| entry.starts_with("key-")) {
        assert!(in_keychain(entry).is_empty(), "its key is seen to be gone");
    }
    let left = world.vault_entries();
    assert!(
        left.iter().all(|entry| entry.starts_with("passcode-")),
        "and its note struck out: {left:?}"
    );
}

#[tokio::test]
async fn a_secret_that_nothing_refers_to_is_swept_at_the_next_start() {
    let world = World::new().await;
    world.serve_customers(3);
    let key = world.key();
    world.add_connection_with("shop-prod", &key).await;
    let entries = world.vault_entries();
    // As a process leaves it that is killed between deleting the row and deleting the secret. The holder is gone too.
    let database = world.database();
    let changed = database.execute("DELETE FROM connections", []).expect("a row goes");
    assert_eq!(changed, 1, "there was one");
    drop(database);
    assert!(in_keychain(&entries[0]) == key.der(), "the secret is an orphan now");

    let world = world.reopened().await;
    // The next words with the store come after the sweep, whose work is a single thread's: ask until it is done.
    let swept = tokio::time::timeout(std::time::Duration::from_secs(30), async {
        while !world.vault_entries().is_empty() {
            world.ask("about", json!({})).await;
        }
    });
    swept.await.expect("the note is struck out");
    assert!(
        in_keychain(&entries[0]).is_empty(),
        "no secret stays that nothing refers to"
    );
}

#[tokio::test]
async fn names_are_used_once() {
    let world = World::new().await;
    world.serve_customers(3);
    world.add_connection("Shop").await;
    let draft = world.draft(" shop ", &world.key()).await;
    let review = world.ask("connections.review", draft.clone()).await;
    assert_eq!(
        review["problems"][0]["code"], "name_taken",
        "told while typing: {review:#}"
    );
    let problem = world
        .refused("connections.save", json!({"draft": draft, "check": null}))
        .await;
    assert_eq!(problem["code"], "name_taken", "and on Save: {problem:#}");
    assert_eq!(problem["facts"]["field"], "name", "at its field");
    assert_eq!(world.vault_entries().len(), 1, "the second key was kept nowhere");
    let other = world.draft("Shop 2", &world.key()).await;
    world
        .ask("connections.save", json!({"draft": other, "check": null}))
        .await;
}

#[tokio::test]
async fn a_failed_save_loses_nothing_that_was_typed() {
    let world = World::new().await;
    world.serve_customers(3);
    let key = world.key();
    let mut draft = world.draft("shop-prod", &key).await;
    draft["dataset_id"] = json!("not a dataset");
    let problem = world
        .refused("connections.save", json!({"draft": draft, "check": null}))
        .await;
    assert_eq!(
        problem["facts"]["field"], "dataset_id",
        "told at its field: {problem:#}"
    );
    draft["dataset_id"] = json!("shop");
    world
        .ask("connections.save", json!({"draft": draft, "check": null}))
        .await;
    let entries = world.vault_entries();
    assert!(in_keychain(&entries[0]) == key.der(), "the key waited behind its offer");
}

#[tokio::test]
async fn a_store_of_a_newer_tapline_is_left_alone() {
    let world = World::new().await;
    let database = world.database();
    let version: i64 = database
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .expect("a version");
    database
        .pragma_update(None, "user_version", version + 1)
        .expect("as a newer Tapline leaves it");
    drop(database);
    let options = AppOptions::at(world.store())
        .with_sandbox(world.sandbox.endpoint())
        .expect("loopback");
    let refused = App::start(options, std::sync::Arc::new(Terminal)).await;
    let problem = refused.err().expect("a newer store is refused");
    assert_eq!(problem.code().as_str(), "store_newer", "{problem}");
}

#[tokio::test]
async fn without_a_keychain_a_problem_says_so_and_nothing_is_kept_anywhere() {
    let world = World::new().await;
    world.serve_customers(3);
    let key = world.key();
    let path = key.write_to(world.desk()).expect("a file");
    let file = path.to_string_lossy().into_owned();
    let no_bus = [("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/at/all")];
    let add = [
        "--json",
        "connections",
        "add",
        "--name",
        "shop-prod",
        "--dataset",
        "shop",
        "--key",
        &file,
    ];
    let ended = world.tapline_with(&add, "", &no_bus).await;
    let problem = &ended.json()["problem"];
    let code = problem["code"].as_str().unwrap_or_default();
    assert!(code.starts_with("keychain_"), "the keychain is named: {ended:?}");
    assert_ne!(ended.status, 0, "it was not saved");
    assert!(
        !problem["explanation"].as_str().unwrap_or_default().is_empty(),
        "with what to install: {problem:#}"
    );
    assert_eq!(
        world.ask("connections.list", json!({})).await,
        json!([]),
        "a connection without its key is not saved"
    );
    for (path, bytes) in all_bytes(&world.store()) {
        assert!(
            !holds(&bytes, key.der()) && !holds(&bytes, b"PRIVATE KEY"),
            "{} holds the key that the keychain did not take",
            path.display()
        );
    }

    // The way for servers: the key comes with each command, and is kept nowhere.
    let add = [&add[..], &["--keep-no-key"]].concat();
    let ended = world.tapline_with(&add, "", &no_bus).await;
    assert_eq!(ended.status, 0, "{ended:?}");
    let test = ["--json", "connections", "test", "shop-prod", "--key", "-"];
    let ended = world.tapline_with(&test, key.json(), &no_bus).await;
    assert_eq!(ended.json()["ok"]["check"]["verdict"], "passed", "{ended:?}");
    for (path, bytes) in all_bytes(&world.store()) {
        assert!(!holds(&bytes, key.der()), "{} holds the lent key", path.display());
    }
}
