//! Held keys: by them a second result leaves out what was acknowledged of the first. Sixteen bytes a record, and no word of
//! anybody's row.

use rusqlite::Connection;

use super::Reading;
use super::error::{Doing as _, Result, StoreError};
use super::text::number;

/// Tells one row of an import from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeldKey(pub [u8; 16]);

impl HeldKey {
    /// Of a profile's row: whose it is, and which of that identity's rows.
    pub fn of_profile(identity: u64, row: u64) -> Self {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&identity.to_be_bytes());
        key[8..].copy_from_slice(&row.to_be_bytes());
        Self(key)
    }
}

pub struct HeldMut<'a>(pub(super) &'a Connection);

impl HeldMut<'_> {
    /// Holds the keys of a batch's records, one for each record: equal rows have equal keys, and are held by their number.
    pub fn hold(&self, run: i64, batch: u64, keys: &[HeldKey]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(keys.len() * 16);
        for key in keys {
            bytes.extend_from_slice(&key.0);
        }
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

    /// Lets go of all keys of a run: nobody will ask for its rows a second time. They are many, and tell nothing of
    /// anybody, so that they are not overwritten as all else is.
    pub fn forget(&self, run: i64) -> Result<()> {
        let overwriting = |how: &str| {
            let set = self.0.pragma_update(None, "secure_delete", how);
            set.doing("saying whether what is deleted is overwritten")
        };
        overwriting("off")?;
        let forgotten = self
            .0
            .prepare_cached("DELETE FROM held WHERE run = ?1")
            .and_then(|mut statement| statement.execute([run]))
            .doing("letting go of the keys of a run");
        overwriting("on")?;
        forgotten.map(drop)
    }
}

/// How a row is told to have been acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// Events: each acknowledged row stands for one row with its key.
    Each,
    /// Profiles: of an identity only the row that was sent last counts. An older one may be the newest again, once others
    /// are gone from the source.
    Last,
}

/// The keys of what was acknowledged, on the disk and not in memory, in a file of its own that goes when this is dropped.
pub struct HeldKeys {
    file: Connection,
    holding: Holding,
}

impl HeldKeys {
    /// No keys.
    pub fn none(holding: Holding) -> Result<Self> {
        let failed = |source| StoreError::Sql {
            doing: "making room for held keys",
            source,
        };
        let file = Connection::open("").map_err(failed)?;
        file.execute_batch(
            "PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA temp_store = file;
             CREATE TABLE held (way INTEGER, key BLOB, times INTEGER NOT NULL, PRIMARY KEY (way, key)) STRICT, WITHOUT ROWID;
             CREATE TABLE last (identity BLOB PRIMARY KEY, row BLOB) STRICT, WITHOUT ROWID;
             BEGIN",
        )
        .map_err(failed)?;
        Ok(Self { file, holding })
    }

    /// Adds what the batches of a run hold, up to a position of its results or all of it. Runs are added in the order in
    /// which they were begun. On demand `but_in_doubt`, for records that are to be sent again. `way` tells events apart that
    /// were known by other columns: a key says nothing in another way.
    pub fn add_run(
        &mut self,
        reading: &Reading<'_>,
        run: i64,
        way: u32,
        up_to: Option<u64>,
        but_in_doubt: bool,
    ) -> Result<()> {
        let doing = "reading held keys";
        let mut statement = reading
            .0
            .prepare_cached(
                "SELECT keys, held.batch < 0 OR (batches.in_doubt > 0 AND ?3) FROM held
                 JOIN batches ON batches.run = held.run AND batches.number IN (held.batch, -held.batch)
                 WHERE held.run = ?1 AND (?2 IS NULL OR batches.last_row <= ?2) ORDER BY batches.number",
            )
            .doing(doing)?;
        let mut rows = statement.query((run, up_to.map(number), but_in_doubt)).doing(doing)?;
        while let Some(row) = rows.next().doing(doing)? {
            let (keys, in_doubt): (Vec<u8>, bool) = (row.get(0).doing(doing)?, row.get(1).doing(doing)?);
            for key in keys_back(&keys)? {
                if in_doubt {
                    self.doubt(key)?;
                } else {
                    self.add(way, key)?;
                }
            }
        }
        Ok(())
    }

    pub fn add(&mut self, way: u32, key: HeldKey) -> Result<()> {
        let added = match self.holding {
            Holding::Each => self
                .file
                .prepare_cached(
                    "INSERT INTO held VALUES (?1, ?2, 1) ON CONFLICT (way, key) DO UPDATE SET times = times + 1",
                )
                .and_then(|mut statement| statement.execute((way, key.0))),
            Holding::Last => self
                .file
                .prepare_cached("INSERT OR REPLACE INTO last VALUES (?1, ?2)")
                .and_then(|mut statement| statement.execute((&key.0[..8], &key.0[8..]))),
        };
        added.map(drop).doing("adding a held key")
    }

    /// A record that may have arrived. It is to be sent again; and no older one of its identity counts any more.
    fn doubt(&mut self, key: HeldKey) -> Result<()> {
        if self.holding == Holding::Last {
            self.file
                .prepare_cached("DELETE FROM last WHERE identity = ?1")
                .and_then(|mut statement| statement.execute([&key.0[..8]]))
                .doing("letting go of a held key")?;
        }
        Ok(())
    }

    /// Whether a row with this key was acknowledged. Each that was counts for one row.
    pub fn take(&mut self, way: u32, key: HeldKey) -> Result<bool> {
        let taken = match self.holding {
            Holding::Each => self
                .file
                .prepare_cached("UPDATE held SET times = times - 1 WHERE way = ?1 AND key = ?2 AND times > 0")
                .and_then(|mut statement| statement.execute((way, key.0)))
                .map(|taken| taken > 0),
            Holding::Last => self
                .file
                .prepare_cached("SELECT 1 FROM last WHERE identity = ?1 AND row = ?2")
                .and_then(|mut statement| statement.exists((&key.0[..8], &key.0[8..]))),
        };
        taken.doing("looking for a held key")
    }
}

/// The keys of a batch, in its order.
pub(super) fn keys_back(bytes: &[u8]) -> Result<Vec<HeldKey>> {
    let (keys, rest) = bytes.as_chunks::<16>();
    if rest.is_empty() {
        return Ok(keys.iter().copied().map(HeldKey).collect());
    }
    Err(StoreError::Damaged {
        table: "held",
        column: "keys",
        found: format!("{} bytes more than whole keys", rest.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::{HeldKey, HeldKeys, HeldMut, Holding};
    use rusqlite::Connection;

    #[test]
    fn letting_keys_go_leaves_all_else_that_is_deleted_overwritten() {
        let file = Connection::open_in_memory().unwrap();
        file.execute_batch("PRAGMA secure_delete = on; CREATE TABLE held (run INTEGER, batch INTEGER, keys BLOB)")
            .unwrap();
        let held = HeldMut(&file);
        held.hold(1, 1, &[HeldKey([7; 16])]).unwrap();
        held.hold(2, 1, &[HeldKey([8; 16])]).unwrap();
        held.forget(1).unwrap();
        let ask = |sql: &str| file.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(ask("SELECT run FROM held"), 2, "another run's keys are held on");
        assert_eq!(
            ask("PRAGMA secure_delete"),
            1,
            "the same connection deletes values of people's rows"
        );
    }

    #[test]
    fn equal_rows_are_left_out_as_often_as_they_were_acknowledged() {
        let mut held = HeldKeys::none(Holding::Each).unwrap();
        let key = HeldKey([7; 16]);
        held.add(0, key).unwrap();
        held.add(0, key).unwrap();
        let taken = [(); 3].map(|()| held.take(0, key).unwrap());
        assert_eq!(
            taken,
            [true, true, false],
            "two were acknowledged, and the third is another row"
        );
        assert!(
            !held.take(0, HeldKey([8; 16])).unwrap(),
            "what was never acknowledged is not left out"
        );
        held.add(1, key).unwrap();
        assert!(
            !held.take(0, key).unwrap(),
            "a row that was known by other columns is another one"
        );
        assert!(held.take(1, key).unwrap(), "and is itself by those");
    }

    #[test]
    fn of_an_identity_only_the_row_that_was_sent_last_is_left_out() {
        let mut held = HeldKeys::none(Holding::Last).unwrap();
        let row = |number| HeldKey::of_profile(1, number);
        held.add(0, row(1)).unwrap();
        held.add(0, row(2)).unwrap();
        held.add(0, HeldKey::of_profile(2, 1)).unwrap();
        let taken = [row(1), row(2), row(2)].map(|key| held.take(0, key).unwrap());
        assert_eq!(
            taken,
            [false, true, true],
            "an older row that is the newest again is sent, the last one is not, however often it is met"
        );
        held.doubt(row(3)).unwrap();
        assert!(
            !held.take(0, row(2)).unwrap(),
            "what was sent after it may have arrived, so it is sent again"
        );
        assert!(
            held.take(0, HeldKey::of_profile(2, 1)).unwrap(),
            "others are not concerned"
        );
    }
}
