use serde_json::json;
use tapline_core::ground::problem::Code;
use tapline_core::run::Outcome;
use tapline_core::store::RecordFilter;
use tapline_core::vault::Attendance;
use tapline_sandbox::Rules;

use super::{fill, mapping, scene};

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
