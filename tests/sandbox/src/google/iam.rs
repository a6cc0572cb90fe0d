//! Who may do what: roles as Google defines them, grants on projects, datasets and tables.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a grant is on. Rights on a project reach its datasets, and those on a dataset reach its tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    Project {
        project: String,
    },
    Dataset {
        project: String,
        dataset: String,
    },
    Table {
        project: String,
        dataset: String,
        table: String,
    },
}

impl Resource {
    pub fn project(project: &str) -> Self {
        Self::Project {
            project: project.to_owned(),
        }
    }

    pub fn dataset(project: &str, dataset: &str) -> Self {
        Self::Dataset {
            project: project.to_owned(),
            dataset: dataset.to_owned(),
        }
    }

    pub fn table(project: &str, dataset: &str, table: &str) -> Self {
        Self::Table {
            project: project.to_owned(),
            dataset: dataset.to_owned(),
            table: table.to_owned(),
        }
    }

    /// Itself, and what it is in.
    fn and_above(&self) -> Vec<Self> {
        match self {
            Self::Project { .. } => vec![self.clone()],
            Self::Dataset { project, .. } => vec![self.clone(), Self::project(project)],
            Self::Table { project, dataset, .. } => {
                vec![self.clone(), Self::dataset(project, dataset), Self::project(project)]
            }
        }
    }
}

/// A role, or one permission by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Privilege {
    name: String,
    permissions: BTreeSet<&'static str>,
    one: Option<String>,
}

/// The roles that matter to reading and loading `BigQuery`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    JobUser,
    DataViewer,
    DataEditor,
    DataOwner,
    MetadataViewer,
    User,
    ReadSessionUser,
    Admin,
    Editor,
    Owner,
}

impl Role {
    const ALL: [Self; 10] = [
        Self::JobUser,
        Self::DataViewer,
        Self::DataEditor,
        Self::DataOwner,
        Self::MetadataViewer,
        Self::User,
        Self::ReadSessionUser,
        Self::Admin,
        Self::Editor,
        Self::Owner,
    ];

    /// As Google names it, such as `roles/bigquery.jobUser`.
    pub fn name(self) -> &'static str {
        match self {
            Self::JobUser => "roles/bigquery.jobUser",
            Self::DataViewer => "roles/bigquery.dataViewer",
            Self::DataEditor => "roles/bigquery.dataEditor",
            Self::DataOwner => "roles/bigquery.dataOwner",
            Self::MetadataViewer => "roles/bigquery.metadataViewer",
            Self::User => "roles/bigquery.user",
            Self::ReadSessionUser => "roles/bigquery.readSessionUser",
            Self::Admin => "roles/bigquery.admin",
            Self::Editor => "roles/editor",
            Self::Owner => "roles/owner",
        }
    }

    /// What it allows, of the permissions that the sandbox knows.
    pub fn permissions(self) -> BTreeSet<&'static str> {
        let parts: &[&[&'static str]] = match self {
            Self::JobUser => &[PROJECT, JOBS],
            Self::MetadataViewer => &[PROJECT, METADATA],
            Self::DataViewer => &[PROJECT, METADATA, READ],
            Self::DataEditor => &[PROJECT, METADATA, READ, WRITE],
            Self::DataOwner => &[PROJECT, METADATA, READ, WRITE, OWN],
            Self::User => &[PROJECT, METADATA_OF_USER, JOBS, SESSIONS],
            Self::ReadSessionUser => &[PROJECT, SESSIONS],
            Self::Admin => &[PROJECT, METADATA, READ, WRITE, OWN, JOBS, ALL_JOBS, SESSIONS],
            Self::Editor => &[PROJECT, METADATA, READ, WRITE, JOBS, SESSIONS, SERVICES],
            Self::Owner => &[
                PROJECT,
                METADATA,
                READ,
                WRITE,
                OWN,
                JOBS,
                ALL_JOBS,
                SESSIONS,
                SERVICES,
                PROJECT_ITSELF,
            ],
        };
        parts.iter().flat_map(|part| part.iter().copied()).collect()
    }

    /// Whether Google grants it on a thing of this kind: what belongs to a project is not granted on a dataset.
    pub fn fits(self, resource: &Resource) -> bool {
        let on_data = matches!(
            self,
            Self::DataViewer | Self::DataEditor | Self::DataOwner | Self::MetadataViewer
        );
        matches!(resource, Resource::Project { .. }) || on_data
    }

    /// The role with Google's name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

const PROJECT: &[&str] = &[
    "resourcemanager.projects.get",
    "resourcemanager.projects.list",
    "bigquery.config.get",
];
/// Of the basic roles, what tells them from BigQuery's own.
const SERVICES: &[&str] = &["serviceusage.services.enable", "serviceusage.services.use"];
const PROJECT_ITSELF: &[&str] = &[
    "resourcemanager.projects.delete",
    "resourcemanager.projects.setIamPolicy",
];
const JOBS: &[&str] = &["bigquery.jobs.create"];
const ALL_JOBS: &[&str] = &[
    "bigquery.jobs.get",
    "bigquery.jobs.list",
    "bigquery.jobs.listAll",
    "bigquery.jobs.update",
    "bigquery.jobs.delete",
];
const SESSIONS: &[&str] = &[
    "bigquery.readsessions.create",
    "bigquery.readsessions.getData",
    "bigquery.readsessions.update",
];
const METADATA: &[&str] = &[
    "bigquery.datasets.get",
    "bigquery.datasets.getIamPolicy",
    "bigquery.models.getMetadata",
    "bigquery.models.list",
    "bigquery.routines.get",
    "bigquery.routines.list",
    "bigquery.tables.get",
    "bigquery.tables.getIamPolicy",
    "bigquery.tables.list",
];
const METADATA_OF_USER: &[&str] = &[
    "bigquery.datasets.create",
    "bigquery.datasets.get",
    "bigquery.datasets.getIamPolicy",
    "bigquery.models.list",
    "bigquery.routines.list",
    "bigquery.tables.list",
];
const READ: &[&str] = &[
    "bigquery.tables.createSnapshot",
    "bigquery.tables.export",
    "bigquery.tables.getData",
    "bigquery.tables.replicateData",
];
const WRITE: &[&str] = &[
    "bigquery.datasets.create",
    "bigquery.datasets.updateTag",
    "bigquery.tables.create",
    "bigquery.tables.createIndex",
    "bigquery.tables.delete",
    "bigquery.tables.deleteIndex",
    "bigquery.tables.restoreSnapshot",
    "bigquery.tables.update",
    "bigquery.tables.updateData",
    "bigquery.tables.updateIndex",
    "bigquery.tables.updateTag",
];
const OWN: &[&str] = &[
    "bigquery.datasets.delete",
    "bigquery.datasets.setIamPolicy",
    "bigquery.datasets.update",
    "bigquery.rowAccessPolicies.create",
    "bigquery.tables.setIamPolicy",
];

impl From<Role> for Privilege {
    fn from(role: Role) -> Self {
        Self {
            name: role.name().to_owned(),
            permissions: role.permissions(),
            one: None,
        }
    }
}

/// A role by Google's name, else one permission.
impl From<&str> for Privilege {
    fn from(name: &str) -> Self {
        match Role::named(name) {
            Some(role) => role.into(),
            None => Self {
                name: name.to_owned(),
                permissions: BTreeSet::new(),
                one: Some(name.to_owned()),
            },
        }
    }
}

impl Privilege {
    /// Whether it is a role that the sandbox knows, or looks like a permission.
    pub fn is_known(&self) -> bool {
        self.one.is_none() || (!self.name.starts_with("roles/") && self.name.split('.').count() >= 3)
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        self.permissions.iter().copied().chain(self.one.as_deref())
    }
}

/// Every grant, by member and resource. A right that two roles hold is gone only with both.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    grants: BTreeMap<(String, Resource), Vec<Grant>>,
    used: Vec<(String, String, Resource)>,
}

#[derive(Debug)]
struct Grant {
    name: String,
    permissions: BTreeSet<String>,
    /// From when it shows.
    from: Option<Timestamp>,
}

impl Grants {
    pub(crate) fn grant(&mut self, member: &str, resource: &Resource, privilege: &Privilege, from: Option<Timestamp>) {
        let held = self.grants.entry((bare(member), resource.clone())).or_default();
        if held.iter().any(|grant| grant.name == privilege.name) {
            return;
        }
        held.push(Grant {
            name: privilege.name.clone(),
            permissions: privilege.all().map(str::to_owned).collect(),
            from,
        });
    }

    /// A role that was granted goes as it came; else the permissions go out of whatever holds them here.
    pub(crate) fn revoke(&mut self, member: &str, resource: &Resource, privilege: &Privilege) {
        let Some(held) = self.grants.get_mut(&(bare(member), resource.clone())) else {
            return;
        };
        if self::holds(held, &privilege.name) {
            held.retain(|grant| grant.name != privilege.name);
            return;
        }
        for grant in held.iter_mut() {
            grant
                .permissions
                .retain(|one| privilege.all().all(|other| other != one));
        }
        held.retain(|grant| !grant.permissions.is_empty());
    }

    /// Whether a role or permission was granted by this very name.
    pub(crate) fn has(&self, member: &str, resource: &Resource, name: &str) -> bool {
        let held = self.grants.get(&(bare(member), resource.clone()));
        held.is_some_and(|held| holds(held, name))
    }

    pub(crate) fn settle(&mut self) {
        self.grants.values_mut().flatten().for_each(|grant| grant.from = None);
    }

    pub(crate) fn allows(&self, member: &str, resource: &Resource, permission: &str, now: Timestamp) -> bool {
        let shows = |grant: &Grant| grant.from.is_none_or(|from| from <= now);
        resource.and_above().into_iter().any(|place| {
            let held = self.grants.get(&(bare(member), place));
            held.is_some_and(|held| {
                let mut in_force = held.iter().filter(|grant| shows(grant));
                in_force.any(|grant| grant.permissions.contains(permission))
            })
        })
    }

    /// Notes that a call needed a right, whether or not it was held.
    pub(crate) fn note(&mut self, member: &str, resource: &Resource, permission: &str) {
        self.used.push((bare(member), permission.to_owned(), resource.clone()));
    }

    /// What the member's calls needed so far.
    pub(crate) fn used(&self, member: &str) -> BTreeSet<(String, Resource)> {
        let by_member = self.used.iter().filter(|(by, _, _)| *by == bare(member));
        by_member
            .map(|(_, permission, resource)| (permission.clone(), resource.clone()))
            .collect()
    }

    pub(crate) fn forget_used(&mut self) {
        self.used.clear();
    }

    /// Whether the member holds anything on the project or in it.
    pub(crate) fn knows(&self, member: &str, project: &str) -> bool {
        let on = Resource::project(project);
        self.grants
            .get(&(bare(member), on))
            .is_some_and(|held| !held.is_empty())
    }

    /// Who holds what on one dataset, in the old words of its access list.
    pub(crate) fn access(&self, dataset: &Resource) -> Vec<(String, &'static str)> {
        let on_it = self.grants.iter().filter(|((_, place), _)| place == dataset);
        on_it
            .filter_map(|((member, _), held)| Some((member.clone(), word(held)?)))
            .collect()
    }
}

fn holds(held: &[Grant], name: &str) -> bool {
    held.iter().any(|grant| grant.name == name)
}

fn word(held: &[Grant]) -> Option<&'static str> {
    let has = |permission: &str| held.iter().any(|grant| grant.permissions.contains(permission));
    if has("bigquery.datasets.update") {
        Some("OWNER")
    } else if has("bigquery.tables.updateData") && has("bigquery.tables.create") {
        Some("WRITER")
    } else if has("bigquery.tables.getData") && has("bigquery.tables.get") {
        Some("READER")
    } else {
        None
    }
}

/// An e-mail, whether or not it came with `serviceAccount:` before it.
fn bare(member: &str) -> String {
    member.split_once(':').map_or(member, |(_, email)| email).to_owned()
}
