//! A process is killed in the middle of a run: nothing is lost, nothing that was acknowledged is in doubt, and what may
//! have left is listed by name.

use std::collections::BTreeSet;
use tapline_core::run::{Fate, Outcome};
use tapline_sandbox::Matcher;

use super::UPLOADS;
use super::process::{again, carried_out};
use super::support::Scene;

#[tokio::test]
async fn a_killed_run_loses_nothing() {
    if carried_out().await {
        return;
    }
    let scene = Scene::new().await;
    scene.good_people(20_000);
    let import = scene.events();
    // Three calls are answered; of the rest CleverTap takes the records and the answers wait.
    let answers = scene.sandbox.hold_answer(Matcher::path(UPLOADS).skip(3));
    let mut process = again(&scene, "killed::a_killed_run_loses_nothing", import)
        .spawn()
        .expect("this test can be started again");
    answers.arrived(3).await;
    let running = scene.store.read(|r| r.runs().going()).unwrap();
    assert_eq!(running.len(), 1, "the other process runs it");
    assert!(
        scene.store.recover(jiff::Timestamp::now()).unwrap().is_empty(),
        "and lives, so nobody else ends its run"
    );
    process.kill().unwrap();
    process.wait().unwrap();
    answers.open();

    let recovered = scene.store.recover(jiff::Timestamp::now()).unwrap();
    assert_eq!(recovered.len(), 1, "its run was found");
    let run = scene.store.read(|r| r.runs().get(recovered[0].run)).unwrap().run;
    assert_eq!(run.outcome, Some(Outcome::Interrupted), "nobody runs it any more");
    assert_eq!(
        run.counts.in_doubt, recovered[0].in_doubt,
        "what may have left is counted"
    );

    let in_doubt: BTreeSet<String> = scene
        .records(&run)
        .into_iter()
        .filter(|record| record.fate == Fate::InDoubt)
        .filter_map(|record| record.identity)
        .collect();
    assert_eq!(in_doubt.len() as u64, run.counts.in_doubt, "and each is named");
    let arrived: BTreeSet<String> = scene
        .sandbox
        .clevertap()
        .events()
        .iter()
        .map(|event| event.json()["identity"].as_str().unwrap_or_default().to_owned())
        .collect();
    let surely = arrived.difference(&in_doubt).count() as u64;
    assert_eq!(
        surely, run.counts.delivered,
        "what arrived is either counted as delivered or listed as in doubt: {:?}",
        run.counts
    );
    assert!(
        run.counts.delivered <= 3_000 && !in_doubt.is_empty(),
        "no more than was answered counts as delivered: {:?}",
        run.counts
    );
    let again = scene.run(import).await;
    assert_eq!(
        again.outcome,
        Some(Outcome::Completed),
        "the import runs again: {:?}",
        again.problem
    );
}
