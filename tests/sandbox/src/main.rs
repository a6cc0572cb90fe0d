//! The sandbox as a process of its own: says where it is and what opens it, and serves until it is told to end.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde_json::{Value, json};
use tapline_sandbox::{LoadError, Options, Sandbox, StartError};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

/// Google and CleverTap on loopback, for demonstrations and tests.
///
/// Prints a JSON description: endpoint, certificate authority, control token, a service-account key that may do what an
/// import needs, and a CleverTap account. Serves until its standard input closes, or until SIGTERM or SIGINT; then
/// everything that it made is gone.
#[derive(Parser)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct Arguments {
    /// Writes the description to this file, readable by you alone, instead of printing it
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Loads the CDNOW purchases as shop.purchases and shop.customers
    #[arg(long)]
    cdnow: bool,
    /// Starts without the SQL engine
    #[arg(long, conflicts_with = "cdnow")]
    no_sql: bool,
    /// The Google Cloud project that exists
    #[arg(long, default_value = "acme-dw")]
    project: String,
    /// Where its dataset `shop` lives
    #[arg(long, default_value = "EU")]
    location: String,
    /// The region of the CleverTap account: in1, sg1, us1, aps3, mec1, or eu for the bare host
    #[arg(long, default_value = "in1")]
    region: String,
    /// Speaks HTTP/1.1 alone, as CleverTap was seen to
    #[arg(long)]
    http1: bool,
    /// Lets `FARM_FINGERPRINT` give other numbers than Google's, a hundred times sooner: for many rows
    #[arg(long, conflicts_with = "no_sql")]
    quick_fingerprints: bool,
}

/// Why the process ends badly.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Start(StartError),
    #[error("the data could not be loaded")]
    Load(#[source] LoadError),
    #[error("{what} could not be written")]
    Write {
        what: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("no signals can be waited for")]
    Signals(#[source] std::io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve(Arguments::parse()).await {
        // The thread that reads standard input may still wait; nothing depends on it.
        Ok(()) => std::process::exit(0),
        Err(failure) => {
            eprintln!("tapline-sandbox: {}", chain(&failure));
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Signals)?;
    let ended = tokio::task::spawn_blocking(|| {
        let mut rest = Vec::new();
        let _ = std::io::stdin().read_to_end(&mut rest);
    });
    let sandbox = Sandbox::start(Options {
        sql: !arguments.no_sql,
        project: arguments.project.clone(),
        location: arguments.location.clone(),
        http1_only: arguments.http1,
        quick_fingerprints: arguments.quick_fingerprints,
    })
    .await
    .map_err(Failure::Start)?;
    if arguments.cdnow {
        sandbox.google().load_cdnow().await.map_err(Failure::Load)?;
    }
    let folder = private_folder()?;
    let description = described(&sandbox, &arguments, folder.path())?;
    announce(arguments.write.as_deref(), &description)?;
    tokio::select! {
        _ = ended => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    if let Some(file) = &arguments.write {
        let _ = fs::remove_file(file);
    }
    drop(sandbox);
    drop(folder);
    Ok(())
}

fn private_folder() -> Result<TempDir, Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let made = tempfile::Builder::new()
        .prefix("tapline-sandbox-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir();
    made.map_err(|source| Failure::Write {
        what: "the folder for keys",
        source,
    })
}

fn described(sandbox: &Sandbox, arguments: &Arguments, folder: &Path) -> Result<Value, Failure> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        private_file(&path, text).map_err(|source| Failure::Write { what: "a key", source })?;
        Ok(path)
    };
    let key = sandbox.google().issue_working_key("tapline-reader");
    let account = sandbox.clevertap().open_account(&arguments.region);
    Ok(json!({
        "endpoint": sandbox.endpoint(),
        "authority_pem_path": write("authority.pem", sandbox.authority_pem())?,
        "control_token": sandbox.control_token(),
        "project": arguments.project,
        "dataset": "shop",
        "location": arguments.location,
        "client_email": key.client_email,
        "key_path": write("key.json", key.json())?,
        "clevertap": {
            "account_id": account.account_id,
            "passcode_path": write("passcode", &account.passcode)?,
            "region": account.region,
        },
    }))
}

/// A reader of the file sees all of it or nothing.
fn announce(file: Option<&Path>, description: &Value) -> Result<(), Failure> {
    let failed = |source| Failure::Write {
        what: "the description",
        source,
    };
    let Some(file) = file else {
        println!("{description}");
        return std::io::stdout().flush().map_err(failed);
    };
    let partial = file.with_extension("partial");
    private_file(&partial, &description.to_string()).map_err(failed)?;
    fs::rename(&partial, file).map_err(failed)
}

fn private_file(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let _ = fs::remove_file(path);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
