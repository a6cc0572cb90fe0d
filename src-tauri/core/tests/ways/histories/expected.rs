//! What must have arrived when a history is told.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tapline_core::run::{Fate, Run};
use tapline_core::store::RecordRow;
use tapline_sandbox::Sandbox;

use super::source::{Source, SourceRow, What, payload};
use super::{Kind, Way};

type Counted = BTreeMap<String, u64>;

/// One version of an event: what tells it from others at CleverTap, and what tells its row from others in the source.
type Version = (String, String, Option<String>);

pub struct Expected {
    kind: Kind,
    /// Whether events in doubt are sent again.
    resends: bool,
    /// How often each version of an event was in the source at one time, at most.
    most: BTreeMap<Version, u64>,
    /// All rows: how often each event was in the source, over all runs; and over those that came to their end.
    times: Counted,
    whole: Counted,
    now: Counted,
    /// How often each event was there however often the last run looked: where it ended before Google's answer was there, nobody
    /// knows which of its looks gave the rows.
    steady: Counted,
    /// How often a version was in the source when the last run looked at it, at most: it looks twice where its result expires.
    looked: BTreeMap<Version, u64>,
    /// Runs, and of how many records of each identity nobody can say that they arrived.
    open: BTreeMap<String, Counted>,
    /// Identities of records that CleverTap did not understand by themselves. They are listed, and wait for a person.
    not_understood: BTreeSet<String>,
    /// How many records were ever in doubt, by identity; and how often a call may have been taken without a word that a run
    /// heard, and was made again at once.
    ever: Counted,
    unheard: u64,
    /// How many records in doubt a person has sent again, by identity.
    again: Counted,
    /// What had arrived when the import was started from the beginning.
    past: Counted,
}

impl Expected {
    pub fn new(kind: Kind, resends: bool) -> Self {
        Self {
            kind,
            resends,
            most: BTreeMap::new(),
            times: Counted::new(),
            whole: Counted::new(),
            now: Counted::new(),
            steady: Counted::new(),
            looked: BTreeMap::new(),
            open: BTreeMap::new(),
            not_understood: BTreeSet::new(),
            ever: Counted::new(),
            unheard: 0,
            again: Counted::new(),
            past: Counted::new(),
        }
    }

    /// The source is about to be read by a run as it is, with or without the property that some rows are rejected for.
    pub fn sees(&mut self, source: &Source, with_age: bool) {
        self.looked.clear();
        self.looks(source, with_age);
        self.steady.clone_from(&self.now);
    }

    /// The same run is about to read the source once more, as it is now.
    pub fn sees_again(&mut self, source: &Source, with_age: bool) {
        self.looks(source, with_age);
        for (event, times) in &mut self.steady {
            *times = count(&self.now, event).min(*times);
        }
    }

    fn looks(&mut self, source: &Source, with_age: bool) {
        let mut versions: BTreeMap<Version, u64> = BTreeMap::new();
        self.now.clear();
        for row in source.rows.iter().filter(|row| is_sent(source, row, with_age)) {
            let changed = match self.kind.way {
                Way::NewAndUpdated => row.changed.clone(),
                Way::All | Way::Changed => None,
            };
            let event = self.kind.event(row);
            if is_sent(source, row, true) {
                *self.now.entry(event.clone()).or_default() += 1;
            }
            *versions.entry((event, row.payload(), changed)).or_default() += 1;
        }
        for (version, times) in versions {
            let looked = self.looked.entry(version.clone()).or_default();
            let more = times.saturating_sub(*looked);
            *looked += more;
            *self.times.entry(version.0.clone()).or_default() += more;
            let most = self.most.entry(version).or_default();
            *most = times.max(*most);
        }
    }

    /// A run has ended, or ended once more.
    pub fn ran(&mut self, run: &Run, records: &[RecordRow]) {
        self.mended(run, records);
        if run.outcome.is_some_and(|outcome| !outcome.is_early()) {
            for (event, times) in &self.steady {
                *self.whole.entry(event.clone()).or_default() += times;
            }
        }
    }

    /// A run that sent again what another had not delivered has ended.
    pub fn mended(&mut self, run: &Run, records: &[RecordRow]) {
        let mut open = Counted::new();
        for record in records {
            let whose = record.identity.clone().unwrap_or_default();
            // What CleverTap failed at by a fault of its own is found again by a comparison alone.
            let failed = record.fate == Fate::Unprocessed && record.code == "555" && self.kind.way != Way::Changed;
            if record.fate == Fate::InDoubt {
                *self.ever.entry(whose.clone()).or_default() += 1;
            }
            let not_understood = record.fate == Fate::Unprocessed && record.code == "400";
            if not_understood {
                self.not_understood.insert(whose.clone());
            }
            if record.fate == Fate::InDoubt || failed || not_understood {
                *open.entry(whose).or_default() += 1;
            }
        }
        self.open.insert(run.id.to_string(), open);
    }

    /// A person lets records in doubt be sent again.
    pub fn sends_again(&mut self, records: &[RecordRow]) {
        for record in records.iter().filter(|record| record.fate == Fate::InDoubt) {
            let whose = record.identity.clone().unwrap_or_default();
            *self.again.entry(whose).or_default() += 1;
        }
    }

    /// The import starts from the beginning: whatever arrived until now, every row arrives once more.
    pub fn begins_anew(&mut self, source: &Source, sandbox: &Sandbox) {
        *self = Self {
            past: arrived(self.kind, source, sandbox),
            ..Self::new(self.kind, self.resends)
        };
    }

    pub fn holds(&self, source: &Source, plan: &Value, sandbox: &Sandbox) -> Result<(), String> {
        match self.kind.what {
            What::Profiles => self.profiles(source, plan, sandbox),
            What::Events => self.events(source, sandbox),
            What::KeyedEvents => self.keyed(source, sandbox),
        }
    }

    /// How often each event has arrived since the import was last started from the beginning.
    fn arrived(&self, source: &Source, sandbox: &Sandbox) -> Counted {
        let mut arrived = arrived(self.kind, source, sandbox);
        for (event, times) in &mut arrived {
            *times -= count(&self.past, event);
        }
        arrived
    }

    /// How many records of this identity may not have arrived, as their runs say.
    fn doubted(&self, whose: &str) -> u64 {
        let each = self.open.values().filter_map(|run| run.get(whose));
        each.sum()
    }

    /// How often an event of this identity may have arrived once more than it should: never, unless the person said that it
    /// may.
    fn ever(&self, whose: &str) -> u64 {
        let by_itself = if self.resends {
            count(&self.ever, whose) + self.unheard
        } else {
            0
        };
        by_itself + count(&self.again, whose)
    }

    pub fn goes_unheard(&mut self) {
        self.unheard += 1;
    }

    fn events(&self, source: &Source, sandbox: &Sandbox) -> Result<(), String> {
        let arrived = self.arrived(source, sandbox);
        let mut least = match self.kind.way {
            Way::All => self.whole.clone(),
            Way::NewAndUpdated | Way::Changed => self.now.clone(),
        };
        let mut most = Counted::new();
        match self.kind.way {
            Way::All => most.clone_from(&self.times),
            Way::NewAndUpdated | Way::Changed => {
                for ((event, ..), times) in &self.most {
                    *most.entry(event.clone()).or_default() += times;
                }
            }
        }
        for event in arrived.keys().chain(most.keys()) {
            least.entry(event.clone()).or_default();
        }
        for (event, least) in least {
            let whose = event.split(' ').next().unwrap_or_default();
            let (came, most) = (count(&arrived, &event), count(&most, &event));
            if came > most + self.ever(whose) || came + self.doubted(whose) < least {
                return Err(format!(
                    "{event} arrived {came} times, which should be {least} to {most}, with {} in doubt",
                    self.doubted(whose)
                ));
            }
        }
        Ok(())
    }

    /// Each key is one event, however many rows there are of it.
    fn keyed(&self, source: &Source, sandbox: &Sandbox) -> Result<(), String> {
        let mut came = BTreeMap::<String, u64>::new();
        for (event, times) in self.arrived(source, sandbox) {
            let nr = event.split(' ').rev().nth(2).unwrap_or_default().to_owned();
            *came.entry(nr).or_default() += times;
        }
        let mut rows = BTreeMap::<String, Vec<&SourceRow>>::new();
        for row in source.rows.iter().filter(|row| source.is_seen(row)) {
            rows.entry(row.nr.to_string()).or_default().push(row);
        }
        for (nr, rows) in rows {
            let newest = rows.iter().map(|row| &row.changed).max();
            let mut newest = rows.iter().filter(|row| Some(&row.changed) == newest);
            let whose = rows[0].identity();
            let due = newest.all(|row| is_sent(source, row, true)) && self.doubted(whose) == 0;
            let came = count(&came, &nr);
            let most = if self.kind.way == Way::All {
                u64::MAX
            } else {
                1 + self.ever(whose)
            };
            if (due && came == 0) || came > most {
                return Err(format!("the event {nr} of {whose} arrived {came} times: {rows:?}"));
            }
        }
        Ok(())
    }

    /// Each property of an identity that has a value in its newest row is that value.
    fn profiles(&self, source: &Source, plan: &Value, sandbox: &Sandbox) -> Result<(), String> {
        let with_age = plan["properties"].as_array().is_some_and(|all| all.len() > 1);
        let whose: BTreeSet<&str> = source.rows.iter().map(SourceRow::identity).collect();
        for whose in whose {
            let seen = |row: &&SourceRow| row.identity() == whose && source.is_seen(row);
            let newest = source.rows.iter().filter(seen).map(|row| &row.changed).max();
            let is_newest = |row: &&SourceRow| seen(row) && Some(&row.changed) == newest;
            let newest: Vec<_> = source.rows.iter().filter(is_newest).collect();
            // Rows of one moment: which of them is the newest is decided by their hash.
            let unknowable = source.unknowable.contains(whose) || self.not_understood.contains(whose);
            if newest.is_empty() || newest.iter().any(|row| row.is_rejected(with_age)) || unknowable {
                continue;
            }
            let profile = sandbox.clevertap().profile(whose);
            let Some(profile) = profile else {
                return Err(format!("{whose} never arrived: {newest:?}"));
            };
            let is_like = |row: &&&SourceRow| {
                let age = row.age.as_deref().and_then(|age| age.parse::<i64>().ok());
                let city = row.city.as_deref();
                city.is_none_or(|city| profile["City"] == city)
                    && (!with_age || age.is_none_or(|age| profile["Years"] == age))
            };
            if !newest.iter().any(|row| is_like(&row)) {
                return Err(format!("{whose} is {profile}, and should be like {newest:?}"));
            }
        }
        Ok(())
    }
}

/// Whether CleverTap should have the row's event.
fn is_sent(source: &Source, row: &SourceRow, with_age: bool) -> bool {
    source.is_seen(row) && !row.is_rejected(with_age) && !row.is_unprocessed()
}

fn count(counted: &Counted, event: &str) -> u64 {
    counted.get(event).copied().unwrap_or(0)
}

/// How often each event of the source's people arrived.
fn arrived(kind: Kind, source: &Source, sandbox: &Sandbox) -> Counted {
    let mut arrived = Counted::new();
    for event in sandbox.clevertap().events() {
        let event = event.json();
        let whose = event["identity"].as_str().unwrap_or_default();
        if !whose.starts_with(&source.table) {
            continue;
        }
        let data = &event["evtData"];
        let what = event["evtName"].as_str().unwrap_or_default();
        let years = if kind.maps { &Value::Null } else { &data["Years"] };
        let told = payload(whose, what, &data["Nr"], &data["City"], years);
        *arrived.entry(told).or_default() += 1;
    }
    arrived
}
