//! Replies to an upload: each record of the call gets one fate, whatever CleverTap says.

use std::borrow::Cow;

use tapline_core::clevertap::UploadReply;

/// The first byte says how many records the call carried, the second how many of them share an identity; the rest is the
/// reply.
pub fn read(came: &[u8]) {
    let [records, shared, body @ ..] = came else { return };
    let shared = usize::from(*shared).max(1);
    let identities: Vec<String> = (0..usize::from(*records)).map(|n| format!("u{}", n / shared)).collect();
    let Ok(reply) = serde_json::from_slice::<UploadReply>(body) else {
        return;
    };
    let said = reply.account(identities.len(), |place| Cow::Borrowed(&identities[place]));
    let refused = said.refused.len() as u64;
    assert_eq!(
        said.delivered + refused + said.in_doubt,
        identities.len() as u64,
        "each record has one fate: {said:?}"
    );
    assert!(
        said.delivered <= reply.processed().unwrap_or(0),
        "none is delivered that was not counted: {said:?}"
    );
    let mut places: Vec<usize> = said.refused.iter().map(|refusal| refusal.place).collect();
    assert!(places.is_sorted(), "refusals come in the order of their records");
    places.dedup();
    assert_eq!(places.len() as u64, refused, "no record is refused twice");
    assert!(
        places.iter().all(|place| *place < identities.len()),
        "nobody is refused who was not sent"
    );
    assert!(
        refused <= reply.codes().len() as u64 || said.refused.iter().any(|refusal| refusal.code.is_none()),
        "no more are refused than the reply says"
    );
    let _ = (
        reply.said(),
        reply.is_clevertaps(),
        reply.named_status(),
        reply.failed_as_a_whole(),
    );
}

pub fn seeds() -> Vec<Vec<u8>> {
    let replies = [
        r#"{"status":"success","processed":10,"unprocessed":[]}"#,
        r#"{"status":"partial","processed":8,"unprocessed":[{"status":"fail","code":516,"error":"Profile data is incorrect. Phone number is not valid.Skipped record number : 9","record":{"identity":"u8"}},{"status":"fail","code":"555","error":"Miscellaneous error","record":{"identity":"u3","evtName":"Visited"}}]}"#,
        r#"{"status":"fail","error":"Malformed request","code":400}"#,
        r#"{"status":"success","processed":18446744073709551615,"unprocessed":[{"code":515,"error":"Skipped record number : 18446744073709551615","record":{"objectId":"u1"}}]}"#,
        r#"{"status":"partial","processed":9,"unprocessed":[{"code":null,"record":null},{"error":"Skipped record number : 0"}]}"#,
    ];
    replies.map(|reply| [&[10, 2], reply.as_bytes()].concat()).to_vec()
}
