//! The one way out: every request that leaves this computer is made here, to hosts that are named here, through the
//! proxy and with the certificate authorities that a person chose. It knows no vendor's words: status and bytes go back.
//!
//! ```no_run
//! # use tapline_core::ground::net::*;
//! # async fn example() -> Result<(), NetFailure> {
//! install_tls(); // once, first thing in every main
//! let net = Net::open(&NetSettings::default()).expect("settings that fit");
//! let reply = net.send(Ask::get(Host::BigQuery).at(["projects", "acme-dw"])).await?;
//! println!("{}", reply.status);
//! # Ok(())
//! # }
//! ```

mod ask;
mod endpoint;
mod failure;
mod names;
mod reply;
mod tls;

use std::time::Duration;

use reqwest::{Client, Proxy, redirect};

use crate::ground::problem::{Code, Fact, Problem};

pub use ask::Ask;
pub use endpoint::{Endpoint, Host, Region, SandboxBase};
pub use failure::{Cause, NetFailure};
pub use reply::Reply;
pub use tls::install_tls;

/// How this computer reaches the world.
#[derive(Clone, Default)]
pub struct NetSettings {
    pub proxy: ProxySetting,
    /// Certificates, as PEM, that are trusted besides the system's: for networks that open TLS, and for the sandbox.
    pub extra_ca_pem: Option<Vec<u8>>,
    pub endpoint: Endpoint,
}

#[derive(Clone, Default)]
pub enum ProxySetting {
    /// What the system or the environment says.
    #[default]
    System,
    None,
    /// `http://host:port`, with a name and password in it where the proxy wants them.
    Manual(String),
}

/// Makes requests. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Net {
    client: Client,
    endpoint: Endpoint,
    /// Host and port of a proxy that a person named.
    proxy: Option<String>,
}

const CONNECT: Duration = Duration::from_secs(10);
/// Longest silence while an answer is awaited or read. Longer than the longest wait that we ask a server for.
const SILENCE: Duration = Duration::from_secs(45);

impl Net {
    /// Opens no connection yet. Fails on settings that cannot work.
    pub fn open(settings: &NetSettings) -> Result<Self, Problem> {
        let tls = tls::config(settings.extra_ca_pem.as_deref())?;
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .user_agent(concat!("Tapline/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(names::Names::of(&settings.endpoint));
        let sandboxed = matches!(settings.endpoint, Endpoint::Sandbox(_));
        let (builder, proxy) = match &settings.proxy {
            // A loopback address is never reached through a proxy that the system names.
            ProxySetting::System if sandboxed => (builder.no_proxy(), None),
            ProxySetting::System => (builder, None),
            ProxySetting::None => (builder.no_proxy(), None),
            ProxySetting::Manual(url) => {
                let (proxy, name) = read_proxy(url, sandboxed)?;
                (builder.no_proxy().proxy(proxy), Some(name))
            }
        };
        let client = builder
            .build()
            .map_err(|error| Problem::new(Code::Internal).with(Fact::Detail, failure::chain(&error)))?;
        Ok(Self {
            client,
            endpoint: settings.endpoint.clone(),
            proxy,
        })
    }

    /// Asks once. Any status is a reply; only what is no answer of the host itself is a failure.
    pub async fn send(&self, ask: Ask) -> Result<Reply, NetFailure> {
        let host = ask.host();
        let limit = ask.most_bytes();
        let url = self.endpoint.url(host, ask.segments());
        let name = url.host_str().unwrap_or_default().to_owned();
        let request = ask.into_request(&self.client, url);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(NetFailure::of(&error, name, self.proxy.as_deref())),
        };
        reply::read(answer, limit, &name, self.proxy.as_deref()).await
    }
}

/// The proxy, and its host and port to show: the name and password in its address are never shown.
fn read_proxy(text: &str, sandboxed: bool) -> Result<(Proxy, String), Problem> {
    let invalid = || Problem::new(Code::ProxyInvalid);
    let url = reqwest::Url::parse(text.trim()).map_err(|_| invalid())?;
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
    Ok((Proxy::all(url).map_err(|_| invalid())?, name))
}
