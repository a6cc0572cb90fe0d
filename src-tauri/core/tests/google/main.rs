//! The rooms that talk to Google, on sockets, against the sandbox.

mod bigquery;
mod check;
mod net;
mod support;
mod token;
