//! The Upload API takes and refuses records as the real one was seen to, each example a row.

mod common;

use common::{Outcome, Peer};
use serde_json::{Value, json};
use tapline_sandbox::{Matcher, Options, Rules};

fn base(change: &[(&str, Value)]) -> Value {
    let mut record = json!({
        "identity": "1", "ts": 1_521_649_265, "type": "profile",
        "profileData": {
            "Name": "John Rush", "Email": "example@gmail.com", "Gender": "M", "Phone": "+35922333232",
            "Employed": "Y", "Education": "Graduate", "Married": "Y", "Age": "18",
        },
    });
    for (key, value) in change {
        match record["profileData"].get(*key) {
            Some(_) => record["profileData"][*key] = value.clone(),
            None => record[*key] = value.clone(),
        }
    }
    record
}

fn event(id: &str, value: &str) -> Value {
    json!({id: value, "type": "event", "evtName": "Web Event", "evtData": {"Name": "John"}})
}

fn wide_event(properties: usize) -> Value {
    let data: serde_json::Map<_, _> = (0..properties).map(|n| (format!("P{n}"), json!(n))).collect();
    json!({"identity": "u1", "type": "event", "evtName": "Wide", "evtData": data})
}

/// What was sent, the status, how many were processed, and of each refusal its code and the end of its message.
type Row = (&'static str, Vec<Value>, &'static str, u64, Vec<(u16, &'static str)>);

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    vec![
        ("V1", vec![base(&[])], "success", 1, vec![]),
        ("V2", vec![base(&[]), base(&[("identity", json!("2"))])], "success", 2, vec![]),
        ("V3", vec![json!({"identity": "555", "ts": 1_521_649_275, "type": "event", "evtName": "register", "evtData": {"ID": 555, "mobile": true}})], "success", 1, vec![]),
        ("V4", vec![event("FBID", "1414")], "success", 1, vec![]),
        ("V5", vec![event("FBID", "1414"), event("FBID", "1415")], "success", 2, vec![]),
        ("V7", vec![base(&[]), event("identity", "9")], "success", 2, vec![]),
        ("V8", vec![json!({"identity": "8", "type": "profile", "profileData": {"DOB": "$D_1487576752", "MSG-sms": false, "Colors": {"$add": ["red"]}, "N": {"$incr": 10}}})], "success", 1, vec![]),
        ("V9", vec![json!({"identity": "9", "type": "event", "evtName": "Charged", "evtData": {"Amount": 300, "Items": [{"Category": "Books"}, {"Category": "Music"}], "Delivery By": "$D_1468322268"}})], "success", 1, vec![]),
        ("V10", vec![event("objectId", "__abc")], "success", 1, vec![]),
        ("X1", vec![base(&[("identity", json!("3"))]), base(&[("identity", json!("4")), ("Email", json!("$$$$$"))])], "partial", 1, vec![(515, "Profile data is incorrect. Email is not valid.Skipped record number : 2")]),
        ("X2", vec![base(&[("Email", json!("$$$$$"))])], "fail", 0, vec![(515, "Profile data is incorrect. Email is not valid.Skipped record number : 1")]),
        ("X3", vec![base(&[("Email", json!("1234"))]), base(&[("Email", json!("1234"))])], "fail", 0, vec![(515, "Email is not valid.Skipped record number : 1"), (515, "Email is not valid.Skipped record number : 2")]),
        ("X4", vec![base(&[("Phone", json!("223"))]), base(&[("Phone", json!("123"))])], "fail", 0, vec![(516, "Profile data is incorrect. Phone number is not valid.Skipped record number : 1"), (516, "Skipped record number : 2")]),
        ("X5", vec![json!({"identity": "1414", "type": "profile", "profileData": {"ID": "1414", "Name": "John", "Phone": "+44+441234"}})], "fail", 0, vec![(516, "Phone number is not valid.Skipped record number : 1")]),
        ("X6", vec![base(&[("Employed", json!("223"))]), base(&[("Employed", json!("123"))])], "fail", 0, vec![(517, "Profile data is incorrect. Employed needs to be Y/N.Skipped record number : 1"), (517, "Skipped record number : 2")]),
        ("X7", vec![base(&[("Education", json!("223"))]), base(&[("Education", json!("123"))])], "fail", 0, vec![(518, "Profile data is incorrect. Education needs to be School/College/Graduate..Skipped record number : 1"), (518, "Skipped record number : 2")]),
        ("X8", vec![base(&[("Married", json!("223"))]), base(&[("Married", json!("123"))])], "fail", 0, vec![(519, "Profile data is incorrect. Married needs to be Y/N.Skipped record number : 1"), (519, "Skipped record number : 2")]),
        ("X9", vec![base(&[("Age", json!("aa"))])], "fail", 0, vec![(520, "Profile data is incorrect. Age is invalid.Skipped record number : 1")]),
        ("X10", vec![base(&[("ts", json!(0))]), base(&[("ts", json!(0))])], "fail", 0, vec![(525, "Timestamp should be present in the Unix Epoch format. Skipped record number : 1"), (525, "Skipped record number : 2")]),
        ("X11", vec![base(&[]), json!({"type": "event", "identity": "user123", "evtData": {"name": 1234, "revenue": 4.99}}), event("identity", "x")], "partial", 2, vec![(509, "Event Name is incorrect. ErrorCode: 509 - Event name is mandatory. Skipped record number : 2")]),
        ("X12", vec![json!({"type": "event", "identity": "69298", "evtName": "Web Page Viewed", "evtData": {"title": "t", "url": "u"}})], "fail", 0, vec![(513, "Event Name is incorrect. ErrorCode: 513 - Trying to raise a restricted system event. Skipped record number : 1")]),
        ("X15", vec![json!({"type": "profile", "profileData": {"Name": "J"}})], "fail", 0, vec![(523, "Skipped record number : 1")]),
        ("X16", vec![json!({"identity": "1a", "type": "foo"})], "fail", 0, vec![(524, "Skipped record number : 1")]),
        ("X17", vec![base(&[("Gender", json!("X1"))])], "fail", 0, vec![(514, "Skipped record number : 1")]),
        ("X18", vec![base(&[("ts", json!("2024-01-01T00:00:00Z"))])], "fail", 0, vec![(525, "Skipped record number : 1")]),
        ("X19", vec![base(&[("ts", json!(1_521_649_265_000_i64))])], "fail", 0, vec![(525, "Skipped record number : 1")]),
        ("X20", vec![json!({"identity": "u", "type": "event", "evtName": "App Launched", "evtData": {}})], "fail", 0, vec![(513, "Skipped record number : 1")]),
        ("X20 without case and spaces", vec![json!({"identity": "u", "type": "event", "evtName": "applaunched", "evtData": {}})], "fail", 0, vec![(513, "Skipped record number : 1")]),
        ("256 properties", vec![wide_event(256)], "success", 1, vec![]),
        ("X21", vec![wide_event(257)], "fail", 0, vec![(522, "Skipped record number : 1")]),
        ("X22", vec![json!({"identity": "u", "type": "event", "evtName": "E", "evtData": "abc"})], "fail", 0, vec![(512, "Skipped record number : 1")]),
        ("X23", vec![json!({"identity": "u", "type": "event", "evtName": "", "evtData": {}})], "fail", 0, vec![(509, "Skipped record number : 1")]),
        ("1024 characters of identity", vec![base(&[("identity", json!("é".repeat(1024)))])], "success", 1, vec![]),
        ("X24", vec![base(&[("identity", json!("a".repeat(1025)))])], "fail", 0, vec![(523, "Skipped record number : 1")]),
        ("X25", vec![base(&[("identity", json!("null"))]), base(&[("identity", json!("0"))]), base(&[("identity", json!("-1"))])], "fail", 0, vec![(523, " 1"), (523, " 2"), (523, " 3")]),
        ("X26", vec![base(&[("Name", json!("n".repeat(513)))])], "success", 1, vec![]),
        ("nothing at all", vec![], "success", 0, vec![]),
    ]
}

#[tokio::test]
async fn every_example_is_answered_as_the_real_one_answers() -> Outcome {
    let peer = Peer::new(Options::default()).await?;
    let account = peer.sandbox.clevertap().open_account("in1");
    for (name, records, status, processed, refusals) in rows() {
        let answer = peer
            .upload(&account, "?dryRun=0", &json!({"d": records}))
            .send()
            .await?;
        assert_eq!(answer.status(), 200, "{name}: refused records are no HTTP error");
        assert_eq!(
            answer.headers()["content-type"],
            "application/json;charset=utf-8",
            "{name}"
        );
        let body: Value = answer.json().await?;
        assert_eq!(
            (body["status"].as_str(), body["processed"].as_u64()),
            (Some(status), Some(processed)),
            "{name}: {body}"
        );
        let unprocessed = body["unprocessed"].as_array().ok_or("unprocessed is a list")?;
        assert_eq!(unprocessed.len(), refusals.len(), "{name}: {body}");
        for (refused, (code, message)) in unprocessed.iter().zip(refusals) {
            assert_eq!(refused["code"], code, "{name}");
            assert!(
                refused["error"].as_str().is_some_and(|error| error.ends_with(message)),
                "{name}: {refused}"
            );
            assert_eq!(refused["status"], "fail", "{name}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_spacing_and_the_rewritten_echo_are_the_servers_own() -> Outcome {
    let peer = Peer::new(Options::default()).await?;
    let account = peer.sandbox.clevertap().open_account("in1");
    let send = async |records: &str| {
        let body = format!("{{\"d\":[{records}]}}");
        peer.upload(&account, "", &json!(null))
            .body(body)
            .send()
            .await?
            .text()
            .await
    };
    let good = send(r#"{"identity":"5","type":"event","evtName":"E"}"#).await?;
    assert_eq!(
        good, r#"{ "status" : "success" , "processed" : 1 , "unprocessed" : [ ]}"#,
        "as recorded"
    );

    let late = send(r#"{"type":"profile","identity":"13","profileData":{"identity":13,"Phone":"+35922333232","Age":"aa","L":[1,"x"]}}"#).await?;
    assert_eq!(
        late,
        r#"{ "status" : "fail" , "processed" : 0 , "unprocessed" : [ { "status" : "fail" , "code" : 520 , "error" : "Profile data is incorrect. Age is invalid.Skipped record number : 1" , "record" : { "type" : "profile" , "identity" : "13" , "profileData" : { "identity" : "13" , "Phone" : 35922333232 , "Age" : "aa" , "L" : [ 1 , "x"]}}}]}"#,
        "the phone became a number and the inner identity text, in the order in which they came"
    );
    let early =
        send(r#"{"type":"profile","identity":"13","ts":0,"profileData":{"identity":13,"Phone":"+35922333232"}}"#)
            .await?;
    assert!(
        early.contains(r#""identity" : 13 , "Phone" : "+35922333232""#),
        "refused before anything was rewritten: {early}"
    );
    Ok(())
}

#[tokio::test]
async fn whole_calls_are_refused_for_the_reasons_of_the_real_one() -> Outcome {
    let peer = Peer::new(Options::default()).await?;
    let account = peer.sandbox.clevertap().open_account("in1");
    let mut elsewhere = account.clone();
    elsewhere.region = "eu".into();
    let mut mistyped = account.clone();
    mistyped.passcode = "AAA-AAA-AAAA".into();
    let too_many: Vec<_> = (0..1001).map(|n| event("identity", &format!("u{n}"))).collect();
    let most: Vec<_> = too_many[..1000].to_vec();
    for (name, sender, body, status, error) in [
        (
            "wrong region",
            &elsewhere,
            json!({"d": []}),
            401,
            Some("Account ID is not valid"),
        ),
        (
            "X14 wrong passcode",
            &mistyped,
            json!({"d": []}),
            401,
            Some("Invalid Credentials"),
        ),
        (
            "X28 no records",
            &account,
            json!({"x": []}),
            400,
            Some("Malformed request"),
        ),
        ("1,000 records", &account, json!({"d": most}), 200, None),
        (
            "1,001 records",
            &account,
            json!({"d": too_many}),
            400,
            Some("Malformed request"),
        ),
    ] {
        let answer = peer.upload(sender, "", &body).send().await?;
        assert_eq!(answer.status(), status, "{name}");
        let body: Value = answer.json().await?;
        assert_eq!(body["error"].as_str(), error, "{name}: {body}");
    }
    let cut = peer.upload(&account, "", &json!(null)).body("{\"d\":[").send().await?;
    assert_eq!(
        cut.text().await?,
        r#"{ "status" : "fail" , "error" : "Malformed request" , "code" : 400}"#,
        "broken JSON"
    );
    let got = peer.http.get(peer.url("/clevertap/in1/1/upload")).send().await?;
    assert_eq!(got.status(), 405, "only POST");
    Ok(())
}

#[tokio::test]
async fn the_sixteenth_call_in_flight_is_too_many() -> Outcome {
    let peer = Peer::new(Options::default()).await?;
    let clevertap = peer.sandbox.clevertap();
    let account = clevertap.open_account("us1");
    let gate = peer.sandbox.hold(Matcher::path("/clevertap/*").times(15));
    let body = json!({"d": [event("identity", "u1")]});
    let calls: Vec<_> = (0..15)
        .map(|_| tokio::spawn(peer.upload(&account, "", &body).send()))
        .collect();
    gate.arrived(15).await;
    let sixteenth = peer.upload(&account, "", &body).send().await?;
    assert_eq!(sixteenth.status(), 429, "15 are in flight");
    assert_eq!(
        sixteenth.json::<Value>().await?["error"],
        "Too many concurrent requests",
        "in the documented words"
    );
    gate.open();
    for call in calls {
        assert_eq!(call.await??.status(), 200, "the first 15 go through");
    }
    assert_eq!(clevertap.counts().event_records, 15, "the refused one left nothing");
    assert_eq!(
        clevertap.most_in_flight(&account.account_id),
        16,
        "the most that came at once"
    );

    clevertap.hold_slots(&account.account_id, 15);
    assert_eq!(
        peer.upload(&account, "", &body).send().await?.status(),
        429,
        "another sender holds all places"
    );
    clevertap.hold_slots(&account.account_id, 14);
    assert_eq!(
        peer.upload(&account, "", &body).send().await?.status(),
        200,
        "one place is free"
    );
    Ok(())
}

#[tokio::test]
async fn what_arrives_is_kept_as_it_came_and_a_dry_run_keeps_nothing() -> Outcome {
    let peer = Peer::new(Options::default()).await?;
    let clevertap = peer.sandbox.clevertap();
    let account = clevertap.open_account("eu");
    let raw = r#"{"type":"event","identity":"u1","evtName":"Bought","evtData":{"Price":10.50,"B":1,"A":2}}"#;
    let body = format!("{{\"d\":[{raw}]}}");
    peer.upload(&account, "?dryRun=1", &json!(null))
        .body(body.clone())
        .send()
        .await?;
    assert_eq!(
        clevertap.counts(),
        tapline_sandbox::Counts::default(),
        "a dry run stores nothing"
    );
    peer.upload(&account, "", &json!(null)).body(body).send().await?;
    assert_eq!(clevertap.events()[0].raw, raw, "byte for byte");

    for data in [
        json!({"Plan": "Gold", "N": 1}),
        json!({"Plan": "Blue", "N": {"$incr": 2}}),
    ] {
        let record = json!({"identity": "u1", "type": "profile", "profileData": data});
        peer.upload(&account, "", &json!({"d": [record]})).send().await?;
    }
    assert_eq!(
        clevertap.profile("u1"),
        Some(json!({"Plan": "Blue", "N": 3})),
        "records about one identity add up"
    );

    let rules = Rules {
        event_properties: 100,
        discarded_events: ["Old Event".to_owned()].into(),
        connection_close: true,
        ..Rules::default()
    };
    clevertap.set_rules(&account.account_id, &rules);
    let discarded = json!({"identity": "u", "type": "event", "evtName": "oldevent"});
    let answer = peer
        .upload(&account, "", &json!({"d": [wide_event(101), discarded]}))
        .send()
        .await?
        .json::<Value>()
        .await?;
    let codes: Vec<_> = answer["unprocessed"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| one["code"].clone())
        .collect();
    assert_eq!(
        codes,
        [json!(522), json!(528)],
        "an account's own limits and discarded events"
    );
    Ok(())
}
