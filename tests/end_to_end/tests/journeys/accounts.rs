//! CleverTap accounts: a passcode is proven without anything being stored.

use serde_json::{Value, json};
use tapline_sandbox::{Fault, Matcher};

use crate::world::{World, account_draft, all_bytes, holds, in_keychain};

#[tokio::test]
async fn a_passcode_is_proven_by_a_record_that_clevertap_must_refuse() {
    let world = World::new().await;
    let key = world.sandbox.clevertap().open_account("in1");
    let draft = account_draft("Shop", &key, &key.passcode);
    let test = world.ask("accounts.test_draft", draft.clone()).await;
    assert_eq!(test["passed"], true, "{test:#}");
    let calls = world.sandbox.calls_to("/clevertap/*");
    assert_eq!(calls.len(), 1, "one call proves it");
    assert!(calls[0].query.contains("dryRun=1"), "as a dry run: {}", calls[0].query);
    assert_eq!(
        calls[0].path, "/clevertap/in1/1/upload",
        "of the region that was chosen"
    );
    let records = calls[0].json()["d"].clone();
    assert_eq!(records.as_array().map(Vec::len), Some(1), "with one record");
    for name in ["identity", "objectId", "FBID", "GPID"] {
        assert_eq!(records[0][name], Value::Null, "that belongs to nobody: {records}");
    }
    assert_eq!(
        world.sandbox.clevertap().counts().profile_records,
        0,
        "nothing was stored"
    );

    let saved = world.ask("accounts.save", draft).await;
    assert_eq!(
        saved["last_test"]["passed"], true,
        "the verdict is kept with just this passcode"
    );
    let entries = world.vault_entries();
    assert_eq!(
        in_keychain(&entries[0]),
        key.passcode.as_bytes(),
        "the passcode is in the keychain"
    );
    for (path, bytes) in all_bytes(&world.store()) {
        assert!(
            !holds(&bytes, key.passcode.as_bytes()),
            "{} holds it too",
            path.display()
        );
    }
    let world = world.reopened().await;
    let again = world.ask("accounts.test", json!({"account": saved["id"]})).await;
    assert_eq!(
        again["last_test"]["passed"], true,
        "and is found there tomorrow: {again:#}"
    );
}

#[tokio::test]
async fn a_wrong_region_and_a_wrong_passcode_are_told_as_far_apart_as_clevertap_tells_them() {
    let world = World::new().await;
    let key = world.sandbox.clevertap().open_account("sg1");
    let elsewhere = world
        .ask("accounts.test_draft", account_draft("Shop", &key, &key.passcode))
        .await;
    let mut mistyped = account_draft("Shop", &key, "AAA-BBB-CCCC");
    mistyped["region"] = json!("singapore");
    let mistyped = world.ask("accounts.test_draft", mistyped).await;
    for (what, test) in [("wrong region", &elsewhere), ("wrong passcode", &mistyped)] {
        assert_eq!(test["passed"], false, "{what}: {test:#}");
        assert_eq!(test["problem"]["answer"]["status"], 401, "{what}");
    }
    for (test, code, causes) in [
        (&elsewhere, "clevertap_account_unknown", ["region", "account id"]),
        (&mistyped, "clevertap_passcode", ["passcode", "region"]),
    ] {
        let problem = &test["problem"];
        assert_eq!(problem["code"], code, "as CleverTap's own words have it: {problem:#}");
        let words = problem["explanation"].as_str().unwrap_or_default().to_lowercase();
        for cause in causes {
            assert!(
                words.contains(cause),
                "each likely cause is named, {cause} too: {words}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_no_refusal_of_the_record_proves_nothing() {
    let world = World::new().await;
    let key = world.sandbox.clevertap().open_account("in1");
    let draft = account_draft("Shop", &key, &key.passcode);
    let stored = json!({"status": "success", "processed": 1, "unprocessed": []});
    for (fault, what) in [
        (Fault::CaptivePortal, "a sign-in page"),
        (Fault::answer(200, &stored), "a record of nobody that was taken"),
        (Fault::CutAnswer, "a cut connection"),
        (Fault::answer(503, &json!({})), "a server that is down"),
    ] {
        world.sandbox.clear_faults();
        world.sandbox.fault(Matcher::path("/clevertap/*"), fault);
        let test = world.ask("accounts.test_draft", draft.clone()).await;
        assert_eq!(test["passed"], false, "{what} is no proof: {test:#}");
        assert_ne!(test["problem"], Value::Null, "{what} is told");
    }
}

#[tokio::test]
async fn an_account_that_an_import_sends_to_cannot_be_deleted() {
    let world = World::new().await;
    world.serve_customers(1);
    world.add_connection("shop-prod").await;
    let (account, key) = world.add_account("Shop").await;
    let import = world
        .add_import(&crate::world::profiles_plan("People", "shop-prod", "Shop"))
        .await;
    let ask = json!({"account": account["id"]});
    let problem = world.refused("accounts.delete", ask.clone()).await;
    assert_eq!(problem["code"], "imports_in_the_way", "{problem:#}");
    world.ask("imports.stop", json!({"import": import})).await;
    world.ask("accounts.delete", ask).await;
    let left = world.vault_entries();
    for entry in &left {
        assert_ne!(in_keychain(entry), key.passcode.as_bytes(), "its passcode is gone");
    }
}

#[tokio::test]
async fn an_account_keeps_how_many_calls_it_may_have_at_once() {
    let world = World::new().await;
    let key = world.sandbox.clevertap().open_account("in1");
    let mut draft = account_draft("Shop", &key, &key.passcode);
    let saved = world.ask("accounts.save", draft.clone()).await;
    assert_eq!(
        saved["calls_at_once"], 15,
        "as many as CleverTap allows, unless told otherwise"
    );
    draft["id"] = saved["id"].clone();
    draft["passcode"] = json!("");
    draft["calls_at_once"] = json!(4);
    let saved = world.ask("accounts.save", draft.clone()).await;
    assert_eq!(saved["calls_at_once"], 4, "fewer leave room for others");
    draft["calls_at_once"] = Value::Null;
    draft["name"] = json!("Shop 2");
    let saved = world.ask("accounts.save", draft.clone()).await;
    assert_eq!(saved["calls_at_once"], 4, "and stay so when something else is changed");
    draft["calls_at_once"] = json!(16);
    let refused = world.refused("accounts.save", draft).await;
    assert_eq!(
        refused["code"], "calls_at_once_unfit",
        "CleverTap would refuse them: {refused}"
    );
}
