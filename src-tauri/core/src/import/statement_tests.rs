use serde_json::{Value, json};

use super::{GROUP_SIZE, all_rows, count, preview, random_rows};
use crate::bigquery::{DatasetId, DatasetRef, ProjectId};
use crate::import::plan::{Plan, Source};

fn dataset() -> DatasetRef {
    DatasetRef {
        project: ProjectId::read("acme-dw").expect("a project"),
        dataset: DatasetId::read("sales").expect("a dataset"),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "tables read better without ampersands")]
fn plan(parts: Value) -> Plan {
    let mut plan = json!({
        "version": 1, "nickname": "n", "database": "d", "account": "a",
        "source": {"table": "people"}, "records": "profiles", "identity": {"column": "id"},
        "properties": [
            {"column": "ID", "name": "Number", "type": "string"},
            {"column": "city", "name": "City", "type": "string"},
        ],
    });
    for (name, part) in parts.as_object().cloned().unwrap_or_default() {
        plan[name] = part;
    }
    serde_json::from_value(plan).expect("the shape of a plan")
}

fn events(sql: Option<&str>) -> Plan {
    let mut plan = plan(json!({"records": {"events": {"name": {"column": "what"}, "created_on": {"column": "at"}}}}));
    if let Some(sql) = sql {
        plan.source = Source::Sql(sql.to_owned());
    }
    plan
}

#[test]
fn events_are_read_row_by_row_and_only_in_the_plans_columns() {
    assert_eq!(
        all_rows(&events(None), &dataset()),
        "SELECT\n  `id`,\n  `what`,\n  `at`,\n  `city`\nFROM `acme-dw.sales.people`",
        "no column twice, nothing collapsed, nothing ordered"
    );
}

#[test]
fn a_persons_select_keeps_lines_of_its_own() {
    let sql = "WITH x AS (SELECT 1 AS id)\nSELECT * FROM x -- why\nWHERE TRUE ; -- the end ;\n;; \n";
    let text = all_rows(&events(Some(sql)), &dataset());
    assert!(
        text.ends_with("FROM (\nWITH x AS (SELECT 1 AS id)\nSELECT * FROM x -- why\nWHERE TRUE\n)"),
        "its comment must not swallow our bracket: {text}"
    );
}

#[test]
fn profiles_collapse_by_the_identity_that_will_be_sent() {
    let plain = all_rows(&plan(json!({})), &dataset());
    assert!(
        plain.contains("      CAST(`id` AS STRING) AS tapline_group"),
        "as text: {plain}"
    );
    assert!(
        plain.contains("ORDER BY FARM_FINGERPRINT(TO_JSON_STRING(STRUCT(`id`, `city`)))"),
        "ties by hash: {plain}"
    );
    assert!(plain.contains(GROUP_SIZE), "counted: {plain}");
    let repaired = all_rows(
        &plan(json!({
            "identity": {"column": "id", "repairs": {"trim": true, "country_code": "+44"}},
            "updated_on": {"column": "changed"},
        })),
        &dataset(),
    );
    assert!(
        repaired.contains("CONCAT('+44', TRIM(CAST(`id` AS STRING)))"),
        "repaired: {repaired}"
    );
    assert!(
        repaired.contains("ORDER BY `changed` DESC NULLS LAST, FARM_FINGERPRINT"),
        "the newest first: {repaired}"
    );
    assert!(
        repaired.starts_with("SELECT\n  `id`,\n  `changed`,\n  `city`,"),
        "only what is mapped: {repaired}"
    );
}

#[test]
fn samples_previews_and_counts_stand_on_the_same_source() {
    let plan = plan(json!({}));
    assert!(
        random_rows(&plan, &dataset(), 100).ends_with("\nORDER BY RAND()\nLIMIT 100"),
        "drawn at random"
    );
    assert_eq!(
        preview(&plan.source, &dataset(), 10),
        "SELECT *\nFROM `acme-dw.sales.people`\nLIMIT 10",
        "a preview"
    );
    assert_eq!(
        count(&Source::Sql("SELECT 1;".into()), &dataset()),
        "SELECT COUNT(*) AS tapline_rows\nFROM (\nSELECT 1\n)",
        "a count"
    );
}

#[test]
fn no_name_can_leave_its_quotes() {
    let plan = plan(
        json!({"identity": {"column": "a` FROM secrets -- \\\n"}, "source": {"table": "x`; DROP TABLE y"}, "properties": []}),
    );
    let text = all_rows(&plan, &dataset());
    assert!(
        text.contains(r"`a\` FROM secrets -- \\\u000a`"),
        "the column stays a name: {text}"
    );
    assert!(
        text.contains(r"`acme-dw.sales.x\`; DROP TABLE y`"),
        "the table stays a name: {text}"
    );
}

#[test]
fn a_misspelt_table_is_renamed_only_where_it_is_sure_which_word_is_meant() {
    let rows = [
        ("SELECT * FROM shop.custmers", Some("SELECT * FROM shop.customers")),
        (
            "SELECT * FROM `acme-dw.shop.custmers`",
            Some("SELECT * FROM `acme-dw.shop.customers`"),
        ),
        ("SELECT custmers.id FROM shop.custmers", None),
        ("SELECT * FROM shop.custmers_old", None),
        ("SELECT * FROM shop.people", None),
    ];
    for (sql, expected) in rows {
        assert_eq!(
            super::renamed(sql, "custmers", "customers").as_deref(),
            expected,
            "for {sql}"
        );
    }
}
