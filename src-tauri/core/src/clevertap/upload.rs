//! One call of the Upload API, and what its answer, or the want of one, means for what was sent.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::refusal::{Refused, Verdict, asked};
use super::reply::UploadReply;
use super::{Region, scrub};
use crate::ground::net::{Ask, Net, NetFailure, Reply};
use crate::ground::problem::{Answer, Problem};
use crate::ground::secret::Secret;

/// Records that one call may carry.
pub const MOST_RECORDS: usize = 1_000;

/// Calls that one account may have in flight, all senders together.
pub const MOST_IN_FLIGHT: usize = 15;

/// Bytes that one call may have. CleverTap names no limit; other senders were advised to stay below 5 MB.
pub const MOST_BYTES: usize = 4_000_000;

/// What stands around the records of a call.
pub const OPENS: &[u8] = br#"{"d":["#;
pub const BETWEEN: u8 = b',';
pub const CLOSES: &[u8] = b"]}";

/// Who sends.
pub struct Credentials {
    pub account_id: String,
    pub region: Region,
    pub passcode: Secret<String>,
}

/// Sends to one account. Cheap to clone.
#[derive(Clone)]
pub struct Uploader {
    net: Net,
    credentials: Arc<Credentials>,
}

/// No answer that accounts for records.
#[derive(Debug, thiserror::Error)]
pub enum UploadFailure {
    /// Nothing left this computer.
    #[error("the call could not be made")]
    NotSent(#[source] NetFailure),
    /// It may have arrived, and nobody knows.
    #[error("the call was made and not answered")]
    Lost(#[source] NetFailure),
    /// CleverTap, or something before it, refused the call as a whole.
    #[error("the call was refused with status {}", .0.status)]
    Refused(Refused),
}

impl Uploader {
    pub fn new(net: Net, credentials: Credentials) -> Self {
        Self {
            net,
            credentials: Arc::new(credentials),
        }
    }

    pub fn account_id(&self) -> &str {
        &self.credentials.account_id
    }

    pub fn region(&self) -> Region {
        self.credentials.region
    }

    /// Makes one call. `body` is whole: [`OPENS`], records that are JSON already with [`BETWEEN`] between them, [`CLOSES`].
    /// With `dry_run` CleverTap validates and keeps nothing.
    pub async fn upload(
        &self,
        body: impl Into<Bytes>,
        dry_run: bool,
        within: Duration,
    ) -> Result<UploadReply, UploadFailure> {
        let ask = Ask::post(self.credentials.region.host())
            .at(["1", "upload"])
            .asking_some("dryRun", dry_run.then_some("1"))
            .secret_header("x-clevertap-account-id", &self.credentials.account_id)
            .json_bytes(body)
            // A refusal echoes its record, so an answer may be larger than its question.
            .at_most(4 * MOST_BYTES)
            .within(within);
        let ask = self
            .credentials
            .passcode
            .lend(|passcode| ask.secret_header("x-clevertap-passcode", passcode));
        judge(self.net.send(ask).await)
    }
}

/// What came back, accounted for or not.
pub(super) fn judge(heard: Result<Reply, NetFailure>) -> Result<UploadReply, UploadFailure> {
    let reply = match heard {
        Ok(reply) => reply,
        Err(failure) => {
            return Err(match Refused::by_page(&failure) {
                Some(refused) => UploadFailure::Refused(refused),
                None if failure.may_have_arrived() => UploadFailure::Lost(failure),
                None => UploadFailure::NotSent(failure),
            });
        }
    };
    if !reply.is_success() {
        return Err(UploadFailure::Refused(Refused::by_reply(&reply)));
    }
    // Two of CleverTap's statuses for success may come without a word.
    let silent = matches!(reply.status, 202 | 204) && reply.body.iter().all(u8::is_ascii_whitespace);
    let own = if silent {
        UploadReply::default()
    } else {
        reply.json().map_err(UploadFailure::Lost)?
    };
    match Refused::within(&reply, &own) {
        Some(refused) => Err(UploadFailure::Refused(refused)),
        None => Ok(own),
    }
}

impl UploadFailure {
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::NotSent(failure) if failure.problem().retryable() => Verdict::Again {
                after: None,
                crowded: false,
            },
            // No number of tries makes a certificate trusted or a proxy open.
            Self::NotSent(_) => Verdict::Stop,
            Self::Lost(_) => Verdict::InDoubt,
            Self::Refused(refused) => refused.verdict(),
        }
    }

    /// In a person's words, without any value of what was sent. `uploader` is the one that made the call.
    pub fn problem(&self, uploader: &Uploader, sent: &[u8]) -> Problem {
        self.told(Some(uploader.account_id()), Some(uploader.region()))
            .saying(|words| scrub::without_values(words, sent))
    }

    pub(super) fn told(&self, account_id: Option<&str>, region: Option<Region>) -> Problem {
        match self {
            Self::Refused(refused) => refused.problem(account_id, region),
            Self::NotSent(failure) | Self::Lost(failure) => {
                let problem = failure.problem();
                let answer = problem.answer().cloned().unwrap_or_default();
                problem.answered(Answer {
                    asked: asked(region),
                    ..answer
                })
            }
        }
    }
}
