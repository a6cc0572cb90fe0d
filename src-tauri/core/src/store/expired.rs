//! What becomes of batches in doubt whose result has expired. Their records are sent again as far as the next result still
//! holds them; of one that does not, nobody will ever hear, and it stays in doubt.

use std::collections::HashMap;

use rusqlite::{Connection, named_params};

use super::BatchesMut;
use super::batches::{BatchState, positions};
use super::error::{Doing as _, Result, StoreError};
use super::held::{HeldKey, keys_back};
use super::text::{self, Cells, Kept as _, number};
use crate::import::state::SyncType;
use crate::run::Fate;

/// A batch in doubt that let go of its keys. They are held on, under the number of the batch below nought.
struct LetGo {
    number: u64,
    /// As the ledger knows them until now.
    delivered: u64,
    unprocessed: u64,
    in_doubt: u64,
    /// Each record's position and key.
    records: Vec<(u64, HeldKey)>,
}

impl BatchesMut<'_> {
    /// The result up to this position has expired, and another is asked for. Batches in doubt whose records may be sent
    /// again let go of their keys, so that these are sent again; they stay in doubt until all of the new result was tried.
    pub fn expired(&self, run: i64, up_to: u64, may_repeat: bool) -> Result<()> {
        if may_repeat {
            self.0
                .execute(
                    "UPDATE held SET batch = -batch WHERE run = ?1 AND batch IN
                        (SELECT number FROM batches WHERE run = ?1 AND in_doubt > 0 AND last_row <= ?2)",
                    (run, number(up_to)),
                )
                .doing("letting go of the keys of batches in doubt")?;
        }
        Ok(())
    }

    /// All rows of a run were tried. What an expired result left in doubt was sent again from a newer one, but for records
    /// that this one lacks.
    pub fn settle_expired(&self, run: i64) -> Result<()> {
        let let_go = self.let_go(run)?;
        if let_go.is_empty() {
            return Ok(());
        }
        let mut again = SentAgain::of(self.0, run, &let_go)?;
        for batch in let_go {
            let missing = batch.records.iter().filter(|(_, key)| !again.take(*key));
            let missing: Vec<u64> = missing.map(|(position, _)| *position).collect();
            if missing.is_empty() {
                self.repeated(run, batch.number)?;
            } else {
                self.repeated_but(run, &batch, &missing)?;
            }
        }
        self.0
            .execute("DELETE FROM held WHERE run = ?1 AND batch < 0", [run])
            .doing("letting go of keys that nobody asks for")?;
        Ok(())
    }

    fn let_go(&self, run: i64) -> Result<Vec<LetGo>> {
        let sql = "SELECT batches.*, held.keys FROM held
                   JOIN batches ON batches.run = held.run AND batches.number = -held.batch
                   WHERE held.run = ?1 AND held.batch < 0 ORDER BY batches.number";
        text::rows(self.0, "batches", sql, [run], |cells| {
            let positions = positions(cells)?.into_iter().flatten();
            Ok(LetGo {
                number: cells.count("number")?,
                delivered: cells.count("delivered")?,
                unprocessed: cells.count("unprocessed")?,
                in_doubt: cells.count("in_doubt")?,
                records: positions.zip(keys_back(&cells.plain::<Vec<u8>>("keys")?)?).collect(),
            })
        })
    }

    /// Takes back what was known of a batch in doubt, but for these records. Those that CleverTap refused it refused; of
    /// the others as many are in doubt as were.
    fn repeated_but(&self, run: i64, batch: &LetGo, missing: &[u64]) -> Result<()> {
        let key = (run, number(batch.number));
        let listed = serde_json::Value::from(missing).to_string();
        let refused = "SELECT count(*) AS records FROM records
                       WHERE run = ?1 AND batch = ?2 AND fate = ?3 AND position IN (SELECT value FROM json_each(?4))";
        let unprocessed = text::row(
            self.0,
            "records",
            refused,
            (key.0, key.1, Fate::Unprocessed.kept(), &listed),
            |cells| cells.count("records"),
        )?
        .unwrap_or(0);
        let rest = (missing.len() as u64).saturating_sub(unprocessed);
        let in_doubt = batch.in_doubt.min(rest);
        let delivered = rest - in_doubt;
        self.0
            .execute(
                "UPDATE runs SET delivered = delivered - ?2, unprocessed = unprocessed - ?3, in_doubt = in_doubt - ?4
                 WHERE number = ?1",
                (
                    run,
                    number(batch.delivered) - number(delivered),
                    number(batch.unprocessed) - number(unprocessed),
                    number(batch.in_doubt) - number(in_doubt),
                ),
            )
            .and_then(|_| {
                self.0.execute(
                    "UPDATE batches SET delivered = ?3, unprocessed = ?4, in_doubt = ?5 WHERE run = ?1 AND number = ?2",
                    (
                        key.0,
                        key.1,
                        number(delivered),
                        number(unprocessed),
                        number(in_doubt),
                    ),
                )
            })
            .and_then(|_| {
                self.0.execute(
                    "DELETE FROM records WHERE run = :run AND batch = :batch AND position NOT IN (
                        SELECT position FROM records WHERE run = :run AND batch = :batch AND fate = :unprocessed
                            AND position IN (SELECT value FROM json_each(:missing))
                        UNION ALL
                        SELECT position FROM (
                            SELECT position FROM records WHERE run = :run AND batch = :batch AND fate = :in_doubt
                            ORDER BY position NOT IN (SELECT value FROM json_each(:missing)), position LIMIT :records))",
                    named_params! {
                        ":run": key.0, ":batch": key.1, ":missing": listed, ":records": number(in_doubt),
                        ":unprocessed": Fate::Unprocessed.kept(), ":in_doubt": Fate::InDoubt.kept(),
                    },
                )
            })
            .doing("recording which of a batch was sent again")?;
        Ok(())
    }
}

/// Which of the records that let go of their keys were tried once more: those of the result that a run has read last. Of a
/// profile any row will do: what was sent of it is newer.
struct SentAgain {
    /// How often, by the key.
    times: HashMap<[u8; 16], u64>,
    profiles: bool,
}

impl SentAgain {
    fn of(file: &Connection, run: i64, let_go: &[LetGo]) -> Result<Self> {
        let sql = "SELECT sync_type FROM runs WHERE number = ?1";
        let kind = text::row(file, "runs", sql, [run], |cells| cells.kept::<SyncType>("sync_type"))?;
        let mut again = Self {
            times: HashMap::new(),
            profiles: kind.ok_or(StoreError::NotThere { what: "run" })? == SyncType::Profiles,
        };
        for (_, key) in let_go.iter().flat_map(|batch| &batch.records) {
            again.times.insert(again.known_by(*key), 0);
        }
        let doing = "looking what was sent again";
        let mut statement = file
            .prepare_cached(
                "SELECT batches.state, held.keys FROM held
                 JOIN batches ON batches.run = held.run AND batches.number = held.batch
                 WHERE held.run = ?1 AND first_row > (SELECT base FROM runs WHERE number = ?1)",
            )
            .doing(doing)?;
        let mut rows = statement.query([run]).doing(doing)?;
        while let Some(row) = rows.next().doing(doing)? {
            let cells = Cells { table: "batches", row };
            if !cells.kept::<BatchState>("state")?.is_tried() {
                continue;
            }
            for key in keys_back(&cells.plain::<Vec<u8>>("keys")?)? {
                let key = again.known_by(key);
                again.times.entry(key).and_modify(|times| *times += 1);
            }
        }
        Ok(again)
    }

    fn known_by(&self, HeldKey(mut key): HeldKey) -> [u8; 16] {
        if self.profiles {
            key[8..].fill(0);
        }
        key
    }

    /// Each that was sent stands for one event, or for all that was in doubt of a profile.
    fn take(&mut self, key: HeldKey) -> bool {
        let (key, one) = (self.known_by(key), u64::from(!self.profiles));
        let times = self.times.get_mut(&key).filter(|times| **times > 0);
        times.map(|times| *times -= one).is_some()
    }
}
