//! Rows that a run counted and did not send, and why: what its way to import cannot carry is told, never dropped in silence.

/// How many rows were left aside. Nothing where nobody looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aside {
    /// Without Updated On: New and updated rows never finds them.
    pub undated: Option<u64>,
    /// With an Updated On that is still to come: they are sent when it has.
    pub later: Option<u64>,
    /// Acknowledged once, and no longer in the source. CleverTap keeps them.
    pub vanished: Option<u64>,
    /// Events that differ from what was sent. Events cannot be changed, so they are not sent again.
    pub edited: Option<u64>,
}

impl Aside {
    /// How many lines of a comparison's result tell of these: one for each kind of which there are some.
    pub fn lines(&self) -> u64 {
        let told = |rows: Option<u64>| u64::from(rows.is_some_and(|rows| rows > 0));
        told(self.vanished) + told(self.edited)
    }

    /// A sentence for each kind of which there are some.
    pub fn words(&self) -> Vec<String> {
        let some = |count: Option<u64>| count.filter(|count| *count > 0);
        let rows = |count: u64| match count {
            1 => "1 row".to_owned(),
            count => format!("{count} rows"),
        };
        let told = [
            some(self.undated).map(|count| {
                format!(
                    "{} without Updated On: New and updated rows never finds them.",
                    rows(count)
                )
            }),
            some(self.later).map(|count| {
                format!(
                    "{} with an Updated On in the future: they are sent once it has come.",
                    rows(count)
                )
            }),
            some(self.vanished).map(|count| {
                format!(
                    "{} no longer in the source: CleverTap keeps what it has of them.",
                    rows(count)
                )
            }),
            some(self.edited).map(|count| {
                format!(
                    "{} differing from the event that was sent: events cannot be changed, so they were not sent again.",
                    rows(count)
                )
            }),
        ];
        told.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Aside;

    #[test]
    fn what_is_not_there_is_not_told() {
        let none = Aside {
            later: Some(0),
            ..Aside::default()
        };
        assert!(none.words().is_empty(), "none and unknown alike");
        let one = Aside {
            undated: Some(1),
            vanished: Some(2),
            ..Aside::default()
        };
        assert_eq!(one.words().len(), 2, "a sentence each: {:?}", one.words());
        assert!(one.words()[0].starts_with("1 row without"), "{:?}", one.words());
    }
}
