//! The fuzzer: `TAPLINE_FUZZ` names the target, and `TAPLINE_FUZZ_SEEDS` the folder that its seeds are written to first.
//! See `scripts/fuzz`.
#![no_main]

use std::sync::OnceLock;

use tapline_fuzz::{TARGETS, Target};

static TARGET: OnceLock<Target> = OnceLock::new();

fn start() {
    let name = std::env::var("TAPLINE_FUZZ").unwrap_or_default();
    let named = TARGETS.into_iter().find(|target| target.name == name);
    let target = named.unwrap_or_else(|| panic!("TAPLINE_FUZZ names no target: {name:?}"));
    if let Some(folder) = std::env::var_os("TAPLINE_FUZZ_SEEDS") {
        for (number, seed) in (target.seeds)().iter().enumerate() {
            let path = std::path::Path::new(&folder).join(format!("seed-{number}"));
            std::fs::write(path, seed).expect("the folder for seeds can be written");
        }
    }
    let _ = TARGET.set(target);
}

libfuzzer_sys::fuzz_target!(init: start(), |came: &[u8]| {
    if let Some(target) = TARGET.get() {
        (target.read)(came);
    }
});
