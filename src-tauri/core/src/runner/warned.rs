//! What CleverTap will cut or change of the records of a batch. It says success all the same, so that nobody but us can tell.

use crate::mapping::Warning;
use crate::store;

/// Each way in which a record of the batch differs once, and where it does: most records of most batches in none.
#[derive(Clone, Debug, Default)]
pub(super) struct Warned {
    ways: Vec<Warning>,
    /// A record's place in the batch and a way, in the order of places.
    of: Vec<(u32, u16)>,
}

impl Warned {
    /// Notes what is said of the record at this place, which lies behind all that were noted before.
    pub fn note(&mut self, place: usize, warnings: impl IntoIterator<Item = Warning>) {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        for warning in warnings {
            let way = self.way(warning);
            // Two properties may be read from one column.
            let known = self.of.iter().rev().take_while(|(of, _)| *of == place);
            if !known.into_iter().any(|(_, known)| *known == way) {
                self.of.push((place, way));
            }
        }
    }

    /// What is said of the record at this place.
    pub fn at(&self, place: usize) -> impl Iterator<Item = Warning> {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        let from = self.of.partition_point(|(of, _)| *of < place);
        let here = self.of[from..].iter().take_while(move |(of, _)| *of == place);
        here.map(|(_, way)| self.ways[usize::from(*way)].clone())
    }

    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        size_of::<Warning>() * self.ways.len() + size_of::<(u32, u16)>() * self.of.len()
    }

    /// How many records differ in each way.
    pub fn counted(&self) -> Vec<store::Warned> {
        let mut counts = vec![0; self.ways.len()];
        for (_, way) in &self.of {
            counts[usize::from(*way)] += 1;
        }
        let told = |(warning, records): (&Warning, u64)| store::Warned {
            column: warning.column.to_string(),
            code: warning.code.to_owned(),
            reason: warning.reason.to_owned(),
            records,
        };
        self.ways.iter().zip(counts).map(told).collect()
    }

    fn way(&mut self, warning: Warning) -> u16 {
        let known = self.ways.iter().position(|way| *way == warning);
        let way = known.unwrap_or_else(|| {
            self.ways.push(warning);
            self.ways.len() - 1
        });
        // A plan has some hundreds of properties, and each some two ways.
        u16::try_from(way).unwrap_or(u16::MAX)
    }
}
