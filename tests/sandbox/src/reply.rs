//! An answer before it becomes HTTP.

use std::borrow::Cow;
use std::convert::Infallible;
use std::io::Write as _;
use std::time::Duration;

use flate2::write::GzEncoder;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::Response;
use hyper::body::{Bytes, Frame};
use serde_json::Value;

use crate::google::bigquery::packed::level;

pub(crate) type Body = UnsyncBoxBody<Bytes, Cut>;

/// The connection is to be cut instead of answered, or in the middle of the answer.
#[derive(Debug, thiserror::Error)]
#[error("the script cut the connection")]
pub(crate) struct Cut;

/// Status, headers, body.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Bytes,
}

/// How the bytes of the body travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Travel {
    Whole,
    CutAfter(usize),
    Drip { bytes: usize, every: Duration },
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json; charset=UTF-8", body.to_string())
    }

    pub(crate) fn text(status: u16, kind: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), kind.to_owned())],
            body: body.into(),
        }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| *known == name)
    }

    /// Compresses the body, as Google does for a client that says it can take it.
    pub(crate) fn gzipped(self) -> Self {
        if self.body.len() < 1024 || self.has("content-encoding") {
            return self;
        }
        let body = gzip(&self.body);
        Self { body, ..self }
            .with("content-encoding", "gzip")
            .with("vary", "Accept-Encoding")
    }

    pub(crate) fn into_response(self, travel: Travel) -> Result<Response<Body>, Cut> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(name.as_ref(), value);
        }
        if travel != Travel::Whole {
            // The announced length is what makes a cut visible as a cut.
            response = response.header("content-length", self.body.len());
        }
        response.body(travelling(self.body, travel)).map_err(|_| Cut)
    }
}

pub(crate) fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), level());
    match encoder.write_all(body).and_then(|()| encoder.finish()) {
        Ok(packed) => packed.into(),
        Err(_) => Bytes::copy_from_slice(body), // writing to memory does not fail
    }
}

fn travelling(body: Bytes, travel: Travel) -> Body {
    match travel {
        Travel::Whole => Full::new(body)
            .map_err(|never: Infallible| match never {})
            .boxed_unsync(),
        Travel::CutAfter(count) => {
            let sent = body.slice(..count.min(body.len()));
            let parts = stream::iter([Ok(Frame::data(sent))]);
            // A pause, so that the first part leaves before the cut takes the connection with it.
            let cut = stream::once(async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Err(Cut)
            });
            StreamBody::new(parts.chain(cut)).boxed_unsync()
        }
        Travel::Drip { bytes, every } => {
            let drops = stream::unfold(body, move |rest| async move {
                if rest.is_empty() {
                    return None;
                }
                tokio::time::sleep(every).await;
                let mut rest = rest;
                let drop = rest.split_to(bytes.clamp(1, rest.len()));
                Some((Ok(Frame::data(drop)), rest))
            });
            StreamBody::new(drops).boxed_unsync()
        }
    }
}
