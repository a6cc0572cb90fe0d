//! Quotas, rates, caps, sizes and times: what was too much, and when it is allowed again.

use super::super::asked::Asked;
use crate::google::refusal::Refusal;
use crate::ground::problem::{Code, Fact, Problem};

const MIDNIGHT: &str = "at midnight, Pacific time";

pub(super) fn quota(refusal: &Refusal, asked: &Asked) -> Problem {
    let said = refusal.message.as_str();
    // HTTPArchive/har.fyi#10, 2024-07; basedosdados/pipelines#1123, 2025-06.
    if said.starts_with("Custom quota exceeded") {
        let quota = said
            .split_once("custom quota for ")
            .and_then(|(_, rest)| rest.split([',', ' ', '.']).next());
        return asked
            .problem(Code::CustomQuotaExceeded)
            .with_some(Fact::Quota, quota)
            .with(Fact::Resets, MIDNIGHT);
    }
    // xlang-ai/Spider2#5, 2024-10, with its `location`; the sentence alone from pypinfo#30, 2017-11; `Exceeded quota: too many
    // free query bytes scanned for this project` from 2014.
    if refusal.place == "unbilled.analysis" || said.contains("free query bytes scanned") {
        return asked
            .problem(Code::FreeQuotaExceeded)
            .with(Fact::Resets, "with the next calendar month");
    }
    if said.contains("available for shuffle operations") || said.contains("total shuffle size") {
        return asked.problem(Code::ResourcesExceeded);
    }
    // `…exceeded quota for tabledata.list bytes per second per project`, `…too many concurrent queries…` (BigQuery's page on quota
    // errors, 2026): these pass by themselves within moments.
    // A queue of queries that is full empties as they run.
    let passes = [
        "per second",
        "concurrent",
        "rate limit",
        "per minute",
        "api requests",
        "that can be queued",
    ];
    let lower = said.to_ascii_lowercase();
    if passes.iter().any(|mark| lower.contains(mark)) {
        return asked.problem(Code::RateLimited);
    }
    // `Your table exceeded quota for imports or query appends per table. For more information, see …`
    let named = said.split_once(" exceeded quota for ").map(|(_, rest)| {
        let rest = rest.split(". ").next().unwrap_or(rest);
        rest.trim_end_matches('.').to_owned()
    });
    asked
        .problem(Code::QuotaExceeded)
        .with(Fact::Resets, MIDNIGHT)
        .with_some(Fact::Quota, named)
}

/// `Query exceeded limit for bytes billed: 1000000. 10485760 or higher required.`
/// (BigQuery's page on controlling costs, 2026-11; dbt-bigquery threads since 2020.)
pub(super) fn bytes_cap(said: &str, asked: &Asked) -> Option<Problem> {
    let rest = said.split_once("exceeded limit for bytes billed")?.1;
    let digits = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let limit = rest
        .trim_start_matches(':')
        .trim_start()
        .split(['.', ' '])
        .next()
        .filter(digits);
    let needed = rest
        .split_once(" or higher required")
        .and_then(|(before, _)| before.rsplit(' ').next())
        .filter(digits);
    Some(
        asked
            .problem(Code::BytesCapExceeded)
            .with_some(Fact::Limit, limit)
            .with_some(Fact::Bytes, needed),
    )
}

/// What a query ran out of, or who stopped it.
pub(super) fn ended(refusal: &Refusal, asked: &Asked) -> Option<Problem> {
    let said = refusal.message.as_str();
    if let Some(problem) = bytes_cap(said, asked) {
        return Some(problem);
    }
    // BigQuery's page on query troubleshooting, 2026; `Operation timed out after 6.0 hours.` (dbt-core threads, 2019 on).
    let timed_out = ["Operation timed out", "Job timed out", "Query timed out"];
    if refusal.reason == "timeout"
        || timed_out.iter().any(|mark| said.starts_with(mark))
        || said.starts_with("Job execution was cancelled: Job timed out")
    {
        let after = said.split_once(" timed out after ").map(|(_, rest)| {
            let rest = rest.split(". ").next().unwrap_or(rest);
            rest.trim_end_matches('.').to_owned()
        });
        return Some(asked.problem(Code::QueryTimedOut).with_some(Fact::Limit, after));
    }
    if said.starts_with("Response too large to return") {
        return Some(asked.problem(Code::ResponseTooLarge));
    }
    // BigQuery's page on quotas, 2026: a text of a megabyte at most.
    if said.starts_with("The query is too large.") || said.starts_with("Query too large.") {
        return Some(asked.problem(Code::QueryTooLong));
    }
    // Two that write to one table at once (BigQuery's page on DML, 2026; dbt-bigquery threads, 2020 on).
    if let Some(rest) = said.strip_prefix("Could not serialize access to table ") {
        let table = rest.split(" due to ").next().unwrap_or_default();
        return Some(asked.of(table).problem(Code::ConcurrentUpdate));
    }
    if said.starts_with("Resources exceeded during query execution")
        || said.starts_with("Query exceeded resource limits")
        || said.starts_with("Query exceeded limit for ")
    {
        return Some(asked.problem(Code::ResourcesExceeded));
    }
    // Editions without slots in this place (BigQuery's page on reservations, 2026).
    if said.starts_with("Cannot run query: project does not have the reservation") {
        return Some(asked.problem(Code::NoSlots));
    }
    None
}

/// The sandbox: what it may not do, under whatever reason.
pub(super) fn sandbox(said: &str) -> Option<Problem> {
    // airbyte#4079 and python-bigquery#1163, 2021 on: `Billing has not been enabled for this project. … DML queries are not
    // allowed in the free tier.`; `Streaming insert is not allowed in the free tier`; `…while in sandbox mode`.
    let marks = [
        "not allowed in the free tier",
        "in sandbox mode",
        "Billing has not been enabled for this project",
    ];
    if marks.iter().any(|mark| said.contains(mark)) {
        return Some(Problem::new(Code::BillingNotEnabled));
    }
    let marks = [
        "requires billing to be enabled",
        "absent billing account",
        "billing account for the owning project is disabled",
    ];
    marks
        .iter()
        .any(|mark| said.contains(mark))
        .then(|| Problem::new(Code::BillingDisabled))
}
