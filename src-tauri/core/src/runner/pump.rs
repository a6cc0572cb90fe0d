//! Pages in, batches out: read, map, open in the ledger, send. Each step waits for the next, so that memory stays flat
//! however many rows there are.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinSet};

use super::batch::Batch;
use super::halt::Halt;
use super::held::Acknowledged;
use super::ledger::{Entry, Ledger};
use super::left::{Left, Part};
use super::open::Opened;
use super::pace::Pace;
use super::pack::{Numbers, Packed, Packer, Rejected};
use super::read::{Read, read};
use super::resend;
use super::room::{Room, Taken};
use super::send::{Sending, deliver};
use super::source::{self, Source};
use crate::bigquery::{JobResult, RowReader as _};
use crate::ground::clock::Clock;
use crate::ground::problem::{Code, Fact, Problem};
use crate::import::plan::{InDoubt, Plan, Records};
use crate::store::{RunRow, Store};

/// Batches that are open in the ledger and wait to be sent, at most; how many bytes they may have is told by [`Room`].
const WAITING: usize = 256;

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
    /// Rows that are left out.
    pub acknowledged: Option<Acknowledged>,
}

/// A batch on its way to the ledger and to CleverTap.
struct Ready {
    batch: Batch,
    /// Told once the ledger holds it.
    kept: oneshot::Receiver<()>,
    room: Taken,
}

/// Where the packing brings what it made.
struct Out {
    ready: mpsc::Sender<Ready>,
    entries: mpsc::Sender<Entry>,
    room: Room,
    runtime: Handle,
    halt: Halt,
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
    let source = match Box::pin(source::open(&pump.opened, &mut pump.row, &pump.store, &halt)).await {
        Ok(Some(source)) => source,
        Ok(None) => return,
        Err(problem) => return halt.fail(problem),
    };
    let (opened, row, store) = (Arc::clone(&pump.opened), pump.row.clone(), pump.store.clone());
    let sent = match pump.work(&source.result).await {
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
    /// What is left to be sent of a result.
    async fn work(&self, result: &JobResult) -> Result<Work, Problem> {
        let (run, base, repeats) = (self.row.number, self.row.base, may_repeat(&self.row.plan));
        let (rows, schema) = (result.total_rows(), result.schema().clone());
        let (import, plan) = (self.row.run.import, self.row.plan.clone());
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
                let mut known = Acknowledged::none(import, &plan, &schema)?;
                for earlier in &earlier {
                    known.add_earlier(r, earlier, &schema, repeats)?;
                }
                if base > 0 {
                    known.add_own(r, run, base, repeats)?;
                }
                acknowledged = Some(known);
            }
            Ok(Work {
                numbers: Numbers::after(last),
                left: Left::new(within, settled, &again),
                acknowledged,
            })
        });
        left.await.map_err(Problem::from)
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
        let out = Out {
            ready: ready_out,
            entries: ledger.entries(),
            room: Room::new(),
            runtime: Handle::current(),
            halt: self.halt.clone(),
        };
        let reading = tokio::spawn(read(source.result, self.row.base, left, pages_out, self.halt.clone()));
        let packing = tokio::task::spawn_blocking(move || pack(packer, pages, &out));
        send(ready, sending).await;
        let ends = [reading.await, packing.await];
        ledger.close(&self.halt).await;
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
fn pack(mut packer: Packer, mut pages: mpsc::Receiver<Read>, out: &Out) {
    while let Some(Read {
        part,
        first,
        page,
        room,
    }) = pages.blocking_recv()
    {
        if let Some(batch) = packer.turn_to(part.instead_of)
            && !out.open(batch)
        {
            return;
        }
        let made = packer.page(&page, first, &part);
        // What it made may wait; the page need not.
        drop((page, room));
        if !out.read(made, &part) {
            return;
        }
    }
    if let Some(batch) = packer.rest() {
        out.open(batch);
    }
}

impl Out {
    /// Tells the ledger what a page gave, and opens its batches. Says whether there is sense in going on.
    fn read(&self, made: Packed, part: &Part) -> bool {
        let Packed {
            full,
            rejected,
            rows,
            aside,
            failed,
        } = made;
        // Every row of a page may be rejected, and is held until the ledger has it.
        let room = self.room.take(&self.runtime, rejected.iter().map(Rejected::size).sum());
        let read = Entry::Read {
            rows: if part.instead_of.is_none() { rows } else { 0 },
            rejected,
            aside,
            room: Some(room),
        };
        let goes_on = self.entries.blocking_send(read).is_ok() && full.into_iter().all(|batch| self.open(batch));
        if goes_on && let Some(error) = failed {
            self.halt.fail(error.problem());
            return false;
        }
        goes_on
    }

    /// Opens a batch in the ledger, and hands it over to be sent. Says whether there is sense in going on.
    fn open(&self, batch: Batch) -> bool {
        let room = self.room.take(&self.runtime, batch.size());
        if self.halt.is_set() {
            return false;
        }
        let number = batch.number;
        let (told, kept) = oneshot::channel();
        let opening = Entry::Open {
            batch: batch.entry(),
            kept: told,
        };
        if self.entries.blocking_send(opening).is_err() {
            return false;
        }
        if self.ready.blocking_send(Ready { batch, kept, room }).is_err() {
            let _ = self.entries.blocking_send(Entry::Unsent { batch: number });
            return false;
        }
        true
    }
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
        let Some(Ready { batch, kept, room }) = next else { break };
        if kept.await.is_err() {
            break;
        }
        let leave = tokio::select! {
            biased;
            () = sending.halt.wait() => None,
            leave = sending.pace.leave() => Some(leave),
        };
        drop(room);
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
