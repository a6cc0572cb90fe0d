//! How a row becomes a record. Pure: nothing here reads, sends, waits or looks at a clock.
//!
//! [`compile`] turns a plan and the columns that a query gives into a [`Mapping`], once per run; [`Mapping::map`] turns each
//! row into a record's exact bytes. What CleverTap refuses rejects the row; what it cuts or drops is a warning, which a
//! strict plan takes for a rejection.

mod column;
mod compile;
pub mod dates;
mod json;
mod lines;
mod nested;
mod number;
mod outcome;
mod preview;
mod property;
mod record;
mod text;
mod trial;

pub use compile::compile;
pub use outcome::{Outcome, Rejection, Warning};
pub use preview::{Preview, PreviewResult, PreviewedRow, preview};
pub use record::Mapping;
pub use trial::{Trial, Tried, trial};

#[cfg(test)]
mod tests;
