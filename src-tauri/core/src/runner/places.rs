//! The account's places at CleverTap, shared by all processes on one store: each place is a file that whoever uses it
//! holds locked. The operating system gives it back when a process ends, however it ends; where a call was given up that may
//! still be going on, the file is dated ahead, and nobody takes the place until then. Beside them lies a file while CleverTap
//! is held to be silent.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// How long a place is kept for a call that was given up: it may still be going on at CleverTap's end.
pub(super) const KEPT: Duration = Duration::from_mins(1);
/// The file of the silence. It is no number, so it is no place.
const SILENCE: &str = "silence";
/// How soon to look again where all are taken.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Cheap to clone; every clone is the same places.
#[derive(Clone, Debug)]
pub(super) struct Places {
    folder: PathBuf,
    files: Arc<Mutex<Files>>,
}

/// Each place's file is opened once: a call that takes the place of another costs an unlock and a lock.
#[derive(Debug, Default)]
struct Files {
    /// Files of the places from 1 to this are open.
    opened: usize,
    /// Those that this process does not use, with their numbers. The last one was used last, and is most likely free.
    idle: Vec<(usize, File)>,
}

/// A place, taken until it is dropped.
#[derive(Debug)]
pub(super) struct Place(Option<(Places, usize, File)>);

impl Place {
    /// Keeps the place from now on, also where this process ends before it is over.
    pub fn keep(&self) {
        let Some((_, _, file)) = &self.0 else { return };
        if let Err(error) = file.set_modified(SystemTime::now() + KEPT) {
            tracing::warn!(%error, "an account's place is kept by this process alone");
        }
    }
}

impl Places {
    /// `folder` is there, and the account's own.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            files: Arc::default(),
        }
    }

    /// Waits until one of so many places is free. Where files cannot be locked, processes cannot be told apart, and it does not wait.
    pub async fn take(&self, places: usize) -> Place {
        loop {
            // On an async thread: it never waits for a lock, and opens a file once for each place.
            match self.try_take(places) {
                Ok(Some(place)) => return place,
                Ok(None) => tokio::time::sleep(LOOK_AGAIN).await,
                Err(error) => {
                    tracing::warn!(%error, "an account's places are not shared with other processes");
                    return Place(None);
                }
            }
        }
    }

    /// Whether one of the processes has noticed that CleverTap is silent, and none that it answers again.
    pub fn are_silent(&self) -> bool {
        self.folder.join(SILENCE).exists()
    }

    /// Tells all processes that CleverTap is silent, those too that start while it is.
    pub fn note_silence(&self) {
        if let Err(error) = File::create(self.folder.join(SILENCE)) {
            tracing::warn!(%error, "that an account is silent is known to this process alone");
        }
    }

    /// Tells all processes that it answers again.
    pub fn end_silence(&self) {
        match std::fs::remove_file(self.folder.join(SILENCE)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(%error, "an account that answers again is still held to be silent");
            }
            _ => {}
        }
    }

    fn try_take(&self, places: usize) -> std::io::Result<Option<Place>> {
        let mut files = self.files();
        for at in (0..files.idle.len()).rev() {
            let (number, file) = &files.idle[at];
            if *number <= places && locked(file)? {
                let (number, file) = files.idle.remove(at);
                return Ok(Some(self.taken(number, file)));
            }
        }
        while files.opened < places {
            let number = files.opened + 1;
            let file = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(self.folder.join(number.to_string()))?;
            files.opened = number;
            if locked(&file)? {
                return Ok(Some(self.taken(number, file)));
            }
            files.idle.push((number, file));
        }
        Ok(None)
    }

    fn taken(&self, number: usize, file: File) -> Place {
        Place(Some((self.clone(), number, file)))
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether nobody else holds the file or keeps it, and we hold it from now on.
fn locked(file: &File) -> std::io::Result<bool> {
    match file.try_lock() {
        Ok(()) if is_kept(file)? => file.unlock().map(|()| false),
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// A date further ahead is of a clock that was put back since.
fn is_kept(file: &File) -> std::io::Result<bool> {
    let left = file.metadata()?.modified()?.duration_since(SystemTime::now());
    Ok(left.is_ok_and(|left| left > Duration::ZERO && left <= KEPT))
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((places, number, file)) = self.0.take()
            // Closed, it is unlocked all the same, and its place is lost to this process alone.
            && file.unlock().is_ok()
        {
            places.files().idle.push((number, file));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{File, KEPT, Places, SystemTime};
    use crate::clevertap::upload::MOST_IN_FLIGHT;

    #[tokio::test]
    async fn processes_share_the_places_and_a_freed_one_is_taken_by_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = [(); 2].map(|()| Places::new(folder.path().to_owned()));
        let mut taken = Vec::new();
        for _ in 0..MOST_IN_FLIGHT {
            taken.push(one.take(MOST_IN_FLIGHT).await);
        }
        let free = |places: &Places| places.try_take(MOST_IN_FLIGHT).unwrap();
        assert!(
            free(&one).is_none() && free(&other).is_none(),
            "all are taken, by whomever"
        );
        taken.pop();
        let place = other.take(MOST_IN_FLIGHT).await;
        assert!(
            free(&one).is_none() && free(&other).is_none(),
            "one was free, and now it is not"
        );
        drop(place);
        assert!(free(&one).is_some(), "whoever had it before takes it again");
    }

    #[tokio::test]
    async fn of_fewer_places_none_beyond_them_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::new(folder.path().to_owned());
        let mut taken: Vec<_> = (0..3).map(|_| places.try_take(3).unwrap()).collect();
        assert!(taken.iter().all(Option::is_some), "three are free");
        taken.truncate(1);
        let _first = taken;
        assert!(
            places.try_take(1).unwrap().is_none(),
            "two are, but the one that is allowed is not"
        );
        assert!(places.try_take(2).unwrap().is_some(), "of two one is");
    }

    #[tokio::test]
    async fn a_place_that_is_kept_stays_taken_for_a_minute_even_if_its_process_ends() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = [(); 2].map(|()| Places::new(folder.path().to_owned()));
        let free = |places: &Places| places.try_take(1).unwrap().is_some();
        one.take(1).await.keep();
        assert!(!free(&one) && !free(&other), "nobody holds it, and it is kept");
        let file = File::options().write(true).open(folder.path().join("1")).unwrap();
        let now = SystemTime::now();
        file.set_modified(now + KEPT / 2).unwrap();
        assert!(!free(&other), "until the minute is over");
        file.set_modified(now).unwrap();
        assert!(free(&other) && free(&one), "and then it is anybody's");
        file.set_modified(now + KEPT * 60).unwrap();
        assert!(free(&other), "a clock that was put back keeps no place");
    }
}
