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
    match bare.common(BIGQUERY) {
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
    if let Some(problem) = missing::missing(refusal, asked).or_else(|| limits::ended(refusal, asked)) {
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
        _ if refusal.status == 403 => denied::denied(refusal, asked),
        _ => asked.problem(Code::GoogleRefused),
    }
}

fn encryption_or_query(refusal: &Refusal, asked: &Asked) -> Problem {
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
