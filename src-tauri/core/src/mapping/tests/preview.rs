//! Previews of rows that come as lines.

use serde_json::{Value, json};

use super::plan;
use crate::import::plan::Plan;
use crate::mapping::{PreviewResult, preview};

#[track_caller]
fn lines(plan: &Plan, text: &[u8]) -> Vec<String> {
    let rows = preview(plan, text, super::RUN_START).unwrap_or_else(|faults| panic!("no faults: {faults:?}"));
    rows.map(|row| {
        let line = String::from_utf8(row.json()).expect("UTF-8");
        let value: Value = serde_json::from_str(&line).expect("a line of JSON");
        assert_eq!(
            value.as_object().map(serde_json::Map::len),
            Some(2),
            "a row and what became of it: {line}"
        );
        line
    })
    .collect()
}

fn customers() -> Plan {
    plan(json!({"properties": [
        {"column": "email", "name": "Email", "type": "string"},
        {"column": "tags", "name": "Tags", "type": "multi_value"},
        {"column": "born", "name": "DOB", "type": "date"},
        {"column": "n", "name": "N", "type": "integer"},
    ]}))
}

#[test]
fn each_line_is_a_record_or_a_rejected_row() {
    let text = br#"{"id":{"type":"INTEGER","value":"7"},"email":{"type":"STRING","value":"a@b.io"},"tags":{"type":"ARRAY<STRING>","value":[{"v":"x"}]},"born":{"type":"DATE","value":"1980-01-01"},"other":{"type":"GEOGRAPHY","value":"POINT(1 2)"}}

{"id":{"type":"INT64","value":null},"email":{"type":"STRING","value":"$$$$$"}}
{"id":
{"id":{"type":"INT64","value":"8"},"n":{"type":"BOOLEAN","value":"true"}}
{"id":{"type":"INT64","value":"9"},"n":{"type":"INT64","value":"1"}}
{}
"#;
    assert_eq!(
        lines(&customers(), text),
        [
            r#"{"row":1,"record":{"identity":"7","type":"profile","ts":1700000000,"profileData":{"Email":"a@b.io","Tags":{"$set":["x"]},"DOB":"$D_315532800"}}}"#,
            r#"{"row":2,"rejected":[{"column":"id","code":"523","reason":"There is no identity"},{"column":"email","code":"515","reason":"This is not an e-mail address"}]}"#,
            r#"{"row":3,"rejected":[{"column":"","code":"line_malformed","reason":"The line is not a JSON object of columns"}]}"#,
            r#"{"row":4,"rejected":[{"column":"n","code":"type_unfit","reason":"A column of this type cannot become the property's data type"}]}"#,
            r#"{"row":5,"record":{"identity":"9","type":"profile","ts":1700000000,"profileData":{"N":1}}}"#,
            r#"{"row":6,"rejected":[{"column":"id","code":"523","reason":"There is no identity"}]}"#,
        ],
        "rows are counted without empty lines"
    );
}

#[test]
fn faults_of_the_plan_come_before_any_row() {
    let code = |plan: &Plan, text: &str| {
        let faults = preview(plan, text.as_bytes(), 1).err().unwrap_or_default();
        faults.iter().map(|fault| fault.code().as_str()).collect::<Vec<_>>()
    };
    let bytes = r#"{"id":{"type":"STRING","value":"a"},"n":{"type":"BYTES","value":"AA=="}}"#;
    assert_eq!(
        code(&customers(), bytes),
        ["type_unfit"],
        "bytes are no number in any line"
    );
    assert_eq!(code(&customers(), ""), Vec::<&str>::new(), "no rows, no faults");
    let reserved = plan(json!({"records": {"events": {"name": {"specific": "App Launched"}}}}));
    assert_eq!(code(&reserved, ""), ["event_reserved"], "a fault without any column");
    let text = plan(json!({"properties": [{"column": "d", "name": "D", "type": "date"}]}));
    let line = r#"{"id":{"type":"STRING","value":"a"},"d":{"type":"STRING","value":"2024-01-01"}}"#;
    assert_eq!(
        code(&text, line),
        ["date_format_missing"],
        "the lines tell that it is text"
    );
}

#[test]
fn warnings_are_kept_beside_the_record() {
    let text = plan(json!({"properties": [{"column": "t", "name": "T", "type": "string"}]}));
    let line = format!(
        r#"{{"id":{{"type":"STRING","value":"a"}},"t":{{"type":"STRING","value":"{}"}}}}"#,
        "x".repeat(600)
    );
    let rows: Vec<_> = preview(&text, line.as_bytes(), 1).expect("no faults").collect();
    let PreviewResult::Record { warnings, .. } = &rows[0].result else {
        panic!("a record: {rows:?}")
    };
    assert_eq!(warnings[0].code, "text_cut", "it would be cut");
}

#[test]
fn the_cdnow_rows_become_cdnow_records() {
    let purchases =
        crate::import::read(include_str!("../../../../../tests/data/cdnow-purchases.plan.json")).expect("a plan");
    let line = br#"{"customer_id":{"type":"STRING","value":"00001"},"purchased_on":{"type":"DATE","value":"1997-01-01"},"cds":{"type":"INT64","value":"1"},"dollars":{"type":"NUMERIC","value":"11.77"}}"#;
    assert_eq!(
        lines(&purchases, line),
        [
            r#"{"row":1,"record":{"identity":"00001","type":"event","evtName":"CD Purchased","ts":852076800,"evtData":{"CDs":1,"Dollars":11.77}}}"#
        ],
        "one purchase, one event"
    );
}

proptest::proptest! {
    #[test]
    fn no_line_whatever_breaks_a_preview(text in "(\\{|\\}|\\[|\\]|\"|:|,|id|n|tags|type|value|STRING|INT64|ARRAY<|>|STRUCT|\\\\u[dD]800|7|null|true|\n| ){0,60}") {
        if let Ok(rows) = preview(&customers(), text.as_bytes(), 1) {
            for row in rows {
                serde_json::from_slice::<Value>(&row.json()).expect("each line is JSON");
            }
        }
    }

    #[test]
    fn no_cell_whatever_breaks_a_preview(kind in "(ARRAY<|STRUCT<|a |INT64|STRING|JSON|BOOL|TIMESTAMP|RANGE<DATE>|FLOAT|>){1,5}", value in "(\\{|\\}|\\[|\\]|\"|\"v\":|\"f\":|,|7|null|true|\\\\u[dD]800| ){0,20}") {
        let line = format!(r#"{{"id":{{"type":"{kind}","value":{value}}},"n":{{"type":"STRING","value":{value}}}}}"#);
        if let Ok(rows) = preview(&customers(), line.as_bytes(), 1) {
            for row in rows {
                serde_json::from_slice::<Value>(&row.json()).expect("each line is JSON");
            }
        }
    }
}

#[test]
fn columns_that_no_line_has_are_told() {
    let plan: Plan = serde_json::from_value(json!({
        "version": 1, "nickname": "n", "database": "d", "account": "a",
        "source": {"table": "t"}, "records": "profiles", "identity": {"column": "id"},
        "properties": [
            {"column": "plan", "name": "Plan", "type": "string"},
            {"column": "plam", "name": "Tier", "type": "string"},
        ],
    }))
    .expect("a plan");
    let lines = br#"{"ID": {"type": "STRING", "value": "u1"}}
{"id": {"type": "STRING", "value": "u2"}, "plan": {"type": "STRING", "value": "Gold"}}"#;
    let preview = super::super::preview(&plan, lines, 1).expect("the plan holds together");
    assert_eq!(
        preview.unseen(),
        ["plam"],
        "one line has the other, and the case of id does not count"
    );
    let preview = super::super::preview(&plan, b"\n", 1).expect("the plan holds together");
    assert!(preview.unseen().is_empty(), "without rows there is nothing to miss");
}
