//! The profile properties that CleverTap gives a meaning to, and what each may hold.

use super::RecordCode;
use super::identity;

/// A profile property of CleverTap's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SystemProperty {
    Identity,
    Name,
    Email,
    Phone,
    Gender,
    Dob,
    Age,
    Employed,
    Education,
    Married,
    Tz,
    /// One of the channel flags, `MSG-email` and its sisters.
    Channel,
}

/// Every system property by the name that a record carries.
pub const SYSTEM_PROPERTIES: &[(&str, SystemProperty)] = &[
    ("Identity", SystemProperty::Identity),
    ("identity", SystemProperty::Identity),
    ("Name", SystemProperty::Name),
    ("Email", SystemProperty::Email),
    ("Phone", SystemProperty::Phone),
    ("Gender", SystemProperty::Gender),
    ("DOB", SystemProperty::Dob),
    ("Age", SystemProperty::Age),
    ("Employed", SystemProperty::Employed),
    ("Education", SystemProperty::Education),
    ("Married", SystemProperty::Married),
    ("Tz", SystemProperty::Tz),
    ("Timezone", SystemProperty::Tz),
    ("MSG-email", SystemProperty::Channel),
    ("MSG-push", SystemProperty::Channel),
    ("MSG-sms", SystemProperty::Channel),
    ("MSG-whatsapp", SystemProperty::Channel),
    ("MSG-dndPhone", SystemProperty::Channel),
    ("MSG-dndEmail", SystemProperty::Channel),
];

/// Keys of a profile that hold objects, which no column can be.
pub const OBJECT_PROPERTIES: &[&str] = &["category-unsubscribe", "category-resubscribe"];

/// What stands against a value of a system property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// CleverTap refuses the record, with this code.
    Refused(RecordCode, Because),
    /// CleverTap's imports call it an error; the API has no code for it.
    NotAFlag,
    /// CleverTap takes the record and makes nothing of the value.
    NotAZone,
}

/// The rule behind a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    NotAnIdentity,
    NotAnAddress,
    NoPlus,
    TooFewDigits,
    TooManyDigits,
    NotDigits,
    NotAGender,
    NotYesOrNo,
    NotASchool,
    NotAnAge,
}

impl SystemProperty {
    /// The system property with exactly this name. CleverTap takes any other spelling for a property of the person's own.
    pub fn named(name: &str) -> Option<Self> {
        SYSTEM_PROPERTIES
            .iter()
            .find_map(|(known, property)| (*known == name).then_some(*property))
    }

    /// What CleverTap has against this value, written as text.
    pub fn object(self, value: &str) -> Option<Objection> {
        let refused = |code, because| Some(Objection::Refused(code, because));
        match self {
            Self::Identity if identity::check(value).is_err() => refused(RecordCode::IDENTITY, Because::NotAnIdentity),
            Self::Email if !is_email(value) => refused(RecordCode::EMAIL, Because::NotAnAddress),
            Self::Phone => phone(value).and_then(|because| refused(RecordCode::PHONE, because)),
            Self::Gender if !is_one_of(value, GENDERS) => refused(RecordCode::GENDER, Because::NotAGender),
            Self::Employed if !is_yes_or_no(value) => refused(RecordCode::EMPLOYED, Because::NotYesOrNo),
            Self::Married if !is_yes_or_no(value) => refused(RecordCode::MARRIED, Because::NotYesOrNo),
            Self::Education if !EDUCATIONS.contains(&value) => refused(RecordCode::EDUCATION, Because::NotASchool),
            Self::Age if !is_age(value) => refused(RecordCode::AGE, Because::NotAnAge),
            Self::Channel if !FLAGS.contains(&value) => Some(Objection::NotAFlag),
            Self::Tz if !looks_like_a_zone(value) => Some(Objection::NotAZone),
            _ => None,
        }
    }
}

/// M and F in the API's words, and what CleverTap's web library takes beside them.
const GENDERS: &[&str] = &["m", "f", "o", "u", "male", "female", "others", "unknown"];
const EDUCATIONS: &[&str] = &["School", "College", "Graduate"];
const FLAGS: &[&str] = &["0", "1", "true", "false"];

fn is_one_of(value: &str, words: &[&str]) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(value))
}

fn is_yes_or_no(value: &str) -> bool {
    matches!(value, "Y" | "N")
}

/// `user@host.tld`, without quotes, comments or spaces. Which rarer forms CleverTap takes is not published.
fn is_email(value: &str) -> bool {
    let Some((user, host)) = value.rsplit_once('@') else {
        return false;
    };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"@()<>[],;:\\\"".contains(c);
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let Some((_, top)) = host.rsplit_once('.') else {
        return false;
    };
    !user.is_empty()
        && user.chars().all(plain)
        && host.split('.').all(label)
        && top.chars().count() >= 2
        && !top.bytes().all(|b| b.is_ascii_digit())
}

/// A plus, more than four digits and at most the fifteen that a phone number can have, nothing else.
fn phone(value: &str) -> Option<Because> {
    let Some(digits) = value.strip_prefix('+') else {
        return Some(Because::NoPlus);
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        Some(Because::NotDigits)
    } else if digits.len() <= 4 {
        Some(Because::TooFewDigits)
    } else if digits.len() > 15 {
        Some(Because::TooManyDigits)
    } else {
        None
    }
}

/// A number of years. CleverTap takes it as a number and as text.
fn is_age(value: &str) -> bool {
    let (whole, part) = value.split_once('.').unwrap_or((value, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits(whole) && digits(part) && whole.len() <= 3
}

/// `Asia/Kolkata`, `UTC` or `+05:30`: a zone by its shape.
fn looks_like_a_zone(value: &str) -> bool {
    if let Some(offset) = value.strip_prefix(['+', '-']) {
        let digits: String = offset.chars().filter(|c| *c != ':').collect();
        return digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
    }
    let place = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+'))
    };
    matches!(value, "UTC" | "GMT") || (value.contains('/') && value.split('/').all(place))
}

#[cfg(test)]
mod tests {
    use super::Because::{
        NoPlus, NotAGender, NotASchool, NotAnAddress, NotAnAge, NotAnIdentity, NotDigits, NotYesOrNo, TooFewDigits,
        TooManyDigits,
    };
    use super::{Objection, SYSTEM_PROPERTIES, SystemProperty};

    #[track_caller]
    fn check(name: &str, rows: &[(&str, Option<(u16, super::Because)>)]) {
        let property = SystemProperty::named(name).unwrap_or_else(|| panic!("{name} is a system property"));
        for (value, expected) in rows {
            let objection = property.object(value).map(|objection| match objection {
                Objection::Refused(code, because) => (code.number(), because),
                other => panic!("{name} {value:?} is refused by code or not at all, not {other:?}"),
            });
            assert_eq!(objection, *expected, "{name} = {value:?}");
        }
    }

    #[test]
    fn emails() {
        let no = Some((515, NotAnAddress));
        check(
            "Email",
            &[
                ("example@gmail.com", None),
                ("a.b+c_d%e@mail.example.co.uk", None),
                ("o'neil@example.ie", None),
                ("käthe@müller.de", None),
                ("x@xn--mller-kva.de", None),
                ("1234", no),
                ("$$$$$", no),
                ("", no),
                ("@example.com", no),
                ("ann@", no),
                ("ann@localhost", no),
                ("ann@example.c", no),
                ("ann@.com", no),
                ("ann@exa mple.com", no),
                ("ann@@example.com", no),
                (" ann@example.com", no),
                ("ann@example.com ", no),
                ("Ann <ann@example.com>", no),
                ("a@b.com,c@d.com", no),
                ("ann@-example.com", no),
                ("ann@10.0.0.1", no),
            ],
        );
    }

    #[test]
    fn phones() {
        check(
            "Phone",
            &[
                ("+35922333232", None),
                ("+12345", None),
                ("+123456789012345", None),
                ("+1234567890123456", Some((516, TooManyDigits))),
                ("+1234", Some((516, TooFewDigits))),
                ("+", Some((516, TooFewDigits))),
                ("223", Some((516, NoPlus))),
                ("35922333232", Some((516, NoPlus))),
                ("", Some((516, NoPlus))),
                ("+44+441234", Some((516, NotDigits))),
                ("+44 20 7946", Some((516, NotDigits))),
                ("+٣٥٩٢٢٣٣", Some((516, NotDigits))),
            ],
        );
    }

    #[test]
    fn the_other_properties_that_have_codes() {
        let gender = Some((514, NotAGender));
        check(
            "Gender",
            &[("M", None), ("F", None), ("female", None), ("X1", gender), ("", gender)],
        );
        let employed = Some((517, NotYesOrNo));
        check(
            "Employed",
            &[
                ("Y", None),
                ("N", None),
                ("223", employed),
                ("y", employed),
                ("true", employed),
            ],
        );
        let married = Some((519, NotYesOrNo));
        check(
            "Married",
            &[("Y", None), ("N", None), ("123", married), ("Yes", married)],
        );
        let school = Some((518, NotASchool));
        check(
            "Education",
            &[
                ("School", None),
                ("College", None),
                ("Graduate", None),
                ("123", school),
                ("school", school),
            ],
        );
        let age = Some((520, NotAnAge));
        check(
            "Age",
            &[
                ("18", None),
                ("0", None),
                ("18.5", None),
                ("aa", age),
                ("-3", age),
                ("", age),
                ("1e2", age),
                ("4000", age),
            ],
        );
        check("Identity", &[("u1", None), ("null", Some((523, NotAnIdentity)))]);
        check("Name", &[("", None), ("whatever", None)]);
    }

    #[test]
    fn flags_and_zones_have_no_code() {
        let flag = SystemProperty::Channel;
        for value in ["0", "1", "true", "false"] {
            assert_eq!(flag.object(value), None, "{value} is a flag");
        }
        for value in ["yes", "TRUE", "", "2"] {
            assert_eq!(flag.object(value), Some(Objection::NotAFlag), "{value:?} is none");
        }
        for value in [
            "Asia/Kolkata",
            "America/Argentina/Buenos_Aires",
            "UTC",
            "+05:30",
            "-0800",
            "Etc/GMT+5",
        ] {
            assert_eq!(SystemProperty::Tz.object(value), None, "{value} is a zone");
        }
        for value in ["", "IST?", "5.5", "/", "asia", "+5"] {
            assert_eq!(
                SystemProperty::Tz.object(value),
                Some(Objection::NotAZone),
                "{value:?} is none"
            );
        }
    }

    #[test]
    fn only_the_exact_name_is_a_system_property() {
        for (name, property) in SYSTEM_PROPERTIES {
            assert_eq!(SystemProperty::named(name), Some(*property), "{name} is its own");
        }
        for name in ["email", "EMAIL", "E-mail", "Plan"] {
            assert_eq!(SystemProperty::named(name), None, "{name} is the person's own");
        }
    }
}
