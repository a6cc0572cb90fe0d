//! Values of people's rows go when their time is over, and their bytes with them.

use std::ops::ControlFlow;
use std::path::Path;

use jiff::SignedDuration;
use tapline_core::import::state::ImportStatus;
use tapline_core::run::Outcome;
use tapline_core::store::{Answered, RecordFilter, Store, values_until};

use super::{batch, begin, furnished, rejected, second};

/// Whether a row of the run still has its values, in the order of the result.
fn held(store: &Store, run: i64) -> Vec<bool> {
    let page = store.read(|r| r.records().page(run, &RecordFilter::default(), 100));
    page.unwrap().records.iter().map(|row| row.identity.is_some()).collect()
}

/// Whether a word stands in any file of the store.
fn on_disk(folder: &Path, word: &str) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let bytes = std::fs::read(entry.path()).unwrap_or_default(); // a folder has none
        bytes.windows(word.len()).any(|window| window == word.as_bytes())
    })
}

#[test]
fn values_are_forgotten_when_their_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let (store, .., import) = furnished(folder.path(), ImportStatus::Ready);
    let run = begin(&store, import.id).unwrap();
    let soon = second(100);
    store
        .write(|w| {
            w.records_mut()
                .reject(run.number, &rejected(1, "email", "secret-person"), 0, soon)?;
            w.records_mut().reject(
                run.number,
                &rejected(2, "email", "recent-person"),
                0,
                soon + SignedDuration::from_hours(1),
            )
        })
        .unwrap();
    assert!(on_disk(folder.path(), "secret-person"), "its time is not over yet");
    assert_eq!(store.forget_expired(soon).unwrap(), 1, "one row's time is over");
    assert_eq!(store.forget_expired(soon).unwrap(), 0, "and once is enough");
    let page = store
        .read(|r| r.records().page(run.number, &RecordFilter::default(), 10))
        .unwrap();
    let seen: Vec<_> = page
        .records
        .iter()
        .map(|row| {
            (
                row.position,
                row.identity.as_deref(),
                row.reason.is_some(),
                row.record.is_some(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [(1, None, false, false), (2, Some("recent-person"), true, true)],
        "the row stays, its values go"
    );
    assert!(
        !on_disk(folder.path(), "secret-person"),
        "what is forgotten stands in no file, the journal included"
    );
}

#[test]
fn a_shorter_time_reaches_what_is_kept_already() {
    let folder = tempfile::tempdir().unwrap();
    let (store, .., import) = furnished(folder.path(), ImportStatus::Ready);
    let day = |days: i64| second(86_400 * days);
    let run = begin(&store, import.id).unwrap();
    let until = values_until(day(0), 30);
    store
        .write(|w| {
            w.records_mut()
                .reject(run.number, &rejected(1, "email", "u1"), 0, until)?;
            w.runs_mut()
                .end(run.run.id, Outcome::CompletedWithRejects, None, day(0))
        })
        .unwrap();
    let later = begin(&store, import.id).unwrap();
    store
        .write(|w| {
            let until = values_until(day(9), 30);
            w.records_mut()
                .reject(later.number, &rejected(1, "email", "u2"), 0, until)
        })
        .unwrap();

    store.write(|w| w.keep_values_no_longer(60, day(10))).unwrap();
    store.forget_expired(day(29)).unwrap();
    assert_eq!(
        held(&store, run.number),
        [true],
        "a longer time changes nothing that is kept"
    );
    store.write(|w| w.keep_values_no_longer(7, day(10))).unwrap();
    store.forget_expired(day(10)).unwrap();
    assert_eq!(
        held(&store, run.number),
        [false],
        "its week was over on the seventh day"
    );
    assert_eq!(
        held(&store, later.number),
        [true],
        "a run that goes on has its week before it"
    );
    store.forget_expired(day(17)).unwrap();
    assert_eq!(held(&store, later.number), [false], "and that week ends too");
}

#[test]
fn the_age_of_a_record_is_that_of_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (store, .., import) = furnished(folder.path(), ImportStatus::Ready);
    let run = begin(&store, import.id).unwrap();
    let now = jiff::Timestamp::now();
    let until = values_until(now, 30);
    store
        .write(|w| {
            w.batches_mut().open(run.number, &batch(1, 1..=1))?;
            let answered = Answered {
                unprocessed: 1,
                ..Answered::default()
            };
            w.batches_mut().answered(run.number, 1, answered)?;
            let row = tapline_core::store::RecordRow {
                batch: Some(1),
                ..rejected(1, "513", "u1")
            };
            w.records_mut().keep(run.number, &[row], until)?;
            // The run's end is long ago, the answer is of this moment.
            w.runs_mut()
                .end(run.run.id, Outcome::CompletedWithRejects, None, second(20))?;
            w.keep_values_no_longer(1, now)
        })
        .unwrap();
    store.forget_expired(now + SignedDuration::from_hours(23)).unwrap();
    assert_eq!(held(&store, run.number), [true], "its day is not over");
    store.forget_expired(now + SignedDuration::from_hours(25)).unwrap();
    assert_eq!(held(&store, run.number), [false], "now it is");
}

#[test]
fn a_walk_over_records_ends_where_it_is_broken_off() {
    let folder = tempfile::tempdir().unwrap();
    let (store, .., import) = furnished(folder.path(), ImportStatus::Ready);
    let run = begin(&store, import.id).unwrap();
    let rows: Vec<_> = (1..=50).map(|n| rejected(n, "email", "u")).collect();
    store
        .write(|w| {
            rows.iter()
                .try_for_each(|row| w.records_mut().reject(run.number, row, 0, second(1_000)))
        })
        .unwrap();
    let mut seen = 0;
    store
        .read(|r| {
            r.records().each(run.number, |_| {
                seen += 1;
                if seen == 3 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
        })
        .unwrap();
    assert_eq!(seen, 3, "a full disk must not be told of a million rows");
}
