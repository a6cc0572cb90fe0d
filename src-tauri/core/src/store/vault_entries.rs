//! The names of keychain entries that may exist. A name is noted before the entry is written and struck out after it is
//! seen to be gone, so that orphans are known without listing the keychain.

use jiff::Timestamp;
use rusqlite::Connection;

use super::error::{Doing as _, Result};
use super::holder::Holder;
use super::text;

pub struct VaultEntries<'a>(pub(super) &'a Connection);
pub struct VaultEntriesMut<'a>(pub(super) &'a Connection, pub(super) &'a Holder);

impl VaultEntries<'_> {
    /// Every name that was noted and not struck out.
    pub fn names(&self) -> Result<Vec<String>> {
        let sql = "SELECT name FROM vault_entries ORDER BY name";
        text::rows(self.0, "vault_entries", sql, [], |cells| cells.plain("name"))
    }
}

impl VaultEntriesMut<'_> {
    /// Notes a name before its entry is written.
    pub fn note(&self, name: &str) -> Result<()> {
        self.0
            .execute(
                "INSERT INTO vault_entries (name, noted_at, holder) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET noted_at = excluded.noted_at, holder = excluded.holder",
                (name, Timestamp::now().as_millisecond(), self.1.name()),
            )
            .doing("noting a keychain entry")?;
        Ok(())
    }

    /// Strikes a name out, once its entry is seen to be gone.
    pub fn strike_out(&self, name: &str) -> Result<()> {
        self.0
            .execute("DELETE FROM vault_entries WHERE name = ?1", [name])
            .doing("striking out a keychain entry")?;
        Ok(())
    }

    /// Entries that nothing refers to and that no living process is about to use.
    pub fn orphans(&self) -> Result<Vec<String>> {
        let sql = "SELECT name, holder FROM vault_entries
                   WHERE name NOT IN (SELECT vault_entry FROM connections)
                     AND name NOT IN (SELECT vault_entry FROM accounts)";
        let loose: Vec<(String, String)> = text::rows(self.0, "vault_entries", sql, [], |cells| {
            Ok((cells.plain("name")?, cells.plain("holder")?))
        })?;
        let gone = self.1.gone(loose.iter().map(|(_, holder)| holder.as_str()))?;
        Ok(loose
            .into_iter()
            .filter_map(|(name, holder)| gone.contains(&holder).then_some(name))
            .collect())
    }
}
