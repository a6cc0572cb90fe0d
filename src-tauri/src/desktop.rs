//! What only a desktop can answer: dialogs, the person's browser, the window that listens.

use std::path::PathBuf;

use tapline_api::wire::{problem::Problem as WireProblem, signal::Signal};
use tapline_api::{Host, Problem, Waiting};
use tauri::{AppHandle, Emitter as _, Manager as _, WebviewWindow};
use tokio::sync::oneshot;

/// The label of the one window.
pub const MAIN: &str = "main";

pub struct Desktop {
    tauri: AppHandle,
}

impl Desktop {
    pub fn new(tauri: AppHandle) -> Self {
        Self { tauri }
    }

    /// Opens a dialog on the main thread, as every toolkit demands, and waits for it off that thread. A window that is
    /// gone counts as a person who cancels.
    async fn ask<F>(&self, open: impl FnOnce(Option<&WebviewWindow>) -> F + Send + 'static) -> Option<PathBuf>
    where
        F: Future<Output = Option<rfd::FileHandle>> + Send + 'static,
    {
        let (send, receive) = oneshot::channel();
        let window = self.tauri.get_webview_window(MAIN);
        self.tauri
            .run_on_main_thread(move || {
                let _ = send.send(open(window.as_ref()));
            })
            .ok()?;
        let chosen = receive.await.ok()?.await?;
        Some(chosen.path().to_owned())
    }
}

fn dialog(title: &str, window: Option<&WebviewWindow>) -> rfd::AsyncFileDialog {
    let dialog = rfd::AsyncFileDialog::new().set_title(title);
    match window {
        Some(window) => dialog.set_parent(window),
        None => dialog,
    }
}

impl Host for Desktop {
    fn pick_key_file(&self) -> Waiting<'_, Result<Option<PathBuf>, Problem>> {
        Box::pin(async {
            let open = |window: Option<&WebviewWindow>| {
                dialog("Choose a service account key", window)
                    .add_filter("Service account key (JSON)", &["json"])
                    .add_filter("All files", &["*"])
                    .pick_file()
            };
            Ok(self.ask(open).await)
        })
    }

    fn save_file<'a>(&'a self, suggested_name: &'a str) -> Waiting<'a, Result<Option<PathBuf>, Problem>> {
        let name = suggested_name.to_owned();
        Box::pin(async {
            let open = |window: Option<&WebviewWindow>| dialog("Save as", window).set_file_name(name).save_file();
            Ok(self.ask(open).await)
        })
    }

    fn open_link<'a>(&'a self, url: &'a str) -> Waiting<'a, Result<(), Problem>> {
        let url = url.to_owned();
        Box::pin(async move {
            let opened = tauri::async_runtime::spawn_blocking(move || tauri_plugin_opener::open_url(url, None::<&str>));
            if let Ok(Err(error)) = opened.await {
                tracing::warn!(target: "tapline", %error, "no browser opened");
            }
            Ok(())
        })
    }

    fn signal(&self, signal: Signal) {
        if let Err(error) = self.tauri.emit_to(MAIN, "signal", signal) {
            tracing::warn!(target: "tapline", %error, "a signal did not reach the window");
        }
    }
}

/// Says why there is no window, then ends.
pub fn cannot_start(problem: &WireProblem) -> ! {
    let words = format!(
        "{}\n\n{}",
        problem.explanation,
        problem.command.as_deref().unwrap_or_default()
    );
    eprintln!("{}\n{words}", problem.title);
    rfd::MessageDialog::new()
        .set_level(rfd::MessageLevel::Error)
        .set_title("Tapline cannot start")
        .set_description(format!("{}\n\n{words}", problem.title))
        .show();
    std::process::exit(1)
}
