//! Servers on loopback that misbehave on purpose, below HTTP: each does one thing wrong, with real TLS.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tapline_core::ground::net::{Endpoint, Net, NetSettings, ProxySetting, SandboxBase, install_tls};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What a server does with a request once it has read it.
#[derive(Clone, Copy)]
pub enum Then {
    /// Ends the connection in good order.
    Close,
    /// Ends it by force.
    Reset,
    /// Says nothing more, and holds on.
    Hold,
}

/// Where a server listens, and whom to trust for it.
pub struct Rogue {
    address: String,
    authority: String,
}

impl Rogue {
    /// Whatever is at this address.
    pub fn at(address: &str) -> Self {
        install_tls();
        Self {
            address: address.to_owned(),
            authority: String::new(),
        }
    }

    /// Hands each connection to `meet`, before any TLS.
    pub async fn bare<F, Fut>(meet: F) -> Self
    where
        F: Fn(TcpStream) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        install_tls();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(meet(stream));
            }
        });
        Self {
            address,
            authority: String::new(),
        }
    }

    /// Makes a good handshake, reads a request, writes these bytes and does `then`.
    pub async fn answering(bytes: &'static [u8], then: Then) -> Self {
        Self::certified(
            CertificateParams::new(vec!["127.0.0.1".into()]).expect("a name"),
            bytes,
            then,
        )
        .await
    }

    /// The same with a certificate of one's own. Who signs it is called *Corporate Inspection CA*.
    pub async fn certified(mut params: CertificateParams, bytes: &'static [u8], then: Then) -> Self {
        let issuer = issuer();
        let key = KeyPair::generate().expect("a key");
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &issuer).expect("a certificate");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone(), issuer.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .expect("a certificate that fits its key");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let rogue = Self::bare(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    answer(stream, bytes, then).await;
                }
            }
        })
        .await;
        Self {
            authority: issuer.pem(),
            ..rogue
        }
    }

    pub fn settings(&self) -> NetSettings {
        NetSettings {
            proxy: ProxySetting::None,
            extra_ca_pem: (!self.authority.is_empty()).then(|| self.authority.as_bytes().to_vec()),
            endpoint: Endpoint::Sandbox(SandboxBase::read(&format!("https://{}", self.address)).expect("loopback")),
            ..NetSettings::default()
        }
    }

    pub fn net(&self) -> Net {
        Net::open(&self.settings()).expect("settings that fit")
    }

    /// Trusting nobody but the system.
    pub fn stranger(&self) -> Net {
        Net::open(&NetSettings {
            extra_ca_pem: None,
            ..self.settings()
        })
        .expect("settings that fit")
    }
}

async fn answer(mut stream: TlsStream<TcpStream>, bytes: &[u8], then: Then) {
    let mut request = vec![0; 64 * 1024];
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(bytes).await;
    let _ = stream.flush().await;
    match then {
        Then::Close => {
            let _ = stream.shutdown().await;
        }
        Then::Reset => {
            let _ = stream.get_ref().0.set_zero_linger();
        }
        Then::Hold => std::future::pending().await,
    }
}

fn issuer() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params
        .distinguished_name
        .push(DnType::CommonName, "Corporate Inspection CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}
