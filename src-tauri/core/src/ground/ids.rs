//! Names for the things Tapline keeps, each a type of its own so that none can stand in for another.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id. Ids made later sort later (UUID version 7).
            #[allow(clippy::new_without_default, reason = "each call gives another id; a default would not")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Uuid::from_str(text).map(Self).map_err(|_| NotAnId)
            }
        }
    };
}

/// The text is not an id that Tapline made.
#[derive(Debug, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

id!(/** A saved BigQuery connection. */ ConnectionId);
id!(/** A saved CleverTap account. */ AccountId);
id!(/** An import: what to read, how to map it, how often. */ ImportId);
id!(/** One execution of an import. */ RunId);
id!(/** A service-account key that was read and not yet saved. It lives in memory only. */ KeyOfferId);
id!(/** One Test Connection. */ CheckId);
