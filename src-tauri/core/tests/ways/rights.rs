//! What writing to the dataset takes, withheld one right at a time: by a run whose result goes to a named table, and by one that compares.

use serde_json::json;
use tapline_core::ground::problem::{Code, Fact};
use tapline_core::run::Outcome;
use tapline_sandbox::{Resource, Role};

use super::{fill, mapping, scene};

const RIGHTS: [&str; 5] = [
    "bigquery.datasets.get",
    "bigquery.tables.create",
    "bigquery.tables.get",
    "bigquery.tables.getData",
    "bigquery.tables.updateData",
];

#[tokio::test]
async fn a_state_is_kept_for_good_where_the_datasets_tables_expire_and_the_right_that_this_takes_is_named() {
    let scene = scene().await;
    fill(&scene, &[("a", Some("Oslo"), None), ("b", Some("Rome"), None)]).await;
    let compared = json!({"rows": "changed", "properties": mapping()});
    let compared = scene.import("Compared", &json!("profiles"), &compared);
    let google = scene.sandbox.google();
    let days = std::time::Duration::from_hours(72);
    google.expire_tables_of("shop", days).await.expect("the engine does it");
    let member = scene.connection.client_email.as_str();
    let shop = Resource::dataset("acme-dw", "shop");
    google.revoke(member, &shop, Role::DataEditor);
    for held in RIGHTS {
        google.grant(member, &shop, held);
    }

    let run = scene.run(compared).await;
    let problem = run.problem.clone().unwrap_or_else(|| panic!("it says why: {run:?}"));
    assert_eq!(problem.code(), Code::WriteDenied, "{problem}");
    assert_eq!(
        problem.facts().get(Fact::Permission),
        Some("bigquery.tables.update"),
        "{problem}"
    );
    assert_eq!(run.counts.delivered, 0, "nothing was sent");
    let command = problem.command().expect("a command");
    assert!(
        command.contains("GRANT `roles/bigquery.dataEditor` ON SCHEMA `acme-dw`.`shop`"),
        "{command}"
    );
    google.type_command(&command).expect("a line that Google's tools take");
    let run = scene.run(compared).await;
    assert_eq!(run.outcome, Some(Outcome::Completed), "{command} typed: {run:?}");
    let tables = scene
        .sandbox
        .calls_to("/bigquery/v2/projects/acme-dw/datasets/shop/tables/*");
    let kept = tables
        .iter()
        .filter(|call| call.method == "PATCH" && call.status == Some(200));
    let kept: Vec<_> = kept.map(|call| call.body.as_str()).collect();
    assert_eq!(kept, ["{\"expirationTime\":null}"], "the state alone stays");
}

#[tokio::test]
async fn a_right_to_write_that_a_run_misses_is_named_and_its_command_lets_the_next_run_through() {
    let scene = scene().await;
    fill(&scene, &[("a", Some("Oslo"), None), ("b", Some("Rome"), None)]).await;
    let named = json!({"result_table": "always", "properties": mapping()});
    let named = scene.import("Named", &json!("profiles"), &named);
    let compared = json!({"rows": "changed", "properties": mapping()});
    let compared = scene.import("Compared", &json!("profiles"), &compared);

    let google = scene.sandbox.google();
    let member = scene.connection.client_email.as_str();
    let shop = Resource::dataset("acme-dw", "shop");
    google.revoke(member, &shop, Role::DataEditor);
    for (level, on) in [("project", &Resource::project("acme-dw")), ("dataset", &shop)] {
        for (import, what) in [(named, "a result in a named table"), (compared, "a comparison")] {
            for (withheld, code, role) in [
                ("bigquery.tables.create", Code::WriteDenied, Role::DataEditor),
                ("bigquery.tables.updateData", Code::WriteDenied, Role::DataEditor),
                ("bigquery.tables.get", Code::TablesGetDenied, Role::DataViewer),
            ] {
                let case = format!("{what} without {withheld}, the others held on the {level}");
                for held in RIGHTS.into_iter().filter(|held| *held != withheld) {
                    google.grant(member, on, held);
                }
                let run = scene.run(import).await;
                assert_eq!(run.outcome, Some(Outcome::Failed), "{case}: {run:?}");
                assert_eq!(run.counts.delivered, 0, "{case}: nothing was sent");
                let problem = run.problem.expect("it says why");
                assert_eq!(problem.code(), code, "{case}: {problem}");
                assert_eq!(problem.facts().get(Fact::Permission), Some(withheld), "{case}");
                let resource = problem.facts().get(Fact::Resource).unwrap_or_default();
                assert!(
                    resource == "acme-dw:shop" || resource.starts_with("acme-dw:shop.tapline_"),
                    "{case}: {resource}"
                );
                let command = problem.command().expect("a command");
                assert_eq!(
                    command,
                    format!(
                        "bq query --project_id=acme-dw --use_legacy_sql=false 'GRANT `{}` ON SCHEMA `acme-dw`.`shop` TO \"serviceAccount:{member}\"'",
                        role.name()
                    ),
                    "{case}: on the dataset, since the next run's table is another"
                );
                google.type_command(&command).expect("a line that Google's tools take");
                let run = scene.run(import).await;
                assert_eq!(
                    run.outcome,
                    Some(Outcome::Completed),
                    "{case}, {command} typed: {run:?}"
                );

                google.revoke(member, &shop, role);
                for held in RIGHTS {
                    google.revoke(member, on, held);
                }
            }
        }
    }
}
