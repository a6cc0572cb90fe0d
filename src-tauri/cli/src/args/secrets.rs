//! Where secrets come from: a file, standard input or a descriptor, and never the command line itself.

use std::path::PathBuf;

use clap::Args;

/// Where a service-account key comes from.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct KeySource {
    /// The key's JSON file; - for stdin. With systemd, a file of its credentials folder
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// An open file descriptor to read the key from
    #[arg(long, value_name = "N")]
    pub key_fd: Option<u32>,
}

/// Where a passcode comes from.
#[derive(Debug, Args)]
pub struct PasscodeSource {
    /// A file that holds the passcode; - for stdin
    #[arg(long, value_name = "FILE")]
    pub passcode_file: Option<PathBuf>,
}
