//! `tapline`: the counter's commands for a terminal. It asks, shows and ends; what Tapline does, the house does.

#![allow(
    clippy::result_large_err,
    reason = "a problem is told to a person; its size is no matter beside that"
)]

mod args;
mod commands;
mod desk;
mod input;
mod progress;
mod say;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use args::Cli;
use say::{End, Manner, finish, not_understood};

fn main() -> ExitCode {
    tapline_api::install_tls();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error).into(),
    };
    let manner = Manner {
        json: cli.json,
        verbose: cli.verbose,
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return finish(
                Err(not_understood(&format!("No threads could be started: {error}."))),
                manner,
            )
            .into();
        }
    };
    let outcome = runtime.block_on(commands::answer(cli, manner));
    runtime.shutdown_background();
    finish(outcome, manner).into()
}

/// Help and version are answers. Anything else was not understood, and a program is told so in JSON too.
fn usage(error: &clap::Error) -> End {
    let asked = !error.use_stderr();
    let json = std::env::args_os().any(|word| word == "--json");
    let manner = Manner { json, verbose: false };
    if !asked && std::env::args_os().any(|word| input::is_key_text(&word.to_string_lossy())) {
        return finish(Err(input::key_typed()), manner);
    }
    if json && !asked {
        return finish(Err(not_understood(&error.render().to_string())), manner);
    }
    let _ = error.print();
    if asked { End::Done } else { End::NotUnderstood }
}
