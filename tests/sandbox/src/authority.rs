//! A certificate authority that lives as long as one sandbox, and the certificate it signs for loopback.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;

/// The authority's certificate, and a TLS configuration whose certificate it signed.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) pem: String,
    pub(crate) server: Arc<ServerConfig>,
}

/// Why no authority could be made.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A key or certificate could not be made.
    #[error("the sandbox could not make its certificate")]
    Certificate(#[source] rcgen::Error),
    /// TLS refused the certificate just made.
    #[error("TLS did not take the sandbox's certificate")]
    Tls(#[source] rustls::Error),
}

impl Authority {
    pub(crate) fn new(http1_only: bool) -> Result<Self, AuthorityError> {
        let issuer = issuer().map_err(AuthorityError::Certificate)?;
        let key = KeyPair::generate().map_err(AuthorityError::Certificate)?;
        let mut params = CertificateParams::new(vec!["127.0.0.1".into(), "localhost".into()])
            .map_err(AuthorityError::Certificate)?;
        params.distinguished_name.push(DnType::CommonName, "127.0.0.1");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &issuer).map_err(AuthorityError::Certificate)?;

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(AuthorityError::Tls)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone(), issuer.der().clone()], private)
            .map_err(AuthorityError::Tls)?;
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        if http1_only {
            server.alpn_protocols.remove(0);
        }
        Ok(Self {
            pem: issuer.pem(),
            server: Arc::new(server),
        })
    }
}

fn issuer() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Tapline sandbox, valid for this run");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}
