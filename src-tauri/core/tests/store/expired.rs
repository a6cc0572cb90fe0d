//! Batches in doubt whose result has expired, once another was read to its end.

use tapline_core::import::state::ImportStatus;
use tapline_core::run::Fate;
use tapline_core::store::{Answered, HeldKey, NewBatch, RecordFilter, RecordRow};

use super::{batch, begin, furnished, second};

/// A batch of these people's records at these positions.
fn of(number: u64, first: u64, people: &[u8]) -> NewBatch {
    let key = |person: &u8| HeldKey([*person; 16]);
    NewBatch {
        keys: people.iter().map(key).collect(),
        ..batch(number, first..=first + people.len() as u64 - 1)
    }
}

fn record(position: u64, fate: Fate, identity: Option<&str>) -> RecordRow {
    RecordRow {
        position,
        fate,
        batch: Some(1),
        code: "x".to_owned(),
        column: None,
        identity: identity.map(str::to_owned),
        reason: None,
        record: None,
    }
}

#[test]
fn records_that_the_next_result_lacks_keep_what_is_known_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _, _, import) = furnished(folder.path(), ImportStatus::Ready);
    let run = begin(&store, import.id).unwrap();
    let number = run.number;
    // Of five records the first was refused, and of the others one was not counted: nobody knows which.
    let left_out = [record(1, Fate::Unprocessed, Some("u1")), record(5, Fate::InDoubt, None)];
    store
        .write(|w| {
            w.runs_mut().queried(number, 5, None)?;
            w.batches_mut().open(number, &of(1, 1, &[1, 2, 3, 4, 5]))?;
            let answered = Answered {
                delivered: 3,
                unprocessed: 1,
                in_doubt: 1,
            };
            w.batches_mut().answered(number, 1, answered)?;
            w.records_mut().keep(number, &left_out, second(99))?;
            w.runs_mut().expired(run.run.id, true)?;
            w.runs_mut().queried(number, 3, None)?;
            // The next result has three of them, and of one it is not known whether it was sent.
            w.batches_mut().open(number, &of(2, 6, &[4, 5]))?;
            let all = Answered {
                delivered: 2,
                ..Answered::default()
            };
            w.batches_mut().answered(number, 2, all)?;
            w.batches_mut().open(number, &of(3, 8, &[3]))?;
            w.batches_mut().unsent(number, 3)?;
            w.batches_mut().settle_expired(number)
        })
        .unwrap();
    let (counts, records) = store
        .read(|r| {
            Ok((
                r.runs().counts(number)?,
                r.records().page(number, &RecordFilter::default(), 10)?.records,
            ))
        })
        .unwrap();
    assert_eq!(
        (counts.delivered, counts.unprocessed, counts.in_doubt),
        (3, 1, 1),
        "two arrived anew; of the three that are left one was refused, and one may not have arrived"
    );
    assert_eq!(records, left_out, "they stay listed");
}
