//! What Google answers, recorded, and what it means.

use super::{Asked, judge};
use crate::google::refusal::{Detail, Refusal};
use crate::ground::problem::{Code, Fact, Problem};

fn asked() -> Asked {
    Asked {
        method: "jobs.query",
        member: "loader@acme-dw.iam.gserviceaccount.com".into(),
        project: "acme-dw".into(),
        dataset: Some("sales".into()),
        ..Asked::default()
    }
}

fn judged(status: u16, reason: &str, message: &str) -> Problem {
    let refusal = Refusal {
        status,
        reason: reason.into(),
        message: message.into(),
        ..Refusal::default()
    };
    judge(&refusal, &asked(), None)
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table of cases is read as one")]
fn recorded_answers_are_told_apart() {
    let rows: &[(u16, &str, &str, Code)] = &[
        (
            404,
            "notFound",
            "Not found: Dataset acme-dw:salse",
            Code::DatasetNotFound,
        ),
        (404, "notFound", "Not found: Project acme-wd", Code::ProjectNotFound),
        (
            404,
            "notFound",
            "Not found: Table acme-dw:sales.orders",
            Code::TableNotFound,
        ),
        (
            404,
            "notFound",
            "Not found: Dataset acme-dw:sales was not found in location US",
            Code::DatasetNotInLocation,
        ),
        (
            404,
            "notFound",
            "Not found: Table acme-dw:sales.orders was not found in location US",
            Code::TableNotInLocation,
        ),
        (404, "notFound", "Not found: Job acme-dw:EU.x", Code::JobNotFound),
        (
            403,
            "accessDenied",
            "Access Denied: Project acme-dw: User does not have bigquery.jobs.create permission in project acme-dw.",
            Code::JobsCreateDenied,
        ),
        (
            403,
            "accessDenied",
            "Access Denied: Dataset acme-dw:sales: Permission bigquery.datasets.get denied on dataset \
             acme-dw:sales (or it may not exist).",
            Code::DatasetGetDenied,
        ),
        (
            403,
            "accessDenied",
            "Access Denied: Dataset acme-dw:sales: Permission bigquery.tables.list denied on dataset \
             acme-dw:sales (or it may not exist).",
            Code::TablesListDenied,
        ),
        (
            403,
            "accessDenied",
            "Access Denied: Table acme-dw:sales.orders: User does not have permission to query table \
             acme-dw:sales.orders, or perhaps it does not exist.",
            Code::TablesGetDataDenied,
        ),
        (
            403,
            "accessDenied",
            "Access Denied: Table acme-dw:sales.orders: Permission bigquery.tables.getData denied on table \
             acme-dw:sales.orders (or it may not exist).",
            Code::TablesGetDataDenied,
        ),
        (
            403,
            "accessDenied",
            "Access Denied: Dataset acme-dw:sales: Permission bigquery.tables.create denied on dataset \
             acme-dw:sales (or it may not exist).",
            Code::WriteDenied,
        ),
        (
            403,
            "accessDenied",
            "Access Denied: Connection acme-dw.eu.crm: User does not have bigquery.connections.use permission \
             for connection acme-dw.eu.crm.",
            Code::ConnectionUseDenied,
        ),
        (
            403,
            "accessDenied",
            "Access Denied: BigQuery BigQuery: something new",
            Code::AccessDenied,
        ),
        (
            403,
            "accessNotConfigured",
            "BigQuery API has not been used in project 1",
            Code::ApiDisabled,
        ),
        (
            400,
            "invalid",
            "The project acme-dw has not enabled BigQuery.",
            Code::ApiDisabled,
        ),
        (
            403,
            "billingNotEnabled",
            "Billing has not been enabled for this project.",
            Code::BillingNotEnabled,
        ),
        (403, "quotaExceeded", "Custom quota exceeded", Code::CustomQuotaExceeded),
        (403, "rateLimitExceeded", "Exceeded rate limits", Code::RateLimited),
        (429, "", "", Code::RateLimited),
        (
            403,
            "responseTooLarge",
            "Response too large to return.",
            Code::ResponseTooLarge,
        ),
        (
            400,
            "invalidQuery",
            "Syntax error: Unexpected end of script at [3:14]",
            Code::QueryInvalid,
        ),
        (
            400,
            "bytesBilledLimitExceeded",
            "Query exceeded limit for bytes billed: 1000000. 10485760 or higher required.",
            Code::BytesCapExceeded,
        ),
        (
            400,
            "resourcesExceeded",
            "Resources exceeded during query execution",
            Code::ResourcesExceeded,
        ),
        (
            400,
            "stopped",
            "Job execution was cancelled: User requested cancellation",
            Code::JobStopped,
        ),
        (
            503,
            "backendError",
            "Error encountered during execution.",
            Code::GoogleBusy,
        ),
        (500, "", "", Code::GoogleBusy),
        (401, "authError", "Invalid Credentials", Code::TokenNotTaken),
        (
            403,
            "policyViolation",
            "VPC Service Controls: Request is prohibited by organization's policy. \
             vpcServiceControlsUniqueIdentifier: AbC-9_x.",
            Code::VpcPerimeter,
        ),
        (412, "conditionNotMet", "Precondition failed", Code::GoogleRefused),
    ];
    for (status, reason, message, code) in rows {
        let problem = judged(*status, reason, message);
        assert_eq!(problem.code(), *code, "{status} {reason}: {message}");
        let words = format!("{} {} {}", problem.title(), problem.explanation(), problem.who());
        assert!(!words.contains('…'), "{code:?} lacks a fact: {words}");
    }
}

#[test]
fn a_missing_right_names_permission_resource_member_and_one_command() {
    let problem = judged(
        403,
        "accessDenied",
        "Access Denied: Project pays-here: User does not have bigquery.jobs.create permission in project pays-here.",
    );
    let fact = |fact| problem.facts().get(fact).unwrap_or_default().to_owned();
    assert_eq!(fact(Fact::Permission), "bigquery.jobs.create");
    assert_eq!(fact(Fact::Resource), "pays-here", "the project that the sentence names");
    assert_eq!(fact(Fact::Role), "roles/bigquery.jobUser");
    assert_eq!(
        problem.command().as_deref(),
        Some(
            "gcloud projects add-iam-policy-binding pays-here \
             --member=serviceAccount:loader@acme-dw.iam.gserviceaccount.com --role=roles/bigquery.jobUser \
             --condition=None"
        ),
        "Job User goes to the project that pays"
    );

    let problem = judged(
        403,
        "accessDenied",
        "Access Denied: Table acme-dw:sales.daily orders: User does not have permission to query table \
         acme-dw:sales.daily orders, or perhaps it does not exist.",
    );
    assert_eq!(problem.facts().get(Fact::Resource), Some("acme-dw:sales.daily orders"));
    assert_eq!(
        problem.command().as_deref(),
        Some(
            "bq add-iam-policy-binding --member=serviceAccount:loader@acme-dw.iam.gserviceaccount.com \
             --role=roles/bigquery.dataViewer --table=true 'acme-dw:sales.daily orders'"
        ),
        "reading is granted on the one table that is needed"
    );
    assert_eq!(
        problem.with(Fact::Scope, "dataset").command().as_deref(),
        Some(
            "bq query --project_id=acme-dw --use_legacy_sql=false 'GRANT `roles/bigquery.dataViewer` ON SCHEMA \
             `acme-dw`.`sales` TO \"serviceAccount:loader@acme-dw.iam.gserviceaccount.com\"'"
        ),
        "and on the dataset where one table stood for all"
    );
}

#[test]
fn structure_goes_before_text() {
    let refusal = |reason: &str, metadata: &[(&str, &str)]| Refusal {
        status: 403,
        reason: "forbidden".into(),
        message: "Access Denied: Project acme-dw: User does not have bigquery.jobs.create permission.".into(),
        place: String::new(),
        help: None,
        details: vec![
            Detail::default(),
            Detail {
                reason: reason.into(),
                violations: vec![],
                metadata: metadata.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            },
        ],
    };
    let rows = [
        ("SERVICE_DISABLED", Code::ApiDisabled),
        ("BILLING_DISABLED", Code::BillingDisabled),
        ("CONSUMER_SUSPENDED", Code::ProjectSuspended),
        ("CONSUMER_INVALID", Code::ProjectNotFound),
        ("SECURITY_POLICY_VIOLATED", Code::VpcPerimeter),
        ("ACCOUNT_STATE_INVALID", Code::AccountDisabled),
        ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", Code::ScopeInsufficient),
        ("SOMETHING_NEW", Code::JobsCreateDenied),
    ];
    for (reason, code) in rows {
        assert_eq!(judge(&refusal(reason, &[]), &asked(), None).code(), code, "{reason}");
    }
    let problem = judge(&refusal("SECURITY_POLICY_VIOLATED", &[("uid", "xyz")]), &asked(), None);
    assert_eq!(
        problem.facts().get(Fact::UniqueIdentifier),
        Some("xyz"),
        "the identifier is kept"
    );
}

#[test]
fn a_syntax_error_is_placed_and_a_cap_tells_what_is_needed() {
    let problem = judged(400, "invalidQuery", "Syntax error: Unexpected end of script at [3:14]");
    assert_eq!(problem.facts().get(Fact::Position), Some("3:14"));
    let problem = judged(
        400,
        "bytesBilledLimitExceeded",
        "Query exceeded limit for bytes billed: 1000000. 10485760 or higher required.",
    );
    assert_eq!(problem.facts().get(Fact::Bytes), Some("10485760"));
}
