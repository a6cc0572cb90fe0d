//! `BigQuery`'s door without an engine: who may, what is where, and the words of each refusal.

mod common;

use std::time::Duration;

use common::{Outcome, Peer, claims};
use serde_json::{Value, json};
use tapline_sandbox::{AccountState, Column, IssuedKey, Options, ProjectState, Resource, Role, made_up_rows};

const SHOP: &str = "/bigquery/v2/projects/acme-dw/datasets/shop";
const QUERIES: &str = "/bigquery/v2/projects/acme-dw/queries";
const JOBS: &str = "/bigquery/v2/projects/acme-dw/jobs";

async fn peer() -> Result<(Peer, IssuedKey, String), Box<dyn std::error::Error>> {
    let peer = Peer::new(Options::default()).await?;
    let columns = [Column::new("id", "STRING"), Column::new("at", "TIMESTAMP")];
    let rows = [
        vec![json!("a"), json!("2026-01-02T03:04:05.123456Z")],
        vec![json!("b"), Value::Null],
    ];
    peer.sandbox
        .google()
        .load_table("shop", "people", &columns, &rows)
        .await?;
    let key = peer.sandbox.google().issue_key("acme-dw", "reader");
    let token = peer.token(&key).await?;
    Ok((peer, key, token))
}

fn dry(query: &str) -> Value {
    json!({"query": query, "useLegacySql": false, "dryRun": true})
}

fn reason(body: &Value) -> (&str, &str) {
    let error = &body["error"];
    (
        error["errors"][0]["reason"].as_str().unwrap_or_default(),
        error["message"].as_str().unwrap_or_default(),
    )
}

#[tokio::test]
async fn each_call_asks_for_its_permission_by_name() -> Outcome {
    let (peer, key, token) = peer().await?;
    let google = peer.sandbox.google();
    let dataset = "Access Denied: Dataset acme-dw:shop: Permission bigquery.";
    let table = "Access Denied: Table acme-dw:shop.people: Permission bigquery.";
    let unseen = "(or it may not exist).";
    let people = format!("{SHOP}/tables/people");
    let cases = [
        ("bigquery.datasets.get", SHOP.to_owned(), None, format!("{dataset}datasets.get denied on dataset acme-dw:shop {unseen}")),
        ("bigquery.tables.list", format!("{SHOP}/tables"), None, format!("{dataset}tables.list denied on dataset acme-dw:shop {unseen}")),
        ("bigquery.tables.get", people.clone(), None, format!("{table}tables.get denied on table acme-dw:shop.people {unseen}")),
        ("bigquery.tables.getData", format!("{people}/data"), None, format!("{table}tables.getData denied on table acme-dw:shop.people {unseen}")),
        ("bigquery.jobs.create", QUERIES.to_owned(), Some(dry("SELECT 1")), "Access Denied: Project acme-dw: User does not have bigquery.jobs.create permission in project acme-dw.".to_owned()),
        ("bigquery.tables.getData", QUERIES.to_owned(), Some(dry("SELECT * FROM shop.people")), "Access Denied: Table acme-dw:shop.people: User does not have permission to query table acme-dw:shop.people, or perhaps it does not exist.".to_owned()),
    ];
    let project = Resource::project("acme-dw");
    for (permission, path, body, words) in cases {
        let ask = async || match &body {
            Some(body) => peer.post(&token, &path, body).await,
            None => peer.get(&token, &path).await,
        };
        if permission == "bigquery.tables.getData" && body.is_some() {
            google.grant(&key.client_email, &project, "bigquery.jobs.create");
        }
        let (status, answer) = ask().await?;
        assert_eq!(
            (status, reason(&answer)),
            (403, ("accessDenied", words.as_str())),
            "{permission} on {path}"
        );
        assert_eq!(answer["error"]["status"], "PERMISSION_DENIED", "{path}");
        google.grant(&key.client_email, &project, permission);
        let (status, answer) = ask().await?;
        assert_eq!(status, 200, "with {permission} on {path}: {answer}");
        google.revoke(&key.client_email, &project, permission);
    }
    Ok(())
}

#[tokio::test]
async fn the_two_roles_of_the_setup_guide_are_enough_wherever_data_editor_is_granted() -> Outcome {
    let (peer, _, _) = peer().await?;
    let google = peer.sandbox.google();
    for (account, place) in [
        ("wide", Resource::project("acme-dw")),
        ("narrow", Resource::dataset("acme-dw", "shop")),
    ] {
        let key = google.issue_key("acme-dw", account);
        google.grant(&key.client_email, &Resource::project("acme-dw"), Role::JobUser);
        google.grant(&key.client_email, &place, Role::DataEditor);
        let token = peer.token(&key).await?;
        for path in [
            SHOP.to_owned(),
            format!("{SHOP}/tables"),
            format!("{SHOP}/tables/people/data?maxResults=1"),
        ] {
            let (status, answer) = peer.get(&token, &path).await?;
            assert_eq!(status, 200, "{account} {path}: {answer}");
        }
        let (status, answer) = peer.post(&token, QUERIES, &dry("SELECT id FROM shop.people")).await?;
        assert_eq!(
            (status, &answer["statementType"]),
            (200, &json!("SELECT")),
            "{account}: {answer}"
        );
        let (_, access) = peer.get(&token, SHOP).await?;
        let mine = access["access"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|one| one["userByEmail"] == json!(key.client_email) && one["role"] == "WRITER");
        assert_eq!(
            mine,
            account == "narrow",
            "a grant on the dataset shows in its access list: {access}"
        );
        let asked = json!({"permissions": ["bigquery.tables.updateData", "bigquery.jobs.create", "bigquery.readsessions.create"]});
        let (_, held) = peer
            .post(&token, "/v1/projects/acme-dw:testIamPermissions", &asked)
            .await?;
        let want = if account == "wide" {
            json!(["bigquery.tables.updateData", "bigquery.jobs.create"])
        } else {
            json!(["bigquery.jobs.create"])
        };
        assert_eq!(
            held["permissions"], want,
            "{account}: and neither role has read sessions"
        );
        let (_, held) = peer
            .post(
                &token,
                &format!("{SHOP}/tables/people:testIamPermissions"),
                &json!({"permissions": ["bigquery.tables.getData", "bigquery.datasets.delete"]}),
            )
            .await?;
        assert_eq!(held, json!({"permissions": ["bigquery.tables.getData"]}), "{account}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_is_said_as_google_says_it() -> Outcome {
    let (peer, key, token) = peer().await?;
    let google = peer.sandbox.google();
    google.grant(&key.client_email, &Resource::project("acme-dw"), Role::JobUser);
    google.grant(&key.client_email, &Resource::project("acme-dw"), Role::DataEditor);
    google.add_dataset("acme-dw", "overseas", "US").await?;
    let job = json!({"query": "SELECT * FROM shop.people", "useLegacySql": false, "location": "US"});
    let far = json!({"query": "SELECT 1", "useLegacySql": false, "dryRun": true, "location": "EU", "defaultDataset": {"datasetId": "overseas"}});
    let legacy = json!({"query": "SELECT 1", "dryRun": true});
    for (path, body, status, why, words) in [
        (
            "/bigquery/v2/projects/acme-dw/datasets/nope",
            None,
            404,
            "notFound",
            "Not found: Dataset acme-dw:nope",
        ),
        (
            "/bigquery/v2/projects/acme-nope/datasets/shop",
            None,
            404,
            "notFound",
            "Not found: Project acme-nope",
        ),
        (
            "/bigquery/v2/projects/acme-dw/datasets/shop/tables/nope",
            None,
            404,
            "notFound",
            "Not found: Table acme-dw:shop.nope",
        ),
        (
            "/bigquery/v2/projects/acme-dw/datasets/nope/tables",
            None,
            404,
            "notFound",
            "Not found: Dataset acme-dw:nope",
        ),
        (
            "/bigquery/v2/projects/acme-dw/jobs/nope?location=EU",
            None,
            404,
            "notFound",
            "Not found: Job acme-dw:EU.nope",
        ),
        (
            QUERIES,
            Some(&job),
            404,
            "notFound",
            "Not found: Dataset acme-dw:shop was not found in location US",
        ),
        (QUERIES, Some(&far), 200, "", ""),
    ] {
        let (got, answer) = match body {
            Some(body) => peer.post(&token, path, body).await?,
            None => peer.get(&token, path).await?,
        };
        assert_eq!((got, reason(&answer)), (status, (why, words)), "{path}: {answer}");
    }
    let (status, answer) = peer.post(&token, QUERIES, &legacy).await?;
    assert_eq!(
        (status, reason(&answer).0),
        (400, "invalidQuery"),
        "legacy SQL is the default, and a mistake"
    );
    let (status, answer) = peer
        .post(
            &token,
            &format!("{SHOP}/tables/nope:testIamPermissions"),
            &json!({"permissions": ["bigquery.rowAccessPolicies.create"]}),
        )
        .await?;
    assert_eq!((status, answer), (200, json!({})), "no table, no permissions, no error");
    Ok(())
}

#[tokio::test]
async fn projects_in_a_bad_state_answer_in_their_own_way() -> Outcome {
    let (peer, key, token) = peer().await?;
    let google = peer.sandbox.google();
    google.grant(&key.client_email, &Resource::project("acme-dw"), Role::Admin);
    for (state, detail) in [
        (ProjectState::ApiDisabled, "SERVICE_DISABLED"),
        (ProjectState::Deleted, "CONSUMER_INVALID"),
        (ProjectState::BillingDisabled, "BILLING_DISABLED"),
    ] {
        google.add_project("acme-dw", state);
        let (status, answer) = peer.get(&token, SHOP).await?;
        assert_eq!(
            (status, answer["error"]["details"][0]["reason"].as_str()),
            (403, Some(detail)),
            "{state:?}"
        );
    }
    let (_, answer) = peer.get(&token, "/v1/projects/acme-dw").await?;
    assert_eq!(
        answer["lifecycleState"], "ACTIVE",
        "billing is not Resource Manager's matter"
    );
    google.add_project("acme-dw", ProjectState::Deleted);
    let (_, answer) = peer.get(&token, "/v1/projects/acme-dw").await?;
    assert_eq!(answer["lifecycleState"], "DELETE_REQUESTED", "{answer}");
    let (status, _) = peer.get(&token, "/v1/projects/acme-nope").await?;
    assert_eq!(
        status, 403,
        "Resource Manager does not tell a missing project from a hidden one"
    );
    google.set_resource_manager("acme-dw", false);
    let (status, answer) = peer.get(&token, "/v1/projects/acme-dw").await?;
    assert_eq!(
        (status, &answer["error"]["details"][0]["reason"]),
        (403, &json!("SERVICE_DISABLED")),
        "{answer}"
    );
    assert_eq!(reason(&answer).0, "accessNotConfigured", "{answer}");
    Ok(())
}

#[tokio::test]
async fn tokens_grants_and_accounts_change_while_they_are_used() -> Outcome {
    let (peer, key, token) = peer().await?;
    let google = peer.sandbox.google();
    let project = Resource::project("acme-dw");
    google.grant_slowly(&key.client_email, &project, Role::DataViewer, Duration::from_mins(7));
    assert_eq!(peer.get(&token, SHOP).await?.0, 403, "granted, and not yet to be seen");
    google.settle_grants();
    assert_eq!(peer.get(&token, SHOP).await?.0, 200, "and now it is");

    google.expire_tokens();
    let (status, answer) = peer.get(&token, SHOP).await?;
    assert_eq!(
        (status, &answer["error"]["details"][0]["reason"]),
        (401, &json!("ACCESS_TOKEN_EXPIRED")),
        "{answer}"
    );
    let fresh = peer.token(&key).await?;
    assert_eq!(peer.get(&fresh, SHOP).await?.0, 200, "a new one does");
    peer.sandbox.clock().advance(Duration::from_hours(1));
    assert_eq!(peer.get(&fresh, SHOP).await?.0, 401, "an hour later it does not");
    peer.sandbox.clock().skew(jiff::SignedDuration::ZERO);

    let mut narrow = claims(&key);
    narrow["scope"] = json!("https://www.googleapis.com/auth/devstorage.read_only");
    let (_, body) = peer.exchange(&key, None, &narrow).await?;
    let (status, answer) = peer
        .get(body["access_token"].as_str().unwrap_or_default(), SHOP)
        .await?;
    assert_eq!(
        (status, &answer["error"]["details"][0]["reason"]),
        (403, &json!("ACCESS_TOKEN_SCOPE_INSUFFICIENT")),
        "{answer}"
    );

    google.set_account_state(&key.client_email, AccountState::Disabled);
    let (status, answer) = peer.get(&fresh, SHOP).await?;
    assert_eq!(
        (status, &answer["error"]["details"][0]["reason"]),
        (401, &json!("ACCOUNT_STATE_INVALID")),
        "{answer}"
    );
    let answer = peer.http.get(peer.url(SHOP)).send().await?;
    assert_eq!(answer.status(), 401, "no token at all");
    Ok(())
}

#[tokio::test]
async fn rows_in_memory_come_as_the_rest_api_sends_them() -> Outcome {
    let (peer, key, token) = peer().await?;
    let google = peer.sandbox.google();
    google.grant(&key.client_email, &Resource::project("acme-dw"), Role::JobUser);
    google.grant(&key.client_email, &Resource::project("acme-dw"), Role::DataViewer);
    let data = format!("{SHOP}/tables/people/data");
    let (_, answer) = peer.get(&token, &format!("{data}?maxResults=1")).await?;
    assert_eq!(
        answer["rows"],
        json!([{"f": [{"v": "a"}, {"v": "1.767323045123456E9"}]}]),
        "floating seconds unless asked otherwise"
    );
    assert_eq!(
        (&answer["totalRows"], &answer["pageToken"]),
        (&json!("2"), &json!("1")),
        "{answer}"
    );
    let (_, answer) = peer
        .get(
            &token,
            &format!("{data}?pageToken=1&formatOptions.useInt64Timestamp=true"),
        )
        .await?;
    assert_eq!(answer["rows"], json!([{"f": [{"v": "b"}, {"v": null}]}]), "{answer}");
    assert!(
        answer.get("pageToken").is_none(),
        "the last page has no token: {answer}"
    );
    for yes in ["true", "True", "1"] {
        let (_, answer) = peer
            .get(
                &token,
                &format!("{data}?maxResults=1&formatOptions.useInt64Timestamp={yes}"),
            )
            .await?;
        assert_eq!(
            answer["rows"][0]["f"][1]["v"], "1767323045123456",
            "{yes} is yes: {answer}"
        );
    }
    let (_, table) = peer.get(&token, &format!("{SHOP}/tables/people")).await?;
    assert_eq!(
        (&table["numRows"], &table["location"]),
        (&json!("2"), &json!("EU")),
        "{table}"
    );
    let (_, list) = peer.get(&token, &format!("{SHOP}/tables?maxResults=1")).await?;
    assert_eq!(list["tables"][0]["tableReference"]["tableId"], "people", "{list}");

    google.cut_pages(40);
    let (_, answer) = peer.get(&token, &format!("{data}?maxResults=2")).await?;
    assert_eq!(
        (answer["rows"].as_array().map(Vec::len), &answer["pageToken"]),
        (Some(1), &json!("1")),
        "a page may be shorter than asked: {answer}"
    );

    let job = json!({"jobReference": {"jobId": "mine"}, "configuration": {"query": {"query": "SELECT * FROM `acme-dw.shop.people` LIMIT 1", "useLegacySql": false}}});
    let (status, made) = peer.post(&token, JOBS, &job).await?;
    assert_eq!(
        (status, &made["jobReference"]["location"]),
        (200, &json!("EU")),
        "the job runs where its data is: {made}"
    );
    let (status, again) = peer.post(&token, JOBS, &job).await?;
    assert_eq!(
        (status, reason(&again)),
        (409, ("duplicate", "Already Exists: Job acme-dw:EU.mine")),
        "an id is good once"
    );
    let (_, rows) = peer
        .get(
            &token,
            &format!("{QUERIES}/mine?location=EU&startIndex=0&formatOptions.useInt64Timestamp=true"),
        )
        .await?;
    assert_eq!(
        (&rows["totalRows"], &rows["rows"][0]["f"][1]["v"]),
        (&json!("1"), &json!("1767323045123456")),
        "{rows}"
    );
    Ok(())
}

#[tokio::test]
async fn canned_rows_answer_any_query_that_names_them_compressed_or_not() -> Outcome {
    let (peer, _, _) = peer().await?;
    let google = peer.sandbox.google();
    let wide = "w".repeat(300);
    let columns = [
        Column::new("id", "INT64"),
        Column::new("email", "STRING"),
        Column::new("at", "TIMESTAMP"),
        Column::new(&wide, "STRING"),
    ];
    google.serve_canned("shop", "big", &columns, made_up_rows(&columns, 50_000));
    let token = peer.token(&google.issue_working_key("bench")).await?;
    let text = "SELECT `id`, `email`, `at` FROM `acme-dw.shop.big`";
    let (_, plan) = peer.post(&token, QUERIES, &dry(text)).await?;
    assert_eq!(
        (&plan["statementType"], plan["totalBytesProcessed"] != "0"),
        (&json!("SELECT"), true),
        "{plan}"
    );
    let job =
        json!({"jobReference": {"jobId": "big"}, "configuration": {"query": {"query": text, "useLegacySql": false}}});
    peer.post(&token, JOBS, &job).await?;
    let page =
        format!("{QUERIES}/big?location=EU&startIndex=40000&maxResults=9000&formatOptions.useInt64Timestamp=true");
    let (_, first) = peer.get(&token, &page).await?; // the client asks for gzip
    let (_, again) = peer.get(&token, &page).await?;
    let bare = peer
        .http
        .get(peer.url(&page))
        .bearer_auth(&token)
        .header("accept-encoding", "identity")
        .send()
        .await?;
    assert!(
        bare.headers().get("content-encoding").is_none(),
        "not compressed unless asked for"
    );
    let uncompressed: Value = bare.json().await?;
    assert!(first == again && first == uncompressed, "the same rows each way");
    assert_eq!(first["rows"].as_array().map(Vec::len), Some(9_000), "as many as asked");
    assert_eq!(
        first["rows"][0]["f"],
        json!([{"v": "40000"}, {"v": "person40000@example.com"}, {"v": "1700040000000000"}, {"v": format!("{wide} 40000")}]),
        "from where asked"
    );
    let (_, all) = peer.get(&token, &format!("{QUERIES}/big?location=EU")).await?;
    let count = all["rows"].as_array().map_or(0, Vec::len);
    assert!(
        count < 50_000 && all["pageToken"] == json!(count.to_string()),
        "a page is 10 MB at most: {count} rows"
    );
    Ok(())
}
