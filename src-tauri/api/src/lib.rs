//! The counter: every command and every wire type, in one list. No Tauri, no SQL, no HTTP.

#![allow(
    clippy::result_large_err,
    reason = "a problem is told to a person; its size is no matter beside that"
)]

mod app;
mod checks;
pub mod commands;
mod host;
mod log;
mod offers;
pub mod offline;
mod options;
mod others;
mod secrets;
mod terminal;
pub mod wire;

pub use app::App;
pub use host::{Host, Terminal, Waiting};
pub use options::AppOptions;
pub use tapline_core::ground::net::install_tls;
pub use tapline_core::ground::problem::{Code, Fact, Problem};
