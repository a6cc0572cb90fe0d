//! Which processes hold the store open. Each locks a file of its own; the operating system lets go of the lock when the
//! process ends, however it ends, so a lock that can be taken says that its holder is gone.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::error::{Result, StoreError};
use super::place;

/// This process's hold on the store.
#[derive(Debug)]
pub(super) struct Holder {
    name: String,
    folder: PathBuf,
    // Held, not read: the lock goes with it.
    _lock: File,
}

impl Holder {
    pub(super) fn take(folder: &Path) -> Result<Self> {
        let folder = folder.join("holders");
        place::private_folder(&folder)?;
        let name = uuid::Uuid::now_v7().to_string();
        let path = folder.join(&name);
        // Locked under another name first: nobody may find it unlocked.
        let making = folder.join(format!("{name}.new"));
        let lock = place::private_file(&making)?;
        lock.lock()
            .and_then(|()| std::fs::rename(&making, &path))
            .map_err(|source| place::folder_error(&path, source))?;
        Ok(Self {
            name,
            folder,
            _lock: lock,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Which of these holders are gone. Our own name never is.
    pub(super) fn gone<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>> {
        let mut known: HashMap<&str, bool> = HashMap::new();
        for name in names {
            if !known.contains_key(name) {
                known.insert(name, name != self.name && self.is_gone(name)?);
            }
        }
        Ok(known
            .into_iter()
            .filter(|(_, gone)| *gone)
            .map(|(name, _)| name.to_owned())
            .collect())
    }

    fn is_gone(&self, name: &str) -> Result<bool> {
        // Names come from the store: one that is no id is damage, and must not lead out of the folder.
        if uuid::Uuid::try_parse(name).is_err() {
            return Err(StoreError::Damaged {
                table: "runs",
                column: "holder",
                found: name.to_owned(),
            });
        }
        let path = self.folder.join(name);
        match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(place::folder_error(&path, error)),
            Ok(file) => match file.try_lock() {
                Ok(()) => Ok(true),
                Err(TryLockError::WouldBlock) => Ok(false),
                Err(TryLockError::Error(error)) => Err(place::folder_error(&path, error)),
            },
        }
    }

    /// Takes away the files of holders that are gone.
    pub(super) fn tidy(&self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != self.name && self.is_gone(&name).unwrap_or(false) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.folder.join(&self.name));
    }
}
