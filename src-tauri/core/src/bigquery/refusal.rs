//! What BigQuery's error means: its structure first, its sentence last. Every sentence that is matched stands beside its
//! source, since Google promises none of them.

use serde::Deserialize;

use super::ids::{DatasetId, ProjectId};
use crate::ground::net::Reply;
use crate::ground::problem::{Answer, Code, Fact, Problem};

/// What was asked, so that a refusal can say so.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// Google's name of the method, such as `datasets.get`.
    pub method: &'static str,
    /// The service account.
    pub member: String,
    /// The project in the address: the one that pays, for jobs.
    pub project: String,
    pub dataset: Option<String>,
    pub table: Option<String>,
    pub location: Option<String>,
    pub job: Option<String>,
}

impl Asked {
    /// In Google's words: `tables.get acme-dw:sales.orders`.
    pub fn words(&self) -> String {
        format!("{} {}", self.method, self.resource())
    }

    fn resource(&self) -> String {
        let mut text = self.project.clone();
        for (mark, part) in [(':', &self.dataset), ('.', &self.table), ('.', &self.job)] {
            if let Some(part) = part {
                text.push(mark);
                text.push_str(part);
            }
        }
        text
    }

    /// The problem with everything that is known of the question.
    pub fn problem(&self, code: Code) -> Problem {
        Problem::new(code)
            .with(Fact::Member, &self.member)
            .with(Fact::Project, &self.project)
            .with(Fact::Resource, self.resource())
            .with_some(Fact::Dataset, self.dataset.as_deref())
            .with_some(Fact::Table, self.table.as_deref())
            .with_some(Fact::Location, self.location.as_deref())
            .with_some(Fact::Job, self.job.as_deref())
    }
}

/// `error` in an answer, or `errorResult` of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Refusal {
    pub status: u16,
    pub reason: String,
    pub message: String,
    pub details: Vec<Detail>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Detail {
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub metadata: std::collections::BTreeMap<String, String>,
}

impl Refusal {
    pub fn read(reply: &Reply) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Body {
            error: Error,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Error {
            message: String,
            errors: Vec<One>,
            details: Vec<Detail>,
            status: String,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct One {
            reason: String,
        }
        let body: Body = serde_json::from_slice(&reply.body).unwrap_or_default();
        let reason = body.error.errors.into_iter().next().map(|one| one.reason);
        Self {
            status: reply.status,
            reason: reason.filter(|reason| !reason.is_empty()).unwrap_or(body.error.status),
            message: body.error.message,
            details: body.error.details,
        }
    }

    /// The problem, with what Google said.
    pub fn judge(&self, asked: &Asked, body: Option<&[u8]>) -> Problem {
        self.decide(asked)
            .with(Fact::Status, self.status.to_string())
            .with_some(
                Fact::Reason,
                Some(self.reason.as_str()).filter(|reason| !reason.is_empty()),
            )
            .answered(Answer {
                asked: asked.words(),
                status: Some(self.status),
                said: Some(self.message.clone()).filter(|said| !said.is_empty()),
                body: body.map(|body| String::from_utf8_lossy(&body[..body.len().min(4000)]).into_owned()),
            })
    }

    fn decide(&self, asked: &Asked) -> Problem {
        if let Some(problem) = self.by_details(asked) {
            return problem;
        }
        if self.message.starts_with(PERIMETER) {
            return asked
                .problem(Code::VpcPerimeter)
                .with_some(Fact::UniqueIdentifier, perimeter(&self.message));
        }
        match self.reason.as_str() {
            "notFound" => self.not_found(asked),
            "accessDenied" | "forbidden" | "PERMISSION_DENIED" => self.denied(asked),
            "accessNotConfigured" => asked.problem(Code::ApiDisabled).with(Fact::Service, BIGQUERY),
            "billingNotEnabled" => asked.problem(Code::BillingNotEnabled),
            "quotaExceeded" => asked.problem(Code::QuotaExceeded),
            "rateLimitExceeded" | "jobRateLimitExceeded" => asked.problem(Code::RateLimited),
            "responseTooLarge" => asked.problem(Code::ResponseTooLarge),
            "bytesBilledLimitExceeded" => self.bytes_cap(asked),
            "invalidQuery" => self.invalid_query(asked),
            "resourcesExceeded" => asked.problem(Code::ResourcesExceeded),
            "stopped" => asked.problem(Code::JobStopped),
            "backendError" | "internalError" | "badGateway" | "jobBackendError" | "jobInternalError" => busy(asked),
            "invalid" | "badRequest" | "INVALID_ARGUMENT" => self.invalid(asked),
            _ if self.status == 401 => asked.problem(Code::TokenNotTaken),
            _ if self.status == 429 => asked.problem(Code::RateLimited),
            _ if self.status >= 500 => busy(asked),
            _ if self.status == 404 => self.not_found(asked),
            _ if self.status == 403 => self.denied(asked),
            _ => asked.problem(Code::GoogleRefused),
        }
    }

    /// Google's machine-readable reasons (google.api.ErrorReason).
    fn by_details(&self, asked: &Asked) -> Option<Problem> {
        self.details.iter().find_map(|detail| {
            let known = |name: &str| detail.metadata.get(name).cloned();
            Some(match detail.reason.as_str() {
                "SERVICE_DISABLED" => asked
                    .problem(Code::ApiDisabled)
                    .with(Fact::Service, known("service").unwrap_or_else(|| BIGQUERY.to_owned()))
                    .with_some(Fact::ActivationUrl, known("activationUrl")),
                "BILLING_DISABLED" => asked.problem(Code::BillingDisabled),
                "CONSUMER_SUSPENDED" => asked.problem(Code::ProjectSuspended),
                "CONSUMER_INVALID" | "RESOURCE_PROJECT_INVALID" => asked.problem(Code::ProjectNotFound),
                "USER_PROJECT_DENIED" => denied(asked, "serviceusage.services.use"),
                "SECURITY_POLICY_VIOLATED" => {
                    let identifier = known("uid").or_else(|| perimeter(&self.message));
                    asked
                        .problem(Code::VpcPerimeter)
                        .with_some(Fact::UniqueIdentifier, identifier)
                }
                "ACCOUNT_STATE_INVALID" => asked.problem(Code::AccountDisabled),
                "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => asked.problem(Code::ScopeRefused),
                "ACCESS_TOKEN_EXPIRED" => asked.problem(Code::TokenNotTaken),
                "RATE_LIMIT_EXCEEDED" => asked.problem(Code::RateLimited),
                _ => return None,
            })
        })
    }

    /// BigQuery's error table (cloud.google.com/bigquery/docs/error-messages, read 2026-11): `Not found: Dataset p:d`,
    /// with ` was not found in location US` behind it where a job ran elsewhere.
    fn not_found(&self, asked: &Asked) -> Problem {
        let Some(rest) = self.message.strip_prefix("Not found: ") else {
            // The API was off, or the project is unknown: an older sentence (forseti-security#737, 2017).
            return asked.problem(if asked.dataset.is_none() {
                Code::ProjectNotFound
            } else {
                Code::DatasetNotFound
            });
        };
        let (kind, name) = rest.split_once(' ').unwrap_or((rest, ""));
        let (name, place) = match name.split_once(" was not found in location ") {
            Some((name, place)) => (name, Some(place.trim_end_matches('.'))),
            None => (name, None),
        };
        let name = name.trim_end_matches([';', '.']);
        let (code, asked) = match kind {
            "Project" => (Code::ProjectNotFound, asked.clone()),
            "Dataset" if place.is_some() => (Code::DatasetNotInLocation, asked.of(name)),
            "Dataset" => (Code::DatasetNotFound, asked.of(name)),
            "Table" if place.is_some() => (Code::TableNotInLocation, asked.of(name)),
            "Table" => (Code::TableNotFound, asked.of(name)),
            "Job" => (Code::JobNotFound, asked.clone()),
            _ => (Code::GoogleRefused, asked.clone()),
        };
        asked.problem(code).with_some(Fact::Location, place)
    }

    /// `Access Denied: Dataset p:d: Permission bigquery.datasets.get denied on dataset p:d (or it may not exist).` and its
    /// kin (cloud.google.com/bigquery/docs/troubleshoot-quotas and error-messages, read 2026-11).
    fn denied(&self, asked: &Asked) -> Problem {
        let named = self
            .message
            .strip_prefix("Access Denied: ")
            .and_then(|rest| rest.split_once(": "))
            .map(|(resource, _)| resource);
        let asked = match named.and_then(|named| named.split_once(' ')) {
            Some(("Dataset" | "Table", name)) => asked.of(name),
            Some(("Project", name)) => Asked {
                project: ProjectId::read(name).map_or_else(|_| asked.project.clone(), Into::into),
                dataset: None,
                table: None,
                job: None,
                ..asked.clone()
            },
            _ => asked.clone(),
        };
        let permission = permission(&self.message).or_else(|| {
            // The sentence of a query on a table that may not be read; it names no permission.
            self.message
                .contains("permission to query table")
                .then_some("bigquery.tables.getData")
        });
        match permission {
            Some(permission) => denied(&asked, permission),
            None => asked.problem(Code::AccessDenied),
        }
    }

    fn invalid(&self, asked: &Asked) -> Problem {
        // forseti-security#737, 2017: the older sentence for an API that is off, under 400.
        if self.message.contains("has not enabled BigQuery") {
            return asked.problem(Code::ApiDisabled).with(Fact::Service, BIGQUERY);
        }
        self.invalid_query(asked)
    }

    fn invalid_query(&self, asked: &Asked) -> Problem {
        asked
            .problem(Code::QueryInvalid)
            .with(Fact::Detail, self.message.trim_end_matches('.'))
            .with_some(Fact::Position, position(&self.message))
    }

    /// `Query exceeded limit for bytes billed: 1000000. 10485760 or higher required.`
    /// (cloud.google.com/bigquery/docs/best-practices-costs, read 2026-11.)
    fn bytes_cap(&self, asked: &Asked) -> Problem {
        let needed = self
            .message
            .split_once(" or higher required")
            .and_then(|(before, _)| before.rsplit(' ').next())
            .filter(|word| word.bytes().all(|b| b.is_ascii_digit()));
        asked.problem(Code::BytesCapExceeded).with_some(Fact::Bytes, needed)
    }
}

impl Asked {
    /// The same question about `project:dataset` or `project:dataset.table`, as Google's sentence names it.
    fn of(&self, name: &str) -> Self {
        let Some((project, rest)) = name.rsplit_once(':') else {
            return self.clone();
        };
        let (dataset, table) = match rest.split_once('.') {
            Some((dataset, table)) => (dataset, Some(table.to_owned())),
            None => (rest, None),
        };
        // These names go into commands that people copy, so a sentence may not put just anything there.
        let (Ok(project), Ok(dataset)) = (ProjectId::read(project), DatasetId::read(dataset)) else {
            return self.clone();
        };
        Self {
            project: project.into(),
            dataset: Some(dataset.into()),
            table,
            // What is refused is the data, whichever job asked for it.
            job: None,
            ..self.clone()
        }
    }
}

const BIGQUERY: &str = "bigquery.googleapis.com";

fn busy(asked: &Asked) -> Problem {
    asked.problem(Code::GoogleBusy).with(Fact::Host, BIGQUERY)
}

/// Each missing right has words, a role and a command of its own.
fn denied(asked: &Asked, permission: &str) -> Problem {
    let (code, role) = match permission {
        "bigquery.jobs.create" => (Code::JobsCreateDenied, "roles/bigquery.jobUser"),
        "bigquery.datasets.get" => (Code::DatasetGetDenied, "roles/bigquery.dataViewer"),
        "bigquery.tables.list" => (Code::TablesListDenied, "roles/bigquery.dataViewer"),
        "bigquery.tables.get" => (Code::TablesGetDenied, "roles/bigquery.dataViewer"),
        "bigquery.tables.getData" => (Code::TablesGetDataDenied, "roles/bigquery.dataViewer"),
        "bigquery.tables.create"
        | "bigquery.tables.update"
        | "bigquery.tables.updateData"
        | "bigquery.tables.delete" => (Code::WriteDenied, "roles/bigquery.dataEditor"),
        "bigquery.jobs.get" | "bigquery.jobs.update" => (Code::JobOfOther, "roles/bigquery.jobUser"),
        _ => return asked.problem(Code::PermissionDenied).with(Fact::Permission, permission),
    };
    asked
        .problem(code)
        .with(Fact::Permission, permission)
        .with(Fact::Role, role)
        .with(Fact::BillingProject, &asked.project)
}

/// The first `bigquery.things.verb` in a sentence.
fn permission(message: &str) -> Option<&str> {
    let start = message.find("bigquery.")?;
    let rest = &message[start..];
    let end = rest
        .find(|c: char| !(c.is_ascii_alphabetic() || c == '.'))
        .unwrap_or(rest.len());
    let found = rest[..end].trim_end_matches('.');
    (found.matches('.').count() == 2).then_some(found)
}

/// VPC Service Controls' sentence (cloud.google.com/vpc-service-controls/docs/troubleshooting, read 2026-11).
const PERIMETER: &str = "VPC Service Controls: Request is prohibited";

/// The identifier in that sentence.
fn perimeter(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("vpcServiceControlsUniqueIdentifier: ")?;
    let fits = |c: &char| c.is_ascii_alphanumeric() || "-_".contains(*c);
    Some(rest.chars().take_while(fits).collect())
}

/// `… at [3:14]` at the end of a syntax error.
fn position(message: &str) -> Option<&str> {
    let (_, rest) = message.rsplit_once("at [")?;
    let (position, _) = rest.split_once(']')?;
    position
        .bytes()
        .all(|b| b.is_ascii_digit() || b == b':')
        .then_some(position)
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;
