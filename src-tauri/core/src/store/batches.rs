//! The ledger: before bytes leave, a batch is *open*; after the answer, it says what happened. While it is open its
//! manifest names every record in it, so that whoever finds it open can list what is in doubt.

use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::error::{Doing as _, Result, StoreError};
use super::text::{self, Cells, kept_words, number};

/// Where a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchState {
    /// Its bytes may have left, and no answer is recorded.
    Open,
    Answered,
    /// Sent, and no answer will come.
    InDoubt,
    /// It surely never left, or was refused as a whole without being read. Nothing of it was delivered.
    Unsent,
    /// Taken apart into smaller batches, which tell the rest.
    Split,
}

kept_words!(BatchState {
    Open = "open",
    Answered = "answered",
    InDoubt = "in_doubt",
    Unsent = "unsent",
    Split = "split",
});

/// A batch about to leave.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// From 1, within its run.
    pub number: u64,
    /// Each record in it, in the order of the batch. Never empty.
    pub manifest: Vec<ManifestLine>,
    pub bytes: u64,
}

/// One record of an open batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestLine {
    /// The row's place in the query's result, from 1.
    pub position: u64,
    pub identity: String,
}

/// What an answer says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    pub delivered: u64,
    pub unprocessed: u64,
    /// Records that the answer does not account for.
    pub in_doubt: u64,
}

/// A batch, as it stands in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchRow {
    pub number: u64,
    pub state: BatchState,
    pub first_row: u64,
    pub last_row: u64,
    pub records: u64,
    pub answered: Answered,
    /// Empty once its fate is known.
    pub manifest: Vec<ManifestLine>,
}

pub struct Batches<'a>(pub(super) &'a Connection);
pub struct BatchesMut<'a>(pub(super) &'a Connection);

impl Batches<'_> {
    pub fn of_run(&self, run: i64) -> Result<Vec<BatchRow>> {
        let sql = "SELECT * FROM batches WHERE run = ?1 ORDER BY number";
        text::rows(self.0, "batches", sql, [run], take)
    }

    /// Batches of a run that may have left and have no answer.
    pub fn open_of(&self, run: i64) -> Result<Vec<BatchRow>> {
        let sql = "SELECT * FROM batches WHERE run = ?1 AND state = 'open' ORDER BY number";
        text::rows(self.0, "batches", sql, [run], take)
    }
}

impl BatchesMut<'_> {
    /// Says that a batch may have left. Its bytes may leave once this is on the disk, and not before.
    pub fn open(&self, run: i64, batch: &NewBatch) -> Result<()> {
        let first = batch.manifest.iter().map(|line| line.position).min().unwrap_or(0);
        let last = batch.manifest.iter().map(|line| line.position).max().unwrap_or(0);
        self.0
            .prepare_cached(
                "INSERT INTO batches (run, number, state, first_row, last_row, records, bytes, manifest, opened_at)
                 VALUES (:run, :number, 'open', :first_row, :last_row, :records, :bytes, :manifest, :opened_at)",
            )
            .and_then(|mut statement| {
                statement.execute(named_params! {
                    ":run": run,
                    ":number": number(batch.number),
                    ":first_row": number(first),
                    ":last_row": number(last),
                    ":records": number(batch.manifest.len() as u64),
                    ":bytes": number(batch.bytes),
                    ":manifest": manifest_bytes(&batch.manifest),
                    ":opened_at": Timestamp::now().as_millisecond(),
                })
            })
            .doing("opening a batch")?;
        self.0
            .prepare_cached("UPDATE runs SET batches = batches + 1 WHERE number = ?1")
            .and_then(|mut statement| statement.execute([run]))
            .doing("counting a batch")?;
        Ok(())
    }

    /// Records an answer, and adds it to the run's counts.
    pub fn answered(&self, run: i64, batch: u64, answered: Answered) -> Result<()> {
        self.close(run, batch, BatchState::Answered, answered)
    }

    /// Records that no answer will come: all its records are in doubt.
    pub fn in_doubt(&self, run: i64, batch: u64, records: u64) -> Result<()> {
        let answered = Answered {
            in_doubt: records,
            ..Answered::default()
        };
        self.close(run, batch, BatchState::InDoubt, answered)
    }

    /// Records that nothing of the batch was delivered, and that nothing of it is in doubt.
    pub fn unsent(&self, run: i64, batch: u64) -> Result<()> {
        self.close(run, batch, BatchState::Unsent, Answered::default())
    }

    /// Takes a batch that was refused as a whole apart. Its parts are open from now on.
    pub fn split(&self, run: i64, batch: u64, parts: &[NewBatch]) -> Result<()> {
        self.close(run, batch, BatchState::Split, Answered::default())?;
        parts.iter().try_for_each(|part| self.open(run, part))
    }

    fn close(&self, run: i64, batch: u64, state: BatchState, answered: Answered) -> Result<()> {
        use super::text::Kept as _;
        let changed = self
            .0
            .prepare_cached(
                "UPDATE batches SET state = :state, manifest = NULL, delivered = :delivered, unprocessed = :unprocessed,
                    in_doubt = :in_doubt, answered_at = :answered_at
                 WHERE run = :run AND number = :number AND state = 'open'",
            )
            .and_then(|mut statement| {
                statement.execute(named_params! {
                    ":run": run,
                    ":number": number(batch),
                    ":state": state.kept(),
                    ":delivered": number(answered.delivered),
                    ":unprocessed": number(answered.unprocessed),
                    ":in_doubt": number(answered.in_doubt),
                    ":answered_at": Timestamp::now().as_millisecond(),
                })
            })
            .doing("recording what became of a batch")?;
        // Counted once: a batch whose fate is known keeps it.
        if changed == 0 {
            return Err(StoreError::NotThere { what: "open batch" });
        }
        self.0
            .prepare_cached(
                "UPDATE runs SET delivered = delivered + ?2, unprocessed = unprocessed + ?3, in_doubt = in_doubt + ?4
                 WHERE number = ?1",
            )
            .and_then(|mut statement| {
                statement.execute((
                    run,
                    number(answered.delivered),
                    number(answered.unprocessed),
                    number(answered.in_doubt),
                ))
            })
            .doing("counting what became of a batch")?;
        Ok(())
    }
}

fn take(cells: &Cells<'_>) -> Result<BatchRow> {
    let manifest: Option<Vec<u8>> = cells.plain("manifest")?;
    Ok(BatchRow {
        number: cells.count("number")?,
        state: cells.kept("state")?,
        first_row: cells.count("first_row")?,
        last_row: cells.count("last_row")?,
        records: cells.count("records")?,
        answered: Answered {
            delivered: cells.count("delivered")?,
            unprocessed: cells.count("unprocessed")?,
            in_doubt: cells.count("in_doubt")?,
        },
        manifest: match manifest {
            None => Vec::new(),
            Some(bytes) => manifest_back(&bytes).ok_or(StoreError::Damaged {
                table: "batches",
                column: "manifest",
                found: format!("{} bytes", bytes.len()),
            })?,
        },
    })
}

/// The shape of the manifest, so that a later Tapline can tell its own from this one: position and identity alone.
const SHAPE: u8 = 1;

/// Shape, then for each record the distance to the last position, the identity's length and the identity.
fn manifest_bytes(lines: &[ManifestLine]) -> Vec<u8> {
    let mut bytes = vec![SHAPE];
    let mut last = 0;
    for line in lines {
        // Positions mostly rise; a batch put together again may not, so the distance wraps.
        put_number(&mut bytes, line.position.wrapping_sub(last));
        put_number(&mut bytes, line.identity.len() as u64);
        bytes.extend_from_slice(line.identity.as_bytes());
        last = line.position;
    }
    bytes
}

fn manifest_back(bytes: &[u8]) -> Option<Vec<ManifestLine>> {
    let (&shape, mut rest) = bytes.split_first()?;
    if shape != SHAPE {
        return None;
    }
    let mut lines = Vec::new();
    let mut last = 0_u64;
    while !rest.is_empty() {
        last = last.wrapping_add(take_number(&mut rest)?);
        let length = usize::try_from(take_number(&mut rest)?).ok()?;
        let (identity, after) = rest.split_at_checked(length)?;
        rest = after;
        lines.push(ManifestLine {
            position: last,
            identity: std::str::from_utf8(identity).ok()?.to_owned(),
        });
    }
    Some(lines)
}

/// Seven bits a byte, the low ones first.
fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{ManifestLine, manifest_back, manifest_bytes};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_manifest_comes_back_as_it_was(lines in prop::collection::vec((any::<u64>(), ".{0,200}"), 0..50)) {
            let lines: Vec<ManifestLine> = lines
                .into_iter()
                .map(|(position, identity)| ManifestLine { position, identity })
                .collect();
            prop_assert_eq!(manifest_back(&manifest_bytes(&lines)), Some(lines));
        }

        #[test]
        fn a_damaged_manifest_is_never_read_beyond_its_end(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = manifest_back(&bytes);
        }
    }

    #[test]
    fn a_manifest_of_another_shape_is_damage() {
        assert_eq!(
            manifest_back(&[9, 1, 1, b'a']),
            None,
            "what a later version wrote must not be read as ours"
        );
    }
}
