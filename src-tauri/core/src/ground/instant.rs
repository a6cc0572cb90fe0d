//! Instants at which a test may end the process: before and after each write of the ledger and each call that carries
//! records. A part of the process may be broken there instead, as by a fault of ours. Only builds with debug assertions have
//! any.

/// Passes an instant. Where `TAPLINE_ENDS_AT` names a number, the process ends at that one as if it were killed: nothing
/// of it is tidied up. Where `TAPLINE_PANICS_AT` does, whoever passes it panics.
#[cfg(debug_assertions)]
pub fn pass() {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static ENDS: OnceLock<[Option<u64>; 2]> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let named = |name: &str| std::env::var(name).ok()?.parse().ok();
    let [ends_at, panics_at] = *ENDS.get_or_init(|| ["TAPLINE_ENDS_AT", "TAPLINE_PANICS_AT"].map(named));
    if ends_at.is_none() && panics_at.is_none() {
        return;
    }
    let passed = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
    if ends_at == Some(passed) {
        std::process::abort();
    }
    assert!(panics_at != Some(passed), "a test broke this part of the process");
}

#[cfg(not(debug_assertions))]
#[inline]
pub fn pass() {}
