//! Saved connections: before and after a test, with a new key, and on their way out.

use serde_json::json;
use tapline_api::wire::check::{CheckReport, StepState, Verdict};
use tapline_api::wire::connection::{Connection, ConnectionRef, ConnectionSave, DeletePlan, DraftReview};
use tapline_api::wire::import::{Import, ImportRef, ImportSave, ImportStatus};
use tapline_core::store::{Belongs, Store};
use tapline_core::vault::{Attendance, Vault};
use tapline_end_to_end::{CUSTOMERS, Outcome, Stage, draft, plan};
use tapline_sandbox::Options;

#[tokio::test]
async fn a_connection_may_be_saved_before_its_test_but_not_read_from() -> Outcome {
    let stage = Stage::set(Options::default()).await?;
    let mut window = stage.open().await?;
    let save = ConnectionSave {
        draft: draft("shop", Some(window.offer(&stage).await?.offer)),
        check: None,
    };
    let saved: Connection = window.ask("connections.save", &save).await?;
    assert!(saved.last_check.is_none(), "it has not been tested");
    window.add_account(&stage, "Shop").await?;
    let import = window.add_import(&plan(CUSTOMERS, "shop", "Shop")?).await?;
    let refused = window
        .start_run(&import)
        .await
        .expect_err("nobody knows whether it works");
    assert_eq!(refused.code, "connection_not_tested");

    let ask = ConnectionRef { connection: saved.id };
    let started: CheckReport = window.ask("check.start_saved", &ask).await?;
    let report = window.check_ends(started).await?;
    assert_eq!(report.verdict, Verdict::Passed, "a working key passes");
    let tested: Connection = window.ask("connections.get", &ask).await?;
    assert!(
        tested.last_check.is_some_and(|check| check.passed),
        "the verdict is kept"
    );
    assert_eq!(tested.location.as_deref(), Some("EU"), "and where the dataset is");
    assert!(tested.key_problem.is_none(), "the key is in the keychain");
    let import: Import = window
        .ask(
            "imports.get",
            ImportRef {
                import: import.brief.id,
            },
        )
        .await?;
    assert_eq!(import.problems, [], "nothing stands in the way any more");
    Ok(())
}

#[tokio::test]
async fn a_failed_test_names_the_step_and_nothing_typed_is_lost() -> Outcome {
    let stage = Stage::set(Options::default()).await?;
    let mut window = stage.open().await?;
    let offer = window.offer(&stage).await?.offer;
    let mut typed = draft("shop", Some(offer.clone()));
    typed.dataset_id = "shpo".to_owned();
    let report = window.check(&typed).await?;
    assert_eq!(
        report.verdict,
        Verdict::Failed,
        "there is no such dataset that it may see"
    );
    let failed = report.steps.iter().find(|step| step.state == StepState::Failed);
    let problem = failed
        .and_then(|step| step.problem.as_ref())
        .ok_or("a failed step says why")?;
    assert_eq!(
        problem.code, "dataset_get_denied",
        "to who may not look around, Google says no more than that"
    );
    assert!(problem.answer.is_some(), "with what Google said");

    let save = |name: &str| ConnectionSave {
        draft: draft(name, Some(offer.clone())),
        check: None,
    };
    window.ask::<Connection>("connections.save", &save("shop")).await?;
    let second = window.offer(&stage).await?.offer;
    let mut twin = save("SHOP");
    twin.draft.offer = Some(second);
    let refused = window.ask::<Connection>("connections.save", &twin).await;
    let refused = refused.expect_err("the name is taken");
    assert_eq!(refused.code, "name_taken");
    twin.draft.name = "shop 2".to_owned();
    window.ask::<Connection>("connections.save", &twin).await?; // the key still waits
    let review: DraftReview = window.ask("connections.review", draft("Shop", None)).await?;
    assert_eq!(
        review.problems.first().map(|problem| problem.code.as_str()),
        Some("name_taken")
    );
    Ok(())
}

#[tokio::test]
async fn a_new_key_takes_the_old_ones_place_only_after_it_passed() -> Outcome {
    let stage = Stage::set(Options::default()).await?;
    let mut window = stage.open().await?;
    let connection = window.add_connection(&stage, "shop").await?;
    let old = entries(&stage)?;

    let fresh = stage.sandbox.google().issue_working_key("tapline-second");
    let offer = |window: &tapline_end_to_end::Window| {
        let app = std::sync::Arc::clone(&window.app);
        let bytes = fresh.json().as_bytes().to_vec();
        async move { app.offer_key(bytes, None).await }
    };
    let mut typed = draft("shop", Some(offer(&window).await?.offer));
    typed.id = Some(connection.id.clone());
    let untested = ConnectionSave {
        draft: typed.clone(),
        check: None,
    };
    let refused = window.ask::<Connection>("connections.save", &untested).await;
    assert_eq!(refused.expect_err("it was not tested").code, "key_not_tested");

    // A test with another key is no test of this one.
    let other = draft("shop", Some(window.offer(&stage).await?.offer));
    let report = window.check(&other).await?;
    let borrowed = ConnectionSave {
        draft: typed.clone(),
        check: Some(report.check),
    };
    let refused = window.ask::<Connection>("connections.save", &borrowed).await;
    assert_eq!(refused.expect_err("another key was tested").code, "key_not_tested");

    let report = window.check(&typed).await?;
    let tested = ConnectionSave {
        draft: typed,
        check: Some(report.check),
    };
    let saved: Connection = window.ask("connections.save", &tested).await?;
    assert_eq!(saved.client_email, fresh.client_email, "the new key is in place");
    assert_eq!(
        saved.connected_on, connection.connected_on,
        "it is still the same connection"
    );
    let new = entries(&stage)?;
    assert!(
        new.len() == 1 && new != old,
        "one entry in the keychain, and a new one: {new:?}"
    );
    let vault = Vault::new("dev.tapline.sandbox".to_owned());
    assert!(
        vault.exists(&new[0], Attendance::Unattended).await?,
        "the new key is in the keychain"
    );
    assert!(
        !vault.exists(&old[0], Attendance::Unattended).await?,
        "the old key is gone from it"
    );
    Ok(())
}

#[tokio::test]
async fn a_connection_goes_only_after_its_imports_are_stopped() -> Outcome {
    let stage = Stage::set(Options::default()).await?;
    let mut window = stage.open().await?;
    let connection = window.add_connection(&stage, "shop").await?;
    window.add_account(&stage, "Shop").await?;
    let ready = window.add_import(&plan(CUSTOMERS, "shop", "Shop")?).await?;
    assert_eq!(ready.brief.status, ImportStatus::Ready, "a whole plan is ready");
    let mut unfinished = plan(CUSTOMERS, "shop", "Shop")?;
    unfinished["nickname"] = json!("A draft");
    let save = ImportSave {
        id: None,
        plan: serde_json::from_value(unfinished)?,
        draft: true,
    };
    window.ask::<Import>("imports.save", &save).await?;

    let ask = ConnectionRef {
        connection: connection.id,
    };
    let refused = window.ask::<()>("connections.delete", &ask).await;
    assert_eq!(refused.expect_err("an import is ready").code, "imports_in_the_way");
    let before: DeletePlan = window.ask("connections.delete_plan", &ask).await?;
    let names = |briefs: &[tapline_api::wire::import::ImportBrief]| -> Vec<String> {
        briefs.iter().map(|brief| brief.nickname.clone()).collect()
    };
    assert_eq!(
        names(&before.blocking),
        ["CDNOW customers"],
        "a draft stands in nobody's way"
    );
    assert_eq!(before.imports.len(), 2, "both would go");
    let after: DeletePlan = window.ask("connections.stop_imports", &ask).await?;
    assert_eq!(after.blocking, [], "nothing stands in the way now");
    let entry = entries(&stage)?.into_iter().find(|entry| entry.starts_with("key-"));
    window.ask::<()>("connections.delete", &ask).await?;

    let left: Vec<Connection> = window.ask("connections.list", ()).await?;
    assert_eq!(left, [], "it is gone");
    let vault = Vault::new("dev.tapline.sandbox".to_owned());
    let entry = entry.ok_or("the key had an entry")?;
    assert!(
        !vault.exists(&entry, Attendance::Unattended).await?,
        "and its key with it"
    );
    let deleted = window
        .ask::<Import>("imports.get", ImportRef { import: ready.brief.id })
        .await;
    assert_eq!(deleted.expect_err("and its imports").code, "not_there");
    Ok(())
}

/// The keychain entries that the store knows of.
fn entries(stage: &Stage) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let store = Store::open(&stage.folder().join("sandbox"), Belongs::Sandbox)?;
    Ok(store.read(|store| store.vault_entries().names())?)
}
