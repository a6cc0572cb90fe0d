//! What Tapline promises of its ledger, held against what the sandbox saw.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::OptionalExtension as _;
use serde_json::Value;

use crate::scene::Scene;
use crate::story::{Records, Story};

/// What was seen while a story went on.
#[derive(Debug, Default)]
pub struct Promises {
    /// Run and number of each batch that was open at a kill.
    seen: BTreeSet<(i64, i64)>,
}

pub type Counted = BTreeMap<String, u64>;

/// The run that was begun, where one was, and whether it has come to its end.
pub fn last_run(scene: &Scene) -> Result<Option<(String, bool)>, String> {
    let database = scene.database().map_err(|error| error.to_string())?;
    let sql = "SELECT id, ifnull(outcome LIKE 'completed%', 0) FROM runs ORDER BY number DESC LIMIT 1";
    let found = database.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
    found.optional().map_err(|error| error.to_string())
}

impl Promises {
    /// After a kill the store must be whole, and be so for SQLite too.
    pub fn after_a_kill(&mut self, scene: &Scene) -> Result<(), String> {
        self.look(scene).map_err(|error| error.to_string())?
    }

    fn look(&mut self, scene: &Scene) -> rusqlite::Result<Result<(), String>> {
        let database = scene.database()?;
        let sound: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if sound != "ok" {
            return Ok(Err(format!("the store is damaged: {sound}")));
        }
        // What is open now may have arrived, and what it brings is in doubt at the next start.
        let sql = "SELECT run, number, manifest FROM batches WHERE state = 'open'";
        let mut statement = database.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (run, number): (i64, i64) = (row.get(0)?, row.get(1)?);
            let manifest: Option<Vec<u8>> = row.get(2)?;
            if manifest.is_none() {
                return Ok(Err(format!("open batch {number} does not say whose records it holds")));
            }
            self.seen.insert((run, number));
        }
        Ok(Ok(()))
    }

    /// Batches that were open at a kill.
    pub fn open_at_kills(&self) -> u64 {
        self.seen.len() as u64
    }

    /// The run has come to its end: every promise holds.
    pub fn hold(&self, story: &Story, scene: &Scene, run: &Value) -> Result<(), String> {
        let arrived = arrived(scene, story.records == Records::Profiles);
        let in_doubt = listed(scene, "in_doubt").map_err(|error| error.to_string())?;
        let mut sent = Counted::new();
        let mut rejected = 0;
        for number in 1..=story.rows {
            let (whose, _) = story.row(number);
            if story.is_rejected(number) {
                rejected += 1;
            } else {
                *sent.entry(whose).or_default() += 1;
            }
        }
        sum_up(run, story.rows)?;
        if run["counts"]["rejected"] != rejected {
            return Err(format!(
                "{rejected} rows are to be rejected, each once: {}",
                run["counts"]
            ));
        }
        for whose in arrived.keys() {
            if !sent.contains_key(whose) {
                return Err(format!("{whose} arrived, and should not have"));
            }
        }
        for (whose, times) in &sent {
            let came = arrived.get(whose).copied().unwrap_or(0);
            let doubted = in_doubt.get(whose).copied().unwrap_or(0);
            let fits = match story.records {
                // Never lost, and never twice: what is in doubt may or may not have arrived.
                Records::EventsLeft => came <= *times && came + doubted >= *times,
                Records::EventsSentAgain | Records::Profiles => came + doubted >= *times,
            };
            if !fits {
                return Err(format!(
                    "{whose} is {times} times in the source and arrived {came} times, {doubted} in doubt"
                ));
            }
        }
        if story.records == Records::Profiles {
            whole(story, scene, &in_doubt)?;
        }
        self.nothing_twice(&arrived, &sent)?;
        left_behind(scene, false).map_err(|error| error.to_string())?
    }

    /// Acknowledged records are not sent again: what arrived more often than it is there was in doubt in between, and no
    /// more than that of each kill and each answer that was lost.
    fn nothing_twice(&self, arrived: &Counted, sent: &Counted) -> Result<(), String> {
        let extra: u64 = arrived
            .iter()
            .map(|(whose, times)| times.saturating_sub(sent.get(whose).copied().unwrap_or(0)))
            .sum();
        // Each batch in doubt has a thousand records at most, and a lost answer one batch more.
        let most = (self.seen.len() as u64 + 3) * 1_000;
        if extra > most {
            return Err(format!(
                "{extra} records arrived more than once, and at most {most} were ever in doubt"
            ));
        }
        Ok(())
    }
}

/// Each row that the run has read has one fate, and there were so many.
pub fn sum_up(run: &Value, rows: u64) -> Result<(), String> {
    let count = |name: &str| run["counts"][name].as_u64().unwrap_or(u64::MAX);
    let fates = ["delivered", "rejected", "unprocessed", "in_doubt"].map(count);
    if fates.iter().sum::<u64>() != rows || count("read") != rows {
        return Err(format!("the counts do not add up to {rows}: {}", run["counts"]));
    }
    Ok(())
}

/// How often each person's record arrived.
pub fn arrived(scene: &Scene, profiles: bool) -> Counted {
    let clevertap = scene.sandbox.clevertap();
    let records = if profiles {
        clevertap.profile_records()
    } else {
        clevertap.events()
    };
    let mut arrived = Counted::new();
    for record in records {
        let whose = record.json()["identity"].as_str().unwrap_or_default().to_owned();
        *arrived.entry(whose).or_default() += 1;
    }
    arrived
}

/// Every profile has what the source says.
fn whole(story: &Story, scene: &Scene, in_doubt: &Counted) -> Result<(), String> {
    let profiles = scene.sandbox.clevertap().profiles();
    for number in (1..=story.rows).filter(|number| !story.is_rejected(*number)) {
        let (whose, email) = story.row(number);
        let found = profiles.get(&whose).map(|profile| profile["Email"].clone());
        if found != Some(Value::from(email)) && !in_doubt.contains_key(&whose) {
            return Err(format!("{whose} has {found:?} in CleverTap"));
        }
    }
    Ok(())
}

/// Whose records any run lists with this fate.
pub fn listed(scene: &Scene, fate: &str) -> rusqlite::Result<Counted> {
    let database = scene.database()?;
    let mut statement = database.prepare("SELECT identity, count(*) FROM records WHERE fate = ?1 GROUP BY identity")?;
    let rows = statement.query_map([fate], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    rows.collect()
}

/// A run that has come to its end leaves no batch open and no key behind, unless the next run looks back at this one's.
pub fn left_behind(scene: &Scene, keys_stay: bool) -> rusqlite::Result<Result<(), String>> {
    let database = scene.database()?;
    for (what, sql) in [
        ("a batch is open", "SELECT count(*) FROM batches WHERE state = 'open'"),
        (
            "a manifest is kept",
            "SELECT count(*) FROM batches WHERE manifest IS NOT NULL",
        ),
        ("a key is held", "SELECT count(*) FROM held"),
        (
            "the import still runs",
            "SELECT count(*) FROM imports WHERE status = 'running'",
        ),
    ] {
        let count: i64 = database.query_row(sql, [], |row| row.get(0))?;
        if count > 0 && !(keys_stay && what == "a key is held") {
            return Ok(Err(format!("{what}: {count}")));
        }
    }
    Ok(Ok(()))
}
