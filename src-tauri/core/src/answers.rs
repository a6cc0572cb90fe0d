//! The recorded answers in `tests/data/answers`, for the tests of the judges.

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

use crate::ground::problem::Problem;

/// One answer, where it comes from, and what must be said of it.
#[derive(Deserialize)]
pub struct Recorded {
    pub name: String,
    #[allow(dead_code, reason = "a reader's question: who says so")]
    pub source: String,
    pub call: String,
    pub status: Option<u16>,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    #[serde(default)]
    pub context: BTreeMap<String, String>,
    pub request: Option<Value>,
    pub expect: Expected,
}

#[derive(Deserialize)]
pub struct Expected {
    pub code: String,
    pub facts: BTreeMap<String, String>,
    pub retryable: Option<bool>,
    pub who: Option<String>,
    /// Codes of the other problems in the same answer, in their order.
    #[serde(default)]
    pub also: Vec<String>,
}

/// Every answer in one file of the corpus.
pub fn recorded(file: &str) -> Vec<Recorded> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/data/answers")
        .join(file);
    let text = std::fs::read(&path).expect("the corpus is there");
    serde_json::from_slice(&text).expect("the corpus is JSON of its shape")
}

impl Recorded {
    pub fn header_map(&self) -> HeaderMap {
        let pair = |(name, value): (&String, &String)| {
            (
                HeaderName::from_bytes(name.as_bytes()).expect("a header's name"),
                HeaderValue::from_str(value).expect("a header's value"),
            )
        };
        self.headers.iter().map(pair).collect()
    }

    /// What is told otherwise than expected: nothing, where all is well.
    pub fn faults(&self, problems: &[Problem]) -> Vec<String> {
        let mut faults = Vec::new();
        let mut expect = |what: &str, found: Option<String>, expected: String| {
            if found.as_ref() != Some(&expected) {
                faults.push(format!("{}: {what} is {found:?}, not {expected:?}", self.name));
            }
        };
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code().as_str()).collect();
        let expected: Vec<&str> = std::iter::once(&self.expect.code)
            .chain(&self.expect.also)
            .map(String::as_str)
            .collect();
        expect("the code", Some(codes.join(", ")), expected.join(", "));
        let Some(first) = problems.first() else { return faults };
        for (fact, value) in &self.expect.facts {
            expect(fact, first.facts().named(fact).map(str::to_owned), value.clone());
        }
        if let Some(retryable) = self.expect.retryable {
            expect(
                "whether waiting helps",
                Some(first.retryable().to_string()),
                retryable.to_string(),
            );
        }
        if let Some(who) = &self.expect.who {
            expect("who can mend it", Some(first.who()), who.clone());
        }
        for problem in problems {
            let words = format!("{} / {}", problem.title(), problem.explanation());
            if words.contains(['…', '{']) || words.contains("  ") {
                faults.push(format!("{}: no whole sentences: {words}", self.name));
            }
        }
        faults
    }
}
