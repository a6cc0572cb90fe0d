//! What was asked of the sandbox, in order, with secrets left out.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hyper::{HeaderMap, Method, Uri, Version};
use serde::{Deserialize, Serialize};

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Counts from 1 in order of arrival.
    pub number: u64,
    pub method: String,
    /// Still percent-encoded, as it travelled.
    pub path: String,
    /// Without the question mark; empty where there is none.
    pub query: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub protocol: String,
    /// Names in lower case. Tokens and passcodes are replaced by `(left out)`.
    pub headers: BTreeMap<String, String>,
    /// The body as text. Signatures of key assertions are left out.
    pub body: String,
    /// The service account that a valid bearer token belongs to.
    pub member: Option<String>,
    /// The name of the fault that was played, if any.
    pub fault: Option<String>,
    /// `None` while the answer is outstanding, or for good where the connection was cut.
    pub status: Option<u16>,
    /// Microseconds since the sandbox started.
    pub started_us: u64,
    /// Set once the answer, or the cut, is decided.
    pub ended_us: Option<u64>,
}

impl Call {
    /// The body as JSON, or null where it is not JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Every call since the start.
#[derive(Debug)]
pub(crate) struct Journal {
    started: Instant,
    calls: Mutex<Vec<Call>>,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            calls: Mutex::default(),
        }
    }

    pub(crate) fn all(&self) -> Vec<Call> {
        self.calls().clone()
    }

    pub(crate) fn open(&self, method: &Method, uri: &Uri, version: Version, headers: &HeaderMap) -> Call {
        let started_us = self.elapsed_us();
        let mut calls = self.calls();
        let call = Call {
            number: calls.len() as u64 + 1,
            method: method.to_string(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            protocol: format!("{version:?}"),
            headers: headers
                .iter()
                .map(|(name, value)| (name.to_string(), shown(name.as_str(), value)))
                .collect(),
            body: String::new(),
            member: None,
            fault: None,
            status: None,
            started_us,
            ended_us: None,
        };
        calls.push(call.clone());
        call
    }

    pub(crate) fn change(&self, number: u64, change: impl FnOnce(&mut Call)) {
        let mut calls = self.calls();
        let index = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        if let Some(call) = calls.get_mut(index) {
            change(call);
        }
    }

    pub(crate) fn close(&self, number: u64, status: Option<u16>) {
        let ended = self.elapsed_us();
        self.change(number, |call| {
            call.status = status;
            call.ended_us = Some(ended);
        });
    }

    fn elapsed_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shown(name: &str, value: &hyper::header::HeaderValue) -> String {
    match name {
        "authorization" | "x-clevertap-passcode" | "proxy-authorization" | "cookie" => "(left out)".into(),
        _ => String::from_utf8_lossy(value.as_bytes()).into_owned(),
    }
}

/// The request body as it may be shown: an assertion keeps its claims and loses its signature.
pub(crate) fn shown_body(path: &str, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body).into_owned();
    if path != "/token" {
        return text;
    }
    text.split('&')
        .map(|pair| match pair.split_once('=') {
            Some(("assertion", jwt)) => match jwt.rsplit_once('.') {
                Some((signed, _)) => format!("assertion={signed}.(left out)"),
                None => "assertion=(left out)".to_owned(),
            },
            _ => pair.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("&")
}
