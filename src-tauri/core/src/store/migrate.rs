//! Brings a store to the version that this Tapline knows: forward only, one numbered file at a time, a copy kept before.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::error::{Result, StoreError};
use super::place;

/// In order. A file that has been released never changes; what must differ comes in the next one.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_resume.sql"),
    include_str!("migrations/0003_resends.sql"),
    include_str!("migrations/0004_ways_to_import.sql"),
    include_str!("migrations/0005_life_of_a_run.sql"),
    include_str!("migrations/0006_calls_at_once.sql"),
    include_str!("migrations/0007_cautions.sql"),
    include_str!("migrations/0008_beginnings.sql"),
    include_str!("migrations/0009_warnings.sql"),
];

/// Refuses a newer store, and brings an older one forward in one transaction.
pub(super) fn bring_forward(connection: &mut Connection, file: &Path) -> Result<()> {
    bring_to(connection, file, MIGRATIONS)
}

fn bring_to(connection: &mut Connection, file: &Path, migrations: &[&str]) -> Result<()> {
    let known = count(migrations);
    let found = version(connection, file)?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    if found == known {
        return Ok(());
    }
    if found > 0 {
        keep_a_copy(connection, file, found)?;
    }
    let failed = |source| StoreError::Migrate { to: known, source };
    // Another process may have started at the same moment: it, or we, find the work done.
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(failed)?;
    let found = version(&transaction, file)?;
    for (to, statements) in (1..).zip(migrations).skip(found as usize) {
        let failed = |source| StoreError::Migrate { to, source };
        transaction.execute_batch(statements).map_err(failed)?;
    }
    transaction.pragma_update(None, "user_version", known).map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn count(migrations: &[&str]) -> u32 {
    u32::try_from(migrations.len()).unwrap_or(u32::MAX)
}

fn version(connection: &Connection, file: &Path) -> Result<u32> {
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|source| StoreError::Open {
            path: file.to_owned(),
            source,
        })
}

/// `tapline.db` at version 3 is copied to `tapline.db.version-3`.
fn keep_a_copy(connection: &Connection, file: &Path, version: u32) -> Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".version-{version}"));
    let copy = PathBuf::from(name);
    place::remove_if_there(&copy)?;
    place::private_file(&copy)?;
    let path = copy.to_string_lossy();
    connection
        .execute("VACUUM INTO ?1", [path.as_ref()])
        .map_err(|source| StoreError::Migrate { to: version, source })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{StoreError, bring_to};
    use rusqlite::Connection;

    const FIRST: &str = "CREATE TABLE notes (text TEXT NOT NULL) STRICT;";
    const SECOND: &str = "ALTER TABLE notes ADD COLUMN author TEXT;";

    #[test]
    fn a_store_is_copied_before_it_is_brought_forward() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tapline.db");
        let mut connection = Connection::open(&file).unwrap();
        bring_to(&mut connection, &file, &[FIRST]).unwrap();
        connection.execute("INSERT INTO notes VALUES ('kept')", []).unwrap();

        bring_to(&mut connection, &file, &[FIRST, SECOND]).unwrap();

        let (text, author): (String, Option<String>) = connection
            .query_row("SELECT text, author FROM notes", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(
            (text.as_str(), author),
            ("kept", None),
            "a migration must keep what was there"
        );
        let copy = Connection::open(folder.path().join("tapline.db.version-1")).unwrap();
        let version: i64 = copy.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        let text: String = copy.query_row("SELECT text FROM notes", [], |row| row.get(0)).unwrap();
        assert_eq!(
            (version, text.as_str()),
            (1, "kept"),
            "the copy must be the store as it was"
        );
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tapline.db");
        let mut connection = Connection::open(&file).unwrap();
        bring_to(&mut connection, &file, &[FIRST]).unwrap();

        let failed = bring_to(
            &mut connection,
            &file,
            &[FIRST, "CREATE TABLE more (n INTEGER); NONSENSE;"],
        );

        assert!(
            matches!(failed, Err(StoreError::Migrate { to: 2, .. })),
            "the failing step must be named, got {failed:?}"
        );
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'more'", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(tables, 0, "half a migration must not stay");
    }

    #[test]
    fn a_newer_store_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tapline.db");
        let mut connection = Connection::open(&file).unwrap();
        bring_to(&mut connection, &file, &[FIRST, SECOND]).unwrap();

        let refused = bring_to(&mut connection, &file, &[FIRST]);

        assert!(
            matches!(refused, Err(StoreError::Newer { found: 2, known: 1 })),
            "an older Tapline must not touch it, got {refused:?}"
        );
    }
}
