//! What came back: status, a few headers, bytes. Pages that a network puts in between are told apart from answers.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER};
use serde::de::DeserializeOwned;

use super::failure::{Cause, NetFailure};

/// An answer of the host itself, whatever its status. Its body may hold rows or a token, and is never printed.
pub struct Reply {
    pub status: u16,
    /// The server's clock, where it told.
    pub date: Option<Timestamp>,
    /// Seconds that the server asks to wait.
    pub retry_after: Option<u64>,
    pub body: Vec<u8>,
    host: String,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Reply({} from {}, {} bytes)",
            self.status,
            self.host,
            self.body.len()
        )
    }
}

impl Reply {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as this type. What is not JSON of that shape is a failure.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, NetFailure> {
        // serde's own words may quote the answer, which may hold anything.
        serde_json::from_slice(&self.body)
            .map_err(|error| self.malformed(&format!("line {}, column {}", error.line(), error.column())))
    }

    /// The body as text, for readers that borrow from it.
    pub fn into_text(self) -> Result<String, NetFailure> {
        let host = self.host;
        String::from_utf8(self.body)
            .map_err(|_| NetFailure::new(Cause::Malformed, host, "the answer is no text".to_owned()))
    }

    /// The same failure for readers of their own.
    pub fn malformed(&self, why: &impl std::fmt::Display) -> NetFailure {
        NetFailure::new(Cause::Malformed, self.host.clone(), why.to_string())
    }

    pub fn host(&self) -> &str {
        &self.host
    }
}

/// Reads the answer, at most `limit` bytes of it.
pub(super) async fn read(
    mut answer: Response,
    limit: usize,
    host: &str,
    proxy: Option<&str>,
) -> Result<Reply, NetFailure> {
    let status = answer.status().as_u16();
    let headers = answer.headers().clone();
    let failed = |cause, detail: String| NetFailure::new(cause, host.to_owned(), detail).through(proxy);
    let detail = format!("HTTP status {status}");
    if answer.status().is_redirection() {
        let to = text(&headers, LOCATION).and_then(|to| reqwest::Url::parse(&to).ok()?.host_str().map(str::to_owned));
        return Err(failed(Cause::Redirected { to }, detail));
    }
    if status == 407 {
        return Err(failed(Cause::ProxyWantsPassword, detail));
    }
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                return Err(failed(Cause::TooLarge, format!("more than {limit} bytes")));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return Err(NetFailure::of(&error, host.to_owned(), proxy)),
        }
    }
    if is_html(&headers, &body) {
        // Google's own front doors send pages too, but only when they are down.
        let cause = if status >= 500 {
            Cause::HtmlWhileDown
        } else {
            Cause::Html
        };
        return Err(failed(cause, detail));
    }
    Ok(Reply {
        status,
        date: text(&headers, DATE).and_then(|date| http_date(&date)),
        retry_after: text(&headers, RETRY_AFTER).and_then(|seconds| seconds.trim().parse().ok()),
        body,
        host: host.to_owned(),
    })
}

fn text(headers: &HeaderMap, name: reqwest::header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn http_date(text: &str) -> Option<Timestamp> {
    // HTTP's dates are those of mail, with GMT for the zone.
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

fn is_html(headers: &HeaderMap, body: &[u8]) -> bool {
    let declared = text(headers, CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    let start = String::from_utf8_lossy(&body[..body.len().min(200)])
        .trim_start()
        .to_ascii_lowercase();
    let looks = start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<head");
    looks || (declared.starts_with("text/html") && !start.starts_with('{'))
}

#[cfg(test)]
mod tests {
    use super::{Reply, http_date};

    #[test]
    fn an_answers_body_is_never_printed() {
        let reply = Reply {
            status: 200,
            date: None,
            retry_after: None,
            body: br#"{"access_token":"marked-value"}"#.to_vec(),
            host: "oauth2.googleapis.com".to_owned(),
        };
        let printed = format!("{reply:?}");
        // As text, and as the list of numbers that a vector of bytes is printed as.
        for body in ["marked", "109, 97, 114"] {
            assert!(!printed.contains(body), "a token must not reach a log line: {printed}");
        }
        assert!(printed.contains("200"), "what it is may be told: {printed}");
    }

    #[test]
    fn the_servers_date_is_read() {
        assert_eq!(
            http_date("Mon, 23 Nov 2026 20:30:00 GMT")
                .map(|date| date.to_string())
                .as_deref(),
            Some("2026-11-23T20:30:00Z"),
            "as HTTP writes it"
        );
        assert_eq!(http_date("yesterday"), None, "nonsense is no date");
    }
}
