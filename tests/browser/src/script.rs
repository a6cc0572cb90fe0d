//! The part of a desktop that a test plays: which file is picked, where a file is saved, which links were opened.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use tapline_api::wire::signal::Signal;
use tapline_api::{Host, Problem, Waiting};
use tokio::sync::broadcast;

/// Signals that a slow page may fall behind by before it loses some.
const BACKLOG: usize = 1024;

pub struct Script {
    answers: Mutex<VecDeque<Option<PathBuf>>>,
    links: Mutex<Vec<String>>,
    signals: broadcast::Sender<Signal>,
}

impl Script {
    pub fn new() -> Self {
        Self {
            answers: Mutex::default(),
            links: Mutex::default(),
            signals: broadcast::channel(BACKLOG).0,
        }
    }

    /// What the next dialog answers: a path, or nothing for a person who cancels.
    pub fn answer_next(&self, path: Option<PathBuf>) {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(path);
    }

    pub fn links(&self) -> Vec<String> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn listen(&self) -> broadcast::Receiver<Signal> {
        self.signals.subscribe()
    }

    /// A dialog that no test has answered counts as cancelled.
    fn answer(&self) -> Option<PathBuf> {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
            .flatten()
    }
}

impl Host for Script {
    fn pick_key_file(&self) -> Waiting<'_, Result<Option<PathBuf>, Problem>> {
        Box::pin(async { Ok(self.answer()) })
    }

    fn save_file<'a>(&'a self, _suggested_name: &'a str) -> Waiting<'a, Result<Option<PathBuf>, Problem>> {
        Box::pin(async { Ok(self.answer()) })
    }

    fn open_link<'a>(&'a self, url: &'a str) -> Waiting<'a, Result<(), Problem>> {
        self.links
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(url.to_owned());
        Box::pin(async { Ok(()) })
    }

    fn signal(&self, signal: Signal) {
        // Nobody listens before the page is open, and that is no failure.
        let _ = self.signals.send(signal);
    }
}
