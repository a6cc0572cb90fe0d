//! The one list of commands: what a window, a browser or a terminal may ask, with the shape of question and reply.

mod about;
pub(crate) mod accounts;
mod check;
pub(crate) mod connections;
pub(crate) mod dry_run;
mod explain;
mod imports;
pub(crate) mod key;
mod resend;
mod restart;
mod resume;
mod run_now;
pub(crate) mod runs;
mod settings;
mod source;
mod wizard;

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tapline_core::ground::problem::{Code, Fact, Problem};

use crate::App;
use crate::host::Waiting;
use crate::wire;

macro_rules! commands {
    ($($(#[doc = $doc:literal])* $name:literal $room:ident :: $function:ident ($args:ty) -> $reply:ty;)*) => {
        /// Every command with its TypeScript shapes: `(name, meaning, args, reply)`.
        pub fn listed() -> Vec<(&'static str, &'static str, String, String)> {
            use ts_rs::TS as _;
            let config = ts_rs::Config::from_env();
            vec![$(($name, concat!($($doc),*), <$args>::name(&config), <$reply>::name(&config)),)*]
        }

        /// The command's name, or nothing: a name from outside is not fit for the log.
        pub(crate) fn known(name: &str) -> Option<&'static str> {
            match name {
                $($name => Some($name),)*
                _ => None,
            }
        }

        /// Answers one command by name.
        pub(crate) fn answer<'a>(app: &'a Arc<App>, name: &str, args: Value) -> Waiting<'a, Result<Value, Problem>> {
            match name {
                $($name => commands!(@answer app, args, $args, $reply, $room :: $function),)*
                unknown => {
                    let problem = Problem::new(Code::QuestionNotUnderstood).with(Fact::Name, unknown);
                    Box::pin(async { Err(problem) })
                }
            }
        }
    };
    (@answer $app:ident, $args:ident, $shape:ty, $reply:ty, $room:ident :: $function:ident) => {
        Box::pin(async move {
            let reply: $reply = $room::$function($app, read::<$shape>($args)?).await?;
            written(&reply)
        })
    };
}

/// Work that blocks, or takes long, off the async threads.
pub(crate) async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Problem::new(Code::Internal))
}

/// Reads an id that we gave out. One that we never gave names nothing.
pub(crate) fn id<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::new(Code::NotThere))
}

/// A number as people read it: 23,570.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The first of several problems. There is always one.
pub(crate) fn first(problems: Vec<Problem>) -> Problem {
    problems
        .into_iter()
        .next()
        .unwrap_or_else(|| Problem::new(Code::Internal))
}

/// Reads a question. What does not fit its shape is not shown back: it may hold a passcode or a key.
fn read<T: DeserializeOwned>(args: Value) -> Result<T, Problem> {
    let nothing = args.as_object().is_some_and(serde_json::Map::is_empty);
    let args = if nothing && size_of::<T>() == 0 {
        Value::Null
    } else {
        args
    };
    serde_json::from_value(args).map_err(|error| {
        let problem = Problem::new(Code::QuestionNotUnderstood);
        match error.classify() {
            serde_json::error::Category::Data => problem.with_some(Fact::Field, missing_field(&error.to_string())),
            _ => problem,
        }
    })
}

/// The field's name from serde's "missing field `name`", which holds no value.
fn missing_field(words: &str) -> Option<String> {
    let (name, _) = words.strip_prefix("missing field `")?.split_once('`')?;
    Some(name.to_owned())
}

fn written<T: Serialize>(reply: &T) -> Result<Value, Problem> {
    serde_json::to_value(reply).map_err(|_| Problem::new(Code::Internal))
}

commands! {
    /// Version, store, keychain, sandbox.
    "about" about::about (()) -> wire::settings::About;
    "settings.read" settings::read (()) -> wire::settings::Settings;
    "settings.save" settings::save (wire::settings::Settings) -> wire::settings::Settings;

    /// Opens the native picker and reads the chosen file. Nothing where the person cancels.
    "key.pick" key::pick (()) -> Option<wire::key::KeyOffer>;
    "key.read_file" key::read_file (wire::key::KeyFile) -> wire::key::KeyOffer;
    "key.read_text" key::read_text (wire::key::KeyText) -> wire::key::KeyOffer;
    /// Wipes a waiting key.
    "key.forget" key::forget (wire::key::KeyOfferRef) -> ();

    "connections.list" connections::list (()) -> Vec<wire::connection::Connection>;
    "connections.get" connections::get (wire::connection::ConnectionRef) -> wire::connection::Connection;
    /// Validates what was typed, and takes a pasted dataset path apart. Asks nothing of Google.
    "connections.review" connections::review (wire::connection::ConnectionDraft) -> wire::connection::DraftReview;
    "connections.save" connections::save (wire::connection::ConnectionSave) -> wire::connection::Connection;
    "connections.delete_plan" connections::delete_plan (wire::connection::ConnectionRef) -> wire::connection::DeletePlan;
    /// Stops every import in Ready, Scheduled, Paused or Running that reads from the connection.
    "connections.stop_imports" connections::stop_imports (wire::connection::ConnectionRef) -> wire::connection::DeletePlan;
    /// Refused while an import stands in the way.
    "connections.delete" connections::delete (wire::connection::ConnectionRef) -> ();

    /// Starts Test Connection on a draft. Reports come as `check` signals.
    "check.start" check::start (wire::check::CheckStart) -> wire::check::CheckReport;
    /// Starts Test Connection on a saved connection, and keeps the verdict with it.
    "check.start_saved" check::start_saved (wire::connection::ConnectionRef) -> wire::check::CheckReport;
    "check.cancel" check::cancel (wire::check::CheckRef) -> wire::check::CheckReport;
    /// Runs one step again, with what the others learned.
    "check.again" check::again (wire::check::CheckAgain) -> wire::check::CheckReport;
    "check.evidence" check::evidence (wire::check::CheckRef) -> wire::check::Evidence;
    "check.sample" check::sample (wire::check::SampleAsk) -> wire::check::Sample;

    "accounts.list" accounts::list (()) -> Vec<wire::account::Account>;
    "accounts.review" accounts::review (wire::account::AccountDraft) -> wire::account::AccountReview;
    "accounts.save" accounts::save (wire::account::AccountDraft) -> wire::account::Account;
    /// Tests what was typed, without saving it.
    "accounts.test_draft" accounts::test_draft (wire::account::AccountDraft) -> wire::account::AccountTest;
    "accounts.test" accounts::test (wire::account::AccountRef) -> wire::account::Account;
    /// Refused while an import sends to it, unless that import is Draft or Stopped.
    "accounts.delete" accounts::delete (wire::account::AccountRef) -> ();

    "imports.list" imports::list (()) -> Vec<wire::import::ImportBrief>;
    "imports.get" imports::get (wire::import::ImportRef) -> wire::import::Import;
    "imports.tables" source::tables (wire::connection::ConnectionRef) -> wire::import::Tables;
    /// Bytes and columns, from a dry run. Reads nothing.
    "imports.estimate" source::estimate (wire::import::SourceAsk) -> wire::import::Estimate;
    /// Preview Results: a few rows.
    "imports.preview" source::preview (wire::import::SourceAsk) -> wire::check::Sample;
    "imports.suggest" wizard::suggest (wire::import::SuggestAsk) -> wire::import::Suggested;
    "imports.review" wizard::review (wire::import::ReviewAsk) -> wire::import::PlanReview;
    /// Perform Dry Run. Reports come as `dry_run` signals.
    "imports.dry_run" dry_run::start (wire::import::DryRunAsk) -> wire::import::DryRunReport;
    "imports.cancel_dry_run" dry_run::cancel (wire::import::DryRunRef) -> wire::import::DryRunReport;
    "imports.save" imports::save (wire::import::ImportSave) -> wire::import::Import;
    /// What a person must read before events with all rows are sent. Nothing where no warning is due.
    "imports.run_warning" run_now::warning (wire::import::ImportRef) -> Option<wire::import::RunWarning>;
    /// Run now. Progress comes as `run` signals.
    "imports.run" run_now::start (wire::import::ImportRunAsk) -> wire::run::Run;
    /// Whether Changed rows can be had from a source, by dry runs: what stands against it, where something does.
    "imports.can_compare" restart::can_compare (wire::import::SourceAsk) -> Option<wire::problem::Problem>;
    /// What starting the import from the beginning means. Changes nothing.
    "imports.restart_plan" restart::plan (wire::import::ImportRef) -> wire::import::RestartPlan;
    /// Forgets what the import has sent, and drops its tables in BigQuery: its next run sends every row.
    "imports.restart" restart::restart (wire::import::ImportRef) -> wire::import::Import;
    /// Stops the import for good, and its run with it.
    "imports.stop" imports::stop (wire::import::ImportRef) -> wire::import::Import;

    "runs.list" runs::list (wire::run::RunsAsk) -> Vec<wire::run::Run>;
    "runs.get" runs::get (wire::run::RunRef) -> wire::run::Run;
    /// Nothing more is sent within a second. The run can be gone on with, and the import can run anew.
    "runs.stop" runs::stop (wire::run::RunRef) -> wire::run::Run;
    /// Stops the run, and lets the import wait as Paused until the run is gone on with.
    "runs.pause" runs::pause (wire::run::RunRef) -> wire::run::Run;
    /// What going on with a run would do, and what it costs. Does nothing.
    "runs.resume_plan" resume::plan (wire::run::RunRef) -> wire::run::ResumePlan;
    /// Goes on with a run that is resumable. Progress comes as `run` signals.
    "runs.resume" resume::start (wire::run::RunResume) -> wire::run::Run;
    /// Leaves a run's events in doubt as they are: nobody is asked about them again.
    "runs.leave_doubt" resume::leave_doubt (wire::run::RunRef) -> wire::run::Run;
    /// What sending records again would do, and what it costs. Sends nothing.
    "runs.resend_plan" resend::plan (wire::run::ResendAsk) -> wire::run::ResendPlan;
    /// Fix and resend: profiles as the source has them now, events as they were stored. Progress comes as `run` signals.
    "runs.resend" resend::start (wire::run::ResendAsk) -> wire::run::Run;
    /// Takes an identity, and all values beside it, out of every record of every run.
    "runs.forget_person" resend::forget_person (wire::run::ForgetAsk) -> wire::run::Forgotten;
    "runs.reasons" runs::reasons (wire::run::RunRef) -> wire::run::RunReasons;
    "runs.records" runs::records (wire::run::RecordsAsk) -> wire::run::RecordsPage;
    /// Asks where to, then writes what was not delivered as CSV with a last column *Failure Description*.
    "runs.export" runs::export (wire::run::RunRef) -> Option<wire::run::Exported>;

    /// Says what an answer means that somebody pasted. Asks nobody.
    "problems.explain" explain::explain (wire::explain::Pasted) -> wire::problem::Problem;

    /// Opens a page of Google's or CleverTap's console in the person's browser. Other hosts are refused.
    "open_link" about::open_link (Link) -> ();
}

crate::wire::wire! {
    pub struct Link { pub url: String }
}

#[cfg(test)]
mod tests {
    use super::{grouped, listed};
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    fn typescript() -> String {
        let mut names = BTreeSet::new();
        let mut body = String::new();
        for (name, meaning, args, reply) in listed() {
            if !meaning.is_empty() {
                writeln!(body, "  /**{meaning} */").unwrap();
            }
            writeln!(body, "  \"{name}\": {{ args: {args}; reply: {reply} }};").unwrap();
            for part in [args, reply] {
                names.extend(
                    part.split(|c: char| !c.is_alphanumeric())
                        .filter(|word| word.starts_with(char::is_uppercase) && *word != "Array")
                        .map(str::to_owned),
                );
            }
        }
        let mut imports = String::new();
        for name in &names {
            writeln!(imports, "import type {{ {name} }} from \"./{name}\";").unwrap();
        }
        format!(
            "// Generated from the list of commands. Do not edit.\n{imports}\nexport type Commands = {{\n{body}}};\n"
        )
    }

    #[test]
    fn the_typescript_list_is_written_for_the_ui() {
        let folder = std::env::var("TS_RS_EXPORT_DIR").expect("set in .cargo/config.toml");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(std::path::Path::new(&folder).join("Commands.ts"), typescript()).unwrap();
    }

    #[test]
    fn numbers_are_read_in_threes() {
        for (number, words) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (23_570, "23,570"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), words, "for {number}");
        }
    }

    #[test]
    fn every_command_has_a_name_of_its_own() {
        let names: BTreeSet<_> = listed().into_iter().map(|(name, ..)| name).collect();
        assert_eq!(
            names.len(),
            listed().len(),
            "two commands with one name cannot be told apart"
        );
    }
}
