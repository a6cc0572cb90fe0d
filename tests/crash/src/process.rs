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

pub fn spawn(tapline: &Path, scene: &Scene, args: &[&str]) -> Result<Child, String> {
    let mut all = vec!["--json"];
    all.extend(args);
    Command::new(tapline)
        .args(all)
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

/// Waits for its end, or kills it after a while.
pub async fn end(mut child: Child, killed_after: Option<Duration>) -> Result<End, String> {
    if let Some(after) = killed_after {
        tokio::select! {
            _ = child.wait() => {}
            () = tokio::time::sleep(after) => {
                child.kill().await.map_err(|error| format!("it cannot be killed: {error}"))?;
                return Ok(End::Killed);
            }
        }
    }
    let output = tokio::time::timeout(Duration::from_mins(2), child.wait_with_output()).await;
    let output = output
        .map_err(|_| "it does not come to its end".to_owned())?
        .map_err(|error| format!("it cannot be waited for: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let said = serde_json::from_str(&said).map_err(|_| format!("it said {said:?}"))?;
    Ok(End::Itself(said))
}
