//! Test Connection: started here, followed by signals, kept with the connection that it looked at.

use std::sync::{Arc, Mutex};

use tapline_core::bigquery::{DatasetId, DatasetRef, Location, ProjectId, TableId};
use tapline_core::check::{Check, Report};
use tapline_core::connection::{ConnectionDraft as Typed, Target};
use tapline_core::google::ServiceAccount;
use tapline_core::ground::clock::Clock;
use tapline_core::ground::ids::{CheckId, ConnectionId};
use tapline_core::ground::problem::{Code, Fact, Problem};
use tapline_core::ground::secret::Secret;
use tapline_core::store::{ConnectionRow, Subject as Stored};
use tokio_util::sync::CancellationToken;

use super::{first, id};
use crate::App;
use crate::checks::{Ended, Live, Subject, lock};
use crate::wire::check::{CheckAgain, CheckRef, CheckReport, CheckStart, Evidence, Sample, SampleAsk};
use crate::wire::connection::ConnectionRef;
use crate::wire::signal::Signal;

/// Rows of a sample.
const FEW: u32 = 20;

/// Returns at once; reports come as signals.
pub(super) async fn start(app: &Arc<App>, ask: CheckStart) -> Result<CheckReport, Problem> {
    let draft = ask.draft;
    let target = Typed::from(&draft).read_target().map_err(first)?;
    let (account, of) = match (&draft.offer, &draft.id) {
        (Some(offer), _) => {
            let key = app.offers.get(offer)?;
            let secret = key.private_key().lend(|der| Secret::new(der.clone()));
            let account = ServiceAccount::new(key.client_email.clone(), key.key_id.clone(), secret);
            (account, Subject::Offer(offer.clone()))
        }
        (None, Some(connection)) => {
            let connection: ConnectionId = id(connection)?;
            let row = app.look(move |store| store.connections().get(connection)).await?;
            let account = app.runner().service_account(&row, app.attendance()).await?;
            (account, Subject::Edited(connection))
        }
        (None, None) => {
            return Err(Problem::new(Code::FieldEmpty)
                .with(Fact::Field, "key")
                .with(Fact::Name, "Google Service Account Key"));
        }
    };
    begin(app, account, target, of).await
}

pub(super) async fn start_saved(app: &Arc<App>, ask: ConnectionRef) -> Result<CheckReport, Problem> {
    let connection: ConnectionId = id(&ask.connection)?;
    let row = app.look(move |store| store.connections().get(connection)).await?;
    let target = saved_target(&row)?;
    let account = app.runner().service_account(&row, app.attendance()).await?;
    begin(app, account, target, Subject::Saved(connection)).await
}

pub(super) async fn cancel(app: &Arc<App>, ask: CheckRef) -> Result<CheckReport, Problem> {
    let live = live(app, &ask.check)?;
    let stop = lock(&live.stop).clone();
    stop.cancel();
    Ok(CheckReport::of(&live, &live.check.report()))
}

/// Returns at once; reports come as signals.
pub(super) async fn again(app: &Arc<App>, ask: CheckAgain) -> Result<CheckReport, Problem> {
    let live = live(app, &ask.check)?;
    let stop = CancellationToken::new();
    *lock(&live.stop) = stop.clone();
    let (app, running) = (Arc::clone(app), Arc::clone(&live));
    let rung = ask.step.into();
    tokio::spawn(async move {
        let report = running
            .check
            .again(rung, &stop, &|report| tell(&app, &running, report))
            .await;
        keep(&app, &running, &report).await;
    });
    Ok(CheckReport::of(&live, &live.check.report()))
}

pub(super) async fn evidence(app: &Arc<App>, ask: CheckRef) -> Result<Evidence, Problem> {
    Ok(live(app, &ask.check)?.check.evidence().await.into())
}

pub(super) async fn sample(app: &Arc<App>, ask: SampleAsk) -> Result<Sample, Problem> {
    let live = live(app, &ask.check)?;
    let sample = live.check.sample(TableId::read(&ask.table)?, FEW).await?;
    Ok(Sample::of(&sample.schema, &sample.page, sample.bytes_billed))
}

async fn begin(app: &Arc<App>, account: ServiceAccount, target: Target, of: Subject) -> Result<CheckReport, Problem> {
    let stop = CancellationToken::new();
    let live = Arc::new(Live {
        id: CheckId::new(),
        check: Check::new(app.net(), Clock::system(), account, target),
        of,
        proxy: app.proxy_in_words().await?,
        stop: Mutex::new(stop.clone()),
    });
    app.checks.hold(Arc::clone(&live));
    let report = CheckReport::of(&live, &live.check.report());
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let report = live.check.run(&stop, &|report| tell(&app, &live, report)).await;
        keep(&app, &live, &report).await;
    });
    Ok(report)
}

/// Every report but the last goes out as it comes; the last waits until it is kept.
fn tell(app: &App, live: &Live, report: &Report) {
    if report.verdict == tapline_core::check::Verdict::Running {
        app.host.signal(Signal::Check(CheckReport::of(live, report)));
    }
}

/// Keeps the verdict on a saved connection, then tells it, so that whoever hears it finds it kept.
async fn keep(app: &App, live: &Live, report: &Report) {
    if let (Subject::Saved(connection), Some(ended)) = (&live.of, Ended::of(report)) {
        let connection = *connection;
        let kept = app
            .change(move |store| {
                store.connections().get(connection)?;
                store.checks_mut().put(Stored::Connection(connection), &ended.row)?;
                match &ended.location {
                    Some(location) => store.connections_mut().found_at(connection, location),
                    None => Ok(()),
                }
            })
            .await;
        if kept.is_ok() {
            app.changed("connections");
            app.changed("imports");
        }
    }
    note(live, report);
    app.host.signal(Signal::Check(CheckReport::of(live, report)));
}

/// Tells the log how each step stands that did not pass, by its problem's code.
fn note(live: &Live, report: &Report) {
    for step in &report.steps {
        if let Some(problem) = &step.problem {
            let (step, state, code) = (step.name, step.state, problem.code().as_str());
            tracing::info!(target: "tapline", check = %live.id, ?step, ?state, code, "a step did not pass");
        }
    }
}

fn live(app: &App, check: &str) -> Result<Arc<Live>, Problem> {
    app.checks.get(check).ok_or_else(|| Problem::new(Code::CheckGone))
}

fn saved_target(row: &ConnectionRow) -> Result<Target, Problem> {
    Ok(Target {
        dataset: DatasetRef {
            project: ProjectId::read(&row.project_id)?,
            dataset: DatasetId::read(&row.dataset_id)?,
        },
        billing_project: row.billing_project.as_deref().map(ProjectId::read).transpose()?,
        bytes_cap: row.bytes_cap,
        location: row.location_override.as_deref().map(Location::read).transpose()?,
    })
}
