//! What CleverTap takes and then cuts or drops without a word, found in the call itself: an answer says success.
//! <https://docs.clevertap.com/docs/error-stream>, <https://docs.clevertap.com/docs/platform-considerations>.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::record::event_limit;
use super::rules::limits::{EVENT_PROPERTIES, MULTI_VALUES, NAME_BYTES, VALUE_BYTES};
use super::rules::names::{NameRefusal, check_property};
use crate::ground::problem::{Code, Fact, Problem};

/// Properties that an event may have in every account.
const SURE_EVENT_PROPERTIES: usize = 100;
/// Depth of objects within a record, where an account may send them at all.
const DEPTH: usize = 3;

/// Everything in a call that CleverTap will cut or drop, each once, by property. `sent` is the call's body.
pub fn of_call(sent: &[u8]) -> Vec<Problem> {
    let Ok(call) = serde_json::from_slice::<Value>(sent) else {
        return Vec::new();
    };
    let mut found = BTreeMap::new();
    for record in call.get("d").and_then(Value::as_array).into_iter().flatten() {
        let event = record.get("evtName").and_then(Value::as_str);
        if let Some(name) = event {
            note_name(&mut found, name);
        }
        for data in ["profileData", "evtData"] {
            if let Some(fields) = record.get(data).and_then(Value::as_object) {
                note(&mut found, fields, event);
            }
        }
    }
    found
        .into_iter()
        .map(|((code, name), count)| problem(code, &name, count))
        .collect()
}

/// How many records have it, by what it is and where.
type Found = BTreeMap<(Code, String), u64>;

fn note(found: &mut Found, fields: &Map<String, Value>, event: Option<&str>) {
    if let Some(event) = event.filter(|_| fields.len() > SURE_EVENT_PROPERTIES && fields.len() <= EVENT_PROPERTIES) {
        count(found, Code::CleverTapPropertiesDropped, event);
    }
    for (name, value) in fields {
        note_name(found, name);
        if longer(value) {
            count(found, Code::CleverTapValueCut, name);
        }
        if texts(value).is_some_and(|texts| texts.len() > MULTI_VALUES) {
            count(found, Code::CleverTapListCut, name);
        }
        if depth(value) > DEPTH {
            count(found, Code::CleverTapNestedDropped, name);
        }
    }
}

fn note_name(found: &mut Found, name: &str) {
    match check_property(name) {
        Err(NameRefusal::Forbidden(_)) => count(found, Code::CleverTapNameDropped, name),
        Err(NameRefusal::TooLong) => count(found, Code::CleverTapNameCut, name),
        _ => {}
    }
}

fn count(found: &mut Found, code: Code, name: &str) {
    *found.entry((code, name.to_owned())).or_default() += 1;
}

/// The texts of a list, plain or within an operator.
fn texts(value: &Value) -> Option<&Vec<Value>> {
    match value {
        Value::Array(items) => Some(items),
        Value::Object(fields) => ["$set", "$add", "$remove"]
            .iter()
            .find_map(|operator| fields.get(*operator)?.as_array()),
        _ => None,
    }
}

fn longer(value: &Value) -> bool {
    let long = |value: &Value| value.as_str().is_some_and(|text| text.len() > VALUE_BYTES);
    long(value) || texts(value).is_some_and(|texts| texts.iter().any(long))
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Value::Array(items) => items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn problem(code: Code, name: &str, count: u64) -> Problem {
    let (fact, limit) = match code {
        Code::CleverTapValueCut => (Fact::Property, format!("{VALUE_BYTES} bytes")),
        Code::CleverTapListCut => (Fact::Property, format!("{MULTI_VALUES} texts")),
        Code::CleverTapPropertiesDropped => (Fact::Event, event_limit()),
        Code::CleverTapNestedDropped => (Fact::Property, format!("{DEPTH} levels")),
        _ => (Fact::Property, format!("{NAME_BYTES} bytes")),
    };
    let forbidden = match check_property(name) {
        Err(NameRefusal::Forbidden(c)) if code == Code::CleverTapNameDropped => Some(c.to_string()),
        _ => None,
    };
    Problem::new(code)
        .with(fact, name)
        .with(Fact::Limit, limit)
        .with(Fact::Count, count.to_string())
        .with_some(Fact::Found, forbidden)
}

#[cfg(test)]
mod tests {
    use super::of_call;
    use crate::ground::problem::{Code, Fact};
    use serde_json::json;

    #[test]
    fn what_is_cut_or_dropped_is_named_once_with_its_limit() {
        let long = "x".repeat(513);
        let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
        let wide: serde_json::Map<String, serde_json::Value> = (0..101).map(|n| (format!("p{n}"), json!(n))).collect();
        let call = json!({"d": [
            {"identity": "a", "type": "profile", "profileData": {"Bio": long, "Tags": {"$set": many}, "a.b": 1, "Name": "short"}},
            {"identity": "b", "type": "profile", "profileData": {"Bio": long, "Deep": {"a": {"b": {"c": {"d": 1}}}}}},
            {"identity": "b", "type": "event", "evtName": "Wide", "evtData": wide},
            {"identity": "b", "type": "event", "evtName": "n".repeat(121), "evtData": {}},
        ]});
        let found = of_call(call.to_string().as_bytes());
        let told: Vec<(Code, &str, &str)> = found
            .iter()
            .map(|problem| {
                let facts = problem.facts();
                let name = facts.get(Fact::Property).or(facts.get(Fact::Event)).unwrap_or_default();
                (
                    problem.code(),
                    &name[..name.len().min(4)],
                    facts.get(Fact::Count).unwrap_or_default(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (Code::CleverTapValueCut, "Bio", "2"),
                (Code::CleverTapListCut, "Tags", "1"),
                (Code::CleverTapNameDropped, "a.b", "1"),
                (Code::CleverTapNameCut, "nnnn", "1"),
                (Code::CleverTapPropertiesDropped, "Wide", "1"),
                (Code::CleverTapNestedDropped, "Deep", "1"),
            ],
            "each by its own code"
        );
        assert!(of_call(b"{").is_empty(), "what is no call has nothing to cut");
    }
}
