//! The disk fills up in the middle of a run: it says so, nothing of what was sent is lost, and with room again the run goes
//! on. The disk is a small one in memory, which a process of its own sees in a namespace of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tapline_core::ground::ids::ImportId;
use tapline_core::run::{Fate, Outcome, Run};
use tapline_core::store::{Belongs, RecordFilter, Store};
use tapline_core::vault::Attendance;
use tapline_sandbox::Column;

use super::support::{Access, PERSON, Scene, assert_whole};

const FOLDER: &str = "TAPLINE_TEST_FULL_FOLDER";
const IMPORT: &str = "TAPLINE_TEST_IMPORT";
const ACCESS: &str = "TAPLINE_TEST_ACCESS";

const ROWS: u64 = 7_000;
/// Room for the store and the manifests of a few batches.
const SMALL: &str = "size=3m";
const LARGE: &str = "size=64m";
/// News comes four times a second while a run goes.
const NO_NEWS: Duration = Duration::from_secs(8);

/// Names are long, so that a few batches fill the disk.
fn whose(row: u64) -> String {
    format!("u{row}-{}", "x".repeat(700))
}

fn mount(options: &str, folder: &Path) {
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", options, "tmpfs"])
        .arg(folder)
        .status();
    assert!(
        mount.expect("mount is there").success(),
        "a disk in memory, with {options}"
    );
}

/// In the process with the small disk: runs into its end, makes room, and goes on.
async fn on_a_small_disk(folder: &Path) {
    let disk = folder.join("disk");
    std::fs::create_dir(&disk).unwrap();
    mount(SMALL, &disk);
    let whole = rusqlite::Connection::open(folder.join("tapline.db")).unwrap();
    whole
        .execute("VACUUM INTO ?1", [disk.join("tapline.db").to_string_lossy()])
        .unwrap();
    let store = Store::open(&disk, Belongs::Sandbox).unwrap();
    let access: Access = serde_json::from_str(&std::env::var(ACCESS).unwrap()).unwrap();
    let import: ImportId = std::env::var(IMPORT).unwrap().parse().unwrap();
    let runner = access.runner(store.clone());
    let mut going = runner.start(import, PERSON, Attendance::Unattended).await.unwrap();
    let run = going.id;
    // It may be that not even its end can be kept: that waits for room, and meanwhile there is no news.
    while let Ok(Some(news)) = tokio::time::timeout(NO_NEWS, going.news()).await {
        if news.run.outcome.is_some() {
            break;
        }
    }
    mount(&format!("remount,{LARGE}"), &disk);
    let full = going.ended().await;
    let counts = full.counts;
    let going = runner.resume(run, None, Attendance::Unattended).await.unwrap();
    let whole = going.ended().await;
    let filter = RecordFilter {
        fate: Some(Fate::InDoubt),
        ..RecordFilter::default()
    };
    let listed = store.read(|r| r.records().page(r.runs().get(run)?.number, &filter, 100_000));
    let in_doubt: Vec<_> = listed
        .unwrap()
        .records
        .into_iter()
        .map(|record| record.identity)
        .collect();
    assert_whole(&counts);
    assert_whole(&whole.counts);
    let told = json!({
        "full": told(&full), "whole": told(&whole), "in_doubt": in_doubt, "delivered_by_then": counts.delivered,
        "read": whole.counts.read,
    });
    std::fs::write(folder.join("told.json"), told.to_string()).unwrap();
}

fn told(run: &Run) -> Value {
    let problem = run.problem.as_ref();
    json!({
        "outcome": run.outcome.map(|outcome| format!("{outcome:?}")),
        "code": problem.map(|problem| problem.code().as_str()),
        "words": problem.map(|problem| format!("{} {}", problem.title(), problem.explanation())),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_loses_nothing_and_with_room_the_run_goes_on() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return on_a_small_disk(Path::new(&folder)).await;
    }
    let scene = Scene::new().await;
    let columns = [Column::new("id", "STRING"), Column::new("email", "STRING")];
    let rows = (1..=ROWS).map(|n| vec![Some(whose(n)), Some(format!("u{n}@example.com"))]);
    scene.sandbox.google().serve_canned("shop", "people", &columns, rows);
    // Pages of a few hundred rows: a batch or two at a time are written down.
    scene.sandbox.google().cut_pages(600_000);
    let import = scene.events();
    let ended = tokio::task::spawn_blocking({
        let (folder, access) = (
            scene.folder.path().to_owned(),
            serde_json::to_string(&scene.access).unwrap(),
        );
        move || {
            Command::new("unshare")
                .args(["--user", "--map-root-user", "--mount"])
                .arg(std::env::current_exe().unwrap())
                .args([
                    "--exact",
                    "full::a_full_disk_is_told_and_loses_nothing_and_with_room_the_run_goes_on",
                ])
                .env(FOLDER, folder)
                .env(IMPORT, import.to_string())
                .env(ACCESS, access)
                .stdin(Stdio::null())
                .output()
                .expect("unshare is there")
        }
    });
    let ended = ended.await.unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success(),
        "{said} {}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let told = std::fs::read(scene.folder.path().join("told.json")).expect("it came to its end");
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(
        (&told["full"]["outcome"], &told["full"]["code"]),
        (&json!("Failed"), &json!("disk_full")),
        "it says why: {}",
        told["full"]
    );
    let words = told["full"]["words"].as_str().unwrap_or_default();
    assert!(words.contains("full") && words.len() > 40, "in words: {words}");
    assert!(
        told["delivered_by_then"].as_u64() < Some(ROWS),
        "it was in the middle: {}",
        told["delivered_by_then"]
    );
    assert_eq!(told["read"], ROWS, "{}", told["whole"]);
    let doubt: Vec<&str> = told["in_doubt"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let expected = if doubt.is_empty() {
        Outcome::Completed
    } else {
        Outcome::CompletedInDoubt
    };
    assert_eq!(told["whole"]["outcome"], format!("{expected:?}"), "{}", told["whole"]);
    let mut arrived: BTreeMap<String, u64> = BTreeMap::new();
    for event in scene.sandbox.clevertap().events() {
        let whose = event.json()["identity"].as_str().unwrap_or_default().to_owned();
        *arrived.entry(whose).or_default() += 1;
    }
    assert!(arrived.values().all(|times| *times == 1), "no event arrived twice");
    let lost = (1..=ROWS)
        .map(whose)
        .filter(|whose| !arrived.contains_key(whose) && !doubt.contains(&whose.as_str()));
    assert_eq!(lost.count(), 0, "each event arrived, or is listed as in doubt");
}
