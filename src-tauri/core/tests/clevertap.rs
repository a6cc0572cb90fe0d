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
async fn a_wrong_passcode_is_told_apart_from_an_account_that_the_region_does_not_know() {
    let (sandbox, account) = sandbox().await;
    let wrong = [
        (
            uploader_in(&sandbox, Region::India, &account.account_id, "WRONG"),
            Code::CleverTapPasscode,
        ),
        (
            uploader_in(&sandbox, Region::Europe, &account.account_id, &account.passcode),
            Code::CleverTapAccountUnknown,
        ),
        (
            uploader_in(&sandbox, Region::India, "AAA-BBB-CCCC", &account.passcode),
            Code::CleverTapAccountUnknown,
        ),
    ];
    for (uploader, code) in &wrong {
        let code = *code;
        let problem = prove(uploader).await.expect_err("CleverTap does not know it");
        let region = uploader.region().words();
        assert_eq!(problem.code(), code, "for {region}");
        let words = problem.explanation();
        assert!(
            words.contains("region") && words.contains(region),
            "both causes must be named: {words}"
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
async fn a_test_record_that_is_taken_proves_nothing() {
    let (sandbox, account) = sandbox().await;
    let taken = serde_json::json!({"status": "success", "processed": 1, "unprocessed": []});
    sandbox.fault(Matcher::path("/clevertap/*"), Fault::answer(200, &taken));
    let problem = prove(&uploader(&sandbox, &account))
        .await
        .expect_err("CleverTap must refuse it");
    assert_eq!(problem.code(), Code::CleverTapTestOdd, "whoever took it may be anybody");
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
    let accounted = reply.account(3, |place| ["a", "b", "c"][place].into());
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
    let own = |status| {
        Fault::answer(
            status,
            &serde_json::json!({"status": "fail", "error": "x", "code": status}),
        )
    };
    let other = |status, kind: &str, body: &str| Fault::Answer {
        status,
        headers: [("content-type".to_owned(), kind.to_owned())].into(),
        body: body.to_owned(),
    };
    let page = |status| other(status, "text/html", "<html><head><title>Sorry</title></head></html>");
    let envoy = |why: &str| {
        let words = format!("upstream connect error or disconnect/reset before headers. reset reason: {why}");
        other(503, "text/plain", &words)
    };
    let rows = [
        ("429", Fault::TooManyRequests, again(true)),
        ("503", own(503), again(false)),
        ("500 that says that nothing was taken", own(500), again(false)),
        ("400", own(400), Verdict::Split),
        ("413", own(413), Verdict::Split),
        ("401", own(401), Verdict::Stop),
        ("403", own(403), Verdict::Stop),
        ("404", own(404), Verdict::Stop),
        (
            "a refusal within a success",
            Fault::answer(200, &serde_json::json!({"status": "fail", "error": "x", "code": 401})),
            Verdict::Stop,
        ),
        ("a page that finds the call too large", page(413), Verdict::Split),
        ("a page that forbids", page(403), Verdict::Stop),
        ("a page that calls the request bad", page(400), Verdict::Stop),
        ("a page that is busy", page(429), again(true)),
        ("a page of nobody behind it", page(503), again(false)),
        ("a page of a gateway that lost the answer", page(502), Verdict::InDoubt),
        ("a page of a server that failed", page(500), Verdict::InDoubt),
        ("a redirect", other(302, "text/plain", ""), Verdict::Stop),
        ("a network that wants a sign-in", page(511), Verdict::Stop),
        (
            "a gateway with nobody behind it",
            other(503, "text/plain", "no healthy upstream"),
            again(false),
        ),
        (
            "a gateway that never reached it",
            envoy("connection failure"),
            again(false),
        ),
        (
            "a gateway that was hung up on",
            envoy("connection termination"),
            Verdict::InDoubt,
        ),
        ("a gateway that heard nothing", own(504), Verdict::InDoubt),
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
async fn what_cannot_be_trusted_is_not_asked_again_and_again() {
    let (sandbox, account) = sandbox().await;
    let (stranger, _) = self::sandbox().await;
    let net = Net::open(&NetSettings {
        extra_ca_pem: Some(stranger.authority_pem().as_bytes().to_vec()),
        endpoint: Endpoint::Sandbox(SandboxBase::read(sandbox.endpoint()).expect("loopback")),
        ..NetSettings::default()
    })
    .expect("settings that fit");
    let uploader = Uploader::new(
        net,
        Credentials {
            account_id: account.account_id.clone(),
            region: Region::India,
            passcode: Secret::new(account.passcode.clone()),
        },
    );
    let failure = uploader
        .upload(call(&[profile("a", "a@example.com")]), false, WITHIN)
        .await
        .expect_err("the certificate is a stranger's");
    assert_eq!(failure.verdict(), Verdict::Stop, "no number of tries makes it trusted");
}

#[tokio::test]
async fn a_refusal_keeps_the_words_and_nobodys_record() {
    let (sandbox, account) = sandbox().await;
    let uploader = uploader(&sandbox, &account);
    let body = call(&[profile("ann-7", "ann@example.com")]);
    let echo = serde_json::json!({
        "status": "fail",
        "error": "Malformed request near ann@example.com",
        "code": 403,
        "unprocessed": [{"record": {"identity": "ann-7"}}],
        "hint": "ann-7 is odd",
    });
    sandbox.fault(Matcher::path("/clevertap/*"), Fault::answer(403, &echo));
    let failure = uploader.upload(body.clone(), false, WITHIN).await.expect_err("refused");
    let problem = failure.problem(&uploader, &body);
    let answer = problem.answer().expect("what was said");
    assert_eq!(
        answer.said.as_deref(),
        Some("Malformed request near …"),
        "the words without the value"
    );
    let kept = answer.body.as_deref().unwrap_or_default();
    assert!(kept.contains("is odd"), "the words stay: {kept}");
    let shown = format!("{problem:?}");
    assert!(
        !shown.contains("ann-7") && !shown.contains("ann@"),
        "and nobody's record: {shown}"
    );
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
