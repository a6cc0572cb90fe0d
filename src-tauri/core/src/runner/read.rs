//! Reads a result by position, several stretches side by side, and hands their pages over in the order of their rows.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::{StreamExt as _, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::halt::Halt;
use super::left::{Left, Part};
use crate::bigquery::{JobResult, Page, RowReader as _};
use crate::ground::problem::Problem;

/// Pages that are there at once, from being asked for until their rows are packed, so that memory stays flat. They are asked
/// for side by side once the first has told how large rows are.
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
    /// Held until it is packed, or nobody wants it.
    pub room: Arc<Option<OwnedSemaphorePermit>>,
}

/// Reads the stretches of the result that are left. What goes wrong is told to the halt.
pub(super) async fn read(result: JobResult, base: u64, mut left: Left, pages: mpsc::Sender<Read>, halt: Halt) {
    let (rows, room) = (AtomicU32::new(MOST_ROWS), Arc::new(Semaphore::new(SIDE_BY_SIDE)));
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
    // One after the other: a page that is due later never keeps the room of one that is due now.
    let with_room = |ask| {
        let room = Arc::clone(&room);
        async move { (ask, room.acquire_owned().await.ok()) }
    };
    let one = |(ask, room)| whole(&result, base, ask, &rows, room);
    // The first alone: it tells how large rows are.
    let alone: Vec<_> = asks.next().into_iter().collect();
    let mut reads = stream::iter(alone)
        .then(with_room)
        .then(one)
        .chain(stream::iter(asks).then(with_room).map(one).buffered(SIDE_BY_SIDE))
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
    (part, asked): (Arc<Part>, RangeInclusive<u64>),
    rows: &AtomicU32,
    room: Option<OwnedSemaphorePermit>,
) -> Result<Vec<Read>, Problem> {
    let (mut first, last) = asked.into_inner();
    let (mut found, room) = (Vec::with_capacity(1), Arc::new(room));
    while first <= last {
        let most = u32::try_from(last - first + 1).unwrap_or(MOST_ROWS);
        let page = result.page(first - base - 1, most).await?;
        let fit = page.len() as u64 * PAGE_BYTES / (page.bytes() as u64).max(1);
        let fit = u32::try_from(fit).unwrap_or(MOST_ROWS).clamp(1, MOST_ROWS);
        rows.store(fit, Ordering::Relaxed);
        let next = first + page.len() as u64;
        let (part, room) = (Arc::clone(&part), Arc::clone(&room));
        found.push(Read {
            part,
            first,
            page,
            room,
        });
        first = next;
    }
    Ok(found)
}
