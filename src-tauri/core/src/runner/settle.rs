//! What the run before left in doubt is settled before anything newer is sent: its profiles are sent again as they were,
//! from the result that it was reading, so that no older value of a property follows a newer one.

use std::sync::Arc;

use super::left::Left;
use super::pack::Numbers;
use super::pump::{Pump, Work};
use super::source;
use crate::bigquery::Patience;
use crate::ground::problem::Problem;
use crate::import::plan::Records;
use crate::store::{BatchRow, RunRow, StoreError};

impl Pump {
    /// Settles the import's last run that sent anything, where it left profiles in doubt and its result is still there.
    /// Where that has gone they stay listed: what this run sends of them is newer.
    pub(super) async fn settle_the_run_before(&self) -> Result<(), Problem> {
        let Some((row, in_doubt)) = self.run_before().await? else {
            return Ok(());
        };
        let client = self.opened.bigquery.clone().patient(Patience::ForARun);
        let found = match source::unless(&self.halt, source::found_again(&client, &row)).await {
            None | Some(Ok(None)) => return Ok(()),
            Some(Err(problem)) if source::is_gone(&problem) => return Ok(()),
            Some(found) => found?,
        };
        let Some(found) = found else { return Ok(()) };
        tracing::info!(run = %row.run.id, batches = in_doubt.len(), "what a run left in doubt is sent again");
        let number = row.number;
        let last = self.store.writing(move |w| {
            // Ended in the middle of this, an earlier try has left its batches open. They take the place of others.
            for batch in w.batches().open_of(number)? {
                w.batches_mut().unsent(number, batch.number)?;
            }
            w.batches().last_number(number)
        });
        let work = Work {
            numbers: Numbers::after(last.await?),
            left: Left::again(&in_doubt),
            acknowledged: None,
        };
        let settling = Self {
            store: self.store.clone(),
            clock: self.clock.clone(),
            row,
            opened: Arc::clone(&self.opened),
            pace: self.pace.clone(),
            halt: self.halt.clone(),
        };
        settling.send_all(found, work).await?;
        let settled = self.store.writing(move |w| w.runs_mut().settled(number));
        settled.await.map_err(Problem::from)
    }

    /// The last run before this one that sent anything, with its batches in doubt, where they may be sent again.
    async fn run_before(&self) -> Result<Option<(RunRow, Vec<BatchRow>)>, Problem> {
        let (run, import, connection) = (self.row.number, self.row.run.import, self.row.connection);
        let account = self.row.account;
        if self.row.run.counts.batches > 0 || self.row.plan.records != Records::Profiles {
            return Ok(None);
        }
        let before = self.store.reading(move |r| {
            // A run that mends another has chosen what it sends again itself.
            if r.resends().mends(run)?.is_some() {
                return Ok(None);
            }
            let earlier = r.runs().list(Some(import))?.into_iter().filter(|row| row.number < run);
            let Some(row) = earlier.into_iter().find(|row| row.run.counts.batches > 0) else {
                return Ok(None);
            };
            let same = row.connection == connection && row.account == account;
            if !same || row.plan.records != Records::Profiles {
                return Ok(None);
            }
            let in_doubt = r.batches().in_doubt_of(row.number, row.base)?;
            Ok::<_, StoreError>((!in_doubt.is_empty()).then_some((row, in_doubt)))
        });
        before.await.map_err(Problem::from)
    }
}
