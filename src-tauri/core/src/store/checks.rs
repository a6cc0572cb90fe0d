//! The last verdict on each connection and each account.

use jiff::Timestamp;
use rusqlite::Connection;

use super::error::{Doing as _, Result};
use super::text::{self, Kept as _, number};
use crate::ground::ids::{AccountId, ConnectionId};
use crate::ground::problem::Problem;

/// What was tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Connection(ConnectionId),
    Account(AccountId),
}

/// A verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckRow {
    pub at: Timestamp,
    pub took_ms: u64,
    pub passed: bool,
    /// The first problem, where it did not pass.
    pub problem: Option<Problem>,
}

pub struct Checks<'a>(pub(super) &'a Connection);
pub struct ChecksMut<'a>(pub(super) &'a Connection);

impl Checks<'_> {
    /// Nothing: not tested since it was saved or changed.
    pub fn last(&self, subject: Subject) -> Result<Option<CheckRow>> {
        let (connection, account) = ids(subject);
        let sql = "SELECT * FROM checks WHERE connection_id IS ?1 AND account_id IS ?2";
        text::row(self.0, "checks", sql, (connection, account), |cells| {
            Ok(CheckRow {
                at: cells.time("at")?,
                took_ms: cells.count("took_ms")?,
                passed: cells.flag("passed")?,
                problem: cells.kept_some("problem")?,
            })
        })
    }
}

impl ChecksMut<'_> {
    pub fn put(&self, subject: Subject, check: &CheckRow) -> Result<()> {
        self.forget(subject)?;
        let (connection, account) = ids(subject);
        self.0
            .execute(
                "INSERT INTO checks (connection_id, account_id, at, took_ms, passed, problem) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (
                    connection,
                    account,
                    check.at.as_millisecond(),
                    number(check.took_ms),
                    check.passed,
                    check.problem.as_ref().map(Problem::kept),
                ),
            )
            .doing("keeping a verdict")?;
        Ok(())
    }

    /// What was tested has changed: the verdict says nothing any more.
    pub fn forget(&self, subject: Subject) -> Result<()> {
        self.0
            .execute(
                "DELETE FROM checks WHERE connection_id IS ?1 AND account_id IS ?2",
                ids(subject),
            )
            .doing("forgetting a verdict")?;
        Ok(())
    }
}

fn ids(subject: Subject) -> (Option<String>, Option<String>) {
    match subject {
        Subject::Connection(id) => (Some(id.kept()), None),
        Subject::Account(id) => (None, Some(id.kept())),
    }
}
