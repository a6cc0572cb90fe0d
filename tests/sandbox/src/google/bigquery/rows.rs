//! Rows as the REST API sends them, and pages of at most 10 MB.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt as _, stream};
use hyper::Method;
use hyper::body::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::super::{ApiError, Google};
use super::packed::Packed;

/// A page ends before the row that would make it larger, unless a script says otherwise.
pub(crate) const LARGEST_PAGE: usize = 10 * 1024 * 1024;
/// Rows fetched from the engine at once.
const BLOCK: u64 = 5_000;

/// Rows in memory: each one's JSON, commas between, timestamps as microseconds.
#[derive(Debug)]
pub(crate) struct Rows {
    text: Bytes,
    /// Where each row ends, its comma left out.
    ends: Vec<usize>,
    /// How many times they come, one round after the other.
    rounds: u64,
    /// Pages asked for before, compressed, by their first row and their number of rows.
    packed: Mutex<HashMap<(u64, u64), Arc<Packed>>>,
}

/// Some rows of a result: their JSON with commas between, and how many they are.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) text: Bytes,
    pub(crate) count: u64,
    /// The same compressed, where that was kept.
    pub(crate) packed: Option<Arc<Packed>>,
}

impl Rows {
    pub(crate) fn from_texts<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> Self {
        let (mut text, mut ends) = (Vec::new(), Vec::new());
        for row in texts {
            if !ends.is_empty() {
                text.push(b',');
            }
            text.extend_from_slice(row.as_ref());
            ends.push(text.len());
        }
        Self {
            text: text.into(),
            ends,
            rounds: 1,
            packed: Mutex::default(),
        }
    }

    pub(crate) fn rounds(self, rounds: u64) -> Self {
        Self { rounds, ..self }
    }

    pub(crate) fn count(&self) -> u64 {
        self.round() * self.rounds
    }

    /// About what they would take in storage: their text, without what JSON puts around it.
    pub(crate) fn bytes(&self) -> u64 {
        self.text.len() as u64 / 2 * self.rounds
    }

    fn round(&self) -> u64 {
        self.ends.len() as u64
    }

    /// The place within its round; beyond the last round, the end of one.
    fn within(&self, start: u64) -> u64 {
        if start < self.count() {
            start % self.round()
        } else {
            self.round()
        }
    }

    /// Rows from `start`, at most `most` and at most so many bytes, and no further than the end of their round; at least one
    /// where there is one.
    pub(crate) fn page(&self, start: u64, most: u64, largest: usize) -> (Bytes, u64) {
        let start = usize::try_from(self.within(start))
            .unwrap_or(usize::MAX)
            .min(self.ends.len());
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(self.ends.len() - start);
        let from = if start == 0 { 0 } else { self.ends[start - 1] + 1 };
        let fits = self.ends[start..start + most].partition_point(|end| end - from <= largest);
        let count = if most == 0 { 0 } else { fits.max(1) };
        if count == 0 {
            return (Bytes::new(), 0);
        }
        (self.text.slice(from..self.ends[start + count - 1]), count as u64)
    }

    fn packed(&self, start: u64, count: u64, text: &[u8]) -> Arc<Packed> {
        let known = self.kept().get(&(start, count)).cloned();
        known.unwrap_or_else(|| {
            let packed = Arc::new(Packed::new(text));
            self.kept().insert((start, count), Arc::clone(&packed));
            packed
        })
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<(u64, u64), Arc<Packed>>> {
        self.packed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a result's rows are.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Memory(Arc<Rows>),
    Engine(Arc<EngineRows>),
}

/// Rows that the engine keeps, fetched in blocks and held.
#[derive(Debug)]
pub(crate) struct EngineRows {
    /// The engine's own address of them, without parameters.
    pub(crate) path: String,
    pub(crate) total: u64,
    blocks: Mutex<HashMap<u64, Arc<OnceCell<Rows>>>>,
}

#[derive(Deserialize)]
struct EnginePage<'a> {
    #[serde(borrow, default)]
    rows: Vec<&'a RawValue>,
}

impl Source {
    pub(crate) fn engine(path: String, total: u64) -> Self {
        Self::Engine(Arc::new(EngineRows {
            path,
            total,
            blocks: Mutex::default(),
        }))
    }

    pub(crate) fn total(&self) -> u64 {
        match self {
            Self::Memory(rows) => rows.count(),
            Self::Engine(rows) => rows.total,
        }
    }

    /// Rows from `start`, compressed too if asked for and at hand.
    pub(crate) async fn page(&self, google: &Google, start: u64, most: u64, packed: bool) -> Result<Page, ApiError> {
        let largest = google.largest_page();
        match self {
            Self::Memory(rows) => {
                let (text, count) = rows.page(start, most, largest);
                let packed = packed.then(|| rows.packed(rows.within(start), count, &text));
                Ok(Page { text, count, packed })
            }
            Self::Engine(rows) => {
                let (text, count) = rows.page(google, start, most, largest).await?;
                Ok(Page {
                    text,
                    count,
                    packed: None,
                })
            }
        }
    }
}

impl EngineRows {
    async fn page(&self, google: &Google, start: u64, most: u64, largest: usize) -> Result<(Bytes, u64), ApiError> {
        let end = start.saturating_add(most).min(self.total);
        let numbers = start / BLOCK..end.div_ceil(BLOCK).max(start / BLOCK);
        let mut blocks = stream::iter(numbers)
            .map(|number| self.block(google, number))
            .buffered(3);
        let (mut text, mut count) = (Vec::new(), 0);
        while let Some(block) = blocks.next().await {
            let block = block?;
            let rows = block.get().map_or(0, Rows::count);
            let within = (start + count) % BLOCK;
            let wanted = (end - start - count).min(rows.saturating_sub(within));
            let Some(rows) = block.get() else { break };
            let (part, got) = rows.page(within, wanted, largest);
            if got == 0 || (count > 0 && text.len() + part.len() > largest) {
                break;
            }
            if count > 0 {
                text.push(b',');
            }
            text.extend_from_slice(&part);
            count += got;
            if got < wanted {
                break;
            }
        }
        Ok((text.into(), count))
    }

    async fn block(&self, google: &Google, number: u64) -> Result<Arc<OnceCell<Rows>>, ApiError> {
        let cell = {
            let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(blocks.entry(number).or_default())
        };
        cell.get_or_try_init(|| self.fetched(google, number)).await?;
        Ok(cell)
    }

    async fn fetched(&self, google: &Google, number: u64) -> Result<Rows, ApiError> {
        let path = format!(
            "{}?startIndex={}&maxResults={BLOCK}&formatOptions.useInt64Timestamp=true",
            self.path,
            number * BLOCK
        );
        let Some(engine) = &google.inner.engine else {
            return Ok(Rows::from_texts::<&[u8]>([]));
        };
        let (_, body) = engine
            .call(Method::GET, &path, None)
            .await
            .map_err(|error| super::engine_gone(&error))?;
        let page: EnginePage<'_> = serde_json::from_slice(&body)
            .map_err(|_| ApiError::new(503, "backendError", "The engine's rows could not be read."))?;
        Ok(Rows::from_texts(page.rows.iter().map(|row| row.get())))
    }
}

/// How timestamps are written: seconds in floating point unless asked otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimestampFormat {
    FloatSeconds,
    Micros,
    Iso8601,
}

impl TimestampFormat {
    pub(crate) fn new(int64: bool, named: Option<&str>) -> Self {
        match (named, int64) {
            (Some("INT64"), _) | (None, true) => Self::Micros,
            (Some("ISO8601_STRING"), _) => Self::Iso8601,
            _ => Self::FloatSeconds,
        }
    }

    /// Rewrites the timestamps of a page, where there are any to rewrite.
    pub(crate) fn applied(self, page: Page, fields: &[Value]) -> Page {
        if self == Self::Micros || !fields.iter().any(has_timestamp) {
            return page;
        }
        Page {
            text: self.rewritten(page.text, fields),
            count: page.count,
            packed: None,
        }
    }

    fn rewritten(self, page: Bytes, fields: &[Value]) -> Bytes {
        let Ok(mut rows) = serde_json::from_str::<Vec<Value>>(&format!("[{}]", String::from_utf8_lossy(&page))) else {
            return page;
        };
        for row in &mut rows {
            self.rewrite(row, fields);
        }
        let texts: Vec<_> = rows.iter().map(Value::to_string).collect();
        texts.join(",").into()
    }

    fn rewrite(self, record: &mut Value, fields: &[Value]) {
        let Some(cells) = record["f"].as_array_mut() else {
            return;
        };
        for (cell, field) in cells.iter_mut().zip(fields) {
            let repeated = field["mode"] == "REPEATED";
            let inner = field["fields"].as_array();
            let one = |value: &mut Value| match inner {
                Some(fields) => self.rewrite(value, fields),
                None if field["type"] == "TIMESTAMP" => self.rewrite_one(value),
                None => {}
            };
            match cell["v"].as_array_mut().filter(|_| repeated) {
                Some(items) => items.iter_mut().for_each(|item| one(&mut item["v"])),
                None => one(&mut cell["v"]),
            }
        }
    }

    fn rewrite_one(self, value: &mut Value) {
        let Some(micros) = value.as_str().and_then(|text| text.parse::<i64>().ok()) else {
            return;
        };
        *value = json!(self.written(micros));
    }

    #[allow(
        clippy::cast_precision_loss,
        reason = "the loss is what Google's default format does too"
    )]
    fn written(self, micros: i64) -> String {
        match self {
            Self::Micros => micros.to_string(),
            Self::FloatSeconds if micros == 0 => "0.0".to_owned(),
            Self::FloatSeconds => {
                let text = format!("{:E}", micros as f64 / 1e6);
                match text.split_once('E') {
                    Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
                    _ => text,
                }
            }
            Self::Iso8601 => match Timestamp::from_microsecond(micros) {
                Ok(time) => format!("{time:.6}"),
                Err(_) => micros.to_string(),
            },
        }
    }
}

fn has_timestamp(field: &Value) -> bool {
    field["type"] == "TIMESTAMP"
        || field["fields"]
            .as_array()
            .is_some_and(|fields| fields.iter().any(has_timestamp))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{LARGEST_PAGE, Page, Rows, TimestampFormat};

    #[test]
    fn a_page_ends_where_ten_megabytes_do() {
        let row = format!("\"{}\"", "x".repeat(LARGEST_PAGE / 4 - 3));
        let rows = Rows::from_texts(std::iter::repeat_n(&row, 6));
        for (start, most, want) in [(0, 100, 4), (0, 3, 3), (4, 100, 2), (5, 1, 1), (6, 5, 0), (0, 0, 0)] {
            let (text, count) = rows.page(start, most, LARGEST_PAGE);
            assert_eq!(count, want, "{most} rows from {start}");
            assert!(text.len() <= LARGEST_PAGE, "{} bytes", text.len());
        }
        let giant = Rows::from_texts(["x".repeat(LARGEST_PAGE + 1), "y".to_owned()]);
        assert_eq!(
            giant.page(0, 2, LARGEST_PAGE).1,
            1,
            "a row larger than a page travels alone"
        );
    }

    #[test]
    fn timestamps_are_written_as_asked() {
        let fields = [
            json!({"name": "at", "type": "TIMESTAMP"}),
            json!({"name": "s", "type": "STRING"}),
            json!({"name": "l", "type": "TIMESTAMP", "mode": "REPEATED"}),
        ];
        let row = json!({"f": [{"v": "1767323045123456"}, {"v": "1"}, {"v": [{"v": "0"}]}]}).to_string();
        for (format, at, zero) in [
            (TimestampFormat::new(false, None), "1.767323045123456E9", "0.0"),
            (TimestampFormat::new(true, None), "1767323045123456", "0"),
            (
                TimestampFormat::new(false, Some("ISO8601_STRING")),
                "2026-01-02T03:04:05.123456Z",
                "1970-01-01T00:00:00.000000Z",
            ),
        ] {
            let page = Page {
                text: row.clone().into(),
                count: 1,
                packed: None,
            };
            let text = format.applied(page, &fields).text;
            let got: serde_json::Value = serde_json::from_slice(&text).expect("a row");
            assert_eq!(
                got["f"],
                json!([{"v": at}, {"v": "1"}, {"v": [{"v": zero}]}]),
                "{format:?}"
            );
        }
    }
}
