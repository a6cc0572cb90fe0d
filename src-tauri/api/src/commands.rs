//! The one list of commands: what a window, a browser or a terminal may ask, with the shape of question and reply.

use crate::wire::{account, check, connection, import, key, run, settings};

macro_rules! commands {
    ($($(#[doc = $doc:literal])* $name:literal ($args:ty) -> $reply:ty;)*) => {
        /// Every command with its TypeScript shapes: `(name, meaning, args, reply)`.
        pub fn listed() -> Vec<(&'static str, &'static str, String, String)> {
            use ts_rs::TS as _;
            let config = ts_rs::Config::from_env();
            vec![$(($name, concat!($($doc),*), <$args>::name(&config), <$reply>::name(&config)),)*]
        }
    };
}

commands! {
    /// Version, store, keychain, sandbox.
    "about" (()) -> settings::About;
    "settings.read" (()) -> settings::Settings;
    "settings.save" (settings::Settings) -> settings::Settings;

    /// Opens the native picker and reads the chosen file. Nothing where the person cancels.
    "key.pick" (()) -> Option<key::KeyOffer>;
    "key.read_file" (key::KeyFile) -> key::KeyOffer;
    "key.read_text" (key::KeyText) -> key::KeyOffer;
    /// Wipes a waiting key.
    "key.forget" (key::KeyOfferRef) -> ();

    "connections.list" (()) -> Vec<connection::Connection>;
    "connections.get" (connection::ConnectionRef) -> connection::Connection;
    /// Validates what was typed, and takes a pasted dataset path apart. Asks nothing of Google.
    "connections.review" (connection::ConnectionDraft) -> connection::DraftReview;
    "connections.save" (connection::ConnectionSave) -> connection::Connection;
    "connections.delete_plan" (connection::ConnectionRef) -> connection::DeletePlan;
    /// Stops every import in Ready, Scheduled, Paused or Running that reads from the connection.
    "connections.stop_imports" (connection::ConnectionRef) -> connection::DeletePlan;
    /// Refused while an import stands in the way.
    "connections.delete" (connection::ConnectionRef) -> ();

    /// Starts Test Connection on a draft. Reports come as `check` signals.
    "check.start" (check::CheckStart) -> check::CheckReport;
    /// Starts Test Connection on a saved connection, and keeps the verdict with it.
    "check.start_saved" (connection::ConnectionRef) -> check::CheckReport;
    "check.cancel" (check::CheckRef) -> check::CheckReport;
    /// Runs one step again, with what the others learned.
    "check.again" (check::CheckAgain) -> check::CheckReport;
    "check.evidence" (check::CheckRef) -> check::Evidence;
    "check.sample" (check::SampleAsk) -> check::Sample;

    "accounts.list" (()) -> Vec<account::Account>;
    "accounts.review" (account::AccountDraft) -> account::AccountReview;
    "accounts.save" (account::AccountDraft) -> account::Account;
    /// Tests what was typed, without saving it.
    "accounts.test_draft" (account::AccountDraft) -> account::AccountTest;
    "accounts.test" (account::AccountRef) -> account::Account;
    /// Refused while an import sends to it, unless that import is Draft or Stopped.
    "accounts.delete" (account::AccountRef) -> ();

    "imports.list" (()) -> Vec<import::ImportBrief>;
    "imports.get" (import::ImportRef) -> import::Import;
    "imports.tables" (connection::ConnectionRef) -> import::Tables;
    /// Bytes and columns, from a dry run. Reads nothing.
    "imports.estimate" (import::SourceAsk) -> import::Estimate;
    /// Preview Results: a few rows.
    "imports.preview" (import::SourceAsk) -> check::Sample;
    "imports.suggest" (import::SuggestAsk) -> import::Suggested;
    "imports.review" (import::ReviewAsk) -> import::PlanReview;
    /// Perform Dry Run. Reports come as `dry_run` signals.
    "imports.dry_run" (import::DryRunAsk) -> import::DryRunReport;
    "imports.cancel_dry_run" (import::DryRunRef) -> import::DryRunReport;
    "imports.save" (import::ImportSave) -> import::Import;
    /// What a person must read before events with all rows are sent. Nothing where no warning is due.
    "imports.run_warning" (import::ImportRef) -> Option<import::RunWarning>;
    /// Run now. Progress comes as `run` signals.
    "imports.run" (import::ImportRunAsk) -> run::Run;
    /// Stops the import for good, and its run with it.
    "imports.stop" (import::ImportRef) -> import::Import;

    "runs.list" (run::RunsAsk) -> Vec<run::Run>;
    "runs.get" (run::RunRef) -> run::Run;
    "runs.stop" (run::RunRef) -> run::Run;
    "runs.reasons" (run::RunRef) -> run::RunReasons;
    "runs.records" (run::RecordsAsk) -> run::RecordsPage;
    /// Asks where to, then writes what was not delivered as CSV with a last column *Failure Description*.
    "runs.export" (run::RunRef) -> Option<run::Exported>;

    /// Opens a page of Google's or CleverTap's console in the person's browser. Other hosts are refused.
    "open_link" (Link) -> ();
}

crate::wire::wire! {
    pub struct Link { pub url: String }
}

#[cfg(test)]
mod tests {
    use super::listed;
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
        let imports: String = names
            .iter()
            .map(|name| format!("import type {{ {name} }} from \"./{name}\";\n"))
            .collect();
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
    fn every_command_has_a_name_of_its_own() {
        let names: BTreeSet<_> = listed().into_iter().map(|(name, ..)| name).collect();
        assert_eq!(
            names.len(),
            listed().len(),
            "two commands with one name cannot be told apart"
        );
    }
}
