//! The open app, seen from a terminal: questions go in, signals come out, Ctrl-C is heard.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tapline_api::wire::problem::Problem;
use tapline_api::wire::signal::Signal;
use tapline_api::{App, AppOptions, Code, Host, Terminal, Waiting};
use tokio::sync::mpsc;

use crate::say::Manner;

pub struct Desk {
    pub app: Arc<App>,
    /// Whether the answer is for a program: then nothing is drawn.
    pub json: bool,
    /// Whether a problem is followed by the whole answer.
    pub verbose: bool,
    signals: mpsc::UnboundedReceiver<Signal>,
}

/// What happened while waiting.
pub enum Heard {
    Signal(Box<Signal>),
    /// Ctrl-C, or the system asks the process to end.
    Interrupt,
}

impl Desk {
    pub async fn open(manner: Manner) -> Result<Self, Problem> {
        let (send, signals) = mpsc::unbounded_channel();
        let options = AppOptions {
            attended: std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
            ..AppOptions::from_env()?
        };
        let app = App::start(options, Arc::new(Listening(send))).await?;
        Ok(Self {
            app,
            json: manner.json,
            verbose: manner.verbose,
            signals,
        })
    }

    /// Asks the counter.
    pub async fn ask<T: DeserializeOwned>(&self, name: &str, args: impl Serialize) -> Result<T, Problem> {
        let unread = |_| Problem::from(tapline_api::Problem::new(Code::Internal));
        let args = serde_json::to_value(args).map_err(unread)?;
        let reply = self.app.call(name, args).await?;
        serde_json::from_value(reply).map_err(unread)
    }

    /// Waits for the next signal, or for Ctrl-C.
    pub async fn hear(&mut self) -> Heard {
        tokio::select! {
            () = interrupted() => Heard::Interrupt,
            // The app holds the sender as long as it is open.
            Some(signal) = self.signals.recv() => Heard::Signal(Box::new(signal)),
        }
    }

    pub async fn close(self) {
        self.app.shut_down().await;
    }
}

#[cfg(unix)]
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// A terminal that listens.
struct Listening(mpsc::UnboundedSender<Signal>);

impl Host for Listening {
    fn pick_key_file(&self) -> Waiting<'_, Result<Option<PathBuf>, tapline_api::Problem>> {
        Terminal.refuse()
    }

    fn save_file<'a>(&'a self, _name: &'a str) -> Waiting<'a, Result<Option<PathBuf>, tapline_api::Problem>> {
        Terminal.refuse()
    }

    fn open_link<'a>(&'a self, _url: &'a str) -> Waiting<'a, Result<(), tapline_api::Problem>> {
        Terminal.refuse()
    }

    fn signal(&self, signal: Signal) {
        let _ = self.0.send(signal); // nobody listens any more: the command is ending
    }
}
