//! When values of people's rows leave the store: as soon as their time is over. What happened, and how often, stays.

use jiff::{SignedDuration, Timestamp};
use rusqlite::named_params;

use super::error::{Doing as _, Result};
use super::records::RecordsMut;
use super::{Store, Writing};

/// What was found of a person, and is forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Records that named the person.
    pub records: u64,
    /// Whether a run goes that may write of the person again.
    pub running: bool,
}

/// When the values of a row that is kept now are to be forgotten.
pub fn values_until(now: Timestamp, days: u32) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(24 * i64::from(days)))
        .unwrap_or(Timestamp::MAX)
}

impl Store {
    /// Forgets the values whose time is over, and gives how many rows that are. To be called now and then for as long as
    /// a process lives.
    pub fn forget_expired(&self, now: Timestamp) -> Result<u64> {
        let forgotten = self.write(|writing| writing.records_mut().forget_expired(now))?;
        if forgotten > 0 {
            self.wipe_journal();
        }
        Ok(forgotten)
    }

    /// Forgets a person: takes the identity, and all values beside it, out of every record of every run. What happened,
    /// and how often, stays. Copies of the store from before an update go too.
    pub fn forget_person(&self, identity: &str) -> Result<Forgotten> {
        let forgotten = self.write(|writing| {
            Ok(Forgotten {
                records: writing.records_mut().forget_person(identity)?,
                running: !writing.runs().going()?.is_empty(),
            })
        })?;
        self.remove_copies()?;
        self.wipe_journal();
        Ok(forgotten)
    }

    fn remove_copies(&self) -> Result<()> {
        let failed = |source| super::place::folder_error(&self.0.folder, source);
        for entry in std::fs::read_dir(&self.0.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name().to_string_lossy().starts_with("tapline.db.version-") {
                super::place::remove_if_there(&entry.path())?;
            }
        }
        Ok(())
    }

    /// What was overwritten stands in the journal until the next checkpoint. Where somebody reads just now it stays a
    /// while longer: the next checkpoint takes it.
    pub(super) fn wipe_journal(&self) {
        let writer = super::guard(&self.0.writer);
        let done = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        if !matches!(done, Ok(false)) {
            tracing::info!(target: "tapline", "the store's journal is wiped later: somebody reads it");
        }
    }
}

impl Writing<'_> {
    /// Lets what is kept already go no later than `days` after it came about, as if it had been kept under this setting.
    /// A longer time reaches only what is kept from now on.
    pub fn keep_values_no_longer(&self, days: u32, now: Timestamp) -> Result<()> {
        self.records_mut().keep_no_longer(days, now)
    }
}

impl RecordsMut<'_> {
    /// Forgets the values whose time is over.
    pub(super) fn forget_expired(&self, now: Timestamp) -> Result<u64> {
        let forgotten = self
            .0
            .execute(
                "UPDATE records SET identity = NULL, reason = NULL, record = NULL, values_until = NULL
                 WHERE values_until <= ?1",
                [now.as_millisecond()],
            )
            .doing("forgetting values whose time is over")?;
        Ok(forgotten as u64)
    }

    fn forget_person(&self, identity: &str) -> Result<u64> {
        let forgotten = self
            .0
            .execute(
                "UPDATE records SET identity = NULL, reason = NULL, record = NULL, values_until = NULL
                 WHERE trim(identity) = trim(?1)",
                [identity],
            )
            .doing("forgetting a person")?;
        Ok(forgotten as u64)
    }

    /// A row is as old as its batch's answer; one that was in no batch, as its run's end.
    fn keep_no_longer(&self, days: u32, now: Timestamp) -> Result<()> {
        let length = values_until(Timestamp::UNIX_EPOCH, days).as_millisecond();
        self.0
            .execute(
                "UPDATE records SET values_until = min(values_until, :length + coalesce(
                     (SELECT answered_at FROM batches WHERE batches.run = records.run AND batches.number = records.batch),
                     (SELECT ended_at FROM runs WHERE runs.number = records.run),
                     :now))
                 WHERE values_until IS NOT NULL",
                named_params! { ":length": length, ":now": now.as_millisecond() },
            )
            .doing("shortening how long values are kept")?;
        Ok(())
    }
}
