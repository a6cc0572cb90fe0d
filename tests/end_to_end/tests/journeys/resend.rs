//! Fix and resend, and Forget this person: what was not delivered goes out again once, or is gone.

use serde_json::{Value, json};
use tapline_sandbox::{Fault, Matcher};

use crate::world::{World, all_bytes, events_plan, holds, profiles_plan, with_sql};

const UPLOADS: &str = "/clevertap/in1/1/upload";

fn all_of(run: &Value) -> Value {
    json!({"run": run["id"], "fate": null, "code": null, "column": null})
}

async fn resend(world: &World, ask: &Value) -> Value {
    let mark = world.heard.mark();
    let started = world.ask("runs.resend", ask.clone()).await;
    world.run_ended(mark, &started["id"]).await
}

async fn nothing_is_left(world: &World, ask: &Value) {
    let plan = world.ask("runs.resend_plan", ask.clone()).await;
    assert_eq!(plan["records"], 0, "once is enough: {plan:#}");
    let refused = world.refused("runs.resend", ask.clone()).await;
    assert_eq!(refused["code"], "resend_nothing", "{refused:#}");
}

#[tokio::test]
async fn rejected_profiles_go_out_as_they_are_now_once_the_mapping_is_mended() {
    let world = World::on(with_sql().await).await;
    world.add_connection("shop-prod").await;
    let (_, account) = world.add_account("Shop").await;
    let mut plan = profiles_plan("People", "shop-prod", "Shop");
    // One of them has quotes and spaces in it, and one is named twice.
    plan["source"] = json!({"sql": r#"SELECT "fix-1" AS id, "+447700900001" AS phone
        UNION ALL SELECT "fix-2", "07700900002" UNION ALL SELECT " fix'3\" ", "07700900003""#});
    plan["properties"] = json!([{"column": "phone", "name": "Phone", "type": "string"}]);
    plan["identity"] = json!({"column": "id", "repairs": {"trim": true}});
    let import = world.add_import(&plan).await;
    let run = world.run(&import).await;
    assert_eq!(run["counts"]["delivered"], 1, "{run:#}");
    assert_eq!(run["counts"]["rejected"], 2, "a phone without its country: {run:#}");

    plan["properties"][0]["repairs"] = json!({"country_code": "+44"});
    let saved = json!({"id": import, "plan": plan, "draft": false});
    world.ask("imports.save", saved).await;
    let told = world.ask("runs.resend_plan", all_of(&run)).await;
    assert_eq!((&told["records"], &told["people"]), (&json!(2), &json!(2)), "{told:#}");
    assert_eq!(told["problem"], Value::Null, "nothing stands in the way: {told:#}");
    let mended = resend(&world, &all_of(&run)).await;
    assert_eq!(mended["outcome"], "completed", "{mended:#}");
    assert_eq!(mended["counts"]["delivered"], 2, "both, and nobody else: {mended:#}");
    assert_eq!(mended["counts"]["read"], 2, "only these were read: {mended:#}");
    assert_eq!(mended["mends"], run["id"], "and it names the run that it mends");
    let arrived = world.sandbox.clevertap().profile_records();
    let phones: Vec<_> = arrived
        .iter()
        .filter(|record| record.account_id == account.account_id)
        .map(tapline_sandbox::Arrived::json)
        .map(|record| (record["identity"].clone(), record["profileData"]["Phone"].clone()))
        .collect();
    for phone in ["+447700900002", "+447700900003"] {
        let times = phones.iter().filter(|(_, sent)| sent == phone).count();
        assert_eq!(times, 1, "{phone} arrived once: {phones:?}");
    }
    nothing_is_left(&world, &all_of(&run)).await;
}

#[tokio::test]
async fn events_in_doubt_go_out_as_they_were_stored_and_only_when_asked_for() {
    let world = World::new().await;
    world.serve_customers(2_500);
    world.add_connection("shop-prod").await;
    world.add_account("Shop").await;
    let import = world.add_import(&events_plan("Visits", "shop-prod", "Shop")).await;
    let doubtful = Matcher::path(UPLOADS).body("\"u1500\"").times(1);
    world.sandbox.fault(doubtful, Fault::CutAnswer);
    let run = world.run(&import).await;
    let lost = run["counts"]["in_doubt"].as_u64().expect("a number");
    assert_eq!(lost, 1_000, "one call was never answered: {run:#}");
    nothing_is_left(&world, &all_of(&run)).await;

    let before = world.sandbox.clevertap().events().len();
    let doubted = json!({"run": run["id"], "fate": "in_doubt", "code": null, "column": null});
    let plan = world.ask("runs.resend_plan", doubted.clone()).await;
    assert_eq!(
        (&plan["records"], &plan["bytes"]),
        (&json!(1_000), &json!(0)),
        "{plan:#}"
    );
    let queries = world.sandbox.calls_to("/bigquery/v2/projects/acme-dw/*").len();
    let mended = resend(&world, &doubted).await;
    assert_eq!(mended["counts"]["delivered"], 1_000, "{mended:#}");
    assert_eq!(mended["mends"], run["id"], "it names the run that it mends");
    assert_eq!(
        world.sandbox.calls_to("/bigquery/v2/projects/acme-dw/*").len(),
        queries,
        "BigQuery is asked nothing"
    );
    let arrived = world.sandbox.clevertap().events();
    assert_eq!(arrived.len(), before + 1_000, "each once more");
    let (first, again) = arrived.split_at(before);
    assert!(
        again
            .iter()
            .all(|event| first.iter().any(|known| known.raw == event.raw)),
        "byte for byte as they were stored"
    );
    nothing_is_left(&world, &doubted).await;
}

#[tokio::test]
async fn a_resend_that_was_stopped_goes_on_where_it_was_and_sends_nothing_twice() {
    let world = World::new().await;
    world.serve_customers(3_000);
    world.add_connection("shop-prod").await;
    world.add_account("Shop").await;
    let import = world.add_import(&events_plan("Visits", "shop-prod", "Shop")).await;
    world.sandbox.fault(Matcher::path(UPLOADS), Fault::CutAnswer);
    let run = world.run(&import).await;
    assert_eq!(run["counts"]["in_doubt"], 3_000, "no call was answered: {run:#}");
    world.sandbox.clear_faults();
    world.sandbox.clevertap().forget_records();

    let second = world.sandbox.hold(Matcher::path(UPLOADS).skip(1));
    let doubted = json!({"run": run["id"], "fate": "in_doubt", "code": null, "column": null});
    let mark = world.heard.mark();
    let started = world.ask("runs.resend", doubted.clone()).await;
    second.arrived(1).await;
    world.ask("runs.stop", json!({"run": started["id"]})).await;
    second.open();
    let stopped = world.run_ended(mark, &started["id"]).await;
    assert_eq!(stopped["outcome"], "stopped", "{stopped:#}");
    assert_eq!(stopped["resumable"], true, "a thousand are left: {stopped:#}");
    let waits = world.refused("runs.resend", doubted.clone()).await;
    assert_eq!(waits["code"], "resend_run_waits", "first this one: {waits:#}");

    let mark = world.heard.mark();
    world
        .ask("runs.resume", json!({"run": started["id"], "in_doubt": null}))
        .await;
    let done = world.run_ended(mark, &started["id"]).await;
    assert_eq!(done["outcome"], "completed", "{done:#}");
    assert_eq!(done["counts"]["delivered"], 3_000, "{done:#}");
    assert_eq!(done["mends"], run["id"], "it is the same run still");
    assert_eq!(
        world.sandbox.clevertap().events().len(),
        3_000,
        "none is missing, none is doubled"
    );
    nothing_is_left(&world, &doubted).await;
}

#[tokio::test]
async fn a_forgotten_person_stands_in_no_record_and_in_no_file() {
    let world = World::new().await;
    world.serve_people(4, |n| {
        if n == 4 {
            "u4@example.com".to_owned()
        } else {
            format!("marked-{n}")
        }
    });
    world.add_connection("shop-prod").await;
    world.add_account("Shop").await;
    let import = world.add_import(&profiles_plan("People", "shop-prod", "Shop")).await;
    for _ in 0..2 {
        let run = world.run(&import).await;
        assert_eq!(run["counts"]["rejected"], 3, "no addresses: {run:#}");
    }
    let on_disk = |word: &str| -> Vec<_> {
        let files = all_bytes(&world.store());
        files
            .into_iter()
            .filter(|(_, bytes)| holds(bytes, word.as_bytes()))
            .map(|(path, _)| path)
            .collect()
    };
    assert!(!on_disk("marked-2").is_empty(), "what was rejected is kept for a while");
    let forgotten = world.ask("runs.forget_person", json!({"identity": "u2"})).await;
    assert_eq!(forgotten, json!({"records": 2, "running": false}), "in both runs");
    assert_eq!(
        on_disk("marked-2"),
        Vec::<std::path::PathBuf>::new(),
        "no file holds a value of theirs"
    );
    assert!(!on_disk("marked-3").is_empty(), "nobody else was forgotten");

    let said = world.tapline(&["runs", "forget", "u3", "--json"]).await;
    assert_eq!(said.json()["ok"]["forgotten"]["records"], 2, "{said:?}");
    assert_eq!(
        on_disk("marked-3"),
        Vec::<std::path::PathBuf>::new(),
        "from a terminal too"
    );
    let runs = world.ask("runs.list", json!({"import": null})).await;
    for run in runs.as_array().expect("a list") {
        assert_eq!(
            run["counts"]["rejected"], 3,
            "what happened, and how often, stays: {run:#}"
        );
        let plan = world.ask("runs.resend_plan", all_of(run)).await;
        assert_eq!(plan["people"], 1, "who is forgotten is not sent again: {plan:#}");
        assert_eq!(plan["left_out"], 2, "and that is said: {plan:#}");
    }
}
