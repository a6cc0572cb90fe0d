//! Runs in processes of their own, as a window and terminals carry them out: each is one of these tests, started again to do
//! nothing else.

use std::process::{Command, Stdio};

use tapline_core::ground::ids::ImportId;
use tapline_core::ground::problem::Problem;
use tapline_core::runner::Going;
use tapline_core::store::{Belongs, Store};
use tapline_core::vault::Attendance;

use super::support::{Access, PERSON, Scene};

const FOLDER: &str = "TAPLINE_TEST_FOLDER";
const IMPORT: &str = "TAPLINE_TEST_IMPORT";
const ACCESS: &str = "TAPLINE_TEST_ACCESS";

/// The test of this name again, as a process that runs the import on the scene's store.
pub fn again(scene: &Scene, test: &str, import: ImportId) -> Command {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, scene.folder.path())
        .env(IMPORT, import.to_string())
        .env(ACCESS, serde_json::to_string(&scene.access).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    process
}

/// Where this is such a process: its run, or what stands in the way of it.
pub async fn started() -> Option<Result<Going, Problem>> {
    let folder = std::env::var(FOLDER).ok()?;
    let store = Store::open(folder.as_ref(), Belongs::Sandbox).unwrap();
    let access: Access = serde_json::from_str(&std::env::var(ACCESS).unwrap()).unwrap();
    let import = std::env::var(IMPORT).unwrap().parse().unwrap();
    let runner = access.runner(store);
    Some(runner.start(import, PERSON, Attendance::Unattended).await)
}

/// Where this is such a process: whether it was, and has carried out its run.
pub async fn carried_out() -> bool {
    let Some(going) = started().await else { return false };
    going.expect("nothing stands in the way").ended().await;
    true
}
