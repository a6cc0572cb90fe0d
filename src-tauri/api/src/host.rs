//! What only a host can do: show a dialog, open a browser, reach a window. One small trait, so that the window, the
//! browser tests and the terminal are obviously alike.

use std::path::PathBuf;
use std::pin::Pin;

use tapline_core::ground::problem::{Code, Problem};

use crate::wire::signal::Signal;

/// An answer that comes when a person, or the network, has given it.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The program around the app: a window, a test's browser, a terminal.
pub trait Host: Send + Sync + 'static {
    /// Asks which key file to read. Nothing where the person cancels.
    fn pick_key_file(&self) -> Waiting<'_, Result<Option<PathBuf>, Problem>>;

    /// Asks where to save a file, proposing a name. Nothing where the person cancels.
    fn save_file<'a>(&'a self, suggested_name: &'a str) -> Waiting<'a, Result<Option<PathBuf>, Problem>>;

    /// Opens a page in the person's browser. Called with allowed addresses only.
    fn open_link<'a>(&'a self, url: &'a str) -> Waiting<'a, Result<(), Problem>>;

    /// Passes a signal on. Must not block; may drop it where nobody listens.
    fn signal(&self, signal: Signal);
}

/// A host without a window: it cannot ask, and nobody listens.
pub struct Terminal;

impl Terminal {
    /// What a terminal answers to a question for a window.
    pub fn refuse<'a, T: Send + 'a>(self) -> Waiting<'a, Result<T, Problem>> {
        Box::pin(async { Err(Problem::new(Code::WindowNeeded)) })
    }
}

impl Host for Terminal {
    fn pick_key_file(&self) -> Waiting<'_, Result<Option<PathBuf>, Problem>> {
        Self.refuse()
    }

    fn save_file<'a>(&'a self, _suggested_name: &'a str) -> Waiting<'a, Result<Option<PathBuf>, Problem>> {
        Self.refuse()
    }

    fn open_link<'a>(&'a self, _url: &'a str) -> Waiting<'a, Result<(), Problem>> {
        Self.refuse()
    }

    fn signal(&self, _signal: Signal) {}
}
