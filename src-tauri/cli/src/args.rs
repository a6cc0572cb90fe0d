//! What can be typed, and the help that explains it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  tapline key check ~/Downloads/acme-dw-3f2a.json
  tapline connections add --name shop-prod --project acme-dw --dataset sales --key key.json
  tapline accounts add --name 'Shop (live)' --account-id ABC-123-456Z --region europe --passcode-file passcode.txt
  tapline imports add --plan customers.json
  tapline imports run 'Customers'
  tapline runs list --import 'Customers'
  tapline explain --call bigquery.jobs.insert --status 403 < answer.json

Exit status:
  0    done
  1    a problem that a person must mend; what it is stands on stderr
  2    the command was not understood
  3    a problem that may pass by itself: try again later
  4    the run completed, but rows were rejected, records were refused, or some are in doubt
  130  stopped by Ctrl-C

Environment:
  TAPLINE_STORE     folder that holds the store, instead of the usual one
  TAPLINE_CA        PEM file of certificate authorities to trust besides the system's
  TAPLINE_ENDPOINT  a sandbox on this machine instead of Google and CleverTap; loopback addresses alone
  TAPLINE_LOG       how much the log says: error, warn, info, debug or trace";

const EXPLAIN: &str = "\
Calls:
  token, crm.projects.get, crm.testIamPermissions, iam.keys.create, serviceusage.enable,
  bigquery.datasets.get, bigquery.tables.list, bigquery.tabledata.list, bigquery.jobs.insert,
  bigquery.getQueryResults, clevertap.upload, network

The context is JSON; every name in it may be left out:
  {\"member\": \"loader@acme-dw.iam.gserviceaccount.com\", \"project\": \"acme-dw\", \"billing_project\": \"acme-pay\",
   \"dataset\": \"sales\", \"table\": \"orders\", \"dataset_location\": \"EU\", \"location\": \"US\", \"job\": \"…\",
   \"key_id\": \"…a1b2\", \"local_time\": \"2026-11-23T20:30:00Z\", \"account_id\": \"…\", \"region\": \"eu1\",
   \"host\": \"…\", \"proxy\": \"…\", \"datasets\": [\"sales\"], \"tables\": [\"orders\"], \"columns\": [\"email\"]}

Examples:
  tapline explain --call bigquery.jobs.insert --status 403 < answer.json
  tapline explain --call token --status 400 --header 'Date: Mon, 23 Nov 2026 20:30:00 GMT' --context known.json < answer.json
  curl -i … | tapline explain --call bigquery.datasets.get --json

Ends with 0 where the answer was explained, and with 2 where what was given could not be read.";

/// BigQuery rows into CleverTap profiles and events
///
/// The same store, keychain and engine as Tapline's window, for terminals, cron and servers. What is saved here is seen
/// there, and the other way round. Nothing asks a question: what is missing is said, and the command ends.
#[derive(Debug, Parser)]
#[command(name = "tapline", version, after_long_help = EXAMPLES, after_help = EXAMPLES)]
pub struct Cli {
    /// Answer with one JSON object on stdout: {"ok": …} or {"problem": {"code", "facts", "command", "answer", …}}
    #[arg(long, global = true)]
    pub json: bool,
    /// Beneath each problem, show the whole of what Google or CleverTap answered, without secrets. With --json it is always
    /// there, in problem.answer.body
    #[arg(long, short, global = true)]
    pub verbose: bool,
    #[command(subcommand)]
    pub noun: Noun,
}

#[derive(Debug, Subcommand)]
pub enum Noun {
    /// BigQuery connections: a project, a dataset and a key
    #[command(subcommand)]
    Connections(Connections),
    /// CleverTap accounts: an Account ID, a region and a passcode
    #[command(subcommand)]
    Accounts(Accounts),
    /// Imports: what to read and what becomes of each row
    #[command(subcommand)]
    Imports(Imports),
    /// Runs: what was delivered, and what was not and why
    #[command(subcommand)]
    Runs(Runs),
    /// Google service-account keys
    #[command(subcommand)]
    Key(Key),
    /// Say what an answer of Google's or CleverTap's means, who can mend it, and what to type
    ///
    /// Reads the answer's body from stdin, and judges it as a running import would. What stands around it may stay: the head
    /// that curl -i prints, a line of a log, a client's exception. No network, no store; secrets in the answer are not shown
    /// again.
    #[command(after_help = EXPLAIN)]
    Explain(Explain),
    /// Version, store, keychain
    About,
}

#[derive(Debug, Subcommand)]
pub enum Connections {
    /// List the saved connections
    List,
    /// Save a connection, and test it
    ///
    /// The private key goes to the operating system's keychain, the rest to the store. A connection is saved although its
    /// test fails, so that nothing typed is lost; imports need a passed test.
    #[command(after_help = "Examples:
  tapline connections add --name shop-prod --project acme-dw --dataset sales --key key.json
  pass show acme/key | tapline connections add --name shop-prod --dataset acme-dw.sales --key -

On a machine without a keychain, where the key comes with each command and is never stored:
  tapline connections add --name shop-prod --dataset sales --key-fd 3 --keep-no-key 3<key.json
  tapline imports run Customers --key-fd 3 --passcode-file passcode.txt 3<key.json")]
    Add(AddConnection),
    /// Test a saved connection, step by step
    Test {
        /// The connection's name
        name: String,
        #[command(flatten)]
        key: KeySource,
    },
    /// Delete a connection and its key
    ///
    /// Imports in Ready, Scheduled, Paused or Running stand in the way and are listed; --stop-imports stops them first.
    /// Runs stay in the history.
    Delete {
        /// The connection's name
        name: String,
        /// Stop every import that reads from it
        #[arg(long)]
        stop_imports: bool,
        /// Yes, delete it. Without this the command only tells what would go
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub struct AddConnection {
    /// A name of your own, used once
    #[arg(long)]
    pub name: String,
    /// Project ID. Where absent, as in the key or in the dataset's path
    #[arg(long, default_value = "")]
    pub project: String,
    /// Dataset ID; project.dataset and a console address will do
    #[arg(long)]
    pub dataset: String,
    #[command(flatten)]
    pub key: KeySource,
    /// The project that pays for queries, where it is another
    #[arg(long, default_value = "", value_name = "PROJECT")]
    pub billing_project: String,
    /// The most that one query may read: BigQuery refuses more, and bills nothing. '' for no cap
    #[arg(long, default_value = "100 GB", value_name = "SIZE")]
    pub bytes_cap: String,
    /// Where queries run, if not where the dataset is found to be
    #[arg(long, default_value = "")]
    pub location: String,
    /// Save without a test
    #[arg(long)]
    pub no_test: bool,
    /// Keep no key anywhere: each command brings it
    #[arg(long)]
    pub keep_no_key: bool,
}

/// Where a service-account key comes from.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct KeySource {
    /// The key's JSON file; - for stdin. With systemd, a file of its credentials folder
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// An open file descriptor to read the key from
    #[arg(long, value_name = "N")]
    pub key_fd: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub enum Accounts {
    /// List the saved accounts
    List,
    /// Save an account, and test it
    #[command(after_help = "Examples:
  tapline accounts add --name Live --account-id ABC-123-456Z --region india --passcode-file passcode.txt
  pass show clevertap | tapline accounts add --name Live --account-id ABC-123-456Z --region europe --passcode-file -")]
    Add(AddAccount),
    /// Change how many calls a saved account may have in flight
    Change {
        /// The account's name
        name: String,
        /// From 1 to 15, all runs together: fewer leave room for others who send to the account
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=15))]
        calls_at_once: u32,
    },
    /// Test a saved account with one record that CleverTap must refuse
    Test {
        /// The account's name
        name: String,
        #[command(flatten)]
        passcode: PasscodeSource,
    },
}

#[derive(Debug, Args)]
pub struct AddAccount {
    /// A name of your own, used once
    #[arg(long)]
    pub name: String,
    /// Account ID, or a dashboard address that holds it
    #[arg(long)]
    pub account_id: String,
    /// The account's region. Where absent, as in the dashboard address
    #[arg(long)]
    pub region: Option<Region>,
    #[command(flatten)]
    pub passcode: PasscodeSource,
    /// Calls that it may have in flight, all runs together: fewer leave room for others who send to it
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=15))]
    pub calls_at_once: u32,
    /// Save without a test
    #[arg(long)]
    pub no_test: bool,
    /// Keep no passcode anywhere: each command brings it
    #[arg(long)]
    pub keep_no_passcode: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Region {
    /// in1
    India,
    /// sg1
    Singapore,
    /// us1
    UnitedStates,
    /// aps3
    Indonesia,
    /// mec1
    Uae,
    /// eu1
    Europe,
}

/// What became of a record that was not delivered.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Fate {
    /// Refused by us before upload
    Rejected,
    /// Refused by CleverTap
    Unprocessed,
    /// Sent, and no answer came
    InDoubt,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum InDoubt {
    /// Leave them: some may be missing, none is doubled
    Leave,
    /// Send them again: none is missing, some may be doubled
    Resend,
}

/// Where a passcode comes from.
#[derive(Debug, Args)]
pub struct PasscodeSource {
    /// A file that holds the passcode; - for stdin
    #[arg(long, value_name = "FILE")]
    pub passcode_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Imports {
    /// List the imports
    List,
    /// Write an import's plan to stdout
    Export {
        /// The import's nickname
        nickname: String,
    },
    /// Save an import from its plan
    #[command(after_help = "A plan is JSON; `tapline imports schema` prints its JSON Schema.

Example:
  tapline imports export Customers > customers.json
  tapline imports add --plan customers.json")]
    Add {
        /// The plan's file; - for stdin
        #[arg(long, value_name = "FILE")]
        plan: PathBuf,
        /// Take the place of the import with this plan's nickname
        #[arg(long)]
        replace: bool,
        /// Save it as a Draft, complete or not
        #[arg(long)]
        draft: bool,
    },
    /// Run an import now, and wait for its end
    ///
    /// Ctrl-C stops it: the batch on its way is waited for, so that what was delivered is known. A second Ctrl-C ends the
    /// process at once; what was on its way is then listed as in doubt.
    Run {
        /// The import's nickname
        nickname: String,
        /// Yes, send all rows as events, which cannot be taken back
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        key: KeySource,
        #[command(flatten)]
        passcode: PasscodeSource,
    },
    /// Stop an import for good, and its run with it
    Stop {
        /// The import's nickname
        nickname: String,
    },
    /// Start an import from the beginning: its next run sends every row
    ///
    /// Without --yes it tells what that means, and which statements it runs in BigQuery, and does nothing. It forgets how far
    /// New and updated rows has come, and drops the tables in which Changed rows keeps what CleverTap acknowledged.
    Restart {
        /// The import's nickname
        nickname: String,
        /// Yes, start it from the beginning
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        key: KeySource,
    },
    /// Map rows without a network, and see the records or why not
    #[command(
        after_help = "Each line of the rows file is one row, with values as BigQuery's REST API sends them:
  {\"email\": {\"type\": \"STRING\", \"value\": \"ann@example.com\"}, \"age\": {\"type\": \"INT64\", \"value\": \"42\"}}
Each line of the answer is one row:
  {\"row\": 1, \"record\": {…}}
  {\"row\": 2, \"rejected\": [{\"column\": \"email\", \"code\": …, \"reason\": …}]}

What CleverTap would cut or drop, and columns that no row has, are told on stderr.

Rows are not collapsed here: that is BigQuery's part of a run. Ends with 4 where a row was rejected."
    )]
    Preview {
        /// The plan's file; - for stdin
        #[arg(long, value_name = "FILE")]
        plan: PathBuf,
        /// The rows' file; - for stdin
        #[arg(long, value_name = "FILE")]
        rows: PathBuf,
        /// The second since 1970 that stands for the run's start, so that the answer is the same each time
        #[arg(long, value_name = "SECOND", allow_negative_numbers = true,
              value_parser = clap::value_parser!(i64).range(1..=9_999_999_999))]
        at: Option<i64>,
    },
    /// Print the plan's JSON Schema
    Schema,
}

#[derive(Debug, Subcommand)]
pub enum Runs {
    /// List runs, the newest first
    List {
        /// Of this import alone, by nickname
        #[arg(long, value_name = "NICKNAME")]
        import: Option<String>,
    },
    /// Show a run: totals, health, reasons
    Show {
        /// The run's id
        run: String,
    },
    /// List rows that a run did not deliver, or not surely: each with its code and what that means
    Rows {
        /// The run's id
        run: String,
        /// Those with this code alone, such as 515
        #[arg(long)]
        code: Option<String>,
        /// Those in which this text occurs
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// How many at most, up to 1,000
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Go on with a run that was paused, stopped, interrupted or that failed, and wait for its end
    ///
    /// It reads the same result of BigQuery's, and sends what was never acknowledged. Ctrl-C stops it again.
    Resume {
        /// The run's id
        run: String,
        /// What becomes of events that were sent and never answered. Where absent, as the import has it
        #[arg(long)]
        in_doubt: Option<InDoubt>,
        /// Yes, run the query a second time where its result proved too large to be kept
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        key: KeySource,
        #[command(flatten)]
        passcode: PasscodeSource,
    },
    /// Stop a run, whichever window or terminal runs it, and let its import wait as Paused
    Pause {
        /// The run's id
        run: String,
    },
    /// Stop a run, whichever window or terminal runs it. Its import can run again
    Stop {
        /// The run's id
        run: String,
    },
    /// Send again what a run did not deliver, and wait for the end: profiles as the source has them now, events as stored
    ///
    /// Without --yes it tells what would be sent and what it costs, and sends nothing. Records in doubt go only with --fate
    /// in-doubt: they may have arrived.
    Resend {
        /// The run's id
        run: String,
        /// Only records with this fate
        #[arg(long)]
        fate: Option<Fate>,
        /// Only records with this code, as `tapline runs show` tells it
        #[arg(long, value_name = "CODE")]
        reason: Option<String>,
        /// Only records with this column, besides the code
        #[arg(long, value_name = "COLUMN", requires = "reason")]
        column: Option<String>,
        /// Send
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        key: KeySource,
        #[command(flatten)]
        passcode: PasscodeSource,
    },
    /// Leave a run's events in doubt as they are, where its import asks: some may be missing, none is doubled
    Leave {
        /// The run's id
        run: String,
    },
    /// Take a person out of every record of every run: identity, values and reasons
    ///
    /// What happened, and how often, stays. Files that were exported, BigQuery and CleverTap are not reached.
    Forget {
        /// The identity, as the records have it
        identity: String,
    },
    /// Write what was not delivered as CSV, with a last column Failure Description
    Export {
        /// The run's id
        run: String,
        /// The file to write
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub enum Key {
    /// Say what a file is, whether it will do as a key, and why not
    ///
    /// Reads the file alone: no network, no store. Nothing secret is printed.
    Check {
        /// The file; - for stdin
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct Explain {
    /// Which call was answered
    #[arg(long)]
    pub call: String,
    /// The answer's HTTP status. Left out where nothing answered, or where the text says it
    #[arg(long, value_parser = clap::value_parser!(u16).range(100..=599))]
    pub status: Option<u16>,
    /// A header of the answer. May be given many times
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// What earlier steps learned, as JSON
    #[arg(long, value_name = "FILE")]
    pub context: Option<PathBuf>,
    /// What was sent, as JSON or as it stood on the wire
    #[arg(long, value_name = "FILE")]
    pub request: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_hold_together() {
        super::Cli::command().debug_assert();
    }
}
