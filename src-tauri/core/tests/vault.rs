//! The vault on a real Secret Service. Runs in `scripts/desktop-session`, which gives it a session bus and an unlocked
//! keyring of its own.

#![cfg(target_os = "linux")]

use std::process::Command;
use std::time::Instant;

use tapline_core::ground::problem::Code;
use tapline_core::ground::secret::Secret;
use tapline_core::vault::{Attendance, Kind, MOST_BYTES, Vault, VaultError, new_entry};

/// A vault under a namespace of its own, so that tests can run side by side.
fn vault() -> (Vault, String) {
    assert!(
        std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some(),
        "this test needs a session bus with a keyring: run it through scripts/desktop-session"
    );
    let namespace = format!("dev.tapline.test.{}", uuid::Uuid::now_v7());
    (Vault::new(namespace.clone()), namespace)
}

fn secret(bytes: &[u8]) -> Secret<Vec<u8>> {
    Secret::new(bytes.to_vec())
}

/// What another program sees in the keychain.
fn seen_by_others(namespace: &str, entry: &str) -> Vec<u8> {
    let output = Command::new("secret-tool")
        .args(["lookup", "service", namespace, "username", entry])
        .output()
        .expect("secret-tool is installed with the other test tools");
    output.stdout
}

#[tokio::test]
async fn a_secret_is_really_in_the_keychain_and_really_gone() {
    let (vault, namespace) = vault();
    let entry = new_entry(Kind::Key);
    let bytes: Vec<u8> = (0..=255).cycle().take(MOST_BYTES).collect();
    vault.put(&entry, secret(&bytes), Attendance::Unattended).await.unwrap();

    let lent = vault
        .lend(&entry, Attendance::Unattended, <[u8]>::to_vec)
        .await
        .unwrap();
    assert!(lent == bytes, "every byte comes back, zero and 255 too");
    assert_eq!(
        seen_by_others(&namespace, &entry).len(),
        bytes.len(),
        "the keychain itself holds it, for its owner to see"
    );
    assert!(
        vault.exists(&entry, Attendance::Unattended).await.unwrap(),
        "it is there"
    );

    vault.delete(&entry, Attendance::Unattended).await.unwrap();
    assert!(
        !vault.exists(&entry, Attendance::Unattended).await.unwrap(),
        "it is gone"
    );
    assert_eq!(seen_by_others(&namespace, &entry), b"", "for everybody");
    let missing = vault.lend(&entry, Attendance::Unattended, <[u8]>::len).await;
    assert!(matches!(missing, Err(VaultError::Missing)), "got {missing:?}");
    vault
        .delete(&entry, Attendance::Unattended)
        .await
        .expect("what is gone is gone, twice too");
}

#[tokio::test]
async fn writing_over_a_secret_leaves_one() {
    let (vault, namespace) = vault();
    let entry = new_entry(Kind::Passcode);
    for text in ["first", "second"] {
        vault
            .put(&entry, secret(text.as_bytes()), Attendance::Unattended)
            .await
            .unwrap();
    }
    assert_eq!(seen_by_others(&namespace, &entry), b"second", "the newer one holds");
    vault.delete(&entry, Attendance::Unattended).await.unwrap();
    assert_eq!(seen_by_others(&namespace, &entry), b"", "and no older one was left");
}

#[tokio::test]
async fn a_secret_that_windows_could_not_keep_is_refused_here_too() {
    let (vault, namespace) = vault();
    let entry = new_entry(Kind::Key);
    let refused = vault
        .put(&entry, secret(&vec![7; MOST_BYTES + 1]), Attendance::Attended)
        .await
        .expect_err("it is one byte too long");
    assert_eq!(refused.problem().code(), Code::SecretTooLong, "got {refused:?}");
    assert_eq!(
        seen_by_others(&namespace, &entry),
        b"",
        "nothing was written, not even a part"
    );
}

#[tokio::test]
async fn a_probe_leaves_nothing_behind() {
    let (vault, namespace) = vault();
    vault.probe().await.unwrap();
    let output = Command::new("secret-tool")
        .args(["search", "--all", "service", &namespace])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "the probe's entry is gone");
}

#[tokio::test]
async fn a_given_secret_is_lent_and_never_stored() {
    let (vault, namespace) = vault();
    let entry = new_entry(Kind::Key);
    vault.give(&entry, secret(b"given on a server"));
    let lent = vault
        .lend(&entry, Attendance::Unattended, <[u8]>::to_vec)
        .await
        .unwrap();
    assert_eq!(lent, b"given on a server", "it serves like a stored one");
    assert_eq!(seen_by_others(&namespace, &entry), b"", "the keychain never saw it");
}

/// Asks the keychain in a process of its own, whose session bus is what `prepare` made of it.
fn answer_on_a_bus_of_its_own(bus: &[&str], prepare: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    let script =
        format!("{prepare}\nexec \"$0\" --exact each_state_of_a_keychain_has_a_problem_of_its_own --nocapture");
    let output = Command::new("dbus-run-session")
        .args(bus)
        .args(["--", "bash", "-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path().join("data"))
        .env("XDG_RUNTIME_DIR", home.path())
        .env("TAPLINE_VAULT_ANSWER", "asked")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .expect("dbus-run-session is installed with the other test tools");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.lines()
        .find_map(|line| line.split_once("the vault says ").map(|(_, code)| code.to_owned()))
        .unwrap_or_else(|| panic!("no answer: {said}\n{}", String::from_utf8_lossy(&output.stderr)))
}

/// A session bus that can start nothing.
const BARE_BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>"#;

const LOCKED_KEYRING: &str = "printf %s a-password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
gdbus call --session --dest org.freedesktop.secrets --object-path /org/freedesktop/secrets \
  --method org.freedesktop.Secret.Service.Lock \"['/org/freedesktop/secrets/collection/login']\" >/dev/null";

#[tokio::test]
async fn each_state_of_a_keychain_has_a_problem_of_its_own() {
    if std::env::var_os("TAPLINE_VAULT_ANSWER").is_some() {
        let started = Instant::now();
        let code = match Vault::new("dev.tapline.test.state".to_owned()).probe().await {
            Ok(()) => "usable",
            Err(error) => error.problem().code().as_str(),
        };
        let waited = started.elapsed().as_secs() >= 4;
        println!("the vault says {code}{}", if waited { " after waiting" } else { "" });
        return;
    }
    let _ = vault();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("bus.conf");
    std::fs::write(&config, BARE_BUS).unwrap();
    let bare = format!("--config-file={}", config.display());
    let rows = [
        (
            "no bus at all",
            vec![],
            "export DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere/bus",
            Code::KeychainNoService,
        ),
        (
            "a bus without a keychain",
            vec![bare.as_str()],
            "",
            Code::KeychainNoService,
        ),
        (
            "a keychain without a keyring",
            vec![],
            "gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1",
            Code::KeychainNoKeyring,
        ),
        ("a locked keyring", vec![], LOCKED_KEYRING, Code::KeychainLocked),
    ];
    for (state, bus, prepare, code) in rows {
        assert_eq!(answer_on_a_bus_of_its_own(&bus, prepare), code.as_str(), "for {state}");
    }
}
