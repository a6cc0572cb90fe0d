//! The ground: what every room stands on. Nothing here knows Google, CleverTap, SQL or a file format.

pub mod clock;
pub(crate) mod der;
pub mod ids;
pub(crate) mod instant;
pub mod net;
pub mod problem;
pub mod secret;
