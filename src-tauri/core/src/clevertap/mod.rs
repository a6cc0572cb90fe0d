//! CleverTap as it speaks to the outside: its rules for records, its limits, its upload. Knows no row, column or import.

pub mod region;
pub mod rules;

pub use region::Region;
