//! Cloud Resource Manager: what a project is called, and which rights are held on it. Evidence only: it is often off or
//! out of bounds, and then nothing is known, which is no failure.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::token::Tokens;
use crate::ground::net::{Ask, Host, Net};

/// Shorter than anything that matters: nobody waits for evidence.
const PATIENCE: Duration = Duration::from_secs(8);

/// A project, as far as the service account may know.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// The name for people.
    #[serde(default)]
    pub name: String,
    /// `ACTIVE`, or on its way out.
    #[serde(default)]
    pub lifecycle_state: String,
}

/// The project, where Resource Manager tells.
pub async fn project(net: &Net, tokens: &Tokens, id: &str) -> Option<Project> {
    let token = tokens.token().await.ok()?;
    let ask = token.lend(|token| Ask::get(Host::ResourceManager).at(["projects", id]).bearing(token));
    let reply = net.send(ask.within(PATIENCE)).await.ok()?;
    reply.is_success().then(|| reply.json().ok()).flatten()
}

/// Which of these rights the service account holds on the whole project, where Resource Manager tells.
pub async fn held(net: &Net, tokens: &Tokens, id: &str, rights: &[&str]) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Held {
        #[serde(default)]
        permissions: Vec<String>,
    }
    let token = tokens.token().await.ok()?;
    let ask = Ask::post(Host::ResourceManager)
        .at(["projects".to_owned(), format!("{id}:testIamPermissions")])
        .json(&json!({"permissions": rights}));
    let ask = token.lend(|token| ask.bearing(token));
    let reply = net.send(ask.within(PATIENCE)).await.ok()?;
    let held: Held = reply.is_success().then(|| reply.json().ok()).flatten()?;
    Some(held.permissions)
}
