//! What a profile looks like after the records about it: properties set, and the multi-value and number operations.

use serde_json::{Map, Number, Value};

/// A multi-value property keeps at most this many; the oldest go first.
const MOST_VALUES: usize = 100;

/// Applies one record's `profileData` to what is known of the profile.
pub(crate) fn merge(profile: &mut Map<String, Value>, data: &Map<String, Value>) {
    for (key, given) in data {
        match operation(given) {
            Some((operator, operand)) => operate(profile, key, operator, operand),
            None if given.is_null() => {}
            None => {
                profile.insert(key.clone(), given.clone());
            }
        }
    }
}

fn operation(given: &Value) -> Option<(&str, &Value)> {
    let (operator, operand) = given.as_object()?.iter().next()?;
    operator.starts_with('$').then_some((operator.as_str(), operand))
}

fn operate(profile: &mut Map<String, Value>, key: &str, operator: &str, operand: &Value) {
    match operator {
        "$set" => keep(profile, key, distinct(listed(operand))),
        "$add" => {
            let mut values = profile.get(key).map(listed).unwrap_or_default();
            values.extend(listed(operand));
            keep(profile, key, distinct(values));
        }
        "$remove" => {
            let gone = listed(operand);
            let values = profile.get(key).map(listed).unwrap_or_default();
            keep(
                profile,
                key,
                values.into_iter().filter(|value| !gone.contains(value)).collect(),
            );
        }
        "$incr" | "$decr" => {
            let now = profile.get(key).and_then(Value::as_f64).unwrap_or_default();
            let by = operand.as_f64().unwrap_or_default();
            profile.insert(
                key.to_owned(),
                number(if operator == "$incr" { now + by } else { now - by }),
            );
        }
        "$delete" => {
            profile.remove(key);
        }
        _ => {}
    }
}

fn listed(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

fn distinct(values: Vec<Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept.split_off(kept.len().saturating_sub(MOST_VALUES))
}

fn keep(profile: &mut Map<String, Value>, key: &str, values: Vec<Value>) {
    if values.is_empty() {
        profile.remove(key);
    } else {
        profile.insert(key.to_owned(), Value::Array(values));
    }
}

#[allow(clippy::cast_possible_truncation, reason = "whole and small enough, as just tested")]
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return Value::Number((value as i64).into());
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::merge;

    fn after(records: &[Value]) -> Value {
        let mut profile = Map::new();
        for record in records {
            merge(&mut profile, record.as_object().expect("a record's profileData"));
        }
        Value::Object(profile)
    }

    #[test]
    fn operations_change_what_is_there() {
        for (records, want) in [
            (
                vec![json!({"A": 1, "B": "x"}), json!({"A": 2})],
                json!({"A": 2, "B": "x"}),
            ),
            (vec![json!({"A": "x"}), json!({"A": null})], json!({"A": "x"})),
            (
                vec![json!({"C": "red"}), json!({"C": {"$add": ["blue", "red"]}})],
                json!({"C": ["red", "blue"]}),
            ),
            (
                vec![
                    json!({"C": {"$set": ["a", "b"]}}),
                    json!({"C": {"$remove": ["a", "b"]}}),
                ],
                json!({}),
            ),
            (
                vec![
                    json!({"N": 5}),
                    json!({"N": {"$incr": 10}}),
                    json!({"N": {"$decr": 2.5}}),
                ],
                json!({"N": 12.5}),
            ),
            (vec![json!({"Name": "J"}), json!({"Name": {"$delete": 1}})], json!({})),
        ] {
            assert_eq!(after(&records), want, "after {records:?}");
        }
    }

    #[test]
    fn the_oldest_of_more_than_a_hundred_values_go() {
        let many: Vec<_> = (0..101).map(|n| n.to_string()).collect();
        let profile = after(&[json!({"C": {"$set": many}})]);
        let kept = profile["C"].as_array().expect("a list");
        assert_eq!(
            (kept.len(), kept[0].as_str()),
            (100, Some("1")),
            "the first one gave way"
        );
    }
}
