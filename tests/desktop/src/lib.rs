//! Hands and eyes for tests of the real window: a driver that reads and presses, a mouse that drags files, and a look
//! into the keychain. Nothing here knows what Tapline ought to do.

mod bus;
mod desk;
mod hands;
mod leaving;
mod patience;
mod window;

pub use desk::{Desk, Entry, keychain, traces_of};
pub use hands::{Hands, Pid, one_window_called, process_of};
pub use leaving::{leaving, name_on_the_bus};
pub use window::{Window, screens};
