//! Random histories of a source, imported run by run through the real SQL engine: rows come, change and go, runs are
//! stopped, killed, refused and left without an answer; and at the end everything that should have arrived has, and nothing
//! else.
//!
//! A test tells the same history each time, but for the time of day, so that a build does not fail by chance.
//! `TAPLINE_HISTORIES=100 cargo test --test ways histories` tells a hundred that nobody has heard; each prints its seed, and with it
//! in `TAPLINE_SEED` it is told again.

mod expected;
mod source;

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tapline_core::ground::ids::{ImportId, RunId};
use tapline_core::ground::problem::Code;
use tapline_core::run::{Fate, Outcome, Run};
use tapline_core::store::{Belongs, RecordFilter, Store};
use tapline_core::vault::Attendance;
use tapline_sandbox::{Fault, Matcher, Rules};

use super::UPLOADS;
use super::chance::Chance;
use super::support::{Access, PERSON, Scene};
use expected::Expected;
use source::{Source, SourceRow, What};

const FOLDER: &str = "TAPLINE_TEST_FOLDER";
const IMPORT: &str = "TAPLINE_TEST_IMPORT";
const ACCESS: &str = "TAPLINE_TEST_ACCESS";
const ENDS_AT: &str = "TAPLINE_ENDS_AT";
const RUNS: u64 = 6;

/// How an import finds its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    All,
    NewAndUpdated,
    Changed,
}

/// What a history is about.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub way: Way,
    pub what: What,
    /// Whether Updated On is a DATE.
    pub days: bool,
    /// Whether its mapping changes. Then a property comes and goes, and tells no event from another.
    pub maps: bool,
}

impl Kind {
    /// What tells the event of a row from others once it has arrived.
    pub fn event(self, row: &SourceRow) -> String {
        if self.maps {
            SourceRow {
                age: None,
                ..row.clone()
            }
            .payload()
        } else {
            row.payload()
        }
    }
}

#[tokio::test]
async fn all_rows_arrive_whatever_happens() {
    tell("histories::all_rows_arrive_whatever_happens", Way::All).await;
}

#[tokio::test]
async fn new_and_updated_rows_arrive_whatever_happens() {
    tell(
        "histories::new_and_updated_rows_arrive_whatever_happens",
        Way::NewAndUpdated,
    )
    .await;
}

#[tokio::test]
async fn changed_rows_arrive_whatever_happens() {
    tell("histories::changed_rows_arrive_whatever_happens", Way::Changed).await;
}

async fn tell(test: &str, way: Way) {
    if carried_out().await {
        return;
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let asked = number("TAPLINE_HISTORIES");
    let first = number("TAPLINE_SEED").unwrap_or_else(|| match asked {
        Some(_) => getrandom::u64().expect("chance"),
        None => 1,
    });
    let histories = asked.unwrap_or(1);
    let scene = super::scene().await;
    failing(&scene, &[]);
    for seed in (0..histories).map(|more| first.wrapping_add(more)) {
        for what in [What::Profiles, What::Events, What::KeyedEvents] {
            println!("{way:?}, {what:?}: TAPLINE_SEED={seed}");
            let mut chance = Chance::new(seed);
            let days = way == Way::NewAndUpdated && chance.in_hundred(30);
            let maps = chance.in_hundred(50);
            let kind = Kind { way, what, days, maps };
            let mut history = History::new(&scene, test, kind, chance);
            history.go().await;
            history.holds().unwrap_or_else(|broken| {
                panic!("{kind:?}, TAPLINE_SEED={seed}: {broken}\n{}", history.told.join("\n"))
            });
        }
    }
}

/// CleverTap throws some events away, and fails at the records of these identities.
fn failing(scene: &Scene, identities: &[String]) {
    let rules = Rules {
        discarded_events: ["thrown".to_owned()].into(),
        failing: identities.iter().cloned().collect(),
        ..Rules::default()
    };
    scene.sandbox.clevertap().set_rules(&scene.account.account_id, &rules);
}

/// One source and its import.
struct History<'a> {
    scene: &'a Scene,
    test: &'static str,
    kind: Kind,
    chance: Chance,
    source: Source,
    import: ImportId,
    plan: Value,
    expected: Expected,
    told: Vec<String>,
}

impl<'a> History<'a> {
    fn new(scene: &'a Scene, test: &str, kind: Kind, mut chance: Chance) -> Self {
        let source = Source::new(kind, &mut chance);
        let resends = chance.in_hundred(50);
        let records = match kind.what {
            What::Profiles => json!("profiles"),
            What::Events | What::KeyedEvents => json!({"events": {
                "name": {"column": "what"},
                "in_doubt": if resends { "resend" } else { "leave" },
                "key": if kind.what == What::KeyedEvents { vec!["nr"] } else { Vec::new() },
            }}),
        };
        let changes = json!({
            "source": {"table": source.table},
            "rows": match kind.way {
                Way::All => json!("all"),
                Way::NewAndUpdated => json!({"new_and_updated": {}}),
                Way::Changed => json!("changed"),
            },
            "identity": {"column": "id", "repairs": {"trim": true}},
            "updated_on": {"column": "changed"},
            "properties": source::properties(kind.what, true),
        });
        let import = scene.import(&source.table, &records, &changes);
        Self {
            scene,
            test: Box::leak(test.to_owned().into_boxed_str()),
            kind,
            chance,
            expected: Expected::new(kind, resends),
            plan: changes,
            source,
            import,
            told: Vec::new(),
        }
    }

    async fn go(&mut self) {
        for _ in 0..RUNS {
            let mapped = self.maps_otherwise();
            // Events of another mapping are compared from the beginning, or not at all.
            if (mapped && self.kind.way == Way::Changed) || self.chance.in_hundred(8) {
                self.begins_anew().await;
            }
            self.changes().await;
            self.misfortune();
            let run = self.runs().await;
            self.scene.sandbox.clear_faults();
            failing(self.scene, &[]);
            self.note(run.as_ref());
            if let Some(run) = run
                && self.chance.in_hundred(20)
            {
                self.mends(&run).await;
            }
        }
        // What is left to be told is told by runs that nothing stands in the way of.
        for _ in 0..2 {
            self.changes().await;
            let run = self.scene.run(self.import).await;
            assert!(
                run.outcome.is_some_and(|outcome| !outcome.is_early()),
                "nothing stands in the way: {:?} {:?}\n{}",
                run.outcome,
                run.problem,
                self.told.join("\n")
            );
            self.note(Some(&run));
        }
    }

    async fn changes(&mut self) {
        let told = self.source.changes(&mut self.chance);
        self.told.extend(told);
        self.source.put(self.scene).await;
        self.expected.sees(&self.source, self.with_age());
    }

    fn with_age(&self) -> bool {
        self.plan["properties"].as_array().is_some_and(|all| {
            let columns = all.iter().map(|property| &property["column"]);
            columns.into_iter().any(|column| column == "age")
        })
    }

    /// What came before is done with: none of it is gone on with, nor sent again from there.
    async fn begins_anew(&mut self) {
        let unattended = Attendance::Unattended;
        self.scene
            .runner
            .restart(self.import, unattended)
            .await
            .expect("nothing stands in the way");
        self.told.push("started from the beginning".to_owned());
        self.expected.begins_anew(&self.source, &self.scene.sandbox);
        self.source.unknowable.clear();
        let last = self.scene.store.read(|r| r.runs().last_of(self.import)).expect("runs");
        let Some(last) = last else { return };
        let resumed = self.scene.runner.resume(last.run.id, None, unattended).await;
        let problem = resumed.expect_err("it belongs to the past");
        assert_eq!(problem.code(), Code::RunNotResumable, "{problem}");
        if self.kind.what != What::Profiles {
            let again = self
                .scene
                .runner
                .resend(last.run.id, RecordFilter::default(), PERSON, unattended)
                .await;
            let problem = again.expect_err("the next run sends them all");
            assert_eq!(problem.code(), Code::ResendNothing, "{problem}");
        }
    }

    /// A person lets what a run did not deliver be sent again.
    async fn mends(&mut self, run: &Run) {
        let fate = if self.chance.in_hundred(50) {
            Fate::Unprocessed
        } else {
            Fate::InDoubt
        };
        let filter = RecordFilter {
            fate: Some(fate),
            ..RecordFilter::default()
        };
        let records = self.scene.records(run);
        let chosen: Vec<_> = records.into_iter().filter(|record| record.fate == fate).collect();
        let Ok(going) = self
            .scene
            .runner
            .resend(run.id, filter, PERSON, Attendance::Unattended)
            .await
        else {
            return;
        };
        self.expected.sends_again(&chosen);
        let mended = going.ended().await;
        self.told
            .push(format!("mended {fate:?}: {:?} {:?}", mended.outcome, mended.counts));
        self.expected.mended(&mended, &self.scene.records(&mended));
    }

    /// Says whether events are mapped otherwise now.
    fn maps_otherwise(&mut self) -> bool {
        if !self.kind.maps || !self.chance.in_hundred(30) {
            return false;
        }
        let all = self.chance.in_hundred(50);
        let properties = source::properties(self.kind.what, all);
        self.told.push(format!("mapped otherwise: {properties}"));
        self.plan["properties"] = properties.clone();
        self.scene
            .store
            .write(|w| {
                let mut row = w.imports().get(self.import)?;
                row.plan.properties = serde_json::from_value(properties).expect("properties");
                w.imports_mut().change(&row)
            })
            .expect("a plan may change");
        self.kind.what != What::Profiles
    }

    fn misfortune(&mut self) {
        let upload = || Matcher::path(UPLOADS);
        let fault = match self.chance.between(0, 13) {
            0 => Fault::CutAnswer,
            1 => Fault::Refuse,
            2 => Fault::TooManyRequests,
            3 => Fault::answer(401, &json!({"status": "fail"})),
            4 | 5 => Fault::answer(400, &json!({"status": "fail", "error": "Malformed request"})),
            6 => Fault::Malformed,
            7 => Fault::answer(200, &json!({"status": "success", "processed": 0, "unprocessed": []})),
            8 => {
                let whose = self.source.somebody(&mut self.chance);
                self.told.push(format!("CleverTap fails at {whose:?}"));
                if self.kind.way != Way::Changed {
                    self.source.unknowable.extend(whose.iter().cloned());
                }
                failing(self.scene, &whose);
                return;
            }
            _ => return,
        };
        let nth = usize::try_from(self.chance.between(1, 3)).unwrap_or(1);
        self.told.push(format!("call {nth}: {fault:?}"));
        self.expected.goes_unheard();
        self.scene.sandbox.fault(upload().nth(nth), fault);
    }

    async fn runs(&mut self) -> Option<Run> {
        match self.chance.between(0, 10) {
            0 | 1 => {
                let run = self.killed()?;
                self.goes_on(run).await
            }
            2 => {
                let going = self.scene.start(self.import).await;
                for _ in 0..self.chance.between(0, 200) {
                    tokio::task::yield_now().await;
                }
                let _ = self.scene.runner.stop(going.id).await;
                let run = going.ended().await;
                self.told.push(format!("stopped: {:?}", run.outcome));
                self.goes_on(run).await
            }
            _ => {
                let run = self.scene.run(self.import).await;
                self.goes_on(run).await
            }
        }
    }

    async fn goes_on(&mut self, run: Run) -> Option<Run> {
        if run.outcome.is_some_and(Outcome::is_early) && self.chance.in_hundred(50) {
            self.note(Some(&run));
            if self.chance.in_hundred(50) {
                self.expires().await;
            }
            return self.resumed(run.id).await;
        }
        Some(run)
    }

    /// Google lets go of what the run was reading, and its source is another by the time it is gone on with.
    async fn expires(&mut self) {
        self.scene.results_expire().await;
        self.told.push("the result expired".to_owned());
        let told = self.source.changes(&mut self.chance);
        self.told.extend(told);
        self.source.put(self.scene).await;
        self.expected.sees_again(&self.source, self.with_age());
    }

    async fn resumed(&mut self, run: RunId) -> Option<Run> {
        match self.scene.runner.resume(run, None, Attendance::Unattended).await {
            Ok(going) => {
                let run = going.ended().await;
                self.told.push("gone on with".to_owned());
                Some(run)
            }
            Err(_) => None,
        }
    }

    /// Runs in a process of its own, which ends at some instant.
    fn killed(&mut self) -> Option<Run> {
        let instant = self.chance.between(1, 40);
        let last = || self.scene.store.read(|r| r.runs().last_of(self.import)).expect("runs");
        let before = last();
        Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", self.test, "--nocapture"])
            .env(FOLDER, self.scene.folder.path())
            .env(IMPORT, self.import.to_string())
            .env(ACCESS, serde_json::to_string(&self.scene.access).expect("text"))
            .env(ENDS_AT, instant.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("this test can be started again");
        self.scene
            .store
            .recover(jiff::Timestamp::now())
            .expect("a store that is whole");
        // Ended before it had begun one, it leaves the run before as the last, which is not to be counted twice.
        let known = before.map(|before| before.number);
        let killed = last().filter(|last| Some(last.number) != known);
        self.told.push(format!("killed at instant {instant}"));
        killed.map(|killed| killed.run)
    }

    fn note(&mut self, run: Option<&Run>) {
        let Some(run) = run else { return };
        self.told.push(format!(
            "{:?} {:?} {:?} {:?}",
            run.outcome,
            run.counts,
            run.aside,
            run.problem.as_ref().map(|problem| (problem.code(), problem.facts()))
        ));
        self.expected.ran(run, &self.scene.records(run));
    }

    fn holds(&self) -> Result<(), String> {
        self.expected.holds(&self.source, &self.plan, &self.scene.sandbox)
    }
}

/// Where this is a process that only carries out a run: whether it was.
async fn carried_out() -> bool {
    let Ok(folder) = std::env::var(FOLDER) else {
        return false;
    };
    let store = Store::open(folder.as_ref(), Belongs::Sandbox).expect("the store");
    let access: Access = serde_json::from_str(&std::env::var(ACCESS).expect("access")).expect("access");
    let import = std::env::var(IMPORT).expect("an import").parse().expect("its id");
    let runner = access.runner(store);
    if let Ok(going) = runner.start(import, PERSON, Attendance::Unattended).await {
        going.ended().await;
    }
    true
}
