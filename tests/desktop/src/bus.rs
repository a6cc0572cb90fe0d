//! The session's bus, asked with `gdbus`.

use std::process::Command;

/// What `service` answers to a call of `method` on `path`, as `gdbus` writes it.
pub(crate) fn call(service: &str, path: &str, method: &str, words: &[&str]) -> String {
    let said = Command::new("gdbus")
        .args(["call", "--session", "--dest", service, "--object-path", path])
        .args(["--method", method])
        .args(words)
        .output()
        .expect("gdbus is installed");
    assert!(
        said.status.success(),
        "{path}: {}",
        String::from_utf8_lossy(&said.stderr)
    );
    String::from_utf8_lossy(&said.stdout).into_owned()
}

/// The texts of an answer.
pub(crate) fn texts(said: &str) -> impl Iterator<Item = &str> {
    said.split('\'').skip(1).step_by(2)
}
