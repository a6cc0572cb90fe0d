//! What was not found: the thing, and whether it may be somewhere else. `Not found: Dataset p:d`, with ` was not found in
//! location US` behind it where a job ran there (BigQuery's error table, 2026-11; dbt-bigquery and airbyte threads, 2019 to 2025).

use super::super::asked::Asked;
use super::elsewhere;
use crate::google::refusal::Refusal;
use crate::ground::problem::{Code, Fact, Problem};

/// A thing that was not found, and no name of it: `Requested entity was not found.`, as newer APIs write. What was asked about
/// is the thing.
pub(super) fn unnamed(asked: &Asked) -> Problem {
    asked.problem(match asked.method {
        "datasets.get" | "tables.list" => Code::DatasetNotFound,
        "tabledata.list" => Code::TableNotFound,
        "jobs.getQueryResults" => Code::JobNotFound,
        _ => Code::ThingNotFound,
    })
}

/// `None` where the sentence is no such sentence.
pub(super) fn missing(refusal: &Refusal, asked: &Asked) -> Option<Problem> {
    let said = refusal.message.as_str();
    let rest = said.strip_prefix("Not found: ")?;
    if let Some(problem) = super::query::view_broken(said, asked) {
        return Some(problem);
    }
    let (kind, name) = rest.split_once(' ').unwrap_or((rest, ""));
    let (name, place) = match name.split_once(" was not found in location ") {
        Some((name, place)) => (name, place.split([' ', '.', ';', ',']).next()),
        None => (name, None),
    };
    let end = ["; ", " at [", ". ", "\n"]
        .iter()
        .filter_map(|mark| name.find(mark))
        .min();
    let name = name[..end.unwrap_or(name.len())].trim_end_matches([';', '.']);
    let about = Asked {
        location: place.map(str::to_owned).or(asked.location.clone()),
        ..asked.of(name)
    };
    let problem = match kind {
        "Project" => about.problem(Code::ProjectNotFound),
        "Dataset" | "Table" | "View" if let Some(problem) = elsewhere(&about) => problem,
        // The place is right, so it is the name that is wrong.
        "Dataset" if place.is_none() || about.dataset_location.is_some() => about.problem(Code::DatasetNotFound),
        "Dataset" => about.problem(Code::DatasetNotInLocation),
        "Table" | "View" if is_result(&about) => about.problem(Code::ResultGone),
        "Table" | "View" if place.is_none() || about.dataset_location.is_some() => about.problem(Code::TableNotFound),
        "Table" | "View" => about.problem(Code::TableNotInLocation),
        "Job" => asked
            .problem(Code::JobNotFound)
            .with_some_else(Fact::Job, name.rsplit(['.', ':']).next().filter(|id| !id.is_empty())),
        _ => asked
            .problem(Code::ThingNotFound)
            .with(Fact::Found, kind.to_lowercase())
            .with_some(Fact::Name, Some(name).filter(|name| !name.is_empty())),
    };
    Some(problem)
}

/// Results of queries lie in hidden datasets under names of their own.
fn is_result(about: &Asked) -> bool {
    let begins = |part: &Option<String>, mark| part.as_deref().is_some_and(|part| part.starts_with(mark));
    begins(&about.dataset, "_") && begins(&about.table, "anon")
}
