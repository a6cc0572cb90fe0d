//! `tapline connections`.

use clap::{Args, Subcommand};

use super::KeySource;

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
    #[arg(long, default_value = "", hide_default_value = true)]
    pub project: String,
    /// Dataset ID; project.dataset and a console address will do
    #[arg(long)]
    pub dataset: String,
    #[command(flatten)]
    pub key: KeySource,
    /// The project that pays for queries, where it is another
    #[arg(long, default_value = "", hide_default_value = true, value_name = "PROJECT")]
    pub billing_project: String,
    /// The most that one query may read: BigQuery refuses more, and bills nothing. '' for no cap
    #[arg(long, default_value = "100 GB", value_name = "SIZE")]
    pub bytes_cap: String,
    /// Where queries run, if not where the dataset is found to be
    #[arg(long, default_value = "", hide_default_value = true)]
    pub location: String,
    /// Save without a test
    #[arg(long)]
    pub no_test: bool,
    /// Keep no key anywhere: each command brings it
    #[arg(long)]
    pub keep_no_key: bool,
}
