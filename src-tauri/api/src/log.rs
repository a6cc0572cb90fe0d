//! The log: one small file in the store's folder, with ids and counts and nothing of anybody's rows.
//!
//! Only Tapline's own words are written. The libraries beneath print headers and addresses when asked to be chatty, and
//! those hold tokens, so no setting can turn them on.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

const FILE: &str = "tapline.log";
const FULL_BYTES: u64 = 1024 * 1024;
/// Full files kept besides the one that is written.
const KEPT: u32 = 3;

/// Starts the log in `folder`, at the level of `TAPLINE_LOG` (`error`, `warn`, `info`, `debug`, `trace`; `info` where
/// absent). A process has one log: the first call decides where, later ones change nothing.
pub(crate) fn start(folder: &Path) {
    let level = std::env::var("TAPLINE_LOG")
        .ok()
        .and_then(|level| level.parse::<LevelFilter>().ok())
        .unwrap_or(LevelFilter::INFO);
    let ours = Targets::new().with_target("tapline", level);
    let Ok(rolling) = Rolling::open(folder.join(FILE), FULL_BYTES) else {
        return;
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(Mutex::new(rolling));
    let started = tracing_subscriber::registry().with(lines).with(ours).try_init();
    if started.is_ok() {
        log_panics();
    }
}

/// A panic's message may hold a value, so the log gets its place alone.
fn log_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if let Some(place) = panic.location() {
            tracing::error!(file = place.file(), line = place.line(), "a panic");
        }
        if cfg!(debug_assertions) {
            usual(panic);
        }
    }));
}

/// A file that starts anew when it is full, and keeps a few of its forerunners.
struct Rolling {
    path: PathBuf,
    file: File,
    bytes: u64,
    full_bytes: u64,
}

impl Rolling {
    fn open(path: PathBuf, full_bytes: u64) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = private(&path)?;
        let bytes = file.metadata()?.len();
        Ok(Self {
            path,
            file,
            bytes,
            full_bytes,
        })
    }

    fn roll(&mut self) -> io::Result<()> {
        let older = |age: u32| self.path.with_extension(format!("{age}.log"));
        for age in (1..KEPT).rev() {
            let _ = fs::rename(older(age), older(age + 1)); // there may be none yet
        }
        fs::rename(&self.path, older(1))?;
        self.file = private(&self.path)?;
        self.bytes = 0;
        Ok(())
    }
}

impl Write for Rolling {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.full_bytes {
            // Another process may have moved the file away, or the folder may be gone: then the open file goes on.
            let _ = self.roll();
        }
        let written = self.file.write(line)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Opens for appending, readable by this person alone.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Rolling};
    use std::fs;
    use std::io::Write as _;

    #[test]
    fn the_log_never_grows_past_its_few_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tapline.log");
        let mut log = Rolling::open(path.clone(), 100).expect("a log");
        for line in 0..100 {
            writeln!(log, "line {line:03} of the log").expect("a line");
        }
        let sizes: Vec<u64> = fs::read_dir(folder.path())
            .expect("a folder")
            .map(|file| file.and_then(|file| file.metadata()).expect("a file").len())
            .collect();
        assert_eq!(sizes.len(), KEPT as usize + 1, "older files go");
        assert!(
            sizes.iter().all(|size| *size <= 100),
            "no file passes its limit: {sizes:?}"
        );
        let last = fs::read_to_string(path).expect("the newest file");
        assert!(
            last.ends_with("line 099 of the log\n"),
            "the newest line is in the newest file"
        );
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_log() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tapline.log");
        Rolling::open(path.clone(), 100).expect("a log");
        let mode = fs::metadata(path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "a log is its owner's");
    }
}
