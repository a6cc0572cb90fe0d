//! CleverTap as it speaks to the outside: its rules for records, its limits, its upload. Knows no row, column or import.

pub mod cuts;
pub mod pasted;
pub mod prove;
pub mod record;
pub mod refusal;
pub mod region;
pub mod reply;
pub mod rules;
mod scrub;
pub mod upload;

pub use refusal::{By, Refused, Verdict};
pub use region::Region;
pub use reply::{Accounted, Refusal, UploadReply};
pub use upload::{Credentials, UploadFailure, Uploader};
