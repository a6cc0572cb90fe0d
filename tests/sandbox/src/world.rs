//! What one sandbox holds, shared between its listener and the test that scripts it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::calls::Journal;
use crate::clevertap::CleverTap;
use crate::clock::Clock;
use crate::control::Gates;
use crate::faults::Script;
use crate::google::Google;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Arc<Clock>,
    pub(crate) journal: Journal,
    pub(crate) script: Script,
    pub(crate) google: Google,
    pub(crate) clevertap: CleverTap,
    pub(crate) gates: Gates,
    pub(crate) control_token: String,
    pub(crate) keep_bodies: AtomicBool,
}
