//! A query before it runs: its text, parameters, who pays, where, and the most that it may cost.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::ids::{Location, ProjectId, TableRef};
use super::schema::Schema;
use crate::ground::problem::{Code, Fact, Problem};

/// What to run. Cheap to build; nothing is asked yet.
#[derive(Clone, Debug)]
pub struct Query {
    pub sql: String,
    /// Named parameters, `@name` in the text.
    pub parameters: Vec<Parameter>,
    /// The project that the job runs in and that pays for it.
    pub billing: ProjectId,
    /// Where it runs. `None` lets BigQuery look at what the text names.
    pub location: Option<Location>,
    /// The most that it may bill, in bytes. BigQuery refuses to start what would cost more.
    pub bytes_cap: Option<u64>,
    /// Shown with the job in Google's console and bill. Lower-case letters, digits, hyphens, underscores.
    pub labels: BTreeMap<String, String>,
    /// The table that the result goes to, which must be there. `None` leaves it where BigQuery keeps results by itself.
    pub destination: Option<Destination>,
}

/// A table that takes a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    pub table: TableRef,
    /// Whether rows may be there already. Where they may not, BigQuery refuses a table that has some.
    pub append: bool,
}

/// One named parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub name: String,
    /// BigQuery's name of the type, such as `TIMESTAMP`; of an array's elements, where it is one.
    pub kind: String,
    pub value: ParameterValue,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ParameterValue {
    /// As text. `None` is NULL.
    One(Option<String>),
    Array(Vec<String>),
}

impl Parameter {
    pub fn new(name: &str, kind: &str, value: Option<String>) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            value: ParameterValue::One(value),
        }
    }

    pub fn array(name: &str, kind: &str, values: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            value: ParameterValue::Array(values),
        }
    }

    fn wire(&self) -> Value {
        let (kind, value) = match &self.value {
            ParameterValue::One(value) => (json!({"type": self.kind}), json!({"value": value})),
            ParameterValue::Array(values) => {
                let values: Vec<_> = values.iter().map(|value| json!({"value": value})).collect();
                let kind = json!({"type": "ARRAY", "arrayType": {"type": self.kind}});
                (kind, json!({"arrayValues": values}))
            }
        };
        json!({"name": self.name, "parameterType": kind, "parameterValue": value})
    }
}

/// What a dry run tells. Nothing ran and nothing was billed.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// BigQuery's word for what the text is: `SELECT`, `SCRIPT`, `INSERT` …
    pub statement: String,
    pub schema: Schema,
    /// Bytes that a run would read. `None` where BigQuery does not say: that is not nothing.
    pub bytes: Option<u64>,
    /// Where it would run.
    pub location: Option<String>,
}

impl Query {
    pub fn new(sql: impl Into<String>, billing: ProjectId) -> Self {
        Self {
            sql: sql.into(),
            parameters: Vec::new(),
            billing,
            location: None,
            bytes_cap: None,
            labels: BTreeMap::new(),
            destination: None,
        }
    }

    #[must_use]
    pub fn in_location(mut self, location: Option<Location>) -> Self {
        self.location = location;
        self
    }

    #[must_use]
    pub fn capped(mut self, bytes: Option<u64>) -> Self {
        self.bytes_cap = bytes;
        self
    }

    #[must_use]
    pub fn labelled(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.to_owned(), value.to_owned());
        self
    }

    #[must_use]
    pub fn with(mut self, name: &str, kind: &str, value: Option<String>) -> Self {
        self.parameters.push(Parameter::new(name, kind, value));
        self
    }

    #[must_use]
    pub fn with_all(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// Lets the result go to a table that is there and empty.
    #[must_use]
    pub fn into_table(mut self, table: TableRef) -> Self {
        self.destination = Some(Destination { table, append: false });
        self
    }

    /// Adds the result to a table that is there.
    #[must_use]
    pub fn onto_table(mut self, table: TableRef) -> Self {
        self.destination = Some(Destination { table, append: true });
        self
    }

    /// What `jobs.query` and `jobs.insert` share.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({"query": self.sql, "useLegacySql": false});
        if let Some(cap) = self.bytes_cap {
            body["maximumBytesBilled"] = json!(cap.to_string());
        }
        if !self.parameters.is_empty() {
            body["parameterMode"] = json!("NAMED");
            body["queryParameters"] = self.parameters.iter().map(Parameter::wire).collect();
        }
        body
    }

    /// The part of a job's configuration that says what to run. `jobs.query` knows no destination.
    pub(super) fn job_body(&self) -> Value {
        let mut body = self.body();
        if let Some(Destination { table, append }) = &self.destination {
            body["destinationTable"] = table.wire();
            // The table has been made before, with its expiry and labels: neither makes it anew.
            body["createDisposition"] = json!("CREATE_NEVER");
            body["writeDisposition"] = json!(if *append { "WRITE_APPEND" } else { "WRITE_EMPTY" });
        }
        body
    }
}

impl Estimate {
    /// Lets only a SELECT pass. BigQuery has read the whole text by its own grammar, so nothing hides from it.
    pub fn select_only(self) -> Result<Self, Problem> {
        let code = match self.statement.as_str() {
            "SELECT" => return Ok(self),
            "SCRIPT" => Code::SqlIsScript,
            "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "TRUNCATE_TABLE" => Code::SqlChangesRows,
            "EXPORT_DATA" | "EXPORT_MODEL" | "EXPORT_METADATA" => Code::SqlExports,
            "CALL" => Code::SqlCalls,
            statement
                if ["CREATE", "DROP", "ALTER", "UNDROP"]
                    .iter()
                    .any(|verb| statement.starts_with(verb)) =>
            {
                Code::SqlChangesThings
            }
            _ => Code::SqlNotSelect,
        };
        let statement = if self.statement.is_empty() {
            "unknown".to_owned()
        } else {
            self.statement.replace('_', " ")
        };
        Err(Problem::new(code).with(Fact::Statement, statement))
    }
}

/// A name in back-ticks, whatever it holds.
pub fn quoted(name: &str) -> String {
    format!("`{}`", escaped(name, '`'))
}

/// A text in single quotes, whatever it holds.
pub fn literal(text: &str) -> String {
    format!("'{}'", escaped(text, '\''))
}

fn escaped(text: &str, quote: char) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c == quote || c == '\\' {
            escaped.push('\\');
            escaped.push(c);
        } else if c.is_control() {
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{Estimate, Query, quoted};
    use crate::bigquery::ids::{Location, ProjectId};
    use crate::bigquery::schema::Schema;
    use crate::ground::problem::Code;

    #[test]
    fn only_a_select_passes() {
        let rows = [
            ("SELECT", None),
            ("SCRIPT", Some(Code::SqlIsScript)),
            ("INSERT", Some(Code::SqlChangesRows)),
            ("MERGE", Some(Code::SqlChangesRows)),
            ("DELETE", Some(Code::SqlChangesRows)),
            ("CREATE_TABLE_AS_SELECT", Some(Code::SqlChangesThings)),
            ("DROP_TABLE", Some(Code::SqlChangesThings)),
            ("EXPORT_DATA", Some(Code::SqlExports)),
            ("CALL", Some(Code::SqlCalls)),
            ("ASSERT", Some(Code::SqlNotSelect)),
            ("", Some(Code::SqlNotSelect)),
        ];
        for (statement, code) in rows {
            let estimate = Estimate {
                statement: statement.into(),
                schema: Schema::default(),
                bytes: Some(0),
                location: None,
            };
            assert_eq!(
                estimate.select_only().err().map(|problem| problem.code()),
                code,
                "for {statement:?}"
            );
        }
    }

    #[test]
    fn a_quoted_name_ends_where_we_end_it() {
        assert_eq!(quoted("acme-dw.sales.daily orders"), "`acme-dw.sales.daily orders`");
        assert_eq!(quoted("a`; DROP TABLE b; --"), "`a\\`; DROP TABLE b; --`");
        assert_eq!(
            quoted("a\\"),
            "`a\\\\`",
            "a backslash at the end does not swallow the quote"
        );
    }

    #[test]
    fn the_body_says_standard_sql_and_the_cap() {
        let billing = ProjectId::read("acme-dw").expect("an id");
        let body = Query::new("SELECT @since", billing)
            .in_location(Location::read("EU").ok())
            .capped(Some(1 << 30))
            .with("since", "TIMESTAMP", Some("2026-11-23T00:00:00Z".into()))
            .body();
        assert_eq!(body["useLegacySql"], false, "Google's default is legacy SQL");
        assert_eq!(
            body["maximumBytesBilled"], "1073741824",
            "64-bit numbers travel as text"
        );
        assert_eq!(body["queryParameters"][0]["parameterType"]["type"], "TIMESTAMP");
        assert_eq!(body["parameterMode"], "NAMED");
    }
}
