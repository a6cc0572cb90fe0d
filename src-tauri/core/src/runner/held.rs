//! The key by which a row is known again in another result: its event key, or else all of its columns. A profile's begins
//! with whose row it is, so that the last of an identity's rows is found.

use siphasher::sip128::{Hasher128 as _, SipHasher13};
use std::hash::Hasher as _;

use crate::bigquery::{Row, Schema};
use crate::ground::ids::ImportId;
use crate::import::plan::{Plan, Records};
use crate::import::statement::is_ours;
use crate::mapping::Mapping;
use crate::store::HeldKey;

/// Makes the keys of one import's rows: the same row has the same key in each of its runs.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    hasher: SipHasher13,
    /// The columns that tell rows apart.
    columns: Vec<usize>,
    profiles: bool,
}

impl Keys {
    pub fn new(import: ImportId, plan: &Plan, schema: &Schema) -> Self {
        let named = match &plan.records {
            Records::Profiles => Vec::new(),
            Records::Events(events) => {
                let columns = events.key.iter().map(|column| schema.position(column));
                columns.collect::<Option<Vec<_>>>().unwrap_or_default()
            }
        };
        let all = || {
            let fields = schema.fields.iter().enumerate();
            let columns = fields.filter(|(_, field)| !is_ours(&field.name));
            columns.map(|(place, _)| place).collect()
        };
        Self {
            hasher: SipHasher13::new_with_key(import.as_bytes()),
            columns: if named.is_empty() { all() } else { named },
            profiles: plan.records == Records::Profiles,
        }
    }

    pub fn of(&self, row: Row<'_>, mapping: &Mapping) -> HeldKey {
        let mut hasher = self.hasher;
        for cell in self.columns.iter().filter_map(|column| row.cell(*column)) {
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
}
