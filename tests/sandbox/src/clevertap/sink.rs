//! An Upload API that counts instead of judging, for load: faithful in its protocol, in who may call and in how many calls
//! may be in flight; records are counted by their `"type"` and never read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{CleverTap, Slot};
use crate::reply::Reply;

/// How the sink answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sink {
    /// How long a call is kept before it is answered, its body read.
    pub latency_ms: u64,
    /// Whether the connection is closed after each answer, as the real one was seen to do.
    pub close: bool,
}

/// One upload, as the sink saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sunk {
    /// Microseconds since the sink was opened, when the body had arrived.
    pub arrived_us: u64,
    /// The same, when it was answered.
    pub answered_us: u64,
    pub records: u64,
    pub bytes: u64,
    /// Calls of the account in flight when this one arrived, itself among them.
    pub in_flight: usize,
    pub status: u16,
}

/// An open sink and what it has seen. Clones are handles on the same thing.
#[derive(Debug, Clone)]
pub(crate) struct OpenSink {
    how: Sink,
    opened: Instant,
    seen: Arc<Mutex<Vec<Sunk>>>,
}

impl OpenSink {
    fn new(how: Sink) -> Self {
        Self {
            how,
            opened: Instant::now(),
            seen: Arc::default(),
        }
    }

    pub(crate) async fn answer(&self, slot: &Slot, body: &[u8]) -> Reply {
        let arrived_us = self.now_us();
        let in_flight = slot.in_flight();
        let (status, records, reply) = if slot.over {
            (429, 0, super::upload::crowded())
        } else {
            let records = count(body);
            tokio::time::sleep(Duration::from_millis(self.how.latency_ms)).await;
            (200, records, counted(records))
        };
        self.seen().push(Sunk {
            arrived_us,
            answered_us: self.now_us(),
            records,
            bytes: body.len() as u64,
            in_flight,
            status,
        });
        if self.how.close {
            reply.with("connection", "close")
        } else {
            reply
        }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Sunk>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CleverTap {
    /// Counts uploads from now on instead of judging them, and forgets what an earlier sink saw. Nothing: judges again.
    pub fn sink(&self, how: Option<Sink>) {
        self.books().sink = how.map(OpenSink::new);
    }

    /// The uploads that the sink has answered, in that order.
    pub fn sunk(&self) -> Vec<Sunk> {
        self.books()
            .sink
            .as_ref()
            .map(|sink| sink.seen().clone())
            .unwrap_or_default()
    }

    pub(crate) fn open_sink(&self) -> Option<OpenSink> {
        self.books().sink.clone()
    }
}

/// Records by their `"type"`, which each has once.
fn count(body: &[u8]) -> u64 {
    memchr::memmem::find_iter(body, br#""type""#).count() as u64
}

fn counted(records: u64) -> Reply {
    let body = format!(r#"{{"status":"success","processed":{records},"unprocessed":[]}}"#);
    Reply::text(200, "application/json;charset=utf-8", body)
}
