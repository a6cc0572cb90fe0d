//! Fills facts into the catalogue's words.
//!
//! `{dataset}` stands for a fact. A part in square brackets is left out unless every fact in it is known:
//! `Not found[ in {location}]`. A fact that is needed and missing is shown as `…`, never as a wrong value.

use super::facts::Facts;

/// How values are quoted on the way in.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Quote {
    /// As they are, for people.
    Nothing,
    /// As one word for a POSIX shell, whatever they hold. Inside single quotes of the template, where our SQL stands, a value
    /// that could end an SQL name or text counts as missing: no command is better than another's.
    Shell,
}

/// The words with every known fact filled in.
pub(super) fn fill(template: &str, facts: &Facts, quote: Quote) -> String {
    let (text, _) = fill_counting(template, facts, quote);
    text
}

/// The words, or nothing where a needed fact is missing. For commands, which must be whole or not at all.
pub(super) fn fill_all(template: &str, facts: &Facts, quote: Quote) -> Option<String> {
    let (text, missing) = fill_counting(template, facts, quote);
    (missing == 0).then_some(text)
}

fn fill_counting(template: &str, facts: &Facts, quote: Quote) -> (String, usize) {
    let mut text = String::with_capacity(template.len() * 2);
    let mut missing = 0;
    let mut rest = template;
    while let Some(at) = rest.find(['{', '[']) {
        text.push_str(&rest[..at]);
        let optional = rest.as_bytes()[at] == b'[';
        let close = if optional { ']' } else { '}' };
        let inner_and_rest = &rest[at + 1..];
        let Some(end) = inner_and_rest.find(close) else {
            text.push_str(&rest[at..]);
            return (text, missing);
        };
        let inner = &inner_and_rest[..end];
        rest = &inner_and_rest[end + 1..];
        if optional {
            text.push_str(&fill_all(inner, facts, quote).unwrap_or_default());
        } else if let Some(value) = facts
            .named(inner)
            .and_then(|value| quoted(value, quote, in_quotes(&text)))
        {
            text.push_str(&value);
        } else {
            text.push('…');
            missing += 1;
        }
    }
    text.push_str(rest);
    (text, missing)
}

/// Whether the text so far leaves a single quote open.
fn in_quotes(text: &str) -> bool {
    text.matches('\'').count() % 2 == 1
}

fn quoted(value: &str, quote: Quote, in_quotes: bool) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=,+".contains(c);
    if quote == Quote::Nothing || (!value.is_empty() && value.chars().all(plain)) {
        return Some(value.to_owned());
    }
    if in_quotes {
        let safe = |c: char| c.is_alphanumeric() || "-_./:@=,+$ ".contains(c);
        return (!value.is_empty() && value.chars().all(safe)).then(|| value.to_owned());
    }
    Some(format!("'{}'", value.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::super::facts::{Fact, Facts};
    use super::{Quote, fill, fill_all};

    fn facts() -> Facts {
        let mut facts = Facts::default();
        facts.set(Fact::Dataset, "sales");
        facts.set(Fact::Project, "it's; rm -rf ~");
        facts
    }

    #[test]
    fn facts_fill_the_words_and_unknown_parts_fall_away() {
        let rows = [
            ("Dataset {dataset} is gone", "Dataset sales is gone"),
            ("Gone[ from {location}].", "Gone."),
            ("Gone[ from {dataset}].", "Gone from sales."),
            ("In {location}", "In …"),
        ];
        for (template, expected) in rows {
            assert_eq!(fill(template, &facts(), Quote::Nothing), expected, "for {template:?}");
        }
    }

    #[test]
    fn a_hostile_value_stays_one_word_of_the_shell() {
        assert_eq!(
            fill("bq ls {project}", &facts(), Quote::Shell),
            r"bq ls 'it'\''s; rm -rf ~'",
            "a name must not be able to start a second command"
        );
    }

    #[test]
    fn a_hostile_value_does_not_leave_the_quotes_around_our_sql() {
        let template = "bq query 'GRANT `r` ON SCHEMA `{project}`.{dataset}'";
        assert_eq!(
            fill_all(template, &facts(), Quote::Shell),
            None,
            "no command is better than somebody else's"
        );
        assert_eq!(
            fill_all("bq query 'DROP TABLE {dataset}'", &facts(), Quote::Shell).as_deref(),
            Some("bq query 'DROP TABLE sales'"),
            "a plain name stands as it is"
        );
    }

    #[test]
    fn a_command_with_a_hole_is_no_command() {
        assert_eq!(
            fill_all("bq mk {location}", &facts(), Quote::Shell),
            None,
            "half a command would mislead"
        );
    }
}
