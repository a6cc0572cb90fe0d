//! Words in capitals where a real problem has a value.

use std::collections::BTreeSet;

use tapline_core::ground::problem::{Entry, Fact, Problem};

/// Facts that say which thing is meant. They read well as a name in capitals, and are shown wherever the words have a place.
const NAMES: [Fact; 14] = [
    Fact::Permission,
    Fact::Role,
    Fact::Resource,
    Fact::Member,
    Fact::Project,
    Fact::BillingProject,
    Fact::Dataset,
    Fact::Table,
    Fact::Column,
    Fact::Location,
    Fact::DatasetLocation,
    Fact::Host,
    Fact::Service,
    Fact::AccountId,
];

/// `dataset` becomes `DATASET`.
pub fn placeholder(fact: Fact) -> String {
    fact.as_str().to_ascii_uppercase()
}

/// A problem of this entry that knows all that its words cannot do without, in capitals.
pub fn problem(entry: &Entry) -> Problem {
    let words = [entry.title, entry.explanation, entry.who.words()].into_iter();
    let templates = words.chain(entry.commands.iter().map(|command| command.template));
    let needed: BTreeSet<Fact> = templates
        .flat_map(|template| facts_in(&outside_brackets(template)))
        .collect();
    NAMES
        .into_iter()
        .chain(needed)
        .fold(Problem::new(entry.code), |problem, fact| {
            problem.with(fact, placeholder(fact))
        })
}

/// The facts whose placeholders stand in a text.
pub fn shown_in(text: &str) -> Vec<Fact> {
    let words: BTreeSet<&str> = text.split(|c: char| !(c.is_ascii_uppercase() || c == '_')).collect();
    let shown = |fact: &&Fact| words.contains(placeholder(**fact).as_str());
    Fact::ALL.iter().filter(shown).copied().collect()
}

/// Prose with each placeholder set as code.
pub fn marked(text: &str) -> String {
    let mut marked = String::with_capacity(text.len() + 16);
    let mut word = String::new();
    let capital = |c: char| c.is_ascii_uppercase() || c == '_';
    for c in text.chars().chain(['\0']) {
        if capital(c) {
            word.push(c);
            continue;
        }
        if Fact::ALL.iter().any(|fact| placeholder(*fact) == word) {
            marked.push('`');
            marked.push_str(&word);
            marked.push('`');
        } else {
            marked.push_str(&word);
        }
        word.clear();
        if c != '\0' {
            marked.push(c);
        }
    }
    marked
}

fn outside_brackets(template: &str) -> String {
    let mut depth = 0;
    let mut text = String::new();
    for c in template.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ if depth == 0 => text.push(c),
            _ => {}
        }
    }
    text
}

fn facts_in(template: &str) -> Vec<Fact> {
    template
        .split('{')
        .skip(1)
        .filter_map(|part| Fact::from_name(part.split(['}', '|']).next()?))
        .collect()
}
