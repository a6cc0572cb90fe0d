//! Google and `CleverTap` on loopback, over TLS, faithful and faulty on demand. Nothing here ships.
//!
//! ```no_run
//! # async fn example() -> Result<(), tapline_sandbox::StartError> {
//! use tapline_sandbox::{Fault, Matcher, Options, Sandbox};
//!
//! let sandbox = Sandbox::start(Options::default()).await?;
//! let key = sandbox.google().issue_working_key("tapline-reader");
//! let account = sandbox.clevertap().open_account("in1");
//! sandbox.fault(Matcher::path("/clevertap/*").nth(2), Fault::CutAnswer);
//! println!("{} {} {}", sandbox.endpoint(), key.client_email, account.account_id);
//! # Ok(())
//! # }
//! ```

mod ask;
mod authority;
mod calls;
mod clevertap;
mod clock;
mod control;
mod door;
mod emulator;
mod faults;
mod gate;
mod google;
mod reply;
mod sandbox;
mod world;

pub use authority::AuthorityError;
pub use calls::Call;
pub use clevertap::{AccountKey, Arrived, CleverTap, Counts, Rules, Sink, Sunk};
pub use clock::Clock;
pub use emulator::EmulatorError;
pub use faults::{Fault, Matcher};
pub use gate::Gate;
pub use google::bigquery::{Column, LoadError, made_up_rows};
pub use google::{AccountState, Google, IssuedKey, KeyState, NotTaken, Privilege, ProjectState, Resource, Role};
pub use sandbox::{Options, Sandbox, StartError};
