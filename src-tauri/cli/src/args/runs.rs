//! `tapline runs`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::{KeySource, PasscodeSource};

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
