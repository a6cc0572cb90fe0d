//! Finds the answer in what stands around it where somebody pasted more than a body: the head that `curl -i` prints, a line of
//! a log, a client library's exception. What is found are Google's and CleverTap's own words; where nothing is found, the text
//! is judged as it stands.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::pasted::Call;
use super::sentence;
use crate::ground::net::told;

/// The answer, without what stood around it.
#[derive(Debug, Default)]
pub(super) struct Unwrapped {
    /// Where the text says it.
    pub status: Option<u16>,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// No answer is looked for in a longer text: an error is short.
const LONGEST: usize = 1024 * 1024;
/// Braces at which a text may begin to be JSON.
const MOST_STARTS: usize = 200;
/// How deep an error may lie in what a client or a log put around it.
const DEEPEST: usize = 6;

pub(super) fn unwrap(call: Call, status: Option<u16>, pasted: &[u8]) -> Unwrapped {
    let whole = |body: &[u8]| Unwrapped {
        status,
        body: body.to_vec(),
        ..Unwrapped::default()
    };
    let Some(text) = std::str::from_utf8(pasted).ok().filter(|text| text.len() <= LONGEST) else {
        return whole(pasted);
    };
    let mut found = Unwrapped::default();
    let mut rest = text;
    if let Some((status, headers, body)) = told::wire(text) {
        (found.status, found.headers, rest) = (Some(status), headers, body);
    }
    let status = status.or(found.status);
    let is_success = status.is_some_and(|status| (200..300).contains(&status));
    let error = if is_success {
        success(call, rest)
    } else {
        error(call, status, rest)
    };
    let whole = || serde_json::from_str::<Value>(rest.trim()).ok();
    found.status = status.or_else(|| named_status(&error.clone().or_else(whole)?));
    found.body = error.map_or_else(|| rest.as_bytes().to_vec(), |error| error.to_string().into_bytes());
    found
}

/// JSON behind other words, where the text is none as a whole.
fn success(call: Call, text: &str) -> Option<Value> {
    if serde_json::from_str::<Value>(text.trim()).is_ok() {
        return None;
    }
    let mut found = values(text);
    if call == Call::Upload {
        return found.find_map(|value| own(call, &value, 0));
    }
    found.find(|value| value.as_object().is_some_and(|object| !object.is_empty()))
}

/// The error in the text. Nothing where the text as it stands is one.
fn error(call: Call, status: Option<u16>, text: &str) -> Option<Value> {
    match serde_json::from_str::<Value>(text.trim()) {
        Ok(value) => return own(call, &value, 0).filter(|error| *error != value),
        // An answer that broke off is judged as that, whatever is whole within it: so does a run.
        Err(error) if error.is_eof() && text.trim_start().starts_with(['{', '[']) => return None,
        Err(_) => {}
    }
    // Within a quoted text line ends and quotes are written out.
    let plain = text.replace("\\n", "\n").replace("\\t", " ").replace("\\\"", "\"");
    let in_json = values(text)
        .chain(values(&plain))
        .find_map(|value| own(call, &value, 0));
    in_json.or_else(|| sentence::error(call, status, text))
}

/// What is JSON in the text, from each brace on.
fn values(text: &str) -> impl Iterator<Item = Value> + '_ {
    let starts = text.match_indices(['{', '[']).take(MOST_STARTS);
    starts.filter_map(|(at, _)| {
        let mut from = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>();
        from.next()?.ok().filter(|value| value.is_object() || value.is_array())
    })
}

/// The error as its maker writes it, wherever in the value it lies.
fn own(call: Call, value: &Value, depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    let within = |value: &Value| own(call, value, depth + 1);
    match value {
        Value::Object(object) => {
            let found = match call {
                Call::Upload => is_clevertaps(value).then(|| value.clone()),
                _ => googles(value),
            };
            found.or_else(|| object.values().find_map(within))
        }
        Value::Array(list) => list.iter().find_map(within),
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            within(&serde_json::from_str(text.trim()).ok()?)
        }
        _ => None,
    }
}

fn is_clevertaps(value: &Value) -> bool {
    let status = value.get("status").and_then(Value::as_str);
    status.is_some_and(|status| ["success", "partial", "fail"].contains(&status))
        && ["processed", "unprocessed", "error"]
            .iter()
            .any(|name| value.get(*name).is_some())
}

/// `{"error": {…}}`; the token endpoint's `{"error": "invalid_grant", …}`; and the bare object that Google's clients print, which
/// BigQuery's page on quotas shows too.
fn googles(value: &Value) -> Option<Value> {
    let says = |value: &Value| {
        let text = |name: &str| value.get(name).is_some_and(Value::is_string);
        text("message") && (text("reason") || text("status") || value.get("errors").is_some() || code(value).is_some())
    };
    match value.get("error") {
        Some(error) if says(error) => return Some(json!({"error": error})),
        Some(Value::String(error)) if is_oauth(error) => return Some(value.clone()),
        _ => {}
    }
    if let Some(error) = value.pointer("/status/errorResult").filter(|error| says(error)) {
        return Some(json!({"error": error}));
    }
    says(value).then(|| json!({"error": value}))
}

/// OAuth's codes are words in small letters.
fn is_oauth(error: &str) -> bool {
    !error.is_empty() && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

fn code(error: &Value) -> Option<u16> {
    let code = error.get("code")?.as_u64()?.try_into().ok()?;
    (400..600).contains(&code).then_some(code)
}

fn named_status(error: &Value) -> Option<u16> {
    code(error.get("error").unwrap_or(error)).or_else(|| code(error))
}
