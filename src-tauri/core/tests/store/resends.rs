//! Which records a run may send again, and that no record is sent again twice.

use tapline_core::ground::ids::{ImportId, RunId};
use tapline_core::ground::problem::Code;
use tapline_core::import::state::ImportStatus;
use tapline_core::run::{Fate, Outcome};
use tapline_core::store::{
    Answered, Manifest, NewBatch, NewRun, RecordFilter, RecordRow, RunRow, Store, StoreError, values_until,
};

use super::{begin, furnished, second};

fn unprocessed(position: u64) -> RecordRow {
    RecordRow {
        position,
        fate: Fate::Unprocessed,
        batch: None,
        code: "513".to_owned(),
        column: None,
        identity: Some(format!("u{position}")),
        reason: None,
        record: Some(format!(r#"{{"identity":"u{position}","type":"event"}}"#)),
    }
}

/// An ended run of events with records at these positions.
fn ended(store: &Store, import: ImportId, rows: &[RecordRow]) -> RunRow {
    let run = begin(store, import).unwrap();
    store
        .write(|w| {
            w.records_mut().keep(run.number, rows, second(1_000_000_000))?;
            w.runs_mut()
                .end(run.run.id, Outcome::CompletedWithRejects, None, second(20))
        })
        .unwrap()
}

fn mend(store: &Store, run: &RunRow, filter: &RecordFilter) -> Result<RunRow, StoreError> {
    let new = NewRun {
        id: RunId::new(),
        import: run.run.import,
        started_at: second(30),
        started_by: "Ada".to_owned(),
    };
    store.write(|w| w.begin_mending(&new, run.run.id, filter))
}

fn events(store: &Store, import: &tapline_core::store::ImportRow) {
    let mut import = import.clone();
    import.plan = serde_json::from_value(serde_json::json!({
        "version": 1, "nickname": "People", "database": "Warehouse", "account": "Shop",
        "source": {"table": "people"}, "records": {"events": {"name": {"specific": "Visited"}}}, "identity": {"column": "id"},
    }))
    .unwrap();
    store.write(|w| w.imports_mut().change(&import)).unwrap();
}

#[test]
fn a_record_is_sent_again_by_one_run_unless_that_ended_before_it_left() {
    let folder = tempfile::tempdir().unwrap();
    let (store, .., import) = furnished(folder.path(), ImportStatus::Ready);
    events(&store, &import);
    let rejected = RecordRow {
        fate: Fate::Rejected,
        ..unprocessed(5)
    };
    let doubted = RecordRow {
        fate: Fate::InDoubt,
        ..unprocessed(6)
    };
    let run = ended(
        &store,
        import.id,
        &[unprocessed(1), unprocessed(2), unprocessed(3), rejected, doubted],
    );
    let all = RecordFilter::default();
    let mendable = |filter: &RecordFilter| store.read(|r| r.resends().mendable(&run, filter)).unwrap();
    assert_eq!(
        mendable(&all).records,
        3,
        "a rejected event never became a record, and doubt is asked for by name"
    );
    assert_eq!(mendable(&all).left_out, 1, "which is said");
    let doubt = RecordFilter {
        fate: Some(Fate::InDoubt),
        ..RecordFilter::default()
    };
    assert_eq!(mendable(&doubt).records, 1, "where it is asked for it may go");

    let first = mend(&store, &run, &all).unwrap();
    assert_eq!(
        store.read(|r| r.resends().mends(first.number)).unwrap(),
        Some(run.run.id)
    );
    assert_eq!(mendable(&all).records, 0, "as long as it goes they are its own");
    store
        .write(|w| {
            let batch = NewBatch {
                number: 1,
                manifest: Manifest::pack([(1, "u1")]),
                bytes: 10,
                collapsed: 0,
                instead_of: None,
                warned: Vec::new(),
                keys: Vec::new(),
            };
            w.batches_mut().open(first.number, &batch)?;
            let answered = Answered {
                delivered: 1,
                ..Answered::default()
            };
            w.batches_mut().answered(first.number, 1, answered)?;
            w.runs_mut().end(first.run.id, Outcome::Failed, None, second(40))
        })
        .unwrap();
    assert_eq!(mendable(&all).records, 2, "two did not leave, and are free again");
    let waits = mend(&store, &run, &all).map(|row| row.number);
    let waits = waits
        .expect_err("the one that failed can be gone on with")
        .problem()
        .code();
    assert_eq!(waits, Code::ResendRunWaits);

    ended(&store, import.id, &[]);
    let second_try = mend(&store, &run, &all).unwrap();
    let sent = |by: &RunRow| -> Vec<u64> {
        let rows = store.read(|r| r.resends().records(by.number, 0, 100)).unwrap();
        rows.iter().map(|row| row.position).collect()
    };
    assert_eq!(sent(&second_try), [2, 3], "and go with the next");
    assert_eq!(
        sent(&first),
        [1],
        "what the next took over is the first one's no longer"
    );
    store
        .write(|w| {
            w.runs_mut()
                .end(second_try.run.id, Outcome::Completed, None, second(60))
        })
        .unwrap();
    let again = mend(&store, &run, &all).map(|row| row.number);
    let nothing = again.expect_err("all three went").problem().code();
    assert_eq!(nothing, Code::ResendNothing);
    let status = store.read(|r| r.imports().get(import.id)).unwrap().status;
    assert_eq!(status, ImportStatus::Ready, "a refusal leaves the import as it was");
}

#[test]
fn whose_values_are_gone_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let (store, .., import) = furnished(folder.path(), ImportStatus::Ready);
    let run = ended(&store, import.id, &[unprocessed(1), unprocessed(2)]);
    let forgotten = store.forget_person(" u1 ").unwrap();
    assert_eq!(
        (forgotten.records, forgotten.running),
        (1, false),
        "by the identity, whatever stands around it"
    );
    let mending = mend(&store, &run, &RecordFilter::default()).unwrap();
    assert!(
        store.forget_person("nobody").unwrap().running,
        "a run goes that may write again"
    );
    let identities = store.read(|r| r.resends().identities(mending.number)).unwrap();
    assert_eq!(identities, ["u2"], "one of two is left");
    store.forget_person("u2").unwrap();
    let identities = store.read(|r| r.resends().identities(mending.number)).unwrap();
    assert!(identities.is_empty(), "also where a run has chosen it already");
}

#[test]
fn after_thirty_days_the_values_are_gone_and_that_is_why_nothing_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let (store, .., import) = furnished(folder.path(), ImportStatus::Ready);
    let day = |day: i64| second(day * 24 * 60 * 60);
    let days = store.read(|r| r.settings().get()).unwrap().row_values_days;
    assert_eq!(days, 30, "unless a person says otherwise");
    events(&store, &import);
    let run = begin(&store, import.id).unwrap();
    let rows = [unprocessed(1), unprocessed(2)];
    let run = store
        .write(|w| {
            w.records_mut().keep(run.number, &rows, values_until(day(0), days))?;
            w.runs_mut()
                .end(run.run.id, Outcome::CompletedWithRejects, None, day(0))
        })
        .unwrap();
    let all = RecordFilter::default();
    let mendable = || store.read(|r| r.resends().mendable(&run, &all)).unwrap();
    store.forget_expired(day(29)).unwrap();
    assert_eq!(mendable().records, 2, "a day before, both can be sent again");
    assert_eq!(
        store.forget_expired(day(31)).unwrap(),
        2,
        "a day after, both are forgotten"
    );
    assert_eq!(
        (mendable().records, mendable().left_out),
        (0, 2),
        "they are still counted"
    );
    let refused = mend(&store, &run, &all).map(|row| row.number);
    let problem = refused.expect_err("nothing is left to be sent").problem();
    assert_eq!(problem.code(), Code::ResendNothing);
    let words = problem.explanation();
    assert!(words.contains("as long as its values are kept"), "{words}");
}
