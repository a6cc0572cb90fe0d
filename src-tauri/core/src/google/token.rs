//! Access tokens: one signed assertion exchanged for one token, by our own client, with Google's own words when it
//! refuses. A token is held in memory for as long as it is good, and fetched once however many wait for it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Mutex;
use zeroize::Zeroize as _;

use super::key::ServiceAccount;
use super::token_answer::{Asking, granted, refused, unanswered};
use crate::ground::clock::Clock;
use crate::ground::net::{Ask, Host, Net};
use crate::ground::problem::{Code, Fact, Problem};
use crate::ground::secret::Secret;

/// All that is asked for: BigQuery, and reading what Resource Manager knows of a project.
pub const SCOPES: &str =
    "https://www.googleapis.com/auth/bigquery https://www.googleapis.com/auth/cloud-platform.read-only";

const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// A token is renewed this long before it runs out, so that none runs out on the way.
const MARGIN_SECONDS: i64 = 300;

/// A token that Google gave. It opens the project until `until`.
#[derive(Debug)]
pub struct Token {
    value: Secret<String>,
    until: Timestamp,
    /// From when on another is fetched in its place.
    renew: Timestamp,
}

impl Token {
    /// Lends the token's text.
    pub fn lend<R>(&self, use_it: impl FnOnce(&str) -> R) -> R {
        self.value.lend(|text| use_it(text))
    }

    pub fn until(&self) -> Timestamp {
        self.until
    }
}

/// Gets tokens for one service account. Cheap to clone; clones share the token.
#[derive(Clone)]
pub struct Tokens {
    net: Net,
    clock: Clock,
    account: Arc<ServiceAccount>,
    held: Arc<Mutex<Option<Arc<Token>>>>,
}

impl Tokens {
    pub fn new(net: Net, clock: Clock, account: ServiceAccount) -> Self {
        Self {
            net,
            clock,
            account: Arc::new(account),
            held: Arc::default(),
        }
    }

    pub fn account(&self) -> &ServiceAccount {
        &self.account
    }

    /// A token that is good for some minutes yet. Those who ask while one is being fetched wait for it.
    pub async fn token(&self) -> Result<Arc<Token>, Problem> {
        let mut held = self.held.lock().await;
        if let Some(token) = held.as_ref()
            && self.clock.now() < token.renew
        {
            return Ok(Arc::clone(token));
        }
        let token = Arc::new(self.exchange(&self.sign()?).await?);
        *held = Some(Arc::clone(&token));
        Ok(token)
    }

    /// Another token than this one, which Google has refused. Where others have fetched one since, theirs.
    pub async fn replace(&self, refused: &Arc<Token>) -> Result<Arc<Token>, Problem> {
        {
            let mut held = self.held.lock().await;
            if held.as_ref().is_some_and(|token| Arc::ptr_eq(token, refused)) {
                *held = None;
            }
        }
        self.token().await
    }

    /// Signs an assertion with the key. No network.
    pub fn sign(&self) -> Result<Assertion, Problem> {
        let now = self.clock.now().as_second();
        let header = Header {
            alg: "RS256",
            typ: "JWT",
            kid: self.account.key_id(),
        };
        let claims = Claims {
            iss: self.account.email(),
            scope: SCOPES,
            aud: AUDIENCE,
            iat: now,
            exp: now + 3600,
        };
        let failed = |detail: String| {
            Problem::new(Code::KeyUnreadable)
                .with(Fact::Detail, detail)
                .with(Fact::Member, self.account.email())
        };
        let mut text = encoded(&header).map_err(|error| failed(error.to_string()))?;
        text.push('.');
        text.push_str(&encoded(&claims).map_err(|error| failed(error.to_string()))?);
        let signature = self
            .account
            .sign(text.as_bytes())
            .map_err(|error| failed(error.to_string()))?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Ok(Assertion(Secret::new(text)))
    }

    /// Shows the assertion to Google. Asked once: what Google refuses, it refuses again.
    pub async fn exchange(&self, assertion: &Assertion) -> Result<Token, Problem> {
        let ask = assertion.0.lend(|text| {
            Ask::post(Host::GoogleToken)
                .form(&[("grant_type", GRANT), ("assertion", text)])
                .within(Duration::from_secs(20))
        });
        let asked_at = self.clock.now();
        let mut reply = self.net.send(ask).await.map_err(|failure| unanswered(&failure))?;
        if !reply.is_success() {
            return Err(refused(&reply, &self.asking(asked_at)));
        }
        let granted = granted(&reply);
        // The body holds the token too.
        reply.body.zeroize();
        let granted = granted?;
        let lasts = granted.expires_in.clamp(60, 12 * 3600);
        let after = |seconds| {
            let later = asked_at.checked_add(jiff::SignedDuration::from_secs(seconds));
            later.unwrap_or(asked_at)
        };
        Ok(Token {
            value: granted.access_token,
            until: after(lasts),
            renew: after(lasts - MARGIN_SECONDS.min(lasts / 4)),
        })
    }

    fn asking(&self, asked_at: Timestamp) -> Asking {
        Asking {
            member: Some(self.account.email().to_owned()),
            key_tail: Some(self.account.key_tail().to_owned()),
            asked_at: Some(asked_at),
        }
    }

    /// Keeps a token that was got by [`Self::exchange`], so that later asks find it.
    pub async fn keep(&self, token: Token) {
        *self.held.lock().await = Some(Arc::new(token));
    }
}

/// A signed statement of who asks. Whoever holds it can get one token; it is wiped when dropped.
#[derive(Debug)]
pub struct Assertion(Secret<String>);

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    kid: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'static str,
    aud: &'static str,
    iat: i64,
    exp: i64,
}

fn encoded(part: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(part)?))
}
