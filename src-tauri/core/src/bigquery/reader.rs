//! Reads the result of one finished job, by place. Readers never query again.

use std::future::Future;

use super::page::Page;
use super::schema::Schema;
use crate::ground::problem::Problem;

/// The rows of one finished job.
///
/// Google cuts a page at 10 MB, so a page may hold fewer rows than were asked for: go on at
/// `start + page.len()`, never at `start + most`. Rows have no order but their place, which stays the same.
pub trait RowReader: Send + Sync {
    fn schema(&self) -> &Schema;

    /// How many rows the result has.
    fn total_rows(&self) -> u64;

    /// At most `most` rows from place `start` (from 0). Empty only at or past the end.
    fn page(&self, start: u64, most: u32) -> impl Future<Output = Result<Page, Problem>> + Send;
}
