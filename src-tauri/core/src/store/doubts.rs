//! Events in doubt that a person is to be asked about: whether they are sent again, is no machine's to decide.

use jiff::Timestamp;
use rusqlite::Connection;

use super::error::{Doing as _, Result};
use super::text::{self, Kept as _};
use super::{RecordFilter, Resends, RunRow, Runs};
use crate::ground::ids::RunId;
use crate::import::plan::{InDoubt, Records};
use crate::run::Fate;

/// Events of a run in doubt, about which nobody has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub events: u64,
    /// When the first of them left.
    pub since: Timestamp,
    /// How many of them can be sent again by a run of their own, with what was stored of them.
    pub stored: u64,
}

pub struct Doubts<'a>(pub(super) &'a Connection);
pub struct DoubtsMut<'a>(pub(super) &'a Connection);

impl Doubts<'_> {
    /// What a person is to be asked about an ended run, where its import says that somebody is, and where something can
    /// still be done about it.
    pub fn open(&self, row: &RunRow) -> Result<Option<Doubt>> {
        let asks = matches!(&row.plan.records, Records::Events(events) if events.in_doubt == InDoubt::Ask);
        if !asks || row.run.outcome.is_none() || row.run.counts.in_doubt == 0 {
            return Ok(None);
        }
        let sql = "SELECT ifnull(sum(b.in_doubt), 0) AS events, min(b.opened_at) AS since
                   FROM batches AS b JOIN runs ON runs.number = b.run
                   WHERE b.run = ?1 AND b.in_doubt > 0 AND b.answered_at > ifnull(runs.doubt_left_at, 0)";
        let found = text::row(self.0, "batches", sql, [row.number], |cells| {
            Ok((cells.count("events")?, cells.time_some("since")?))
        })?;
        let Some((events, Some(since))) = found else {
            return Ok(None);
        };
        let in_doubt = RecordFilter {
            fate: Some(Fate::InDoubt),
            ..RecordFilter::default()
        };
        let stored = Resends(self.0).mendable(row, &in_doubt)?.records;
        let something_to_do = stored > 0 || Runs(self.0).can_resume(row)?;
        Ok(something_to_do.then_some(Doubt { events, since, stored }))
    }
}

impl DoubtsMut<'_> {
    /// A person leaves what is in doubt until now as it is. They stay listed, and nobody is asked again.
    pub fn leave(&self, run: RunId, at: Timestamp) -> Result<()> {
        self.0
            .execute(
                "UPDATE runs SET doubt_left_at = ?2 WHERE id = ?1",
                (run.kept(), at.as_millisecond()),
            )
            .doing("recording that events in doubt are left")?;
        Ok(())
    }
}
