//! Where a store lives on disk: a folder that only its owner may enter, and files that only its owner may read.

use std::fs;
use std::path::Path;

use super::error::{Result, StoreError};

/// Whom a store belongs to. It can never be opened as the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// Google and CleverTap themselves.
    Real,
    /// A sandbox on this machine.
    Sandbox,
}

impl Belongs {
    pub(super) fn as_text(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Sandbox => "sandbox",
        }
    }
}

pub(super) fn private_folder(path: &Path) -> Result<()> {
    let made = {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o700)))
        }
        #[cfg(not(unix))]
        {
            fs::create_dir_all(path)
        }
    };
    made.map_err(|source| folder_error(path, source))
}

/// Makes the file where it is missing. SQLite gives its journal the same permissions.
pub(super) fn private_file(path: &Path) -> Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    open_private(&mut options, path).map_err(|source| folder_error(path, source))
}

#[cfg(unix)]
fn open_private(options: &mut fs::OpenOptions, path: &Path) -> std::io::Result<fs::File> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let file = options.mode(0o600).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Elsewhere the person's own folder is already closed to others.
#[cfg(not(unix))]
fn open_private(options: &mut fs::OpenOptions, path: &Path) -> std::io::Result<fs::File> {
    options.open(path)
}

pub(super) fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(folder_error(path, error)),
        _ => Ok(()),
    }
}

pub(super) fn folder_error(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Folder {
        path: path.to_owned(),
        source,
    }
}
