//! The one place that knows the crates for each system's keychain.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

use super::Attendance;
use super::error::VaultError;

#[cfg(target_os = "macos")]
pub(super) const NAME: &str = "macOS Keychain";
#[cfg(target_os = "windows")]
pub(super) const NAME: &str = "Windows Credential Manager";
#[cfg(not(any(target_os = "macos", target_os = "windows")))]
pub(super) const NAME: &str = "Secret Service";

/// Entries under one namespace.
pub(super) struct Keychain {
    namespace: String,
    /// Made when first needed, and made anew after a failure: a keychain may be installed or started meanwhile.
    store: Mutex<Option<Arc<CredentialStore>>>,
}

impl Keychain {
    pub(super) fn new(namespace: String) -> Self {
        Self {
            namespace,
            store: Mutex::new(None),
        }
    }

    pub(super) fn put(&self, entry: &str, secret: &[u8], attendance: Attendance) -> Result<(), VaultError> {
        ready(attendance)?;
        self.settle(self.entry(entry)?.set_secret(secret))
    }

    pub(super) fn get(&self, entry: &str, attendance: Attendance) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        ready(attendance)?;
        self.settle(self.entry(entry)?.get_secret()).map(Zeroizing::new)
    }

    pub(super) fn delete(&self, entry: &str, attendance: Attendance) -> Result<(), VaultError> {
        ready(attendance)?;
        match self.settle(self.entry(entry)?.delete_credential()) {
            Ok(()) | Err(VaultError::Missing) => {}
            Err(error) => return Err(error),
        }
        match self.settle(self.entry(entry)?.get_secret()).map(Zeroizing::new) {
            Err(VaultError::Missing) => Ok(()),
            Ok(_) => Err(VaultError::NotGone),
            Err(error) => Err(error),
        }
    }

    /// Lets go of the connection to the keychain. The next call makes another.
    pub(super) fn forget(&self) {
        *self.store.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn entry(&self, entry: &str) -> Result<Entry, VaultError> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let open = match store.as_ref() {
            Some(open) => Arc::clone(open),
            None => Arc::clone(store.insert(connect().map_err(VaultError::unreachable)?)),
        };
        drop(store);
        self.settle(open.build(&self.namespace, entry, None))
    }

    fn settle<T>(&self, done: Result<T, Error>) -> Result<T, VaultError> {
        done.map_err(|error| {
            let error = VaultError::of(error);
            if matches!(error, VaultError::NoService { .. } | VaultError::Failed { .. }) {
                self.forget();
            }
            error
        })
    }
}

#[cfg(target_os = "macos")]
fn connect() -> Result<Arc<CredentialStore>, Error> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(target_os = "windows")]
fn connect() -> Result<Arc<CredentialStore>, Error> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(not(any(target_os = "macos", target_os = "windows")))]
fn connect() -> Result<Arc<CredentialStore>, Error> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

/// Where nobody is there to answer, looks first whether the keyring would ask.
#[cfg(not(any(target_os = "macos", target_os = "windows")))]
fn ready(attendance: Attendance) -> Result<(), VaultError> {
    use secret_service::blocking::SecretService;
    use secret_service::{EncryptionType, Error};

    if attendance == Attendance::Attended {
        return Ok(());
    }
    let unreachable = |error: Error| VaultError::NoService {
        detail: error.to_string(),
    };
    // No secret travels over this connection.
    let service = SecretService::connect(EncryptionType::Plain).map_err(unreachable)?;
    match service.get_default_collection() {
        Ok(keyring) if keyring.is_locked().map_err(unreachable)? => Err(VaultError::Locked),
        Ok(_) => Ok(()),
        Err(Error::NoResult) => Err(VaultError::NoKeyring),
        Err(error) => Err(unreachable(error)),
    }
}

/// These systems unlock the keychain when its owner logs in.
#[cfg(any(target_os = "macos", target_os = "windows"))]
fn ready(_: Attendance) -> Result<(), VaultError> {
    Ok(())
}

/// What GNOME's keyring writes where its owner chose no password.
const PLAIN_KEYRING: &[u8] = b"[keyring]";
const SEALED_KEYRING: &[u8] = b"GnomeKeyring";

pub(super) fn unencrypted() -> Option<bool> {
    if cfg!(any(target_os = "macos", target_os = "windows")) {
        return Some(false);
    }
    let data = std::env::var_os("XDG_DATA_HOME")
        .map(std::path::PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::home_dir().map(|home| home.join(".local/share")))?;
    plain_in(&data.join("keyrings"))
}

fn plain_in(keyrings: &Path) -> Option<bool> {
    use std::io::Read as _;
    let default = std::fs::read_to_string(keyrings.join("default")).ok();
    let name = default.as_deref().map_or("login", str::trim);
    let mut head = [0; 16];
    let mut file = std::fs::File::open(keyrings.join(format!("{name}.keyring"))).ok()?;
    let read = file.read(&mut head).ok()?;
    if head[..read].starts_with(PLAIN_KEYRING) {
        Some(true)
    } else if head[..read].starts_with(SEALED_KEYRING) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::plain_in;

    #[test]
    fn a_keyring_without_a_password_is_known_by_its_first_bytes() {
        let rows: [(&str, &[u8], Option<bool>); 4] = [
            ("login", b"[keyring]\ndisplay-name=Login\n", Some(true)),
            ("login", b"GnomeKeyring\n\r\0\n\0\0", Some(false)),
            ("login", b"something else", None),
            ("Default_keyring", b"[keyring]\n", Some(true)),
        ];
        for (name, bytes, expected) in rows {
            let folder = tempfile::tempdir().unwrap();
            if name != "login" {
                std::fs::write(folder.path().join("default"), format!("{name}\n")).unwrap();
            }
            std::fs::write(folder.path().join(format!("{name}.keyring")), bytes).unwrap();
            assert_eq!(plain_in(folder.path()), expected, "for {name} with {bytes:?}");
        }
    }

    #[test]
    fn without_a_keyring_nothing_is_claimed() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(plain_in(folder.path()), None, "no file says nothing");
    }
}
