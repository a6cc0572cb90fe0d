//! New and updated rows of events whose plan changes between two runs: what was sent within the overlap is known again, and
//! where it cannot be, that is told.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tapline_core::ground::ids::ImportId;
use tapline_core::ground::problem::{Code, Fact, Problem};
use tapline_core::import::plan::Source;
use tapline_core::run::Outcome;
use tapline_core::vault::Attendance;
use tapline_sandbox::{Fault, Matcher};

use super::support::Scene;
use super::{UPLOADS, change, fill, mapping, properties, scene};

fn visits(scene: &Scene, changes: &Value) -> ImportId {
    let mut plan =
        json!({"rows": {"new_and_updated": {}}, "updated_on": {"column": "changed"}, "properties": mapping()});
    for (name, value) in changes.as_object().into_iter().flatten() {
        plan[name] = value.clone();
    }
    let events = json!({"events": {"name": {"specific": "Visited"}, "created_on": {"column": "changed"}}});
    scene.import("Visits", &events, &plan)
}

/// So many seconds ago.
fn ago(seconds: i64) -> String {
    (Timestamp::now() - SignedDuration::from_secs(seconds)).to_string()
}

async fn delivered(scene: &Scene, import: ImportId) -> u64 {
    let run = scene.run(import).await;
    assert_eq!(run.outcome, Some(Outcome::Completed), "{:?}", run.problem);
    run.counts.delivered
}

async fn refused(scene: &Scene, import: ImportId) -> Problem {
    let run = scene.run(import).await;
    assert_eq!(run.counts.delivered, 0, "nothing is sent: {run:?}");
    run.problem.expect("what stands in the way")
}

fn arrived(scene: &Scene) -> u64 {
    scene.sandbox.clevertap().counts().event_records
}

async fn without_city(scene: &Scene) {
    let sql = "CREATE OR REPLACE TABLE `acme-dw.shop.people` AS SELECT id, changed FROM `acme-dw.shop.people`";
    scene.sandbox.google().run_sql(sql).await.expect("a table");
}

#[tokio::test]
async fn an_event_that_was_sent_is_not_sent_again_because_its_mapping_changed() {
    let scene = scene().await;
    let (one, two) = (ago(100), ago(50));
    let a = ("a", Some("Oslo"), Some(one.as_str()));
    let b = ("b", None, Some(two.as_str()));
    fill(&scene, &[a, a, b]).await;
    let import = visits(&scene, &json!({"properties": []}));
    assert_eq!(delivered(&scene, import).await, 3, "the first run sends them all");
    let city = mapping();
    let town = json!([{"column": "city", "name": "Town", "type": "string"}]);
    let also_id =
        json!([{"column": "id", "name": "Id", "type": "string"}, {"column": "city", "name": "City", "type": "string"}]);
    for (what, mapped) in [
        ("a property was added", &city),
        ("it has another name", &town),
        ("another stands before it", &also_id),
        ("none is left", &json!([])),
    ] {
        change(&scene, import, |plan| plan.properties = properties(mapped));
        assert_eq!(delivered(&scene, import).await, 0, "{what}");
    }
    // Without its city this one is like the two that were sent.
    let late = ("a", Some("Bergen"), Some(one.as_str()));
    fill(&scene, &[late, a, a, b]).await;
    assert_eq!(delivered(&scene, import).await, 1, "a third one");
    change(&scene, import, |plan| plan.properties = properties(&city));
    let later = ("a", Some("Rome"), Some(one.as_str()));
    fill(&scene, &[later, late, a, a, b]).await;
    assert_eq!(delivered(&scene, import).await, 1, "a fourth one");
    let sent = scene.sandbox.clevertap().events();
    assert_eq!(sent.last().expect("five").json()["identity"], "a");
    assert_eq!(arrived(&scene), 5, "each row once");
}

#[tokio::test]
async fn rows_without_a_value_in_their_event_key_are_each_sent_once() {
    let scene = scene().await;
    let at = ago(50);
    let import = scene.import(
        "Visits",
        &json!({"events": {"name": {"specific": "Visited"}, "key": ["city"]}}),
        &json!({"rows": {"new_and_updated": {}}, "updated_on": {"column": "changed"}, "properties": mapping()}),
    );
    let row = |id| (id, None, Some(at.as_str()));
    fill(&scene, &[row("b"), ("k", Some("Oslo"), Some(&at))]).await;
    assert_eq!(delivered(&scene, import).await, 2, "the first run sends them all");
    fill(&scene, &[row("a"), row("b"), row("c"), ("k", Some("Oslo"), Some(&at))]).await;
    assert_eq!(delivered(&scene, import).await, 2, "those that were written late");
    let sent = scene.sandbox.clevertap().events();
    let mut whose: Vec<_> = sent.iter().map(|event| event.json()["identity"].clone()).collect();
    whose.sort_by_key(ToString::to_string);
    assert_eq!(whose, ["a", "b", "c", "k"], "nobody's stood for another's");
}

#[tokio::test]
async fn where_the_source_lost_a_column_that_events_were_sent_with_a_run_begins_behind_them() {
    let scene = scene().await;
    let (one, two) = (ago(100), ago(50));
    fill(&scene, &[("a", Some("Oslo"), Some(&one)), ("b", None, Some(&two))]).await;
    let import = visits(&scene, &json!({}));
    assert_eq!(delivered(&scene, import).await, 2, "the first run sends them all");
    without_city(&scene).await;
    change(&scene, import, |plan| plan.properties = Vec::new());
    assert_eq!(delivered(&scene, import).await, 0, "none is sent again");
    let add = "INSERT INTO `acme-dw.shop.people` (id, changed) VALUES ('c', CURRENT_TIMESTAMP())";
    scene.sandbox.google().run_sql(add).await.expect("a row");
    assert_eq!(delivered(&scene, import).await, 1, "and what is new is");
    assert_eq!(delivered(&scene, import).await, 0, "once");
    assert_eq!(arrived(&scene), 3, "each row once");
}

#[tokio::test]
async fn where_nothing_tells_sent_events_from_others_any_more_none_is_sent() {
    let scene = scene().await;
    let at = ago(50);
    let ids: Vec<String> = (0..1_500).map(|n| format!("u{n}")).collect();
    let rows: Vec<_> = ids
        .iter()
        .map(|id| (id.as_str(), Some("Oslo"), Some(at.as_str())))
        .collect();
    fill(&scene, &rows).await;
    let import = visits(&scene, &json!({}));
    scene.calls_at_once(1);
    let refusal = Fault::answer(401, &json!({"status": "fail"}));
    let second = Matcher::path(UPLOADS).nth(2);
    scene.sandbox.fault(second, refusal);
    let failed = scene.run(import).await;
    assert_eq!(failed.outcome, Some(Outcome::Failed), "the second call was refused");
    let sent = arrived(&scene);
    assert_eq!(sent, 1_000, "the first call's");
    without_city(&scene).await;
    change(&scene, import, |plan| plan.properties = Vec::new());
    let problem = refused(&scene, import).await;
    assert_eq!(problem.code(), Code::SentColumnGone, "{problem}");
    assert_eq!(problem.facts().get(Fact::Column), Some("city"), "{problem}");
    assert_eq!(problem.command().as_deref(), Some("tapline imports restart Visits"));
    assert_eq!(arrived(&scene), sent, "nothing more arrived");
}

#[tokio::test]
async fn events_read_from_elsewhere_are_not_all_sent_unless_a_person_says_so() {
    let scene = scene().await;
    let (long_ago, at) = (ago(90_000), ago(50));
    fill(&scene, &[("a", None, Some(&long_ago)), ("b", None, Some(&at))]).await;
    let import = visits(&scene, &json!({"source": {"sql": "SELECT * FROM shop.people"}}));
    assert_eq!(delivered(&scene, import).await, 2, "the first run sends them all");
    change(&scene, import, |plan| {
        plan.source = Source::Sql("SELECT *, LENGTH(id) AS size FROM shop.people".to_owned());
        plan.properties = properties(&json!([{"column": "size", "name": "Size", "type": "integer"}]));
    });
    assert_eq!(
        delivered(&scene, import).await,
        0,
        "a SELECT that gives another column gives the same events"
    );
    change(&scene, import, |plan| plan.source = Source::Table("people".to_owned()));
    change(&scene, import, |plan| plan.properties = Vec::new());
    let problem = refused(&scene, import).await;
    assert_eq!(problem.code(), Code::WatermarkElsewhere, "{problem}");
    assert_eq!(problem.command().as_deref(), Some("tapline imports restart Visits"));
    scene.runner.restart(import, Attendance::Unattended).await.unwrap();
    assert_eq!(delivered(&scene, import).await, 2, "now it is meant");
}
