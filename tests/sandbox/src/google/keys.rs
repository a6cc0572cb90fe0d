//! Service-account keys: RSA pairs made at run time, in the file shape that Google hands out.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use getrandom::SysRng;
use rsa::PrivateKey;
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use serde_json::json;

/// A key as the person downloads it. The file holds a real private key, valid for this sandbox alone.
#[derive(Clone)]
pub struct IssuedKey {
    pub client_email: String,
    /// 40 hexadecimal digits.
    pub key_id: String,
    pub project_id: String,
    json: String,
    der: Vec<u8>,
}

impl IssuedKey {
    /// The file's text, as the Google Cloud console writes it.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The private key as PKCS#8 DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// `serviceAccount:` and the e-mail, as grants name it.
    pub fn member(&self) -> String {
        format!("serviceAccount:{}", self.client_email)
    }

    /// Saves the file under Google's name for it: project and the start of the key id.
    pub fn write_to(&self, folder: &Path) -> std::io::Result<PathBuf> {
        let path = folder.join(format!("{}-{}.json", self.project_id, &self.key_id[..12]));
        std::fs::write(&path, &self.json)?;
        Ok(path)
    }
}

impl fmt::Debug for IssuedKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "IssuedKey({}, {})", self.client_email, self.key_id)
    }
}

/// A pair, encoded for both ends.
#[derive(Clone)]
pub(crate) struct Pair {
    pem: String,
    der: Vec<u8>,
    pub(crate) public: Vec<u8>,
}

/// Making a pair is the slow part, so sandboxes of one process share them; within one sandbox each is used once.
static PAIRS: Mutex<Vec<Pair>> = Mutex::new(Vec::new());

pub(crate) fn pair(index: usize) -> Pair {
    let mut pairs = PAIRS.lock().unwrap_or_else(PoisonError::into_inner);
    while pairs.len() <= index {
        pairs.push(new_pair());
    }
    pairs[index].clone()
}

#[allow(
    clippy::expect_used,
    reason = "no input reaches this: the machine either has random numbers or nothing works"
)]
fn new_pair() -> Pair {
    let private = PrivateKey::new(&mut SysRng, 2048).expect("an RSA key of 2048 bits can be made");
    let der = private.to_pkcs8_der().expect("an RSA key can be encoded");
    let pem = private
        .to_pkcs8_pem(LineEnding::LF)
        .expect("an RSA key can be written as PEM");
    let public = private
        .to_public_key()
        .to_pkcs1_der()
        .expect("a public key can be encoded");
    Pair {
        pem: pem.to_string(),
        der: der.as_bytes().to_vec(),
        public: public.as_bytes().to_vec(),
    }
}

pub(crate) fn issued(project: &str, email: &str, client_id: &str, key_id: &str, pair: &Pair) -> IssuedKey {
    let escaped = email.replace('@', "%40");
    let text = json!({
        "type": "service_account",
        "project_id": project,
        "private_key_id": key_id,
        "private_key": pair.pem,
        "client_email": email,
        "client_id": client_id,
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": format!("https://www.googleapis.com/robot/v1/metadata/x509/{escaped}"),
        "universe_domain": "googleapis.com",
    });
    // In Google's order of fields, two spaces deep.
    let order = [
        "type",
        "project_id",
        "private_key_id",
        "private_key",
        "client_email",
        "client_id",
        "auth_uri",
        "token_uri",
        "auth_provider_x509_cert_url",
        "client_x509_cert_url",
        "universe_domain",
    ];
    let fields: Vec<_> = order
        .iter()
        .map(|field| format!("  \"{field}\": {}", text[field]))
        .collect();
    IssuedKey {
        client_email: email.to_owned(),
        key_id: key_id.to_owned(),
        project_id: project.to_owned(),
        json: format!("{{\n{}\n}}\n", fields.join(",\n")),
        der: pair.der.clone(),
    }
}
