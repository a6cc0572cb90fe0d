//! Settings, and what the app knows of the machine it runs on.

use super::{problem::Problem, wire};

wire! {
    pub struct Settings {
        /// The person's name: what *Connected By* and *Created By* say. The OS account's name at first.
        pub person: String,
        pub proxy: Proxy,
        /// A PEM file of certificate authorities to trust besides the system's.
        pub ca_file: Option<String>,
        pub theme: Theme,
        /// How long values of rejected, unprocessed and in-doubt rows are kept.
        pub row_values_days: u32,
    }

    #[serde(rename_all = "snake_case", tag = "mode")]
    pub enum Proxy {
        /// As the operating system says.
        System,
        None,
        Manual { url: String },
    }

    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum Theme { System, Light, Dark }

    pub struct About {
        pub version: String,
        /// The folder that holds the store.
        pub store: String,
        pub keychain: Keychain,
        /// The sandbox's address, where this store belongs to one: shows the banner.
        pub sandbox: Option<String>,
    }

    pub struct Keychain {
        /// Such as "Secret Service" or "macOS Keychain".
        pub name: String,
        /// Why it cannot be used, where it cannot.
        pub problem: Option<Problem>,
        /// Whether the desktop keeps it without a password, and so unencrypted. Unknown where absent.
        pub unencrypted: Option<bool>,
    }
}
