//! Just enough reading of SQL to know which columns a statement names: bytes are billed by column.

use std::collections::BTreeSet;

use super::TableKey;

/// Whether a statement names the table, by its whole name or by dataset and table.
pub(crate) fn names(text: &str, (_, dataset, table): &TableKey) -> bool {
    // Asked of each of many thousand tables.
    if !text.contains(table.as_str()) {
        return false;
    }
    let plain: String = text.chars().filter(|letter| *letter != '`').collect();
    plain
        .split(|letter: char| !(letter.is_alphanumeric() || "._-".contains(letter)))
        .any(|word| word == format!("{dataset}.{table}") || word.ends_with(&format!(".{dataset}.{table}")))
}

/// The names that a statement uses, comments and strings left out.
pub(crate) struct Words {
    pub(crate) names: BTreeSet<String>,
    pub(crate) star: bool,
}

impl Words {
    pub(crate) fn of(text: &str) -> Self {
        let bare = without_comments_and_strings(text);
        let mut names = BTreeSet::new();
        let mut star = false;
        let mut before = String::new();
        for token in tokens(&bare) {
            if token == "*" {
                // In `COUNT(*)` and in products it is no list of columns.
                star |= ["select", "distinct", "all", ".", ","].contains(&before.as_str());
            } else {
                names.insert(token.clone());
            }
            before = token;
        }
        Self { names, star }
    }
}

fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    for letter in text.chars() {
        if letter.is_alphanumeric() || letter == '_' {
            word.extend(letter.to_lowercase());
            continue;
        }
        if !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        if !letter.is_whitespace() && letter != '`' {
            tokens.push(letter.to_string());
        }
    }
    if !word.is_empty() {
        tokens.push(word);
    }
    tokens
}

fn without_comments_and_strings(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let skipped = match letter {
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '\'' | '"' => string_length(rest, letter),
            _ => 0,
        };
        if skipped == 0 {
            bare.push(letter);
            rest = &rest[letter.len_utf8()..];
        } else {
            bare.push(' ');
            rest = &rest[skipped..];
        }
    }
    bare
}

fn string_length(text: &str, quote: char) -> usize {
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if letter == quote {
            return at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{Words, names};

    #[test]
    fn a_star_counts_only_as_a_list_of_columns() {
        for (text, star) in [
            ("SELECT * FROM t", true),
            ("SELECT t.*, 1 FROM t", true),
            ("SELECT 1, * FROM t", true),
            ("SELECT DISTINCT * FROM t", true),
            ("SELECT COUNT(*) FROM t", false),
            ("SELECT a*b FROM t", false),
            ("SELECT 'select *' FROM t -- select *\n", false),
            ("SELECT a /* , * */ FROM t", false),
        ] {
            assert_eq!(Words::of(text).star, star, "{text}");
        }
        let words = Words::of("SELECT `Customer_ID` AS x, \"quoted\" FROM t # comment_word");
        assert!(words.names.contains("customer_id"), "back-ticks are no part of a name");
        assert!(
            !words.names.contains("quoted") && !words.names.contains("comment_word"),
            "{:?}",
            words.names
        );
    }

    #[test]
    fn a_table_is_named_by_its_whole_name() {
        let key = ("p".to_owned(), "shop".to_owned(), "big".to_owned());
        for (text, named) in [
            ("SELECT 1 FROM `p.shop.big`", true),
            ("SELECT 1 FROM `p`.`shop`.`big` WHERE x", true),
            ("SELECT 1 FROM shop.big", true),
            ("SELECT 1 FROM shop.bigger", false),
            ("SELECT 1 FROM bookshop.big", false),
        ] {
            assert_eq!(names(text, &key), named, "{text}");
        }
    }
}
