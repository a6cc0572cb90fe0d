//! An import that is started from the beginning, from the window and from a terminal: what is shown is what is done.

use std::sync::Arc;

use serde_json::{Value, json};
use tapline_sandbox::{Fault, Matcher, Options, Sandbox};

use crate::world::{World, events_plan};

const UPLOADS: &str = "/clevertap/in1/1/upload";

/// A world with SQL, and an import of two events by comparison.
async fn compared() -> (World, Value) {
    tapline_api::install_tls();
    let sandbox = Sandbox::start(Options::with_sql())
        .await
        .expect("the SQL engine starts");
    let world = World::on(Arc::new(sandbox)).await;
    world.add_connection("shop-prod").await;
    world.add_account("Shop").await;
    let mut plan = events_plan("Visits", "shop-prod", "Shop");
    plan["source"] = json!({"sql": "SELECT 'a' AS id, 'a@example.com' AS email UNION ALL SELECT 'b', 'b@example.com'"});
    plan["rows"] = json!("changed");
    let import = world.add_import(&plan).await;
    (world, import)
}

fn arrived(world: &World) -> u64 {
    world.sandbox.clevertap().counts().event_records
}

#[tokio::test]
async fn an_import_is_started_from_the_beginning_as_its_plan_says() {
    let (world, import) = compared().await;
    let refusal = Fault::answer(401, &json!({"status": "fail"}));
    world.sandbox.fault(Matcher::path(UPLOADS).nth(1), refusal);
    let failed = world.run(&import).await;
    assert_eq!(failed["outcome"], "failed", "{failed:#}");
    world.sandbox.clear_faults();
    let plan = world.ask("imports.restart_plan", json!({"import": import})).await;
    let words = plan["words"].to_string();
    assert!(words.contains("Its last run cannot be resumed any more."), "{words}");
    assert!(!words.contains("twice"), "nothing arrived yet: {words}");
    world.ask("imports.restart", json!({"import": import})).await;
    let refused = world
        .refused("runs.resume", json!({"run": failed["id"], "in_doubt": null}))
        .await;
    assert_eq!(refused["code"], "run_not_resumable", "{refused:#}");

    let run = world.run(&import).await;
    assert_eq!(run["counts"]["delivered"], 2, "{run:#}");
    let plan = world.ask("imports.restart_plan", json!({"import": import})).await;
    let words = plan["words"].to_string();
    assert!(
        words.contains("2 events of this import were delivered before"),
        "{words}"
    );
    assert!(!words.contains("resumed"), "no run waits: {words}");
    let statements = plan["statements"].as_array().expect("a list").clone();
    assert!(!statements.is_empty(), "its table goes: {plan:#}");
    world.ask("imports.restart", json!({"import": import})).await;
    let run = world.run(&import).await;
    assert_eq!(run["counts"]["delivered"], 2, "all of them once more: {run:#}");
    assert_eq!(arrived(&world), 4, "as the plan said");
}

#[tokio::test]
async fn a_terminal_says_what_starting_from_the_beginning_means_before_it_does_it() {
    let (world, import) = compared().await;
    let run = world.run(&import).await;
    assert_eq!(run["counts"]["delivered"], 2, "{run:#}");

    let told = world.tapline(&["imports", "restart", "Visits"]).await;
    assert_eq!(told.status, 0, "{told:?}");
    assert!(
        told.out.contains("DROP TABLE IF EXISTS `acme-dw.shop.tapline_state_"),
        "{told:?}"
    );
    assert!(told.out.contains("Nothing was done. --yes starts it"), "{told:?}");
    let run = world.run(&import).await;
    assert_eq!(run["counts"]["delivered"], 0, "it was only told: {run:#}");

    let done = world.tapline(&["imports", "restart", "Visits", "--yes"]).await;
    assert_eq!(done.status, 0, "{done:?}");
    assert!(done.out.contains("Done. Run it when you like."), "{done:?}");
    let run = world.run(&import).await;
    assert_eq!(run["counts"]["delivered"], 2, "every row is sent again: {run:#}");
    assert_eq!(arrived(&world), 4, "and no other");
    let unknown = world
        .tapline(&["--json", "imports", "restart", "Visitors", "--yes"])
        .await;
    assert_eq!(unknown.json()["problem"]["code"], "name_unknown", "{unknown:?}");
}
