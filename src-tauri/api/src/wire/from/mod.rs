//! From the core's types to the wire's, by hand and field by field: what is not named here does not cross.

mod account;
mod check;
mod connection;
mod import;
mod key;
mod problem;
mod run;
pub(crate) mod sample;
mod settings;
