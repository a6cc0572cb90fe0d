//! Perform Dry Run: rows are read and mapped, and nothing goes to CleverTap. 100 random rows, or every row.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tapline_core::bigquery::{JobId, JobRef, Query, Row, RowReader as _, Schema};
use tapline_core::ground::problem::{Code, Problem};
use tapline_core::import::plan::Plan;
use tapline_core::import::statement::{self, GROUP_SIZE};
use tapline_core::mapping::{self, Mapping, Outcome, Rejection as Refused};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::source::Open;
use super::{first, imports, off_thread};
use crate::App;
use crate::checks::lock;
use crate::wire::from::sample::shown;
use crate::wire::import::{DryRow, DryRunAsk, DryRunRef, DryRunReport, DryRunState, Reason, Rejection};
use crate::wire::signal::Signal;

const RANDOM_ROWS: u32 = 100;
/// Rows that are shown: rejected ones first.
const SHOWN: usize = 200;
const PAGE: u32 = 10_000;
/// Between two signals.
const BEAT: Duration = Duration::from_millis(250);
/// Dry runs that are remembered.
const MOST: usize = 20;

/// The dry runs of this process.
pub(crate) type DryRuns = Mutex<HashMap<String, Arc<Live>>>;

/// One dry run.
pub(crate) struct Live {
    stop: CancellationToken,
    report: Mutex<DryRunReport>,
}

/// Returns at once; reports come as signals.
pub(super) async fn start(app: &Arc<App>, ask: DryRunAsk) -> Result<DryRunReport, Problem> {
    let plan = ask.plan;
    let looked_up = plan.clone();
    let row = app
        .look(move |store| {
            let problem = imports::against(store, &looked_up)?.into_iter().next();
            Ok((problem, store.connections().named(&looked_up.database)?))
        })
        .await?;
    let connection = match row {
        (Some(problem), _) => return Err(problem),
        (None, connection) => connection.ok_or_else(|| Problem::new(Code::NotThere))?,
    };
    let open = Open::of(app, &connection).await?;
    let id = Uuid::now_v7().to_string();
    let report = DryRunReport {
        dry_run: id.clone(),
        state: DryRunState::Running,
        rows_read: 0,
        records: 0,
        rejected: 0,
        warned: 0,
        collapsed: 0,
        bytes_billed: 0,
        reasons: Vec::new(),
        rows: Vec::new(),
        problem: None,
    };
    let live = Arc::new(Live {
        stop: CancellationToken::new(),
        report: Mutex::new(report.clone()),
    });
    remember(&app.dry_runs, id, Arc::clone(&live));
    tokio::spawn(run(Arc::clone(app), live, open, plan, ask.every_row));
    Ok(report)
}

pub(super) async fn cancel(app: &Arc<App>, ask: DryRunRef) -> Result<DryRunReport, Problem> {
    let live = lock(&app.dry_runs).get(&ask.dry_run).cloned();
    let live = live.ok_or_else(|| Problem::new(Code::NotThere))?;
    live.stop.cancel();
    let report = lock(&live.report).clone();
    Ok(report)
}

fn remember(dry_runs: &DryRuns, id: String, live: Arc<Live>) {
    let mut known = lock(dry_runs);
    if known.len() >= MOST {
        // Ids made later sort later.
        if let Some(oldest) = known.keys().min().cloned() {
            known.remove(&oldest);
        }
    }
    known.insert(id, live);
}

async fn run(app: Arc<App>, live: Arc<Live>, open: Open, plan: Plan, every_row: bool) {
    let open = Arc::new(open);
    let seen = Arc::new(Mutex::new(Seen::default()));
    let ended = tokio::select! {
        () = live.stop.cancelled() => None,
        done = read(&app, &live, &open, &plan, every_row, &seen) => Some(done),
    };
    let job = lock(&seen).job.take();
    if let (None, Some(job)) = (&ended, &job) {
        open.client.cancel(job).await.ok(); // it ends by itself too
    }
    let billed = match &job {
        Some(job) => open.client.job(job).await.ok().and_then(|state| state.bytes_billed),
        None => None,
    };
    if let Some(Err(problem)) = &ended {
        tracing::info!(target: "tapline", code = problem.code().as_str(), "a dry run failed");
    }
    tell(&app, &live, &seen, |report| {
        report.bytes_billed = billed.unwrap_or(0);
        report.state = match &ended {
            None => DryRunState::Cancelled,
            Some(Ok(())) => DryRunState::Done,
            Some(Err(_)) => DryRunState::Failed,
        };
        report.problem = ended.and_then(Result::err).map(Into::into);
    });
}

async fn read(
    app: &App,
    live: &Live,
    open: &Arc<Open>,
    plan: &Plan,
    every_row: bool,
    seen: &Arc<Mutex<Seen>>,
) -> Result<(), Problem> {
    open.look_at(&plan.source).await?;
    let sql = if every_row {
        statement::all_rows(plan, &open.dataset)
    } else {
        statement::random_rows(plan, &open.dataset, RANDOM_ROWS)
    };
    let query = open.query(sql);
    let estimate = open.client.dry_run(&query).await?.select_only()?;
    let mapping = Arc::new(mapping::compile(plan, &estimate.schema).map_err(first)?);
    let job = start_to_the_end(live, open, query, seen).await?;
    let result = open.client.finished(&job).await?;
    let schema = Arc::new(result.schema().clone());
    let started = Timestamp::now().as_second();
    let mut told = Instant::now();
    let mut at = 0;
    while at < result.total_rows() {
        let page = result.page(at, PAGE).await?;
        at += page.len() as u64;
        let (seen_by, schema, mapping) = (Arc::clone(seen), Arc::clone(&schema), Arc::clone(&mapping));
        off_thread(move || {
            let mut seen = lock(&seen_by);
            for row in page.rows() {
                seen.take(row, &schema, &mapping, started);
            }
        })
        .await?;
        if told.elapsed() >= BEAT {
            tell(app, live, seen, |_| {});
            told = Instant::now();
        }
    }
    Ok(())
}

/// Starts the job, also where the dry run is cancelled meanwhile: Google may have the question by then, and a job that
/// nobody knows of would be paid for to its end. It is cancelled as soon as Google says that it is there.
async fn start_to_the_end(
    live: &Live,
    open: &Arc<Open>,
    query: Query,
    seen: &Arc<Mutex<Seen>>,
) -> Result<JobRef, Problem> {
    let id = JobId::new(&format!("tapline_dry_run_{}", Uuid::now_v7()))?;
    let (stop, open, seen) = (live.stop.clone(), Arc::clone(open), Arc::clone(seen));
    let starting = tokio::spawn(async move {
        let job = open.client.start(&query, &id).await?;
        // First told, then asked: whoever stops it either finds the job here or is found here.
        lock(&seen).job = Some(job.clone());
        if stop.is_cancelled() {
            open.client.cancel(&job).await.ok(); // it ends by itself too
        }
        Ok(job)
    });
    starting.await.unwrap_or_else(|_| Err(Problem::new(Code::Internal)))
}

fn tell(app: &App, live: &Live, seen: &Mutex<Seen>, change: impl FnOnce(&mut DryRunReport)) {
    let report = {
        let mut report = lock(&live.report);
        lock(seen).write(&mut report);
        change(&mut report);
        report.clone()
    };
    app.host.signal(Signal::DryRun(report));
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    job: Option<JobRef>,
    rows: u64,
    records: u64,
    rejected: u64,
    warned: u64,
    collapsed: u64,
    reasons: HashMap<(String, String), (&'static str, u64)>,
    bad: Vec<DryRow>,
    good: Vec<DryRow>,
}

impl Seen {
    fn take(&mut self, row: Row<'_>, schema: &Schema, mapping: &Mapping, started: i64) {
        self.rows += 1;
        self.collapsed += gave_way(row, schema);
        let mut record = Vec::new();
        let (rejections, warnings) = match mapping.map(row, started, &mut record) {
            Outcome::Record { warnings } => {
                self.records += 1;
                self.warned += u64::from(!warnings.is_empty());
                (Vec::new(), warnings)
            }
            Outcome::Rejected { rejections } => {
                self.rejected += 1;
                (rejections, Vec::new())
            }
        };
        for rejection in &rejections {
            self.count(rejection);
        }
        let place = if rejections.is_empty() {
            &mut self.good
        } else {
            &mut self.bad
        };
        if place.len() >= SHOWN {
            return;
        }
        place.push(DryRow {
            row: self.rows,
            cells: schema
                .fields
                .iter()
                .zip(row.cells())
                .filter(|(field, _)| field.name != GROUP_SIZE)
                .map(|(field, cell)| (field.name.clone(), shown(field, cell)))
                .collect(),
            record: rejections
                .is_empty()
                .then(|| String::from_utf8_lossy(&record).into_owned()),
            rejections: rejections.iter().map(Rejection::from).collect(),
            warnings: warnings.iter().map(Rejection::from).collect(),
        });
    }

    fn count(&mut self, rejection: &Refused) {
        let key = (rejection.code.to_owned(), rejection.column.to_string());
        self.reasons.entry(key).or_insert((rejection.reason, 0)).1 += 1;
    }

    fn write(&self, report: &mut DryRunReport) {
        report.rows_read = self.rows;
        report.records = self.records;
        report.rejected = self.rejected;
        report.warned = self.warned;
        report.collapsed = self.collapsed;
        report.rows = self.bad.iter().chain(&self.good).take(SHOWN).cloned().collect();
        let mut reasons: Vec<Reason> = self
            .reasons
            .iter()
            .map(|((code, column), (words, count))| Reason {
                code: code.clone(),
                column: Some(column.clone()).filter(|column| !column.is_empty()),
                reason: (*words).to_owned(),
                count: *count,
            })
            .collect();
        reasons.sort_by(|one, other| (other.count, &one.code).cmp(&(one.count, &other.code)));
        report.reasons = reasons;
    }
}

/// Rows of this row's identity that gave way to it.
fn gave_way(row: Row<'_>, schema: &Schema) -> u64 {
    let size = schema
        .position(GROUP_SIZE)
        .and_then(|place| row.cell(place)?.text()?.parse::<u64>().ok());
    size.unwrap_or(1).saturating_sub(1)
}
