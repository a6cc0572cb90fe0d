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
mod cause;
mod endpoint;
mod failure;
mod names;
mod proxy;
mod reply;
mod tls;
pub mod told;
mod wordings;

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Client, redirect};

use crate::ground::problem::{Code, Fact, Problem};
use cause::At;
use proxy::Proxy;

pub use ask::Ask;
pub use endpoint::{Endpoint, Host, Region, SandboxBase};
pub use failure::{Cause, NetFailure, Stranger};
pub use reply::Reply;
pub use tls::install_tls;

/// How this computer reaches the world.
#[derive(Clone, Default)]
pub struct NetSettings {
    pub proxy: ProxySetting,
    /// Certificates, as PEM, that are trusted besides the system's: for networks that open TLS, and for the sandbox.
    pub extra_ca_pem: Option<Vec<u8>>,
    pub endpoint: Endpoint,
    /// How long a connection may take to come about. Ten seconds unless said otherwise.
    pub connect_within: Option<Duration>,
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
    proxy: Proxy,
    handshakes: Arc<tls::Handshakes>,
}

const CONNECT: Duration = Duration::from_secs(10);
/// Longest silence while an answer is awaited or read. Longer than the longest wait that we ask a server for.
const SILENCE: Duration = Duration::from_secs(45);

impl Net {
    /// Opens no connection yet. Fails on settings that cannot work.
    pub fn open(settings: &NetSettings) -> Result<Self, Problem> {
        let handshakes = tls::Handshakes::new();
        let tls = tls::config(settings.extra_ca_pem.as_deref(), &handshakes)?;
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .redirect(redirect::Policy::none())
            .connect_timeout(settings.connect_within.unwrap_or(CONNECT))
            .read_timeout(SILENCE)
            .user_agent(concat!("Tapline/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(names::Names::of(&settings.endpoint));
        let sandboxed = matches!(settings.endpoint, Endpoint::Sandbox(_));
        let (proxy, builder) = Proxy::open(&settings.proxy, sandboxed, builder)?;
        let client = builder
            .build()
            .map_err(|error| Problem::new(Code::Internal).with(Fact::Detail, cause::chain(&error)))?;
        Ok(Self {
            client,
            endpoint: settings.endpoint.clone(),
            proxy,
            handshakes,
        })
    }

    /// Asks once. Any status is a reply; only what is no answer of the host itself is a failure.
    pub async fn send(&self, ask: Ask) -> Result<Reply, NetFailure> {
        let host = ask.host();
        let limit = ask.most_bytes();
        let url = self.endpoint.url(host, ask.segments());
        let name = url.host_str().unwrap_or_default().to_owned();
        let proxy = self.proxy.of(&url);
        let asked = Instant::now();
        match ask.into_request(&self.client, url).send().await {
            Ok(answer) => reply::read(answer, limit, &name, proxy.as_deref()).await,
            Err(error) => {
                let at = if self.handshakes.begun_since(&name, asked) {
                    At::Handshake
                } else {
                    At::Start
                };
                Err(NetFailure::of(&error, name, proxy.as_deref(), at))
            }
        }
    }
}
