//! The command line as a process, to be asked or to be killed.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::{Child, Command};

use crate::scene::Scene;

/// How a process ended.
pub enum End {
    Killed,
    /// By itself, with what it said.
    Itself(Value),
}

/// `with_secrets` names the files that hold the key and the passcode: nothing is in a keychain.
pub fn spawn(tapline: &Path, scene: &Scene, args: &[&str], with_secrets: bool) -> Result<Child, String> {
    let mut command = Command::new(tapline);
    command.arg("--json").args(args);
    if with_secrets {
        command.arg("--key").arg(scene.file("key.json"));
        command.arg("--passcode-file").arg(scene.file("passcode"));
    }
    command
        .env("TAPLINE_STORE", scene.place.path().join("store"))
        .env("TAPLINE_ENDPOINT", scene.sandbox.endpoint())
        .env("TAPLINE_CA", scene.file("ca.pem"))
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("tapline does not start: {error}"))
}

/// Whether it comes to its end by itself within this time.
pub async fn has_ended_within(child: &mut Child, time: Duration) -> bool {
    tokio::time::timeout(time, child.wait()).await.is_ok()
}

/// Waits for its end.
pub async fn end(child: Child) -> Result<End, String> {
    let output = tokio::time::timeout(Duration::from_mins(2), child.wait_with_output()).await;
    let output = output
        .map_err(|_| "it does not come to its end".to_owned())?
        .map_err(|error| format!("it cannot be waited for: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let said = serde_json::from_str(&said).map_err(|_| format!("it said {said:?}"))?;
    Ok(End::Itself(said))
}
