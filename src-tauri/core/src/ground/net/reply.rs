//! What came back: status, a few headers, bytes. Pages that a network puts in between are told apart from answers.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER, SERVER};
use serde::de::DeserializeOwned;

use super::cause::At;
use super::failure::{Cause, NetFailure, Stranger};

/// An answer of the host itself, whatever its status. Its body may hold rows or a token, and is never printed.
pub struct Reply {
    pub status: u16,
    /// The server's clock, where it told.
    pub date: Option<Timestamp>,
    /// Seconds that the server asks to wait.
    pub retry_after: Option<u64>,
    /// Who says to have answered: the header `Server`.
    pub server: Option<String>,
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
        serde_json::from_slice(&self.body).map_err(|error| {
            let cause = if error.is_eof() {
                Cause::Truncated
            } else {
                Cause::Malformed
            };
            let place = format!("line {}, column {}", error.line(), error.column());
            NetFailure::new(cause, self.host.clone(), place)
        })
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

    /// An error whose body is nothing that the host writes: something in between spoke in its place.
    pub fn not_googles(&self) -> NetFailure {
        let cut = serde_json::from_slice::<serde::de::IgnoredAny>(&self.body).is_err_and(|error| error.is_eof());
        let (cause, why) = if cut {
            (Cause::Truncated, "the answer breaks off")
        } else {
            (Cause::Malformed, "no error as Google writes it")
        };
        NetFailure::new(
            cause,
            self.host.clone(),
            format!("HTTP status {}, and {why}", self.status),
        )
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
    // What is no answer of the host itself is not read to its end.
    if by_status(status, &headers).is_some() {
        return Reply::judged(status, &headers, Vec::new(), host, proxy);
    }
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                let detail = format!("more than {limit} bytes");
                return Err(NetFailure::new(Cause::TooLarge, host.to_owned(), detail).through(proxy));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return Err(NetFailure::of(&error, host.to_owned(), proxy, At::Body)),
        }
    }
    Reply::judged(status, &headers, body, host, proxy)
}

impl Reply {
    /// Tells an answer of the host itself from what a network puts in its place.
    pub(crate) fn judged(
        status: u16,
        headers: &HeaderMap,
        body: Vec<u8>,
        host: &str,
        proxy: Option<&str>,
    ) -> Result<Self, NetFailure> {
        let strange = by_status(status, headers).or_else(|| is_html(headers, &body).then(|| page(status)));
        if let Some(cause) = strange {
            let failure = NetFailure::new(cause, host.to_owned(), format!("HTTP status {status}"));
            return Err(failure.through(proxy).saying(stranger(status, headers, &body)));
        }
        Ok(Self {
            status,
            date: date(headers),
            retry_after: retry_after(headers),
            server: text(headers, SERVER),
            body,
            host: host.to_owned(),
        })
    }
}

/// What no body is needed for.
fn by_status(status: u16, headers: &HeaderMap) -> Option<Cause> {
    match status {
        300..=399 => {
            let to =
                text(headers, LOCATION).and_then(|to| reqwest::Url::parse(&to).ok()?.host_str().map(str::to_owned));
            Some(Cause::Redirected { to })
        }
        407 => Some(Cause::ProxyWantsPassword),
        511 => Some(Cause::SignIn),
        _ => None,
    }
}

/// What a web page means under this status.
fn page(status: u16) -> Cause {
    match status {
        408 | 425 | 429 | 500.. => Cause::HtmlWhileDown,
        400.. => Cause::PageRefused,
        _ => Cause::Html,
    }
}

fn stranger(status: u16, headers: &HeaderMap, body: &[u8]) -> Stranger {
    /// Enough to see who sent it.
    const READABLE: usize = 4_000;
    let body = String::from_utf8_lossy(&body[..body.len().min(READABLE)]).into_owned();
    Stranger {
        status,
        retry_after: retry_after(headers),
        server: text(headers, SERVER),
        title: title(&body),
        body,
    }
}

/// The page's title, or else its first heading, in a line.
fn title(page: &str) -> Option<String> {
    const LONGEST: usize = 120;
    let lower = page.to_ascii_lowercase();
    let within = |name: &str| {
        let start = lower.find(&format!("<{name}"))?;
        let start = start + lower[start..].find('>')? + 1;
        let end = start + lower[start..].find("</")?;
        let words: Vec<&str> = page.get(start..end)?.split_whitespace().collect();
        let words = words
            .join(" ")
            .replace("&amp;", "&")
            .replace("&#39;", "'")
            .replace("&quot;", "\"");
        let line: String = words.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        (!line.is_empty()).then_some(line)
    };
    within("title").or_else(|| within("h1"))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    text(headers, DATE).and_then(|date| http_date(&date))
}

/// In seconds, however it was written: as a number, or as a date that is read against the server's own clock.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let asked = text(headers, RETRY_AFTER)?;
    if let Ok(seconds) = asked.trim().parse() {
        return Some(seconds);
    }
    let now = date(headers).unwrap_or_else(Timestamp::now);
    let wait = http_date(asked.trim())?.duration_since(now).as_secs();
    Some(u64::try_from(wait).unwrap_or(0))
}

fn http_date(text: &str) -> Option<Timestamp> {
    // HTTP's dates are those of mail, with GMT for the zone.
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

fn is_html(headers: &HeaderMap, body: &[u8]) -> bool {
    let declared = text(headers, CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    let start = String::from_utf8_lossy(&body[..body.len().min(400)]).to_ascii_lowercase();
    let start = start.trim_start_matches('\u{feff}').trim_start();
    let looks = ["<!doctype html", "<html", "<head"]
        .iter()
        .any(|mark| start.starts_with(mark))
        || (start.starts_with("<?xml") && start.contains("<html"));
    looks || (declared.starts_with("text/html") && !start.starts_with('{'))
}

#[cfg(test)]
mod tests {
    use super::{HeaderMap, Reply, http_date, retry_after, title};

    #[test]
    fn an_answers_body_is_never_printed() {
        let reply = Reply {
            status: 200,
            date: None,
            retry_after: None,
            server: None,
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

    #[test]
    fn a_wait_is_read_as_a_number_and_as_a_date() {
        let rows = [
            ("7", Some(7)),
            (" 120 ", Some(120)),
            ("Mon, 23 Nov 2026 20:31:30 GMT", Some(90)),
            ("Mon, 23 Nov 2026 20:00:00 GMT", Some(0)),
            ("soon", None),
        ];
        for (asked, expected) in rows {
            let mut headers = HeaderMap::new();
            headers.insert("date", "Mon, 23 Nov 2026 20:30:00 GMT".parse().expect("a header"));
            headers.insert("retry-after", asked.parse().expect("a header"));
            assert_eq!(retry_after(&headers), expected, "for {asked:?}");
        }
    }

    #[test]
    fn a_page_is_known_by_its_title_or_its_heading() {
        let rows = [
            ("<html><TITLE>\n Wi-Fi &amp; sign-in\n</TITLE>", Some("Wi-Fi & sign-in")),
            ("<html><body><h1 class=x>Blocked</h1>", Some("Blocked")),
            ("<title></title>", None),
            ("<title", None),
            ("<title é>ünfit</title>", Some("ünfit")),
        ];
        for (page, expected) in rows {
            assert_eq!(title(page).as_deref(), expected, "for {page:?}");
        }
    }
}
