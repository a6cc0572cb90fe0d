//! Names that were nearly typed: what can be seen and is called almost that is offered, to be taken with one press.

use serde_json::{Value, json};

use crate::world::{World, with_sql};

#[tokio::test]
async fn a_dataset_that_was_nearly_typed_is_taken_with_one_press() {
    let world = World::new().await;
    world.serve_customers(3);
    let mut draft = world.draft("shop-prod", &world.key()).await;
    draft["dataset_id"] = json!("shpo");
    let report = world.check(&draft).await;
    assert_eq!(report["verdict"], "failed", "{report:#}");
    let steps = report["steps"].as_array().expect("a ladder");
    let step = steps
        .iter()
        .find(|step| step["step"] == "dataset_found")
        .expect("a step");
    let fix = &step["problem"]["fix"];
    assert_eq!(
        *fix,
        json!({"kind": "use", "field": "dataset_id", "value": "shop"}),
        "{step:#}"
    );
    draft["dataset_id"] = fix["value"].clone();
    let report = world.check(&draft).await;
    assert_eq!(report["verdict"], "passed", "and with it the test passes: {report:#}");
}

#[tokio::test]
async fn a_table_that_was_nearly_named_is_taken_with_one_press_in_a_statement_too() {
    let world = World::on(with_sql().await).await;
    let connection = world.add_connection("CDNOW").await["id"].clone();
    let tables = world.ask("imports.tables", json!({"connection": connection})).await;
    let table = tables["tables"][0]["table"]
        .as_str()
        .expect("the purchases lie in a table")
        .to_owned();
    let slip = table.replacen(&table[..2], &table[..2].chars().rev().collect::<String>(), 1);
    let statement = |table: &str| format!("SELECT COUNT(*) AS n\nFROM `acme-dw.shop.{table}`");
    for (field, source, mended) in [
        ("source.table", json!({"table": slip}), table.clone()),
        ("source.sql", json!({"sql": statement(&slip)}), statement(&table)),
    ] {
        let problem = world
            .refused("imports.estimate", json!({"connection": connection, "source": source}))
            .await;
        assert_eq!(problem["facts"]["meant"], table.as_str(), "{problem:#}");
        assert_eq!(
            problem["fix"],
            json!({"kind": "use", "field": field, "value": mended}),
            "{problem:#}"
        );
        let kind = field.rsplit('.').next().unwrap_or_default();
        let source: Value = json!({kind: problem["fix"]["value"]});
        let estimate = world
            .ask("imports.estimate", json!({"connection": connection, "source": source}))
            .await;
        assert!(
            estimate["columns"].is_array(),
            "what is offered can be read: {estimate:#}"
        );
    }
}
