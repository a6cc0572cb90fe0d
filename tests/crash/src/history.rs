//! A history: an import that sends new and updated rows, or changed ones, run after run over real SQL, while its table is
//! edited in between and its processes are killed, stopped and started twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tapline_sandbox::{Column, Fault, Matcher, Options};

use crate::carry::{Carried, Carry};
use crate::chance::Chance;
use crate::promises::{left_behind, listed};
use crate::scene::Scene;
use crate::story::{Told, UPLOADS};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    NewAndUpdated,
    Changed,
}

#[derive(Clone, Debug)]
pub struct History {
    way: Way,
    profiles: bool,
    people: u64,
    runs: u64,
    happenings: u64,
    loses_answers: bool,
    /// After this many kills Google lets go of the result.
    expires_after: Option<u64>,
    chance: Chance,
}

/// The table as it stands: whose row, the city in it, and since when.
type Table = BTreeMap<String, (String, Timestamp)>;

impl History {
    pub fn of(chance: &mut Chance) -> Self {
        Self {
            way: if chance.in_hundred(50) {
                Way::NewAndUpdated
            } else {
                Way::Changed
            },
            profiles: chance.in_hundred(60),
            people: chance.between(1_100, 2_600),
            runs: chance.between(2, 4),
            happenings: chance.between(3, 9),
            loses_answers: chance.in_hundred(40),
            expires_after: chance.in_hundred(40).then(|| chance.between(1, 4)),
            chance: chance.clone(),
        }
    }

    fn plan(&self) -> Value {
        let mut plan = json!({
            "version": 1, "nickname": "People", "database": "Warehouse", "account": "Shop",
            "source": {"table": "people"}, "identity": {"column": "id"},
            "rows": match self.way {
                Way::NewAndUpdated => json!({"new_and_updated": {}}),
                Way::Changed => json!("changed"),
            },
            "records": if self.profiles {
                json!("profiles")
            } else {
                json!({"events": {"name": {"specific": "Moved"}, "in_doubt": "leave"}})
            },
            "properties": [{"column": "city", "name": "City", "type": "string"}],
        });
        if self.way == Way::NewAndUpdated {
            plan["updated_on"] = json!({"column": "changed"});
        }
        plan
    }

    /// Tells it to its end. What is broken is the error.
    pub async fn tell(&self, tapline: &Path) -> Result<Told, String> {
        let scene = Scene::new(&self.plan(), Options::with_sql()).await?;
        let uploads = || Matcher::path(UPLOADS);
        if self.loses_answers {
            scene.sandbox.fault(uploads().nth(2), Fault::CutAnswer);
        }
        scene.sandbox.fault(uploads(), Fault::Delay { ms: 60 });
        let mut chance = self.chance.clone();
        let mut carry = Carry::new(tapline, &scene, chance.clone(), self.happenings).may_run_again();
        let mut table = Table::new();
        // Every row that was ever to be sent, as an event.
        let mut ever: BTreeSet<(String, String)> = BTreeSet::new();
        let (mut rows, mut expired) = (0, 0);
        for round in 0..self.runs {
            self.edit(&mut table, &mut chance, round);
            fill(&scene, &table).await?;
            // An event has no name but its values: one that was edited is another.
            ever.extend(table.iter().map(|(whose, (city, _))| (whose.clone(), city.clone())));
            expired += self.carry_out(&scene, &mut carry).await?;
            rows += table.len() as u64;
            self.hold(&scene, &table, &ever)
                .map_err(|broken| format!("after run {} of {}: {broken}", round + 1, self.runs))?;
        }
        Ok(Told {
            runs: self.runs,
            expired,
            ..Told::of(&carry, rows)
        })
    }

    /// Runs the import to its end. Gives how often Google has let go of what the run was reading.
    async fn carry_out(&self, scene: &Scene, carry: &mut Carry<'_>) -> Result<u64, String> {
        let mut expired = 0;
        loop {
            match carry.onwards(&["imports", "run", "People", "--yes"]).await? {
                Carried::Ended(_) => return Ok(expired),
                Carried::Killed(killed) if self.expires_after == Some(killed) => {
                    scene.expire().await?;
                    expired += 1;
                }
                Carried::Killed(_) => {}
            }
        }
    }

    /// In the first round everybody comes; later some move, some go, and some are new.
    fn edit(&self, table: &mut Table, chance: &mut Chance, round: u64) {
        let now = Timestamp::now();
        let since = |chance: &mut Chance| now - SignedDuration::from_secs(chance.between(1, 300).cast_signed());
        if round > 0 {
            let all: Vec<String> = table.keys().cloned().collect();
            for whose in all {
                if chance.in_hundred(10) {
                    table.insert(whose, (format!("City {round}"), since(chance)));
                } else if chance.in_hundred(2) {
                    table.remove(&whose);
                }
            }
        }
        let new = if round == 0 {
            self.people
        } else {
            chance.between(1, 200)
        };
        for number in 0..new {
            table.insert(format!("u{round}-{number}"), ("City 0".to_owned(), since(chance)));
        }
    }

    fn hold(&self, scene: &Scene, table: &Table, ever: &BTreeSet<(String, String)>) -> Result<(), String> {
        let in_doubt = listed(scene, "in_doubt").map_err(|error| error.to_string())?;
        if self.profiles {
            let profiles = scene.sandbox.clevertap().profiles();
            for (whose, (city, _)) in table {
                let found = profiles.get(whose).map(|profile| profile["City"].clone());
                if found != Some(json!(city)) && !in_doubt.contains_key(whose) {
                    return Err(format!("{whose} is in {city} and has {found:?} in CleverTap"));
                }
            }
        } else {
            let mut arrived: BTreeMap<(String, String), u64> = BTreeMap::new();
            for event in scene.sandbox.clevertap().events() {
                let event = event.json();
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                *arrived
                    .entry((text(&event["identity"]), text(&event["evtData"]["City"])))
                    .or_default() += 1;
            }
            if let Some((event, times)) = arrived
                .iter()
                .find(|(event, times)| **times > 1 || !ever.contains(event))
            {
                return Err(format!("{event:?} arrived {times} times"));
            }
            let mut lost = ever.iter().filter(|event| !arrived.contains_key(event));
            if let Some(lost) = lost.find(|(whose, _)| !in_doubt.contains_key(whose)) {
                return Err(format!("{lost:?} is lost"));
            }
        }
        left_behind(scene, self.way == Way::NewAndUpdated).map_err(|error| error.to_string())?
    }
}

async fn fill(scene: &Scene, table: &Table) -> Result<(), String> {
    let columns = [
        Column::new("id", "STRING"),
        Column::new("city", "STRING"),
        Column::new("changed", "TIMESTAMP"),
    ];
    let rows: Vec<Vec<Value>> = table
        .iter()
        .map(|(whose, (city, since))| vec![json!(whose), json!(city), json!(since.to_string())])
        .collect();
    scene.load(&columns, &rows).await
}
