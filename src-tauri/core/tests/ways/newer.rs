use serde_json::json;
use tapline_core::run::Outcome;

use super::{fill, mapping, scene};

#[tokio::test]
async fn rows_travel_once_and_again_when_their_updated_on_moves() {
    let scene = scene().await;
    let import = scene.import(
        "People",
        &json!("profiles"),
        &json!({"rows": {"new_and_updated": {}}, "updated_on": {"column": "changed"}, "properties": mapping()}),
    );
    let now = jiff::Timestamp::now();
    let ago = |minutes: i64| (now - jiff::SignedDuration::from_mins(minutes)).to_string();
    let (old, older, later) = (ago(90), ago(1000), ago(-60));
    fill(
        &scene,
        &[
            ("a", Some("Oslo"), Some(&old)),
            ("b", Some("Rome"), Some(&older)),
            ("c", Some("Lima"), None),
            ("d", Some("Pune"), Some(&later)),
        ],
    )
    .await;
    let first = scene.run(import).await;
    assert_eq!(
        (first.outcome, first.problem.clone(), first.counts.delivered),
        (Some(Outcome::Completed), None, 2),
        "those that have come"
    );
    assert_eq!(
        (first.aside.undated, first.aside.later),
        (Some(1), Some(1)),
        "the others are told"
    );
    let second = scene.run(import).await;
    assert_eq!(
        (second.outcome, second.counts.read),
        (Some(Outcome::Completed), 0),
        "{:?}",
        second.problem
    );
    let just = ago(1);
    fill(
        &scene,
        &[("a", Some("Bergen"), Some(&just)), ("b", Some("Rome"), Some(&older))],
    )
    .await;
    let third = scene.run(import).await;
    assert_eq!(
        (third.outcome, third.counts.delivered),
        (Some(Outcome::Completed), 1),
        "{:?}",
        third.problem
    );
    assert_eq!(scene.sandbox.clevertap().profile("a").expect("there")["City"], "Bergen");
}
