//! Runs that did not come to their end, and are gone on with: the same result, the same records, nothing twice.

use std::collections::BTreeMap;

use serde_json::json;
use tapline_core::ground::ids::{ImportId, RunId};
use tapline_core::ground::problem::{Code, Problem};
use tapline_core::import::plan::InDoubt;
use tapline_core::import::state::ImportStatus;
use tapline_core::run::{Outcome, Run};
use tapline_core::vault::Attendance;
use tapline_sandbox::{Column, Fault, Matcher};

use super::UPLOADS;
use super::support::{Scene, assert_whole, passcode_refused};

const JOBS: &str = "/bigquery/v2/projects/acme-dw/jobs";

impl Scene {
    async fn resume(&self, run: RunId) -> Run {
        self.resume_with(run, None).await
    }

    async fn resume_with(&self, run: RunId, in_doubt: Option<InDoubt>) -> Run {
        let going = self.runner.resume(run, in_doubt, Attendance::Unattended).await;
        going.expect("nothing stands in the way").ended().await
    }

    /// A run that is stopped once three batches were answered, while others are on their way.
    async fn stopped_in_the_middle(&self, import: ImportId) -> Run {
        let gate = self.sandbox.hold(Matcher::path(UPLOADS).skip(3));
        let going = self.start(import).await;
        gate.arrived(2).await;
        self.runner.stop(going.id).await.unwrap();
        gate.open();
        let stopped = going.ended().await;
        assert_eq!(stopped.outcome, Some(Outcome::Stopped), "{:?}", stopped.problem);
        stopped
    }

    /// A run that fails at this person's batch, as the passcode is refused there, once.
    async fn fails_at(&self, import: ImportId, whose: &str) -> Run {
        let theirs = Matcher::path(UPLOADS).body(&format!("\"{whose}\""));
        self.sandbox.fault(theirs.times(1), passcode_refused());
        let failed = self.run(import).await;
        assert_eq!(failed.outcome, Some(Outcome::Failed), "{:?}", failed.problem);
        failed
    }

    /// The first batch's calls go unanswered, so many times.
    fn never_hears_of_the_first(&self, times: usize) {
        let first = Matcher::path(UPLOADS).body("\"u500\"");
        self.sandbox.fault(first.times(times), Fault::CutAnswer);
    }

    /// How often each event arrived, by whose it is.
    fn arrived(&self) -> BTreeMap<String, u64> {
        let mut arrived = BTreeMap::new();
        for event in self.sandbox.clevertap().events() {
            let whose = event.json()["identity"].as_str().unwrap_or_default().to_owned();
            *arrived.entry(whose).or_default() += 1;
        }
        arrived
    }

    /// A table of these people, each with an e-mail.
    fn rows(&self, rows: impl Iterator<Item = (String, String)>) {
        let columns = [Column::new("id", "STRING"), Column::new("email", "STRING")];
        let rows = rows.map(|(id, email)| vec![Some(id), Some(email)]);
        self.sandbox.google().serve_canned("shop", "people", &columns, rows);
    }

    fn count(&self, sql: &str) -> i64 {
        let raw = rusqlite::Connection::open(self.folder.path().join("tapline.db")).unwrap();
        raw.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn status(&self, run: &Run) -> ImportStatus {
        self.store.read(|r| r.imports().get(run.import)).unwrap().status
    }
}

fn assert_each_once(scene: &Scene, people: u64) {
    let arrived = scene.arrived();
    assert_eq!(arrived.len() as u64, people, "each row arrived");
    let twice: Vec<_> = arrived.iter().filter(|(_, times)| **times != 1).take(3).collect();
    assert!(twice.is_empty(), "and once, but for {twice:?}");
}

#[tokio::test]
async fn a_stopped_run_goes_on_where_it_was() {
    let scene = Scene::new().await;
    // Every tenth row is rejected: they count once, however often they are read.
    scene.people(30_000, |n| {
        if n % 10 == 0 {
            "no address".to_owned()
        } else {
            format!("u{n}@example.com")
        }
    });
    let import = scene.import(
        "Visits",
        &json!({"events": {"name": {"specific": "Visited"}}}),
        &json!({"properties": [{"column": "email", "name": "Email", "type": "string"}], "strict": false}),
    );
    let stopped = scene.stopped_in_the_middle(import).await;
    assert_whole(&stopped.counts);
    let before = scene.sandbox.clevertap().counts().event_records;
    assert!(
        before < 30_000 && before > 0,
        "it was stopped in the middle, at {before}"
    );

    let run = scene.resume(stopped.id).await;
    assert_eq!(run.id, stopped.id, "it is the same run");
    assert_eq!(
        run.started_at, stopped.started_at,
        "with the same second in its records"
    );
    assert_eq!(
        run.outcome,
        Some(if run.counts.rejected > 0 {
            Outcome::CompletedWithRejects
        } else {
            Outcome::Completed
        }),
        "{:?}",
        run.problem
    );
    assert_whole(&run.counts);
    assert_eq!(run.counts.read, 30_000, "every row counts once: {:?}", run.counts);
    assert_each_once(&scene, run.counts.delivered);
    let queries = scene.sandbox.calls_to(JOBS);
    assert_eq!(queries.len(), 1, "it never queries again");
    assert_eq!(
        scene.status(&run),
        ImportStatus::Ready,
        "the import goes back to where it was"
    );
}

#[tokio::test]
async fn a_run_that_failed_for_a_reason_that_was_mended_goes_on() {
    let scene = Scene::new().await;
    scene.good_people(12_000);
    let import = scene.events();
    scene
        .sandbox
        .fault(Matcher::path(UPLOADS).skip(4).times(1), passcode_refused());
    let failed = scene.run(import).await;
    assert_eq!(
        (failed.outcome, failed.problem.as_ref().map(Problem::code)),
        (Some(Outcome::Failed), Some(Code::CleverTapCredentials)),
        "the run ends and keeps its place"
    );
    let run = scene.resume(failed.id).await;
    assert_eq!(
        (run.outcome, run.problem.clone()),
        (Some(Outcome::Completed), None),
        "it is whole"
    );
    assert_eq!(run.counts.delivered, 12_000, "with every row");
    assert_each_once(&scene, 12_000);
}

#[tokio::test]
async fn a_run_that_was_stopped_before_its_job_was_there_starts_it() {
    let scene = Scene::new().await;
    scene.good_people(10);
    scene.sandbox.google().hold_jobs(true);
    let waiting = scene
        .sandbox
        .hold(Matcher::path("/bigquery/v2/projects/acme-dw/queries/*"));
    let going = scene.start(scene.profiles()).await;
    waiting.arrived(1).await;
    scene.runner.stop(going.id).await.unwrap();
    let stopped = going.ended().await;
    waiting.open();
    scene.sandbox.google().hold_jobs(false);
    assert_eq!(stopped.outcome, Some(Outcome::Stopped), "{:?}", stopped.problem);
    let first = stopped.job.expect("its id was kept before it was asked for");
    let run = scene.resume(stopped.id).await;
    assert_eq!(
        (run.outcome, run.problem.clone()),
        (Some(Outcome::Completed), None),
        "it came to its end"
    );
    assert_eq!(run.counts.delivered, 10, "with every row");
    assert_ne!(
        run.job.expect("another").id,
        first.id,
        "the first job was cancelled, and an id is good for one"
    );
}

#[tokio::test]
async fn a_paused_run_lets_its_import_wait_and_gives_it_back() {
    let scene = Scene::new().await;
    scene.good_people(20_000);
    let import = scene.profiles();
    let gate = scene.sandbox.hold(Matcher::path(UPLOADS).skip(1));
    let going = scene.start(import).await;
    gate.arrived(1).await;
    scene.runner.pause(going.id).await.unwrap();
    gate.open();
    let paused = going.ended().await;
    assert_eq!(paused.outcome, Some(Outcome::Stopped), "{:?}", paused.problem);
    assert_eq!(scene.status(&paused), ImportStatus::Paused, "it waits");
    let run = scene.resume(paused.id).await;
    assert_eq!(
        (run.outcome, run.counts.delivered),
        (Some(Outcome::Completed), 20_000),
        "{:?}",
        run.problem
    );
    assert_eq!(
        scene.status(&run),
        ImportStatus::Ready,
        "and is back where it was before the pause"
    );
    assert_eq!(
        scene.sandbox.clevertap().counts().profile_records,
        20_000,
        "nothing was sent twice"
    );
}

#[tokio::test]
async fn only_the_last_run_of_an_import_that_may_run_is_gone_on_with() {
    let scene = Scene::new().await;
    scene.good_people(3_000);
    let import = scene.profiles();
    scene.sandbox.fault(Matcher::path(UPLOADS).times(1), passcode_refused());
    let failed = scene.run(import).await;
    let whole = scene.run(import).await;
    assert_eq!(whole.outcome, Some(Outcome::Completed), "{:?}", whole.problem);
    for (run, why) in [
        (failed.id, "newer rows were sent since"),
        (whole.id, "it came to its end"),
    ] {
        let refused = scene.runner.resume(run, None, Attendance::Unattended).await;
        assert_eq!(refused.map(drop).unwrap_err().code(), Code::RunNotResumable, "{why}");
    }
    scene.sandbox.fault(Matcher::path(UPLOADS).times(1), passcode_refused());
    let failed = scene.run(import).await;
    scene.store.write(|w| w.imports_mut().stop(import)).unwrap();
    let refused = scene.runner.resume(failed.id, None, Attendance::Unattended).await;
    assert_eq!(
        refused.map(drop).unwrap_err().code(),
        Code::RunNotResumable,
        "the import was stopped"
    );
}

#[tokio::test]
async fn events_in_doubt_are_left_unless_the_person_says_otherwise() {
    let scene = Scene::new().await;
    scene.good_people(4_000);
    let import = scene.events();
    scene.never_hears_of_the_first(1);
    let failed = scene.fails_at(import, "u3500").await;
    let in_doubt = failed.counts.in_doubt;
    assert_eq!(in_doubt, 1_000, "one batch was cut: {:?}", failed.counts);
    scene
        .sandbox
        .fault(Matcher::path(UPLOADS).body("\"u3500\"").times(1), passcode_refused());
    let left = scene.resume(failed.id).await;
    assert_eq!(
        left.counts.in_doubt, 1_000,
        "they wait for the person: {:?}",
        left.counts
    );

    let run = scene.resume_with(failed.id, Some(InDoubt::Resend)).await;
    assert_eq!(
        (run.outcome, run.problem.clone()),
        (Some(Outcome::Completed), None),
        "nothing is in doubt any more"
    );
    assert_eq!(
        (run.counts.delivered, run.counts.read),
        (4_000, 4_000),
        "each row once: {:?}",
        run.counts
    );
    assert_eq!(scene.records(&run), [], "none is listed");
    let arrived = scene.arrived();
    let doubled = arrived.values().filter(|times| **times == 2).count();
    assert_eq!(
        (arrived.len(), doubled),
        (4_000, 1_000),
        "those in doubt had arrived, and the person said to send them again"
    );
}

#[tokio::test]
async fn profiles_in_doubt_are_settled_before_the_rest_is_sent() {
    let scene = Scene::new().await;
    scene.good_people(9_000);
    let import = scene.profiles();
    // The first batch is cut each time that it is tried; then the passcode is refused.
    scene.never_hears_of_the_first(3);
    let failed = scene.fails_at(import, "u8500").await;
    assert_eq!(
        failed.counts.in_doubt, 1_000,
        "nobody knows of the first batch: {:?}",
        failed.counts
    );
    let run = scene.resume(failed.id).await;
    assert_eq!(
        (run.outcome, run.counts.delivered, run.counts.in_doubt),
        (Some(Outcome::Completed), 9_000, 0),
        "{:?}",
        run.problem
    );
    assert_whole(&run.counts);
    assert_eq!(scene.records(&run), [], "none is listed as in doubt");
    let batches = scene
        .store
        .read(|r| r.batches().of_run(r.runs().get(run.id)?.number))
        .unwrap();
    let first_again = batches
        .iter()
        .find(|batch| batch.instead_of.is_some())
        .expect("it was sent again");
    let others = batches.iter().filter(|batch| batch.number > first_again.number);
    assert!(
        others.clone().all(|batch| batch.instead_of.is_none()) && others.count() > 0,
        "before all that was still to be sent"
    );
}

/// A run that is stopped in the middle, and whose result then expires.
async fn stopped_and_expired(scene: &Scene, import: ImportId) -> Run {
    let stopped = scene.stopped_in_the_middle(import).await;
    scene.sandbox.google().expire_results();
    stopped
}

#[tokio::test]
async fn where_the_result_has_expired_another_leaves_out_what_was_acknowledged() {
    let scene = Scene::new().await;
    // Every row is there three times over: equal rows are told apart by their number.
    let whose = |n: u64| format!("u{}", n % 4_000);
    scene.rows((1..=12_000).map(|n| (whose(n), format!("{}@example.com", whose(n)))));
    let import = scene.events();
    let stopped = stopped_and_expired(&scene, import).await;
    let before = stopped.counts.delivered;
    assert!(before > 0 && before < 12_000, "in the middle: {:?}", stopped.counts);
    // The rows have another order now, and there are more of them.
    scene.rows(
        (1..=13_000)
            .rev()
            .map(|n| (whose(n), format!("{}@example.com", whose(n)))),
    );
    let run = scene.resume(stopped.id).await;
    assert_eq!(
        (run.outcome, run.problem.clone()),
        (Some(Outcome::Completed), None),
        "it came to its end"
    );
    assert_eq!(
        run.counts.delivered, 13_000,
        "what was delivered before counts: {:?}",
        run.counts
    );
    assert_whole(&run.counts);
    let arrived = scene.arrived();
    let expected = (1..=13_000).map(whose).fold(BTreeMap::new(), |mut times, whose| {
        *times.entry(whose).or_insert(0_u64) += 1;
        times
    });
    assert!(arrived == expected, "each row arrived as often as it is there");
    assert_eq!(
        scene.sandbox.calls_to(JOBS).len(),
        2,
        "it was asked for twice, under two ids"
    );
    let held: i64 = scene.count("SELECT count(*) FROM held");
    assert_eq!(held, 0, "no key is held once the run has come to its end");
}

#[tokio::test]
async fn a_run_on_its_second_result_can_be_stopped_and_gone_on_with_again() {
    let scene = Scene::new().await;
    scene.people(20_000, |n| {
        if n % 7 == 0 {
            "no address".to_owned()
        } else {
            format!("u{n}@example.com")
        }
    });
    let import = scene.profiles();
    let first = stopped_and_expired(&scene, import).await;
    let gate = scene.sandbox.hold(Matcher::path(UPLOADS).skip(2));
    let going = scene
        .runner
        .resume(first.id, None, Attendance::Unattended)
        .await
        .expect("nothing stands in the way");
    gate.arrived(1).await;
    scene.runner.stop(going.id).await.unwrap();
    gate.open();
    let second = going.ended().await;
    assert_eq!(second.outcome, Some(Outcome::Stopped), "{:?}", second.problem);
    assert!(second.counts.delivered > first.counts.delivered, "it went on");
    let run = scene.resume(first.id).await;
    assert_eq!(run.outcome, Some(Outcome::CompletedWithRejects), "{:?}", run.problem);
    assert_whole(&run.counts);
    assert_eq!(
        (run.counts.read, run.counts.rejected),
        (20_000, 2_857),
        "each row once: {:?}",
        run.counts
    );
    assert_eq!(
        scene.sandbox.clevertap().counts().profile_records,
        run.counts.delivered,
        "and none was sent twice"
    );
    assert_eq!(
        scene.sandbox.calls_to(JOBS).len(),
        2,
        "the second result was read to its end"
    );
}

#[tokio::test]
async fn profiles_in_doubt_of_an_expired_result_are_sent_again_from_the_next() {
    let scene = Scene::new().await;
    scene.good_people(9_000);
    let import = scene.profiles();
    scene.never_hears_of_the_first(3);
    let failed = scene.fails_at(import, "u8500").await;
    assert_eq!(
        failed.counts.in_doubt, 1_000,
        "nobody knows of the first batch: {:?}",
        failed.counts
    );
    scene.sandbox.google().expire_results();
    let run = scene.resume(failed.id).await;
    assert_eq!(
        (run.outcome, run.counts.delivered, run.counts.in_doubt),
        (Some(Outcome::Completed), 9_000, 0),
        "{:?}",
        run.problem
    );
    assert_whole(&run.counts);
    assert_eq!(scene.records(&run), [], "nothing is in doubt any more");
}

#[tokio::test]
async fn what_was_in_doubt_and_is_not_in_the_next_result_stays_in_doubt() {
    let resend = json!({"events": {"name": {"specific": "Visited"}, "in_doubt": "resend"}});
    for (what, records) in [("profiles", &json!("profiles")), ("events", &resend)] {
        let scene = Scene::new().await;
        scene.good_people(9_000);
        let import = scene.import("People", records, &json!({}));
        scene.never_hears_of_the_first(3);
        let failed = scene.fails_at(import, "u8500").await;
        assert_eq!(failed.counts.in_doubt, 1_000, "{what}: {:?}", failed.counts);
        scene.sandbox.google().expire_results();
        // Two of them are gone, and one is another row now.
        let email = |n: u64| if n == 502 { "new".to_owned() } else { format!("u{n}") };
        let left = (1..=9_000).filter(|n| *n != 500 && *n != 501);
        scene.rows(left.map(|n| (format!("u{n}"), format!("{}@example.com", email(n)))));
        let run = scene.resume(failed.id).await;
        let listed: Vec<_> = scene.records(&run).into_iter().map(|row| row.identity).collect();
        // Of an event that was edited nobody will hear either. What was sent of a profile is newer.
        let lost: &[&str] = if what == "events" {
            &["u500", "u501", "u502"]
        } else {
            &["u500", "u501"]
        };
        assert_eq!(
            listed,
            lost.iter().map(|whose| Some((*whose).to_owned())).collect::<Vec<_>>(),
            "{what}: they may have arrived, and nobody can say"
        );
        assert_eq!(
            (run.outcome, run.counts.delivered, run.counts.in_doubt),
            (Some(Outcome::CompletedInDoubt), 8_998, lost.len() as u64),
            "{what}: all others were sent again: {:?}",
            run.problem
        );
        assert_whole(&run.counts);
        let held = scene.count("SELECT count(*) FROM held");
        assert_eq!(held, 0, "{what}: no key is held any more");
    }
}

#[tokio::test]
async fn what_a_run_left_in_doubt_is_settled_before_the_next_sends_anything_newer() {
    let scene = Scene::new().await;
    scene.good_people(3_000);
    let import = scene.profiles();
    scene.never_hears_of_the_first(3);
    let first = scene.run(import).await;
    assert_eq!(
        (first.outcome, first.counts.in_doubt),
        (Some(Outcome::CompletedInDoubt), 1_000),
        "{:?}",
        first.problem
    );
    let calls = scene.sandbox.calls_to(UPLOADS).len();
    scene.people(3_000, |n| format!("new{n}@example.com"));
    let second = scene.run(import).await;
    assert_eq!(
        (second.outcome, second.counts.delivered),
        (Some(Outcome::Completed), 3_000),
        "{:?}",
        second.problem
    );
    let sent = scene.sandbox.calls_to(UPLOADS);
    assert!(
        sent[calls].body.contains("\"u500@example.com\"") && !sent[calls].body.contains("new"),
        "the old value goes first, and alone"
    );
    assert!(
        sent[calls + 1..]
            .iter()
            .all(|call| call.body.contains("new") && !call.body.contains("\"u500@")),
        "and never after a newer one"
    );
    let first = scene.store.read(|r| r.runs().get(first.id)).unwrap().run;
    assert_eq!(
        (first.outcome, first.counts.delivered, first.counts.in_doubt),
        (Some(Outcome::Completed), 3_000, 0),
        "the run before is whole now"
    );
    assert_whole(&first.counts);
    let profile = scene.sandbox.clevertap().profile("u500").expect("it is there");
    assert_eq!(profile["Email"], "new500@example.com", "the newest counts");
}

#[tokio::test]
async fn a_result_that_expires_before_the_ledger_knows_of_it_is_asked_for_again() {
    let scene = Scene::new().await;
    scene.good_people(10);
    let results = scene
        .sandbox
        .hold_answer(Matcher::path("/bigquery/v2/projects/acme-dw/queries/*"));
    // Nor can it be cancelled: it has come to its end.
    scene.sandbox.fault(
        Matcher::path("/bigquery/v2/projects/acme-dw/jobs/*/cancel"),
        Fault::BackendError,
    );
    let going = scene.start(scene.profiles()).await;
    results.arrived(1).await;
    scene.runner.stop(going.id).await.unwrap();
    let stopped = going.ended().await;
    results.open();
    assert_eq!(stopped.outcome, Some(Outcome::Stopped), "{:?}", stopped.problem);
    scene.sandbox.google().expire_results();
    let run = scene.resume(stopped.id).await;
    assert_eq!(
        (run.outcome, run.problem.clone()),
        (Some(Outcome::Completed), None),
        "the job was done, and what it gave is gone"
    );
    assert_eq!(run.counts.delivered, 10, "every row arrived");
}
