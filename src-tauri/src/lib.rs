//! The shell: the window, its dialogs, and files dropped on it. It knows Tauri, passes everything on to the api, and
//! never decides anything.

mod again;
mod desktop;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tapline_api::wire::{problem::Problem, signal::Signal};
use tapline_api::{App, AppOptions, Host};
use tauri::plugin::TauriPlugin;
use tauri::{
    AppHandle, DragDropEvent, Manager as _, RunEvent, State, Url, WebviewWindowBuilder, Window, WindowEvent, Wry,
};
use tauri_plugin_window_state::StateFlags;

use desktop::{Desktop, MAIN};

/// Every command of the api, by name. The window may call this and nothing else.
#[tauri::command]
async fn call(app: State<'_, Arc<App>>, name: String, args: Value) -> Result<Value, Problem> {
    app.call(&name, args).await
}

/// Opens the window and returns when it is closed.
pub fn run() -> tauri::Result<()> {
    let options = AppOptions::from_env();
    let folder = options.as_ref().ok().map(|options| options.folder.clone());
    let built = tauri::Builder::default()
        // First, so that a second start ends before it opens the store.
        .plugin(single_instance(folder.as_deref()))
        .plugin(window_state(folder.as_deref()))
        .invoke_handler(tauri::generate_handler![call])
        .on_window_event(|window, event| match event {
            WindowEvent::DragDrop(drag) => dragged(window, drag),
            WindowEvent::CloseRequested { api, .. } if goes_on_without(window) => api.prevent_close(),
            _ => {}
        })
        .setup(move |tauri| {
            let host = Arc::new(Desktop::new(tauri.handle().clone()));
            match tauri::async_runtime::block_on(async { App::start(options?, host).await }) {
                Ok(app) => tauri.manage(app),
                Err(problem) => desktop::cannot_start(&problem.into()),
            };
            open_window(tauri.handle(), folder.as_deref())?;
            Ok(())
        })
        .build(tauri::generate_context!());
    if let Err(error) = &built
        && again::met_one_that_leaves(error)
    {
        again::start();
    }
    built?.run(|tauri, event| {
        if let (RunEvent::Exit, Some(app)) = (event, tauri.try_state::<Arc<App>>()) {
            // Before what takes time: a start from now on opens a window of its own.
            tauri_plugin_single_instance::destroy(tauri);
            tauri::async_runtime::block_on(app.shut_down());
        }
    });
    Ok(())
}

/// A window that is closed while runs go is hidden: the process carries them on, and ends when they have, unless the window
/// is shown again by then. A second start shows it.
fn goes_on_without(window: &Window) -> bool {
    let running = window.try_state::<Arc<App>>().filter(|app| app.is_running());
    let Some(app) = running.map(|app| Arc::clone(&app)) else {
        return false;
    };
    if window.hide().is_err() {
        return false;
    }
    let window = window.clone();
    tauri::async_runtime::spawn(async move {
        app.runs_ended().await;
        if !window.is_visible().unwrap_or(true) {
            window.app_handle().exit(0);
        }
    });
    true
}

/// One window per store: a second start shows the first one's. A store chosen by the environment counts as another.
fn single_instance(folder: Option<&Path>) -> TauriPlugin<Wry> {
    let plugin = tauri_plugin_single_instance::Builder::new().callback(|tauri, _arguments, _folder| {
        if let Some(window) = tauri.get_webview_window(MAIN) {
            let _ = window.unminimize();
            let _ = window.show();
            let _ = window.set_focus();
        }
    });
    let chosen = ["TAPLINE_STORE", "TAPLINE_ENDPOINT"]
        .map(std::env::var_os)
        .iter()
        .any(Option::is_some);
    match folder {
        Some(folder) if chosen => {
            let name = fnv(&folder.to_string_lossy());
            plugin.dbus_id(format!("dev.tapline.desktop.s{name:016x}")).build()
        }
        _ => plugin.build(),
    }
}

/// Where the window stood is kept beside the store, with everything else of Tapline's.
fn window_state(folder: Option<&Path>) -> TauriPlugin<Wry> {
    let state = tauri_plugin_window_state::Builder::default()
        .with_state_flags(StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED);
    match folder {
        Some(folder) => state
            .with_filename(folder.join("window.json").to_string_lossy())
            .build(),
        None => state.build(),
    }
}

/// Names a folder in a few letters that a bus accepts. The same folder has the same name on every start.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn open_window(tauri: &AppHandle, folder: Option<&Path>) -> tauri::Result<()> {
    let config = tauri
        .config()
        .app
        .windows
        .iter()
        .find(|window| window.label == MAIN)
        .ok_or(tauri::Error::WindowNotFound)?;
    let mut window = WebviewWindowBuilder::from_config(tauri, config)?.on_navigation(is_ours);
    if let Some(folder) = folder {
        window = window.data_directory(folder.join("webview"));
    }
    window.build()?;
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
    let Some(app) = window.try_state::<Arc<App>>() else {
        return;
    };
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
