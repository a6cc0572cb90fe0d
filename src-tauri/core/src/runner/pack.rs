//! Rows become records, and records batches. What cannot become a record is kept with the reason.

use super::batch::{Batch, Filling};
use super::held::{Acknowledged, Keys};
use super::left::Part;
use crate::bigquery::{Page, Row, Schema};
use crate::clevertap::upload::{MOST_BYTES, MOST_RECORDS};
use crate::import::changes::{CHANGE, EDITED, ROWS, VANISHED};
use crate::import::statement::{GROUP_SIZE, is_ours};
use crate::mapping::{Mapping, Outcome, Rejection};
use crate::run::{Aside, Fate};
use crate::store::{HeldKey, RecordRow, RunRow, StoreError};

/// A row that is kept is cut here: it is for reading, and some rows are large.
const MOST_ROW_BYTES: usize = 16_000;

/// Packs the rows of one result.
pub(super) struct Packer {
    mapping: Mapping,
    run_start_second: i64,
    names: Vec<String>,
    identity: Option<usize>,
    group_size: Option<usize>,
    /// Of a comparison: what a row is, and of how many it tells.
    change: Option<(usize, usize)>,
    numbers: Numbers,
    keys: Keys,
    acknowledged: Option<Acknowledged>,
    filling: Filling,
}

/// Gives batches their numbers, in the order in which they are made.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers(std::sync::Arc<std::sync::atomic::AtomicU64>);

impl Numbers {
    /// Goes on after a number that was given before.
    pub fn after(number: u64) -> Self {
        Self(std::sync::Arc::new(number.into()))
    }

    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1
    }
}

/// What one page gave.
#[derive(Default)]
pub(super) struct Packed {
    /// Batches that are full.
    pub full: Vec<Batch>,
    pub rejected: Vec<Rejected>,
    /// Rows that were wanted.
    pub rows: u64,
    /// What lines of the page tell of rows that are not sent.
    pub aside: Aside,
    /// Why the rest of the page was not packed.
    pub failed: Option<StoreError>,
}

/// A row that cannot become a record.
pub(super) struct Rejected {
    pub row: RecordRow,
    /// Rows that gave way to it, inside BigQuery.
    pub collapsed: u64,
}

impl Rejected {
    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        let texts = [&self.row.identity, &self.row.reason, &self.row.record];
        size_of::<Self>() + texts.into_iter().flatten().map(String::len).sum::<usize>()
    }
}

impl Packer {
    /// Rows that `acknowledged` knows are left out.
    pub fn new(
        mapping: Mapping,
        row: &RunRow,
        schema: &Schema,
        numbers: Numbers,
        acknowledged: Option<Acknowledged>,
    ) -> Self {
        let plan = &row.plan;
        Self {
            mapping,
            run_start_second: row.run.started_at.as_second(),
            keys: Keys::new(row.run.import, plan, schema),
            acknowledged,
            names: schema.fields.iter().map(|field| field.name.clone()).collect(),
            identity: schema.position(&plan.identity.column),
            group_size: schema.position(GROUP_SIZE),
            change: schema.position(CHANGE).zip(schema.position(ROWS)),
            numbers,
            filling: Filling::new(None),
        }
    }

    /// Packs the rows of a page that the part wants. `first` is the position of its first row.
    pub fn page(&mut self, page: &Page, first: u64, part: &Part) -> Packed {
        let mut packed = Packed::default();
        for (position, row) in (first..).zip(page.rows()) {
            if !part.wants(position) {
                continue;
            }
            if self.is_told(row, &mut packed.aside) {
                continue;
            }
            let key = self.keys.of(row, &self.mapping);
            match self.is_acknowledged(key, row) {
                Ok(true) => {}
                Ok(false) => {
                    packed.rows += 1;
                    self.row(position, row, key, &mut packed);
                }
                Err(error) => {
                    packed.failed = Some(error);
                    break;
                }
            }
        }
        packed
    }

    fn is_acknowledged(&mut self, key: HeldKey, row: Row<'_>) -> Result<bool, StoreError> {
        match &mut self.acknowledged {
            Some(acknowledged) => acknowledged.take(key, row, &self.mapping),
            None => Ok(false),
        }
    }

    /// What comes from now on takes the place of this batch in doubt, or of none. Such a batch travels by itself, so the one
    /// that is being filled is done.
    pub fn turn_to(&mut self, instead_of: Option<u64>) -> Option<Batch> {
        if self.filling.instead_of == instead_of {
            return None;
        }
        let done = self.rest();
        self.filling.instead_of = instead_of;
        done
    }

    /// The batch that is not full, once there are no more rows.
    pub fn rest(&mut self) -> Option<Batch> {
        (!self.filling.is_empty()).then(|| self.take())
    }

    fn row(&mut self, position: u64, row: Row<'_>, key: HeldKey, packed: &mut Packed) {
        let collapsed = self.group_size(row).saturating_sub(1);
        let (mut rejections, mut warned) = (Vec::new(), Vec::new());
        self.filling.add(position, collapsed, key, |out| {
            match self.mapping.map(row, self.run_start_second, out) {
                Outcome::Record { warnings } => {
                    warned = warnings;
                    true
                }
                Outcome::Rejected { rejections: found } => {
                    rejections = found;
                    false
                }
            }
        });
        self.filling.warn(warned);
        if let Some(first) = rejections.first() {
            let row = RecordRow {
                position,
                fate: Fate::Rejected,
                batch: None,
                code: first.code.to_owned(),
                column: Some(first.column.to_string()),
                identity: self.identity(row),
                reason: Some(in_words(&rejections)),
                record: Some(self.row_in_words(row)),
            };
            packed.rejected.push(Rejected { row, collapsed });
        }
        if self.filling.len() >= MOST_RECORDS || self.filling.size() >= MOST_BYTES {
            let full = self.take();
            packed.full.push(full);
        }
    }

    fn take(&mut self) -> Batch {
        let filled = std::mem::replace(&mut self.filling, Filling::new(None));
        let full = filled.close(self.numbers.next());
        self.filling = Filling::like(&full);
        full
    }

    /// Whether the row is a line of a comparison that tells of rows, and is none itself.
    fn is_told(&self, row: Row<'_>, aside: &mut Aside) -> bool {
        let Some((change, rows)) = self.change else {
            return false;
        };
        let text = |place| row.cell(place)?.text();
        let told = match text(change).as_deref() {
            Some(VANISHED) => &mut aside.vanished,
            Some(EDITED) => &mut aside.edited,
            _ => return false,
        };
        *told = text(rows).and_then(|rows| rows.parse().ok());
        true
    }

    /// Whom a row is about, as its record would have said it: by that a person is found again, to be mended or forgotten.
    fn identity(&self, row: Row<'_>) -> Option<String> {
        let mapped = self.mapping.identity(row);
        let known = mapped.or_else(|| row.cell(self.identity?)?.text());
        known.map(std::borrow::Cow::into_owned)
    }

    fn group_size(&self, row: Row<'_>) -> u64 {
        let size = || row.cell(self.group_size?)?.text()?.parse().ok();
        size().unwrap_or(1)
    }

    /// The row as a JSON object, with each value as BigQuery sent it.
    fn row_in_words(&self, row: Row<'_>) -> String {
        let mut words = String::from("{");
        for (place, (name, cell)) in self.names.iter().zip(row.cells()).enumerate() {
            if is_ours(name) {
                continue;
            }
            if words.len() + cell.raw().len() > MOST_ROW_BYTES {
                break;
            }
            if place > 0 {
                words.push(',');
            }
            words.push_str(&serde_json::Value::from(name.as_str()).to_string());
            words.push(':');
            words.push_str(cell.raw());
        }
        words.push('}');
        words
    }
}

fn in_words(rejections: &[Rejection]) -> String {
    let mut words = String::new();
    for rejection in rejections {
        if !words.is_empty() {
            words.push_str("; ");
        }
        if rejections.len() > 1 {
            words.push_str(&rejection.column);
            words.push_str(": ");
        }
        words.push_str(rejection.reason);
    }
    words
}
