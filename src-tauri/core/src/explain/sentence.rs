//! Google's own sentence in the words that its client libraries and tools put around it, where they kept nothing else.

use serde_json::{Value, json};

use super::pasted::Call;

/// Words in front of Google's, as of 2026-11: its clients for Go, Java, Python and Node, `bq`, `gcloud`, and Terraform.
const IN_FRONT: &[&str] = &[
    "googleapi: Error ",
    "google.api_core.exceptions.",
    "google.cloud.exceptions.",
    "com.google.cloud.bigquery.BigQueryException: ",
    "BigQuery error in ",
    "ApiError: ",
    "ERROR: (gcloud.",
    "ERROR: (bq.",
];

/// How Google's sentences begin that are pasted alone.
const BEGINNINGS: &[&str] = &[
    "Access Denied: BigQuery ",
    "Access Denied: Connection ",
    "Access Denied: Dataset ",
    "Access Denied: Job ",
    "Access Denied: Project ",
    "Access Denied: Routine ",
    "Access Denied: Table ",
    "Access Denied: User ",
    "Access Denied: View ",
    "Billing has not been enabled for this project",
    "Custom quota exceeded: ",
    "Exceeded rate limits: ",
    "Job execution was cancelled: ",
    "Key creation is not allowed on this service account",
    "Not found: Dataset ",
    "Not found: Job ",
    "Not found: Project ",
    "Not found: Table ",
    "Permission '",
    "Query exceeded limit for bytes billed: ",
    "Quota exceeded: ",
    "Request had insufficient authentication scopes",
    "Request had invalid authentication credentials",
    "Request is missing required authentication credential",
    "Request is prohibited by organization",
    "Resources exceeded during query execution",
    "Response too large to return",
    "Syntax error: ",
    "Unrecognized name: ",
    "VPC Service Controls: ",
];

/// What the token endpoint may say, in one word.
const OAUTH: &[&str] = &[
    "invalid_grant",
    "invalid_client",
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
    "access_denied",
    "admin_policy_enforced",
    "deleted_client",
    "disabled_client",
    "org_internal",
];

/// The error, put back into Google's form. `None` where the text shows no sentence of Google's.
pub(super) fn error(call: Call, status: Option<u16>, text: &str) -> Option<Value> {
    match call {
        Call::Upload | Call::Network => None,
        Call::Token => oauth(text).or_else(|| google(status, text)),
        _ => google(status, text),
    }
}

/// `invalid_grant: Invalid JWT Signature.`, `"invalid_grant" "Invalid JWT Signature."`, and a dictionary of Python's.
fn oauth(text: &str) -> Option<Value> {
    let (at, error) = OAUTH.iter().filter_map(|word| Some((text.find(word)?, word))).min()?;
    let rest = &text[at + error.len()..];
    let described = rest
        .strip_prefix(": ")
        .or_else(|| rest.strip_prefix("\" \""))
        .or_else(|| {
            let (_, rest) = rest.split_once("error_description")?;
            Some(rest.trim_start_matches(['\'', '"', ':', '=', ' ']))
        });
    let description = described.and_then(|rest| rest.split(['\'', '"', '\n', '\r']).next());
    Some(json!({"error": error, "error_description": description.unwrap_or_default().trim()}))
}

fn google(status: Option<u16>, text: &str) -> Option<Value> {
    // `bq` breaks its lines at eighty letters.
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<&str> = if text.contains("BigQuery error in ") {
        vec![&joined]
    } else {
        text.lines().map(str::trim).collect()
    };
    let (place, found) = lines
        .iter()
        .enumerate()
        .find_map(|(place, line)| Some((place, sentence(line)?)))?;
    let mut message = found.message.to_owned();
    // VPC Service Controls breaks its sentence in two.
    if let Some(next) = lines
        .get(place + 1)
        .filter(|next| next.starts_with("vpcServiceControlsUniqueIdentifier"))
    {
        message.push(' ');
        message.push_str(next);
    }
    let mut error = json!({"message": message});
    if let Some(status) = status {
        error["code"] = json!(status);
    }
    if let Some(reason) = found.reason {
        error["errors"] = json!([{"message": message, "reason": reason}]);
    }
    if let Some(status) = found.status {
        error["status"] = json!(status);
    }
    let details = details(&lines[place..]);
    if !details.is_empty() {
        error["details"] = json!(details);
    }
    Some(json!({"error": error}))
}

struct Sentence<'a> {
    message: &'a str,
    /// The older reason, behind it.
    reason: Option<&'a str>,
    /// The newer status, in front of it.
    status: Option<&'a str>,
}

fn sentence(line: &str) -> Option<Sentence<'_>> {
    let line = line.trim_start_matches(|c: char| !c.is_alphabetic() && c != '\'');
    let message = known(line).or_else(|| {
        let behind = IN_FRONT
            .iter()
            .filter_map(|mark| line.find(mark).map(|at| at + mark.len()));
        let rest = &line[behind.min()?..];
        // What stands between the client's name and the sentence: a number, an operation, an address.
        let said = rest.split_once(": ").map_or(rest, |(_, said)| said);
        let said = behind_address(rest).unwrap_or(said);
        let said = said.trim_start_matches(|c: char| !c.is_alphabetic());
        said.contains(' ').then_some(said)
    })?;
    let (status, message) = match message.split_once(": ") {
        Some((status, rest)) if is_status(status) => (Some(status), rest),
        _ => (None, message),
    };
    let (message, reason) = without_reason(message);
    Some(Sentence {
        message,
        reason,
        status,
    })
}

/// From where a sentence begins that Google alone writes: at the start, or behind a colon of whoever handed it on.
fn known(line: &str) -> Option<&str> {
    let starts = std::iter::once(0).chain(line.match_indices(": ").map(|(at, _)| at + 2));
    starts
        .map(|at| line[at..].trim_start_matches(|c: char| !c.is_alphabetic()))
        .find(|text| BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)))
}

fn is_status(word: &str) -> bool {
    word.len() > 4 && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
}

/// Python's clients name the address in front: `403 POST https://bigquery.googleapis.com/…: Access Denied: …`.
fn behind_address(text: &str) -> Option<&str> {
    let (before, rest) = text.split_once(" https://")?;
    let method = before.rsplit(' ').next()?;
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method);
    known.then(|| rest.split_once(": ").map(|(_, said)| said)).flatten()
}

/// Without the reason that Go's client puts behind a comma or, as it prints a structure, in quotes; Python's behind `; reason: `.
fn without_reason(text: &str) -> (&str, Option<&str>) {
    if let Some((message, rest)) = text.split_once("; reason: ") {
        return (message, rest.split(',').next().map(str::trim));
    }
    if let Some((message, rest)) = text.split_once("\"; Reason: \"") {
        return (message, rest.split('"').next());
    }
    // bigrquery, in brackets.
    if let Some((message, reason)) = text.strip_suffix(']').and_then(|text| text.rsplit_once(" [")) {
        return (message, Some(reason));
    }
    let is_word = |word: &str| word.len() > 4 && word.bytes().all(|b| b.is_ascii_alphabetic());
    match text.rsplit_once(", ") {
        Some((message, reason)) if is_word(reason) => (message, Some(reason)),
        _ => (text, None),
    }
}

/// `gcloud` prints the structure beneath, as YAML: what a judge needs of it are single lines.
fn details(lines: &[&str]) -> Vec<Value> {
    let named = |name: &str| {
        lines
            .iter()
            .find_map(|line| line.trim_start_matches("- ").strip_prefix(name)?.strip_prefix(": "))
            .map(|value| value.trim_matches(['\'', '"']))
    };
    let mut details = Vec::new();
    if let Some(reason) = named("reason") {
        const KEPT: [&str; 7] = [
            "permission",
            "resource",
            "service",
            "services",
            "consumer",
            "activationUrl",
            "uid",
        ];
        let metadata = KEPT
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), json!(named(name)?))));
        details.push(json!({"reason": reason, "metadata": metadata.collect::<serde_json::Map<_, _>>()}));
    }
    if let Some(kind) = named("type").filter(|kind| kind.starts_with("constraints/") || *kind == "VPC_SERVICE_CONTROLS")
    {
        let description = named("description").unwrap_or_default();
        details.push(json!({"violations": [{"type": kind, "description": description}]}));
    }
    details
}
