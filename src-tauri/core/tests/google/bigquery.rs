//! BigQuery, call by call.

use tapline_core::bigquery::{Cell, Client, JobId, Location, Patience, Query, RowReader, TableKind};
use tapline_core::ground::problem::{Code, Fact};
use tapline_sandbox::{AccountState, Fault, Matcher, ProjectState, Resource, Role};

use crate::support::{bigquery, dataset, net, project, sandbox, serve_customers, table, tokens};

fn query() -> Query {
    Query::new("SELECT id, name FROM `acme-dw.shop.customers`", project()).in_location(Location::read("EU").ok())
}

fn job_id(name: &str) -> JobId {
    JobId::new(name).expect("a job's name")
}

#[tokio::test]
async fn datasets_and_tables_are_told_as_they_are() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("looker");
    serve_customers(&sandbox, "customers", 5);
    let client = bigquery(&sandbox, &key);
    let found = client.dataset(&dataset("shop")).await.expect("a dataset");
    assert_eq!(found.location.map(|place| place.to_string()).as_deref(), Some("EU"));
    let list = client.tables(&dataset("shop"), 10, None).await.expect("a list");
    assert_eq!(list.tables.len(), 1);
    assert_eq!(
        (list.tables[0].id.as_str(), list.tables[0].kind),
        ("customers", TableKind::Table)
    );
    let seen = client.table(&table("customers")).await.expect("a table");
    assert_eq!(seen.rows, Some(5), "numbers that travel as text are numbers");
    assert_eq!(seen.schema.fields.len(), 2);
    let page = client.rows(&table("customers"), 3, 10).await.expect("rows");
    let texts: Vec<_> = page
        .rows()
        .map(|row| {
            row.cells()
                .map(|cell| cell.text().map(String::from))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        texts,
        vec![
            vec![Some("3".to_owned()), None],
            vec![Some("4".to_owned()), Some("No 4".to_owned())]
        ],
        "rows from a place on, null for null"
    );
    assert_eq!(
        client.may_write(&dataset("shop")).await.expect("a list of rights"),
        Some(true)
    );
}

#[tokio::test]
async fn each_missing_right_is_named_where_it_is_missing() {
    let sandbox = sandbox().await;
    let google = sandbox.google();
    serve_customers(&sandbox, "customers", 1);
    let key = google.issue_key("acme-dw", "nobody-yet");
    let client = bigquery(&sandbox, &key);
    let shop = dataset("shop");
    let rows = [
        (
            client.dataset(&shop).await.map(drop),
            Code::DatasetGetDenied,
            "bigquery.datasets.get",
            "acme-dw:shop",
        ),
        (
            client.tables(&shop, 1, None).await.map(drop),
            Code::TablesListDenied,
            "bigquery.tables.list",
            "acme-dw:shop",
        ),
        (
            client.rows(&table("customers"), 0, 1).await.map(drop),
            Code::TablesGetDataDenied,
            "bigquery.tables.getData",
            "acme-dw:shop.customers",
        ),
        (
            client.dry_run(&query()).await.map(drop),
            Code::JobsCreateDenied,
            "bigquery.jobs.create",
            "acme-dw",
        ),
    ];
    for (outcome, code, permission, resource) in rows {
        let problem = outcome.expect_err("refused");
        assert_eq!(problem.code(), code, "{problem}");
        assert_eq!(problem.facts().get(Fact::Permission), Some(permission));
        assert_eq!(problem.facts().get(Fact::Resource), Some(resource));
        assert_eq!(problem.facts().get(Fact::Member), Some(key.client_email.as_str()));
        let command = problem.command().expect("one command mends it");
        assert!(
            command.contains(&key.client_email) && command.contains("roles/bigquery."),
            "{command}"
        );
        let answer = problem.answer().expect("what was asked and said");
        assert!(answer.asked.contains("acme-dw") && answer.said.is_some(), "{answer:?}");
    }
    google.grant(&key.client_email, &Resource::project("acme-dw"), Role::JobUser);
    let problem = client.dry_run(&query()).await.expect_err("may run, may not read");
    assert_eq!(problem.code(), Code::TablesGetDataDenied, "{problem}");
}

#[tokio::test]
async fn projects_that_cannot_be_used_are_told_apart() {
    let sandbox = sandbox().await;
    let google = sandbox.google();
    let key = google.issue_working_key("looker");
    for (name, state, code) in [
        ("off-off", ProjectState::ApiDisabled, Code::ApiDisabled),
        ("gone-gone", ProjectState::Deleted, Code::ProjectNotFound),
        ("poor-poor", ProjectState::BillingDisabled, Code::BillingDisabled),
    ] {
        google.add_project(name, state);
        let elsewhere = Query::new(
            "SELECT 1",
            tapline_core::bigquery::ProjectId::read(name).expect("an id"),
        );
        let problem = bigquery(&sandbox, &key).dry_run(&elsewhere).await.expect_err("refused");
        assert_eq!(problem.code(), code, "{name}: {problem}");
        assert_eq!(problem.facts().get(Fact::Project), Some(name));
    }
    let unknown = Query::new(
        "SELECT 1",
        tapline_core::bigquery::ProjectId::read("no-such").expect("an id"),
    );
    let problem = bigquery(&sandbox, &key).dry_run(&unknown).await.expect_err("refused");
    assert_eq!(problem.code(), Code::ProjectNotFound, "{problem}");
}

#[tokio::test]
async fn a_job_is_one_job_however_often_it_is_started() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("runner");
    serve_customers(&sandbox, "customers", 2500);
    let client = bigquery(&sandbox, &key);
    let estimate = client
        .dry_run(&query())
        .await
        .expect("an estimate")
        .select_only()
        .expect("a SELECT");
    assert!(estimate.bytes > Some(0), "it says what a run would read");

    sandbox.fault(Matcher::path("*/jobs").nth(1), Fault::CutAnswer);
    let problem = client
        .start(&query(), &job_id("tapline_1"))
        .await
        .expect_err("the answer was cut");
    assert_eq!(problem.code(), Code::NetCut, "{problem}");
    let job = client
        .start(&query(), &job_id("tapline_1"))
        .await
        .expect("the same job");
    let again = client
        .start(&query(), &job_id("tapline_1"))
        .await
        .expect("the same job");
    assert_eq!(job, again, "an id is one job for good");
    assert_eq!(
        job.location.as_ref().map(Location::as_str),
        Some("EU"),
        "and it says where it is"
    );

    let result = client.finished(&job).await.expect("a result");
    assert_eq!(result.total_rows(), 2500);
    assert_eq!(result.schema().fields[1].name, "name");
    let mut ids = Vec::new();
    while let Some(page) = (ids.len() < 2500)
        .then_some(())
        .map(|()| result.page(ids.len() as u64, 1000))
    {
        let page = page.await.expect("a page");
        ids.extend(
            page.rows()
                .filter_map(|row| row.cell(0).and_then(Cell::text).map(String::from)),
        );
    }
    assert_eq!(
        ids,
        (0..2500).map(|number: u32| number.to_string()).collect::<Vec<_>>(),
        "every row, once"
    );
    assert!(
        result.page(2500, 10).await.expect("past the end").is_empty(),
        "past the end there is nothing"
    );
    let state = client.job(&job).await.expect("a job");
    assert!(state.done && state.statement.as_deref() == Some("SELECT"), "{state:?}");
}

#[tokio::test]
async fn a_job_that_fails_is_the_failure_that_it_is() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("runner");
    serve_customers(&sandbox, "customers", 3);
    let client = bigquery(&sandbox, &key);
    sandbox
        .google()
        .fail_next_job(400, "resourcesExceeded", "Resources exceeded during query execution.");
    let job = client.start(&query(), &job_id("heavy")).await.expect("it starts");
    let problem = client.finished(&job).await.map(drop).expect_err("it failed");
    assert_eq!(problem.code(), Code::ResourcesExceeded, "{problem}");
    let problem = client.job(&job).await.expect_err("HTTP says 200, the job says no");
    assert_eq!(problem.code(), Code::ResourcesExceeded, "{problem}");
}

#[tokio::test]
async fn a_job_that_still_runs_is_waited_for_and_can_be_cancelled() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("runner");
    serve_customers(&sandbox, "customers", 3);
    let client = bigquery(&sandbox, &key);
    sandbox.google().hold_jobs(true);
    let job = client.start(&query(), &job_id("held")).await.expect("it starts");
    assert!(
        client.finished_yet(&job, 50).await.expect("an answer").is_none(),
        "it still runs"
    );
    client.cancel(&job).await.expect("taken");
    sandbox.google().hold_jobs(false);
    let problem = client.finished(&job).await.map(drop).expect_err("it was cancelled");
    assert_eq!(problem.code(), Code::JobStopped, "{problem}");
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("runner");
    let client = bigquery(&sandbox, &key);
    client.dataset(&dataset("shop")).await.expect("a dataset");
    sandbox.google().expire_tokens();
    client.dataset(&dataset("shop")).await.expect("with a new token");
    assert_eq!(sandbox.calls_to("/token").len(), 2, "one token for each time");
    sandbox
        .google()
        .set_account_state(&key.client_email, AccountState::Deleted);
    let problem = client.dataset(&dataset("shop")).await.expect_err("the account is gone");
    assert!(
        matches!(problem.code(), Code::AccountNotFound | Code::AccountDisabled),
        "{problem}"
    );
}

#[tokio::test]
async fn perimeters_quotas_and_bad_moments_are_told_apart() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("runner");
    let cases = [
        (
            Fault::VpcServiceControls {
                identifier: "Ab-9_z".into(),
            },
            Code::VpcPerimeter,
            false,
        ),
        (Fault::QuotaExceeded, Code::FreeQuotaExceeded, false),
        (Fault::RateLimitExceeded, Code::RateLimited, true),
        (Fault::BackendError, Code::GoogleBusy, true),
        (Fault::CaptivePortal, Code::NetHtml, false),
        (Fault::Malformed, Code::NetTruncated, true),
    ];
    let client = bigquery(&sandbox, &key);
    for (fault, code, retryable) in cases {
        sandbox.clear_faults();
        sandbox.fault(Matcher::path("/bigquery/*"), fault);
        let problem = client.dataset(&dataset("shop")).await.expect_err("refused");
        assert_eq!(problem.code(), code, "{problem}");
        assert_eq!(problem.retryable(), retryable, "{problem}");
        if code == Code::VpcPerimeter {
            assert_eq!(problem.facts().get(Fact::UniqueIdentifier), Some("Ab-9_z"));
        }
        assert!(
            problem
                .answer()
                .is_some_and(|answer| answer.asked == "datasets.get acme-dw:shop"),
            "{problem:?}"
        );
    }
}

#[tokio::test]
async fn a_run_is_patient_and_a_person_is_not_kept_waiting() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("runner");
    let client = Client::new(net(&sandbox), tokens(&sandbox, &key));
    let shop = dataset("shop");
    sandbox.fault(Matcher::path("/bigquery/*").nth(1), Fault::BackendError);
    assert!(client.dataset(&shop).await.is_err(), "somebody is watching: asked once");
    sandbox.clear_faults();
    sandbox.fault(Matcher::path("/bigquery/*").nth(1), Fault::RateLimitExceeded);
    let patient = client.patient(Patience::ForARun);
    patient.dataset(&shop).await.expect("asked again");
    assert_eq!(
        sandbox.calls_to("/bigquery/*").len(),
        3,
        "one refused, then one refused and one answered"
    );
}

#[tokio::test]
async fn patience_waits_as_long_as_google_asks() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("runner");
    let patient = bigquery(&sandbox, &key).patient(Patience::ForARun);
    let busy = Fault::Answer {
        status: 503,
        headers: [("retry-after".to_owned(), "2".to_owned())].into(),
        body: r#"{"error":{"code":503,"message":"busy","errors":[{"reason":"backendError"}]}}"#.to_owned(),
    };
    sandbox.fault(Matcher::path("/bigquery/*").times(1), busy);
    let started = std::time::Instant::now();
    patient.dataset(&dataset("shop")).await.expect("asked again");
    assert!(
        started.elapsed() >= std::time::Duration::from_secs(2),
        "its own first wait is shorter, and Google asked for two seconds: {:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_page_that_claims_no_rows_before_the_end_is_no_page() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("runner");
    serve_customers(&sandbox, "customers", 10);
    let client = bigquery(&sandbox, &key);
    let job = client.start(&query(), &job_id("cut")).await.expect("it starts");
    let result = client.finished(&job).await.expect("a result");
    let empty = serde_json::json!({"jobComplete": true, "totalRows": "10", "rows": []});
    sandbox.fault(Matcher::path("*/queries/cut"), Fault::answer(200, &empty));
    let problem = result.page(5, 5).await.map(drop).expect_err("rows are missing");
    assert_eq!(
        problem.code(),
        Code::NetMalformed,
        "taken for the end, it would lose five rows: {problem}"
    );
}

#[tokio::test]
async fn a_result_that_does_not_say_how_many_rows_it_has_is_not_an_empty_one() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("runner");
    serve_customers(&sandbox, "customers", 10);
    let client = bigquery(&sandbox, &key);
    let job = client.start(&query(), &job_id("mute")).await.expect("it starts");
    let mute = serde_json::json!({"jobComplete": true, "schema": {"fields": [{"name": "id", "type": "STRING"}]}});
    sandbox.fault(Matcher::path("*/queries/mute"), Fault::answer(200, &mute));
    let problem = client.finished(&job).await.map(drop).expect_err("rows are missing");
    assert_eq!(
        problem.code(),
        Code::NetMalformed,
        "taken for none, all ten would be left out without a word: {problem}"
    );
}
