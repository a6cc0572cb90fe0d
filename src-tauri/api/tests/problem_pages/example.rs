//! One answer for each problem that an answer can mean, and the command that explains it: the first that `tests/data/answers` has.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;
use tapline_core::ground::problem::Code;

#[derive(Clone, Deserialize)]
struct Recorded {
    source: String,
    call: String,
    status: Option<u16>,
    headers: BTreeMap<String, String>,
    body: String,
    context: Option<Value>,
    request: Option<Value>,
    expect: Expected,
}

#[derive(Clone, Deserialize)]
struct Expected {
    code: String,
}

/// The part of a page that shows it. `None` where no answer has this meaning.
pub fn example(code: Code) -> Option<String> {
    let recorded = first_of_each().get(code.as_str())?;
    Some(format!(
        "## An answer that means this\n\nSuch an answer is explained wherever it comes from, in bash for example by:\n\n```sh\n{}\n```\n\nWhere this one comes from: {}.",
        command(recorded),
        recorded.source
    ))
}

fn command(recorded: &Recorded) -> String {
    let mut words = vec![format!("tapline explain --call {}", recorded.call)];
    words.extend(recorded.status.map(|status| format!("--status {status}")));
    for (name, value) in &recorded.headers {
        words.push(format!("--header {}", quoted(&format!("{name}: {value}"))));
    }
    for (flag, json) in [("context", &recorded.context), ("request", &recorded.request)] {
        if let Some(json) = json {
            words.push(format!("--{flag} <(echo {})", quoted(&json.to_string())));
        }
    }
    let words = words.join(" ");
    match pretty(&recorded.body) {
        _ if recorded.body.is_empty() => format!("{words} < /dev/null"),
        Some(body) => format!("{words} << 'ANSWER'\n{body}\nANSWER"),
        // To the last letter, since it may be cut there.
        None => format!("printf %s {} | {words}", quoted(&recorded.body)),
    }
}

/// JSON on lines of its own.
fn pretty(body: &str) -> Option<String> {
    let value: Value = serde_json::from_str(body).ok()?;
    serde_json::to_string_pretty(&value).ok()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn first_of_each() -> &'static HashMap<String, Recorded> {
    static FIRST: OnceLock<HashMap<String, Recorded>> = OnceLock::new();
    FIRST.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/answers");
        let mut first = HashMap::new();
        for file in ["google.json", "clevertap.json", "network.json"] {
            let text = std::fs::read_to_string(folder.join(file)).expect("recorded answers");
            let all: Vec<Recorded> = serde_json::from_str(&text).expect("a list of recorded answers");
            for recorded in all {
                let is_text = |text: &str| !text.contains(|c: char| c.is_control() && c != '\n' && c != '\t');
                // A body that is set on lines of its own has another length.
                let counted = recorded
                    .headers
                    .keys()
                    .any(|name| name.eq_ignore_ascii_case("content-length"));
                if is_text(&recorded.body) && !recorded.body.contains("```") && !counted {
                    first.entry(recorded.expect.code.clone()).or_insert(recorded);
                }
            }
        }
        first
    })
}
