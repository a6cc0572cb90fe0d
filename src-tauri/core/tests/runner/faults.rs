//! Each call of a run goes wrong in each way, once: whatever becomes of the run, it comes to its end when it is gone on
//! with. Every profile is as the source has it; no event is lost, and none arrives twice.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::json;
use tapline_core::ground::ids::ImportId;
use tapline_core::ground::problem::{Code, Problem};
use tapline_core::run::{Outcome, Run};
use tapline_core::vault::Attendance;
use tapline_sandbox::{Fault, Matcher};

use super::UPLOADS;
use super::support::{Scene, assert_whole, passcode_refused};

const ROWS: u64 = 2_100;

fn ways() -> Vec<(&'static str, Fault)> {
    vec![
        ("refused", Fault::Refuse),
        ("cut instead of an answer", Fault::CutAnswer),
        ("cut in mid-body", Fault::CutBody { after: 40 }),
        ("half of its JSON", Fault::Malformed),
        ("a page of a hotel's", Fault::CaptivePortal),
        (
            "503",
            Fault::answer(503, &json!({"error": {"code": 503, "message": "Later"}})),
        ),
        ("500 without words", Fault::answer(500, &json!(null))),
        (
            "429",
            Fault::answer(
                429,
                &json!({"status": "fail", "error": {"code": 429, "message": "Slow down", "errors": [{"reason": "rateLimitExceeded"}]}}),
            ),
        ),
        (
            "an expired token",
            Fault::answer(
                401,
                &json!({"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "Invalid Credentials"}}),
            ),
        ),
        (
            "a job that nobody knows",
            Fault::answer(
                404,
                &json!({"error": {"code": 404, "status": "NOT_FOUND", "message": "Not found: Job acme-dw:EU.tapline", "errors": [{"reason": "notFound", "domain": "global"}]}}),
            ),
        ),
        (
            "slow",
            Fault::Drip {
                bytes: 20_000,
                every_ms: 20,
            },
        ),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Profiles,
    Events,
}

const BOTH: [Sent; 2] = [Sent::Profiles, Sent::Events];

impl Sent {
    fn import(self, scene: &Scene) -> ImportId {
        match self {
            Self::Profiles => scene.profiles(),
            Self::Events => scene.events(),
        }
    }
}

/// Runs imports while one call goes wrong in each way, and goes on until they are whole.
async fn each_way(call: Matcher) {
    tokio::join!(each_way_of(Sent::Profiles, &call), each_way_of(Sent::Events, &call));
}

async fn each_way_of(sent: Sent, call: &Matcher) {
    let scene = Scene::new().await;
    scene.good_people(ROWS);
    let import = sent.import(&scene);
    for (way, fault) in ways() {
        let met = went_wrong(&scene);
        scene.sandbox.fault(call.clone().nth(1), fault);
        let run = scene.run(import).await;
        assert!(
            went_wrong(&scene) > met,
            "{way}: no call went wrong, so nothing was tried"
        );
        let run = gone_on_with(&scene, run).await;
        assert_all_arrived(&scene, sent, &run, way);
    }
}

/// Runs imports that end in the middle; then one call of going on goes wrong, in each way.
async fn each_way_of_going_on(sent: Sent, call: &Matcher) {
    let scene = Scene::new().await;
    scene.good_people(ROWS);
    scene.calls_at_once(1);
    let import = sent.import(&scene);
    for (way, fault) in ways() {
        scene.sandbox.fault(Matcher::path(UPLOADS).nth(2), passcode_refused());
        let failed = scene.run(import).await;
        assert_eq!(failed.counts.delivered, 1_000, "{way}: {:?}", failed.problem);
        let met = went_wrong(&scene);
        scene.sandbox.fault(call.clone().nth(1), fault);
        let run = go_on(&scene, &failed).await;
        assert!(
            went_wrong(&scene) > met,
            "{way}: no call went wrong, so nothing was tried"
        );
        let run = gone_on_with(&scene, run).await;
        assert_all_arrived(&scene, sent, &run, way);
    }
}

fn went_wrong(scene: &Scene) -> usize {
    scene.sandbox.calls().iter().filter(|call| call.fault.is_some()).count()
}

/// The run once it is whole, with nothing more that goes wrong.
async fn gone_on_with(scene: &Scene, mut run: Run) -> Run {
    scene.sandbox.clear_faults();
    for _ in 0..3 {
        assert_whole(&run.counts);
        if run.outcome.is_some_and(|outcome| !outcome.is_early()) {
            break;
        }
        run = go_on(scene, &run).await;
    }
    run
}

async fn go_on(scene: &Scene, run: &Run) -> Run {
    let going = scene.runner.resume(run.id, None, Attendance::Unattended).await;
    going.expect("nothing stands in the way").ended().await
}

/// Forgets afterwards what arrived.
fn assert_all_arrived(scene: &Scene, sent: Sent, run: &Run, way: &str) {
    assert!(
        matches!(run.outcome, Some(Outcome::Completed | Outcome::CompletedInDoubt)),
        "{way}: {sent:?} {:?} {:?}",
        run.outcome,
        run.problem
    );
    assert_eq!(run.counts.read, ROWS, "{way}: {sent:?} {:?}", run.counts);
    match sent {
        Sent::Profiles => assert_every_profile_is_right(scene, run, way),
        Sent::Events => assert_no_event_lost_or_doubled(scene, run, way),
    }
    scene.sandbox.clevertap().forget_records();
}

fn assert_every_profile_is_right(scene: &Scene, run: &Run, way: &str) {
    let profiles = scene.sandbox.clevertap().profiles();
    let right = |n: &u64| {
        let profile = profiles.get(&format!("u{n}"));
        profile.is_some_and(|profile| profile["Email"] == format!("u{n}@example.com"))
    };
    let wrong: Vec<u64> = (1..=ROWS).filter(|n| !right(n)).take(3).collect();
    assert!(wrong.is_empty(), "{way}: {wrong:?} are not there");
    assert_eq!(
        (run.counts.delivered, run.counts.in_doubt),
        (ROWS, 0),
        "{way}: a profile in doubt is sent again"
    );
}

fn assert_no_event_lost_or_doubled(scene: &Scene, run: &Run, way: &str) {
    let mut arrived: BTreeMap<String, u64> = BTreeMap::new();
    for event in scene.sandbox.clevertap().events() {
        let whose = event.json()["identity"].as_str().unwrap_or_default().to_owned();
        *arrived.entry(whose).or_default() += 1;
    }
    assert!(
        arrived.values().all(|times| *times == 1),
        "{way}: an event arrived twice"
    );
    let listed = scene.records(run);
    let lost = (1..=ROWS).map(|n| format!("u{n}")).filter(|whose| {
        !arrived.contains_key(whose) && !listed.iter().any(|record| record.identity.as_ref() == Some(whose))
    });
    assert_eq!(lost.count(), 0, "{way}: each event arrived, or is listed as in doubt");
    assert!(
        run.counts.in_doubt <= 1_000,
        "{way}: one call went wrong: {:?}",
        run.counts
    );
}

#[tokio::test]
async fn the_dry_run_goes_wrong() {
    each_way(Matcher::path("/bigquery/v2/projects/acme-dw/queries").method("POST")).await;
}

#[tokio::test]
async fn starting_the_job_goes_wrong() {
    each_way(Matcher::path("/bigquery/v2/projects/acme-dw/jobs").method("POST")).await;
}

#[tokio::test]
async fn waiting_for_the_job_goes_wrong() {
    each_way(Matcher::path("/bigquery/v2/projects/acme-dw/queries/*")).await;
}

#[tokio::test]
async fn reading_a_page_goes_wrong() {
    each_way(Matcher::path("/bigquery/v2/projects/acme-dw/queries/*").query("maxResults=2100")).await;
}

#[tokio::test]
async fn asking_what_it_billed_goes_wrong() {
    each_way(Matcher::path("/bigquery/v2/projects/acme-dw/jobs/*").method("GET")).await;
}

#[tokio::test]
async fn an_upload_goes_wrong() {
    each_way(Matcher::path(UPLOADS)).await;
}

#[tokio::test]
async fn finding_the_result_again_goes_wrong() {
    let call = Matcher::path("/bigquery/v2/projects/acme-dw/queries/*");
    tokio::join!(
        each_way_of_going_on(Sent::Profiles, &call),
        each_way_of_going_on(Sent::Events, &call)
    );
}

#[tokio::test]
async fn what_is_told_to_wait_waits_and_the_others_go_on_meanwhile() {
    let scene = Scene::new().await;
    scene.good_people(2_000);
    let headers = [("retry-after".to_owned(), "3600".to_owned())].into();
    let later = Fault::Answer {
        status: 503,
        headers,
        body: json!({"status": "fail"}).to_string(),
    };
    scene.sandbox.fault(Matcher::path(UPLOADS).body("\"u1\""), later);
    let soon = Fault::answer(503, &json!({"status": "fail"}));
    scene
        .sandbox
        .fault(Matcher::path(UPLOADS).body("\"u1500\"").times(3), soon);
    let mut going = scene.start(scene.events()).await;
    let id = going.id;
    while let Some(news) = going.news().await {
        if news.run.counts.delivered == 1_000 {
            break;
        }
    }
    let calls = scene.sandbox.calls_to(UPLOADS);
    let told = calls.iter().filter(|call| call.body.contains("\"u1\""));
    assert_eq!(
        told.count(),
        1,
        "the other batch was sent four times, and this one waits for its hour"
    );
    scene.runner.stop(id).await.unwrap();
    let run = going.ended().await;
    assert_eq!(
        (run.outcome, run.counts.in_doubt),
        (Some(Outcome::Stopped), 0),
        "it is stopped in its wait: {:?}",
        run.problem
    );
}

#[tokio::test]
async fn a_batch_of_which_nothing_is_understood_costs_forty_calls_at_most() {
    let scene = Scene::new().await;
    scene.good_people(1_000);
    let malformed = json!({"status": "fail", "error": "Malformed request", "code": 400});
    scene
        .sandbox
        .fault(Matcher::path(UPLOADS), Fault::answer(400, &malformed));
    let run = scene.run(scene.events()).await;
    assert_eq!(run.outcome, Some(Outcome::CompletedWithRejects), "{:?}", run.problem);
    assert_eq!(
        (run.counts.unprocessed, run.counts.delivered),
        (1_000, 0),
        "each is accounted for: {:?}",
        run.counts
    );
    let calls = scene.sandbox.calls_to(UPLOADS).len();
    assert!((10..=41).contains(&calls), "the call, and forty for its parts: {calls}");
}

#[tokio::test]
async fn a_storm_of_refusals_and_short_pages_only_take_time() {
    for sent in BOTH {
        let scene = Scene::new().await;
        scene.good_people(ROWS);
        scene.sandbox.google().cut_pages(20_000);
        let uploads = Matcher::path(UPLOADS);
        scene.sandbox.fault(uploads.times(12), Fault::TooManyRequests);
        let run = scene.run(sent.import(&scene)).await;
        assert_eq!(run.outcome, Some(Outcome::Completed), "{:?}", run.problem);
        assert_all_arrived(&scene, sent, &run, "a storm");
        let pages = scene.sandbox.calls_to("/bigquery/v2/projects/acme-dw/queries/*");
        assert!(pages.len() > 3, "the result came in {} pages", pages.len());
    }
}

#[tokio::test]
async fn a_job_that_fails_is_started_again_under_another_id() {
    for sent in BOTH {
        let scene = Scene::new().await;
        scene.good_people(ROWS);
        let google = scene.sandbox.google();
        google.fail_next_job(500, "jobInternalError", "The job encountered an internal error.");
        let failed = scene.run(sent.import(&scene)).await;
        assert_eq!(failed.outcome, Some(Outcome::Failed), "{:?}", failed.problem);
        let run = go_on(&scene, &failed).await;
        assert_all_arrived(&scene, sent, &run, "a job that failed");
        assert_ne!(run.job, failed.job, "an id is good for one job");
    }
}

#[tokio::test]
async fn a_clock_that_leaps_in_mid_run_ends_it_and_once_set_right_it_goes_on() {
    for (sent, hours) in BOTH.into_iter().flat_map(|sent| [(sent, 2), (sent, -2)]) {
        let scene = Scene::new().await;
        scene.good_people(ROWS);
        let page = Matcher::path("/bigquery/v2/projects/acme-dw/queries/*").query("maxResults=2100");
        let reading = scene.sandbox.hold(page);
        let going = scene.start(sent.import(&scene)).await;
        reading.arrived(1).await;
        // Google takes no token any more: those that it gave out have expired, and what our clock signs is not of its time.
        scene.sandbox.clock().skew(SignedDuration::from_hours(hours));
        scene.sandbox.google().expire_tokens();
        reading.open();
        let failed = going.ended().await;
        assert_eq!(
            (failed.outcome, failed.problem.as_ref().map(Problem::code)),
            (Some(Outcome::Failed), Some(Code::ClockWrong)),
            "it says why, {hours} hours off"
        );
        scene.sandbox.clock().skew(SignedDuration::ZERO);
        let run = go_on(&scene, &failed).await;
        assert_all_arrived(&scene, sent, &run, "a clock that leapt");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_in_mid_run_is_replaced() {
    for sent in BOTH {
        let scene = Scene::new().await;
        scene.good_people(ROWS);
        let page = Matcher::path("/bigquery/v2/projects/acme-dw/queries/*").query("maxResults=2100");
        let refusal = json!({"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "Invalid Credentials"}});
        scene.sandbox.fault(page.nth(1), Fault::answer(401, &refusal));
        let run = scene.run(sent.import(&scene)).await;
        assert_eq!(run.outcome, Some(Outcome::Completed), "{:?}", run.problem);
        assert_all_arrived(&scene, sent, &run, "a token that expired");
        assert_eq!(scene.sandbox.calls_to("/token").len(), 2, "another was asked for");
    }
}

#[tokio::test]
async fn in_a_long_outage_few_batches_are_in_doubt_and_the_rest_wait() {
    let scene = Scene::new().await;
    scene.good_people(40_000);
    // One call after the other: of many at once, as many more are lost as were under way when the silence was noticed.
    scene.calls_at_once(1);
    // Eight calls in a row are lost behind a gateway: without a pause each would be a batch in doubt.
    let gateway = Fault::answer(502, &json!({"error": "Bad gateway"}));
    scene.sandbox.fault(Matcher::path(UPLOADS).skip(2).times(8), gateway);
    let run = scene.run(scene.events()).await;
    assert_eq!(run.outcome, Some(Outcome::CompletedInDoubt), "{:?}", run.problem);
    assert_whole(&run.counts);
    let calls = scene.sandbox.calls_to(UPLOADS);
    let lost = calls.iter().filter(|call| call.fault.is_some());
    let asked = lost.filter(|call| call.query.contains("dryRun")).count();
    assert_eq!(
        asked, 5,
        "after three without an answer the others only ask whether it answers again"
    );
    assert_eq!(
        run.counts.in_doubt, 3_000,
        "what was sent before it was held to be silent: {:?}",
        run.counts
    );
    assert_eq!(
        scene.sandbox.clevertap().counts().event_records,
        run.counts.delivered,
        "and all others arrived"
    );
}

#[tokio::test]
async fn a_run_that_waits_for_answers_can_be_stopped() {
    let scene = Scene::new().await;
    scene.good_people(20_000);
    let gateway = Fault::answer(502, &json!({"error": "Bad gateway"}));
    scene.sandbox.fault(Matcher::path(UPLOADS), gateway);
    let asks = scene.sandbox.hold(Matcher::path(UPLOADS).query("dryRun"));
    let going = scene.start(scene.events()).await;
    asks.arrived(1).await;
    scene.runner.stop(going.id).await.unwrap();
    asks.open();
    let run = going.ended().await;
    assert_eq!(run.outcome, Some(Outcome::Stopped), "{:?}", run.problem);
    assert_whole(&run.counts);
    scene.sandbox.clear_faults();
    let run = go_on(&scene, &run).await;
    assert_eq!(run.counts.read, 20_000, "{:?}", run.counts);
    assert_eq!(
        scene.sandbox.clevertap().counts().event_records,
        run.counts.delivered,
        "once it answers again the rest arrives"
    );
}
