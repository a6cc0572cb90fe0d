//! `POST /1/upload`: who may, how many at once, what the answer looks like.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::Json;
use super::{CleverTap, Slot, record};
use crate::ask::Ask;
use crate::reply::Reply;

/// Records that one call may carry.
const MOST_RECORDS: usize = 1000;

#[derive(Deserialize)]
struct Upload<'a> {
    #[serde(borrow)]
    d: Vec<&'a RawValue>,
}

/// Answers one call; every path under the region other than the upload is unknown.
pub(crate) fn answer(clevertap: &CleverTap, ask: &Ask, slot: Option<&Slot>) -> Reply {
    if ask.path().get(2..) != Some(&["1", "upload"][..]) {
        return refused(404, "Not found");
    }
    if ask.method != hyper::Method::POST {
        return refused(405, "Method not allowed");
    }
    let Some(slot) = slot else {
        return refused(401, clevertap.why_not(ask));
    };
    if slot.over {
        return crowded();
    }
    let Ok(upload) = serde_json::from_slice::<Upload<'_>>(&ask.body) else {
        return refused(400, "Malformed request");
    };
    if upload.d.len() > MOST_RECORDS {
        return refused(400, "Malformed request");
    }
    processed(clevertap, ask, slot, &upload.d)
}

fn processed(clevertap: &CleverTap, ask: &Ask, slot: &Slot, records: &[&RawValue]) -> Reply {
    let rules = clevertap.rules(&slot.account);
    let mut unprocessed = Vec::new();
    let mut kept = Vec::with_capacity(records.len());
    for (index, raw) in records.iter().enumerate() {
        let mut echo: Json = serde_json::from_str(raw.get()).unwrap_or(Json::Null);
        match record::judge(&mut echo, index + 1, &rules) {
            Ok(()) => kept.push((*raw, echo)),
            Err(refusal) => unprocessed.push(object([
                ("status", Json::Text("fail".into())),
                ("code", Json::Number(refusal.code.into())),
                ("error", Json::Text(refusal.message)),
                ("record", echo),
            ])),
        }
    }
    let status = match (kept.len(), unprocessed.len()) {
        (_, 0) => "success",
        (0, _) => "fail",
        _ => "partial",
    };
    let reply = object([
        ("status", Json::Text(status.into())),
        ("processed", Json::Number(kept.len().into())),
        ("unprocessed", Json::List(unprocessed)),
    ]);
    if !ask.flag("dryRun") {
        clevertap.keep(&slot.account, ask.number, &kept);
    }
    let reply = worded(200, &reply);
    if rules.connection_close {
        reply.with("connection", "close")
    } else {
        reply
    }
}

pub(super) fn crowded() -> Reply {
    refused(429, "Too many concurrent requests")
}

fn refused(status: u16, error: &str) -> Reply {
    let body = object([
        ("status", Json::Text("fail".into())),
        ("error", Json::Text(error.into())),
        ("code", Json::Number(status.into())),
    ]);
    worded(status, &body)
}

fn worded(status: u16, body: &Json) -> Reply {
    Reply::text(status, "application/json;charset=utf-8", body.to_string())
}

fn object<const N: usize>(pairs: [(&str, Json); N]) -> Json {
    Json::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}
