//! The power fails at each moment at which the store asked the disk to keep something: what was kept by then is opened as
//! the next start would find it, and held against what had arrived by then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use tapline_core::ground::ids::{ImportId, RunId};
use tapline_core::run::{Fate, Outcome, Run};
use tapline_core::store::{BatchState, Belongs, RecordFilter, Store};
use tapline_core::vault::Attendance;
use tapline_disk::{Cut, Disk, Left, Syncs};
use tapline_sandbox::{CleverTap, Column, Fault, Matcher, Options};

use super::UPLOADS;
use super::support::{Scene, assert_whole};

const ROWS: u64 = 7_000;

/// Every eighth is nobody's, and rejected. Names are long: the manifests of a few batches are more than the journal takes
/// before it is moved into the store's main file.
fn whose(row: u64) -> Option<String> {
    (!row.is_multiple_of(8)).then(|| format!("u{row}-{}", "x".repeat(800)))
}

/// A run on a disk that is watched.
struct Watched {
    scene: Scene,
    import: ImportId,
    profiles: bool,
    run: Run,
    /// Whose records arrived, in their order.
    arrived: Vec<String>,
    /// What would be left at each sync and at the end, and how many records had arrived by then.
    cuts: Vec<(Cut, usize)>,
}

async fn watched(profiles: bool, syncs: Syncs) -> Watched {
    let folder = tempfile::tempdir().unwrap();
    let seen: Arc<Mutex<Vec<(Cut, usize)>>> = Arc::default();
    let clevertap: Arc<OnceLock<CleverTap>> = Arc::default();
    let disk = Disk::watch(folder.path(), syncs, {
        let (seen, clevertap) = (Arc::clone(&seen), Arc::clone(&clevertap));
        move |cut| {
            let by_now = clevertap.get().map_or(0, |it| arrived(it, profiles).len());
            seen.lock().unwrap().push((cut, by_now));
        }
    });
    let scene = Scene::within(folder, Options::default()).await;
    let _ = clevertap.set(scene.sandbox.clevertap().clone());
    let columns = [Column::new("id", "STRING"), Column::new("email", "STRING")];
    let rows = (1..=ROWS).map(|n| vec![whose(n), Some(format!("u{n}@example.com"))]);
    scene.sandbox.google().serve_canned("shop", "people", &columns, rows);
    // An answer that is lost leaves doubt behind, and each call takes long enough for a sync to find it on its way.
    scene.sandbox.fault(Matcher::path(UPLOADS).nth(3), Fault::CutAnswer);
    scene.sandbox.fault(Matcher::path(UPLOADS), Fault::Delay { ms: 80 });
    let import = if profiles { scene.profiles() } else { scene.events() };
    let run = scene.run(import).await;
    assert!(
        run.outcome.is_some_and(|outcome| !outcome.is_early()),
        "{:?}",
        run.problem
    );
    let arrived = arrived(scene.sandbox.clevertap(), profiles);
    let mut cuts = std::mem::take(&mut *seen.lock().unwrap());
    cuts.push((disk.cut(), arrived.len()));
    scene.sandbox.clear_faults();
    Watched {
        scene,
        import,
        profiles,
        run,
        arrived,
        cuts,
    }
}

fn arrived(clevertap: &CleverTap, profiles: bool) -> Vec<String> {
    let records = if profiles {
        clevertap.profile_records()
    } else {
        clevertap.events()
    };
    let whose = records.iter().map(|record| record.json()["identity"].clone());
    whose
        .map(|whose| whose.as_str().unwrap_or_default().to_owned())
        .collect()
}

impl Watched {
    /// Opens what is left as the next start does, and holds its ledger against what had arrived. Gives the run, where one
    /// was begun, for somebody to go on with.
    fn hold(&self, store: &Store, arrived: &[String]) -> Result<Option<Run>, String> {
        store
            .recover(jiff::Timestamp::now())
            .map_err(|error| error.problem().title())?;
        let last = store.read(|r| r.runs().last_of(self.import));
        let Some(row) = last.map_err(|error| error.problem().title())? else {
            return if arrived.is_empty() {
                Ok(None)
            } else {
                Err(format!("{} records arrived, and no run is known", arrived.len()))
            };
        };
        assert_whole(&row.run.counts);
        let batches = store.read(|r| r.batches().of_run(row.number)).unwrap();
        let positions = |state: BatchState| -> BTreeSet<String> {
            let these = batches.iter().filter(|batch| batch.state == state);
            these
                .flat_map(|batch| batch.positions.iter().cloned().flatten())
                .filter_map(whose)
                .collect()
        };
        let (answered, in_doubt) = (positions(BatchState::Answered), positions(BatchState::InDoubt));
        let arrived: BTreeSet<String> = arrived.iter().cloned().collect();
        if let Some(lost) = arrived
            .iter()
            .find(|one| !answered.contains(*one) && !in_doubt.contains(*one))
        {
            return Err(format!(
                "{lost:.12} had arrived, and would be sent again as if it had not"
            ));
        }
        if let Some(early) = answered.difference(&arrived).next() {
            return Err(format!("{early:.12} is called delivered, and had not arrived"));
        }
        Ok(Some(row.run))
    }

    /// The run goes on from what is left, and every row comes to its end.
    async fn goes_on(&self, store: Store, run: RunId, before: &[String]) {
        self.scene.sandbox.clevertap().forget_records();
        let runner = self.scene.access.runner(store.clone());
        let going = runner.resume(run, None, Attendance::Unattended).await;
        let run = going.expect("nothing stands in the way").ended().await;
        assert_whole(&run.counts);
        assert_eq!(run.counts.read, ROWS, "{:?} {:?}", run.counts, run.problem);
        assert!(
            run.outcome.is_some_and(|outcome| !outcome.is_early()),
            "{:?}",
            run.problem
        );
        let mut times: BTreeMap<String, u64> = BTreeMap::new();
        let since = arrived(self.scene.sandbox.clevertap(), self.profiles);
        before
            .iter()
            .chain(&since)
            .for_each(|one| *times.entry(one.clone()).or_default() += 1);
        let listed = store.read(|r| {
            let filter = RecordFilter {
                fate: Some(Fate::InDoubt),
                ..RecordFilter::default()
            };
            let number = r.runs().get(run.id)?.number;
            r.records().page(number, &filter, 100_000)
        });
        let doubt: BTreeSet<_> = listed
            .unwrap()
            .records
            .into_iter()
            .filter_map(|record| record.identity)
            .collect();
        for one in (1..=ROWS).filter_map(whose) {
            let came = times.get(&one).copied().unwrap_or(0);
            assert!(came > 0 || doubt.contains(&one), "{one:.12} is lost");
            assert!(self.profiles || came <= 1, "{one:.12} was sent again, and had arrived");
        }
    }
}

fn opened(left: &Left) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    left.put(folder.path()).unwrap();
    let store = Store::open(folder.path(), Belongs::Sandbox).expect("what is left is a store");
    let raw = rusqlite::Connection::open(folder.path().join("tapline.db")).unwrap();
    let sound: String = raw.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok", "and whole");
    (folder, store)
}

async fn the_power_fails_at_each_sync(profiles: bool) {
    let watched = watched(profiles, Syncs::Kept).await;
    let most = watched.cuts.len();
    for (number, (cut, by_then)) in watched.cuts.iter().enumerate() {
        let arrived = &watched.arrived[..*by_then];
        for (what, left) in [("what was synced", &cut.synced), ("with torn writes", &cut.torn)] {
            let (_folder, store) = opened(left);
            let run = watched.hold(&store, arrived);
            let run = run.unwrap_or_else(|broken| panic!("sync {number} of {most}, {what}: {broken}"));
            let Some(run) = run.filter(|run| run.outcome == Some(Outcome::Interrupted)) else {
                continue;
            };
            // One of the two each time: it takes as long as a run.
            if (number % 2 == 0) == (what == "what was synced") {
                watched.goes_on(store, run.id, arrived).await;
            }
        }
    }
    let moved = |cut: &(Cut, usize)| cut.1 > 0 && cut.0.file.as_deref() == Some("tapline.db");
    assert!(
        watched.cuts.iter().any(moved),
        "the journal is moved into the main file in mid-run, too: {most} syncs"
    );
}

#[tokio::test]
async fn whatever_was_sent_is_known_when_the_power_fails_and_profiles_go_on() {
    the_power_fails_at_each_sync(true).await;
}

#[tokio::test]
async fn whatever_was_sent_is_known_when_the_power_fails_and_events_go_on() {
    the_power_fails_at_each_sync(false).await;
}

#[tokio::test]
async fn a_disk_that_nobody_asked_to_keep_anything_is_found_out() {
    let watched = watched(false, Syncs::Ignored).await;
    let (cut, by_then) = watched.cuts.last().expect("the end is one");
    let (_folder, store) = opened(&cut.synced);
    let held = watched.hold(&store, &watched.arrived[..*by_then]);
    assert!(held.is_err(), "so the tests above can fail: {:?}", watched.run.counts);
}
