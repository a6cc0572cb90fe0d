//! The real window with the real keychain.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tapline_desktop_tests::{
    Desk, Hands, Window, keychain, leaving, name_on_the_bus, one_window_called, process_of, traces_of,
};
use tapline_sandbox::{Column, Matcher};

#[tokio::test]
async fn the_window_reaches_the_engine_and_nothing_else_of_the_shell() {
    let desk = Desk::new().await;
    let window = Window::open(&desk).await;
    let about = invoke(&window, "call", "{name: 'about', args: null}").await;
    assert!(
        about.contains("\"version\""),
        "the api answers through the one command: {about}"
    );
    for closed in [
        "plugin:window|close",
        "plugin:opener|open_url",
        "plugin:event|emit",
        "plugin:window-state|save_window_state",
    ] {
        let said = invoke(&window, closed, "{}").await;
        assert!(
            said.contains("not allowed") || said.contains("not found"),
            "{closed} says {said}"
        );
    }
    window.close().await;
}

async fn invoke(window: &Window, command: &str, arguments: &str) -> String {
    let script = format!(
        "const done = arguments[0];\
         window.__TAURI_INTERNALS__.invoke('{command}', {arguments})\
           .then((reply) => done(JSON.stringify(reply)), (refusal) => done(JSON.stringify(refusal)))"
    );
    window
        .run_and_wait(&script)
        .await
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn a_database_dropped_on_the_window_is_there_after_a_restart_and_its_secret_in_the_keychain_alone() {
    let desk = Desk::new().await;
    let before = keychain();
    let window = Window::open(&desk).await;
    window.press("Add Database").await;
    Hands
        .drop_file(&desk.key_file(), "Tapline", async || {
            window.shows("Let go to read the key").await
        })
        .await;
    desk.finish_database(&window, "shop-prod").await;
    window.picture("saved").await;
    let page = window.everything().await;
    window.close().await;

    let added: Vec<_> = keychain().into_iter().filter(|entry| !before.contains(entry)).collect();
    let [entry] = &added[..] else {
        panic!("one key makes one entry, not {added:?}")
    };
    assert_eq!(
        entry.secret(),
        desk.key.der(),
        "the keychain holds the private key, and nothing but it"
    );
    // The key as text, in pieces that survive any way of wrapping lines, and as the bytes that the keychain keeps.
    let text = desk.key.json();
    let body = text.split_once("KEY-----\\n").map_or(text, |(_, body)| body);
    let piece = body.get(..40).unwrap_or(body).to_owned();
    let middle = &desk.key.der()[100..140];
    assert!(!page.contains(&piece), "the page never holds the key");
    std::fs::remove_file(desk.key_file()).expect("the key file is the person's own, and is set aside");
    let traces = traces_of(&[piece.as_bytes(), middle], desk.folder());
    assert!(
        traces.is_empty(),
        "the key is nowhere on the disk but in the keychain, yet stands in {traces:?}"
    );

    let window = Window::open(&desk).await;
    window.sees("shop-prod").await;
    window.press("shop-prod").await;
    window.sees("Key in the keychain").await;
    window.press("Test Connection").await;
    window.sees("The connection works").await;
    window.picture("restarted").await;
    window.close().await;
}

#[tokio::test]
async fn a_database_can_be_added_by_the_native_picker_and_a_picker_that_is_closed_changes_nothing() {
    let desk = Desk::new().await;
    let window = Window::open(&desk).await;
    window.press("Add Database").await;
    window.fill("Connection name", "typed before").await;
    window.press("Choose a file").await;
    Hands.dismiss("Choose a service account key").await;
    window
        .holds("Connection name", "typed before", "nothing typed is lost")
        .await;
    window.press("Choose a file").await;
    Hands
        .choose_file(&desk.key_file(), "Choose a service account key")
        .await;
    desk.finish_database(&window, "picked").await;
    window.close().await;
}

#[tokio::test]
async fn a_second_start_on_the_same_store_shows_the_window_that_is_there() {
    let desk = Desk::new().await;
    let window = Window::open(&desk).await;
    window.sees("Connections").await;
    start_again(&desk);
    one_window_called("Tapline").await;
    window.close().await;
}

fn start_again(desk: &Desk) {
    let second = Command::new(Window::program())
        .envs(desk.environment())
        .stdin(Stdio::null())
        .status()
        .expect("the app starts");
    assert!(second.success(), "the second start ends by itself");
}

#[tokio::test]
async fn a_window_that_is_closed_while_a_run_goes_is_hidden_and_its_process_ends_when_the_run_has() {
    let desk = Desk::new().await;
    let window = Window::open(&desk).await;
    add_import(&desk, &window, 3_000).await;
    let gate = desk.sandbox.hold(Matcher::path("/clevertap/in1/1/upload").skip(1));
    window.run("location.hash = '#/imports'").await;
    window.press("Run People").await;
    gate.arrived(1).await;
    window.sees("Pause").await;

    let process = process_of("Tapline").await;
    Hands.close_window("Tapline").await;
    assert!(process.goes(), "the run goes on without the window");
    start_again(&desk);
    one_window_called("Tapline").await;
    window.sees("Pause").await;
    assert!(process.goes(), "a second start shows the same window, with its run");

    Hands.close_window("Tapline").await;
    assert!(process.goes(), "closed again, it is hidden again");
    gate.open();
    process.ended().await;
    assert_eq!(
        desk.sandbox.clevertap().profiles().len(),
        3_000,
        "every row has arrived"
    );
    drop(window);

    let window = Window::open(&desk).await;
    window.run("location.hash = '#/runs'").await;
    window.sees("Completed").await;
    window.close().await;
}

#[tokio::test]
async fn a_start_that_meets_a_window_on_its_way_out_opens_one_of_its_own() {
    let desk = Desk::new().await;
    let window = Window::open(&desk).await;
    window.sees("Connections").await;
    let name = name_on_the_bus();
    window.close().await;
    let _leaving = leaving(&name);
    let window = Window::open(&desk).await;
    window.sees("Connections").await;
    window.close().await;
}

/// A connection, an account and an import of so many people, all but the first past the forms.
async fn add_import(desk: &Desk, window: &Window, people: u64) {
    let columns = [Column::new("id", "STRING"), Column::new("email", "STRING")];
    let rows = (1..=people).map(|n| vec![Some(format!("u{n}")), Some(format!("u{n}@example.com"))]);
    desk.sandbox.google().serve_canned("shop", "customers", &columns, rows);
    let account = desk.sandbox.clevertap().open_account("in1");
    desk.add_database(window, "shop-prod").await;
    ask(
        window,
        "accounts.save",
        &json!({"id": null, "name": "Shop", "account_id": account.account_id, "region": "india", "passcode": account.passcode}),
    )
    .await;
    ask(
        window,
        "imports.save",
        &json!({"id": null, "draft": false, "plan": {
            "version": 1, "nickname": "People", "database": "shop-prod", "account": "Shop",
            "source": {"table": "customers"}, "records": "profiles", "identity": {"column": "id"},
            "properties": [{"column": "email", "name": "Email", "type": "string"}],
        }}),
    )
    .await;
}

/// Asks the engine as the page does.
async fn ask(window: &Window, name: &str, args: &Value) {
    let said = invoke(window, "call", &format!("{{name: '{name}', args: {args}}}")).await;
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert!(said.get("code").is_none(), "{name} was refused: {said:#}");
}
