//! CleverTap as it speaks to the outside: its rules for records, its limits, its upload. Knows no row, column or import.

pub mod prove;
pub mod region;
pub mod reply;
pub mod rules;
pub mod upload;

pub use region::Region;
pub use reply::{Accounted, Refusal, UploadReply};
pub use upload::{Credentials, UploadFailure, Uploader, Verdict};
