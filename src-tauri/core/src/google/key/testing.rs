//! Keys for tests, made when the tests run: no private key is ever written down.

use std::sync::LazyLock;

use rsa::PrivateKey;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};

pub(crate) const EMAIL: &str = "loader@acme-dw.iam.gserviceaccount.com";
pub(crate) const KEY_ID: &str = "0123456789abcdef0123456789abcdef0123a1b2";

/// One 2048-bit key for all tests.
pub(crate) static RSA_KEY: LazyLock<PrivateKey> = LazyLock::new(|| make(2048));

/// Its PEM, as Google writes it.
pub(crate) static PEM: LazyLock<String> = LazyLock::new(|| pem(&RSA_KEY));

pub(crate) fn make(bits: usize) -> PrivateKey {
    PrivateKey::new(&mut getrandom::SysRng, bits).expect("a fresh RSA key")
}

pub(crate) fn pem(key: &PrivateKey) -> String {
    key.to_pkcs8_pem(LineEnding::LF).expect("a PEM").to_string()
}

/// A key file as Google makes them.
pub(crate) fn file() -> serde_json::Value {
    serde_json::json!({
        "type": "service_account",
        "project_id": "acme-dw",
        "private_key_id": KEY_ID,
        "private_key": *PEM,
        "client_email": EMAIL,
        "client_id": "100000000000000000001",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/loader%40acme-dw.iam.gserviceaccount.com",
        "universe_domain": "googleapis.com"
    })
}

pub(crate) fn file_text() -> String {
    serde_json::to_string_pretty(&file()).expect("JSON")
}
