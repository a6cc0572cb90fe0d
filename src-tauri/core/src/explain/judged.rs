//! Hands the answer to the judge of its room, as the running product would.

use jiff::Timestamp;

use super::context::Context;
use super::network;
use super::pasted::{Call, Pasted};
use crate::bigquery::{self, Method, nearest};
use crate::clevertap::{self, Region};
use crate::google::{side_answer, token_answer};
use crate::ground::net::{Host, NetFailure, Reply};
use crate::ground::problem::{Answer, Code, Fact, Problem};

pub(super) fn judge(pasted: &Pasted) -> Vec<Problem> {
    let found = match pasted.call {
        Call::Network => network::problems(pasted),
        Call::Upload => upload(pasted),
        _ => vec![google(pasted)],
    };
    found
        .into_iter()
        .map(|problem| with_answer(with_meant(problem, &pasted.context), pasted))
        .collect()
}

/// The name that was meant, where an earlier step saw one that is nearly the one that was not found.
fn with_meant(problem: Problem, context: &Context) -> Problem {
    let (typed, seen, place) = match problem.code() {
        Code::DatasetNotFound | Code::DatasetNotInLocation | Code::DatasetGetDenied => {
            (Fact::Dataset, &context.seen_datasets, Fact::Meant)
        }
        Code::TableNotFound | Code::TableNotInLocation | Code::TablesGetDenied | Code::TablesGetDataDenied => {
            (Fact::Table, &context.seen_tables, Fact::Meant)
        }
        Code::ColumnGone => (Fact::Column, &context.seen_columns, Fact::Suggestion),
        _ => return problem,
    };
    let Some(typed) = problem.facts().get(typed) else {
        return problem;
    };
    let meant = nearest(typed, seen.iter().map(String::as_str)).map(str::to_owned);
    problem.with_some_else(place, meant)
}

/// The answer as the network client would hand it on, where there was one.
pub(super) fn heard(pasted: &Pasted) -> Option<Result<Reply, NetFailure>> {
    let host = host_name(pasted.call, &pasted.context);
    Some(Reply::judged(
        pasted.status?,
        &pasted.headers,
        pasted.body.clone(),
        &host,
        pasted.context.proxy.as_deref(),
    ))
}

fn upload(pasted: &Pasted) -> Vec<Problem> {
    let Some(heard) = heard(pasted) else {
        return network::of_text(pasted);
    };
    // Copied off the wire, a body stands behind its headers.
    let sent = pasted.request.as_deref();
    let sent = sent.and_then(|sent| Some(&sent[sent.find('{')?..]));
    let about = clevertap::pasted::Asked {
        account_id: pasted.context.account_id.as_deref(),
        region: region(&pasted.context),
        sent: sent.map(str::as_bytes),
    };
    clevertap::pasted::problems(heard, &about)
}

fn google(pasted: &Pasted) -> Problem {
    let context = &pasted.context;
    let reply = match heard(pasted) {
        Some(Ok(reply)) => reply,
        Some(Err(failure)) => return failure.problem(),
        None => return network::of_text(pasted).swap_remove(0),
    };
    let problem = match pasted.call {
        Call::Token => token(context, &reply),
        Call::ProjectsGet => side(side_answer::Call::ProjectsGet, context, &reply),
        Call::TestIamPermissions => side(side_answer::Call::TestIamPermissions, context, &reply),
        Call::KeysCreate => side(side_answer::Call::KeysCreate, context, &reply),
        Call::ServiceEnable => side(side_answer::Call::ServiceEnable, context, &reply),
        Call::TablesList => bigquery(Method::TablesList, context, reply),
        Call::TabledataList => bigquery(Method::TabledataList, context, reply),
        Call::JobsInsert => bigquery(Method::JobsInsert, context, reply),
        Call::GetQueryResults => bigquery(Method::GetQueryResults, context, reply),
        Call::DatasetsGet | Call::Upload | Call::Network => bigquery(Method::DatasetsGet, context, reply),
    };
    problem.unwrap_or_else(|| Problem::new(Code::NothingWrong))
}

fn token(context: &Context, reply: &Reply) -> Option<Problem> {
    let asking = token_answer::Asking {
        member: context.member.clone(),
        key_tail: context.key_id.as_deref().map(tail),
        asked_at: context.asked_at.and_then(|second| Timestamp::from_second(second).ok()),
    };
    if reply.is_success() {
        return token_answer::granted(reply).err();
    }
    Some(token_answer::refused(reply, &asking))
}

fn side(call: side_answer::Call, context: &Context, reply: &Reply) -> Option<Problem> {
    let asked = side_answer::Asked {
        member: context.member.clone(),
        project: context.project.clone(),
        permissions: context.permissions.clone(),
    };
    side_answer::judge(call, &asked, reply).err()
}

pub(super) fn bigquery(method: Method, context: &Context, reply: Reply) -> Option<Problem> {
    let about_job = matches!(method, Method::JobsInsert | Method::GetQueryResults);
    let project = if about_job {
        context.billing_project.as_ref().or(context.project.as_ref())
    } else {
        context.project.as_ref()
    };
    let asked = bigquery::Asked {
        method: method.name(),
        member: context.member.clone().unwrap_or_default(),
        project: project.cloned().unwrap_or_default(),
        dataset_project: context.project.clone(),
        dataset: context.dataset.clone(),
        table: context.table.clone(),
        location: context.location.clone(),
        job: context.job.clone().filter(|_| about_job),
        dataset_location: context.dataset_location.clone(),
        known_place: None,
    };
    bigquery::judge(method, &asked, reply).err()
}

/// What is shown of an answer: enough to hold any error whole.
const READABLE: usize = 100_000;

/// Whoever judged, the whole answer is there to be read.
fn with_answer(problem: Problem, pasted: &Pasted) -> Problem {
    let told = problem.answer().cloned().unwrap_or_default();
    let shown = &pasted.whole[..pasted.whole.len().min(READABLE)];
    let mut body = String::from_utf8_lossy(shown).into_owned();
    if shown.len() < pasted.whole.len() {
        body.push('…');
    }
    problem.answered(Answer {
        asked: Some(told.asked)
            .filter(|asked| !asked.is_empty())
            .unwrap_or_else(|| pasted.call.as_str().to_owned()),
        status: pasted.status.or(told.status),
        said: told.said,
        body: Some(body).filter(|body| !body.is_empty()),
    })
}

fn host_name(call: Call, context: &Context) -> String {
    let host = match call {
        Call::Token => Host::GoogleToken,
        Call::ProjectsGet | Call::TestIamPermissions => Host::ResourceManager,
        Call::KeysCreate => return "iam.googleapis.com".to_owned(),
        Call::ServiceEnable => return "serviceusage.googleapis.com".to_owned(),
        Call::Upload => match region(context) {
            Some(region) => region.host(),
            None => return "CleverTap".to_owned(),
        },
        Call::Network => return context.host.clone().unwrap_or_else(|| "the host".to_owned()),
        _ => Host::BigQuery,
    };
    context.host.clone().unwrap_or_else(|| host.name().to_owned())
}

pub(super) fn region(context: &Context) -> Option<Region> {
    let name = context.region.as_deref()?;
    let named = |region: &Region| region.words().eq_ignore_ascii_case(name);
    Region::coded(name).or_else(|| Region::ALL.into_iter().find(named))
}

fn tail(id: &str) -> String {
    let skipped = id.chars().count().saturating_sub(4);
    id.chars().skip(skipped).collect()
}
