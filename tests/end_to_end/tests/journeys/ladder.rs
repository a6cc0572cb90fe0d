//! What Test Connection says, exactly, of everything that it can meet on the way up.

use jiff::SignedDuration;
use serde_json::{Value, json};
use tapline_sandbox::{AccountState, Fault, KeyState, Matcher, ProjectState};

use crate::world::World;

/// The first problem on the way up.
fn first_problem(report: &Value) -> (&str, &Value) {
    let steps = report["steps"].as_array().expect("a ladder");
    let failed = steps.iter().find(|step| step["state"] == "failed");
    let failed = failed.unwrap_or_else(|| panic!("a step fails: {report:#}"));
    (failed["step"].as_str().unwrap_or_default(), &failed["problem"])
}

fn words(problem: &Value) -> String {
    let part = |name: &str| problem[name].as_str().unwrap_or_default();
    format!("{} {}", part("title"), part("explanation"))
}

#[tokio::test]
async fn a_key_that_google_refuses_is_told_with_googles_own_words() {
    let world = World::new().await;
    world.serve_customers(3);
    let google = world.sandbox.google();
    let (disabled, deleted) = (world.key(), world.key());
    google.set_key_state(&disabled.key_id, KeyState::Disabled);
    google.set_key_state(&deleted.key_id, KeyState::Deleted);
    let robot = world.key();
    google.set_account_state(&robot.client_email, AccountState::RobotDisabled);
    let gone = world.key();
    google.set_account_state(&gone.client_email, AccountState::Deleted);
    for (key, code) in [
        (disabled, "key_refused"),
        (deleted, "key_refused"),
        (robot, "account_disabled"),
        (gone, "account_not_found"),
    ] {
        let draft = world.draft("shop-prod", &key).await;
        let report = world.check(&draft).await;
        let (step, problem) = first_problem(&report);
        assert_eq!(
            (step, problem["code"].as_str()),
            ("google_accepts", Some(code)),
            "{problem:#}"
        );
        assert!(
            problem["answer"]["said"].as_str().is_some_and(|said| !said.is_empty()),
            "what Google said is shown: {problem:#}"
        );
        assert_ne!(problem["who"], "", "and who can mend it");
        let later = report["steps"].as_array().into_iter().flatten().skip(2);
        for step in later {
            assert_eq!(step["state"], "not_reached", "nothing more is asked: {step:#}");
        }
    }
}

#[tokio::test]
async fn a_wrong_clock_is_told_with_how_wrong_it_is() {
    let world = World::new().await;
    let draft = world.draft("shop-prod", &world.key()).await;
    for (hours, said) in [(3, "3 hours behind"), (-2, "2 hours ahead")] {
        // The sandbox is ahead, so this computer is behind.
        world.sandbox.clock().skew(SignedDuration::from_hours(hours));
        let report = world.check(&draft).await;
        let (step, problem) = first_problem(&report);
        assert_eq!(
            (step, problem["code"].as_str()),
            ("google_accepts", Some("clock_wrong")),
            "{problem:#}"
        );
        assert!(words(problem).contains(said), "{said}: {}", words(problem));
    }
}

#[tokio::test]
async fn a_project_that_is_not_there_and_one_without_bigquery_are_told_apart() {
    let world = World::new().await;
    world
        .sandbox
        .google()
        .add_project("acme-off", ProjectState::ApiDisabled);
    let key = world.key();
    for (project, code, command) in [
        ("acme-nowhere", "project_not_found", None),
        (
            "acme-off",
            "api_disabled",
            Some("gcloud services enable bigquery.googleapis.com --project=acme-off"),
        ),
    ] {
        let mut draft = world.draft("shop-prod", &key).await;
        draft["project_id"] = json!(project);
        let report = world.check(&draft).await;
        let (step, problem) = first_problem(&report);
        assert_eq!(
            (step, problem["code"].as_str()),
            ("project_answers", Some(code)),
            "{problem:#}"
        );
        assert_eq!(problem["facts"]["project"], project, "the project is named");
        assert_eq!(
            problem["command"].as_str(),
            command,
            "one command to copy, where one helps"
        );
    }
}

#[tokio::test]
async fn a_dataset_that_is_not_there_and_one_in_another_location_are_told_apart() {
    let world = World::new().await;
    world.serve_customers(3);
    let google = world.sandbox.google();
    let key = world.key();
    google.grant(
        &key.client_email,
        &tapline_sandbox::Resource::project("acme-dw"),
        tapline_sandbox::Role::DataViewer,
    );
    let mut draft = world.draft("shop-prod", &key).await;
    draft["dataset_id"] = json!("shpo");
    let report = world.check(&draft).await;
    let (step, problem) = first_problem(&report);
    assert_eq!(
        (step, problem["code"].as_str()),
        ("dataset_found", Some("dataset_not_found")),
        "{problem:#}"
    );
    assert_eq!(problem["facts"]["dataset"], "shpo", "as it was typed");

    draft["dataset_id"] = json!("shop");
    draft["location"] = json!("US");
    let report = world.check(&draft).await;
    let (step, problem) = first_problem(&report);
    assert_eq!(
        (step, problem["code"].as_str()),
        ("dataset_found", Some("dataset_elsewhere")),
        "{problem:#}"
    );
    assert_eq!(
        problem["fix"],
        json!({"kind": "use", "field": "location", "value": "EU"}),
        "where it is can be taken over with one press"
    );
}

#[tokio::test]
async fn a_pulled_cable_is_told_as_such_and_mends_with_test_again() {
    let world = World::new().await;
    world.serve_customers(3);
    let draft = world.draft("shop-prod", &world.key()).await;
    world.sandbox.go_offline().await;
    let report = world.check(&draft).await;
    let (step, problem) = first_problem(&report);
    assert_eq!(
        (step, problem["code"].as_str()),
        ("google_accepts", Some("net_refused")),
        "nobody answers at that address: {problem:#}"
    );
    assert_eq!(problem["retryable"], true, "it may pass by itself");
    world.sandbox.go_online().await.expect("the same port is free");
    let again = world.check_again(&report["check"], "google_accepts").await;
    assert_eq!(
        again["steps"][1]["state"], "passed",
        "test again runs that step: {again:#}"
    );
}

#[tokio::test]
async fn a_held_test_can_be_cancelled_at_once() {
    let world = World::new().await;
    world.serve_customers(3);
    let draft = world.draft("shop-prod", &world.key()).await;
    let gate = world.sandbox.hold(Matcher::path("/bigquery/*"));
    let mark = world.heard.mark();
    let started = world.ask("check.start", json!({"draft": draft})).await;
    gate.arrived(1).await;
    let before = std::time::Instant::now();
    world.ask("check.cancel", json!({"check": started["check"]})).await;
    let report = world.verdict(mark, &started["check"]).await;
    assert!(before.elapsed().as_secs() < 2, "a person waits for nothing");
    assert_eq!(report["verdict"], "cancelled", "{report:#}");
    for step in report["steps"].as_array().into_iter().flatten() {
        assert!(
            !["running", "waiting"].contains(&step["state"].as_str().unwrap_or_default()),
            "no step is left behind: {step:#}"
        );
    }
}

#[tokio::test]
async fn a_test_that_nobody_answers_ends_at_its_deadline() {
    let world = World::new().await;
    world.serve_customers(3);
    let draft = world.draft("shop-prod", &world.key()).await;
    let _gate = world.sandbox.hold(Matcher::path("/bigquery/*"));
    let report = world.check(&draft).await;
    assert_eq!(report["verdict"], "failed", "{report:#}");
    let (step, problem) = first_problem(&report);
    let code = problem["code"].as_str().unwrap_or_default();
    assert!(
        ["check_overdue", "net_answer_timeout"].contains(&code),
        "the silence is told: {step} {problem:#}"
    );
    assert_eq!(problem["retryable"], true, "it may pass by itself");
    assert!(
        report["took_ms"].as_u64().unwrap_or(u64::MAX) < 30_000,
        "within its deadline"
    );
}

#[tokio::test]
async fn a_sign_in_page_is_not_taken_for_google() {
    let world = World::new().await;
    world.serve_customers(3);
    let draft = world.draft("shop-prod", &world.key()).await;
    for (path, step) in [("/token", "google_accepts"), ("/bigquery/*", "project_answers")] {
        world.sandbox.clear_faults();
        world.sandbox.fault(Matcher::path(path), Fault::CaptivePortal);
        let report = world.check(&draft).await;
        let (failed, problem) = first_problem(&report);
        assert_eq!(
            (failed, problem["code"].as_str()),
            (step, Some("net_html")),
            "{problem:#}"
        );
    }
}

#[tokio::test]
async fn a_perimeter_is_told_with_the_identifier_that_its_administrator_looks_up() {
    let world = World::new().await;
    world.serve_customers(3);
    let draft = world.draft("shop-prod", &world.key()).await;
    let identifier = "QqWWpLhnd7JdTSXg-Vt";
    let perimeter = Fault::VpcServiceControls {
        identifier: identifier.to_owned(),
    };
    world.sandbox.fault(Matcher::path("/bigquery/*"), perimeter);
    let report = world.check(&draft).await;
    let (_, problem) = first_problem(&report);
    assert_eq!(problem["code"], "vpc_perimeter", "{problem:#}");
    assert_eq!(problem["facts"]["unique_identifier"], identifier, "to the letter");
    assert!(words(problem).contains(identifier), "and readable: {}", words(problem));
    assert_eq!(problem["retryable"], false, "waiting does not help");
}
