//! Test Connection against every right that it uses: withheld, told, granted, green. And that it uses no more.

use std::time::Duration;

use serde_json::{Value, json};
use tapline_sandbox::{Call, IssuedKey, Matcher, Resource, Role};

use crate::world::{World, profiles_plan};

const PROJECT: &str = "acme-dw";

/// One right that is withheld, and what the ladder must say of it.
struct Case {
    permission: &'static str,
    step: &'static str,
    state: &'static str,
    code: &'static str,
    /// The resource as the problem names it.
    resource: &'static str,
    /// The command that mends it.
    command: &'static str,
}

const CASES: [Case; 4] = [
    Case {
        permission: "bigquery.jobs.create",
        step: "may_run_jobs",
        state: "failed",
        code: "jobs_create_denied",
        resource: "acme-dw",
        command: "gcloud projects add-iam-policy-binding acme-dw --member=serviceAccount:{member} --role=roles/bigquery.jobUser --condition=None",
    },
    Case {
        permission: "bigquery.datasets.get",
        step: "dataset_found",
        state: "failed",
        code: "dataset_get_denied",
        resource: "acme-dw:shop",
        command: READ_THE_DATASET,
    },
    Case {
        permission: "bigquery.tables.list",
        step: "may_read_tables",
        state: "not_known",
        code: "tables_list_denied",
        resource: "acme-dw:shop",
        command: READ_THE_DATASET,
    },
    Case {
        permission: "bigquery.tables.getData",
        step: "may_read_tables",
        state: "failed",
        code: "tables_get_data_denied",
        resource: "acme-dw:shop.customers",
        command: READ_THE_DATASET,
    },
];

const READ_THE_DATASET: &str = "bq query --project_id=acme-dw --use_legacy_sql=false 'GRANT `roles/bigquery.dataViewer` ON SCHEMA `acme-dw`.`shop` TO \"serviceAccount:{member}\"'";

/// Where rights on data are granted.
#[derive(Clone, Copy, Debug)]
enum Level {
    Project,
    Dataset,
    /// Rows on the table, the rest on the dataset.
    Table,
}

impl Level {
    fn of(self, permission: &str) -> Resource {
        match (permission, self) {
            ("bigquery.jobs.create", _) | (_, Self::Project) => Resource::project(PROJECT),
            ("bigquery.tables.getData", Self::Table) => Resource::table(PROJECT, "shop", "customers"),
            _ => Resource::dataset(PROJECT, "shop"),
        }
    }
}

fn step<'a>(report: &'a Value, name: &str) -> &'a Value {
    let steps = report["steps"].as_array().expect("a ladder");
    steps
        .iter()
        .find(|step| step["step"] == name)
        .expect("every step is there")
}

#[tokio::test]
async fn each_right_that_is_withheld_fails_its_step_and_typing_its_command_mends_that_step() {
    let world = World::new().await;
    world.serve_customers(3);
    let google = world.sandbox.google();
    for level in [Level::Project, Level::Dataset, Level::Table] {
        for case in &CASES {
            let account = format!("without-{}", case.permission.replace('.', "-").to_lowercase());
            let key = google.issue_key(PROJECT, &format!("{account}-{level:?}").to_lowercase());
            let member = &key.client_email;
            for other in CASES.iter().filter(|other| other.permission != case.permission) {
                google.grant(member, &level.of(other.permission), other.permission);
            }
            let draft = world.draft("shop-prod", &key).await;
            let report = world.check(&draft).await;
            told(case, level, &key, &report);

            let command = step(&report, case.step)["problem"]["command"]
                .as_str()
                .expect("a command");
            google.type_command(command).expect("a line that Google's tools take");
            let again = world.check_again(&report["check"], case.step).await;
            let mended = step(&again, case.step);
            assert_eq!(
                mended["state"], "passed",
                "{} withheld at {level:?}, {command} typed, and tested again: {mended:#}",
                case.permission
            );
        }
    }
}

fn told(case: &Case, level: Level, key: &IssuedKey, report: &Value) {
    let what = format!("without {} ({level:?})", case.permission);
    let found = step(report, case.step);
    assert_eq!(found["state"], case.state, "{what}: {report:#}");
    let problem = &found["problem"];
    assert_eq!(problem["code"], case.code, "{what}: {problem:#}");
    let facts = &problem["facts"];
    assert_eq!(facts["permission"], case.permission, "{what}, the permission: {facts}");
    assert_eq!(facts["resource"], case.resource, "{what}, the resource: {facts}");
    assert_eq!(
        facts["member"],
        key.client_email.as_str(),
        "{what}, who lacks it: {facts}"
    );
    let command = case.command.replace("{member}", &key.client_email);
    assert_eq!(problem["command"], command.as_str(), "{what}, the command");
    let letter = problem["message"].as_str().unwrap_or_default();
    assert!(letter.contains(&command), "{what}, the letter: {letter}");
    assert!(
        problem["console"]
            .as_str()
            .is_some_and(|page| page.starts_with("https://console.cloud.google.com/")),
        "{what}, the page: {problem:#}"
    );
    assert!(
        problem["settles"].is_string(),
        "{what}: a grant is slow to show: {problem:#}"
    );
    assert_ne!(problem["who"], "", "{what}, who can mend it");
    assert_eq!(problem["answer"]["status"], 403, "{what}, what Google said");
    for other in CASES.iter().filter(|other| other.step != case.step) {
        let state = &step(report, other.step)["state"];
        let also = case.permission == "bigquery.datasets.get" && state == "not_known";
        assert!(state == "passed" || also, "{what} fails no other step: {report:#}");
    }
}

#[tokio::test]
async fn data_editor_on_the_dataset_alone_is_fine_and_a_viewer_is_too() {
    let world = World::new().await;
    world.serve_customers(3);
    let google = world.sandbox.google();
    for (role, writes) in [(Role::DataEditor, "passed"), (Role::DataViewer, "not_known")] {
        let key = google.issue_key(PROJECT, &format!("{role:?}").to_lowercase());
        google.grant(&key.client_email, &Resource::project(PROJECT), Role::JobUser);
        google.grant(&key.client_email, &Resource::dataset(PROJECT, "shop"), role);
        let report = world.check(&world.draft("shop-prod", &key).await).await;
        assert_eq!(report["verdict"], "passed", "{role:?}: {report:#}");
        assert_eq!(
            step(&report, "may_write")["state"],
            writes,
            "{role:?}: writing is optional, and told as far as known"
        );
    }
}

#[tokio::test]
async fn a_resource_manager_that_is_off_or_refuses_fails_nothing() {
    let world = World::new().await;
    world.serve_customers(3);
    let draft = world.draft("shop-prod", &world.key()).await;
    world.sandbox.google().set_resource_manager(PROJECT, false);
    let report = world.check(&draft).await;
    assert_eq!(report["verdict"], "passed", "{report:#}");
    for step in report["steps"].as_array().into_iter().flatten() {
        assert_ne!(step["state"], "failed", "{step:#}");
    }
}

#[tokio::test]
async fn an_empty_dataset_leaves_reading_unknown() {
    let world = World::new().await;
    let report = world.check(&world.draft("shop-prod", &world.key()).await).await;
    assert_eq!(report["verdict"], "passed", "there is nothing to refuse: {report:#}");
    assert_eq!(
        step(&report, "may_read_tables")["state"],
        "not_known",
        "and nothing to prove"
    );
}

#[tokio::test]
async fn the_test_asks_for_nothing_that_an_import_would_not() {
    let world = World::new().await;
    world.serve_customers(3);
    let google = world.sandbox.google();
    let key = google.issue_key(PROJECT, "just-enough");
    for (resource, permission) in [
        (Resource::project(PROJECT), "bigquery.jobs.create"),
        (Resource::dataset(PROJECT, "shop"), "bigquery.datasets.get"),
        (Resource::dataset(PROJECT, "shop"), "bigquery.tables.get"),
        (Resource::dataset(PROJECT, "shop"), "bigquery.tables.list"),
        (Resource::dataset(PROJECT, "shop"), "bigquery.tables.getData"),
    ] {
        google.grant(&key.client_email, &resource, permission);
    }
    let draft = world.draft("shop-prod", &key).await;
    let from = world.sandbox.calls().len();
    let report = in_three_waves(&world, &draft).await;
    let calls = world.sandbox.calls().split_off(from);
    assert_eq!(report["verdict"], "passed", "no right is needed but those: {report:#}");
    for call in &calls {
        assert!(may_be_asked(call), "not asked by a test: {} {}", call.method, call.path);
        if call.path.ends_with("/queries") {
            assert_eq!(call.json()["dryRun"], true, "no query runs: {}", call.body);
        }
    }
    assert!(calls.len() <= 10, "at most ten requests: {}", calls.len());

    // With what the test was content with, an import works, from its first look at the tables to its last row.
    let tested = google.rights_used(&key.client_email);
    google.forget_rights_used();
    let from = world.sandbox.calls().len();
    let saved = world
        .ask("connections.save", json!({"draft": draft, "check": report["check"]}))
        .await;
    world.add_account("Shop").await;
    let plan = profiles_plan("People", "shop-prod", "Shop");
    let source = json!({"connection": saved["id"], "source": plan["source"]});
    world.ask("imports.tables", json!({"connection": saved["id"]})).await;
    world.ask("imports.estimate", source.clone()).await;
    world.ask("imports.preview", source).await;
    let run = world.run(&world.add_import(&plan).await).await;
    assert_eq!(
        run["counts"]["delivered"], 3,
        "an import needs no right beyond: {run:#}"
    );
    let imported = google.rights_used(&key.client_email);

    // What the test alone used is evidence. All but one may be missing; that one is where the dataset is, and the import goes
    // by it: each of its queries is told to run there.
    let beyond: Vec<_> = tested.difference(&imported).map(|(right, _)| right.as_str()).collect();
    assert_eq!(
        beyond,
        [
            "bigquery.datasets.get",
            "bigquery.datasets.getIamPolicy",
            "resourcemanager.projects.get"
        ],
        "used by the test and not by an import"
    );
    let queries: Vec<_> = world.sandbox.calls().split_off(from);
    let queries: Vec<_> = queries
        .iter()
        .filter(|call| call.method == "POST" && (call.path.ends_with("/queries") || call.path.ends_with("/jobs")))
        .collect();
    assert!(queries.len() >= 3, "the import asks queries");
    for call in queries {
        let body = call.json();
        let place = body["location"].as_str().or(body["jobReference"]["location"].as_str());
        assert_eq!(
            place,
            report["location"].as_str(),
            "what the test learned is used: {} {}",
            call.path,
            call.body
        );
    }
}

/// What a test may ask: nothing that writes, and never a list of datasets.
fn may_be_asked(call: &Call) -> bool {
    let read = call.method == "GET" && !call.path.ends_with("/datasets");
    let dry = call.method == "POST" && call.path.ends_with("/queries");
    let token = call.method == "POST" && call.path == "/token";
    let rights = call.method == "POST" && call.path.ends_with(":testIamPermissions");
    read || dry || token || rights
}

/// A test whose every answer is held until the calls that go side by side with it are there: so three round trips are
/// enough, however fast the network is.
async fn in_three_waves(world: &World, draft: &Value) -> Value {
    let gate = world.sandbox.hold_answer(Matcher::any());
    let mark = world.heard.mark();
    let started = world.ask("check.start", json!({"draft": draft})).await;
    let mut here = 0;
    for (wave, what) in [(1, "the token"), (4, "the look"), (3, "the proof")] {
        here += wave;
        let arrived = tokio::time::timeout(Duration::from_secs(30), gate.arrived(here)).await;
        let arrived =
            arrived.unwrap_or_else(|_| panic!("{what}: {wave} calls side by side, and {} came", gate.count()));
        assert_eq!(arrived.len(), here, "{what}: no more than {wave}");
        gate.let_go(wave);
    }
    world.verdict(mark, &started["check"]).await
}
