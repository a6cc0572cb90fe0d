//! Why a request failed, told apart by the types of the errors beneath it; by words only where a type is hidden.

use std::error::Error;
use std::io::ErrorKind;

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use super::failure::Cause;
use super::names::NameError;
use super::tls::Untrusted;

/// How far a request had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// No answer had begun, and no handshake either.
    Start,
    /// A handshake had begun since the question was asked.
    Handshake,
    /// The answer had begun.
    Body,
}

pub(super) fn cause(error: &reqwest::Error, proxied: bool, at: At) -> Cause {
    let chain = sources(error);
    let connecting = error.is_connect();
    if let Some(cause) = encryption(&chain, connecting).or_else(|| tunnel(&chain)) {
        return cause;
    }
    if let Some(unknown) = find::<NameError>(&chain) {
        return match unknown {
            _ if proxied => Cause::ProxyUnreachable,
            NameError::Refused | NameError::NotFound(_) => Cause::NameNotFound,
            NameError::Unanswered => Cause::NameUnanswered,
        };
    }
    if error.is_timeout() {
        return match (connecting, at) {
            (true, At::Handshake) => Cause::HandshakeTimeout,
            (true, _) if proxied => Cause::ProxyUnreachable,
            (true, _) => Cause::ConnectTimeout,
            (false, At::Body) => Cause::BodyTimeout,
            (false, _) => Cause::AnswerTimeout,
        };
    }
    let kind = io_kind(&chain);
    if connecting {
        return while_connecting(kind, proxied);
    }
    if find::<hyper::Error>(&chain).is_some_and(hyper::Error::is_parse) {
        return Cause::NotHttp;
    }
    match (at, kind) {
        // What was compressed does not open.
        (At::Body, Some(ErrorKind::InvalidData | ErrorKind::InvalidInput)) => Cause::Malformed,
        (At::Body, _) => Cause::Truncated,
        (_, Some(ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe)) => Cause::Reset,
        _ if error.is_request() || error.is_body() || error.is_decode() => Cause::Cut,
        _ => Cause::Other,
    }
}

fn while_connecting(kind: Option<ErrorKind>, proxied: bool) -> Cause {
    let cause = match kind {
        Some(ErrorKind::ConnectionRefused) => Cause::Refused,
        // Firewalls on this computer answer with "not permitted".
        Some(
            ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable
            | ErrorKind::PermissionDenied,
        ) => Cause::Unreachable,
        // The operating system gives up by itself too.
        Some(ErrorKind::TimedOut) => Cause::ConnectTimeout,
        Some(
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
            | ErrorKind::NotConnected,
        ) => return Cause::HandshakeCut,
        _ => return Cause::Tls,
    };
    if proxied { Cause::ProxyUnreachable } else { cause }
}

/// The error and all beneath it.
fn sources<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| beneath(*error)).collect()
}

/// An `io::Error` hides the error that it wraps from `source`.
fn beneath<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn find<'a, E: Error + 'static>(chain: &[&'a (dyn Error + 'static)]) -> Option<&'a E> {
    chain.iter().find_map(|error| error.downcast_ref::<E>())
}

fn io_kind(chain: &[&(dyn Error + 'static)]) -> Option<ErrorKind> {
    chain
        .iter()
        .rev()
        .find_map(|error| error.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind)
}

fn encryption(chain: &[&(dyn Error + 'static)], connecting: bool) -> Option<Cause> {
    let why = match find::<rustls::Error>(chain)? {
        rustls::Error::InvalidCertificate(why) => why,
        // In TLS 1.3 a server says no to our want of a certificate when we think the handshake done. Nothing was read.
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied,
        ) => return Some(Cause::Tls),
        // Later than the handshake, the question may have been read.
        _ if !connecting => return None,
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
            return Some(Cause::NotTls);
        }
        _ => return Some(Cause::Tls),
    };
    let CertificateError::Other(other) = why else {
        return Some(certificate(why, None));
    };
    Some(match other.0.downcast_ref::<Untrusted>() {
        Some(untrusted) => certificate(&untrusted.why, untrusted.issuer.clone()),
        None => certificate(why, None),
    })
}

fn certificate(why: &CertificateError, issuer: Option<String>) -> Cause {
    match why {
        CertificateError::Expired => Cause::CertificateExpired {
            until: None,
            clock: None,
        },
        CertificateError::ExpiredContext { time, not_after } => Cause::CertificateExpired {
            until: moment(*not_after),
            clock: moment(*time),
        },
        CertificateError::NotValidYet => Cause::CertificateNotYetValid {
            from: None,
            clock: None,
        },
        CertificateError::NotValidYetContext { time, not_before } => Cause::CertificateNotYetValid {
            from: moment(*not_before),
            clock: moment(*time),
        },
        CertificateError::NotValidForName => Cause::CertificateForOther { names: None },
        CertificateError::NotValidForNameContext { presented, .. } => Cause::CertificateForOther {
            names: names(presented),
        },
        CertificateError::Revoked => Cause::CertificateRevoked,
        _ => Cause::CertificateUntrusted { issuer },
    }
}

fn moment(time: UnixTime) -> Option<String> {
    let second = i64::try_from(time.as_secs()).ok()?;
    Timestamp::from_second(second).ok().map(|time| time.to_string())
}

/// rustls writes `DnsName("a.example")`: the name alone is for people.
fn names(presented: &[String]) -> Option<String> {
    let plain: Vec<&str> = presented
        .iter()
        .take(3)
        .map(|name| match (name.find('"'), name.rfind('"')) {
            (Some(start), Some(end)) if start < end => &name[start + 1..end],
            _ => name.as_str(),
        })
        .collect();
    (!plain.is_empty()).then(|| plain.join(", "))
}

/// What a proxy said to CONNECT. The type is private to hyper-util 0.1, so its words decide
/// (hyper-util 0.1.21, `client/legacy/connect/proxy/tunnel.rs`, read 2026-11-23).
fn tunnel(chain: &[&(dyn Error + 'static)]) -> Option<Cause> {
    chain
        .iter()
        .find_map(|error| match error.to_string().strip_prefix("tunnel error: ")? {
            "proxy authorization required" => Some(Cause::ProxyWantsPassword),
            "unsuccessful" | "proxy response headers too long" | "unexpected end of file" => Some(Cause::ProxyRefused),
            "failed to create underlying connection" | "io error establishing tunnel" => Some(Cause::ProxyUnreachable),
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
