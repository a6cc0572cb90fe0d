//! Resends of events that do not come to their end at once.

use serde_json::json;
use tapline_core::run::{Fate, Outcome, Run};
use tapline_core::store::RecordFilter;
use tapline_core::vault::Attendance;
use tapline_sandbox::{Fault, Matcher, Rules};

use super::UPLOADS;
use super::support::{PERSON, Scene, assert_whole, passcode_refused};

const EVENTS: u64 = 2_100;

/// A run whose every event CleverTap refused, and a resend whose first batch is not answered and whose second is refused
/// with the passcode.
async fn resent_in_part(scene: &Scene, in_doubt: &str) -> Run {
    scene.good_people(EVENTS);
    scene.calls_at_once(1);
    let events = json!({"events": {"name": {"specific": "Visited"}, "in_doubt": in_doubt}});
    let import = scene.import("Visits", &events, &json!({}));
    let discarding = Rules {
        discarded_events: ["visited".to_owned()].into(),
        ..Rules::default()
    };
    let clevertap = scene.sandbox.clevertap();
    clevertap.set_rules(&scene.account.account_id, &discarding);
    let refused = scene.run(import).await;
    assert_eq!(refused.counts.unprocessed, EVENTS, "{:?}", refused.problem);
    clevertap.set_rules(&scene.account.account_id, &Rules::default());
    let first = Matcher::path(UPLOADS).body("\"u1\"");
    scene.sandbox.fault(first.times(3), Fault::CutAnswer);
    let second = Matcher::path(UPLOADS).body("\"u1500\"");
    scene.sandbox.fault(second.times(1), passcode_refused());
    let resend = scene
        .runner
        .resend(refused.id, RecordFilter::default(), PERSON, Attendance::Unattended);
    let failed = resend.await.expect("nothing stands in the way").ended().await;
    assert_eq!(failed.outcome, Some(Outcome::Failed), "{:?}", failed.problem);
    assert_eq!(
        failed.counts.in_doubt, 1_000,
        "one batch was not answered: {:?}",
        failed.counts
    );
    failed
}

async fn gone_on(scene: &Scene, run: &Run) -> Run {
    let going = scene.runner.resume(run.id, None, Attendance::Unattended).await;
    let run = going.expect("nothing stands in the way").ended().await;
    assert_whole(&run.counts);
    assert_eq!(run.counts.read, EVENTS, "each counts once: {:?}", run.counts);
    run
}

#[tokio::test]
async fn events_in_doubt_of_a_resend_go_again_where_the_import_says_so() {
    let scene = Scene::new().await;
    let failed = resent_in_part(&scene, "resend").await;
    let run = gone_on(&scene, &failed).await;
    assert_eq!(
        (run.outcome, run.counts.delivered, run.counts.in_doubt),
        (Some(Outcome::Completed), EVENTS, 0),
        "{:?}",
        run.problem
    );
    assert_eq!(scene.records(&run), [], "none is listed any more");
}

#[tokio::test]
async fn events_in_doubt_of_a_resend_are_left_where_the_import_says_so() {
    let scene = Scene::new().await;
    let failed = resent_in_part(&scene, "leave").await;
    let run = gone_on(&scene, &failed).await;
    assert_eq!(
        (run.outcome, run.counts.delivered, run.counts.in_doubt),
        (Some(Outcome::CompletedInDoubt), EVENTS - 1_000, 1_000),
        "{:?}",
        run.problem
    );
    let listed = scene.records(&run);
    assert!(
        listed.len() == 1_000 && listed.iter().all(|record| record.fate == Fate::InDoubt),
        "each is listed"
    );
    assert_eq!(
        scene.sandbox.clevertap().counts().event_records,
        EVENTS,
        "those in doubt had arrived, and none arrived twice"
    );
}
