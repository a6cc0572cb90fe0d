//! The SQL engine behind `BigQuery`'s door: local-bigquery as a child process, gone when its sandbox is.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Handle;

/// Runs the engine on a port of its own choosing, says which, and ends when its standard input does, taking its data
/// along: so it cannot outlive the process that started it, however that ends.
const LAUNCHER: &str = r#"
import os, shutil, socket, sys, threading
def follow():
    sys.stdin.buffer.read()
    shutil.rmtree(os.path.dirname(os.environ["DATA_DIR"]), ignore_errors=True)
    os._exit(0)
threading.Thread(target=follow, daemon=True).start()
import uvicorn
from local_bigquery.engine import database
connection = database.connection()
if os.environ["QUICK_FINGERPRINTS"] == "yes":
    connection.execute("CREATE OR REPLACE MACRO bq.main.farm_fingerprint(x) AS (hash(x) >> 1)::BIGINT")
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(256)
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config("local_bigquery:app", log_level="error", access_log=False, timeout_keep_alive=3600)).run(sockets=[listener])
"#;

/// Why the SQL engine is not there.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// Nothing is installed where it is looked for.
    #[error("no BigQuery emulator at {0}; `./x setup` installs it, or TAPLINE_EMULATOR names a folder that has it")]
    Missing(PathBuf),
    #[error("the BigQuery emulator's data folder could not be made")]
    Folder(#[source] std::io::Error),
    #[error("the BigQuery emulator could not be run")]
    Run(#[source] std::io::Error),
    #[error("the BigQuery emulator ended before it listened ({status}); it said: {said}")]
    Ended { status: String, said: String },
    #[error("the BigQuery emulator did not answer {0}")]
    Silent(String),
}

/// A running engine.
#[derive(Debug)]
pub(crate) struct Emulator {
    child: Mutex<Option<Child>>,
    port: u16,
    client: Client<HttpConnector, Full<Bytes>>,
    threads: Handle,
    data: TempDir,
}

impl Emulator {
    /// Blocks until the engine listens, which takes some seconds. With `quick_fingerprints` `FARM_FINGERPRINT` gives the
    /// engine's own hash: Google's is written in Python there, and takes a tenth of a millisecond.
    ///
    /// On a crowded machine one start in some thirty was seen to end without a word, so it is started up to three times.
    pub(crate) fn start(project: &str, quick_fingerprints: bool, threads: &Handle) -> Result<Self, EmulatorError> {
        let start = || Self::start_once(project, quick_fingerprints, threads.clone());
        let again = |error| {
            if matches!(error, EmulatorError::Ended { .. }) {
                start()
            } else {
                Err(error)
            }
        };
        start().or_else(again).or_else(again)
    }

    fn start_once(project: &str, quick_fingerprints: bool, threads: Handle) -> Result<Self, EmulatorError> {
        let home = home();
        let python = home.join("venv/bin/python");
        if !python.exists() {
            return Err(EmulatorError::Missing(home));
        }
        let data = tempfile::Builder::new()
            .prefix("tapline-sandbox-")
            .tempdir()
            .map_err(EmulatorError::Folder)?;
        let mut child = Command::new(python)
            .args(["-c", LAUNCHER])
            .env("HOME", home.join("home"))
            .env("DATA_DIR", data.path().join("data"))
            .env("DEFAULT_PROJECT_ID", project)
            .env("DEFAULT_DATASET_ID", "shop")
            .env("QUICK_FINGERPRINTS", if quick_fingerprints { "yes" } else { "no" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(EmulatorError::Run)?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output)
                .read_line(&mut line)
                .map_err(EmulatorError::Run)?;
        }
        let Ok(port) = line.trim().parse() else {
            return Err(ended(&mut child));
        };
        drain(&mut child);
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self {
            child: Mutex::new(Some(child)),
            port,
            client,
            threads,
            data,
        })
    }

    /// A folder that goes when the engine does, for files it is to load.
    pub(crate) fn folder(&self) -> &Path {
        self.data.path()
    }

    /// Calls the engine's own REST API; the path starts after the host.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Bytes), EmulatorError> {
        let silent = || EmulatorError::Silent(path.to_owned());
        let request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:{}{path}", self.port))
            .header("content-type", "application/json")
            .body(Full::from(body.map(Value::to_string).unwrap_or_default()))
            .map_err(|_| silent())?;
        let client = self.client.clone();
        // Always on the sandbox's threads: a connection made on a test's own would die with that test, and be
        // handed to the next one dead.
        let answer = self.threads.spawn(async move {
            let response = client.request(request).await.ok()?;
            let status = response.status().as_u16();
            Some((status, response.into_body().collect().await.ok()?.to_bytes()))
        });
        answer.await.ok().flatten().ok_or_else(silent)
    }

    pub(crate) fn stop(&self) {
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop();
    }
}

fn home() -> PathBuf {
    match std::env::var_os("TAPLINE_EMULATOR") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/emulator"),
    }
}

fn ended(child: &mut Child) -> EmulatorError {
    let _ = child.kill();
    let status = child
        .wait()
        .map_or_else(|error| error.to_string(), |status| status.to_string());
    let lines = child
        .stderr
        .take()
        .map(|errors| BufReader::new(errors).lines().map_while(Result::ok).collect::<Vec<_>>());
    let said = lines
        .unwrap_or_default()
        .into_iter()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    EmulatorError::Ended { status, said }
}

/// A full pipe would stop the engine, so what it complains about is read and dropped.
fn drain(child: &mut Child) {
    if let Some(errors) = child.stderr.take() {
        std::thread::spawn(move || BufReader::new(errors).lines().map_while(Result::ok).for_each(drop));
    }
}
