//! What became of a row, and the words for it. A reason holds no value of the row, so that equal reasons can be counted.

use std::sync::Arc;

use super::dates::DateFault;
use super::number::NumberFault;
use crate::clevertap::rules::identity::IdentityRefusal;
use crate::clevertap::rules::names::NameRefusal;
use crate::clevertap::rules::system::{Because, Objection};

/// What became of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its record was written.
    Record { warnings: Vec<Warning> },
    /// Nothing was written. Everything that stands against the row is listed, in the order of the record.
    Rejected { rejections: Vec<Rejection> },
}

/// Why a row must not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub column: Arc<str>,
    /// CleverTap's code for the record, such as `515`, or a word of ours where CleverTap has none.
    pub code: &'static str,
    /// One clause, without a full stop.
    pub reason: &'static str,
}

/// What CleverTap will cut or drop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub column: Arc<str>,
    pub code: &'static str,
    pub reason: &'static str,
}

impl From<Warning> for Rejection {
    fn from(warning: Warning) -> Self {
        Self {
            column: warning.column,
            code: warning.code,
            reason: warning.reason,
        }
    }
}

/// A code and its clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    pub code: &'static str,
    pub words: &'static str,
}

const fn reason(code: &'static str, words: &'static str) -> Reason {
    Reason { code, words }
}

pub(super) const NULL: Reason = reason("null", "There is no value, and this property was set to need one");
pub(super) const IDENTITY_NULL: Reason = reason("523", "There is no identity");
pub(super) const CLEVERTAP_ID: Reason = reason("526", "A CleverTap ID holds no spaces");
pub(super) const EVENT_NAME_MISSING: Reason = reason("509", "There is no event name");
pub(super) const ITEMS: Reason = reason(
    "512",
    "The Items of a Charged event are a list of objects, which an import cannot send",
);
pub(super) const TIME_NULL: Reason = reason("525", "There is no time for Created On");
pub(super) const TIME_UNREADABLE: Reason = reason("525", "The time is not written as the date format says");
pub(super) const TIME_OUT_OF_RANGE: Reason =
    reason("525", "The time is before 1970 or too far ahead, or does not exist");
pub(super) const UNREADABLE: Reason = reason("unreadable", "The value is not what its column's type says");
pub(super) const NOT_A_FLAG: Reason = reason("not_a_boolean", "A Boolean is 0, 1, true or false");
pub(super) const TEXT_CUT: Reason = reason("text_cut", "The text is longer than 512 bytes, and CleverTap cuts it");
pub(super) const LIST_CUT: Reason = reason(
    "list_cut",
    "The list has more than 100 texts, and only the first 100 are sent",
);
pub(super) const INTEGER_AS_TEXT: Reason = reason(
    "integer_as_text",
    "The number has too many digits for JSON and is sent as text",
);
pub(super) const DIGITS_LOST: Reason = reason(
    "digits_lost",
    "The number has more than 17 digits, and CleverTap keeps no more of a Float",
);
pub(super) const TEXT_IS_DATE: Reason = reason(
    "text_is_date",
    "The text begins with $D_, and CleverTap takes such a text for a date",
);
const ZONE: Reason = reason("zone_unknown", "CleverTap may not know this time zone");

impl From<NumberFault> for Reason {
    fn from(fault: NumberFault) -> Self {
        match fault {
            NumberFault::Unreadable => reason("not_a_number", "This is not a number"),
            NumberFault::Infinite => reason("not_finite", "NaN and infinity are no numbers to CleverTap"),
            NumberFault::Fractional => reason(
                "not_whole",
                "The number has a fraction, and an Integer or Long has none",
            ),
        }
    }
}

impl From<DateFault> for Reason {
    fn from(fault: DateFault) -> Self {
        match fault {
            DateFault::Format => reason("date_format", "The date is not written as its format says"),
            DateFault::NoSuchTime => reason("no_such_date", "There is no such day or time"),
            DateFault::OutOfRange => reason("date_out_of_range", "The year is not between 1 and 9999"),
        }
    }
}

impl From<IdentityRefusal> for Reason {
    fn from(refusal: IdentityRefusal) -> Self {
        match refusal {
            IdentityRefusal::Empty => reason("523", "The identity is empty"),
            IdentityRefusal::Nobody => reason(
                "523",
                "The identity is a word that stands for nobody, such as null or n/a",
            ),
            IdentityRefusal::TooLong => reason("523", "The identity is longer than 1,024 characters"),
        }
    }
}

impl From<&NameRefusal> for Reason {
    fn from(refusal: &NameRefusal) -> Self {
        match refusal {
            NameRefusal::Empty => EVENT_NAME_MISSING,
            NameRefusal::Padded => reason("event_name_padded", "The event name has a space at an end"),
            NameRefusal::Forbidden(_) => reason(
                "event_name_forbidden",
                "The event name holds a character that CleverTap forbids",
            ),
            NameRefusal::TooLong => reason("event_name_too_long", "The event name is longer than 120 bytes"),
            NameRefusal::Reserved(_) => reason("513", "The event name is one of CleverTap's own"),
        }
    }
}

/// What a rule of CleverTap's says against a value: refused, or only warned of.
pub(super) enum Verdict {
    Rejects(Reason),
    Warns(Reason),
}

impl From<Objection> for Verdict {
    fn from(objection: Objection) -> Self {
        match objection {
            Objection::Refused(code, because) => Self::Rejects(reason(code.as_str(), because_words(because))),
            Objection::NotAFlag => Self::Rejects(NOT_A_FLAG),
            Objection::NotAZone => Self::Warns(ZONE),
        }
    }
}

fn because_words(because: Because) -> &'static str {
    match because {
        Because::NotAnIdentity => "This is no identity that CleverTap takes",
        Because::NotAnAddress => "This is not an e-mail address",
        Because::NoPlus => "The phone number has no country code: it must start with +",
        Because::TooFewDigits => "The phone number has fewer than five digits",
        Because::TooManyDigits => "The phone number has more than fifteen digits",
        Because::NotDigits => "The phone number holds something other than digits after its +",
        Because::NotAGender => "Gender is M or F",
        Because::NotYesOrNo => "Only Y and N are taken here",
        Because::NotASchool => "Education is School, College or Graduate",
        Because::NotAnAge => "Age is a number of years",
    }
}
