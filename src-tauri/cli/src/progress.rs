//! Waiting for something that takes a while: drawn on stderr where that is a terminal, silent elsewhere.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tapline_api::wire::check::{CheckRef, CheckReport, Verdict};
use tapline_api::wire::problem::Problem;
use tapline_api::wire::run::{Phase, Run, RunRef};
use tapline_api::wire::signal::Signal;

use crate::desk::{Desk, Heard};
use crate::say::number;
use crate::words;

/// Waits for a test's verdict, and shows each step. Ctrl-C cancels it.
pub async fn check(desk: &mut Desk, started: CheckReport) -> Result<CheckReport, Problem> {
    let bar = drawn(desk.json).then(|| spinner("Testing the connection"));
    let mut report = started;
    while report.verdict == Verdict::Running {
        match desk.hear().await {
            Heard::Signal(signal) => {
                if let Signal::Check(next) = *signal
                    && next.check == report.check
                {
                    report = next;
                }
            }
            Heard::Interrupt => {
                let ask = CheckRef {
                    check: report.check.clone(),
                };
                report = desk.ask("check.cancel", ask).await?;
            }
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    if !desk.json {
        for step in &report.steps {
            let _ = writeln!(std::io::stderr(), "{}", words::step(step));
        }
    }
    Ok(report)
}

/// Waits for a run's end. The first Ctrl-C stops it properly, the second gives up waiting.
///
/// Nothing where the person gave up waiting.
pub async fn run(desk: &mut Desk, started: Run) -> Result<Option<Run>, Problem> {
    let bar = drawn(desk.json).then(|| spinner("Asking BigQuery"));
    let mut run = started;
    let mut stopping = false;
    while run.outcome.is_none() {
        match desk.hear().await {
            Heard::Signal(signal) => {
                if let Signal::Run(next) = *signal
                    && next.id == run.id
                {
                    run = next;
                    if let Some(bar) = &bar {
                        draw(bar, &run);
                    }
                }
            }
            Heard::Interrupt if stopping => return Ok(None),
            Heard::Interrupt => {
                stopping = true;
                let ask = RunRef { run: run.id.clone() };
                run = desk.ask("runs.stop", ask).await?;
                if let Some(bar) = &bar {
                    bar.set_message("Stopping: waiting for what is on its way. Ctrl-C again ends at once");
                }
            }
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(Some(run))
}

fn drawn(json: bool) -> bool {
    !json && std::io::stderr().is_terminal()
}

fn spinner(message: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(message);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn draw(bar: &ProgressBar, run: &Run) {
    if run.phase != Phase::Sending {
        return;
    }
    let counts = &run.counts;
    if let Some(expected) = counts.expected
        && bar.length() != Some(expected)
    {
        let style = ProgressStyle::with_template("{bar:30} {percent:>3} % {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_length(expected);
    }
    bar.set_position(counts.read);
    let mut message = format!(
        "{} rows read, {} delivered",
        number(counts.read),
        number(counts.delivered)
    );
    for (count, what) in [
        (counts.rejected, "rejected"),
        (counts.unprocessed, "unprocessed"),
        (counts.in_doubt, "in doubt"),
    ] {
        if count > 0 {
            let _ = write!(message, ", {} {what}", number(count));
        }
    }
    if let Some(seconds) = run.seconds_left {
        let _ = write!(message, ", {seconds} s left");
    }
    bar.set_message(message);
}
