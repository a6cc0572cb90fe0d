//! Why no answer came, and what that means for what was asked.

use super::cause;
use super::reply::Reply;
use crate::ground::problem::{Answer, Code, Fact, Problem};

/// No answer of the host itself.
#[derive(Debug, thiserror::Error)]
#[error("no answer from {host}: {detail}")]
pub struct NetFailure {
    pub cause: Cause,
    pub host: String,
    /// The proxy that the request went through, by host and port.
    pub proxy: Option<Box<str>>,
    /// The errors beneath, joined. Holds no address and no secret.
    pub detail: Box<str>,
    /// What came instead of an answer, where anything did.
    pub stranger: Option<Box<Stranger>>,
}

/// What came instead of an answer: a page, a redirect, a proxy's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stranger {
    pub status: u16,
    /// Seconds that whoever sent it asks to wait.
    pub retry_after: Option<u64>,
    /// Who says to have sent it: the header `Server`.
    pub server: Option<String>,
    /// The page's title, in a line.
    pub title: Option<String>,
    /// Its first bytes. They may echo what was asked.
    pub body: String,
}

/// What stood in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The name servers know no such name.
    NameNotFound,
    /// No name server answered.
    NameUnanswered,
    /// No route to the network or the host.
    Unreachable,
    Refused,
    ConnectTimeout,
    /// Connected, and the other side never finished the handshake.
    HandshakeTimeout,
    /// Connected, and the other side broke the handshake off.
    HandshakeCut,
    /// Connected, asked, and heard nothing in time.
    AnswerTimeout,
    /// The answer began, and stopped coming.
    BodyTimeout,
    /// The other side broke the connection by force after it was made.
    Reset,
    /// The connection ended without an answer.
    Cut,
    /// The connection ended within the answer.
    Truncated,
    CertificateUntrusted {
        issuer: Option<String>,
    },
    CertificateExpired {
        /// The certificate's last moment, in UTC.
        until: Option<String>,
        clock: Option<String>,
    },
    CertificateNotYetValid {
        from: Option<String>,
        clock: Option<String>,
    },
    CertificateForOther {
        /// Whose it is.
        names: Option<String>,
    },
    CertificateRevoked,
    /// The other side does not speak TLS at all.
    NotTls,
    /// The two sides found no common way to encrypt, or one of them erred.
    Tls,
    ProxyWantsPassword,
    /// The proxy answered that it will not connect us.
    ProxyRefused,
    ProxyUnreachable,
    /// A web page where the host answers with data.
    Html,
    /// A web page under a status that says that the network wants a sign-in (511).
    SignIn,
    /// A web page that refuses the request.
    PageRefused,
    /// A web page under a status that says that the host is down.
    HtmlWhileDown,
    Redirected {
        to: Option<String>,
    },
    /// An answer, and not in HTTP.
    NotHttp,
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
            detail: detail.into(),
            stranger: None,
        }
    }

    /// A status that no host of ours gives, where nothing else is known of the answer: in plain words, as a gateway or a
    /// proxy speaks, or in JSON of somebody's.
    pub(crate) fn odd_status(reply: &Reply) -> Self {
        let json = serde_json::from_slice::<serde::de::IgnoredAny>(&reply.body).is_ok();
        let cause = match reply.status {
            _ if json => Cause::Other,
            408 | 425 | 429 | 500.. => Cause::HtmlWhileDown,
            400.. => Cause::PageRefused,
            _ => Cause::Other,
        };
        let stranger = Stranger {
            status: reply.status,
            retry_after: reply.retry_after,
            server: reply.server.clone(),
            ..Stranger::default()
        };
        let detail = format!("HTTP status {}", reply.status);
        Self::new(cause, reply.host().to_owned(), detail).saying(stranger)
    }

    pub(super) fn through(mut self, proxy: Option<&str>) -> Self {
        self.proxy = proxy.map(Into::into);
        self
    }

    pub(super) fn saying(mut self, stranger: Stranger) -> Self {
        self.stranger = Some(Box::new(stranger));
        self
    }

    pub(super) fn of(error: &reqwest::Error, host: String, proxy: Option<&str>, at: cause::At) -> Self {
        Self::new(cause::cause(error, proxy.is_some(), at), host, cause::chain(error)).through(proxy)
    }

    /// Whether the request may have reached the host, so that it may have been acted upon. A page that refuses was sent
    /// in the host's stead by whatever stands before it, and so was a redirect: neither lets the request pass.
    pub fn may_have_arrived(&self) -> bool {
        match self.cause {
            Cause::NameNotFound
            | Cause::NameUnanswered
            | Cause::Unreachable
            | Cause::Refused
            | Cause::ConnectTimeout
            | Cause::HandshakeTimeout
            | Cause::HandshakeCut
            | Cause::CertificateUntrusted { .. }
            | Cause::CertificateExpired { .. }
            | Cause::CertificateNotYetValid { .. }
            | Cause::CertificateForOther { .. }
            | Cause::CertificateRevoked
            | Cause::NotTls
            | Cause::Tls
            | Cause::ProxyWantsPassword
            | Cause::ProxyRefused
            | Cause::ProxyUnreachable
            | Cause::SignIn
            | Cause::PageRefused
            | Cause::Redirected { .. } => false,
            Cause::AnswerTimeout
            | Cause::BodyTimeout
            | Cause::Reset
            | Cause::Cut
            | Cause::Truncated
            | Cause::Html
            | Cause::HtmlWhileDown
            | Cause::NotHttp
            | Cause::Malformed
            | Cause::TooLarge
            | Cause::Other => true,
        }
    }

    /// Whether the host may still be at it: it was asked, and did not answer in time.
    pub fn timed_out(&self) -> bool {
        self.cause == Cause::AnswerTimeout
    }

    /// The status of what came instead of an answer.
    pub fn status(&self) -> Option<u16> {
        self.stranger.as_ref().map(|stranger| stranger.status)
    }

    pub fn problem(&self) -> Problem {
        let problem = Problem::new(self.cause.code())
            .with(Fact::Host, &self.host)
            .with(Fact::Detail, &*self.detail)
            .with_some(Fact::Proxy, self.proxy.as_deref())
            .with_some(Fact::Phase, self.cause.phase());
        let problem = match &self.cause {
            Cause::CertificateUntrusted { issuer } => {
                problem.with_some(Fact::Issuer, issuer.as_deref().filter(|name| !name.is_empty()))
            }
            Cause::CertificateExpired { until, clock } => problem
                .with_some(Fact::ValidUntil, until.as_deref())
                .with_some(Fact::Clock, clock.as_deref()),
            Cause::CertificateNotYetValid { from, clock } => problem
                .with_some(Fact::ValidFrom, from.as_deref())
                .with_some(Fact::Clock, clock.as_deref()),
            Cause::CertificateForOther { names } => problem.with_some(Fact::Found, names.as_deref()),
            Cause::Redirected { to } => problem.with_some(Fact::Found, to.as_deref()),
            _ => problem,
        };
        match self.stranger.as_deref() {
            Some(stranger) => stranger.add_to(problem),
            None => problem,
        }
    }
}

impl Stranger {
    /// The facts, and what was said.
    pub fn add_to(&self, problem: Problem) -> Problem {
        problem
            .with(Fact::Status, self.status.to_string())
            .with_some(Fact::Server, self.server.as_deref())
            .with_some(Fact::PageTitle, self.title.as_deref())
            .with_some(Fact::RetryAfter, self.retry_after.map(|seconds| seconds.to_string()))
            .answered(Answer {
                asked: String::new(),
                status: Some(self.status),
                said: self.title.clone(),
                body: Some(self.body.clone()).filter(|body| !body.is_empty()),
            })
    }
}

impl Cause {
    fn code(&self) -> Code {
        match self {
            Self::NameNotFound => Code::NetNameNotFound,
            Self::NameUnanswered => Code::NetNameUnanswered,
            Self::Unreachable => Code::NetUnreachable,
            Self::Refused => Code::NetRefused,
            Self::ConnectTimeout => Code::NetConnectTimeout,
            Self::HandshakeTimeout => Code::TlsTimeout,
            Self::HandshakeCut => Code::TlsCut,
            Self::AnswerTimeout => Code::NetAnswerTimeout,
            Self::BodyTimeout => Code::NetBodyTimeout,
            Self::Reset => Code::NetReset,
            Self::Cut => Code::NetCut,
            Self::Truncated => Code::NetTruncated,
            Self::CertificateUntrusted { .. } => Code::TlsUntrusted,
            Self::CertificateExpired { .. } => Code::TlsExpired,
            Self::CertificateNotYetValid { .. } => Code::TlsNotYetValid,
            Self::CertificateForOther { .. } => Code::TlsForOther,
            Self::CertificateRevoked => Code::TlsRevoked,
            Self::NotTls => Code::TlsNotSpoken,
            Self::Tls => Code::TlsFailed,
            Self::ProxyWantsPassword => Code::ProxyWantsPassword,
            Self::ProxyRefused => Code::ProxyRefused,
            Self::ProxyUnreachable => Code::ProxyUnreachable,
            Self::Html => Code::NetHtml,
            Self::SignIn => Code::NetSignIn,
            Self::PageRefused => Code::NetPageRefused,
            Self::HtmlWhileDown => Code::NetHtmlWhileDown,
            Self::Redirected { .. } => Code::NetRedirected,
            Self::NotHttp => Code::NetNotHttp,
            Self::Malformed => Code::NetMalformed,
            Self::TooLarge => Code::NetTooLarge,
            Self::Other => Code::NetOther,
        }
    }

    /// How far the request came.
    fn phase(&self) -> Option<&'static str> {
        match self {
            Self::NameNotFound | Self::NameUnanswered => Some("name"),
            Self::Unreachable | Self::Refused | Self::ConnectTimeout => Some("connect"),
            Self::ProxyWantsPassword | Self::ProxyRefused | Self::ProxyUnreachable => Some("proxy"),
            Self::HandshakeTimeout
            | Self::HandshakeCut
            | Self::CertificateUntrusted { .. }
            | Self::CertificateExpired { .. }
            | Self::CertificateNotYetValid { .. }
            | Self::CertificateForOther { .. }
            | Self::CertificateRevoked
            | Self::NotTls
            | Self::Tls => Some("tls"),
            Self::AnswerTimeout
            | Self::Reset
            | Self::Cut
            | Self::Html
            | Self::SignIn
            | Self::PageRefused
            | Self::HtmlWhileDown
            | Self::Redirected { .. }
            | Self::NotHttp => Some("answer"),
            Self::BodyTimeout | Self::Truncated | Self::Malformed | Self::TooLarge => Some("body"),
            Self::Other => None,
        }
    }
}

impl From<NetFailure> for Problem {
    fn from(failure: NetFailure) -> Self {
        failure.problem()
    }
}
