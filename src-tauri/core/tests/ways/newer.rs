use serde_json::json;
use tapline_core::run::Outcome;

use super::{UPLOADS, fill, mapping, scene};

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

#[tokio::test]
async fn what_was_acknowledged_within_the_overlap_is_not_sent_again_and_its_likes_are_counted() {
    let scene = scene().await;
    let import = scene.import(
        "Visits",
        &json!({"events": {"name": {"specific": "Visited"}, "created_on": {"column": "changed"}}}),
        &json!({"rows": {"new_and_updated": {}}, "updated_on": {"column": "changed"}, "properties": mapping()}),
    );
    let now = jiff::Timestamp::now();
    let at = |seconds: i64| (now - jiff::SignedDuration::from_secs(seconds)).to_string();
    let (one, two) = (at(100), at(50));
    let twice = ("a", Some("Oslo"), Some(one.as_str()));
    fill(&scene, &[twice, twice, ("b", Some("Rome"), Some(&two))]).await;
    let first = scene.run(import).await;
    assert_eq!(
        (first.outcome, first.counts.delivered),
        (Some(Outcome::Completed), 3),
        "{:?}",
        first.problem
    );
    let late = ("c", Some("Lima"), Some(one.as_str()));
    fill(&scene, &[twice, twice, twice, ("b", Some("Rome"), Some(&two)), late]).await;
    let second = scene.run(import).await;
    assert_eq!(
        (second.outcome, second.counts.read, second.counts.delivered),
        (Some(Outcome::Completed), 2, 2),
        "one that was written late, and one more of two alike: {:?}",
        second.problem
    );
    let third = scene.run(import).await;
    assert_eq!(third.counts.delivered, 0, "nothing is left: {:?}", third.problem);
    assert_eq!(scene.sandbox.clevertap().counts().event_records, 5, "each row once");
}

#[tokio::test]
async fn a_run_after_one_that_was_cut_short_sends_what_that_one_did_not() {
    let scene = scene().await;
    let import = scene.import(
        "Visits",
        &json!({"events": {"name": {"specific": "Visited"}, "created_on": {"column": "changed"}}}),
        &json!({"rows": {"new_and_updated": {}}, "updated_on": {"column": "changed"}, "properties": mapping()}),
    );
    let now = jiff::Timestamp::now();
    let ids: Vec<(String, String)> = (1..=1_500_i64)
        .map(|n| {
            let at = now - jiff::SignedDuration::from_mins(n);
            (format!("u{n}"), at.to_string())
        })
        .collect();
    let rows: Vec<_> = ids
        .iter()
        .map(|(id, at)| (id.as_str(), Some("Oslo"), Some(at.as_str())))
        .collect();
    fill(&scene, &rows).await;
    scene.calls_at_once(1);
    scene.sandbox.fault(
        tapline_sandbox::Matcher::path(UPLOADS).nth(2),
        tapline_sandbox::Fault::answer(401, &json!({"status": "fail"})),
    );
    let failed = scene.run(import).await;
    assert_eq!(failed.outcome, Some(Outcome::Failed), "the second call was refused");
    let sent = scene.sandbox.clevertap().counts().event_records;
    assert_eq!(sent, 1_000, "the first call's");
    let next = scene.run(import).await;
    assert_eq!(
        (next.outcome, next.counts.delivered),
        (Some(Outcome::Completed), 1_500 - sent),
        "the watermark had not moved, and what arrived is known: {:?}",
        next.problem
    );
    assert_eq!(scene.sandbox.clevertap().counts().event_records, 1_500, "each row once");
}

#[tokio::test]
async fn a_profile_travels_once_within_the_overlap_and_an_older_row_of_it_again_when_it_is_the_newest() {
    let scene = scene().await;
    let import = scene.import(
        "People",
        &json!("profiles"),
        &json!({"rows": {"new_and_updated": {}}, "updated_on": {"column": "changed"}, "properties": mapping()}),
    );
    let now = jiff::Timestamp::now();
    let at = |seconds: i64| (now - jiff::SignedDuration::from_secs(seconds)).to_string();
    let (one, two) = (at(200), at(100));
    let (first, second) = (
        ("a", Some("Oslo"), Some(one.as_str())),
        ("a", Some("Rome"), Some(two.as_str())),
    );
    let delivered = async |rows: &[_]| {
        fill(&scene, rows).await;
        let run = scene.run(import).await;
        assert_eq!(run.outcome, Some(Outcome::Completed), "{:?}", run.problem);
        run.counts.delivered
    };
    let city = || scene.sandbox.clevertap().profile("a").expect("there")["City"].clone();
    assert_eq!(delivered(&[first]).await, 1, "the first run sends it");
    for run in 2..5 {
        assert_eq!(
            delivered(&[first]).await,
            0,
            "run {run} reads it again, and leaves it out"
        );
    }
    assert_eq!(delivered(&[first, second]).await, 1, "a newer row is sent");
    assert_eq!(city(), "Rome");
    assert_eq!(delivered(&[first]).await, 1, "the older one is the newest again");
    assert_eq!(city(), "Oslo", "what was sent last is what the source says");
    assert_eq!(delivered(&[first]).await, 0, "and travels no more");
}
