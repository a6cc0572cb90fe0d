//! The ledger: before bytes leave, a batch is *open*; after the answer, it says what happened. While it is open its
//! manifest names every record in it, so that whoever finds it open can list what is in doubt.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::Timestamp;
use rusqlite::{Connection, named_params};
use serde::{Deserialize, Serialize};

use super::error::{Doing as _, Result, StoreError};
use super::held::{HeldKey, HeldMut};
use super::manifest::{Manifest, ManifestLine, manifest_back, positions_back};
use super::text::{self, Cells, Kept as _, kept_words, number};
use crate::run::{Fate, Positions};

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
    /// It was in doubt, and another batch has brought its records again, and tells the rest.
    Repeated,
}

kept_words!(BatchState {
    Open = "open",
    Answered = "answered",
    InDoubt = "in_doubt",
    Unsent = "unsent",
    Split = "split",
    Repeated = "repeated",
});

impl BatchState {
    /// Whether the fate of its records is known, or surely not to be known.
    pub(super) fn is_tried(self) -> bool {
        match self {
            Self::Answered | Self::InDoubt => true,
            Self::Open | Self::Unsent | Self::Split | Self::Repeated => false,
        }
    }
}

/// A batch about to leave.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// From 1, within its run.
    pub number: u64,
    /// Each record in it, in the order of the batch. Never empty.
    pub manifest: Manifest,
    pub bytes: u64,
    /// Rows that gave way to these, inside BigQuery.
    pub collapsed: u64,
    /// The key of each record, held while the run may need a second result.
    pub keys: Vec<HeldKey>,
    /// The batch in doubt whose records it sends again. What is known of that one stands until this one is answered.
    pub instead_of: Option<u64>,
    /// What CleverTap will cut or change of these.
    pub warned: Vec<Warned>,
}

/// Records that were sent although CleverTap cuts or changes what stands in this column. Holds no value of theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warned {
    pub column: String,
    pub code: String,
    pub reason: String,
    pub records: u64,
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
    /// Where its records lie in the result, in the order in which it carried them.
    pub positions: Vec<RangeInclusive<u64>>,
    pub instead_of: Option<u64>,
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

    /// Batches of a run whose records, or some of them, may have arrived, and that lie in the result after `base`.
    pub fn in_doubt_of(&self, run: i64, base: u64) -> Result<Vec<BatchRow>> {
        let sql = "SELECT * FROM batches WHERE run = ?1 AND first_row > ?2 AND in_doubt > 0 ORDER BY number";
        let doubted = text::rows(self.0, "batches", sql, (run, number(base)), take)?;
        Ok(doubted.into_iter().filter(|batch| batch.state.is_tried()).collect())
    }

    /// What CleverTap cut or changed of a run's records, or may have where they are in doubt: the most first.
    pub fn warned(&self, run: i64) -> Result<Vec<Warned>> {
        let sql = "SELECT state, warned FROM batches WHERE run = ?1 AND warned IS NOT NULL";
        let batches = text::rows(self.0, "batches", sql, [run], |cells| {
            let left = match cells.kept("state")? {
                BatchState::Open | BatchState::Answered | BatchState::InDoubt => true,
                BatchState::Unsent | BatchState::Split | BatchState::Repeated => false,
            };
            let warned: Vec<Warned> = cells.json("warned")?;
            Ok(if left { warned } else { Vec::new() })
        })?;
        let mut all: BTreeMap<(String, String), Warned> = BTreeMap::new();
        for one in batches.into_iter().flatten() {
            all.entry((one.column.clone(), one.code.clone()))
                .and_modify(|known| known.records += one.records)
                .or_insert(one);
        }
        let mut all: Vec<_> = all.into_values().collect();
        all.sort_by_key(|warned| std::cmp::Reverse(warned.records));
        Ok(all)
    }

    /// The highest number that a batch of the run has.
    pub fn last_number(&self, run: i64) -> Result<u64> {
        let sql = "SELECT ifnull(max(number), 0) AS number FROM batches WHERE run = ?1";
        Ok(text::row(self.0, "batches", sql, [run], |cells| cells.count("number"))?.unwrap_or(0))
    }

    /// The positions after `base` whose fate is known, or surely not to be known: of answered batches, of batches in doubt,
    /// and of rejected rows. What a run that is gone on with need not send.
    pub fn settled(&self, run: i64, base: u64) -> Result<Positions> {
        let mut settled = Positions::default();
        let mut statement = self
            .0
            .prepare_cached(
                "SELECT state, first_row, last_row, positions FROM batches WHERE run = ?1 AND first_row > ?2",
            )
            .doing("looking what a run has settled")?;
        let mut rows = statement
            .query((run, number(base)))
            .doing("looking what a run has settled")?;
        while let Some(row) = rows.next().doing("looking what a run has settled")? {
            let cells = Cells { table: "batches", row };
            // Of a batch in a state that nobody knows, nobody may say that its records are still to be sent.
            if cells.kept::<BatchState>("state")?.is_tried() {
                positions(&cells)?.into_iter().for_each(|stretch| settled.add(stretch));
            }
        }
        let mut statement = self
            .0
            .prepare_cached("SELECT position, fate FROM records WHERE run = ?1 AND position > ?2")
            .doing("looking what a run has rejected")?;
        let mut rows = statement
            .query((run, number(base)))
            .doing("looking what a run has rejected")?;
        while let Some(row) = rows.next().doing("looking what a run has rejected")? {
            let cells = Cells { table: "records", row };
            if cells.kept::<Fate>("fate")? == Fate::Rejected {
                let position = cells.count("position")?;
                settled.add(position..=position);
            }
        }
        Ok(settled)
    }
}

impl BatchesMut<'_> {
    /// Says that a batch may have left. Its bytes may leave once this is on the disk, and not before.
    pub fn open(&self, run: i64, batch: &NewBatch) -> Result<()> {
        let (first, last) = batch.manifest.span;
        let warned = (!batch.warned.is_empty()).then(|| serde_json::json!(batch.warned).to_string());
        self.0
            .prepare_cached(
                "INSERT INTO batches (run, number, state, first_row, last_row, records, bytes, manifest, positions, collapsed,
                    instead_of, warned, opened_at)
                 VALUES (:run, :number, 'open', :first_row, :last_row, :records, :bytes, :manifest, :positions, :collapsed,
                    :instead_of, :warned, :opened_at)",
            )
            .and_then(|mut statement| {
                statement.execute(named_params! {
                    ":run": run,
                    ":number": number(batch.number),
                    ":first_row": number(first),
                    ":last_row": number(last),
                    ":records": number(batch.manifest.records),
                    ":bytes": number(batch.bytes),
                    ":manifest": batch.manifest.lines,
                    ":positions": batch.manifest.positions,
                    ":collapsed": number(batch.collapsed),
                    ":instead_of": batch.instead_of.map(number),
                    ":warned": warned,
                    ":opened_at": Timestamp::now().as_millisecond(),
                })
            })
            .doing("opening a batch")?;
        self.0
            .prepare_cached("UPDATE runs SET batches = batches + 1, collapsed = collapsed + ?2 WHERE number = ?1")
            .and_then(|mut statement| statement.execute((run, number(batch.collapsed))))
            .doing("counting a batch")?;
        HeldMut(self.0).hold(run, batch.number, &batch.keys)
    }

    /// Records an answer, and adds it to the run's counts. Where the batch brought the records of another again, the
    /// answer takes the place of what was known of that one.
    pub fn answered(&self, run: i64, batch: u64, answered: Answered) -> Result<()> {
        if let Some(before) = self.instead_of(run, batch)? {
            self.repeated(run, before)?;
        }
        self.close(run, batch, BatchState::Answered, answered)
    }

    /// Records that no answer will come. Gives whether its records are in doubt by that: those of a batch that was sent
    /// instead of one in doubt are in doubt already.
    pub fn in_doubt(&self, run: i64, batch: u64, records: u64) -> Result<bool> {
        if self.instead_of(run, batch)?.is_some() {
            self.close(run, batch, BatchState::Unsent, Answered::default())?;
            return Ok(false);
        }
        let answered = Answered {
            in_doubt: records,
            ..Answered::default()
        };
        self.close(run, batch, BatchState::InDoubt, answered)?;
        Ok(true)
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

    fn instead_of(&self, run: i64, batch: u64) -> Result<Option<u64>> {
        let sql = "SELECT instead_of FROM batches WHERE run = ?1 AND number = ?2";
        let found = text::row(self.0, "batches", sql, (run, number(batch)), |cells| {
            cells.count_some("instead_of")
        })?;
        Ok(found.flatten())
    }

    /// Takes back what was known of a batch in doubt.
    pub(super) fn repeated(&self, run: i64, batch: u64) -> Result<()> {
        let key = (run, number(batch));
        HeldMut(self.0).release(run, batch)?;
        self.0
            .execute(
                "UPDATE runs SET delivered = runs.delivered - b.delivered, unprocessed = runs.unprocessed - b.unprocessed,
                    in_doubt = runs.in_doubt - b.in_doubt, collapsed = runs.collapsed - b.collapsed
                 FROM batches AS b
                 WHERE runs.number = ?1 AND b.run = ?1 AND b.number = ?2",
                key,
            )
            .and_then(|_| {
                self.0.execute(
                    "UPDATE batches SET state = 'repeated', delivered = 0, unprocessed = 0, in_doubt = 0, collapsed = 0
                     WHERE run = ?1 AND number = ?2",
                    key,
                )
            })
            .and_then(|_| self.0.execute("DELETE FROM records WHERE run = ?1 AND batch = ?2", key))
            .doing("recording that a batch was sent again")?;
        Ok(())
    }

    fn close(&self, run: i64, batch: u64, state: BatchState, answered: Answered) -> Result<()> {
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
        // The rows of such a batch are told of elsewhere, or will be read again.
        let uncounted = matches!(state, BatchState::Unsent | BatchState::Split);
        if uncounted {
            HeldMut(self.0).release(run, batch)?;
        }
        self.0
            .prepare_cached(
                "UPDATE runs SET delivered = delivered + ?2, unprocessed = unprocessed + ?3, in_doubt = in_doubt + ?4,
                    collapsed = collapsed
                        - iif(?6, (SELECT b.collapsed FROM batches AS b WHERE b.run = ?1 AND b.number = ?5), 0)
                 WHERE number = ?1",
            )
            .and_then(|mut statement| {
                statement.execute((
                    run,
                    number(answered.delivered),
                    number(answered.unprocessed),
                    number(answered.in_doubt),
                    number(batch),
                    uncounted,
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
        positions: positions(cells)?,
        instead_of: cells.count_some("instead_of")?,
    })
}

/// An older Tapline kept none: its batches hold rows that lie together.
pub(super) fn positions(cells: &Cells<'_>) -> Result<Vec<RangeInclusive<u64>>> {
    let bytes: Option<Vec<u8>> = cells.plain("positions")?;
    let Some(bytes) = bytes else {
        return Ok(vec![cells.count("first_row")?..=cells.count("last_row")?]);
    };
    positions_back(&bytes).ok_or_else(|| StoreError::Damaged {
        table: "batches",
        column: "positions",
        found: format!("{} bytes", bytes.len()),
    })
}
