//! The store, on real files.

mod damage;
mod expired;
mod forgetting;
mod resends;

use std::path::Path;

use jiff::Timestamp;
use tapline_core::clevertap::Region;
use tapline_core::ground::ids::{AccountId, ConnectionId, ImportId, RunId};
use tapline_core::ground::problem::{Code, Fact, Problem};
use tapline_core::import::plan::Plan;
use tapline_core::import::state::ImportStatus;
use tapline_core::run::{Fate, Outcome};
use tapline_core::store::{
    AccountRow, Answered, BatchState, Belongs, CheckRow, ConnectionRow, HeldKey, ImportRow, Manifest,
    NO_ANSWER_INTERRUPTED, NewBatch, NewRun, Proxy, RecordFilter, RecordRow, Settings, Store, StoreError, Subject,
    Theme, Warned,
};

fn open(folder: &Path) -> Store {
    Store::open(folder, Belongs::Real).expect("a store opens in a folder of its own")
}

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + seconds).unwrap()
}

fn connection(name: &str) -> ConnectionRow {
    ConnectionRow {
        id: ConnectionId::new(),
        name: name.to_owned(),
        project_id: "acme-dw".to_owned(),
        dataset_id: "sales".to_owned(),
        billing_project: None,
        bytes_cap: Some(10 << 30),
        location_override: None,
        location: Some("EU".to_owned()),
        client_email: "tap@acme-dw.iam.gserviceaccount.com".to_owned(),
        client_id: None,
        key_id: "0123456789abcdef".to_owned(),
        key_bits: 2048,
        token_uri: "https://oauth2.googleapis.com/token".to_owned(),
        vault_entry: format!("key-{name}"),
        key_added_at: second(0),
        connected_at: second(0),
        connected_by: "Ada".to_owned(),
    }
}

fn account(name: &str) -> AccountRow {
    AccountRow {
        id: AccountId::new(),
        name: name.to_owned(),
        account_id: "W9R-486-4W5Z".to_owned(),
        region: Region::India,
        vault_entry: format!("passcode-{name}"),
        calls_at_once: 7,
        added_at: second(0),
        added_by: "Ada".to_owned(),
    }
}

fn plan(nickname: &str) -> Plan {
    serde_json::from_value(serde_json::json!({
        "version": 1,
        "nickname": nickname,
        "database": "Warehouse",
        "account": "Shop",
        "source": {"table": "people"},
        "records": "profiles",
        "identity": {"column": "id"},
    }))
    .expect("a plan in its published shape")
}

fn import(nickname: &str, status: ImportStatus, from: &ConnectionRow, to: &AccountRow) -> ImportRow {
    ImportRow {
        id: ImportId::new(),
        status,
        connection: Some(from.id),
        account: Some(to.id),
        plan: plan(nickname),
        created_at: second(0),
        created_by: "Ada".to_owned(),
        updated_at: second(0),
        updated_by: "Ada".to_owned(),
    }
}

/// A store with a connection, an account and one import.
fn furnished(folder: &Path, status: ImportStatus) -> (Store, ConnectionRow, AccountRow, ImportRow) {
    let store = open(folder);
    let (from, to) = (connection("Warehouse"), account("Shop"));
    let import = import("People", status, &from, &to);
    store
        .write(|w| {
            w.connections_mut().add(&from)?;
            w.accounts_mut().add(&to)?;
            w.imports_mut().add(&import)
        })
        .expect("rows of a known shape are kept");
    (store, from, to, import)
}

fn begin(store: &Store, import: ImportId) -> Result<tapline_core::store::RunRow, StoreError> {
    store.write(|w| {
        w.runs_mut().begin(&NewRun {
            id: RunId::new(),
            import,
            started_at: second(10),
            started_by: "Ada".to_owned(),
        })
    })
}

fn batch(number: u64, positions: std::ops::RangeInclusive<u64>) -> NewBatch {
    NewBatch {
        number,
        manifest: Manifest::pack(positions.map(|position| (position, format!("u{position}")))),
        bytes: 100,
        keys: Vec::new(),
        collapsed: 0,
        instead_of: None,
        warned: Vec::new(),
    }
}

fn warned(column: &str, records: u64) -> Warned {
    Warned {
        column: column.to_owned(),
        code: "text_cut".to_owned(),
        reason: "The text is longer than 512 bytes, and CleverTap cuts it".to_owned(),
        records,
    }
}

#[test]
fn what_was_kept_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let (store, from, to, import) = furnished(folder.path(), ImportStatus::Ready);
    let check = CheckRow {
        at: second(5),
        took_ms: 320,
        passed: false,
        problem: Some(Problem::new(Code::NotThere).with(Fact::Name, "sales")),
    };
    let settings = Settings {
        person: Some("Ada".to_owned()),
        proxy: Proxy::Manual("http://proxy:8080".to_owned()),
        ca_file: None,
        theme: Theme::Dark,
        row_values_days: 7,
    };
    store
        .write(|w| {
            w.checks_mut().put(Subject::Connection(from.id), &check)?;
            w.settings_mut().put(&settings)
        })
        .unwrap();
    drop(store);

    let store = open(folder.path());
    store
        .read(|r| {
            assert_eq!(
                r.connections().list()?,
                std::slice::from_ref(&from),
                "a connection keeps all of itself"
            );
            assert_eq!(
                r.accounts().list()?,
                std::slice::from_ref(&to),
                "an account keeps all of itself"
            );
            assert_eq!(
                r.imports().list()?,
                std::slice::from_ref(&import),
                "an import keeps all of itself"
            );
            assert_eq!(
                r.checks().last(Subject::Connection(from.id))?,
                Some(check.clone()),
                "a verdict keeps its problem"
            );
            assert_eq!(
                r.checks().last(Subject::Account(to.id))?,
                None,
                "what was never tested has no verdict"
            );
            assert_eq!(r.settings().get()?, settings, "settings stay as set");
            Ok(())
        })
        .unwrap();
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_the_store() {
    use std::os::unix::fs::PermissionsExt as _;
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("store");
    let (store, ..) = furnished(&folder, ImportStatus::Ready);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700, "the folder is closed to others");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            assert_eq!(mode(&path), 0o600, "{} is closed to others", path.display());
            seen += 1;
        }
    }
    assert_eq!(
        seen, 3,
        "the database, its journal and the journal's index were looked at"
    );
    drop(store);
}

#[test]
fn a_store_is_never_opened_as_the_other_kind() {
    for (first, then) in [(Belongs::Real, Belongs::Sandbox), (Belongs::Sandbox, Belongs::Real)] {
        let folder = tempfile::tempdir().unwrap();
        drop(Store::open(folder.path(), first).unwrap());
        let refused = Store::open(folder.path(), then);
        assert!(
            matches!(refused, Err(StoreError::BelongsElsewhere { .. })),
            "{first:?} opened as {then:?} gave {refused:?}"
        );
        assert!(Store::open(folder.path(), first).is_ok(), "its owner still opens it");
    }
}

#[test]
fn sandboxes_and_the_real_world_share_no_keychain_namespace() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let real = Store::open(folders[0].path(), Belongs::Real).unwrap();
    let sandbox = Store::open(folders[1].path(), Belongs::Sandbox).unwrap();
    assert_eq!(real.vault_namespace(), "dev.tapline", "the app's own");
    assert_ne!(
        real.vault_namespace(),
        sandbox.vault_namespace(),
        "a sandbox can never see a real secret"
    );
}

#[test]
fn a_newer_store_is_refused_with_a_problem_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let raw = rusqlite::Connection::open(folder.path().join("tapline.db")).unwrap();
    raw.pragma_update(None, "user_version", 999).unwrap();
    drop(raw);
    let refused = Store::open(folder.path(), Belongs::Real).expect_err("an older Tapline keeps its hands off");
    assert_eq!(
        refused.problem().code(),
        Code::StoreNewer,
        "a person must read what to do about it"
    );
}

#[test]
fn a_file_that_is_no_database_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("tapline.db"),
        "certainly no database, and long enough to tell".repeat(100),
    )
    .unwrap();
    let refused = Store::open(folder.path(), Belongs::Real).expect_err("nothing sensible can be read from it");
    assert_eq!(refused.problem().code(), Code::StoreDamaged, "got {refused:?}");
}

#[test]
fn a_state_that_we_never_write_is_damage_and_no_default() {
    let cases = [
        ("imports", "UPDATE imports SET status = 'sleeping'"),
        ("accounts", "UPDATE accounts SET region = 'mars1'"),
        ("accounts", "UPDATE accounts SET calls_at_once = 0"),
        ("accounts", "UPDATE accounts SET calls_at_once = 16"),
        ("imports", "UPDATE imports SET plan = '{}'"),
        ("settings", "INSERT INTO settings VALUES ('theme', '\"sepia\"')"),
    ];
    for (table, damage) in cases {
        let folder = tempfile::tempdir().unwrap();
        let (store, ..) = furnished(folder.path(), ImportStatus::Ready);
        let raw = rusqlite::Connection::open(folder.path().join("tapline.db")).unwrap();
        raw.execute(damage, []).unwrap();
        let seen = store.read(|r| {
            r.imports().list()?;
            r.accounts().list()?;
            r.settings().get()
        });
        match seen {
            Err(error @ StoreError::Damaged { table: found, .. }) => {
                assert_eq!(found, table, "for {damage}");
                assert!(
                    !["sleeping", "mars1", "sepia"]
                        .iter()
                        .any(|value| error.to_string().contains(value)),
                    "these words stand in the log, and what was found may be anybody's: {error}"
                );
            }
            other => panic!("{damage} was read as {other:?}"),
        }
    }
}

#[test]
fn keys_of_a_comparison_are_held_until_its_result_is_in_the_state_and_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _, _, import) = furnished(folder.path(), ImportStatus::Ready);
    let held = || -> i64 {
        let raw = rusqlite::Connection::open(folder.path().join("tapline.db")).unwrap();
        raw.query_row("SELECT count(*) FROM held", [], |row| row.get(0))
            .unwrap()
    };
    let first = begin(&store, import.id).unwrap();
    store
        .write(|w| {
            w.comparisons_mut().begin(first.number, "state")?;
            let mut sent = batch(1, 1..=2);
            sent.keys = vec![HeldKey([1; 16]), HeldKey([2; 16])];
            w.batches_mut().open(first.number, &sent)?;
            w.close_run(first.run.id, Outcome::Interrupted, None, second(20))
        })
        .unwrap();
    begin(&store, import.id).unwrap();
    assert_eq!(
        held(),
        1,
        "the next run has begun, and is still to move the result of the last one"
    );
    store
        .write(|w| w.comparisons_mut().merged(first.number, second(30)))
        .unwrap();
    assert_eq!(held(), 0, "nobody asks for them any more");
}

#[test]
fn a_name_is_used_once_whatever_its_case() {
    let folder = tempfile::tempdir().unwrap();
    let (store, ..) = furnished(folder.path(), ImportStatus::Ready);
    let twice = store.write(|w| w.connections_mut().add(&connection(" wareHOUSE ")));
    let problem = twice.expect_err("the name is taken").problem();
    assert_eq!(problem.code(), Code::NameTaken, "the person chooses another name");
    assert_eq!(
        problem.facts().get(Fact::Field),
        Some("name"),
        "the form shows it at its field"
    );
}

#[test]
fn a_new_name_reaches_the_plans_of_imports() {
    let folder = tempfile::tempdir().unwrap();
    let (store, mut from, mut to, import) = furnished(folder.path(), ImportStatus::Ready);
    "Lake".clone_into(&mut from.name);
    "Store".clone_into(&mut to.name);
    store
        .write(|w| {
            w.connections_mut().change(&from)?;
            w.accounts_mut().change(&to)
        })
        .unwrap();
    let plan = store.read(|r| r.imports().get(import.id)).unwrap().plan;
    assert_eq!(
        (plan.database.as_str(), plan.account.as_str()),
        ("Lake", "Store"),
        "an exported plan must name what is there"
    );
}

#[test]
fn half_a_change_is_no_change() {
    let folder = tempfile::tempdir().unwrap();
    let (store, ..) = furnished(folder.path(), ImportStatus::Ready);
    let failed = store.write(|w| {
        w.connections_mut().add(&connection("Second"))?;
        w.connections_mut().add(&connection("Warehouse"))
    });
    assert!(failed.is_err(), "the second name is taken");
    let names: Vec<String> = store
        .read(|r| r.connections().list())
        .unwrap()
        .into_iter()
        .map(|row| row.name)
        .collect();
    assert_eq!(names, ["Warehouse"], "what stood before the failure goes with it");
}

#[test]
fn a_connection_goes_only_when_nothing_can_run_on_it() {
    use ImportStatus::{Draft, Paused, Ready, Running, Scheduled, Stopped};
    for (status, goes) in [
        (Draft, true),
        (Ready, false),
        (Scheduled, false),
        (Running, false),
        (Paused, false),
        (Stopped, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (store, from, to, import) = furnished(folder.path(), status);
        let deleted = store.write(|w| w.connections_mut().delete(from.id));
        let account_deleted = store.write(|w| w.accounts_mut().delete(to.id));
        if goes {
            assert_eq!(
                deleted.expect("nothing stands in the way"),
                from.vault_entry,
                "its keychain entry is the next to go"
            );
            assert!(account_deleted.is_ok(), "{status:?} does not hold its account");
            let gone = store.read(|r| r.imports().get(import.id));
            assert!(
                matches!(gone, Err(StoreError::NotThere { .. })),
                "{status:?}: its imports go with it"
            );
        } else {
            for refused in [deleted, account_deleted] {
                assert!(
                    matches!(refused, Err(StoreError::ImportsInTheWay { count: 1 })),
                    "{status:?} must stand in the way, got {refused:?}"
                );
            }
        }
    }
}

#[test]
fn stop_all_then_delete_leaves_history() {
    let folder = tempfile::tempdir().unwrap();
    let (store, from, _, import) = furnished(folder.path(), ImportStatus::Ready);
    let run = begin(&store, import.id).unwrap();
    store.write(|w| w.imports_mut().stop_all_of(from.id)).unwrap();
    let early = store.write(|w| w.connections_mut().delete(from.id));
    assert!(
        matches!(early, Err(StoreError::ImportsInTheWay { count: 1 })),
        "its run has been asked to stop and has not ended, got {early:?}"
    );
    assert!(
        store.read(|r| r.runs().stop_asked(run.number)).unwrap(),
        "stopping an import stops its run"
    );
    store
        .write(|w| w.runs_mut().end(run.run.id, Outcome::Stopped, None, second(20)))
        .unwrap();
    store.write(|w| w.connections_mut().delete(from.id)).unwrap();

    let kept = store.read(|r| r.runs().get(run.run.id)).unwrap();
    assert_eq!(
        (kept.run.nickname.as_str(), kept.run.database.as_str(), kept.run.outcome),
        ("People", "Warehouse", Some(Outcome::Stopped)),
        "history keeps its names"
    );
}

#[test]
fn an_import_runs_once_at_a_time_in_whatever_process() {
    let folder = tempfile::tempdir().unwrap();
    let (store, .., import) = furnished(folder.path(), ImportStatus::Ready);
    let other_process = open(folder.path());
    let run = begin(&store, import.id).unwrap();
    for process in [&store, &other_process] {
        let twice = begin(process, import.id);
        assert!(matches!(twice, Err(StoreError::AlreadyRunning { .. })), "got {twice:?}");
    }
    assert!(
        other_process.recover(second(11)).unwrap().is_empty(),
        "a run whose process lives is nobody else's to interrupt"
    );
    store
        .write(|w| w.runs_mut().end(run.run.id, Outcome::Completed, None, second(12)))
        .unwrap();
    let status = other_process.read(|r| r.imports().get(import.id)).unwrap().status;
    assert_eq!(status, ImportStatus::Ready, "after its run an import is where it was");
    assert!(begin(&other_process, import.id).is_ok(), "and can run again");
}

#[test]
fn what_cannot_run_does_not() {
    for status in [ImportStatus::Draft, ImportStatus::Stopped] {
        let folder = tempfile::tempdir().unwrap();
        let (store, .., import) = furnished(folder.path(), status);
        let refused = begin(&store, import.id).expect_err("it must not run");
        assert_eq!(refused.problem().code(), Code::ImportNotFromHere, "for {status:?}");
    }
}

#[test]
fn after_a_kill_unanswered_batches_are_in_doubt_and_answered_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let (store, .., import) = furnished(folder.path(), ImportStatus::Ready);
    let run = begin(&store, import.id).unwrap();
    store
        .write(|w| {
            w.batches_mut().open(run.number, &batch(1, 1..=3))?;
            w.batches_mut().open(run.number, &batch(2, 4..=6))
        })
        .unwrap();
    store
        .write(|w| {
            let answered = Answered {
                delivered: 3,
                ..Answered::default()
            };
            w.batches_mut().answered(run.number, 1, answered)
        })
        .unwrap();
    // The process ends here: nothing more is written, and its hold on the store goes.
    drop(store);

    let store = open(folder.path());
    let recovered = store.recover(second(60)).unwrap();
    assert_eq!(
        recovered.iter().map(|r| (r.run, r.in_doubt)).collect::<Vec<_>>(),
        [(run.run.id, 3)],
        "one batch was open"
    );
    let found = store.read(|r| r.runs().get(run.run.id)).unwrap();
    assert_eq!(found.run.outcome, Some(Outcome::Interrupted), "nobody runs it any more");
    assert_eq!(
        (
            found.run.counts.delivered,
            found.run.counts.in_doubt,
            found.run.counts.batches
        ),
        (3, 3, 2),
        "what was acknowledged stays delivered"
    );
    let page = store
        .read(|r| r.records().page(run.number, &RecordFilter::default(), 10))
        .unwrap();
    let listed: Vec<_> = page
        .records
        .iter()
        .map(|record| {
            (
                record.position,
                record.fate,
                record.identity.as_deref().unwrap_or_default(),
                record.code.as_str(),
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            (4, Fate::InDoubt, "u4", NO_ANSWER_INTERRUPTED),
            (5, Fate::InDoubt, "u5", NO_ANSWER_INTERRUPTED),
            (6, Fate::InDoubt, "u6", NO_ANSWER_INTERRUPTED),
        ],
        "each record of unknown fate is named"
    );
    assert!(store.recover(second(61)).unwrap().is_empty(), "once is enough");
    let status = store.read(|r| r.imports().get(import.id)).unwrap().status;
    assert_eq!(status, ImportStatus::Ready, "the import can run again");
}

#[test]
fn a_batch_is_answered_once() {
    let folder = tempfile::tempdir().unwrap();
    let (store, .., import) = furnished(folder.path(), ImportStatus::Ready);
    let run = begin(&store, import.id).unwrap();
    let answered = Answered {
        delivered: 1,
        unprocessed: 1,
        in_doubt: 1,
    };
    store
        .write(|w| {
            w.batches_mut().open(run.number, &batch(1, 1..=3))?;
            w.batches_mut().answered(run.number, 1, answered)
        })
        .unwrap();
    for again in [
        store.write(|w| w.batches_mut().answered(run.number, 1, answered)),
        store.write(|w| w.batches_mut().in_doubt(run.number, 1, 3).map(drop)),
    ] {
        assert!(again.is_err(), "a second answer would count its records twice");
    }
    let counts = store.read(|r| r.runs().get(run.run.id)).unwrap().run.counts;
    assert_eq!(
        (counts.delivered, counts.unprocessed, counts.in_doubt),
        (1, 1, 1),
        "counted once"
    );
}

#[test]
fn a_batch_taken_apart_is_told_by_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let (store, .., import) = furnished(folder.path(), ImportStatus::Ready);
    let run = begin(&store, import.id).unwrap();
    store
        .write(|w| {
            w.batches_mut().open(run.number, &batch(1, 1..=4))?;
            w.batches_mut()
                .split(run.number, 1, &[batch(2, 1..=2), batch(3, 3..=4)])
        })
        .unwrap();
    let states: Vec<_> = store
        .read(|r| r.batches().of_run(run.number))
        .unwrap()
        .into_iter()
        .map(|row| (row.number, row.state, row.manifest.len()))
        .collect();
    assert_eq!(
        states,
        [
            (1, BatchState::Split, 0),
            (2, BatchState::Open, 2),
            (3, BatchState::Open, 2)
        ],
        "the parts are open from the moment the whole is not"
    );
}

#[test]
fn what_clevertap_cuts_is_counted_once_for_each_record_that_left() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _, _, import) = furnished(folder.path(), ImportStatus::Ready);
    let run = begin(&store, import.id).unwrap().number;
    let open = |number, positions, told: &[(&str, u64)]| {
        let mut batch = batch(number, positions);
        batch.warned = told.iter().map(|(column, records)| warned(column, *records)).collect();
        store.write(|w| w.batches_mut().open(run, &batch)).unwrap();
    };
    let told = || {
        let warned = store.read(|r| r.batches().warned(run)).unwrap();
        warned
            .into_iter()
            .map(|one| (one.column, one.records))
            .collect::<Vec<_>>()
    };
    open(1, 1..=10, &[("bio", 2), ("tags", 1)]);
    open(2, 11..=20, &[]);
    open(3, 21..=30, &[("tags", 4)]);
    open(4, 31..=40, &[("bio", 9)]);
    store
        .write(|w| {
            w.batches_mut().answered(
                run,
                1,
                Answered {
                    delivered: 10,
                    ..Answered::default()
                },
            )?;
            w.batches_mut().in_doubt(run, 3, 10)?;
            w.batches_mut().unsent(run, 4)
        })
        .unwrap();
    assert_eq!(
        told(),
        [("tags".to_owned(), 5), ("bio".to_owned(), 2)],
        "over all batches that left, and without the one that did not"
    );
    let mut again = batch(5, 21..=30);
    (again.instead_of, again.warned) = (Some(3), vec![warned("tags", 4)]);
    store
        .write(|w| {
            w.batches_mut().open(run, &again)?;
            w.batches_mut().answered(
                run,
                5,
                Answered {
                    delivered: 10,
                    ..Answered::default()
                },
            )
        })
        .unwrap();
    assert_eq!(told()[0], ("tags".to_owned(), 5), "what was sent twice is counted once");
}

fn rejected(position: u64, code: &str, identity: &str) -> RecordRow {
    RecordRow {
        position,
        fate: Fate::Rejected,
        batch: None,
        code: code.to_owned(),
        column: Some("email".to_owned()),
        identity: Some(identity.to_owned()),
        reason: Some(format!("{identity} has no @")),
        record: Some(r#"{"email":"Someone"}"#.to_owned()),
    }
}

#[test]
fn records_are_grouped_paged_and_searched() {
    let folder = tempfile::tempdir().unwrap();
    let (store, .., import) = furnished(folder.path(), ImportStatus::Ready);
    let run = begin(&store, import.id).unwrap();
    let rows: Vec<RecordRow> = (1..=25)
        .map(|n| {
            let identity = if n == 7 {
                "Åsa-Öberg".to_owned()
            } else {
                format!("u{n}")
            };
            rejected(n, if n % 5 == 0 { "phone" } else { "email" }, &identity)
        })
        .collect();
    store
        .write(|w| {
            rows.iter()
                .try_for_each(|row| w.records_mut().reject(run.number, row, 0, second(1_000)))
        })
        .unwrap();
    store
        .read(|r| {
            let reasons = r.records().reasons(run.number)?;
            assert_eq!(
                reasons.iter().map(|g| (g.code.as_str(), g.count)).collect::<Vec<_>>(),
                [("email", 20), ("phone", 5)],
                "the largest group comes first"
            );
            let filter = RecordFilter {
                code: Some("email".to_owned()),
                after: Some(3),
                ..RecordFilter::default()
            };
            let page = r.records().page(run.number, &filter, 3)?;
            assert_eq!(
                page.records.iter().map(|row| row.position).collect::<Vec<_>>(),
                [4, 6, 7],
                "a page goes on where the last one ended"
            );
            assert_eq!(page.total, 20, "the total is of all that match, not of the rest");
            let filter = RecordFilter {
                code: Some("email".to_owned()),
                column: Some("another_column".to_owned()),
                ..RecordFilter::default()
            };
            let page = r.records().page(run.number, &filter, 3)?;
            assert_eq!(page.total, 0, "a reason of another column is another reason");
            let filter = RecordFilter {
                search: "U24".to_owned(),
                ..RecordFilter::default()
            };
            let found = r.records().page(run.number, &filter, 10)?;
            assert_eq!(
                found.records.iter().map(|row| row.position).collect::<Vec<_>>(),
                [24],
                "a search minds no case"
            );
            for (search, why) in [("ÅSA-ÖBERG", "of no alphabet"), ("åsa-öberg", "in either direction")] {
                let filter = RecordFilter {
                    search: search.to_owned(),
                    ..RecordFilter::default()
                };
                let found = r.records().page(run.number, &filter, 10)?;
                assert_eq!(found.total, 1, "a search minds no case, {why}: {search}");
            }
            assert_eq!(
                r.runs().get(run.run.id)?.run.counts.rejected,
                25,
                "what is kept is counted"
            );
            Ok(())
        })
        .unwrap();
}

#[test]
fn an_entry_that_nothing_refers_to_is_an_orphan_once_its_writer_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (store, from, ..) = furnished(folder.path(), ImportStatus::Ready);
    store
        .write(|w| {
            w.vault_entries_mut().note(&from.vault_entry)?;
            w.vault_entries_mut().note("half-saved")
        })
        .unwrap();
    let other_process = open(folder.path());
    let orphans = other_process.write(|w| w.vault_entries_mut().orphans()).unwrap();
    assert!(
        orphans.is_empty(),
        "its writer is at it still: it may be about to save, got {orphans:?}"
    );
    drop(store);
    let orphans = other_process.write(|w| w.vault_entries_mut().orphans()).unwrap();
    assert_eq!(orphans, ["half-saved"], "what a connection refers to is no orphan");
}
