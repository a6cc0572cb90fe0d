//! The package, as a person meets it: installed, started from its desktop entry, started again, and removed.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tapline_desktop_tests::{Desk, Window, one_window_called};

const ENTRY: &str = "/usr/share/applications/Tapline.desktop";

/// The package, until the test ends.
struct Installed;

impl Installed {
    fn from(package: &Path) -> Self {
        run(
            "apt-get",
            &[
                "install",
                "-y",
                "-q",
                "--no-install-recommends",
                "--reinstall",
                &package.to_string_lossy(),
            ],
        );
        Self
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        let _ = Command::new("apt-get")
            .args(["purge", "-y", "-q", "tapline"])
            .env("DEBIAN_FRONTEND", "noninteractive")
            .output();
    }
}

fn run(program: &str, words: &[&str]) -> String {
    let said = Command::new(program)
        .args(words)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let out = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(
        said.status.success(),
        "{program} {words:?}: {out}\n{}",
        String::from_utf8_lossy(&said.stderr)
    );
    out
}

/// The newest deb that was built beside this test.
fn built() -> PathBuf {
    let beside = std::env::current_exe().expect("a test knows its own path");
    let folder = beside
        .ancestors()
        .nth(2)
        .expect("tests stand in target/PROFILE/deps")
        .join("bundle/deb");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let packages = entries.flatten().map(|entry| entry.path());
    packages
        .filter(|path| path.extension().is_some_and(|ending| ending == "deb"))
        .max_by_key(|path| path.metadata().and_then(|data| data.modified()).ok())
        .expect("./x package --debug deb builds it")
}

/// The driver starts a program and watches it. The launcher of desktop entries returns at once, so this stays.
fn launcher(desk: &Desk) -> PathBuf {
    let script = desk.folder().join("launch");
    let words =
        format!("#!/bin/sh\ngio launch {ENTRY}\nsleep 1\nwhile pidof tapline-desktop >/dev/null; do sleep 0.1; done\n");
    std::fs::write(&script, words).expect("the launcher is written");
    std::fs::set_permissions(&script, Permissions::from_mode(0o755)).expect("the launcher may run");
    script
}

#[tokio::test]
async fn an_installed_package_opens_one_window_however_often_it_is_started_and_goes_without_a_trace() {
    let package = built();
    let fields = run("dpkg-deb", &["--field", &package.to_string_lossy()]);
    for wanted in [
        "libwebkit2gtk-4.1-0",
        "libgtk-3-0",
        "Recommends: gnome-keyring",
        "Description: BigQuery",
    ] {
        assert!(fields.contains(wanted), "the package says {wanted:?} in:\n{fields}");
    }
    let installed = Installed::from(&package);
    run("desktop-file-validate", &[ENTRY]);
    let version = run("tapline", &["--version"]);
    assert!(
        version.contains(env!("CARGO_PKG_VERSION")),
        "the command line comes with it: {version}"
    );

    let desk = Desk::new().await;
    let window = Window::open_program(&desk, &launcher(&desk)).await;
    window.sees("Connections").await;
    one_window_called("Tapline").await;

    let again = Command::new("gio")
        .args(["launch", ENTRY])
        .envs(desk.environment())
        .status();
    assert!(
        again.is_ok_and(|status| status.success()),
        "the entry can be started again"
    );
    let direct = Command::new("tapline-desktop").envs(desk.environment()).status();
    assert!(
        direct.is_ok_and(|status| status.success()),
        "a second start ends by itself, having shown the first"
    );
    one_window_called("Tapline").await;

    desk.add_database(&window, "shop-prod").await;
    window.picture("package").await;
    window.close().await;

    drop(installed);
    for trace in [
        ENTRY,
        "/usr/bin/tapline",
        "/usr/bin/tapline-desktop",
        "/usr/share/doc/tapline",
    ] {
        assert!(!Path::new(trace).exists(), "{trace} goes with the package");
    }
}
