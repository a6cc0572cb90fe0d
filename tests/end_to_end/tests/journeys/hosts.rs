//! Nobody but the sandbox is ever asked.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use crate::world::{World, profiles_plan};

/// A proxy on loopback that lets nobody through, and writes down who was asked for.
struct Trap {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Trap {
    async fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut line = String::new();
                let _ = BufReader::new(&mut socket).read_line(&mut line).await; // half a line is asked too
                book.lock().expect("no panic here").push(line);
                let _ = socket
                    .write_all(b"HTTP/1.1 502 Nobody\r\ncontent-length: 0\r\n\r\n")
                    .await;
            }
        });
        Self { address, asked }
    }

    /// Every way in which a system names its proxy.
    fn environment(&self) -> Vec<(&'static str, &str)> {
        ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
            .map(|name| (name, self.address.as_str()))
            .to_vec()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic here").clone()
    }
}

#[tokio::test]
async fn a_whole_journey_asks_nobody_but_the_sandbox() {
    let world = World::new().await;
    world.serve_customers(5);
    let trap = Trap::set().await;
    let environment = trap.environment();
    let key = world.key();
    let account = world.sandbox.clevertap().open_account("in1");
    let plan = profiles_plan("People", "shop-prod", "Shop").to_string();
    for (args, stdin) in [
        (
            vec![
                "connections",
                "add",
                "--name",
                "shop-prod",
                "--dataset",
                "acme-dw.shop",
                "--key",
                "-",
            ],
            key.json(),
        ),
        (vec!["connections", "test", "shop-prod"], ""),
        (
            vec![
                "accounts",
                "add",
                "--name",
                "Shop",
                "--account-id",
                &account.account_id,
                "--region",
                "india",
                "--passcode-file",
                "-",
            ],
            account.passcode.as_str(),
        ),
        (vec!["imports", "add", "--plan", "-"], plan.as_str()),
        (vec!["imports", "run", "People"], ""),
        (vec!["about"], ""),
    ] {
        let ended = world.tapline_with(&args, stdin, &environment).await;
        assert_eq!(ended.status, 0, "{args:?}: {ended:?}");
    }
    assert_eq!(
        world.sandbox.clevertap().counts().profile_records,
        5,
        "the journey was made"
    );
    assert_eq!(trap.asked(), Vec::<String>::new(), "and led nowhere else");
    let here = world.sandbox.endpoint().trim_start_matches("https://").to_owned();
    let names: BTreeSet<_> = world
        .sandbox
        .calls()
        .iter()
        .filter_map(|call| call.headers.get("host").cloned())
        .filter(|host| *host != here)
        .collect();
    assert!(names.is_empty(), "nobody is asked under another name: {names:?}");
}

#[tokio::test]
async fn the_trap_catches_whoever_asks_google_itself() {
    let world = World::new().await;
    let trap = Trap::set().await;
    let mut environment = trap.environment();
    environment.push(("TAPLINE_ENDPOINT", "")); // as if it were not set: Google itself
    let key = world.key();
    let add = [
        "--json",
        "connections",
        "add",
        "--name",
        "real",
        "--dataset",
        "acme-dw.shop",
        "--key",
        "-",
        "--keep-no-key",
    ];
    let ended = world.tapline_with(&add, key.json(), &environment).await;
    assert_ne!(ended.status, 0, "nobody is let through: {ended:?}");
    let asked = trap.asked();
    assert!(
        asked
            .iter()
            .any(|line| line.starts_with("CONNECT oauth2.googleapis.com:443 ")),
        "otherwise the other test could not fail: {asked:?}"
    );
    assert!(world.sandbox.calls().is_empty(), "a real store never asks a sandbox");
}
