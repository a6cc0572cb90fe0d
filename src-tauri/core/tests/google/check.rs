//! Test Connection, rung by rung.

use std::sync::Mutex;
use std::time::Duration;

use jiff::SignedDuration;
use tapline_core::bigquery::{Location, ProjectId, TableId};
use tapline_core::check::StepName::{
    DatasetFound, GoogleAccepts, KeySigns, MayReadTables, MayRunJobs, MayWrite, ProjectAnswers,
};
use tapline_core::check::StepState::{Failed, NotKnown, NotReached, Passed};
use tapline_core::check::{Check, Report, StepName, StepState, Verdict};
use tapline_core::connection::Target;
use tapline_core::google::key;
use tapline_core::ground::clock::Clock;
use tapline_core::ground::problem::{Code, Fact, Fix, Problem};
use tapline_sandbox::{Fault, IssuedKey, KeyState, Matcher, ProjectState, Resource, Role, Sandbox};
use tokio_util::sync::CancellationToken;

use crate::support::{dataset, net, sandbox, serve_customers};

pub fn target(name: &str) -> Target {
    Target {
        dataset: dataset(name),
        billing_project: None,
        bytes_cap: None,
        location: None,
    }
}

pub fn check(sandbox: &Sandbox, key: &IssuedKey, target: Target) -> Check {
    check_at(sandbox, key, target, Clock::system())
}

fn check_at(sandbox: &Sandbox, key: &IssuedKey, target: Target, clock: Clock) -> Check {
    let account = key::read(key.json().as_bytes()).expect("a key").into_service_account();
    Check::new(net(sandbox), clock, account, target)
}

pub async fn run(check: &Check) -> Report {
    check.run(&CancellationToken::new(), &|_| {}).await
}

pub fn states(report: &Report) -> Vec<(StepName, StepState, Option<Code>)> {
    let steps = report.steps.iter();
    steps
        .map(|step| (step.name, step.state, step.problem.as_ref().map(Problem::code)))
        .collect()
}

/// What every report must be, whatever happened.
pub fn well_formed(report: &Report) {
    assert_eq!(report.steps.len(), 7, "every rung is there");
    for step in &report.steps {
        assert!(
            !matches!(step.state, StepState::Waiting | StepState::Running),
            "{:?} was left behind",
            step.name
        );
        assert_eq!(
            step.state == Failed,
            step.problem.is_some() && step.state != NotKnown,
            "a failed step says why: {step:?}"
        );
        if let Some(problem) = &step.problem {
            let words = format!("{} {} {}", problem.title(), problem.explanation(), problem.who());
            assert!(
                !words.contains('…') || words.contains("key …") || words.contains("[ …"),
                "a fact is missing: {words}"
            );
        }
        if step.state == Passed {
            assert!(step.took.is_some(), "{:?} took some time", step.name);
        }
    }
}

#[tokio::test]
async fn all_is_well_with_the_two_roles_that_the_guide_names() {
    let sandbox = sandbox().await;
    serve_customers(&sandbox, "customers", 3);
    let check = check(&sandbox, &sandbox.google().issue_working_key("loader"), target("shop"));
    let seen = Mutex::new(Vec::new());
    let report = check
        .run(&CancellationToken::new(), &|report| {
            seen.lock().expect("a list").push(report.clone());
        })
        .await;
    assert_eq!(
        states(&report),
        StepName::ALL.map(|name| (name, Passed, None)),
        "Job User on the project and Data Editor on the dataset are enough: {report:?}"
    );
    well_formed(&report);
    assert_eq!(report.verdict, Verdict::Passed);
    assert_eq!(
        report.location.as_ref().map(Location::as_str),
        Some("EU"),
        "the location is detected"
    );
    assert_eq!(report.step(DatasetFound).evidence.as_deref(), Some("in EU"));
    let seen = seen.into_inner().expect("a list");
    assert!(seen.len() > 8, "every change was told");
    assert_eq!(seen.last(), Some(&report), "the last told is the verdict");

    let calls = sandbox.calls();
    assert!(calls.len() <= 10, "{} requests", calls.len());
    for call in &calls {
        let writes = call.method == "POST" && !call.path.ends_with("/queries") && !call.path.ends_with("/token");
        assert!(
            !writes || call.path.ends_with(":testIamPermissions"),
            "nothing is written: {} {}",
            call.method,
            call.path
        );
        assert!(!call.path.ends_with("/datasets"), "datasets are never listed");
        if call.path.ends_with("/queries") {
            assert_eq!(call.json()["dryRun"], true, "no query runs");
        }
    }
}

#[tokio::test]
async fn calls_of_one_wave_go_side_by_side() {
    let sandbox = sandbox().await;
    serve_customers(&sandbox, "customers", 3);
    let check = check(&sandbox, &sandbox.google().issue_working_key("loader"), target("shop"));
    let gate = sandbox.hold_answer(Matcher::default());
    let climbing = tokio::spawn(async move { run(&check).await });
    let mut open = 0;
    for wave in [1, 4, 3] {
        open += wave;
        let arrived = tokio::time::timeout(Duration::from_secs(30), gate.arrived(open)).await;
        assert_eq!(
            arrived.map(|calls| calls.len()).ok(),
            Some(open),
            "{wave} calls wait together"
        );
        gate.let_go(open);
    }
    let report = climbing.await.expect("no panic");
    assert_eq!(report.verdict, Verdict::Passed);
    assert_eq!(sandbox.calls().len(), 8, "three round trips, eight requests");
}

#[tokio::test]
async fn a_refused_key_ends_the_climb() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("loader");
    sandbox.google().set_key_state(&key.key_id, KeyState::Disabled);
    let report = run(&check(&sandbox, &key, target("shop"))).await;
    well_formed(&report);
    assert_eq!(report.verdict, Verdict::Failed);
    assert_eq!(report.step(KeySigns).state, Passed);
    assert_eq!(report.first_problem().map(Problem::code), Some(Code::KeyRefused));
    for later in [ProjectAnswers, DatasetFound, MayRunJobs, MayReadTables, MayWrite] {
        assert_eq!(report.step(later).state, NotReached, "{later:?}");
    }
    assert_eq!(sandbox.calls().len(), 1, "and nothing more is asked");
}

#[tokio::test]
async fn a_wrong_clock_is_a_wrong_clock() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("loader");
    let clock = Clock::ahead(SignedDuration::from_hours(-3));
    let report = run(&check_at(&sandbox, &key, target("shop"), clock)).await;
    let problem = report.step(GoogleAccepts).problem.as_ref().expect("a problem");
    assert_eq!(problem.code(), Code::ClockWrong);
    assert!(
        problem.explanation().contains("3 hours behind"),
        "{}",
        problem.explanation()
    );
}

#[tokio::test]
async fn each_missing_right_fails_its_own_step() {
    let sandbox = sandbox().await;
    let google = sandbox.google();
    serve_customers(&sandbox, "customers", 3);
    let (project, shop) = (Resource::project("acme-dw"), Resource::dataset("acme-dw", "shop"));

    let key = google.issue_key("acme-dw", "no-job-user");
    google.grant(&key.client_email, &shop, Role::DataEditor);
    let report = run(&check(&sandbox, &key, target("shop"))).await;
    well_formed(&report);
    assert_eq!(report.step(ProjectAnswers).state, Passed, "the dataset was shown");
    assert_eq!(report.step(DatasetFound).state, Passed);
    assert_eq!(report.step(MayReadTables).state, Passed, "reading a table needs no job");
    let problem = report.step(MayRunJobs).problem.as_ref().expect("a problem");
    assert_eq!(problem.code(), Code::JobsCreateDenied);
    assert!(
        matches!(problem.fix(), Some(Fix::Command(command)) if command.starts_with("gcloud projects add-iam-policy-binding acme-dw")),
        "{:?}",
        problem.fix()
    );

    let key = google.issue_key("acme-dw", "no-data-right");
    google.grant(&key.client_email, &project, Role::JobUser);
    let report = run(&check(&sandbox, &key, target("shop"))).await;
    well_formed(&report);
    assert_eq!(report.step(MayRunJobs).state, Passed);
    let problem = report.step(DatasetFound).problem.as_ref().expect("a problem");
    assert_eq!(problem.code(), Code::DatasetGetDenied);
    assert!(
        matches!(problem.fix(), Some(Fix::Command(command)) if command.contains("GRANT `roles/bigquery.dataViewer` ON SCHEMA `acme-dw`.`shop`")),
        "granted on the dataset alone: {:?}",
        problem.fix()
    );
    assert_eq!(
        report.step(MayReadTables).state,
        NotKnown,
        "the list is refused, so nothing is known"
    );

    let key = google.issue_key("acme-dw", "metadata-only");
    google.grant(&key.client_email, &project, Role::JobUser);
    google.grant(&key.client_email, &shop, Role::MetadataViewer);
    let report = run(&check(&sandbox, &key, target("shop"))).await;
    well_formed(&report);
    let problem = report.step(MayReadTables).problem.as_ref().expect("a problem");
    assert_eq!(problem.code(), Code::TablesGetDataDenied);
    assert_eq!(problem.facts().get(Fact::Resource), Some("acme-dw:shop.customers"));
    assert_eq!(report.verdict, Verdict::Failed);

    let key = google.issue_key("acme-dw", "reader-only");
    google.grant(&key.client_email, &project, Role::JobUser);
    google.grant(&key.client_email, &shop, Role::DataViewer);
    let report = run(&check(&sandbox, &key, target("shop"))).await;
    well_formed(&report);
    assert_eq!(
        report.verdict,
        Verdict::Passed,
        "reading is all that an import needs: {:?}",
        states(&report)
    );
    assert_eq!(report.step(MayWrite).state, NotKnown, "writing is optional");
}

#[tokio::test]
async fn the_check_asks_for_no_right_that_an_import_would_not() {
    let sandbox = sandbox().await;
    let google = sandbox.google();
    serve_customers(&sandbox, "customers", 3);
    let key = google.issue_key("acme-dw", "least-rights");
    google.grant(&key.client_email, &Resource::project("acme-dw"), "bigquery.jobs.create");
    let shop = Resource::dataset("acme-dw", "shop");
    for right in [
        "bigquery.datasets.get",
        "bigquery.tables.get",
        "bigquery.tables.getData",
    ] {
        google.grant(&key.client_email, &shop, right);
    }
    let report = run(&check(&sandbox, &key, target("shop"))).await;
    well_formed(&report);
    assert_eq!(report.verdict, Verdict::Passed, "{:?}", states(&report));
    assert_eq!(
        report.step(MayReadTables).state,
        NotKnown,
        "tables that may not be listed are not known"
    );
    assert_eq!(
        report.step(MayReadTables).problem.as_ref().map(Problem::code),
        Some(Code::TablesListDenied),
        "and it says why"
    );
    google.grant(&key.client_email, &shop, "bigquery.tables.list");
    let report = run(&check(&sandbox, &key, target("shop"))).await;
    assert_eq!(report.step(MayReadTables).state, Passed, "{:?}", states(&report));
}

#[tokio::test]
async fn an_account_without_any_role_is_told_that_the_project_may_not_exist() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_key("acme-dw", "nobody-yet");
    let report = run(&check(&sandbox, &key, target("shop"))).await;
    well_formed(&report);
    let hidden = report.step(ProjectAnswers);
    assert_eq!(hidden.state, NotKnown, "a refused Resource Manager never fails a step");
    assert_eq!(hidden.problem.as_ref().map(Problem::code), Some(Code::ProjectHidden));
    assert_eq!(report.step(MayRunJobs).state, Failed);
    assert_eq!(report.step(DatasetFound).state, Failed);
    assert_eq!(report.verdict, Verdict::Failed);
}

#[tokio::test]
async fn a_project_that_cannot_be_used_fails_once_and_early() {
    let sandbox = sandbox().await;
    let google = sandbox.google();
    let key = google.issue_working_key("loader");
    google.add_project("off-off", ProjectState::ApiDisabled);
    let at = |name: &str| {
        let mut target = target("shop");
        target.dataset.project = ProjectId::read(name).expect("an id");
        target
    };
    for (name, code) in [("no-such", Code::ProjectNotFound), ("off-off", Code::ApiDisabled)] {
        let report = run(&check(&sandbox, &key, at(name))).await;
        well_formed(&report);
        let problem = report.step(ProjectAnswers).problem.as_ref().expect("a problem");
        assert_eq!(problem.code(), code, "{name}");
        for later in [DatasetFound, MayRunJobs, MayReadTables, MayWrite] {
            assert_eq!(report.step(later).state, NotReached, "{later:?} in {name}");
        }
        if code == Code::ApiDisabled {
            assert_eq!(
                problem.command().as_deref(),
                Some("gcloud services enable bigquery.googleapis.com --project=off-off")
            );
        }
    }
    // A slip in the account's own project is offered mended; nothing was listed to find out.
    let report = run(&check(&sandbox, &key, at("acme-wd"))).await;
    let problem = report.step(ProjectAnswers).problem.as_ref().expect("a problem");
    assert_eq!(
        problem.fix(),
        Some(Fix::Use {
            field: "project_id".into(),
            value: "acme-dw".into()
        }),
        "{problem}"
    );
    // The dataset's project is fine, and the one that pays is not.
    let paying = Target {
        billing_project: ProjectId::read("off-off").ok(),
        ..target("shop")
    };
    let report = run(&check(&sandbox, &key, paying)).await;
    assert_eq!(report.step(ProjectAnswers).state, Passed);
    let problem = report.step(MayRunJobs).problem.as_ref().expect("a problem");
    assert_eq!(problem.code(), Code::ApiDisabled, "{problem}");
    assert_eq!(
        problem.facts().get(Fact::Project),
        Some("off-off"),
        "the project that pays is named"
    );
}

#[tokio::test]
async fn a_missing_dataset_and_one_elsewhere_are_told_apart() {
    let sandbox = sandbox().await;
    let google = sandbox.google();
    let key = google.issue_working_key("loader");
    google.grant(&key.client_email, &Resource::project("acme-dw"), Role::DataViewer);
    let report = run(&check(&sandbox, &key, target("shpo"))).await;
    well_formed(&report);
    let problem = report.step(DatasetFound).problem.as_ref().expect("a problem");
    assert_eq!(problem.code(), Code::DatasetNotFound, "{problem}");
    assert_eq!(problem.facts().get(Fact::Dataset), Some("shpo"));
    assert_eq!(report.step(MayReadTables).state, NotReached);

    let elsewhere = Target {
        location: Location::read("US").ok(),
        ..target("shop")
    };
    let report = run(&check(&sandbox, &key, elsewhere)).await;
    well_formed(&report);
    let problem = report.step(DatasetFound).problem.as_ref().expect("a problem");
    assert_eq!(problem.code(), Code::DatasetElsewhere);
    assert_eq!(
        problem.fix(),
        Some(Fix::Use {
            field: "location".into(),
            value: "EU".into()
        }),
        "the place where it is fills the field"
    );
}

#[tokio::test]
async fn a_dataset_that_was_nearly_typed_is_offered_after_the_verdict() {
    let sandbox = sandbox().await;
    let google = sandbox.google();
    let key = google.issue_key("acme-dw", "finder");
    let member = key.client_email.clone();
    google.add_project("acme-prod", ProjectState::Active);
    google.grant(&member, &Resource::project("acme-dw"), Role::JobUser);
    google.grant(&member, &Resource::dataset("acme-dw", "shop"), Role::DataViewer);
    google.grant(&member, &Resource::project("acme-prod"), Role::JobUser);
    let asked_for_lists = || {
        sandbox
            .calls()
            .iter()
            .filter(|call| call.path.ends_with("/datasets"))
            .count()
    };

    let lists = asked_for_lists();
    let report = run(&check(&sandbox, &key, target("shop"))).await;
    assert_eq!(report.step(DatasetFound).state, Passed);
    assert_eq!(asked_for_lists(), lists, "a dataset that is there needs no list");

    for typed in ["shpo", "Shop", "shops", "sho"] {
        let seen = Mutex::new(Vec::new());
        let check = check(&sandbox, &key, target(typed));
        let report = check
            .run(&CancellationToken::new(), &|report| {
                seen.lock().expect("a list").push(report.clone());
            })
            .await;
        well_formed(&report);
        let problem = report.step(DatasetFound).problem.as_ref().expect("a problem");
        let offered = Some(Fix::Use {
            field: "dataset_id".into(),
            value: "shop".into(),
        });
        assert_eq!(problem.fix(), offered, "for {typed}");
        assert!(
            problem.explanation().ends_with("Did you mean shop?"),
            "{}",
            problem.explanation()
        );
        let seen = seen.into_inner().expect("a list");
        let verdict = seen
            .iter()
            .find(|report| report.verdict != Verdict::Running)
            .expect("a verdict");
        let before = verdict.step(DatasetFound).problem.as_ref().expect("a problem");
        assert_eq!(
            before.facts().get(Fact::Suggestion),
            None,
            "the verdict did not wait for the list"
        );
    }

    let mut elsewhere = target("shop");
    elsewhere.dataset.project = ProjectId::read("acme-prod").expect("an id");
    let report = run(&check(&sandbox, &key, elsewhere)).await;
    let problem = report.step(DatasetFound).problem.as_ref().expect("a problem");
    let own = Some(Fix::Use {
        field: "project_id".into(),
        value: "acme-dw".into(),
    });
    assert_eq!(
        problem.fix(),
        own,
        "the dataset is in the account's own project: {problem}"
    );

    let report = run(&check(&sandbox, &key, target("weather"))).await;
    let problem = report.step(DatasetFound).problem.as_ref().expect("a problem");
    assert_eq!(
        problem.facts().get(Fact::Suggestion),
        None,
        "nothing is near, nothing is offered"
    );

    sandbox.fault(Matcher::path("*/datasets"), Fault::BackendError);
    let report = run(&check(&sandbox, &key, target("shpo"))).await;
    well_formed(&report);
    let problem = report.step(DatasetFound).problem.as_ref().expect("a problem");
    assert_eq!(
        problem.code(),
        Code::DatasetGetDenied,
        "a list that cannot be had changes nothing: {problem}"
    );
}

#[tokio::test]
async fn a_key_that_may_more_than_it_needs_is_told_so_and_nothing_fails() {
    let sandbox = sandbox().await;
    serve_customers(&sandbox, "customers", 3);
    let google = sandbox.google();
    let project = Resource::project("acme-dw");
    for (name, role, may) in [
        ("owner", Role::Owner, "change who may do what"),
        ("editor", Role::Editor, "switch services"),
        ("admin", Role::Admin, "steer everybody's queries"),
        ("data-owner", Role::DataOwner, "delete and share every dataset"),
        ("data-editor", Role::DataEditor, "change the tables of every dataset"),
    ] {
        let key = google.issue_key("acme-dw", &format!("too-much-{name}"));
        let member = key.client_email.clone();
        google.grant(&member, &project, Role::JobUser);
        google.grant(&member, &Resource::dataset("acme-dw", "shop"), Role::DataEditor);
        google.grant(&member, &project, role);
        let check = check(&sandbox, &key, target("shop"));
        let before = sandbox.calls().len();
        let report = run(&check).await;
        assert_eq!(sandbox.calls().len() - before, 8, "{name}: it costs no call of its own");
        assert_eq!(report.verdict, Verdict::Passed, "{name}: it fails nothing");
        let caution = report
            .caution
            .as_ref()
            .unwrap_or_else(|| panic!("{name} is more than an import needs"));
        assert_eq!(caution.code(), Code::KeyMayMore);
        assert_eq!(caution.facts().get(Fact::Role), Some(role.name()), "{name}");
        assert!(caution.explanation().contains(may), "{name}: {}", caution.explanation());
        assert!(
            caution.explanation().contains("most likely"),
            "Google does not say which role gives it"
        );
        let command = caution.command().expect("a command");
        let bound = |verb, role: &str| {
            format!(
                "gcloud projects {verb}-iam-policy-binding acme-dw --member=serviceAccount:{member} --role={role} --condition=None"
            )
        };
        let taken = bound("remove", role.name());
        // Whether it may run queries by another role, too, Google does not say.
        let expected = match role {
            Role::DataOwner | Role::DataEditor => taken,
            _ => format!("{} && {taken}", bound("add", "roles/bigquery.jobUser")),
        };
        assert_eq!(command, expected, "{name}");
        google
            .type_command(&command)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let report = run(&check).await;
        assert_eq!(
            report.verdict,
            Verdict::Passed,
            "{name}: what an import needs is still there"
        );
        assert_eq!(report.caution, None, "{name}: and no more");
    }
    let key = google.issue_working_key("just-right");
    let report = run(&check(&sandbox, &key, target("shop"))).await;
    assert_eq!(report.caution, None, "Data Editor on the dataset alone is fine");
    google.grant(&key.client_email, &project, Role::Owner);
    google.set_resource_manager("acme-dw", false);
    let report = run(&check(&sandbox, &key, target("shop"))).await;
    assert_eq!(
        (report.verdict, report.caution),
        (Verdict::Passed, None),
        "what is not told is not claimed"
    );
}

#[tokio::test]
async fn an_empty_dataset_leaves_reading_unknown() {
    let sandbox = sandbox().await;
    let report = run(&check(
        &sandbox,
        &sandbox.google().issue_working_key("loader"),
        target("shop"),
    ))
    .await;
    well_formed(&report);
    assert_eq!(report.step(MayReadTables).state, NotKnown);
    assert_eq!(
        report.step(MayReadTables).evidence.as_deref(),
        Some("the dataset has no tables")
    );
    assert_eq!(report.verdict, Verdict::Passed, "which fails nothing");
}

const SHOP: &str = "/bigquery/v2/projects/acme-dw/datasets/shop";

fn refusal(status: u16, reason: &str, message: &str) -> Fault {
    let error = serde_json::json!({"message": message, "domain": "global", "reason": reason});
    let body = serde_json::json!({"error": {"code": status, "message": message, "errors": [error]}});
    Fault::answer(status, &body)
}

#[tokio::test]
async fn a_view_in_the_wrong_place_is_told_by_the_place_that_was_just_learned() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("loader");
    let view = serde_json::json!({"tableReference": {"tableId": "recent"}, "type": "VIEW"});
    sandbox.fault(
        Matcher::path(&format!("{SHOP}/tables")),
        Fault::answer(200, &serde_json::json!({"tables": [view], "totalItems": 1})),
    );
    sandbox.fault(
        Matcher::path("*/queries").body("recent"),
        refusal(
            404,
            "notFound",
            "Not found: Table acme-dw:shop.recent was not found in location US",
        ),
    );
    let elsewhere = Target {
        location: Location::read("US").ok(),
        ..target("shop")
    };
    let report = run(&check(&sandbox, &key, elsewhere)).await;
    well_formed(&report);
    let problem = report.step(MayReadTables).problem.as_ref().expect("a problem");
    assert_eq!(
        problem.code(),
        Code::DatasetElsewhere,
        "not a table that is missing: {problem}"
    );
    assert_eq!(
        problem.facts().get(Fact::DatasetLocation),
        Some("EU"),
        "the look told where it is"
    );
    assert_eq!(
        problem.fix(),
        Some(Fix::Use {
            field: "location".into(),
            value: "EU".into()
        })
    );
}

#[tokio::test]
async fn a_table_that_only_queries_may_read_is_read_by_one() {
    let sandbox = sandbox().await;
    serve_customers(&sandbox, "customers", 3);
    let key = sandbox.google().issue_working_key("loader");
    let hidden = "Access Denied: Table acme-dw:shop.customers: User does not have full access for table acme-dw:shop.customers due to row access policies.";
    sandbox.fault(
        Matcher::path(&format!("{SHOP}/tables/customers/data")),
        refusal(403, "accessDenied", hidden),
    );
    let check = check(&sandbox, &key, target("shop"));
    let report = run(&check).await;
    well_formed(&report);
    assert_eq!(
        report.step(MayReadTables).state,
        Passed,
        "an import asks a query: {:?}",
        states(&report)
    );
    check
        .sample(TableId::read("customers").expect("an id"), 2)
        .await
        .expect("and a few rows are shown in the same way");
    sandbox.fault(
        Matcher::path("*/queries").body("customers"),
        refusal(403, "accessDenied", hidden),
    );
    let report = check.again(MayReadTables, &CancellationToken::new(), &|_| {}).await;
    let problem = report.step(MayReadTables).problem.as_ref().expect("a problem");
    assert_eq!(problem.code(), Code::RowPolicyDenied);
    let command = problem.command().expect("a command");
    assert!(
        command.contains("CREATE ROW ACCESS POLICY tapline_all_rows ON `acme-dw`.`shop`.`customers` GRANT TO"),
        "{command}"
    );
}

#[tokio::test]
async fn a_tag_on_one_column_fails_nothing_and_is_granted_by_the_name_that_the_table_tells() {
    let sandbox = sandbox().await;
    serve_customers(&sandbox, "customers", 3);
    let key = sandbox.google().issue_working_key("loader");
    let tagged = "Access Denied: BigQuery BigQuery: User has neither fine-grained reader nor masked get permission to get data protected by policy tag \"PII : email\" on column acme-dw.shop.customers.email.";
    sandbox.fault(
        Matcher::path(&format!("{SHOP}/tables/customers/data")),
        refusal(403, "accessDenied", tagged),
    );
    let name = "projects/acme-dw/locations/eu/taxonomies/12/policyTags/34";
    let email = serde_json::json!({"name": "email", "type": "STRING", "policyTags": {"names": [name]}});
    sandbox.fault(
        Matcher::path(&format!("{SHOP}/tables/customers")),
        Fault::answer(
            200,
            &serde_json::json!({"type": "TABLE", "schema": {"fields": [email]}}),
        ),
    );
    let report = run(&check(&sandbox, &key, target("shop"))).await;
    well_formed(&report);
    assert_eq!(
        report.verdict,
        Verdict::Passed,
        "the other columns can be imported: {:?}",
        states(&report)
    );
    assert_eq!(report.step(MayReadTables).state, NotKnown);
    let problem = report.step(MayReadTables).problem.as_ref().expect("a problem");
    assert_eq!(problem.code(), Code::PolicyTagDenied);
    assert_eq!(
        problem.command(),
        Some(format!(
            "gcloud data-catalog taxonomies policy-tags add-iam-policy-binding {name} --member=serviceAccount:{} --role=roles/datacatalog.categoryFineGrainedReader",
            key.client_email
        ))
    );
}

#[tokio::test]
async fn resource_manager_off_fails_nothing() {
    let sandbox = sandbox().await;
    serve_customers(&sandbox, "customers", 3);
    sandbox.google().set_resource_manager("acme-dw", false);
    let report = run(&check(
        &sandbox,
        &sandbox.google().issue_working_key("loader"),
        target("shop"),
    ))
    .await;
    assert_eq!(
        states(&report),
        StepName::ALL.map(|name| (name, Passed, None)),
        "{report:?}"
    );
}

#[tokio::test]
async fn what_the_network_does_is_told_as_such() {
    let sandbox = sandbox().await;
    serve_customers(&sandbox, "customers", 3);
    let key = sandbox.google().issue_working_key("loader");
    let perimeter = || Fault::VpcServiceControls {
        identifier: "Zx-1".into(),
    };
    let cases = [
        (
            Matcher::path("/token"),
            Fault::CaptivePortal,
            GoogleAccepts,
            Code::NetHtml,
        ),
        (Matcher::path("/token"), Fault::CutAnswer, GoogleAccepts, Code::NetCut),
        (
            Matcher::path("/bigquery/*"),
            Fault::CaptivePortal,
            ProjectAnswers,
            Code::NetHtml,
        ),
        (
            Matcher::path("/bigquery/*"),
            perimeter(),
            ProjectAnswers,
            Code::VpcPerimeter,
        ),
        (Matcher::path("*/queries"), perimeter(), MayRunJobs, Code::VpcPerimeter),
        (
            Matcher::path("*/data"),
            Fault::BackendError,
            MayReadTables,
            Code::GoogleBusy,
        ),
    ];
    for (matcher, fault, step, code) in cases {
        sandbox.clear_faults();
        sandbox.fault(matcher, fault);
        let report = run(&check(&sandbox, &key, target("shop"))).await;
        well_formed(&report);
        assert_eq!(
            report.first_problem().map(Problem::code),
            Some(code),
            "{:?}",
            states(&report)
        );
        assert_eq!(report.step(step).state, Failed, "{:?}", states(&report));
        if code == Code::VpcPerimeter {
            let problem = report.first_problem().expect("a problem");
            assert_eq!(problem.facts().get(Fact::UniqueIdentifier), Some("Zx-1"));
        }
    }
    sandbox.clear_faults();
    let check = check(&sandbox, &key, target("shop"));
    sandbox.go_offline().await;
    let report = run(&check).await;
    assert_eq!(report.first_problem().map(Problem::code), Some(Code::NetRefused));
}

#[tokio::test]
async fn the_deadline_ends_what_hangs() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("loader");
    let _gate = sandbox.hold(Matcher::path("*/queries"));
    let check = check(&sandbox, &key, target("shop")).within(Duration::from_secs(6));
    let report = run(&check).await;
    well_formed(&report);
    assert_eq!(report.verdict, Verdict::Failed);
    assert_eq!(
        report.step(MayRunJobs).problem.as_ref().map(Problem::code),
        Some(Code::CheckOverdue)
    );
    assert_eq!(report.step(GoogleAccepts).state, Passed, "what was known stays known");
}

#[tokio::test]
async fn a_cancelled_test_stops_at_once() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("loader");
    let gate = sandbox.hold(Matcher::path("/token"));
    let stop = CancellationToken::new();
    let check = check(&sandbox, &key, target("shop"));
    let (report, ()) = tokio::join!(check.run(&stop, &|_| {}), async {
        gate.arrived(1).await;
        stop.cancel();
    });
    well_formed(&report);
    assert_eq!(report.verdict, Verdict::Cancelled);
    assert_eq!(report.step(GoogleAccepts).state, NotReached);
}

#[tokio::test]
async fn one_step_is_tested_again_alone() {
    let sandbox = sandbox().await;
    serve_customers(&sandbox, "customers", 3);
    let google = sandbox.google();
    let key = google.issue_key("acme-dw", "granted-late");
    google.grant(
        &key.client_email,
        &Resource::dataset("acme-dw", "shop"),
        Role::DataEditor,
    );
    let check = check(&sandbox, &key, target("shop"));
    let stop = CancellationToken::new();
    assert_eq!(run(&check).await.verdict, Verdict::Failed);
    google.grant(&key.client_email, &Resource::project("acme-dw"), Role::JobUser);
    let before = sandbox.calls().len();
    let report = check.again(MayRunJobs, &stop, &|_| {}).await;
    well_formed(&report);
    assert_eq!(report.step(MayRunJobs).state, Passed);
    assert_eq!(
        report.verdict,
        Verdict::Passed,
        "and with it the whole: {:?}",
        states(&report)
    );
    assert_eq!(
        sandbox.calls().len(),
        before + 1,
        "one question, with the token that was there"
    );
    for step in StepName::ALL {
        let report = check.again(step, &stop, &|_| {}).await;
        well_formed(&report);
        assert_eq!(report.step(step).state, Passed, "{step:?} can be tested by itself");
    }
}

#[tokio::test]
async fn evidence_comes_after_the_verdict() {
    let sandbox = sandbox().await;
    serve_customers(&sandbox, "customers", 30);
    serve_customers(&sandbox, "visitors", 2);
    let google = sandbox.google();
    let check_of = |key: &IssuedKey| check(&sandbox, key, target("shop"));
    let able = check_of(&google.issue_working_key("loader"));
    run(&able).await;
    let evidence = able.evidence().await;
    assert_eq!(evidence.tables.len(), 2);
    assert!(evidence.complete && evidence.problem.is_none(), "{evidence:?}");
    let sample = able
        .sample(TableId::read("customers").expect("an id"), 5)
        .await
        .expect("rows");
    assert_eq!(
        (sample.page.len(), sample.bytes_billed),
        (5, 0),
        "a few rows, for nothing"
    );
    assert_eq!(sample.schema.fields.len(), 2);

    let unable = check_of(&google.issue_key("acme-dw", "nobody-yet"));
    let evidence = unable.evidence().await;
    assert_eq!(
        evidence.problem.as_ref().map(Problem::code),
        Some(Code::TablesListDenied)
    );
}
