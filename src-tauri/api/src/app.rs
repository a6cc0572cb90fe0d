//! The app: everything that is open while Tapline runs, and the one door that commands come through.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tapline_core::google::key::ServiceAccountKey;
use tapline_core::ground::clock::Clock;
use tapline_core::ground::net::{Endpoint, Net, NetSettings, ProxySetting, SandboxBase, install_tls};
use tapline_core::ground::problem::{Code, Fact, Problem};
use tapline_core::runner::Runner;
use tapline_core::store::{Proxy, Reading, Settings, Store, StoreError, Writing};
use tapline_core::vault::{Attendance, Vault};
use tracing::Instrument as _;

use crate::checks::Checks;
use crate::commands::accounts::TestedAccount;
use crate::commands::dry_run::DryRuns;
use crate::commands::off_thread;
use crate::offers::Offers;
use crate::wire::signal::{KeyDrop, Signal};
use crate::{AppOptions, Host, commands, log, others, wire};

/// Between two looks for values of rows whose time is over.
const FORGET_EVERY: Duration = Duration::from_hours(1);

/// An open store with everything that works on it. Cheap to share, by [`Arc`].
pub struct App {
    pub(crate) options: AppOptions,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    /// Made anew when Settings change the way out.
    net: RwLock<Net>,
    runner: Runner,
    pub(crate) checks: Checks,
    pub(crate) dry_runs: DryRuns,
    /// The last account that was tested before it was saved.
    pub(crate) tested_account: Mutex<Option<TestedAccount>>,
    /// Keys that were read and not yet saved.
    pub(crate) offers: Offers<ServiceAccountKey>,
    calls: AtomicU64,
}

impl App {
    /// Opens the store and the log, and settles what the last process left open.
    ///
    /// Needs a Tokio runtime, and so does everything else here.
    pub async fn start(options: AppOptions, host: Arc<dyn Host>) -> Result<Arc<Self>, Problem> {
        install_tls();
        let (folder, belongs) = (options.folder.clone(), options.belongs());
        let store = off_thread(move || Store::open(&folder, belongs)).await?;
        let store = store?;
        log::start(&options.folder);
        let recovering = store.clone();
        let recovered = off_thread(move || recovering.recover(Timestamp::now())).await?;
        for found in recovered? {
            tracing::warn!(target: "tapline", run = %found.run, in_doubt = found.in_doubt, "a run was interrupted");
        }
        let settings = store.reading(|store| store.settings().get()).await;
        let settings = settings.map_err(|error| told(&error))?;
        let net = off_thread({
            let options = options.clone();
            move || open_net(&options, &settings)
        });
        // A way out that cannot work must not keep anybody from mending the settings.
        let net = net.await?.or_else(|problem| {
            tracing::warn!(target: "tapline", code = problem.code().as_str(), "the network settings do not work");
            open_net(&options, &Settings::default())
        })?;
        let clock = Clock::system();
        let vault = Vault::new(store.vault_namespace().to_owned());
        let app = Arc::new(Self {
            options,
            host,
            store: store.clone(),
            runner: Runner::new(store.clone(), vault.clone(), net.clone(), clock),
            vault,
            net: RwLock::new(net),
            checks: Checks::default(),
            dry_runs: DryRuns::default(),
            tested_account: Mutex::default(),
            offers: Offers::new(),
            calls: AtomicU64::new(1),
        });
        tracing::info!(
            target: "tapline",
            version = env!("CARGO_PKG_VERSION"),
            sandbox = app.options.endpoint.is_some(),
            "started"
        );
        tokio::spawn(Arc::clone(&app).sweep_orphans());
        tokio::spawn(forget_hourly(Arc::downgrade(&app)));
        tokio::spawn(others::follow(Arc::downgrade(&app)));
        Ok(app)
    }

    /// Answers a command by its name in [`commands::listed`]. A command goes on to its end although the caller gives up
    /// waiting, and a fault in one never takes the app down.
    pub async fn call(self: &Arc<Self>, name: &str, args: Value) -> Result<Value, wire::problem::Problem> {
        let id = self.calls.fetch_add(1, Ordering::Relaxed);
        let span = tracing::info_span!(target: "tapline", "call", id, command = commands::known(name));
        let app = Arc::clone(self);
        let name = name.to_owned();
        let answering = async move { commands::answer(&app, &name, args).await };
        let reply = survived(id, answering.instrument(span.clone())).await;
        reply.map_err(|problem| {
            span.in_scope(|| tracing::warn!(target: "tapline", code = problem.code().as_str(), "refused"));
            problem.into()
        })
    }

    /// Reads a file that was dropped on the window, and signals what it was.
    pub async fn key_dropped(self: &Arc<Self>, path: PathBuf) {
        let drop = match commands::key::offer_file(self, path).await {
            Ok(offer) => KeyDrop::Offer(offer),
            Err(problem) => KeyDrop::Problem(problem.into()),
        };
        self.host.signal(Signal::KeyDropped(drop));
    }

    /// Whether a run goes that this process carries out: with the process it would end.
    pub fn is_running(&self) -> bool {
        !self.runner.going().is_empty()
    }

    /// Waits until no run of this process goes.
    pub async fn runs_ended(&self) {
        self.runner.all_ended().await;
    }

    /// Ends what goes on, so that it can be gone on with: waiting keys are wiped and runs are brought to an end.
    pub async fn shut_down(&self) {
        self.offers.forget_all();
        self.checks.stop_all();
        self.runner.stop_all().await;
        tracing::info!(target: "tapline", "stopped");
    }

    /// Reads the store.
    pub(crate) async fn look<R: Send + 'static>(
        &self,
        look: impl FnOnce(&Reading<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, Problem> {
        self.store.reading(look).await.map_err(|error| told(&error))
    }

    /// Changes the store: all of it, or nothing.
    pub(crate) async fn change<R: Send + 'static>(
        &self,
        change: impl FnOnce(&Writing<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, Problem> {
        self.store.writing(change).await.map_err(|error| told(&error))
    }

    /// Whether the keychain may ask somebody for a password.
    pub(crate) fn attendance(&self) -> Attendance {
        if self.options.attended {
            Attendance::Attended
        } else {
            Attendance::Unattended
        }
    }

    /// The way out, as Settings have it.
    pub(crate) fn net(&self) -> Net {
        self.net.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens a way out with these settings, and says where they cannot work.
    pub(crate) async fn net_for(&self, settings: &Settings) -> Result<Net, Problem> {
        let (options, settings) = (self.options.clone(), settings.clone());
        off_thread(move || open_net(&options, &settings)).await?
    }

    /// What is asked from now on goes this way.
    pub(crate) fn use_net(&self, net: Net) {
        *self.net.write().unwrap_or_else(PoisonError::into_inner) = net;
    }

    /// What starts runs, on the way out that Settings have now.
    pub(crate) fn runner(&self) -> Runner {
        self.runner.through(self.net())
    }

    /// The proxy that was set by hand, without what is secret in its address.
    pub(crate) async fn proxy_in_words(&self) -> Result<Option<String>, Problem> {
        let settings = self.look(|store| store.settings().get()).await?;
        let Proxy::Manual(address) = settings.proxy else {
            return Ok(None);
        };
        let url = url::Url::parse(&address).ok();
        Ok(url.and_then(|url| {
            let port = url.port_or_known_default()?;
            Some(format!("{}:{port}", url.host_str()?))
        }))
    }

    /// The name that *Connected By* and *Created By* say.
    pub(crate) async fn person(&self) -> Result<String, Problem> {
        let settings = self.look(|store| store.settings().get()).await?;
        Ok(wire::settings::Settings::from(settings).person)
    }

    /// Forgets the values of rows whose time is over. Where that fails it is tried again within the hour.
    pub(crate) async fn forget_expired(&self) {
        let store = self.store.clone();
        match off_thread(move || store.forget_expired(Timestamp::now())).await {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(rows)) => {
                tracing::info!(target: "tapline", rows, "values of rows were forgotten: their time is over");
            }
            Ok(Err(error)) => drop(told(&error)),
        }
    }

    /// Tells every window that a list changed.
    pub(crate) fn changed(&self, list: &str) {
        self.host.signal(Signal::Changed(list.to_owned()));
    }
}

/// What a command answers, or that a fault of ours ended it.
async fn survived<T: Send + 'static>(
    id: u64,
    answering: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(answering).await.unwrap_or_else(|_| {
        let log = format!("The log tells more under call {id}.");
        Err(Problem::new(Code::Internal).with(Fact::Detail, log))
    })
}

/// A window may stay open for weeks, and a row's time may be over on any day of them.
async fn forget_hourly(app: Weak<App>) {
    loop {
        tokio::time::sleep(FORGET_EVERY).await;
        let Some(app) = app.upgrade() else { return };
        app.forget_expired().await;
    }
}

/// In a person's words, and in the log with its causes.
fn told(error: &StoreError) -> Problem {
    let causes: Vec<String> = std::iter::successors(std::error::Error::source(error), |cause| cause.source())
        .map(ToString::to_string)
        .collect();
    let problem = error.problem();
    if !matches!(error, StoreError::NotThere { .. } | StoreError::NameTaken { .. }) {
        tracing::warn!(target: "tapline", code = problem.code().as_str(), ?causes, "the store: {error}");
    }
    problem
}

/// The environment's authorities go before those in Settings.
fn open_net(options: &AppOptions, settings: &Settings) -> Result<Net, Problem> {
    let ca_file = options
        .ca_file
        .clone()
        .or_else(|| settings.ca_file.as_ref().map(PathBuf::from));
    let extra_ca_pem = ca_file.map(|path| {
        std::fs::read(&path).map_err(|error| {
            Problem::new(Code::FileNotRead)
                .with(Fact::Field, "ca_file")
                .with(Fact::Path, path.display().to_string())
                .with(Fact::Detail, error.to_string())
        })
    });
    Net::open(&NetSettings {
        proxy: match &settings.proxy {
            Proxy::System => ProxySetting::System,
            Proxy::None => ProxySetting::None,
            Proxy::Manual(url) => ProxySetting::Manual(url.clone()),
        },
        extra_ca_pem: extra_ca_pem.transpose()?,
        endpoint: match &options.endpoint {
            Some(base) => Endpoint::Sandbox(SandboxBase::read(base)?),
            None => Endpoint::Real,
        },
        ..NetSettings::default()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use jiff::{SignedDuration, Timestamp};
    use serde_json::json;
    use tapline_core::ground::ids::{ImportId, RunId};
    use tapline_core::ground::problem::{Code, Fact, Problem};
    use tapline_core::import::state::ImportStatus;
    use tapline_core::run::{Fate, Outcome};
    use tapline_core::store::{ImportRow, NewRun, RecordFilter, RecordRow, Writing, values_until};

    use super::survived;
    use crate::{App, AppOptions, Terminal};

    async fn open(folder: &tempfile::TempDir) -> Arc<App> {
        let app = App::start(AppOptions::at(folder.path()), Arc::new(Terminal)).await;
        app.expect("a store opens in a folder of its own")
    }

    /// An ended run with one rejected row, whose values go at `until`.
    fn keep_a_row(writing: &Writing<'_>, until: Timestamp) -> Result<i64, tapline_core::store::StoreError> {
        let now = Timestamp::now();
        let import = ImportRow {
            id: ImportId::new(),
            status: ImportStatus::Ready,
            connection: None,
            account: None,
            plan: serde_json::from_value(json!({
                "version": 1, "nickname": "People", "database": "Warehouse", "account": "Shop",
                "source": {"table": "people"}, "records": "profiles", "identity": {"column": "id"},
            }))
            .expect("a plan in its published shape"),
            created_at: now,
            created_by: "Ada".to_owned(),
            updated_at: now,
            updated_by: "Ada".to_owned(),
        };
        writing.imports_mut().add(&import)?;
        let run = writing.runs_mut().begin(&NewRun {
            id: RunId::new(),
            import: import.id,
            started_at: now,
            started_by: "Ada".to_owned(),
        })?;
        let row = RecordRow {
            position: 1,
            fate: Fate::Rejected,
            batch: None,
            code: "email".to_owned(),
            column: None,
            identity: Some("somebody".to_owned()),
            reason: None,
            record: None,
        };
        writing.records_mut().reject(run.number, &row, 0, until)?;
        let id = run.run.id;
        writing.runs_mut().end(
            id,
            Outcome::CompletedWithRejects,
            None,
            now - SignedDuration::from_hours(48),
        )?;
        Ok(run.number)
    }

    async fn is_held(app: &App, run: i64) -> bool {
        let page = app
            .look(move |store| store.records().page(run, &RecordFilter::default(), 1))
            .await;
        page.expect("records can be read").records[0].identity.is_some()
    }

    #[tokio::test]
    async fn values_go_while_the_window_stays_open() {
        let folder = tempfile::tempdir().unwrap();
        let app = open(&folder).await;
        // Kept a while ago by another process, and over since.
        let past = Timestamp::now() - SignedDuration::from_secs(1);
        let run = app.change(move |store| keep_a_row(store, past)).await.unwrap();
        assert!(is_held(&app, run).await, "the beat has not come yet");
        tokio::time::pause();
        tokio::time::advance(Duration::from_mins(61)).await;
        tokio::time::resume();
        let gone = async {
            while is_held(&app, run).await {
                tokio::task::yield_now().await;
            }
        };
        let gone = tokio::time::timeout(Duration::from_mins(1), gone).await;
        assert!(gone.is_ok(), "an hour later nothing of it is left, without a restart");
    }

    #[tokio::test]
    async fn a_shorter_time_in_settings_reaches_what_is_kept_already() {
        let folder = tempfile::tempdir().unwrap();
        let app = open(&folder).await;
        let until = values_until(Timestamp::now(), 30);
        let run = app.change(move |store| keep_a_row(store, until)).await.unwrap();
        let mut settings = app.call("settings.read", json!(null)).await.unwrap();
        for (days, held) in [(60, true), (3, true), (1, false)] {
            settings["row_values_days"] = json!(days);
            app.call("settings.save", settings.clone()).await.unwrap();
            assert_eq!(is_held(&app, run).await, held, "a row of two days ago, kept for {days}");
        }
    }

    #[tokio::test]
    async fn a_fault_in_a_command_is_told_and_says_nothing_of_what_it_held() {
        async fn faulty() -> Result<(), Problem> {
            tokio::task::yield_now().await;
            panic!("ada@example.com is no number")
        }
        let problem = survived(7, faulty()).await.expect_err("it is no answer");
        assert_eq!(problem.code(), Code::Internal, "it is a fault of ours");
        assert_eq!(
            problem.facts().get(Fact::Detail),
            Some("The log tells more under call 7."),
            "and where to look is all that is told"
        );
        let answered = survived(8, async { Ok(1) }).await;
        assert_eq!(answered.ok(), Some(1), "the next command is answered");
    }
}
