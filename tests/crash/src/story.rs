//! One story: an import, what happens to it by chance, and its end.

use std::fmt;
use std::path::Path;

use serde_json::{Value, json};
use tapline_sandbox::{Fault, Matcher, Options};

use crate::carry::{Carried, Carry};
use crate::chance::Chance;
use crate::scene::Scene;

pub const UPLOADS: &str = "/clevertap/in1/1/upload";

/// What a story is about.
#[derive(Clone, Debug)]
pub struct Story {
    pub records: Records,
    /// Rows in the table, of half as many people where they are events.
    pub rows: u64,
    /// Every so many rows one is rejected.
    pub rejected_every: u64,
    pub kills: u64,
    /// After this many kills Google lets go of the result.
    pub expires_after: Option<u64>,
    /// CleverTap loses answers, is crowded, or fails.
    pub faults: u64,
    chance: Chance,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    Profiles,
    EventsLeft,
    EventsSentAgain,
}

/// What was told so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    pub stories: u64,
    pub runs: u64,
    pub kills: u64,
    /// Runs that another process asked to stop or to wait, and imports that one tried to run a second time.
    pub asked: u64,
    pub beside: u64,
    pub rows: u64,
    /// Batches that were open at a kill.
    pub open: u64,
    pub expired: u64,
}

impl Told {
    /// One run of so many rows, as it was carried to its end.
    pub fn of(carry: &Carry<'_>, rows: u64) -> Self {
        Self {
            stories: 1,
            runs: 1,
            kills: carry.killed,
            asked: carry.asked,
            beside: carry.beside,
            rows,
            open: carry.promises.open_at_kills(),
            expired: 0,
        }
    }

    pub fn add(&mut self, more: &Self) {
        self.stories += more.stories;
        self.runs += more.runs;
        self.asked += more.asked;
        self.beside += more.beside;
        self.kills += more.kills;
        self.rows += more.rows;
        self.open += more.open;
        self.expired += more.expired;
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} kills, {} stops and pauses and {} second starts in {} runs of {} rows: {} batches were on their way at a \
             kill, {} results had expired",
            self.kills, self.asked, self.beside, self.runs, self.rows, self.open, self.expired
        )
    }
}

impl Story {
    pub fn of(chance: &mut Chance) -> Self {
        let kills = chance.between(2, 9);
        Self {
            records: match chance.between(0, 3) {
                0 => Records::Profiles,
                1 => Records::EventsLeft,
                _ => Records::EventsSentAgain,
            },
            rows: chance.between(1_500, 9_000),
            rejected_every: chance.between(3, 400),
            kills,
            expires_after: chance.in_hundred(35).then(|| chance.between(1, kills)),
            faults: chance.between(0, 3),
            chance: chance.clone(),
        }
    }

    /// Whose row it is, and with which address. Nobody's is rejected.
    pub fn row(&self, number: u64) -> (String, String) {
        let person = match self.records {
            Records::Profiles => number,
            // Each row is there twice: equal rows are told apart by their number alone.
            Records::EventsLeft | Records::EventsSentAgain => number / 2,
        };
        let email = format!("u{person}@example.com");
        if self.is_rejected(number) {
            // Nobody's row, with an address that tells which.
            return (String::new(), email);
        }
        (format!("u{person}"), email)
    }

    pub fn is_rejected(&self, number: u64) -> bool {
        let pair = match self.records {
            Records::Profiles => number,
            Records::EventsLeft | Records::EventsSentAgain => number / 2,
        };
        pair % self.rejected_every == 0
    }

    fn plan(&self) -> Value {
        let event = |in_doubt: &str| json!({"events": {"name": {"specific": "Visited"}, "in_doubt": in_doubt}});
        json!({
            "version": 1, "nickname": "People", "database": "Warehouse", "account": "Shop",
            "source": {"table": "people"}, "identity": {"column": "id"},
            "records": match self.records {
                Records::Profiles => json!("profiles"),
                Records::EventsLeft => event("leave"),
                Records::EventsSentAgain => event("resend"),
            },
            "properties": match self.records {
                Records::Profiles => json!([{"column": "email", "name": "Email", "type": "string"}]),
                _ => json!([{"column": "email", "name": "mail", "type": "string"}]),
            },
        })
    }

    /// Tells it to its end. What is broken is the error.
    pub async fn tell(&self, tapline: &Path) -> Result<Told, String> {
        let scene = Scene::new(&self.plan(), Options::default()).await?;
        scene.serve((1..=self.rows).map(|number| self.row(number)));
        self.misbehave(&scene);
        let mut carry = Carry::new(tapline, &scene, self.chance.clone(), self.kills);
        let run = loop {
            match carry.onwards(&["imports", "run", "People", "--yes"]).await? {
                Carried::Ended(run) => break run,
                Carried::Killed(killed) if self.expires_after == Some(killed) => {
                    scene.sandbox.google().expire_results();
                    // The rows lie in another order in the next result.
                    scene.serve((1..=self.rows).rev().map(|number| self.row(number)));
                }
                Carried::Killed(_) => {}
            }
        };
        carry.promises.hold(self, &scene, &run)?;
        Ok(Told {
            expired: u64::from(self.expires_after.is_some_and(|kill| kill <= carry.killed)),
            ..Told::of(&carry, self.rows)
        })
    }

    fn misbehave(&self, scene: &Scene) {
        let uploads = || Matcher::path(UPLOADS);
        if self.faults > 0 {
            scene.sandbox.fault(uploads().nth(2), Fault::TooManyRequests);
            scene
                .sandbox
                .fault(uploads().nth(5), Fault::answer(503, &json!({"status": "fail"})));
        }
        if self.faults > 1 {
            scene.sandbox.fault(uploads().nth(3), Fault::CutAnswer);
            scene.sandbox.google().cut_pages(60_000);
        }
        // So that a run takes a while, and a kill finds calls on their way.
        scene.sandbox.fault(uploads(), Fault::Delay { ms: 60 });
    }
}
