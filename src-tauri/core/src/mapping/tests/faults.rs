//! Plans that do not fit their columns.

use serde_json::{Value, json};

use super::super::compile;
use super::{plan, schema};
use crate::ground::problem::Fact;

#[track_caller]
fn faults(parts: Value) -> Vec<(String, &'static str)> {
    let columns = schema(&[
        ("id", "STRING"),
        ("Amount", "NUMERIC"),
        ("day", "DATE"),
        ("tags", "ARRAY<STRING>"),
        ("home", "STRUCT<city STRING>"),
        ("flag", "BOOL"),
        ("hour", "TIME"),
        ("raw", "BYTES"),
        ("place", "GEOGRAPHY"),
        ("doc", "JSON"),
        ("span", "RANGE<DATE>"),
        ("age", "INTERVAL"),
        ("twin", "STRING"),
        ("TWIN", "STRING"),
    ]);
    let faults = compile(&plan(parts), &columns).err().unwrap_or_default();
    let place =
        |fault: &crate::ground::problem::Problem| fault.facts().get(Fact::Field).unwrap_or("nowhere").to_owned();
    faults
        .iter()
        .map(|fault| (place(fault), fault.code().as_str()))
        .collect()
}

#[track_caller]
fn property(column: &str, kind: &str) -> Vec<(String, &'static str)> {
    faults(json!({"properties": [{"column": column, "name": "P", "type": kind}]}))
}

#[test]
fn types_become_what_they_can_and_nothing_else() {
    let fits = [
        ("id", "string integer long float boolean"),
        ("amount", "string integer long float"),
        ("day", "string date"),
        ("tags", "string multi_value"),
        ("home", "string"),
        ("flag", "string boolean"),
        ("hour", "string"),
        ("raw", "string"),
        ("place", "string"),
        ("doc", "string"),
        ("span", "string"),
        ("age", "string"),
    ];
    for (column, kinds) in fits {
        for kind in ["string", "integer", "long", "float", "boolean", "date", "multi_value"] {
            let expected = if kinds.split(' ').any(|fit| fit == kind) {
                vec![]
            } else if kind == "date" && (column == "id" || column == "amount") {
                vec![("properties.0.format".to_owned(), "date_format_missing")]
            } else {
                vec![("properties.0.type".to_owned(), "type_unfit")]
            };
            assert_eq!(property(column, kind), expected, "{column} as {kind}");
        }
    }
}

#[test]
fn columns_are_found_in_any_case_and_never_guessed() {
    assert_eq!(property("AMOUNT", "float"), [], "BigQuery ignores case");
    assert_eq!(
        property("amont", "float"),
        [("properties.0.column".to_owned(), "column_unknown")],
        "a slip is no column"
    );
    assert_eq!(
        property("", "float"),
        [("properties.0.column".to_owned(), "field_empty")],
        "said once"
    );
    assert_eq!(
        property("twin", "string"),
        [("properties.0.column".to_owned(), "column_ambiguous")],
        "which of the two?"
    );
    let unknown = compile(
        &plan(json!({"identity": {"column": "idd"}})),
        &schema(&[("id", "STRING")]),
    )
    .expect_err("unknown");
    assert_eq!(
        unknown[0].facts().get(Fact::Suggestion),
        Some("id"),
        "the nearest name is offered"
    );
}

#[test]
fn identity_and_times_need_columns_of_their_kind() {
    let at = |field: &str, code: &'static str| vec![(field.to_owned(), code)];
    for column in ["tags", "home", "flag", "day", "doc", "raw"] {
        let found = faults(json!({"identity": {"column": column}}));
        assert_eq!(
            found,
            at("identity.column", "column_type_unfit"),
            "{column} as identity"
        );
    }
    let updated = |time: Value| faults(json!({"updated_on": time}));
    assert_eq!(updated(json!({"column": "day"})), [], "a date");
    assert_eq!(
        updated(json!({"column": "amount", "format": "epoch_seconds"})),
        [],
        "a number with its unit"
    );
    assert_eq!(
        updated(json!({"column": "amount"})),
        at("updated_on.format", "date_format_missing"),
        "which unit?"
    );
    assert_eq!(
        updated(json!({"column": "amount", "format": "dd/MM/yyyy"})),
        at("updated_on.format", "date_format_unfit"),
        "a number is no text"
    );
    for column in ["id", "flag", "tags", "hour"] {
        assert_eq!(
            updated(json!({"column": column})),
            at("updated_on.column", "column_type_unfit"),
            "{column}"
        );
    }
    let created = |time: Value| faults(json!({"records": {"events": {"name": {"specific": "x"}, "created_on": time}}}));
    assert_eq!(created(json!({"column": "day"})), [], "a date");
    assert_eq!(
        created(json!({"column": "id", "format": "iso8601"})),
        [],
        "a text with its format"
    );
    assert_eq!(
        created(json!({"column": "id"})),
        at("records.events.created_on.format", "date_format_missing"),
        "no format"
    );
    assert_eq!(
        created(json!({"column": "flag"})),
        at("records.events.created_on.column", "column_type_unfit"),
        "no time"
    );
    let named = |column: &str| faults(json!({"records": {"events": {"name": {"column": column}}}}));
    assert_eq!(named("id"), [], "text names events");
    assert_eq!(
        named("amount"),
        at("records.events.name.column", "column_type_unfit"),
        "numbers do not"
    );
}

#[test]
fn faults_of_all_kinds_come_together() {
    let found = faults(json!({
        "identity": {"column": "nobody"},
        "properties": [
            {"column": "id", "name": "a.b", "type": "string"},
            {"column": "home", "name": "Home", "type": "float"},
            {"column": "id", "name": "Home", "type": "date"},
        ],
    }));
    let mut found: Vec<_> = found.iter().map(|(place, code)| format!("{place} {code}")).collect();
    found.sort();
    assert_eq!(
        found,
        [
            "identity.column column_unknown",
            "properties.0.name name_forbidden",
            "properties.1.type type_unfit",
            "properties.2.format date_format_missing",
            "properties.2.name property_twice",
        ],
        "one pass tells everything"
    );
}
