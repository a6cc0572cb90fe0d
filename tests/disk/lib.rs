//! A disk that remembers what `SQLite` asked to be safe. It stands between `SQLite` and the files under one folder, passes
//! everything on, and can tell at each sync what would be left of the files if the power failed there: what was synced
//! before, and as much of the rest as the disk happened to get to. It knows nothing of Tapline.
#![cfg(unix)]

mod between;
mod file;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use file::File;

/// What is left of the files when the power fails.
#[derive(Clone, Debug, Default)]
pub struct Left(BTreeMap<String, Arc<Vec<u8>>>);

impl Left {
    /// Puts the files into a folder, as they are found when the machine starts again.
    pub fn put(&self, folder: &Path) -> io::Result<()> {
        self.0
            .iter()
            .try_for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes.as_slice()))
    }
}

/// The power fails just before a sync takes effect.
#[derive(Clone, Debug)]
pub struct Cut {
    /// The file that was to be synced; nothing where the power fails at another time.
    pub file: Option<String>,
    /// Only what was synced before.
    pub synced: Left,
    /// Besides, some of the writes since then: a disk may take them in any order.
    pub torn: Left,
}

/// Whether syncs are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syncs {
    Kept,
    /// As if nobody had asked for any (`synchronous = off`): what shows that a test can fail.
    Ignored,
}

type Tell = Box<dyn FnMut(Cut) + Send>;

/// A watch over one folder's files of `SQLite`. Ends when dropped.
pub struct Disk {
    folder: PathBuf,
}

struct Watched {
    folder: PathBuf,
    syncs: Syncs,
    files: BTreeMap<String, File>,
    chance: u64,
    tell: Tell,
}

static WATCHED: Mutex<Vec<Watched>> = Mutex::new(Vec::new());

impl Disk {
    /// Watches what `SQLite` opens in `folder` from now on. `tell` is called at each sync, before it takes effect; it must
    /// not touch `SQLite`.
    pub fn watch(folder: &Path, syncs: Syncs, tell: impl FnMut(Cut) + Send + 'static) -> Self {
        between::stand_between();
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        watched().push(Watched {
            folder: folder.clone(),
            syncs,
            files: BTreeMap::new(),
            chance: 1,
            tell: Box::new(tell),
        });
        Self { folder }
    }

    /// The power fails now.
    pub fn cut(&self) -> Cut {
        let mut all = watched();
        let watched = all.iter_mut().find(|one| one.folder == self.folder);
        watched
            .expect("a folder is watched as long as its disk is held")
            .cut(None)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        watched().retain(|one| one.folder != self.folder);
    }
}

impl Watched {
    fn cut(&mut self, file: Option<&str>) -> Cut {
        let mut cut = Cut {
            file: file.map(str::to_owned),
            synced: Left::default(),
            torn: Left::default(),
        };
        for (name, file) in &self.files {
            cut.synced.0.insert(name.clone(), file.synced());
            let chance = &mut self.chance;
            cut.torn.0.insert(name.clone(), file.torn(|| half_of_them(chance)));
        }
        cut
    }

    fn sync(&mut self, name: &str) {
        let cut = self.cut(Some(name));
        (self.tell)(cut);
        if self.syncs == Syncs::Kept
            && let Some(file) = self.files.get_mut(name)
        {
            file.sync();
        }
    }
}

/// Chance without a seed of the day: the same writes are torn each time. (An xorshift.)
fn half_of_them(chance: &mut u64) -> bool {
    *chance ^= *chance << 13;
    *chance ^= *chance >> 7;
    *chance ^= *chance << 17;
    *chance & 1 == 0
}

fn watched() -> MutexGuard<'static, Vec<Watched>> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is done to the file at this path is done by `change`, where somebody watches it.
fn of(path: &Path, change: impl FnOnce(&mut Watched, &str)) {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let mut all = watched();
    let watched = all.iter_mut().find(|one| path.parent() == Some(&one.folder));
    if let (Some(watched), Some(name)) = (watched, name) {
        change(watched, &name);
    }
}
