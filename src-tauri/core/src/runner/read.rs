//! Reads a result by position, several stretches side by side, and hands their pages over in the order of their rows.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

use super::halt::Halt;
use super::left::{Left, Part};
use crate::bigquery::{JobResult, Page, RowReader as _};
use crate::ground::problem::Problem;

/// Stretches that are asked for at once, once the first page has told how large rows are.
const SIDE_BY_SIDE: usize = 4;
/// Rows asked for at once. Google cuts a page at 10 MB.
pub(super) const MOST_ROWS: u32 = 10_000;
/// How large a page should be: of larger rows fewer are asked for, so that memory stays flat.
const PAGE_BYTES: u64 = 4_000_000;

/// A page on its way to the mapping.
pub(super) struct Read {
    pub part: Arc<Part>,
    /// The position of its first row.
    pub first: u64,
    pub page: Page,
}

/// Reads the stretches of the result that are left. What goes wrong is told to the halt.
pub(super) async fn read(result: JobResult, base: u64, mut left: Left, pages: mpsc::Sender<Read>, halt: Halt) {
    let rows = AtomicU32::new(MOST_ROWS);
    let mut open: Option<(Arc<Part>, RangeInclusive<u64>)> = None;
    let mut asks = std::iter::from_fn(|| {
        let (part, stretch) = open.take().or_else(|| left.next())?;
        let (first, end) = stretch.into_inner();
        let last = end.min(first.saturating_add(u64::from(rows.load(Ordering::Relaxed)) - 1));
        if last < end {
            open = Some((Arc::clone(&part), last + 1..=end));
        }
        Some((part, first..=last))
    });
    let one = |(part, asked): (Arc<Part>, RangeInclusive<u64>)| whole(&result, base, part, asked, &rows);
    // The first alone: it tells how large rows are.
    let alone: Vec<_> = asks.next().into_iter().collect();
    let mut reads = stream::iter(alone)
        .then(one)
        .chain(stream::iter(asks).map(one).buffered(SIDE_BY_SIDE))
        .boxed();
    loop {
        let read = tokio::select! {
            biased;
            () = halt.wait() => return,
            read = reads.next() => read,
        };
        let found = match read {
            Some(Ok(found)) => found,
            Some(Err(problem)) => return halt.fail(problem),
            None => return,
        };
        for page in found {
            if pages.send(page).await.is_err() {
                return;
            }
        }
    }
}

/// All rows of one stretch: in one page, unless Google cut it short.
async fn whole(
    result: &JobResult,
    base: u64,
    part: Arc<Part>,
    asked: RangeInclusive<u64>,
    rows: &AtomicU32,
) -> Result<Vec<Read>, Problem> {
    let (mut first, last) = asked.into_inner();
    let mut found = Vec::with_capacity(1);
    while first <= last {
        let most = u32::try_from(last - first + 1).unwrap_or(MOST_ROWS);
        let page = result.page(first - base - 1, most).await?;
        let fit = page.len() as u64 * PAGE_BYTES / (page.bytes() as u64).max(1);
        let fit = u32::try_from(fit).unwrap_or(MOST_ROWS).clamp(1, MOST_ROWS);
        rows.store(fit, Ordering::Relaxed);
        let next = first + page.len() as u64;
        let part = Arc::clone(&part);
        found.push(Read { part, first, page });
        first = next;
    }
    Ok(found)
}
