//! Takes people's data out of what came back: an answer may echo records, and a refusal is kept for longer than they are.

use std::collections::BTreeSet;

use serde_json::Value;

/// What stands for a value that was taken out.
const GONE: &str = "…";

/// Values shorter than this are no names of anybody, and would be found in any sentence.
const SHORTEST: usize = 4;

/// The answer without the records that it echoes, at most so many bytes of it.
pub(super) fn without_echoes(body: &[u8], most: usize) -> String {
    let mut text = match serde_json::from_slice::<Value>(body) {
        Ok(mut json) => {
            forget_echoes(&mut json);
            json.to_string()
        }
        Err(_) => String::from_utf8_lossy(&body[..body.len().min(most)]).into_owned(),
    };
    if text.len() > most {
        let mut end = most;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}

fn forget_echoes(json: &mut Value) {
    match json {
        Value::Object(fields) => {
            for (name, value) in fields {
                if ["record", "d", "profileData", "evtData"].contains(&name.as_str()) {
                    *value = Value::String(GONE.to_owned());
                } else {
                    forget_echoes(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(forget_echoes),
        _ => {}
    }
}

/// The first line that says anything, at a readable length.
pub(super) fn first_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().filter(|c| !c.is_control()).take(200).collect())
}

/// The text without any value of the call that was sent. For failures alone: it reads the whole call.
pub(super) fn without_values(text: &str, sent: &[u8]) -> String {
    let Ok(json) = serde_json::from_slice::<Value>(sent) else {
        return text.to_owned();
    };
    let mut values = BTreeSet::new();
    gather(&json, &mut values);
    // Longest first: a value may stand within another.
    let mut values: Vec<String> = values
        .into_iter()
        .filter(|value| text.contains(value.as_str()))
        .collect();
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values.iter().fold(text.to_owned(), |text, value| blotted(&text, value))
}

fn gather(json: &Value, values: &mut BTreeSet<String>) {
    let mut keep = |value: &str| {
        if value.len() >= SHORTEST {
            values.insert(value.to_owned());
        }
    };
    match json {
        Value::String(text) => {
            keep(text);
            // CleverTap echoes a phone number as a number.
            keep(text.trim_start_matches('+'));
        }
        Value::Number(number) => keep(&number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| gather(item, values)),
        Value::Object(fields) => {
            for (name, value) in fields {
                // `profile` and `event` are CleverTap's words, not a person's.
                if name != "type" {
                    gather(value, values);
                }
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Takes the value out wherever it stands by itself, not within a longer word.
fn blotted(text: &str, value: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(value) {
        let end = at + value.len();
        let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let before = rest[..at].chars().next_back().or_else(|| left.chars().next_back());
        left.push_str(&rest[..at]);
        let within = joins(before) && value.starts_with(char::is_alphanumeric)
            || joins(rest[end..].chars().next()) && value.ends_with(char::is_alphanumeric);
        left.push_str(if within { value } else { GONE });
        rest = &rest[end..];
    }
    left.push_str(rest);
    left
}

#[cfg(test)]
mod tests {
    use super::{first_line, without_echoes, without_values};

    const SENT: &str = r#"{"d":[{"type":"profile","identity":"ann-7","profileData":{"Email":"ann@example.com","Phone":"+35922333232","Plan":"Gold","Age":"41"}}]}"#;

    #[test]
    fn echoed_records_are_left_out_and_the_rest_stays() {
        let body = br#"{"status":"fail","error":"Malformed request","code":400,"unprocessed":[{"code":515,"error":"x","record":{"identity":"ann-7"}}]}"#;
        let text = without_echoes(body, 1_000);
        assert!(
            text.contains("Malformed request") && text.contains("515"),
            "CleverTap's words stay: {text}"
        );
        assert!(!text.contains("ann-7"), "nobody's record stays: {text}");
        assert_eq!(
            without_echoes("zürich".as_bytes(), 2),
            "z",
            "a letter is kept whole or not at all"
        );
        assert_eq!(
            without_echoes(br#"{"a":"zzzz"}"#, 5),
            r#"{"a":"#,
            "and a long answer is cut"
        );
    }

    #[test]
    fn no_value_of_the_call_stays_in_what_is_kept() {
        let rows = [
            (
                r#"Unexpected token near "ann@example.com" in Email"#,
                r#"Unexpected token near "…" in Email"#,
            ),
            ("Phone 35922333232 of ann-7", "Phone … of …"),
            ("Golden rules, Gold", "Golden rules, …"),
            ("the profile is bad", "the profile is bad"),
            ("Age 41 is bad", "Age 41 is bad"),
        ];
        for (said, kept) in rows {
            assert_eq!(without_values(said, SENT.as_bytes()), kept, "for {said}");
        }
        assert_eq!(
            without_values("as it is", b"{broken"),
            "as it is",
            "what is no call has no values"
        );
    }

    #[test]
    fn plain_words_are_known_by_their_first_line() {
        assert_eq!(
            first_line("\n  no healthy upstream\nmore").as_deref(),
            Some("no healthy upstream"),
            "the first"
        );
        assert_eq!(first_line(" \n"), None, "nothing says nothing");
    }
}
