//! A client as the product would be one: trusts the sandbox's authority alone, signs its own assertions.

#![allow(dead_code, reason = "each test file uses its part")]

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Certificate, Client, RequestBuilder};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use tapline_sandbox::{AccountKey, IssuedKey, Options, Sandbox};

pub type Outcome = Result<(), Box<dyn Error>>;

pub const SCOPES: &str =
    "https://www.googleapis.com/auth/bigquery https://www.googleapis.com/auth/cloud-platform.read-only";

pub struct Peer {
    pub sandbox: Sandbox,
    pub http: Client,
}

impl Peer {
    pub async fn new(options: Options) -> Result<Self, Box<dyn Error>> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(options).await?;
        let http = client(&sandbox)?;
        Ok(Self { sandbox, http })
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.endpoint())
    }

    pub fn upload(&self, account: &AccountKey, query: &str, body: &Value) -> RequestBuilder {
        self.http
            .post(self.url(&format!("/clevertap/{}/1/upload{query}", account.region)))
            .header("X-CleverTap-Account-Id", &account.account_id)
            .header("X-CleverTap-Passcode", &account.passcode)
            .header("content-type", "application/json; charset=utf-8")
            .body(body.to_string())
    }

    /// Status and body of a token request with these claims.
    pub async fn exchange(
        &self,
        key: &IssuedKey,
        kid: Option<&str>,
        claims: &Value,
    ) -> Result<(u16, Value), Box<dyn Error>> {
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", &assertion(key, kid, claims)?),
        ];
        let answer = self.http.post(self.url("/token")).form(&form).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    pub async fn token(&self, key: &IssuedKey) -> Result<String, Box<dyn Error>> {
        let (status, body) = self.exchange(key, Some(&key.key_id), &claims(key)).await?;
        assert_eq!(status, 200, "a good key gets a token, not {body}");
        Ok(body["access_token"].as_str().ok_or("no access_token")?.to_owned())
    }

    pub async fn get(&self, token: &str, path: &str) -> Result<(u16, Value), Box<dyn Error>> {
        let answer = self.http.get(self.url(path)).bearer_auth(token).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    pub async fn post(&self, token: &str, path: &str, body: &Value) -> Result<(u16, Value), Box<dyn Error>> {
        let answer = self
            .http
            .post(self.url(path))
            .bearer_auth(token)
            .json(body)
            .send()
            .await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }
}

pub fn client(sandbox: &Sandbox) -> Result<Client, Box<dyn Error>> {
    let authority = Certificate::from_pem(sandbox.authority_pem().as_bytes())?;
    Ok(Client::builder().tls_certs_only([authority]).no_proxy().build()?)
}

pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}

pub fn claims(key: &IssuedKey) -> Value {
    json!({
        "iss": key.client_email, "scope": SCOPES, "aud": "https://oauth2.googleapis.com/token",
        "iat": now(), "exp": now() + 3600,
    })
}

pub fn assertion(key: &IssuedKey, kid: Option<&str>, claims: &Value) -> Result<String, Box<dyn Error>> {
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let Some(kid) = kid {
        header["kid"] = json!(kid);
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let pair = RsaKeyPair::from_pkcs8(key.der()).map_err(|error| error.to_string())?;
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .map_err(|error| error.to_string())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

pub async fn token_from(http: &Client, endpoint: &str, key: &IssuedKey) -> Result<String, Box<dyn Error>> {
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", &assertion(key, Some(&key.key_id), &claims(key))?),
    ];
    let answer: Value = http
        .post(format!("{endpoint}/token"))
        .form(&form)
        .send()
        .await?
        .json()
        .await?;
    Ok(answer["access_token"]
        .as_str()
        .ok_or("a good key gets a token")?
        .to_owned())
}
