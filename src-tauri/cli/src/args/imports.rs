//! `tapline imports`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{KeySource, PasscodeSource};

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
