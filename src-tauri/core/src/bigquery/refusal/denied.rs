//! Who may not do what, and where: the right that is missing, the thing that it is missing on, and the one whom it is denied.
//!
//! Google writes the same fact in many ways. Its structure is believed first (`ErrorInfo` with permission and resource);
//! then the sentence, of which these forms were seen:
//! - `Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.` (k8s.io#2729, 2021-09)
//! - `… The user e does not have bigquery.jobs.create permission in project p.` (bigrquery#237, 2018-04)
//! - `… Permission bigquery.tables.get denied on table p:d.t (or it may not exist).` (spark-bigquery-connector#478, 2021-10)
//! - `… User does not have bigquery.datasets.get permission on dataset p:d.` (BigQuery's troubleshooting page, 2026)
//! - `… User e does not have permission to perform bigquery.tables.getData on resource 'projects/p/datasets/d/tables/t'.` (same)
//! - `… User does not have permission to query table p:d.t, or perhaps it does not exist in location US.` (bigquery-etl#3193, 2022-08)
//! - `request failed: the user does not have 'bigquery.readsessions.create' permission for 'projects/p'` (hive-bigquery-connector#102, 2023-08)
//! - `Permission 'resourcemanager.projects.get' denied on resource '//cloudresourcemanager.googleapis.com/projects/1' (or it may not exist).` (falcon-integration-gateway#98, 2021-10)

use super::super::asked::{Asked, Named};
use super::elsewhere;
use crate::google::denial::{permission, place, stated, who};
use crate::google::refusal::Refusal;
use crate::ground::problem::{Code, Fact, Problem};

pub(super) fn denied(refusal: &Refusal, asked: &Asked) -> Problem {
    let said = refusal.message.as_str();
    if let Some(problem) = by_kind(said) {
        return about(said, asked).complete(problem);
    }
    let about = about(said, asked);
    let permission = refusal
        .known("permission")
        .or_else(|| permission(said))
        // The sentence of a query on a table that may not be read; it names no permission.
        .or_else(|| {
            let rows = said.contains("permission to query table") || said.contains("permission to query view");
            rows.then_some("bigquery.tables.getData")
        })
        .or_else(|| {
            said.contains("permission to access job ")
                .then_some("bigquery.jobs.get")
        });
    let about = refusal
        .known("resource")
        .and_then(Named::read)
        .map_or(about, |named| asked.about(named));
    let about = Asked {
        member: who(said).unwrap_or(&about.member).to_owned(),
        location: place(said).map(str::to_owned).or(about.location.clone()),
        ..about
    };
    if place(said).is_some()
        && let Some(problem) = elsewhere(&about)
    {
        return problem;
    }
    let problem = match permission {
        Some(permission) => lacking(&about, permission),
        None => about.problem(Code::AccessDenied),
    };
    match other_resource(refusal) {
        Some((fact, name)) => problem.with(Fact::Resource, name.clone()).with(fact, name),
        None => problem,
    }
}

/// The problem of one missing right. Each has a code of its own where its words or its command are its own.
pub(super) fn lacking(about: &Asked, permission: &str) -> Problem {
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
        "bigquery.jobs.get" | "bigquery.jobs.update" | "bigquery.jobs.listAll" | "bigquery.jobs.list" => {
            (Code::JobOfOther, "roles/bigquery.jobUser")
        }
        "bigquery.readsessions.create" | "bigquery.readsessions.getData" | "bigquery.readsessions.update" => {
            (Code::ReadSessionDenied, "roles/bigquery.readSessionUser")
        }
        "bigquery.connections.use" | "bigquery.connections.delegate" => {
            (Code::ConnectionUseDenied, "roles/bigquery.connectionUser")
        }
        "bigquery.rowAccessPolicies.getFilteredData" => (Code::RowPolicyDenied, "roles/bigquery.filteredDataViewer"),
        "datacatalog.categories.fineGrainedGet" | "bigquery.dataPolicies.maskedGet" => {
            (Code::PolicyTagDenied, "roles/datacatalog.categoryFineGrainedReader")
        }
        "storage.objects.get" | "storage.objects.list" => (Code::FilesDenied, "roles/storage.objectViewer"),
        "serviceusage.services.use" => (Code::ServiceUseDenied, "roles/serviceusage.serviceUsageConsumer"),
        "resourcemanager.projects.get" => (Code::ProjectHidden, "roles/browser"),
        _ if permission.starts_with("cloudkms.") => {
            (Code::EncryptionKeyDenied, "roles/cloudkms.cryptoKeyEncrypterDecrypter")
        }
        _ => return about.problem(Code::PermissionDenied).with(Fact::Permission, permission),
    };
    let problem = about
        .problem(code)
        .with(Fact::Permission, permission)
        .with(Fact::Role, role);
    if about.project.is_empty() {
        return problem;
    }
    problem.with(Fact::BillingProject, &about.project)
}

/// Refusals that are about something else than a right on a project, dataset or table.
fn by_kind(said: &str) -> Option<Problem> {
    // python-bigquery#1392, 2022-10; google-auth-library-python#1889, 2025-12; the second form is from 2017.
    if said.contains("Permission denied while getting Drive credentials")
        || said.contains("No OAuth token with Google Drive scope was found")
    {
        return Some(Problem::new(Code::DriveDenied));
    }
    // dbt-core#502, 2017-08 (a sheet); docs.getdbt.com#716, 2021-06 (Cloud Storage).
    if said.contains("Permission denied while globbing file pattern") {
        let right = permission(said).filter(|right| right.starts_with("storage."));
        return Some(
            Problem::new(Code::FilesDenied)
                .with_some(Fact::Permission, right)
                .with_some(Fact::Bucket, bucket(said)),
        );
    }
    // cal-itp/data-infra#5142, 2026-04.
    if said.contains("due to row access policies") {
        return Some(Problem::new(Code::RowPolicyDenied).with(Fact::Role, "roles/bigquery.filteredDataViewer"));
    }
    // BigQuery's page on column-level security, 2026: `User has neither fine-grained reader nor masked get permission to get
    // data protected by policy tag "taxonomy : tag" on column p.d.t.c.`, and before 2022 `User does not have permission to
    // access data protected by policy tag "…" on column …`.
    if said.contains("policy tag") {
        let tag = said
            .split_once("policy tag \"")
            .and_then(|(_, rest)| rest.split_once('"'));
        let column = said
            .split_once(" on column ")
            .and_then(|(_, rest)| rest.split([' ', ',', ';']).next())
            .map(|column| column.trim_end_matches('.').trim_matches(['`', '\'', '"']));
        return Some(
            Problem::new(Code::PolicyTagDenied)
                .with(Fact::Permission, "datacatalog.categories.fineGrainedGet")
                .with(Fact::Role, "roles/datacatalog.categoryFineGrainedReader")
                .with_some(Fact::PolicyTag, tag.map(|(tag, _)| tag))
                .with_some(Fact::Column, column),
        );
    }
    let lower = said.to_ascii_lowercase();
    // IAM's page on error messages of deny policies and principal access boundaries, 2026.
    if lower.contains("principal access boundary") {
        return Some(Problem::new(Code::AccessBoundary).with_some(Fact::Permission, permission(said)));
    }
    if lower.contains("deny policy") || lower.contains("deny policies") || lower.contains("explicitly denied") {
        return Some(Problem::new(Code::DenyPolicy).with_some(Fact::Permission, permission(said)));
    }
    if lower.contains("cloud kms") || lower.contains("cloudkms.") || lower.contains("/cryptokeys/") {
        return Some(super::encryption(said));
    }
    None
}

/// `…Please make sure gs://acme-files/orders/*.csv is accessible via appropriate IAM roles` (docs.getdbt.com#716, 2021-06).
fn bucket(said: &str) -> Option<&str> {
    let (_, rest) = said.split_once("gs://")?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    let end = rest.find(|c| !fits(c)).unwrap_or(rest.len());
    Some(&rest[..end]).filter(|name| name.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// What the sentence is about: what stands behind the right, else what stands in front of everything.
fn about(said: &str, asked: &Asked) -> Asked {
    let in_front = said
        .strip_prefix("Access Denied: ")
        .and_then(|rest| rest.split_once(": "));
    let in_front = in_front.and_then(|(resource, _)| resource.split_once(' '));
    let named = stated(said)
        .and_then(|(kind, name)| data(&kind, &name))
        .or_else(|| match in_front {
            Some(("Dataset" | "Table" | "Project" | "View", name)) => Named::read(name),
            _ => None,
        });
    named.map_or_else(|| asked.clone(), |named| asked.about(named))
}

/// A project, dataset or table. Of a connection or another thing, which is spelled alike, only the project counts.
fn data(kind: &str, name: &str) -> Option<Named> {
    let named = Named::read(name)?;
    if matches!(kind, "" | "project" | "dataset" | "table" | "view" | "resource") {
        return Some(named);
    }
    Some(Named {
        dataset: None,
        table: None,
        ..named
    })
}

/// A thing that is neither project, dataset nor table: a connection, a key, a bucket.
fn other_resource(refusal: &Refusal) -> Option<(Fact, String)> {
    let (kind, name) = stated(&refusal.message).or_else(|| {
        let rest = refusal.message.strip_prefix("Access Denied: ")?;
        let (resource, _) = rest.split_once(": ")?;
        let (kind, name) = resource.split_once(' ')?;
        Some((kind.to_ascii_lowercase(), name.to_owned()))
    })?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if name.is_empty() || !name.chars().all(plain) {
        return None;
    }
    if kind == "connection" || name.contains("/connections/") {
        return Some((Fact::Connection, connection(&name)));
    }
    matches!(kind.as_str(), "routine" | "model" | "file" | "job" | "reservation").then_some((Fact::Name, name))
}

/// `p.eu.crm`, however Google spells it.
fn connection(name: &str) -> String {
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        [.., "projects", project, "locations", place, "connections", id] => format!("{project}.{place}.{id}"),
        _ => name.to_owned(),
    }
}
