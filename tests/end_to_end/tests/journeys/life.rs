//! A run's life as its user sees it: paused, gone on with, decided about, and carried out by somebody else.

use std::sync::Arc;

use serde_json::{Value, json};
use tapline_sandbox::{Fault, Matcher, Options, Sandbox};

use crate::world::{World, events_plan, profiles_plan};

const UPLOADS: &str = "/clevertap/in1/1/upload";

struct Scene {
    world: World,
    profiles: Value,
    events: Value,
}

impl Scene {
    async fn of(rows: u64) -> Self {
        let world = World::new().await;
        world.serve_customers(rows);
        world.add_connection("shop-prod").await;
        world.add_account("Shop").await;
        let profiles = world.add_import(&profiles_plan("People", "shop-prod", "Shop")).await;
        let events = world.add_import(&events_plan("Visits", "shop-prod", "Shop")).await;
        Self {
            world,
            profiles,
            events,
        }
    }

    /// Runs events of which one call of a thousand is never answered.
    async fn run_with_doubt(&self) -> Value {
        let doubtful = Matcher::path(UPLOADS).body("\"u1500\"").times(1);
        self.world.sandbox.fault(doubtful, Fault::CutAnswer);
        let run = self.world.run(&self.events).await;
        assert_eq!(run["counts"]["in_doubt"], 1_000, "one call was never answered: {run:#}");
        run
    }

    async fn status(&self, import: &Value) -> Value {
        let import = self.world.ask("imports.get", json!({"import": import})).await;
        import["brief"]["status"].clone()
    }
}

#[tokio::test]
async fn a_paused_run_says_what_resume_does_and_its_import_waits_for_it() {
    let scene = Scene::of(9_000).await;
    let world = &scene.world;
    let gate = world.sandbox.hold(Matcher::path(UPLOADS).skip(2));
    let (mark, run) = world.start_run(&scene.profiles).await;
    gate.arrived(1).await;
    let pausing = world.ask("runs.pause", json!({"run": run})).await;
    assert_eq!(
        (&pausing["phase"], &pausing["paused"]),
        (&json!("stopping"), &json!(true)),
        "at once: {pausing:#}"
    );
    gate.open();
    let paused = world.run_ended(mark, &run).await;
    assert_eq!(
        (&paused["outcome"], &paused["paused"], &paused["resumable"]),
        (&json!("stopped"), &json!(true), &json!(true)),
        "{paused:#}"
    );
    assert_eq!(scene.status(&scene.profiles).await, "paused");
    let left = 9_000 - paused["counts"]["delivered"].as_u64().expect("a number");
    assert!(left > 0, "not all was sent: {paused:#}");

    let plan = world.ask("runs.resume_plan", json!({"run": run})).await;
    assert_eq!(
        (&plan["left"], &plan["bytes_billed"]),
        (&json!(left), &json!(0)),
        "the result is still there: {plan:#}"
    );
    let mark = world.heard.mark();
    world.ask("runs.resume", json!({"run": run, "in_doubt": null})).await;
    let done = world.run_ended(mark, &run).await;
    assert_eq!(
        (&done["outcome"], &done["paused"]),
        (&json!("completed"), &json!(false)),
        "{done:#}"
    );
    assert_eq!(scene.status(&scene.profiles).await, "ready", "it waits no more");
    let over = world.refused("runs.resume_plan", json!({"run": run})).await;
    assert_eq!(over["code"], "run_not_resumable", "{over:#}");
}

#[tokio::test]
async fn a_paused_run_whose_result_could_not_be_kept_says_so_beside_itself() {
    let scene = Scene::of(9_000).await;
    let world = &scene.world;
    let copies = Matcher::path("/bigquery/v2/projects/acme-dw/jobs").body("\"copy\"");
    world.sandbox.fault(copies, Fault::QuotaExceeded);
    let gate = world.sandbox.hold(Matcher::path(UPLOADS).skip(2));
    let (mark, run) = world.start_run(&scene.profiles).await;
    gate.arrived(1).await;
    world.ask("runs.pause", json!({"run": run})).await;
    gate.open();
    let paused = world.run_ended(mark, &run).await;
    assert_eq!(
        (&paused["paused"], &paused["problem"]),
        (&json!(true), &Value::Null),
        "it is paused as it was asked to: {paused:#}"
    );
    assert_eq!(
        paused["caution"]["problem"]["code"], "free_quota_exceeded",
        "{paused:#}"
    );
    let id = run.as_str().expect("an id");
    let shown = world.tapline(&["runs", "show", id]).await;
    assert_eq!(shown.status, 0, "{shown:?}");
    for part in [
        "health 100 % so far",
        "Caution:     The run is paused all the same.",
        "Resumed later than that, the query runs again",
        "free_quota_exceeded",
    ] {
        assert!(shown.out.contains(part), "{part:?} is missing: {}", shown.out);
    }
    let mark = world.heard.mark();
    world.ask("runs.resume", json!({"run": run, "in_doubt": null})).await;
    let done = world.run_ended(mark, &run).await;
    assert_eq!(
        (&done["outcome"], &done["caution"]),
        (&json!("completed"), &Value::Null),
        "{done:#}"
    );
}

#[tokio::test]
async fn a_person_is_asked_about_events_in_doubt_until_they_are_left_or_sent_again() {
    let scene = Scene::of(2_500).await;
    let world = &scene.world;
    let run = scene.run_with_doubt().await;
    assert_eq!(run["doubt"]["events"], 1_000, "the import says Ask: {run:#}");
    assert_eq!(run["doubt"]["stored"], 1_000, "and they can be sent again: {run:#}");
    assert!(
        run["doubt"]["since"].as_str() >= run["started_on"].as_str(),
        "since they were sent: {run:#}"
    );

    let left = world.ask("runs.leave_doubt", json!({"run": run["id"]})).await;
    assert_eq!(left["doubt"], Value::Null, "nobody is asked again: {left:#}");
    assert_eq!(left["counts"], run["counts"], "and they are in doubt as before");

    world.sandbox.clear_faults();
    let second = scene.run_with_doubt().await;
    assert_eq!(second["doubt"]["events"], 1_000, "another run, another question");
    let mark = world.heard.mark();
    let doubted = json!({"run": second["id"], "fate": "in_doubt", "code": null, "column": null});
    let resent = world.ask("runs.resend", doubted).await;
    world.run_ended(mark, &resent["id"]).await;
    let answered = world.ask("runs.get", json!({"run": second["id"]})).await;
    assert_eq!(answered["doubt"], Value::Null, "they were sent again: {answered:#}");
}

#[tokio::test]
async fn an_import_that_says_leave_asks_nobody() {
    let scene = Scene::of(2_500).await;
    let mut plan = events_plan("Quiet visits", "shop-prod", "Shop");
    plan["records"]["events"]["in_doubt"] = json!("leave");
    let scene = Scene {
        events: scene.world.add_import(&plan).await,
        ..scene
    };
    let run = scene.run_with_doubt().await;
    assert_eq!(run["doubt"], Value::Null, "{run:#}");
}

#[tokio::test]
async fn the_terminal_goes_on_with_events_in_doubt_only_when_it_is_told_how() {
    let scene = Scene::of(5_000).await;
    let world = &scene.world;
    // The first call is processed and never answered; the rest is not sent.
    let gate = world.sandbox.hold(Matcher::path(UPLOADS).skip(1));
    world.sandbox.fault(Matcher::path(UPLOADS).times(1), Fault::CutAnswer);
    let (mark, run) = world.start_run(&scene.events).await;
    gate.arrived(1).await;
    world.ask("runs.stop", json!({"run": run})).await;
    gate.open();
    let stopped = world.run_ended(mark, &run).await;
    assert_eq!(stopped["doubt"]["events"], 1_000, "{stopped:#}");
    let id = run.as_str().expect("an id");

    let asked = world.tapline(&["--json", "runs", "resume", id]).await;
    assert_eq!(asked.status, 1, "somebody has to say: {asked:?}");
    assert_eq!(asked.json()["problem"]["code"], "confirmation_needed", "{asked:?}");
    let words = asked.json()["problem"]["explanation"].to_string();
    assert!(
        words.contains("--in-doubt resend") && words.contains("--in-doubt leave"),
        "with what to type for either answer: {words}"
    );

    let done = world
        .tapline(&["--json", "runs", "resume", id, "--in-doubt", "leave"])
        .await;
    assert_eq!(done.status, 4, "some are in doubt still: {done:?}");
    let done = &done.json()["ok"]["run"];
    assert_eq!(done["counts"]["in_doubt"], 1_000, "{done:#}");
    assert_eq!(done["counts"]["read"], 5_000, "all the others were sent: {done:#}");
    assert_eq!(done["doubt"], Value::Null, "and nobody is asked again: {done:#}");
}

#[tokio::test]
async fn a_run_of_a_terminal_is_seen_live_and_stopped_from_here() {
    let scene = Scene::of(30_000).await;
    let world = &scene.world;
    let gate = world.sandbox.hold(Matcher::path(UPLOADS).skip(3));
    let mark = world.heard.mark();
    let terminal = world.spawn_tapline(&["--json", "imports", "run", "Visits", "--yes"], &[]);
    gate.arrived(1).await;
    let live = world.heard.wait_from(mark, "news of the terminal's run", |signal| {
        signal["signal"] == "run" && signal["body"]["counts"]["delivered"] == 3_000
    });
    let run = live.await["body"]["id"].clone();
    // Another process hears of it within a second: the rest must not be sent by then.
    world.sandbox.fault(Matcher::path(UPLOADS), Fault::Delay { ms: 1_000 });
    world.ask("runs.stop", json!({"run": run})).await;
    gate.open();
    let ended = world.run_ended(mark, &run).await;
    assert_eq!(ended["outcome"], "stopped", "{ended:#}");
    let terminal = terminal.wait_with_output().await.expect("it ends");
    assert_eq!(terminal.status.code(), Some(130), "the terminal stopped: {terminal:?}");
}

#[tokio::test]
async fn a_run_whose_terminal_was_killed_is_interrupted_while_one_looks_on() {
    let scene = Scene::of(30_000).await;
    let world = &scene.world;
    let gate = world.sandbox.hold(Matcher::path(UPLOADS).skip(3));
    let mark = world.heard.mark();
    let mut terminal = world.spawn_tapline(&["--json", "imports", "run", "People"], &[]);
    gate.arrived(1).await;
    let live = world.heard.wait_from(mark, "news of the terminal's run", |signal| {
        signal["signal"] == "run" && signal["body"]["counts"]["delivered"] == 3_000
    });
    let run = live.await["body"]["id"].clone();
    terminal.kill().await.expect("SIGKILL"); // waits for its end too
    gate.open();
    let ended = world.run_ended(mark, &run).await;
    assert_eq!(
        (&ended["outcome"], &ended["resumable"]),
        (&json!("interrupted"), &json!(true)),
        "without a restart: {ended:#}"
    );
}

#[tokio::test]
async fn a_result_that_proves_too_large_goes_to_a_table_once_its_second_cost_is_agreed_to() {
    // Of its own: the fault below must meet this run's job.
    let sandbox = Sandbox::start(Options::with_sql())
        .await
        .expect("the SQL engine starts");
    sandbox.google().load_cdnow().await.expect("the purchases load");
    let world = World::on(Arc::new(sandbox)).await;
    world.add_connection("shop-prod").await;
    world.add_account("Shop").await;
    let import = world
        .add_import(&json!({
            "version": 1, "nickname": "Customers", "database": "shop-prod", "account": "Shop",
            "source": {"table": "customers"}, "records": "profiles", "identity": {"column": "customer_id"},
            "properties": [{"column": "cds", "name": "CDs", "type": "integer"}],
        }))
        .await;
    world.sandbox.google().fail_next_job(
        403,
        "responseTooLarge",
        "Response too large to return. Consider specifying a destination table in your job configuration.",
    );
    let failed = world.run(&import).await;
    assert_eq!(failed["problem"]["code"], "response_too_large", "{failed:#}");
    let id = failed["id"].as_str().expect("an id");
    let first = failed["bytes_billed"].as_u64().expect("the failed job said so");
    assert!(first >= 10 << 20, "what it was billed for nothing is told: {failed:#}");

    let plan = world.ask("runs.resume_plan", json!({"run": id})).await;
    assert_eq!(plan["confirm"], true, "the query has to run again: {plan:#}");
    assert_eq!(plan["precision"], "at_most", "at a price: {plan:#}");
    assert!(plan["bytes_billed"].as_u64() >= Some(10 << 20), "{plan:#}");
    let jobs = world.sandbox.calls_to("/bigquery/v2/projects/acme-dw/jobs").len();
    let asked = world.tapline(&["--json", "runs", "resume", id]).await;
    assert_eq!(
        (asked.status, &asked.json()["problem"]["code"]),
        (1, &json!("second_cost")),
        "{asked:?}"
    );
    assert_eq!(
        world.sandbox.calls_to("/bigquery/v2/projects/acme-dw/jobs").len(),
        jobs,
        "nothing is paid unasked"
    );

    let done = world.tapline(&["--json", "runs", "resume", id, "--yes"]).await;
    assert_eq!(done.status, 0, "{done:?}");
    assert_eq!(done.json()["ok"]["run"]["counts"]["delivered"], 23_570, "{done:?}");
    let both = done.json()["ok"]["run"]["bytes_billed"].as_u64();
    assert_eq!(both, Some(2 * first), "the second cost is added to the first: {done:?}");
    let tables = || async {
        let tables = world
            .sandbox
            .calls_to("/bigquery/v2/projects/acme-dw/datasets/shop/tables");
        tables
            .into_iter()
            .filter(|call| call.method == "POST" && call.body.contains("expirationTime"))
            .count()
    };
    assert_eq!(tables().await, 1, "its result went to a table that expires");
    let again = world.run(&import).await;
    assert_eq!(again["outcome"], "completed", "{again:#}");
    assert_eq!(tables().await, 2, "and the next run's does at once");
}

#[tokio::test]
async fn what_runs_cost_is_told_beside_what_was_expected_and_added_up_for_the_import() {
    let scene = Scene::of(1_500).await;
    let world = &scene.world;
    let mut spent = 0;
    for _ in 0..2 {
        let run = world.run(&scene.profiles).await;
        let billed = run["bytes_billed"].as_u64().expect("the job said so");
        assert!(
            run["bytes_expected"].as_u64() >= Some(billed),
            "no more than was expected: {run:#}"
        );
        spent += billed;
    }
    let import = world.ask("imports.get", json!({"import": scene.profiles})).await;
    assert_eq!(import["brief"]["bytes_billed"], spent, "{import:#}");
    assert!(spent > 0, "BigQuery is not free");
}
