//! Several processes on one store, as a window and terminals are: they never run the same import twice, and share the places
//! that CleverTap gives an account.

use std::process::Child;

use serde_json::json;
use tapline_core::ground::ids::ImportId;
use tapline_core::ground::problem::Code;
use tapline_core::run::Outcome;
use tapline_sandbox::Matcher;

use super::UPLOADS;
use super::process::{again, started};
use super::support::Scene;

/// How a process ends that was told that the import runs already.
const RUNS_ALREADY: i32 = 7;

fn process(scene: &Scene, test: &str, import: ImportId) -> Child {
    again(scene, test, import)
        .spawn()
        .expect("this test can be started again")
}

/// Where this is a process that carries out a run: whether it was.
async fn carried_out() -> bool {
    match started().await {
        None => return false,
        Some(Ok(going)) => {
            let run = going.ended().await;
            assert_eq!(run.outcome, Some(Outcome::Completed), "{:?}", run.problem);
        }
        Some(Err(problem)) if problem.code() == Code::ImportRunning => std::process::exit(RUNS_ALREADY),
        Some(Err(problem)) => panic!("{problem:?}"),
    }
    true
}

async fn ended(process: Child) -> Option<i32> {
    let ended = tokio::task::spawn_blocking(move || process.wait_with_output()).await;
    ended.unwrap().expect("it can be waited for").status.code()
}

#[tokio::test]
async fn of_processes_that_start_one_import_at_once_one_runs_it_and_the_others_are_told() {
    if carried_out().await {
        return;
    }
    let scene = Scene::new().await;
    scene.good_people(5_000);
    let import = scene.events();
    let uploads = scene.sandbox.hold(Matcher::path(UPLOADS));
    let test = "beside::of_processes_that_start_one_import_at_once_one_runs_it_and_the_others_are_told";
    let (ends, mut told) = tokio::sync::mpsc::channel(4);
    for _ in 0..4 {
        let (process, ends) = (process(&scene, test, import), ends.clone());
        tokio::spawn(async move { ends.send(ended(process).await).await });
    }
    // The one that runs it cannot come to its end meanwhile: its calls are held.
    for _ in 0..3 {
        assert_eq!(
            told.recv().await,
            Some(Some(RUNS_ALREADY)),
            "it runs already, and says so"
        );
    }
    uploads.open();
    assert_eq!(told.recv().await, Some(Some(0)), "one ran it to its end");
    assert_eq!(scene.sandbox.clevertap().counts().event_records, 5_000, "each row once");
    let runs = scene.store.read(|r| r.runs().list(Some(import))).unwrap();
    assert_eq!(runs.len(), 1, "one run is known");
}

#[tokio::test]
async fn processes_share_the_places_of_an_account() {
    if carried_out().await {
        return;
    }
    let scene = Scene::new().await;
    scene.good_people(8_000);
    let uploads = scene.sandbox.hold(Matcher::path(UPLOADS));
    let test = "beside::processes_share_the_places_of_an_account";
    let processes: Vec<Child> = (0..5)
        .map(|n| {
            process(
                &scene,
                test,
                scene.import(&format!("People {n}"), &json!("profiles"), &json!({})),
            )
        })
        .collect();
    // Each begins with four calls: five would make twenty.
    uploads.arrived(15).await;
    uploads.open();
    for process in processes {
        assert_eq!(ended(process).await, Some(0), "each comes to its end");
    }
    let most = scene.sandbox.clevertap().most_in_flight(&scene.account.account_id);
    assert_eq!(most, 15, "every place is used, and no more than there are");
    let refused = scene.sandbox.calls_to(UPLOADS);
    assert!(
        refused.iter().all(|call| call.status == Some(200)),
        "CleverTap never said that there are too many"
    );
    assert_eq!(
        scene.sandbox.clevertap().counts().profile_records,
        40_000,
        "and all arrived"
    );
}
