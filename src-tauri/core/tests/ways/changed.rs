use serde_json::json;
use tapline_core::run::Outcome;

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
