//! The account test: one record that CleverTap must refuse, sent as a dry run besides. A refusal of the record proves
//! that the passcode was taken, and nothing can be stored even where the dry run is ignored.

use std::time::Duration;

use super::refusal::asked;
use super::reply::UploadReply;
use super::upload::{UploadFailure, Uploader};
use crate::ground::problem::{Answer, Code, Fact, Problem};

/// A profile of nobody.
pub const NOBODY: &[u8] = br#"{"d":[{"type":"profile","profileData":{"Name":"Tapline account test"}}]}"#;

/// What CleverTap calls a record without an identity.
const IDENTITY_MISSING: u16 = 523;

/// How long a person waits for a test.
const WITHIN: Duration = Duration::from_secs(20);

/// Makes the call that leaves nothing behind, whatever becomes of it.
pub async fn ask(uploader: &Uploader, within: Duration) -> Result<UploadReply, UploadFailure> {
    uploader.upload(NOBODY.to_vec(), true, within).await
}

/// Asks CleverTap whether the account's credentials are good.
pub async fn prove(uploader: &Uploader) -> Result<(), Problem> {
    match ask(uploader, WITHIN).await {
        Ok(reply) if reply.codes() == [IDENTITY_MISSING] => Ok(()),
        Ok(reply) => Err(Problem::new(Code::CleverTapTestOdd)
            .with(Fact::AccountId, uploader.account_id())
            .with(Fact::Region, uploader.region().words())
            .answered(Answer {
                asked: asked(Some(uploader.region())),
                status: Some(200),
                said: reply
                    .said()
                    .map(str::to_owned)
                    .or_else(|| Some(reply.status().to_owned())),
                body: None,
            })),
        Err(failure) => Err(failure.problem(uploader, NOBODY)),
    }
}
