//! Signs in a service account's name. The key is kept as DER and becomes a signer for as long as one signature takes.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcp_auth::CustomServiceAccount;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{TOKEN_URIS, tail};
use crate::ground::secret::Secret;

/// A service account that can sign: who, and with which key.
pub struct ServiceAccount {
    email: String,
    key_id: String,
    private_key: Secret<Vec<u8>>,
}

/// The key would not sign. Says nothing about the key itself.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("the private key could not be written as JSON")]
    Rebuild(#[source] serde_json::Error),
    #[error("the private key was not accepted as an RSA key")]
    Key(#[source] gcp_auth::Error),
    #[error("signing failed")]
    Sign(#[source] gcp_auth::Error),
}

/// The least that `gcp_auth` needs. Nothing of a person's file but the key and the e-mail reaches it.
#[derive(Serialize)]
struct Minimal<'a> {
    client_email: &'a str,
    private_key: &'a str,
    token_uri: &'static str,
}

impl ServiceAccount {
    /// From what the store and the vault keep. `private_key` is PKCS#8 DER.
    pub fn new(email: String, key_id: String, private_key: Secret<Vec<u8>>) -> Self {
        Self {
            email,
            key_id,
            private_key,
        }
    }

    pub fn email(&self) -> &str {
        &self.email
    }

    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Last four characters of the key's id.
    pub fn key_tail(&self) -> &str {
        tail(&self.key_id)
    }

    /// RS256 over the bytes. Takes about a millisecond.
    pub fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, SignError> {
        self.signer()?.signer().sign(bytes).map_err(SignError::Sign)
    }

    /// Whether the key is one that can sign.
    pub(super) fn prove(&self) -> Result<(), SignError> {
        self.sign(b"tapline").map(drop)
    }

    pub(super) fn into_parts(self) -> (String, String, Secret<Vec<u8>>) {
        (self.email, self.key_id, self.private_key)
    }

    /// `gcp_auth` does not wipe its copy, so it lives for one signature.
    fn signer(&self) -> Result<CustomServiceAccount, SignError> {
        let pem = self.private_key.lend(|der| armour(der));
        let minimal = Minimal {
            client_email: &self.email,
            private_key: &pem,
            token_uri: TOKEN_URIS[0],
        };
        let json = Zeroizing::new(serde_json::to_string(&minimal).map_err(SignError::Rebuild)?);
        CustomServiceAccount::from_json(&json).map_err(SignError::Key)
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceAccount({}, …{})", self.email, self.key_tail())
    }
}

fn armour(der: &[u8]) -> Zeroizing<String> {
    let letters = Zeroizing::new(STANDARD.encode(der));
    let mut pem = Zeroizing::new(String::with_capacity(letters.len() + letters.len() / 64 + 64));
    pem.push_str("-----BEGIN PRIVATE KEY-----\n");
    let mut rest = letters.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}
