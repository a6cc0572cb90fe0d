//! Held keys: by them a second result leaves out what was acknowledged of the first. Sixteen bytes a record, and no word of
//! anybody's row.

use rusqlite::Connection;

use super::Reading;
use super::error::{Doing as _, Result, StoreError};
use super::text::number;

/// Tells one row of an import from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeldKey(pub [u8; 16]);

pub struct HeldMut<'a>(pub(super) &'a Connection);

impl HeldMut<'_> {
    /// Holds the keys of a batch's records, one for each record: equal rows have equal keys, and are held by their number.
    pub fn hold(&self, run: i64, batch: u64, keys: &[HeldKey]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let bytes: Vec<u8> = keys.iter().flat_map(|key| key.0).collect();
        self.0
            .prepare_cached("INSERT INTO held (run, batch, keys) VALUES (?1, ?2, ?3)")
            .and_then(|mut statement| statement.execute((run, number(batch), bytes)))
            .doing("holding the keys of a batch")?;
        Ok(())
    }

    /// Lets go of a batch's keys: its records were not acknowledged after all.
    pub fn release(&self, run: i64, batch: u64) -> Result<()> {
        self.0
            .prepare_cached("DELETE FROM held WHERE run = ?1 AND batch = ?2")
            .and_then(|mut statement| statement.execute((run, number(batch))))
            .doing("letting go of the keys of a batch")?;
        Ok(())
    }

    /// Lets go of all keys of a run: nobody will ask for its rows a second time.
    pub fn forget(&self, run: i64) -> Result<()> {
        self.0
            .prepare_cached("DELETE FROM held WHERE run = ?1")
            .and_then(|mut statement| statement.execute([run]))
            .doing("letting go of the keys of a run")?;
        Ok(())
    }
}

/// Keys by their number, on the disk and not in memory, in a file of its own that goes when this is dropped.
pub struct HeldKeys {
    file: Connection,
}

impl HeldKeys {
    /// What the batches of a run hold up to a position of its results.
    pub fn of_run(reading: &Reading<'_>, run: i64, up_to: u64) -> Result<Self> {
        let mut held = Self::none()?;
        held.add_run(reading, run, Some(up_to), false)?;
        Ok(held)
    }

    /// No keys.
    pub fn none() -> Result<Self> {
        let failed = |source| StoreError::Sql {
            doing: "making room for held keys",
            source,
        };
        let file = Connection::open("").map_err(failed)?;
        file.execute_batch(
            "PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA temp_store = file;
             CREATE TABLE held (key BLOB PRIMARY KEY, times INTEGER NOT NULL) STRICT, WITHOUT ROWID;
             BEGIN",
        )
        .map_err(failed)?;
        Ok(Self { file })
    }

    /// Adds what the batches of another run hold, up to a position of its results or all of it; on demand `but_in_doubt`, for
    /// records that are to be sent again.
    pub fn add_run(&mut self, reading: &Reading<'_>, run: i64, up_to: Option<u64>, but_in_doubt: bool) -> Result<()> {
        let doing = "reading held keys";
        let mut statement = reading
            .0
            .prepare_cached(
                "SELECT keys FROM held JOIN batches ON batches.run = held.run AND batches.number = held.batch
                 WHERE held.run = ?1 AND (?2 IS NULL OR batches.last_row <= ?2) AND (batches.in_doubt = 0 OR NOT ?3)",
            )
            .doing(doing)?;
        let mut rows = statement.query((run, up_to.map(number), but_in_doubt)).doing(doing)?;
        while let Some(row) = rows.next().doing(doing)? {
            let keys: Vec<u8> = row.get(0).doing(doing)?;
            let (keys, rest) = keys.as_chunks::<16>();
            if !rest.is_empty() {
                return Err(StoreError::Damaged {
                    table: "held",
                    column: "keys",
                    found: format!("{} bytes more than whole keys", rest.len()),
                });
            }
            keys.iter().try_for_each(|key| self.add(HeldKey(*key)))?;
        }
        Ok(())
    }

    pub fn add(&mut self, key: HeldKey) -> Result<()> {
        self.file
            .prepare_cached("INSERT INTO held VALUES (?1, 1) ON CONFLICT (key) DO UPDATE SET times = times + 1")
            .and_then(|mut statement| statement.execute([key.0]))
            .doing("adding a held key")?;
        Ok(())
    }

    /// Whether a row with this key was acknowledged. Each that was counts for one row.
    pub fn take(&mut self, key: HeldKey) -> Result<bool> {
        self.file
            .prepare_cached("UPDATE held SET times = times - 1 WHERE key = ?1 AND times > 0")
            .and_then(|mut statement| statement.execute([key.0]))
            .map(|taken| taken > 0)
            .doing("looking for a held key")
    }
}

#[cfg(test)]
mod tests {
    use super::{HeldKey, HeldKeys};

    #[test]
    fn equal_rows_are_left_out_as_often_as_they_were_acknowledged() {
        let mut held = HeldKeys::none().unwrap();
        let key = HeldKey([7; 16]);
        held.add(key).unwrap();
        held.add(key).unwrap();
        let taken = [(); 3].map(|()| held.take(key).unwrap());
        assert_eq!(
            taken,
            [true, true, false],
            "two were acknowledged, and the third is another row"
        );
        assert!(
            !held.take(HeldKey([8; 16])).unwrap(),
            "what was never acknowledged is not left out"
        );
    }
}
