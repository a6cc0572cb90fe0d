//! Keeps a row and its secret together: one in the store, one in the vault, and never a secret that nobody remembers.
//! Asks nothing of Google or CleverTap.
//!
//! Every entry's name is noted in the store before it is written to the keychain, and struck out after it is seen to be
//! gone. So whatever ends in the middle, the next start finds the orphan and sweeps it.

use crate::ground::ids::{AccountId, ConnectionId};
use crate::ground::problem::Problem;
use crate::ground::secret::Secret;
use crate::store::{AccountRow, ConnectionRow, Store, StoreError, Writing};
use crate::vault::{Attendance, Kind, Vault, VaultError, new_entry};

#[derive(Debug, thiserror::Error)]
pub enum KeepingError {
    #[error("the store")]
    Store(#[source] StoreError),
    #[error("the vault")]
    Vault(#[source] VaultError),
}

impl KeepingError {
    /// In a person's words.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Store(error) => error.problem(),
            Self::Vault(error) => error.problem(),
        }
    }
}

type Result<T> = std::result::Result<T, KeepingError>;

/// Where rows and secrets are kept.
#[derive(Clone, Debug)]
pub struct Safe {
    pub store: Store,
    pub vault: Vault,
}

/// Whether a row is new or takes an older one's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    New,
    Changed,
}

impl Safe {
    /// Saves a connection. `key` is the private key as PKCS#8 DER; without one the saved key stays.
    ///
    /// Gives the row with the name of its keychain entry. Where anything fails nothing has changed.
    pub async fn save_connection(
        &self,
        mut row: ConnectionRow,
        key: Option<Secret<Vec<u8>>>,
        place: Place,
    ) -> Result<ConnectionRow> {
        let old = row.vault_entry.clone();
        let replaced = key.is_some() && place == Place::Changed;
        if let Some(key) = key {
            row.vault_entry = self.put(Kind::Key, key).await?;
        }
        let kept = row.clone();
        let entry = row.vault_entry.clone();
        self.keep(&entry, &old, replaced, move |w| match place {
            Place::New => w.connections_mut().add(&kept),
            Place::Changed => w.connections_mut().change(&kept),
        })
        .await?;
        Ok(row)
    }

    /// Saves an account. Without a passcode the saved one stays.
    ///
    /// Gives the row with the name of its keychain entry. Where anything fails nothing has changed.
    pub async fn save_account(
        &self,
        mut row: AccountRow,
        passcode: Option<Secret<String>>,
        place: Place,
    ) -> Result<AccountRow> {
        let old = row.vault_entry.clone();
        let replaced = passcode.is_some() && place == Place::Changed;
        if let Some(passcode) = passcode {
            let bytes = Secret::new(passcode.lend(|text| text.trim().as_bytes().to_vec()));
            row.vault_entry = self.put(Kind::Passcode, bytes).await?;
        }
        let kept = row.clone();
        let entry = row.vault_entry.clone();
        self.keep(&entry, &old, replaced, move |w| match place {
            Place::New => w.accounts_mut().add(&kept),
            Place::Changed => w.accounts_mut().change(&kept),
        })
        .await?;
        Ok(row)
    }

    /// Deletes a connection with its imports, then its key, and sees that the key is gone.
    pub async fn delete_connection(&self, id: ConnectionId) -> Result<()> {
        let entry = self.write(move |w| w.connections_mut().delete(id)).await?;
        self.discard(&entry, Attendance::Attended).await
    }

    /// Deletes an account, then its passcode, and sees that the passcode is gone.
    pub async fn delete_account(&self, id: AccountId) -> Result<()> {
        let entry = self.write(move |w| w.accounts_mut().delete(id)).await?;
        self.discard(&entry, Attendance::Attended).await
    }

    /// Deletes keychain entries that nothing refers to any more. Called at start; raises no prompt. Gives how many went.
    pub async fn sweep(&self) -> Result<usize> {
        let orphans = self.write(|w| w.vault_entries_mut().orphans()).await?;
        for entry in &orphans {
            self.discard(entry, Attendance::Unattended).await?;
        }
        Ok(orphans.len())
    }

    /// Notes a new entry and writes it.
    async fn put(&self, kind: Kind, secret: Secret<Vec<u8>>) -> Result<String> {
        let entry = new_entry(kind);
        let noted = entry.clone();
        self.write(move |w| w.vault_entries_mut().note(&noted)).await?;
        match self.vault.put(&entry, secret, Attendance::Attended).await {
            Ok(()) => Ok(entry),
            Err(error) => {
                // Where it cannot be told whether it was written, the note stays and the next start sweeps it.
                let _ = self.discard(&entry, Attendance::Unattended).await;
                Err(KeepingError::Vault(error))
            }
        }
    }

    /// Writes the row; on success the entry that it no longer needs goes, on failure the one that it would have needed.
    async fn keep(
        &self,
        entry: &str,
        old: &str,
        replaced: bool,
        change: impl FnOnce(&Writing<'_>) -> std::result::Result<(), StoreError> + Send + 'static,
    ) -> Result<()> {
        let kept = self.write(change).await;
        if kept.is_err() && entry != old {
            let _ = self.discard(entry, Attendance::Unattended).await;
        }
        kept?;
        if replaced {
            // The new one is in place: an old one that will not go is an orphan, and swept at the next start.
            let _ = self.discard(old, Attendance::Attended).await;
        }
        Ok(())
    }

    async fn discard(&self, entry: &str, attendance: Attendance) -> Result<()> {
        self.vault
            .delete(entry, attendance)
            .await
            .map_err(KeepingError::Vault)?;
        let gone = entry.to_owned();
        self.write(move |w| w.vault_entries_mut().strike_out(&gone)).await
    }

    async fn write<R: Send + 'static>(
        &self,
        change: impl FnOnce(&Writing<'_>) -> std::result::Result<R, StoreError> + Send + 'static,
    ) -> Result<R> {
        self.store.writing(change).await.map_err(KeepingError::Store)
    }
}
