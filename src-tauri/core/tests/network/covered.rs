//! No problem of Google's, CleverTap's or the network's is in the catalogue without an answer that shows it: one that was recorded,
//! or one that a server on a real socket gives in a test.

use std::collections::BTreeSet;
use std::path::Path;

use tapline_core::clevertap::record::RECORD_CODES;
use tapline_core::ground::problem::{CATALOGUE, Code, Voice};

/// Tests that meet a problem for real, by name and by source.
const SOURCES: &[&str] = &[
    include_str!("main.rs"),
    include_str!("../clevertap.rs"),
    include_str!("../google/net.rs"),
    include_str!("../google/check.rs"),
    include_str!("../../src/ground/net/tls.rs"),
];

/// Told where nobody answers: of a record, by a run whose sockets are cut; and of a computer without any authorities.
const OF_NO_ANSWER: &[Code] = &[Code::CleverTapNoAnswer, Code::TlsUnusable];

fn in_corpus() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/answers");
    let mut codes = BTreeSet::new();
    for file in ["google.json", "clevertap.json", "network.json"] {
        let text = std::fs::read(folder.join(file)).expect("the corpus is there");
        let answers: Vec<serde_json::Value> = serde_json::from_slice(&text).expect("a list of answers");
        codes.extend(
            answers
                .iter()
                .filter_map(|answer| Some(answer["expect"]["code"].as_str()?.to_owned())),
        );
    }
    codes
}

#[test]
fn every_problem_that_an_answer_can_cause_has_a_real_answer() {
    let recorded = in_corpus();
    let without: Vec<&str> = CATALOGUE
        .iter()
        .filter(|entry| matches!(entry.voice, Voice::Google | Voice::CleverTap | Voice::Network))
        .filter(|entry| !recorded.contains(entry.code.as_str()))
        .filter(|entry| {
            let name = format!("Code::{:?}", entry.code);
            // The whole name, not the start of a longer one.
            let met = |source: &&str| {
                source
                    .match_indices(&name)
                    .any(|(at, _)| !source[at + name.len()..].starts_with(char::is_alphanumeric))
            };
            !SOURCES.iter().any(met) && !OF_NO_ANSWER.contains(&entry.code)
        })
        .map(|entry| entry.code.as_str())
        .collect();
    assert!(
        without.is_empty(),
        "nothing shows that these are ever told: {without:?}"
    );
}

#[test]
fn every_code_for_a_record_has_a_problem_and_an_answer_of_its_own() {
    let recorded = in_corpus();
    let mut problems = BTreeSet::new();
    for (number, code) in RECORD_CODES {
        assert!(problems.insert(code.as_str()), "{number} shares its words with another");
        assert!(recorded.contains(code.as_str()), "no answer with {number} is recorded");
    }
    assert_eq!(RECORD_CODES.len(), 23, "as many as CleverTap publishes");
}

#[test]
fn no_two_problems_share_their_words() {
    let mut said = BTreeSet::new();
    for entry in CATALOGUE {
        assert!(
            said.insert((entry.title, entry.explanation)),
            "{:?} says what another says",
            entry.code
        );
    }
}
