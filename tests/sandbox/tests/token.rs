//! The token endpoint refuses what Google refuses, in Google's words.

mod common;

use common::{Outcome, Peer, assertion, claims, now};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tapline_sandbox::{AccountState, KeyState, Options};

const TIMEFRAME: &str = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.";

#[tokio::test]
async fn a_good_key_gets_a_token_with_and_without_a_key_id() -> Outcome {
    let peer = Peer::new(Options::default()).await?;
    let key = peer.sandbox.google().issue_key("acme-dw", "reader");
    for kid in [Some(key.key_id.as_str()), None] {
        let (status, body) = peer.exchange(&key, kid, &claims(&key)).await?;
        assert_eq!(status, 200, "kid {kid:?}: {body}");
        assert_eq!(
            (&body["token_type"], &body["expires_in"]),
            (&json!("Bearer"), &json!(3599)),
            "Google's shape"
        );
        assert!(
            body["access_token"]
                .as_str()
                .is_some_and(|token| token.starts_with("ya29.")),
            "{body}"
        );
    }
    let file: Value = serde_json::from_str(key.json())?;
    assert_eq!(file["type"], "service_account", "the file says what it is");
    assert!(
        key.json().contains("-----BEGIN PRIVATE KEY-----\\n"),
        "PKCS#8 in PEM, as Google writes it"
    );
    assert!(!format!("{key:?}").contains("PRIVATE"), "Debug does not show the key");
    Ok(())
}

#[allow(clippy::too_many_lines, reason = "a table")]
#[tokio::test]
async fn each_wrong_assertion_is_refused_in_googles_words() -> Outcome {
    let peer = Peer::new(Options::default()).await?;
    let google = peer.sandbox.google();
    let key = google.issue_key("acme-dw", "reader");
    let other = google.issue_key("acme-dw", "other");
    let with = |field: &str, value: Value| {
        let mut claims = claims(&key);
        claims[field] = value;
        claims
    };
    let skewed = |by: i64| {
        let mut claims = claims(&key);
        claims["iat"] = json!(now() + by);
        claims["exp"] = json!(now() + by + 3600);
        claims
    };
    let own = Some(key.key_id.as_str());
    let cases = [
        (
            "another account's name",
            own,
            with("iss", json!(other.client_email)),
            400,
            "invalid_grant",
            "Invalid JWT Signature.",
        ),
        (
            "another key's id",
            Some(other.key_id.as_str()),
            claims(&key),
            400,
            "invalid_grant",
            "Invalid JWT Signature.",
        ),
        (
            "an unknown account",
            own,
            with("iss", json!("nobody@acme-dw.iam.gserviceaccount.com")),
            400,
            "invalid_grant",
            "Invalid grant: account not found",
        ),
        (
            "another audience",
            own,
            with("aud", json!("https://evil.example/token")),
            400,
            "invalid_grant",
            "Invalid JWT: Failed audience check.",
        ),
        (
            "a clock an hour slow",
            own,
            skewed(-3600),
            400,
            "invalid_grant",
            TIMEFRAME,
        ),
        (
            "a clock ten minutes fast",
            own,
            skewed(600),
            400,
            "invalid_grant",
            TIMEFRAME,
        ),
        (
            "a life of two hours",
            own,
            with("exp", json!(now() + 7200)),
            400,
            "invalid_grant",
            TIMEFRAME,
        ),
        (
            "no times",
            own,
            with("iat", json!(null)),
            400,
            "invalid_grant",
            TIMEFRAME,
        ),
        (
            "no scope",
            own,
            with("scope", json!("")),
            400,
            "invalid_scope",
            "Invalid OAuth scope or ID token audience provided.",
        ),
        (
            "someone to impersonate",
            own,
            with("sub", json!("boss@acme.example")),
            401,
            "unauthorized_client",
            "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.",
        ),
    ];
    for (what, kid, claims, status, error, description) in cases {
        let got = peer.exchange(&key, kid, &claims).await?;
        assert_eq!(
            got,
            (status, json!({"error": error, "error_description": description})),
            "{what}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn disabled_and_deleted_keys_and_accounts_are_told_apart() -> Outcome {
    let peer = Peer::new(Options::default()).await?;
    let google = peer.sandbox.google();
    for (state, status, description) in [
        (AccountState::Disabled, 400, "Invalid grant: account not found"),
        (AccountState::RobotDisabled, 400, "Robot is disabled."),
        (AccountState::ClientDisabled, 401, "The OAuth client was disabled."),
        (AccountState::ClientDeleted, 401, "The OAuth client was deleted."),
        (AccountState::Deleted, 400, "Invalid grant: account not found"),
    ] {
        let key = google.issue_key("acme-dw", &format!("{state:?}").to_lowercase());
        google.set_account_state(&key.client_email, state);
        let (got, body) = peer.exchange(&key, None, &claims(&key)).await?;
        assert_eq!(
            (got, body["error_description"].as_str()),
            (status, Some(description)),
            "{state:?}"
        );
    }
    for state in [KeyState::Disabled, KeyState::Deleted] {
        let key = google.issue_key("acme-dw", "keys");
        google.set_key_state(&key.key_id, state);
        let (got, body) = peer.exchange(&key, Some(&key.key_id), &claims(&key)).await?;
        assert_eq!(
            (got, body["error_description"].as_str()),
            (400, Some("Invalid JWT Signature.")),
            "{state:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_sandboxs_clock_counts_and_shows_in_the_date_header() -> Outcome {
    let peer = Peer::new(Options::default()).await?;
    let key = peer.sandbox.google().issue_key("acme-dw", "reader");
    peer.sandbox.clock().skew(SignedDuration::from_hours(2));
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", &assertion(&key, None, &claims(&key))?),
    ];
    let answer = peer.http.post(peer.url("/token")).form(&form).send().await?;
    let date = answer.headers()["date"].to_str()?.to_owned();
    assert_eq!(answer.status(), 400, "our clock is two hours behind Google's");
    let google_time = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(&date)?;
    let ahead = google_time.as_second() - now();
    assert!(
        (7190..=7210).contains(&ahead),
        "the Date header tells: {ahead} seconds ahead"
    );
    Ok(())
}

#[tokio::test]
async fn a_call_is_recorded_without_the_signature() -> Outcome {
    let peer = Peer::new(Options::default()).await?;
    let key = peer.sandbox.google().issue_key("acme-dw", "reader");
    let token = peer.token(&key).await?;
    peer.get(&token, "/v1/projects/acme-dw").await?;
    let calls = peer.sandbox.calls();
    let signature = assertion(&key, Some(&key.key_id), &claims(&key))?;
    assert!(
        !calls[0]
            .body
            .contains(signature.rsplit('.').next().ok_or("three parts")?),
        "no signature kept"
    );
    assert!(
        calls[0].body.ends_with(".(left out)"),
        "and its place shown: {}",
        calls[0].body
    );
    assert_eq!(calls[1].headers["authorization"], "(left out)", "nor the token");
    assert_eq!(
        calls[1].member.as_deref(),
        Some(key.client_email.as_str()),
        "but whose it was"
    );
    assert_eq!(calls[0].protocol, "HTTP/2.0", "ALPN chose h2");
    Ok(())
}
