//! What must hold before a run starts, and the secrets that it needs: each is read once.

use super::Runner;
use crate::account::is_account_id;
use crate::bigquery::{Client, DatasetId, DatasetRef, Location, ProjectId};
use crate::clevertap::upload::MOST_IN_FLIGHT;
use crate::clevertap::{Credentials, Uploader};
use crate::google::Tokens;
use crate::google::key::ServiceAccount;
use crate::ground::ids::ImportId;
use crate::ground::problem::{Code, Fact, Problem};
use crate::ground::secret::Secret;
use crate::import::state::Action;
use crate::store::{AccountRow, ConnectionRow, ImportRow, StoreError, Subject};
use crate::vault::Attendance;

/// Both ends of a run, ready to be asked. Cheap to clone.
#[derive(Clone)]
pub(super) struct Opened {
    pub bigquery: Client,
    pub dataset: DatasetRef,
    pub billing: ProjectId,
    pub location: Option<Location>,
    pub bytes_cap: Option<u64>,
    pub uploader: Uploader,
    /// Calls that the account may have in flight.
    pub calls_at_once: usize,
}

impl Runner {
    /// Opens both ends of an import, or says what stands in the way.
    pub(super) async fn open(&self, import: ImportId, attendance: Attendance) -> Result<Opened, Problem> {
        let (import, connection, account) = self
            .store
            .reading(move |r| {
                let import = r.imports().get(import)?;
                let connection = import.connection.ok_or(StoreError::NotThere { what: "connection" })?;
                let account = import.account.ok_or(StoreError::NotThere { what: "account" })?;
                let passed = r
                    .checks()
                    .last(Subject::Connection(connection))?
                    .is_some_and(|check| check.passed);
                let connection = r.connections().get(connection)?;
                Ok((import, (connection, passed), r.accounts().get(account)?))
            })
            .await?;
        let (connection, passed) = connection;
        may_run(&import, &connection, passed)?;
        let bigquery = self.bigquery(&connection, attendance).await?;
        let uploader = self.uploader(&account, attendance).await?;
        let project = ProjectId::read(&connection.project_id)?;
        let billing = match &connection.billing_project {
            Some(billing) => ProjectId::read(billing)?,
            None => project.clone(),
        };
        let location = connection.location_override.as_ref().or(connection.location.as_ref());
        Ok(Opened {
            bigquery,
            dataset: DatasetRef {
                project,
                dataset: DatasetId::read(&connection.dataset_id)?,
            },
            billing,
            location: location.map(|name| Location::read(name)).transpose()?,
            bytes_cap: connection.bytes_cap,
            uploader,
            calls_at_once: usize::try_from(account.calls_at_once).unwrap_or(MOST_IN_FLIGHT),
        })
    }

    /// BigQuery in the name of a saved connection.
    pub async fn bigquery(&self, connection: &ConnectionRow, attendance: Attendance) -> Result<Client, Problem> {
        let account = self.service_account(connection, attendance).await?;
        Ok(Client::new(
            self.net.clone(),
            Tokens::new(self.net.clone(), self.clock.clone(), account),
        ))
    }

    /// CleverTap in the name of a saved account.
    pub async fn uploader(&self, account: &AccountRow, attendance: Attendance) -> Result<Uploader, Problem> {
        if !is_account_id(&account.account_id) {
            return Err(Problem::new(Code::AccountIdUnfit).with(Fact::Found, &account.account_id));
        }
        let credentials = Credentials {
            account_id: account.account_id.clone(),
            region: account.region,
            passcode: self.passcode(account, attendance).await?,
        };
        Ok(Uploader::new(self.net.clone(), credentials))
    }

    /// The signing half of a saved connection, from the keychain.
    pub async fn service_account(
        &self,
        connection: &ConnectionRow,
        attendance: Attendance,
    ) -> Result<ServiceAccount, Problem> {
        let key = self
            .vault
            .lend(&connection.vault_entry, attendance, |der| Secret::new(der.to_vec()))
            .await
            .map_err(|error| error.problem().with(Fact::Name, &connection.name))?;
        Ok(ServiceAccount::new(
            connection.client_email.clone(),
            connection.key_id.clone(),
            key,
        ))
    }

    /// The passcode of a saved account, from the keychain. What is no text there was not put there by Tapline.
    pub async fn passcode(&self, account: &AccountRow, attendance: Attendance) -> Result<Secret<String>, Problem> {
        self.vault
            .lend(&account.vault_entry, attendance, |bytes| {
                std::str::from_utf8(bytes).map(|text| Secret::new(text.to_owned()))
            })
            .await
            .map_err(Problem::from)
            .and_then(|read| read.map_err(|_| Problem::new(Code::KeychainForgetful)))
            .map_err(|problem| problem.with(Fact::Name, &account.name))
    }
}

fn may_run(import: &ImportRow, connection: &ConnectionRow, passed: bool) -> Result<(), Problem> {
    if import.status == crate::import::state::ImportStatus::Running {
        return Err(Problem::new(Code::ImportRunning).with(Fact::Name, &import.plan.nickname));
    }
    if !import.status.allows(Action::Run) {
        return Err(Problem::new(Code::ImportNotFromHere)
            .with(Fact::Status, import.status.words())
            .with(Fact::Expected, "run"));
    }
    if !passed {
        return Err(Problem::new(Code::ConnectionNotTested).with(Fact::Name, &connection.name));
    }
    Ok(())
}
