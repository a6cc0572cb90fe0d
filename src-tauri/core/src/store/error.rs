//! What can go wrong with the store, and how it is told to a person.

use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::ground::problem::{Code, Fact, Problem};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the folder {} cannot be used", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("the store in {} cannot be opened", path.display())]
    Open { path: PathBuf, source: rusqlite::Error },
    #[error("the store cannot be brought to version {to}")]
    Migrate { to: u32, source: rusqlite::Error },
    #[error("the store has version {found}, and this Tapline knows up to {known}")]
    Newer { found: u32, known: u32 },
    #[error("the store belongs to {found}, not to {asked}")]
    BelongsElsewhere { found: String, asked: String },
    /// Something stands in the store that we never write.
    /// `found` may be anything, and is told to nobody: the words of this error stand in the log.
    #[error("{column} of {table} holds something that Tapline never writes")]
    Damaged {
        table: &'static str,
        column: &'static str,
        found: String,
    },
    #[error("the store failed at: {doing}")]
    Sql {
        doing: &'static str,
        source: rusqlite::Error,
    },
    /// A plan or a setting that is about to be kept cannot be written as text.
    #[error("{what} cannot be written")]
    Unwritable {
        what: &'static str,
        source: serde_json::Error,
    },
    #[error("the name is taken")]
    NameTaken { field: &'static str, name: String },
    #[error("there is no such {what}")]
    NotThere { what: &'static str },
    #[error("{count} imports stand in the way")]
    ImportsInTheWay { count: usize },
    #[error("the import is running already")]
    AlreadyRunning { nickname: String },
    #[error("the import cannot be {asked} from {status}")]
    NotFromHere { asked: &'static str, status: String },
    #[error("the run cannot be gone on with")]
    NotResumable,
    #[error("nothing of it can be sent again")]
    NothingToResend,
    #[error("a run of the import can be gone on with")]
    RunWaits,
    /// The work was given up because a thread ended before its time.
    #[error("the thread that worked on the store ended")]
    ThreadEnded,
}

pub(super) type Result<T> = std::result::Result<T, StoreError>;

/// Names the operation that failed.
pub(super) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, doing: &'static str) -> Result<T> {
        self.map_err(|source| StoreError::Sql { doing, source })
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        error.problem()
    }
}

impl StoreError {
    /// In a person's words.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Folder { path, source } => Problem::new(Code::StoreFolder)
                .with(Fact::Path, path.display().to_string())
                .with(Fact::Detail, source.to_string()),
            Self::Open { path, source } => sql_problem(source).with(Fact::Path, path.display().to_string()),
            Self::Migrate { to, source } => sql_problem(source).with(Fact::Version, to.to_string()),
            Self::Newer { found, known } => Problem::new(Code::StoreNewer)
                .with(Fact::Version, found.to_string())
                .with(Fact::Expected, known.to_string()),
            Self::BelongsElsewhere { found, asked } => Problem::new(Code::StoreBelongsElsewhere)
                .with(Fact::Found, found.clone())
                .with(Fact::Expected, asked.clone()),
            Self::Damaged { table, column, .. } => {
                Problem::new(Code::StoreDamaged).with(Fact::Detail, format!("{table}.{column}"))
            }
            Self::Sql { source, .. } => sql_problem(source),
            Self::Unwritable { what, source } => {
                Problem::new(Code::Internal).with(Fact::Detail, format!("{what}: {source}"))
            }
            Self::NameTaken { field, name } => Problem::new(Code::NameTaken)
                .with(Fact::Field, *field)
                .with(Fact::Name, name.clone()),
            Self::NotThere { what } => Problem::new(Code::NotThere).with(Fact::Name, *what),
            Self::ImportsInTheWay { count } => Problem::new(Code::ImportsInTheWay).with(Fact::Count, count.to_string()),
            Self::AlreadyRunning { nickname } => Problem::new(Code::ImportRunning).with(Fact::Name, nickname.clone()),
            Self::NotFromHere { asked, status } => Problem::new(Code::ImportNotFromHere)
                .with(Fact::Expected, *asked)
                .with(Fact::Status, status.clone()),
            Self::NotResumable => Problem::new(Code::RunNotResumable),
            Self::NothingToResend => Problem::new(Code::ResendNothing),
            Self::RunWaits => Problem::new(Code::ResendRunWaits),
            Self::ThreadEnded => Problem::new(Code::Internal).with(Fact::Detail, self.to_string()),
        }
    }
}

fn sql_problem(error: &rusqlite::Error) -> Problem {
    let code = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Code::DiskFull,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Code::StoreBusy,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Code::StoreDamaged,
        Some(
            ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::SystemIoFailure,
        ) => Code::StoreFolder,
        _ => Code::StoreFailed,
    };
    Problem::new(code).with(Fact::Detail, detail(error))
}

/// SQLite's words, without the statement: a statement's values could be somebody's.
fn detail(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => failure.to_string(),
        other => other.to_string(),
    }
}
