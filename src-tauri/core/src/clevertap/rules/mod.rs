//! What CleverTap takes, refuses and cuts, as tables and pure checks. Nothing here maps a row, sends a record or words a sentence.
//!
//! A *refusal* is a record that CleverTap answers with a code of its own, or that its imports call an error: such a record
//! must not leave. What CleverTap takes and then cuts or drops is no refusal; [`limits`] holds those numbers.

pub mod identity;
pub mod limits;
pub mod names;
pub mod system;

use std::fmt;

/// One of CleverTap's codes for a record it does not take.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordCode(u16);

impl RecordCode {
    pub const EVENT_NAME_MISSING: Self = Self(509);
    pub const EVENT_NAME_RESERVED: Self = Self(513);
    pub const GENDER: Self = Self(514);
    pub const EMAIL: Self = Self(515);
    pub const PHONE: Self = Self(516);
    pub const EMPLOYED: Self = Self(517);
    pub const EDUCATION: Self = Self(518);
    pub const MARRIED: Self = Self(519);
    pub const AGE: Self = Self(520);
    pub const TOO_MANY_EVENT_PROPERTIES: Self = Self(522);
    pub const IDENTITY: Self = Self(523);
    pub const TIME: Self = Self(525);
    pub const CLEVERTAP_ID: Self = Self(526);

    pub fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for RecordCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RecordCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordCode({})", self.0)
    }
}
