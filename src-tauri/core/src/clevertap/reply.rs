//! What CleverTap answers to an upload, and what that says of each record. A 200 is no promise: records are accounted
//! one by one, and what is not accounted for is in doubt.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

/// An answer to one call. The default says nothing of any record.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct UploadReply {
    #[serde(default)]
    status: String,
    #[serde(default)]
    processed: Option<u64>,
    #[serde(default)]
    unprocessed: Vec<Unprocessed>,
    /// Where the call was refused as a whole: CleverTap's words, and the HTTP status once more.
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    code: Value,
}

/// One record that CleverTap refused, as it came.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Unprocessed {
    #[serde(default)]
    code: Value,
    #[serde(default)]
    error: String,
    /// The record as CleverTap understood it: some values come back in another shape.
    #[serde(default)]
    record: Value,
}

/// What one answer says of the records of its call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounted {
    pub delivered: u64,
    /// By the record's place in the call, from 0.
    pub refused: Vec<Refusal>,
    /// Records that the answer neither counts as processed nor refuses. Which of the others they are it does not say.
    pub in_doubt: u64,
}

/// One record that CleverTap refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub place: usize,
    /// Such as 515. Nothing where CleverTap gave none.
    pub code: Option<u16>,
    /// CleverTap's own words, without the number that it puts at their end.
    pub said: String,
}

impl Refusal {
    /// Whether CleverTap may take the record when it is sent again.
    pub fn may_succeed_later(&self) -> bool {
        self.code == Some(MISCELLANEOUS)
    }
}

/// A fault of the server's own, the only record code that waiting helps against.
const MISCELLANEOUS: u16 = 555;

impl UploadReply {
    /// The codes of all refusals, as they came.
    pub fn codes(&self) -> Vec<u16> {
        self.unprocessed.iter().filter_map(Unprocessed::code).collect()
    }

    /// CleverTap's own words for the call or for its first refusal.
    pub fn said(&self) -> Option<&str> {
        let first = self.unprocessed.first().map(|refused| refused.error.as_str());
        self.error.as_deref().or(first).filter(|words| !words.is_empty())
    }

    pub fn status(&self) -> &str {
        &self.status
    }

    /// Whether this is an answer of CleverTap's: each has one of three words for its status.
    pub fn is_clevertaps(&self) -> bool {
        ["success", "partial", "fail"].contains(&self.status.as_str())
    }

    /// Whether the call failed and no record is spoken of.
    pub fn failed_as_a_whole(&self) -> bool {
        self.status == "fail" && self.processed.is_none() && self.unprocessed.is_empty()
    }

    /// The HTTP status that a refusal of the whole call names.
    pub fn named_status(&self) -> Option<u16> {
        number(&self.code).filter(|code| (400..600).contains(code))
    }

    /// Records that CleverTap says to have taken.
    pub fn processed(&self) -> Option<u64> {
        self.processed
    }

    pub(super) fn unprocessed(&self) -> &[Unprocessed] {
        &self.unprocessed
    }

    /// Accounts for each of the records that the call carried. `identity` tells whom the record at a place is about, and is
    /// asked only where one was refused.
    pub fn account<'r>(&self, records: usize, identity: impl Fn(usize) -> Cow<'r, str>) -> Accounted {
        let asked = if self.unprocessed.is_empty() { 0 } else { records };
        let identities: Vec<Cow<'r, str>> = (0..asked).map(identity).collect();
        let mut places = Places::of(&identities);
        let mut refused = Vec::with_capacity(self.unprocessed.len());
        let mut unplaced = Vec::new();
        // Numbers first: an identity may stand in a call many times, a number names one record.
        for refusal in &self.unprocessed {
            match places.take_numbered(refusal) {
                Some(place) => refused.push(refusal.at(place)),
                None => unplaced.push(refusal),
            }
        }
        for refusal in unplaced {
            if let Some(place) = places.take_by_identity(refusal) {
                refused.push(refusal.at(place));
            }
        }
        refused.sort_by_key(|refusal| refusal.place);
        let rest = (records - refused.len()) as u64;
        let delivered = self.processed.unwrap_or(0).min(rest);
        Accounted {
            delivered,
            refused,
            in_doubt: rest - delivered,
        }
    }
}

impl Unprocessed {
    pub fn code(&self) -> Option<u16> {
        number(&self.code)
    }

    pub fn record(&self) -> &Value {
        &self.record
    }

    /// CleverTap's own words.
    pub fn error(&self) -> &str {
        &self.error
    }

    /// From "… Skipped record number : 7", counted from 1: 6.
    pub fn place(&self) -> Option<usize> {
        let (_, number) = self.error.rsplit_once(NUMBERED)?;
        let number: usize = number.trim_start_matches([' ', ':']).trim().parse().ok()?;
        number.checked_sub(1)
    }

    fn identity(&self) -> Option<String> {
        ["identity", "objectId", "FBID", "GPID"]
            .iter()
            .find_map(|key| match self.record.get(key)? {
                Value::String(text) => Some(text.clone()),
                // CleverTap may echo a text of digits as a number.
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
    }

    fn at(&self, place: usize) -> Refusal {
        let words = match self.error.rsplit_once(NUMBERED) {
            Some((words, _)) => words,
            None => &self.error,
        };
        Refusal {
            place,
            code: self.code(),
            said: words.trim().to_owned(),
        }
    }
}

/// CleverTap writes its codes as numbers; senders have seen them as text.
fn number(code: &Value) -> Option<u16> {
    match code {
        Value::Number(number) => number.as_u64().and_then(|code| code.try_into().ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

const NUMBERED: &str = "Skipped record number";

/// Records of a call that no refusal has been found for yet.
struct Places<'a> {
    identities: &'a [Cow<'a, str>],
    taken: Vec<bool>,
    by_identity: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Places<'a> {
    fn of(identities: &'a [Cow<'a, str>]) -> Self {
        let mut by_identity: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, identity) in identities.iter().enumerate() {
            by_identity.entry(identity.as_ref()).or_default().push(place);
        }
        Self {
            identities,
            taken: vec![false; identities.len()],
            by_identity,
        }
    }

    /// The record of that number, unless the echo names somebody else.
    fn take_numbered(&mut self, refusal: &Unprocessed) -> Option<usize> {
        let place = refusal.place()?;
        let ours = self.identities.get(place)?;
        if refusal.identity().is_some_and(|echoed| echoed != *ours) {
            return None;
        }
        self.take(place)
    }

    /// The one record of that identity. Where there are several, none is surely the one.
    fn take_by_identity(&mut self, refusal: &Unprocessed) -> Option<usize> {
        let echoed = refusal.identity()?;
        match self.by_identity.get(echoed.as_str())?.as_slice() {
            &[place] => self.take(place),
            _ => None,
        }
    }

    fn take(&mut self, place: usize) -> Option<usize> {
        (!std::mem::replace(&mut self.taken[place], true)).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::{Accounted, Refusal, UploadReply};
    use serde_json::json;

    fn account(reply: serde_json::Value, identities: &[&str]) -> Accounted {
        let reply: UploadReply = serde_json::from_value(reply).expect("an answer of the usual shape");
        reply.account(identities.len(), |place| identities[place].into())
    }

    fn refusal(place: usize, code: u16, said: &str) -> Refusal {
        Refusal {
            place,
            code: Some(code),
            said: said.to_owned(),
        }
    }

    const EMAIL: &str = "Profile data is incorrect. Email is not valid.";

    #[test]
    fn a_success_delivers_all() {
        let reply = json!({"status": "success", "processed": 2, "unprocessed": []});
        assert_eq!(
            account(reply, &["a", "b"]),
            Accounted {
                delivered: 2,
                ..Accounted::default()
            },
            "each is accounted for"
        );
    }

    #[test]
    fn refusals_find_their_records_by_number() {
        let reply = json!({"status": "partial", "processed": 1, "unprocessed": [
            {"status": "fail", "code": 515, "error": format!("{EMAIL}Skipped record number : 3"), "record": {"identity": "a"}},
            {"status": "fail", "code": 525, "error": "Timestamp should be present in the Unix Epoch format. Skipped record number : 1", "record": {"identity": "a"}},
        ]});
        assert_eq!(
            account(reply, &["a", "b", "a"]),
            Accounted {
                delivered: 1,
                refused: vec![
                    refusal(0, 525, "Timestamp should be present in the Unix Epoch format."),
                    refusal(2, 515, EMAIL)
                ],
                in_doubt: 0,
            },
            "one identity twice is told apart by the numbers"
        );
    }

    #[test]
    fn an_echo_that_was_rewritten_still_finds_its_record() {
        let reply = json!({"status": "fail", "processed": 0, "unprocessed": [
            {"code": "520", "error": "Profile data is incorrect. Age is invalid.", "record": {"identity": 35_922, "profileData": {"Phone": 35_922_333_232_u64}}},
        ]});
        assert_eq!(
            account(reply, &["35922"]).refused,
            [refusal(0, 520, "Profile data is incorrect. Age is invalid.")],
            "CleverTap turns texts of digits into numbers"
        );
    }

    #[test]
    fn a_number_that_names_somebody_else_is_not_believed() {
        let reply = json!({"status": "partial", "processed": 1, "unprocessed": [
            {"code": 515, "error": format!("{EMAIL}Skipped record number : 1"), "record": {"identity": "b"}},
        ]});
        assert_eq!(
            account(reply, &["a", "b"]).refused,
            [refusal(1, 515, EMAIL)],
            "number and echo disagree, and the echo names one record surely"
        );
    }

    #[test]
    fn what_is_not_accounted_for_is_in_doubt_and_never_delivered() {
        let rows = [
            (
                "too few",
                json!({"status": "success", "processed": 1, "unprocessed": []}),
                1,
                2,
            ),
            (
                "a bare fail",
                json!({"status": "fail", "processed": 0, "unprocessed": []}),
                0,
                3,
            ),
            ("no counts", json!({"status": "success"}), 0, 3),
            ("nothing at all", json!({}), 0, 3),
            (
                "a refusal of nobody that we sent",
                json!({"status": "partial", "processed": 2, "unprocessed": [{"code": 515, "error": "x", "record": {"identity": "z"}}]}),
                2,
                1,
            ),
            (
                "too many",
                json!({"status": "success", "processed": 9, "unprocessed": []}),
                3,
                0,
            ),
        ];
        for (what, reply, delivered, in_doubt) in rows {
            let found = account(reply, &["a", "b", "c"]);
            assert_eq!((found.delivered, found.in_doubt), (delivered, in_doubt), "for {what}");
        }
    }

    #[test]
    fn one_refusal_counts_once_however_often_it_is_told() {
        let told =
            json!({"code": 515, "error": format!("{EMAIL}Skipped record number : 1"), "record": {"identity": "a"}});
        let reply = json!({"status": "partial", "processed": 1, "unprocessed": [told, told]});
        let found = account(reply, &["a", "b"]);
        assert_eq!(
            (found.delivered, found.refused.len(), found.in_doubt),
            (1, 1, 0),
            "the second telling says nothing of another record"
        );
    }

    #[test]
    fn only_the_servers_own_fault_is_worth_another_try() {
        for (code, again) in [(509, false), (515, false), (535, false), (555, true)] {
            assert_eq!(refusal(0, code, "").may_succeed_later(), again, "for {code}");
        }
    }
}
