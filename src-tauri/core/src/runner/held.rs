//! The key by which a row is known again in another result: its event key, or else the columns of its plan. A profile's
//! begins with whose row it is, so that the last of an identity's rows is found.

use siphasher::sip128::{Hasher128 as _, SipHasher13};
use std::hash::Hasher as _;

use crate::bigquery::{Cell, Row, Schema};
use crate::ground::ids::ImportId;
use crate::import::plan::{Plan, Records, Rows};
use crate::import::statement::{columns, known_by, sent};
use crate::mapping::Mapping;
use crate::store::{EarlierRun, HeldKey, HeldKeys, Holding, Reading, StoreError};

/// Makes the keys of one import's rows, as its runs of one plan know them: the same row has the same key in each.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    hasher: SipHasher13,
    /// The columns of the event key, where there is one.
    named: Vec<usize>,
    all: Vec<usize>,
    profiles: bool,
}

impl Keys {
    pub fn new(import: ImportId, plan: &Plan, schema: &Schema) -> Self {
        let places = |columns: &[&str]| columns.iter().filter_map(|column| schema.position(column)).collect();
        let named = match &plan.records {
            Records::Profiles => Vec::new(),
            Records::Events(events) => places(&events.key.iter().map(String::as_str).collect::<Vec<_>>()),
        };
        let all = match (&plan.records, &plan.rows) {
            // An event whose row was touched is the same event, unless it is sent anew for just that.
            (Records::Events(_), Rows::All | Rows::Changed) => sent(plan),
            _ => columns(plan),
        };
        Self {
            hasher: SipHasher13::new_with_key(import.as_bytes()),
            named,
            all: places(&all),
            profiles: plan.records == Records::Profiles,
        }
    }

    pub fn of(&self, row: Row<'_>, mapping: &Mapping) -> HeldKey {
        let mut hasher = self.hasher;
        for cell in self.columns(row).iter().filter_map(|column| row.cell(*column)) {
            let value = cell.raw().as_bytes();
            // With its length, so that the values of two columns never run into each other.
            hasher.write_usize(value.len());
            hasher.write(value);
        }
        let row_hash = hasher.finish128();
        if !self.profiles {
            return HeldKey(row_hash.as_bytes());
        }
        let mut hasher = self.hasher;
        if let Some(identity) = mapping.identity(row) {
            hasher.write(identity.as_bytes());
        }
        HeldKey::of_profile(hasher.finish128().h1, row_hash.h1)
    }

    /// The columns that tell this row apart. One without a value in its event key is told apart by all, as it is in BigQuery.
    fn columns(&self, row: Row<'_>) -> &[usize] {
        let is_missing = |column: &usize| row.cell(*column).is_none_or(Cell::is_null);
        if self.named.is_empty() || self.named.iter().any(is_missing) {
            &self.all
        } else {
            &self.named
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        self.named == other.named && self.all == other.all
    }
}

/// Rows that were acknowledged before: of a result that has expired, and of earlier runs that read some of the same rows.
/// Each run knew them by its own plan's columns, so a mapping that changed since does not make other rows of them.
pub(super) struct Acknowledged {
    held: HeldKeys,
    import: ImportId,
    own: Keys,
    /// Other ways in which rows were known, by the number under which their keys are held. Those that tell more rows apart
    /// come first: a row that was known by them is surely that one.
    ways: Vec<(u32, Option<Keys>)>,
}

impl Acknowledged {
    pub fn none(import: ImportId, plan: &Plan, schema: &Schema) -> Result<Self, StoreError> {
        let holding = match plan.records {
            Records::Profiles => Holding::Last,
            Records::Events(_) => Holding::Each,
        };
        Ok(Self {
            held: HeldKeys::none(holding)?,
            import,
            own: Keys::new(import, plan, schema),
            ways: vec![(0, None)],
        })
    }

    /// What the run itself acknowledged of results that have expired, up to the position `base`.
    pub fn add_own(
        &mut self,
        reading: &Reading<'_>,
        run: i64,
        base: u64,
        but_in_doubt: bool,
    ) -> Result<(), StoreError> {
        self.held.add_run(reading, run, 0, Some(base), but_in_doubt)
    }

    /// What an earlier run acknowledged. Of events that it knew by columns which this result lacks nothing is known again.
    pub fn add_earlier(
        &mut self,
        reading: &Reading<'_>,
        earlier: &EarlierRun,
        schema: &Schema,
        but_in_doubt: bool,
    ) -> Result<(), StoreError> {
        let way = if self.own.profiles {
            Some(0)
        } else {
            self.way(&earlier.plan, schema)
        };
        match way {
            Some(way) => self.held.add_run(reading, earlier.run, way, None, but_in_doubt),
            None => Ok(()),
        }
    }

    fn way(&mut self, plan: &Plan, schema: &Schema) -> Option<u32> {
        if !known_by(plan).iter().all(|column| schema.position(column).is_some()) {
            return None;
        }
        let keys = Keys::new(self.import, plan, schema);
        if keys.is_like(&self.own) {
            return Some(0);
        }
        let is_known = |way: &&(u32, Option<Keys>)| way.1.as_ref().is_some_and(|known| known.is_like(&keys));
        if let Some((way, _)) = self.ways.iter().find(is_known) {
            return Some(*way);
        }
        let way = u32::try_from(self.ways.len()).ok()?;
        self.ways.push((way, Some(keys)));
        let own = self.own.all.len();
        self.ways
            .sort_by_key(|(_, keys)| std::cmp::Reverse(keys.as_ref().map_or(own, |keys| keys.all.len())));
        Some(way)
    }

    /// The key by which the run itself knows a row.
    pub fn key(&self, row: Row<'_>, mapping: &Mapping) -> HeldKey {
        self.own.of(row, mapping)
    }

    /// Whether the row, whose key is this one, was acknowledged. Each that was counts for one row.
    pub fn take(&mut self, key: HeldKey, row: Row<'_>, mapping: &Mapping) -> Result<bool, StoreError> {
        for (way, keys) in &self.ways {
            let key = keys.as_ref().map_or(key, |keys| keys.of(row, mapping));
            if self.held.take(*way, key)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
