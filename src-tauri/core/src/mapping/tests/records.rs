//! Whole records: identity, time, event names, order, strictness.

use serde_json::{Value, json};

use super::{map, mapping, plan, schema};
use crate::bigquery::Schema;

fn columns() -> Schema {
    schema(&[
        ("id", "STRING"),
        ("n", "INT64"),
        ("what", "STRING"),
        ("at", "DATETIME"),
        ("email", "STRING"),
    ])
}

#[track_caller]
fn check(parts: Value, row: [&str; 5], expected: Result<&str, &[&str]>) {
    let (record, notes) = map(&mapping(&plan(parts), &columns()), &row);
    match expected {
        Ok(expected) => assert_eq!(record, expected, "notes: {notes:?}"),
        Err(expected) => assert_eq!(notes, expected, "of {record:?}"),
    }
}

const ROW: [&str; 5] = [
    r#""u1""#,
    r#""42""#,
    r#""Signed up""#,
    r#""2024-03-05T04:07:09""#,
    r#""a@b.io""#,
];

#[test]
fn a_profile_in_the_order_of_its_plan() {
    let properties = json!([
        {"column": "email", "name": "Email", "type": "string"},
        {"column": "n", "name": "Orders \u{e9}", "type": "integer"},
        {"column": "N", "name": "Orders again", "type": "string"},
    ]);
    check(
        json!({"properties": properties}),
        ROW,
        Ok(
            r#"{"identity":"u1","type":"profile","ts":1700000000,"profileData":{"Email":"a@b.io","Orders é":42,"Orders again":"42"}}"#,
        ),
    );
    check(
        json!({"properties": properties}),
        [r#""u1""#, "null", "null", "null", "null"],
        Ok(r#"{"identity":"u1","type":"profile","ts":1700000000,"profileData":{}}"#),
    );
    check(
        json!({"properties": properties}),
        [r#""u1""#, r#""1""#, "null", "null", "null"],
        Ok(r#"{"identity":"u1","type":"profile","ts":1700000000,"profileData":{"Orders é":1,"Orders again":"1"}}"#),
    );
}

#[test]
fn an_event_with_its_name_and_time() {
    let property = json!([{"column": "n", "name": "Items", "type": "integer"}]);
    check(
        json!({"records": {"events": {"name": {"specific": "CD \u{e9}"}, "created_on": {"column": "at"}}}, "properties": property}),
        ROW,
        Ok(r#"{"identity":"u1","type":"event","evtName":"CD é","ts":1709611629,"evtData":{"Items":42}}"#),
    );
    check(
        json!({"records": {"events": {"name": {"column": "what"}}}}),
        ROW,
        Ok(r#"{"identity":"u1","type":"event","evtName":"Signed up","ts":1700000000,"evtData":{}}"#),
    );
    check(
        json!({"records": {"events": {"name": {"specific": "x"}, "created_on": {"column": "at", "zone": "America/New_York"}}}}),
        ROW,
        Ok(r#"{"identity":"u1","type":"event","evtName":"x","ts":1709629629,"evtData":{}}"#),
    );
}

#[test]
fn event_names_from_a_column_follow_the_rules_of_names() {
    let rows = [
        ("null", "what:509"),
        (r#""""#, "what:509"),
        (r#""  ""#, "what:509"),
        (r#""App Launched""#, "what:513"),
        (r#""webpageviewed""#, "what:513"),
        (r#""50%""#, "what:event_name_forbidden"),
        (r#"" x""#, "what:event_name_padded"),
        (r#""\ud800""#, "what:unreadable"),
    ];
    for (name, expected) in rows {
        let parts = json!({"records": {"events": {"name": {"column": "what"}}}});
        check(parts, [r#""u1""#, "null", name, "null", "null"], Err(&[expected]));
    }
}

#[test]
fn times_are_seconds_after_1970() {
    let rows = [
        ("null", "at:525"),
        (r#""1970-01-01T00:00:00""#, "at:525"),
        (r#""1965-01-01T00:00:00""#, "at:525"),
        (r#""2287-01-01T00:00:00""#, "at:525"),
        (r#""2024-02-30T00:00:00""#, "at:525"),
        (r#""soon""#, "at:525"),
    ];
    for (time, expected) in rows {
        let parts = json!({"records": {"events": {"name": {"specific": "x"}, "created_on": {"column": "at"}}}});
        check(parts, [r#""u1""#, "null", "null", time, "null"], Err(&[expected]));
    }
}

#[test]
fn identities_are_text_and_somebody() {
    let by = |column: &str, extra: Value| {
        let mut identity = json!({"column": column});
        for (name, value) in extra.as_object().into_iter().flatten() {
            identity[name] = value.clone();
        }
        json!({"identity": identity})
    };
    let row = |id: &'static str, n: &'static str| [id, n, "null", "null", "null"];
    let record = |identity: &str| format!(r#"{{{identity},"type":"profile","ts":1700000000,"profileData":{{}}}}"#);
    check(
        by("n", json!({})),
        row("null", r#""42""#),
        Ok(&record(r#""identity":"42""#)),
    );
    check(
        by("id", json!({})),
        row(r#""00042""#, "null"),
        Ok(&record(r#""identity":"00042""#)),
    );
    check(
        by("id", json!({})),
        row(r#"" u1 ""#, "null"),
        Ok(&record(r#""identity":" u1 ""#)),
    );
    check(
        by("id", json!({"repairs": {"trim": true}})),
        row(r#"" u1 ""#, "null"),
        Ok(&record(r#""identity":"u1""#)),
    );
    check(
        by("id", json!({"repairs": {"country_code": "+1"}})),
        row(r#""4155551234""#, "null"),
        Ok(&record(r#""identity":"+14155551234""#)),
    );
    check(
        by("id", json!({"kind": "clevertap_id"})),
        row(r#""__abc""#, "null"),
        Ok(&record(r#""objectId":"__abc""#)),
    );
    check(
        by("id", json!({"kind": "clevertap_id"})),
        row(r#""a b""#, "null"),
        Err(&["id:526"]),
    );
    for nobody in ["null", r#""""#, r#"" ""#, r#""NULL""#, r#""n/a""#, r#""0""#] {
        check(by("id", json!({})), row(nobody, "null"), Err(&["id:523"]));
    }
    check(by("n", json!({})), row("null", r#""0""#), Err(&["n:523"]));
    check(by("n", json!({})), row("null", r#""-1""#), Err(&["n:523"]));
}

#[test]
fn everything_against_a_row_is_listed() {
    let parts = json!({
        "records": {"events": {"name": {"column": "what"}, "created_on": {"column": "at"}}},
        "properties": [
            {"column": "n", "name": "N", "type": "boolean"},
            {"column": "email", "name": "E", "type": "string", "when_null": "reject"},
        ],
    });
    check(
        parts,
        ["null", r#""7""#, r#""Stayed""#, r#""never""#, "null"],
        Err(&["id:523", "what:513", "at:525", "n:not_a_boolean", "email:null"]),
    );
}

#[test]
fn a_strict_plan_rejects_what_others_warn_of() {
    let long = format!(r#""{}""#, "x".repeat(600));
    let row = [r#""u1""#, r#""9007199254740993""#, &long, "null", "null"];
    for (strict, expected) in [(false, true), (true, false)] {
        let parts = json!({"strict": strict, "properties": [
            {"column": "what", "name": "W", "type": "string"},
            {"column": "n", "name": "N", "type": "long"},
        ]});
        let (record, notes) = map(&mapping(&plan(parts), &columns()), &row);
        assert_eq!(!record.is_empty(), expected, "strict is {strict}");
        assert_eq!(notes, ["what:text_cut", "n:integer_as_text"], "noted either way");
    }
}

#[test]
fn a_purchase_has_no_items_that_are_not_a_list() {
    let parts = json!({
        "records": {"events": {"name": {"column": "what"}}},
        "properties": [{"column": "n", "name": "Items", "type": "integer"}],
    });
    check(
        parts,
        [r#""u1""#, r#""1""#, r#""charged""#, "null", "null"],
        Err(&["what:512"]),
    );
}
