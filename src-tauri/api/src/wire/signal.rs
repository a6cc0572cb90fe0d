//! What the engine pushes to a window. A signal never carries a secret or a value of somebody's row
//! that the window did not ask for.

use super::{check::CheckReport, import::DryRunReport, key::KeyOffer, problem::Problem, run::Run, wire};

wire! {
    #[serde(rename_all = "snake_case", tag = "signal", content = "body")]
    pub enum Signal {
        /// A file hangs over the window (`true`) or has left it.
        DragOver(bool),
        /// A file was dropped on the window and read as a key.
        KeyDropped(KeyDrop),
        Check(CheckReport),
        DryRun(DryRunReport),
        /// A run moved on. At most four a second for one run.
        Run(Run),
        /// Something in this list changed: `connections`, `accounts`, `imports`, `runs`, `settings`.
        Changed(String),
    }

    #[serde(rename_all = "snake_case")]
    pub enum KeyDrop { Offer(KeyOffer), Problem(Problem) }
}
