//! The store: what Tapline remembers, in SQLite. One table a file, forward-only migrations, the ledger. Never a secret, and
//! never a row that was delivered.

mod accounts;
mod batches;
mod checks;
mod comparisons;
mod connections;
mod doubts;
mod error;
mod expired;
mod forgetting;
mod held;
mod holder;
mod imports;
mod manifest;
mod migrate;
mod place;
mod records;
mod recovery;
mod resends;
mod restart;
mod run_life;
mod runs;
mod settings;
mod text;
mod vault_entries;
mod watermarks;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior};

pub use accounts::{AccountRow, Accounts, AccountsMut};
pub use batches::{Answered, BatchRow, BatchState, Batches, BatchesMut, NewBatch, Warned};
pub use checks::{CheckRow, Checks, ChecksMut, Subject};
pub use comparisons::{Acknowledged, ComparisonRow, Comparisons, ComparisonsMut, ResultCopy, ResultTable, StateRow};
pub use connections::{ConnectionRow, Connections, ConnectionsMut};
pub use doubts::{Doubt, Doubts, DoubtsMut};
pub use error::StoreError;
pub use forgetting::{Forgotten, values_until};
pub use held::{HeldKey, HeldKeys, HeldMut, Holding};
pub use imports::{ImportRow, Imports, ImportsMut};
pub use manifest::{Manifest, ManifestLine};
pub use place::Belongs;
pub use records::{ReasonCount, RecordFilter, RecordRow, Records, RecordsMut, RecordsPage};
pub use recovery::{NO_ANSWER_INTERRUPTED, Recovered};
pub use resends::{Mendable, Resends};
pub use run_life::{NewRun, RunsMut};
pub use runs::{RunRow, Runs};
pub use settings::{Proxy, Settings, SettingsMut, SettingsRead, Theme};
pub use vault_entries::{VaultEntries, VaultEntriesMut};
pub use watermarks::{EarlierRun, Watermarks, WatermarksMut, WindowRow};

use crate::ground::instant;
use error::{Doing as _, Result};
use holder::Holder;

/// How long a statement waits for another process to finish its own.
const WAIT_FOR_OTHERS: std::time::Duration = std::time::Duration::from_secs(10);

/// An open store. Cheap to clone; every clone is the same store.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    file: PathBuf,
    belongs: Belongs,
    holder: Holder,
    writer: Mutex<Connection>,
    /// Idle readers. They never wait for the writer.
    readers: Mutex<Vec<Connection>>,
}

/// A look at the store as it was at one moment.
pub struct Reading<'a>(&'a Connection);

/// One change of the store: all of it happens, or nothing.
pub struct Writing<'a> {
    reading: Reading<'a>,
    holder: &'a Holder,
}

impl Store {
    /// Opens the store in `folder`, and makes it where there is none. Refuses a newer store, and another's.
    pub fn open(folder: &Path, belongs: Belongs) -> Result<Self> {
        place::private_folder(folder)?;
        let file = folder.join("tapline.db");
        place::private_file(&file)?;
        let mut writer = open_file(&file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        claim(&writer, belongs)?;
        writer
            .pragma_update(None, "journal_mode", "wal")
            .doing("turning the journal on")?;
        migrate::bring_forward(&mut writer, &file)?;
        write_owner(&writer, belongs)?;
        let holder = Holder::take(folder)?;
        Ok(Self(Arc::new(Inner {
            folder: folder.to_owned(),
            file,
            belongs,
            holder,
            writer: Mutex::new(writer),
            readers: Mutex::new(Vec::new()),
        })))
    }

    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// A folder within the store's own, closed to others too. `kind` and `name` are ours, and plain words.
    pub fn folder_for(&self, kind: &str, name: &str) -> Result<PathBuf> {
        let folder = self.0.folder.join(kind).join(name);
        place::private_folder(&folder)?;
        Ok(folder)
    }

    pub fn belongs(&self) -> Belongs {
        self.0.belongs
    }

    /// The namespace of this store's secrets in the keychain. A sandbox never shares one with the real world.
    pub fn vault_namespace(&self) -> &'static str {
        match self.0.belongs {
            Belongs::Real => "dev.tapline",
            Belongs::Sandbox => "dev.tapline.sandbox",
        }
    }

    /// Reads. Blocks: call it from a blocking thread, or use [`Store::reading`].
    pub fn read<R>(&self, look: impl FnOnce(&Reading<'_>) -> Result<R>) -> Result<R> {
        let idle = guard(&self.0.readers).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => open_file(&self.0.file, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        let transaction = reader.transaction().doing("starting to read")?;
        let seen = look(&Reading(&transaction));
        drop(transaction);
        guard(&self.0.readers).push(reader);
        seen
    }

    /// Writes: all of it or, where `change` fails, nothing. What it wrote is on the disk when this returns.
    /// Blocks: call it from a blocking thread, or use [`Store::writing`].
    pub fn write<R>(&self, change: impl FnOnce(&Writing<'_>) -> Result<R>) -> Result<R> {
        let mut writer = guard(&self.0.writer);
        let transaction = Transaction::new(&mut writer, TransactionBehavior::Immediate).doing("starting to write")?;
        let writing = Writing {
            reading: Reading(&transaction),
            holder: &self.0.holder,
        };
        let done = change(&writing)?;
        instant::pass();
        transaction.commit().doing("keeping what was written")?;
        instant::pass();
        Ok(done)
    }

    /// [`Store::read`], off the async threads.
    pub async fn reading<R: Send + 'static>(
        &self,
        look: impl FnOnce(&Reading<'_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.read(look))
            .await
            .unwrap_or(Err(StoreError::ThreadEnded))
    }

    /// [`Store::write`], off the async threads.
    pub async fn writing<R: Send + 'static>(
        &self,
        change: impl FnOnce(&Writing<'_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.write(change))
            .await
            .unwrap_or(Err(StoreError::ThreadEnded))
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("folder", &self.0.folder)
            .finish_non_exhaustive()
    }
}

impl<'a> Reading<'a> {
    pub fn settings(&self) -> SettingsRead<'a> {
        SettingsRead(self.0)
    }

    pub fn connections(&self) -> Connections<'a> {
        Connections(self.0)
    }

    pub fn accounts(&self) -> Accounts<'a> {
        Accounts(self.0)
    }

    pub fn checks(&self) -> Checks<'a> {
        Checks(self.0)
    }

    pub fn imports(&self) -> Imports<'a> {
        Imports(self.0)
    }

    pub fn runs(&self) -> Runs<'a> {
        Runs(self.0)
    }

    pub fn batches(&self) -> Batches<'a> {
        Batches(self.0)
    }

    pub fn records(&self) -> Records<'a> {
        Records(self.0)
    }

    pub fn resends(&self) -> Resends<'a> {
        Resends(self.0)
    }

    pub fn watermarks(&self) -> Watermarks<'a> {
        Watermarks(self.0)
    }

    pub fn comparisons(&self) -> Comparisons<'a> {
        Comparisons(self.0)
    }

    pub fn doubts(&self) -> Doubts<'a> {
        Doubts(self.0)
    }

    /// What this store is called in tables of ours that others may see.
    pub fn store_id(&self) -> Result<String> {
        self.0
            .query_row("SELECT id FROM store", [], |row| row.get(0))
            .doing("looking which store it is")
    }

    pub fn vault_entries(&self) -> VaultEntries<'a> {
        VaultEntries(self.0)
    }
}

impl<'a> Deref for Writing<'a> {
    type Target = Reading<'a>;

    fn deref(&self) -> &Reading<'a> {
        &self.reading
    }
}

impl<'a> Writing<'a> {
    fn connection(&self) -> &'a Connection {
        self.reading.0
    }

    pub fn settings_mut(&self) -> SettingsMut<'a> {
        SettingsMut(self.reading.0)
    }

    pub fn connections_mut(&self) -> ConnectionsMut<'a> {
        ConnectionsMut(self.reading.0)
    }

    pub fn accounts_mut(&self) -> AccountsMut<'a> {
        AccountsMut(self.reading.0)
    }

    pub fn checks_mut(&self) -> ChecksMut<'a> {
        ChecksMut(self.reading.0)
    }

    pub fn imports_mut(&self) -> ImportsMut<'a> {
        ImportsMut(self.reading.0)
    }

    pub fn runs_mut(&self) -> RunsMut<'a> {
        RunsMut(self.reading.0, self.holder)
    }

    pub fn batches_mut(&self) -> BatchesMut<'a> {
        BatchesMut(self.reading.0)
    }

    pub fn held_mut(&self) -> HeldMut<'a> {
        HeldMut(self.reading.0)
    }

    pub fn records_mut(&self) -> RecordsMut<'a> {
        RecordsMut(self.reading.0)
    }

    pub fn watermarks_mut(&self) -> WatermarksMut<'a> {
        WatermarksMut(self.reading.0)
    }

    pub fn comparisons_mut(&self) -> ComparisonsMut<'a> {
        ComparisonsMut(self.reading.0)
    }

    pub fn doubts_mut(&self) -> DoubtsMut<'a> {
        DoubtsMut(self.reading.0)
    }

    pub fn vault_entries_mut(&self) -> VaultEntriesMut<'a> {
        VaultEntriesMut(self.reading.0, self.holder)
    }
}

fn open_file(file: &Path, access: OpenFlags) -> Result<Connection> {
    let failed = |source| StoreError::Open {
        path: file.to_owned(),
        source,
    };
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(failed)?;
    connection.busy_timeout(WAIT_FOR_OTHERS).map_err(failed)?;
    for (pragma, value) in [
        ("synchronous", "full"),
        ("foreign_keys", "on"),
        // Values of people's rows are overwritten when their time is over, not only let go of.
        ("secure_delete", "on"),
        ("trusted_schema", "off"),
    ] {
        connection.pragma_update(None, pragma, value).map_err(failed)?;
    }
    text::add_folded(&connection).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Refuses another's store before anything in it is touched.
fn claim(connection: &Connection, belongs: Belongs) -> Result<()> {
    let made: bool = connection
        .query_row(
            "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'store'",
            [],
            |row| row.get(0),
        )
        .doing("looking whose store it is")?;
    if !made {
        return Ok(());
    }
    let found: Option<String> = connection
        .query_row("SELECT belongs FROM store", [], |row| row.get(0))
        .optional()
        .doing("looking whose store it is")?;
    match found {
        Some(found) if found != belongs.as_text() => Err(StoreError::BelongsElsewhere {
            found,
            asked: belongs.as_text().to_owned(),
        }),
        _ => Ok(()),
    }
}

fn write_owner(connection: &Connection, belongs: Belongs) -> Result<()> {
    connection
        .execute(
            "INSERT INTO store (only_row, id, belongs, made_at) VALUES (1, ?1, ?2, ?3) ON CONFLICT DO NOTHING",
            (
                uuid::Uuid::now_v7().to_string(),
                belongs.as_text(),
                jiff::Timestamp::now().as_millisecond(),
            ),
        )
        .doing("writing whose store it is")?;
    claim(connection, belongs)
}

/// A thread that panicked in a transaction has rolled it back: what is behind the lock is whole.
fn guard<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
