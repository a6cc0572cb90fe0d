//! Whole journeys through the counter, as a window or a terminal makes them: a real store, real sockets, real SQL, a real
//! keychain. Runs in `scripts/desktop-session`, which gives them a session bus and an unlocked keyring of their own.

mod accounts;
mod beginnings;
mod canary;
mod cdnow;
mod connections;
mod dry_run;
mod everywhere;
mod heard;
mod hosts;
mod ladder;
mod life;
mod meant;
mod pages;
mod resend;
mod rights;
mod runs;
mod terminal;
mod world;
