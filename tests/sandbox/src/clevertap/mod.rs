//! `CleverTap` as the sandbox plays it: accounts, the Upload API, and what arrived. It knows nothing of Google.

mod json;
mod profile;
mod record;
mod sink;
mod upload;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use self::json::Json;
pub(crate) use self::sink::OpenSink;
pub use self::sink::{Sink, Sunk};
use crate::ask::Ask;
use crate::reply::Reply;

/// Calls that one account may have in flight.
const MOST_IN_FLIGHT: usize = 15;

/// The account that exists from the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountKey {
    pub account_id: String,
    pub passcode: String,
    /// `in1`, `sg1`, `us1`, `aps3`, `mec1`, or `eu` for the bare host.
    pub region: String,
}

/// What an account's records are held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Properties that one event may have: 256 on most accounts, 100 where that is the default.
    pub event_properties: usize,
    /// Events discarded in the account's schema; compared without case and spaces.
    pub discarded_events: BTreeSet<String>,
    /// Identities whose records come back as miscellaneous errors (555): a fault of the server's own.
    #[serde(default)]
    pub failing: BTreeSet<String>,
    /// Whether the server closes the connection after each answer, as the real one was seen to.
    pub connection_close: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            event_properties: 256,
            discarded_events: BTreeSet::new(),
            failing: BTreeSet::new(),
            connection_close: false,
        }
    }
}

/// One record that `CleverTap` took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrived {
    /// The call that brought it.
    pub call: u64,
    pub account_id: String,
    /// The record, byte for byte as it came.
    pub raw: String,
}

impl Arrived {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.raw).unwrap_or_default()
    }
}

/// How many records were taken, dry runs left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub profile_records: u64,
    pub event_records: u64,
    pub token_records: u64,
}

/// `CleverTap`'s side of the sandbox. Clones are handles on the same thing.
#[derive(Debug, Clone, Default)]
pub struct CleverTap {
    books: Arc<Mutex<Books>>,
}

#[derive(Debug, Default)]
struct Books {
    accounts: BTreeMap<(String, String), Account>,
    profiles: BTreeMap<String, Map<String, Value>>,
    profile_records: Vec<Arrived>,
    events: Vec<Arrived>,
    counts: Counts,
    count_only: bool,
    sink: Option<OpenSink>,
}

#[derive(Debug, Default)]
struct Account {
    passcode: String,
    rules: Rules,
    in_flight: usize,
    most_in_flight: usize,
    taken_elsewhere: usize,
}

/// A call's place among those in flight; given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    clevertap: CleverTap,
    account: (String, String),
    over: bool,
}

impl Slot {
    /// Calls of the account in flight now, this one among them.
    fn in_flight(&self) -> usize {
        self.clevertap
            .books()
            .accounts
            .get(&self.account)
            .map_or(0, |account| account.in_flight)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(account) = self.clevertap.books().accounts.get_mut(&self.account) {
            account.in_flight = account.in_flight.saturating_sub(1);
        }
    }
}

impl CleverTap {
    /// Opens an account. An account of that id and region changes its passcode.
    pub fn add_account(&self, account_id: &str, region: &str, passcode: &str) -> AccountKey {
        let mut books = self.books();
        let account = books
            .accounts
            .entry((region.to_owned(), account_id.to_owned()))
            .or_default();
        passcode.clone_into(&mut account.passcode);
        AccountKey {
            account_id: account_id.to_owned(),
            passcode: passcode.to_owned(),
            region: region.to_owned(),
        }
    }

    /// Opens an account with an id and passcode of the usual shape.
    pub fn open_account(&self, region: &str) -> AccountKey {
        let hex = crate::google::random_hex(12).to_uppercase();
        let id = format!("{}-{}-{}Z", &hex[..3], &hex[3..6], &hex[6..9]);
        let passcode = format!("{}-{}-{}", &hex[9..12], &hex[12..15], &hex[15..19]);
        self.add_account(&id, region, &passcode)
    }

    /// Changes what an account's records are held against.
    pub fn set_rules(&self, account_id: &str, rules: &Rules) {
        for ((_, id), account) in &mut self.books().accounts {
            if id == account_id {
                account.rules = rules.clone();
                account.rules.discarded_events =
                    rules.discarded_events.iter().map(|name| record::folded(name)).collect();
            }
        }
    }

    /// Another sender takes this many of the account's 15 places; 0 gives them back.
    pub fn hold_slots(&self, account_id: &str, places: usize) {
        for ((_, id), account) in &mut self.books().accounts {
            if id == account_id {
                account.taken_elsewhere = places;
            }
        }
    }

    /// Profiles by identity (or `CleverTap` ID, FBID, GPID), as the records about them left them.
    pub fn profiles(&self) -> BTreeMap<String, Value> {
        self.books()
            .profiles
            .iter()
            .map(|(id, data)| (id.clone(), Value::Object(data.clone())))
            .collect()
    }

    /// One profile.
    pub fn profile(&self, identity: &str) -> Option<Value> {
        self.books().profiles.get(identity).cloned().map(Value::Object)
    }

    /// Every event, in order of arrival.
    pub fn events(&self) -> Vec<Arrived> {
        self.books().events.clone()
    }

    /// Every profile record, in order of arrival.
    pub fn profile_records(&self) -> Vec<Arrived> {
        self.books().profile_records.clone()
    }

    pub fn counts(&self) -> Counts {
        self.books().counts
    }

    /// The most calls of this account that were in flight at once, another sender's places left out.
    pub fn most_in_flight(&self, account_id: &str) -> usize {
        let books = self.books();
        let of_account = books.accounts.iter().filter(|((_, id), _)| id == account_id);
        of_account
            .map(|(_, account)| account.most_in_flight)
            .max()
            .unwrap_or_default()
    }

    /// Keeps numbers instead of records, for load.
    pub fn count_only(&self, count_only: bool) {
        self.books().count_only = count_only;
    }

    /// Forgets what arrived; accounts stay.
    pub fn forget_records(&self) {
        let mut books = self.books();
        books.profiles.clear();
        books.profile_records.clear();
        books.events.clear();
        books.counts = Counts::default();
    }

    /// Takes a place among the calls in flight, if the call is an account's own.
    pub(crate) fn arrive(&self, ask: &Ask) -> Option<Slot> {
        let [_, region, ..] = &ask.path()[..] else { return None };
        let key = ((*region).to_owned(), ask.header("x-clevertap-account-id")?.to_owned());
        let mut books = self.books();
        let account = books.accounts.get_mut(&key)?;
        if ask.segments[0] != "clevertap" || ask.header("x-clevertap-passcode") != Some(&account.passcode) {
            return None;
        }
        account.in_flight += 1;
        let over = account.in_flight + account.taken_elsewhere > MOST_IN_FLIGHT;
        account.most_in_flight = account.most_in_flight.max(account.in_flight);
        drop(books);
        Some(Slot {
            clevertap: self.clone(),
            account: key,
            over,
        })
    }

    pub(crate) fn answer(&self, ask: &Ask, slot: Option<&Slot>) -> Reply {
        upload::answer(self, ask, slot)
    }

    /// A wrong region looks exactly like a wrong account.
    fn why_not(&self, ask: &Ask) -> &'static str {
        let region = ask.path().get(1).map(|region| (*region).to_owned()).unwrap_or_default();
        let id = ask.header("x-clevertap-account-id").unwrap_or_default().to_owned();
        if self.books().accounts.contains_key(&(region, id)) {
            "Invalid Credentials"
        } else {
            "Account ID is not valid"
        }
    }

    fn rules(&self, account: &(String, String)) -> Rules {
        self.books()
            .accounts
            .get(account)
            .map(|account| account.rules.clone())
            .unwrap_or_default()
    }

    fn keep(&self, account: &(String, String), call: u64, records: &[(&RawValue, Json)]) {
        let mut books = self.books();
        for (raw, record) in records {
            let arrived = Arrived {
                call,
                account_id: account.1.clone(),
                raw: raw.get().to_owned(),
            };
            match record.get("type").and_then(Json::text) {
                Some("event") => {
                    books.counts.event_records += 1;
                    if !books.count_only {
                        books.events.push(arrived);
                    }
                }
                Some("profile") => {
                    books.counts.profile_records += 1;
                    if !books.count_only {
                        books.profile_records.push(arrived);
                        let data = record.get("profileData").map(Json::value).unwrap_or_default();
                        let profile = books.profiles.entry(identity(record)).or_default();
                        profile::merge(profile, data.as_object().unwrap_or(&Map::new()));
                    }
                }
                _ => books.counts.token_records += 1,
            }
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn identity(record: &Json) -> String {
    ["identity", "objectId", "FBID", "GPID"]
        .iter()
        .find_map(|key| record.get(key)?.written())
        .unwrap_or_default()
}
