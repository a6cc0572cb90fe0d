//! What Resource Manager, IAM and Service Usage mean: the calls around a project, an account and its keys.

use serde_json::Value;

use super::denial::{permission, who};
use super::refusal::{Refusal, is_project};
use crate::ground::net::Reply;
use crate::ground::problem::{Answer, Code, Fact, Problem};

/// A call whose answer can be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    ProjectsGet,
    TestIamPermissions,
    KeysCreate,
    ServiceEnable,
}

impl Call {
    fn name(self) -> &'static str {
        match self {
            Self::ProjectsGet => "projects.get",
            Self::TestIamPermissions => "projects.testIamPermissions",
            Self::KeysCreate => "serviceAccounts.keys.create",
            Self::ServiceEnable => "services.enable",
        }
    }

    fn service(self) -> &'static str {
        match self {
            Self::ProjectsGet | Self::TestIamPermissions => "cloudresourcemanager.googleapis.com",
            Self::KeysCreate => "iam.googleapis.com",
            Self::ServiceEnable => "serviceusage.googleapis.com",
        }
    }
}

/// What was asked. What is not known is empty.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub member: Option<String>,
    pub project: Option<String>,
    /// Rights that were asked about.
    pub permissions: Vec<String>,
}

/// What the answer means. A success is none, unless what it says is bad news.
pub fn judge(call: Call, asked: &Asked, reply: &Reply) -> Result<(), Problem> {
    let body = || Some(String::from_utf8_lossy(&reply.body).into_owned()).filter(|body| !body.is_empty());
    let told = |problem: Problem, said: Option<String>| {
        let problem = problem
            .with_some_else(Fact::Member, asked.member.as_deref())
            .with_some_else(Fact::Project, asked.project.as_deref())
            .with_some_else(Fact::Resource, asked.project.as_deref())
            .with_else(Fact::Host, call.service())
            .with(Fact::Status, reply.status.to_string());
        problem.answered(Answer {
            asked: format!("{} {}", call.name(), asked.project.as_deref().unwrap_or_default())
                .trim_end()
                .to_owned(),
            status: Some(reply.status),
            said: said.filter(|said| !said.is_empty()),
            body: body(),
        })
    };
    if reply.is_success() {
        let answer: Value = reply.json().map_err(|failure| told(failure.problem(), None))?;
        // A long-running operation that ended badly is told within a success.
        if let Some(error) = answer.get("error").filter(|error| error.is_object()) {
            let refusal = Refusal::of(reply.status, error);
            return Err(told(refused(call, asked, &refusal), Some(refusal.message)));
        }
        return news(call, asked, &answer).map_or(Ok(()), |problem| Err(told(problem, None)));
    }
    let Some(refusal) = Refusal::read(reply.status, &reply.body) else {
        let bare = Refusal {
            status: reply.status,
            ..Refusal::default()
        };
        let blank = reply.body.iter().all(u8::is_ascii_whitespace);
        let problem = match bare.common(call.service()).or_else(|| bare.trouble(call.service())) {
            Some(problem) => problem,
            None if blank => refused(call, asked, &bare),
            None => reply.not_googles().problem(),
        };
        return Err(told(problem, None));
    };
    let problem = refused(call, asked, &refusal).with_some(
        Fact::Reason,
        Some(refusal.reason.as_str()).filter(|reason| !reason.is_empty()),
    );
    Err(told(problem, Some(refusal.message)))
}

/// What a success says that is bad news.
fn news(call: Call, asked: &Asked, answer: &Value) -> Option<Problem> {
    match call {
        Call::ProjectsGet => {
            let state = answer.get("lifecycleState").or_else(|| answer.get("state"))?.as_str()?;
            let going = state.starts_with("DELETE_");
            let project = answer
                .get("projectId")
                .and_then(Value::as_str)
                .filter(|id| is_project(id));
            going.then(|| Problem::new(Code::ProjectDeleted).with_some(Fact::Project, project))
        }
        Call::TestIamPermissions => {
            let held = answer.get("permissions").and_then(Value::as_array);
            let held: Vec<&str> = held.into_iter().flatten().filter_map(Value::as_str).collect();
            let missing = |right: &&String| !held.contains(&right.as_str());
            let missing: Vec<&str> = asked.permissions.iter().filter(missing).map(String::as_str).collect();
            // Jobs run in a project, so this right is held there or nowhere.
            if missing.contains(&"bigquery.jobs.create") {
                return Some(
                    Problem::new(Code::JobsCreateDenied)
                        .with(Fact::Permission, "bigquery.jobs.create")
                        .with(Fact::Role, "roles/bigquery.jobUser")
                        .with_some(Fact::BillingProject, asked.project.as_deref()),
                );
            }
            let on_data: Vec<&str> = missing
                .into_iter()
                .filter(|right| right.starts_with("bigquery.tables.") || right.starts_with("bigquery.datasets."))
                .collect();
            (!on_data.is_empty())
                .then(|| Problem::new(Code::RightsPerhapsOnDataset).with(Fact::Permission, on_data.join(", ")))
        }
        Call::KeysCreate | Call::ServiceEnable => None,
    }
}

fn refused(call: Call, asked: &Asked, refusal: &Refusal) -> Problem {
    if let Some(problem) = particular(call, refusal).or_else(|| refusal.common(call.service())) {
        return problem;
    }
    let denied = refusal.status == 403 || refusal.reason == "PERMISSION_DENIED";
    let missing = refusal.status == 404 || refusal.reason == "NOT_FOUND";
    let permission = refusal.known("permission").or_else(|| permission(&refusal.message));
    let member = who(&refusal.message);
    let lacking = |code, usual: &str, role| {
        Problem::new(code)
            .with(Fact::Permission, permission.unwrap_or(usual))
            .with(Fact::Role, role)
            .with_some(Fact::Member, member)
    };
    match call {
        // For a project that does not exist Resource Manager answers 403 too (google-cloud-python#1426, 2016).
        Call::ProjectsGet if denied => lacking(Code::ProjectHidden, "resourcemanager.projects.get", "roles/browser"),
        Call::ProjectsGet | Call::ServiceEnable if missing => Problem::new(Code::ProjectNotFound),
        // This call needs no right at all, so its refusal is about the project.
        Call::TestIamPermissions if denied || missing => Problem::new(Code::ProjectNotFound),
        Call::KeysCreate if denied => lacking(
            Code::KeysCreateDenied,
            "iam.serviceAccountKeys.create",
            "roles/iam.serviceAccountKeyAdmin",
        )
        .with_some_else(Fact::Resource, asked.member.as_deref()),
        Call::KeysCreate if missing => Problem::new(Code::AccountNotFound),
        Call::ServiceEnable if denied => lacking(
            Code::ServiceEnableDenied,
            "serviceusage.services.enable",
            "roles/serviceusage.serviceUsageAdmin",
        )
        .with(
            Fact::Service,
            service(&refusal.message).unwrap_or("bigquery.googleapis.com"),
        ),
        _ => refusal
            .trouble(call.service())
            .unwrap_or_else(|| Problem::new(Code::GoogleRefused)),
    }
}

/// What only this call says.
fn particular(call: Call, refusal: &Refusal) -> Option<Problem> {
    let said = refusal.message.as_str();
    match call {
        // hail-is/hail#4725, 2018-11, as 429; firebase-tools#6192, 2023-07, and google-api-dotnet-client#2027, 2022-01, as a bare
        // 400 for the same cause.
        Call::KeysCreate if said.starts_with("Maximum number of keys") => Some(Problem::new(Code::TooManyKeys)),
        Call::KeysCreate
            if said.starts_with("Precondition check failed")
                && refusal.details.iter().all(|d| d.violations.is_empty()) =>
        {
            Some(Problem::new(Code::TooManyKeys))
        }
        // google/create-service-account#21, 2025-04, where the details were lost on the way.
        Call::KeysCreate if said.starts_with("Key creation is not allowed on this service account") => {
            let named = refusal
                .details
                .iter()
                .flat_map(|detail| &detail.violations)
                .find_map(|(kind, _)| kind.starts_with("constraints/").then_some(kind.as_str()));
            Some(super::refusal::by_constraint(
                named.unwrap_or("constraints/iam.disableServiceAccountKeyCreation"),
            ))
        }
        Call::KeysCreate if said.contains("is disabled") && said.contains("ervice account") => {
            Some(Problem::new(Code::AccountDisabled))
        }
        // `Permission bigquery.tables.foo is not valid for this resource.`
        Call::TestIamPermissions
            if said.starts_with("Permission ") && said.contains("is not valid for this resource") =>
        {
            Some(Problem::new(Code::PermissionUnknown).with_some(Fact::Permission, permission(said)))
        }
        Call::ServiceEnable => {
            if said.starts_with("Not found or permission denied for service")
                || refusal
                    .details
                    .iter()
                    .any(|detail| detail.reason == "SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED")
            {
                return Some(Problem::new(Code::ServiceUnknown).with_some(Fact::Service, service(said)));
            }
            // terraform-provider-google threads, 2019 on.
            if said.starts_with("Billing account for project")
                || said.contains("Billing must be enabled for activation")
            {
                let project = said.split('\'').nth(1).filter(|id| is_project(id));
                return Some(Problem::new(Code::BillingDisabled).with_some(Fact::Project, project));
            }
            None
        }
        _ => None,
    }
}

/// The first `….googleapis.com` in a sentence.
fn service(said: &str) -> Option<&str> {
    said.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'))
        .map(|word| word.trim_end_matches('.'))
        .find(|word| word.ends_with(".googleapis.com"))
}
