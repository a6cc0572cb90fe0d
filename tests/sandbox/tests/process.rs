//! The sandbox as a process: what it says of itself, its control plane, and that nothing is left when it ends.

mod common;

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::Outcome;
use reqwest::{Certificate, Client};
use serde_json::{Value, json};
use tempfile::TempDir;

struct Process {
    child: Child,
    /// Where it puts its own folders: one that is killed cannot clear up.
    _temporary: TempDir,
    told: Value,
    http: Client,
}

impl Process {
    fn start(arguments: &[&str]) -> Result<Self, Box<dyn Error>> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let temporary = tempfile::tempdir()?;
        let mut child = Command::new(env!("CARGO_BIN_EXE_tapline-sandbox"))
            .args(arguments)
            .env("TMPDIR", temporary.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let told: Value = serde_json::from_str(&line)?;
        let pem = std::fs::read(path(&told, "authority_pem_path"))?;
        let http = Client::builder()
            .tls_certs_only([Certificate::from_pem(&pem)?])
            .no_proxy()
            .build()?;
        Ok(Self {
            child,
            _temporary: temporary,
            told,
            http,
        })
    }

    fn endpoint(&self) -> &str {
        self.told["endpoint"].as_str().unwrap_or_default()
    }

    async fn control(&self, verb: &str, body: &Value) -> Result<(u16, Value), Box<dyn Error>> {
        let token = self.told["control_token"].as_str().unwrap_or_default();
        let answer = self
            .http
            .post(format!("{}/control/{verb}", self.endpoint()))
            .header("x-sandbox-control", token)
            .json(body)
            .send()
            .await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    async fn ask(&self, what: &str) -> Result<Value, Box<dyn Error>> {
        let token = self.told["control_token"].as_str().unwrap_or_default();
        let answer = self
            .http
            .get(format!("{}/control/{what}", self.endpoint()))
            .header("x-sandbox-control", token)
            .send()
            .await?;
        Ok(answer.json().await?)
    }

    async fn upload(&self, passcode: &str) -> Result<u16, Box<dyn Error>> {
        let account = &self.told["clevertap"];
        let answer = self
            .http
            .post(format!(
                "{}/clevertap/{}/1/upload",
                self.endpoint(),
                account["region"].as_str().unwrap_or_default()
            ))
            .header(
                "x-clevertap-account-id",
                account["account_id"].as_str().unwrap_or_default(),
            )
            .header("x-clevertap-passcode", passcode)
            .json(&json!({"d": [{"identity": "u1", "type": "event", "evtName": "E"}]}))
            .send()
            .await?;
        Ok(answer.status().as_u16())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn path(told: &Value, name: &str) -> String {
    told[name].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn another_process_can_use_and_script_it_and_it_ends_with_its_input() -> Outcome {
    let mut process = Process::start(&["--no-sql", "--region", "eu"])?;
    let passcode_path = process.told["clevertap"]["passcode_path"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let passcode = std::fs::read_to_string(&passcode_path)?;
    let folder = Path::new(&passcode_path).parent().ok_or("a folder")?.to_owned();
    assert_eq!(
        std::fs::metadata(&folder)?.permissions().mode() & 0o777,
        0o700,
        "a folder for its owner alone"
    );
    assert_eq!(
        std::fs::metadata(&passcode_path)?.permissions().mode() & 0o777,
        0o600,
        "and files too"
    );
    let key: Value = serde_json::from_str(&std::fs::read_to_string(path(&process.told, "key_path"))?)?;
    assert_eq!(
        key["client_email"], process.told["client_email"],
        "the key is a key file"
    );

    assert_eq!(process.upload(&passcode).await?, 200, "the account works");
    let (status, _) = process
        .control(
            "fault",
            &json!({"matcher": {"path": "/clevertap/*", "times": 1}, "fault": "answer", "status": 503}),
        )
        .await?;
    assert_eq!(status, 200, "a fault is taken");
    assert_eq!(process.upload(&passcode).await?, 503, "and played");
    assert_eq!(
        process.ask("records").await?["event_records"],
        1,
        "one record came through"
    );
    assert_eq!(
        process.ask("records?kind=events").await?.as_array().map(Vec::len),
        Some(1),
        "and is kept"
    );
    assert_eq!(
        process.ask("calls?path=/clevertap/*").await?[1]["fault"],
        "answer",
        "calls are told"
    );

    let (_, held) = process
        .control("hold", &json!({"matcher": {"path": "/clevertap/*", "times": 1}}))
        .await?;
    let gate = format!("gates/{}/open", held["gate"]);
    process.control(&gate, &json!({})).await?;
    assert_eq!(process.upload(&passcode).await?, 200, "an open gate holds nobody");
    let email = path(&process.told, "client_email");
    let revoke = json!({"member": email, "resource": {"project": {"project": "acme-dw"}}, "privilege": "roles/bigquery.jobUser"});
    assert_eq!(
        process.control("google/revoke", &revoke).await?.0,
        200,
        "rights can be taken"
    );
    let (status, why) = process.control("google/grant", &json!({"member": email, "resource": {"project": {"project": "acme-dw"}}, "privilege": "roles/bigquery.nope"})).await?;
    assert_eq!(
        (status, &why["error"]),
        (400, &json!("no role or permission roles/bigquery.nope")),
        "a slip is told"
    );
    let (_, made) = process
        .control("google/key", &json!({"account": "second", "working": true}))
        .await?;
    assert!(
        made["json"]
            .as_str()
            .is_some_and(|json| json.contains("service_account")),
        "another key"
    );

    let bare = process
        .http
        .post(format!("{}/control/google/expire-tokens", process.endpoint()))
        .send()
        .await?;
    assert_eq!(bare.status(), 403, "nobody else scripts it");
    drop(process.child.stdin.take());
    assert!(process.child.wait()?.success(), "it ends well when its input does");
    assert!(!folder.exists(), "and takes its folder along");
    Ok(())
}

#[tokio::test]
async fn the_engine_ends_with_the_process_however_that_ends() -> Outcome {
    let mut process = Process::start(&["--cdnow"])?;
    let (_, rows) = process
        .control("google/sql", &json!({"query": "SELECT COUNT(*) FROM shop.customers"}))
        .await?;
    assert_eq!(rows["rows"], json!([["23570"]]), "CDNOW is loaded");
    let engines = children(process.child.id())?;
    assert_eq!(engines.len(), 1, "one engine runs");
    process.child.kill()?; // no chance to clean up
    process.child.wait()?;
    for _ in 0..200 {
        if !Path::new(&format!("/proc/{}", engines[0])).exists() {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Err(format!("the engine, process {}, is still there", engines[0]).into())
}

fn children(parent: u32) -> Result<Vec<u32>, Box<dyn Error>> {
    let mut found = Vec::new();
    for task in std::fs::read_dir(format!("/proc/{parent}/task"))? {
        let list = std::fs::read_to_string(task?.path().join("children"))?;
        found.extend(list.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
    }
    Ok(found)
}

#[tokio::test]
async fn a_description_in_a_file_is_whole_and_goes_at_the_end() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("sandbox.json");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tapline-sandbox"))
        .args(["--no-sql", "--write"])
        .arg(&file)
        .stdin(Stdio::piped())
        .spawn()?;
    while !file.exists() {
        if let Some(status) = child.try_wait()? {
            return Err(format!("it ended with {status}").into());
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let told: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    let http = Client::builder()
        .tls_certs_only([Certificate::from_pem(&std::fs::read(path(
            &told,
            "authority_pem_path",
        ))?)?])
        .no_proxy()
        .build()?;
    let sandbox_key: Value = serde_json::from_str(&std::fs::read_to_string(path(&told, "key_path"))?)?;
    assert_eq!(sandbox_key["project_id"], "acme-dw", "a key of the project");
    let token = told["control_token"].as_str().unwrap_or_default();
    let calls = http
        .get(format!(
            "{}/control/calls",
            told["endpoint"].as_str().unwrap_or_default()
        ))
        .header("x-sandbox-control", token)
        .send()
        .await?;
    assert_eq!(calls.json::<Value>().await?, json!([]), "nobody called yet");
    let ended = Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    assert!(ended.success() && child.wait()?.success(), "SIGTERM ends it well");
    assert!(!file.exists(), "the file is gone, since what it says is no longer so");
    Ok(())
}
