//! Changed rows: moving into the state what CleverTap acknowledged of a run, once it has ended. What it did not acknowledge
//! stays out, and so the next comparison finds it again.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::held::Acknowledged;
use super::left::LONGEST_GAP;
use super::pump::may_repeat;
use super::question::{Asking, found};
use super::read::MOST_ROWS;
use super::send::NOT_ACCOUNTED;
use super::source::compiled;
use crate::bigquery::{
    Client, JobId, JobResult, NewTable, Parameter, Query, Row, RowReader as _, Schema, TableId, TableRef,
};
use crate::ground::problem::{Code, Fact, Problem};
use crate::import::changes::{self, CHANGE, DOUBTED, EDITED, KEY, LEFT, Unacknowledged, VANISHED};
use crate::import::plan::{InDoubt, Plan, Records};
use crate::mapping::Mapping;
use crate::run::Fate;
use crate::store::{ComparisonRow, RunRow};

/// Keys that travel with a statement: BigQuery takes 10 MB of it. More go to a table, in pieces of this size.
const MOST_LISTED: usize = 100_000;

/// Moves into their states the results of the import's earlier runs that still wait for it.
pub(super) async fn earlier_runs(asking: &Asking<'_>) -> Result<(), Problem> {
    let own = asking.row.number;
    merge_waiting(asking, |number| number < own).await
}

/// Moves into its state what CleverTap acknowledged of this run, which has ended.
pub(super) async fn own_run(asking: &Asking<'_>) -> Result<(), Problem> {
    let own = asking.row.number;
    merge_waiting(asking, |number| number == own).await
}

async fn merge_waiting(asking: &Asking<'_>, whose: impl Fn(i64) -> bool) -> Result<(), Problem> {
    let import = asking.row.run.import;
    let waiting = asking.store.reading(move |r| r.comparisons().waiting(import));
    let waiting = waiting.await?;
    for comparison in waiting.iter().filter(|comparison| whose(comparison.number)) {
        merge(asking, comparison).await?;
    }
    Ok(())
}

/// One run's result on its way into its state.
struct Merge<'a> {
    asking: &'a Asking<'a>,
    client: &'a Client,
    comparison: &'a ComparisonRow,
    row: RunRow,
    state: TableRef,
}

async fn merge(asking: &Asking<'_>, comparison: &ComparisonRow) -> Result<(), Problem> {
    let (id, number) = (comparison.run, comparison.number);
    let known = asking
        .store
        .reading(move |r| Ok((r.runs().get(id)?, r.comparisons().result_table(number)?)));
    let (row, table) = known.await?;
    let table = table.filter(|table| table.rows.is_some());
    let merge = Merge {
        asking,
        client: asking.client,
        comparison,
        row,
        state: found(&comparison.state)?,
    };
    let Some(table) = table else {
        // Its query never came to an end, so nothing of it was sent.
        return merge.done().await;
    };
    let delta = found(&table.table)?;
    match asking.client.seen(&delta).await? {
        Some(seen) if seen.etag == table.etag && Some(seen.rows) == table.rows => merge.carry_out(&delta).await,
        _ => merge.without_result().await,
    }
}

impl Merge<'_> {
    async fn carry_out(&self, delta: &TableRef) -> Result<(), Problem> {
        if self.client.seen(&self.state).await?.is_none() {
            return Err(Problem::new(Code::StateGone)
                .with(Fact::Name, &self.row.run.nickname)
                .with(Fact::Table, self.state.to_string()));
        }
        let missing = self.unacknowledged().await?;
        let (source, parameters) = if missing.len() <= MOST_LISTED {
            (Unacknowledged::Listed, parameters(&missing))
        } else {
            (Unacknowledged::In(self.listed_in_table(&missing).await?), Vec::new())
        };
        let sql = changes::merge(&self.row.plan, &self.state, delta, &source);
        let query = self.asking.run(sql).with_all(parameters);
        let merges = self.comparison.merges.max(1);
        match self.run(&query, &self.id("merge", merges)?, merges).await {
            Ok(()) => self.done().await,
            Err(problem) => {
                // An id is good for one job, and that one failed.
                self.note(merges + 1).await?;
                Err(problem)
            }
        }
    }

    /// The result has expired before it was moved, or is not what it was. Of profiles the next comparison sends what was acknowledged once more;
    /// events would be there twice.
    async fn without_result(&self) -> Result<(), Problem> {
        let counts = &self.row.run.counts;
        if self.row.plan.records != Records::Profiles && counts.delivered + counts.in_doubt > 0 {
            return Err(Problem::new(Code::ComparisonGone)
                .with(Fact::Name, &self.row.run.nickname)
                .with(Fact::Count, (counts.delivered + counts.in_doubt).to_string()));
        }
        self.done().await
    }

    async fn done(&self) -> Result<(), Problem> {
        let (run, at) = (self.comparison.number, Timestamp::now());
        let merged = self.asking.store.writing(move |w| w.comparisons_mut().merged(run, at));
        merged.await.map_err(Problem::from)
    }

    async fn note(&self, merges: u64) -> Result<(), Problem> {
        let run = self.comparison.number;
        let noted = self
            .asking
            .store
            .writing(move |w| w.comparisons_mut().next_merge(run, merges));
        noted.await.map_err(Problem::from)
    }

    fn id(&self, what: &str, number: u64) -> Result<JobId, Problem> {
        JobId::new(&format!("tapline_{}_{what}_{number}", self.row.run.id))
    }

    /// Runs a job to its end, or finds it where it was run before.
    async fn run(&self, query: &Query, id: &JobId, merges: u64) -> Result<(), Problem> {
        self.note(merges).await?;
        let job = self.client.start(query, id).await?;
        let done = self.client.done(&job).await?;
        let (run, billed) = (self.comparison.number, done.bytes_billed.unwrap_or(0));
        let noted = self
            .asking
            .store
            .writing(move |w| w.runs_mut().also_billed(run, billed));
        noted.await.map_err(Problem::from)
    }

    /// Keys of the records that CleverTap did not acknowledge, and whether it may have them all the same.
    async fn unacknowledged(&self) -> Result<Vec<(String, bool)>, Problem> {
        let (number, keeps) = (self.comparison.number, keeps_doubted(&self.row.plan));
        let known = self
            .asking
            .store
            .reading(move |r| r.comparisons().acknowledged(number, (!keeps).then_some(NOT_ACCOUNTED)));
        let mut unacknowledged = Left {
            keeps,
            known: known.await?,
            before: None,
            keys: Vec::new(),
        };
        let Some(job) = &self.row.run.job else {
            return Ok(Vec::new());
        };
        let job = super::source::job_ref(job)?;
        let result = self.client.finished(&job).await?;
        let base = self.row.base;
        if base > 0 {
            unacknowledged.before = Some(self.acknowledged_before(&result).await?);
        }
        let mut from = base + 1;
        while let Some(stretch) = unacknowledged
            .known
            .positions
            .next_missing(from..=base + result.total_rows(), LONGEST_GAP)
        {
            from = stretch.end() + 1;
            self.read(&result, stretch, &mut unacknowledged).await?;
        }
        Ok(unacknowledged.keys)
    }

    /// What was acknowledged of a comparison whose result has expired: the one after it left these rows out.
    async fn acknowledged_before(&self, result: &JobResult) -> Result<(Acknowledged, Mapping), Problem> {
        let mapping = compiled(&self.row.plan, result.schema())?;
        let (row, schema) = (self.row.clone(), result.schema().clone());
        let before = self.asking.store.reading(move |r| {
            let mut before = Acknowledged::none(row.run.import, &row.plan, &schema)?;
            before.add_own(r, row.number, row.base, may_repeat(&row.plan))?;
            Ok(before)
        });
        Ok((before.await?, mapping))
    }

    async fn read(
        &self,
        result: &JobResult,
        stretch: RangeInclusive<u64>,
        unacknowledged: &mut Left,
    ) -> Result<(), Problem> {
        let columns = Columns::of(result.schema()).ok_or_else(|| {
            Problem::new(Code::Internal).with(Fact::Detail, "a comparison's result lacks its own columns")
        })?;
        let (mut position, last) = stretch.into_inner();
        while position <= last {
            let most = u32::try_from(last - position + 1).unwrap_or(MOST_ROWS).min(MOST_ROWS);
            let page = result.page(position - self.row.base - 1, most).await?;
            for (position, row) in (position..).zip(page.rows()) {
                if let Some(key) = columns.key(row) {
                    unacknowledged.meet(position, key, row)?;
                }
            }
            position += page.len() as u64;
        }
        Ok(())
    }

    /// A table with the keys, in as many pieces as it takes. Each piece arrives once, however often it is asked for.
    async fn listed_in_table(&self, keys: &[(String, bool)]) -> Result<TableRef, Problem> {
        let name = self
            .id("left", self.comparison.merges.max(1))?
            .as_str()
            .replace('-', "_");
        let table = self.state.dataset.table(TableId::read(&name)?);
        let new = NewTable {
            table: table.clone(),
            schema: changes::left_schema(),
            description: "Records that CleverTap did not acknowledge in a run of Tapline's. It expires by itself."
                .to_owned(),
            labels: self.asking.labels().await?,
            expires_at: Timestamp::now().checked_add(jiff::SignedDuration::from_hours(48)).ok(),
        };
        self.client.make_table(&new).await?;
        for (piece, keys) in (1..).zip(keys.chunks(MOST_LISTED)) {
            let query = self
                .asking
                .run(changes::listed_keys())
                .with_all(parameters(keys))
                .onto_table(table.clone());
            let merges = self.comparison.merges.max(1);
            let id = self.id(&format!("left_{merges}"), piece)?;
            self.run(&query, &id, merges).await?;
        }
        Ok(table)
    }
}

/// Events in doubt that are left as they are, or that a person decides about, count as sent: a comparison must not send them
/// again by itself.
fn keeps_doubted(plan: &Plan) -> bool {
    match &plan.records {
        Records::Profiles => false,
        Records::Events(events) => events.in_doubt != InDoubt::Resend,
    }
}

fn parameters(keys: &[(String, bool)]) -> Vec<Parameter> {
    let of = |doubted: bool| {
        let keys = keys.iter().filter(|(_, one)| *one == doubted);
        keys.map(|(key, _)| key.clone()).collect::<Vec<_>>()
    };
    vec![
        Parameter::array(LEFT, "BYTES", of(false)),
        Parameter::array(DOUBTED, "BYTES", of(true)),
    ]
}

/// The records of a result that do not go into the state.
struct Left {
    /// Whether those in doubt count as sent.
    keeps: bool,
    known: crate::store::Acknowledged,
    before: Option<(Acknowledged, Mapping)>,
    /// Whether CleverTap may have them all the same.
    keys: Vec<(String, bool)>,
}

impl Left {
    fn meet(&mut self, position: u64, key: String, row: Row<'_>) -> Result<(), Problem> {
        if self.known.positions.contains(position) {
            return Ok(());
        }
        let doubted = match self.known.fates.get(&position) {
            Some(Fate::InDoubt) if self.keeps => return Ok(()),
            Some(fate) => *fate == Fate::InDoubt,
            None => {
                if let Some((before, mapping)) = &mut self.before
                    && before.take(before.key(row, mapping), row, mapping)?
                {
                    return Ok(());
                }
                false
            }
        };
        self.keys.push((key, doubted));
        Ok(())
    }
}

/// The columns of a comparison's result by which the state knows its rows.
struct Columns {
    change: usize,
    key: usize,
}

impl Columns {
    fn of(schema: &Schema) -> Option<Self> {
        Some(Self {
            change: schema.position(CHANGE)?,
            key: schema.position(KEY)?,
        })
    }

    /// By which the state knows a row. Lines that tell of many rows have none.
    fn key(&self, row: Row<'_>) -> Option<String> {
        let text = |column: usize| row.cell(column)?.text();
        let told = text(self.change)?;
        if told == VANISHED || told == EDITED {
            return None;
        }
        text(self.key).map(Cow::into_owned)
    }
}
