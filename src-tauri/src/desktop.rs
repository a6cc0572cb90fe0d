//! What only a desktop can answer: dialogs, the person's browser, the window that listens.

use std::fmt::Display;
use std::path::PathBuf;

use tapline_api::wire::{problem::Problem as WireProblem, signal::Signal};
use tapline_api::{Code, Fact, Host, Problem, Waiting};
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
        Box::pin(open_with(url, |url| tauri_plugin_opener::open_url(url, None::<&str>)))
    }

    fn signal(&self, signal: Signal) {
        if let Err(error) = self.tauri.emit_to(MAIN, "signal", signal) {
            tracing::warn!(target: "tapline", %error, "a signal did not reach the window");
        }
    }
}

/// Opens a page off the async threads, and says where no browser came.
async fn open_with<E: Display + Send + 'static>(
    url: String,
    open: impl FnOnce(String) -> Result<(), E> + Send + 'static,
) -> Result<(), Problem> {
    let opened = tauri::async_runtime::spawn_blocking(move || open(url).map_err(|error| error.to_string()));
    let failed = match opened.await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error,
        Err(error) => error.to_string(),
    };
    tracing::warn!(target: "tapline", error = failed, "no browser opened");
    Err(Problem::new(Code::LinkNotOpened).with(Fact::Detail, failed))
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

#[cfg(test)]
mod tests {
    use super::open_with;
    use tapline_api::{Code, Fact};

    #[tokio::test]
    async fn a_browser_that_does_not_open_is_told() {
        let page = || "https://docs.clevertap.com/".to_owned();
        let opened = open_with::<&str>(page(), |_| Ok(())).await;
        assert!(opened.is_ok(), "a page that opens is no problem: {opened:?}");
        let refused = open_with(page(), |_| Err("xdg-open was not found")).await;
        let problem = refused.expect_err("nothing opened");
        assert_eq!(problem.code(), Code::LinkNotOpened, "{problem}");
        assert_eq!(problem.facts().get(Fact::Detail), Some("xdg-open was not found"));
        let broken = open_with::<&str>(page(), |_| panic!("on purpose")).await;
        assert!(broken.is_err(), "nor is a fault taken for a page that is open");
    }
}
