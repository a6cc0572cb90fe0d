//! What the tests share: a sandbox, and ways to reach it.

use tapline_core::bigquery::{Client, DatasetId, DatasetRef, ProjectId, TableId, TableRef};
use tapline_core::google::{Tokens, key};
use tapline_core::ground::clock::Clock;
use tapline_core::ground::net::{Endpoint, Net, NetSettings, ProxySetting, SandboxBase, install_tls};
use tapline_sandbox::{Column, IssuedKey, Options, Sandbox};

pub async fn sandbox() -> Sandbox {
    install_tls();
    Sandbox::start(Options::default()).await.expect("the sandbox starts")
}

pub fn settings(sandbox: &Sandbox) -> NetSettings {
    NetSettings {
        proxy: ProxySetting::System,
        extra_ca_pem: Some(sandbox.authority_pem().as_bytes().to_vec()),
        endpoint: endpoint(sandbox.endpoint()),
        ..NetSettings::default()
    }
}

pub fn endpoint(address: &str) -> Endpoint {
    Endpoint::Sandbox(SandboxBase::read(address).expect("loopback"))
}

pub fn net(sandbox: &Sandbox) -> Net {
    Net::open(&settings(sandbox)).expect("settings that fit")
}

pub fn tokens(sandbox: &Sandbox, key: &IssuedKey) -> Tokens {
    tokens_at(sandbox, key, Clock::system())
}

pub fn tokens_at(sandbox: &Sandbox, key: &IssuedKey, clock: Clock) -> Tokens {
    let key = key::read(key.json().as_bytes()).expect("a key of the sandbox's");
    Tokens::new(net(sandbox), clock, key.into_service_account())
}

pub fn bigquery(sandbox: &Sandbox, key: &IssuedKey) -> Client {
    Client::new(net(sandbox), tokens(sandbox, key))
}

pub fn project() -> ProjectId {
    ProjectId::read("acme-dw").expect("an id")
}

pub fn dataset(name: &str) -> DatasetRef {
    DatasetRef {
        project: project(),
        dataset: DatasetId::read(name).expect("an id"),
    }
}

pub fn table(name: &str) -> TableRef {
    dataset("shop").table(TableId::read(name).expect("an id"))
}

/// `count` customers, numbered from 0, in a table of the dataset `shop`.
pub fn serve_customers(sandbox: &Sandbox, table: &str, count: u64) {
    let columns = [Column::new("id", "INT64"), Column::new("name", "STRING")];
    let rows = (0..count).map(|number| {
        vec![
            Some(number.to_string()),
            (number % 3 != 0).then(|| format!("No {number}")),
        ]
    });
    sandbox.google().serve_canned("shop", table, &columns, rows);
}
