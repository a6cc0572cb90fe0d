//! Saved BigQuery connections. The private key is in the vault, under the name in `vault_entry`.

use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::error::{Doing as _, Result, StoreError};
use super::text::{self, Cells, Kept as _, folded, named, number};
use super::{Imports, ImportsMut};
use crate::ground::ids::ConnectionId;

/// A connection, as it stands in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionRow {
    pub id: ConnectionId,
    /// Unique without regard to case.
    pub name: String,
    pub project_id: String,
    pub dataset_id: String,
    pub billing_project: Option<String>,
    /// The most that one query may bill.
    pub bytes_cap: Option<u64>,
    pub location_override: Option<String>,
    /// As the last test found it.
    pub location: Option<String>,
    pub client_email: String,
    pub client_id: Option<String>,
    pub key_id: String,
    pub key_bits: u32,
    pub token_uri: String,
    /// Where the vault keeps the private key.
    pub vault_entry: String,
    pub key_added_at: Timestamp,
    pub connected_at: Timestamp,
    pub connected_by: String,
}

pub struct Connections<'a>(pub(super) &'a Connection);
pub struct ConnectionsMut<'a>(pub(super) &'a Connection);

impl Connections<'_> {
    /// All, by name.
    pub fn list(&self) -> Result<Vec<ConnectionRow>> {
        let sql = "SELECT * FROM connections ORDER BY name_folded";
        text::rows(self.0, "connections", sql, [], take)
    }

    pub fn get(&self, id: ConnectionId) -> Result<ConnectionRow> {
        let sql = "SELECT * FROM connections WHERE id = ?1";
        text::row(self.0, "connections", sql, [id.kept()], take)?.ok_or(StoreError::NotThere { what: "connection" })
    }

    pub fn named(&self, name: &str) -> Result<Option<ConnectionRow>> {
        let sql = "SELECT * FROM connections WHERE name_folded = ?1";
        text::row(self.0, "connections", sql, [folded(name)], take)
    }
}

impl ConnectionsMut<'_> {
    pub fn add(&self, row: &ConnectionRow) -> Result<()> {
        let sql = "INSERT INTO connections
                (id, name, name_folded, project_id, dataset_id, billing_project, bytes_cap, location_override, location,
                 client_email, client_id, key_id, key_bits, token_uri, vault_entry, key_added_at, connected_at, connected_by)
            VALUES (:id, :name, :name_folded, :project_id, :dataset_id, :billing_project, :bytes_cap, :location_override,
                 :location, :client_email, :client_id, :key_id, :key_bits, :token_uri, :vault_entry, :key_added_at,
                 :connected_at, :connected_by)";
        self.put(sql, row)?;
        Ok(())
    }

    /// Replaces all of a connection. A new name reaches the plans of its imports.
    pub fn change(&self, row: &ConnectionRow) -> Result<()> {
        let before = Connections(self.0).get(row.id)?;
        let sql = "UPDATE connections SET
                name = :name, name_folded = :name_folded, project_id = :project_id, dataset_id = :dataset_id,
                billing_project = :billing_project, bytes_cap = :bytes_cap, location_override = :location_override,
                location = :location, client_email = :client_email, client_id = :client_id, key_id = :key_id,
                key_bits = :key_bits, token_uri = :token_uri, vault_entry = :vault_entry, key_added_at = :key_added_at,
                connected_at = :connected_at, connected_by = :connected_by
            WHERE id = :id";
        self.put(sql, row)?;
        if before.name != row.name {
            ImportsMut(self.0).database_renamed(row.id, &row.name)?;
        }
        Ok(())
    }

    /// Keeps where a test found the dataset.
    pub fn found_at(&self, id: ConnectionId, location: &str) -> Result<()> {
        self.0
            .execute(
                "UPDATE connections SET location = ?2 WHERE id = ?1",
                (id.kept(), location),
            )
            .doing("keeping the dataset's location")?;
        Ok(())
    }

    /// Deletes a connection, its imports and its last check. History stays. Refused while an import stands in the way.
    ///
    /// Gives the name of its keychain entry, which is to be deleted next.
    pub fn delete(&self, id: ConnectionId) -> Result<String> {
        let row = Connections(self.0).get(id)?;
        let count = Imports(self.0).in_the_way_of_connection(id)?.len();
        if count > 0 {
            return Err(StoreError::ImportsInTheWay { count });
        }
        self.0
            .execute("DELETE FROM imports WHERE connection_id = ?1", [id.kept()])
            .doing("deleting a connection's imports")?;
        self.0
            .execute("DELETE FROM connections WHERE id = ?1", [id.kept()])
            .doing("deleting a connection")?;
        Ok(row.vault_entry)
    }

    fn put(&self, sql: &str, row: &ConnectionRow) -> Result<usize> {
        let done = self.0.execute(
            sql,
            named_params! {
                ":id": row.id.kept(),
                ":name": row.name,
                ":name_folded": folded(&row.name),
                ":project_id": row.project_id,
                ":dataset_id": row.dataset_id,
                ":billing_project": row.billing_project,
                ":bytes_cap": row.bytes_cap.map(number),
                ":location_override": row.location_override,
                ":location": row.location,
                ":client_email": row.client_email,
                ":client_id": row.client_id,
                ":key_id": row.key_id,
                ":key_bits": row.key_bits,
                ":token_uri": row.token_uri,
                ":vault_entry": row.vault_entry,
                ":key_added_at": row.key_added_at.as_millisecond(),
                ":connected_at": row.connected_at.as_millisecond(),
                ":connected_by": row.connected_by,
            },
        );
        named(done, "keeping a connection", "name", &row.name)
    }
}

fn take(cells: &Cells<'_>) -> Result<ConnectionRow> {
    Ok(ConnectionRow {
        id: cells.kept("id")?,
        name: cells.plain("name")?,
        project_id: cells.plain("project_id")?,
        dataset_id: cells.plain("dataset_id")?,
        billing_project: cells.plain("billing_project")?,
        bytes_cap: cells.count_some("bytes_cap")?,
        location_override: cells.plain("location_override")?,
        location: cells.plain("location")?,
        client_email: cells.plain("client_email")?,
        client_id: cells.plain("client_id")?,
        key_id: cells.plain("key_id")?,
        key_bits: cells.plain("key_bits")?,
        token_uri: cells.plain("token_uri")?,
        vault_entry: cells.plain("vault_entry")?,
        key_added_at: cells.time("key_added_at")?,
        connected_at: cells.time("connected_at")?,
        connected_by: cells.plain("connected_by")?,
    })
}
