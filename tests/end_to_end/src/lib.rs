//! The stage for journeys: a sandbox, a store of its own, and the app as a window would open it. Tests alone use it.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tapline_api::wire::account::{Account, AccountTest};
use tapline_api::wire::check::{CheckReport, CheckStart, Verdict};
use tapline_api::wire::connection::{Connection, ConnectionDraft, ConnectionSave};
use tapline_api::wire::import::{Import, ImportRunAsk, ImportSave};
use tapline_api::wire::key::{KeyFile, KeyOffer};
use tapline_api::wire::problem::Problem;
use tapline_api::wire::run::Run;
use tapline_api::wire::signal::Signal;
use tapline_api::{App, AppOptions, Host, Terminal, Waiting};
use tapline_sandbox::{AccountKey, IssuedKey, Options, Sandbox};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How a journey ends.
pub type Outcome = Result<(), Box<dyn Error>>;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(90);

/// A sandbox and a folder for its store.
pub struct Stage {
    pub sandbox: Sandbox,
    pub key: IssuedKey,
    pub account: AccountKey,
    folder: TempDir,
}

/// The app, and what it pushes to a window.
pub struct Window {
    pub app: Arc<App>,
    signals: UnboundedReceiver<Signal>,
    /// Every signal and every reply, as JSON: all that a window ever sees.
    pub seen: Arc<Mutex<Vec<String>>>,
}

struct Listening {
    send: UnboundedSender<Signal>,
    seen: Arc<Mutex<Vec<String>>>,
    save_to: PathBuf,
}

impl Host for Listening {
    fn pick_key_file(&self) -> Waiting<'_, Result<Option<PathBuf>, tapline_api::Problem>> {
        Terminal.refuse()
    }

    fn save_file<'a>(&'a self, name: &'a str) -> Waiting<'a, Result<Option<PathBuf>, tapline_api::Problem>> {
        Box::pin(async move { Ok(Some(self.save_to.join(name))) })
    }

    fn open_link<'a>(&'a self, _url: &'a str) -> Waiting<'a, Result<(), tapline_api::Problem>> {
        Terminal.refuse()
    }

    fn signal(&self, signal: Signal) {
        note(&self.seen, &signal);
        let _ = self.send.send(signal); // the test may have ended
    }
}

fn note(seen: &Mutex<Vec<String>>, what: &impl Serialize) {
    let text = serde_json::to_string(what).unwrap_or_default();
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(text);
}

impl Stage {
    /// A sandbox with a service account that may do what an import needs, and a `CleverTap` account.
    pub async fn set(options: Options) -> Result<Self, Box<dyn Error>> {
        let sandbox = Sandbox::start(options).await?;
        let key = sandbox.google().issue_working_key("tapline-reader");
        let account = sandbox.clevertap().open_account("in1");
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("ca.pem"), sandbox.authority_pem())?;
        Ok(Self {
            sandbox,
            key,
            account,
            folder,
        })
    }

    /// With the CDNOW purchases and customers, behind a SQL engine.
    pub async fn with_cdnow() -> Result<Self, Box<dyn Error>> {
        let stage = Self::set(Options::with_sql()).await?;
        stage.sandbox.google().load_cdnow().await?;
        Ok(stage)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The key as a file.
    pub fn key_file(&self) -> Result<PathBuf, Box<dyn Error>> {
        let path = self.folder().join("key.json");
        std::fs::write(&path, self.key.json())?;
        Ok(path)
    }

    /// Opens the app on the sandbox.
    pub async fn open(&self) -> Result<Window, Box<dyn Error>> {
        let (send, signals) = unbounded_channel();
        let seen = Arc::default();
        let host = Listening {
            send,
            seen: Arc::clone(&seen),
            save_to: self.folder().to_owned(),
        };
        let mut options = AppOptions::at(self.folder()).with_sandbox(self.sandbox.endpoint())?;
        options.ca_file = Some(self.folder().join("ca.pem"));
        let app = App::start(options, Arc::new(host)).await?;
        Ok(Window { app, signals, seen })
    }

    /// `tapline` with these words, on the same store and sandbox.
    pub fn tapline(&self, words: &[&str]) -> Result<Command, Box<dyn Error>> {
        let test = std::env::current_exe()?;
        let folder = test.ancestors().nth(2).ok_or("tests stand in target/PROFILE/deps")?;
        let mut command = Command::new(folder.join(format!("tapline{}", std::env::consts::EXE_SUFFIX)));
        command
            .args(words)
            .env("TAPLINE_STORE", self.folder())
            .env("TAPLINE_ENDPOINT", self.sandbox.endpoint())
            .env("TAPLINE_CA", self.folder().join("ca.pem"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }

    /// Its exit status and the one JSON object that it printed.
    pub fn tapline_says(&self, words: &[&str]) -> Result<(i32, Value), Box<dyn Error>> {
        let output = self.tapline(&[words, &["--json"]].concat())?.output()?;
        said(&output)
    }
}

/// Exit status and the one JSON object on stdout.
pub fn said(output: &Output) -> Result<(i32, Value), Box<dyn Error>> {
    let text = String::from_utf8_lossy(&output.stdout);
    let value = serde_json::from_str(&text)
        .map_err(|error| format!("{error}: {text:?}, {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok((output.status.code().unwrap_or(-1), value))
}

impl Window {
    /// Asks as a window does: a name and JSON.
    pub async fn ask<T: DeserializeOwned>(&self, name: &str, args: impl Serialize) -> Result<T, Problem> {
        let args = serde_json::to_value(args).unwrap_or_default();
        let reply = self.app.call(name, args).await;
        match &reply {
            Ok(reply) => note(&self.seen, reply),
            Err(problem) => note(&self.seen, problem),
        }
        Ok(serde_json::from_value(reply?).unwrap_or_else(|error| panic!("{name} replied in another shape: {error}")))
    }

    /// The next signal that `pick` takes.
    pub async fn wait<T>(&mut self, pick: impl Fn(Signal) -> Option<T>) -> Result<T, Box<dyn Error>> {
        let waiting = async {
            while let Some(signal) = self.signals.recv().await {
                if let Some(found) = pick(signal) {
                    return Ok(found);
                }
            }
            Err("the app is gone".into())
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .map_err(|_| "no such signal came")?
    }

    /// A key read from its file.
    pub async fn offer(&self, stage: &Stage) -> Result<KeyOffer, Box<dyn Error>> {
        let path = stage.key_file()?.display().to_string();
        Ok(self.ask("key.read_file", KeyFile { path }).await?)
    }

    /// Tests a draft to its end.
    pub async fn check(&mut self, draft: &ConnectionDraft) -> Result<CheckReport, Box<dyn Error>> {
        let ask = CheckStart { draft: draft.clone() };
        let started: CheckReport = self.ask("check.start", ask).await?;
        self.check_ends(started).await
    }

    pub async fn check_ends(&mut self, started: CheckReport) -> Result<CheckReport, Box<dyn Error>> {
        self.wait(|signal| match signal {
            Signal::Check(report) if report.check == started.check && report.verdict != Verdict::Running => {
                Some(report)
            }
            _ => None,
        })
        .await
    }

    /// Key, test, save: a connection called `name` on the sandbox's dataset.
    pub async fn add_connection(&mut self, stage: &Stage, name: &str) -> Result<Connection, Box<dyn Error>> {
        let draft = draft(name, Some(self.offer(stage).await?.offer));
        let report = self.check(&draft).await?;
        assert_eq!(report.verdict, Verdict::Passed, "a working key passes: {report:?}");
        let save = ConnectionSave {
            draft,
            check: Some(report.check),
        };
        Ok(self.ask("connections.save", save).await?)
    }

    /// Test, save: an account called `name` on the sandbox's account.
    pub async fn add_account(&self, stage: &Stage, name: &str) -> Result<Account, Box<dyn Error>> {
        let draft = account_draft(name, &stage.account.account_id, &stage.account.passcode);
        let test: AccountTest = self.ask("accounts.test_draft", &draft).await?;
        assert!(test.passed, "a good passcode passes: {test:?}");
        Ok(self.ask("accounts.save", &draft).await?)
    }

    pub async fn add_import(&self, plan: &Value) -> Result<Import, Box<dyn Error>> {
        let save = ImportSave {
            id: None,
            plan: serde_json::from_value(plan.clone())?,
            draft: false,
        };
        Ok(self.ask("imports.save", save).await?)
    }

    /// Starts a run, and waits for its end.
    pub async fn run(&mut self, import: &Import) -> Result<Run, Box<dyn Error>> {
        let started = self.start_run(import).await?;
        self.run_ends(&started).await
    }

    pub async fn start_run(&self, import: &Import) -> Result<Run, Problem> {
        let ask = ImportRunAsk {
            import: import.brief.id.clone(),
            confirmed: true,
        };
        self.ask("imports.run", ask).await
    }

    pub async fn run_ends(&mut self, started: &Run) -> Result<Run, Box<dyn Error>> {
        self.wait(|signal| match signal {
            Signal::Run(run) if run.id == started.id && run.outcome.is_some() => Some(run),
            _ => None,
        })
        .await
    }
}

/// The form, filled in for the sandbox's dataset.
pub fn draft(name: &str, offer: Option<String>) -> ConnectionDraft {
    ConnectionDraft {
        id: None,
        name: name.to_owned(),
        project_id: "acme-dw".to_owned(),
        dataset_id: "shop".to_owned(),
        billing_project: String::new(),
        bytes_cap: String::new(),
        location: String::new(),
        offer,
    }
}

/// What a person types for an account of India's region. It holds a passcode, so no type of ours can be written as this.
pub fn account_draft(name: &str, account_id: &str, passcode: &str) -> Value {
    json!({"id": null, "name": name, "account_id": account_id, "region": "india", "passcode": passcode})
}

/// A plan from the project's data folder, on this database and account.
pub fn plan(text: &str, database: &str, account: &str) -> Result<Value, Box<dyn Error>> {
    let mut plan: Value = serde_json::from_str(text)?;
    plan["database"] = json!(database);
    plan["account"] = json!(account);
    Ok(plan)
}

pub const CUSTOMERS: &str = include_str!("../../data/cdnow-customers.plan.json");
pub const PURCHASES: &str = include_str!("../../data/cdnow-purchases.plan.json");
