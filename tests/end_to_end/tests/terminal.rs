//! `tapline` from a terminal: the same path without a window, without a keychain, and with a sudden end.
#![cfg(unix)]

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tapline_end_to_end::{CUSTOMERS, Outcome, PURCHASES, Stage, plan, said};
use tapline_sandbox::{Matcher, Options};

/// Through the terminal: connection, account and both imports.
fn furnish(stage: &Stage) -> Outcome {
    let key = stage.key_file()?;
    let (status, added) = stage.tapline_says(&[
        "connections",
        "add",
        "--name",
        "CDNOW",
        "--dataset",
        "acme-dw.shop",
        "--key",
        &key.to_string_lossy(),
    ])?;
    assert_eq!(status, 0, "a working key is tested and saved: {added}");
    assert_eq!(added["ok"]["check"]["verdict"], "passed", "the test passed");
    let passcode = stage.folder().join("passcode.txt");
    std::fs::write(&passcode, format!("{}\n", stage.account.passcode))?;
    let account = &stage.account.account_id;
    let (status, added) = stage.tapline_says(&[
        "accounts",
        "add",
        "--name",
        "Shop",
        "--account-id",
        account,
        "--region",
        "india",
        "--passcode-file",
        &passcode.to_string_lossy(),
    ])?;
    assert_eq!(status, 0, "a good passcode is tested and saved: {added}");
    for text in [CUSTOMERS, PURCHASES] {
        let file = stage.folder().join("plan.json");
        std::fs::write(&file, plan(text, "CDNOW", "Shop")?.to_string())?;
        let (status, added) = stage.tapline_says(&["imports", "add", "--plan", &file.to_string_lossy()])?;
        assert_eq!(status, 0, "the plan is whole: {added}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_path_from_a_terminal() -> Outcome {
    let stage = Stage::with_cdnow().await?;
    furnish(&stage)?;
    let (status, run) = stage.tapline_says(&["imports", "run", "cdnow customers"])?;
    assert_eq!(status, 0, "all was delivered: {run}");
    assert_eq!(run["ok"]["run"]["counts"]["delivered"], 23_570, "every customer");
    let (status, warned) = stage.tapline_says(&["imports", "run", "CDNOW purchases"])?;
    assert_eq!(
        (status, code(&warned)),
        (1, "confirmation_needed"),
        "events cannot be taken back"
    );
    assert_eq!(warned["problem"]["facts"]["count"], "69659", "the count is told before");

    let (_, exported) = stage.tapline_says(&["imports", "export", "CDNOW purchases"])?;
    let parsed = |plan: Value| serde_json::from_value::<tapline_core::import::plan::Plan>(plan);
    assert_eq!(
        parsed(exported["ok"].clone())?,
        parsed(plan(PURCHASES, "CDNOW", "Shop")?)?,
        "a plan comes out as it went in"
    );
    let (_, runs) = stage.tapline_says(&["runs", "list", "--import", "CDNOW customers"])?;
    let id = runs["ok"][0]["id"].as_str().ok_or("a run")?;
    let (status, shown) = stage.tapline_says(&["runs", "show", id])?;
    assert_eq!(
        (status, &shown["ok"]["run"]["outcome"]),
        (0, &Value::from("completed")),
        "the run is kept"
    );
    for word in ["stop", "pause"] {
        let told = stage.tapline(&["runs", word, id])?.output()?;
        assert_eq!(
            String::from_utf8_lossy(&told.stdout).trim(),
            "CDNOW customers had ended already: completed.",
            "what has ended is not told to {word}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_lists_what_is_in_doubt_and_loses_nothing() -> Outcome {
    let stage = Stage::with_cdnow().await?;
    furnish(&stage)?;
    let gate = stage.sandbox.hold_answer(Matcher::path("/clevertap/*").skip(3));
    let mut run = stage
        .tapline(&["imports", "run", "CDNOW customers", "--json"])?
        .spawn()?;
    gate.arrived(1).await;
    run.kill()?; // SIGKILL: no goodbye
    run.wait()?;
    gate.open();

    let (_, runs) = stage.tapline_says(&["runs", "list"])?;
    let found = &runs["ok"][0];
    assert_eq!(found["outcome"], "interrupted", "the next start finds it: {found}");
    let count = |name: &str| found["counts"][name].as_u64().unwrap_or_default();
    assert!(count("in_doubt") >= 1000, "what was on its way is in doubt: {found}");
    let arrived = stage.sandbox.clevertap().counts().profile_records;
    assert!(
        arrived >= count("delivered") && arrived <= count("delivered") + count("in_doubt"),
        "{arrived} arrived: all that is called delivered, and nothing that is called neither: {found}"
    );
    let id = found["id"].as_str().ok_or("an id")?;
    let (status, shown) = stage.tapline_says(&["runs", "show", id])?;
    assert_eq!(status, 0, "a run can be looked at");
    let listed: u64 = shown["ok"]["reasons"]
        .as_array()
        .ok_or("reasons")?
        .iter()
        .filter_map(|group| group["reason"]["count"].as_u64())
        .sum();
    assert_eq!(listed, count("in_doubt"), "each record in doubt is listed");
    let csv = stage.folder().join("doubt.csv");
    let (status, exported) = stage.tapline_says(&["runs", "export", id, "--to", &csv.to_string_lossy()])?;
    assert_eq!(
        (status, exported["ok"]["rows"].as_u64()),
        (0, Some(listed)),
        "and leaves as CSV"
    );
    let head = std::fs::read_to_string(&csv)?;
    let head = head.lines().next().ok_or("a head")?;
    assert!(
        head.ends_with("Failure Description"),
        "the last column tells why: {head}"
    );
    let (status, again) = stage.tapline_says(&["imports", "run", "CDNOW customers"])?;
    assert_eq!(
        (status, &again["ok"]["run"]["counts"]["delivered"]),
        (0, &Value::from(23_570)),
        "it can run again"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_stops_a_run_properly() -> Outcome {
    let stage = Stage::with_cdnow().await?;
    furnish(&stage)?;
    let gate = stage.sandbox.hold_answer(Matcher::path("/clevertap/*").skip(2));
    let run = stage
        .tapline(&["imports", "run", "CDNOW customers", "--json"])?
        .spawn()?;
    gate.arrived(1).await;
    interrupt(&run)?;
    gate.open();
    let output = tokio::task::spawn_blocking(move || run.wait_with_output()).await??;
    let (status, ended) = said(&output)?;
    assert_eq!(status, 130, "stopped by Ctrl-C: {ended}");
    let run = &ended["ok"]["run"];
    assert_eq!(run["outcome"], "stopped", "it came to an end: {run}");
    assert_eq!(run["counts"]["in_doubt"], 0, "what was on its way was waited for");
    let arrived = stage.sandbox.clevertap().counts().profile_records;
    assert_eq!(run["counts"]["delivered"].as_u64(), Some(arrived), "and counted");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keychain_nothing_is_kept_and_the_key_comes_each_time() -> Outcome {
    let stage = Stage::with_cdnow().await?;
    let key = stage.key_file()?;
    let add = [
        "connections",
        "add",
        "--name",
        "CDNOW",
        "--dataset",
        "acme-dw.shop",
        "--json",
    ];
    let output = without_keychain(stage.tapline(&add)?).arg("--key").arg(&key).output()?;
    let (status, refused) = said(&output)?;
    assert_eq!(
        (status, code(&refused)),
        (1, "keychain_no_service"),
        "it says so: {refused}"
    );
    let (_, saved) = stage.tapline_says(&["connections", "list"])?;
    assert_eq!(
        saved["ok"],
        serde_json::json!([]),
        "a connection without its key is not saved"
    );

    let file = File::open(&key)?;
    let mut command = without_keychain(stage.tapline(&add)?);
    let output = with_key(&mut command, &file).arg("--keep-no-key").output()?;
    let (status, added) = said(&output)?;
    assert_eq!(status, 0, "the key comes by a descriptor and stays nowhere: {added}");
    let account = &stage.account.account_id;
    let words = [
        "accounts",
        "add",
        "--name",
        "Shop",
        "--account-id",
        account,
        "--region",
        "india",
        "--passcode-file",
        "-",
        "--keep-no-passcode",
        "--json",
    ];
    let output = feed(without_keychain(stage.tapline(&words)?), &stage.account.passcode)?;
    assert_eq!(said(&output)?.0, 0, "the passcode comes by stdin and stays nowhere");
    let plan_file = stage.folder().join("plan.json");
    std::fs::write(&plan_file, plan(CUSTOMERS, "CDNOW", "Shop")?.to_string())?;
    assert_eq!(
        stage
            .tapline_says(&["imports", "add", "--plan", &plan_file.to_string_lossy()])?
            .0,
        0
    );

    let bare = without_keychain(stage.tapline(&["imports", "run", "CDNOW customers", "--json"])?).output()?;
    assert_eq!(said(&bare)?.0, 1, "without its key it cannot run");
    let words = ["imports", "run", "CDNOW customers", "--json", "--passcode-file", "-"];
    let file = File::open(&key)?;
    let mut command = without_keychain(stage.tapline(&words)?);
    with_key(&mut command, &file);
    let (status, run) = said(&feed(command, &stage.account.passcode)?)?;
    assert_eq!(status, 0, "with both it runs: {run}");
    assert_eq!(run["ok"]["run"]["counts"]["delivered"], 23_570, "and delivers");
    Ok(())
}

#[tokio::test]
async fn a_file_is_judged_without_a_store_or_a_network() -> Outcome {
    let stage = Stage::set(Options::default()).await?;
    let key = stage.key_file()?;
    let mut command = stage.tapline(&["key", "check", &key.to_string_lossy(), "--json"])?;
    command.env("TAPLINE_STORE", stage.folder().join("never-made"));
    let (status, good) = said(&command.output()?)?;
    assert_eq!(
        (status, &good["ok"]["client_email"]),
        (0, &Value::from(stage.key.client_email.clone()))
    );
    assert!(
        !stage.folder().join("never-made").exists(),
        "a look at a file makes no store"
    );
    let output = feed(
        stage.tapline(&["key", "check", "-", "--json"])?,
        "{\"type\": \"authorized_user\"}",
    )?;
    let (status, bad) = said(&output)?;
    assert_eq!(
        (status, code(&bad)),
        (1, "key_is_user_credentials"),
        "it says what it is: {bad}"
    );
    let (status, odd) = stage.tapline_says(&["connections", "sell"])?;
    assert_eq!(
        (status, code(&odd)),
        (2, "command_not_understood"),
        "programs hear it in JSON too"
    );
    assert_eq!(stage.sandbox.calls(), [], "nobody was asked");
    Ok(())
}

fn code(value: &Value) -> &str {
    value["problem"]["code"].as_str().unwrap_or("no problem")
}

fn without_keychain(mut command: Command) -> Command {
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    command
}

/// The file as descriptor 0 would be its stdin; by number it is any other, which children inherit by name alone.
fn with_key<'a>(command: &'a mut Command, file: &File) -> &'a mut Command {
    // Rust closes descriptors on exec, so the child gets it as one of the shell's.
    let words: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    let program = command.get_program().to_owned();
    let kept: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg("key=$1; shift; exec \"$@\" --key-fd 3 3<\"$key\"")
        .args(["sh", &path])
        .arg(program)
        .args(words)
        .envs(kept)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    *command = shell;
    command
}

fn feed(mut command: Command, text: &str) -> Result<std::process::Output, Box<dyn std::error::Error>> {
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    child.stdin.take().ok_or("a pipe")?.write_all(text.as_bytes())?;
    Ok(child.wait_with_output()?)
}

fn interrupt(child: &Child) -> Outcome {
    let done = Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    assert!(done.success(), "the signal was sent");
    Ok(())
}
