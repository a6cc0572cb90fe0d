//! `BigQuery`'s door with the SQL engine behind it: one engine for all tests of this file.

mod common;

use std::collections::BTreeSet;

use common::{Outcome, Peer, client};
use serde_json::{Value, json};
use tapline_sandbox::{Column, Google, IssuedKey, Options, ProjectState, Resource, Role, Sandbox};
use tokio::sync::OnceCell;

static SANDBOX: OnceCell<Sandbox> = OnceCell::const_new();

const QUERIES: &str = "/bigquery/v2/projects/acme-dw/queries";
const JOBS: &str = "/bigquery/v2/projects/acme-dw/jobs";

/// A caller of its own, who may run jobs and edit data in the whole project.
struct Caller {
    sandbox: &'static Sandbox,
    http: reqwest::Client,
    key: IssuedKey,
    token: String,
}

impl Caller {
    async fn new(account: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let sandbox = SANDBOX
            .get_or_try_init(|| async {
                let _ = rustls::crypto::ring::default_provider().install_default();
                let sandbox = Sandbox::start(Options::with_sql()).await?;
                sandbox.google().load_cdnow().await?;
                Ok::<_, Box<dyn std::error::Error>>(sandbox)
            })
            .await?;
        let http = client(sandbox)?;
        let key = sandbox.google().issue_key("acme-dw", account);
        sandbox
            .google()
            .grant(&key.client_email, &Resource::project("acme-dw"), Role::JobUser);
        sandbox
            .google()
            .grant(&key.client_email, &Resource::project("acme-dw"), Role::DataEditor);
        let token = common::token_from(&http, sandbox.endpoint(), &key).await?;
        Ok(Self {
            sandbox,
            http,
            key,
            token,
        })
    }

    fn google(&self) -> &'static Google {
        self.sandbox.google()
    }

    async fn get(&self, path: &str) -> Result<(u16, Value), Box<dyn std::error::Error>> {
        let answer = self
            .http
            .get(format!("{}{path}", self.sandbox.endpoint()))
            .bearer_auth(&self.token)
            .send()
            .await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    async fn post(&self, path: &str, body: &Value) -> Result<(u16, Value), Box<dyn std::error::Error>> {
        let answer = self
            .http
            .post(format!("{}{path}", self.sandbox.endpoint()))
            .bearer_auth(&self.token)
            .json(body)
            .send()
            .await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    async fn query(&self, text: &str) -> Result<(u16, Value), Box<dyn std::error::Error>> {
        self.post(QUERIES, &json!({"query": text, "useLegacySql": false, "timeoutMs": 60_000, "formatOptions": {"useInt64Timestamp": true}})).await
    }
}

fn message(body: &Value) -> &str {
    body["error"]["message"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn cdnow_is_whole() -> Outcome {
    let caller = Caller::new("totals").await?;
    let (status, answer) = caller.query("SELECT COUNT(*), COUNT(DISTINCT customer_id), SUM(dollars), MIN(purchased_on) FROM `acme-dw.shop.purchases`").await?;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        answer["rows"][0]["f"],
        json!([{"v": "69659"}, {"v": "23570"}, {"v": "2500315.63"}, {"v": "1997-01-01"}]),
        "as the file has it"
    );
    let (_, answer) = caller
        .query("SELECT COUNT(*) - COUNT(DISTINCT TO_JSON_STRING(p)) FROM shop.purchases p")
        .await?;
    assert_eq!(answer["rows"][0]["f"][0]["v"], "255", "identical purchases are kept");
    let (_, answer) = caller
        .query("SELECT * FROM shop.customers WHERE customer_id = '00002'")
        .await?;
    assert_eq!(
        answer["rows"][0]["f"],
        json!([{"v": "00002"}, {"v": "1997-01-12"}, {"v": "2"}, {"v": "6"}, {"v": "89"}, {"v": "853027200000000"}]),
        "{answer}"
    );
    Ok(())
}

#[tokio::test]
async fn a_dry_run_tells_kind_columns_and_bytes_and_makes_nothing() -> Outcome {
    let caller = Caller::new("dry").await?;
    let rows = 69_659;
    for (text, kind, bytes) in [
        ("SELECT 1", "SELECT", 0),
        ("SELECT COUNT(*) FROM shop.purchases", "SELECT", 0),
        ("SELECT cds FROM shop.purchases", "SELECT", rows * 8),
        ("SELECT customer_id FROM shop.purchases LIMIT 1", "SELECT", rows * 7),
        ("SELECT * FROM shop.purchases", "SELECT", rows * (7 + 8 + 8 + 16)),
        (
            "-- all of *\nSELECT dollars, 'cds' AS x FROM `acme-dw`.shop.purchases",
            "SELECT",
            rows * 16,
        ),
        (
            "INSERT INTO shop.customers (customer_id) VALUES ('x')",
            "INSERT",
            23_570 * 7,
        ),
        ("CREATE TABLE shop.dry AS SELECT 1 AS a", "CREATE_TABLE_AS_SELECT", 0),
        ("DROP TABLE shop.customers", "DROP_TABLE", 0),
        ("SELECT 1; SELECT 2", "SCRIPT", 0),
        (
            "EXPORT DATA OPTIONS(uri='gs://b/*.csv', format='CSV') AS SELECT 1",
            "EXPORT_DATA",
            0,
        ),
    ] {
        let (status, answer) = caller
            .post(QUERIES, &json!({"query": text, "useLegacySql": false, "dryRun": true}))
            .await?;
        assert_eq!(status, 200, "{text}: {answer}");
        let got = (answer["statementType"].as_str(), answer["totalBytesProcessed"].as_str());
        assert_eq!(got, (Some(kind), Some(bytes.to_string().as_str())), "{text}");
        assert!(answer["jobReference"].get("jobId").is_none(), "{text}: no job was made");
    }
    let (_, job) = caller.post(JOBS, &json!({"configuration": {"dryRun": true, "query": {"query": "SELECT cds, updated_at FROM shop.customers", "useLegacySql": false}}})).await?;
    assert_eq!(job["statistics"]["query"]["statementType"], "SELECT", "{job}");
    assert_eq!(
        job["statistics"]["query"]["schema"]["fields"][1]["type"], "TIMESTAMP",
        "{job}"
    );
    assert_eq!(
        job["jobReference"],
        json!({"projectId": "acme-dw", "location": "EU"}),
        "{job}"
    );
    let (status, _) = caller
        .get("/bigquery/v2/projects/acme-dw/datasets/shop/tables/dry")
        .await?;
    assert_eq!(status, 404, "a dry run makes no table");
    Ok(())
}

#[tokio::test]
async fn a_result_is_copied_to_a_table_that_says_when_it_expires() -> Outcome {
    let caller = Caller::new("copies").await?;
    let query = "SELECT customer_id, updated_at FROM shop.customers WHERE customer_id < '06000'";
    let job = json!({"jobReference": {"jobId": "copied", "location": "EU"}, "configuration": {"query": {"query": query, "useLegacySql": false}}});
    caller.post(JOBS, &job).await?;
    caller
        .get(&format!("{QUERIES}/copied?location=EU&maxResults=0&timeoutMs=60000"))
        .await?;
    let (_, made) = caller.get(&format!("{JOBS}/copied?location=EU")).await?;
    let copy = |id: &str, from: &Value| {
        json!({"jobReference": {"jobId": id, "location": "EU"}, "configuration": {"copy": {
            "sourceTable": from, "destinationTable": {"projectId": "acme-dw", "datasetId": "shop", "tableId": "kept"},
            "writeDisposition": "WRITE_EMPTY", "destinationExpirationTime": "2100-01-02T03:04:05Z",
        }}})
    };
    let done = async |id: &str| {
        loop {
            let (_, job) = caller.get(&format!("{JOBS}/{id}?location=EU")).await?;
            if job["status"]["state"] == "DONE" {
                return Ok::<_, Box<dyn std::error::Error>>(job);
            }
        }
    };
    let result = &made["configuration"]["query"]["destinationTable"];
    let (status, asked) = caller.post(JOBS, &copy("copy-1", result)).await?;
    assert_eq!(status, 200, "{asked}");
    let copied = done("copy-1").await?;
    assert!(copied["status"].get("errorResult").is_none(), "{copied}");
    let (_, table) = caller
        .get("/bigquery/v2/projects/acme-dw/datasets/shop/tables/kept")
        .await?;
    assert_eq!(table["numRows"], "5999", "every row, from more than one block: {table}");
    assert_eq!(table["expirationTime"], "4102542245000", "in milliseconds: {table}");
    let rows = async |text: &str| {
        let (_, answer) = caller.query(text).await?;
        let rows = answer["rows"].as_array().cloned().unwrap_or_default();
        let rows: BTreeSet<_> = rows.iter().map(Value::to_string).collect();
        Ok::<_, Box<dyn std::error::Error>>(rows)
    };
    assert_eq!(
        rows("SELECT * FROM `acme-dw.shop.kept`").await?,
        rows(query).await?,
        "the same rows, times included"
    );
    let gone = json!({"projectId": "acme-dw", "datasetId": "_gone", "tableId": "anon0"});
    for (id, from, reason) in [("copy-2", result, "duplicate"), ("copy-3", &gone, "notFound")] {
        caller.post(JOBS, &copy(id, from)).await?;
        let job = done(id).await?;
        assert_eq!(job["status"]["errorResult"]["reason"], reason, "{job}");
    }
    Ok(())
}

#[tokio::test]
async fn a_result_is_read_in_ranges_side_by_side() -> Outcome {
    let caller = Caller::new("ranges").await?;
    let job = json!({"jobReference": {"jobId": "ranges-1", "location": "EU"}, "configuration": {"query": {"query": "SELECT * FROM shop.purchases", "useLegacySql": false}}});
    let (status, made) = caller.post(JOBS, &job).await?;
    assert_eq!(
        (status, &made["jobReference"]["jobId"]),
        (200, &json!("ranges-1")),
        "{made}"
    );
    let (_, first) = caller
        .get(&format!("{QUERIES}/ranges-1?location=EU&maxResults=0&timeoutMs=60000"))
        .await?;
    assert_eq!(
        (&first["jobComplete"], &first["totalRows"]),
        (&json!(true), &json!("69659")),
        "{first}"
    );
    assert!(first.get("rows").is_none(), "none were asked for");
    let part = async |start: usize| {
        let (_, page) = caller
            .get(&format!(
                "{QUERIES}/ranges-1?location=EU&startIndex={start}&maxResults=20000"
            ))
            .await?;
        Ok::<_, Box<dyn std::error::Error>>(page["rows"].as_array().cloned().unwrap_or_default())
    };
    let parts = futures_util::future::try_join_all([0, 20_000, 40_000, 60_000].map(part)).await?;
    assert_eq!(
        parts.iter().map(Vec::len).collect::<Vec<_>>(),
        [20_000, 20_000, 20_000, 9_659],
        "as many as asked, or as there are"
    );
    let distinct: BTreeSet<_> = parts.concat().iter().map(Value::to_string).collect();
    assert_eq!(distinct.len(), 69_659 - 255, "nothing twice, nothing missing");

    let (_, body) = caller.get(&format!("{JOBS}/ranges-1?location=EU")).await?;
    assert_eq!(body["status"], json!({"state": "DONE"}), "{body}");
    assert_eq!(
        body["statistics"]["query"]["totalBytesBilled"],
        (10 * 1024 * 1024).to_string(),
        "10 MB at least: {body}"
    );
    let anonymous = &body["configuration"]["query"]["destinationTable"];
    let path = format!(
        "/bigquery/v2/projects/acme-dw/datasets/{}/tables/{}/data?maxResults=2",
        anonymous["datasetId"].as_str().unwrap_or_default(),
        anonymous["tableId"].as_str().unwrap_or_default()
    );
    let (status, page) = caller.get(&path).await?;
    assert_eq!(
        (status, page["rows"].as_array().map(Vec::len)),
        (200, Some(2)),
        "the unnamed result is a table of its own: {page}"
    );
    Ok(())
}

#[tokio::test]
async fn a_page_holds_at_most_ten_megabytes() -> Outcome {
    let caller = Caller::new("large").await?;
    let (status, first) = caller
        .query("SELECT n, REPEAT('x', 4000) AS s FROM UNNEST(GENERATE_ARRAY(1, 6000)) AS n")
        .await?;
    assert_eq!(
        (status, &first["totalRows"]),
        (200, &json!("6000")),
        "{}",
        message(&first)
    );
    let count = first["rows"].as_array().map_or(0, Vec::len);
    assert!((2_400..2_700).contains(&count), "{count} rows of 4 kB are 10 MB");
    assert_eq!(first["pageToken"], count.to_string(), "and the rest follows");
    let id = first["jobReference"]["jobId"].as_str().unwrap_or_default();
    let location = first["jobReference"]["location"].as_str().unwrap_or_default();
    let (_, second) = caller
        .get(&format!("{QUERIES}/{id}?location={location}&pageToken={count}"))
        .await?;
    let next = second["rows"][0]["f"][0]["v"].as_str().and_then(|n| n.parse().ok());
    assert_eq!(next, Some(count + 1), "where the first page ended");
    Ok(())
}

#[tokio::test]
async fn the_cap_the_cache_and_the_place_are_kept() -> Outcome {
    let caller = Caller::new("cap").await?;
    let text = "SELECT cds, 'cap' AS mark FROM shop.purchases";
    let capped = json!({"query": text, "useLegacySql": false, "maximumBytesBilled": "1000000"});
    let (status, answer) = caller.post(QUERIES, &capped).await?;
    assert_eq!(
        (status, &answer["error"]["errors"][0]["reason"]),
        (400, &json!("bytesBilledLimitExceeded")),
        "{answer}"
    );
    assert_eq!(
        message(&answer),
        "Query exceeded limit for bytes billed: 1000000. 10485760 or higher required.",
        "{answer}"
    );
    let text = "SELECT cds, 'cache' AS mark FROM shop.purchases LIMIT 5";
    for (hit, billed) in [(false, "10485760"), (true, "0")] {
        let (_, answer) = caller.query(text).await?;
        assert_eq!(
            (&answer["cacheHit"], answer["totalBytesBilled"].as_str()),
            (&json!(hit), Some(billed)),
            "the same query again: {answer}"
        );
    }
    let (status, answer) = caller
        .post(
            QUERIES,
            &json!({"query": "SELECT * FROM shop.purchases", "useLegacySql": false, "location": "US"}),
        )
        .await?;
    assert_eq!(
        (status, message(&answer)),
        (404, "Not found: Dataset acme-dw:shop was not found in location US"),
        "{answer}"
    );
    let (status, answer) = caller.query("SELECT * FROM shop.nope").await?;
    assert_eq!(
        (status, message(&answer)),
        (404, "Not found: Table acme-dw:shop.nope was not found in location EU"),
        "{answer}"
    );
    let (status, answer) = caller.query("SELECT * FROM nods.nope").await?;
    assert_eq!(
        (status, message(&answer)),
        (404, "Not found: Dataset acme-dw:nods was not found in location US"),
        "{answer}"
    );
    let (status, answer) = caller.query("SELEC 1").await?;
    assert_eq!(
        (status, &answer["error"]["errors"][0]["reason"]),
        (400, &json!("invalidQuery")),
        "{answer}"
    );
    Ok(())
}

#[tokio::test]
async fn a_query_needs_the_right_to_each_table_and_a_write_its_own() -> Outcome {
    let caller = Caller::new("rights").await?;
    let google = caller.google();
    let (email, project) = (&caller.key.client_email, Resource::project("acme-dw"));
    google.revoke(email, &project, Role::DataEditor);
    google.grant(email, &project, Role::JobUser);
    google.grant(
        email,
        &Resource::table("acme-dw", "shop", "purchases"),
        Role::DataViewer,
    );
    let (status, answer) = caller.query("SELECT COUNT(*) FROM shop.purchases").await?;
    assert_eq!(status, 200, "a right on the table alone will do: {answer}");
    for (text, words) in [
        (
            "SELECT COUNT(*) FROM shop.purchases JOIN shop.customers USING (customer_id)",
            "Access Denied: Table acme-dw:shop.customers: User does not have permission to query table acme-dw:shop.customers, or perhaps it does not exist.",
        ),
        (
            "SELECT * FROM shop.nope",
            "Access Denied: Table acme-dw:shop.nope: User does not have permission to query table acme-dw:shop.nope, or perhaps it does not exist.",
        ),
        (
            "CREATE TABLE shop.mine AS SELECT 1 AS a",
            "Access Denied: Dataset acme-dw:shop: Permission bigquery.tables.create denied on dataset acme-dw:shop (or it may not exist).",
        ),
        (
            "DELETE FROM shop.purchases WHERE TRUE",
            "Access Denied: Table acme-dw:shop.purchases: Permission bigquery.tables.updateData denied on table acme-dw:shop.purchases (or it may not exist).",
        ),
    ] {
        let (status, answer) = caller.query(text).await?;
        assert_eq!((status, message(&answer)), (403, words), "{text}");
        let (status, answer) = caller
            .post(QUERIES, &json!({"query": text, "useLegacySql": false, "dryRun": true}))
            .await?;
        assert_eq!((status, message(&answer)), (403, words), "dry: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn jobs_fail_wait_and_stop_as_jobs_do() -> Outcome {
    // A sandbox of its own, since held jobs would hold those of other tests.
    let peer = Peer::new(Options::default()).await?;
    let google = peer.sandbox.google();
    google
        .load_table("shop", "t", &[Column::new("a", "INT64")], &[vec![json!(1)]])
        .await?;
    let key = google.issue_working_key("jobs");
    let token = peer.token(&key).await?;
    google.hold_jobs(true);
    let job = |id: &str| json!({"jobReference": {"jobId": id}, "configuration": {"query": {"query": "SELECT * FROM shop.t", "useLegacySql": false}}});
    let (_, made) = peer.post(&token, JOBS, &job("held")).await?;
    assert_eq!(made["status"]["state"], "PENDING", "{made}");
    let (status, answer) = peer
        .get(&token, &format!("{QUERIES}/held?location=EU&timeoutMs=0"))
        .await?;
    assert_eq!(
        (status, &answer["jobComplete"]),
        (200, &json!(false)),
        "not yet: {answer}"
    );
    assert_eq!(answer["jobReference"]["location"], "EU", "{answer}");
    let (_, answer) = peer
        .post(&token, &format!("{JOBS}/held/cancel?location=EU"), &json!({}))
        .await?;
    assert_eq!(answer["job"]["status"]["errorResult"]["reason"], "stopped", "{answer}");
    let (status, answer) = peer.get(&token, &format!("{QUERIES}/held?location=EU")).await?;
    assert_eq!(
        (status, message(&answer)),
        (400, "Job execution was cancelled: User requested cancellation"),
        "{answer}"
    );
    google.hold_jobs(false);

    google.fail_next_job(503, "jobBackendError", "Job failed in the backend.");
    peer.post(&token, JOBS, &job("failed")).await?;
    let (status, answer) = peer.get(&token, &format!("{QUERIES}/failed?location=EU")).await?;
    assert_eq!(
        (status, &answer["error"]["errors"][0]["reason"]),
        (503, &json!("jobBackendError")),
        "{answer}"
    );
    let (status, body) = peer.get(&token, &format!("{JOBS}/failed?location=EU")).await?;
    assert_eq!(
        (status, &body["status"]["errorResult"]["reason"]),
        (200, &json!("jobBackendError")),
        "a failed job is no failed call: {body}"
    );

    peer.post(&token, JOBS, &job("expired")).await?;
    peer.get(&token, &format!("{QUERIES}/expired?location=EU")).await?;
    google.expire_results();
    let (status, _) = peer.get(&token, &format!("{QUERIES}/expired?location=EU")).await?;
    assert_eq!(status, 404, "results live for about a day");

    let (status, _) = peer.get(&token, &format!("{QUERIES}/expired?location=US")).await?;
    assert_eq!(status, 404, "and only where they are");
    google.add_project("acme-dw", ProjectState::NoBilling);
    let (status, _) = peer
        .post(
            &token,
            QUERIES,
            &json!({"query": "SELECT 1", "useLegacySql": false, "dryRun": true}),
        )
        .await?;
    assert_eq!(status, 200, "without billing, queries are free");
    Ok(())
}

#[tokio::test]
async fn parameters_named_tables_and_their_end() -> Outcome {
    let caller = Caller::new("tables").await?;
    let query = json!({
        "query": "SELECT customer_id, updated_at FROM shop.customers WHERE updated_at > @since AND customer_id IN UNNEST(@ids)",
        "useLegacySql": false, "parameterMode": "NAMED",
        "queryParameters": [
            {"name": "since", "parameterType": {"type": "TIMESTAMP"}, "parameterValue": {"value": "1997-01-02T00:00:00Z"}},
            {"name": "ids", "parameterType": {"type": "ARRAY", "arrayType": {"type": "STRING"}}, "parameterValue": {"arrayValues": [{"value": "00001"}, {"value": "00002"}]}},
        ],
        "destinationTable": {"projectId": "acme-dw", "datasetId": "shop", "tableId": "_tapline_result"},
        "writeDisposition": "WRITE_TRUNCATE",
    });
    let (status, made) = caller
        .post(
            JOBS,
            &json!({"jobReference": {"jobId": "named", "location": "EU"}, "configuration": {"query": query}}),
        )
        .await?;
    assert_eq!(status, 200, "{made}");
    let (status, rows) = caller
        .get(&format!("{QUERIES}/named?location=EU&timeoutMs=60000"))
        .await?;
    assert_eq!((status, &rows["totalRows"]), (200, &json!("1")), "{rows}");
    assert_eq!(
        rows["rows"][0]["f"],
        json!([{"v": "00002"}, {"v": "8.530272E8"}]),
        "{rows}"
    );

    let table = "/bigquery/v2/projects/acme-dw/datasets/shop/tables/_tapline_result";
    let far = (common::now() + 3600) * 1000;
    let url = format!("{}{table}", caller.sandbox.endpoint());
    let patched = caller
        .http
        .patch(&url)
        .bearer_auth(&caller.token)
        .json(&json!({"expirationTime": far.to_string()}))
        .send()
        .await?;
    assert_eq!(patched.status(), 200, "an end can be set");
    let (_, body) = caller.get(table).await?;
    assert_eq!(
        (&body["expirationTime"], &body["location"], &body["numRows"]),
        (&json!(far.to_string()), &json!("EU"), &json!("1")),
        "{body}"
    );
    assert_eq!(body["numBytes"], (7 + 8).to_string(), "stored bytes: {body}");
    caller
        .http
        .patch(&url)
        .bearer_auth(&caller.token)
        .json(&json!({"expirationTime": "1000"}))
        .send()
        .await?;
    let (status, _) = caller.get(table).await?;
    assert_eq!(status, 404, "and past it the table is gone");

    let (status, answer) = caller
        .query("CREATE TABLE shop.short OPTIONS(expiration_timestamp=TIMESTAMP '2100-01-01') AS SELECT 1 AS a")
        .await?;
    assert_eq!(status, 200, "{answer}");
    let (_, body) = caller
        .get("/bigquery/v2/projects/acme-dw/datasets/shop/tables/short")
        .await?;
    assert_eq!(body["expirationTime"], "4102444800000", "{body}");
    let gone = caller
        .http
        .delete(format!(
            "{}/bigquery/v2/projects/acme-dw/datasets/shop/tables/short",
            caller.sandbox.endpoint()
        ))
        .bearer_auth(&caller.token)
        .send()
        .await?;
    assert_eq!(gone.status(), 204, "deleted");
    Ok(())
}

#[tokio::test]
async fn loaded_values_come_back_as_bigquery_writes_them() -> Outcome {
    let caller = Caller::new("types").await?;
    let columns = [
        Column::new("s", "STRING"),
        Column::new("i", "INT64"),
        Column::new("f", "FLOAT64"),
        Column::new("n", "NUMERIC"),
        Column::new("b", "BOOL"),
        Column::new("d", "DATE"),
        Column::new("dt", "DATETIME"),
        Column::new("t", "TIME"),
        Column::new("ts", "TIMESTAMP"),
        Column::new("y", "BYTES"),
        Column {
            mode: "REPEATED".into(),
            ..Column::new("l", "STRING")
        },
    ];
    let row = vec![
        json!("é\"'"),
        json!(-5),
        json!(1.5),
        json!("12345678901234567890.123456789"),
        json!(true),
        json!("2026-01-02"),
        json!("2026-01-02T03:04:05.5"),
        json!("03:04:05"),
        json!("2026-01-02T03:04:05.123456Z"),
        json!("aGk="),
        json!(["a", "b"]),
    ];
    let nulls = [vec![Value::Null; 10], vec![json!([])]].concat();
    caller
        .google()
        .load_table("shop", "kinds", &columns, &[row, nulls])
        .await?;
    let (_, page) = caller
        .get("/bigquery/v2/projects/acme-dw/datasets/shop/tables/kinds/data?formatOptions.useInt64Timestamp=true")
        .await?;
    let texts = [
        "é\"'",
        "-5",
        "1.5",
        "12345678901234567890.123456789",
        "true",
        "2026-01-02",
        "2026-01-02T03:04:05.500000",
        "03:04:05",
        "1767323045123456",
        "aGk=",
    ];
    let mut want: Vec<_> = texts.iter().map(|text| json!({"v": text})).collect();
    want.push(json!({"v": [{"v": "a"}, {"v": "b"}]}));
    assert_eq!(page["rows"][0]["f"], json!(want), "{page}");
    assert_eq!(page["rows"][1]["f"][0], json!({"v": null}), "nulls are nulls: {page}");
    Ok(())
}
