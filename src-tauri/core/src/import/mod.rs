//! The import as a noun: what to read, how to map it, how often, and in which state it stands. Reads nothing and sends nothing.

pub mod changes;
pub mod fault;
pub mod plan;
mod read;
mod sql_end;
pub mod state;
pub mod statement;
pub mod suggest;
pub mod validate;
pub mod window;

pub use read::read;
pub use validate::validate;
