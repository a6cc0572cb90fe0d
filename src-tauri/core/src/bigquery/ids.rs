//! Names of projects, datasets and tables, by Google's rules. A value of these types is safe in a URL segment, and in SQL
//! once quoted.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ground::problem::{Code, Fact, Problem};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Problem;
            fn try_from(text: String) -> Result<Self, Problem> {
                Self::read(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

name!(/** A Google project, such as `acme-dw`, or `example.com:acme-dw` from the old days. */ ProjectId);
name!(/** A dataset within a project. Upper and lower case differ. */ DatasetId);
name!(/** A table or view within a dataset. */ TableId);
name!(/** Where data is kept and jobs run: `EU`, `US`, `europe-west1`. */ Location);

impl ProjectId {
    /// Reads what a person typed. Spaces around it do not count.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let (domain, id) = text.rsplit_once(':').unwrap_or(("", text));
        let domain_fits = domain.is_empty() != text.contains(':')
            && domain
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c));
        let id_fits = (6..=30).contains(&id.len())
            && id
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && id.starts_with(|c: char| c.is_ascii_lowercase())
            && !id.ends_with('-');
        if domain_fits && id_fits && text.len() <= 300 {
            return Ok(Self(text.to_owned()));
        }
        let code = if text.is_empty() {
            return Err(empty("Project ID"));
        } else if text.chars().all(|c| c.is_ascii_digit()) {
            Code::ProjectNumberTyped
        } else if text.chars().all(|c| c.is_alphanumeric() || " -'!\"".contains(c))
            && text.contains(|c: char| c == ' ' || c.is_uppercase())
        {
            Code::ProjectNameTyped
        } else {
            Code::ProjectIdInvalid
        };
        Err(Problem::new(code).with(Fact::Found, excerpt(text)))
    }
}

impl DatasetId {
    /// Reads a bare dataset ID. For what people paste, see [`super::dataset_box`].
    pub fn read(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(empty("Dataset ID"));
        }
        if text.len() <= 1024 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Ok(Self(text.to_owned()));
        }
        Err(Problem::new(Code::DatasetIdInvalid).with(Fact::Found, excerpt(text)))
    }
}

impl TableId {
    /// Reads a bare table ID, a partition such as `events$20260101` included.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(empty("Table"));
        }
        let fits = |c: char| {
            if c.is_ascii() {
                c.is_ascii_alphanumeric() || "_- $".contains(c)
            } else {
                !c.is_control()
            }
        };
        if text.len() <= 1024 && text.chars().all(fits) {
            return Ok(Self(text.to_owned()));
        }
        Err(Problem::new(Code::TableIdInvalid).with(Fact::Found, excerpt(text)))
    }
}

impl Location {
    /// Reads a location. Google's names are letters, digits and hyphens; which ones exist, Google knows.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let fits = (2..=64).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && text.starts_with(|c: char| c.is_ascii_alphabetic());
        if fits {
            return Ok(Self(text.to_owned()));
        }
        Err(Problem::new(Code::LocationInvalid).with(Fact::Found, excerpt(text)))
    }

    /// Whether both name one place. Google ignores case here.
    pub fn is(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

/// A dataset and the project that it is in. Shown as BigQuery writes it: `project:dataset`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DatasetRef {
    pub project: ProjectId,
    pub dataset: DatasetId,
}

impl DatasetRef {
    pub fn table(&self, table: TableId) -> TableRef {
        TableRef {
            dataset: self.clone(),
            table,
        }
    }
}

impl fmt::Display for DatasetRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.project, self.dataset)
    }
}

/// A table and where it is. Shown as BigQuery writes it: `project:dataset.table`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TableRef {
    #[serde(flatten)]
    pub dataset: DatasetRef,
    pub table: TableId,
}

impl TableRef {
    /// Its name in SQL, quoted.
    pub fn sql(&self) -> String {
        let DatasetRef { project, dataset } = &self.dataset;
        super::query::quoted(&format!("{project}.{dataset}.{}", self.table))
    }

    /// As the REST API writes it.
    pub(super) fn wire(&self) -> serde_json::Value {
        serde_json::json!({
            "projectId": self.dataset.project.as_str(),
            "datasetId": self.dataset.dataset.as_str(),
            "tableId": self.table.as_str(),
        })
    }
}

impl fmt::Display for TableRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.dataset, self.table)
    }
}

fn empty(name: &str) -> Problem {
    Problem::new(Code::FieldEmpty).with(Fact::Name, name)
}

/// What was typed, short enough to show and without control characters.
pub(crate) fn excerpt(text: &str) -> String {
    let mut shown: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{DatasetId, Location, ProjectId, TableId};
    use crate::ground::problem::Code;

    #[test]
    fn project_ids_follow_googles_rules() {
        for good in [
            "acme-dw",
            " acme-dw ",
            "a12345",
            "example.com:acme-dw",
            "abcdefghij-abcdefghij-123456789",
        ] {
            let read = ProjectId::read(good);
            assert_eq!(read.is_ok(), good.trim().len() <= 30, "{good:?} gave {read:?}");
        }
        let rows = [
            ("", Code::FieldEmpty),
            ("Acme Warehouse", Code::ProjectNameTyped),
            ("Acme-DW", Code::ProjectNameTyped),
            ("123456789012", Code::ProjectNumberTyped),
            ("acme", Code::ProjectIdInvalid),
            ("1acme-dw", Code::ProjectIdInvalid),
            ("acme-dw-", Code::ProjectIdInvalid),
            ("acme_dw", Code::ProjectIdInvalid),
            (":acme-dw", Code::ProjectIdInvalid),
            ("acme-dw/datasets", Code::ProjectIdInvalid),
            ("acme-dw\r\nHost: evil", Code::ProjectIdInvalid),
            ("acmé-dw-x", Code::ProjectIdInvalid),
        ];
        for (bad, code) in rows {
            assert_eq!(
                ProjectId::read(bad).map_err(|problem| problem.code()),
                Err(code),
                "for {bad:?}"
            );
        }
    }

    #[test]
    fn dataset_ids_hold_letters_digits_and_underscores() {
        for good in ["sales", "_hidden", "Sales_2026", "1st"] {
            assert!(DatasetId::read(good).is_ok(), "{good} is a dataset ID");
        }
        for bad in ["my-dataset", "sales.orders", "sales data", "sälés", "a/b", "`sales`"] {
            assert_eq!(
                DatasetId::read(bad).map_err(|problem| problem.code()),
                Err(Code::DatasetIdInvalid),
                "for {bad:?}"
            );
        }
        assert!(DatasetId::read(&"a".repeat(1025)).is_err(), "1,024 is the limit");
    }

    #[test]
    fn table_ids_hold_nothing_that_could_end_a_quoted_name() {
        for good in ["orders", "daily orders", "events$20260101", "événements", "a-b"] {
            assert!(TableId::read(good).is_ok(), "{good} is a table ID");
        }
        for bad in ["a`b", "a\\b", "a.b", "a/b", "a\nb", "events_*", "a;b"] {
            assert!(TableId::read(bad).is_err(), "{bad:?} is no table ID");
        }
    }

    #[test]
    fn locations_ignore_case() {
        let eu = Location::read("eu").expect("a location");
        assert!(eu.is(&Location::read("EU").expect("a location")), "eu is EU");
        assert!(Location::read("europe west").is_err(), "no spaces");
    }
}
