//! The purchases of CDNOW: what a dry run shows is what is sent, byte for byte.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::{World, with_sql};

fn plan(text: &str, database: &str, account: &str) -> Value {
    let mut plan: Value = serde_json::from_str(text).expect("a plan is JSON");
    plan["database"] = json!(database);
    plan["account"] = json!(account);
    plan
}

#[tokio::test]
async fn what_the_dry_run_shows_is_byte_for_byte_what_arrives() {
    let world = World::on(with_sql().await).await;
    world.add_connection("CDNOW").await;
    let (_, account) = world.add_account("Shop").await;
    let customers = plan(include_str!("../../../data/cdnow-customers.plan.json"), "CDNOW", "Shop");
    let purchases = plan(include_str!("../../../data/cdnow-purchases.plan.json"), "CDNOW", "Shop");
    for (plan, rows) in [(customers, 23_570), (purchases, 69_659)] {
        let shown = dry_run(&world, &plan, rows).await;
        let before = arrived(&world, &account.account_id);
        assert!(before.is_empty() || rows != 23_570, "a dry run sends nothing");
        let import = world.add_import(&plan).await;
        let run = world.run(&import).await;
        assert_eq!(run["outcome"], "completed", "{run:#}");
        assert_eq!(run["counts"]["delivered"], rows, "every row: {run:#}");
        let arrived = arrived(&world, &account.account_id);
        for record in &shown {
            let record = at_the_start_of(&run, record, &plan);
            assert!(arrived.contains(&record), "shown and not sent: {record}");
        }
    }
    let total = world.sandbox.clevertap().counts();
    assert!(
        total.profile_records >= 23_570 && total.event_records >= 69_659,
        "all of them, identical rows too: {total:?}"
    );
}

/// A record without a time of its own carries the second in which its run, or its dry run, started: nothing else differs.
fn at_the_start_of(run: &Value, record: &str, plan: &Value) -> String {
    if plan["records"] != "profiles" {
        return record.to_owned();
    }
    let started: jiff::Timestamp = run["started_on"]
        .as_str()
        .and_then(|at| at.parse().ok())
        .expect("when it started");
    let shown: Value = serde_json::from_str(record).expect("a record is JSON");
    record.replacen(
        &format!("\"ts\":{}", shown["ts"]),
        &format!("\"ts\":{}", started.as_second()),
        1,
    )
}

/// Every record that the account took, as bytes.
fn arrived(world: &World, account_id: &str) -> BTreeSet<String> {
    let clevertap = world.sandbox.clevertap();
    let all = clevertap.profile_records().into_iter().chain(clevertap.events());
    all.filter(|record| record.account_id == account_id)
        .map(|record| record.raw)
        .collect()
}

/// A dry run of every row. Gives the records that it shows.
async fn dry_run(world: &World, plan: &Value, rows: u64) -> Vec<String> {
    let mark = world.heard.mark();
    let started = world
        .ask("imports.dry_run", json!({"plan": plan, "every_row": true}))
        .await;
    let done = world.heard.wait_from(mark, "the dry run's end", |signal| {
        let report = &signal["body"];
        signal["signal"] == "dry_run" && report["dry_run"] == started["dry_run"] && report["state"] != "running"
    });
    let report = done.await["body"].clone();
    assert_eq!(report["state"], "done", "{}", report["problem"]);
    assert_eq!(report["rows_read"], rows, "every row is mapped");
    assert_eq!(report["rejected"], 0, "and none is rejected");
    let shown = report["rows"].as_array().expect("rows");
    let records: Vec<_> = shown
        .iter()
        .filter_map(|row| row["record"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(records.len(), 200, "two hundred are shown");
    records
}
