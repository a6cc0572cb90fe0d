//! Runs that stand still for longer than BigQuery keeps a result by itself: what they were reading is copied when they are
//! paused, and is read from there.

use std::collections::BTreeMap;

use serde_json::json;
use tapline_core::ground::ids::ImportId;
use tapline_core::ground::problem::Code;
use tapline_core::run::{Outcome, Run};
use tapline_core::vault::Attendance;
use tapline_sandbox::{Fault, Matcher, Resource, Role};

use super::UPLOADS;
use super::support::{Scene, assert_whole};

const PEOPLE: u64 = 12_000;
/// The table that a result is copied to.
const COPY: &str = "/bigquery/v2/projects/acme-dw/datasets/shop/tables/tapline_*_kept";

/// A run that was paused when three thousand were sent.
async fn paused(scene: &Scene, import: ImportId) -> Run {
    let gate = scene.sandbox.hold(Matcher::path(UPLOADS).skip(3));
    let going = scene.start(import).await;
    gate.arrived(1).await;
    scene.runner.pause(going.id).await.expect("it can be told");
    gate.open();
    let run = going.ended().await;
    assert_eq!(run.outcome, Some(Outcome::Stopped), "{run:?}");
    assert!(run.counts.delivered < PEOPLE, "some are left: {run:?}");
    run
}

async fn gone_on(scene: &Scene, run: &Run) -> Run {
    let going = scene.runner.resume(run.id, None, Attendance::Unattended).await;
    going.expect("nothing stands in the way").ended().await
}

fn arrived(scene: &Scene) -> BTreeMap<String, u64> {
    let mut arrived = BTreeMap::new();
    for event in scene.sandbox.clevertap().events() {
        let whose = event.json()["identity"].as_str().unwrap_or_default().to_owned();
        *arrived.entry(whose).or_default() += 1;
    }
    arrived
}

fn copies(scene: &Scene) -> usize {
    let jobs = scene.sandbox.calls_to("/bigquery/v2/projects/acme-dw/jobs");
    jobs.iter().filter(|call| call.body.contains("\"copy\"")).count()
}

#[tokio::test]
async fn a_paused_run_reads_the_copy_of_its_result_when_bigquery_has_let_go_of_it() {
    let scene = Scene::new().await;
    scene.good_people(PEOPLE);
    let import = scene.events();
    let run = paused(&scene, import).await;
    assert_eq!(run.caution, None, "its result could be kept: {run:?}");
    assert_eq!(copies(&scene), 1, "by one copy");
    scene.sandbox.google().expire_results();
    // Whoever looks at the source now finds something else: the run is of what it was.
    scene.good_people(7);
    let done = gone_on(&scene, &run).await;
    assert_eq!(done.outcome, Some(Outcome::Completed), "{done:?}");
    assert_whole(&done.counts);
    let arrived = arrived(&scene);
    assert_eq!(arrived.len() as u64, PEOPLE, "each row of the result arrived");
    assert!(arrived.values().all(|times| *times == 1), "and once");
}

#[tokio::test]
async fn while_bigquery_keeps_the_result_itself_the_copy_is_not_read() {
    let scene = Scene::new().await;
    scene.good_people(PEOPLE);
    let import = scene.events();
    let run = paused(&scene, import).await;
    let done = gone_on(&scene, &run).await;
    assert_eq!(done.outcome, Some(Outcome::Completed), "{done:?}");
    assert_eq!(done.job, run.job, "the same job's result, for which nothing is billed");
    assert_eq!(done.bytes_billed, run.bytes_billed, "and nothing was");
    assert_eq!(arrived(&scene).len() as u64, PEOPLE, "each row arrived");
}

#[tokio::test]
async fn a_copy_that_is_gone_or_not_whole_is_not_trusted() {
    let scene = Scene::new().await;
    scene.good_people(PEOPLE);
    let import = scene.events();
    let run = paused(&scene, import).await;
    scene.sandbox.google().expire_results();
    let raw = rusqlite::Connection::open(scene.folder.path().join("tapline.db")).unwrap();
    raw.execute("UPDATE result_copies SET rows = rows + 1", []).unwrap();
    let done = gone_on(&scene, &run).await;
    assert_eq!(
        done.outcome,
        Some(Outcome::Completed),
        "the source was asked again: {done:?}"
    );
    assert_eq!(arrived(&scene).len() as u64, PEOPLE, "each row arrived");
    assert!(arrived(&scene).values().all(|times| *times == 1), "and once");
}

#[tokio::test]
async fn a_copy_that_would_stay_for_good_is_told_to_expire() {
    let scene = Scene::new().await;
    scene.good_people(PEOPLE);
    let import = scene.events();
    let copy = |method| Matcher::path(COPY).method(method);
    let unheeded = Fault::answer(200, &json!({"numRows": PEOPLE.to_string(), "numBytes": "1"}));
    scene.sandbox.fault(copy("GET").times(1), unheeded);
    let run = paused(&scene, import).await;
    assert_eq!(run.caution, None, "{run:?}");
    let calls = scene.sandbox.calls_to(COPY);
    let patch = calls.iter().find(|call| call.method == "PATCH").expect("it is told");
    assert!(
        patch.body.contains("expirationTime\":\"1"),
        "a time in milliseconds: {patch:?}"
    );
}

#[tokio::test]
async fn a_stopped_run_leaves_no_table_behind() {
    let scene = Scene::new().await;
    scene.good_people(PEOPLE);
    let import = scene.events();
    let gate = scene.sandbox.hold(Matcher::path(UPLOADS).skip(3));
    let going = scene.start(import).await;
    gate.arrived(1).await;
    scene.runner.stop(going.id).await.expect("it can be told");
    gate.open();
    let run = going.ended().await;
    assert_eq!(run.outcome, Some(Outcome::Stopped), "{run:?}");
    assert_eq!(copies(&scene), 0, "only a run that waits keeps its result");
}

#[tokio::test]
async fn without_the_right_to_make_a_table_a_run_is_paused_all_the_same_and_says_which_right_is_missing() {
    let scene = Scene::new().await;
    scene.good_people(PEOPLE);
    let google = scene.sandbox.google();
    let member = scene.connection.client_email.clone();
    let shop = Resource::dataset("acme-dw", "shop");
    google.revoke(&member, &shop, Role::DataEditor);
    google.grant(&member, &shop, Role::DataViewer);
    let import = scene.events();
    let run = paused(&scene, import).await;
    assert_eq!(run.problem, None, "it is paused as it was asked to: {run:?}");
    let problem = run.caution.clone().expect("it says so");
    assert_eq!(problem.code(), Code::WriteDenied, "{problem}");
    assert!(problem.command().is_some(), "with the command that mends it: {problem}");
    let done = gone_on(&scene, &run).await;
    assert_eq!(done.outcome, Some(Outcome::Completed), "{done:?}");
    assert_eq!(done.caution, None, "and it is forgotten: {done:?}");
    assert_eq!(arrived(&scene).len() as u64, PEOPLE, "each row arrived");
}
