//! Three ways to import, whole runs over real SQL: all rows, new and updated rows, changed rows.

#[path = "../../../../tests/crash/src/chance.rs"]
mod chance;
mod changed;
mod histories;
mod newer;
mod remapped;
mod restart;
mod rights;
#[path = "../runner/support.rs"]
#[allow(dead_code, reason = "each binary uses its part of what they share")]
mod support;

use serde_json::{Value, json};
use support::Scene;
use tapline_core::ground::ids::ImportId;
use tapline_core::import::plan::{Plan, Property};
use tapline_sandbox::{Column, Options};

/// The path of CleverTap's uploads.
pub const UPLOADS: &str = "/clevertap/in1/1/upload";

/// A scene with SQL, and a table of people in it.
pub async fn scene() -> Scene {
    Scene::with(Options::with_sql()).await
}

impl Scene {
    /// Google lets go of every result, of those too that have a table.
    pub async fn results_expire(&self) {
        let google = self.sandbox.google();
        google.expire_results();
        let tables = self.store.read(|r| {
            let runs = r.runs().list(None)?;
            let named = runs.iter().map(|run| r.comparisons().result_table(run.number));
            named.collect::<Result<Vec<_>, _>>()
        });
        for table in tables.unwrap().into_iter().flatten() {
            let drop = format!("DROP TABLE IF EXISTS `acme-dw.shop.{}`", table.table.name);
            google.run_sql(&drop).await.expect("it is gone");
        }
    }
}

/// Fills `shop.people` anew: an id, a city, and when it was changed.
pub async fn fill(scene: &Scene, rows: &[(&str, Option<&str>, Option<&str>)]) {
    let columns = [
        Column::new("id", "STRING"),
        Column::new("city", "STRING"),
        Column::new("changed", "TIMESTAMP"),
    ];
    let rows: Vec<Vec<Value>> = rows
        .iter()
        .map(|(id, city, changed)| vec![json!(id), json!(city), json!(changed)])
        .collect();
    scene
        .sandbox
        .google()
        .run_sql("DROP TABLE IF EXISTS `acme-dw.shop.people`")
        .await
        .expect("drops");
    scene
        .sandbox
        .google()
        .load_table("shop", "people", &columns, &rows)
        .await
        .expect("a small table");
}

/// Changes an import's plan, as a person does who saves it anew.
pub fn change(scene: &Scene, import: ImportId, change: impl FnOnce(&mut Plan)) {
    scene
        .store
        .write(|w| {
            let mut row = w.imports().get(import)?;
            change(&mut row.plan);
            w.imports_mut().change(&row)
        })
        .expect("a plan may change");
}

/// Properties as a plan has them.
pub fn properties(properties: &Value) -> Vec<Property> {
    serde_json::from_value(properties.clone()).expect("properties in their published shape")
}

pub fn mapping() -> Value {
    json!([{"column": "city", "name": "City", "type": "string"}])
}
