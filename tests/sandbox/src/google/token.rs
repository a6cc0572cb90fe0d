//! The token endpoint: verifies a signed assertion as Google does, and answers in Google's words.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use super::{AccountState, Books, Google, KeyState, Token, random_hex};
use crate::ask::{self, Ask};
use crate::reply::Reply;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const AUDIENCES: [&str; 3] = [
    "https://oauth2.googleapis.com/token",
    "https://accounts.google.com/o/oauth2/token",
    "https://www.googleapis.com/oauth2/v4/token",
];
/// How far a clock may be off, and how long an assertion may last.
const LEEWAY_SECONDS: i64 = 300;
const LONGEST_SECONDS: i64 = 3600;
const TOKEN_SECONDS: i64 = 3599;

const SIGNATURE: Refusal = Refusal(400, "invalid_grant", "Invalid JWT Signature.");
const TIMEFRAME: Refusal = Refusal(
    400,
    "invalid_grant",
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
);

struct Refusal(u16, &'static str, &'static str);

/// An assertion taken apart, not yet believed.
struct Assertion {
    signed: String,
    signature: Vec<u8>,
    header: Value,
    claims: Value,
}

impl Google {
    pub(crate) fn token(&self, ask: &Ask) -> Reply {
        if ask.method != hyper::Method::POST || ask.segments.len() != 1 {
            return Reply::text(
                404,
                "text/html; charset=UTF-8",
                "<title>Error 404 (Not Found)!!1</title>",
            );
        }
        match self.exchanged(ask) {
            Ok(token) => Reply::json(
                200,
                &json!({
                    "access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer",
                }),
            )
            .with("cache-control", "no-cache, no-store, max-age=0, must-revalidate"),
            Err(Refusal(status, error, description)) => {
                Reply::json(status, &json!({"error": error, "error_description": description}))
            }
        }
    }

    fn exchanged(&self, ask: &Ask) -> Result<String, Refusal> {
        let form = ask::pairs(&String::from_utf8_lossy(&ask.body));
        let field = |name: &str| {
            form.iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.as_str())
        };
        match field("grant_type") {
            Some(GRANT) => {}
            Some(_) => return Err(Refusal(400, "unsupported_grant_type", "Invalid grant_type")),
            None => {
                return Err(Refusal(
                    400,
                    "invalid_request",
                    "Required parameter is missing: grant_type",
                ));
            }
        }
        let jwt = field("assertion").ok_or(Refusal(
            400,
            "invalid_request",
            "Required parameter is missing: assertion",
        ))?;
        let assertion = taken_apart(jwt).ok_or(Refusal(400, "invalid_grant", "Bad Request"))?;
        let now = self.clock().seconds();
        let mut books = self.books();
        let email = signer(&books, &assertion)?;
        believed(&assertion.claims, now)?;
        let scopes = scopes(&assertion.claims)?;
        // The shape of Google's: opaque, and longer than most columns expect.
        let token = format!("ya29.c.{}", random_hex(64));
        books.tokens.insert(
            token.clone(),
            Token {
                email,
                scopes,
                expires_at: now + TOKEN_SECONDS,
            },
        );
        Ok(token)
    }
}

fn taken_apart(jwt: &str) -> Option<Assertion> {
    let (signed, signature) = jwt.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let part = |text: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(text).ok()?).ok();
    Some(Assertion {
        header: part(header)?,
        claims: part(claims)?,
        signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        signed: signed.to_owned(),
    })
}

/// The account whose key made the signature.
fn signer(books: &Books, assertion: &Assertion) -> Result<String, Refusal> {
    let email = assertion.claims["iss"].as_str().unwrap_or_default();
    let account = books.accounts.get(email);
    match account.map(|account| account.state) {
        Some(AccountState::Active) => {}
        Some(AccountState::RobotDisabled) => return Err(Refusal(400, "invalid_grant", "Robot is disabled.")),
        Some(AccountState::ClientDisabled) => {
            return Err(Refusal(401, "disabled_client", "The OAuth client was disabled."));
        }
        Some(AccountState::ClientDeleted) => {
            return Err(Refusal(401, "deleted_client", "The OAuth client was deleted."));
        }
        _ => return Err(Refusal(400, "invalid_grant", "Invalid grant: account not found")),
    }
    if assertion.header["alg"] != "RS256" {
        return Err(Refusal(400, "invalid_grant", "Invalid JWT: Only RS256 is supported."));
    }
    let wanted = assertion.header["kid"].as_str();
    let signed = books
        .keys
        .iter()
        .filter(|(id, key)| key.email == email && key.state == KeyState::Active && wanted.is_none_or(|kid| kid == *id))
        .any(|(_, key)| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key.public)
                .verify(assertion.signed.as_bytes(), &assertion.signature)
                .is_ok()
        });
    if signed { Ok(email.to_owned()) } else { Err(SIGNATURE) }
}

fn believed(claims: &Value, now: i64) -> Result<(), Refusal> {
    if !claims["aud"].as_str().is_some_and(|aud| AUDIENCES.contains(&aud)) {
        return Err(Refusal(400, "invalid_grant", "Invalid JWT: Failed audience check."));
    }
    let (Some(iat), Some(exp)) = (claims["iat"].as_i64(), claims["exp"].as_i64()) else {
        return Err(TIMEFRAME);
    };
    if exp - iat > LONGEST_SECONDS || exp <= iat || iat > now + LEEWAY_SECONDS || exp < now - LEEWAY_SECONDS {
        return Err(TIMEFRAME);
    }
    // A machine clock that is behind signs a short life that Google sees as nearly over.
    if iat < now - LEEWAY_SECONDS {
        return Err(TIMEFRAME);
    }
    if claims.get("sub").is_some_and(|sub| *sub != claims["iss"]) {
        return Err(Refusal(
            401,
            "unauthorized_client",
            "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.",
        ));
    }
    Ok(())
}

fn scopes(claims: &Value) -> Result<Vec<String>, Refusal> {
    const KNOWN: [&str; 5] = [
        "bigquery",
        "bigquery.readonly",
        "cloud-platform",
        "cloud-platform.read-only",
        "devstorage.read_only",
    ];
    let asked: Vec<_> = claims["scope"]
        .as_str()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let known = |scope: &&str| {
        scope
            .strip_prefix("https://www.googleapis.com/auth/")
            .is_some_and(|name| KNOWN.contains(&name))
    };
    if asked.is_empty() || !asked.iter().all(known) {
        return Err(Refusal(
            400,
            "invalid_scope",
            "Invalid OAuth scope or ID token audience provided.",
        ));
    }
    Ok(asked.into_iter().map(str::to_owned).collect())
}
