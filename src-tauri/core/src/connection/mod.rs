//! The connection as a noun: what a person types, and what it means. Asks nothing of Google and keeps no secret.

mod bytes;
mod draft;

pub use bytes::{read as read_bytes, words as bytes_in_words};
pub use draft::{ConnectionDraft, Target};

/// What BigQuery bills at the least for each table that a query reads: 10 MB.
pub const LEAST_BILLED_BYTES: u64 = 10 * 1024 * 1024;
