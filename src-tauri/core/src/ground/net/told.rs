//! Text that somebody pasted of a request that failed: another program's error line, our own, a page, an answer as it
//! stood on the wire. What is an answer goes to the judge of answers; the rest is known by its words.

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::failure::{Cause, NetFailure};
use super::reply::Reply;
use super::wordings::WORDINGS;
use crate::ground::problem::{Code, Fact, Problem, Voice};

/// What a text was understood to be.
pub enum Told {
    /// An answer of some host's, such as an error in JSON.
    Answer(Reply),
    /// A failure on the way.
    Failure(NetFailure),
    /// A problem that Tapline told itself, in its log or on a terminal.
    Ours(Problem),
    /// Nothing that is known.
    Unknown,
}

/// Reads the text. `host` and `proxy` are what is known besides.
pub fn told(text: &str, host: Option<&str>, proxy: Option<&str>) -> Told {
    let text = text.trim();
    let named = host_in(text);
    let host = host.or(named.as_deref()).unwrap_or(SOMEBODY);
    // What curl ends with is its own verdict, whatever heads it printed on the way.
    let has_verdict = text.lines().any(|line| line.starts_with("curl: ("));
    if let Some((status, headers, body)) = wire(text).filter(|_| !has_verdict) {
        return answer(status, &headers, body, host, proxy);
    }
    if looks_like_a_page(text) {
        return answer(status_of_page(text), &HeaderMap::new(), text, host, proxy);
    }
    if let Some(problem) = ours(text, host) {
        return Told::Ours(problem);
    }
    let lower = text.to_lowercase();
    let Some(found) = WORDINGS
        .iter()
        .find(|row| row.0.iter().all(|mark| lower.contains(mark)))
    else {
        return Told::Unknown;
    };
    let cause = through(with_details(found.1.clone(), text), proxy, named.as_deref());
    let proxy = proxy.map(str::to_owned).or_else(|| proxy_in(text));
    Told::Failure(NetFailure::new(cause, host.to_owned(), detail(text)).through(proxy.as_deref()))
}

/// Where no text says which host it was.
const SOMEBODY: &str = "the host";

fn answer(status: u16, headers: &HeaderMap, body: &str, host: &str, proxy: Option<&str>) -> Told {
    match Reply::judged(status, headers, body.as_bytes().to_vec(), host, proxy) {
        Ok(reply) => Told::Answer(reply),
        Err(failure) => Told::Failure(failure),
    }
}

/// Status, headers and body of an answer as it stands on the wire, or as `curl -i` and `curl -v` print it. Of several,
/// such as a proxy's and the host's, the last: but not past one that says no.
pub(crate) fn wire(text: &str) -> Option<(u16, HeaderMap, &str)> {
    let mut found = None;
    let mut from = 0;
    while let Some(at) = head_start(&text[from..]) {
        let start = from + at;
        let (status, headers, rest) = head(&text[start..])?;
        let is_no = status >= 300;
        found = Some((status, headers, rest));
        if is_no {
            break;
        }
        from = start + 5;
    }
    found
}

/// Where a line begins with `HTTP/` and goes on with a status.
fn head_start(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start_matches(['<', ' ', '\t']);
        let version = bare.strip_prefix("HTTP/").map(|rest| rest.split(' '));
        if let Some(mut parts) = version
            && parts.next().is_some_and(|version| version.len() <= 3)
            && parts
                .next()
                .is_some_and(|status| status.trim().len() == 3 && status.trim().parse::<u16>().is_ok())
        {
            return Some(at + line.len() - bare.len());
        }
        at += line.len();
    }
    None
}

fn head(text: &str) -> Option<(u16, HeaderMap, &str)> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next()?;
    let status: u16 = first.split_whitespace().nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    let mut read = first.len();
    for line in lines {
        read += line.len();
        let bare = line.trim_end().trim_start_matches(['<', ' ']);
        if bare.is_empty() {
            break;
        }
        let Some((name, value)) = bare.split_once(':') else {
            break;
        };
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.trim().as_bytes()),
            HeaderValue::from_str(value.trim()),
        ) {
            headers.append(name, value);
        }
    }
    (100..600)
        .contains(&status)
        .then_some((status, headers, text[read..].trim()))
}

fn looks_like_a_page(text: &str) -> bool {
    let start = text.get(..200).unwrap_or(text).to_ascii_lowercase();
    ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|mark| start.starts_with(mark))
}

/// Gateways write their status into the title: `<title>503 Service Temporarily Unavailable</title>`. A page that does not
/// came in the place of data, as under 200.
fn status_of_page(page: &str) -> u16 {
    let lower = page.to_ascii_lowercase();
    let title = lower.split_once("<title>").map(|(_, rest)| rest.trim_start());
    let title = title.or_else(|| lower.split_once("<h1>").map(|(_, rest)| rest.trim_start()));
    title
        .map(|title| title.trim_start_matches("error ").trim_start_matches("http "))
        .and_then(|title| title.get(..3)?.parse().ok())
        .filter(|status| (400..600).contains(status))
        .unwrap_or(200)
}

/// A code of the network's in our log (`"code":"net_refused"`) or on a terminal (`… (net_refused)`).
fn ours(text: &str, host: &str) -> Option<Problem> {
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '_'));
    let code = words
        .filter(|word| word.contains('_'))
        .find_map(|word| Code::named(word).filter(|code| code.entry().voice == Voice::Network))?;
    Some(Problem::new(code).with(Fact::Host, host))
}

/// With a proxy in between, a connection that does not come about is the proxy's, unless the text names another host.
fn through(cause: Cause, proxy: Option<&str>, named: Option<&str>) -> Cause {
    let Some(proxy) = proxy else { return cause };
    let proxy = proxy.rsplit_once(':').map_or(proxy, |(host, _)| host);
    let proxys = named.is_none_or(|named| named == proxy);
    match cause {
        Cause::NameNotFound | Cause::NameUnanswered | Cause::Refused | Cause::Unreachable | Cause::ConnectTimeout
            if proxys =>
        {
            Cause::ProxyUnreachable
        }
        other => other,
    }
}

fn with_details(cause: Cause, text: &str) -> Cause {
    match cause {
        Cause::CertificateUntrusted { .. } => Cause::CertificateUntrusted { issuer: issuer(text) },
        Cause::CertificateExpired { .. } => {
            let (clock, until) = moments(text, &["is not valid after ", " is after ", "NotAfter: "]);
            Cause::CertificateExpired { until, clock }
        }
        Cause::CertificateNotYetValid { .. } => {
            let (clock, from) = moments(text, &["is not valid before ", " is before ", "NotBefore: "]);
            Cause::CertificateNotYetValid { from, clock }
        }
        Cause::CertificateForOther { .. } => Cause::CertificateForOther { names: names(text) },
        Cause::Redirected { .. } => Cause::Redirected {
            to: behind(text, "Location: ").map(|to| host_of(to).unwrap_or_else(|| to.to_owned())),
        },
        other => other,
    }
}

/// Who signed, as curl and OpenSSL print it (`issuer: C=US; O=Zscaler Inc.; CN=Zscaler Root CA`), and as we do.
fn issuer(text: &str) -> Option<String> {
    let line = ["issuer: ", "issuer=", "Issuer: ", "signed by "]
        .iter()
        .find_map(|mark| behind(text, mark))?;
    let part = |name: &str| {
        line.split([';', ',', '/'])
            .find_map(|part| part.trim().strip_prefix(name)?.trim_start().strip_prefix('='))
            .map(|value| value.trim().to_owned())
    };
    part("CN")
        .or_else(|| part("O"))
        .or_else(|| Some(line.trim_end_matches('.').to_owned()))
        .filter(|issuer| !issuer.is_empty() && issuer.len() <= 80)
}

/// This computer's clock and the certificate's limit, where the text tells both.
fn moments(text: &str, marks: &[&str]) -> (Option<String>, Option<String>) {
    let limit = marks.iter().find_map(|mark| behind(text, mark)).and_then(moment);
    let clock = ["verification time ", "current time "]
        .iter()
        .find_map(|mark| behind(text, mark))
        .and_then(moment);
    (clock, limit)
}

/// The time at the start of the text: RFC 3339, or seconds since 1970 as rustls writes them.
fn moment(text: &str) -> Option<String> {
    let word = text.split([' ', ',', ')']).next()?;
    word.parse::<Timestamp>()
        .ok()
        .or_else(|| Timestamp::from_second(word.parse().ok()?).ok())
        .map(|time| time.to_string())
}

/// Whose certificate it is: rustls, Go and curl say.
fn names(text: &str) -> Option<String> {
    let found = [
        "certificate is only valid for ",
        "certificate is valid for ",
        "certificate subject name '",
    ]
    .iter()
    .find_map(|mark| behind(text, mark))?;
    let found = found.split(", not ").next()?;
    let found = found.split("' does not").next()?;
    let found = found.replace("DnsName(\"", "").replace("\")", "").replace('"', "");
    Some(found.trim_end_matches(['.', ')']).to_owned()).filter(|names| !names.is_empty() && names.len() <= 200)
}

/// The rest of the line behind the mark.
fn behind<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(mark)?;
    let line = rest.lines().next()?.trim();
    (!line.is_empty()).then_some(line)
}

/// The host that the text says it asked.
fn host_in(text: &str) -> Option<String> {
    const MARKS: [&str; 17] = [
        "no answer from ",          // ours
        "Could not resolve host: ", // curl
        "Couldn't resolve host ",
        "Failed to connect to ",
        "in connection to ",
        "target host name '",
        "matches target host name '",
        "host='", // urllib3
        "Failed to resolve '",
        "getaddrinfo ENOTFOUND ", // Node
        "getaddrinfo EAI_AGAIN ",
        "dial tcp: lookup ",             // Go
        "UnknownHostException: ",        // Java
        "name could not be resolved: '", // .NET
        "not valid for name \"",         // rustls
        "is not valid for '",            // Python
        "Connection to ",                // urllib3
    ];
    MARKS
        .iter()
        .find_map(|mark| {
            let word = behind(text, mark)?;
            let word = word
                .split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'))
                .next()?;
            (word.contains('.') && !word.ends_with('.')).then(|| word.to_owned())
        })
        .or_else(|| {
            text.split("https://")
                .nth(1)
                .and_then(|rest| host_of(&format!("https://{rest}")))
        })
}

fn host_of(address: &str) -> Option<String> {
    let address = address
        .split(|c: char| c.is_whitespace() || "\"'()<>".contains(c))
        .next()?;
    reqwest::Url::parse(address).ok()?.host_str().map(str::to_owned)
}

/// The proxy, where the text names it.
fn proxy_in(text: &str) -> Option<String> {
    let name = [
        "Could not resolve proxy: ",
        "Couldn't resolve proxy '",
        "proxyconnect tcp: dial tcp ",
    ]
    .iter()
    .find_map(|mark| behind(text, mark))?;
    let name = name.split(|c: char| c.is_whitespace() || c == '\'').next()?;
    Some(name.trim_end_matches(':').to_owned())
}

/// What is shown of the text: its last line of words, which in a chain of errors is the nearest to the cause.
fn detail(text: &str) -> String {
    const LONGEST: usize = 300;
    let line = text
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| {
            WORDINGS.iter().any(|row| {
                let lower = line.to_lowercase();
                row.0.iter().all(|mark| lower.contains(mark))
            })
        })
        .unwrap_or(text);
    let line: String = line.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    line.trim_end_matches('.').to_owned()
}

/// The problem that a pasted text tells of, where no answer of a host's stands in it.
pub fn problem(told: Told, text: &str, host: Option<&str>) -> Result<Problem, Reply> {
    Ok(match told {
        Told::Answer(reply) => return Err(reply),
        Told::Failure(failure) => failure.problem(),
        Told::Ours(problem) => problem,
        Told::Unknown => {
            let host = host.map_or_else(|| host_in(text).unwrap_or_else(|| SOMEBODY.to_owned()), str::to_owned);
            NetFailure::new(Cause::Other, host, detail(text)).problem()
        }
    })
}
