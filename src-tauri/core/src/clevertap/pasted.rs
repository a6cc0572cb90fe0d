//! An answer that somebody pasted, judged by the judge of the run itself: every problem in it, the gravest first.

use std::collections::BTreeMap;

use serde_json::Value;

use super::refusal::asked;
use super::reply::UploadReply;
use super::upload::judge;
use super::{Region, cuts, record};
use crate::ground::net::{NetFailure, Reply};
use crate::ground::problem::{Answer, Code, Fact, Problem};

/// Places that one problem lists.
const MOST_PLACES: usize = 20;

/// What is known besides the answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    pub account_id: Option<&'a str>,
    pub region: Option<Region>,
    /// The body of the call that was answered.
    pub sent: Option<&'a [u8]>,
}

/// Every problem in an answer to an upload, at least one: even a success may hide what is dropped later.
pub fn problems(heard: Result<Reply, NetFailure>, about: &Asked<'_>) -> Vec<Problem> {
    let status = match &heard {
        Ok(reply) => reply.status,
        Err(failure) => failure.status().unwrap_or_default(),
    };
    match judge(heard) {
        Err(failure) => vec![failure.told(about.account_id, about.region)],
        Ok(reply) => of_reply(&reply, status, about),
    }
}

fn of_reply(reply: &UploadReply, status: u16, about: &Asked<'_>) -> Vec<Problem> {
    let mut found = refusals(reply);
    let missing = missing(reply, about.sent);
    if missing != Some(0) {
        found.push(
            Problem::new(Code::CleverTapUncounted).with_some(Fact::Count, missing.map(|missing| missing.to_string())),
        );
    }
    if found.is_empty() {
        found = about.sent.map(cuts::of_call).unwrap_or_default();
        found.push(Problem::new(Code::CleverTapMayDrop));
    }
    found
        .into_iter()
        .map(|problem| with_answer(problem, reply, status, about))
        .collect()
}

/// One problem for each code, the commonest first.
fn refusals(reply: &UploadReply) -> Vec<Problem> {
    let mut by_code: Vec<(Option<u16>, Vec<usize>)> = Vec::new();
    for (place, refused) in reply.unprocessed().iter().enumerate() {
        match by_code.iter_mut().find(|(code, _)| *code == refused.code()) {
            Some((_, places)) => places.push(place),
            None => by_code.push((refused.code(), vec![place])),
        }
    }
    by_code.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
    let also: Vec<String> = by_code
        .iter()
        .map(|(code, places)| {
            let code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
            format!("{code} ({})", places.len())
        })
        .collect();
    by_code
        .iter()
        .enumerate()
        .map(|(rank, (_, places))| {
            let refused: Vec<_> = places.iter().map(|place| &reply.unprocessed()[*place]).collect();
            let numbers: Vec<String> = refused
                .iter()
                .filter_map(|refused| Some((refused.place()? + 1).to_string()))
                .take(MOST_PLACES)
                .collect();
            let others = || {
                let others: Vec<&str> = also
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != rank)
                    .map(|(_, words)| words.as_str())
                    .collect();
                others.join(", ")
            };
            let problem = record::of_refusal(refused[0]);
            // `count` is the properties of an event for 522, where its echo shows them, and how many records it is for all others.
            let problem = match problem.code() {
                Code::CleverTapEventProperties => problem,
                _ => problem.with_else(Fact::Count, refused.len().to_string()),
            };
            problem
                .with_some(Fact::Records, (!numbers.is_empty()).then(|| numbers.join(", ")))
                .with_some(Fact::Also, (also.len() > 1).then(others))
        })
        .collect()
}

/// Records that the answer does not account for. Nothing where it accounts for some, and how many there were is unknown.
fn missing(reply: &UploadReply, sent: Option<&[u8]>) -> Option<u64> {
    let told = reply.unprocessed().len() as u64;
    let counted = reply.processed().map(|processed| processed + told);
    if let Some(sent) = sent.and_then(records) {
        return Some(sent.saturating_sub(counted.unwrap_or(told)));
    }
    // Without the call, the answer must agree with itself.
    let agrees = match (reply.status(), counted) {
        ("success", Some(_)) => told == 0,
        ("partial", Some(_)) => told > 0,
        ("fail", Some(counted)) => told > 0 && counted == told,
        _ => false,
    };
    agrees.then_some(0)
}

fn records(sent: &[u8]) -> Option<u64> {
    let call: BTreeMap<String, Value> = serde_json::from_slice(sent).ok()?;
    Some(call.get("d")?.as_array()?.len() as u64)
}

fn with_answer(problem: Problem, reply: &UploadReply, status: u16, about: &Asked<'_>) -> Problem {
    let said = problem.answer().and_then(|answer| answer.said.clone());
    problem
        .with(Fact::Status, status.to_string())
        .with_some(Fact::Processed, reply.processed().map(|count| count.to_string()))
        .with_some(Fact::AccountId, about.account_id)
        .with_some(Fact::Region, about.region.map(Region::words))
        .answered(Answer {
            asked: asked(about.region),
            status: Some(status),
            said: said.or_else(|| reply.said().map(str::to_owned)),
            body: None,
        })
}
