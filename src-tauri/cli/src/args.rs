//! What can be typed, and the help that explains it: a file for each noun.

mod accounts;
mod connections;
mod explain;
mod imports;
mod runs;
mod secrets;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use accounts::{Accounts, AddAccount, Region};
pub use connections::{AddConnection, Connections};
pub use explain::{EXPLAIN_HELP, Explain};
pub use imports::Imports;
pub use runs::{Fate, InDoubt, Runs};
pub use secrets::{KeySource, PasscodeSource};

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
    #[command(after_help = EXPLAIN_HELP)]
    Explain(Explain),
    /// Version, store, keychain
    About,
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

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, ValueEnum as _};

    use super::accounts::Region;

    #[test]
    fn a_region_is_named_in_words_or_by_its_code() {
        for (word, code) in [
            ("india", "in1"),
            ("united-states", "us1"),
            ("uae", "mec1"),
            ("europe", "eu1"),
        ] {
            let [named, coded] = [word, code].map(|region| Region::from_str(region, false).expect("a region"));
            assert_eq!(format!("{named:?}"), format!("{coded:?}"), "{word} and {code} are one");
        }
    }

    #[test]
    fn the_arguments_hold_together() {
        super::Cli::command().debug_assert();
    }
}
