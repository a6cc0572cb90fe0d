//! What CleverTap takes, refuses and cuts, as tables and pure checks. Nothing here maps a row, sends a record or words a sentence.
//!
//! A *refusal* is a record that CleverTap answers with a code of its own, or that its imports call an error: such a record
//! must not leave. What CleverTap takes and then cuts or drops is no refusal; [`limits`] holds those numbers.

pub mod identity;
pub mod limits;
pub mod names;
pub mod system;

use std::fmt;

macro_rules! codes {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        impl RecordCode {
            $(pub const $name: Self = Self { number: $number, text: $text };)*
        }
    };
}

/// One of CleverTap's codes for a record it does not take.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordCode {
    number: u16,
    text: &'static str,
}

codes! {
    EVENT_NAME_MISSING = 509, "509";
    EVENT_STRUCTURE = 512, "512";
    EVENT_NAME_RESERVED = 513, "513";
    GENDER = 514, "514";
    EMAIL = 515, "515";
    PHONE = 516, "516";
    EMPLOYED = 517, "517";
    EDUCATION = 518, "518";
    MARRIED = 519, "519";
    AGE = 520, "520";
    TOO_MANY_EVENT_PROPERTIES = 522, "522";
    IDENTITY = 523, "523";
    TIME = 525, "525";
    CLEVERTAP_ID = 526, "526";
}

impl RecordCode {
    pub fn number(self) -> u16 {
        self.number
    }

    /// The number in digits.
    pub fn as_str(self) -> &'static str {
        self.text
    }
}

impl fmt::Debug for RecordCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordCode({})", self.number)
    }
}
