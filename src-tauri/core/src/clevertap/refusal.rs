//! A call that CleverTap, or something before it, refused as a whole: whose word it is, whether any record may have been
//! taken, and what to do. Status and structure decide; words only between the two 401s that differ in nothing else.

use std::time::Duration;

use super::Region;
use super::reply::UploadReply;
use super::scrub;
use super::upload::MOST_IN_FLIGHT;
use crate::ground::net::{Cause, NetFailure, Reply, Stranger};
use crate::ground::problem::{Answer, Code, Fact, Problem};

/// A refusal of a whole call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub status: u16,
    /// Who was asked.
    pub host: String,
    pub by: By,
    /// CleverTap's own words, or the title of a page.
    pub said: Option<String>,
    /// The answer's first bytes, for a person to read. Records that it echoed are left out.
    pub body: String,
    pub retry_after: Option<Duration>,
    /// Who says to have answered.
    pub server: Option<String>,
}

/// Who refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// CleverTap, in JSON of its own.
    CleverTap,
    /// A web page: a gateway or proxy before CleverTap, which answers with data.
    Page,
    /// Neither: something that a gateway says in plain words, or nothing at all.
    Nobody,
}

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was taken: the same call may succeed later.
    Again {
        /// What CleverTap asked for.
        after: Option<Duration>,
        /// Too many calls at once: send fewer.
        crowded: bool,
    },
    /// Nothing was taken, for the call's size or for something in it: smaller calls tell what.
    Split,
    /// Nothing was taken, and no call will succeed: credentials, or a refusal that we do not know.
    Stop,
    /// Its records may have arrived.
    InDoubt,
}

/// The longest wait that is obeyed. CleverTap's own advice was ten minutes once.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// Enough of an answer to see what it is.
const READABLE: usize = 4_000;

impl Refused {
    /// The refusal in an answer of any status but the two hundreds.
    pub(super) fn by_reply(reply: &Reply) -> Self {
        let own = serde_json::from_slice::<UploadReply>(&reply.body)
            .ok()
            .filter(UploadReply::is_clevertaps);
        let start = String::from_utf8_lossy(&reply.body[..reply.body.len().min(READABLE)]);
        Self {
            status: reply.status,
            host: reply.host().to_owned(),
            by: if own.is_some() { By::CleverTap } else { By::Nobody },
            said: match &own {
                Some(own) => own.said().map(str::to_owned),
                None => scrub::first_line(&start),
            },
            body: scrub::without_echoes(&reply.body, READABLE),
            retry_after: reply.retry_after.map(Duration::from_secs),
            server: reply.server.clone(),
        }
    }

    /// The failure in a body that came under a status of success: the status that it names itself, where it names one.
    pub(super) fn within(reply: &Reply, own: &UploadReply) -> Option<Self> {
        own.failed_as_a_whole().then(|| Self {
            status: own.named_status().unwrap_or(reply.status),
            ..Self::by_reply(reply)
        })
    }

    /// The refusal that a web page is. Other pages, such as a sign-in page under 200, are the network's.
    pub(super) fn by_page(failure: &NetFailure) -> Option<Self> {
        let page: &Stranger = failure.stranger.as_deref()?;
        matches!(failure.cause, Cause::PageRefused | Cause::HtmlWhileDown).then(|| Self {
            status: page.status,
            host: failure.host.clone(),
            by: By::Page,
            said: page.title.clone(),
            body: page.body.clone(),
            retry_after: page.retry_after.map(Duration::from_secs),
            server: page.server.clone(),
        })
    }

    pub fn verdict(&self) -> Verdict {
        let again = |crowded| Verdict::Again {
            after: self.retry_after.map(|wait| wait.min(LONGEST_WAIT)),
            crowded,
        };
        match self.status {
            429 => again(true),
            413 => Verdict::Split,
            // A gateway reads no bodies: what it calls bad is not a record.
            400 | 422 if self.by == By::CleverTap => Verdict::Split,
            500..=599 if self.may_have_been_taken() => Verdict::InDoubt,
            // The first two: the call did not come in whole, or was not let in.
            408 | 425 | 500..=599 => again(false),
            _ => Verdict::Stop,
        }
    }

    /// Whether any record of the call may have been taken. `fail` in CleverTap's own JSON means that none was.
    fn may_have_been_taken(&self) -> bool {
        match self.status {
            // A gateway that passed the call on and lost the answer (RFC 9110 §15.6.3, §15.6.5; Cloudflare's 520 and 524).
            502 | 504 | 520 | 524 => true,
            // Cloudflare never reached the host: refused, no connection, no handshake (developers.cloudflare.com, 5xx).
            521..=523 | 525 | 526 | 530 => false,
            // Nobody took the call: but Envoy says 503 too where the host hung up on a call that it had.
            503 => self.by == By::Nobody && lost_within(&self.body),
            _ => self.by != By::CleverTap,
        }
    }

    /// In a person's words.
    pub(super) fn problem(&self, account_id: Option<&str>, region: Option<Region>) -> Problem {
        let host = region.map_or(self.host.as_str(), |region| region.host().name());
        Problem::new(self.code())
            .with_some(Fact::AccountId, account_id)
            .with_some(Fact::Region, region.map(Region::words))
            .with(Fact::Host, host)
            .with(Fact::Status, self.status.to_string())
            .with_some(
                Fact::RetryAfter,
                self.retry_after.map(|wait| wait.as_secs().to_string()),
            )
            .with_some(Fact::Server, self.server.as_deref())
            .with_some(Fact::PageTitle, self.said.as_deref().filter(|_| self.by == By::Page))
            .with_some(
                Fact::Limit,
                (self.status == 429).then(|| format!("{MOST_IN_FLIGHT} calls")),
            )
            .answered(Answer {
                asked: asked(region),
                status: Some(self.status),
                said: self.said.clone(),
                body: Some(self.body.clone()).filter(|body| !body.is_empty()),
            })
    }

    fn code(&self) -> Code {
        match (self.status, self.by) {
            (429, _) => Code::CleverTapCrowded,
            (413, _) => Code::CleverTapTooLarge,
            (408, _) => Code::CleverTapSlow,
            (502 | 504 | 520 | 524, _) => Code::CleverTapGateway,
            (503, _) if self.may_have_been_taken() => Code::CleverTapGateway,
            (503 | 521..=523 | 525 | 526 | 530, _) => Code::CleverTapDown,
            (500..=599, _) => Code::CleverTapFailed,
            (_, By::Page) => Code::NetPageRefused,
            (401, _) => self.unauthorized(),
            (403, _) => Code::CleverTapForbidden,
            (404, _) => Code::CleverTapNotFound,
            (405, _) => Code::CleverTapMethod,
            (409, _) => Code::CleverTapConflict,
            (400, By::CleverTap) if self.says(MALFORMED) => Code::CleverTapNotUnderstood,
            (400 | 422, _) => Code::CleverTapParameter,
            _ => Code::CleverTapUnexpected,
        }
    }

    /// Both have status 401 and code 401. A sentence that is not known tells them apart where it names one of the two alone.
    fn unauthorized(&self) -> Code {
        let lower = self.said.as_deref().unwrap_or_default().to_ascii_lowercase();
        let names = |words: &str| self.by == By::CleverTap && lower.contains(words);
        match (names("account id"), names("passcode")) {
            _ if self.says(ACCOUNT) => Code::CleverTapAccountUnknown,
            _ if self.says(PASSCODE) => Code::CleverTapPasscode,
            (true, false) => Code::CleverTapAccountUnknown,
            (false, true) => Code::CleverTapPasscode,
            _ => Code::CleverTapCredentials,
        }
    }

    fn says(&self, words: &str) -> bool {
        let said = self.said.as_deref().unwrap_or_default();
        said.trim().trim_end_matches('.').eq_ignore_ascii_case(words)
    }
}

/// Recorded from the API, 2018-03-21: tradeo/clevertap-ruby, `spec/vcr_cassettes`.
const ACCOUNT: &str = "Account ID is not valid";
/// A third party's fixture, 2024: rudderlabs/rudder-transformer, `test/integrations/destinations/clevertap/network.ts`.
const PASSCODE: &str = "Invalid Credentials";
/// A third party's comment, 2021: ankit-arora/clevertap-data-upload, `commands/commands.go`.
const MALFORMED: &str = "Malformed request";

/// Envoy's words where the host had the call and hung up (envoyproxy/envoy, `source/common/http/utility.cc`, 2024); with
/// `connection failure` or `overflow` in their place, the host never had it.
fn lost_within(body: &str) -> bool {
    body.starts_with("upstream connect error or disconnect/reset before headers")
        && ["connection termination", "remote reset", "remote connection failure"]
            .iter()
            .any(|why| body.contains(&format!("reset reason: {why}")))
}

/// The call, in CleverTap's own words.
pub(super) fn asked(region: Option<Region>) -> String {
    match region {
        Some(region) => format!("POST https://{}/1/upload", region.host().name()),
        None => "POST /1/upload".to_owned(),
    }
}
