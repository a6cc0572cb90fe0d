//! Whole runs, from a plan to the last line of the ledger, against the sandbox.

mod beside;
mod damaged;
mod faults;
#[cfg(target_os = "linux")]
mod full;
mod instants;
mod kept;
mod killed;
#[cfg(unix)]
mod power;
mod process;
mod resent;
mod resume;
mod rights;
mod support;

use serde_json::json;
use support::{PERSON, Scene, assert_whole};
use tapline_core::ground::problem::Code;
use tapline_core::import::state::ImportStatus;
use tapline_core::run::{Fate, Outcome};
use tapline_core::store::{BatchState, Subject};
use tapline_core::vault::Attendance;
use tapline_sandbox::{Column, Fault, Matcher, Options};

const UPLOADS: &str = "/clevertap/in1/1/upload";

#[tokio::test]
async fn every_row_arrives_and_is_counted() {
    let scene = Scene::new().await;
    scene.good_people(2_500);
    let run = scene.run(scene.profiles()).await;
    assert_eq!(
        (run.outcome, run.problem),
        (Some(Outcome::Completed), None),
        "all went well"
    );
    assert_eq!(
        (run.counts.delivered, run.counts.read, run.counts.batches),
        (2_500, 2_500, 3),
        "in three batches"
    );
    assert_whole(&run.counts);
    assert_eq!(
        scene.sandbox.clevertap().counts().profile_records,
        2_500,
        "as CleverTap counts them"
    );
    let last = scene.sandbox.clevertap().profile("u2500").expect("the last one too");
    assert_eq!(last["Email"], "u2500@example.com", "with its values");
    let batches = scene
        .store
        .read(|r| r.batches().of_run(r.runs().get(run.id)?.number))
        .unwrap();
    assert!(
        batches
            .iter()
            .all(|b| b.state == BatchState::Answered && b.manifest.is_empty()),
        "delivered records leave a count behind and no name"
    );
    let import = scene.store.read(|r| r.imports().get(run.import)).unwrap();
    assert_eq!(import.status, ImportStatus::Ready, "the import can run again");
}

#[tokio::test]
async fn what_is_rejected_and_what_is_unprocessed_are_told_apart() {
    let scene = Scene::new().await;
    scene.people(10, |n| {
        if n == 3 {
            "no address".to_owned()
        } else {
            format!("u{n}@example.com")
        }
    });
    scene.sandbox.fault(
        Matcher::path(UPLOADS).times(1),
        Fault::answer(
            200,
            &json!({"status": "partial", "processed": 8, "unprocessed": [
                {"status": "fail", "code": 516, "error": "Profile data is incorrect. Phone number is not valid.Skipped record number : 9", "record": {"identity": "u10"}},
            ]}),
        ),
    );
    let run = scene.run(scene.profiles()).await;
    assert_eq!(run.outcome, Some(Outcome::CompletedWithRejects), "{:?}", run.problem);
    assert_whole(&run.counts);
    let seen: Vec<_> = scene
        .records(&run)
        .into_iter()
        .map(|r| (r.position, r.fate, r.identity.unwrap_or_default(), r.code, r.column))
        .collect();
    assert_eq!(
        seen,
        [
            (
                3,
                Fate::Rejected,
                "u3".to_owned(),
                "515".to_owned(),
                Some("email".to_owned())
            ),
            (10, Fate::Unprocessed, "u10".to_owned(), "516".to_owned(), None),
        ],
        "each with its place in the result"
    );
}

#[tokio::test]
async fn a_rejected_row_is_listed_under_the_identity_that_its_record_would_have_had() {
    let scene = Scene::new().await;
    let trimmed = json!({"identity": {"column": "id", "repairs": {"trim": true}}});
    for (kind, id, expected) in [
        ("STRING", " ada ", "ada"),
        ("FLOAT64", "1.2000003E7", "12000003"),
        ("NUMERIC", "7.50", "7.5"),
    ] {
        let columns = [Column::new("id", kind), Column::new("email", "STRING")];
        let rows = [vec![Some(id.to_owned()), Some("no address".to_owned())]];
        scene.sandbox.google().serve_canned("shop", "people", &columns, rows);
        let run = scene.run(scene.import(kind, &json!("profiles"), &trimmed)).await;
        let records = scene.records(&run);
        assert_eq!(
            records[0].identity.as_deref(),
            Some(expected),
            "by that it is read again from the source, and forgotten: {id:?}"
        );
    }
}

#[tokio::test]
async fn what_clevertap_takes_and_cuts_is_counted_with_its_column_whatever_became_of_the_batch() {
    let scene = Scene::new().await;
    let long = "x".repeat(513);
    scene.people(64, |n| if n % 20 == 0 { long.clone() } else { format!("u{n}") });
    // Of the three, one goes with a batch that is taken apart down to another record.
    scene.sandbox.fault(
        Matcher::path(UPLOADS).body("\"u37\""),
        Fault::answer(
            400,
            &json!({"status": "fail", "error": "Malformed request", "code": 400}),
        ),
    );
    let bio = json!({"properties": [{"column": "email", "name": "Bio", "type": "string"}]});
    let run = scene.run(scene.import("People", &json!("profiles"), &bio)).await;
    assert_eq!(
        (run.counts.delivered, run.counts.unprocessed),
        (63, 1),
        "{:?}",
        run.problem
    );
    let warned = scene
        .store
        .read(|r| r.batches().warned(r.runs().get(run.id)?.number))
        .unwrap();
    let told: Vec<_> = warned
        .iter()
        .map(|one| (one.column.as_str(), one.code.as_str(), one.records))
        .collect();
    assert_eq!(told, [("email", "text_cut", 3)], "a success says nothing of it");
}

#[tokio::test]
async fn a_crowded_or_failing_clevertap_is_asked_again_and_nothing_is_doubled() {
    let scene = Scene::new().await;
    scene.good_people(3_000);
    scene
        .sandbox
        .fault(Matcher::path(UPLOADS).times(1), Fault::TooManyRequests);
    scene.sandbox.fault(
        Matcher::path(UPLOADS).times(2),
        Fault::answer(503, &json!({"status": "fail"})),
    );
    let run = scene.run(scene.events()).await;
    assert_eq!(run.outcome, Some(Outcome::Completed), "{:?}", run.problem);
    assert_eq!(
        scene.sandbox.clevertap().counts().event_records,
        3_000,
        "what was refused as a whole was not taken, so sending it again doubles nothing"
    );
}

#[tokio::test]
async fn events_without_an_answer_are_in_doubt_and_not_sent_again() {
    let scene = Scene::new().await;
    scene.good_people(2_000);
    scene
        .sandbox
        .fault(Matcher::path(UPLOADS).body("\"u1500\""), Fault::CutAnswer);
    let run = scene.run(scene.events()).await;
    assert_eq!(run.outcome, Some(Outcome::CompletedInDoubt), "{:?}", run.problem);
    assert_eq!(
        (run.counts.delivered, run.counts.in_doubt),
        (1_000, 1_000),
        "one batch of two"
    );
    assert_whole(&run.counts);
    assert_eq!(
        scene.sandbox.clevertap().counts().event_records,
        2_000,
        "they had arrived: sending them again would have doubled them"
    );
    let records = scene.records(&run);
    assert_eq!(records.len(), 1_000, "each is listed");
    assert!(
        records.iter().all(|r| r.fate == Fate::InDoubt && r.record.is_some()),
        "with the record as it was sent"
    );
}

#[tokio::test]
async fn profiles_without_an_answer_are_settled_by_sending_them_again() {
    let scene = Scene::new().await;
    scene.good_people(1_500);
    scene.sandbox.fault(Matcher::path(UPLOADS).times(1), Fault::CutAnswer);
    let run = scene.run(scene.profiles()).await;
    assert_eq!(
        (run.outcome, run.counts.delivered),
        (Some(Outcome::Completed), 1_500),
        "a profile that arrives twice is the same profile: {:?}",
        run.problem
    );
    assert_eq!(scene.sandbox.clevertap().profiles().len(), 1_500, "each is there once");
}

#[tokio::test]
async fn a_batch_that_may_have_arrived_stays_in_doubt_whatever_becomes_of_the_next_call() {
    let scene = Scene::new().await;
    scene.good_people(500);
    scene.sandbox.fault(Matcher::path(UPLOADS).times(1), Fault::CutAnswer);
    scene
        .sandbox
        .fault(Matcher::path(UPLOADS), Fault::answer(401, &json!({"status": "fail"})));
    let run = scene.run(scene.profiles()).await;
    assert_eq!(
        run.problem.map(|problem| problem.code()),
        Some(Code::CleverTapCredentials),
        "the second call ends the run"
    );
    assert_eq!(
        scene.sandbox.clevertap().counts().profile_records,
        500,
        "the first call had arrived, and only its answer was cut"
    );
    assert_eq!(
        (run.counts.delivered, run.counts.in_doubt),
        (0, 500),
        "nobody knows what the first call did, so nobody may say that nothing was sent"
    );
}

#[tokio::test]
async fn wrong_credentials_end_the_run_and_say_so() {
    let scene = Scene::new().await;
    scene.good_people(3_000);
    scene
        .sandbox
        .clevertap()
        .add_account(&scene.account.account_id, "in1", "CHANGED");
    let run = scene.run(scene.profiles()).await;
    let problem = run.problem.expect("a reason");
    assert_eq!(
        (run.outcome, problem.code()),
        (Some(Outcome::Failed), Code::CleverTapPasscode),
        "nothing more can be sent"
    );
    assert_eq!(
        (run.counts.delivered, run.counts.in_doubt),
        (0, 0),
        "a refused passcode takes nothing and leaves no doubt"
    );
    let import = scene.store.read(|r| r.imports().get(run.import)).unwrap();
    assert_eq!(import.status, ImportStatus::Ready, "it can run again with a good one");
}

#[tokio::test]
async fn a_batch_that_is_not_understood_is_taken_apart_down_to_the_record() {
    let scene = Scene::new().await;
    scene.good_people(64);
    scene.sandbox.fault(
        Matcher::path(UPLOADS).body("\"u37\""),
        Fault::answer(
            400,
            &json!({"status": "fail", "error": "Malformed request", "code": 400}),
        ),
    );
    let run = scene.run(scene.profiles()).await;
    assert_eq!(run.outcome, Some(Outcome::CompletedWithRejects), "{:?}", run.problem);
    assert_eq!(
        (run.counts.delivered, run.counts.unprocessed),
        (63, 1),
        "all but one arrive"
    );
    assert_whole(&run.counts);
    let records = scene.records(&run);
    assert_eq!(
        (
            records[0].position,
            records[0].code.as_str(),
            records[0].reason.as_deref()
        ),
        (37, "400", Some("Malformed request")),
        "and that one is named"
    );
}

#[tokio::test]
async fn a_record_that_clevertap_stumbles_over_is_sent_again() {
    let scene = Scene::new().await;
    scene.good_people(3);
    scene.sandbox.fault(
        Matcher::path(UPLOADS).times(1),
        Fault::answer(
            200,
            &json!({"status": "partial", "processed": 2, "unprocessed": [
                {"status": "fail", "code": 555, "error": "Miscellaneous error. Skipped record number : 2", "record": {"identity": "u2"}},
            ]}),
        ),
    );
    let run = scene.run(scene.profiles()).await;
    assert_eq!(
        (run.outcome, run.counts.delivered),
        (Some(Outcome::Completed), 3),
        "{:?}",
        run.problem
    );
    let calls = scene.sandbox.calls_to(UPLOADS);
    assert!(
        calls.len() == 2 && calls[1].body.contains("u2") && !calls[1].body.contains("u1\""),
        "it alone is sent again"
    );
}

#[tokio::test]
async fn what_clevertap_does_not_count_is_in_doubt() {
    let scene = Scene::new().await;
    scene.good_people(10);
    scene.sandbox.fault(
        Matcher::path(UPLOADS).times(1),
        Fault::answer(200, &json!({"status": "success", "processed": 8, "unprocessed": []})),
    );
    let run = scene.run(scene.profiles()).await;
    assert_eq!(
        (run.outcome, run.counts.delivered, run.counts.in_doubt),
        (Some(Outcome::CompletedInDoubt), 8, 2),
        "a success is no proof: {:?}",
        run.problem
    );
    let records = scene.records(&run);
    assert!(
        records.len() == 2 && records.iter().all(|r| r.identity.is_none()),
        "nobody is named, for nobody knows whom it left out"
    );
}

#[tokio::test]
async fn a_stopped_run_counts_exactly_and_sends_nothing_more() {
    let scene = Scene::new().await;
    scene.good_people(30_000);
    let gate = scene.sandbox.hold(Matcher::path(UPLOADS));
    let going = scene.start(scene.profiles()).await;
    gate.arrived(2).await;
    scene.runner.stop(going.id).await.unwrap();
    gate.open();
    let run = going.ended().await;
    assert_eq!(run.outcome, Some(Outcome::Stopped), "{:?}", run.problem);
    let sent = scene.sandbox.clevertap().counts().profile_records;
    assert_eq!(
        (run.counts.delivered, run.counts.in_doubt),
        (sent, 0),
        "what was on its way is waited for and counted"
    );
    assert!(sent < 30_000, "the rest was not sent");
    let states = scene
        .store
        .read(|r| r.batches().of_run(r.runs().get(run.id)?.number))
        .unwrap();
    assert!(
        states.iter().all(|b| b.state != BatchState::Open),
        "no batch is left open"
    );
}

#[tokio::test]
async fn another_process_can_stop_a_run() {
    let scene = Scene::new().await;
    scene.good_people(20_000);
    let gate = scene.sandbox.hold(Matcher::path(UPLOADS));
    let import = scene.profiles();
    let going = scene.start(import).await;
    gate.arrived(1).await;
    scene.another_process().write(|w| w.imports_mut().stop(import)).unwrap();
    let mut watched = going;
    while let Some(news) = watched.news().await {
        assert_eq!(news.run.outcome, None, "its calls are still on their way");
        if news.run.phase == tapline_core::run::Phase::Stopping {
            break;
        }
    }
    gate.open();
    let run = watched.ended().await;
    assert_eq!(run.outcome, Some(Outcome::Stopped), "{:?}", run.problem);
    let import = scene.store.read(|r| r.imports().get(import)).unwrap();
    assert_eq!(
        import.status,
        ImportStatus::Stopped,
        "stopped for good, not Ready again"
    );
}

#[tokio::test]
async fn the_job_is_on_the_disk_before_bigquery_hears_of_it() {
    let scene = Scene::new().await;
    scene.good_people(10);
    let gate = scene
        .sandbox
        .hold(Matcher::path("/bigquery/v2/projects/acme-dw/jobs").method("POST"));
    let going = scene.start(scene.profiles()).await;
    let asked = gate.arrived(1).await;
    let row = scene.another_process().read(|r| r.runs().get(going.id)).unwrap();
    let job = row.run.job.expect("kept already");
    assert!(asked[0].body.contains(&job.id), "it is the job that was asked for");
    assert!(asked[0].body.contains("tapline_run"), "labelled with the run");
    gate.open();
    assert_eq!(
        going.ended().await.outcome,
        Some(Outcome::Completed),
        "and the run goes on"
    );
}

#[tokio::test]
async fn each_batch_is_on_the_disk_before_its_bytes_leave() {
    let scene = Scene::new().await;
    scene.good_people(500);
    let gate = scene.sandbox.hold(Matcher::path(UPLOADS));
    let going = scene.start(scene.profiles()).await;
    gate.arrived(1).await;
    let open = scene
        .another_process()
        .read(|r| r.batches().open_of(r.runs().get(going.id)?.number))
        .unwrap();
    assert_eq!(
        open.iter().map(|b| (b.records, b.manifest.len())).collect::<Vec<_>>(),
        [(500, 500)],
        "the ledger says that it may have left, and whose records are in it"
    );
    gate.open();
    going.ended().await;
}

#[tokio::test]
async fn nothing_is_paid_for_beyond_the_cap() {
    let scene = Scene::new().await;
    scene.good_people(10);
    let mut connection = scene.connection.clone();
    connection.bytes_cap = Some(1_000);
    scene.store.write(|w| w.connections_mut().change(&connection)).unwrap();
    let run = scene.run(scene.profiles()).await;
    assert_eq!(
        run.problem.map(|problem| problem.code()),
        Some(Code::BytesCapExceeded),
        "it would bill ten megabytes at least"
    );
    let jobs = scene.sandbox.calls_to("/bigquery/v2/projects/acme-dw/jobs");
    assert!(jobs.is_empty(), "no job was started");
}

#[tokio::test]
async fn an_import_needs_a_passed_test() {
    let scene = Scene::new().await;
    scene.good_people(10);
    let import = scene.profiles();
    scene
        .store
        .write(|w| w.checks_mut().forget(Subject::Connection(scene.connection.id)))
        .unwrap();
    let refused = scene
        .runner
        .start(import, PERSON, Attendance::Unattended)
        .await
        .expect_err("the connection was not tested");
    assert_eq!(refused.code(), Code::ConnectionNotTested, "and says so");
    let runs = scene.store.read(|r| r.runs().list(None)).unwrap();
    assert!(runs.is_empty(), "no run was begun");
}

#[tokio::test]
async fn two_runs_of_one_account_share_its_fifteen_places() {
    let scene = Scene::new().await;
    scene.good_people(15_000);
    let other = scene.import("Others", &json!("profiles"), &json!({}));
    let one = scene.start(scene.profiles()).await;
    let two = scene.start(other).await;
    let ends = [one.ended().await, two.ended().await];
    for run in &ends {
        assert_eq!(run.outcome, Some(Outcome::Completed), "{:?}", run.problem);
    }
    let most = scene.sandbox.clevertap().most_in_flight(&scene.account.account_id);
    assert!(most <= 15, "CleverTap allows 15 at once, and saw {most}");
}

#[tokio::test]
async fn an_account_that_may_have_two_calls_at_once_has_no_more() {
    let scene = Scene::new().await;
    scene.good_people(12_000);
    scene.calls_at_once(2);
    scene.sandbox.fault(Matcher::path(UPLOADS), Fault::Delay { ms: 150 });
    let run = scene.run(scene.profiles()).await;
    assert_eq!(run.outcome, Some(Outcome::Completed), "{:?}", run.problem);
    let most = scene.sandbox.clevertap().most_in_flight(&scene.account.account_id);
    assert_eq!(most, 2, "the rest is left to whoever else sends to it");
}

#[tokio::test]
async fn a_run_whose_every_row_is_rejected_comes_to_its_end() {
    let scene = Scene::new().await;
    scene.people(25_000, |_| "no address".to_owned());
    let run = scene.run(scene.profiles()).await;
    assert_eq!(run.outcome, Some(Outcome::CompletedWithRejects), "{:?}", run.problem);
    assert_eq!(
        (run.counts.rejected, run.counts.batches),
        (25_000, 0),
        "nothing was sent"
    );
    assert_eq!(run.health().words, "0 %", "nothing was delivered");
    assert_eq!(scene.records(&run).len(), 25_000, "and each row says why");
}

#[tokio::test]
async fn nothing_to_do_is_a_completed_run() {
    let scene = Scene::new().await;
    scene.good_people(0);
    let run = scene.run(scene.profiles()).await;
    assert_eq!(run.outcome, Some(Outcome::Completed), "{:?}", run.problem);
    assert_eq!(run.health().words, "Nothing to do", "and says so");
}

#[tokio::test]
async fn rows_of_one_identity_collapse_to_the_newest_and_are_counted() {
    let scene = Scene::with(Options::with_sql()).await;
    let columns = [
        tapline_sandbox::Column::new("id", "STRING"),
        tapline_sandbox::Column::new("email", "STRING"),
        tapline_sandbox::Column::new("changed", "TIMESTAMP"),
    ];
    let row =
        |id: &str, email: &str, day: u32| vec![json!(id), json!(email), json!(format!("2026-01-{day:02}T00:00:00Z"))];
    let rows = [
        row("a", "old@example.com", 1),
        row("a", "new@example.com", 3),
        row("a", "middle@example.com", 2),
        row("b", "b@example.com", 1),
    ];
    scene
        .sandbox
        .google()
        .load_table("shop", "people", &columns, &rows)
        .await
        .expect("a small table");
    let import = scene.import(
        "Newest",
        &json!("profiles"),
        &json!({"updated_on": {"column": "changed"}}),
    );
    let run = scene.run(import).await;
    assert_eq!(run.outcome, Some(Outcome::Completed), "{:?}", run.problem);
    assert_eq!(
        (run.counts.delivered, run.counts.collapsed),
        (2, 2),
        "two rows gave way"
    );
    let profile = scene.sandbox.clevertap().profile("a").expect("it arrived");
    assert_eq!(profile["Email"], "new@example.com", "the newest one counts");
}

#[tokio::test]
async fn what_the_ledger_cannot_hold_never_leaves() {
    let scene = Scene::new().await;
    scene.good_people(2_500);
    let raw = rusqlite::Connection::open(scene.folder.path().join("tapline.db")).unwrap();
    raw.execute_batch(
        "CREATE TRIGGER broken BEFORE INSERT ON batches WHEN NEW.number > 1 BEGIN SELECT RAISE(FAIL, 'broken'); END",
    )
    .unwrap();
    drop(raw);
    let run = scene.run(scene.profiles()).await;
    assert_eq!(run.outcome, Some(Outcome::Failed), "nothing more could be kept");
    assert_eq!(
        run.problem.map(|problem| problem.code()),
        Some(Code::StoreFailed),
        "and the store is why"
    );
    let sent = scene.sandbox.clevertap().counts().profile_records;
    assert!(
        sent <= run.counts.delivered + run.counts.in_doubt,
        "{sent} arrived, and the ledger knows of {:?}",
        run.counts
    );
    assert!(
        !scene
            .sandbox
            .calls_to(UPLOADS)
            .iter()
            .any(|call| call.body.contains("\"u2000\"")),
        "a batch that the ledger does not hold stays here"
    );
}
