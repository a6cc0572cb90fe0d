//! Saved CleverTap accounts.

use super::{asked, hidden::Hidden, problem::Problem, wire};

asked! {
    pub struct AccountDraft {
        pub id: Option<String>,
        pub name: String,
        /// An Account ID, or a dashboard address that holds it.
        pub account_id: String,
        pub region: Option<Region>,
        /// Typed once, kept in the keychain, never shown again. Empty on edit: the saved one stays.
        #[ts(type = "string")]
        pub passcode: Hidden,
        /// From 1 to 15. Nothing: the saved number stays, or 15.
        pub calls_at_once: Option<u32>,
    }
}

wire! {
    #[derive(Copy)]
    #[serde(rename_all = "snake_case")]
    pub enum Region { India, Singapore, UnitedStates, Indonesia, Uae, Europe }

    /// What a pasted dashboard address says.
    pub struct DashboardAddress {
        pub account_id: String,
        pub region: Option<Region>,
    }

    pub struct AccountReview {
        pub problems: Vec<Problem>,
        pub address: Option<DashboardAddress>,
        pub suggested_name: Option<String>,
    }

    pub struct Account {
        pub id: String,
        pub name: String,
        pub account_id: String,
        pub region: Region,
        /// Calls that it may have in flight, all runs together.
        pub calls_at_once: u32,
        pub added_on: String,
        pub added_by: String,
        pub last_test: Option<AccountTest>,
        pub imports: u32,
    }

    pub struct AccountTest {
        pub at: String,
        pub passed: bool,
        pub took_ms: u64,
        pub problem: Option<Problem>,
    }

    pub struct AccountRef { pub account: String }
}
