//! A resend: a run leaves records behind, and the run that mends it is killed and stopped, and loses its result. What it
//! chose arrives, and of nobody else does anything.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use tapline_sandbox::{Column, Fault, Matcher, Options, Rules};

use crate::carry::{Carried, Carry};
use crate::chance::Chance;
use crate::process::{self, End};
use crate::promises::{Counted, arrived, left_behind, listed, sum_up};
use crate::scene::Scene;
use crate::story::{Told, UPLOADS};

/// Whose call goes unanswered in the run that is mended: somebody who is never refused, as no number divides theirs.
const UNHEARD: &str = "\"u499\"";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Profiles,
    /// Events in doubt are left as they are.
    EventsOnce,
    /// Events in doubt are sent again.
    EventsAtLeastOnce,
}

#[derive(Clone, Debug)]
pub struct Mending {
    sent: Sent,
    people: u64,
    /// Every so many are refused: profiles by Tapline, events by CleverTap.
    refused_every: u64,
    /// Those that went unanswered are chosen, and not those that were refused.
    chooses_doubted: bool,
    happenings: u64,
    /// After this many kills Google lets go of the result.
    expires_after: Option<u64>,
    chance: Chance,
}

impl Mending {
    pub fn of(chance: &mut Chance) -> Self {
        let happenings = chance.between(2, 7);
        Self {
            sent: match chance.between(0, 3) {
                0 => Sent::Profiles,
                1 => Sent::EventsOnce,
                _ => Sent::EventsAtLeastOnce,
            },
            people: chance.between(1_200, 4_000),
            refused_every: chance.between(2, 20),
            chooses_doubted: chance.in_hundred(40),
            happenings,
            expires_after: chance.in_hundred(50).then(|| chance.between(1, 3)),
            chance: chance.clone(),
        }
    }

    fn profiles(&self) -> bool {
        self.sent == Sent::Profiles
    }

    fn is_refused(&self, number: u64) -> bool {
        number.is_multiple_of(self.refused_every)
    }

    fn plan(&self) -> Value {
        let event = |in_doubt: &str| json!({"events": {"name": {"column": "kind"}, "in_doubt": in_doubt}});
        json!({
            "version": 1, "nickname": "People", "database": "Warehouse", "account": "Shop",
            "source": {"table": "people"}, "identity": {"column": "id"},
            "records": match self.sent {
                Sent::Profiles => json!("profiles"),
                Sent::EventsOnce => event("leave"),
                Sent::EventsAtLeastOnce => event("resend"),
            },
            "properties": [{"column": "email", "name": "Email", "type": "string"}],
        })
    }

    /// Tells it to its end. What is broken is the error.
    pub async fn tell(&self, tapline: &Path) -> Result<Told, String> {
        let options = if self.profiles() {
            Options::with_sql()
        } else {
            Options::default()
        };
        let scene = Scene::new(&self.plan(), options).await?;
        self.fill(&scene, "old", false).await?;
        let mut carry = Carry::new(tapline, &scene, self.chance.clone(), 0);
        let first = self.leaves_records_behind(&scene, &mut carry).await?;
        let before = arrived(&scene, self.profiles());
        let chosen = self.chosen(&scene, &first)?;

        self.fill(&scene, "new", true).await?;
        let first = first["id"].as_str().unwrap_or_default();
        let mut start = vec!["runs", "resend", first, "--yes"];
        if self.chooses_doubted {
            start.extend(["--fate", "in-doubt"]);
        }
        carry.more_may_happen(self.happenings);
        let mut expired = 0;
        let run = loop {
            match carry.onwards(&start).await? {
                Carried::Ended(run) => break run,
                Carried::Killed(killed) if self.expires_after == Some(killed) => {
                    scene.sandbox.google().expire_results();
                    expired = 1;
                }
                Carried::Killed(_) => {}
            }
        };
        self.hold(&scene, &chosen, &before, &run)?;
        nothing_more(tapline, &scene, &start).await?;
        Ok(Told {
            runs: 2,
            expired,
            ..Told::of(&carry, self.people)
        })
    }

    /// The run that is mended: it goes undisturbed, and CleverTap loses the answers to one batch.
    async fn leaves_records_behind(&self, scene: &Scene, carry: &mut Carry<'_>) -> Result<Value, String> {
        let clevertap = scene.sandbox.clevertap();
        let discarding = Rules {
            discarded_events: ["discarded".to_owned()].into(),
            ..Rules::default()
        };
        clevertap.set_rules(&scene.account, &discarding);
        let unheard = Matcher::path(UPLOADS).body(UNHEARD);
        scene.sandbox.fault(unheard.times(3), Fault::CutAnswer);
        let run = carry.until_ended(&["imports", "run", "People", "--yes"]).await?;
        scene.sandbox.clear_faults();
        clevertap.set_rules(&scene.account, &Rules::default());
        // So that a kill finds calls on their way.
        scene.sandbox.fault(Matcher::path(UPLOADS), Fault::Delay { ms: 120 });
        Ok(run)
    }

    /// Whose records the resend is to send.
    fn chosen(&self, scene: &Scene, run: &Value) -> Result<BTreeSet<String>, String> {
        let fates: &[&str] = if self.chooses_doubted {
            &["in_doubt"]
        } else {
            &["rejected", "unprocessed"]
        };
        let mut chosen = BTreeSet::new();
        for fate in fates {
            let whose = listed(scene, fate).map_err(|error| error.to_string())?;
            chosen.extend(whose.into_keys());
        }
        if chosen.is_empty() {
            return Err(format!("nothing was left behind: {}", run["counts"]));
        }
        Ok(chosen)
    }

    /// Everybody as they are: with an address of this kind, or with none where they are refused and not yet `mended`.
    async fn fill(&self, scene: &Scene, kind: &str, mended: bool) -> Result<(), String> {
        let columns = ["id", "email", "kind"].map(|name| Column::new(name, "STRING"));
        let rows = (1..=self.people).map(|number| {
            let refused = self.is_refused(number);
            let email = if refused && self.profiles() && !mended {
                "no address".to_owned()
            } else {
                format!("{kind}{number}@example.com")
            };
            let event = if refused { "Discarded" } else { "Visited" };
            [format!("u{number}"), email, event.to_owned()]
        });
        if self.profiles() {
            let rows: Vec<Vec<Value>> = rows.map(|row| row.map(Value::from).to_vec()).collect();
            return scene.load(&columns, &rows).await;
        }
        let rows = rows.map(|row| row.map(Some).to_vec());
        scene.sandbox.google().serve_canned("shop", "people", &columns, rows);
        Ok(())
    }

    fn hold(&self, scene: &Scene, chosen: &BTreeSet<String>, before: &Counted, run: &Value) -> Result<(), String> {
        sum_up(run, chosen.len() as u64)?;
        let in_doubt = doubted(scene).map_err(|error| error.to_string())?;
        if self.sent != Sent::EventsOnce && !in_doubt.is_empty() {
            return Err(format!("what may be sent twice is left in doubt: {}", run["counts"]));
        }
        let after = arrived(scene, self.profiles());
        for (whose, times) in &after {
            let came = times - before.get(whose).copied().unwrap_or(0);
            if came > 0 && !chosen.contains(whose) {
                return Err(format!("{whose} was not chosen, and arrived"));
            }
        }
        for whose in chosen {
            let came = after.get(whose).copied().unwrap_or(0) - before.get(whose).copied().unwrap_or(0);
            if came == 0 && !in_doubt.contains(whose) {
                return Err(format!("{whose} was chosen, and is lost"));
            }
            if came > 1 && self.sent == Sent::EventsOnce {
                return Err(format!("{whose} arrived {came} times by one resend"));
            }
        }
        if self.profiles() {
            as_they_are(scene, chosen)?;
        }
        left_behind(scene, true).map_err(|error| error.to_string())?
    }
}

/// Who was chosen is at CleverTap as the source says now, and everybody else as before.
fn as_they_are(scene: &Scene, chosen: &BTreeSet<String>) -> Result<(), String> {
    let profiles = scene.sandbox.clevertap().profiles();
    for (whose, profile) in &profiles {
        let kind = if chosen.contains(whose) { "new" } else { "old" };
        let number = whose.trim_start_matches('u');
        let expected = format!("{kind}{number}@example.com");
        if profile["Email"] != json!(expected) {
            return Err(format!("{whose} has {} and not {expected}", profile["Email"]));
        }
    }
    Ok(())
}

/// Whose records the run that mends leaves in doubt.
fn doubted(scene: &Scene) -> rusqlite::Result<BTreeSet<String>> {
    let database = scene.database()?;
    let mut statement = database
        .prepare("SELECT identity FROM records WHERE fate = 'in_doubt' AND run = (SELECT max(number) FROM runs)")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

/// Once is enough: the same records are not sent by another resend.
async fn nothing_more(tapline: &Path, scene: &Scene, start: &[&str]) -> Result<(), String> {
    let again = process::spawn(tapline, scene, start, true)?;
    let End::Itself(said) = process::end(again).await? else {
        return Err("nobody killed it".to_owned());
    };
    if said["problem"]["code"] != json!("resend_nothing") {
        return Err(format!("there is nothing more to resend: {said:#}"));
    }
    Ok(())
}
