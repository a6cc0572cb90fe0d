//! The account's places at CleverTap, shared by all processes on one store: each place is a file that whoever uses it
//! holds locked. The operating system gives it back when a process ends, however it ends.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How soon to look again where all are taken.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Places {
    folder: PathBuf,
}

/// A place, taken until it is dropped.
#[derive(Debug)]
pub(super) struct Place(#[allow(dead_code, reason = "held for its lock")] Option<File>);

impl Places {
    /// `folder` is there, and the account's own.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Waits until one of so many places is free. Where files cannot be locked, processes cannot be told apart, and it does not wait.
    pub async fn take(&self, places: usize) -> Place {
        loop {
            // Files, even locked ones, are for threads that may wait.
            let folder = self.folder.clone();
            let tried = tokio::task::spawn_blocking(move || try_take(&folder, places)).await;
            match tried.unwrap_or_else(|ended| Err(std::io::Error::other(ended))) {
                Ok(Some(place)) => return place,
                Ok(None) => tokio::time::sleep(LOOK_AGAIN).await,
                Err(error) => {
                    tracing::warn!(%error, "an account's places are not shared with other processes");
                    return Place(None);
                }
            }
        }
    }
}

fn try_take(folder: &Path, places: usize) -> std::io::Result<Option<Place>> {
    for number in 1..=places {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(number.to_string()))?;
        match file.try_lock() {
            Ok(()) => return Ok(Some(Place(Some(file)))),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{Places, try_take};
    use crate::clevertap::upload::MOST_IN_FLIGHT;

    #[tokio::test]
    async fn processes_share_the_places_and_a_freed_one_is_taken_by_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = [(); 2].map(|()| Places::new(folder.path().to_owned()));
        let mut taken = Vec::new();
        for _ in 0..MOST_IN_FLIGHT {
            taken.push(one.take(MOST_IN_FLIGHT).await);
        }
        assert!(
            try_take(folder.path(), MOST_IN_FLIGHT).unwrap().is_none(),
            "all are taken, by whomever"
        );
        taken.pop();
        let place = other.take(MOST_IN_FLIGHT).await;
        assert!(
            try_take(folder.path(), MOST_IN_FLIGHT).unwrap().is_none(),
            "one was free, and now it is not"
        );
        drop(place);
    }
}
