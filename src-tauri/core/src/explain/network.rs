//! What a failure on the way means: an answer by the judges of answers, and words by the wordings that are known.

use super::judged::{bigquery, heard, region};
use super::pasted::Pasted;
use crate::bigquery::Method;
use crate::clevertap;
use crate::clevertap::UploadReply;
use crate::ground::net::told::{self, Told};
use crate::ground::net::{NetFailure, Reply};
use crate::ground::problem::{Code, Problem};

pub(super) fn problems(pasted: &Pasted) -> Vec<Problem> {
    match heard(pasted) {
        Some(Ok(reply)) => answer(pasted, reply),
        Some(Err(failure)) => vec![failure.problem()],
        None => of_text(pasted),
    }
}

/// What some program said that heard no answer.
pub(super) fn of_text(pasted: &Pasted) -> Vec<Problem> {
    let text = String::from_utf8_lossy(&pasted.body);
    let (host, proxy) = (pasted.context.host.as_deref(), pasted.context.proxy.as_deref());
    match told::told(&text, host, proxy) {
        Told::Answer(reply) => answer(pasted, reply),
        other => match told::problem(other, &text, host) {
            Ok(problem) => vec![problem],
            Err(reply) => answer(pasted, reply),
        },
    }
}

/// An answer of somebody's: whose it is shows in its form, and then it is no fault of the network's.
fn answer(pasted: &Pasted, reply: Reply) -> Vec<Problem> {
    let context = &pasted.context;
    let own = reply.json::<UploadReply>();
    if own.as_ref().is_ok_and(UploadReply::is_clevertaps) {
        let about = clevertap::pasted::Asked {
            account_id: context.account_id.as_deref(),
            region: region(context),
            sent: None,
        };
        return clevertap::pasted::problems(Ok(reply), &about);
    }
    if reply.is_success() {
        return vec![match reply.json::<serde::de::IgnoredAny>() {
            Ok(_) => Problem::new(Code::NothingWrong),
            Err(_) if reply.body.is_empty() && reply.status != 200 => Problem::new(Code::NothingWrong),
            Err(failure) => failure.problem(),
        }];
    }
    let odd = NetFailure::odd_status(&reply).problem();
    // Of all that Google says, these are about the way or about Google alone, whatever was asked.
    let of_the_way = [
        Code::AuthorizationMissing,
        Code::GoogleBusy,
        Code::RateLimited,
        Code::VpcPerimeter,
    ];
    let googles = reply
        .json::<serde::de::IgnoredAny>()
        .is_ok()
        .then(|| bigquery(Method::DatasetsGet, context, reply))
        .flatten();
    vec![
        googles
            .filter(|problem| of_the_way.contains(&problem.code()))
            .unwrap_or(odd),
    ]
}
