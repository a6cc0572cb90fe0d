//! One person's desk: a store, a HOME, a sandbox that stands for Google and CleverTap, and a keychain.

use std::path::{Path, PathBuf};
use std::process::Command;

use tapline_sandbox::{IssuedKey, Options, Sandbox};
use tempfile::TempDir;

use crate::{Hands, Window, bus};

/// Everything that a window is started with. Two windows on one desk see the same store.
pub struct Desk {
    pub sandbox: Sandbox,
    pub key: IssuedKey,
    folder: TempDir,
}

impl Desk {
    /// A desk whose key may do what the setup guide asks for. The sandbox answers without an SQL engine.
    pub async fn new() -> Self {
        let sandbox = Sandbox::start(Options::default())
            .await
            .expect("the sandbox starts on loopback");
        let key = sandbox.google().issue_working_key("tapline");
        let folder = tempfile::Builder::new()
            .prefix("desk")
            .tempdir()
            .expect("a folder for the desk");
        for part in ["home", "store"] {
            std::fs::create_dir(folder.path().join(part)).expect("the desk's folder can be written");
        }
        std::fs::write(folder.path().join("authority.pem"), sandbox.authority_pem()).expect("the authority is written");
        Self { sandbox, key, folder }
    }

    /// Where files that the person has lie, such as the key.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub fn key_file(&self) -> PathBuf {
        self.key.write_to(self.folder()).expect("the key file is written")
    }

    /// Adds the sandbox's dataset as a database by the native picker, tests it and saves it.
    pub async fn add_database(&self, window: &Window, name: &str) {
        window.press("Add Database").await;
        window.press("Choose a file").await;
        Hands
            .choose_file(&self.key_file(), "Choose a service account key")
            .await;
        self.finish_database(window, name).await;
    }

    /// The rest of the form, once the key is in: names, test, save.
    pub async fn finish_database(&self, window: &Window, name: &str) {
        window.sees("Goes to the keychain when you save.").await;
        window.holds("Project ID", "acme-dw", "the key fills the project").await;
        window.fill("Connection name", name).await;
        window.fill("Dataset ID", "shop").await;
        window.press("Test Connection").await;
        window.sees("The connection works").await;
        window.press("Save").await;
        window.sees("Create Import").await;
    }

    /// What the app reads from the environment, and a HOME of its own.
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("HOME", self.folder.path().join("home")),
            ("TAPLINE_STORE", self.store()),
            ("TAPLINE_ENDPOINT", self.sandbox.endpoint().into()),
            ("TAPLINE_CA", self.folder.path().join("authority.pem")),
        ]
    }
}

/// An entry of the keychain, without its secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub service: String,
    pub username: String,
}

impl Entry {
    /// The secret, byte for byte, as any other program of the person could read it.
    pub fn secret(&self) -> Vec<u8> {
        let looked = Command::new("secret-tool")
            .args(["lookup", "service", &self.service, "username", &self.username])
            .output();
        looked.expect("secret-tool is installed").stdout
    }
}

/// Every entry of the session's keychain.
pub fn keychain() -> Vec<Entry> {
    let items = property("/org/freedesktop/secrets/aliases/default", "Collection", "Items");
    let paths = bus::texts(&items).filter(|path| path.starts_with("/org/freedesktop/secrets/"));
    paths
        .map(|path| {
            let said = property(path, "Item", "Attributes");
            let words: Vec<_> = bus::texts(&said).collect();
            let named = |name: &str| {
                let pair = words.chunks(2).find(|pair| pair[0] == name);
                pair.and_then(|pair| pair.get(1))
                    .map_or_else(String::new, |value| (*value).to_owned())
            };
            Entry {
                service: named("service"),
                username: named("username"),
            }
        })
        .collect()
}

/// One property of the Secret Service.
fn property(path: &str, interface: &str, name: &str) -> String {
    let interface = format!("org.freedesktop.Secret.{interface}");
    let method = "org.freedesktop.DBus.Properties.Get";
    bus::call("org.freedesktop.secrets", path, method, &[&interface, name])
}

/// Every file under `folder` that holds one of `needles`.
pub fn traces_of(needles: &[&[u8]], folder: &Path) -> Vec<PathBuf> {
    let mut traces = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return traces;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            traces.extend(traces_of(needles, &path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            let holds = |needle: &&[u8]| bytes.windows(needle.len()).any(|part| part == *needle);
            if needles.iter().any(holds) {
                traces.push(path);
            }
        }
    }
    traces
}
