//! Why no answer came, told apart by types and predicates, not by text.

use std::error::Error;
use std::io::ErrorKind;

use rustls::CertificateError;

use super::tls::Untrusted;
use crate::ground::problem::{Code, Fact, Problem};

/// No answer of the host itself.
#[derive(Debug, thiserror::Error)]
#[error("no answer from {host}: {detail}")]
pub struct NetFailure {
    pub cause: Cause,
    pub host: String,
    /// The proxy that a person named, where the request went through it.
    pub proxy: Option<String>,
    /// The errors beneath, joined. Holds no address and no secret.
    pub detail: String,
}

/// What stood in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    NameNotFound,
    /// No route to the network or the host.
    Unreachable,
    Refused,
    ConnectTimeout,
    /// Connected, asked, and heard nothing more in time.
    AnswerTimeout,
    /// The connection broke after it was made.
    Cut,
    CertificateUntrusted {
        issuer: Option<String>,
    },
    CertificateExpired,
    CertificateForOther,
    Tls,
    ProxyWantsPassword,
    /// The proxy answered that it will not connect us.
    ProxyRefused,
    ProxyUnreachable,
    /// A web page where the host answers with data.
    Html,
    /// A web page under a status that says that the host is down.
    HtmlWhileDown,
    Redirected {
        to: Option<String>,
    },
    Malformed,
    TooLarge,
    /// None of the above.
    Other,
}

impl NetFailure {
    pub(super) fn new(cause: Cause, host: String, detail: String) -> Self {
        Self {
            cause,
            host,
            proxy: None,
            detail,
        }
    }

    pub(super) fn through(mut self, proxy: Option<&str>) -> Self {
        self.proxy = proxy.map(str::to_owned);
        self
    }

    pub(super) fn of(error: &reqwest::Error, host: String, proxy: Option<&str>) -> Self {
        Self::new(cause(error, proxy.is_some()), host, chain(error)).through(proxy)
    }

    /// Whether the request may have reached the host, so that it may have been acted upon.
    pub fn may_have_arrived(&self) -> bool {
        match self.cause {
            Cause::NameNotFound
            | Cause::Unreachable
            | Cause::Refused
            | Cause::ConnectTimeout
            | Cause::CertificateUntrusted { .. }
            | Cause::CertificateExpired
            | Cause::CertificateForOther
            | Cause::Tls
            | Cause::ProxyWantsPassword
            | Cause::ProxyRefused
            | Cause::ProxyUnreachable => false,
            Cause::AnswerTimeout
            | Cause::Cut
            | Cause::Html
            | Cause::HtmlWhileDown
            | Cause::Redirected { .. }
            | Cause::Malformed
            | Cause::TooLarge
            | Cause::Other => true,
        }
    }

    /// Whether the host may still be at it: it was asked, and did not answer in time.
    pub fn timed_out(&self) -> bool {
        self.cause == Cause::AnswerTimeout
    }

    pub fn problem(&self) -> Problem {
        let code = match &self.cause {
            Cause::NameNotFound => Code::NetNameNotFound,
            Cause::Unreachable => Code::NetUnreachable,
            Cause::Refused => Code::NetRefused,
            Cause::ConnectTimeout => Code::NetConnectTimeout,
            Cause::AnswerTimeout => Code::NetAnswerTimeout,
            Cause::Cut => Code::NetCut,
            Cause::CertificateUntrusted { .. } => Code::TlsUntrusted,
            Cause::CertificateExpired => Code::TlsExpired,
            Cause::CertificateForOther => Code::TlsForOther,
            Cause::Tls => Code::TlsFailed,
            Cause::ProxyWantsPassword => Code::ProxyWantsPassword,
            Cause::ProxyRefused => Code::ProxyRefused,
            Cause::ProxyUnreachable => Code::ProxyUnreachable,
            Cause::Html => Code::NetHtml,
            Cause::HtmlWhileDown => Code::NetHtmlWhileDown,
            Cause::Redirected { .. } => Code::NetRedirected,
            Cause::Malformed => Code::NetMalformed,
            Cause::TooLarge => Code::NetTooLarge,
            Cause::Other => Code::NetOther,
        };
        let problem = Problem::new(code)
            .with(Fact::Host, &self.host)
            .with(Fact::Detail, &self.detail)
            .with_some(Fact::Proxy, self.proxy.as_deref());
        match &self.cause {
            Cause::CertificateUntrusted { issuer } => {
                problem.with_some(Fact::Issuer, issuer.as_deref().filter(|name| !name.is_empty()))
            }
            Cause::Redirected { to } => problem.with_some(Fact::Found, to.as_deref()),
            _ => problem,
        }
    }
}

impl From<NetFailure> for Problem {
    fn from(failure: NetFailure) -> Self {
        failure.problem()
    }
}

fn cause(error: &reqwest::Error, proxied: bool) -> Cause {
    if let Some(cause) = certificate(error) {
        return cause;
    }
    if let Some(cause) = tunnel(error) {
        return cause;
    }
    let connecting = error.is_connect();
    if error.is_dns() {
        return if proxied {
            Cause::ProxyUnreachable
        } else {
            Cause::NameNotFound
        };
    }
    if error.is_timeout() {
        return match (connecting, proxied) {
            (true, true) => Cause::ProxyUnreachable,
            (true, false) => Cause::ConnectTimeout,
            (false, _) => Cause::AnswerTimeout,
        };
    }
    match io_kind(error) {
        Some(ErrorKind::ConnectionRefused) if proxied => Cause::ProxyUnreachable,
        Some(ErrorKind::ConnectionRefused) => Cause::Refused,
        // Firewalls on this computer answer with "not permitted".
        Some(
            ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable
            | ErrorKind::PermissionDenied,
        ) if connecting => Cause::Unreachable,
        // A connection that breaks within the handshake broke before anything was asked.
        _ if connecting => Cause::Tls,
        _ if error.is_request() || error.is_body() || error.is_decode() => Cause::Cut,
        _ => Cause::Other,
    }
}

/// The error and all beneath it.
fn sources<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut found = vec![error];
    let mut next = beneath(error);
    while let Some(error) = next {
        found.push(error);
        next = beneath(error);
    }
    found
}

/// An `io::Error` hides the error that it wraps from `source`.
fn beneath<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn io_kind(error: &reqwest::Error) -> Option<ErrorKind> {
    sources(error)
        .into_iter()
        .filter_map(|error| error.downcast_ref::<std::io::Error>())
        .last()
        .map(std::io::Error::kind)
}

fn certificate(error: &reqwest::Error) -> Option<Cause> {
    let refused = sources(error)
        .into_iter()
        .find_map(|error| error.downcast_ref::<rustls::Error>())?;
    let rustls::Error::InvalidCertificate(CertificateError::Other(other)) = refused else {
        return Some(Cause::Tls);
    };
    let untrusted = other.0.downcast_ref::<Untrusted>()?;
    Some(match &untrusted.why {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Cause::CertificateExpired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Cause::CertificateForOther
        }
        _ => Cause::CertificateUntrusted {
            issuer: untrusted.issuer.clone(),
        },
    })
}

/// What a proxy said to CONNECT. The type is private to hyper-util 0.1, so its words decide
/// (hyper-util 0.1.21, `client/legacy/connect/proxy/tunnel.rs`, read 2026-11-23).
fn tunnel(error: &reqwest::Error) -> Option<Cause> {
    sources(error)
        .into_iter()
        .find_map(|error| match error.to_string().strip_prefix("tunnel error: ")? {
            "proxy authorization required" => Some(Cause::ProxyWantsPassword),
            "unsuccessful" | "proxy response headers too long" | "unexpected end of file" => Some(Cause::ProxyRefused),
            "failed to create underlying connection" => Some(Cause::ProxyUnreachable),
            _ => None,
        })
}

/// The whole chain of an error, without the address that was asked: names stand in it.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let mut parts = Vec::new();
    for (depth, source) in sources(error).into_iter().enumerate() {
        let text = source.to_string();
        let text = if depth == 0 {
            text.split(" for url").next().unwrap_or_default().to_owned()
        } else {
            text
        };
        if parts.last() != Some(&text) {
            parts.push(text);
        }
    }
    parts.join(": ")
}
