//! Fills facts into the catalogue's words.
//!
//! `{dataset}` stands for a fact. A part in square brackets is left out unless every fact in it is known:
//! `Not found[ in {location}]`. `{member|the account}` stands for a fact, or for the words behind the bar where it is not known.
//! A fact that is needed and missing is shown as `…`, never as a wrong value.

use std::fmt::Write as _;

use super::facts::Facts;

/// How values are quoted on the way in.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Quote {
    /// As they are, for people.
    Nothing,
    /// As one word for a POSIX shell, whatever they hold. A value that the shell would take as one word and still do harm counts
    /// as missing, since no command is better than another's: one that a terminal obeys while it is pasted; one that starts a
    /// word with a hyphen, which makes it an option; and inside single quotes of the template, where our SQL stands, one that
    /// could end an SQL name or text.
    Shell,
    /// As a part of an address.
    Url,
}

/// The words with every known fact filled in.
pub(super) fn fill(template: &str, facts: &Facts, quote: Quote) -> String {
    let (text, _) = Filling::new(facts, quote).fill(template);
    text
}

/// The words, or nothing where a needed fact is missing. For commands, which must be whole or not at all.
pub(super) fn fill_all(template: &str, facts: &Facts, quote: Quote) -> Option<String> {
    let (text, missing) = Filling::new(facts, quote).fill(template);
    (missing == 0).then_some(text)
}

#[derive(Clone, Copy)]
struct Filling<'a> {
    facts: &'a Facts,
    quote: Quote,
    at: Place,
}

/// Where a value is about to stand, by the template alone: what values hold never changes it.
#[derive(Clone, Copy)]
struct Place {
    in_quotes: bool,
    starts_a_word: bool,
}

impl Place {
    fn after(self, words: &str) -> Self {
        let Some(last) = words.chars().last() else { return self };
        Self {
            in_quotes: self.in_quotes ^ (words.matches('\'').count() % 2 == 1),
            starts_a_word: last.is_whitespace(),
        }
    }
}

impl<'a> Filling<'a> {
    fn new(facts: &'a Facts, quote: Quote) -> Self {
        let at = Place {
            in_quotes: false,
            starts_a_word: true,
        };
        Self { facts, quote, at }
    }

    /// The text, and how many facts were missing.
    fn fill(mut self, template: &str) -> (String, usize) {
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
            self.at = self.at.after(words);
            if optional {
                let (part, lacking) = self.fill(inner);
                if lacking == 0 {
                    text.push_str(&part);
                    self.at = self.at.after(inner);
                }
            } else {
                let (name, instead) = inner
                    .split_once('|')
                    .map_or((inner, None), |(name, words)| (name, Some(words)));
                let value = self.facts.named(name);
                match (value.and_then(|value| quoted(value, self.quote, self.at)), instead) {
                    (Some(value), _) => text.push_str(&value),
                    (None, Some(words)) => text.push_str(words),
                    (None, None) => {
                        text.push('…');
                        missing += 1;
                    }
                }
                self.at.starts_a_word = false;
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

fn quoted(value: &str, quote: Quote, at: Place) -> Option<String> {
    match quote {
        Quote::Nothing => Some(value.to_owned()),
        Quote::Shell => for_shell(value, at),
        Quote::Url => (!value.is_empty() && !value.chars().any(steers)).then(|| for_url(value)),
    }
}

fn for_shell(value: &str, at: Place) -> Option<String> {
    if value.is_empty() || value.chars().any(steers) || (at.starts_a_word && value.starts_with('-')) {
        return None;
    }
    if at.in_quotes {
        let safe = |c: char| c.is_alphanumeric() || "-_./:@=,+$ ".contains(c);
        return value.chars().all(safe).then(|| value.to_owned());
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=,+".contains(c);
    if value.chars().all(plain) {
        return Some(value.to_owned());
    }
    Some(format!("'{}'", value.replace('\'', r"'\''")))
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
