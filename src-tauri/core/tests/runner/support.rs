//! What the tests share: a sandbox, a store with everything saved, and ways to run an import.

use jiff::Timestamp;
use serde_json::{Value, json};
use tapline_core::account::Region;
use tapline_core::google::key;
use tapline_core::ground::clock::Clock;
use tapline_core::ground::ids::{AccountId, ConnectionId, ImportId};
use tapline_core::ground::net::{Endpoint, Net, NetSettings, SandboxBase, install_tls};
use tapline_core::ground::secret::Secret;
use tapline_core::import::state::ImportStatus;
use tapline_core::run::{Counts, Run};
use tapline_core::runner::{Going, Runner};
use tapline_core::store::{
    AccountRow, Belongs, CheckRow, ConnectionRow, ImportRow, RecordFilter, RecordRow, Store, Subject,
};
use tapline_core::vault::{Attendance, Vault};
use tapline_sandbox::{AccountKey, Column, Fault, Options, Sandbox};

pub const PERSON: &str = "Ada";

/// Everything that a run needs, and nothing of a real keychain: the secrets are given for this process alone.
pub struct Scene {
    pub sandbox: Sandbox,
    pub account: AccountKey,
    pub runner: Runner,
    pub store: Store,
    pub connection: ConnectionRow,
    account_row: AccountRow,
    pub folder: tempfile::TempDir,
    pub access: Access,
}

/// What a process needs to carry out the runs of a scene.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Access {
    endpoint: String,
    authority_pem: String,
    key: String,
    passcode: String,
}

impl Access {
    pub fn runner(&self, store: Store) -> Runner {
        install_tls();
        let net = Net::open(&NetSettings {
            extra_ca_pem: Some(self.authority_pem.as_bytes().to_vec()),
            endpoint: Endpoint::Sandbox(SandboxBase::read(&self.endpoint).expect("loopback")),
            ..NetSettings::default()
        })
        .expect("settings that fit");
        let vault = Vault::new(store.vault_namespace().to_owned());
        let key = key::read(self.key.as_bytes()).expect("a key of the sandbox's");
        vault.give("key", Secret::new(key.private_key().lend(Clone::clone)));
        vault.give("passcode", Secret::new(self.passcode.clone().into_bytes()));
        Runner::new(store, vault, net, Clock::system())
    }
}

impl Scene {
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        Self::within(tempfile::tempdir().unwrap(), options).await
    }

    /// With its store in this folder.
    pub async fn within(folder: tempfile::TempDir, options: Options) -> Self {
        install_tls();
        let sandbox = Sandbox::start(options).await.expect("the sandbox starts");
        let account = sandbox.clevertap().open_account("in1");
        let store = Store::open(folder.path(), Belongs::Sandbox).unwrap();
        let issued = sandbox.google().issue_working_key("tapline-reader");
        let access = Access {
            endpoint: sandbox.endpoint().to_owned(),
            authority_pem: sandbox.authority_pem().to_owned(),
            key: issued.json().to_owned(),
            passcode: account.passcode.clone(),
        };
        let read = key::read(issued.json().as_bytes()).expect("a key of the sandbox's");
        let connection = ConnectionRow {
            id: ConnectionId::new(),
            name: "Warehouse".to_owned(),
            project_id: "acme-dw".to_owned(),
            dataset_id: "shop".to_owned(),
            billing_project: None,
            bytes_cap: None,
            location_override: None,
            location: Some("EU".to_owned()),
            client_email: issued.client_email.clone(),
            client_id: None,
            key_id: read.into_service_account().key_id().to_owned(),
            key_bits: 2048,
            token_uri: "https://oauth2.googleapis.com/token".to_owned(),
            vault_entry: "key".to_owned(),
            key_added_at: Timestamp::UNIX_EPOCH,
            connected_at: Timestamp::UNIX_EPOCH,
            connected_by: PERSON.to_owned(),
        };
        let account_row = AccountRow {
            id: AccountId::new(),
            name: "Shop".to_owned(),
            account_id: account.account_id.clone(),
            region: Region::India,
            vault_entry: "passcode".to_owned(),
            calls_at_once: 15,
            added_at: Timestamp::UNIX_EPOCH,
            added_by: PERSON.to_owned(),
        };
        store
            .write(|w| {
                w.connections_mut().add(&connection)?;
                w.accounts_mut().add(&account_row)?;
                w.checks_mut().put(
                    Subject::Connection(connection.id),
                    &CheckRow {
                        at: Timestamp::UNIX_EPOCH,
                        took_ms: 1,
                        passed: true,
                        problem: None,
                    },
                )
            })
            .unwrap();
        let runner = access.runner(store.clone());
        Self {
            sandbox,
            account,
            runner,
            store,
            connection,
            account_row,
            folder,
            access,
        }
    }

    /// A store of its own on the same folder, as another process has one.
    pub fn another_process(&self) -> Store {
        Store::open(self.folder.path(), Belongs::Sandbox).unwrap()
    }

    /// At most so many calls to CleverTap in flight.
    pub fn calls_at_once(&self, calls: u64) {
        let mut account = self.store.read(|r| r.accounts().list()).unwrap().remove(0);
        account.calls_at_once = calls;
        self.store.write(|w| w.accounts_mut().change(&account)).unwrap();
    }

    /// A table of people with ids `u1`, `u2` … and the e-mail that `email` gives.
    pub fn people(&self, count: u64, email: impl Fn(u64) -> String) {
        let columns = [Column::new("id", "STRING"), Column::new("email", "STRING")];
        let rows = (1..=count).map(|n| vec![Some(format!("u{n}")), Some(email(n))]);
        self.sandbox.google().serve_canned("shop", "people", &columns, rows);
    }

    /// Good addresses for everybody.
    pub fn good_people(&self, count: u64) {
        self.people(count, |n| format!("u{n}@example.com"));
    }

    pub fn import(&self, nickname: &str, records: &Value, changes: &Value) -> ImportId {
        let mut plan = json!({
            "version": 1,
            "nickname": nickname,
            "database": "Warehouse",
            "account": "Shop",
            "source": {"table": "people"},
            "records": records,
            "identity": {"column": "id"},
            "properties": [{"column": "email", "name": "Email", "type": "string"}],
        });
        for (name, value) in changes.as_object().into_iter().flatten() {
            plan[name] = value.clone();
        }
        let row = ImportRow {
            id: ImportId::new(),
            status: ImportStatus::Ready,
            connection: Some(self.connection.id),
            account: Some(self.account_row.id),
            plan: serde_json::from_value(plan).expect("a plan in its published shape"),
            created_at: Timestamp::UNIX_EPOCH,
            created_by: PERSON.to_owned(),
            updated_at: Timestamp::UNIX_EPOCH,
            updated_by: PERSON.to_owned(),
        };
        self.store.write(|w| w.imports_mut().add(&row)).unwrap();
        row.id
    }

    pub fn profiles(&self) -> ImportId {
        self.import("People", &json!("profiles"), &json!({}))
    }

    pub fn events(&self) -> ImportId {
        let events = json!({"events": {"name": {"specific": "Visited"}}});
        self.import("Visits", &events, &json!({}))
    }

    pub async fn start(&self, import: ImportId) -> Going {
        self.runner
            .start(import, PERSON, Attendance::Unattended)
            .await
            .expect("nothing stands in the way")
    }

    pub async fn run(&self, import: ImportId) -> Run {
        self.start(import).await.ended().await
    }

    pub fn records(&self, run: &Run) -> Vec<RecordRow> {
        self.store
            .read(|r| {
                let number = r.runs().get(run.id)?.number;
                r.records().page(number, &RecordFilter::default(), 100_000)
            })
            .unwrap()
            .records
    }
}

/// What CleverTap says to a passcode that is not the account's: the run ends, and keeps its place.
pub fn passcode_refused() -> Fault {
    Fault::answer(401, &json!({"status": "fail"}))
}

/// Every row that was read has one fate.
pub fn assert_whole(counts: &Counts) {
    assert_eq!(
        counts.attempted(),
        counts.read,
        "each row read is delivered, rejected, unprocessed or in doubt: {counts:?}"
    );
}
