//! A dry run that somebody has had enough of.

use std::time::Duration;

use serde_json::json;
use tapline_sandbox::Matcher;

use crate::world::{World, profiles_plan};

#[tokio::test]
async fn a_dry_run_that_is_cancelled_while_its_job_is_being_made_leaves_no_job_behind() {
    let world = World::new().await;
    world.serve_customers(3);
    world.add_connection("shop-prod").await;
    world.add_account("Shop").await;
    // Google has made the job, and the answer is on its way.
    let made = world
        .sandbox
        .hold_answer(Matcher::path("/bigquery/v2/projects/acme-dw/jobs").method("POST"));
    let ended = world
        .sandbox
        .hold(Matcher::path("/bigquery/v2/projects/acme-dw/jobs/*/cancel"));
    let mark = world.heard.mark();
    let plan = profiles_plan("People", "shop-prod", "Shop");
    let started = world
        .ask("imports.dry_run", json!({"plan": plan, "every_row": true}))
        .await;
    let job = made.arrived(1).await[0].json()["jobReference"]["jobId"].clone();
    world
        .ask("imports.cancel_dry_run", json!({"dry_run": started["dry_run"]}))
        .await;
    let told = world.heard.wait_from(mark, "the dry run's end", |signal| {
        signal["signal"] == "dry_run" && signal["body"]["state"] != "running"
    });
    assert_eq!(
        told.await["body"]["state"],
        "cancelled",
        "nobody waits for Google to be told so"
    );
    made.open();
    let cancelled = tokio::time::timeout(Duration::from_mins(1), ended.arrived(1)).await;
    let cancelled = cancelled.expect("a job that nobody reads is not paid for to its end");
    assert!(
        cancelled[0].path.contains(job.as_str().expect("its id is ours")),
        "the very job: {job}"
    );
    ended.open();
}
