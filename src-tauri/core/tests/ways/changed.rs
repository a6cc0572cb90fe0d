use serde_json::json;
use tapline_core::ground::ids::ImportId;
use tapline_core::ground::problem::{Code, Fact};
use tapline_core::run::Outcome;
use tapline_core::store::RecordFilter;
use tapline_core::vault::Attendance;
use tapline_sandbox::{Matcher, Rules};

use super::support::{Scene, passcode_refused};
use super::{UPLOADS, fill, mapping, scene};

#[tokio::test]
async fn only_what_changed_since_travels() {
    let scene = scene().await;
    let import = scene.import(
        "People",
        &json!("profiles"),
        &json!({"rows": "changed", "properties": mapping()}),
    );
    fill(
        &scene,
        &[("a", Some("Oslo"), None), ("b", Some("Rome"), None), ("c", None, None)],
    )
    .await;
    let first = scene.run(import).await;
    assert_eq!(
        (first.outcome, first.problem.clone(), first.counts.delivered),
        (Some(Outcome::Completed), None, 3),
        "the first run sends every row"
    );
    let second = scene.run(import).await;
    assert_eq!(
        (second.outcome, second.counts.read),
        (Some(Outcome::Completed), 0),
        "nothing changed: {:?}",
        second.problem
    );
    fill(
        &scene,
        &[
            ("a", Some("Bergen"), None),
            ("b", Some("Rome"), None),
            ("d", Some("Kyiv"), None),
        ],
    )
    .await;
    let third = scene.run(import).await;
    assert_eq!(
        (
            third.outcome,
            third.counts.read,
            third.counts.delivered,
            third.aside.vanished
        ),
        (Some(Outcome::Completed), 2, 2, Some(1)),
        "one changed, one is new, one is gone: {:?}",
        third.problem
    );
    assert_eq!(third.counts.expected, Some(2), "lines that tell of others are no rows");
    let arrived = scene.sandbox.clevertap();
    assert_eq!(arrived.profile("a").expect("there")["City"], "Bergen");
    assert!(
        arrived.profile("c").is_some(),
        "what vanished from the source stays at CleverTap"
    );
}

#[tokio::test]
async fn an_event_that_was_refused_comes_with_the_next_comparison_and_from_nowhere_else() {
    let scene = scene().await;
    let import = scene.import(
        "Visits",
        &json!({"events": {"name": {"column": "city"}, "created_on": {"column": "changed"}}}),
        &json!({"rows": "changed", "properties": mapping()}),
    );
    let at = Some("2026-01-05T10:00:00Z");
    fill(&scene, &[("a", Some("Oslo"), at), ("b", Some("Rome"), at)]).await;
    let discarding = Rules {
        discarded_events: ["rome".to_owned()].into(),
        ..Rules::default()
    };
    let clevertap = scene.sandbox.clevertap();
    clevertap.set_rules(&scene.account.account_id, &discarding);
    let first = scene.run(import).await;
    assert_eq!(
        (first.counts.delivered, first.counts.unprocessed),
        (1, 1),
        "{:?}",
        first.problem
    );
    clevertap.set_rules(&scene.account.account_id, &Rules::default());
    let again = scene
        .runner
        .resend(first.id, RecordFilter::default(), "Ada", Attendance::Unattended);
    let problem = again
        .await
        .expect_err("the next run sends it, and it must not be there twice");
    assert_eq!(problem.code(), Code::ResendNothing, "{problem}");
    let delivered = [scene.run(import).await, scene.run(import).await].map(|run| run.counts.delivered);
    assert_eq!(delivered, [1, 0], "the next comparison finds it, once");
    assert_eq!(clevertap.counts().event_records, 2, "each row once");
}

#[tokio::test]
async fn a_state_that_another_store_made_is_refused_and_never_written_to() {
    let scene = scene().await;
    let import = scene.import(
        "People",
        &json!("profiles"),
        &json!({"rows": "changed", "properties": mapping()}),
    );
    fill(&scene, &[("a", Some("Oslo"), None)]).await;
    let first = scene.run(import).await;
    assert_eq!(first.counts.delivered, 1, "{:?}", first.problem);
    let state = scene
        .store
        .read(|r| r.comparisons().state(import))
        .unwrap()
        .unwrap()
        .table;
    let label = format!(
        "ALTER TABLE `acme-dw.shop.{}` SET OPTIONS (labels = [(\'tapline_store\', \'somebody-else\')])",
        state.name
    );
    scene.sandbox.google().run_sql(&label).await.expect("a label");
    fill(&scene, &[("a", Some("Rome"), None)]).await;
    let refused = scene.run(import).await;
    let problem = refused
        .problem
        .expect("two that write to one table would take each other's rows for sent");
    assert_eq!(problem.code(), Code::StateOwnedElsewhere, "{problem}");
    assert_eq!(refused.counts.read, 0, "nothing was sent");
    scene.runner.restart(import, Attendance::Unattended).await.unwrap();
    let kept = format!("SELECT * FROM `acme-dw.shop.{}`", state.name);
    assert_eq!(
        scene.sandbox.google().run_sql(&kept).await.expect("still there").len(),
        1,
        "it is not ours to drop"
    );
}

/// The table that an import's last run reads.
fn delta(scene: &Scene, import: ImportId) -> String {
    let named = scene.store.read(|r| {
        let last = r.runs().last_of(import)?.expect("a run");
        r.comparisons().result_table(last.number)
    });
    format!("`acme-dw.shop.{}`", named.unwrap().expect("a table").table.name)
}

fn visits(scene: &Scene, name: &str, key: &[&str]) -> ImportId {
    scene.import(
        name,
        &json!({"events": {"name": {"specific": "Visited"}, "created_on": {"column": "changed"}, "key": key}}),
        &json!({"rows": "changed", "properties": mapping()}),
    )
}

#[tokio::test]
async fn what_arrived_of_a_comparison_that_expired_goes_into_the_state_with_the_next_one() {
    let scene = scene().await;
    scene.calls_at_once(1);
    let ids: Vec<String> = (0..1_500).map(|n| format!("u{n}")).collect();
    let at = Some("2026-01-05T10:00:00Z");
    let rows: Vec<_> = ids.iter().map(|id| (id.as_str(), Some("Oslo"), at)).collect();
    fill(&scene, &rows).await;
    for (name, key) in [("Visits", &[][..]), ("Orders", &["id"])] {
        let import = visits(&scene, name, key);
        let before = scene.sandbox.clevertap().counts().event_records;
        let arrived = || scene.sandbox.clevertap().counts().event_records - before;
        scene.sandbox.fault(Matcher::path(UPLOADS).nth(2), passcode_refused());
        let failed = scene.run(import).await;
        assert_eq!(
            (failed.outcome, arrived()),
            (Some(Outcome::Failed), 1_000),
            "{name}: {failed:?}"
        );
        scene.sandbox.clear_faults();
        scene.results_expire().await;
        let resumed = scene.runner.resume(failed.id, None, Attendance::Unattended).await;
        let resumed = resumed.expect("nothing stands in the way").ended().await;
        assert_eq!(
            resumed.outcome,
            Some(Outcome::Completed),
            "{name}: {:?}",
            resumed.problem
        );
        assert_eq!(arrived(), 1_500, "{name}: the rest was sent");
        let next = scene.run(import).await;
        assert_eq!(
            (next.outcome, next.counts.read),
            (Some(Outcome::Completed), 0),
            "{name}: {:?}",
            next.problem
        );
        assert_eq!(arrived(), 1_500, "{name}: each event once");
    }
}

#[tokio::test]
async fn an_event_whose_row_was_touched_while_its_result_expired_is_the_same_event() {
    let scene = scene().await;
    scene.calls_at_once(1);
    let ids: Vec<String> = (0..1_500).map(|n| format!("u{n}")).collect();
    let source = |at| {
        let rows = ids.iter().map(|id| (id.as_str(), Some("Oslo"), Some(at)));
        rows.collect::<Vec<_>>()
    };
    for rows in ["all", "changed"] {
        fill(&scene, &source("2026-01-05T10:00:00Z")).await;
        let import = scene.import(
            rows,
            &json!({"events": {"name": {"specific": "Visited"}}}),
            &json!({"rows": rows, "updated_on": {"column": "changed"}, "properties": mapping()}),
        );
        let before = scene.sandbox.clevertap().counts().event_records;
        scene.sandbox.fault(Matcher::path(UPLOADS).nth(2), passcode_refused());
        let failed = scene.run(import).await;
        assert_eq!(failed.counts.delivered, 1_000, "{rows}: {failed:?}");
        scene.sandbox.clear_faults();
        scene.results_expire().await;
        fill(&scene, &source("2026-01-06T10:00:00Z")).await;
        let resumed = scene.runner.resume(failed.id, None, Attendance::Unattended).await;
        let resumed = resumed.expect("nothing stands in the way").ended().await;
        assert_eq!(
            resumed.outcome,
            Some(Outcome::Completed),
            "{rows}: {:?}",
            resumed.problem
        );
        let arrived = scene.sandbox.clevertap().counts().event_records - before;
        assert_eq!(arrived, 1_500, "{rows}: when a row was touched is no part of its event");
    }
}

#[tokio::test]
async fn a_result_that_somebody_writes_to_while_it_is_read_is_told_and_teaches_the_state_nothing() {
    let scene = scene().await;
    let at = Some("2026-01-05T10:00:00Z");
    fill(&scene, &[("a", Some("Oslo"), at), ("b", Some("Rome"), at)]).await;
    let compared = visits(&scene, "Compared", &[]);
    let named = scene.import(
        "Named",
        &json!({"events": {"name": {"specific": "Visited"}, "created_on": {"column": "changed"}}}),
        &json!({"rows": {"new_and_updated": {}}, "updated_on": {"column": "changed"}, "result_table": "always", "properties": mapping()}),
    );
    for (import, what) in [(compared, "a comparison"), (named, "a named result")] {
        let gate = scene.sandbox.hold(Matcher::path(UPLOADS));
        let going = scene.start(import).await;
        gate.arrived(1).await;
        let table = delta(&scene, import);
        let write = format!("INSERT INTO {table} (id) VALUES ('z')");
        scene.sandbox.google().run_sql(&write).await.expect("a row more");
        gate.open();
        let run = going.ended().await;
        let problem = run.problem.expect("nobody can say which rows were sent");
        assert_eq!(problem.code(), Code::ResultChanged, "{what}: {problem}");
        assert_eq!(problem.facts().get(Fact::Expected), Some("2"), "{what}");
        assert_eq!(problem.facts().get(Fact::Found), Some("3"), "{what}");
        assert_eq!(
            (run.outcome, run.counts.delivered),
            (Some(Outcome::Failed), 2),
            "{what}"
        );
        let resumed = scene.runner.resume(run.id, None, Attendance::Unattended).await;
        let resumed = resumed.expect("it may be tried").ended().await;
        let code = resumed.problem.map(|problem| problem.code());
        assert_eq!(
            (code, resumed.counts.delivered),
            (Some(Code::ResultChanged), 2),
            "{what}: nothing more is sent"
        );
        drop(gate);
    }
    let next = scene.run(compared).await;
    let problem = next.problem.expect("what arrived cannot be written down");
    assert_eq!(
        (problem.code(), next.counts.delivered),
        (Code::ComparisonGone, 0),
        "{problem}"
    );
    let next = scene.run(named).await;
    assert_eq!(
        (next.outcome, next.counts.delivered),
        (Some(Outcome::Completed), 0),
        "these are known: {:?}",
        next.problem
    );
}

#[tokio::test]
async fn more_keys_than_a_statement_carries_are_left_out_of_the_state_by_a_table() {
    let scene = scene().await;
    let source = "SELECT CONCAT('u', CAST(n AS STRING)) AS id, IF(n > 100001, '7', 'old') AS age
        FROM UNNEST(GENERATE_ARRAY(1, 100003)) AS n";
    let import = scene.import(
        "People",
        &json!("profiles"),
        &json!({
            "source": {"sql": source},
            "rows": "changed",
            "properties": [{"column": "age", "name": "Years", "type": "integer"}],
        }),
    );
    let first = scene.run(import).await;
    let counts = first.counts;
    assert_eq!((counts.rejected, counts.delivered), (100_001, 2), "{:?}", first.problem);
    let calls = scene.sandbox.calls();
    let asked = |part: &str| calls.iter().filter(|call| call.body.contains(part)).count();
    assert_eq!(asked("_left_1_1\""), 1, "a hundred thousand keys in one piece");
    assert_eq!(asked("_left_1_2\""), 1, "and the last one in another");
    let longest = calls.iter().map(|call| call.body.len()).max();
    assert!(
        longest < Some(10_000_000),
        "BigQuery takes no longer request: {longest:?}"
    );
    let next = scene.run(import).await;
    assert_eq!(
        (next.counts.read, next.counts.rejected, next.counts.delivered),
        (100_001, 100_001, 0),
        "those that were refused come back, and no other: {:?}",
        next.problem
    );
}
