//! The proxy in between: named by a person, or by the system. Its name and password are never shown.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, Url};

use super::{ProxySetting, endpoint};
use crate::ground::problem::{Code, Fact, Problem};

/// Which proxy a request goes through.
#[derive(Clone)]
pub(super) enum Proxy {
    None,
    /// Host and port.
    Named(String),
    /// What the system says, by host. reqwest reads the same with the same code, and does not tell.
    System(std::sync::Arc<Matcher>),
}

impl Proxy {
    /// The setting, read, and the client that keeps to it.
    pub fn open(
        setting: &ProxySetting,
        sandboxed: bool,
        client: ClientBuilder,
    ) -> Result<(Self, ClientBuilder), Problem> {
        Ok(match setting {
            // A loopback address is never reached through a proxy that the system names.
            ProxySetting::System if sandboxed => (Self::None, client.no_proxy()),
            ProxySetting::None => (Self::None, client.no_proxy()),
            ProxySetting::System => (Self::System(Matcher::from_system().into()), client),
            ProxySetting::Manual(url) => {
                let (proxy, name) = read(url, sandboxed)?;
                (Self::Named(name), client.no_proxy().proxy(proxy))
            }
        })
    }

    /// Host and port of the proxy on the way to this address.
    pub fn of(&self, url: &Url) -> Option<String> {
        match self {
            Self::None => None,
            Self::Named(name) => Some(name.clone()),
            Self::System(matcher) => {
                let found = matcher.intercept(&url.as_str().parse().ok()?)?;
                let uri = found.uri();
                Some(match uri.port_u16() {
                    Some(port) => format!("{}:{port}", uri.host()?),
                    None => uri.host()?.to_owned(),
                })
            }
        }
    }
}

fn read(text: &str, sandboxed: bool) -> Result<(reqwest::Proxy, String), Problem> {
    let invalid = || Problem::new(Code::ProxyInvalid);
    let url = Url::parse(text.trim()).map_err(|_| invalid())?;
    let host = url.host_str().ok_or_else(invalid)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid());
    }
    let name = match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    if sandboxed && !endpoint::is_loopback(&url) {
        return Err(Problem::new(Code::EndpointNotLoopback).with(Fact::Found, name));
    }
    Ok((reqwest::Proxy::all(url).map_err(|_| invalid())?, name))
}

#[cfg(test)]
mod tests {
    use super::Proxy;
    use hyper_util::client::proxy::matcher::Matcher;
    use reqwest::Url;

    #[test]
    fn the_systems_proxy_is_named_without_its_password() {
        let system = Matcher::builder()
            .https("http://ann:secret@proxy.example:3128")
            .no("clevertap.com")
            .build();
        let proxy = Proxy::System(system.into());
        let rows = [
            ("https://bigquery.googleapis.com/x", Some("proxy.example:3128")),
            ("https://in1.api.clevertap.com/1/upload", None),
        ];
        for (url, expected) in rows {
            let url = Url::parse(url).expect("an address");
            assert_eq!(proxy.of(&url).as_deref(), expected, "for {url}");
        }
    }
}
