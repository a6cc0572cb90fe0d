//! What Tapline never writes is damage wherever it stands, and never a default. The columns are the store's own: one that is
//! new is held to this until it is said here that any value of it will do.

use std::path::Path;

use jiff::SignedDuration;
use rusqlite::Connection;
use tapline_core::ground::ids::RunId;
use tapline_core::ground::problem::{Code, Problem};
use tapline_core::import::state::ImportStatus;
use tapline_core::run::{Fate, Job, NamedTable, Outcome};
use tapline_core::store::{
    Answered, Belongs, CheckRow, HeldKey, HeldKeys, Holding, NewRun, RecordFilter, RecordRow, ResultCopy, Settings,
    Store, StoreError, Subject, Theme, WindowRow,
};

use super::{batch, begin, furnished, second, warned};

/// Words of people, of Google's and of CleverTap's: shown, or asked for by, as they are.
const WORDS: &[&str] = &[
    "store.id",
    "vault_entries.name",
    "connections.name",
    "connections.name_folded",
    "connections.project_id",
    "connections.dataset_id",
    "connections.billing_project",
    "connections.location_override",
    "connections.location",
    "connections.client_email",
    "connections.client_id",
    "connections.key_id",
    "connections.token_uri",
    "connections.vault_entry",
    "connections.connected_by",
    "accounts.name",
    "accounts.name_folded",
    "accounts.account_id",
    "accounts.vault_entry",
    "accounts.added_by",
    "imports.nickname",
    "imports.nickname_folded",
    "imports.created_by",
    "imports.updated_by",
    "runs.nickname",
    "runs.database",
    "runs.account",
    "runs.started_by",
    "runs.job_project",
    "runs.job_location",
    "runs.job_id",
    "records.code",
    "records.row_column",
    "records.identity",
    "records.reason",
    "records.record",
    "windows.follows",
    "watermarks.follows",
    "result_tables.project",
    "result_tables.dataset",
    "result_tables.name",
    "result_tables.etag",
    "states.project",
    "states.dataset",
    "states.name",
    "comparisons.state",
    "result_copies.project",
    "result_copies.dataset",
    "result_copies.name",
];

/// Which row a row belongs to. One that belongs to none is not met by whoever looks for another's.
const LINKS: &[&str] = &[
    "store.only_row",
    "settings.name",
    "imports.begins_after",
    "checks.connection_id",
    "checks.account_id",
    "runs.number",
    "batches.run",
    "records.run",
    "records.position",
    "held.run",
    "held.batch",
    "resends.run",
    "resends.mends",
    "resent.run",
    "resent.position",
    "resent.by_run",
    "windows.run",
    "watermarks.import_id",
    "result_tables.run",
    "states.import_id",
    "comparisons.run",
    "result_copies.run",
];

/// Written for whoever looks into the file, or compared within SQL alone: nothing is decided by reading them.
const UNREAD: &[&str] = &[
    "store.made_at",
    "vault_entries.noted_at",
    "batches.bytes",
    "batches.collapsed",
    "batches.opened_at",
    "batches.answered_at",
    "records.values_until",
    "runs.doubt_left_at",
    "comparisons.merged_at",
];

#[test]
fn what_is_never_written_is_damage_in_every_column_of_every_table() {
    let furnished = tempfile::tempdir().unwrap();
    with_everything(furnished.path());
    let file = furnished.path().join("tapline.db");
    let mut wrong = Vec::new();
    for (table, column, kind) in columns(&Connection::open(&file).unwrap()) {
        let name = format!("{table}.{column}");
        let any_will_do = [WORDS, LINKS, UNREAD].iter().any(|list| list.contains(&name.as_str()));
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(&file, copy.path().join("tapline.db")).unwrap();
        damage(&copy.path().join("tapline.db"), &table, &column, &kind);
        match read_all(copy.path()) {
            Err(StoreError::Damaged { column: found, .. }) if found == column && !any_will_do => {}
            // A store that is nobody's known is refused as another's.
            Err(StoreError::BelongsElsewhere { .. }) if column == "belongs" => {}
            Ok(()) if any_will_do => {}
            read => wrong.push(format!("{name} ({kind}): {read:?}")),
        }
    }
    assert_eq!(
        wrong,
        Vec::<String>::new(),
        "each is damage, or it is said why any value will do"
    );
}

/// Each column of each table, with its type.
fn columns(database: &Connection) -> Vec<(String, String, String)> {
    let sql = "SELECT t.name, c.name, c.type FROM pragma_table_list AS t JOIN pragma_table_info(t.name) AS c
               WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY 1, c.cid";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn damage(file: &Path, table: &str, column: &str, kind: &str) {
    let never = match kind {
        "INTEGER" => i64::MIN.to_string(),
        "BLOB" => "x'ff'".to_owned(),
        _ => "'no such word'".to_owned(),
    };
    let database = Connection::open(file).unwrap();
    database
        .execute_batch("PRAGMA foreign_keys = off; PRAGMA ignore_check_constraints = on")
        .unwrap();
    let sql = format!("UPDATE OR IGNORE {table} SET {column} = {never}");
    let damaged = database.execute(&sql, []).unwrap();
    assert!(damaged > 0, "{table} has no row, so its {column} was never tried");
}

/// Whoever reads the store reads some of this.
fn read_all(folder: &Path) -> Result<(), StoreError> {
    let store = Store::open(folder, Belongs::Real)?;
    store.read(|r| {
        r.settings().get()?;
        for connection in r.connections().list()? {
            r.checks().last(Subject::Connection(connection.id))?;
        }
        for account in r.accounts().list()? {
            r.checks().last(Subject::Account(account.id))?;
        }
        for import in r.imports().list()? {
            r.comparisons().state(import.id)?;
            r.comparisons().waiting(import.id)?;
            r.watermarks().of(import.id, "people")?;
        }
        for row in r.runs().list(None)? {
            let run = row.number;
            r.batches().of_run(run)?;
            r.batches().settled(run, 0)?;
            r.batches().warned(run)?;
            r.records().page(run, &RecordFilter::default(), 100)?;
            r.watermarks().window(run)?;
            r.comparisons().result_table(run)?;
            r.comparisons().copy(run)?;
            HeldKeys::none(Holding::Each)?.add_run(r, run, 0, None, false)?;
        }
        Ok(())
    })?;
    store.write(|w| w.vault_entries_mut().orphans())?;
    store.recover(second(100)).map(drop)
}

/// A store with a row in every table: a run that ended with problems, and one that mends it and goes on still.
fn with_everything(folder: &Path) {
    let (store, from, to, import) = furnished(folder, ImportStatus::Ready);
    let run = begin(&store, import.id).unwrap();
    let (number, id) = (run.number, run.run.id);
    let check = CheckRow {
        at: second(5),
        took_ms: 320,
        passed: false,
        problem: Some(Problem::new(Code::NotThere)),
    };
    let job = Job {
        project: "acme-dw".to_owned(),
        location: "EU".to_owned(),
        id: "tapline_1".to_owned(),
    };
    let table = NamedTable {
        project: "acme-dw".to_owned(),
        dataset: "sales".to_owned(),
        name: "tapline_1".to_owned(),
    };
    let window = WindowRow {
        follows: "people".to_owned(),
        since: Some(second(0)),
        until: second(50),
        overlap: SignedDuration::from_mins(10),
    };
    let copy = ResultCopy {
        table: table.clone(),
        rows: 20,
        expires_at: second(90),
    };
    store
        .write(|w| {
            w.settings_mut().put(&Settings {
                theme: Theme::Dark,
                ..Settings::default()
            })?;
            w.vault_entries_mut().note("an entry")?;
            w.checks_mut().put(Subject::Connection(from.id), &check)?;
            w.checks_mut().put(Subject::Account(to.id), &check)?;
            w.watermarks_mut().fix(number, &window)?;
            w.runs_mut().set_job(number, &job, 1, Some(9))?;
            w.comparisons_mut().name_result(number, &table)?;
            w.comparisons_mut().result_seen(number, Some("etag"), 20)?;
            w.comparisons_mut().name_copy(number, &copy)?;
            w.comparisons_mut().use_state(import.id, &table)?;
            w.comparisons_mut().begin(number, &table.name)?;
            let mut first = batch(1, 1..=10);
            first.warned = vec![warned("bio", 2)];
            w.batches_mut().open(number, &first)?;
            w.batches_mut().open(number, &batch(2, 11..=20))?;
            let answered = Answered {
                delivered: 9,
                unprocessed: 1,
                in_doubt: 0,
            };
            w.batches_mut().answered(number, 1, answered)?;
            w.records_mut().keep(number, &[refused()], second(80))?;
            let problem = Problem::new(Code::NotThere);
            w.close_run(id, Outcome::CompletedInDoubt, Some(&problem), second(60))?;
            let mends = NewRun {
                id: RunId::new(),
                import: import.id,
                started_at: second(70),
                started_by: "Ada".to_owned(),
            };
            let mending = w.begin_mending(&mends, id, &RecordFilter::default())?;
            w.runs_mut().set_job(mending.number, &job, 1, None)?;
            let mut again = batch(1, 3..=3);
            again.keys = vec![HeldKey([3; 16])];
            w.batches_mut().open(mending.number, &again)
        })
        .unwrap();
    drop(store);
    let database = Connection::open(folder.join("tapline.db")).unwrap();
    let moved = "INSERT INTO watermarks (import_id, follows, at) SELECT id, 'people', 1 FROM imports";
    database.execute(moved, []).unwrap();
}

fn refused() -> RecordRow {
    RecordRow {
        position: 3,
        fate: Fate::Unprocessed,
        batch: Some(1),
        code: "528".to_owned(),
        column: None,
        identity: Some("u3".to_owned()),
        reason: Some("Trying to raise a discarded event.".to_owned()),
        record: None,
    }
}
