//! The counter: every command and every wire type, in one list. No Tauri, no SQL, no HTTP.

pub mod commands;
pub mod wire;
