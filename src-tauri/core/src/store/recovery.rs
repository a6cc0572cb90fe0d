//! What a start finds: runs that nobody runs any more, and their batches that were never answered.

use jiff::Timestamp;

use super::error::Result;
use super::forgetting::values_until;
use super::records::RecordRow;
use super::{Store, Writing};
use crate::ground::ids::RunId;
use crate::ground::problem::Problem;
use crate::run::{Fate, Outcome};

/// The code of a record that was sent when Tapline ended.
pub const NO_ANSWER_INTERRUPTED: &str = "interrupted";

/// A run that was found without a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    pub run: RunId,
    /// Records that may or may not have arrived.
    pub in_doubt: u64,
}

impl Store {
    /// Puts in order what a process that ended in the middle left behind. Called at start, and harmless at any time.
    ///
    /// Its runs become Interrupted, and every record of a batch that may have left is listed as in doubt.
    pub fn recover(&self, now: Timestamp) -> Result<Vec<Recovered>> {
        self.0.holder.tidy();
        let recovered = self.write(|writing| {
            let going = writing.runs().going()?;
            let gone = writing.holder.gone(going.iter().map(|row| row.holder.as_str()))?;
            let mut recovered = Vec::new();
            for row in going.iter().filter(|row| gone.contains(&row.holder)) {
                let in_doubt = writing.close_run(row.run.id, Outcome::Interrupted, None, now)?;
                recovered.push(Recovered {
                    run: row.run.id,
                    in_doubt,
                });
            }
            Ok(recovered)
        })?;
        self.forget_expired(now)?;
        Ok(recovered)
    }
}

impl Writing<'_> {
    /// Ends a run. Whatever batch of it is still open is in doubt from now on. Gives how many records that are.
    pub fn close_run(&self, id: RunId, outcome: Outcome, problem: Option<&Problem>, now: Timestamp) -> Result<u64> {
        let row = self.runs().get(id)?;
        let days = self.settings().get()?.row_values_days;
        let in_doubt = doubt_open_batches(self, row.number, values_until(now, days))?;
        self.runs_mut().end(id, outcome, problem, now)?;
        if !outcome.is_early() {
            self.move_watermark(row.number)?;
        }
        Ok(in_doubt)
    }
}

fn doubt_open_batches(writing: &Writing<'_>, run: i64, values_until: Timestamp) -> Result<u64> {
    let mut total = 0;
    for batch in writing.batches().open_of(run)? {
        if batch.instead_of.is_some() {
            // Its records are in doubt already, in the batch that it was to take the place of.
            writing.batches_mut().unsent(run, batch.number)?;
            continue;
        }
        let rows: Vec<RecordRow> = batch
            .manifest
            .into_iter()
            .map(|line| RecordRow {
                position: line.position,
                fate: Fate::InDoubt,
                batch: Some(batch.number),
                code: NO_ANSWER_INTERRUPTED.to_owned(),
                column: None,
                identity: Some(line.identity),
                reason: Some("It may have left when Tapline ended, and no answer was recorded.".to_owned()),
                record: None,
            })
            .collect();
        writing.records_mut().keep(run, &rows, values_until)?;
        writing.batches_mut().in_doubt(run, batch.number, batch.records)?;
        total += batch.records;
    }
    Ok(total)
}
