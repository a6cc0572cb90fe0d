//! The script: each fault is seen by a real client as what it is meant to be.

mod common;

use std::time::{Duration, Instant};

use common::{Outcome, Peer};
use serde_json::{Value, json};
use tapline_sandbox::{AccountKey, Fault, Matcher, Options};

fn one_event() -> Value {
    json!({"d": [{"identity": "u1", "type": "event", "evtName": "E"}]})
}

async fn peer_and_account() -> Result<(Peer, AccountKey), Box<dyn std::error::Error>> {
    let peer = Peer::new(Options::default()).await?;
    let account = peer.sandbox.clevertap().open_account("in1");
    Ok((peer, account))
}

#[tokio::test]
async fn an_answer_may_be_replaced_for_the_nth_call_alone() -> Outcome {
    let (peer, account) = peer_and_account().await?;
    let html = json!({"status": "fail", "error": "down", "code": 503});
    peer.sandbox.fault(
        Matcher::path("/clevertap/*").method("POST").nth(2),
        Fault::answer(503, &html),
    );
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(peer.upload(&account, "", &one_event()).send().await?.status().as_u16());
    }
    assert_eq!(statuses, [200, 503, 200], "the second call alone");
    assert_eq!(
        peer.sandbox.clevertap().counts().event_records,
        2,
        "which was not processed"
    );
    let faults: Vec<_> = peer.sandbox.calls().into_iter().map(|call| call.fault).collect();
    assert_eq!(
        faults,
        [None, Some("answer".to_owned()), None],
        "and the record says so"
    );
    Ok(())
}

#[tokio::test]
async fn a_cut_answer_leaves_the_records_processed_and_a_refusal_does_not() -> Outcome {
    let (peer, account) = peer_and_account().await?;
    let clevertap = peer.sandbox.clevertap();
    for (fault, kept) in [
        (Fault::Refuse, 0),
        (Fault::CutAnswer, 1),
        (Fault::CutBody { after: 10 }, 2),
    ] {
        peer.sandbox.fault(Matcher::any().times(1), fault.clone());
        let answer = peer.upload(&account, "", &one_event()).send().await;
        let seen = match answer {
            Ok(answer) => answer.bytes().await.is_ok(),
            Err(_) => false,
        };
        assert!(!seen, "{fault:?}: no whole answer arrives");
        assert_eq!(clevertap.counts().event_records, kept, "{fault:?}");
        peer.sandbox.clear_faults();
    }
    Ok(())
}

#[tokio::test]
async fn strange_bodies_come_through_as_scripted() -> Outcome {
    let (peer, account) = peer_and_account().await?;
    for (fault, status, part) in [
        (Fault::CaptivePortal, 200, "Guest Wi-Fi"),
        (Fault::QuotaExceeded, 403, "\"quotaExceeded\""),
        (Fault::RateLimitExceeded, 403, "\"rateLimitExceeded\""),
        (Fault::BackendError, 503, "\"backendError\""),
        (Fault::TooManyRequests, 429, "Too many concurrent requests"),
        (
            Fault::VpcServiceControls {
                identifier: "Xq-7".into(),
            },
            403,
            "vpcServiceControlsUniqueIdentifier: Xq-7.",
        ),
        (Fault::Malformed, 200, "{ \"status\" : \"succ"),
    ] {
        peer.sandbox.clear_faults();
        peer.sandbox.fault(Matcher::any(), fault.clone());
        let answer = peer.upload(&account, "", &one_event()).send().await?;
        assert_eq!(answer.status(), status, "{fault:?}");
        let text = answer.text().await?;
        assert!(text.contains(part), "{fault:?}: {text}");
        if fault == Fault::Malformed {
            assert!(serde_json::from_str::<Value>(&text).is_err(), "no JSON: {text}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn slow_answers_are_slow() -> Outcome {
    let (peer, account) = peer_and_account().await?;
    for fault in [
        Fault::Delay { ms: 150 },
        Fault::Drip {
            bytes: 20,
            every_ms: 50,
        },
    ] {
        peer.sandbox.clear_faults();
        peer.sandbox.fault(Matcher::any(), fault.clone());
        let before = Instant::now();
        let text = peer.upload(&account, "", &one_event()).send().await?.text().await?;
        assert!(
            before.elapsed() >= Duration::from_millis(150),
            "{fault:?} took {:?}",
            before.elapsed()
        );
        assert!(text.contains("success"), "and whole in the end: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_gate_holds_calls_until_it_lets_them_go() -> Outcome {
    let (peer, account) = peer_and_account().await?;
    let gate = peer.sandbox.hold_answer(Matcher::path("/clevertap/*"));
    let first = tokio::spawn(peer.upload(&account, "", &one_event()).send());
    let arrived = gate.arrived(1).await;
    assert_eq!(arrived[0].path, "/clevertap/in1/1/upload", "a test learns what waits");
    assert_eq!(
        peer.sandbox.clevertap().counts().event_records,
        1,
        "processed, and not answered"
    );
    let second = tokio::spawn(peer.upload(&account, "", &one_event()).send());
    gate.arrived(2).await;
    gate.let_go(1);
    assert_eq!(first.await??.status(), 200, "the first goes");
    assert!(!second.is_finished(), "the second waits");
    drop(gate);
    assert_eq!(second.await??.status(), 200, "until there is no gate");
    Ok(())
}

#[tokio::test]
async fn offline_refuses_connections_and_online_is_the_same_port() -> Outcome {
    let (peer, account) = peer_and_account().await?;
    peer.upload(&account, "", &one_event()).send().await?;
    peer.sandbox.go_offline().await;
    let error = peer
        .upload(&account, "", &one_event())
        .send()
        .await
        .err()
        .ok_or("nobody listens")?;
    assert!(error.is_connect() || error.is_request(), "no connection: {error:?}");
    peer.sandbox.go_online().await?;
    assert_eq!(
        peer.upload(&account, "", &one_event()).send().await?.status(),
        200,
        "as before"
    );
    Ok(())
}

#[tokio::test]
async fn a_connection_may_close_after_its_answer() -> Outcome {
    let (peer, account) = peer_and_account().await?;
    let authority = reqwest::Certificate::from_pem(peer.sandbox.authority_pem().as_bytes())?;
    // HTTP/2 has no such header; the real server speaks HTTP/1.1.
    let http = reqwest::Client::builder()
        .tls_certs_only([authority])
        .no_proxy()
        .http1_only()
        .build()?;
    let peer = Peer {
        http,
        sandbox: peer.sandbox,
    };
    peer.sandbox.fault(Matcher::any().times(1), Fault::ConnectionClose);
    for want in [Some("close"), None] {
        let answer = peer.upload(&account, "", &one_event()).send().await?;
        let header = answer.headers().get("connection");
        assert_eq!(header.and_then(|value| value.to_str().ok()), want, "said once");
        assert!(answer.text().await?.contains("success"), "and processed each time");
    }
    Ok(())
}

#[tokio::test]
async fn another_authority_is_not_trusted() -> Outcome {
    let (peer, account) = peer_and_account().await?;
    let other = Peer::new(Options::default()).await?;
    let error = other
        .http
        .post(peer.url("/clevertap/in1/1/upload"))
        .header("X-CleverTap-Account-Id", &account.account_id)
        .send()
        .await
        .err()
        .ok_or("a certificate of another run")?;
    assert!(error.is_connect(), "{error:?}");
    Ok(())
}
