//! The house: everything Tapline does, with no window, no wire format of ours and no Tauri.
//!
//! Rooms build on each other in one direction:
//! ground ← vendor rooms ← nouns ← verbs. Keepers know the nouns and the ground.

pub mod account;
pub mod bigquery;
pub mod check;
pub mod clevertap;
pub mod connection;
pub mod explain;
pub mod google;
pub mod ground;
pub mod import;
pub mod mapping;
pub mod run;
pub mod runner;
pub mod store;
pub mod vault;
