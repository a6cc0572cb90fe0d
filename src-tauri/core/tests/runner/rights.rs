//! Runs that miss a right: the problem that is kept with the run names it, and typing its command lets the next run through.

use serde_json::json;
use tapline_core::ground::problem::{Code, Fact};
use tapline_core::run::Outcome;
use tapline_sandbox::{Resource, Role};

use crate::support::Scene;

#[tokio::test]
async fn a_run_that_misses_a_right_fails_with_the_command_that_lets_the_next_one_through() {
    let scene = Scene::new().await;
    scene.good_people(3);
    let google = scene.sandbox.google();
    let member = scene.connection.client_email.clone();
    let (project, shop) = (Resource::project("acme-dw"), Resource::dataset("acme-dw", "shop"));
    let import = scene.import(
        "Visits",
        &json!({"events": {"name": {"specific": "Visited"}}}),
        &json!({}),
    );
    let rows = [
        (
            &project,
            Role::JobUser,
            Code::JobsCreateDenied,
            "bigquery.jobs.create",
            "acme-dw",
            format!(
                "gcloud projects add-iam-policy-binding acme-dw --member=serviceAccount:{member} --role=roles/bigquery.jobUser --condition=None"
            ),
        ),
        // A run reads one table, so one table is what is granted.
        (
            &shop,
            Role::DataEditor,
            Code::TablesGetDataDenied,
            "bigquery.tables.getData",
            "acme-dw:shop.people",
            format!(
                "bq add-iam-policy-binding --member=serviceAccount:{member} --role=roles/bigquery.dataViewer --table=true acme-dw:shop.people"
            ),
        ),
    ];
    for (on, role, code, permission, resource, command) in rows {
        google.revoke(&member, on, role);
        let run = scene.run(import).await;
        assert_eq!(run.outcome, Some(Outcome::Failed), "without {permission}: {run:?}");
        assert_eq!(run.counts.read, 0, "and nothing was sent");
        let problem = run.problem.expect("it says why");
        assert_eq!(problem.code(), code, "{problem}");
        assert_eq!(problem.facts().get(Fact::Permission), Some(permission));
        assert_eq!(problem.facts().get(Fact::Resource), Some(resource));
        assert_eq!(problem.command(), Some(command.clone()), "the narrowest command");
        google.type_command(&command).expect("a line that Google's tools take");
        let run = scene.run(import).await;
        assert_eq!(run.outcome, Some(Outcome::Completed), "{command} was typed: {run:?}");
        assert_eq!(run.counts.delivered, 3);
    }
}
