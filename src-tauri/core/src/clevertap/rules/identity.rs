//! Who a record belongs to: which identities CleverTap takes.

use super::limits::IDENTITY_CHARS;

/// Words that stand for "nobody", in lower case. CleverTap does not say whether their case counts; here it does not.
pub const NOBODY: &[&str] = &[
    "undefined",
    "null",
    "none",
    "na",
    "n/a",
    "0",
    "nil",
    "-1",
    "infinity",
    "-infinity",
    "inf",
    "-inf",
    "nan",
    "-nan",
    "empty",
    "xxxxxx",
];

/// Why CleverTap would not take an identity. Each is answered with 523.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityRefusal {
    /// Nothing, or white space alone.
    Empty,
    /// A word such as `null` or `n/a`, which stands for nobody.
    Nobody,
    /// More than [`IDENTITY_CHARS`] characters.
    TooLong,
}

/// Whether CleverTap takes this identity.
pub fn check(identity: &str) -> Result<(), IdentityRefusal> {
    let bare = identity.trim();
    if bare.is_empty() {
        Err(IdentityRefusal::Empty)
    } else if NOBODY.iter().any(|word| word.eq_ignore_ascii_case(bare)) {
        Err(IdentityRefusal::Nobody)
    } else if identity.len() > IDENTITY_CHARS && identity.chars().count() > IDENTITY_CHARS {
        Err(IdentityRefusal::TooLong)
    } else {
        Ok(())
    }
}

/// Whether CleverTap takes this as one of its own ids. They hold no white space and no control characters; otherwise the answer is 526.
pub fn is_clevertap_id(id: &str) -> bool {
    !id.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::IdentityRefusal::{Empty, Nobody, TooLong};
    use super::{NOBODY, check, is_clevertap_id};

    #[test]
    fn identities_that_clevertap_takes_and_refuses() {
        let rows = [
            ("u1", Ok(())),
            ("00001", Ok(())),
            ("-12", Ok(())),
            ("ann@example.com", Ok(())),
            ("+14155551234", Ok(())),
            ("null island", Ok(())),
            ("nana", Ok(())),
            ("Ωmega 東京", Ok(())),
            ("", Err(Empty)),
            (" \t\n", Err(Empty)),
            ("\u{a0}", Err(Empty)),
            ("NULL", Err(Nobody)),
            ("  N/A ", Err(Nobody)),
            ("-1", Err(Nobody)),
            ("XXXXXX", Err(Nobody)),
            ("None", Err(Nobody)),
        ];
        for (identity, expected) in rows {
            assert_eq!(check(identity), expected, "for {identity:?}");
        }
    }

    #[test]
    fn each_word_for_nobody_is_refused_in_any_case_and_padding() {
        for word in NOBODY {
            for written in [(*word).to_owned(), word.to_uppercase(), format!(" {word}\t")] {
                assert_eq!(check(&written), Err(Nobody), "{written:?} is nobody");
            }
        }
    }

    #[test]
    fn the_limit_counts_characters_and_holds_exactly() {
        for character in ["a", "é", "😀"] {
            assert_eq!(check(&character.repeat(1024)), Ok(()), "1,024 of {character} fit");
            assert_eq!(
                check(&character.repeat(1025)),
                Err(TooLong),
                "1,025 of {character} do not"
            );
        }
    }

    #[test]
    fn a_clevertap_id_has_no_spaces() {
        for (id, expected) in [("__abc", true), ("-h2_1$!", true), ("a b", false), ("a\u{0}", false)] {
            assert_eq!(is_clevertap_id(id), expected, "for {id:?}");
        }
    }
}
