//! What a plan's faults have in common: each is a [`Problem`] that names its place in the plan.
//!
//! Places are written with dots, lists count from 0: `nickname`, `properties.2.name`, `records.events.created_on.zone`.

use crate::ground::problem::{Code, Fact, Problem};

/// A problem at this place of the plan.
pub(crate) fn at(field: impl Into<String>, code: Code) -> Problem {
    Problem::new(code).with(Fact::Field, field)
}

/// The nearest of some names to a misspelt one, where one is near at all.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + name.chars().count().max(candidate.chars().count()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_finds_its_name_and_nonsense_finds_none() {
        let known = ["customer_id", "dollars", "cds", "purchased_on"];
        let rows = [
            ("custmer_id", Some("customer_id")),
            ("Customer_ID", Some("customer_id")),
            ("dolars", Some("dollars")),
            ("cd", Some("cds")),
            ("weather", None),
            ("", None),
        ];
        for (name, expected) in rows {
            assert_eq!(nearest(name, known), expected, "for {name:?}");
        }
    }
}
