//! Instants at which a test may end the process: before and after each write of the ledger and each call that carries
//! records. Only builds with debug assertions have any.

/// Passes an instant. Where `TAPLINE_ENDS_AT` names a number, the process ends at that one as if it were killed: nothing
/// of it is tidied up.
#[cfg(debug_assertions)]
pub fn pass() {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static ENDS_AT: OnceLock<Option<u64>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let ends_at = ENDS_AT.get_or_init(|| std::env::var("TAPLINE_ENDS_AT").ok()?.parse().ok());
    if let Some(ends_at) = ends_at
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *ends_at
    {
        std::process::abort();
    }
}

#[cfg(not(debug_assertions))]
#[inline]
pub fn pass() {}
