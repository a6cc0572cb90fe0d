//! What Google's APIs have in common when they refuse: one shape of error, and reasons that mean the same everywhere. What
//! only one API says is judged in that API's own room.

use serde_json::Value;

use crate::ground::problem::{Code, Fact, Problem};

/// `error` in an answer of Google's, or `errorResult` of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refusal {
    /// HTTP's. 200 where a job failed that was taken.
    pub status: u16,
    /// The older, finer reason, such as `accessDenied`; else the newer `status`, such as `PERMISSION_DENIED`.
    pub reason: String,
    /// What the reason is about, such as `query` or `unbilled.analysis`.
    pub place: String,
    pub message: String,
    /// A page that Google leads to.
    pub help: Option<String>,
    pub details: Vec<Detail>,
}

/// One of `error.details`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detail {
    /// `ErrorInfo`'s reason, such as `SERVICE_DISABLED`.
    pub reason: String,
    pub metadata: std::collections::BTreeMap<String, String>,
    /// `PreconditionFailure`'s violations: type and description.
    pub violations: Vec<(String, String)>,
}

impl Detail {
    fn read(value: &Value) -> Self {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let metadata = value.get("metadata").and_then(Value::as_object);
        let violations = value.get("violations").and_then(Value::as_array);
        Self {
            reason: text(value, "reason"),
            metadata: metadata
                .into_iter()
                .flatten()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
            violations: violations
                .into_iter()
                .flatten()
                .map(|one| (text(one, "type"), text(one, "description")))
                .collect(),
        }
    }

    fn known(&self, name: &str) -> Option<&str> {
        self.metadata
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

impl Refusal {
    /// Reads the body of an answer. `None` where it holds no error as Google writes it.
    pub fn read(status: u16, body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        // Streaming answers come in a list.
        let body = body.get(0).unwrap_or(&body);
        let error = body.get("error").filter(|error| error.is_object())?;
        Some(Self::of(status, error))
    }

    /// Reads an error object: `{"code", "message", "errors", "status", "details"}`, or a job's `{"reason", "message"}`.
    pub fn of(status: u16, error: &Value) -> Self {
        let first = error.pointer("/errors/0").unwrap_or(&Value::Null);
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let either = |name: &str| {
            Some(text(error, name))
                .filter(|text| !text.is_empty())
                .unwrap_or_else(|| text(first, name))
        };
        let reason = [text(first, "reason"), text(error, "reason"), text(error, "status")];
        let details = error.get("details").and_then(Value::as_array);
        Self {
            status,
            reason: reason.into_iter().find(|reason| !reason.is_empty()).unwrap_or_default(),
            place: either("location"),
            message: either("message"),
            help: first.get("extendedHelp").and_then(Value::as_str).map(str::to_owned),
            details: details.into_iter().flatten().map(Detail::read).collect(),
        }
    }

    /// `ErrorInfo`'s value of this name, where any detail has one.
    pub fn known(&self, name: &str) -> Option<&str> {
        self.details.iter().find_map(|detail| detail.known(name))
    }

    /// What every API of Google's means by it. `service` is the one that was asked. `None` where only that API's own words
    /// can tell. The problem knows nothing of the question yet.
    pub fn common(&self, service: &str) -> Option<Problem> {
        self.by_details(service)
            .or_else(|| self.by_reason(service))
            .or_else(|| self.by_text(service))
    }

    /// Google's machine-readable reasons (google.api.ErrorReason) and violations.
    fn by_details(&self, service: &str) -> Option<Problem> {
        let violated = |(kind, description): &(String, String)| match kind.as_str() {
            // cloudquery#1062, 2022-07: the identifier stands in the description.
            "VPC_SERVICE_CONTROLS" => Some(self.perimeter(Some(description))),
            // google/create-service-account#21, 2025-04.
            _ => kind.starts_with("constraints/").then(|| by_constraint(kind)),
        };
        self.details.iter().find_map(|detail| {
            detail.violations.iter().find_map(violated).or_else(|| {
                Some(match detail.reason.as_str() {
                    "SERVICE_DISABLED" => self.api_disabled(service),
                    "BILLING_DISABLED" | "UREQ_PROJECT_BILLING_NOT_FOUND" | "UREQ_PROJECT_BILLING_NOT_OPEN" => {
                        self.of_consumer(Code::BillingDisabled)
                    }
                    "CONSUMER_SUSPENDED" | "GCP_SUSPENDED" => self.of_consumer(Code::ProjectSuspended),
                    "CONSUMER_INVALID" | "RESOURCE_PROJECT_INVALID" => self.consumer_invalid(),
                    "USER_PROJECT_DENIED" => self.service_use_denied(),
                    "SECURITY_POLICY_VIOLATED" => self.perimeter(detail.known("uid")),
                    "ORG_RESTRICTION_VIOLATION"
                    | "LOCATION_ORG_POLICY_VIOLATED"
                    | "LOCATION_POLICY_VIOLATED"
                    | "RESOURCE_USAGE_RESTRICTION_VIOLATED"
                    | "TLS_ORG_POLICY_VIOLATED" => {
                        Problem::new(Code::OrganisationPolicy).with_some(Fact::Constraint, constraint(&self.message))
                    }
                    "ACCOUNT_STATE_INVALID" | "USER_BLOCKED_BY_ADMIN" => {
                        Problem::new(Code::AccountDisabled).with_some(Fact::Member, detail.known("email"))
                    }
                    "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => Problem::new(Code::ScopeInsufficient),
                    "ACCESS_TOKEN_EXPIRED" | "ACCESS_TOKEN_TYPE_UNSUPPORTED" => Problem::new(Code::TokenNotTaken),
                    // Recorded on 2026-10-10 (xo/dbimp): of a token that is no token Google says the same, and `authError`.
                    "CREDENTIALS_MISSING" if self.reason != "authError" => Problem::new(Code::AuthorizationMissing),
                    "RATE_LIMIT_EXCEEDED" | "RESOURCE_QUOTA_EXCEEDED" => self.quota(detail),
                    _ => return None,
                })
            })
        })
    }

    /// The older reasons, which mean the same in every API.
    fn by_reason(&self, service: &str) -> Option<Problem> {
        Some(match self.reason.as_str() {
            "accessNotConfigured" => self.api_disabled(service),
            // Older APIs say it of scopes alone; BigQuery says `accessDenied` of rights (gmail and drive threads, 2014 on).
            "insufficientPermissions"
                if self.message.contains("scope") || self.message == "Insufficient Permission" =>
            {
                Problem::new(Code::ScopeInsufficient)
            }
            // HTTP's challenge in the older form: nobody was named at all.
            "required" if self.status == 401 => Problem::new(Code::AuthorizationMissing),
            "dailyLimitExceeded" => Problem::new(Code::QuotaExceeded).with(Fact::Resets, "at midnight, Pacific time"),
            "userRateLimitExceeded" | "rateLimitExceeded" | "jobRateLimitExceeded" if !self.is_key_limit() => {
                Problem::new(Code::RateLimited)
            }
            "backendError"
            | "internalError"
            | "badGateway"
            | "jobBackendError"
            | "jobInternalError"
            | "backendNotConnected" => busy(service),
            _ => return None,
        })
    }

    /// Where nothing but a sentence tells. Each is matched at its start, or by words that Google uses for nothing else.
    fn by_text(&self, service: &str) -> Option<Problem> {
        let said = self.message.as_str();
        // VPC Service Controls (docs.cloud.google.com/vpc-service-controls/docs/troubleshooting, 2026-11); with and without
        // the service's name in front: duckdb-bigquery#203, 2026-06; terraform-google-cloud-functions#109, 2024-04.
        if said.contains("Request is prohibited by organization") || said.contains("vpcServiceControlsUniqueIdentifier")
        {
            return Some(self.perimeter(None));
        }
        // Several APIs at once: missing `Authorization` headers, 2019 to 2026.
        if said.starts_with("Request is missing required authentication credential")
            || said.starts_with("Method doesn't allow unregistered callers")
            || said.starts_with("The request is missing a valid API key")
            || (self.status == 401 && said.starts_with("Login Required"))
        {
            return Some(Problem::new(Code::AuthorizationMissing));
        }
        if said.starts_with("Request had insufficient authentication scopes") {
            return Some(Problem::new(Code::ScopeInsufficient));
        }
        // googleapis/google-cloud-python#4140, 2017; gcpdiag#14, 2022.
        if said.contains(" has not been used in project ") && said.contains(" before or it is disabled") {
            return Some(self.api_disabled(service));
        }
        if let Some(name) = constraint(said) {
            return Some(by_constraint(&name));
        }
        if let Some(problem) = self.of_project() {
            return Some(problem);
        }
        // An `Authorization` header that is there and not good, whatever the older reason is called.
        if self.status == 401 {
            return Some(Problem::new(Code::TokenNotTaken));
        }
        (self.status == 429 && !self.is_key_limit()).then(|| Problem::new(Code::RateLimited))
    }

    /// A status of trouble at Google, where nothing nearer is known. Asked last: clients put 500 on a reason that they do
    /// not know, such as a cap that was exceeded (dbt-bigquery threads, 2020 on).
    pub fn trouble(&self, service: &str) -> Option<Problem> {
        (self.status >= 500).then(|| busy(service))
    }

    /// What became of a project, where Google's structure was lost on the way. The sentences of Service Infrastructure
    /// (google.api.ErrorReason, 2026; terraform-provider-google threads, 2019 on).
    fn of_project(&self) -> Option<Problem> {
        let said = self.message.as_str();
        if said.starts_with("Caller does not have required permission to use project ") {
            return Some(self.service_use_denied());
        }
        // Quoted, as in `Project 'acme-wd' not found or deleted.`, and bare, as in `Unknown project id: acme-wd`.
        let named = said.strip_prefix("Unknown project id: ").or_else(|| {
            let rest = said.strip_prefix("Project '")?;
            let (name, rest) = rest.split_once('\'')?;
            rest.starts_with(" not found or ").then_some(name)
        });
        if let Some(name) = named {
            let name = name.trim_end_matches('.');
            return Some(
                Problem::new(Code::ProjectNotFound).with_some(Fact::Project, Some(name).filter(|id| is_project(id))),
            );
        }
        let about_project = said.starts_with("Project ") || said.contains("Consumer 'project");
        if about_project && said.contains(" has been suspended") {
            return Some(self.of_consumer(Code::ProjectSuspended));
        }
        let going = [
            " has been deleted",
            " has been marked for deletion",
            " is pending deletion",
        ];
        (about_project && going.iter().any(|mark| said.contains(mark))).then(|| self.of_consumer(Code::ProjectDeleted))
    }

    fn service_use_denied(&self) -> Problem {
        self.of_consumer(Code::ServiceUseDenied)
            .with(Fact::Permission, "serviceusage.services.use")
            .with(Fact::Role, "roles/serviceusage.serviceUsageConsumer")
    }

    /// IAM counts an account's keys under the reason of a rate (hail-is/hail#4725, 2018-11).
    fn is_key_limit(&self) -> bool {
        self.message.starts_with("Maximum number of keys")
    }

    /// Which API is off, where, and the page that switches it on: from the structure, else from the sentence `… API has not
    /// been used in project 123 before or it is disabled. Enable it by visiting https://… then retry.`
    fn api_disabled(&self, service: &str) -> Problem {
        let said = self.message.as_str();
        let url = self.known("activationUrl").or(self.help.as_deref()).or_else(|| {
            let (_, rest) = said.split_once("by visiting ")?;
            rest.split_whitespace().next()
        });
        let url = url.filter(|url| is_console(url));
        let by_url = url.and_then(|url| url.split('/').find(|part| part.ends_with(".googleapis.com")));
        let by_said = said
            .split_once(" in project ")
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .map(str::to_owned)
            .filter(|id| is_project(id));
        self.of_consumer(Code::ApiDisabled)
            .with_some_else(Fact::Project, by_said)
            .with(
                Fact::Service,
                self.known("service").or(by_url).unwrap_or(service).to_owned(),
            )
            .with_some(Fact::ActivationUrl, url)
    }

    /// `CONSUMER_INVALID` is said of a project that is gone and of one that never was.
    fn consumer_invalid(&self) -> Problem {
        // Google's own sentence for a project on its way out: `Project #123 has been deleted.`
        if self.message.contains("has been deleted") {
            return self.of_consumer(Code::ProjectDeleted);
        }
        self.of_consumer(Code::ProjectNotFound)
    }

    /// With the project that Google holds answerable, where it says which.
    fn of_consumer(&self, code: Code) -> Problem {
        let consumer = self.known("consumer").or(self.known("containerInfo")).map(|name| {
            name.trim_start_matches("projects/")
                .trim_start_matches("project_number:")
        });
        let by_said = || {
            // `…enable billing on project #123 by visiting…`, `Billing account for project '123' is not found.`, `Consumer
            // 'project:acme-wd' has been suspended.`, `Project #123 has been deleted.`
            const MARKS: [&str; 5] = ["'projects/", "'project:", "'project_number:", "project ", "Project "];
            let rest = MARKS
                .iter()
                .find_map(|mark| self.message.split_once(mark).map(|(_, rest)| rest))?;
            let word = rest
                .split(|c: char| c.is_whitespace() || c == '\'')
                .find(|word| !word.is_empty())?;
            Some(word.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
        };
        let project = consumer
            .filter(|id| is_project(id))
            .or_else(|| by_said().filter(|id| is_project(id) && id.contains(|c: char| c.is_ascii_digit() || c == '-')));
        Problem::new(code).with_some(Fact::Project, project)
    }

    fn perimeter(&self, identifier: Option<&str>) -> Problem {
        let by_said = || {
            let (_, rest) = self.message.split_once("vpcServiceControlsUniqueIdentifier:")?;
            Some(rest.trim_start())
        };
        let fits = |c: &char| c.is_ascii_alphanumeric() || "-_".contains(*c);
        let identifier = identifier
            .or_else(by_said)
            .map(|text| text.chars().take_while(fits).collect::<String>())
            .filter(|text| !text.is_empty());
        Problem::new(Code::VpcPerimeter).with_some(Fact::UniqueIdentifier, identifier)
    }

    /// A rate passes within a minute; a day's allowance does not.
    fn quota(&self, detail: &Detail) -> Problem {
        let limit = detail.known("quota_limit").unwrap_or_default();
        let daily = limit.to_ascii_lowercase().contains("perday") || self.message.contains("per day");
        let problem = if daily {
            Problem::new(Code::QuotaExceeded).with(Fact::Resets, "at midnight, Pacific time")
        } else {
            Problem::new(Code::RateLimited)
        };
        problem.with_some(Fact::Quota, Some(limit).filter(|limit| !limit.is_empty()))
    }
}

/// A rule of the organisation, by its name.
pub fn by_constraint(name: &str) -> Problem {
    let keys = name.contains("disableServiceAccountKeyCreation") || name.contains("disableServiceAccountKeyUpload");
    let code = if keys {
        Code::KeysForbidden
    } else {
        Code::OrganisationPolicy
    };
    Problem::new(code).with(Fact::Constraint, name)
}

/// The first `constraints/…` in a sentence.
fn constraint(said: &str) -> Option<String> {
    let at = said.find("constraints/")?;
    let fits = |c: &char| c.is_ascii_alphanumeric() || "/._-".contains(*c);
    let name: String = said[at..].chars().take_while(fits).collect();
    Some(name.trim_end_matches('.').to_owned())
}

/// A project's ID or number: nothing that could be another word of a sentence or of a command.
pub fn is_project(text: &str) -> bool {
    let (domain, id) = text.rsplit_once(':').unwrap_or(("", text));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    (4..=63).contains(&id.len())
        && id.chars().all(|c| plain(c) && c != '.')
        && !id.starts_with('-')
        && domain.chars().all(plain)
}

/// Only Google's own console is led to.
fn is_console(url: &str) -> bool {
    [
        "https://console.developers.google.com/",
        "https://console.cloud.google.com/",
    ]
    .iter()
    .any(|start| url.starts_with(start))
        && !url.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'<>`\\".contains(c))
}

fn busy(service: &str) -> Problem {
    Problem::new(Code::GoogleBusy).with(Fact::Host, service)
}
