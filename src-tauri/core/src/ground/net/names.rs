//! Looks names up, and refuses those that are not on the list: on a sandbox there are none at all.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::endpoint::Endpoint;

/// Which names may be looked up.
pub(super) enum Names {
    /// None: a sandbox is named by its number.
    Refused,
    /// The hosts, and whatever proxy the system names. Which hosts are asked at all, [`super::endpoint::Host`] decides.
    System,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum NameError {
    #[error("on a sandbox no name is looked up")]
    Refused,
    #[error("the name was not found")]
    NotFound(#[source] io::Error),
    #[error("no name server answered")]
    Unanswered,
}

/// Shorter than the time that a connection may take, so that a silent name server is not taken for a silent host.
const WITHIN: Duration = Duration::from_secs(8);

impl Names {
    pub fn of(endpoint: &Endpoint) -> Arc<Self> {
        Arc::new(match endpoint {
            Endpoint::Real => Self::System,
            Endpoint::Sandbox(_) => Self::Refused,
        })
    }
}

impl NameError {
    fn of(error: io::Error) -> Self {
        if is_for_now(&error.to_string()) {
            Self::Unanswered
        } else {
            Self::NotFound(error)
        }
    }
}

/// Whether it is the name server that failed, not the name. The standard library gives up the resolver's number, so its
/// words decide (2026-11): `gai_strerror(EAI_AGAIN)` of glibc and macOS, of musl, and Windows' `WSATRY_AGAIN`.
pub(super) fn is_for_now(words: &str) -> bool {
    [
        "Temporary failure in name resolution",
        "lookup address information: Try again",
        "temporary error during hostname resolution",
        "os error 11002",
    ]
    .iter()
    .any(|mark| words.contains(mark))
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        if matches!(self, Self::Refused) {
            return Box::pin(async { Err(NameError::Refused.into()) });
        }
        Box::pin(async move {
            let found = tokio::time::timeout(WITHIN, tokio::net::lookup_host((name.as_str(), 0)))
                .await
                .map_err(|_| NameError::Unanswered)?
                .map_err(NameError::of)?;
            let addresses: Vec<SocketAddr> = found.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Names};
    use crate::ground::net::SandboxBase;
    use reqwest::dns::Resolve as _;

    #[tokio::test]
    async fn a_sandbox_looks_no_name_up() {
        let base = SandboxBase::read("https://127.0.0.1:8443").expect("loopback");
        let names = Names::of(&Endpoint::Sandbox(base));
        for name in ["oauth2.googleapis.com", "localhost", "api.clevertap.com"] {
            let found = names.resolve(name.parse().expect("a name")).await;
            assert!(found.is_err(), "{name} must not be looked up on a sandbox");
        }
    }
}
