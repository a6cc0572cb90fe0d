//! What stands between this computer and a host.

use std::time::Duration;

use tapline_core::ground::net::{Ask, Cause, Host, Net, NetFailure, NetSettings, ProxySetting};
use tapline_core::ground::problem::Code;
use tapline_sandbox::{Fault, Matcher};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{endpoint, net, sandbox, settings};

fn ask() -> Ask {
    Ask::get(Host::ResourceManager)
        .at(["projects", "acme-dw"])
        .within(Duration::from_secs(5))
}

async fn failure(net: &Net) -> NetFailure {
    net.send(ask()).await.map(drop).expect_err("no answer of the host")
}

/// Listens on loopback, and gives each connection to `meet`.
async fn listener<F, Fut>(meet: F) -> String
where
    F: Fn(tokio::net::TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            meet(stream).await;
        }
    });
    address
}

#[tokio::test]
async fn an_answer_of_any_status_is_a_reply() {
    let sandbox = sandbox().await;
    let reply = net(&sandbox).send(ask()).await.expect("an answer");
    assert_eq!(reply.status, 401, "no token, so Google refuses: that is an answer");
    assert!(reply.date.is_some(), "and it tells the time");
}

#[tokio::test]
async fn a_host_that_is_gone_refuses() {
    let sandbox = sandbox().await;
    let net = net(&sandbox);
    sandbox.go_offline().await;
    let failure = failure(&net).await;
    assert_eq!(failure.cause, Cause::Refused, "{failure}");
    assert!(!failure.may_have_arrived(), "nothing was asked");
}

#[tokio::test]
async fn a_broken_answer_may_have_arrived() {
    let sandbox = sandbox().await;
    let cases = [
        (Fault::CutAnswer, Cause::Cut),
        (Fault::CutBody { after: 10 }, Cause::Truncated),
        (Fault::CaptivePortal, Cause::Html),
    ];
    for (fault, cause) in cases {
        sandbox.clear_faults();
        sandbox.fault(Matcher::any(), fault);
        let failure = failure(&net(&sandbox)).await;
        assert_eq!(failure.cause, cause, "{failure}");
        assert!(failure.may_have_arrived(), "{cause:?}: it may have been acted upon");
    }
}

#[tokio::test]
async fn pages_and_redirects_in_between_are_no_answers() {
    let sandbox = sandbox().await;
    let page = |status: u16, headers: &[(&str, &str)]| Fault::Answer {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: "<html><title>Filter</title></html>".into(),
    };
    let cases = [
        (page(200, &[("content-type", "text/html")]), Code::NetHtml),
        (page(403, &[("content-type", "text/html")]), Code::NetPageRefused),
        (page(511, &[("content-type", "text/html")]), Code::NetSignIn),
        (
            page(502, &[("content-type", "text/html; charset=utf-8")]),
            Code::NetHtmlWhileDown,
        ),
        (
            page(302, &[("location", "https://login.wifi.example/start?x=1")]),
            Code::NetRedirected,
        ),
        (page(407, &[]), Code::ProxyWantsPassword),
    ];
    for (fault, code) in cases {
        sandbox.clear_faults();
        sandbox.fault(Matcher::any(), fault);
        let problem = failure(&net(&sandbox)).await.problem();
        assert_eq!(problem.code(), code, "{problem}");
        assert!(!problem.title().contains('…'), "{}", problem.title());
        if code == Code::NetRedirected {
            assert!(problem.title().contains("login.wifi.example"), "{}", problem.title());
        }
    }
    assert_eq!(sandbox.calls().len(), 6, "nothing was followed or asked again");
}

#[tokio::test]
async fn silence_ends() {
    let sandbox = sandbox().await;
    let gate = sandbox.hold(Matcher::any());
    let asked = Ask::get(Host::BigQuery).within(Duration::from_secs(2));
    let failure = net(&sandbox).send(asked).await.map(drop).expect_err("silence");
    assert_eq!(failure.cause, Cause::AnswerTimeout, "{failure}");
    gate.open();
}

#[tokio::test]
async fn a_large_answer_is_not_read_to_its_end() {
    let sandbox = sandbox().await;
    let failure = net(&sandbox)
        .send(ask().at_most(20))
        .await
        .map(drop)
        .expect_err("too large");
    assert_eq!(failure.cause, Cause::TooLarge, "{failure}");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused_by_its_signers_name() {
    let sandbox = sandbox().await;
    let stranger = crate::support::sandbox().await;
    let strangers = NetSettings {
        extra_ca_pem: Some(stranger.authority_pem().as_bytes().to_vec()),
        ..settings(&sandbox)
    };
    let failure = failure(&Net::open(&strangers).expect("settings that fit")).await;
    let Cause::CertificateUntrusted { issuer: Some(issuer) } = &failure.cause else {
        panic!("{failure}: {:?}", failure.cause);
    };
    assert!(!issuer.is_empty(), "the signer is named");
    assert!(failure.problem().explanation().contains(issuer.as_str()), "and shown");
    assert!(sandbox.calls().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn what_speaks_no_tls_gets_nothing() {
    let address = listener(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
    })
    .await;
    let plain = NetSettings {
        endpoint: endpoint(&format!("https://{address}")),
        ..NetSettings::default()
    };
    tapline_core::ground::net::install_tls();
    let failure = failure(&Net::open(&plain).expect("settings that fit")).await;
    assert_eq!(failure.cause, Cause::NotTls, "{failure}");
}

#[tokio::test]
async fn everything_goes_through_the_proxy_that_is_set() {
    let sandbox = sandbox().await;
    let proxied = |address: &str| {
        let settings = NetSettings {
            proxy: ProxySetting::Manual(format!("http://ann:secret@{address}")),
            ..settings(&sandbox)
        };
        Net::open(&settings).expect("settings that fit")
    };

    let passing = listener(|mut stream| async move {
        let mut request = vec![0; 1000];
        let read = stream.read(&mut request).await.unwrap_or(0);
        let request = String::from_utf8_lossy(&request[..read]).into_owned();
        let target = request.split_whitespace().nth(1).unwrap_or_default().to_owned();
        let Ok(mut host) = tokio::net::TcpStream::connect(&target).await else {
            return;
        };
        let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut stream, &mut host).await });
    })
    .await;
    let reply = proxied(&passing)
        .send(ask())
        .await
        .expect("an answer through the proxy");
    assert_eq!(reply.status, 401, "Google's own answer");

    for (answer, cause) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            Cause::ProxyWantsPassword,
        ),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", Cause::ProxyRefused),
    ] {
        let refusing = listener(move |mut stream| async move {
            let mut request = [0; 1000];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        })
        .await;
        let failure = failure(&proxied(&refusing)).await;
        assert_eq!(failure.cause, cause, "{failure}");
        let shown = format!("{:?} {}", failure.problem(), failure.problem().explanation());
        assert!(!shown.contains("secret"), "the proxy's password is never shown");
        assert!(failure.problem().title().contains(&refusing), "the proxy is named");
    }

    let failure = failure(&proxied("127.0.0.1:9")).await;
    assert_eq!(failure.cause, Cause::ProxyUnreachable, "{failure}");
    assert_eq!(sandbox.calls().len(), 1, "nothing went around the proxy");
}

#[tokio::test]
async fn a_sandbox_refuses_a_proxy_that_is_elsewhere() {
    let sandbox = sandbox().await;
    for (proxy, code) in [
        ("http://10.0.0.1:3128", Code::EndpointNotLoopback),
        ("proxy.example:3128", Code::ProxyInvalid),
        ("", Code::ProxyInvalid),
    ] {
        let elsewhere = NetSettings {
            proxy: ProxySetting::Manual(proxy.into()),
            ..settings(&sandbox)
        };
        let problem = Net::open(&elsewhere).map(drop).expect_err("refused");
        assert_eq!(problem.code(), code, "for {proxy:?}");
    }
}
