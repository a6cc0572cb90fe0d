//! What can stand between this computer and a host, on real sockets with real TLS: each cause, its code and its facts.

mod covered;
mod explained;
mod rogue;

use std::time::Duration;

use rcgen::CertificateParams;
use rogue::{Rogue, Then};
use tapline_core::ground::net::{Ask, Host, Net, NetSettings};
use tapline_core::ground::problem::{Code, Fact, Problem};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Soon for whoever waits, and long enough for what comes before on a machine that does much else.
const SOON: Duration = Duration::from_secs(2);

async fn problem_within(net: &Net, within: Duration) -> (Problem, bool) {
    let ask = Ask::get(Host::ResourceManager)
        .at(["projects", "acme-dw"])
        .within(within);
    let failure = net.send(ask).await.map(drop).expect_err("no answer of the host");
    (failure.problem(), failure.may_have_arrived())
}

/// The problem, and whether the request may have reached the host.
async fn problem(net: &Net) -> (Problem, bool) {
    problem_within(net, Duration::from_secs(20)).await
}

fn loopback() -> CertificateParams {
    CertificateParams::new(vec!["127.0.0.1".into()]).expect("a name")
}

fn fact(problem: &Problem, fact: Fact) -> &str {
    problem.facts().get(fact).unwrap_or_default()
}

#[tokio::test]
async fn nobody_listening_is_net_refused() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let rogue = Rogue::at(&address.to_string());
    let (problem, arrived) = problem(&rogue.net()).await;
    assert_eq!(problem.code(), Code::NetRefused, "{problem}");
    assert_eq!(fact(&problem, Fact::Phase), "connect", "it came no further");
    assert!(!arrived, "nothing was asked");
}

/// A listener that accepts nobody drops what comes beyond its queue, as a firewall does.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn packets_that_are_dropped_are_net_connect_timeout() {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let listener = socket.listen(1).expect("a queue of one");
    let address = listener.local_addr().expect("an address");
    let mut queued = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(SOON, tokio::net::TcpStream::connect(address)).await {
        queued.push(stream);
    }
    let rogue = Rogue::at(&address.to_string());
    let net = Net::open(&NetSettings {
        connect_within: Some(SOON),
        ..rogue.settings()
    })
    .expect("settings that fit");
    let (problem, arrived) = problem(&net).await;
    assert_eq!(problem.code(), Code::NetConnectTimeout, "{problem}");
    assert_eq!(fact(&problem, Fact::Phase), "connect", "nobody picked up");
    assert!(!arrived, "nothing was asked");
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_tls_timeout() {
    let rogue = Rogue::bare(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let net = Net::open(&NetSettings {
        connect_within: Some(SOON),
        ..rogue.settings()
    })
    .expect("settings that fit");
    let (problem, arrived) = problem(&net).await;
    assert_eq!(problem.code(), Code::TlsTimeout, "{problem}");
    assert_eq!(fact(&problem, Fact::Phase), "tls", "somebody picked up");
    assert!(!arrived, "nothing was asked");
}

#[tokio::test]
async fn a_handshake_that_is_broken_off_is_tls_cut() {
    for by_force in [true, false] {
        let rogue = Rogue::bare(move |mut stream| async move {
            let mut hello = vec![0; 4096];
            let _ = stream.read(&mut hello).await;
            if by_force {
                let _ = stream.set_zero_linger();
            }
        })
        .await;
        let (problem, arrived) = problem(&rogue.net()).await;
        assert_eq!(problem.code(), Code::TlsCut, "by force: {by_force}, {problem}");
        assert!(!arrived, "nothing was asked");
    }
}

#[tokio::test]
async fn plain_http_on_the_port_is_tls_not_spoken() {
    let rogue = Rogue::bare(|mut stream| async move {
        let mut hello = vec![0; 4096];
        let _ = stream.read(&mut hello).await;
        let _ = stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            .await;
        let _ = stream.read(&mut hello).await;
    })
    .await;
    let (problem, arrived) = problem(&rogue.net()).await;
    assert_eq!(problem.code(), Code::TlsNotSpoken, "{problem}");
    assert!(!arrived, "nothing was asked");
}

#[tokio::test]
async fn a_server_that_gives_up_on_encryption_is_tls_failed() {
    // The record of an alert: fatal, handshake_failure (RFC 8446 §6.2).
    let rogue = Rogue::bare(|mut stream| async move {
        let mut hello = vec![0; 4096];
        let _ = stream.read(&mut hello).await;
        let _ = stream.write_all(&[0x15, 3, 3, 0, 2, 2, 40]).await;
        let _ = stream.read(&mut hello).await;
    })
    .await;
    let (problem, arrived) = problem(&rogue.net()).await;
    assert_eq!(problem.code(), Code::TlsFailed, "{problem}");
    assert!(
        fact(&problem, Fact::Detail).contains("HandshakeFailure"),
        "its own word is told"
    );
    assert!(!arrived, "nothing was asked");
}

#[tokio::test]
async fn a_foreign_authority_is_tls_untrusted_and_named() {
    let rogue = Rogue::certified(
        loopback(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        Then::Close,
    )
    .await;
    let (problem, arrived) = problem(&rogue.stranger()).await;
    assert_eq!(problem.code(), Code::TlsUntrusted, "{problem}");
    assert_eq!(
        fact(&problem, Fact::Issuer),
        "Corporate Inspection CA",
        "whose certificate it is"
    );
    assert!(
        problem.explanation().contains("Corporate Inspection CA"),
        "and it is shown"
    );
    assert!(!arrived, "nothing was asked");
    let reply = rogue.net().send(Ask::get(Host::BigQuery)).await;
    assert_eq!(reply.expect("an answer").status, 200, "naming the authority mends it");
}

#[tokio::test]
async fn a_certificate_that_ran_out_is_tls_expired() {
    let mut params = loopback();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2021, 2, 3);
    let rogue = Rogue::certified(params, b"", Then::Close).await;
    let (problem, arrived) = problem(&rogue.net()).await;
    assert_eq!(problem.code(), Code::TlsExpired, "{problem}");
    assert_eq!(
        fact(&problem, Fact::ValidUntil),
        "2021-02-03T00:00:00Z",
        "its last moment"
    );
    assert!(!fact(&problem, Fact::Clock).is_empty(), "and what this clock says");
    assert!(!arrived, "nothing was asked");
}

#[tokio::test]
async fn a_certificate_of_the_future_is_tls_not_yet_valid() {
    let mut params = loopback();
    params.not_before = rcgen::date_time_ymd(2090, 5, 6);
    params.not_after = rcgen::date_time_ymd(2095, 1, 1);
    let rogue = Rogue::certified(params, b"", Then::Close).await;
    let (problem, arrived) = problem(&rogue.net()).await;
    assert_eq!(problem.code(), Code::TlsNotYetValid, "{problem}");
    assert_eq!(
        fact(&problem, Fact::ValidFrom),
        "2090-05-06T00:00:00Z",
        "its first moment"
    );
    assert!(!arrived, "nothing was asked");
}

#[tokio::test]
async fn a_certificate_of_another_host_is_tls_for_other() {
    let params = CertificateParams::new(vec!["portal.wifi.example".into()]).expect("a name");
    let rogue = Rogue::certified(params, b"", Then::Close).await;
    let (problem, arrived) = problem(&rogue.net()).await;
    assert_eq!(problem.code(), Code::TlsForOther, "{problem}");
    assert!(
        fact(&problem, Fact::Found).contains("portal.wifi.example"),
        "whose it is: {problem:?}"
    );
    assert!(!arrived, "nothing was asked");
}

#[tokio::test]
async fn silence_after_the_question_is_net_answer_timeout() {
    let rogue = Rogue::answering(b"", Then::Hold).await;
    let (problem, arrived) = problem_within(&rogue.net(), SOON).await;
    assert_eq!(problem.code(), Code::NetAnswerTimeout, "{problem}");
    assert_eq!(fact(&problem, Fact::Phase), "answer", "the question had been asked");
    assert!(arrived, "it may have been acted upon");
}

#[tokio::test]
async fn an_answer_that_stops_coming_is_net_body_timeout() {
    let rogue = Rogue::answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\"", Then::Hold).await;
    let (problem, arrived) = problem_within(&rogue.net(), SOON).await;
    assert_eq!(problem.code(), Code::NetBodyTimeout, "{problem}");
    assert_eq!(fact(&problem, Fact::Phase), "body", "the answer had begun");
    assert!(arrived, "it may have been acted upon");
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_is_net_cut_or_net_reset() {
    for (then, code) in [(Then::Close, Code::NetCut), (Then::Reset, Code::NetReset)] {
        let rogue = Rogue::answering(b"", then).await;
        let (problem, arrived) = problem(&rogue.net()).await;
        assert_eq!(problem.code(), code, "{problem}: {}", fact(&problem, Fact::Detail));
        assert!(arrived, "it may have been acted upon");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_net_truncated() {
    let cases: [&[u8]; 3] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\"",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"status\"\r\n",
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\n<html>",
    ];
    for bytes in cases {
        for then in [Then::Close, Then::Reset] {
            let rogue = Rogue::answering(bytes, then).await;
            let (problem, arrived) = problem(&rogue.net()).await;
            assert_eq!(
                problem.code(),
                Code::NetTruncated,
                "{problem}: {}",
                fact(&problem, Fact::Detail)
            );
            assert!(arrived, "it may have been acted upon");
        }
    }
}

#[tokio::test]
async fn what_is_no_http_is_net_not_http() {
    let cases: [&[u8]; 4] = [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.0 OK fine\r\n\r\n",
        b"\x00\x01\x02\x03 junk \r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
    ];
    for bytes in cases {
        let rogue = Rogue::answering(bytes, Then::Close).await;
        let (problem, arrived) = problem(&rogue.net()).await;
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(
            problem.code(),
            Code::NetNotHttp,
            "{shown:?}: {}",
            fact(&problem, Fact::Detail)
        );
        assert!(arrived, "it may have been acted upon");
    }
}

#[tokio::test]
async fn an_old_answer_is_an_answer() {
    let rogue = Rogue::answering(b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\n{\"old\":true}", Then::Close).await;
    let reply = rogue.net().send(Ask::get(Host::BigQuery)).await.expect("an answer");
    assert_eq!(
        reply.body, b"{\"old\":true}",
        "HTTP/1.0 ends its body with the connection"
    );
    assert_eq!(reply.server.as_deref(), Some("old"), "and says who it is");
}

#[tokio::test]
async fn what_does_not_decompress_is_net_malformed() {
    let rogue = Rogue::answering(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!",
        Then::Close,
    )
    .await;
    let (problem, arrived) = problem(&rogue.net()).await;
    assert_eq!(
        problem.code(),
        Code::NetMalformed,
        "{problem}: {}",
        fact(&problem, Fact::Detail)
    );
    assert!(arrived, "it may have been acted upon");
}

#[tokio::test]
async fn more_than_is_wanted_is_net_too_large() {
    let rogue = Rogue::answering(
        b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{\"long\":\"answer\",\"is\":\"long\"}",
        Then::Close,
    )
    .await;
    let failure = rogue.net().send(Ask::get(Host::BigQuery).at_most(20)).await;
    let problem = failure.map(drop).expect_err("too large").problem();
    assert_eq!(problem.code(), Code::NetTooLarge, "{problem}");
}

#[tokio::test]
async fn pages_and_redirects_say_who_sent_them() {
    let rows: [(&'static [u8], Code, bool); 8] = [
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 38\r\n\r\n<html><title>Hotel Wi-Fi</title></html",
            Code::NetHtml,
            true,
        ),
        (
            b"HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n",
            Code::NetSignIn,
            false,
        ),
        (
            b"HTTP/1.1 403 Forbidden\r\nServer: squid/6.6\r\nContent-Length: 34\r\n\r\n<html><title>ERROR</title></html >",
            Code::NetPageRefused,
            false,
        ),
        (
            b"HTTP/1.1 413 Too Large\r\nServer: nginx\r\nContent-Length: 34\r\n\r\n<html><title>ERROR</title></html >",
            Code::NetPageRefused,
            false,
        ),
        (
            b"HTTP/1.1 503 Unavailable\r\nServer: awselb/2.0\r\nContent-Length: 34\r\n\r\n<html><title>ERROR</title></html >",
            Code::NetHtmlWhileDown,
            true,
        ),
        (
            b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 34\r\n\r\n<html><title>ERROR</title></html >",
            Code::NetHtmlWhileDown,
            true,
        ),
        (
            b"HTTP/1.1 302 Found\r\nLocation: https://login.wifi.example/start?x=1\r\nContent-Length: 0\r\n\r\n",
            Code::NetRedirected,
            false,
        ),
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
            Code::ProxyWantsPassword,
            false,
        ),
    ];
    for (bytes, code, may_have_arrived) in rows {
        let rogue = Rogue::answering(bytes, Then::Close).await;
        let (problem, arrived) = problem(&rogue.net()).await;
        assert_eq!(problem.code(), code, "{problem}");
        assert_eq!(arrived, may_have_arrived, "{problem}");
        let shown = format!("{} {}", problem.title(), problem.explanation());
        assert!(!shown.contains('…') && !shown.contains('['), "whole sentences: {shown}");
        let sent = String::from_utf8_lossy(bytes);
        for (mark, name) in [
            ("Server: ", Fact::Server),
            ("Retry-After: ", Fact::RetryAfter),
            ("<title>", Fact::PageTitle),
        ] {
            if let Some((_, rest)) = sent.split_once(mark) {
                let value = fact(&problem, name);
                assert!(
                    !value.is_empty() && rest.starts_with(value),
                    "{name:?} of {sent}: {value:?}"
                );
            }
        }
    }
}
