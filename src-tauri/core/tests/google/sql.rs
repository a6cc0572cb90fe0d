//! BigQuery with real SQL behind its door. One engine for all tests of this file.

use serde_json::json;
use tapline_core::bigquery::{Cell, JobId, Location, Query, RowReader as _, TableId};
use tapline_core::check::{Check, StepName, StepState};
use tapline_core::connection::Target;
use tapline_core::google::key;
use tapline_core::ground::clock::Clock;
use tapline_core::ground::net::install_tls;
use tapline_core::ground::problem::{Code, Fact};
use tapline_sandbox::{Column, Options, Resource, Role, Sandbox};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::support::{bigquery, dataset, net, project};

static SANDBOX: OnceCell<Sandbox> = OnceCell::const_new();

async fn sandbox() -> &'static Sandbox {
    SANDBOX
        .get_or_init(|| async {
            install_tls();
            let sandbox = Sandbox::start(Options::with_sql())
                .await
                .expect("the sandbox starts, with the SQL engine that `./x setup` installs");
            let columns = [Column::new("id", "INT64"), Column::new("seen", "TIMESTAMP"), Column::new("name", "STRING")];
            let rows: Vec<_> = (1..=200)
                .map(|number: u32| {
                    let name = (number.is_multiple_of(2)).then(|| format!("No \"{number}\""));
                    vec![json!(number), json!(format!("2026-01-01T00:00:00.{number:06}Z")), json!(name)]
                })
                .collect();
            let google = sandbox.google();
            google
                .load_table("shop", "visits", &columns, &rows)
                .await
                .expect("rows go in");
            google
                .run_sql("CREATE VIEW `acme-dw.shop.named` AS SELECT id, name FROM `acme-dw.shop.visits` WHERE name IS NOT NULL")
                .await
                .expect("a view");
            sandbox
        })
        .await
}

fn query(sql: &str) -> Query {
    Query::new(sql, project()).in_location(Location::read("EU").ok())
}

#[tokio::test]
async fn only_a_select_is_let_through_whatever_it_hides_behind() {
    let sandbox = sandbox().await;
    let client = bigquery(sandbox, &sandbox.google().issue_working_key("gate-keeper"));
    let rows = [
        ("SELECT id FROM `acme-dw.shop.visits`", None),
        ("-- DROP TABLE x;\nSELECT 1 AS one -- ; DELETE", None),
        ("SELECT 1; SELECT 2", Some(Code::SqlIsScript)),
        (
            "DELETE FROM `acme-dw.shop.visits` WHERE TRUE",
            Some(Code::SqlChangesRows),
        ),
        (
            "CREATE TABLE `acme-dw.shop.copy` AS SELECT 1 AS one",
            Some(Code::SqlChangesThings),
        ),
    ];
    for (sql, code) in rows {
        let outcome = client
            .dry_run(&query(sql))
            .await
            .and_then(tapline_core::bigquery::Estimate::select_only);
        assert_eq!(outcome.err().map(|problem| problem.code()), code, "for {sql}");
    }
    let problem = client.dry_run(&query("SELECT FROM WHERE")).await.expect_err("nonsense");
    assert_eq!(problem.code(), Code::QueryInvalid, "{problem}");
}

#[tokio::test]
async fn a_result_is_read_by_place_with_times_to_the_microsecond() {
    let sandbox = sandbox().await;
    let client = bigquery(sandbox, &sandbox.google().issue_working_key("page-reader"));
    let wanted = query("SELECT id, seen, name FROM `acme-dw.shop.visits` WHERE id > @least").with(
        "least",
        "INT64",
        Some("150".into()),
    );
    let job = client
        .start(&wanted, &JobId::new("read_by_place").expect("a name"))
        .await
        .expect("it starts");
    let result = client.finished(&job).await.expect("a result");
    assert_eq!(result.total_rows(), 50, "the parameter was used");
    let mut seen = Vec::new();
    while (seen.len() as u64) < result.total_rows() {
        let page = result.page(seen.len() as u64, 7).await.expect("a page");
        seen.extend(page.rows().map(|row| {
            let text = |at| row.cell(at).and_then(Cell::text).map(String::from);
            (text(0), text(1), text(2))
        }));
    }
    seen.sort();
    let (id, at, name) = &seen[seen
        .iter()
        .position(|row| row.0.as_deref() == Some("152"))
        .expect("row 152")];
    assert_eq!(id.as_deref(), Some("152"));
    assert_eq!(
        at.as_deref(),
        Some("1767225600000152"),
        "microseconds, whole: floating point would lose them"
    );
    assert_eq!(name.as_deref(), Some("No \"152\""), "quotes survive");
    seen.dedup();
    assert_eq!(seen.len(), 50, "each row once");
}

#[tokio::test]
async fn a_cap_stops_a_query_before_it_bills() {
    let sandbox = sandbox().await;
    let client = bigquery(sandbox, &sandbox.google().issue_working_key("thrifty"));
    let capped = query("SELECT * FROM `acme-dw.shop.visits`").capped(Some(1));
    let started = client.start(&capped, &JobId::new("too_dear").expect("a name")).await;
    let problem = match started {
        Err(problem) => problem,
        Ok(job) => client.finished(&job).await.map(drop).expect_err("over the cap"),
    };
    assert_eq!(problem.code(), Code::BytesCapExceeded, "{problem}");
    assert!(
        problem.facts().get(Fact::Bytes).is_some(),
        "it says what would be needed: {:?}",
        problem.answer()
    );
}

#[tokio::test]
async fn a_query_in_the_wrong_place_finds_nothing_and_says_so() {
    let sandbox = sandbox().await;
    let client = bigquery(sandbox, &sandbox.google().issue_working_key("traveller"));
    let elsewhere = query("SELECT id FROM `acme-dw.shop.visits`").in_location(Location::read("US").ok());
    let problem = client.dry_run(&elsewhere).await.map(drop).expect_err("nothing there");
    assert!(
        matches!(problem.code(), Code::DatasetNotInLocation | Code::TableNotInLocation),
        "{problem}"
    );
    assert_eq!(problem.facts().get(Fact::Location), Some("US"));

    let problem = client.looked_into(&dataset("shop"), problem).await;
    assert_eq!(
        problem.code(),
        Code::DatasetElsewhere,
        "a closer look tells which: {problem}"
    );
    assert_eq!(problem.facts().get(Fact::DatasetLocation), Some("EU"));
    assert!(problem.answer().is_some(), "what Google said stays");

    let misnamed = query("SELECT id FROM `acme-dw.shop.weather`").in_location(Location::read("EU").ok());
    let problem = client.dry_run(&misnamed).await.map(drop).expect_err("nothing there");
    let problem = client.looked_into(&dataset("shop"), problem).await;
    assert_eq!(
        problem.code(),
        Code::TableNotFound,
        "the place is right, so the name is wrong: {problem}"
    );

    let unknown = query("SELECT id FROM `acme-dw.shopp.visits`").in_location(Location::read("EU").ok());
    let problem = client.dry_run(&unknown).await.map(drop).expect_err("nothing there");
    let other = client.looked_into(&dataset("shop"), problem.clone()).await;
    assert_eq!(
        other, problem,
        "what was learned of one dataset says nothing of another"
    );
    assert_eq!(
        client.looked_into(&dataset("shopp"), problem.clone()).await,
        problem,
        "one that may be hidden is not called missing"
    );
    let key = sandbox.google().issue_working_key("overseer");
    sandbox
        .google()
        .grant(&key.client_email, &Resource::project("acme-dw"), Role::DataViewer);
    let problem = bigquery(sandbox, &key).looked_into(&dataset("shopp"), problem).await;
    assert_eq!(problem.code(), Code::DatasetNotFound, "it is nowhere: {problem}");
}

#[tokio::test]
async fn a_view_is_sampled_by_a_query_under_the_cap() {
    let sandbox = sandbox().await;
    let issued = sandbox.google().issue_working_key("viewer");
    let account = key::read(issued.json().as_bytes())
        .expect("a key")
        .into_service_account();
    let target = Target {
        dataset: dataset("shop"),
        billing_project: None,
        bytes_cap: Some(1 << 30),
        location: None,
    };
    let check = Check::new(net(sandbox), Clock::system(), account, target);
    let report = check.run(&CancellationToken::new(), &|_| {}).await;
    assert_eq!(
        report.step(StepName::MayReadTables).state,
        StepState::Passed,
        "{report:?}"
    );
    let sample = check
        .sample(TableId::read("named").expect("an id"), 3)
        .await
        .expect("rows of the view");
    assert_eq!(sample.page.len(), 3);
    assert_eq!(sample.schema.fields.len(), 2);
}

#[tokio::test]
async fn a_table_that_was_nearly_named_is_offered() {
    let sandbox = sandbox().await;
    let client = bigquery(sandbox, &sandbox.google().issue_working_key("misspeller"));
    for (named, meant) in [
        ("visit", Some("visits")),
        ("vistis", Some("visits")),
        ("VISITS", Some("visits")),
        ("weather", None),
    ] {
        let problem = client
            .dry_run(&query(&format!("SELECT 1 FROM `acme-dw.shop.{named}`")))
            .await
            .expect_err("there is no such table");
        assert!(
            matches!(problem.code(), Code::TableNotFound | Code::TableNotInLocation),
            "{problem}"
        );
        let problem = client.with_table_meant(&dataset("shop"), problem).await;
        assert_eq!(problem.facts().get(Fact::Meant), meant, "for {named}: {problem}");
        let asks = problem.explanation().ends_with("Did you mean visits?");
        assert_eq!(asks, meant.is_some(), "{}", problem.explanation());
    }
}

#[tokio::test]
async fn a_right_to_write_that_is_missing_is_named_and_its_command_mends_it() {
    let sandbox = sandbox().await;
    let google = sandbox.google();
    let (project, shop) = (Resource::project("acme-dw"), Resource::dataset("acme-dw", "shop"));
    let all = [
        "bigquery.tables.getData",
        "bigquery.tables.create",
        "bigquery.tables.updateData",
    ];
    for (level, on) in [("project", &project), ("dataset", &shop)] {
        for (withheld, sql, resource) in [
            (
                "bigquery.tables.create",
                "CREATE TABLE `acme-dw.shop.delta` AS SELECT id FROM `acme-dw.shop.visits`",
                "acme-dw:shop",
            ),
            (
                "bigquery.tables.updateData",
                "DELETE FROM `acme-dw.shop.visits` WHERE id < 0",
                "acme-dw:shop.visits",
            ),
        ] {
            let case = format!("{withheld} withheld, the others held on the {level}");
            let right = withheld.rsplit('.').next().unwrap_or_default().to_lowercase();
            let key = google.issue_key("acme-dw", &format!("no-{right}-on-{level}"));
            let member = key.client_email.as_str();
            google.grant(member, &project, Role::JobUser);
            for held in all.into_iter().filter(|held| *held != withheld) {
                google.grant(member, on, held);
            }
            let client = bigquery(sandbox, &key);
            let problem = client.dry_run(&query(sql)).await.expect_err(&case);
            assert_eq!(problem.code(), Code::WriteDenied, "{case}: {problem}");
            assert_eq!(problem.facts().get(Fact::Permission), Some(withheld), "{case}");
            assert_eq!(problem.facts().get(Fact::Resource), Some(resource), "{case}");
            let command = problem.command().expect("a command");
            assert_eq!(
                command,
                format!(
                    "bq query --project_id=acme-dw --use_legacy_sql=false 'GRANT `roles/bigquery.dataEditor` ON SCHEMA `acme-dw`.`shop` TO \"serviceAccount:{member}\"'"
                ),
                "{case}: the dataset alone"
            );
            google.type_command(&command).expect("a line that Google's tools take");
            client
                .dry_run(&query(sql))
                .await
                .expect("the command mends it; nothing ran");
        }
    }
}
