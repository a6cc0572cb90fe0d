//! What stands against Changed rows is told before an import is saved; and an import starts from the beginning.

use serde_json::{Value, json};
use tapline_core::ground::ids::ImportId;
use tapline_core::ground::problem::{Code, Fact};
use tapline_core::import::plan::Source;
use tapline_core::run::Outcome;
use tapline_core::vault::Attendance;
use tapline_sandbox::{Fault, Matcher, ProjectState, Resource, Role};

use super::support::Scene;
use super::{UPLOADS, change, fill, mapping, scene};

const ROWS: [(&str, Option<&str>, Option<&str>); 2] = [
    ("a", Some("Oslo"), Some("2026-01-05T10:00:00Z")),
    ("b", Some("Rome"), Some("2026-01-06T10:00:00Z")),
];

#[tokio::test]
async fn what_changed_rows_needs_is_told_before_it_is_saved_and_the_command_mends_it() {
    let scene = scene().await;
    fill(&scene, &ROWS).await;
    let google = scene.sandbox.google();
    let member = scene.connection.client_email.clone();
    let shop = Resource::dataset("acme-dw", "shop");
    let people = Source::Table("people".to_owned());
    let asked = async || {
        let unattended = Attendance::Unattended;
        scene.runner.can_compare(&scene.connection, &people, unattended).await
    };
    assert_eq!(asked().await, Ok(()), "Data Editor on the dataset is enough");
    assert!(
        !scene.sandbox.calls().iter().any(|call| call.method == "DELETE"),
        "nothing was made, so nothing is taken away"
    );
    google.revoke(&member, &shop, Role::DataEditor);
    google.grant(&member, &shop, Role::DataViewer);
    let problem = asked().await.expect_err("who may only read cannot");
    assert_eq!(problem.facts().get(Fact::Permission), Some("bigquery.tables.create"));
    let command = problem.command().expect("one command mends it");
    google.type_command(&command).expect("a line that Google's tools take");
    assert_eq!(asked().await, Ok(()), "{command} was typed");
    google.add_project("acme-dw", ProjectState::NoBilling);
    let problem = asked().await.expect_err("a project without billing cannot");
    assert_eq!(problem.code(), Code::BillingNotEnabled, "{problem}");
}

async fn delivered(scene: &Scene, import: ImportId) -> u64 {
    let run = scene.run(import).await;
    assert_eq!(run.outcome, Some(Outcome::Completed), "{:?}", run.problem);
    run.counts.delivered
}

fn visits() -> Value {
    json!({"events": {"name": {"specific": "Visited"}, "created_on": {"column": "changed"}}})
}

#[tokio::test]
async fn an_import_of_new_and_updated_rows_that_is_started_from_the_beginning_sends_every_row_again() {
    let scene = scene().await;
    let now = jiff::Timestamp::now().to_string();
    fill(&scene, &[ROWS[0], ("b", Some("Rome"), Some(&now))]).await;
    let import = scene.import(
        "Visits",
        &visits(),
        &json!({"rows": {"new_and_updated": {}}, "updated_on": {"column": "changed"}, "properties": mapping()}),
    );
    assert_eq!(delivered(&scene, import).await, 2, "the first run sends them all");
    assert_eq!(delivered(&scene, import).await, 0, "the next one none");
    assert!(
        scene.runner.restart_statements(import).await.unwrap().is_empty(),
        "it keeps no table in BigQuery"
    );
    scene.runner.restart(import, Attendance::Unattended).await.unwrap();
    assert_eq!(
        delivered(&scene, import).await,
        2,
        "all of them again, what lies within the overlap included"
    );
}

#[tokio::test]
async fn an_import_of_changed_rows_whose_mapping_changed_is_started_from_the_beginning() {
    let scene = scene().await;
    fill(&scene, &ROWS).await;
    let import = scene.import(
        "Visits",
        &visits(),
        &json!({"rows": "changed", "properties": mapping()}),
    );
    assert_eq!(delivered(&scene, import).await, 2, "the first run sends them all");
    let state = scene
        .store
        .read(|r| r.comparisons().state(import))
        .unwrap()
        .unwrap()
        .table;
    change(&scene, import, |plan| plan.properties[0].name = "Town".to_owned());
    let refused = scene.run(import).await;
    let problem = refused
        .problem
        .expect("events would be there twice, so a person has to say that");
    assert_eq!(problem.code(), Code::StateOfOtherMapping, "{problem}");
    assert_eq!(problem.command().as_deref(), Some("tapline imports restart Visits"));
    assert_eq!(
        scene.runner.restart_statements(import).await.unwrap(),
        [format!("DROP TABLE IF EXISTS `acme-dw.shop.{}`", state.name)],
        "what is run is what is shown"
    );
    scene.runner.restart(import, Attendance::Unattended).await.unwrap();
    let left = scene
        .sandbox
        .google()
        .run_sql(&format!("SELECT * FROM `acme-dw.shop.{}`", state.name))
        .await;
    assert!(left.is_err(), "the old table is gone");
    assert_eq!(
        delivered(&scene, import).await,
        2,
        "every row is sent as it is mapped now"
    );
    assert_eq!(delivered(&scene, import).await, 0, "once");
}

#[tokio::test]
async fn a_run_from_before_a_new_beginning_is_not_gone_on_with_and_each_event_arrives_once() {
    let scene = scene().await;
    fill(&scene, &ROWS).await;
    for (name, rows) in [("Newer", json!({"new_and_updated": {}})), ("Changed", json!("changed"))] {
        let import = scene.import(
            name,
            &visits(),
            &json!({"rows": rows, "updated_on": {"column": "changed"}, "properties": mapping()}),
        );
        let refusal = Fault::answer(401, &json!({"status": "fail"}));
        scene.sandbox.fault(Matcher::path(UPLOADS).nth(1), refusal);
        let failed = scene.run(import).await;
        assert_eq!(failed.outcome, Some(Outcome::Failed), "{name}: {failed:?}");
        scene.sandbox.clear_faults();
        let before = scene.sandbox.clevertap().counts().event_records;
        scene.runner.restart(import, Attendance::Unattended).await.unwrap();
        let resumed = scene.runner.resume(failed.id, None, Attendance::Unattended).await;
        let problem = resumed.expect_err("the next run sends what this one would");
        assert_eq!(problem.code(), Code::RunNotResumable, "{name}: {problem}");
        assert_eq!(delivered(&scene, import).await, 2, "{name}: all of them");
        assert_eq!(delivered(&scene, import).await, 0, "{name}: once");
        let arrived = scene.sandbox.clevertap().counts().event_records - before;
        assert_eq!(arrived, 2, "{name}: each event once");
    }
}
