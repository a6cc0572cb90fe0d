//! The shell: the window, its dialogs, and files dropped on it. It knows Tauri, passes everything on to the api, and
//! never decides anything.

mod desktop;

use std::sync::Arc;

use serde_json::Value;
use tapline_api::wire::{problem::Problem, signal::Signal};
use tapline_api::{App, AppOptions, Host};
use tauri::{AppHandle, DragDropEvent, Manager as _, RunEvent, State, Url, WebviewWindowBuilder, Window, WindowEvent};
use tauri_plugin_window_state::StateFlags;

use desktop::{Desktop, MAIN};

/// Every command of the api, by name. The window may call this and nothing else.
#[tauri::command]
async fn call(app: State<'_, Arc<App>>, name: String, args: Value) -> Result<Value, Problem> {
    app.call(&name, args).await
}

/// Opens the window and returns when it is closed.
pub fn run() -> tauri::Result<()> {
    let remembered = StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED;
    tauri::Builder::default()
        // First, so that a second start ends before it opens the store.
        .plugin(single_instance())
        .plugin(
            tauri_plugin_window_state::Builder::default()
                .with_state_flags(remembered)
                .build(),
        )
        .invoke_handler(tauri::generate_handler![call])
        .on_window_event(|window, event| {
            if let WindowEvent::DragDrop(drag) = event {
                dragged(window, drag);
            }
        })
        .setup(|tauri| {
            let host = Arc::new(Desktop::new(tauri.handle().clone()));
            let started = tauri::async_runtime::block_on(async { App::start(AppOptions::from_env()?, host).await });
            match started {
                Ok(app) => tauri.manage(app),
                Err(problem) => desktop::cannot_start(&Problem::from(problem)),
            };
            open_window(tauri.handle())?;
            Ok(())
        })
        .build(tauri::generate_context!())?
        .run(|tauri, event| {
            if let (RunEvent::Exit, Some(app)) = (event, tauri.try_state::<Arc<App>>()) {
                tauri::async_runtime::block_on(app.shut_down());
            }
        });
    Ok(())
}

/// One window per store: a second start shows the first one's. A store chosen by the environment counts as another.
fn single_instance() -> tauri::plugin::TauriPlugin<tauri::Wry> {
    let plugin = tauri_plugin_single_instance::Builder::new().callback(|tauri, _arguments, _folder| {
        if let Some(window) = tauri.get_webview_window(MAIN) {
            let _ = window.unminimize();
            let _ = window.show();
            let _ = window.set_focus();
        }
    });
    match AppOptions::from_env() {
        Ok(options) if std::env::var_os("TAPLINE_STORE").is_some() || options.endpoint.is_some() => {
            let folder = options.folder.to_string_lossy();
            plugin.dbus_id(format!("dev.tapline.desktop.s{:016x}", fnv(&folder))).build()
        }
        _ => plugin.build(),
    }
}

/// Names a folder in a few letters that a bus accepts. The same folder has the same name on every start.
fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn open_window(tauri: &AppHandle) -> tauri::Result<()> {
    let config = tauri
        .config()
        .app
        .windows
        .iter()
        .find(|window| window.label == MAIN)
        .ok_or(tauri::Error::WindowNotFound)?;
    WebviewWindowBuilder::from_config(tauri, config)?
        .on_navigation(is_ours)
        .build()?;
    Ok(())
}

/// The window shows the app's own pages alone. Links to consoles go to the browser, through the api.
fn is_ours(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => true,
        "http" | "https" if url.host_str() == Some("tauri.localhost") => true,
        "http" => cfg!(dev) && url.host_str() == Some("localhost"),
        _ => false,
    }
}

/// Only files count: text that is dragged within the window has no path.
fn dragged(window: &Window, drag: &DragDropEvent) {
    let Some(app) = window.try_state::<Arc<App>>() else { return };
    let over = |over| Desktop::new(window.app_handle().clone()).signal(Signal::DragOver(over));
    match drag {
        DragDropEvent::Enter { paths, .. } if !paths.is_empty() => over(true),
        DragDropEvent::Leave => over(false),
        DragDropEvent::Drop { paths, .. } => {
            over(false);
            if let Some(path) = paths.first().cloned() {
                let app = Arc::clone(&app);
                tauri::async_runtime::spawn(async move { app.key_dropped(path).await });
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{fnv, is_ours};

    #[test]
    fn the_window_stays_on_its_own_pages() {
        for (url, ours) in [
            ("tauri://localhost/index.html", true),
            ("http://tauri.localhost/", true),
            ("https://console.cloud.google.com/", false),
            ("file:///etc/passwd", false),
            ("data:text/html,hello", false),
            ("http://tauri.localhost.evil.example/", false),
        ] {
            assert_eq!(is_ours(&url.parse().expect("a URL")), ours, "{url}");
        }
    }

    #[test]
    fn two_stores_have_two_names_on_the_bus() {
        assert_ne!(fnv("/a"), fnv("/b"), "each store has a window of its own");
        assert_eq!(fnv("/a"), fnv("/a"), "and a second start finds the first");
    }
}
