//! Reads a plan that somebody wrote. What does not fit is named with its place and the nearest name that would.
//!
//! The plan's own JSON Schema is the list of what fits, so that the published schema and these words cannot differ.

use serde_json::{Map, Value};

use super::fault::{at, nearest};
use super::plan::Plan;
use super::validate::version_fault;
use crate::ground::problem::{Code, Fact, Problem};

/// The plan in this text, or everything that keeps it from being one. Whether it can run is for [`super::validate()`] to say.
pub fn read(text: &str) -> Result<Plan, Vec<Problem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value: Value = serde_json::from_str(text).map_err(|error| {
        vec![Problem::new(Code::PlanNotJson).with(Fact::Position, format!("{}:{}", error.line(), error.column()))]
    })?;
    // A plan of another version may have other fields: they are not its faults.
    match value.get("version").map(Value::as_u64) {
        Some(Some(version)) if version != u64::from(Plan::VERSION) => {
            return Err(vec![version_fault(&version.to_string())]);
        }
        _ => {}
    }
    let schema = schemars::schema_for!(Plan).to_value();
    let mut faults = Vec::new();
    Walk {
        root: &schema,
        faults: &mut faults,
    }
    .value(&schema, &value, "");
    if !faults.is_empty() {
        return Err(faults);
    }
    serde_json::from_value(value)
        .map_err(|error| vec![at("plan", Code::PlanValueUnfit).with(Fact::Found, error.to_string())])
}

struct Walk<'s> {
    root: &'s Value,
    faults: &'s mut Vec<Problem>,
}

impl<'s> Walk<'s> {
    fn value(&mut self, schema: &'s Value, value: &Value, place: &str) {
        let schema = self.resolved(schema);
        if let Some(options) = schema["anyOf"].as_array() {
            if !value.is_null() {
                let other = options.iter().find(|option| option["type"] != "null");
                self.value(other.unwrap_or(schema), value, place);
            }
        } else if let Some(options) = schema["oneOf"].as_array() {
            self.choice(options, value, place);
        } else if !fits(&schema["type"], value) {
            let expected = kinds(&schema["type"]);
            self.unfit(place, value, &expected, None);
        } else if let Some(members) = value.as_object() {
            self.members(schema, members, place);
        } else if let Some(items) = value.as_array() {
            for (number, item) in items.iter().enumerate() {
                self.value(&schema["items"], item, &inside(place, &number.to_string()));
            }
        }
    }

    fn members(&mut self, schema: &'s Value, members: &Map<String, Value>, place: &str) {
        let empty = Map::new();
        let known = schema["properties"].as_object().unwrap_or(&empty);
        for (name, value) in members {
            match schema["properties"].get(name) {
                Some(schema) => self.value(schema, value, &inside(place, name)),
                None => self.unknown(name, known.keys().map(String::as_str), place),
            }
        }
        for name in schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if !members.contains_key(name) {
                self.faults
                    .push(at(inside(place, name), Code::PlanFieldMissing).with(Fact::Name, name));
            }
        }
    }

    /// One of some words, or an object with one of some members.
    fn choice(&mut self, options: &'s [Value], value: &Value, place: &str) {
        let words: Vec<&str> = options.iter().flat_map(words).collect();
        let objects = || options.iter().filter_map(|option| option["properties"].as_object());
        let names: Vec<&str> = objects()
            .flat_map(|members| members.keys().map(String::as_str))
            .collect();
        match value {
            Value::String(word) if words.contains(&word.as_str()) => {}
            Value::Object(members) if !names.is_empty() && members.len() == 1 => {
                for (name, value) in members {
                    match objects().find_map(|known| known.get(name)) {
                        Some(schema) => self.value(schema, value, &inside(place, name)),
                        None => self.unknown(name, names.iter().copied(), place),
                    }
                }
            }
            _ => {
                let mut expected = words.join(", ");
                if !names.is_empty() {
                    let or = if expected.is_empty() { "" } else { ", or " };
                    expected = format!("{expected}{or}an object with {}", names.join(" or "));
                }
                let near = value.as_str().and_then(|word| nearest(word, words.iter().copied()));
                self.unfit(place, value, &expected, near);
            }
        }
    }

    fn unknown<'n>(&mut self, name: &str, known: impl Iterator<Item = &'n str> + Clone, place: &str) {
        let fault = at(inside(place, name), Code::PlanFieldUnknown)
            .with(Fact::Found, name)
            .with(Fact::Expected, known.clone().collect::<Vec<_>>().join(", "))
            // Not as a suggestion: those are values for a field, and this is a field's name.
            .with_some(Fact::Name, nearest(name, known));
        self.faults.push(fault);
    }

    fn unfit(&mut self, place: &str, value: &Value, expected: &str, near: Option<&str>) {
        let place = if place.is_empty() { "plan" } else { place };
        let fault = at(place, Code::PlanValueUnfit)
            .with(Fact::Found, shown(value))
            .with(Fact::Expected, expected)
            .with_some(Fact::Suggestion, near);
        self.faults.push(fault);
    }

    fn resolved(&self, schema: &'s Value) -> &'s Value {
        let name = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/"));
        name.map_or(schema, |name| &self.root["$defs"][name])
    }
}

fn inside(place: &str, name: &str) -> String {
    if place.is_empty() {
        name.to_owned()
    } else {
        format!("{place}.{name}")
    }
}

fn words(option: &Value) -> Vec<&str> {
    let listed = option["enum"].as_array().into_iter().flatten();
    listed.chain([&option["const"]]).filter_map(Value::as_str).collect()
}

fn type_names(types: &Value) -> Vec<&str> {
    match types {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

fn fits(types: &Value, value: &Value) -> bool {
    type_names(types).iter().any(|name| match *name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_u64().is_some_and(|number| u32::try_from(number).is_ok()),
        _ => value.is_null(),
    })
}

fn kinds(types: &Value) -> String {
    let kind = |name: &&str| match *name {
        "object" => "an object",
        "array" => "a list",
        "string" => "a text",
        "boolean" => "true or false",
        "integer" => "a whole number",
        _ => "null",
    };
    type_names(types).iter().map(kind).collect::<Vec<_>>().join(" or ")
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Object(members) if members.is_empty() => "an empty object".to_owned(),
        Value::Object(members) => format!(
            "an object with {}",
            members.keys().cloned().collect::<Vec<_>>().join(", ")
        ),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) => format!("\"{}\"", text.chars().take(60).collect::<String>()),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
