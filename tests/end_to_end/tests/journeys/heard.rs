//! Everything that a host hears from the app: signals to wait for, and all words for the canary to search.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use tapline_api::wire::signal::Signal;
use tapline_api::{Host, Problem, Terminal, Waiting};
use tokio::sync::watch;

/// Far more than anything here takes: whoever waits longer waits for something that never comes.
const PATIENCE: Duration = Duration::from_secs(90);

/// A host that writes down what it hears.
pub struct Heard {
    signals: watch::Sender<Vec<Value>>,
    replies: Mutex<Vec<String>>,
    /// What the next dialog is answered with.
    save_to: Mutex<Option<PathBuf>>,
}

impl Heard {
    pub fn new() -> Self {
        Self {
            signals: watch::Sender::new(Vec::new()),
            replies: Mutex::default(),
            save_to: Mutex::default(),
        }
    }

    /// How many signals there were: a place to wait from.
    pub fn mark(&self) -> usize {
        self.signals.borrow().len()
    }

    /// The first signal since `mark` that is this one. Waits for it.
    pub async fn wait_from(&self, mark: usize, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let mut signals = self.signals.subscribe();
        let found = signals.wait_for(|signals| signals.iter().skip(mark).any(&is_it));
        let Ok(found) = tokio::time::timeout(PATIENCE, found).await else {
            let last = self.signals.borrow().last().cloned();
            panic!("no signal told of {what}; the last one was {last:?}");
        };
        let found = found.expect("the sender is here");
        found
            .iter()
            .skip(mark)
            .find(|signal| is_it(signal))
            .cloned()
            .unwrap_or_default()
    }

    /// Every signal since `mark`.
    pub fn since(&self, mark: usize) -> Vec<Value> {
        self.signals.borrow().iter().skip(mark).cloned().collect()
    }

    pub fn save_next_to(&self, path: PathBuf) {
        *self.save_to.lock().expect("no test panics here") = Some(path);
    }

    pub fn reply(&self, reply: &Value) {
        self.replies
            .lock()
            .expect("no test panics here")
            .push(reply.to_string());
    }

    /// Every word that left the app: signals and replies.
    pub fn words(&self) -> String {
        let mut words: Vec<String> = self.signals.borrow().iter().map(Value::to_string).collect();
        words.extend(self.replies.lock().expect("no test panics here").iter().cloned());
        words.join("\n")
    }
}

impl Host for Heard {
    fn pick_key_file(&self) -> Waiting<'_, Result<Option<PathBuf>, Problem>> {
        Terminal.refuse()
    }

    fn save_file<'a>(&'a self, _name: &'a str) -> Waiting<'a, Result<Option<PathBuf>, Problem>> {
        let path = self.save_to.lock().expect("no test panics here").take();
        Box::pin(async { Ok(path) })
    }

    fn open_link<'a>(&'a self, _url: &'a str) -> Waiting<'a, Result<(), Problem>> {
        Terminal.refuse()
    }

    fn signal(&self, signal: Signal) {
        self.signals.send_modify(|signals| signals.push(json!(signal)));
    }
}
