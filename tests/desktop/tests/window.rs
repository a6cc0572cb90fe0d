//! The real window with the real keychain.

use tapline_desktop_tests::{Desk, Window};

#[tokio::test]
async fn the_window_reaches_the_engine_and_nothing_else_of_the_shell() {
    let desk = Desk::new().await;
    let window = Window::open(&desk).await;
    let about = window
        .run_and_wait(
            "const done = arguments[0];\
             window.__TAURI_INTERNALS__.invoke('call', {name: 'about', args: null})\
               .then((reply) => done({reply}), (refusal) => done({refusal}))",
        )
        .await;
    assert!(
        about["reply"]["version"].is_string(),
        "the api answers through the one command: {about}"
    );
    for closed in [
        "plugin:window|close",
        "plugin:opener|open_url",
        "plugin:event|emit",
        "plugin:window-state|save_window_state",
    ] {
        let script = format!(
            "const done = arguments[0];\
             window.__TAURI_INTERNALS__.invoke('{closed}', {{}}).then(() => done('answered'), (refusal) => done(String(refusal)))"
        );
        let said = window.run_and_wait(&script).await;
        assert!(
            said.as_str().is_some_and(|said| said.contains("not allowed")),
            "{closed} says {said}"
        );
    }
    window.close().await;
}
