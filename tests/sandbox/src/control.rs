//! The control plane: the same scripting over HTTP, for a sandbox that runs as its own process. Bodies are JSON both
//! ways; the `x-sandbox-control` header opens it. Calls to it are not recorded.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::ask::Ask;
use crate::clevertap::Rules;
use crate::faults::{Fault, Matcher, glob};
use crate::gate::Gate;
use crate::google::bigquery::{Column, LoadError, made_up_rows};
use crate::google::{AccountState, KeyState, Privilege, ProjectState, Resource};
use crate::reply::Reply;
use crate::world::World;

/// Gates that another process holds, by number.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    gates: Mutex<BTreeMap<u64, Gate>>,
}

/// A control that could not be carried out: the status, and why.
struct Refused(u16, String);

type Outcome = Result<Value, Refused>;

pub(crate) async fn answer(world: &Arc<World>, ask: &Ask) -> Reply {
    let outcome = if ask.header("x-sandbox-control") == Some(&world.control_token) {
        controlled(world, ask).await
    } else {
        Err(Refused(403, "the x-sandbox-control header is missing or wrong".into()))
    };
    match outcome {
        Ok(body) => Reply::json(200, &body),
        Err(Refused(status, why)) => Reply::json(status, &json!({"error": why})),
    }
}

async fn controlled(world: &Arc<World>, ask: &Ask) -> Outcome {
    match (ask.method.as_str(), &ask.path()[1..]) {
        ("GET", ["calls"]) => return Ok(calls(world, ask)),
        ("GET", ["sunk"]) => return Ok(json!(world.clevertap.sunk())),
        ("GET", ["jobs"]) => return Ok(json!(world.google.jobs())),
        ("GET", ["records"]) => return Ok(records(world, ask)),
        ("POST", ["records", "forget"]) => world.clevertap.forget_records(),
        ("POST", ["fault"]) => {
            let Faulty { matcher, fault } = given(ask)?;
            world.script.fault(matcher, fault);
        }
        ("POST", ["faults", "clear"]) => world.script.clear(),
        ("POST", ["hold"]) => return hold(world, ask),
        (_, ["gates", number, action @ ..]) => return gate(world, ask, number, action),
        ("POST", ["clock"]) => return Ok(clock(world, ask)),
        ("POST", ["google", verb]) => return google(world, ask, verb).await,
        ("POST", ["clevertap", verb]) => return clevertap(world, ask, verb),
        _ => return Err(Refused(404, "no such control".into())),
    }
    Ok(json!({}))
}

fn given<T: DeserializeOwned>(ask: &Ask) -> Result<T, Refused> {
    serde_json::from_slice(&ask.body).map_err(|error| Refused(400, error.to_string()))
}

fn calls(world: &World, ask: &Ask) -> Value {
    let path = ask.param("path").unwrap_or("*");
    let calls = world.journal.all();
    json!(
        calls
            .into_iter()
            .filter(|call| glob(path, &call.path))
            .collect::<Vec<_>>()
    )
}

fn records(world: &World, ask: &Ask) -> Value {
    let clevertap = &world.clevertap;
    match ask.param("kind") {
        Some("profiles") => json!(clevertap.profiles()),
        Some("events") => json!(clevertap.events()),
        Some("profile_records") => json!(clevertap.profile_records()),
        _ => json!(clevertap.counts()),
    }
}

#[derive(Deserialize)]
struct Faulty {
    #[serde(default)]
    matcher: Matcher,
    #[serde(flatten)]
    fault: Fault,
}

#[derive(Deserialize)]
struct Held {
    #[serde(default)]
    matcher: Matcher,
    #[serde(default)]
    answer: bool,
}

fn hold(world: &World, ask: &Ask) -> Outcome {
    let Held { matcher, answer } = given(ask)?;
    let gate = world.script.hold(matcher, answer);
    let mut gates = world.gates.gates.lock().unwrap_or_else(PoisonError::into_inner);
    let number = gates.len() as u64 + 1;
    gates.insert(number, gate);
    Ok(json!({"gate": number}))
}

fn gate(world: &World, ask: &Ask, number: &str, action: &[&str]) -> Outcome {
    let gates = world.gates.gates.lock().unwrap_or_else(PoisonError::into_inner);
    let gate = number.parse().ok().and_then(|number: u64| gates.get(&number));
    let gate = gate.ok_or_else(|| Refused(404, format!("no gate {number}")))?;
    match (ask.method.as_str(), action) {
        ("GET", []) => {}
        ("POST", ["open"]) => gate.open(),
        ("POST", ["let-go"]) => gate.let_go(
            ask.json()["count"]
                .as_u64()
                .and_then(|count| usize::try_from(count).ok())
                .unwrap_or(1),
        ),
        _ => return Err(Refused(404, "no such control".into())),
    }
    Ok(json!({"arrived": gate.count()}))
}

fn clock(world: &World, ask: &Ask) -> Value {
    let body = ask.json();
    if let Some(ms) = body["skew_ms"].as_i64() {
        world.clock.skew(SignedDuration::from_millis(ms));
    }
    if let Some(ms) = body["advance_ms"].as_u64() {
        world.clock.advance(Duration::from_millis(ms));
    }
    json!({"now": world.clock.now().to_string()})
}

#[derive(Deserialize)]
struct Granted {
    member: String,
    resource: Resource,
    privilege: String,
    #[serde(default)]
    delay_ms: u64,
}

#[derive(Deserialize)]
struct Loaded {
    dataset: String,
    table: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
}

#[derive(Deserialize)]
struct Canned {
    dataset: String,
    table: String,
    columns: Vec<Column>,
    count: u64,
    /// How many times these rows come, one round after the other.
    #[serde(default = "once")]
    rounds: u64,
}

fn once() -> u64 {
    1
}

async fn google(world: &World, ask: &Ask, verb: &str) -> Outcome {
    let google = &world.google;
    let body = ask.json();
    let text = |name: &str| {
        body[name]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| Refused(400, format!("{name} is missing")))
    };
    let project = || body["project"].as_str().unwrap_or(google.project()).to_owned();
    match verb {
        "key" => {
            let account = text("account")?;
            let working = body["working"] == json!(true);
            let key = if working {
                google.issue_working_key(&account)
            } else {
                google.issue_key(&project(), &account)
            };
            return Ok(json!({"client_email": key.client_email, "key_id": key.key_id, "json": key.json()}));
        }
        "key-state" => google.set_key_state(&text("key_id")?, state::<KeyState>(&body)?),
        "account-state" => google.set_account_state(&text("email")?, state::<AccountState>(&body)?),
        "expire-tokens" => google.expire_tokens(),
        "grant" | "revoke" => granted(world, ask, verb)?,
        "type" => google
            .type_command(&text("command")?)
            .map_err(|error| Refused(400, error.to_string()))?,
        "settle-grants" => google.settle_grants(),
        "project" => google.add_project(&project(), state::<ProjectState>(&body)?),
        "resource-manager" => google.set_resource_manager(&project(), body["enabled"] == json!(true)),
        "dataset" => {
            google
                .add_dataset(&project(), &text("dataset")?, &text("location")?)
                .await?;
        }
        "table" => {
            let Loaded {
                dataset,
                table,
                columns,
                rows,
            } = given(ask)?;
            google.load_table(&dataset, &table, &columns, &rows).await?;
        }
        "canned" => {
            let Canned {
                dataset,
                table,
                columns,
                count,
                rounds,
            } = given(ask)?;
            google.serve_rounds(&dataset, &table, &columns, made_up_rows(&columns, count), rounds);
        }
        "cdnow" => google.load_cdnow().await?,
        "sql" => return Ok(json!({"rows": google.run_sql(&text("query")?).await?})),
        "cut-pages" => {
            let bytes = body["bytes"].as_u64().and_then(|bytes| usize::try_from(bytes).ok());
            google.cut_pages(bytes.ok_or_else(|| Refused(400, "bytes is missing".into()))?);
        }
        "hold-jobs" => google.hold_jobs(body["hold"] == json!(true)),
        "fail-job" => {
            let status = body["status"]
                .as_u64()
                .and_then(|status| u16::try_from(status).ok())
                .unwrap_or(500);
            google.fail_next_job(status, &text("reason")?, &text("message")?);
        }
        "expire-results" => google.expire_results(),
        _ => return Err(Refused(404, "no such control".into())),
    }
    Ok(json!({}))
}

fn granted(world: &World, ask: &Ask, verb: &str) -> Result<(), Refused> {
    let Granted {
        member,
        resource,
        privilege,
        delay_ms,
    } = given(ask)?;
    let named = Privilege::from(privilege.as_str());
    if !named.is_known() {
        return Err(Refused(400, format!("no role or permission {privilege}")));
    }
    match verb {
        "revoke" => world.google.revoke(&member, &resource, named),
        _ if delay_ms > 0 => world
            .google
            .grant_slowly(&member, &resource, named, Duration::from_millis(delay_ms)),
        _ => world.google.grant(&member, &resource, named),
    }
    Ok(())
}

impl From<LoadError> for Refused {
    fn from(error: LoadError) -> Self {
        Self(400, error.to_string())
    }
}

fn state<T: DeserializeOwned>(body: &Value) -> Result<T, Refused> {
    serde_json::from_value(body["state"].clone()).map_err(|error| Refused(400, error.to_string()))
}

fn clevertap(world: &World, ask: &Ask, verb: &str) -> Outcome {
    let clevertap = &world.clevertap;
    let body = ask.json();
    let text = |name: &str| {
        body[name]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| Refused(400, format!("{name} is missing")))
    };
    match verb {
        "account" => {
            let region = text("region")?;
            let made = match (text("account_id"), text("passcode")) {
                (Ok(id), Ok(passcode)) => clevertap.add_account(&id, &region, &passcode),
                _ => clevertap.open_account(&region),
            };
            return Ok(json!(made));
        }
        "rules" => {
            let rules = serde_json::from_value::<Rules>(body["rules"].clone());
            clevertap.set_rules(
                &text("account_id")?,
                &rules.map_err(|error| Refused(400, error.to_string()))?,
            );
        }
        "sink" => {
            let how = serde_json::from_value(body["sink"].clone());
            clevertap.sink(how.map_err(|error| Refused(400, error.to_string()))?);
        }
        "hold-slots" => {
            let places = body["places"]
                .as_u64()
                .and_then(|places| usize::try_from(places).ok())
                .unwrap_or(0);
            clevertap.hold_slots(&text("account_id")?, places);
        }
        _ => return Err(Refused(404, "no such control".into())),
    }
    Ok(json!({}))
}
