//! The exchange of a signed assertion for a token.

use jiff::SignedDuration;
use tapline_core::google::key;
use tapline_core::ground::clock::Clock;
use tapline_core::ground::problem::{Code, Fact};
use tapline_sandbox::{AccountState, Fault, KeyState, Matcher};

use crate::support::{sandbox, tokens, tokens_at};

#[tokio::test]
async fn a_working_key_gets_one_token_however_many_ask() {
    let sandbox = sandbox().await;
    let tokens = tokens(&sandbox, &sandbox.google().issue_working_key("loader-one"));
    let asked = (0..8).map(|_| {
        let tokens = tokens.clone();
        tokio::spawn(async move { tokens.token().await.map(|token| token.lend(str::to_owned)) })
    });
    let mut got = Vec::new();
    for asked in asked {
        got.push(asked.await.expect("no panic").expect("a token"));
    }
    assert!(got.iter().all(|token| *token == got[0]), "all share one token");
    assert_eq!(sandbox.calls_to("/token").len(), 1, "and it was fetched once");
}

#[tokio::test]
async fn a_token_is_renewed_before_it_runs_out_and_when_it_is_refused() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("loader-two");
    let tokens = tokens(&sandbox, &key);
    let first = tokens.token().await.expect("a token");
    let second = tokens.replace(&first).await.expect("another token");
    assert_ne!(
        first.lend(str::to_owned),
        second.lend(str::to_owned),
        "a refused token is not used again"
    );
    let same = tokens.replace(&first).await.expect("a token");
    assert_eq!(
        second.lend(str::to_owned),
        same.lend(str::to_owned),
        "somebody else's newer token is taken, not replaced once more"
    );
    assert_eq!(sandbox.calls_to("/token").len(), 2, "two exchanges in all");
    assert!(!format!("{first:?}").contains("ya29"), "a token does not show in Debug");
}

#[tokio::test]
async fn each_refusal_is_what_it_is_and_is_asked_once() {
    let sandbox = sandbox().await;
    let google = sandbox.google();
    let states = [
        (AccountState::Deleted, Code::AccountNotFound),
        (AccountState::RobotDisabled, Code::AccountDisabled),
        (AccountState::ClientDisabled, Code::AccountDisabled),
        (AccountState::ClientDeleted, Code::AccountNotFound),
    ];
    for (number, (state, code)) in states.into_iter().enumerate() {
        let key = google.issue_working_key(&format!("account-{number}"));
        google.set_account_state(&key.client_email, state);
        let before = sandbox.calls_to("/token").len();
        let problem = tokens(&sandbox, &key).token().await.expect_err("refused");
        assert_eq!(problem.code(), code, "{state:?}");
        assert_eq!(problem.facts().get(Fact::Member), Some(key.client_email.as_str()));
        assert_eq!(
            sandbox.calls_to("/token").len(),
            before + 1,
            "what Google refuses is not asked again"
        );
    }
    let key = google.issue_working_key("rotated-out");
    google.set_key_state(&key.key_id, KeyState::Disabled);
    let problem = tokens(&sandbox, &key).token().await.expect_err("refused");
    assert_eq!(problem.code(), Code::KeyRefused, "{problem}");
    let answer = problem.answer().expect("what Google said");
    assert_eq!(answer.status, Some(400));
    assert_eq!(
        answer.said.as_deref(),
        Some("Invalid JWT Signature."),
        "Google's own sentence is kept"
    );
    assert!(
        problem
            .command()
            .is_some_and(|command| command.contains(&key.client_email)),
        "the mending command names the account"
    );
}

#[tokio::test]
async fn a_wrong_clock_is_told_with_how_wrong_it_is() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("late-comer");
    for (ahead, words) in [(20, "ahead of"), (-20, "behind")] {
        let clock = Clock::ahead(SignedDuration::from_mins(ahead));
        let problem = tokens_at(&sandbox, &key, clock).token().await.expect_err("refused");
        assert_eq!(problem.code(), Code::ClockWrong, "{problem}");
        let skew: i64 = problem
            .facts()
            .get(Fact::SkewSeconds)
            .expect("the skew")
            .parse()
            .expect("seconds");
        assert!(
            (skew - ahead * 60).abs() < 30,
            "off by {ahead} minutes, told as {skew} s"
        );
        assert!(problem.explanation().contains(words), "{}", problem.explanation());
    }
}

#[tokio::test]
async fn a_key_with_anothers_address_is_refused_by_its_signature() {
    let sandbox = sandbox().await;
    let (one, other) = (
        sandbox.google().issue_working_key("first-one"),
        sandbox.google().issue_working_key("other-one"),
    );
    let mixed = one.json().replace(&one.client_email, &other.client_email);
    let account = key::read(mixed.as_bytes())
        .expect("a whole file")
        .into_service_account();
    let tokens = tapline_core::google::Tokens::new(crate::support::net(&sandbox), Clock::system(), account);
    assert_eq!(tokens.token().await.expect_err("refused").code(), Code::KeyRefused);
}

#[tokio::test]
async fn googles_bad_moments_may_pass() {
    let sandbox = sandbox().await;
    let key = sandbox.google().issue_working_key("patient");
    sandbox.fault(Matcher::path("/token").nth(1), Fault::BackendError);
    let tokens = tokens(&sandbox, &key);
    let problem = tokens.token().await.expect_err("out of order");
    assert_eq!(problem.code(), Code::GoogleBusy);
    assert!(problem.retryable(), "it often passes");
    tokens.token().await.expect("and it did");
}
