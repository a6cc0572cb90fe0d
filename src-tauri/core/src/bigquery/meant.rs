//! Names that were nearly typed: what was not found is looked for among what can be seen.

use strsim::damerau_levenshtein;

use super::client::Client;
use super::ids::{DatasetRef, ProjectId};
use super::wire::DatasetListWire;
use crate::ground::net::{Ask, Host};
use crate::ground::problem::{Code, Fact, Problem};

/// As many names as one page lists.
const LISTED: u32 = 1000;

/// The one of these names that was meant: the same but for case and for hyphens against underscores, the singular or plural
/// of it, or one slip away. A name that is among them was meant itself, and then there is none.
pub fn nearest<'a>(typed: &str, seen: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(u8, &str)> = None;
    for name in seen {
        if name == typed {
            return None;
        }
        if let Some(slip) = slip(typed, name)
            && best.is_none_or(|least| (slip, name) < least)
        {
            best = Some((slip, name));
        }
    }
    best.map(|(_, name)| name)
}

/// How far a name is from another, where it is near.
fn slip(typed: &str, name: &str) -> Option<u8> {
    let (typed, name) = (folded(typed), folded(name));
    let plural = |one: &str, many: &str| {
        let ending = many.strip_prefix(one);
        matches!(ending, Some("s" | "es")) || (one.strip_suffix('y').is_some_and(|stem| many == format!("{stem}ies")))
    };
    if typed == name {
        Some(0)
    } else if plural(&typed, &name) || plural(&name, &typed) {
        Some(1)
    } else if typed.chars().count() > 2 && damerau_levenshtein(&typed, &name) == 1 {
        Some(2)
    } else {
        None
    }
}

fn folded(name: &str) -> String {
    name.to_lowercase().replace(['-', ' '], "_")
}

impl Client {
    /// The datasets of a project that the service account may get; at most a thousand. Needs no right: Google leaves out what
    /// may not be seen.
    pub async fn datasets(&self, project: &ProjectId) -> Result<Vec<String>, Problem> {
        let asked = self.about_project("datasets.list", project);
        let ask = || {
            Ask::get(Host::BigQuery)
                .at(["projects", project.as_str(), "datasets"])
                .asking("maxResults", LISTED.to_string())
        };
        let wire: DatasetListWire = self.json(&asked, ask).await?;
        Ok(wire.names())
    }

    /// Adds the table that was meant, where a table of this dataset was not found and another is called nearly that. One call at
    /// most, and none for other problems.
    pub async fn with_table_meant(&self, dataset: &DatasetRef, problem: Problem) -> Problem {
        let absent = matches!(
            problem.code(),
            Code::TableNotFound | Code::TableNotInLocation | Code::TablesGetDenied | Code::TablesGetDataDenied
        );
        let fact = |fact| problem.facts().get(fact);
        let here = fact(Fact::Project) == Some(dataset.project.as_str())
            && fact(Fact::Dataset) == Some(dataset.dataset.as_str());
        let Some(typed) = fact(Fact::Table).filter(|_| absent && here) else {
            return problem;
        };
        let Ok(list) = self.tables(dataset, LISTED, None).await else {
            return problem;
        };
        match nearest(typed, list.tables.iter().map(|table| table.id.as_str())) {
            Some(name) => problem.clone().with(Fact::Meant, name),
            None => problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_name_one_slip_away_was_meant() {
        let rows = [
            ("salse", Some("sales")),
            ("sale", Some("sales")),
            ("Sales", Some("sales")),
            ("salles", Some("sales")),
            ("order-items", Some("order_items")),
            ("ORDER_ITEM", Some("order_items")),
            ("category", Some("categories")),
            ("slaes", Some("sales")),
            ("sales", None),
            ("weather", None),
            ("sals_", None),
            ("x", None),
            ("", None),
        ];
        for (typed, expected) in rows {
            let seen = ["order_items", "sales", "categories", "xy"];
            assert_eq!(nearest(typed, seen), expected, "for {typed:?}");
        }
        assert_eq!(
            nearest("sale", ["sal", "sales"]),
            Some("sales"),
            "a plural is nearer than a slip"
        );
        assert_eq!(
            nearest("Sales", ["sale", "SALES", "sales"]),
            Some("SALES"),
            "the same letters are the nearest"
        );
    }
}
