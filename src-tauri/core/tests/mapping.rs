//! Records against CleverTap's rules, and statements against a SQL engine: what is compiled must hold on the other side.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use tapline_core::bigquery::{DatasetId, DatasetRef, Page, ProjectId, Schema, type_text};
use tapline_core::import::plan::Plan;
use tapline_core::import::{read, statement};
use tapline_core::mapping::{Mapping, Outcome, compile};
use tapline_sandbox::{Options, Sandbox};

type Ran = Result<(), Box<dyn Error>>;

const RUN_START: i64 = 1_700_000_000;
const CUSTOMERS: &str = include_str!("../../../tests/data/cdnow-customers.plan.json");
const PURCHASES: &str = include_str!("../../../tests/data/cdnow-purchases.plan.json");

fn schema(columns: &[(&str, &str)]) -> Schema {
    let fields = columns.iter().filter_map(|(name, kind)| type_text::read(name, kind));
    Schema {
        fields: fields.collect(),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "plans read better without ampersands")]
fn plan(parts: Value) -> Plan {
    let mut plan = json!({
        "version": 1, "nickname": "n", "database": "d", "account": "a",
        "source": {"table": "t"}, "records": "profiles", "identity": {"column": "id"},
    });
    for (name, part) in parts.as_object().cloned().unwrap_or_default() {
        plan[name] = part;
    }
    read(&plan.to_string()).unwrap_or_else(|faults| panic!("a plan: {faults:?}"))
}

fn mapping(plan: &Plan, schema: &Schema) -> Mapping {
    compile(plan, schema).unwrap_or_else(|faults| panic!("the plan compiles: {faults:?}"))
}

/// The records of these rows, and how many rows were rejected.
fn records(mapping: &Mapping, rows: &[Vec<String>]) -> Result<(Vec<String>, usize), Box<dyn Error>> {
    let page = Page::gather(rows)?;
    let mut records = Vec::new();
    let mut rejected = 0;
    for row in page.rows() {
        let mut out = Vec::new();
        match mapping.map(row, RUN_START, &mut out) {
            Outcome::Record { .. } => records.push(String::from_utf8(out)?),
            Outcome::Rejected { .. } => rejected += 1,
        }
    }
    Ok((records, rejected))
}

/// Rows in which each cell is one of these pieces of JSON or matches one of these patterns. Always the same ones.
fn rows(count: usize, columns: &[&[&str]]) -> Vec<Vec<String>> {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let cell = |pattern: &str| {
        proptest::string::string_regex(pattern)
            .expect("a pattern")
            .prop_map(|text| {
                if text == "NULL" {
                    "null".to_owned()
                } else {
                    json!(text).to_string()
                }
            })
            .boxed()
    };
    let cells: Vec<Vec<_>> = columns
        .iter()
        .map(|kinds| kinds.iter().map(|kind| cell(kind)).collect())
        .collect();
    (0..count)
        .map(|number| {
            cells
                .iter()
                .enumerate()
                .map(|(place, kinds)| {
                    let kind = &kinds[(number / (place + 1) + number) % kinds.len()];
                    kind.new_tree(&mut runner)
                        .map(|tree| tree.current())
                        .unwrap_or_default()
                })
                .collect()
        })
        .collect()
}

async fn start(options: Options) -> Result<Sandbox, Box<dyn Error>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(Sandbox::start(options).await?)
}

/// Sends the records in batches of 1,000 and gives back what CleverTap refused.
async fn refused(sandbox: &Sandbox, records: &[String]) -> Result<Vec<Value>, Box<dyn Error>> {
    let account = sandbox.clevertap().open_account("eu1");
    let authority = reqwest::Certificate::from_pem(sandbox.authority_pem().as_bytes())?;
    let http = reqwest::Client::builder()
        .tls_certs_only([authority])
        .no_proxy()
        .build()?;
    let mut refused = Vec::new();
    for batch in records.chunks(1000) {
        let answer: Value = http
            .post(format!("{}/clevertap/eu1/1/upload", sandbox.endpoint()))
            .header("X-CleverTap-Account-Id", &account.account_id)
            .header("X-CleverTap-Passcode", &account.passcode)
            .header("content-type", "application/json; charset=utf-8")
            .body(format!(r#"{{"d":[{}]}}"#, batch.join(",")))
            .send()
            .await?
            .json()
            .await?;
        assert!(answer["processed"].is_u64(), "an upload is answered, not {answer}");
        refused.extend(answer["unprocessed"].as_array().cloned().unwrap_or_default());
    }
    Ok(refused)
}

#[tokio::test(flavor = "multi_thread")]
async fn clevertap_takes_every_record_that_we_make() -> Ran {
    let sandbox = start(Options::default()).await?;
    let (columns, rows) = people();
    each_profile_property(&sandbox, &columns, &rows).await?;
    events(&sandbox, &columns, &rows).await
}

/// Rows of which some will do and some will not, column by column.
fn people() -> (Schema, Vec<Vec<String>>) {
    let columns = schema(&[
        ("id", "STRING"),
        ("mail", "STRING"),
        ("phone", "STRING"),
        ("sex", "STRING"),
        ("yes", "STRING"),
        ("school", "STRING"),
        ("age", "STRING"),
        ("born", "STRING"),
        ("any", "STRING"),
        ("what", "STRING"),
        ("at", "STRING"),
    ]);
    let anything = "\\PC{0,20}";
    let rows = rows(
        6000,
        &[
            &[
                "[a-z]{1,9}[0-9]",
                "[0-9]{1,3}",
                " {0,2}(null|NA|-1|0|u) ?",
                anything,
                "NULL",
                "x{1020,1028}",
            ],
            &[
                "[a-z.]{1,6}@[a-z-]{1,5}\\.[a-z]{1,3}",
                "[a-z]{2}@[a-z]{3}\\.io",
                "[a-z@. ]{0,9}",
                anything,
                "NULL",
            ],
            &[
                "[+][0-9]{1,18}",
                "0{0,3}[0-9]{4,9}",
                "[+() 0-9-]{0,12}",
                anything,
                "NULL",
            ],
            &["[MF]", "(fe)?male", "[A-Z][0-9]?", "NULL"],
            &["[YN]", "[ynYN]{0,2}", "NULL"],
            &["School|College|Graduate", "school|None", "NULL"],
            &["[0-9]{1,4}", "[0-9]{2}\\.[0-9]", "[a-z]{2}", "-[0-9]", "NULL"],
            &["[0-9]{4}-[01][0-9]-[0-3][0-9]", "NULL"],
            &[anything, ".{500,520}", "[\\x00-\\x1f\"\\\\]{0,9}", "NULL"],
            &[
                "Signed up|Bought",
                "(App ?Launched|stayed|Charged)",
                "[ %$a-z]{0,5}",
                anything,
            ],
            &[
                "[12][0-9]{3}-[01][0-9]-[0-3][0-9]T[012][0-9]:[0-5][0-9]:00Z",
                "20[0-2][0-9]-0[1-9]-1[0-9]",
                "NULL",
            ],
        ],
    );
    (columns, rows)
}

async fn each_profile_property(sandbox: &Sandbox, columns: &Schema, rows: &[Vec<String>]) -> Ran {
    let properties = json!([
        {"column": "mail", "name": "Email", "type": "string"},
        {"column": "sex", "name": "Gender", "type": "string"},
        {"column": "yes", "name": "Employed", "type": "string"},
        {"column": "yes", "name": "Married", "type": "string"},
        {"column": "school", "name": "Education", "type": "string"},
        {"column": "age", "name": "Age", "type": "string"},
        {"column": "born", "name": "DOB", "type": "date", "format": "yyyy-MM-dd"},
        {"column": "any", "name": "Anything", "type": "string"},
    ]);
    // One fault suffices to reject a row: judged one property at a time, many records pass and each rule is met.
    for (place, _) in properties.as_array().into_iter().flatten().enumerate() {
        let (made, rejected) = records(
            &mapping(&plan(json!({"properties": [properties[place]]})), columns),
            rows,
        )?;
        assert!(
            made.len() > 500 && rejected > 500,
            "both ways are met: {} made, {rejected} rejected",
            made.len()
        );
        assert_eq!(
            refused(sandbox, &made).await?,
            Vec::<Value>::new(),
            "CleverTap took each of {}",
            properties[place]
        );
    }
    for repairs in [json!({}), json!({"trim": true, "country_code": "+44"})] {
        let phone = json!([{"column": "phone", "name": "Phone", "type": "string", "repairs": repairs}]);
        let (made, _) = records(&mapping(&plan(json!({"properties": phone})), columns), rows)?;
        assert_eq!(
            refused(sandbox, &made).await?,
            Vec::<Value>::new(),
            "CleverTap took each phone"
        );
    }
    Ok(())
}

async fn events(sandbox: &Sandbox, columns: &Schema, rows: &[Vec<String>]) -> Ran {
    let events = json!({"events": {"name": {"column": "what"}, "created_on": {"column": "at", "format": "iso8601"}}});
    let items = json!([{"column": "any", "name": "Items", "type": "string"}]);
    let (made, rejected) = records(
        &mapping(&plan(json!({"records": events, "properties": items})), columns),
        rows,
    )?;
    assert!(
        made.len() > 200 && rejected > 200,
        "both ways are met: {} made, {rejected} rejected",
        made.len()
    );
    assert_eq!(
        refused(sandbox, &made).await?,
        Vec::<Value>::new(),
        "CleverTap took each event"
    );
    Ok(())
}

const PEOPLE: &str = "CREATE TABLE shop.people AS SELECT * FROM UNNEST([
  STRUCT(' u1' AS id, 1 AS n, TIMESTAMP '2024-01-01 00:00:00+00' AS changed, ['x'] AS tags),
  STRUCT('u1 ', 2, TIMESTAMP '2024-03-01 00:00:00+00', ['y', 'z']),
  STRUCT('u1', 3, NULL, ['x']),
  STRUCT('u2', 4, TIMESTAMP '2024-02-01 00:00:00+00', ['x']),
  STRUCT('u2', 5, TIMESTAMP '2024-02-01 00:00:00+00', ['x']),
  STRUCT('u3', 6, NULL, ['x']),
  STRUCT(NULL, 7, TIMESTAMP '2024-02-01 00:00:00+00', ['x']),
  STRUCT(NULL, 7, TIMESTAMP '2024-02-01 00:00:00+00', ['x']),
  STRUCT('N/A', 8, NULL, ['x']),
  STRUCT('N/A', 8, NULL, ['x'])])";

fn dataset() -> Result<DatasetRef, Box<dyn Error>> {
    let (project, dataset) = (ProjectId::read("acme-dw"), DatasetId::read("shop"));
    Ok(DatasetRef {
        project: project?,
        dataset: dataset?,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_run_and_keep_their_promises() -> Ran {
    let sandbox = start(Options::with_sql()).await?;
    sandbox.google().load_cdnow().await?;
    sandbox.google().run_sql(PEOPLE).await?;
    let dataset = dataset()?;
    identities_collapse_to_their_newest(&sandbox, &dataset).await?;
    numbers_collapse_as_text(&sandbox, &dataset).await?;
    cdnow_comes_whole(&sandbox, &dataset).await
}

async fn identities_collapse_to_their_newest(sandbox: &Sandbox, dataset: &DatasetRef) -> Ran {
    let people = plan(json!({
        "source": {"sql": "SELECT * FROM shop.people -- everybody;\n"},
        "identity": {"column": "id", "repairs": {"trim": true}},
        "updated_on": {"column": "changed"},
        "properties": [{"column": "n", "name": "N", "type": "integer"}, {"column": "tags", "name": "Tags", "type": "multi_value"}],
    }));
    let text = statement::all_rows(&people, dataset);
    let rows = sandbox.google().run_sql(&text).await?;
    let kept: BTreeSet<(String, String)> = rows
        .iter()
        .map(|row| {
            (
                row[0].as_str().unwrap_or("NULL").trim().to_owned(),
                format!("{} of {}", row[2], row[4]),
            )
        })
        .collect();
    let again = sandbox.google().run_sql(&text).await?;
    let sorted = |rows: &[Vec<Value>]| rows.iter().map(|row| json!(row).to_string()).collect::<BTreeSet<_>>();
    assert_eq!(sorted(&rows), sorted(&again), "ties fall the same way each time");
    assert_eq!(
        rows.len(),
        7,
        "three somebodies, and four rows that belong to nobody: {rows:?}"
    );
    let u2 = kept.iter().find(|(id, _)| id == "u2").map(|(_, row)| row.as_str());
    assert!(
        matches!(u2, Some("\"4\" of \"2\"" | "\"5\" of \"2\"")),
        "one of the two: {kept:?}"
    );
    for expected in [
        ("u1", "\"2\" of \"3\""),
        ("u3", "\"6\" of \"1\""),
        ("NULL", "\"7\" of \"1\""),
        ("N/A", "\"8\" of \"1\""),
    ] {
        assert!(
            kept.contains(&(expected.0.to_owned(), expected.1.to_owned())),
            "{expected:?} is among {kept:?}"
        );
    }
    let sample = sandbox
        .google()
        .run_sql(&statement::random_rows(&people, dataset, 3))
        .await?;
    assert_eq!(sample.len(), 3, "a sample has as many rows as were asked for");
    let preview = sandbox
        .google()
        .run_sql(&statement::preview(&people.source, dataset, 2))
        .await?;
    assert_eq!(
        (preview.len(), preview[0].len()),
        (2, 4),
        "a preview shows all columns of a few rows"
    );
    let count = sandbox
        .google()
        .run_sql(&statement::count(&people.source, dataset))
        .await?;
    assert_eq!(count, [[json!("10")]], "a count counts every row");
    Ok(())
}

/// With a country code chosen, the statement's identity is the one that the mapping sends.
async fn numbers_collapse_as_text(sandbox: &Sandbox, dataset: &DatasetRef) -> Ran {
    let phones = ["'+441'", "'001'", "'01'", "'1'", "' 1'", "''", "NULL", "'+1'"];
    let sql = format!("SELECT id FROM UNNEST([{}]) AS id", phones.join(", "));
    let by_phone = plan(json!({
        "source": {"sql": sql},
        "identity": {"column": "id", "repairs": {"trim": true, "country_code": "+44"}},
    }));
    let rows = sandbox
        .google()
        .run_sql(&statement::all_rows(&by_phone, dataset))
        .await?;
    let pieces: Vec<Vec<String>> = rows.iter().map(|row| vec![row[0].to_string()]).collect();
    let (made, rejected) = records(&mapping(&by_phone, &schema(&[("id", "STRING")])), &pieces)?;
    let identities: BTreeSet<_> = made
        .iter()
        .map(|record| record.split('"').nth(3).unwrap_or_default())
        .collect();
    assert_eq!(identities, BTreeSet::from(["+1", "+441"]), "of {made:?}");
    assert_eq!(
        (made.len(), rejected),
        (2, 2),
        "each identity once, and nobody by himself"
    );
    Ok(())
}

async fn cdnow_comes_whole(sandbox: &Sandbox, dataset: &DatasetRef) -> Ran {
    let customers = read(CUSTOMERS).map_err(|faults| format!("{faults:?}"))?;
    let columns = [
        ("customer_id", "STRING"),
        ("first_purchase", "DATE"),
        ("purchases", "INT64"),
        ("cds", "INT64"),
        ("dollars", "NUMERIC"),
    ];
    let made = all(sandbox, dataset, &customers, &columns).await?;
    assert_eq!(made.len(), 23_570, "a profile for each customer");
    let purchases = read(PURCHASES).map_err(|faults| format!("{faults:?}"))?;
    let columns = [
        ("customer_id", "STRING"),
        ("purchased_on", "DATE"),
        ("cds", "INT64"),
        ("dollars", "NUMERIC"),
    ];
    let made = all(sandbox, dataset, &purchases, &columns).await?;
    assert_eq!(made.len(), 69_659, "an event for each purchase");
    let mut equals: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &made {
        *equals.entry(record).or_default() += 1;
    }
    let surplus: usize = equals.values().map(|count| count - 1).sum();
    assert_eq!(surplus, 255, "identical purchases all count");
    let cents: i64 = made
        .iter()
        .filter_map(|record| serde_json::from_str::<Value>(record).ok()?["evtData"]["Dollars"].as_f64())
        .map(|dollars| format!("{:.0}", dollars * 100.0).parse::<i64>().unwrap_or_default())
        .sum();
    let truth = sandbox
        .google()
        .run_sql("SELECT CAST(SUM(dollars) * 100 AS INT64) FROM shop.purchases")
        .await?;
    assert_eq!(
        Some(cents.to_string().as_str()),
        truth[0][0].as_str(),
        "every cent arrives"
    );
    Ok(())
}

/// All records of a plan. Not one row may be rejected.
async fn all(
    sandbox: &Sandbox,
    dataset: &DatasetRef,
    plan: &Plan,
    columns: &[(&str, &str)],
) -> Result<Vec<String>, Box<dyn Error>> {
    let rows = sandbox.google().run_sql(&statement::all_rows(plan, dataset)).await?;
    let pieces: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().take(columns.len()).map(Value::to_string).collect())
        .collect();
    let (made, rejected) = records(&mapping(plan, &schema(columns)), &pieces)?;
    assert_eq!(rejected, 0, "no row of {} is rejected", plan.nickname);
    Ok(made)
}
