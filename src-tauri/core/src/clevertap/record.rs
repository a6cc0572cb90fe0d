//! What each of CleverTap's codes for a record means, and the facts that its echo adds.
//! <https://developer.clevertap.com/docs/api-errors>, updated 2025-12-14.

use serde_json::Value;

use super::reply::Unprocessed;
use super::rules::identity::{self, IdentityRefusal};
use super::rules::limits::{EVENT_PROPERTIES, IDENTITY_CHARS};
use super::rules::system::{Because, Objection, SystemProperty};
use crate::ground::problem::{Answer, Code, Fact, Problem};

/// Every code that CleverTap publishes for a record, and its problem.
pub const RECORD_CODES: &[(u16, Code)] = &[
    (509, Code::CleverTapEventNameMissing),
    (512, Code::CleverTapEventStructure),
    (513, Code::CleverTapEventReserved),
    (514, Code::CleverTapGender),
    (515, Code::CleverTapEmail),
    (516, Code::CleverTapPhone),
    (517, Code::CleverTapEmployed),
    (518, Code::CleverTapEducation),
    (519, Code::CleverTapMarried),
    (520, Code::CleverTapAge),
    (522, Code::CleverTapEventProperties),
    (523, Code::CleverTapIdentity),
    (524, Code::CleverTapKind),
    (525, Code::CleverTapTime),
    (526, Code::CleverTapIdInvalid),
    (528, Code::CleverTapEventDiscarded),
    (530, Code::CleverTapTokenObject),
    (531, Code::CleverTapTokenData),
    (532, Code::CleverTapTokenId),
    (533, Code::CleverTapTokenType),
    (534, Code::CleverTapTokenTypeUnfit),
    (535, Code::CleverTapTokenUnread),
    (555, Code::CleverTapRecordFailed),
];

/// The fields that can say whose a record is, in the order in which CleverTap names them.
const IDENTITY_FIELDS: [&str; 4] = ["identity", "objectId", "FBID", "GPID"];

/// The problem of a row that was not delivered, by the code that its run keeps: CleverTap's own, or what a run says of a
/// record that CleverTap did not speak of. Nothing for other codes, which are not CleverTap's.
///
/// `record` is the record as JSON, where its values are still kept.
pub fn of_row(code: &str, said: Option<&str>, record: Option<&str>) -> Option<Problem> {
    let record: Value = record
        .and_then(|record| serde_json::from_str(record).ok())
        .unwrap_or_default();
    let problem = match code {
        "no_answer" => return Some(Problem::new(Code::CleverTapNoAnswer)),
        "not_accounted" => return Some(Problem::new(Code::CleverTapUncounted)),
        "unknown" => of_code(None, &record),
        "400" => Problem::new(Code::CleverTapNotUnderstood).with(Fact::Status, code),
        _ => of_code(
            Some(code.parse().ok().filter(|code| (500..600).contains(code))?),
            &record,
        ),
    };
    Some(with_words(problem, said))
}

/// The problem of one refusal.
pub(super) fn of_refusal(refusal: &Unprocessed) -> Problem {
    with_words(
        of_code(refusal.code(), refusal.record()),
        Some(refusal.error()).filter(|words| !words.is_empty()),
    )
}

fn with_words(problem: Problem, said: Option<&str>) -> Problem {
    match said {
        Some(said) => problem.answered(Answer {
            said: Some(said.to_owned()),
            ..Answer::default()
        }),
        None => problem,
    }
}

fn of_code(number: Option<u16>, record: &Value) -> Problem {
    let known = RECORD_CODES.iter().find(|(code, _)| Some(*code) == number);
    let code = known.map_or(Code::CleverTapRecordUnknown, |(_, code)| *code);
    let problem = Problem::new(code)
        .with_some(Fact::RecordCode, number.map(|code| code.to_string()))
        .with_some(Fact::IdentityField, identity_field(record));
    match code {
        Code::CleverTapGender
        | Code::CleverTapEmail
        | Code::CleverTapPhone
        | Code::CleverTapEmployed
        | Code::CleverTapEducation
        | Code::CleverTapMarried
        | Code::CleverTapAge => of_property(problem, property(code), record),
        Code::CleverTapEventNameMissing => problem.with(Fact::Property, "evtName"),
        Code::CleverTapEventStructure => problem
            .with(Fact::Property, "evtData")
            .with_some(Fact::Event, event(record)),
        Code::CleverTapEventReserved | Code::CleverTapEventDiscarded => problem
            .with(Fact::Property, "evtName")
            .with_some(Fact::Event, event(record)),
        Code::CleverTapEventProperties => problem
            .with(Fact::Limit, event_limit())
            .with_some(Fact::Event, event(record))
            .with_some(Fact::Count, properties(record).map(|count| count.to_string())),
        Code::CleverTapIdentity => problem
            .with(Fact::Limit, format!("{} characters", thousands(IDENTITY_CHARS)))
            .with_some(Fact::Found, whose(record)),
        Code::CleverTapKind => problem.with(Fact::Property, "type"),
        Code::CleverTapTime => problem
            .with(Fact::Property, "ts")
            .with_some(Fact::Found, time(record.get("ts"))),
        Code::CleverTapIdInvalid | Code::CleverTapTokenObject => problem.with(Fact::IdentityField, "objectId"),
        Code::CleverTapTokenData | Code::CleverTapTokenUnread => problem.with(Fact::Property, "tokenData"),
        Code::CleverTapTokenId => problem.with(Fact::Property, "tokenData.id"),
        Code::CleverTapTokenType | Code::CleverTapTokenTypeUnfit => problem.with(Fact::Property, "tokenData.type"),
        _ => problem,
    }
}

fn property(code: Code) -> &'static str {
    match code {
        Code::CleverTapGender => "Gender",
        Code::CleverTapEmail => "Email",
        Code::CleverTapPhone => "Phone",
        Code::CleverTapEmployed => "Employed",
        Code::CleverTapEducation => "Education",
        Code::CleverTapMarried => "Married",
        _ => "Age",
    }
}

/// What our own rules say of the value, without saying the value.
fn of_property(problem: Problem, name: &'static str, record: &Value) -> Problem {
    let value = match record.get("profileData").and_then(|data| data.get(name)) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let objection = value.and_then(|value| SystemProperty::named(name)?.object(&value));
    let found = match objection {
        Some(Objection::Refused(_, because)) => words(because),
        _ => None,
    };
    problem.with(Fact::Property, name).with_some(Fact::Found, found)
}

fn words(because: Because) -> Option<&'static str> {
    Some(match because {
        Because::NoPlus => "without + and country code",
        Because::TooFewDigits => "of fewer than five digits",
        Because::TooManyDigits => "of more than fifteen digits",
        Because::NotDigits => "with something other than digits behind the +",
        // The explanation says all that there is to say.
        _ => return None,
    })
}

fn identity_field(record: &Value) -> Option<&'static str> {
    IDENTITY_FIELDS.into_iter().find(|field| record.get(field).is_some())
}

/// What is wrong with the identity that is there.
fn whose(record: &Value) -> Option<&'static str> {
    let Value::String(text) = record.get(identity_field(record)?)? else {
        return None;
    };
    Some(match identity::check(text).err()? {
        IdentityRefusal::Empty => "empty",
        IdentityRefusal::Nobody => "a word that stands for nobody",
        IdentityRefusal::TooLong => "too long",
    })
}

fn event(record: &Value) -> Option<&str> {
    record.get("evtName")?.as_str().filter(|name| !name.is_empty())
}

fn properties(record: &Value) -> Option<usize> {
    record.get("evtData")?.as_object().map(serde_json::Map::len)
}

/// CleverTap's pages give two numbers, by when the account was made.
pub(super) fn event_limit() -> String {
    format!("{EVENT_PROPERTIES} properties, or 100 in accounts that are set to it")
}

/// The kind of a time that is none, without the time.
fn time(ts: Option<&Value>) -> Option<&'static str> {
    Some(match ts? {
        Value::Number(number) => match number.as_i64() {
            Some(ts) if ts <= 0 => "zero or negative",
            Some(ts) if ts > 99_999_999_999 => "in milliseconds",
            Some(_) => return None,
            None => "not a whole number",
        },
        Value::String(text) if text.chars().all(|c| c.is_ascii_digit()) => "a text of digits, not a number",
        Value::String(_) => "a text",
        Value::Null => "null",
        _ => "not a number",
    })
}

fn thousands(number: usize) -> String {
    if number < 1_000 {
        number.to_string()
    } else {
        format!("{},{:03}", number / 1_000, number % 1_000)
    }
}
