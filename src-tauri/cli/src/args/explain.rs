//! `tapline explain`.

use std::path::PathBuf;

use clap::Args;

/// What stands below its help.
pub const EXPLAIN_HELP: &str = "\
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
