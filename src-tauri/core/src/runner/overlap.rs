//! What a run of New and updated rows reads again of earlier ones, and by what it knows it. A profile may arrive twice, an
//! event must not: events are known by the columns that they were read with, which a changed mapping may not read any more.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::question::Asking;
use crate::ground::problem::{Code, Fact, Problem};
use crate::import::plan::{Records, Source};
use crate::import::statement;
use crate::import::window::Grain;
use crate::store::WindowRow;

/// Where a run begins, and what it reads only to know rows again.
#[derive(Default)]
pub(super) struct Overlap {
    /// Absent where it reads from the beginning.
    pub since: Option<Timestamp>,
    /// Columns that the plan does not name, and that an earlier one did.
    pub also: Vec<String>,
}

/// Events that cannot be known again: the source has a column no more that they were read with.
struct Lost {
    column: String,
    until: Timestamp,
}

impl Asking<'_> {
    /// The rows within the overlap are read again, except where an event that was sent could not be told from one that was
    /// not.
    pub async fn overlap(&self, fixed: &WindowRow, grain: &Grain) -> Result<Overlap, Problem> {
        let since = fixed.since.map(|at| before(at, fixed.overlap));
        if self.row.plan.records == Records::Profiles {
            return Ok(Overlap {
                since,
                also: Vec::new(),
            });
        }
        let (also, lost) = self.columns_of_earlier_runs().await?;
        let Some(lost) = lost else {
            return Ok(Overlap { since, also });
        };
        match fixed.since {
            Some(at) if at >= lost.until && grain.parts_at(lost.until) => Ok(Overlap {
                since: since.max(Some(lost.until)),
                also,
            }),
            _ => Err(Problem::new(Code::SentColumnGone)
                .with(Fact::Name, &self.row.plan.nickname)
                .with(Fact::Column, lost.column)),
        }
    }

    async fn columns_of_earlier_runs(&self) -> Result<(Vec<String>, Option<Lost>), Problem> {
        let run = self.row.number;
        let earlier = self.store.reading(move |r| r.watermarks().overlapping(run));
        let earlier = earlier.await?;
        let mut there = lower(statement::columns(&self.row.plan));
        let (mut also, mut gone, mut lost) = (Vec::new(), BTreeSet::new(), None::<Lost>);
        for (earlier, until) in earlier.iter().filter_map(|earlier| Some((earlier, earlier.until?))) {
            for column in statement::columns(&earlier.plan) {
                let folded = column.to_lowercase();
                if !there.contains(&folded) && !gone.contains(&folded) {
                    if self.has(column).await? {
                        also.push(column.to_owned());
                        there.insert(folded);
                    } else {
                        gone.insert(folded);
                    }
                }
            }
            let by = statement::known_by(&earlier.plan);
            let missing = by.into_iter().find(|column| gone.contains(&column.to_lowercase()));
            if let Some(column) = missing
                && lost.as_ref().is_none_or(|lost| lost.until < until)
            {
                let column = column.to_owned();
                lost = Some(Lost { column, until });
            }
        }
        Ok((also, lost))
    }

    /// Whether the source has a column.
    async fn has(&self, column: &str) -> Result<bool, Problem> {
        let sql = statement::one_column(&self.row.plan.source, &self.opened.dataset, column);
        match self.client.dry_run(&self.run(sql)).await {
            Ok(_) => Ok(true),
            Err(problem) if problem.code() == Code::ColumnGone => Ok(false),
            Err(problem) => Err(problem),
        }
    }

    /// Refuses to send all events anew only because the plan reads them from elsewhere now: that is for a person to say.
    pub async fn follows_the_same(&self) -> Result<(), Problem> {
        if self.row.plan.records == Records::Profiles {
            return Ok(());
        }
        let (import, follows) = (self.row.run.import, self.follows());
        let elsewhere = self.store.reading(move |r| r.watermarks().elsewhere(import, &follows));
        if elsewhere.await? {
            return Err(Problem::new(Code::WatermarkElsewhere).with(Fact::Name, &self.row.plan.nickname));
        }
        Ok(())
    }

    /// What a watermark is a watermark of: the same column of the same source, sent to the same place. Of profiles whatever
    /// else they are read by is part of it: read otherwise, all are sent once more. Of events the text of a SELECT is not:
    /// one that gives another column gives the same events.
    pub fn follows(&self) -> String {
        let (plan, opened) = (self.row.plan.clone(), self.opened);
        let (source, identity) = match (plan.records, plan.source) {
            (Records::Profiles, source) => (Some(source), Some(plan.identity)),
            (Records::Events(_), Source::Sql(_)) => (None, None),
            (Records::Events(_), table) => (Some(table), None),
        };
        let parts = serde_json::json!([
            opened.dataset.to_string(),
            source,
            plan.updated_on,
            self.row.plan.sync_type() as u8,
            identity,
            opened.uploader.region().code(),
            opened.uploader.account_id(),
        ]);
        parts.to_string()
    }
}

fn lower(columns: Vec<&str>) -> BTreeSet<String> {
    columns.into_iter().map(str::to_lowercase).collect()
}

fn before(at: Timestamp, overlap: SignedDuration) -> Timestamp {
    at.checked_sub(overlap).unwrap_or(Timestamp::MIN)
}
