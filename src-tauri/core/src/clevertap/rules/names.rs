//! Names of properties and events: which ones CleverTap takes.

use super::limits::NAME_BYTES;

/// Characters that no name may hold.
pub const FORBIDDEN: &[char] = &['%', '>', '<', '!', '|', '&', '.', ':', ';', '$', '\'', '"', '\\', '#'];

/// Events that CleverTap raises itself. Case and spaces do not count.
const RESERVED_EVENTS: &[&str] = &[
    "Notification Sent",
    "Notification Viewed",
    "Notification Clicked",
    "Notification Delivered",
    "Notification Replied",
    "UTM Visited",
    "App Launched",
    "App Uninstalled",
    "App Version Changed",
    "Stayed",
    "Reply Sent",
    "Experiment Rendered",
    "Reachable By",
    "Identity Reset",
    "Identity Set",
    "Identity Error",
    "Web Page Viewed",
];

/// The event of a purchase. Its property `Items` must be a list of objects.
pub const CHARGED: &str = "Charged";

/// Why a name would not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameRefusal {
    /// Nothing, or white space alone.
    Empty,
    /// White space at an end, which nobody would see and which makes another name.
    Padded,
    /// Holds this character, which no name may hold.
    Forbidden(char),
    /// More than [`NAME_BYTES`] bytes.
    TooLong,
    /// Belongs to CleverTap, which writes it thus.
    Reserved(&'static str),
}

/// Whether a property, of a profile or an event, may have this name.
pub fn check_property(name: &str) -> Result<(), NameRefusal> {
    let bare = name.trim();
    if bare.is_empty() {
        Err(NameRefusal::Empty)
    } else if bare.len() != name.len() {
        Err(NameRefusal::Padded)
    } else if let Some(c) = name.chars().find(|c| FORBIDDEN.contains(c) || c.is_control()) {
        Err(NameRefusal::Forbidden(c))
    } else if name.len() > NAME_BYTES {
        Err(NameRefusal::TooLong)
    } else {
        Ok(())
    }
}

/// Whether an event may have this name.
pub fn check_event(name: &str) -> Result<(), NameRefusal> {
    if let Some(reserved) = RESERVED_EVENTS.iter().find(|reserved| same_event(reserved, name)) {
        return Err(NameRefusal::Reserved(reserved));
    }
    check_property(name)
}

/// Whether CleverTap takes two names for one event: it ignores case and spaces.
pub fn same_event(one: &str, other: &str) -> bool {
    fn letters(name: &str) -> impl Iterator<Item = char> {
        name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase)
    }
    letters(one).eq(letters(other))
}

/// A name as near to this one as CleverTap takes, or nothing where no letter is left.
pub fn mended(name: &str) -> Option<String> {
    let spaced: String = name
        .chars()
        .map(|c| {
            if FORBIDDEN.contains(&c) || c.is_control() {
                ' '
            } else {
                c
            }
        })
        .collect();
    let mut mended = String::new();
    for word in spaced.split_whitespace() {
        if mended.len() + word.len() + 1 > NAME_BYTES {
            break;
        }
        if !mended.is_empty() {
            mended.push(' ');
        }
        mended.push_str(word);
    }
    (!mended.is_empty()).then_some(mended)
}

#[cfg(test)]
mod tests {
    use super::NameRefusal::{Empty, Forbidden, Padded, Reserved, TooLong};
    use super::{FORBIDDEN, RESERVED_EVENTS, check_event, check_property, mended, same_event};

    #[test]
    fn names_that_a_property_may_and_may_not_have() {
        let rows = [
            ("Plan", Ok(())),
            ("First purchase (EU), 50/50 @home", Ok(())),
            ("größe", Ok(())),
            ("", Err(Empty)),
            ("  ", Err(Empty)),
            (" Plan", Err(Padded)),
            ("Plan\u{a0}", Err(Padded)),
            ("a.b", Err(Forbidden('.'))),
            ("a\nb", Err(Forbidden('\n'))),
        ];
        for (name, expected) in rows {
            assert_eq!(check_property(name), expected, "for {name:?}");
        }
    }

    #[test]
    fn no_name_holds_a_forbidden_character() {
        assert_eq!(FORBIDDEN.len(), 14, "CleverTap's imports list fourteen");
        for c in FORBIDDEN {
            let name = format!("a{c}b");
            assert_eq!(check_property(&name), Err(Forbidden(*c)), "for {name:?}");
            assert_eq!(check_event(&name), Err(Forbidden(*c)), "for {name:?}");
        }
    }

    #[test]
    fn the_limit_of_a_name_is_120_bytes() {
        assert_eq!(check_property(&"a".repeat(120)), Ok(()), "120 bytes fit");
        assert_eq!(check_property(&"a".repeat(121)), Err(TooLong), "121 do not");
        assert_eq!(
            check_property(&"é".repeat(61)),
            Err(TooLong),
            "bytes count, not letters"
        );
    }

    #[test]
    fn clevertaps_own_events_are_reserved_however_they_are_written() {
        for event in RESERVED_EVENTS {
            for written in [
                (*event).to_owned(),
                event.to_lowercase(),
                event.to_uppercase(),
                event.replace(' ', ""),
                format!(" {} ", event.replace(' ', "  ")),
            ] {
                assert_eq!(
                    check_event(&written),
                    Err(Reserved(event)),
                    "{written:?} is CleverTap's"
                );
            }
        }
        for event in ["CD Purchased", "Charged", "App Launch", "Stayed home"] {
            assert_eq!(check_event(event), Ok(()), "{event:?} is free");
        }
    }

    #[test]
    fn case_and_spaces_make_no_other_event() {
        let rows = [
            ("SignUp", "signup", true),
            ("Event Name", "EventName", true),
            ("ÜBER uns", "über Uns", true),
            ("a", "b", false),
            ("a_b", "ab", false),
        ];
        for (one, other, expected) in rows {
            assert_eq!(same_event(one, other), expected, "{one:?} and {other:?}");
        }
    }

    #[test]
    fn a_mended_name_is_one_that_clevertap_takes() {
        let long = "word ".repeat(60);
        let rows = [
            ("a.b", Some("a b")),
            ("  $price# ", Some("price")),
            ("!!!", None),
            ("", None),
        ];
        for (name, expected) in rows {
            assert_eq!(mended(name).as_deref(), expected, "for {name:?}");
        }
        let short = mended(&long).unwrap_or_default();
        assert_eq!(check_property(&short), Ok(()), "{short:?} fits");
    }
}
