use serde_json::{Value, json};

use super::read;
use crate::ground::problem::{Code, Fact, Problem};

fn good() -> Value {
    json!({
        "version": 1, "nickname": "n", "database": "d", "account": "a", "source": {"table": "t"},
        "records": {"events": {"name": {"specific": "Sold"}}}, "identity": {"column": "id"},
        "properties": [{"column": "c", "name": "C", "type": "string"}],
    })
}

fn line(problem: &Problem) -> String {
    let fact = |fact| problem.facts().get(fact).unwrap_or("-");
    let near = match problem.code() {
        Code::PlanFieldUnknown => Fact::Name,
        _ => Fact::Suggestion,
    };
    format!("{} {} → {}", fact(Fact::Field), problem.code().as_str(), fact(near))
}

#[track_caller]
fn check(pointer: &str, value: Value, expected: &[&str]) {
    let mut plan = good();
    if let Some((parent, name)) = pointer.rsplit_once('/') {
        let parent = plan.pointer_mut(parent).expect("a parent");
        if value.is_null() {
            parent.as_object_mut().expect("an object").remove(name);
        } else {
            parent[name] = value;
        }
    }
    let faults = read(&plan.to_string()).err().unwrap_or_default();
    assert_eq!(
        faults.iter().map(line).collect::<Vec<_>>(),
        expected,
        "with {pointer} replaced"
    );
}

#[test]
fn a_good_plan_is_read_whatever_stands_before_it() {
    check("", Value::Null, &[]);
    assert!(
        read(&format!("\u{feff}{}", good())).is_ok(),
        "a byte order mark is no fault"
    );
    let plan = read(&good().to_string()).expect("a plan");
    let again = serde_json::to_string(&plan).expect("writes");
    assert_eq!(read(&again).expect("reads what it wrote"), plan, "there and back");
}

#[test]
fn misspelt_names_are_told_with_the_nearest() {
    check("/nicknam", json!("n"), &["nicknam plan_field_unknown → nickname"]);
    check(
        "/identity/colum",
        json!("n"),
        &["identity.colum plan_field_unknown → column"],
    );
    check("/weather", json!("n"), &["weather plan_field_unknown → -"]);
    check("/records", json!("profile"), &["records plan_value_unfit → profiles"]);
    check(
        "/records",
        json!({"event": {}}),
        &["records.event plan_field_unknown → events"],
    );
    check(
        "/source",
        json!({"query": "x"}),
        &["source.query plan_field_unknown → -"],
    );
    check(
        "/properties",
        json!([{"column": "c", "name": "C", "type": "strin"}]),
        &["properties.0.type plan_value_unfit → string"],
    );
    check(
        "/properties",
        json!([{"column": "c", "name": "C", "type": "date", "format": "dd/mm/yyyy", "repairs": {"trimm": true}}]),
        &[
            "properties.0.format plan_value_unfit → dd/MM/yyyy",
            "properties.0.repairs.trimm plan_field_unknown → trim",
        ],
    );
}

#[test]
fn what_is_missing_or_of_another_kind_is_named() {
    check("/nickname", Value::Null, &["nickname plan_field_missing → -"]);
    check("/version", Value::Null, &["version plan_field_missing → -"]);
    check(
        "/records/events/name",
        Value::Null,
        &["records.events.name plan_field_missing → -"],
    );
    check("/nickname", json!(7), &["nickname plan_value_unfit → -"]);
    check("/properties", json!({}), &["properties plan_value_unfit → -"]);
    check("/properties", json!(["x"]), &["properties.0 plan_value_unfit → -"]);
    check("/strict", json!("yes"), &["strict plan_value_unfit → -"]);
    check(
        "/source",
        json!({"table": "t", "sql": "s"}),
        &["source plan_value_unfit → -"],
    );
    check("/source", json!("t"), &["source plan_value_unfit → -"]);
    check("/version", json!("1"), &["version plan_value_unfit → -"]);
    check("/version", json!(1.5), &["version plan_value_unfit → -"]);
}

#[test]
fn a_plan_of_another_version_is_not_judged_by_ours() {
    let mut plan = good();
    plan["version"] = json!(2);
    plan["colour"] = json!("new");
    let faults = read(&plan.to_string()).expect_err("another version");
    assert_eq!(
        faults.iter().map(line).collect::<Vec<_>>(),
        ["version plan_version → -"],
        "that alone is said"
    );
    assert_eq!(faults[0].facts().get(Fact::Found), Some("2"), "and which it is");
}

#[test]
fn what_is_no_json_is_told_where() {
    for (text, position) in [("", "1:0"), ("{\n\"version\": 1,,", "2:14"), ("<html>", "1:1")] {
        let faults = read(text).expect_err("no plan");
        assert_eq!(faults[0].code().as_str(), "plan_not_json", "for {text:?}");
        assert_eq!(faults[0].facts().get(Fact::Position), Some(position), "for {text:?}");
    }
    for text in ["[]", "7", "\"x\"", "null"] {
        let faults = read(text).expect_err("no plan");
        assert_eq!(
            faults.iter().map(line).collect::<Vec<_>>(),
            ["plan plan_value_unfit → -"],
            "for {text:?}"
        );
    }
}

#[test]
fn the_plans_of_the_cdnow_shop_are_plans() {
    for text in [
        include_str!("../../../../tests/data/cdnow-customers.plan.json"),
        include_str!("../../../../tests/data/cdnow-purchases.plan.json"),
    ] {
        let plan = read(text).unwrap_or_else(|faults| panic!("a plan: {faults:?}"));
        assert_eq!(super::super::validate(&plan), [], "{} has no faults", plan.nickname);
    }
}
