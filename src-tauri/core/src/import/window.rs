//! New and updated rows: which stretch of Updated On a run reads, and how each type of column is held against it. Times are
//! BigQuery's, never this computer's.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::plan::{DateFormat, NewAndUpdated, Plan, TimeColumn};
use super::statement::{from, rows_where};
use crate::bigquery::{DatasetRef, FieldKind, Parameter, Schema, literal, quoted};

/// The columns of a [`survey`].
pub const NOW: &str = "tapline_now";
pub const UNDATED: &str = "tapline_undated";
pub const LATER: &str = "tapline_later";

const SINCE: &str = "tapline_since";
const UNTIL: &str = "tapline_until";
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
const OVERLAP_OF_DAYS: SignedDuration = SignedDuration::from_hours(24);

/// What one value of an Updated On column stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Grain {
    Instant,
    /// A clock's reading in a zone.
    Civil(TimeZone),
    /// A whole day in a zone.
    Day(TimeZone),
    /// A whole second since 1970.
    Second,
    /// A whole millisecond since 1970.
    Millisecond,
}

/// The rows that a run reads: those from `since` on, where it is known, to `until`, which is the run's start.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    pub grain: Grain,
    pub since: Option<Timestamp>,
    pub until: Timestamp,
}

impl Grain {
    /// Of this column, where it can tell time at all. Whether it can is said by [`crate::mapping::compile`].
    pub fn of(time: &TimeColumn, schema: &Schema) -> Option<Self> {
        let field = schema.field(&time.column)?;
        let zone = || {
            let named = time.zone.as_deref().and_then(|name| TimeZone::get(name).ok());
            named.unwrap_or(TimeZone::UTC)
        };
        match (&field.kind, time.format) {
            (FieldKind::Timestamp, _) => Some(Self::Instant),
            (FieldKind::Datetime, _) => Some(Self::Civil(zone())),
            (FieldKind::Date, _) => Some(Self::Day(zone())),
            (_, Some(DateFormat::EpochSeconds)) => Some(Self::Second),
            (_, Some(DateFormat::EpochMilliseconds)) => Some(Self::Millisecond),
            _ => None,
        }
    }

    /// How far before the last run's start rows are read again.
    pub fn overlap(&self, how: &NewAndUpdated) -> SignedDuration {
        match (how.overlap_minutes, self) {
            (Some(minutes), _) => SignedDuration::from_mins(minutes.into()),
            (None, Self::Day(_)) => OVERLAP_OF_DAYS,
            (None, _) => OVERLAP,
        }
    }

    /// Whether a value that is the run's own start may still be written by others after it: then it belongs to both runs.
    fn is_coarse(&self) -> bool {
        !matches!(self, Self::Instant | Self::Civil(_))
    }

    /// Whether rows of before this instant and rows of after it have different values, so that a run can begin just here.
    pub fn parts_at(&self, at: Timestamp) -> bool {
        !self.is_coarse() && self.least(at) == self.value(at)
    }

    /// BigQuery's clock, as a value of this kind.
    fn now(&self) -> String {
        match self {
            Self::Instant => "CURRENT_TIMESTAMP()".to_owned(),
            Self::Civil(zone) => format!("CURRENT_DATETIME({})", named(zone)),
            Self::Day(zone) => format!("CURRENT_DATE({})", named(zone)),
            Self::Second => "UNIX_SECONDS(CURRENT_TIMESTAMP())".to_owned(),
            Self::Millisecond => "UNIX_MILLIS(CURRENT_TIMESTAMP())".to_owned(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Instant => "TIMESTAMP",
            Self::Civil(_) => "DATETIME",
            Self::Day(_) => "DATE",
            Self::Second | Self::Millisecond => "INT64",
        }
    }

    fn value(&self, at: Timestamp) -> String {
        match self {
            Self::Instant => at.to_string(),
            Self::Civil(zone) => zone.to_datetime(at).to_string(),
            Self::Day(zone) => zone.to_datetime(at).date().to_string(),
            Self::Second => at.as_second().to_string(),
            Self::Millisecond => at.as_millisecond().to_string(),
        }
    }

    /// The least value that a row of this instant or a later one can have. Where clocks are put back, they soon read less
    /// than they do now.
    fn least(&self, since: Timestamp) -> String {
        if let Self::Civil(zone) = self
            && let Some(change) = zone.following(since).next()
        {
            let (before, after) = (zone.to_datetime(since), zone.to_datetime(change.timestamp()));
            if after < before {
                return after.to_string();
            }
        }
        self.value(since)
    }
}

impl Window {
    fn condition(&self, column: &str) -> String {
        let column = quoted(column);
        let end = if self.grain.is_coarse() { "<=" } else { "<" };
        match self.since {
            Some(_) => format!("{column} >= @{SINCE} AND {column} {end} @{UNTIL}"),
            None => format!("{column} {end} @{UNTIL}"),
        }
    }

    /// The values that the statement speaks of.
    pub fn parameters(&self) -> Vec<Parameter> {
        let kind = self.grain.kind();
        let since = self
            .since
            .map(|at| Parameter::new(SINCE, kind, Some(self.grain.least(at))));
        let until = Parameter::new(UNTIL, kind, Some(self.grain.value(self.until)));
        since.into_iter().chain([until]).collect()
    }
}

/// What a run of New and updated rows reads, with columns besides the plan's.
pub fn rows(plan: &Plan, dataset: &DatasetRef, updated_on: &TimeColumn, window: &Window, also: &[String]) -> String {
    rows_where(plan, dataset, Some(&window.condition(&updated_on.column)), also)
}

/// What time it is at BigQuery, how many rows have no Updated On, and how many one that is still to come. Reads that column
/// alone, and of a table that is partitioned by it few rows.
pub fn survey(plan: &Plan, dataset: &DatasetRef, updated_on: &TimeColumn, grain: &Grain) -> String {
    let column = quoted(&updated_on.column);
    let later = if grain.is_coarse() { ">" } else { ">=" };
    format!(
        "SELECT
  UNIX_MICROS(CURRENT_TIMESTAMP()) AS {NOW},
  COUNTIF({column} IS NULL) AS {UNDATED},
  COUNTIF({column} IS NOT NULL) AS {LATER}
FROM {}
WHERE {column} IS NULL OR {column} {later} {}",
        from(&plan.source, dataset),
        grain.now()
    )
}

fn named(zone: &TimeZone) -> String {
    literal(zone.iana_name().unwrap_or("UTC"))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::{Grain, Window};
    use crate::bigquery::ParameterValue;
    use crate::import::plan::NewAndUpdated;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn values(grain: Grain, since: &str, until: &str) -> Vec<String> {
        let window = Window {
            grain,
            since: Some(at(since)),
            until: at(until),
        };
        let text = |value| match value {
            ParameterValue::One(Some(text)) => text,
            other => panic!("one value, and not {other:?}"),
        };
        window.parameters().into_iter().map(|one| text(one.value)).collect()
    }

    #[test]
    fn each_grain_is_held_against_values_of_its_own_kind() {
        let (since, until) = ("2026-03-01T22:59:59.123456Z", "2026-03-02T00:30:00.5Z");
        let paris = || TimeZone::get("Europe/Paris").expect("a zone");
        let rows = [
            (Grain::Instant, [since, until]),
            (
                Grain::Civil(paris()),
                ["2026-03-01T23:59:59.123456", "2026-03-02T01:30:00.5"],
            ),
            (Grain::Day(paris()), ["2026-03-01", "2026-03-02"]),
            (Grain::Second, ["1772405999", "1772411400"]),
            (Grain::Millisecond, ["1772405999123", "1772411400500"]),
        ];
        for (grain, expected) in rows {
            assert_eq!(values(grain.clone(), since, until), expected, "for {grain:?}");
        }
    }

    #[test]
    fn a_clock_that_is_put_back_hides_no_row() {
        let paris = TimeZone::get("Europe/Paris").expect("a zone");
        // At 01:00 UTC the clocks of Paris go from 03:00 to 02:00 again.
        let values = values(Grain::Civil(paris), "2026-10-25T00:50:00Z", "2026-10-25T01:20:00Z");
        assert_eq!(
            values,
            ["2026-10-25T02:00:00", "2026-10-25T02:20:00"],
            "rows of the second two o'clock read less than 02:50"
        );
    }

    #[test]
    fn what_can_be_written_twice_in_the_same_moment_belongs_to_both_runs() {
        let window = |grain| Window {
            grain,
            since: None,
            until: at("2026-03-02T00:30:00Z"),
        };
        assert_eq!(window(Grain::Instant).condition("u"), "`u` < @tapline_until");
        assert_eq!(window(Grain::Second).condition("u"), "`u` <= @tapline_until");
        assert_eq!(window(Grain::Second).parameters().len(), 1, "nothing but the end");
    }

    #[test]
    fn the_overlap_is_ten_minutes_and_a_day_for_days() {
        let (own, none) = (
            NewAndUpdated {
                overlap_minutes: Some(90),
            },
            NewAndUpdated::default(),
        );
        assert_eq!(Grain::Instant.overlap(&none).as_mins(), 10);
        assert_eq!(Grain::Day(TimeZone::UTC).overlap(&none).as_hours(), 24);
        assert_eq!(
            Grain::Day(TimeZone::UTC).overlap(&own).as_mins(),
            90,
            "as the plan says"
        );
    }
}
