//! A run of three batches is ended before and after every write of its ledger and every call, one instant after another:
//! whatever the instant, the next start finds the store whole, and the run comes to its end with every row.

use serde_json::json;
use tapline_core::ground::ids::ImportId;
use tapline_core::run::{Fate, Outcome};
use tapline_core::vault::Attendance;

use super::process::{again, carried_out};
use super::support::{Scene, assert_whole};

const ENDS_AT: &str = "TAPLINE_ENDS_AT";
const PANICS_AT: &str = "TAPLINE_PANICS_AT";
/// More instants than a run of three batches has.
const TOO_MANY: u64 = 200;

/// Carries out a run in a process of its own, which ends at an instant, or a part of which breaks there, as `how` says.
/// Whether it came to its end all the same.
fn carried_out_until(scene: &Scene, test: &str, import: ImportId, how: &str, instant: u64) -> bool {
    let ended = again(scene, test, import).env(how, instant.to_string()).status();
    ended.expect("this test can be started again").success()
}

#[tokio::test]
async fn profiles_survive_the_end_of_the_process_at_every_instant() {
    if !carried_out().await {
        every_instant(
            "instants::profiles_survive_the_end_of_the_process_at_every_instant",
            true,
        )
        .await;
    }
}

#[tokio::test]
async fn events_survive_the_end_of_the_process_at_every_instant() {
    if !carried_out().await {
        every_instant(
            "instants::events_survive_the_end_of_the_process_at_every_instant",
            false,
        )
        .await;
    }
}

async fn every_instant(test: &str, profiles: bool) {
    let scene = Scene::new().await;
    scene.good_people(2_100);
    let import = if profiles { scene.profiles() } else { scene.events() };
    let mut instant = 1;
    while !carried_out_until(&scene, test, import, ENDS_AT, instant) {
        goes_on(&scene, import, profiles, instant).await;
        scene.sandbox.clevertap().forget_records();
        instant += 1;
        assert!(instant < TOO_MANY, "a run of three batches comes to its end");
    }
    // Three batches, each opened, sent and answered, and what is around them.
    assert!(instant > 12, "only {instant} instants were passed");
}

/// A part that breaks is a fault of ours, and no reason to say that all went well: the run ends by itself, says so, and is
/// gone on with.
#[tokio::test]
async fn events_survive_a_part_that_breaks_at_every_instant() {
    if carried_out().await {
        return;
    }
    let test = "instants::events_survive_a_part_that_breaks_at_every_instant";
    let scene = Scene::new().await;
    scene.good_people(2_100);
    let import = scene.events();
    let mut broke = 0;
    for instant in 1..TOO_MANY {
        let went_on = carried_out_until(&scene, test, import, PANICS_AT, instant);
        let last = scene.store.read(|r| r.runs().last_of(import)).unwrap();
        if last
            .as_ref()
            .is_some_and(|last| last.run.outcome == Some(Outcome::Completed))
        {
            if went_on {
                let arrived = scene.sandbox.clevertap().counts().event_records;
                assert_eq!(
                    arrived, 2_100,
                    "at instant {instant}: what is called completed is whole"
                );
            }
            if went_on && instant > 40 {
                break;
            }
        } else {
            broke += 1;
            goes_on(&scene, import, false, instant).await;
        }
        scene.sandbox.clevertap().forget_records();
    }
    assert!(broke > 8, "only {broke} instants broke a run");
}

/// The run that was ended is found, and gone on with to its end.
async fn goes_on(scene: &Scene, import: ImportId, profiles: bool, instant: u64) {
    scene.store.recover(jiff::Timestamp::now()).unwrap();
    let last = scene.store.read(|r| r.runs().last_of(import)).unwrap();
    let is_early = |outcome: Outcome| outcome.is_early();
    let Some(found) = last.filter(|last| last.run.outcome.is_some_and(is_early)) else {
        // It ended before the run was begun, or after it had come to its end.
        return;
    };
    assert_whole(&found.run.counts);
    let going = scene.runner.resume(found.run.id, None, Attendance::Unattended).await;
    let run = going.expect("nothing stands in the way").ended().await;
    let doubtful = run.counts.in_doubt;
    let expected = if doubtful > 0 {
        Outcome::CompletedInDoubt
    } else {
        Outcome::Completed
    };
    assert_eq!(run.outcome, Some(expected), "at instant {instant}: {:?}", run.problem);
    assert_whole(&run.counts);
    assert_eq!(run.counts.read, 2_100, "at instant {instant}: {:?}", run.counts);
    let clevertap = scene.sandbox.clevertap();
    if profiles {
        assert_eq!(
            (clevertap.profiles().len(), doubtful),
            (2_100, 0),
            "at instant {instant}: every profile is there, and none is in doubt"
        );
        return;
    }
    let listed = scene.records(&run);
    let listed: Vec<_> = listed.iter().filter(|record| record.fate == Fate::InDoubt).collect();
    assert_eq!(listed.len() as u64, doubtful, "at instant {instant}: each is listed");
    let mut arrived = std::collections::BTreeMap::new();
    for event in clevertap.events() {
        *arrived.entry(event.json()["identity"].clone().to_string()).or_insert(0) += 1;
    }
    assert!(
        arrived.values().all(|times| *times == 1),
        "at instant {instant}: no event arrived twice"
    );
    let missing = (1..=2_100)
        .map(|n| json!(format!("u{n}")))
        .filter(|whose| !arrived.contains_key(&whose.to_string()))
        .filter(|whose| !listed.iter().any(|record| record.identity.as_deref() == whose.as_str()))
        .count();
    assert_eq!(
        missing, 0,
        "at instant {instant}: each event arrived or is listed as in doubt"
    );
}
