//! How long to wait for what a busy machine shows late, and what to say where it never comes.

use std::time::{Duration, Instant};

/// How long a window may take to show something, to appear or to go.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// How long a window may take to show what a hand did, before the hand does it again.
pub(crate) const LOOK: Duration = Duration::from_secs(5);

/// Looks until there is something to be seen. Where there never is, the test fails with what the last look says is wrong.
pub(crate) async fn seen<T>(look: impl AsyncFn() -> Result<T, String>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(seen) => return seen,
            Err(wrong) => assert!(Instant::now() < until, "{wrong}"),
        }
        pause(50).await;
    }
}

/// Acts, and again every while, until it has come true: a window that is busy may miss what a hand does.
pub(crate) async fn acted(act: impl AsyncFn(), comes_true: impl AsyncFn() -> bool, or_else: &str) {
    let until = Instant::now() + PATIENCE;
    loop {
        act().await;
        let look = Instant::now() + LOOK;
        while Instant::now() < look {
            if comes_true().await {
                return;
            }
            pause(50).await;
        }
        assert!(Instant::now() < until, "{or_else}");
    }
}

/// The time a hand needs. Toolkits drop input that comes faster than people are.
pub(crate) async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
