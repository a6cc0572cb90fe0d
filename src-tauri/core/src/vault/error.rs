//! What can go wrong with a keychain, and how it is told to a person.

use keyring_core::Error;
use keyring_core::error::PlatformError;

use super::MOST_BYTES;
use crate::ground::problem::{Code, Fact, Problem};

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Nothing on this machine keeps secrets.
    #[error("no keychain answers: {detail}")]
    NoService { detail: String },
    /// Something keeps secrets, and has no keyring to keep them in yet.
    #[error("the keychain has no keyring yet")]
    NoKeyring,
    #[error("the keychain is locked")]
    Locked,
    /// A person dismissed the prompt, or the system said no.
    #[error("the keychain refused")]
    Refused(#[source] PlatformError),
    #[error("the keychain did not answer in time")]
    TimedOut,
    #[error("the secret has {bytes} bytes, and keychains take {MOST_BYTES}")]
    TooLong { bytes: usize },
    #[error("there is no such entry in the keychain")]
    Missing,
    #[error("the entry is still there after it was deleted")]
    NotGone,
    /// What was read is not what was written, or no answer came at all.
    #[error("the keychain does not give back what it was given")]
    Forgetful,
    #[error("no thread could be started for the keychain")]
    NoThread(#[source] std::io::Error),
    #[error("the keychain failed")]
    Failed(#[source] Error),
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        error.problem()
    }
}

impl VaultError {
    pub(super) fn of(error: Error) -> Self {
        match error {
            Error::NoEntry => Self::Missing,
            Error::NoStorageAccess(source) => no_access(source),
            Error::TooLong(..) => Self::TooLong { bytes: MOST_BYTES + 1 },
            Error::BadEncoding(_) | Error::BadDataFormat(..) => Self::Forgetful,
            other => Self::Failed(other),
        }
    }

    pub(super) fn unreachable(error: Error) -> Self {
        match error {
            Error::PlatformFailure(source) => Self::NoService {
                detail: source.to_string(),
            },
            other => Self::of(other),
        }
    }

    /// In a person's words.
    pub fn problem(&self) -> Problem {
        match self {
            Self::NoService { detail } => Problem::new(Code::KeychainNoService)
                .with_some(Fact::Suggestion, install_words())
                .with(Fact::Detail, detail.clone()),
            Self::NoKeyring => Problem::new(Code::KeychainNoKeyring),
            Self::Locked => Problem::new(Code::KeychainLocked),
            Self::Refused(source) => Problem::new(Code::KeychainRefused).with(Fact::Detail, source.to_string()),
            Self::TimedOut => Problem::new(Code::KeychainTimedOut),
            Self::TooLong { bytes } => Problem::new(Code::SecretTooLong)
                .with(Fact::Bytes, bytes.to_string())
                .with(Fact::Limit, format!("{MOST_BYTES} bytes")),
            Self::Missing => Problem::new(Code::SecretMissing),
            Self::NotGone => Problem::new(Code::SecretNotGone),
            Self::Forgetful => Problem::new(Code::KeychainForgetful),
            Self::NoThread(source) => Problem::new(Code::KeychainFailed).with(Fact::Detail, source.to_string()),
            Self::Failed(source) => Problem::new(Code::KeychainFailed).with(Fact::Detail, source.to_string()),
        }
    }
}

#[cfg(not(any(target_os = "macos", target_os = "windows")))]
fn no_access(source: PlatformError) -> VaultError {
    match source.downcast_ref::<secret_service::Error>() {
        Some(secret_service::Error::NoResult) => VaultError::NoKeyring,
        Some(secret_service::Error::Locked) => VaultError::Locked,
        _ => VaultError::Refused(source),
    }
}

#[cfg(any(target_os = "macos", target_os = "windows"))]
fn no_access(source: PlatformError) -> VaultError {
    VaultError::Refused(source)
}

/// How to get a keychain on this system.
fn install_words() -> Option<&'static str> {
    let release = std::fs::read_to_string("/etc/os-release").ok()?;
    install_for(&release)
}

fn install_for(release: &str) -> Option<&'static str> {
    let mut names = release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches('"').split(' '));
    names.find_map(|name| match name {
        "debian" | "ubuntu" => Some("sudo apt install gnome-keyring"),
        "fedora" | "rhel" => Some("sudo dnf install gnome-keyring"),
        "arch" => Some("sudo pacman -S gnome-keyring"),
        "suse" | "opensuse" => Some("sudo zypper install gnome-keyring"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::install_for;

    #[test]
    fn the_advice_fits_the_distribution_or_is_left_out() {
        let rows = [
            ("ID=debian\n", Some("sudo apt install gnome-keyring")),
            (
                "NAME=x\nID=pop\nID_LIKE=\"ubuntu debian\"\n",
                Some("sudo apt install gnome-keyring"),
            ),
            ("ID=fedora\n", Some("sudo dnf install gnome-keyring")),
            ("ID=manjaro\nID_LIKE=arch\n", Some("sudo pacman -S gnome-keyring")),
            ("ID=plan9\n", None),
            ("", None),
        ];
        for (release, expected) in rows {
            assert_eq!(install_for(release), expected, "for {release:?}");
        }
    }
}
