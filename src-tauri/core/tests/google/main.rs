//! The rooms that talk to Google, on sockets, against the sandbox.

mod bigquery;
mod check;
mod matrix;
mod net;
mod sql;
mod support;
mod token;
