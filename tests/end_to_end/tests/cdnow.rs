//! The whole path on real input: what arrives at CleverTap agrees with SQL over the source.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tapline_api::wire::import::{DryRunAsk, DryRunReport, DryRunState, Estimate, SourceAsk};
use tapline_api::wire::run::{Outcome as Ended, Run};
use tapline_api::wire::signal::Signal;
use tapline_end_to_end::{CUSTOMERS, Outcome, PURCHASES, Stage, Window, plan};

#[tokio::test(flavor = "multi_thread")]
async fn the_cdnow_purchases_arrive_as_sql_counts_them() -> Outcome {
    let stage = Stage::with_cdnow().await?;
    let mut window = stage.open().await?;
    let connection = window.add_connection(&stage, "CDNOW").await?;
    assert_eq!(
        connection.location.as_deref(),
        Some("EU"),
        "the test found where the dataset is"
    );
    window.add_account(&stage, "Shop").await?;

    the_cost_is_known_before(&window, &connection.id).await?;
    a_dry_run_sends_nothing(&stage, &mut window).await?;
    profiles_agree(&stage, &mut window).await?;
    events_agree(&stage, &mut window).await?;
    only_the_sandbox_was_asked(&stage);
    window.app.shut_down().await;
    Ok(())
}

async fn the_cost_is_known_before(window: &Window, connection: &str) -> Outcome {
    let ask = SourceAsk {
        connection: connection.to_owned(),
        source: serde_json::from_value(json!({"table": "purchases"}))?,
    };
    let estimate: Estimate = window.ask("imports.estimate", &ask).await?;
    assert_eq!(estimate.rows, Some(69_659), "a table knows its rows");
    assert!(estimate.bytes_billed >= 10 << 20, "BigQuery bills 10 MB at the least");
    let names: Vec<_> = estimate.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(
        names,
        ["customer_id", "purchased_on", "cds", "dollars"],
        "columns come in order"
    );
    Ok(())
}

async fn a_dry_run_sends_nothing(stage: &Stage, window: &mut Window) -> Outcome {
    let ask = DryRunAsk {
        plan: serde_json::from_value(plan(CUSTOMERS, "CDNOW", "Shop")?)?,
        every_row: true,
    };
    let started: DryRunReport = window.ask("imports.dry_run", &ask).await?;
    let done = window
        .wait(|signal| match signal {
            Signal::DryRun(report) if report.dry_run == started.dry_run && report.state != DryRunState::Running => {
                Some(report)
            }
            _ => None,
        })
        .await?;
    assert_eq!(
        done.state,
        DryRunState::Done,
        "nothing stands in the way: {:?}",
        done.problem
    );
    assert_eq!(
        (done.rows_read, done.records, done.rejected),
        (23_570, 23_570, 0),
        "every customer maps"
    );
    assert!(
        done.rows.iter().all(|row| row.record.is_some()),
        "each row is shown with its record"
    );
    let uploads = stage.sandbox.calls_to("/clevertap/*/1/upload");
    assert!(
        uploads.iter().all(|call| call.query.contains("dryRun=1")),
        "a dry run uploads nothing; only the account test spoke to CleverTap"
    );
    Ok(())
}

async fn profiles_agree(stage: &Stage, window: &mut Window) -> Outcome {
    let import = window.add_import(&plan(CUSTOMERS, "CDNOW", "Shop")?).await?;
    let run = window.run(&import).await?;
    all_delivered(&run, 23_570);
    let arrived = stage.sandbox.clevertap().profiles();
    assert_eq!(arrived.len(), 23_570, "one profile for each customer");
    let rows = stage
        .sandbox
        .google()
        .run_sql("SELECT customer_id, purchases, cds, CAST(dollars AS STRING) FROM shop.customers")
        .await?;
    for row in rows {
        let id = row[0].as_str().ok_or("an id")?;
        let profile = arrived.get(id).ok_or_else(|| format!("customer {id} did not arrive"))?;
        let sent = (
            number(&profile["Purchases"]),
            number(&profile["CDs"]),
            number(&profile["Dollars"]),
        );
        let stored = (number(&row[1]), number(&row[2]), number(&row[3]));
        assert_eq!(sent, stored, "customer {id} arrived as it is in the table");
    }
    Ok(())
}

async fn events_agree(stage: &Stage, window: &mut Window) -> Outcome {
    let import = window.add_import(&plan(PURCHASES, "CDNOW", "Shop")?).await?;
    let run = window.run(&import).await?;
    all_delivered(&run, 69_659);
    let arrived = stage.sandbox.clevertap().events();
    assert_eq!(arrived.len(), 69_659, "every purchase is an event, identical ones too");

    // As bags: how often each event arrived, and how often each row is in the table.
    let mut sent: BTreeMap<(String, i64, String, String), u64> = BTreeMap::new();
    for event in &arrived {
        let event = event.json();
        let (data, key) = (
            &event["evtData"],
            event["identity"].as_str().unwrap_or_default().to_owned(),
        );
        let second = event["ts"].as_i64().ok_or("a second")?;
        let amount = data
            .get("Dollars")
            .or_else(|| data.get("Amount"))
            .unwrap_or(&Value::Null);
        *sent
            .entry((key, second, number(&data["CDs"]), number(amount)))
            .or_default() += 1;
    }
    let rows = stage
        .sandbox
        .google()
        .run_sql(
            "SELECT customer_id, UNIX_SECONDS(TIMESTAMP(purchased_on)), cds, CAST(dollars AS STRING), COUNT(*)
             FROM shop.purchases GROUP BY 1, 2, 3, 4",
        )
        .await?;
    let mut stored = BTreeMap::new();
    for row in rows {
        let text = |at: usize| row[at].as_str().map_or_else(|| row[at].to_string(), str::to_owned);
        let key = (text(0), text(1).parse()?, number(&row[2]), number(&row[3]));
        stored.insert(key, text(4).parse::<u64>()?);
    }
    let twins: u64 = stored.values().map(|count| count - 1).sum();
    assert_eq!(twins, 255, "the source has 255 rows that equal another");
    assert_eq!(sent.len(), stored.len(), "as many different events as different rows");
    assert!(sent == stored, "each event arrived as often as its row is in the table");
    Ok(())
}

fn all_delivered(run: &Run, rows: u64) {
    assert_eq!(
        run.outcome,
        Some(Ended::Completed),
        "nothing stood in the way: {:?}",
        run.problem
    );
    let counts = &run.counts;
    assert_eq!(
        (counts.read, counts.delivered),
        (rows, rows),
        "every row was read and delivered"
    );
    assert_eq!(
        (counts.rejected, counts.unprocessed, counts.in_doubt),
        (0, 0, 0),
        "and none in any other way"
    );
    assert_eq!(run.health.words, "100 %", "its health says so");
    assert_eq!(counts.batches, rows.div_ceil(1000), "batches are full");
}

/// Numbers compare by value: 12 is 12.0 is 12.00.
fn number(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.parse::<f64>() {
        Ok(number) => format!("{number:.2}"),
        Err(_) => text,
    }
}

fn only_the_sandbox_was_asked(stage: &Stage) {
    for call in stage.sandbox.calls() {
        let host = call.headers.get("host").cloned().unwrap_or_default();
        let ours = host.is_empty() || stage.sandbox.endpoint().ends_with(&host);
        assert!(ours, "{} was asked for as {host}", call.path);
    }
}
