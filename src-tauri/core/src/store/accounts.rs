//! Saved CleverTap accounts. The passcode is in the vault, under the name in `vault_entry`.

use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::error::{Doing as _, Result, StoreError};
use super::text::{self, Cells, Kept as _, folded, kept_words, named, number};
use super::{Imports, ImportsMut};
use crate::account::{MOST_IN_FLIGHT, Region};
use crate::ground::ids::AccountId;

/// An account, as it stands in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountRow {
    pub id: AccountId,
    /// Unique without regard to case.
    pub name: String,
    /// CleverTap's Account ID, such as `W9R-486-4W5Z`.
    pub account_id: String,
    pub region: Region,
    /// Where the vault keeps the passcode.
    pub vault_entry: String,
    /// Calls that it may have in flight, all runs together: from 1 to [`MOST_IN_FLIGHT`].
    pub calls_at_once: u64,
    pub added_at: Timestamp,
    pub added_by: String,
}

kept_words!(Region {
    India = "in1",
    Singapore = "sg1",
    UnitedStates = "us1",
    Indonesia = "aps3",
    Uae = "mec1",
    Europe = "eu1",
});

pub struct Accounts<'a>(pub(super) &'a Connection);
pub struct AccountsMut<'a>(pub(super) &'a Connection);

impl Accounts<'_> {
    /// All, by name.
    pub fn list(&self) -> Result<Vec<AccountRow>> {
        let sql = "SELECT * FROM accounts ORDER BY name_folded";
        text::rows(self.0, "accounts", sql, [], take)
    }

    pub fn get(&self, id: AccountId) -> Result<AccountRow> {
        let sql = "SELECT * FROM accounts WHERE id = ?1";
        text::row(self.0, "accounts", sql, [id.kept()], take)?.ok_or(StoreError::NotThere { what: "account" })
    }

    pub fn named(&self, name: &str) -> Result<Option<AccountRow>> {
        let sql = "SELECT * FROM accounts WHERE name_folded = ?1";
        text::row(self.0, "accounts", sql, [folded(name)], take)
    }
}

impl AccountsMut<'_> {
    pub fn add(&self, row: &AccountRow) -> Result<()> {
        let sql = "INSERT INTO accounts (id, name, name_folded, account_id, region, vault_entry, calls_at_once, added_at, added_by)
            VALUES (:id, :name, :name_folded, :account_id, :region, :vault_entry, :calls_at_once, :added_at, :added_by)";
        self.put(sql, row)?;
        Ok(())
    }

    /// Replaces all of an account. A new name reaches the plans of its imports.
    pub fn change(&self, row: &AccountRow) -> Result<()> {
        let before = Accounts(self.0).get(row.id)?;
        let sql = "UPDATE accounts SET name = :name, name_folded = :name_folded, account_id = :account_id,
                region = :region, vault_entry = :vault_entry, calls_at_once = :calls_at_once, added_at = :added_at, added_by = :added_by
            WHERE id = :id";
        self.put(sql, row)?;
        if before.name != row.name {
            ImportsMut(self.0).account_renamed(row.id, &row.name)?;
        }
        Ok(())
    }

    /// Deletes an account. Refused while an import sends to it, unless that import is a Draft or Stopped.
    ///
    /// Gives the name of its keychain entry, which is to be deleted next.
    pub fn delete(&self, id: AccountId) -> Result<String> {
        let row = Accounts(self.0).get(id)?;
        let count = Imports(self.0).in_the_way_of_account(id)?.len();
        if count > 0 {
            return Err(StoreError::ImportsInTheWay { count });
        }
        self.0
            .execute("DELETE FROM accounts WHERE id = ?1", [id.kept()])
            .doing("deleting an account")?;
        Ok(row.vault_entry)
    }

    fn put(&self, sql: &str, row: &AccountRow) -> Result<usize> {
        let done = self.0.execute(
            sql,
            named_params! {
                ":id": row.id.kept(),
                ":name": row.name,
                ":name_folded": folded(&row.name),
                ":account_id": row.account_id,
                ":region": row.region.kept(),
                ":vault_entry": row.vault_entry,
                ":calls_at_once": number(row.calls_at_once),
                ":added_at": row.added_at.as_millisecond(),
                ":added_by": row.added_by,
            },
        );
        named(done, "keeping an account", "name", &row.name)
    }
}

fn take(cells: &Cells<'_>) -> Result<AccountRow> {
    let calls_at_once = cells.count("calls_at_once")?;
    if !(1..=MOST_IN_FLIGHT as u64).contains(&calls_at_once) {
        return Err(StoreError::Damaged {
            table: "accounts",
            column: "calls_at_once",
            found: calls_at_once.to_string(),
        });
    }
    Ok(AccountRow {
        id: cells.kept("id")?,
        name: cells.plain("name")?,
        account_id: cells.plain("account_id")?,
        region: cells.kept("region")?,
        vault_entry: cells.plain("vault_entry")?,
        calls_at_once,
        added_at: cells.time("added_at")?,
        added_by: cells.plain("added_by")?,
    })
}
