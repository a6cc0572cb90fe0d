//! Room for what waits between reading and sending: batches that the ledger does not hold yet, and rejected rows. It is
//! counted in bytes, so that memory stays flat however far the reading could run ahead of the disk and of CleverTap.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that may wait. At sixteen commits a second it lets through some 170 MB a second.
const BYTES: usize = 10 * 1024 * 1024;
/// Room is given in pieces of so many bytes.
const PIECE: usize = 1024;

#[derive(Clone, Debug)]
pub(super) struct Room {
    pieces: Arc<Semaphore>,
    most: usize,
}

/// Room that is taken until this is dropped.
#[derive(Debug)]
pub(super) struct Taken(#[allow(dead_code, reason = "held for what it gives back")] Option<OwnedSemaphorePermit>);

impl Room {
    pub fn new() -> Self {
        Self::of(BYTES)
    }

    fn of(bytes: usize) -> Self {
        let most = bytes / PIECE;
        Self {
            pieces: Arc::new(Semaphore::new(most)),
            most,
        }
    }

    /// Waits until there is room for so many bytes; what is larger than all of it waits until it is alone. Blocks.
    pub fn take(&self, runtime: &Handle, bytes: usize) -> Taken {
        let pieces = bytes.div_ceil(PIECE).min(self.most);
        let pieces = u32::try_from(pieces).unwrap_or(u32::MAX);
        let taken = runtime.block_on(Arc::clone(&self.pieces).acquire_many_owned(pieces));
        // Room is never closed.
        Taken(taken.ok())
    }
}

#[cfg(test)]
mod tests {
    use super::{PIECE, Room};
    use tokio::runtime::Handle;
    use tokio::task::spawn_blocking;

    #[tokio::test]
    async fn who_wants_more_than_is_left_waits_until_it_is_given_back() {
        let room = Room::of(10 * PIECE);
        let (runtime, taking) = (Handle::current(), room.clone());
        let most = spawn_blocking(move || taking.take(&runtime, 9 * PIECE)).await.unwrap();
        assert_eq!(room.pieces.available_permits(), 1, "nine of ten are taken");
        let (runtime, taking) = (Handle::current(), room.clone());
        let (asks, asked) = tokio::sync::oneshot::channel();
        let huge = spawn_blocking(move || {
            let _ = asks.send(());
            taking.take(&runtime, usize::MAX)
        });
        asked.await.unwrap();
        assert!(!huge.is_finished(), "there is no room for it yet");
        drop(most);
        let huge = huge.await.unwrap();
        assert_eq!(
            room.pieces.available_permits(),
            0,
            "what is larger than all has all to itself"
        );
        drop(huge);
        assert_eq!(room.pieces.available_permits(), 10, "and gives it back");
    }
}
