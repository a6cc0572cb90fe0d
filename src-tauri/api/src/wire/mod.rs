//! What crosses to a window or a terminal: plain shapes, converted by hand from the core's types. No logic, no secret.
//!
//! Field names are the same in Rust, JSON and TypeScript. Instants are RFC 3339 text in UTC.

pub mod account;
pub mod check;
pub mod connection;
pub mod explain;
pub(crate) mod from;
pub mod hidden;
pub mod import;
pub mod key;
pub mod problem;
pub mod run;
pub mod settings;
pub mod signal;

/// Derives that every wire type has.
macro_rules! wire {
    ($($(#[$meta:meta])* pub $kind:ident $name:ident $body:tt)*) => {
        $(
            #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, ts_rs::TS)]
            #[ts(export)]
            $(#[$meta])*
            #[allow(clippy::large_enum_variant, reason = "a signal is made a few times a second")]
            pub $kind $name $body
        )*
    };
}
pub(crate) use wire;

/// Derives of a question that holds what may not be shown: it is read and never written.
macro_rules! asked {
    ($($(#[$meta:meta])* pub $kind:ident $name:ident $body:tt)*) => {
        $(
            #[derive(Clone, Debug, PartialEq, serde::Deserialize, ts_rs::TS)]
            #[ts(export)]
            $(#[$meta])*
            pub $kind $name $body
        )*
    };
}
pub(crate) use asked;
