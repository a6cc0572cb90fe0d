//! Runs: what was delivered, and what was not and why.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tapline_core::ground::ids::{ImportId, RunId};
use tapline_core::ground::problem::{Code, Fact, Problem};
use tapline_core::run::{Fate, cell};
use tapline_core::store::{Reading, RecordFilter, RecordRow, RunRow, StoreError};

use super::source::billed;
use super::{id, off_thread};
use crate::App;
use crate::wire::import::Reason;
use crate::wire::run::{
    Doubt, Exported, ReasonGroup, RecordsAsk, RecordsPage, Run, RunReasons, RunRecord, RunRef, RunsAsk,
};

/// The most records that one answer holds.
const LARGEST_PAGE: u32 = 1000;

pub(super) async fn list(app: &Arc<App>, ask: RunsAsk) -> Result<Vec<Run>, Problem> {
    let import: Option<ImportId> = ask.import.as_deref().map(id).transpose()?;
    app.look(move |store| {
        let rows = store.runs().list(import)?;
        rows.iter().map(|row| run_told(store, row)).collect()
    })
    .await
}

pub(super) async fn get(app: &Arc<App>, ask: RunRef) -> Result<Run, Problem> {
    let run: RunId = id(&ask.run)?;
    app.look(move |store| told(store, run)).await
}

/// Returns at once: the run stops when what is on its way has been answered.
pub(super) async fn stop(app: &Arc<App>, ask: RunRef) -> Result<Run, Problem> {
    let run: RunId = id(&ask.run)?;
    app.runner().stop(run).await?;
    let run = app.look(move |store| told(store, run)).await?;
    app.changed("runs");
    Ok(run)
}

/// Returns at once, as [`stop`] does. The import is Paused until the run is gone on with.
pub(super) async fn pause(app: &Arc<App>, ask: RunRef) -> Result<Run, Problem> {
    let run: RunId = id(&ask.run)?;
    app.runner().pause(run).await?;
    let run = app.look(move |store| told(store, run)).await?;
    app.changed("runs");
    Ok(run)
}

pub(super) async fn reasons(app: &Arc<App>, ask: RunRef) -> Result<RunReasons, Problem> {
    let (groups, warned) = app
        .look(move |store| {
            let row = run_of(store, &ask.run)?;
            Ok((
                store.records().reasons(row.number)?,
                store.batches().warned(row.number)?,
            ))
        })
        .await?;
    Ok(RunReasons {
        groups: groups.into_iter().map(ReasonGroup::from).collect(),
        warnings: warned.into_iter().map(Reason::from).collect(),
    })
}

pub(super) async fn records(app: &Arc<App>, ask: RecordsAsk) -> Result<RecordsPage, Problem> {
    let page = app
        .look(move |store| {
            let row = run_of(store, &ask.run)?;
            let filter = RecordFilter {
                fate: ask.fate.map(Fate::from),
                code: ask.code,
                column: ask.column,
                search: ask.search,
                after: ask.after,
            };
            store
                .records()
                .page(row.number, &filter, ask.limit.clamp(1, LARGEST_PAGE))
        })
        .await?;
    Ok(RecordsPage {
        records: page.records.into_iter().map(RunRecord::from).collect(),
        total: page.total,
    })
}

pub(super) async fn export(app: &Arc<App>, ask: RunRef) -> Result<Option<Exported>, Problem> {
    let run: RunId = id(&ask.run)?;
    let row = app.look(move |store| store.runs().get(run)).await?;
    let day = row.run.started_at.strftime("%Y-%m-%d");
    let plain: String = row
        .run
        .nickname
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '-' })
        .collect();
    match app.host.save_file(&format!("{plain} {day}.csv")).await? {
        Some(path) => export_to(app, row, path).await.map(Some),
        None => Ok(None),
    }
}

/// Writes what was not delivered, or not surely, to a file that only this person can read.
pub(crate) async fn export_to(app: &Arc<App>, row: RunRow, path: PathBuf) -> Result<Exported, Problem> {
    let store = app.store.clone();
    off_thread(move || {
        let unwritten = |detail: String| {
            Problem::new(Code::FileNotWritten)
                .with(Fact::Path, path.display().to_string())
                .with(Fact::Detail, detail)
        };
        let file = private(&path).map_err(|error| unwritten(error.to_string()))?;
        let mut rows = 0;
        let mut failed = None;
        let mut csv = csv::Writer::from_writer(file);
        let mut keep = |written: csv::Result<()>| match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed.get_or_insert(error.to_string());
                ControlFlow::Break(())
            }
        };
        if keep(csv.write_record(HEAD)).is_continue() {
            let read = store.read(|store| {
                store.records().each(row.number, |record| {
                    rows += 1;
                    keep(write(&mut csv, record))
                })
            });
            read?;
        }
        let _ = keep(csv.flush().map_err(csv::Error::from));
        match failed {
            Some(detail) => Err(unwritten(detail)),
            None => Ok(Exported {
                path: path.display().to_string(),
                rows,
            }),
        }
    })
    .await?
}

const HEAD: [&str; 7] = [
    "Row",
    "Fate",
    "Identity",
    "Column",
    "Code",
    "Record",
    "Failure Description",
];

fn write(csv: &mut csv::Writer<impl Write>, record: RecordRow) -> csv::Result<()> {
    let fate = match record.fate {
        Fate::Rejected => "rejected",
        Fate::Unprocessed => "unprocessed",
        Fate::InDoubt => "in doubt",
    };
    let told = RunRecord::from(record);
    csv.write_record([
        told.position.to_string().as_str(),
        fate,
        &cell(told.identity.as_deref().unwrap_or_default()),
        &cell(told.column.as_deref().unwrap_or_default()),
        &cell(&told.code),
        &cell(told.record.as_deref().unwrap_or_default()),
        &cell(&told.reason),
    ])
}

/// An empty file that only this person can read, also where one was there that others could.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // A pipe or a terminal has neither a length nor readers to keep out.
    if file.metadata()?.is_file() {
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        file.set_len(0)?;
    }
    Ok(file)
}

/// A run as it is shown.
pub(super) fn told(store: &Reading<'_>, run: RunId) -> Result<Run, StoreError> {
    run_told(store, &store.runs().get(run)?)
}

pub(crate) fn run_told(store: &Reading<'_>, row: &RunRow) -> Result<Run, StoreError> {
    let mends = store.resends().mends(row.number)?;
    let told = Run::of(&row.run, store.runs().can_resume(row)?, Timestamp::now());
    Ok(Run {
        mends: mends.map(|run| run.to_string()),
        paused: told.paused || store.runs().is_paused(row)?,
        bytes_expected: row.bytes_estimated.map(billed),
        doubt: store.doubts().open(row)?.map(Doubt::from),
        ..told
    })
}

fn run_of(store: &Reading<'_>, run: &str) -> Result<RunRow, StoreError> {
    let id: RunId = run.parse().map_err(|_| StoreError::NotThere { what: "run" })?;
    store.runs().get(id)
}

#[cfg(all(test, unix))]
mod tests {
    use super::private;
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn an_export_over_a_file_that_others_could_read_closes_it_to_them() {
        let folder = tempfile::tempdir().unwrap();
        for (name, before) in [
            ("new.csv", None),
            ("old.csv", Some("somebody's own, and longer than what comes")),
        ] {
            let path = folder.path().join(name);
            if let Some(before) = before {
                std::fs::write(&path, before).unwrap();
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            }
            private(&path).unwrap().write_all(b"rows").unwrap();
            let mode = path.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{name} holds values of people's rows");
            assert_eq!(
                std::fs::read(&path).unwrap(),
                b"rows",
                "and of {name} nothing else is left"
            );
        }
    }

    #[test]
    fn what_is_no_file_is_written_to_as_it_is() {
        assert!(private("/dev/null".as_ref()).is_ok(), "it has no mode of ours");
    }
}
