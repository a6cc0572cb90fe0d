//! Pages in, batches out: read, map, open in the ledger, send. Each step waits for the next, so that memory stays flat
//! however many rows there are.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinSet};

use super::batch::Batch;
use super::halt::Halt;
use super::ledger::{Entry, Ledger};
use super::left::Left;
use super::open::Opened;
use super::pace::Pace;
use super::pack::{Numbers, Packed, Packer};
use super::read::{Read, read};
use super::resend;
use super::send::{Sending, deliver};
use super::source::{self, Source};
use crate::bigquery::RowReader as _;
use crate::ground::clock::Clock;
use crate::ground::problem::{Code, Fact, Problem};
use crate::import::plan::{InDoubt, Plan, Records};
use crate::store::{HeldKeys, Holding, RunRow, Store};

/// Batches that are open in the ledger and wait to be sent.
const WAITING: usize = 8;

pub(super) struct Pump {
    pub store: Store,
    pub clock: Clock,
    pub row: RunRow,
    pub opened: Arc<Opened>,
    pub pace: Pace,
    pub halt: Halt,
}

/// What is to be sent of a result.
pub(super) struct Work {
    pub numbers: Numbers,
    pub left: Left,
    /// Rows that were acknowledged from a result that has expired.
    pub acknowledged: Option<HeldKeys>,
}

/// A batch on its way to the ledger and to CleverTap.
struct Ready {
    batch: Batch,
    /// Told once the ledger holds it.
    kept: oneshot::Receiver<()>,
}

/// Carries the run out. What goes wrong is told to the halt.
pub(super) async fn run(mut pump: Pump) {
    let halt = pump.halt.clone();
    match resend::sends_stored(&pump.store, &pump.row).await {
        Ok(false) => {}
        Ok(true) => {
            if let Err(problem) = pump.send_stored().await {
                halt.fail(problem);
            }
            return;
        }
        Err(problem) => return halt.fail(problem),
    }
    if let Err(problem) = pump.settle_the_run_before().await {
        return halt.fail(problem);
    }
    if halt.is_set() {
        return;
    }
    let source = match source::open(&pump.opened, &mut pump.row, &pump.store, &halt).await {
        Ok(Some(source)) => source,
        Ok(None) => return,
        Err(problem) => return halt.fail(problem),
    };
    let (opened, row, store) = (Arc::clone(&pump.opened), pump.row.clone(), pump.store.clone());
    let sent = match pump.work(source.result.total_rows()).await {
        Ok(work) => pump.send_all(source, work).await,
        Err(problem) => Err(problem),
    };
    let ended = match sent {
        Ok(()) => source::read_whole(&opened, &row, &store, &halt).await,
        Err(problem) => Err(problem),
    };
    if let Err(problem) = ended {
        halt.fail(problem);
    }
}

impl Pump {
    /// What is left to be sent of a result with so many rows.
    async fn work(&self, rows: u64) -> Result<Work, Problem> {
        let (run, base, repeats) = (self.row.number, self.row.base, may_repeat(&self.row.plan));
        let holding = match self.row.plan.records {
            Records::Profiles => Holding::Last,
            Records::Events(_) => Holding::Each,
        };
        let left = self.store.reading(move |r| {
            let last = r.batches().last_number(run)?;
            let within = base + 1..=base + rows;
            let again = if repeats {
                r.batches().in_doubt_of(run, base)?
            } else {
                Vec::new()
            };
            let settled = r.batches().settled(run, base)?;
            let earlier = r.watermarks().overlapping(run)?;
            let mut acknowledged = None;
            if base > 0 || !earlier.is_empty() {
                let mut held = HeldKeys::none(holding)?;
                for earlier in earlier {
                    held.add_run(r, earlier, None, repeats)?;
                }
                if base > 0 {
                    held.add_run(r, run, Some(base), repeats)?;
                }
                acknowledged = Some(held);
            }
            Ok(Work {
                numbers: Numbers::after(last),
                left: Left::new(within, settled, &again),
                acknowledged,
            })
        });
        left.await.map_err(|error| error.problem())
    }

    pub(super) async fn send_all(self, source: Source, work: Work) -> Result<(), Problem> {
        let ledger = Ledger::open(
            self.store.clone(),
            self.row.number,
            self.clock.clone(),
            self.halt.clone(),
        )
        .map_err(|error| Problem::new(Code::Internal).with(Fact::Detail, error.to_string()))?;
        let Work {
            numbers,
            left,
            acknowledged,
        } = work;
        let packer = Packer::new(
            source.mapping,
            &self.row,
            source.result.schema(),
            numbers.clone(),
            acknowledged,
        );
        let (pages_out, pages) = mpsc::channel(1);
        let (ready_out, ready) = mpsc::channel(WAITING);
        let sending = Sending {
            uploader: self.opened.uploader.clone(),
            pace: self.pace.clone(),
            entries: ledger.entries(),
            halt: self.halt.clone(),
            numbers,
            may_repeat: may_repeat(&self.row.plan),
        };
        let (entries, halt) = (ledger.entries(), self.halt.clone());
        let reading = tokio::spawn(read(source.result, self.row.base, left, pages_out, self.halt.clone()));
        let packing = tokio::task::spawn_blocking(move || pack(packer, pages, &ready_out, &entries, &halt));
        send(ready, sending).await;
        let ends = [reading.await, packing.await];
        ledger.close().await;
        if let Some(ended) = ends.into_iter().find_map(Result::err) {
            self.halt.fault(&ended);
        }
        Ok(())
    }
}

/// Whether a record may arrive twice: profiles may, events only where the person said so.
pub(super) fn may_repeat(plan: &Plan) -> bool {
    match &plan.records {
        Records::Profiles => true,
        Records::Events(events) => events.in_doubt == InDoubt::Resend,
    }
}

/// Maps pages into batches, and opens each in the ledger. Blocks.
fn pack(
    mut packer: Packer,
    mut pages: mpsc::Receiver<Read>,
    ready: &mpsc::Sender<Ready>,
    entries: &mpsc::Sender<Entry>,
    halt: &Halt,
) {
    let mut before: Option<oneshot::Receiver<()>> = None;
    while let Some(Read { part, first, page }) = pages.blocking_recv() {
        // One page ahead of the disk at most: every row of it may be rejected, and is held until it is kept.
        let behind = before.take().is_some_and(|kept| kept.blocking_recv().is_err());
        if behind || halt.is_set() {
            return;
        }
        if let Some(batch) = packer.turn_to(part.instead_of)
            && !open(batch, ready, entries, halt)
        {
            return;
        }
        let Packed {
            full,
            rejected,
            rows,
            aside,
            failed,
        } = packer.page(&page, first, &part);
        let (kept, waiting) = oneshot::channel();
        before = Some(waiting);
        let read = Entry::Read {
            rows: if part.instead_of.is_none() { rows } else { 0 },
            rejected,
            aside,
            kept,
        };
        if entries.blocking_send(read).is_err() || !full.into_iter().all(|batch| open(batch, ready, entries, halt)) {
            return;
        }
        if let Some(error) = failed {
            return halt.fail(error.problem());
        }
    }
    if let Some(batch) = packer.rest() {
        open(batch, ready, entries, halt);
    }
}

/// Whether there is sense in going on.
fn open(batch: Batch, ready: &mpsc::Sender<Ready>, entries: &mpsc::Sender<Entry>, halt: &Halt) -> bool {
    if halt.is_set() {
        return false;
    }
    let number = batch.number;
    let (told, kept) = oneshot::channel();
    let opening = Entry::Open {
        batch: batch.entry(),
        kept: told,
    };
    if entries.blocking_send(opening).is_err() {
        return false;
    }
    if ready.blocking_send(Ready { batch, kept }).is_err() {
        let _ = entries.blocking_send(Entry::Unsent { batch: number });
        return false;
    }
    true
}

/// Sends what is ready, as many at once as the pace allows. When the run is to end, what was not sent is said to be so.
async fn send(mut ready: mpsc::Receiver<Ready>, sending: Sending) {
    let mut calls = JoinSet::new();
    loop {
        while let Some(done) = calls.try_join_next() {
            ended(done, &sending.halt);
        }
        let next = tokio::select! {
            biased;
            () = sending.halt.wait() => break,
            next = ready.recv() => next,
        };
        let Some(Ready { batch, kept }) = next else { break };
        if kept.await.is_err() {
            break;
        }
        let leave = tokio::select! {
            biased;
            () = sending.halt.wait() => None,
            leave = sending.pace.leave() => Some(leave),
        };
        calls.spawn(deliver(sending.clone(), batch, leave));
    }
    ready.close();
    while let Some(Ready { batch, .. }) = ready.recv().await {
        let _ = sending.entries.send(Entry::Unsent { batch: batch.number }).await;
    }
    while let Some(done) = calls.join_next().await {
        ended(done, &sending.halt);
    }
}

/// A call that failed by a fault of ours leaves its batch open: the run must not end as if all were well.
fn ended(done: Result<(), JoinError>, halt: &Halt) {
    if let Err(fault) = done {
        halt.fault(&fault);
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::ended;
    use crate::ground::problem::Code;
    use crate::runner::halt::{Halt, Why};

    #[tokio::test]
    async fn a_sender_that_panics_fails_the_run_and_one_that_is_done_does_not() {
        let halt = Halt::default();
        let mut calls = JoinSet::new();
        calls.spawn(async {});
        ended(calls.join_next().await.expect("one was spawned"), &halt);
        assert!(!halt.is_set(), "a call that is done is no fault");
        calls.spawn(async { panic!("ada@example.com is no number") });
        ended(calls.join_next().await.expect("one was spawned"), &halt);
        let Some(Why::Failed(problem)) = halt.why() else {
            panic!("a run whose sender broke must not end as if all were well");
        };
        assert_eq!(problem.code(), Code::Internal, "it is a fault of ours");
    }
}
