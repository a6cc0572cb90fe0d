//! Fills facts into the catalogue's words.
//!
//! `{dataset}` stands for a fact. A part in square brackets is left out unless every fact in it is known:
//! `Not found[ in {location}]`. `{member|the account}` stands for a fact, or for the words behind the bar where it is not known.
//! A fact that is needed and missing is shown as `…`, never as a wrong value.

use std::fmt::Write as _;

use super::facts::Facts;

/// How values are looked at on the way in.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Quote {
    /// As they are, for people.
    Nothing,
    /// Into one word of a command, which is quoted as a whole afterwards. A value that would do harm in any quotes counts as
    /// missing, since no command is better than another's: one that a terminal obeys while it is pasted, and one that starts the
    /// word with a hyphen, which makes it an option.
    Word,
    /// Into a statement of SQL that is one word of a command. There a value that could end a name or a text counts as missing too.
    Sql,
    /// As a part of an address.
    Url,
}

/// The words with every known fact filled in.
pub(super) fn fill(template: &str, facts: &Facts, quote: Quote) -> String {
    let (text, _) = Filling { facts, quote }.fill(template);
    text
}

/// The words, or nothing where a needed fact is missing. For commands, which must be whole or not at all.
pub(super) fn fill_all(template: &str, facts: &Facts, quote: Quote) -> Option<String> {
    let (text, missing) = Filling { facts, quote }.fill(template);
    (missing == 0).then_some(text)
}

#[derive(Clone, Copy)]
struct Filling<'a> {
    facts: &'a Facts,
    quote: Quote,
}

impl Filling<'_> {
    /// The text, and how many facts were missing.
    fn fill(self, template: &str) -> (String, usize) {
        let mut text = String::with_capacity(template.len() * 2);
        let mut missing = 0;
        let mut rest = template;
        while let Some(start) = rest.find(['{', '[']) {
            let optional = rest.as_bytes()[start] == b'[';
            let Some(length) = rest[start..].find(if optional { ']' } else { '}' }) else {
                break;
            };
            let (words, inner) = (&rest[..start], &rest[start + 1..start + length]);
            rest = &rest[start + length + 1..];
            text.push_str(words);
            if optional {
                let (part, lacking) = self.fill(inner);
                if lacking == 0 {
                    text.push_str(&part);
                }
            } else {
                let (name, instead) = inner
                    .split_once('|')
                    .map_or((inner, None), |(name, words)| (name, Some(words)));
                let value = self.facts.named(name);
                let first = text.is_empty();
                match (value.and_then(|value| quoted(value, self.quote, first)), instead) {
                    (Some(value), _) => text.push_str(&value),
                    (None, Some(words)) => text.push_str(words),
                    (None, None) => {
                        text.push('…');
                        missing += 1;
                    }
                }
            }
        }
        text.push_str(rest);
        (text, missing)
    }
}

/// Whether a character steers a terminal or turns what is read: no name that Google gives holds one.
pub(super) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The value as it may stand there, `first` where nothing stands before it.
fn quoted(value: &str, quote: Quote, first: bool) -> Option<String> {
    let harmless = !value.is_empty() && !value.chars().any(steers);
    match quote {
        Quote::Nothing => Some(value.to_owned()),
        Quote::Word => (harmless && !(first && value.starts_with('-'))).then(|| value.to_owned()),
        Quote::Sql => {
            let safe = |c: char| c.is_alphanumeric() || "-_./:@=,+$ ".contains(c);
            (harmless && value.chars().all(safe)).then(|| value.to_owned())
        }
        Quote::Url => harmless.then(|| for_url(value)),
    }
}

/// Everything but the unreserved characters of RFC 3986 is escaped.
fn for_url(value: &str) -> String {
    value
        .bytes()
        .fold(String::with_capacity(value.len()), |mut text, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02X}"); // writing to a string does not fail
            }
            text
        })
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
            ("In {location|some place}", "In some place"),
            ("In {dataset|some place}", "In sales"),
        ];
        for (template, expected) in rows {
            assert_eq!(fill(template, &facts(), Quote::Nothing), expected, "for {template:?}");
        }
    }

    #[test]
    fn a_value_that_could_leave_our_sql_counts_as_missing() {
        assert_eq!(
            fill_all("GRANT `r` ON SCHEMA `{project}`.{dataset}", &facts(), Quote::Sql),
            None,
            "no command is better than somebody else's"
        );
        assert_eq!(
            fill_all("DROP TABLE {dataset}", &facts(), Quote::Sql).as_deref(),
            Some("DROP TABLE sales"),
            "a plain name stands as it is"
        );
    }

    #[test]
    fn a_value_does_not_become_an_option() {
        let mut facts = facts();
        facts.set(Fact::Table, "--force");
        assert_eq!(fill_all("{table}", &facts, Quote::Word), None, "at the start of a word");
        assert_eq!(
            fill_all("{dataset}.{table}", &facts, Quote::Word).as_deref(),
            Some("sales.--force"),
            "behind something else it is a name"
        );
    }

    #[test]
    fn a_command_with_a_hole_is_no_command() {
        assert_eq!(
            fill_all("bq mk {location}", &facts(), Quote::Word),
            None,
            "half a command would mislead"
        );
    }
}
