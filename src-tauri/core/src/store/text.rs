//! Values as they stand in the store, and back. What we never write is damage.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::functions::FunctionFlags;
use rusqlite::{OptionalExtension as _, Row};
use serde::{Deserialize, Serialize};

use super::error::{Doing as _, Result, StoreError};
use crate::ground::problem::{Answer, Code, Fact, Problem};

/// A value that stands in the store as text.
pub(super) trait Kept: Sized {
    fn kept(&self) -> String;
    fn back(text: &str) -> Option<Self>;
}

macro_rules! kept_ids {
    ($($id:ident)*) => {$(
        impl Kept for crate::ground::ids::$id {
            fn kept(&self) -> String {
                self.to_string()
            }

            fn back(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

kept_ids! { ConnectionId AccountId ImportId RunId }

/// Writes words of the trait [`Kept`] for an enum whose variants each have one name.
macro_rules! kept_words {
    ($type:ty { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $crate::store::text::Kept for $type {
            fn kept(&self) -> String {
                match self { $(Self::$variant => $word.to_owned(),)* }
            }

            fn back(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}
pub(super) use kept_words;

/// One row of a known table, read column by column.
pub(super) struct Cells<'a> {
    pub(super) table: &'static str,
    pub(super) row: &'a Row<'a>,
}

impl Cells<'_> {
    pub(super) fn plain<T: rusqlite::types::FromSql>(&self, column: &'static str) -> Result<T> {
        match self.row.get(column) {
            Err(rusqlite::Error::IntegralValueOutOfRange(_, found)) => Err(self.damage(column, found.to_string())),
            Err(rusqlite::Error::InvalidColumnType(_, _, kind)) => Err(self.damage(column, kind.to_string())),
            read => read.doing("reading a column"),
        }
    }

    pub(super) fn flag(&self, column: &'static str) -> Result<bool> {
        match self.plain::<i64>(column)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.damage(column, other.to_string())),
        }
    }

    pub(super) fn kept<T: Kept>(&self, column: &'static str) -> Result<T> {
        let text: String = self.plain(column)?;
        self.back(column, text)
    }

    pub(super) fn kept_some<T: Kept>(&self, column: &'static str) -> Result<Option<T>> {
        let text: Option<String> = self.plain(column)?;
        text.map(|text| self.back(column, text)).transpose()
    }

    pub(super) fn time(&self, column: &'static str) -> Result<Timestamp> {
        let millis: i64 = self.plain(column)?;
        Timestamp::from_millisecond(millis).map_err(|_| self.damage(column, millis.to_string()))
    }

    pub(super) fn time_some(&self, column: &'static str) -> Result<Option<Timestamp>> {
        match self.plain::<Option<i64>>(column)? {
            None => Ok(None),
            Some(_) => self.time(column).map(Some),
        }
    }

    pub(super) fn count(&self, column: &'static str) -> Result<u64> {
        let number: i64 = self.plain(column)?;
        u64::try_from(number).map_err(|_| self.damage(column, number.to_string()))
    }

    pub(super) fn count_some(&self, column: &'static str) -> Result<Option<u64>> {
        match self.plain::<Option<i64>>(column)? {
            None => Ok(None),
            Some(_) => self.count(column).map(Some),
        }
    }

    pub(super) fn json<T: for<'de> Deserialize<'de>>(&self, column: &'static str) -> Result<T> {
        let text: String = self.plain(column)?;
        serde_json::from_str(&text).map_err(|_| self.damage(column, "another shape".to_owned()))
    }

    fn back<T: Kept>(&self, column: &'static str, text: String) -> Result<T> {
        T::back(&text).ok_or_else(|| self.damage(column, text))
    }

    fn damage(&self, column: &'static str, found: String) -> StoreError {
        StoreError::Damaged {
            table: self.table,
            column,
            found,
        }
    }
}

/// All rows of a query.
pub(super) fn rows<T>(
    connection: &rusqlite::Connection,
    table: &'static str,
    sql: &str,
    params: impl rusqlite::Params,
    mut take: impl FnMut(&Cells<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql).doing(table)?;
    let mut rows = statement.query(params).doing(table)?;
    let mut taken = Vec::new();
    while let Some(row) = rows.next().doing(table)? {
        taken.push(take(&Cells { table, row })?);
    }
    Ok(taken)
}

/// The first row of a query.
pub(super) fn row<T>(
    connection: &rusqlite::Connection,
    table: &'static str,
    sql: &str,
    params: impl rusqlite::Params,
    take: impl FnOnce(&Cells<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = connection.prepare_cached(sql).doing(table)?;
    statement
        .query_row(params, |row| Ok(take(&Cells { table, row })))
        .optional()
        .doing(table)?
        .transpose()
}

/// A number of ours as SQLite holds it.
pub(super) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The form in which names are compared.
pub(super) fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Teaches SQL the function `folded`, so that both sides of a comparison are folded alike: SQLite's own `lower` knows no
/// letters beyond ASCII.
pub(super) fn add_folded(connection: &rusqlite::Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("folded", 1, flags, |call| Ok(folded(call.get_raw(0).as_str()?)))
}

/// Tells a name that is taken from any other failure.
pub(super) fn named<T>(done: rusqlite::Result<T>, doing: &'static str, field: &'static str, name: &str) -> Result<T> {
    match done {
        Err(error) if is_taken(&error) => Err(StoreError::NameTaken {
            field,
            name: name.to_owned(),
        }),
        done => done.doing(doing),
    }
}

pub(super) fn is_taken(error: &rusqlite::Error) -> bool {
    error
        .sqlite_error()
        .is_some_and(|failure| failure.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE)
}

#[derive(Serialize, Deserialize)]
struct ProblemText {
    code: String,
    facts: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<AnswerText>,
}

#[derive(Serialize, Deserialize)]
struct AnswerText {
    asked: String,
    status: Option<u16>,
    said: Option<String>,
    body: Option<String>,
}

/// A problem is kept as code, facts and answer. Its words come from the catalogue of the day on which it is shown.
impl Kept for Problem {
    fn kept(&self) -> String {
        let text = ProblemText {
            code: self.code().as_str().to_owned(),
            facts: self
                .facts()
                .iter()
                .map(|(fact, value)| (fact.as_str().to_owned(), value.to_owned()))
                .collect(),
            answer: self.answer().map(|answer| AnswerText {
                asked: answer.asked.clone(),
                status: answer.status,
                said: answer.said.clone(),
                body: answer.body.clone(),
            }),
        };
        // Text keys and text values: there is nothing in it that JSON cannot say.
        serde_json::to_string(&text).unwrap_or_default()
    }

    fn back(text: &str) -> Option<Self> {
        let text: ProblemText = serde_json::from_str(text).ok()?;
        let mut problem = Self::new(Code::named(&text.code)?);
        for (name, value) in text.facts {
            let fact = Fact::ALL.iter().find(|fact| fact.as_str() == name)?;
            problem = problem.with(*fact, value);
        }
        Some(match text.answer {
            None => problem,
            Some(answer) => problem.answered(Answer {
                asked: answer.asked,
                status: answer.status,
                said: answer.said,
                body: answer.body,
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Kept as _;
    use crate::ground::problem::{Answer, Code, Fact, Problem};

    #[test]
    fn a_problem_comes_back_as_it_was() {
        let problem = Problem::new(Code::NotThere)
            .with(Fact::Name, "it's \"quoted\"")
            .answered(Answer {
                asked: "datasets.get a.b".into(),
                status: Some(404),
                said: Some("Not found".into()),
                body: None,
            });
        assert_eq!(
            Problem::back(&problem.kept()),
            Some(problem),
            "code, facts and answer are all that a problem is"
        );
    }

    #[test]
    fn a_problem_that_we_never_write_is_damage() {
        for text in [
            "",
            "{}",
            r#"{"code":"no_such_code","facts":{}}"#,
            r#"{"code":"not_there","facts":{"no_such_fact":"x"}}"#,
        ] {
            assert_eq!(Problem::back(text), None, "for {text:?}");
        }
    }
}
