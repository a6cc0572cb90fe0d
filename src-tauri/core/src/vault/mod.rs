//! The vault: the operating system's keychain, where secrets live. No fallback of ours: where no keychain answers, a
//! problem says so. Nothing else in the house knows how a keychain is spoken to.

mod error;
mod keychain;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::ground::secret::Secret;

pub use error::VaultError;
use keychain::Keychain;

/// What the Windows Credential Manager takes. The same everywhere, so that what is saved here could be saved there.
pub const MOST_BYTES: usize = 2_560;

/// Whether somebody is there to answer a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attendance {
    /// A person asked for it just now: the system may ask them for a password.
    Attended,
    /// Nobody is there: a locked keychain is a problem, at once.
    Unattended,
}

impl Attendance {
    fn patience(self) -> Duration {
        match self {
            Self::Attended => Duration::from_mins(2),
            Self::Unattended => Duration::from_secs(5),
        }
    }
}

/// What a secret is, for the name of its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A service account's private key, as PKCS#8 DER.
    Key,
    /// A CleverTap passcode, as text.
    Passcode,
}

/// A name for an entry that is yet to be. Never used twice: a new secret gets a new entry, and the old one goes.
pub fn new_entry(kind: Kind) -> String {
    let word = match kind {
        Kind::Key => "key",
        Kind::Passcode => "passcode",
    };
    format!("{word}-{}", Uuid::now_v7())
}

/// The keychain, as one store sees it. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    keychain: Keychain,
    /// Secrets given for this process alone, by entry. They are never stored.
    given: Mutex<HashMap<String, Arc<Secret<Vec<u8>>>>>,
}

impl Vault {
    /// A vault whose entries stand under `namespace`. Speaks to no keychain yet.
    pub fn new(namespace: String) -> Self {
        Self(Arc::new(Inner {
            keychain: Keychain::new(namespace),
            given: Mutex::default(),
        }))
    }

    /// The keychain's name on this system.
    pub fn name(&self) -> &'static str {
        keychain::NAME
    }

    /// Uses this secret for the entry as long as the process lives, instead of the keychain's. For machines without one.
    pub fn give(&self, entry: &str, secret: Secret<Vec<u8>>) {
        let mut given = self.0.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.insert(entry.to_owned(), Arc::new(secret));
    }

    /// Writes a secret, or writes over it.
    pub async fn put(&self, entry: &str, secret: Secret<Vec<u8>>, attendance: Attendance) -> Result<(), VaultError> {
        let bytes = secret.lend(Vec::len);
        if bytes > MOST_BYTES {
            return Err(VaultError::TooLong { bytes });
        }
        self.ask(entry, attendance, move |keychain, entry| {
            secret.lend(|bytes| keychain.put(entry, bytes, attendance))
        })
        .await
    }

    /// Lends a secret for as long as `use_it` runs. Read it once per run, not once per batch.
    pub async fn lend<R>(
        &self,
        entry: &str,
        attendance: Attendance,
        use_it: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, VaultError> {
        let given = {
            let given = self.0.given.lock().unwrap_or_else(PoisonError::into_inner);
            given.get(entry).map(Arc::clone)
        };
        if let Some(secret) = given {
            return Ok(secret.lend(|bytes| use_it(bytes)));
        }
        let bytes: Zeroizing<Vec<u8>> = self
            .ask(entry, attendance, move |keychain, entry| {
                keychain.get(entry, attendance)
            })
            .await?;
        Ok(use_it(&bytes))
    }

    /// Deletes a secret and sees that it is gone. One that is not there is gone already.
    pub async fn delete(&self, entry: &str, attendance: Attendance) -> Result<(), VaultError> {
        {
            let mut given = self.0.given.lock().unwrap_or_else(PoisonError::into_inner);
            given.remove(entry);
        }
        self.ask(entry, attendance, move |keychain, entry| {
            keychain.delete(entry, attendance)
        })
        .await
    }

    /// Whether the secret is there to be lent.
    pub async fn exists(&self, entry: &str, attendance: Attendance) -> Result<bool, VaultError> {
        match self.lend(entry, attendance, |_| ()).await {
            Ok(()) => Ok(true),
            Err(VaultError::Missing) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the keychain can be used: writes an entry, reads it and deletes it. Raises no prompt.
    pub async fn probe(&self) -> Result<(), VaultError> {
        let entry = format!("probe-{}", Uuid::now_v7());
        let (entry, probe) = (entry.as_str(), || Secret::new(b"probe".to_vec()));
        self.put(entry, probe(), Attendance::Unattended).await?;
        let same = self
            .lend(entry, Attendance::Unattended, |bytes| bytes == b"probe")
            .await?;
        self.delete(entry, Attendance::Unattended).await?;
        if same { Ok(()) } else { Err(VaultError::Forgetful) }
    }

    /// Whether the desktop keeps its keyring without a password, and so unencrypted. Nothing: it cannot be told.
    pub fn unencrypted(&self) -> Option<bool> {
        keychain::unencrypted()
    }

    /// Asks the keychain on a thread of its own: it blocks, and may wait for a prompt that nobody answers. Such a thread
    /// is left behind, so that it holds up neither the async threads nor the end of the process.
    async fn ask<R: Send + 'static>(
        &self,
        entry: &str,
        attendance: Attendance,
        work: impl FnOnce(&Keychain, &str) -> Result<R, VaultError> + Send + 'static,
    ) -> Result<R, VaultError> {
        let (reply, answer) = oneshot::channel();
        let (inner, entry) = (Arc::clone(&self.0), entry.to_owned());
        std::thread::Builder::new()
            .name("keychain".to_owned())
            .spawn(move || {
                // Where nobody waits for the answer any more it is dropped, and a secret in it wiped.
                let _ = reply.send(work(&inner.keychain, &entry));
            })
            .map_err(VaultError::NoThread)?;
        match tokio::time::timeout(attendance.patience(), answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(VaultError::Forgetful),
            Err(_) => {
                self.0.keychain.forget();
                Err(VaultError::TimedOut)
            }
        }
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}
