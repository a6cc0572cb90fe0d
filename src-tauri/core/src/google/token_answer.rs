//! What Google's answer to a signed assertion means, and what a wrong clock has to do with it.

use jiff::Timestamp;
use serde::Deserialize;

use super::refusal::Refusal;
use crate::ground::net::{NetFailure, Reply};
use crate::ground::problem::{Answer, Code, Fact, Problem};
use crate::ground::secret::Secret;

const ASKED: &str = "oauth2.token";
const SERVICE: &str = "oauth2.googleapis.com";
/// Google takes a clock that is off by about this much.
const TOLERATED_SKEW_SECONDS: i64 = 240;

/// Who asked, and when by its own clock. What is not known is left out.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    pub member: Option<String>,
    pub key_tail: Option<String>,
    pub asked_at: Option<Timestamp>,
}

/// A token, as it came.
#[derive(Debug)]
pub struct Granted {
    pub access_token: Secret<String>,
    pub expires_in: i64,
}

/// Reads a token out of a success.
pub fn granted(reply: &Reply) -> Result<Granted, Problem> {
    #[derive(Deserialize)]
    struct Wire {
        access_token: String,
        expires_in: i64,
    }
    let wire: Wire = reply.json().map_err(|failure| unanswered(&failure))?;
    Ok(Granted {
        access_token: Secret::new(wire.access_token),
        expires_in: wire.expires_in,
    })
}

/// No answer of Google's own.
pub fn unanswered(failure: &NetFailure) -> Problem {
    failure.problem().answered(Answer {
        asked: ASKED.into(),
        ..Answer::default()
    })
}

/// What a refusal means.
pub fn refused(reply: &Reply, asking: &Asking) -> Problem {
    let said: Option<Refused> = serde_json::from_slice(&reply.body).ok();
    let skew = reply
        .date
        .zip(asking.asked_at)
        .map(|(date, asked_at)| asked_at.duration_since(date).as_secs());
    let off = skew.filter(|skew| skew.abs() > 30);
    let problem = match &said {
        Some(refused) => Problem::new(code(reply.status, refused, skew)).with_some(Fact::Reason, refused.error.clone()),
        None => in_another_form(reply),
    };
    problem
        .with_some_else(Fact::Member, asking.member.as_deref())
        .with_some(Fact::KeyIdTail, asking.key_tail.as_deref())
        .with(Fact::Status, reply.status.to_string())
        .with_else(Fact::Host, reply.host())
        .with_some(Fact::SkewSeconds, off.map(|skew| skew.to_string()))
        .with_some(Fact::Found, off.map(skew_words))
        .answered(Answer {
            asked: ASKED.into(),
            status: Some(reply.status),
            said: said
                .as_ref()
                .and_then(Refused::said)
                .or_else(|| Refusal::read(reply.status, &reply.body).map(|refusal| refusal.message)),
            body: Some(String::from_utf8_lossy(&reply.body).into_owned()).filter(|body| !body.is_empty()),
        })
}

/// The form of Google's other APIs, or none at all.
fn in_another_form(reply: &Reply) -> Problem {
    let refusal = Refusal::read(reply.status, &reply.body);
    let known = refusal.clone().unwrap_or_else(|| Refusal {
        status: reply.status,
        ..Refusal::default()
    });
    let common = known.common(SERVICE).or_else(|| known.trouble(SERVICE));
    if let Some(problem) = common.filter(|problem| problem.code() != Code::TokenNotTaken) {
        return problem;
    }
    if refusal.is_some() || reply.body.iter().all(u8::is_ascii_whitespace) {
        return Problem::new(Code::TokenRefused);
    }
    reply.not_googles().problem()
}

/// What Google's error means, by its code, its sentence and the clock.
fn code(status: u16, refused: &Refused, skew: Option<i64>) -> Code {
    let description = refused.error_description.as_deref().unwrap_or_default();
    match refused.error.as_deref() {
        _ if status == 429 => Code::RateLimited,
        _ if status >= 500 => Code::GoogleBusy,
        Some("rate_limit_exceeded" | "slow_down") => Code::RateLimited,
        Some("internal_failure" | "server_error" | "temporarily_unavailable") => Code::GoogleBusy,
        Some("invalid_grant") => grant(refused, description, skew),
        Some("disabled_client" | "account_disabled") => Code::AccountDisabled,
        Some("deleted_client") => Code::AccountNotFound,
        // Google's page on service accounts, 2026: nobody of that name asks.
        Some("invalid_client") if description.starts_with("The OAuth client was not found") => Code::AccountNotFound,
        Some("invalid_scope") => Code::ScopeRefused,
        Some("unauthorized_client") => Code::AccountUnauthorized,
        // GAM's list of the token endpoint's words (GAM-team/GAM, 2014 to 2026), and Google's page on service accounts, 2026.
        Some("access_denied") if description.starts_with("Requested client not authorized") => {
            Code::AccountUnauthorized
        }
        Some("invalid_request") if description.starts_with("Invalid impersonation") => Code::SubjectUnknown,
        Some("invalid_request") if description.starts_with("Invalid principal email") => Code::SubjectUnknown,
        Some("access_denied" | "admin_policy_enforced" | "org_internal" | "policy_enforced") => Code::SignInForbidden,
        Some("invalid_request" | "unsupported_grant_type" | "invalid_client") => Code::TokenRequestWrong,
        _ => Code::TokenRefused,
    }
}

/// `invalid_grant` has many causes, told apart by Google's sentence alone. Each is matched at its start.
fn grant(refused: &Refused, description: &str, skew: Option<i64>) -> Code {
    // googleapis/google-cloud-php#3622, a Google maintainer, 2021: the account is deleted or disabled.
    if description.starts_with("Invalid grant: account not found") {
        return Code::AccountNotFound;
    }
    // GAM-team/GAM#1171, 2020: the account went a short while ago.
    if description.starts_with("The account has been deleted") {
        return Code::AccountNotFound;
    }
    // The issuer is no service account that Google has keys of (google-api-php-client#1388, 2018).
    if description.starts_with("Invalid JWT: No valid verifier found for issuer") {
        return Code::AccountNotFound;
    }
    // googleapis/google-api-ruby-client#720, 2018: the older sentence for a disabled account.
    if description.starts_with("Robot is disabled") || description.starts_with("Account disabled") {
        return Code::AccountDisabled;
    }
    // google-github-actions/setup-gcloud#76, 2020: the sentence for a clock that is off.
    if description.starts_with("Invalid JWT: Token must be a short-lived token") {
        return Code::ClockWrong;
    }
    // google-github-actions/setup-gcloud#76, 2020: a key that was deleted, disabled or rotated; and
    // google-api-python-client#147, 2015: a key of another account than the one that is named.
    let signature = description.trim_start_matches("java.security.SignatureException: ");
    if signature.starts_with("Invalid JWT Signature") || signature.starts_with("Invalid signature for token") {
        return Code::KeyRefused;
    }
    if description.starts_with("Invalid JWT: Failed audience check") {
        return Code::TokenRequestWrong;
    }
    // Impersonation: somebody is to be stood for who does not exist (gspread and gam threads, 2017 on).
    if description.starts_with("Invalid email or User ID") || description.starts_with("Not a valid email") {
        return Code::SubjectUnknown;
    }
    // A person's own sign-in, not a key (gcloud and google-auth threads, 2016 on); `invalid_rapt` is an organisation's rule on
    // how long one lasts.
    if description.starts_with("Token has been expired or revoked")
        || description.starts_with("reauth related error")
        || refused.error_subtype.as_deref() == Some("invalid_rapt")
    {
        return Code::SignInEnded;
    }
    if skew.is_some_and(|skew| skew.abs() > TOLERATED_SKEW_SECONDS) {
        return Code::ClockWrong;
    }
    // The bare word, as older answers have it, or a sentence that tells nothing.
    if description.is_empty() || description == "Bad Request" || description == "Invalid JWT" {
        return Code::GrantRefused;
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

#[derive(Default, Deserialize)]
struct Refused {
    error: Option<String>,
    error_description: Option<String>,
    error_subtype: Option<String>,
}

impl Refused {
    fn said(&self) -> Option<String> {
        self.error_description.clone().or_else(|| self.error.clone())
    }
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
            (400, "invalid_grant", "Bad Request", Some(3), Code::GrantRefused),
            (400, "invalid_grant", "", None, Code::GrantRefused),
            (400, "invalid_grant", "Something new.", None, Code::TokenRefused),
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
            (403, "org_internal", "Not allowed", None, Code::SignInForbidden),
            (503, "internal_failure", "Backend Error", None, Code::GoogleBusy),
            (429, "rate_limit_exceeded", "Slow down", None, Code::RateLimited),
        ];
        for (status, error, description, skew, expected) in rows {
            let refused = Refused {
                error: Some(error.into()),
                error_description: Some(description.into()),
                error_subtype: None,
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
