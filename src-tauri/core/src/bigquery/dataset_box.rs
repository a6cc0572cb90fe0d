//! Reads what people put into the dataset box: a bare ID, a path, a quoted path, a console address.

use reqwest::Url;

use super::ids::{DatasetId, ProjectId, TableId, excerpt};
use crate::ground::problem::{Code, Fact, Problem};

/// What the text in the dataset box names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetBox {
    pub dataset: DatasetId,
    /// The project, where the text named one.
    pub project: Option<ProjectId>,
    /// The table, where the text named one.
    pub table: Option<TableId>,
    pub shape: Shape,
}

/// How the text was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A bare dataset ID.
    Plain,
    /// `project.dataset`, `project:dataset` or a table's path, with or without quotes.
    Path,
    /// An address copied from Google's console.
    ConsoleUrl,
}

impl DatasetBox {
    /// One sentence on how the text was split. Nothing where there was nothing to split.
    pub fn explained(&self) -> Option<String> {
        let dataset = &self.dataset;
        let from = match self.shape {
            Shape::Plain => return None,
            Shape::Path => "This was a path",
            Shape::ConsoleUrl => "This was a link to Google's console",
        };
        Some(match (&self.project, &self.table) {
            (Some(project), Some(table)) => {
                format!("{from}: project {project}, dataset {dataset}, table {table}.")
            }
            (Some(project), None) => format!("{from}: project {project}, dataset {dataset}."),
            (None, Some(table)) => format!("{from}: dataset {dataset}, table {table}."),
            (None, None) => format!("{from}: dataset {dataset}."),
        })
    }
}

/// Splits the text of the dataset box into what it names.
pub fn read(text: &str) -> Result<DatasetBox, Problem> {
    let text = text.trim().trim_end_matches(';').trim();
    if text.starts_with("https://") || text.starts_with("http://") || text.starts_with("console.cloud.google.com") {
        return read_url(text);
    }
    let bare = text.replace(['`', '"', '\'', '[', ']'], "");
    let parts = split_path(bare.trim());
    let shape = if parts.len() > 1 || bare.len() != text.len() {
        Shape::Path
    } else {
        Shape::Plain
    };
    let invalid = || Problem::new(Code::DatasetIdInvalid).with(Fact::Found, excerpt(text));
    match parts.as_slice() {
        [dataset] => Ok(DatasetBox {
            dataset: DatasetId::read(dataset)?,
            project: None,
            table: None,
            shape,
        }),
        // Two parts may be project.dataset or dataset.table. Only a project may hold a hyphen, and only a table need
        // not be a dataset's name; where both readings fit, people paste the project, as BigQuery's own tree shows it.
        [first, second] => match (ProjectId::read(first), DatasetId::read(second)) {
            (Ok(project), Ok(dataset)) => Ok(DatasetBox {
                dataset,
                project: Some(project),
                table: None,
                shape,
            }),
            _ => Ok(DatasetBox {
                dataset: DatasetId::read(first).map_err(|_| invalid())?,
                project: None,
                table: Some(TableId::read(second)?),
                shape,
            }),
        },
        [project, dataset, table] => Ok(DatasetBox {
            dataset: DatasetId::read(dataset)?,
            project: Some(ProjectId::read(project)?),
            table: Some(TableId::read(table)?),
            shape,
        }),
        _ => Err(invalid()),
    }
}

/// Splits at dots and colons, but keeps the colon of `example.com:project` within the project.
fn split_path(text: &str) -> Vec<String> {
    if let Some((domain, rest)) = text.split_once(':')
        && domain.contains('.')
    {
        let mut parts: Vec<String> = rest.split(['.', ':']).map(str::to_owned).collect();
        if let Some(first) = parts.first_mut() {
            *first = format!("{domain}:{first}");
        }
        return parts;
    }
    text.split(['.', ':']).map(|part| part.trim().to_owned()).collect()
}

/// Reads an address of BigQuery's console: `?p=…&d=…&t=…`, or `ws=…!1sproject!2sdataset!3stable`.
fn read_url(text: &str) -> Result<DatasetBox, Problem> {
    let unread = || Problem::new(Code::DatasetUrlUnread);
    let url = if text.starts_with("http") {
        Url::parse(text)
    } else {
        Url::parse(&format!("https://{text}"))
    };
    let url = url.map_err(|_| unread())?;
    if !url.host_str().is_some_and(|host| {
        host == "console.cloud.google.com"
            || host == "bigquery.cloud.google.com"
            || host == "console.developers.google.com"
    }) {
        return Err(unread());
    }
    let asked = |name: &str| {
        url.query_pairs()
            .find_map(|(key, value)| (key == name && !value.is_empty()).then(|| value.into_owned()))
    };
    let workspace = asked("ws").unwrap_or_default();
    let within = |mark: &str| {
        workspace
            .split('!')
            .rev()
            .find_map(|part| part.strip_prefix(mark).map(str::to_owned))
    };
    let dataset = asked("d").or_else(|| within("2s")).ok_or_else(unread)?;
    let project = asked("p").or_else(|| within("1s")).or_else(|| asked("project"));
    let table = asked("t").or_else(|| within("3s"));
    Ok(DatasetBox {
        dataset: DatasetId::read(&dataset).map_err(|_| unread())?,
        project: project
            .map(|id| ProjectId::read(&id))
            .transpose()
            .map_err(|_| unread())?,
        table: table.map(|id| TableId::read(&id)).transpose().map_err(|_| unread())?,
        shape: Shape::ConsoleUrl,
    })
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::ground::problem::Code;

    #[test]
    fn what_people_paste_is_split_into_its_parts() {
        let rows: &[(&str, Option<&str>, &str, Option<&str>)] = &[
            ("sales", None, "sales", None),
            ("  sales\n", None, "sales", None),
            ("`sales`", None, "sales", None),
            ("acme-dw.sales", Some("acme-dw"), "sales", None),
            ("acme-dw:sales", Some("acme-dw"), "sales", None),
            ("`acme-dw`.`sales`", Some("acme-dw"), "sales", None),
            ("`acme-dw.sales.orders`", Some("acme-dw"), "sales", Some("orders")),
            ("acme-dw:sales.orders", Some("acme-dw"), "sales", Some("orders")),
            ("[acme-dw:sales.orders]", Some("acme-dw"), "sales", Some("orders")),
            (
                "acme-dw.sales.events$20260101",
                Some("acme-dw"),
                "sales",
                Some("events$20260101"),
            ),
            ("example.com:acme-dw.sales", Some("example.com:acme-dw"), "sales", None),
            (
                "example.com:acme-dw:sales.orders",
                Some("example.com:acme-dw"),
                "sales",
                Some("orders"),
            ),
            ("Sales_EU.daily-orders", None, "Sales_EU", Some("daily-orders")),
            (
                "https://console.cloud.google.com/bigquery?project=pays-here&p=acme-dw&d=sales&page=dataset",
                Some("acme-dw"),
                "sales",
                None,
            ),
            (
                "https://console.cloud.google.com/bigquery?project=pays-here&ws=!1m5!1m4!4m3!1sacme-dw!2ssales!3sorders",
                Some("acme-dw"),
                "sales",
                Some("orders"),
            ),
            (
                "console.cloud.google.com/bigquery?ws=!1m4!1m3!3m2!1sacme-dw!2ssales",
                Some("acme-dw"),
                "sales",
                None,
            ),
        ];
        for (text, project, dataset, table) in rows {
            let found = read(text).unwrap_or_else(|problem| panic!("{text:?} gave {problem}"));
            assert_eq!(
                found.project.as_ref().map(super::super::ids::ProjectId::as_str),
                *project,
                "project of {text:?}"
            );
            assert_eq!(found.dataset.as_str(), *dataset, "dataset of {text:?}");
            assert_eq!(
                found.table.as_ref().map(super::super::ids::TableId::as_str),
                *table,
                "table of {text:?}"
            );
            let bare = found.project.is_none() && found.table.is_none() && !text.contains('`');
            assert_eq!(found.explained().is_none(), bare, "a split is explained: {text:?}");
        }
    }

    #[test]
    fn what_names_no_dataset_is_refused_with_its_reason() {
        let rows = [
            ("", Code::FieldEmpty),
            ("my sales", Code::DatasetIdInvalid),
            ("a.b.c.d.e", Code::DatasetIdInvalid),
            ("my-dataset", Code::DatasetIdInvalid),
            (
                "https://console.cloud.google.com/bigquery?project=acme-dw",
                Code::DatasetUrlUnread,
            ),
            ("https://example.com/?p=acme-dw&d=sales", Code::DatasetUrlUnread),
        ];
        for (text, code) in rows {
            assert_eq!(read(text).map_err(|problem| problem.code()), Err(code), "for {text:?}");
        }
    }
}
