//! Resource Manager: what a project is, and which permissions the caller holds on it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{ApiError, Google, ProjectState, Resource};
use crate::ask::Ask;
use crate::reply::Reply;
use crate::world::World;

const READ: [&str; 2] = ["cloud-platform", "cloud-platform.read-only"];

impl Google {
    pub(crate) fn resource_manager(&self, world: &Arc<World>, ask: &Ask) -> Reply {
        match self.asked_of_manager(world, ask) {
            Ok(body) => Reply::json(200, &body),
            Err(error) => error.reply(),
        }
    }

    fn asked_of_manager(&self, world: &Arc<World>, ask: &Ask) -> Result<Value, ApiError> {
        let member = self.caller(ask, &READ)?;
        world
            .journal
            .change(ask.number, |call| call.member = Some(member.clone()));
        self.manager_is_on(&member)?;
        match (ask.method.as_str(), &ask.path()[..]) {
            ("GET", ["v1", "projects", project]) => self.project_body(&member, project),
            ("POST", ["v1", "projects", action]) => match action.rsplit_once(':') {
                Some((project, "testIamPermissions")) => self.tested(&member, project, ask),
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }

    /// The API is charged to the project that owns the account, and must be on there.
    fn manager_is_on(&self, member: &str) -> Result<(), ApiError> {
        let books = self.books();
        let home = books
            .accounts
            .get(member)
            .and_then(|account| books.projects.get(&account.project));
        match home {
            Some(home) if !home.resource_manager => Err(disabled(
                "Cloud Resource Manager API",
                "cloudresourcemanager.googleapis.com",
                home.number,
            )),
            _ => Ok(()),
        }
    }

    fn project_body(&self, member: &str, project: &str) -> Result<Value, ApiError> {
        if !self.allows(member, &Resource::project(project), "resourcemanager.projects.get") {
            return Err(no_project());
        }
        let books = self.books();
        let known = books.projects.get(project).ok_or_else(no_project)?;
        Ok(json!({
            "projectNumber": known.number.to_string(),
            "projectId": project,
            "lifecycleState": if known.state == ProjectState::Deleted { "DELETE_REQUESTED" } else { "ACTIVE" },
            "name": known.name,
            "createTime": known.created.to_string(),
        }))
    }

    fn tested(&self, member: &str, project: &str, ask: &Ask) -> Result<Value, ApiError> {
        if !self.books().projects.contains_key(project) {
            return Err(no_project());
        }
        let asked = asked(ask)?;
        let odd = |permission: &&String| {
            permission.contains('*')
                || !["bigquery", "resourcemanager", "serviceusage"]
                    .iter()
                    .any(|service| permission.starts_with(service))
        };
        if let Some(odd) = asked.iter().find(odd) {
            return Err(ApiError::new(
                400,
                "badRequest",
                format!("Permission {odd} is not valid for this resource."),
            ));
        }
        let held: Vec<_> = asked
            .into_iter()
            .filter(|one| self.holds(member, &Resource::project(project), one))
            .collect();
        Ok(if held.is_empty() {
            json!({})
        } else {
            json!({"permissions": held})
        })
    }
}

/// The permissions that a `testIamPermissions` call names.
pub(super) fn asked(ask: &Ask) -> Result<Vec<String>, ApiError> {
    let body = ask.json();
    let list = body["permissions"].as_array();
    let list = list.ok_or_else(|| ApiError::new(400, "badRequest", "Request contains an invalid argument."))?;
    Ok(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// 403 for an API that is off in a project.
pub(super) fn disabled(title: &str, service: &str, number: u64) -> ApiError {
    let url = format!("https://console.developers.google.com/apis/api/{service}/overview?project={number}");
    let message = format!(
        "{title} has not been used in project {number} before or it is disabled. Enable it by visiting {url} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
    );
    ApiError::new(403, "accessNotConfigured", message).because(
        "SERVICE_DISABLED",
        &json!({"consumer": format!("projects/{number}"), "service": service, "activationUrl": url}),
    )
}

/// The same for a project that is not there and one that may not be seen.
fn no_project() -> ApiError {
    ApiError::new(403, "forbidden", "The caller does not have permission")
}

fn unknown() -> ApiError {
    ApiError::new(404, "notFound", "Method not found.")
}
