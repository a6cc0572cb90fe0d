//! What a terminal may ask besides the commands: secrets that come with one invocation and are never stored.

use std::path::Path;
use std::sync::Arc;

use tapline_core::ground::ids::{AccountId, ConnectionId, RunId};
use tapline_core::ground::problem::{Code, Fact, Problem as CoreProblem};
use tapline_core::ground::secret::Secret;
use zeroize::Zeroizing;

use crate::App;
use crate::commands::connections::Keep;
use crate::commands::{accounts, connections, id, key, runs};
use crate::wire::account::{Account, AccountDraft, AccountReview, AccountTest};
use crate::wire::connection::{Connection, ConnectionDraft, ConnectionSave};
use crate::wire::hidden::Hidden;
use crate::wire::key::KeyOffer;
use crate::wire::problem::Problem;
use crate::wire::run::Exported;

impl App {
    /// Reads a key's bytes, which then wait behind an offer.
    pub async fn offer_key(self: &Arc<Self>, bytes: Vec<u8>, file_name: Option<String>) -> Result<KeyOffer, Problem> {
        Ok(key::offer(self, Zeroizing::new(bytes), file_name).await?)
    }

    /// Uses a waiting key for a saved connection, instead of the keychain's, as long as this process lives. Refused where
    /// it is another key than the connection was saved with.
    pub async fn lend_key(&self, connection: &str, offer: &str) -> Result<(), Problem> {
        let connection: ConnectionId = id(connection)?;
        let row = self.look(move |store| store.connections().get(connection)).await?;
        let key = self.offers.get(offer)?;
        if key.key_id != row.key_id || key.client_email != row.client_email {
            return Err(CoreProblem::new(Code::KeyOfAnother)
                .with(Fact::Name, row.name)
                .with(Fact::Expected, row.client_email)
                .with(Fact::Found, &key.client_email)
                .with(Fact::KeyIdTail, key.key_tail())
                .into());
        }
        let secret = key.private_key().lend(|der| Secret::new(der.clone()));
        self.vault.give(&row.vault_entry, secret);
        self.offers.forget(offer);
        Ok(())
    }

    /// Uses a passcode for a saved account, instead of the keychain's, as long as this process lives.
    pub async fn lend_passcode(&self, account: &str, passcode: Hidden) -> Result<(), Problem> {
        let account: AccountId = id(account)?;
        let row = self.look(move |store| store.accounts().get(account)).await?;
        let secret = passcode.lend(|text| Secret::new(text.trim().as_bytes().to_vec()));
        self.vault.give(&row.vault_entry, secret);
        Ok(())
    }

    /// The draft with an empty project filled in: from the dataset's path, else from the key.
    pub fn filled(&self, draft: ConnectionDraft) -> Result<ConnectionDraft, Problem> {
        Ok(connections::filled(self, draft)?)
    }

    /// Saves a connection without putting its key anywhere. Each process is lent it anew.
    pub async fn save_without_key(self: &Arc<Self>, save: ConnectionSave) -> Result<Connection, Problem> {
        Ok(connections::save_keeping(self, save, Keep::Nowhere).await?)
    }

    /// Reads an account as it was typed: what stands against it, and what a pasted dashboard address says. A passcode
    /// cannot be written as a question of JSON, so a terminal asks these by name.
    pub async fn review_account(self: &Arc<Self>, draft: &AccountDraft) -> Result<AccountReview, Problem> {
        Ok(accounts::review(self, draft.clone()).await?)
    }

    /// Tests an account as it was typed, without saving it.
    pub async fn test_account(self: &Arc<Self>, draft: &AccountDraft) -> Result<AccountTest, Problem> {
        Ok(accounts::test_draft(self, draft.clone()).await?)
    }

    /// Saves an account, and its passcode in the keychain.
    pub async fn save_account(self: &Arc<Self>, draft: AccountDraft) -> Result<Account, Problem> {
        Ok(accounts::save_keeping(self, draft, Keep::InKeychain).await?)
    }

    /// Saves an account without putting its passcode anywhere. Each process is lent it anew.
    pub async fn save_without_passcode(self: &Arc<Self>, draft: AccountDraft) -> Result<Account, Problem> {
        Ok(accounts::save_keeping(self, draft, Keep::Nowhere).await?)
    }

    /// Writes what a run did not deliver, or not surely, as CSV to this file.
    pub async fn export_run(self: &Arc<Self>, run: &str, to: &Path) -> Result<Exported, Problem> {
        let run: RunId = id(run)?;
        let row = self.look(move |store| store.runs().get(run)).await?;
        Ok(runs::export_to(self, row, to.to_owned()).await?)
    }
}
