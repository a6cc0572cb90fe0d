//! Access tokens: one signed assertion exchanged for one token, by our own client, with Google's own words when it
//! refuses. A token is held in memory for as long as it is good, and fetched once however many wait for it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use zeroize::Zeroize as _;

use super::key::ServiceAccount;
use crate::ground::clock::Clock;
use crate::ground::net::{Ask, Host, Net, NetFailure, Reply};
use crate::ground::problem::{Answer, Code, Fact, Problem};
use crate::ground::secret::Secret;

/// All that is asked for: BigQuery, and reading what Resource Manager knows of a project.
pub const SCOPES: &str =
    "https://www.googleapis.com/auth/bigquery https://www.googleapis.com/auth/cloud-platform.read-only";

const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// A token is renewed this long before it runs out, so that none runs out on the way.
const MARGIN_SECONDS: i64 = 300;
/// Google takes a clock that is off by about this much.
const TOLERATED_SKEW_SECONDS: i64 = 240;

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
            return Err(self.judge(&reply, asked_at));
        }
        let granted = reply.json::<Granted>();
        // The body holds the token too.
        reply.body.zeroize();
        let granted = granted.map_err(|failure| unanswered(&failure))?;
        let lasts = granted.expires_in.clamp(60, 12 * 3600);
        let after = |seconds| {
            let later = asked_at.checked_add(jiff::SignedDuration::from_secs(seconds));
            later.unwrap_or(asked_at)
        };
        Ok(Token {
            value: Secret::new(granted.access_token),
            until: after(lasts),
            renew: after(lasts - MARGIN_SECONDS.min(lasts / 4)),
        })
    }

    /// Keeps a token that was got by [`Self::exchange`], so that later asks find it.
    pub async fn keep(&self, token: Token) {
        *self.held.lock().await = Some(Arc::new(token));
    }

    fn judge(&self, reply: &Reply, asked_at: Timestamp) -> Problem {
        let refused: Refused = serde_json::from_slice(&reply.body).unwrap_or_default();
        let skew = reply.date.map(|date| asked_at.duration_since(date).as_secs());
        let code = code(reply.status, &refused, skew);
        Problem::new(code)
            .with(Fact::Member, self.account.email())
            .with(Fact::KeyIdTail, self.account.key_tail())
            .with(Fact::Status, reply.status.to_string())
            .with(Fact::Host, reply.host())
            .with_some(Fact::Reason, refused.error.clone())
            .with_some(
                Fact::SkewSeconds,
                skew.filter(|skew| skew.abs() > 30).map(|skew| skew.to_string()),
            )
            .with_some(Fact::Found, skew.filter(|skew| skew.abs() > 30).map(skew_words))
            .answered(Answer {
                asked: ASKED.into(),
                status: Some(reply.status),
                said: refused.said(),
                body: Some(body_text(&reply.body)),
            })
    }
}

const ASKED: &str = "oauth2.token";

/// What Google's error means, by its code, its sentence and the clock.
fn code(status: u16, refused: &Refused, skew: Option<i64>) -> Code {
    let description = refused.error_description.as_deref().unwrap_or_default();
    match refused.error.as_deref() {
        _ if status == 429 || status >= 500 => Code::GoogleBusy,
        Some("invalid_grant") => grant(description, skew),
        Some("disabled_client") => Code::AccountDisabled,
        Some("deleted_client") => Code::AccountNotFound,
        Some("invalid_scope") => Code::ScopeRefused,
        Some("unauthorized_client") => Code::AccountUnauthorized,
        _ => Code::TokenRefused,
    }
}

/// `invalid_grant` has many causes, told apart by Google's sentence alone. Each is matched at its start.
fn grant(description: &str, skew: Option<i64>) -> Code {
    // googleapis/google-cloud-php#3622, a Google maintainer, 2021: the account is deleted or disabled.
    if description.starts_with("Invalid grant: account not found") {
        return Code::AccountNotFound;
    }
    // googleapis/google-api-ruby-client#720, 2018: the older sentence for a disabled account.
    if description.starts_with("Robot is disabled") {
        return Code::AccountDisabled;
    }
    // google-github-actions/setup-gcloud#76, 2020: the sentence for a clock that is off.
    if description.starts_with("Invalid JWT: Token must be a short-lived token") {
        return Code::ClockWrong;
    }
    // google-github-actions/setup-gcloud#76, 2020: a key that was deleted, disabled or rotated.
    if description.starts_with("Invalid JWT Signature") {
        return Code::KeyRefused;
    }
    if skew.is_some_and(|skew| skew.abs() > TOLERATED_SKEW_SECONDS) {
        return Code::ClockWrong;
    }
    Code::TokenRefused
}

fn skew_words(skew: i64) -> String {
    let side = if skew > 0 { "ahead of" } else { "behind" };
    let seconds = skew.unsigned_abs();
    let amount = match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7170 => format!("{} minutes", (seconds + 30) / 60),
        7170..172_800 => format!("{} hours", (seconds + 1800) / 3600),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    };
    format!("{amount} {side} Google's")
}

fn unanswered(failure: &NetFailure) -> Problem {
    failure.problem().answered(Answer {
        asked: ASKED.into(),
        ..Answer::default()
    })
}

/// The body as it came, cut to a readable size. Error bodies of the token endpoint hold no secret.
fn body_text(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(2000)]).into_owned()
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

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: i64,
}

#[derive(Default, Deserialize)]
struct Refused {
    error: Option<String>,
    error_description: Option<String>,
}

impl Refused {
    fn said(&self) -> Option<String> {
        self.error_description.clone().or_else(|| self.error.clone())
    }
}

fn encoded(part: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(part)?))
}

#[cfg(test)]
mod tests {
    use super::{Refused, code, skew_words};
    use crate::ground::problem::Code;

    #[test]
    fn googles_refusals_are_told_apart() {
        let rows = [
            (400, "invalid_grant", "Invalid JWT Signature.", None, Code::KeyRefused),
            (
                400,
                "invalid_grant",
                "Invalid JWT Signature.",
                Some(2),
                Code::KeyRefused,
            ),
            (
                400,
                "invalid_grant",
                "Invalid grant: account not found",
                None,
                Code::AccountNotFound,
            ),
            (400, "invalid_grant", "Robot is disabled.", None, Code::AccountDisabled),
            (
                400,
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your \
                 iat and exp values in the JWT claim.",
                Some(-4000),
                Code::ClockWrong,
            ),
            (400, "invalid_grant", "Bad Request", Some(900), Code::ClockWrong),
            (400, "invalid_grant", "Bad Request", Some(3), Code::TokenRefused),
            (
                401,
                "disabled_client",
                "The OAuth client was disabled.",
                None,
                Code::AccountDisabled,
            ),
            (
                401,
                "deleted_client",
                "The OAuth client was deleted.",
                None,
                Code::AccountNotFound,
            ),
            (
                400,
                "invalid_scope",
                "Some requested scopes were invalid.",
                None,
                Code::ScopeRefused,
            ),
            (
                401,
                "unauthorized_client",
                "Client is unauthorized",
                None,
                Code::AccountUnauthorized,
            ),
            (403, "org_internal", "Not allowed", None, Code::TokenRefused),
            (503, "internal_failure", "Backend Error", None, Code::GoogleBusy),
            (429, "rate_limit_exceeded", "Slow down", None, Code::GoogleBusy),
        ];
        for (status, error, description, skew, expected) in rows {
            let refused = Refused {
                error: Some(error.into()),
                error_description: Some(description.into()),
            };
            assert_eq!(
                code(status, &refused, skew),
                expected,
                "{status} {error}: {description}"
            );
        }
    }

    #[test]
    fn a_wrong_clock_is_told_in_units_that_people_use() {
        let rows = [
            (45, "45 seconds ahead of Google's"),
            (-600, "10 minutes behind Google's"),
            (7199, "2 hours ahead of Google's"),
            (-31_536_000, "365 days behind Google's"),
        ];
        for (skew, words) in rows {
            assert_eq!(skew_words(skew), words);
        }
    }
}
