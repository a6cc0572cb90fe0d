//! Each right withheld, one at a time, wherever the others are held: what fails, what it says is missing, on what, and the
//! one command are just so; and what that command does, mends it.

use std::time::Duration;

use tapline_core::bigquery::{JobId, Query, RowReader as _};
use tapline_core::check::StepName::{DatasetFound, MayReadTables, MayRunJobs, MayWrite};
use tapline_core::check::StepState::{Failed, NotKnown, Passed};
use tapline_core::check::{StepName, StepState, Verdict};
use tapline_core::ground::problem::{Code, Fact, Problem};
use tapline_sandbox::{Google, IssuedKey, Resource, Role, Sandbox};
use tokio_util::sync::CancellationToken;

use crate::check::{check, run, states, target, well_formed};
use crate::support::{bigquery, project, sandbox, serve_customers, table};

const JOBS: &str = "bigquery.jobs.create";
const DATASET: &str = "bigquery.datasets.get";
const LIST: &str = "bigquery.tables.list";
const COLUMNS: &str = "bigquery.tables.get";
const ROWS: &str = "bigquery.tables.getData";

/// Where an account holds its rights.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Level {
    Project,
    Dataset,
    Table,
}

const LEVELS: [Level; 3] = [Level::Project, Level::Dataset, Level::Table];

impl Level {
    /// The narrowest place, of those at this level, where Google lets the right be granted.
    fn of(self, right: &str) -> Resource {
        match (self, right) {
            (_, JOBS) | (Self::Project, _) => Resource::project("acme-dw"),
            (Self::Dataset, _) | (Self::Table, DATASET | LIST) => Resource::dataset("acme-dw", "shop"),
            (Self::Table, _) => Resource::table("acme-dw", "shop", "customers"),
        }
    }
}

/// A key of its own for each case, with all rights but one.
fn key_without(google: &Google, withheld: &str, level: Level) -> IssuedKey {
    let name = withheld.rsplit('.').next().unwrap_or_default().to_lowercase();
    let kind = withheld.split('.').nth(1).unwrap_or_default();
    let key = google.issue_key("acme-dw", &format!("no-{kind}-{name}-{level:?}").to_lowercase());
    for right in [JOBS, DATASET, LIST, COLUMNS, ROWS] {
        if right != withheld {
            google.grant(&key.client_email, &level.of(right), right);
        }
    }
    key
}

fn on_project(member: &str) -> String {
    format!(
        "gcloud projects add-iam-policy-binding acme-dw --member=serviceAccount:{member} --role=roles/bigquery.jobUser --condition=None"
    )
}

fn on_dataset(member: &str, role: &str) -> String {
    format!(
        "bq query --project_id=acme-dw --use_legacy_sql=false 'GRANT `{role}` ON SCHEMA `acme-dw`.`shop` TO \"serviceAccount:{member}\"'"
    )
}

fn on_table(member: &str) -> String {
    format!(
        "bq add-iam-policy-binding --member=serviceAccount:{member} --role=roles/bigquery.dataViewer --table=true acme-dw:shop.customers"
    )
}

/// What a refusal must name.
fn assert_exact(problem: &Problem, expected: (Code, &str, &str), member: &str, command: &str, case: &str) {
    let (code, permission, resource) = expected;
    assert_eq!(problem.code(), code, "{case}: {problem}");
    assert_eq!(problem.facts().get(Fact::Permission), Some(permission), "{case}");
    assert_eq!(problem.facts().get(Fact::Resource), Some(resource), "{case}");
    assert_eq!(problem.facts().get(Fact::Member), Some(member), "{case}");
    assert_eq!(
        problem.command().as_deref(),
        Some(command),
        "{case}: the narrowest command"
    );
    assert!(
        problem.settles().is_some(),
        "{case}: it says that a grant is slow to show"
    );
    let letter = problem.message().unwrap_or_default();
    assert!(
        letter.contains(command) && letter.contains(permission),
        "{case}: {letter}"
    );
}

#[tokio::test]
async fn a_right_that_the_check_misses_is_named_and_its_command_mends_the_step() {
    let sandbox = sandbox().await;
    serve_customers(&sandbox, "customers", 3);
    for level in LEVELS {
        for withheld in [JOBS, DATASET, LIST, ROWS] {
            let case = format!("{withheld} withheld, the others held at {level:?}");
            let key = key_without(sandbox.google(), withheld, level);
            let member = key.client_email.as_str();
            let dataset = on_dataset(member, "roles/bigquery.dataViewer");
            let (step, state, code, resource, command): (StepName, StepState, Code, &str, String) = match withheld {
                JOBS => (
                    MayRunJobs,
                    Failed,
                    Code::JobsCreateDenied,
                    "acme-dw",
                    on_project(member),
                ),
                DATASET => (DatasetFound, Failed, Code::DatasetGetDenied, "acme-dw:shop", dataset),
                LIST => (MayReadTables, NotKnown, Code::TablesListDenied, "acme-dw:shop", dataset),
                // One table stood for all of the dataset's: imports read others, so the dataset is what is granted.
                _ => (
                    MayReadTables,
                    Failed,
                    Code::TablesGetDataDenied,
                    "acme-dw:shop.customers",
                    dataset,
                ),
            };

            let check = check(&sandbox, &key, target("shop"));
            let report = run(&check).await;
            well_formed(&report);
            assert_eq!(report.step(step).state, state, "{case}: {:?}", states(&report));
            let others = report
                .steps
                .iter()
                .filter(|one| one.name != step && one.state == Failed);
            assert_eq!(others.count(), 0, "{case}: nothing else failed: {:?}", states(&report));
            let problem = report.step(step).problem.clone().expect("a problem");
            assert_exact(&problem, (code, withheld, resource), member, &command, &case);

            let google = sandbox.google();
            google
                .type_command_slowly(&command, Duration::from_hours(1))
                .unwrap_or_else(|error| panic!("{case}: {error}"));
            let never = CancellationToken::new();
            let report = check.again(step, &never, &|_| {}).await;
            assert_eq!(report.step(step).state, state, "{case}: the grant does not show yet");
            google.settle_grants();
            let report = check.again(step, &never, &|_| {}).await;
            well_formed(&report);
            assert_eq!(
                report.step(step).state,
                Passed,
                "{case}: the command mends it: {:?}",
                states(&report)
            );
            assert_eq!(report.verdict, Verdict::Passed, "{case}: {:?}", states(&report));
        }
    }
}

#[tokio::test]
async fn a_right_that_an_import_misses_is_named_and_its_command_mends_the_call() {
    let sandbox = sandbox().await;
    serve_customers(&sandbox, "customers", 3);
    for level in LEVELS {
        for withheld in [JOBS, COLUMNS, ROWS] {
            let key = key_without(sandbox.google(), withheld, level);
            let member = key.client_email.clone();
            let mut refused = 0;
            for call in CALLS {
                let case = format!("{call:?} without {withheld}, the others held at {level:?}");
                let Err(problem) = ask(&sandbox, &key, call).await else {
                    continue;
                };
                refused += 1;
                let (code, resource, command) = match withheld {
                    JOBS => (Code::JobsCreateDenied, "acme-dw", on_project(&member)),
                    COLUMNS => (Code::TablesGetDenied, "acme-dw:shop.customers", on_table(&member)),
                    _ => (Code::TablesGetDataDenied, "acme-dw:shop.customers", on_table(&member)),
                };
                assert_exact(&problem, (code, withheld, resource), &member, &command, &case);
                let google = sandbox.google();
                google
                    .type_command(&command)
                    .unwrap_or_else(|error| panic!("{case}: {error}"));
                if let Err(problem) = ask(&sandbox, &key, call).await {
                    panic!("{case}: the command mends it, and yet: {problem}");
                }
                let role = if withheld == JOBS {
                    "roles/bigquery.jobUser"
                } else {
                    "roles/bigquery.dataViewer"
                };
                let on = match withheld {
                    JOBS => Resource::project("acme-dw"),
                    _ => Resource::table("acme-dw", "shop", "customers"),
                };
                google.revoke(&member, &on, role);
            }
            let expected = CALLS.iter().filter(|call| call.needs(withheld)).count();
            assert_eq!(
                refused, expected,
                "{withheld} at {level:?}: each call that needs it was refused"
            );
        }
    }
}

/// What an import asks of BigQuery, from the wizard to the last page.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Asking {
    Columns,
    RowsAsTheyLie,
    DryRun,
    Preview,
    Job,
}

const CALLS: [Asking; 5] = [
    Asking::Columns,
    Asking::RowsAsTheyLie,
    Asking::DryRun,
    Asking::Preview,
    Asking::Job,
];

impl Asking {
    fn needs(self, right: &str) -> bool {
        match self {
            Self::Columns => right == COLUMNS,
            Self::RowsAsTheyLie => right == ROWS,
            Self::DryRun | Self::Preview | Self::Job => [JOBS, ROWS].contains(&right),
        }
    }
}

async fn ask(sandbox: &Sandbox, key: &IssuedKey, call: Asking) -> Result<(), Problem> {
    let client = bigquery(sandbox, key);
    let query = Query::new("SELECT * FROM `acme-dw.shop.customers`", project());
    match call {
        Asking::Columns => client.table(&table("customers")).await.map(drop),
        Asking::RowsAsTheyLie => client.rows(&table("customers"), 0, 1).await.map(drop),
        Asking::DryRun => client.dry_run(&query).await.map(drop),
        Asking::Preview => client.glance(&query, 1).await.map(drop),
        Asking::Job => {
            let id = JobId::new(&format!("matrix_{}", uuid::Uuid::new_v4().simple()))?;
            let job = client.start(&query, &id).await?;
            client.finished(&job).await?.page(0, 10).await.map(drop)
        }
    }
}

#[tokio::test]
async fn what_takes_a_too_wide_role_away_never_breaks_an_import() {
    let sandbox = sandbox().await;
    serve_customers(&sandbox, "customers", 3);
    let google = sandbox.google();
    let (project, shop) = (Resource::project("acme-dw"), Resource::dataset("acme-dw", "shop"));
    for role in [
        Role::Owner,
        Role::Editor,
        Role::Admin,
        Role::DataOwner,
        Role::DataEditor,
    ] {
        for besides in [None, Some(Role::DataViewer), Some(Role::DataEditor)] {
            for runs_queries in [false, true] {
                let holds_no_jobs = matches!(role, Role::DataOwner | Role::DataEditor);
                if holds_no_jobs && !runs_queries {
                    continue; // nothing that could break
                }
                let case = format!("{role:?}, besides it {besides:?}, Job User: {runs_queries}");
                let key = google.issue_key("acme-dw", &format!("wide-{}", uuid::Uuid::new_v4().simple()));
                let member = key.client_email.as_str();
                google.grant(member, &project, role);
                if let Some(besides) = besides {
                    google.grant(member, &shop, besides);
                }
                if runs_queries {
                    google.grant(member, &project, Role::JobUser);
                }
                let check = check(&sandbox, &key, target("shop"));
                let mut typed = 0;
                while let Some(caution) = run(&check).await.caution {
                    let command = caution.command().expect("a command");
                    assert_eq!(
                        command.contains("GRANT"),
                        typed == 0 && besides != Some(Role::DataEditor),
                        "{case}: granted first, where it is not granted: {command}"
                    );
                    google
                        .type_command(&command)
                        .unwrap_or_else(|error| panic!("{case}: {error}"));
                    typed += 1;
                    assert!(typed <= 2, "{case}: it comes to an end");
                    for call in CALLS {
                        if let Err(problem) = ask(&sandbox, &key, call).await {
                            panic!("{case}: after {command}, {call:?}: {problem}");
                        }
                    }
                    let report = run(&check).await;
                    assert_eq!(report.verdict, Verdict::Passed, "{case}: {:?}", states(&report));
                    assert_eq!(report.step(MayWrite).state, Passed, "{case}: what it keeps there, too");
                }
                assert!(typed > 0, "{case}: it is too much");
            }
        }
    }
}

#[tokio::test]
async fn queries_that_another_project_pays_for_are_granted_there() {
    let sandbox = sandbox().await;
    serve_customers(&sandbox, "customers", 3);
    let google = sandbox.google();
    google.add_project("acme-pays", tapline_sandbox::ProjectState::Active);
    let key = key_without(google, "nothing.at.all", Level::Project);
    let mut target = target("shop");
    target.billing_project = Some(tapline_core::bigquery::ProjectId::read("acme-pays").expect("an id"));
    let check = check(&sandbox, &key, target);
    let report = run(&check).await;
    let problem = report
        .step(MayRunJobs)
        .problem
        .as_ref()
        .expect("Job User is missing where it counts");
    let command = problem.command().expect("a command");
    assert!(
        command.starts_with("gcloud projects add-iam-policy-binding acme-pays "),
        "{command}"
    );
    assert_eq!(
        problem.console().as_deref(),
        Some("https://console.cloud.google.com/iam-admin/iam?project=acme-pays")
    );
    google
        .type_command(&command)
        .expect("a command that Google's tools take");
    let report = check.again(MayRunJobs, &CancellationToken::new(), &|_| {}).await;
    assert_eq!(report.verdict, Verdict::Passed, "{:?}", states(&report));
}

#[tokio::test]
async fn rights_that_only_writing_needs_fail_nothing_wherever_they_are_missing() {
    let sandbox = sandbox().await;
    serve_customers(&sandbox, "customers", 3);
    let google = sandbox.google();
    for level in [Level::Project, Level::Dataset] {
        for withheld in [
            "bigquery.tables.create",
            "bigquery.tables.updateData",
            "bigquery.datasets.getIamPolicy",
        ] {
            let case = format!("{withheld} withheld at {level:?}");
            let key = key_without(google, withheld, level);
            for right in [
                "bigquery.tables.create",
                "bigquery.tables.updateData",
                "bigquery.datasets.getIamPolicy",
            ] {
                if right != withheld {
                    google.grant(&key.client_email, &level.of(DATASET), right);
                }
            }
            let report = run(&check(&sandbox, &key, target("shop"))).await;
            well_formed(&report);
            assert_eq!(report.verdict, Verdict::Passed, "{case}: {:?}", states(&report));
            let known = withheld.ends_with("getIamPolicy") && level == Level::Project;
            let expected = if known { Passed } else { NotKnown };
            assert_eq!(report.step(MayWrite).state, expected, "{case}: {:?}", states(&report));
        }
    }
}
