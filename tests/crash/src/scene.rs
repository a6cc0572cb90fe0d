//! A sandbox, a store on it with one import, and the secrets in files: no keychain is needed.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;
use tapline_core::account::Region;
use tapline_core::google::key;
use tapline_core::ground::ids::{AccountId, ConnectionId, ImportId};
use tapline_core::import::state::ImportStatus;
use tapline_core::store::{AccountRow, Belongs, CheckRow, ConnectionRow, ImportRow, Store, Subject};
use tapline_sandbox::{Column, Options, Sandbox};

pub struct Scene {
    pub sandbox: Sandbox,
    pub place: tempfile::TempDir,
    /// The id of the account at CleverTap.
    pub account: String,
}

impl Scene {
    pub async fn new(plan: &Value, options: Options) -> Result<Self, String> {
        Self::made(plan, options).await.map_err(|error| chain(&*error))
    }

    async fn made(plan: &Value, options: Options) -> Result<Self, Box<dyn std::error::Error>> {
        let sandbox = Sandbox::start(options).await?;
        let place = tempfile::tempdir()?;
        let account = sandbox.clevertap().open_account("in1");
        let issued = sandbox.google().issue_working_key("reader");
        std::fs::write(place.path().join("ca.pem"), sandbox.authority_pem())?;
        std::fs::write(place.path().join("key.json"), issued.json())?;
        std::fs::write(place.path().join("passcode"), &account.passcode)?;
        let store = Store::open(&place.path().join("store").join("sandbox"), Belongs::Sandbox)?;
        let read = key::read(issued.json().as_bytes()).map_err(|problem| format!("{problem:?}"))?;
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
            connected_by: "Ada".to_owned(),
        };
        let account = AccountRow {
            id: AccountId::new(),
            name: "Shop".to_owned(),
            account_id: account.account_id.clone(),
            region: Region::India,
            vault_entry: "passcode".to_owned(),
            calls_at_once: 15,
            added_at: Timestamp::UNIX_EPOCH,
            added_by: "Ada".to_owned(),
        };
        let import = ImportRow {
            id: ImportId::new(),
            status: ImportStatus::Ready,
            connection: Some(connection.id),
            account: Some(account.id),
            plan: serde_json::from_value(plan.clone())?,
            created_at: Timestamp::UNIX_EPOCH,
            created_by: "Ada".to_owned(),
            updated_at: Timestamp::UNIX_EPOCH,
            updated_by: "Ada".to_owned(),
        };
        let passed = CheckRow {
            at: Timestamp::UNIX_EPOCH,
            took_ms: 1,
            passed: true,
            problem: None,
        };
        store.write(|w| {
            w.connections_mut().add(&connection)?;
            w.accounts_mut().add(&account)?;
            w.checks_mut().put(Subject::Connection(connection.id), &passed)?;
            w.imports_mut().add(&import)
        })?;
        Ok(Self {
            sandbox,
            place,
            account: account.account_id,
        })
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// The store's database, opened past Tapline.
    pub fn database(&self) -> rusqlite::Result<rusqlite::Connection> {
        rusqlite::Connection::open(self.place.path().join("store").join("sandbox").join("tapline.db"))
    }

    /// Puts these people into the table that the import reads.
    pub fn serve(&self, people: impl Iterator<Item = (String, String)>) {
        let columns = [Column::new("id", "STRING"), Column::new("email", "STRING")];
        let rows = people.map(|(id, email)| vec![Some(id), Some(email)]);
        self.sandbox.google().serve_canned("shop", "people", &columns, rows);
    }

    /// Fills the table that the import reads anew, for the SQL engine.
    pub async fn load(&self, columns: &[Column], rows: &[Vec<Value>]) -> Result<(), String> {
        let google = self.sandbox.google();
        let gone = google.run_sql("DROP TABLE IF EXISTS `acme-dw.shop.people`").await;
        gone.map_err(|error| error.to_string())?;
        let loaded = google.load_table("shop", "people", columns, rows).await;
        loaded.map_err(|error| error.to_string())
    }

    /// Lets go of all that Google keeps for a while: results after a day, tables of results after a week.
    pub async fn expire(&self) -> Result<(), String> {
        let google = self.sandbox.google();
        google.expire_results();
        for table in self.result_tables().map_err(|error| error.to_string())? {
            let gone = google.run_sql(&format!("DROP TABLE IF EXISTS `{table}`")).await;
            gone.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn result_tables(&self) -> rusqlite::Result<Vec<String>> {
        let database = self.database()?;
        let sql = "SELECT project || '.' || dataset || '.' || name FROM result_tables";
        let mut statement = database.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    }
}

/// An error with all that led to it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(because) = source {
        words = format!("{words}: {because}");
        source = because.source();
    }
    words
}
