//! `tapline accounts`.

use clap::{Args, Subcommand, ValueEnum};

use super::PasscodeSource;

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
    #[value(alias = "in1")]
    India,
    /// sg1
    #[value(alias = "sg1")]
    Singapore,
    /// us1
    #[value(alias = "us1")]
    UnitedStates,
    /// aps3
    #[value(alias = "aps3")]
    Indonesia,
    /// mec1
    #[value(alias = "mec1")]
    Uae,
    /// eu1
    #[value(alias = "eu1")]
    Europe,
}
