//! Every recorded answer in `tests/data/answers`, Google's, CleverTap's and the network's, and those that somebody's words stand
//! around, explained as `tapline explain` does.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use tapline_core::explain::{Pasted, explain_all};
use tapline_core::ground::problem::Problem;

/// One answer and what must be said of it. Where it comes from stands beside it, for readers.
#[derive(Deserialize)]
struct Recorded {
    name: String,
    source: String,
    call: String,
    status: Option<u16>,
    headers: BTreeMap<String, String>,
    body: String,
    context: Option<Value>,
    request: Option<Value>,
    expect: Expected,
}

#[derive(Deserialize)]
struct Expected {
    code: String,
    facts: BTreeMap<String, String>,
    retryable: Option<bool>,
    who: Option<String>,
    /// Codes of the other problems in the same answer, in their order.
    #[serde(default)]
    also: Vec<String>,
    /// Facts that nothing in the answer tells.
    #[serde(default)]
    without: Vec<String>,
}

fn explained(answer: &Recorded) -> Vec<Problem> {
    let headers: Vec<String> = answer
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    let (context, request) = (
        answer.context.as_ref().map(Value::to_string),
        answer.request.as_ref().map(Value::to_string),
    );
    let pasted = Pasted::read(
        &answer.call,
        answer.status,
        &headers,
        answer.body.clone().into_bytes(),
        context.as_deref(),
        request.as_deref(),
    );
    explain_all(&pasted.expect("an answer that can be read"))
}

/// What is told otherwise than expected: nothing, where all is well.
fn faults(answer: &Recorded, problems: &[Problem]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expect = |what: &str, found: Option<String>, expected: String| {
        if found.as_ref() != Some(&expected) {
            faults.push(format!("{}: {what} is {found:?}, not {expected:?}", answer.name));
        }
    };
    let codes: Vec<&str> = problems.iter().map(|problem| problem.code().as_str()).collect();
    let expected: Vec<&str> = std::iter::once(&answer.expect.code)
        .chain(&answer.expect.also)
        .map(String::as_str)
        .collect();
    expect("the code", Some(codes.join(", ")), expected.join(", "));
    let first = &problems[0];
    for (fact, value) in &answer.expect.facts {
        expect(fact, first.facts().named(fact).map(str::to_owned), value.clone());
    }
    for fact in &answer.expect.without {
        let told = first.facts().named(fact).unwrap_or("nothing").to_owned();
        expect(fact, Some(told), "nothing".to_owned());
    }
    if let Some(retryable) = answer.expect.retryable {
        expect(
            "whether waiting helps",
            Some(first.retryable().to_string()),
            retryable.to_string(),
        );
    }
    if let Some(who) = &answer.expect.who {
        expect("who can mend it", Some(first.who()), who.clone());
    }
    for problem in problems {
        let words = format!("{} / {}", problem.title(), problem.explanation());
        // The tail of a key's id is shown behind dots.
        let words = words.replace("The key …", "The key ");
        if words.contains(['…', '{']) || words.contains("  ") {
            faults.push(format!("{}: no whole sentences: {words}", answer.name));
        }
    }
    faults
}

#[test]
fn every_recorded_answer_is_explained_exactly() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/answers");
    let mut found = Vec::new();
    for (file, call) in [
        ("google.json", ""),
        ("clevertap.json", "clevertap.upload"),
        ("network.json", "network"),
        ("wrapped.json", ""),
    ] {
        let text = std::fs::read(folder.join(file)).expect("the corpus is there");
        let answers: Vec<Recorded> = serde_json::from_slice(&text).expect("a list of answers");
        assert!(answers.len() > 40, "{file} holds what it held");
        for answer in answers {
            assert!(answer.call == call || call.is_empty(), "{} is in its file", answer.name);
            assert!(!answer.source.is_empty(), "{} says who says so", answer.name);
            found.extend(faults(&answer, &explained(&answer)));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A call, its status, a header, the context, the body; and which of them is refused.
type Unreadable = (
    &'static str,
    Option<u16>,
    Option<&'static str>,
    Option<&'static str>,
    &'static [u8],
    &'static str,
);

#[test]
fn what_cannot_be_read_is_refused_by_its_name_and_nothing_is_guessed() {
    let jobs = "bigquery.jobs.insert";
    let rows: &[Unreadable] = &[
        ("bigquery.jobs.inserts", Some(403), None, None, b"{}", "call"),
        (jobs, Some(0), None, None, b"{}", "status"),
        (jobs, Some(600), None, None, b"{}", "status"),
        (jobs, None, None, None, b"{}", "status"),
        (jobs, None, None, None, b"", "status"),
        (jobs, Some(403), Some("no colon"), None, b"{}", "header"),
        (jobs, Some(403), Some("a b: c"), None, b"{}", "header"),
        (jobs, Some(403), None, Some("{"), b"{}", "context"),
        (jobs, Some(403), None, Some("[]"), b"{}", "context"),
        (
            jobs,
            Some(403),
            None,
            Some(r#"{"project": []}"#),
            b"{}",
            "context, project",
        ),
        (
            jobs,
            Some(403),
            None,
            Some(r#"{"tables": "orders"}"#),
            b"{}",
            "context, tables",
        ),
        (
            jobs,
            Some(403),
            None,
            Some(r#"{"tables": [1]}"#),
            b"{}",
            "context, tables",
        ),
        ("network", None, None, None, b" \n", "body"),
    ];
    for (call, status, header, context, body, field) in rows {
        let headers: Vec<String> = header.iter().map(|header| (*header).to_owned()).collect();
        let refused = Pasted::read(call, *status, &headers, body.to_vec(), *context, None).map(drop);
        let refused = refused.expect_err("what makes no sense is not judged");
        assert_eq!(
            (refused.code().as_str(), refused.facts().named("field")),
            ("pasted_unread", Some(*field)),
            "for {call} {status:?} {header:?} {context:?}"
        );
    }
}

#[test]
fn whatever_the_body_holds_there_is_one_verdict_and_it_is_short_enough_to_read() {
    let long = vec![b'a'; 150_000];
    let nested = vec![b'['; 20_000];
    let bodies: [&[u8]; 6] = [b"", b"null", b"\x00\xFF\xFE\x01", &long, &nested, "é{…".as_bytes()];
    for call in tapline_core::explain::Call::ALL {
        for status in [200, 204, 400, 403, 500] {
            for body in bodies {
                let pasted = Pasted::read(call.as_str(), Some(status), &[], body.to_vec(), None, None);
                let problems = explain_all(&pasted.expect("a status and a body are enough"));
                let shown = problems[0].answer().and_then(|answer| answer.body.as_deref());
                assert!(
                    shown.is_none_or(|shown| shown.len() <= 400_000),
                    "{} {status} shows all of {} bytes",
                    call.as_str(),
                    body.len()
                );
            }
        }
    }
}
