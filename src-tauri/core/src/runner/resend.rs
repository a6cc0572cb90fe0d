//! Fix and resend: what a run did not deliver goes out again, in a run of its own that names the one it mends. Profiles
//! are read again from the source and sent as they are now; events go as they were stored.

use std::borrow::Cow;

use tokio::sync::oneshot;

use super::batch::Filling;
use super::ledger::{Entry, Ledger};
use super::pack::Numbers;
use super::pump::Pump;
use super::send::{Sending, deliver};
use super::{Going, Runner};
use crate::bigquery::DatasetRef;
use crate::clevertap::upload::{MOST_BYTES, MOST_RECORDS};
use crate::ground::ids::RunId;
use crate::ground::problem::{Code, Fact, Problem};
use crate::import::plan::{Plan, Records};
use crate::import::statement;
use crate::run::Positions;
use crate::store::{BatchRow, HeldKey, NewRun, RecordFilter, RecordRow, RunRow, Store, StoreError};
use crate::vault::Attendance;

/// Identities that are asked for by name: their list has to fit into a statement.
pub const MOST_IDENTITIES: u32 = 5_000;

/// A stored record is known by its position: no other result holds it.
const NO_KEY: HeldKey = HeldKey([0; 16]);

/// Stored records that are looked at in one go.
const LOOKED_AT: u32 = 1_000;

impl Runner {
    /// Starts a run that sends these records of another run again. `by` is who asked.
    pub async fn resend(
        &self,
        mended: RunId,
        filter: RecordFilter,
        by: &str,
        attendance: Attendance,
    ) -> Result<Going, Problem> {
        let looked_at = filter.clone();
        let known = self.store.reading(move |r| {
            let row = r.runs().get(mended)?;
            let mendable = r.resends().mendable(&row, &looked_at)?;
            Ok((row, mendable))
        });
        let (row, mendable) = known.await?;
        if row.plan.records == Records::Profiles && mendable.identities > u64::from(MOST_IDENTITIES) {
            return Err(too_many(mendable.identities));
        }
        let opened = self.open(row.run.import, attendance).await?;
        let new = NewRun {
            id: RunId::new(),
            import: row.run.import,
            started_at: self.clock.now(),
            started_by: by.to_owned(),
        };
        let row = self
            .store
            .writing(move |w| w.begin_mending(&new, mended, &filter))
            .await?;
        Ok(self.go(row, opened))
    }
}

/// These identities do not fit into a statement.
pub fn too_many(identities: u64) -> Problem {
    Problem::new(Code::ResendTooMany)
        .with(Fact::Limit, MOST_IDENTITIES.to_string())
        .with(Fact::Count, identities.to_string())
}

/// The run's plan, with the source of a run that mends another narrowed to the identities that it chose.
pub(super) async fn narrowed<'a>(
    store: &Store,
    row: &'a RunRow,
    dataset: &DatasetRef,
) -> Result<Cow<'a, Plan>, Problem> {
    let number = row.number;
    let identities = look(store, move |r| {
        let mends = r.resends().mends(number)?;
        mends.map(|_| r.resends().identities(number)).transpose()
    });
    Ok(match identities.await? {
        None => Cow::Borrowed(&row.plan),
        Some(identities) if identities.is_empty() => return Err(Problem::new(Code::ResendNothing)),
        Some(identities) => Cow::Owned(statement::narrowed(&row.plan, dataset, &identities)),
    })
}

/// Whether a run sends stored records, and asks nothing of BigQuery.
pub(super) async fn sends_stored(store: &Store, row: &RunRow) -> Result<bool, Problem> {
    let number = row.number;
    let mends = look(store, move |r| r.resends().mends(number)).await?;
    Ok(mends.is_some() && row.plan.records != Records::Profiles)
}

impl Pump {
    /// Sends the stored records that the run chose, batch by batch: these are the few that did not arrive. What the ledger
    /// knows the fate of stays as it is, so that the run can be gone on with.
    pub(super) async fn send_stored(self) -> Result<(), Problem> {
        let run = self.row.number;
        let may_repeat = super::pump::may_repeat(&self.row.plan);
        let (rows, last, settled, doubted) = look(&self.store, move |r| {
            let settled = r.batches().settled(run, 0)?;
            let doubted = if may_repeat {
                r.batches().in_doubt_of(run, 0)?
            } else {
                Vec::new()
            };
            Ok((r.resends().count(run)?, r.batches().last_number(run)?, settled, doubted))
        })
        .await?;
        let queried = self.store.writing(move |w| w.runs_mut().queried(run, rows, None));
        queried.await?;
        let ledger = Ledger::open(self.store.clone(), run, self.clock.clone(), self.halt.clone())
            .map_err(|error| Problem::new(Code::Internal).with(Fact::Detail, error.to_string()))?;
        let sending = Sending {
            uploader: self.opened.uploader.clone(),
            pace: self.pace.clone(),
            entries: ledger.entries(),
            halt: self.halt.clone(),
            numbers: Numbers::after(last),
            may_repeat,
        };
        let sent = match self.send_again(&sending, &doubted).await {
            Ok(()) => self.send_pages(&sending, &settled).await,
            Err(problem) => Err(problem),
        };
        drop(sending);
        ledger.close(&self.halt).await;
        sent
    }

    /// Each batch in doubt goes again, in one that takes its place once it is answered. One of which somebody was forgotten
    /// meanwhile stays in doubt: what is left of it would not account for all.
    async fn send_again(&self, sending: &Sending, doubted: &[BatchRow]) -> Result<(), Problem> {
        let run = self.row.number;
        for batch in doubted {
            let before = batch.first_row - 1;
            let page = look(&self.store, move |r| r.resends().records(run, before, LOOKED_AT)).await?;
            let mut filling = Filling::new(Some(batch.number));
            let carried = |position: u64| batch.positions.iter().any(|stretch| stretch.contains(&position));
            for record in page.iter().filter(|record| carried(record.position)) {
                add(&mut filling, record);
            }
            if filling.len() as u64 == batch.records && !send(sending, filling).await {
                break;
            }
        }
        Ok(())
    }

    async fn send_pages(&self, sending: &Sending, settled: &Positions) -> Result<(), Problem> {
        let run = self.row.number;
        let mut after = 0;
        while !self.halt.is_set() {
            let page = look(&self.store, move |r| r.resends().records(run, after, LOOKED_AT)).await?;
            let Some(last) = page.last() else { break };
            after = last.position;
            let left = page.iter().filter(|record| !settled.contains(record.position));
            for batch in batches(left) {
                if !send(sending, batch).await {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// The records as batches that are no larger than one call may be. They have no numbers yet.
fn batches<'a>(records: impl Iterator<Item = &'a RecordRow>) -> Vec<Filling> {
    let mut batches = vec![Filling::new(None)];
    for record in records {
        let full = |batch: &Filling| batch.len() >= MOST_RECORDS || batch.size() >= MOST_BYTES;
        if batches.last().is_none_or(full) {
            batches.push(Filling::new(None));
        }
        if let Some(batch) = batches.last_mut() {
            add(batch, record);
        }
    }
    batches.retain(|batch| !batch.is_empty());
    batches
}

/// A record whose values were forgotten is left out.
fn add(batch: &mut Filling, record: &RecordRow) {
    if let Some(bytes) = &record.record {
        batch.add(record.position, 0, NO_KEY, |out| {
            out.extend_from_slice(bytes.as_bytes());
            true
        });
    }
}

/// Opens a batch in the ledger, and sends it. Says whether there is sense in going on.
async fn send(sending: &Sending, filled: Filling) -> bool {
    let batch = filled.close(sending.numbers.next());
    let (kept, waiting) = oneshot::channel();
    let read = Entry::Read {
        aside: crate::run::Aside::default(),
        // Those of a batch in doubt were counted with that one.
        rows: if batch.instead_of.is_none() {
            batch.len() as u64
        } else {
            0
        },
        rejected: Vec::new(),
        room: None,
    };
    let open = Entry::Open {
        batch: batch.entry(),
        kept,
    };
    for entry in [read, open] {
        if sending.entries.send(entry).await.is_err() {
            return false;
        }
    }
    if waiting.await.is_err() {
        return false;
    }
    let leave = tokio::select! {
        biased;
        () = sending.halt.wait() => None,
        leave = sending.pace.leave() => Some(leave),
    };
    deliver(sending.clone(), batch, leave).await;
    !sending.halt.is_set()
}

async fn look<R: Send + 'static>(
    store: &Store,
    look: impl FnOnce(&crate::store::Reading<'_>) -> Result<R, StoreError> + Send + 'static,
) -> Result<R, Problem> {
    store.reading(look).await.map_err(Problem::from)
}
