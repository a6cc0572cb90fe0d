//! How a row becomes a record. Pure: nothing here reads, sends, waits or looks at a clock.

pub mod dates;
