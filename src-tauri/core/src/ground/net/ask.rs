//! One question to one host: method, path, query, headers, body, and how long and how much to wait for.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Url};
use serde::Serialize;

use super::endpoint::Host;

/// A question, not yet asked.
pub struct Ask {
    host: Host,
    method: Method,
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Bytes>,
    within: Duration,
    most_bytes: usize,
}

/// Small answers: everything but pages of rows.
const SMALL: usize = 4 * 1024 * 1024;

impl Ask {
    pub fn get(host: Host) -> Self {
        Self::new(host, Method::GET)
    }

    pub fn post(host: Host) -> Self {
        Self::new(host, Method::POST)
    }

    pub fn patch(host: Host) -> Self {
        Self::new(host, Method::PATCH)
    }

    pub fn delete(host: Host) -> Self {
        Self::new(host, Method::DELETE)
    }

    fn new(host: Host, method: Method) -> Self {
        Self {
            host,
            method,
            segments: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            within: Duration::from_mins(1),
            most_bytes: SMALL,
        }
    }

    /// Adds path segments. Each is encoded whole.
    #[must_use]
    pub fn at<S: Into<String>>(mut self, segments: impl IntoIterator<Item = S>) -> Self {
        self.segments.extend(segments.into_iter().map(Into::into));
        self
    }

    #[must_use]
    pub fn asking(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    #[must_use]
    pub fn asking_some(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.asking(name, value),
            None => self,
        }
    }

    /// A header that is never logged. A value that no header can hold is left out, and the host will refuse.
    #[must_use]
    pub fn secret_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    #[must_use]
    pub fn bearing(self, token: &str) -> Self {
        let value = zeroize::Zeroizing::new(format!("Bearer {token}"));
        self.secret_header("authorization", &value)
    }

    /// A JSON body.
    #[must_use]
    pub fn json(self, body: &impl Serialize) -> Self {
        // Our own types always serialize; were one not to, the host would refuse an empty body and say so.
        self.json_bytes(serde_json::to_vec(body).unwrap_or_default())
    }

    /// A JSON body that is written already.
    #[must_use]
    pub fn json_bytes(mut self, body: impl Into<Bytes>) -> Self {
        self.headers
            .push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
        self.body = Some(body.into());
        self
    }

    #[must_use]
    pub fn form(mut self, pairs: &[(&str, &str)]) -> Self {
        let mut url = Url::parse("form:").ok();
        if let Some(url) = &mut url {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        let body = url.and_then(|url| url.query().map(str::to_owned)).unwrap_or_default();
        self.headers.push((
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        ));
        self.body = Some(body.into_bytes().into());
        self
    }

    /// How long the whole exchange may take. A minute unless said otherwise.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    /// The largest answer that is read, in bytes after decompression. 4 MiB unless said otherwise.
    #[must_use]
    pub fn at_most(mut self, bytes: usize) -> Self {
        self.most_bytes = bytes;
        self
    }

    pub(super) fn host(&self) -> Host {
        self.host
    }

    pub(super) fn segments(&self) -> &[String] {
        &self.segments
    }

    pub(super) fn most_bytes(&self) -> usize {
        self.most_bytes
    }

    pub(super) fn into_request(self, client: &Client, url: Url) -> RequestBuilder {
        let mut request = client.request(self.method, url).timeout(self.within);
        if !self.query.is_empty() {
            request = request.query(&self.query);
        }
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        match self.body {
            Some(body) => request.body(body),
            None => request,
        }
    }
}
