//! Reads a result by position, several stretches side by side, and hands their pages over in the order of their rows.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::{StreamExt as _, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::halt::Halt;
use super::left::{Left, Part};
use crate::bigquery::{Page, RowReader};
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
    pub room: PageRoom,
}

/// Room for one page, until this is dropped: then it goes to the page that waits for just this room, or else to any.
pub(super) struct PageRoom {
    room: Option<OwnedSemaphorePermit>,
    next: Option<oneshot::Sender<OwnedSemaphorePermit>>,
}

impl PageRoom {
    /// The room, once it is free again.
    fn again(&mut self) -> oneshot::Receiver<OwnedSemaphorePermit> {
        let (next, free) = oneshot::channel();
        self.next = Some(next);
        free
    }
}

impl Drop for PageRoom {
    fn drop(&mut self) {
        if let (Some(next), Some(room)) = (self.next.take(), self.room.take()) {
            // Where nobody waits any more, it comes back and is dropped.
            let _ = next.send(room);
        }
    }
}

/// Rows to be asked for.
type Asked = (Arc<Part>, RangeInclusive<u64>);

/// Reads the stretches of the result that are left. What goes wrong is told to the halt.
pub(super) async fn read(result: impl RowReader, base: u64, mut left: Left, pages: mpsc::Sender<Read>, halt: Halt) {
    let (rows, room) = (AtomicU32::new(MOST_ROWS), Arc::new(Semaphore::new(SIDE_BY_SIDE)));
    let mut open: Option<Asked> = None;
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
    let one = |(ask, room)| one(&result, base, ask, &rows, room);
    // The first alone: it tells how large rows are.
    let alone: Vec<_> = asks.next().into_iter().collect();
    let mut reads = stream::iter(alone)
        .then(with_room)
        .then(one)
        .chain(stream::iter(asks).then(with_room).map(one).buffered(SIDE_BY_SIDE))
        .boxed();
    let handed_over = async {
        while let Some(found) = reads.next().await {
            let (mut read, mut rest) = found?;
            // What Google cut off comes before the pages that were asked for beside it, and in the room of the page that it
            // was cut off from: once that is packed. Rows may be so large that all of them would be many pages.
            while let Some(ask) = rest.take() {
                let free = read.room.again();
                if pages.send(read).await.is_err() {
                    return Ok(());
                }
                (read, rest) = one((ask, free.await.ok())).await?;
            }
            if pages.send(read).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    };
    tokio::select! {
        biased;
        () = halt.wait() => {}
        handed_over = handed_over => {
            if let Err(problem) = handed_over {
                halt.fail(problem);
            }
        }
    }
}

/// One page, and what of the stretch Google cut off behind it.
async fn one(
    result: &impl RowReader,
    base: u64,
    (part, asked): Asked,
    rows: &AtomicU32,
    room: Option<OwnedSemaphorePermit>,
) -> Result<(Read, Option<Asked>), Problem> {
    let (first, last) = asked.into_inner();
    let most = u32::try_from(last - first + 1).unwrap_or(MOST_ROWS);
    let page = result.page(first - base - 1, most).await?;
    let fit = page.len() as u64 * PAGE_BYTES / (page.bytes() as u64).max(1);
    let fit = u32::try_from(fit).unwrap_or(MOST_ROWS).clamp(1, MOST_ROWS);
    rows.store(fit, Ordering::Relaxed);
    let next = first + page.len() as u64;
    let rest = (next <= last).then(|| (Arc::clone(&part), next..=last));
    let read = Read {
        part,
        first,
        page,
        room: PageRoom { room, next: None },
    };
    Ok((read, rest))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::mpsc;

    use super::{Read, SIDE_BY_SIDE, read};
    use crate::bigquery::{Page, RowReader, Schema};
    use crate::ground::problem::Problem;
    use crate::run::Positions;
    use crate::runner::halt::Halt;
    use crate::runner::left::Left;

    /// A result whose pages are cut after so many rows, and which counts how often it is asked.
    struct Cut {
        schema: Schema,
        rows: u64,
        fit: u32,
        asked: Arc<AtomicUsize>,
    }

    impl RowReader for Cut {
        fn schema(&self) -> &Schema {
            &self.schema
        }

        fn total_rows(&self) -> u64 {
            self.rows
        }

        async fn page(&self, start: u64, most: u32) -> Result<Page, Problem> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let end = self.rows.min(start + u64::from(most.min(self.fit)));
            let rows: Vec<Vec<String>> = (start..end).map(|row| vec![format!("\"{row}\"")]).collect();
            Ok(Page::gather(&rows).expect("JSON"))
        }
    }

    /// Reads so many rows, in pages of `fit`, and keeps pages back while it can. Gives the most pages that were there at once,
    /// and all rows as they were handed over.
    async fn hoarded(rows: u64, fit: u32) -> (usize, Vec<u64>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let result = Cut {
            schema: Schema::default(),
            rows,
            fit,
            asked: Arc::clone(&asked),
        };
        let left = Left::new(1..=rows, Positions::default(), &[]);
        // Each page is taken as soon as it is there: what keeps more from being asked for is their room alone.
        let (out, mut pages) = mpsc::channel::<Read>(1);
        let reading = tokio::spawn(read(result, 0, left, out, Halt::default()));
        let (mut kept, mut packed, mut most, mut seen) = (Vec::new(), 0, 0, Vec::new());
        loop {
            // All that can be done without room is done.
            for _ in 0..100 {
                tokio::task::yield_now().await;
                if let Ok(read) = pages.try_recv() {
                    seen.extend(read.first..read.first + read.page.len() as u64);
                    kept.push(read);
                }
            }
            most = most.max(asked.load(Ordering::SeqCst) - packed);
            if kept.is_empty() {
                break;
            }
            drop(kept.remove(0));
            packed += 1;
        }
        reading.await.expect("it reads to its end");
        (most, seen)
    }

    #[tokio::test]
    async fn four_pages_at_most_are_there_at_once_however_large_rows_are() {
        for (rows, fit) in [(100_000, 10_000), (30_000, 1_000), (25_000, 700), (40, 1), (3, 10_000)] {
            let (most, seen) = hoarded(rows, fit).await;
            assert!(
                most <= SIDE_BY_SIDE,
                "{most} pages of {fit} rows were there at once, and {SIDE_BY_SIDE} may be"
            );
            assert_eq!(seen, (1..=rows).collect::<Vec<_>>(), "each row once, in their order");
        }
        assert_eq!(
            hoarded(100_000, 10_000).await.0,
            SIDE_BY_SIDE,
            "and four are, where there is work for them"
        );
    }
}
