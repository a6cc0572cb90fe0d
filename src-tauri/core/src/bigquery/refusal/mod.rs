//! What BigQuery's error means: its structure first, its sentence last. Every sentence that is matched stands beside its
//! source, since Google promises none of them.

mod denied;
mod limits;
mod missing;
mod query;

use super::asked::Asked;
use crate::google::refusal::Refusal;
use crate::ground::net::Reply;
use crate::ground::problem::{Answer, Code, Fact, Problem};

const BIGQUERY: &str = "bigquery.googleapis.com";

/// An answer that is no success, as a problem with what Google said.
pub(super) fn refused(reply: &Reply, asked: &Asked) -> Problem {
    let body = String::from_utf8_lossy(&reply.body).into_owned();
    if let Some(refusal) = Refusal::read(reply.status, &reply.body) {
        judge(&refusal, asked, Some(body))
    } else {
        let problem = unreadable(reply, asked);
        with_answer(problem, reply.status, asked, None, Some(body))
    }
}

/// An error in the place of an answer, under a status of success: what answers for Google may lose its status. Looked for at the
/// body's first name alone, since pages are long.
pub(super) fn within(reply: &Reply, asked: &Asked) -> Option<Problem> {
    let start = String::from_utf8_lossy(&reply.body[..reply.body.len().min(64)]).into_owned();
    start
        .trim_start()
        .strip_prefix('{')?
        .trim_start()
        .strip_prefix("\"error\"")?;
    let mut refusal = Refusal::read(reply.status, &reply.body)?;
    let body: serde_json::Value = serde_json::from_slice(&reply.body).ok()?;
    let status = body.pointer("/error/code").and_then(serde_json::Value::as_u64);
    refusal.status = status.and_then(|status| status.try_into().ok()).unwrap_or(reply.status);
    Some(judge(
        &refusal,
        asked,
        Some(String::from_utf8_lossy(&reply.body).into_owned()),
    ))
}

/// The problem, with what Google said.
pub(super) fn judge(refusal: &Refusal, asked: &Asked, body: Option<String>) -> Problem {
    let problem = decide(refusal, asked).with_some(
        Fact::Reason,
        Some(refusal.reason.as_str()).filter(|reason| !reason.is_empty()),
    );
    let said = Some(refusal.message.clone()).filter(|said| !said.is_empty());
    with_answer(problem, refusal.status, asked, said, body)
}

fn with_answer(problem: Problem, status: u16, asked: &Asked, said: Option<String>, body: Option<String>) -> Problem {
    problem.with(Fact::Status, status.to_string()).answered(Answer {
        asked: asked.words(),
        status: Some(status),
        said,
        body: body.filter(|body| !body.is_empty()),
    })
}

/// An error status, and no error of Google's with it: something else speaks, or the status has to do.
fn unreadable(reply: &Reply, asked: &Asked) -> Problem {
    let bare = Refusal {
        status: reply.status,
        ..Refusal::default()
    };
    match bare.common(BIGQUERY).or_else(|| bare.trouble(BIGQUERY)) {
        Some(problem) => asked.complete(problem),
        None if reply.body.iter().all(u8::is_ascii_whitespace) => asked.problem(Code::GoogleRefused),
        None => asked.complete(reply.not_googles().problem()),
    }
}

fn decide(refusal: &Refusal, asked: &Asked) -> Problem {
    let said = refusal.message.as_str();
    if let Some(problem) = refusal.common(BIGQUERY).or_else(|| limits::sandbox(said)) {
        return asked.complete(problem);
    }
    let plain = missing::missing(refusal, asked)
        .or_else(|| limits::ended(refusal, asked))
        .or_else(|| misread(refusal, asked));
    if let Some(problem) = plain {
        return problem;
    }
    match refusal.reason.as_str() {
        _ if said.starts_with("Access Denied") => denied::denied(refusal, asked),
        "accessDenied" | "forbidden" | "PERMISSION_DENIED" | "insufficientPermissions" => {
            denied::denied(refusal, asked)
        }
        "billingNotEnabled" => asked.problem(Code::BillingNotEnabled),
        "billingDisabled" | "accountDisabled" => asked.problem(Code::BillingDisabled),
        "quotaExceeded" => limits::quota(refusal, asked),
        "responseTooLarge" => asked.problem(Code::ResponseTooLarge),
        "bytesBilledLimitExceeded" => asked.problem(Code::BytesCapExceeded),
        "resourcesExceeded" | "billingTierLimitExceeded" => asked.problem(Code::ResourcesExceeded),
        "stopped" => asked.problem(Code::JobStopped),
        "duplicate" | "alreadyExists" | "ALREADY_EXISTS" => asked.problem(Code::AlreadyThere),
        "tableUnavailable" | "resourceInUse" => asked.problem(Code::TableBusy),
        "blocked" => asked.problem(Code::Blocked),
        "policyViolation" => asked.problem(Code::OrganisationPolicy),
        "invalidQuery" | "invalid" | "badRequest" | "INVALID_ARGUMENT" => encryption_or_query(refusal, asked),
        "notFound" | "NOT_FOUND" => missing::unnamed(asked),
        _ if refusal.status == 403 => denied::denied(refusal, asked),
        _ => match refusal.trouble(BIGQUERY) {
            Some(problem) => asked.complete(problem),
            None => asked.problem(Code::GoogleRefused),
        },
    }
}

/// A request that came in another form than Google reads: its sentences are those of every API of Google's (recorded on
/// 2026-10-10, xo/dbimp; googleapis threads, 2016 on).
fn misread(refusal: &Refusal, asked: &Asked) -> Option<Problem> {
    const STARTS: [&str; 6] = [
        "Invalid JSON payload received",
        "Required parameter is missing",
        "Invalid value at '",
        "Request couldn't be served",
        "Value out of range",
        "API key not valid",
    ];
    let said = refusal.message.as_str();
    if refusal.status == 413 || refusal.reason == "uploadTooLarge" || said.starts_with("Request payload size exceeds") {
        return Some(asked.problem(Code::QueryTooLong));
    }
    let wrong = refusal.reason == "parseError" || STARTS.iter().any(|start| said.starts_with(start));
    wrong.then(|| {
        asked.problem(Code::RequestWrong).with(
            Fact::Detail,
            said.lines().next().unwrap_or_default().trim_end_matches('.'),
        )
    })
}

fn encryption_or_query(refusal: &Refusal, asked: &Asked) -> Problem {
    // dataform-co/dataform#1793, 2024-07; spark-bigquery-connector#1415, 2025-08.
    if refusal
        .message
        .contains("requires that you specify an encryption key for queries in project")
    {
        return asked.problem(Code::EncryptionKeyNeeded);
    }
    let lower = refusal.message.to_ascii_lowercase();
    if lower.contains("cloud kms") || lower.contains("cloudkms.") || lower.contains("/cryptokeys/") {
        return asked.complete(encryption(&refusal.message));
    }
    query::invalid(refusal, asked)
}

/// `Cloud KMS Error: Permission 'cloudkms.cryptoKeyVersions.useToDecrypt' denied on resource 'projects/…/cryptoKeys/k' (or it
/// may not exist). …grant … to BigQuery service account 'bq-1@bigquery-encryption.iam.gserviceaccount.com'`, or a key that is
/// there and switched off (BigQuery's page on customer-managed keys, 2026; terraform-provider-google threads, 2019 on).
fn encryption(said: &str) -> Problem {
    let lower = said.to_ascii_lowercase();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_./@".contains(c);
    let words = || said.split(|c: char| !fits(c)).map(|word| word.trim_end_matches('.'));
    let key = words().find(|word| word.contains("/cryptoKeys/"));
    let key = key.and_then(|key| key.find("projects/").map(|at| &key[at..]));
    let agent = words().find(|word| word.contains("@bigquery-encryption.") || word.contains("@gcp-sa-"));
    let off = ["disabled", "not enabled", "destroyed", "scheduled for destruction"];
    let code = if off.iter().any(|mark| lower.contains(mark)) {
        Code::EncryptionKeyOff
    } else {
        Code::EncryptionKeyDenied
    };
    let problem = Problem::new(code)
        .with_some(Fact::EncryptionKey, key)
        .with_some(Fact::ServiceAgent, agent);
    if code == Code::EncryptionKeyOff {
        return problem;
    }
    problem
        .with_some(Fact::Permission, crate::google::denial::permission(said))
        .with_some(Fact::Resource, key)
        .with(Fact::Role, "roles/cloudkms.cryptoKeyEncrypterDecrypter")
}

/// A job that looked for a dataset where it is not. `None` where the place is right, or nothing is known of it.
fn elsewhere(asked: &Asked) -> Option<Problem> {
    let found = asked.dataset_location.as_deref()?;
    let right = asked
        .location
        .as_deref()
        .is_some_and(|place| place.eq_ignore_ascii_case(found));
    if right || !asked.method.starts_with("jobs.") {
        return None;
    }
    Some(
        asked
            .problem(Code::DatasetElsewhere)
            .with(Fact::Field, "location")
            .with(Fact::Suggestion, found),
    )
}

#[cfg(test)]
mod tests;
