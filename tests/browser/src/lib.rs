//! A host without a desktop, for tests alone: the api over loopback HTTP, with answers to dialogs written beforehand.
//! What lives here is as thin as the shell; it never decides anything, and it never ships.

mod door;
mod page;
mod script;

pub use door::{Door, open};
