//! What a run asks BigQuery, by its way to import: the query, and the table that its result goes to where it has one.

use jiff::{SignedDuration, Timestamp};

use super::changed;
use super::keep::kept_copy;
use super::open::Opened;
use crate::bigquery::{Client, DatasetId, DatasetRef, JobId, NewTable, ProjectId, Query, Schema, TableId, TableRef};
use crate::connection::LEAST_BILLED_BYTES;
use crate::ground::problem::{Code, Fact, Problem};
use crate::import::plan::{NewAndUpdated, Plan, ResultTable, Rows, Source};
use crate::import::window::{self, Grain, LATER, NOW, UNDATED, Window};
use crate::import::{changes, statement};
use crate::run::{Aside, NamedTable};
use crate::store::{RunRow, Store, WindowRow};

/// How long a result of ours stays in the dataset.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A query that reads so much may well give more than BigQuery keeps by itself, which is 10 GB.
const LARGE_BYTES: u64 = 8 << 30;
/// Twelve hours: half of what BigQuery keeps a result for by itself.
const LONG_MS: u128 = 12 * 60 * 60 * 1000;
/// Records, and the milliseconds in which they are sent, where no run has told a pace yet: as fast as an account takes them.
const BEST_PACE: (u64, u64) = (15_000, 1_000);

/// A run about to ask.
pub(super) struct Asking<'a> {
    pub client: &'a Client,
    pub opened: &'a Opened,
    pub store: &'a Store,
    pub row: &'a RunRow,
    /// The run's plan, or the part of it that a run reads which mends another.
    pub plan: &'a Plan,
}

impl<'a> Asking<'a> {
    /// With the run's plan as it is.
    pub fn of(client: &'a Client, opened: &'a Opened, store: &'a Store, row: &'a RunRow) -> Self {
        Self {
            client,
            opened,
            store,
            row,
            plan: &row.plan,
        }
    }
}

impl Asking<'_> {
    /// The run's query. Asked again for the same run it is the same, whatever time it is by then.
    pub async fn query(&self) -> Result<Query, Problem> {
        let plan = self.plan;
        // Rows behind a result that has gone: their copy holds them as they were.
        if self.row.base > 0
            && let Some(copy) = kept_copy(self.client, self.store, self.row).await?
        {
            return Ok(self.run(format!("SELECT * FROM {}", copy.sql())));
        }
        match &plan.rows {
            // What was chosen to be mended is read whatever it was before.
            _ if self.mends() => Ok(self.run(statement::all_rows(plan, &self.opened.dataset))),
            Rows::All => Ok(self.run(statement::all_rows(plan, &self.opened.dataset))),
            Rows::NewAndUpdated(how) => self.new_and_updated(how).await,
            Rows::Changed => {
                let state = changed::prepare(self).await?;
                Ok(self.run(changes::diff(plan, &self.opened.dataset, &state)))
            }
        }
    }

    fn mends(&self) -> bool {
        self.plan.source != self.row.plan.source
    }

    /// A query of this run's.
    pub fn run(&self, sql: String) -> Query {
        Query::new(sql, self.opened.billing.clone())
            .in_location(self.opened.location.clone())
            .capped(self.opened.bytes_cap)
            .labelled("app", "tapline")
            .labelled("tapline_run", &self.row.run.id.to_string())
    }

    /// Refuses what would cost more than the person allows.
    pub fn within_cap(&self, bytes: Option<u64>) -> Result<(), Problem> {
        // BigQuery bills at least this much, so that is what the cap is held against.
        let billed = bytes.unwrap_or(0).max(LEAST_BILLED_BYTES);
        match self.opened.bytes_cap.filter(|cap| billed > *cap) {
            Some(cap) => Err(Problem::new(Code::BytesCapExceeded)
                .with(Fact::Bytes, billed.to_string())
                .with(Fact::Limit, cap.to_string())),
            None => Ok(()),
        }
    }

    async fn new_and_updated(&self, how: &NewAndUpdated) -> Result<Query, Problem> {
        let plan = &self.row.plan;
        let Some(updated_on) = &plan.updated_on else {
            return Err(Problem::new(Code::UpdatedOnMissing).with(Fact::Field, "updated_on.column"));
        };
        let columns = self.run(statement::columns_alone(plan, &self.opened.dataset));
        let seen = self.client.dry_run(&columns).await?.select_only()?;
        super::source::compiled(plan, &seen.schema)?;
        let grain = Grain::of(updated_on, &seen.schema)
            .ok_or_else(|| Problem::new(Code::UpdatedOnMissing).with(Fact::Field, "updated_on.column"))?;
        let number = self.row.number;
        let known = self.store.reading(move |r| r.watermarks().window(number));
        let known = known.await?;
        let fixed = if let Some(fixed) = known {
            fixed
        } else {
            self.follows_the_same().await?;
            let survey = window::survey(plan, &self.opened.dataset, updated_on, &grain);
            self.fix(how, &grain, &self.run(survey)).await?
        };
        let overlap = self.overlap(&fixed, &grain).await?;
        let window = Window {
            since: overlap.since,
            until: fixed.until,
            grain,
        };
        let sql = window::rows(plan, &self.opened.dataset, updated_on, &window, &overlap.also);
        Ok(self.run(sql).with_all(window.parameters()))
    }

    /// Asks BigQuery what time it is, and fixes what the run reads.
    async fn fix(&self, how: &NewAndUpdated, grain: &Grain, survey: &Query) -> Result<WindowRow, Problem> {
        let estimate = self.client.dry_run(survey).await?.select_only()?;
        self.within_cap(estimate.bytes)?;
        let glance = self.client.glance(survey, 1).await?;
        let number = |name: &str| -> Option<i64> {
            let place = glance.schema.position(name)?;
            glance.page.rows().next()?.cell(place)?.text()?.parse().ok()
        };
        let unread = || Problem::new(Code::Internal).with(Fact::Detail, "BigQuery did not say what time it is");
        let until = number(NOW).and_then(|micros| Timestamp::from_microsecond(micros).ok());
        let count = |name| number(name).and_then(|rows| u64::try_from(rows).ok());
        let aside = Aside {
            undated: count(UNDATED),
            later: count(LATER),
            ..Aside::default()
        };
        let follows = self.follows();
        let (run, import) = (self.row.number, self.row.run.import);
        let (until, overlap, billed) = (until.ok_or_else(unread)?, grain.overlap(how), glance.bytes_billed);
        let fixed = self.store.writing(move |w| {
            let fixed = WindowRow {
                since: w.watermarks().of(import, &follows)?,
                follows,
                until,
                overlap,
            };
            w.watermarks_mut().fix(run, &fixed)?;
            w.runs_mut().left_aside(run, &aside)?;
            w.runs_mut().also_billed(run, billed)?;
            Ok(fixed)
        });
        fixed.await.map_err(Problem::from)
    }

    /// The table that a result goes to, made before the job that fills it. Nothing where BigQuery is to keep it by itself.
    pub async fn table(&self, id: &JobId, schema: &Schema, bytes: Option<u64>) -> Result<Option<TableRef>, Problem> {
        let (must, may) = match (&self.plan.rows, self.plan.result_table) {
            _ if self.mends() => (false, false),
            (Rows::Changed, _) | (_, ResultTable::Always) => (true, true),
            (_, ResultTable::Never) => (false, false),
            (_, ResultTable::Auto) => (false, self.was_too_large().await? || self.is_large(bytes).await?),
        };
        if !may {
            return Ok(None);
        }
        let name = id.as_str().replace('-', "_");
        let table = self.opened.dataset.table(TableId::read(&name)?);
        let (run, named) = (self.row.number, kept(&table));
        let noted = self
            .store
            .writing(move |w| w.comparisons_mut().name_result(run, &named));
        noted.await?;
        let new = NewTable {
            table: table.clone(),
            schema: schema.clone(),
            description: format!(
                "What Tapline's run {} of {:?} reads. It expires by itself.",
                self.row.run.id, self.row.run.nickname
            ),
            labels: self.labels().await?,
            expires_at: Timestamp::now().checked_add(KEPT).ok(),
        };
        match self.client.make_table(&new).await {
            Ok(_) => Ok(Some(table)),
            // It would have been better there, and BigQuery may keep it all the same.
            Err(_) if !must => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// Keeps what the result's table is now that it is filled, where it has one.
    pub async fn result_seen(&self, rows: u64) -> Result<(), Problem> {
        let Some(named) = self.result_table().await? else {
            return Ok(());
        };
        let Some(seen) = self.client.seen(&found(&named.table)?).await? else {
            return Ok(());
        };
        let run = self.row.number;
        let kept = self
            .store
            .writing(move |w| w.comparisons_mut().result_seen(run, seen.etag.as_deref(), rows));
        kept.await.map_err(Problem::from)
    }

    /// Refuses a result whose table is not what it was when its query was done: its rows may be others.
    pub async fn result_unchanged(&self) -> Result<(), Problem> {
        let Some(named) = self.result_table().await? else {
            return Ok(());
        };
        let Some(rows) = named.rows else { return Ok(()) };
        let table = found(&named.table)?;
        match self.client.seen(&table).await? {
            Some(seen) if seen.etag == named.etag && seen.rows == rows => Ok(()),
            found => Err(Problem::new(Code::ResultChanged)
                .with(Fact::Table, table.to_string())
                .with(Fact::Expected, rows.to_string())
                .with_some(Fact::Found, found.map(|seen| seen.rows.to_string()))),
        }
    }

    async fn result_table(&self) -> Result<Option<crate::store::ResultTable>, Problem> {
        let run = self.row.number;
        let named = self.store.reading(move |r| r.comparisons().result_table(run));
        named.await.map_err(Problem::from)
    }

    /// Whose table it is, for whoever finds it.
    pub async fn labels(&self) -> Result<std::collections::BTreeMap<String, String>, Problem> {
        let import = self.row.run.import.to_string();
        let labels = self.store.reading(move |r| {
            let ours = [
                ("app".to_owned(), "tapline".to_owned()),
                (changed::STORE.to_owned(), r.store_id()?),
                ("tapline_import".to_owned(), import),
            ];
            Ok(ours.into())
        });
        labels.await.map_err(Problem::from)
    }

    /// Whether the import's result proved too large before.
    async fn was_too_large(&self) -> Result<bool, Problem> {
        let (run, import) = (self.row.number, self.row.run.import);
        let before = self.store.reading(move |r| {
            let before = r.runs().list(Some(import))?.into_iter().find(|row| row.number < run);
            Ok(before.is_some_and(|before| before.needs_a_table() || before.plan.result_table == ResultTable::Always))
        });
        before.await.map_err(Problem::from)
    }

    /// Whether the result may be too large, or too long in the reading, for BigQuery to keep it by itself.
    async fn is_large(&self, bytes: Option<u64>) -> Result<bool, Problem> {
        if bytes.is_some_and(|bytes| bytes >= LARGE_BYTES) {
            return Ok(true);
        }
        let (run, import, account) = (self.row.number, self.row.run.import, self.row.account);
        let known = self.store.reading(move |r| {
            let pace = account
                .map(|account| r.runs().usual_pace(account))
                .transpose()?
                .flatten();
            let mut before = r.runs().list(Some(import))?.into_iter().filter(|row| row.number < run);
            let rows = before.find_map(|row| row.run.counts.expected);
            Ok((pace.unwrap_or(BEST_PACE), rows))
        });
        let (pace, before) = known.await?;
        let lying = match &self.row.plan.source {
            Source::Table(name) => self.rows_of(name).await,
            Source::Sql(_) => None,
        };
        Ok(lying.or(before).is_some_and(|rows| is_long(rows, pace)))
    }

    /// Nice to know. Who may query a table need not be allowed to look at it.
    async fn rows_of(&self, table: &str) -> Option<u64> {
        let table = self.opened.dataset.table(TableId::read(table).ok()?);
        Some(self.client.seen(&table).await.ok()??.rows)
    }
}

/// Whether so many rows take longer to send, at a pace of so many records in so many milliseconds, than BigQuery is sure to
/// keep a result.
fn is_long(rows: u64, (tried, took_ms): (u64, u64)) -> bool {
    u128::from(rows) * u128::from(took_ms) / u128::from(tried.max(1)) > LONG_MS
}

/// A table as the store keeps it.
pub(super) fn kept(table: &TableRef) -> NamedTable {
    NamedTable {
        project: table.dataset.project.to_string(),
        dataset: table.dataset.dataset.to_string(),
        name: table.table.to_string(),
    }
}

/// A table that the store kept.
pub(super) fn found(table: &NamedTable) -> Result<TableRef, Problem> {
    let dataset = DatasetRef {
        project: ProjectId::read(&table.project)?,
        dataset: DatasetId::read(&table.dataset)?,
    };
    Ok(dataset.table(TableId::read(&table.name)?))
}

#[cfg(test)]
mod tests {
    use super::{BEST_PACE, is_long};

    #[test]
    fn a_run_is_long_that_takes_more_than_twelve_hours_at_the_accounts_pace() {
        assert!(!is_long(648_000_000, BEST_PACE), "twelve hours at the best pace");
        assert!(is_long(648_100_000, BEST_PACE), "and a little more");
        assert!(is_long(5_000_000, (10_000, 100_000)), "at 100 a second, fourteen hours");
        assert!(!is_long(4_000_000, (10_000, 100_000)), "and eleven");
        assert!(!is_long(0, (0, 5)), "nothing takes no time");
    }
}
