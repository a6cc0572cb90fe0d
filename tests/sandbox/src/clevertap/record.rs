//! What `CleverTap` demands of one record: the order of its tests, its codes and its words.

use super::Rules;
use super::json::Json;

/// Why a record was not processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) message: String,
}

/// Values that name nobody.
const BANNED: [&str; 16] = [
    "undefined",
    "null",
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
    "none",
];

/// Events that only `CleverTap` itself raises; compared without case and spaces.
const RESTRICTED: [&str; 17] = [
    "notificationsent",
    "notificationviewed",
    "notificationclicked",
    "notificationdelivered",
    "notificationreplied",
    "utmvisited",
    "applaunched",
    "appuninstalled",
    "appversionchanged",
    "stayed",
    "replysent",
    "experimentrendered",
    "reachableby",
    "identityreset",
    "identityset",
    "identityerror",
    "webpageviewed",
];

/// Tests a record as the server does, rewriting what the server rewrites in its echo. `nth` counts from 1.
pub(crate) fn judge(record: &mut Json, nth: usize, rules: &Rules) -> Result<(), Refusal> {
    let kind = record.get("type").and_then(Json::text).unwrap_or_default().to_owned();
    if !["profile", "event", "token"].contains(&kind.as_str()) {
        return Err(plain(524, "Record is neither an event nor a profile.", nth));
    }
    identified(record, nth)?;
    timed(record, nth)?;
    let identity = record.get("identity").and_then(Json::text);
    if identity.is_some_and(|identity| rules.failing.contains(identity)) {
        return Err(plain(555, "Miscellaneous error.", nth));
    }
    match kind.as_str() {
        "profile" => profile(record, nth),
        "event" => event(record, nth, rules),
        _ => token(record, nth),
    }
}

fn plain(code: u16, words: &str, nth: usize) -> Refusal {
    Refusal {
        code,
        message: format!("{words} Skipped record number : {nth}"),
    }
}

/// Profile messages have no space before "Skipped".
fn in_profile(code: u16, words: &str, nth: usize) -> Refusal {
    Refusal {
        code,
        message: format!("Profile data is incorrect. {words}Skipped record number : {nth}"),
    }
}

fn identified(record: &Json, nth: usize) -> Result<(), Refusal> {
    let named = ["identity", "FBID", "GPID", "objectId"]
        .iter()
        .find_map(|key| record.get(key)?.written());
    let fits = named.is_some_and(|name| {
        let name = name.trim().to_lowercase();
        !name.is_empty() && name.chars().count() <= 1024 && !BANNED.contains(&name.as_str())
    });
    if !fits {
        return Err(plain(523, "Identity is missing.", nth));
    }
    let malformed = record.get("objectId").is_some_and(|id| {
        id.text()
            .is_none_or(|id| id.is_empty() || id.chars().any(char::is_whitespace))
    });
    if malformed {
        Err(plain(526, "Object ID is invalid.", nth))
    } else {
        Ok(())
    }
}

fn timed(record: &Json, nth: usize) -> Result<(), Refusal> {
    // Eleven digits and more are milliseconds, or the year 5138.
    let epoch = |ts: &Json| match ts {
        Json::Number(ts) => ts.as_i64().is_some_and(|ts| ts > 0 && ts < 100_000_000_000),
        Json::Text(ts) => ts.parse::<i64>().is_ok_and(|ts| ts > 0 && ts < 100_000_000_000),
        _ => false,
    };
    match record.get("ts") {
        Some(ts) if !epoch(ts) => Err(plain(525, "Timestamp should be present in the Unix Epoch format.", nth)),
        _ => Ok(()),
    }
}

fn profile(record: &mut Json, nth: usize) -> Result<(), Refusal> {
    let Some(data @ Json::Object(_)) = record.get_mut("profileData") else {
        return Err(plain(524, "Record is neither an event nor a profile.", nth));
    };
    let one_of = |data: &Json, key: &str, allowed: &[&str]| {
        data.get(key).is_none_or(|value| {
            is_operation(value)
                || value
                    .text()
                    .is_some_and(|text| allowed.iter().any(|one| one.eq_ignore_ascii_case(text)))
        })
    };
    let genders = ["m", "f", "o", "u", "male", "female", "other", "others", "unknown"];
    if !one_of(data, "Gender", &genders) {
        return Err(in_profile(514, "Gender is not valid.", nth));
    }
    if !data
        .get("Email")
        .is_none_or(|email| is_operation(email) || email.text().is_some_and(is_email))
    {
        return Err(in_profile(515, "Email is not valid.", nth));
    }
    if let Some(phone) = data.get_mut("Phone").filter(|phone| !is_operation(phone)) {
        let digits = phone.text().and_then(phone_digits);
        *phone = digits.ok_or_else(|| in_profile(516, "Phone number is not valid.", nth))?;
    }
    if !one_of(data, "Employed", &["Y", "N"]) {
        return Err(in_profile(517, "Employed needs to be Y/N.", nth));
    }
    if !one_of(data, "Education", &["School", "College", "Graduate"]) {
        return Err(in_profile(518, "Education needs to be School/College/Graduate..", nth));
    }
    if !one_of(data, "Married", &["Y", "N"]) {
        return Err(in_profile(519, "Married needs to be Y/N.", nth));
    }
    if let Some(identity @ Json::Number(_)) = data.get_mut("identity") {
        *identity = Json::Text(identity.written().unwrap_or_default());
    }
    let aged = data.get("Age").is_none_or(|age| {
        is_operation(age)
            || age
                .written()
                .is_some_and(|age| age.trim().parse::<f64>().is_ok_and(f64::is_finite))
    });
    if aged {
        Ok(())
    } else {
        Err(in_profile(520, "Age is invalid.", nth))
    }
}

fn event(record: &Json, nth: usize, rules: &Rules) -> Result<(), Refusal> {
    let incorrect = |code: u16, why: &str| {
        plain(
            code,
            &format!("Event Name is incorrect. ErrorCode: {code} - {why}."),
            nth,
        )
    };
    let name = record.get("evtName").and_then(Json::text).unwrap_or_default();
    if name.trim().is_empty() {
        return Err(incorrect(509, "Event name is mandatory"));
    }
    let folded = folded(name);
    if RESTRICTED.contains(&folded.as_str()) {
        return Err(incorrect(513, "Trying to raise a restricted system event"));
    }
    if rules.discarded_events.contains(&folded) {
        return Err(plain(528, "Trying to raise a discarded event.", nth));
    }
    let properties = match record.get("evtData") {
        None => 0,
        Some(data @ Json::Object(pairs)) => {
            let items = data.get("Items").filter(|_| folded == "charged");
            if items.is_some_and(|items| !matches!(items, Json::List(_))) {
                return Err(plain(512, "Event structure is incorrect.", nth));
            }
            pairs.len()
        }
        Some(_) => return Err(plain(512, "Event structure is incorrect.", nth)),
    };
    if properties > rules.event_properties {
        return Err(plain(522, "Event properties limit exceeded.", nth));
    }
    Ok(())
}

fn token(record: &Json, nth: usize) -> Result<(), Refusal> {
    if record.get("objectId").is_none() {
        return Err(plain(530, "Object ID is invalid.", nth));
    }
    let Some(data @ Json::Object(_)) = record.get("tokenData") else {
        return Err(plain(531, "Token data is invalid.", nth));
    };
    if data.get("id").is_none() {
        return Err(plain(532, "Token id is missing.", nth));
    }
    let Some(kind) = data.get("type").and_then(Json::text) else {
        return Err(plain(533, "Token type is missing.", nth));
    };
    let known = ["fcm", "gcm", "apns", "chrome", "wns", "mpns"].contains(&kind);
    if known {
        Ok(())
    } else {
        Err(plain(534, "Token type is invalid.", nth))
    }
}

/// Event names are told apart without case and spaces.
pub(crate) fn folded(name: &str) -> String {
    name.chars()
        .filter(|letter| !letter.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

fn is_operation(value: &Json) -> bool {
    matches!(value, Json::Object(pairs) if pairs.first().is_some_and(|(key, _)| key.starts_with('$')))
}

fn is_email(text: &str) -> bool {
    let Some((user, host)) = text.split_once('@') else {
        return false;
    };
    let odd = |letter: char| letter.is_whitespace() || letter == '@' || letter == ',';
    let labels: Vec<_> = host.split('.').collect();
    !user.is_empty()
        && !user.contains(odd)
        && !host.contains(odd)
        && labels.len() >= 2
        && labels.iter().all(|label| !label.is_empty())
}

/// A plus, then more than four digits and nothing else. The server keeps it as a number.
fn phone_digits(text: &str) -> Option<Json> {
    let digits = text.strip_prefix('+')?;
    let plain = digits.len() > 4 && digits.len() <= 15 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| plain)?;
    Some(Json::Number(number.into()))
}
