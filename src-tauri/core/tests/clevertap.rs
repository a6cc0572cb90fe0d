//! CleverTap's upload on real sockets, against the sandbox.

use std::time::Duration;

use tapline_core::account::Region;
use tapline_core::clevertap::prove::prove;
use tapline_core::clevertap::{Credentials, UploadFailure, Uploader, Verdict};
use tapline_core::ground::net::{Endpoint, Net, NetSettings, SandboxBase, install_tls};
use tapline_core::ground::problem::Code;
use tapline_core::ground::secret::Secret;
use tapline_sandbox::{AccountKey, Fault, Matcher, Options, Sandbox};

const WITHIN: Duration = Duration::from_secs(20);

async fn sandbox() -> (Sandbox, AccountKey) {
    install_tls();
    let sandbox = Sandbox::start(Options::default()).await.expect("the sandbox starts");
    let account = sandbox.clevertap().open_account("in1");
    (sandbox, account)
}

fn uploader_in(sandbox: &Sandbox, region: Region, account_id: &str, passcode: &str) -> Uploader {
    let net = Net::open(&NetSettings {
        extra_ca_pem: Some(sandbox.authority_pem().as_bytes().to_vec()),
        endpoint: Endpoint::Sandbox(SandboxBase::read(sandbox.endpoint()).expect("loopback")),
        ..NetSettings::default()
    })
    .expect("settings that fit");
    let credentials = Credentials {
        account_id: account_id.to_owned(),
        region,
        passcode: Secret::new(passcode.to_owned()),
    };
    Uploader::new(net, credentials)
}

fn uploader(sandbox: &Sandbox, account: &AccountKey) -> Uploader {
    uploader_in(sandbox, Region::India, &account.account_id, &account.passcode)
}

fn profile(identity: &str, email: &str) -> String {
    format!(r#"{{"identity":"{identity}","type":"profile","profileData":{{"Email":"{email}"}}}}"#)
}

fn call(records: &[String]) -> Vec<u8> {
    format!(r#"{{"d":[{}]}}"#, records.join(",")).into_bytes()
}

#[tokio::test]
async fn a_good_passcode_is_proven_and_nothing_is_stored() {
    let (sandbox, account) = sandbox().await;
    prove(&uploader(&sandbox, &account))
        .await
        .expect("the passcode is good");
    let calls = sandbox.calls_to("/clevertap/in1/1/upload");
    assert_eq!(calls.len(), 1, "one call is enough");
    assert!(
        calls[0].query.contains("dryRun=1"),
        "it is a dry run besides, got {}",
        calls[0].query
    );
    assert_eq!(
        sandbox.clevertap().counts(),
        tapline_sandbox::Counts::default(),
        "nothing was stored"
    );
}

#[tokio::test]
async fn a_wrong_passcode_and_a_wrong_region_look_the_same_and_are_told_together() {
    let (sandbox, account) = sandbox().await;
    let wrong = [
        uploader_in(&sandbox, Region::India, &account.account_id, "WRONG"),
        uploader_in(&sandbox, Region::Europe, &account.account_id, &account.passcode),
        uploader_in(&sandbox, Region::India, "AAA-BBB-CCCC", &account.passcode),
    ];
    for uploader in &wrong {
        let problem = prove(uploader).await.expect_err("CleverTap does not know it");
        assert_eq!(
            problem.code(),
            Code::CleverTapCredentials,
            "for {:?}",
            uploader.region()
        );
        assert!(
            problem.explanation().contains("wrong region"),
            "both causes must be named: {}",
            problem.explanation()
        );
        let answer = problem.answer().expect("what CleverTap said");
        assert_eq!(answer.status, Some(401), "as it said it");
    }
}

#[tokio::test]
async fn a_page_of_the_network_proves_nothing() {
    let (sandbox, account) = sandbox().await;
    sandbox.fault(Matcher::path("/clevertap/*"), Fault::CaptivePortal);
    let problem = prove(&uploader(&sandbox, &account))
        .await
        .expect_err("a sign-in page is no proof");
    assert_eq!(problem.code(), Code::NetHtml, "the network is in between");
}

#[tokio::test]
async fn each_record_of_a_call_is_accounted_for() {
    let (sandbox, account) = sandbox().await;
    let records = [
        profile("a", "a@example.com"),
        profile("b", "$$$"),
        profile("c", "c@example.com"),
    ];
    let reply = uploader(&sandbox, &account)
        .upload(call(&records), false, WITHIN)
        .await
        .expect("an answer");
    let accounted = reply.account(&["a", "b", "c"]);
    assert_eq!((accounted.delivered, accounted.in_doubt), (2, 0), "two were taken");
    assert_eq!(
        accounted.refused.iter().map(|r| (r.place, r.code)).collect::<Vec<_>>(),
        [(1, Some(515))],
        "the second was refused for its e-mail"
    );
    assert!(
        sandbox.clevertap().profile("b").is_none(),
        "what was refused did not arrive"
    );
    assert!(sandbox.clevertap().profile("c").is_some(), "what came behind it did");
}

#[tokio::test]
async fn every_way_to_fail_has_its_verdict() {
    let (sandbox, account) = sandbox().await;
    let uploader = uploader(&sandbox, &account);
    let again = |crowded| Verdict::Again { after: None, crowded };
    let status = |status| {
        Fault::answer(
            status,
            &serde_json::json!({"status": "fail", "error": "x", "code": status}),
        )
    };
    let rows = [
        ("429", Fault::TooManyRequests, again(true)),
        ("503", status(503), again(false)),
        ("400", status(400), Verdict::Split),
        ("401", status(401), Verdict::Stop),
        ("a gateway that heard nothing", status(504), Verdict::InDoubt),
        ("the answer cut off", Fault::CutAnswer, Verdict::InDoubt),
        ("half an answer", Fault::Malformed, Verdict::InDoubt),
        ("a cut body", Fault::CutBody { after: 20 }, Verdict::InDoubt),
        ("a sign-in page", Fault::CaptivePortal, Verdict::InDoubt),
    ];
    for (what, fault, verdict) in rows {
        sandbox.fault(Matcher::path("/clevertap/*").times(1), fault);
        let failure = uploader
            .upload(call(&[profile("a", "a@example.com")]), false, WITHIN)
            .await
            .expect_err("the fault is in the way");
        assert_eq!(failure.verdict(), verdict, "for {what}: {failure:?}");
        sandbox.clear_faults();
    }
}

#[tokio::test]
async fn what_never_left_is_not_in_doubt() {
    let (sandbox, account) = sandbox().await;
    let uploader = uploader(&sandbox, &account);
    sandbox.go_offline().await;
    let failure = uploader
        .upload(call(&[profile("a", "a@example.com")]), false, WITHIN)
        .await
        .expect_err("nobody listens");
    assert!(matches!(failure, UploadFailure::NotSent(_)), "got {failure:?}");
}
