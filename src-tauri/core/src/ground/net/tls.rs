//! TLS with one provider, the system's authorities and those that a person adds. A certificate that is not trusted is
//! refused with the name of whoever signed it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, NamedGroup, OtherError, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::ground::der::{INTEGER, Items, OBJECT_ID, SEQUENCE};
use crate::ground::problem::{Code, Fact, Problem};

/// Makes ring the process's one TLS provider. Call it first thing in every `main`; later calls do nothing.
pub fn install_tls() {
    let _ = ring::default_provider().install_default();
}

/// The server's certificate was refused.
#[derive(Debug, thiserror::Error)]
#[error("the certificate is not trusted")]
pub(super) struct Untrusted {
    /// Who signed it, where the certificate says so readably.
    pub issuer: Option<String>,
    pub why: CertificateError,
}

pub(super) fn config(extra_ca_pem: Option<&[u8]>, handshakes: &Arc<Handshakes>) -> Result<ClientConfig, Problem> {
    let provider = Arc::new(ring::default_provider());
    let extra = match extra_ca_pem {
        Some(pem) => read_authorities(pem)?,
        None => Vec::new(),
    };
    let broken = |error: rustls::Error| Problem::new(Code::TlsUnusable).with(Fact::Detail, error.to_string());
    let inner = Verifier::new_with_extra_roots(extra, Arc::clone(&provider)).map_err(broken)?;
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(broken)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Naming { inner, provider }))
        .with_no_client_auth();
    config.resumption = Resumption::store(Arc::clone(handshakes) as Arc<dyn ClientSessionStore>);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The sessions that may be resumed, as rustls keeps them, and when a handshake was last begun with whom. A connection
/// that does not come about in time says nothing of how far it came; this does.
#[derive(Debug)]
pub(super) struct Handshakes {
    sessions: ClientSessionMemoryCache,
    begun: Mutex<HashMap<String, Instant>>,
}

/// As many sessions as rustls keeps by itself.
const SESSIONS: usize = 256;

impl Handshakes {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            sessions: ClientSessionMemoryCache::new(SESSIONS),
            begun: Mutex::default(),
        })
    }

    /// Whether one was begun with the host since then: so something there had picked up.
    pub fn begun_since(&self, host: &str, then: Instant) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.get(host).is_some_and(|when| *when >= then)
    }
}

impl ClientSessionStore for Handshakes {
    fn set_kx_hint(&self, server_name: ServerName<'static>, group: NamedGroup) {
        self.sessions.set_kx_hint(server_name, group);
    }

    /// Asked for when a handshake begins.
    fn kx_hint(&self, server_name: &ServerName<'_>) -> Option<NamedGroup> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.insert(server_name.to_str().into_owned(), Instant::now());
        drop(begun);
        self.sessions.kx_hint(server_name)
    }

    fn set_tls12_session(&self, server_name: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.sessions.set_tls12_session(server_name, value);
    }

    fn tls12_session(&self, server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.sessions.tls12_session(server_name)
    }

    fn remove_tls12_session(&self, server_name: &ServerName<'static>) {
        self.sessions.remove_tls12_session(server_name);
    }

    fn insert_tls13_ticket(&self, server_name: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.sessions.insert_tls13_ticket(server_name, value);
    }

    fn take_tls13_ticket(&self, server_name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.sessions.take_tls13_ticket(server_name)
    }
}

fn read_authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(found) if !found.is_empty() && found.iter().all(|cert| issuer(cert).is_some()) => Ok(found),
        _ => Err(Problem::new(Code::AuthorityUnread)),
    }
}

/// The system's verdict, with the signer's name added where it is a no. It never says yes by itself.
#[derive(Debug)]
struct Naming {
    inner: Verifier,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Naming {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .map_err(|error| match error {
                rustls::Error::InvalidCertificate(why) => {
                    let last = intermediates.last().unwrap_or(end_entity);
                    let untrusted = Untrusted {
                        issuer: issuer(last),
                        why,
                    };
                    rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(untrusted))))
                }
                other => other,
            })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// The issuer's common name, or else its organisation, out of an X.509 certificate.
fn issuer(cert: &[u8]) -> Option<String> {
    const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
    const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
    const VERSION: u8 = 0xa0;
    let mut certificate = Items::of(Items::of(cert).tagged(SEQUENCE)?);
    let mut signed = Items::of(certificate.tagged(SEQUENCE)?);
    let _ = signed.tagged(VERSION);
    signed.tagged(INTEGER)?;
    signed.tagged(SEQUENCE)?;
    let names = signed.tagged(SEQUENCE)?;
    let mut organisation = None;
    let mut common_name = None;
    for set in Items::of(names) {
        for pair in Items::of(set.body) {
            let mut pair = Items::of(pair.body);
            let (Some(kind), Some(value)) = (pair.tagged(OBJECT_ID), pair.next()) else {
                continue;
            };
            let text = std::str::from_utf8(value.body).ok().map(readable);
            match kind {
                COMMON_NAME => common_name = text,
                ORGANISATION => organisation = text,
                _ => {}
            }
        }
    }
    common_name.or(organisation).or(Some(String::new()))
}

fn readable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::{Handshakes, config, issuer};
    use crate::ground::problem::Code;

    #[test]
    fn the_signer_is_read_from_a_certificate() {
        let mut params = rcgen::CertificateParams::new(vec!["127.0.0.1".into()]).expect("a name");
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "Corporate Inspection CA");
        let pair = rcgen::KeyPair::generate().expect("a key");
        let cert = params.self_signed(&pair).expect("a certificate");
        assert_eq!(
            issuer(cert.der()).as_deref(),
            Some("Corporate Inspection CA"),
            "people know their proxy by this name"
        );
        assert_eq!(issuer(&cert.der()[..20]), None, "a cut certificate names nobody");
        assert!(
            config(Some(cert.pem().as_bytes()), &Handshakes::new()).is_ok(),
            "its PEM can be trusted"
        );
    }

    #[test]
    fn what_holds_no_certificate_is_refused() {
        for bad in [
            &b""[..],
            b"hello",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            let problem = config(Some(bad), &Handshakes::new())
                .map(drop)
                .expect_err("no certificate");
            assert_eq!(problem.code(), Code::AuthorityUnread, "for {bad:?}");
        }
    }
}
