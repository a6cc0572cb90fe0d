//! One fault, met on every face: the form, the ladder, the wizard, a dry run, a run, the command line and the log tell the same problem.

use serde_json::{Value, json};
use tapline_sandbox::{Fault, IssuedKey, Matcher, Resource, Role};

use crate::world::{Ended, World, account_draft, all_bytes, holds, profiles_plan};

/// A secret as answers hold them, and as nobody may see it.
const CANARY: &str = "ya29.canary-that-nobody-may-see-0123456789";

const ON_THE_DATASET: &str = "bq query --project_id=acme-dw --use_legacy_sql=false 'GRANT `roles/bigquery.dataViewer` ON SCHEMA `acme-dw`.`shop` TO \"serviceAccount:{member}\"'";
const ON_THE_TABLE: &str = "bq add-iam-policy-binding --member=serviceAccount:{member} --role=roles/bigquery.dataViewer --table=true acme-dw:shop.customers";

/// A connection, an account and an import that worked until now.
struct Scene {
    world: World,
    key: IssuedKey,
    connection: Value,
    import: Value,
    plan: Value,
}

/// What every face must tell.
struct Told<'a> {
    code: &'a str,
    facts: &'a [(&'a str, &'a str)],
    who: &'a str,
    /// In a test one table stands for all of them, so what it grants may be wider.
    in_a_test: Option<&'a str>,
    in_an_import: Option<&'a str>,
}

async fn scene() -> Scene {
    let world = World::new().await;
    world.serve_customers(3);
    let key = world.key();
    let connection = world.add_connection_with("shop-prod", &key).await;
    world.add_account("Shop").await;
    let plan = profiles_plan("People", "shop-prod", "Shop");
    let import = world.add_import(&plan).await;
    let run = world.run(&import).await;
    assert_eq!(run["counts"]["delivered"], 3, "it worked until now: {run:#}");
    Scene {
        world,
        key,
        connection,
        import,
        plan,
    }
}

impl Scene {
    /// Goes from face to face. The test of the saved connection comes last: imports rest on it.
    async fn tells_everywhere(&self, told: &Told<'_>) {
        let (world, member) = (&self.world, self.key.client_email.as_str());
        let test = |face: &str, problem: &Value| told.is(face, problem, told.in_a_test, member);
        let import = |face: &str, problem: &Value| told.is(face, problem, told.in_an_import, member);

        let report = world.check(&world.draft("another", &self.key).await).await;
        test("the form", first_problem(&report));
        let source = json!({"connection": self.connection["id"], "source": self.plan["source"]});
        import(
            "the wizard's estimate",
            &world.refused("imports.estimate", source.clone()).await,
        );
        import("the wizard's preview", &world.refused("imports.preview", source).await);
        import("a dry run", &self.dry_run().await["problem"]);
        import("a run", &world.run(&self.import).await["problem"]);

        let ended = world.tapline(&["--json", "imports", "run", "People"]).await;
        assert_eq!(ended.status, 1, "somebody has to act: {ended:?}");
        import("tapline imports run", &ended.json()["problem"]);
        let kept = &world.ask("runs.list", json!({"import": null})).await[0];
        let id = kept["id"].as_str().expect("an id");
        let ended = world.tapline(&["--json", "runs", "show", id]).await;
        import("tapline runs show", &ended.json()["ok"]["run"]["problem"]);
        told.in_words(
            "tapline runs show",
            &world.tapline(&["--verbose", "runs", "show", id]).await,
            told.in_an_import,
            member,
        );

        let mark = world.heard.mark();
        let ask = json!({"connection": self.connection["id"]});
        let started = world.ask("check.start_saved", ask).await;
        test(
            "the ladder",
            first_problem(&world.verdict(mark, &started["check"]).await),
        );
        let listed = world.ask("connections.list", json!({})).await;
        test("the list of connections", &listed[0]["last_check"]["problem"]);
        let ended = world.tapline(&["--json", "connections", "test", "shop-prod"]).await;
        assert_eq!(ended.status, 1, "somebody has to act: {ended:?}");
        test("tapline connections test", &ended.json()["problem"]);
        let ended = world.tapline(&["connections", "test", "shop-prod", "--verbose"]).await;
        assert_eq!(ended.status, 1, "the words end as the JSON does: {ended:?}");
        told.in_words("tapline connections test", &ended, told.in_a_test, member);

        self.log_names("a step did not pass", told.code);
        self.log_names("a run ended", told.code);
        self.nobody_saw_the_canary();
    }

    async fn dry_run(&self) -> Value {
        let mark = self.world.heard.mark();
        let ask = json!({"plan": self.plan, "every_row": true});
        let started = self.world.ask("imports.dry_run", ask).await;
        let ended = self.world.heard.wait_from(mark, "the dry run's end", |signal| {
            signal["signal"] == "dry_run"
                && signal["body"]["dry_run"] == started["dry_run"]
                && signal["body"]["state"] != "running"
        });
        ended.await["body"].clone()
    }

    fn log_names(&self, what: &str, code: &str) {
        let files = all_bytes(&self.world.store());
        let logs = files.iter().filter(|(path, _)| path.ends_with("tapline.log"));
        let text: String = logs.map(|(_, bytes)| String::from_utf8_lossy(bytes)).collect();
        let named = text.lines().any(|line| line.contains(what) && line.contains(code));
        assert!(named, "the log tells {code} of \"{what}\":\n{text}");
    }

    fn nobody_saw_the_canary(&self) {
        assert!(!self.world.heard.words().contains(CANARY), "no face of the window");
        for (path, bytes) in all_bytes(&self.world.store()) {
            assert!(!holds(&bytes, CANARY.as_bytes()), "{} holds it", path.display());
        }
    }
}

impl Told<'_> {
    fn is(&self, face: &str, problem: &Value, command: Option<&str>, member: &str) {
        assert_eq!(problem["code"], self.code, "{face}: {problem:#}");
        for (name, value) in self.facts {
            let value = value.replace("{member}", member);
            assert_eq!(problem["facts"][name], value.as_str(), "{face}, {name}: {problem:#}");
        }
        assert_eq!(problem["who"], self.who, "{face}: {problem:#}");
        assert_eq!(problem["retryable"], false, "{face}: {problem:#}");
        let command = command.map(|command| command.replace("{member}", member));
        assert_eq!(problem["command"].as_str(), command.as_deref(), "{face}: {problem:#}");
        let body = problem["answer"]["body"].as_str().unwrap_or_default();
        assert!(
            body.starts_with('{'),
            "{face}: what was answered can be opened: {problem:#}"
        );
        assert!(!problem.to_string().contains(CANARY), "{face} shows a secret");
    }

    /// On the terminal, for people: the same, and the whole answer beneath.
    fn in_words(&self, face: &str, ended: &Ended, command: Option<&str>, member: &str) {
        let words = format!("{}{}", ended.out, ended.err);
        let command = command.map(|command| format!("Command: {}", command.replace("{member}", member)));
        let who = format!("Who can fix it: {}", self.who);
        let parts = [format!("({})", self.code), who, "answered, HTTP ".to_owned()];
        for part in parts.into_iter().chain(command) {
            assert!(words.contains(&part), "{face}: {part} is not in:\n{words}");
        }
        assert!(
            words.contains("[hidden]") || !words.contains("canary"),
            "{face}:\n{words}"
        );
        assert!(!words.contains(CANARY), "{face} shows a secret:\n{words}");
    }
}

fn first_problem(report: &Value) -> &Value {
    let steps = report["steps"].as_array().expect("a ladder");
    let failed = steps.iter().find(|step| step["state"] == "failed");
    &failed.unwrap_or_else(|| panic!("a step fails: {report:#}"))["problem"]
}

#[tokio::test]
async fn a_missing_right_is_the_same_everywhere() {
    let scene = scene().await;
    let google = scene.world.sandbox.google();
    let (member, shop) = (&scene.key.client_email, Resource::dataset("acme-dw", "shop"));
    google.revoke(member, &shop, Role::DataEditor);
    google.grant(member, &shop, Role::MetadataViewer);
    let facts = [
        ("permission", "bigquery.tables.getData"),
        ("resource", "acme-dw:shop.customers"),
        ("member", "{member}"),
        ("role", "roles/bigquery.dataViewer"),
    ];
    let told = Told {
        code: "tables_get_data_denied",
        facts: &facts,
        who: "An owner of the dataset shop",
        in_a_test: Some(ON_THE_DATASET),
        in_an_import: Some(ON_THE_TABLE),
    };
    scene.tells_everywhere(&told).await;
}

#[tokio::test]
async fn a_perimeter_is_the_same_everywhere_and_the_secret_in_its_answer_is_nowhere() {
    let scene = scene().await;
    let said = "VPC Service Controls: Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: Xk-20_canary.";
    let answer = json!({"error": {
        "code": 403, "message": said, "status": "PERMISSION_DENIED",
        "errors": [{"message": said, "domain": "global", "reason": "accessDenied"}],
        "details": [{"@type": "type.googleapis.com/google.rpc.DebugInfo", "detail": format!("Authorization: Bearer {CANARY}")}],
    }});
    scene
        .world
        .sandbox
        .fault(Matcher::path("/bigquery/*"), Fault::answer(403, &answer));
    let told = Told {
        code: "vpc_perimeter",
        facts: &[("unique_identifier", "Xk-20_canary")],
        who: "An administrator of your Google organisation",
        in_a_test: None,
        in_an_import: None,
    };
    scene.tells_everywhere(&told).await;
}

#[tokio::test]
async fn a_dataset_that_was_deleted_is_the_same_everywhere() {
    let scene = scene().await;
    let gone = |message: &str| {
        let error = json!({"message": message, "domain": "global", "reason": "notFound"});
        Fault::answer(
            404,
            &json!({"error": {"code": 404, "message": message, "errors": [error], "status": "NOT_FOUND"}}),
        )
    };
    let sandbox = &scene.world.sandbox;
    sandbox.fault(
        Matcher::path("/bigquery/v2/projects/acme-dw/datasets/shop*"),
        gone("Not found: Dataset acme-dw:shop"),
    );
    // A query that names a table of it; the one that only proves the right to run queries names none.
    for path in [
        "/bigquery/v2/projects/acme-dw/queries",
        "/bigquery/v2/projects/acme-dw/jobs",
    ] {
        sandbox.fault(
            Matcher::path(path).body("customers"),
            gone("Not found: Dataset acme-dw:shop was not found in location EU"),
        );
    }
    let told = Told {
        code: "dataset_not_found",
        facts: &[("project", "acme-dw"), ("dataset", "shop")],
        who: "You, here",
        in_a_test: None,
        in_an_import: None,
    };
    scene.tells_everywhere(&told).await;
}

#[tokio::test]
async fn a_passcode_that_was_changed_is_the_same_everywhere() {
    let world = World::new().await;
    world.serve_customers(3);
    world.add_connection("shop-prod").await;
    let (account, key) = world.add_account("Shop").await;
    let plan = profiles_plan("People", "shop-prod", "Shop");
    let import = world.add_import(&plan).await;
    world
        .sandbox
        .clevertap()
        .add_account(&key.account_id, &key.region, "CHANGED-BY-ANOTHER");

    let draft = account_draft("Another", &key, &key.passcode);
    let tested = world.ask("accounts.test_draft", draft).await;
    let saved = world.ask("accounts.test", json!({"account": account["id"]})).await;
    let run = world.run(&import).await;
    let test = world.tapline(&["--json", "accounts", "test", "Shop"]).await;
    let typed = world.tapline(&["--json", "imports", "run", "People"]).await;
    let faces = [
        ("the form", tested["problem"].clone()),
        ("the saved account", saved["last_test"]["problem"].clone()),
        ("a run", run["problem"].clone()),
        ("tapline accounts test", test.json()["problem"].clone()),
        ("tapline imports run", typed.json()["problem"].clone()),
    ];
    for (face, problem) in &faces {
        assert_eq!(problem["code"], "clevertap_passcode", "{face}: {problem:#}");
        for part in ["facts", "title", "explanation", "who", "command", "retryable"] {
            assert_eq!(problem[part], faces[0].1[part], "{face}, {part}");
        }
        assert!(
            problem["answer"]["body"].is_string(),
            "{face}: what was answered can be opened: {problem:#}"
        );
        assert!(
            !problem.to_string().contains(&key.passcode),
            "{face} shows the passcode"
        );
    }
    assert_eq!((test.status, typed.status), (1, 1), "somebody has to act");
    let words = world.tapline(&["accounts", "test", "Shop", "-v"]).await;
    for part in [
        "(clevertap_passcode)",
        "Who can fix it: ",
        "What CleverTap answered, HTTP ",
    ] {
        assert!(words.err.contains(part), "{part} is not in {words:?}");
    }
}
