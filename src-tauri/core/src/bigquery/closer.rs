//! A closer look at a refusal: what one more call can tell of it, where Google's sentence alone leaves two causes open or calls a thing
//! by its title. It never fails anything, and where nothing more is learned the problem stays as it was.

use serde::Deserialize;

use super::client::{Client, to_table};
use super::ids::{DatasetId, DatasetRef, Location, ProjectId, TableId, TableRef};
use crate::ground::net::{Ask, Host};
use crate::ground::problem::{Code, Fact, Problem};

impl Client {
    /// The problem of a query of an import that reads this dataset, with what a closer look tells: that a dataset or table is in
    /// another place, or was deleted; the table that was meant; the name of a policy tag. Two calls at most, and none for other problems.
    pub async fn looked_into(&self, dataset: &DatasetRef, problem: Problem) -> Problem {
        let problem = self.with_place(dataset, problem).await;
        let problem = self.with_table_meant(dataset, problem).await;
        self.with_tag_named(problem).await
    }

    /// What was not found in one location: whether it is in another, or nowhere. What was learned of the place in an earlier test may
    /// be old, so it is asked for anew.
    async fn with_place(&self, dataset: &DatasetRef, problem: Problem) -> Problem {
        let absent = matches!(problem.code(), Code::DatasetNotInLocation | Code::TableNotInLocation);
        if !absent || !is_in(&problem, dataset) {
            return problem;
        }
        let found = match self.dataset(dataset).await {
            Ok(found) => found.location,
            Err(gone) if gone.code() == Code::DatasetNotFound => return gone,
            Err(_) => return problem,
        };
        match found {
            Some(found) => placed(problem, &found),
            None => problem,
        }
    }

    /// Adds the whole name of the policy tag that keeps the account from a column: Google's refusal calls it by its title, and no
    /// command takes that.
    pub async fn with_tag_named(&self, problem: Problem) -> Problem {
        let column = problem
            .facts()
            .get(Fact::Column)
            .filter(|_| problem.code() == Code::PolicyTagDenied);
        let Some((table, path)) = column.and_then(split_column) else {
            return problem;
        };
        let asked = self.about_table("tables.get", &table);
        let Ok(tagged) = self
            .json::<Tagged>(&asked, || to_table(Ask::get(Host::BigQuery), &table))
            .await
        else {
            return problem;
        };
        match tagged.schema.tag_of(&path) {
            Some(name) => problem.clone().with(Fact::PolicyTagName, name),
            None => problem,
        }
    }
}

/// Whether a problem is about this dataset or something in it.
fn is_in(problem: &Problem, dataset: &DatasetRef) -> bool {
    let is = |fact, name: &str| problem.facts().get(fact) == Some(name);
    is(Fact::Project, dataset.project.as_str()) && is(Fact::Dataset, dataset.dataset.as_str())
}

/// The problem, once it is known where the dataset is.
fn placed(problem: Problem, found: &Location) -> Problem {
    let asked = problem
        .facts()
        .get(Fact::Location)
        .and_then(|name| Location::read(name).ok());
    let code = match asked {
        Some(asked) if !asked.is(found) => Code::DatasetElsewhere,
        _ if problem.code() == Code::TableNotInLocation => Code::TableNotFound,
        _ => return problem,
    };
    let problem = problem.recoded(code).with(Fact::DatasetLocation, found.as_str());
    if code == Code::DatasetElsewhere {
        return problem
            .with(Fact::Field, "location")
            .with(Fact::Suggestion, found.as_str());
    }
    problem
}

/// `project.dataset.table.column`, where the project may have a dot of its own and the column be one in another.
fn split_column(text: &str) -> Option<(TableRef, Vec<String>)> {
    let after = text.find(':').map_or(0, |colon| colon + 1);
    let project_end = after + text[after..].find('.')?;
    let mut parts = text[project_end + 1..].split('.');
    let dataset = DatasetRef {
        project: ProjectId::read(&text[..project_end]).ok()?,
        dataset: DatasetId::read(parts.next()?).ok()?,
    };
    let table = dataset.table(TableId::read(parts.next()?).ok()?);
    let path: Vec<String> = parts.map(str::to_owned).collect();
    (!path.is_empty()).then_some((table, path))
}

#[derive(Deserialize)]
struct Tagged {
    #[serde(default)]
    schema: TaggedFields,
}

#[derive(Default, Deserialize)]
struct TaggedFields {
    #[serde(default)]
    fields: Vec<TaggedField>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TaggedField {
    name: String,
    #[serde(default)]
    policy_tags: Names,
    #[serde(default)]
    fields: Vec<TaggedField>,
}

#[derive(Default, Deserialize)]
struct Names {
    #[serde(default)]
    names: Vec<String>,
}

impl TaggedFields {
    fn tag_of(&self, path: &[String]) -> Option<&str> {
        let (first, rest) = path.split_first()?;
        let mut field = find(&self.fields, first)?;
        for name in rest {
            field = find(&field.fields, name)?;
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
        let name = field.policy_tags.names.first()?;
        (name.contains("/policyTags/") && name.chars().all(fits)).then_some(name)
    }
}

fn find<'a>(fields: &'a [TaggedField], name: &str) -> Option<&'a TaggedField> {
    fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::{Tagged, placed, split_column};
    use crate::bigquery::Location;
    use crate::ground::problem::{Answer, Code, Fact, Problem};

    #[test]
    fn a_column_is_taken_apart_wherever_the_dots_are() {
        let rows = [
            ("acme-dw.sales.orders.email", Some(("acme-dw:sales.orders", "email"))),
            (
                "acme-dw.sales.orders.address.street",
                Some(("acme-dw:sales.orders", "address.street")),
            ),
            (
                "example.com:acme-dw.sales.orders.email",
                Some(("example.com:acme-dw:sales.orders", "email")),
            ),
            ("acme-dw.sales.orders", None),
            ("email", None),
            ("acme-dw.sales`.orders.email", None),
        ];
        for (text, expected) in rows {
            let found = split_column(text).map(|(table, path)| (table.to_string(), path.join(".")));
            let expected = expected.map(|(table, path)| (table.to_owned(), path.to_owned()));
            assert_eq!(found, expected, "for {text:?}");
        }
    }

    #[test]
    fn the_table_tells_the_tags_name() {
        let name = "projects/acme-dw/locations/eu/taxonomies/12/policyTags/34";
        let table = serde_json::json!({"schema": {"fields": [
            {"name": "id", "type": "INTEGER"},
            {"name": "address", "type": "RECORD", "fields": [{"name": "Street", "policyTags": {"names": [name]}}]},
        ]}});
        let tagged: Tagged = serde_json::from_value(table).expect("a table");
        let tag = |path: &str| {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            tagged.schema.tag_of(&path).map(str::to_owned)
        };
        assert_eq!(
            tag("address.street").as_deref(),
            Some(name),
            "names of columns have no case"
        );
        assert_eq!(tag("id"), None);
        assert_eq!(tag("gone"), None);
    }

    #[test]
    fn what_was_not_found_in_one_place_is_in_another_or_nowhere() {
        let eu = Location::read("EU").expect("a location");
        let problem = |code, place| {
            let answer = Answer {
                status: Some(404),
                ..Answer::default()
            };
            Problem::new(code).with(Fact::Location, place).answered(answer)
        };
        let rows = [
            (Code::TableNotInLocation, "US", Code::DatasetElsewhere),
            (Code::DatasetNotInLocation, "US", Code::DatasetElsewhere),
            (Code::TableNotInLocation, "eu", Code::TableNotFound),
            // Google contradicts itself: then nothing more is said.
            (Code::DatasetNotInLocation, "EU", Code::DatasetNotInLocation),
        ];
        for (code, place, expected) in rows {
            let found = placed(problem(code, place), &eu);
            assert_eq!(found.code(), expected, "{code:?} in {place}");
            assert!(found.answer().is_some(), "what Google said stays");
        }
    }
}
