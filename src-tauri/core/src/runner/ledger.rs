//! Writes the ledger on a thread of its own, many entries to one commit: so that durable costs few waits for the disk.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::halt::Halt;
use super::pack::Rejected;
use super::room::Taken;
use crate::ground::clock::Clock;
use crate::run::Aside;
use crate::store::{Answered, NewBatch, RecordRow, Store, StoreError, Writing, values_until};

/// Something that happened, to be on the disk before anything builds on it.
pub(super) enum Entry {
    Read {
        rows: u64,
        rejected: Vec<Rejected>,
        aside: Aside,
        /// What the rejected rows take until they are on the disk.
        room: Option<Taken>,
    },
    /// Bytes may leave once `kept` is told.
    Open {
        batch: NewBatch,
        kept: oneshot::Sender<()>,
    },
    Answered {
        batch: u64,
        answered: Answered,
        rows: Vec<RecordRow>,
    },
    InDoubt {
        batch: u64,
        rows: Vec<RecordRow>,
    },
    Unsent {
        batch: u64,
    },
    Split {
        batch: u64,
        parts: Vec<NewBatch>,
        kept: oneshot::Sender<()>,
    },
}

/// Between two commits at least: some sixteen a second, however quick the disk is. With what it takes to move the journal into
/// the store's main file now and then, the disk is waited for less than twenty times a second.
const BETWEEN_COMMITS: Duration = Duration::from_millis(60);
const MOST_AT_ONCE: usize = 256;

/// The ledger of one run.
pub(super) struct Ledger {
    entries: mpsc::Sender<Entry>,
    thread: std::thread::JoinHandle<()>,
}

impl Ledger {
    pub fn open(store: Store, run: i64, clock: Clock, halt: Halt) -> Result<Self, std::io::Error> {
        let (entries, inbox) = mpsc::channel(MOST_AT_ONCE);
        let thread = std::thread::Builder::new().name("ledger".to_owned()).spawn(move || {
            if let Err(error) = keep(&store, run, &clock, inbox) {
                halt.fail(error.problem());
            }
        })?;
        Ok(Self { entries, thread })
    }

    pub fn entries(&self) -> mpsc::Sender<Entry> {
        self.entries.clone()
    }

    /// Waits until all that was said is on the disk. Everybody else who may say something must be done. A ledger that broke
    /// fails the run: what was said to it may not be there.
    pub async fn close(self, halt: &Halt) {
        let Self { entries, thread } = self;
        drop(entries);
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            halt.broke();
        }
    }
}

fn keep(store: &Store, run: i64, clock: &Clock, mut inbox: mpsc::Receiver<Entry>) -> Result<(), StoreError> {
    let mut last: Option<Instant> = None;
    while let Some(first) = inbox.blocking_recv() {
        let rest = last.map_or(Duration::ZERO, |last| BETWEEN_COMMITS.saturating_sub(last.elapsed()));
        std::thread::sleep(rest);
        let mut entries = vec![first];
        while entries.len() < MOST_AT_ONCE
            && let Ok(next) = inbox.try_recv()
        {
            entries.push(next);
        }
        // What an answered batch lets go of is overwritten, and a page that one opened in the same commit takes up again is
        // written once. An answer is to a batch that was opened in an earlier commit.
        entries.sort_by_key(|entry| !matches!(entry, Entry::Answered { .. } | Entry::InDoubt { .. }));
        store.write(|writing| {
            let days = writing.settings().get()?.row_values_days;
            let until = values_until(clock.now(), days);
            entries.iter().try_for_each(|entry| write(writing, run, entry, until))
        })?;
        for entry in entries {
            match entry {
                // Nobody waits where the run is being brought to an end.
                Entry::Open { kept, .. } | Entry::Split { kept, .. } => _ = kept.send(()),
                Entry::Read { room, .. } => drop(room),
                Entry::Answered { .. } | Entry::InDoubt { .. } | Entry::Unsent { .. } => {}
            }
        }
        last = Some(Instant::now());
    }
    Ok(())
}

fn write(writing: &Writing<'_>, run: i64, entry: &Entry, until: jiff::Timestamp) -> Result<(), StoreError> {
    match entry {
        Entry::Read {
            rows, rejected, aside, ..
        } => {
            if aside.lines() > 0 {
                writing.runs_mut().left_aside(run, aside)?;
            }
            writing.runs_mut().has_read(run, *rows)?;
            let mut each = rejected.iter();
            each.try_for_each(|one| writing.records_mut().reject(run, &one.row, one.collapsed, until))
        }
        Entry::Open { batch, .. } => writing.batches_mut().open(run, batch),
        Entry::Answered { batch, answered, rows } => {
            writing.batches_mut().answered(run, *batch, *answered)?;
            writing.records_mut().keep(run, rows, until)
        }
        Entry::InDoubt { batch, rows } => {
            if !writing.batches_mut().in_doubt(run, *batch, rows.len() as u64)? {
                return Ok(());
            }
            writing.records_mut().keep(run, rows, until)
        }
        Entry::Unsent { batch } => writing.batches_mut().unsent(run, *batch),
        Entry::Split { batch, parts, .. } => writing.batches_mut().split(run, *batch, parts),
    }
}
