//! One run, from a plan to the last line of its ledger. SQL text is the import's, the bytes of records are the mapping's;
//! neither is written here.

mod batch;
mod changed;
mod halt;
mod held;
mod keep;
mod ledger;
mod left;
mod merge;
mod open;
mod overlap;
mod pace;
mod pack;
mod places;
mod progress;
mod pump;
mod question;
mod read;
mod resend;
mod restart;
mod room;
mod send;
mod settle;
mod source;
mod warned;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::clevertap::Region;
use crate::connection::LEAST_BILLED_BYTES;
use crate::ground::clock::Clock;
use crate::ground::ids::{ImportId, RunId};
use crate::ground::net::Net;
use crate::ground::problem::{Code, Fact, Problem};
use crate::import::plan::{InDoubt, Records};
use crate::run::{Counts, Outcome, Run};
use crate::store::{NewRun, RunRow, Store, StoreError};
use crate::vault::{Attendance, Vault};
use halt::{Halt, Why};
use open::Opened;
use pace::Pace;
use places::Places;
pub use progress::Progress;
pub use resend::{MOST_IDENTITIES, too_many};

/// Starts runs and keeps an eye on those that go. Cheap to clone; one per store and process.
#[derive(Clone)]
pub struct Runner {
    store: Store,
    vault: Vault,
    net: Net,
    clock: Clock,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    /// One pace for an account, whatever runs send to it.
    paces: HashMap<(Region, String), Pace>,
    going: HashMap<RunId, Halt>,
}

/// A run that goes. Dropping it does not end the run.
#[derive(Debug)]
pub struct Going {
    pub id: RunId,
    progress: watch::Receiver<Progress>,
}

impl Going {
    /// The run as it is now.
    pub fn now(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// Waits for news, at most four times a second. Nothing once the run has ended and its last news was seen.
    pub async fn news(&mut self) -> Option<Progress> {
        self.progress.changed().await.ok()?;
        Some(self.progress.borrow_and_update().clone())
    }

    /// Waits for the end. Gives the run as it ended.
    pub async fn ended(mut self) -> Run {
        while self.progress.changed().await.is_ok() {}
        self.progress.borrow().run.clone()
    }
}

impl Runner {
    pub fn new(store: Store, vault: Vault, net: Net, clock: Clock) -> Self {
        Self {
            store,
            vault,
            net,
            clock,
            shared: Arc::default(),
        }
    }

    /// The same runs on another way out: for settings that changed. Runs that go keep theirs.
    #[must_use]
    pub fn through(&self, net: Net) -> Self {
        Self { net, ..self.clone() }
    }

    /// Starts an import's run. `by` is who asked. What stands in the way is told before anything is kept.
    pub async fn start(&self, import: ImportId, by: &str, attendance: Attendance) -> Result<Going, Problem> {
        let opened = self.open(import, attendance).await?;
        let new = NewRun {
            id: RunId::new(),
            import,
            started_at: self.clock.now(),
            started_by: by.to_owned(),
        };
        let row = self.store.writing(move |w| w.runs_mut().begin(&new)).await?;
        Ok(self.go(row, opened))
    }

    /// Goes on with a run that was paused, stopped, interrupted, or that failed: with the rows of the same result that the
    /// ledger does not know the fate of.
    /// Events in doubt are sent again where `in_doubt`, or else the import, says so; profiles always are.
    pub async fn resume(
        &self,
        run: RunId,
        in_doubt: Option<InDoubt>,
        attendance: Attendance,
    ) -> Result<Going, Problem> {
        let known = self.store.reading(move |r| {
            let row = r.runs().get(run)?;
            Ok((r.runs().can_resume(&row)?, row))
        });
        let (resumable, row) = known.await?;
        if !resumable && row.run.outcome.is_some() {
            return Err(Problem::new(Code::RunNotResumable));
        }
        if row.needs_a_table() {
            let bytes = row
                .bytes_estimated
                .map(|bytes| bytes.max(LEAST_BILLED_BYTES).to_string());
            return Err(Problem::new(Code::SecondCost).with_some(Fact::Bytes, bytes));
        }
        let import = row.run.import;
        let opened = self.open(import, attendance).await?;
        let now = self.clock.now();
        let mut row = self
            .store
            .writing(move |w| {
                if in_doubt == Some(InDoubt::Leave) {
                    w.doubts_mut().leave(run, now)?;
                }
                w.runs_mut().resume(run)
            })
            .await?;
        if let (Records::Events(events), Some(in_doubt)) = (&mut row.plan.records, in_doubt) {
            events.in_doubt = in_doubt;
        }
        Ok(self.go(row, opened))
    }

    fn go(&self, row: RunRow, opened: Opened) -> Going {
        let halt = Halt::default();
        self.shared().going.insert(row.run.id, halt.clone());
        let (news, progress) = watch::channel(Progress {
            run: row.run.clone(),
            records_per_second: None,
            seconds_left: None,
        });
        let going = Going {
            id: row.run.id,
            progress,
        };
        let runner = self.clone();
        tokio::spawn(async move { runner.carry_out(row, opened, halt, news).await });
        going
    }

    /// Asks a run to stop, whichever process runs it: nothing more is sent within a second, and what was sent is counted.
    pub async fn stop(&self, run: RunId) -> Result<(), Problem> {
        self.store.writing(move |w| w.runs_mut().ask_to_stop(run)).await?;
        if let Some(halt) = self.shared().going.get(&run) {
            halt.ask();
        }
        Ok(())
    }

    /// Asks a run to stop as [`Self::stop`] does, and its import to wait until the run is gone on with.
    pub async fn pause(&self, run: RunId) -> Result<(), Problem> {
        self.store.writing(move |w| w.runs_mut().ask_to_pause(run)).await?;
        self.stop(run).await
    }

    /// Runs that this process carries out.
    pub fn going(&self) -> Vec<RunId> {
        self.shared().going.keys().copied().collect()
    }

    /// Waits until no run of this process goes.
    pub async fn all_ended(&self) {
        while !self.shared().going.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks all runs of this process to stop, and waits until they have ended, for a little more than one call may take.
    /// For the end of the process: a run that has not ended by then is found interrupted at the next start.
    pub async fn stop_all(&self) {
        for halt in self.shared().going.values() {
            halt.ask();
        }
        let _ = tokio::time::timeout(Duration::from_secs(65), self.all_ended()).await;
    }

    async fn carry_out(self, row: RunRow, opened: Opened, halt: Halt, news: watch::Sender<Progress>) {
        let id = row.run.id;
        let number = row.number;
        let watching = tokio::spawn(watch_over(self.store.clone(), row.clone(), halt.clone(), news.clone()));
        let pace = self.pace(&opened);
        let opened = Arc::new(opened);
        tracing::info!(run = %id, "a run started");
        let work = pump::run(pump::Pump {
            store: self.store.clone(),
            clock: self.clock.clone(),
            row,
            opened: Arc::clone(&opened),
            pace,
            halt: halt.clone(),
        });
        // Of its own, so that even a fault in it leaves the run ended and its batches accounted for.
        if let Err(panic) = tokio::spawn(work).await {
            halt.fault(&panic);
        }
        watching.abort();
        let (outcome, problem) = match halt.why() {
            Some(Why::Failed(problem)) => (Some(Outcome::Failed), Some(problem)),
            Some(Why::Asked) => {
                keep::keep_result(&opened, &self.store, id, self.clock.now()).await;
                (Some(Outcome::Stopped), None)
            }
            None => (None, None),
        };
        let ended = self.close(id, number, outcome, problem).await;
        self.shared().going.remove(&id);
        match ended {
            Ok(row) => {
                let Counts {
                    read,
                    delivered,
                    rejected,
                    unprocessed,
                    in_doubt,
                    ..
                } = row.run.counts;
                let code = row.run.problem.as_ref().map(|problem| problem.code().as_str());
                let outcome = row.run.outcome;
                tracing::info!(run = %id, ?outcome, code, read, delivered, rejected, unprocessed, in_doubt, "a run ended");
                let last = Progress {
                    run: row.run,
                    records_per_second: None,
                    seconds_left: None,
                };
                let _ = news.send(last);
            }
            // The store stays as it was: the run is found open at the next start, and its open batches in doubt.
            Err(error) => tracing::error!(run = %id, error = %error.problem(), "a run could not be ended"),
        }
    }

    /// Writes the end of a run. Where that fails, the disk being full, say, tries for a while: the import could not run
    /// again before the next start.
    async fn close(
        &self,
        id: RunId,
        number: i64,
        outcome: Option<Outcome>,
        problem: Option<Problem>,
    ) -> Result<RunRow, StoreError> {
        let mut tries = 24;
        loop {
            let (problem, now) = (problem.clone(), self.clock.now());
            let ended = self
                .store
                .writing(move |w| {
                    if outcome.is_none() {
                        w.batches_mut().settle_expired(number)?;
                    }
                    let outcome = match outcome {
                        Some(outcome) => outcome,
                        None => Outcome::of_whole(&w.runs().counts(number)?),
                    };
                    w.close_run(id, outcome, problem.as_ref(), now)?;
                    w.runs().get(id)
                })
                .await;
            tries -= 1;
            if ended.is_ok() || tries == 0 {
                return ended;
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }

    fn pace(&self, opened: &Opened) -> Pace {
        let (region, account) = (opened.uploader.region(), opened.uploader.account_id());
        let key = (region, account.to_owned());
        let places = || {
            let name = format!("{}-{account}", region.code());
            self.store.folder_for("places", &name).ok().map(Places::new)
        };
        let mut shared = self.shared();
        let pace = shared.paces.entry(key).or_insert_with(|| Pace::new(places()));
        pace.allow(opened.calls_at_once);
        pace.clone()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells how the run is doing, and listens for somebody who asks it to stop in another process.
async fn watch_over(store: Store, row: RunRow, halt: Halt, news: watch::Sender<Progress>) {
    let mut every = tokio::time::interval(progress::EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut speed = progress::Speed::default();
    loop {
        every.tick().await;
        let (id, number) = (row.run.id, row.number);
        if let Ok((run, asked)) = store
            .reading(move |r| Ok((r.runs().get(id)?.run, r.runs().stop_asked(number)?)))
            .await
        {
            if asked {
                halt.ask();
            }
            let (records_per_second, seconds_left) = speed.at(Instant::now(), &run.counts);
            let _ = news.send(Progress {
                run,
                records_per_second,
                seconds_left,
            });
        }
    }
}
