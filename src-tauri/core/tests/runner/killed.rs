//! A process is killed in the middle of a run: nothing is lost, nothing that was acknowledged is in doubt, and what may
//! have left is listed by name.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};

use tapline_core::ground::ids::ImportId;
use tapline_core::run::{Fate, Outcome};
use tapline_core::store::{Belongs, Store};
use tapline_core::vault::Attendance;
use tapline_sandbox::Matcher;

use super::UPLOADS;
use super::support::{Access, PERSON, Scene};

const FOLDER: &str = "TAPLINE_TEST_FOLDER";
const IMPORT: &str = "TAPLINE_TEST_IMPORT";
const ACCESS: &str = "TAPLINE_TEST_ACCESS";

/// This test again, as a process that only carries out a run.
fn process(scene: &Scene, import: ImportId) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::a_killed_run_loses_nothing", "--nocapture"])
        .env(FOLDER, scene.folder.path())
        .env(IMPORT, import.to_string())
        .env(ACCESS, serde_json::to_string(&scene.access).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("this test can be started again")
}

async fn carry_out(folder: &str) {
    let store = Store::open(folder.as_ref(), Belongs::Sandbox).unwrap();
    let access: Access = serde_json::from_str(&std::env::var(ACCESS).unwrap()).unwrap();
    let import = std::env::var(IMPORT).unwrap().parse().unwrap();
    let runner = access.runner(store);
    let going = runner.start(import, PERSON, Attendance::Unattended).await.unwrap();
    going.ended().await;
}

#[tokio::test]
async fn a_killed_run_loses_nothing() {
    if let Ok(folder) = std::env::var(FOLDER) {
        return carry_out(&folder).await;
    }
    let scene = Scene::new().await;
    scene.good_people(20_000);
    let import = scene.events();
    // Three calls are answered; of the rest CleverTap takes the records and the answers wait.
    let answers = scene.sandbox.hold_answer(Matcher::path(UPLOADS).skip(3));
    let mut process = process(&scene, import);
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
