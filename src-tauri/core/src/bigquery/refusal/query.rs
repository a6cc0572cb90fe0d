//! What is wrong with a query or with what it reads. BigQuery's reasons here are few (`invalid`, `invalidQuery`), so its
//! sentences tell; each is matched at its start, or by words that stand in no other.

use super::super::asked::{Asked, Named};
use crate::google::refusal::Refusal;
use crate::ground::problem::{Code, Fact, Problem};

pub(super) fn invalid(refusal: &Refusal, asked: &Asked) -> Problem {
    let said = refusal.message.as_str();
    if let Some(problem) = without_bigquery(said, asked) {
        return problem;
    }
    let problem = view_broken(said, asked)
        .or_else(|| columns(said, asked))
        .or_else(|| tables(said, asked))
        .or_else(|| values(said, asked))
        .or_else(|| names(said, asked));
    problem.unwrap_or_else(|| {
        let about_sql = refusal.reason == "invalidQuery" || refusal.place == "query" || position(said).is_some();
        if about_sql {
            with_words(asked.problem(Code::QueryInvalid), said)
        } else {
            asked.problem(Code::GoogleRefused)
        }
    })
}

/// `The project acme-dw has not enabled BigQuery.`: of a project whose API is off (forseti-security#737, 2017), and of one that
/// is none, such as a dataset in a project's place (bigquery-public threads, 2021 to 2026).
fn without_bigquery(said: &str, asked: &Asked) -> Option<Problem> {
    let (before, _) = said.split_once(" has not enabled BigQuery")?;
    let name = before.rsplit(' ').next()?;
    let is_asked = asked.project == name || asked.dataset_project.as_deref() == Some(name);
    let fits = crate::google::refusal::is_project(name);
    if fits && (is_asked || asked.project.is_empty()) {
        let problem = Problem::new(Code::ApiDisabled).with(Fact::Service, super::BIGQUERY);
        return Some(asked.complete(problem.with(Fact::Project, name)));
    }
    let problem = Problem::new(Code::ProjectWithoutBigquery).with(Fact::Service, super::BIGQUERY);
    Some(asked.complete(problem.with(Fact::Project, name.chars().take(64).collect::<String>())))
}

/// `…; failed to parse view 'p.d.v' at [1:15]` behind any other sentence (metabase and superset threads, 2020 to 2025), or
/// `Failed to parse view …` in front.
pub(super) fn view_broken(said: &str, asked: &Asked) -> Option<Problem> {
    let at = said.find("ailed to parse view '")?;
    let (view, _) = said[at + "ailed to parse view '".len()..].split_once('\'')?;
    let why = said[..at].trim_end_matches(['F', 'f']).trim_end_matches([' ', ';']);
    let why = if why.is_empty() { said } else { why };
    let named = Named::read(view);
    let about = named.map_or_else(|| asked.clone(), |named| asked.about(named));
    let problem = about.problem(Code::ViewBroken).with(Fact::View, view);
    Some(with_words(problem, why))
}

fn columns(said: &str, asked: &Asked) -> Option<Problem> {
    // `Unrecognized name: emial; Did you mean email? at [1:8]`; `Name x not found inside t at [2:5]` (dbt-core threads, 2019 on).
    let gone = said
        .strip_prefix("Unrecognized name: ")
        .or_else(|| {
            said.strip_prefix("Name ")
                .filter(|rest| rest.contains(" not found inside "))
        })
        .or_else(|| {
            said.strip_prefix("Field name ")
                .filter(|rest| rest.contains(" does not exist in "))
        })
        // `tabledata.list` with a field that is not there.
        .or_else(|| said.strip_prefix("No such field: "));
    if let Some(rest) = gone {
        let column = word(rest);
        let better = said.split_once("Did you mean ").map(|(_, rest)| word(rest));
        let problem = asked.problem(Code::ColumnGone).with(Fact::Column, column);
        return Some(placed(problem.with_some(Fact::Suggestion, better), said));
    }
    // `Column name id is ambiguous at [1:8]`; `Column id in USING clause is ambiguous on left side of join at …`; `Name id is
    // ambiguous inside t at …`.
    if let Some(rest) = said
        .strip_prefix("Column ")
        .or_else(|| said.strip_prefix("Name "))
        .filter(|rest| rest.contains(" is ambiguous"))
    {
        let column = word(rest.strip_prefix("name ").unwrap_or(rest));
        return Some(placed(
            asked.problem(Code::QueryColumnAmbiguous).with(Fact::Column, column),
            said,
        ));
    }
    // `Duplicate column names in the result are not supported. Found duplicate(s): id`.
    if said.starts_with("Duplicate column name") {
        let column = said.split_once("duplicate(s): ").map(|(_, rest)| word(rest));
        return Some(placed(
            asked.problem(Code::QueryColumnTwice).with_some(Fact::Column, column),
            said,
        ));
    }
    None
}

fn tables(said: &str, asked: &Asked) -> Option<Problem> {
    // `tabledata.list` on what has no rows of its own: `Cannot list a table of type VIEW.` (python-bigquery and airbyte, 2018 on).
    if let Some(rest) = said.strip_prefix("Cannot list a table of type ") {
        return Some(asked.problem(Code::TableHasNoRows).with(Fact::Found, word(rest)));
    }
    // BigQuery's page on partitioned tables, 2026.
    if let Some((table, columns)) = said
        .split_once("Cannot query over table '")
        .and_then(|(_, rest)| rest.split_once("' without a filter over column(s) "))
    {
        let about = asked.of(table);
        let columns = columns.split(" that can be used").next().unwrap_or_default();
        return Some(
            about
                .problem(Code::PartitionFilterNeeded)
                .with(Fact::Column, columns.replace('\'', "")),
        );
    }
    let lower = said.to_ascii_lowercase();
    // PostgreSQL's own words, handed through: `ERROR: permission denied for table customers`. BigQuery writes a capital.
    for mark in [
        "permission denied for table ",
        "permission denied for relation ",
        "permission denied for schema ",
    ] {
        if let Some((_, rest)) = said.split_once(mark) {
            return Some(asked.problem(Code::UpstreamDenied).with(Fact::Name, word(rest)));
        }
    }
    if let Some(problem) = upstream(said, &lower, asked) {
        return Some(problem);
    }
    // Change data that BigQuery has not merged yet (BigQuery's page on change data capture, 2026).
    if lower.contains("upsert") && (lower.contains("pending") || lower.contains("max_staleness")) {
        return Some(asked.problem(Code::UpsertsPending));
    }
    if lower.contains("cannot read and write in different locations") {
        return Some(with_words(asked.problem(Code::LocationsMixed), said));
    }
    // `Table name "orders" missing dataset while no default dataset is set in the request.` (jupysql and dbt threads, 2019 on).
    if let Some(rest) = said.strip_prefix("Table name \"")
        && let Some((name, _)) = rest.split_once("\" missing dataset while no default dataset is set")
    {
        return Some(placed(
            asked.problem(Code::TableUnqualified).with(Fact::Name, name),
            said,
        ));
    }
    // `Table "orders" must be qualified with a dataset (e.g. dataset.table).`
    if said.starts_with("Table ") && said.contains(" must be qualified with a dataset") {
        let name = said["Table ".len()..].split(" must be").next().unwrap_or_default();
        return Some(placed(
            asked
                .problem(Code::TableUnqualified)
                .with(Fact::Name, name.trim_matches('"')),
            said,
        ));
    }
    None
}

/// What another database said to a connection, handed through by `EXTERNAL_QUERY` (BigQuery's page on federated queries, 2026;
/// metabase and dbt threads, 2021 on).
fn upstream(said: &str, lower: &str, asked: &Asked) -> Option<Problem> {
    let of_other = ["failed to connect to ", "failed to fetch row from ", "mysqlerrorcode("];
    if !of_other.iter().any(|mark| lower.contains(mark)) {
        return None;
    }
    let denied = [
        "password authentication failed",
        "access denied for user",
        "mysqlerrorcode(1045)",
    ];
    let code = if denied.iter().any(|mark| lower.contains(mark)) {
        Code::UpstreamDenied
    } else {
        Code::UpstreamUnreachable
    };
    let line = said.lines().find(|line| line.contains("Error: ")).unwrap_or(said);
    let why = line.split_once("Error: ").map_or(line, |(_, why)| why);
    let why = why.split(" at [").next().unwrap_or(why).trim_start_matches("ERROR:");
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(placed(
        asked.problem(code).with(Fact::Detail, why.trim_end_matches('.')),
        said,
    ))
}

/// A value in the data on which the whole query fails.
fn values(said: &str, asked: &Asked) -> Option<Problem> {
    const STARTS: [&str; 24] = [
        "Array index ",
        "Could not parse '",
        "Error while reading data",
        "Error while reading table",
        "Failed to parse input string",
        "Integer Overflow",
        "Invalid cast of ",
        "Invalid JSON ",
        "Bad bool value",
        "Bad int64 value",
        "Bad double value",
        "Bad float64 value",
        "Could not cast value",
        "Division by zero",
        "division by zero",
        "Invalid date: ",
        "Invalid datetime string",
        "Invalid timestamp",
        "Invalid NUMERIC value",
        "Invalid BIGNUMERIC value",
        "Illegal conversion of non-finite",
        "int64 overflow",
        "numeric overflow",
        "Scalar subquery produced more than one element",
    ];
    STARTS
        .iter()
        .any(|start| said.starts_with(start))
        .then(|| with_words(asked.problem(Code::QueryValueUnfit), said))
}

fn names(said: &str, asked: &Asked) -> Option<Problem> {
    // `Location xx does not support this operation.`; `Invalid value for location: xx is not a valid value`.
    if said.contains("does not support this operation") || said.starts_with("Invalid value for location") {
        let place = said
            .split_once("Location ")
            .or_else(|| said.split_once("location: "))
            .map(|(_, rest)| word(rest));
        let problem = asked.problem(Code::LocationUnknown);
        return Some(problem.with_some(Fact::Location, place));
    }
    // Of a location that is none, with its name; and without one of a project that is none (recorded on 2026-10-10, xo/dbimp).
    if let Some(rest) = said.strip_prefix("Cannot parse ")
        && let Some((place, _)) = rest.split_once(" as CloudRegion")
    {
        let place = place.trim().trim_matches(['\'', '"', '`']);
        if place.is_empty() {
            return Some(asked.problem(Code::ProjectNotFound));
        }
        return Some(asked.problem(Code::LocationUnknown).with(Fact::Location, place));
    }
    // A client's own word, where a dataset was named with its project (posthog's BigQuery source, 2026).
    if let Some((_, found)) = said.split_once("must be a fully-qualified ID in standard SQL format") {
        let found = found.split_once("got ").map(|(_, found)| word(found));
        return Some(
            asked
                .problem(Code::NameRefused)
                .with(Fact::Name, "table")
                .with_some(Fact::Found, found),
        );
    }
    // `Invalid dataset ID "my-set". Dataset IDs must be alphanumeric (plus underscores)…`; `Invalid project ID 'X'. …`.
    let rest = said.strip_prefix("Invalid ")?;
    let (kind, rest) = rest.split_once(" ID ")?;
    if !["project", "dataset", "table", "job"].contains(&kind) {
        return None;
    }
    let found = rest
        .split(". ")
        .next()
        .unwrap_or_default()
        .trim_matches(['"', '\'', '`']);
    Some(
        asked
            .problem(Code::NameRefused)
            .with(Fact::Name, kind)
            .with(Fact::Found, found.chars().take(120).collect::<String>()),
    )
}

/// The first word, without marks around it.
fn word(rest: &str) -> String {
    let word = rest.split([' ', ';', ',', '?', '\n']).next().unwrap_or_default();
    word.trim_end_matches('.').trim_matches(['`', '"', '\'']).to_owned()
}

fn with_words(problem: Problem, said: &str) -> Problem {
    let problem = problem.with(Fact::Detail, said.trim_end_matches('.'));
    placed(problem, said)
}

fn placed(problem: Problem, said: &str) -> Problem {
    problem.with_some(Fact::Position, position(said))
}

/// `… at [3:14]`, where the text stops making sense.
pub(super) fn position(said: &str) -> Option<&str> {
    let (_, rest) = said.split_once("at [")?;
    let (position, _) = rest.split_once(']')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (line, column) = position.split_once(':')?;
    (digits(line) && digits(column)).then_some(position)
}
