//! Looks names up, and refuses those that are not on the list: on a sandbox there are none at all.

use std::net::SocketAddr;
use std::sync::Arc;

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
    NotFound(#[source] std::io::Error),
}

impl Names {
    pub fn of(endpoint: &Endpoint) -> Arc<Self> {
        Arc::new(match endpoint {
            Endpoint::Real => Self::System,
            Endpoint::Sandbox(_) => Self::Refused,
        })
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        if matches!(self, Self::Refused) {
            return Box::pin(async { Err(NameError::Refused.into()) });
        }
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0))
                .await
                .map_err(NameError::NotFound)?;
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
