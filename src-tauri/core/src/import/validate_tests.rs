use serde_json::{Value, json};

use super::super::plan::Plan;
use super::validate;
use crate::ground::problem::Fact;

fn good() -> Value {
    json!({
        "version": 1,
        "nickname": "CDNOW customers",
        "database": "CDNOW",
        "account": "CDNOW shop",
        "source": {"table": "customers"},
        "records": "profiles",
        "identity": {"column": "customer_id"},
        "properties": [
            {"column": "email", "name": "Email", "type": "string"},
            {"column": "dollars", "name": "Dollars", "type": "float"},
        ],
    })
}

fn events() -> Value {
    let mut plan = good();
    plan["records"] = json!({"events": {"name": {"specific": "CD Purchased"}}});
    plan
}

/// The plan with the value at this JSON pointer replaced.
fn with(mut plan: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = plan.pointer_mut(parent).expect("a parent");
    match parent {
        Value::Array(list) => list[key.parse::<usize>().expect("a place")] = value,
        _ => parent[key] = value,
    }
    plan
}

#[track_caller]
fn faults(plan: Value) -> Vec<(String, String)> {
    let plan: Plan = serde_json::from_value(plan).expect("the shape of a plan");
    validate(&plan)
        .iter()
        .map(|problem| {
            let field = problem.facts().get(Fact::Field).unwrap_or("nowhere");
            (field.to_owned(), problem.code().as_str().to_owned())
        })
        .collect()
}

#[track_caller]
fn check(plan: Value, field: &str, code: &str) {
    assert_eq!(
        faults(plan),
        [(field.to_owned(), code.to_owned())],
        "one fault, at its place"
    );
}

#[test]
fn a_good_plan_has_no_faults() {
    assert_eq!(faults(good()), [], "profiles");
    assert_eq!(faults(events()), [], "events");
}

#[test]
fn each_fault_names_its_place() {
    let property = |name: &str, kind: &str| json!({"column": "c", "name": name, "type": kind});
    let rows = [
        ("/version", json!(2), "version", "plan_version"),
        ("/nickname", json!("  "), "nickname", "field_empty"),
        ("/database", json!(""), "database", "field_empty"),
        ("/account", json!(""), "account", "field_empty"),
        ("/source", json!({"table": "a.b"}), "source.table", "table_id_invalid"),
        ("/source", json!({"table": ""}), "source.table", "field_empty"),
        ("/source", json!({"sql": " ; "}), "source.sql", "field_empty"),
        ("/identity", json!({"column": ""}), "identity.column", "field_empty"),
        (
            "/identity",
            json!({"column": "c", "repairs": {"country_code": "44"}}),
            "identity.repairs.country_code",
            "country_code_unread",
        ),
        (
            "/updated_on",
            json!({"column": "c", "zone": "Europe/Pariss"}),
            "updated_on.zone",
            "zone_unknown",
        ),
        (
            "/properties/1",
            property("", "string"),
            "properties.1.name",
            "field_empty",
        ),
        (
            "/properties/1",
            property("a.b", "string"),
            "properties.1.name",
            "name_forbidden",
        ),
        (
            "/properties/1",
            property("a ", "string"),
            "properties.1.name",
            "name_padded",
        ),
        (
            "/properties/1",
            property(&"a".repeat(121), "string"),
            "properties.1.name",
            "name_too_long",
        ),
        (
            "/properties/1",
            property("Email", "string"),
            "properties.1.name",
            "property_twice",
        ),
        (
            "/properties/1",
            property("Phone", "long"),
            "properties.1.type",
            "property_type_unfit",
        ),
        (
            "/properties/1",
            property("DOB", "string"),
            "properties.1.type",
            "property_type_unfit",
        ),
        (
            "/properties/1",
            property("Identity", "string"),
            "properties.1.name",
            "identity_twice",
        ),
        (
            "/properties/1",
            property("category-unsubscribe", "string"),
            "properties.1.name",
            "property_unfit",
        ),
        (
            "/properties/1",
            json!({"column": "c", "name": "n", "type": "integer", "repairs": {"country_code": "+44"}}),
            "properties.1.repairs.country_code",
            "country_code_unfit",
        ),
        (
            "/properties/1",
            json!({"column": "c", "name": "n", "type": "date", "repairs": {"zone": "Mars"}}),
            "properties.1.repairs.zone",
            "zone_unknown",
        ),
    ];
    for (pointer, value, field, code) in rows {
        check(with(good(), pointer, value), field, code);
    }
}

#[test]
fn events_have_rules_of_their_own() {
    let name = |name: &str| with(events(), "/records/events/name", json!({"specific": name}));
    check(name("app launched"), "records.events.name.specific", "event_reserved");
    check(
        name("Web  PageViewed"),
        "records.events.name.specific",
        "event_reserved",
    );
    check(name("50% off"), "records.events.name.specific", "name_forbidden");
    check(name(""), "records.events.name.specific", "field_empty");
    check(
        with(events(), "/records/events/name", json!({"column": ""})),
        "records.events.name.column",
        "field_empty",
    );
    check(
        with(
            events(),
            "/records/events/created_on",
            json!({"column": "c", "zone": "UTC+1"}),
        ),
        "records.events.created_on.zone",
        "zone_unknown",
    );
    let list = json!({"column": "c", "name": "Tags", "type": "multi_value"});
    check(
        with(events(), "/properties/1", list),
        "properties.1.type",
        "multi_value_in_event",
    );
    let items = json!({"column": "c", "name": "Items", "type": "string"});
    check(
        with(name("charged"), "/properties/1", items),
        "properties.1.name",
        "property_unfit",
    );
    let email = json!({"column": "c", "name": "Email", "type": "long"});
    let event = with(events(), "/properties/0", email);
    assert_eq!(faults(event), [], "an event's Email is a property like any other");
}

#[test]
fn a_clevertap_id_may_stand_beside_an_identity() {
    let plan = with(good(), "/identity/kind", json!("clevertap_id"));
    let own = json!({"column": "c", "name": "Identity", "type": "string"});
    assert_eq!(
        faults(with(plan, "/properties/1", own)),
        [],
        "it gives an anonymous profile its identity"
    );
}

#[test]
fn properties_are_counted() {
    let properties = |count: usize| -> Value {
        (0..count)
            .map(|n| json!({"column": "c", "name": format!("p{n}"), "type": "string"}))
            .collect()
    };
    for plan in [good(), events()] {
        assert_eq!(
            faults(with(plan.clone(), "/properties", properties(256))),
            [],
            "256 fit"
        );
        check(
            with(plan, "/properties", properties(257)),
            "properties",
            "too_many_properties",
        );
    }
}

#[test]
fn all_faults_are_listed_at_once_with_what_would_mend_them() {
    let plan = with(
        with(good(), "/nickname", json!("")),
        "/properties/0/name",
        json!("pay.plan"),
    );
    let plan: Plan = serde_json::from_value(plan).expect("a plan");
    let problems = validate(&plan);
    assert_eq!(problems.len(), 2, "both faults: {problems:?}");
    assert_eq!(
        problems[1].facts().get(Fact::Suggestion),
        Some("pay plan"),
        "a name that would do"
    );
}

#[test]
fn each_way_to_import_says_what_it_needs() {
    let newer = with(good(), "/rows", json!({"new_and_updated": {}}));
    check(newer.clone(), "updated_on.column", "updated_on_missing");
    let dated = with(newer, "/updated_on", json!({"column": "changed"}));
    assert_eq!(faults(dated.clone()), [], "Updated On is all that it needs");
    let long = with(dated, "/rows/new_and_updated/overlap_minutes", json!(43_201));
    check(long, "rows.new_and_updated.overlap_minutes", "overlap_too_long");
    let changed = with(good(), "/rows", json!("changed"));
    assert_eq!(faults(changed.clone()), [], "Changed rows needs no column");
    check(
        with(changed, "/result_table", json!("never")),
        "result_table",
        "changed_needs_tables",
    );
}

#[test]
fn an_event_key_names_each_column_once() {
    let key = |columns: Value| with(events(), "/records/events/key", columns);
    assert_eq!(faults(key(json!(["order", "line"]))), [], "two columns");
    check(
        key(json!(["order", "Order"])),
        "records.events.key.1",
        "key_column_twice",
    );
    check(key(json!(["order", " "])), "records.events.key.1", "field_empty");
}
