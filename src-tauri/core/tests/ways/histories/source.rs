//! A source whose rows come, change and go.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tapline_sandbox::Column;

use super::super::chance::Chance;
use super::super::support::Scene;
use super::{Kind, Way};

/// What its rows become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Profiles,
    Events,
    KeyedEvents,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceRow {
    pub id: String,
    /// What tells events apart that have a key.
    pub nr: u64,
    pub what: String,
    pub city: Option<String>,
    /// Mapped to an integer, which some are not.
    pub age: Option<String>,
    pub changed: Option<String>,
}

impl SourceRow {
    pub fn identity(&self) -> &str {
        self.id.trim()
    }

    /// Whether Tapline refuses the row, with these properties mapped.
    pub fn is_rejected(&self, with_age: bool) -> bool {
        with_age && self.age.as_deref() == Some("old")
    }

    /// Whether CleverTap refuses its event.
    pub fn is_unprocessed(&self) -> bool {
        self.what == "Thrown"
    }

    /// What tells its event from another, once it has arrived.
    pub fn payload(&self) -> String {
        let age = self.age.as_deref().and_then(|age| age.parse::<i64>().ok());
        payload(
            self.identity(),
            &self.what,
            &json!(self.nr),
            &json!(self.city),
            &json!(age),
        )
    }
}

pub fn payload(identity: &str, what: &str, nr: &Value, city: &Value, age: &Value) -> String {
    format!("{identity} {what} {nr} {city} {age}")
}

pub fn properties(what: What, with_age: bool) -> Value {
    let mut properties = vec![json!({"column": "city", "name": "City", "type": "string"})];
    if with_age {
        properties.push(json!({"column": "age", "name": "Years", "type": "integer"}));
    }
    if what != What::Profiles {
        properties.push(json!({"column": "nr", "name": "Nr", "type": "integer"}));
    }
    Value::Array(properties)
}

pub struct Source {
    pub table: String,
    pub kind: Kind,
    pub rows: Vec<SourceRow>,
    /// Identities of which New and updated rows cannot know what they are: their newest row went, and the one before it is
    /// older than the overlap.
    pub unknowable: std::collections::BTreeSet<String>,
    start: Timestamp,
    people: u64,
    numbers: u64,
}

impl Source {
    pub fn new(kind: Kind, chance: &mut Chance) -> Self {
        let mut source = Self {
            table: format!("{:?}{:016x}", kind.what, chance.next()).to_lowercase(),
            kind,
            rows: Vec::new(),
            unknowable: std::collections::BTreeSet::new(),
            start: Timestamp::now(),
            people: chance.between(3, 12),
            numbers: 0,
        };
        for _ in 0..chance.between(0, 40) {
            source.comes(chance, true);
        }
        source
    }

    /// Some changes, and what they were.
    pub fn changes(&mut self, chance: &mut Chance) -> Vec<String> {
        let changes = chance.between(0, 6);
        (0..changes).map(|_| self.change(chance)).collect()
    }

    fn change(&mut self, chance: &mut Chance) -> String {
        if self.rows.is_empty() {
            return self.comes(chance, false);
        }
        let place = usize::try_from(chance.between(0, self.rows.len() as u64)).unwrap_or(0);
        match chance.between(0, 10) {
            0..=2 => self.comes(chance, false),
            // A row that is like another in everything.
            3 => {
                let row = self.rows[place].clone();
                let told = format!("again {row:?}");
                // Written later than the overlap reaches back, nobody finds it.
                let finds =
                    self.kind.way != Way::NewAndUpdated || (self.kind.what != What::KeyedEvents && !self.is_past(&row));
                if finds {
                    self.rows.push(row);
                }
                told
            }
            // A row of the same moment.
            4 => {
                let mut row = self.rows[place].clone();
                row.city = city(chance);
                row.nr = self.number();
                let told = format!("tied {row:?}");
                if !self.is_past(&row) {
                    self.rows.push(row);
                }
                told
            }
            5 | 6 => self.goes(place),
            7 => {
                // Touched, and nothing else.
                self.rows[place].changed = Some(self.now());
                format!("touched {:?}", self.rows[place])
            }
            _ => {
                let now = self.now();
                let row = &mut self.rows[place];
                row.city = city(chance);
                row.age = age(chance);
                row.changed = Some(now);
                format!("edited {:?}", self.rows[place])
            }
        }
    }

    fn goes(&mut self, place: usize) -> String {
        let gone = self.rows.remove(place);
        let newest = |row: &&SourceRow| row.identity() == gone.identity() && self.is_seen(row);
        let left = self.rows.iter().filter(newest).max_by_key(|row| row.changed.clone());
        if left.is_some_and(|left| self.is_past(left)) {
            self.unknowable.insert(gone.identity().to_owned());
        }
        format!("gone {gone:?}")
    }

    fn comes(&mut self, chance: &mut Chance, first: bool) -> String {
        let whose = chance.between(0, self.people);
        let padded = chance.in_hundred(10);
        let row = SourceRow {
            id: format!("{}{}-{whose}", if padded { " " } else { "" }, self.table),
            nr: self.number(),
            what: if chance.in_hundred(10) { "Thrown" } else { "Visited" }.to_owned(),
            city: city(chance),
            age: age(chance),
            changed: match chance.between(0, 10) {
                0 => None,
                1 => Some(self.at(SignedDuration::from_hours(-72))),
                2 | 3 if first => Some(self.at(SignedDuration::from_hours(72))),
                // Written late, but within the overlap.
                4..=6 => Some(self.at(SignedDuration::from_secs(
                    i64::try_from(chance.between(1, 300)).unwrap_or(1),
                ))),
                _ => Some(self.now()),
            },
        };
        let told = format!("came {row:?}");
        self.rows.push(row);
        told
    }

    /// The identity of some row, where there is one.
    pub fn somebody(&self, chance: &mut Chance) -> Vec<String> {
        let row = usize::try_from(chance.next() % 1_000)
            .unwrap_or(0)
            .checked_rem(self.rows.len());
        row.map(|row| self.rows[row].identity().to_owned())
            .into_iter()
            .collect()
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn now(&self) -> String {
        self.written(Timestamp::now())
    }

    /// So long before the start.
    fn at(&self, before: SignedDuration) -> String {
        self.written(self.start - before)
    }

    fn written(&self, at: Timestamp) -> String {
        if self.kind.days {
            at.strftime("%Y-%m-%d").to_string()
        } else {
            at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
        }
    }

    /// Whether New and updated rows may see the row.
    pub fn is_seen(&self, row: &SourceRow) -> bool {
        self.kind.way != Way::NewAndUpdated
            || row
                .changed
                .as_ref()
                .is_some_and(|changed| *changed <= self.at(SignedDuration::from_mins(-60)))
    }

    /// Whether the row is older than every overlap.
    fn is_past(&self, row: &SourceRow) -> bool {
        let past = self.at(SignedDuration::from_hours(48));
        row.changed.as_ref().is_some_and(|changed| *changed < past)
    }

    pub async fn put(&self, scene: &Scene) {
        let columns = [
            Column::new("id", "STRING"),
            Column::new("nr", "INT64"),
            Column::new("what", "STRING"),
            Column::new("city", "STRING"),
            Column::new("age", "STRING"),
            Column::new("changed", if self.kind.days { "DATE" } else { "TIMESTAMP" }),
        ];
        let rows: Vec<Vec<Value>> = self
            .rows
            .iter()
            .map(|row| {
                let SourceRow {
                    id,
                    nr,
                    what,
                    city,
                    age,
                    changed,
                } = row;
                vec![
                    json!(id),
                    json!(nr),
                    json!(what),
                    json!(city),
                    json!(age),
                    json!(changed),
                ]
            })
            .collect();
        let google = scene.sandbox.google();
        let drop = format!("DROP TABLE IF EXISTS `acme-dw.shop.{}`", self.table);
        google.run_sql(&drop).await.expect("drops");
        google
            .load_table("shop", &self.table, &columns, &rows)
            .await
            .expect("a small table");
    }
}

fn city(chance: &mut Chance) -> Option<String> {
    let cities = [None, Some("Oslo"), Some("Rome"), Some("Lima"), Some("Pune")];
    let place = usize::try_from(chance.between(0, 5)).unwrap_or(0);
    cities[place].map(str::to_owned)
}

fn age(chance: &mut Chance) -> Option<String> {
    match chance.between(0, 10) {
        0 => None,
        1 => Some("old".to_owned()),
        years => Some((20 + years).to_string()),
    }
}
