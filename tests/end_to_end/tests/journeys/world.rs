//! A store of its own, an app on it and a sandbox to talk to, with the words that the stories are told in.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use tapline_api::{App, AppOptions, install_tls};
use tapline_sandbox::{AccountKey, Column, IssuedKey, Options, Sandbox};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::OnceCell;

use crate::heard::Heard;

pub struct World {
    pub sandbox: Arc<Sandbox>,
    pub app: Arc<App>,
    pub heard: Arc<Heard>,
    place: TempDir,
}

/// How a command of the terminal ended.
#[derive(Debug)]
pub struct Ended {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("one JSON object on stdout, not {self:?}"))
    }
}

/// The one sandbox with an SQL engine, which takes seconds to start. Its tables are never changed by a test.
pub async fn with_sql() -> Arc<Sandbox> {
    static SHARED: OnceCell<Arc<Sandbox>> = OnceCell::const_new();
    let started = SHARED.get_or_init(|| async {
        install_tls();
        let sandbox = Sandbox::start(Options::with_sql())
            .await
            .expect("the SQL engine starts");
        sandbox.google().load_cdnow().await.expect("the purchases load");
        Arc::new(sandbox)
    });
    Arc::clone(started.await)
}

impl World {
    /// A fresh store on a sandbox of its own, which answers a query with a whole table as it is.
    pub async fn new() -> Self {
        install_tls();
        let sandbox = Sandbox::start(Options::default()).await.expect("the sandbox starts");
        Self::on(Arc::new(sandbox)).await
    }

    /// A fresh store on this sandbox.
    pub async fn on(sandbox: Arc<Sandbox>) -> Self {
        assert!(
            std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some(),
            "journeys need a session bus with a keyring: run them through scripts/desktop-session"
        );
        let place = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(place.path().join("ca.pem"), sandbox.authority_pem()).expect("the authority is written");
        Self::opened(sandbox, place).await
    }

    /// Closes the app, and opens it again on the same store.
    pub async fn reopened(self) -> Self {
        self.app.shut_down().await;
        let Self {
            sandbox,
            app,
            heard,
            place,
        } = self;
        drop((app, heard));
        Self::opened(sandbox, place).await
    }

    async fn opened(sandbox: Arc<Sandbox>, place: TempDir) -> Self {
        let heard = Arc::new(Heard::new());
        let options = Self::options(&place, &sandbox);
        let app = App::start(options, heard.clone()).await.expect("the store opens");
        Self {
            sandbox,
            app,
            heard,
            place,
        }
    }

    fn options(place: &TempDir, sandbox: &Sandbox) -> AppOptions {
        let options = AppOptions {
            ca_file: Some(place.path().join("ca.pem")),
            ..AppOptions::at(place.path().join("store"))
        };
        options.with_sandbox(sandbox.endpoint()).expect("a loopback address")
    }

    /// A folder beside the store, for files that a person has.
    pub fn desk(&self) -> &Path {
        self.place.path()
    }

    /// The folder that holds store and log.
    pub fn store(&self) -> PathBuf {
        self.place.path().join("store")
    }

    /// The store's database, opened past the app.
    pub fn database(&self) -> rusqlite::Connection {
        let file = self.store().join("sandbox").join("tapline.db");
        rusqlite::Connection::open(file).expect("the database opens")
    }

    /// The names of the entries in the keychain that the store knows of.
    pub fn vault_entries(&self) -> Vec<String> {
        let database = self.database();
        let mut names = database
            .prepare("SELECT name FROM vault_entries ORDER BY name")
            .expect("a table");
        let names = names.query_map([], |row| row.get(0)).expect("a list");
        names.map(|name| name.expect("a name")).collect()
    }

    /// Asks the counter.
    pub async fn ask(&self, name: &str, args: Value) -> Value {
        match self.try_ask(name, args).await {
            Ok(reply) => reply,
            Err(problem) => panic!("{name} was refused: {problem:#}"),
        }
    }

    /// Asks the counter for something that it must refuse, and gives the problem.
    pub async fn refused(&self, name: &str, args: Value) -> Value {
        match self.try_ask(name, args).await {
            Ok(reply) => panic!("{name} was not refused: {reply:#}"),
            Err(problem) => problem,
        }
    }

    pub async fn try_ask(&self, name: &str, args: Value) -> Result<Value, Value> {
        let reply = self.app.call(name, args).await.map_err(|problem| json!(problem));
        let (Ok(words) | Err(words)) = &reply;
        self.heard.reply(words);
        reply
    }

    /// Customers in a table of `shop`, `u1` to `u<count>`, with a good address each.
    pub fn serve_customers(&self, count: u64) {
        self.serve_people(count, |number| format!("u{number}@example.com"));
    }

    /// The same, with the addresses that `email` gives.
    pub fn serve_people(&self, count: u64, email: impl Fn(u64) -> String) {
        let columns = [
            Column::new("id", "STRING"),
            Column::new("email", "STRING"),
            Column::new("tapline_group_size", "INT64"),
        ];
        let rows = (1..=count).map(|n| vec![Some(format!("u{n}")), Some(email(n)), Some("1".to_owned())]);
        self.sandbox.google().serve_canned("shop", "customers", &columns, rows);
    }

    /// A key whose account may do what the setup guide asks for.
    pub fn key(&self) -> IssuedKey {
        static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.sandbox.google().issue_working_key(&format!("reader-{number}"))
    }

    /// Reads a key as if it had been pasted. Gives the offer's id.
    pub async fn offer(&self, key: &IssuedKey) -> String {
        let offer = self.ask("key.read_text", json!({"text": key.json()})).await;
        offer["offer"].as_str().expect("an offer has an id").to_owned()
    }

    /// What a person types for the dataset `shop`.
    pub async fn draft(&self, name: &str, key: &IssuedKey) -> Value {
        let offer = self.offer(key).await;
        json!({
            "id": null, "name": name, "project_id": "acme-dw", "dataset_id": "shop",
            "billing_project": "", "bytes_cap": "", "location": "", "offer": offer,
        })
    }

    /// Starts a test, and waits for its verdict.
    pub async fn check(&self, draft: &Value) -> Value {
        let mark = self.heard.mark();
        let started = self.ask("check.start", json!({"draft": draft})).await;
        self.verdict(mark, &started["check"]).await
    }

    /// Runs one step again, and waits for the report after it.
    pub async fn check_again(&self, check: &Value, step: &str) -> Value {
        let mark = self.heard.mark();
        self.ask("check.again", json!({"check": check, "step": step})).await;
        self.verdict(mark, check).await
    }

    pub async fn verdict(&self, mark: usize, check: &Value) -> Value {
        let signal = self.heard.wait_from(mark, "the verdict", |signal| {
            signal["signal"] == "check" && &signal["body"]["check"] == check && signal["body"]["verdict"] != "running"
        });
        signal.await["body"].clone()
    }

    /// A connection that has passed its test, from key to saved.
    pub async fn add_connection(&self, name: &str) -> Value {
        let key = self.key();
        self.add_connection_with(name, &key).await
    }

    pub async fn add_connection_with(&self, name: &str, key: &IssuedKey) -> Value {
        let draft = self.draft(name, key).await;
        let report = self.check(&draft).await;
        assert_eq!(report["verdict"], "passed", "nothing stands in the way: {report:#}");
        self.ask("connections.save", json!({"draft": draft, "check": report["check"]}))
            .await
    }

    /// A saved account of India's region, and what the sandbox knows of it.
    pub async fn add_account(&self, name: &str) -> (Value, AccountKey) {
        let key = self.sandbox.clevertap().open_account("in1");
        let draft = account_draft(name, &key, &key.passcode);
        (self.ask("accounts.save", draft).await, key)
    }

    pub async fn add_import(&self, plan: &Value) -> Value {
        let import = json!({"id": null, "plan": plan, "draft": false});
        self.ask("imports.save", import).await["brief"]["id"].clone()
    }

    /// Runs an import to its end.
    pub async fn run(&self, import: &Value) -> Value {
        let (mark, run) = self.start_run(import).await;
        self.run_ended(mark, &run).await
    }

    /// Starts a run. Gives the mark to wait from, and the run's id.
    pub async fn start_run(&self, import: &Value) -> (usize, Value) {
        let mark = self.heard.mark();
        let started = self
            .ask("imports.run", json!({"import": import, "confirmed": true}))
            .await;
        (mark, started["id"].clone())
    }

    pub async fn run_ended(&self, mark: usize, run: &Value) -> Value {
        let signal = self.heard.wait_from(mark, "the run's end", |signal| {
            signal["signal"] == "run" && &signal["body"]["id"] == run && !signal["body"]["outcome"].is_null()
        });
        let told = signal.await["body"].clone();
        let kept = self.ask("runs.get", json!({"run": run})).await;
        assert_eq!(kept["counts"], told["counts"], "what was told is what is kept");
        assert_adds_up(&kept);
        kept
    }

    /// Runs `tapline` on this store.
    pub async fn tapline(&self, args: &[&str]) -> Ended {
        self.tapline_with(args, "", &[]).await
    }

    /// Runs `tapline` on this store, with words on its stdin and more in its environment.
    pub async fn tapline_with(&self, args: &[&str], stdin: &str, env: &[(&str, &str)]) -> Ended {
        let mut child = self.spawn_tapline(args, env);
        let mut input = child.stdin.take().expect("stdin is piped");
        input.write_all(stdin.as_bytes()).await.ok(); // it may not want to read
        drop(input);
        ended(child.wait_with_output().await.expect("it ends"))
    }

    pub fn spawn_tapline(&self, args: &[&str], env: &[(&str, &str)]) -> tokio::process::Child {
        tokio::process::Command::new(tapline())
            .args(args)
            .env("TAPLINE_STORE", self.store())
            .env("TAPLINE_ENDPOINT", self.sandbox.endpoint())
            .env("TAPLINE_CA", self.desk().join("ca.pem"))
            .env("TAPLINE_LOG", "trace")
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("tapline starts")
    }
}

fn ended(output: std::process::Output) -> Ended {
    Ended {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

/// The command line, built beside these tests.
pub fn tapline() -> &'static Path {
    static TAPLINE: OnceLock<PathBuf> = OnceLock::new();
    TAPLINE.get_or_init(|| {
        let here = std::env::current_exe().expect("a test has a file");
        let path = here.ancestors().nth(2).expect("target/debug").join("tapline");
        assert!(
            path.exists(),
            "build the command line first: cargo build -p tapline-cli"
        );
        path
    })
}

/// What a person types for a CleverTap account of India's region.
pub fn account_draft(name: &str, key: &AccountKey, passcode: &str) -> Value {
    json!({"id": null, "name": name, "account_id": key.account_id, "region": "india", "passcode": passcode})
}

/// Customers as profiles.
pub fn profiles_plan(nickname: &str, database: &str, account: &str) -> Value {
    json!({
        "version": 1, "nickname": nickname, "database": database, "account": account,
        "source": {"table": "customers"}, "records": "profiles", "identity": {"column": "id"},
        "properties": [{"column": "email", "name": "Email", "type": "string"}],
    })
}

/// Customers as events.
pub fn events_plan(nickname: &str, database: &str, account: &str) -> Value {
    json!({
        "records": {"events": {"name": {"specific": "Visited"}}},
        "properties": [{"column": "email", "name": "mail", "type": "string"}],
        "version": 1, "nickname": nickname, "database": database, "account": account,
        "source": {"table": "customers"}, "identity": {"column": "id"},
    })
}

/// Whether every row that was read has just one fate.
pub fn assert_adds_up(run: &Value) {
    let counts = &run["counts"];
    let fates = ["delivered", "rejected", "unprocessed", "in_doubt"];
    let sum: u64 = fates.iter().map(|fate| counts[fate].as_u64().expect("a number")).sum();
    assert_eq!(
        Some(sum),
        counts["read"].as_u64(),
        "every row read has one fate: {counts}"
    );
}

/// One secret in the keychain, as its owner sees it with another program.
pub fn in_keychain(entry: &str) -> Vec<u8> {
    let output = std::process::Command::new("secret-tool")
        .args(["lookup", "username", entry])
        .output();
    output
        .expect("secret-tool is installed with the other test tools")
        .stdout
}

/// Every byte of every file beneath a folder.
pub fn all_bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry"))
        {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap_or_default(); // it may be gone by now
                files.push((path, bytes));
            }
        }
    }
    files
}

pub fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && bytes.windows(needle.len()).any(|window| window == needle)
}
