//! One call of the Upload API, and what its answer, or the want of one, means for what was sent.

use std::sync::Arc;
use std::time::Duration;

use super::Region;
use super::reply::UploadReply;
use crate::ground::net::{Ask, Net, NetFailure, Reply};
use crate::ground::problem::{Answer, Code, Fact, Problem};
use crate::ground::secret::Secret;

/// Records that one call may carry.
pub const MOST_RECORDS: usize = 1_000;

/// Calls that one account may have in flight, all senders together.
pub const MOST_IN_FLIGHT: usize = 15;

/// Bytes that one call may have. CleverTap names no limit; other senders were advised to stay below 5 MB.
pub const MOST_BYTES: usize = 4_000_000;

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

/// A refusal of a whole call.
#[derive(Debug)]
pub struct Refused {
    pub status: u16,
    /// CleverTap's own words.
    pub said: Option<String>,
    /// The answer's first bytes, for a person to read.
    pub body: String,
    pub retry_after: Option<Duration>,
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
    /// Something in this batch is not understood: smaller batches tell what.
    Split,
    /// No call will succeed: credentials, or a refusal that we do not know.
    Stop,
    /// Its records may have arrived.
    InDoubt,
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

    /// Makes one call. `body` is whole: see [`envelope`]. With `dry_run` CleverTap validates and keeps nothing.
    pub async fn upload(&self, body: Vec<u8>, dry_run: bool, within: Duration) -> Result<UploadReply, UploadFailure> {
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
        let reply = self.net.send(ask).await.map_err(|failure| {
            if failure.may_have_arrived() {
                UploadFailure::Lost(failure)
            } else {
                UploadFailure::NotSent(failure)
            }
        })?;
        judge(&reply)
    }
}

fn judge(reply: &Reply) -> Result<UploadReply, UploadFailure> {
    match reply.status {
        200..=299 => reply.json().map_err(UploadFailure::Lost),
        // A gateway speaks for a server that it did not hear: the call may have been taken.
        502 | 504 => Err(UploadFailure::Lost(
            reply.malformed(&format!("a gateway answered with status {}", reply.status)),
        )),
        status => Err(UploadFailure::Refused(Refused {
            status,
            said: words_of(&reply.body),
            body: String::from_utf8_lossy(&reply.body[..reply.body.len().min(1_000)]).into_owned(),
            retry_after: reply.retry_after.map(Duration::from_secs),
        })),
    }
}

fn words_of(body: &[u8]) -> Option<String> {
    let reply: UploadReply = serde_json::from_slice(body).ok()?;
    reply.said().map(str::to_owned)
}

impl UploadFailure {
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::NotSent(_) => Verdict::Again {
                after: None,
                crowded: false,
            },
            Self::Lost(_) => Verdict::InDoubt,
            Self::Refused(refused) => match refused.status {
                429 => Verdict::Again {
                    after: refused.retry_after,
                    crowded: true,
                },
                500..=599 => Verdict::Again {
                    after: refused.retry_after,
                    crowded: false,
                },
                400 | 413 => Verdict::Split,
                _ => Verdict::Stop,
            },
        }
    }

    /// In a person's words. `uploader` is the one that made the call.
    pub fn problem(&self, uploader: &Uploader) -> Problem {
        let refused = match self {
            Self::NotSent(failure) | Self::Lost(failure) => return failure.problem(),
            Self::Refused(refused) => refused,
        };
        let code = match refused.status {
            401 => Code::CleverTapCredentials,
            403 => Code::CleverTapForbidden,
            429 => Code::CleverTapCrowded,
            400 | 413 => Code::CleverTapNotUnderstood,
            500..=599 => Code::CleverTapDown,
            _ => Code::CleverTapUnexpected,
        };
        Problem::new(code)
            .with(Fact::AccountId, uploader.account_id())
            .with(Fact::Region, uploader.region().words())
            .with(Fact::Status, refused.status.to_string())
            .answered(Answer {
                asked: asked(uploader.region()),
                status: Some(refused.status),
                said: refused.said.clone(),
                body: Some(refused.body.clone()),
            })
    }
}

/// The call, in CleverTap's own words.
pub(super) fn asked(region: Region) -> String {
    format!("POST https://{}/1/upload", region.host().name())
}

/// The body of a call: `{"d":[…]}` around records that are JSON already.
pub fn envelope<'a>(records: impl IntoIterator<Item = &'a [u8]>, bytes: usize) -> Vec<u8> {
    let mut body = Vec::with_capacity(bytes + 8);
    body.extend_from_slice(br#"{"d":["#);
    for (place, record) in records.into_iter().enumerate() {
        if place > 0 {
            body.push(b',');
        }
        body.extend_from_slice(record);
    }
    body.extend_from_slice(b"]}");
    body
}

#[cfg(test)]
mod tests {
    use super::{Refused, UploadFailure, Verdict, envelope};
    use std::time::Duration;

    #[test]
    fn each_status_has_its_verdict() {
        let again = |crowded| Verdict::Again {
            after: Some(Duration::from_secs(7)),
            crowded,
        };
        let rows = [
            (400, Verdict::Split),
            (401, Verdict::Stop),
            (403, Verdict::Stop),
            (404, Verdict::Stop),
            (413, Verdict::Split),
            (429, again(true)),
            (500, again(false)),
            (503, again(false)),
        ];
        for (status, verdict) in rows {
            let failure = UploadFailure::Refused(Refused {
                status,
                said: None,
                body: String::new(),
                retry_after: Some(Duration::from_secs(7)),
            });
            assert_eq!(failure.verdict(), verdict, "for {status}");
        }
    }

    #[test]
    fn records_stand_in_an_envelope_as_they_are() {
        let records: [&[u8]; 2] = [br#"{"identity":"a"}"#, br#"{"identity":"b"}"#];
        assert_eq!(
            envelope(records, 32),
            br#"{"d":[{"identity":"a"},{"identity":"b"}]}"#,
            "no byte of a record changes on the way"
        );
        assert_eq!(envelope([], 0), br#"{"d":[]}"#, "an empty call is a call");
    }
}
