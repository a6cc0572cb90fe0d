//! The plan: the document that says what an import reads and what becomes of each row.
//!
//! It is what the window edits, what the store keeps and what `tapline imports add --plan` takes, so its shape is
//! published (`tapline imports schema`). It grows by optional fields; whatever else changes has a new [`Plan::VERSION`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(feature = "wire-types")]
use ts_rs::TS;

/// What to read and how each row becomes a CleverTap record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Always 1 for now.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// The import's name, unique among imports.
    pub nickname: String,
    /// The name of the saved BigQuery connection to read from.
    pub database: String,
    /// The name of the saved CleverTap account to send to.
    pub account: String,
    pub source: Source,
    /// Which of the source's rows a run sends. All of them where absent.
    #[serde(default, skip_serializing_if = "Rows::is_all")]
    pub rows: Rows,
    /// Profiles or events.
    pub records: Records,
    pub identity: IdentityColumn,
    /// Tells when a row was added or last changed. Decides which row of an identity is the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_on: Option<TimeColumn>,
    /// In the order in which they stand in a record.
    #[serde(default)]
    pub properties: Vec<Property>,
    /// Rejects a row where CleverTap would cut or drop a part of it, instead of warning.
    #[serde(default)]
    pub strict: bool,
    /// Where BigQuery keeps what a run reads.
    #[serde(default, skip_serializing_if = "ResultTable::is_auto")]
    pub result_table: ResultTable,
}

impl Plan {
    pub const VERSION: u32 = 1;
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A table or view of the connection's dataset.
    Table(String),
    /// One SELECT statement in GoogleSQL.
    Sql(String),
}

/// Which of the source's rows a run sends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    /// All rows, at every run.
    #[default]
    All,
    /// New and updated rows: those whose Updated On has come since the last run. The first run sends all that have one.
    NewAndUpdated(NewAndUpdated),
    /// Changed rows: BigQuery compares the source with what CleverTap acknowledged, which it keeps in a table of the
    /// connection's dataset. Needs the right to make and change tables there.
    Changed,
}

impl Rows {
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }
}

/// How New and updated rows are found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(deny_unknown_fields)]
pub struct NewAndUpdated {
    /// How many minutes before the last run's start are read again, for rows that were written late. What was
    /// acknowledged is not sent again. 10 where absent, and a day where Updated On is a DATE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 43_200))]
    pub overlap_minutes: Option<u32>,
}

impl NewAndUpdated {
    /// Thirty days.
    pub const MOST_OVERLAP_MINUTES: u32 = 43_200;
}

/// Where BigQuery keeps the result of a run's query while it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum ResultTable {
    /// Where BigQuery keeps it by itself, for about a day; large ones in a table of the dataset that expires in seven
    /// days.
    #[default]
    Auto,
    /// Always in a table of the dataset that expires in seven days.
    Always,
    /// Never in the dataset: nothing is written there.
    Never,
}

impl ResultTable {
    pub fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

/// What a row becomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum Records {
    /// User Profile Data: rows of one identity collapse to the newest.
    Profiles,
    /// Event Data: each row is one event, unless an event key says otherwise.
    Events(Events),
}

/// How rows become events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(deny_unknown_fields)]
pub struct Events {
    pub name: EventName,
    /// When the event happened. Without it every event carries the second in which the run started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_on: Option<TimeColumn>,
    /// What to do with events that were sent and never answered.
    #[serde(default)]
    pub in_doubt: InDoubt,
    /// Columns that together tell one event from another, such as an order's number. Rows with the same values are one
    /// event, and the newest counts. Empty: every row is an event of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum EventName {
    /// Event from Column: each row names its own event.
    Column(String),
    /// Specific Event: every row is this event.
    Specific(String),
}

/// The policy for events whose fate is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum InDoubt {
    /// List them and wait for the person.
    #[default]
    Ask,
    /// Never send them again: some may be missing, none is doubled.
    Leave,
    /// Send them again: none is missing, some may be doubled.
    Resend,
}

/// The column that says whose profile or event it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(deny_unknown_fields)]
pub struct IdentityColumn {
    /// The column's name. BigQuery ignores its case.
    pub column: String,
    #[serde(default)]
    pub kind: IdentityKind,
    #[serde(default, skip_serializing_if = "Repairs::is_empty")]
    pub repairs: Repairs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// E-mail, phone or your own id: sent as `identity`.
    #[default]
    Identity,
    /// CleverTap's own id: sent as `objectId`.
    #[serde(rename = "clevertap_id")]
    CleverTapId,
}

/// A column that holds a point in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(deny_unknown_fields)]
pub struct TimeColumn {
    /// The column's name.
    pub column: String,
    /// Needed for text and number columns; real date columns speak for themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<DateFormat>,
    /// An IANA zone for values that name none, such as `Europe/Paris`. UTC where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

/// One column on its way into a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(deny_unknown_fields)]
pub struct Property {
    /// The column's name. One column may fill several properties.
    pub column: String,
    /// CleverTap's name: a system property such as `Email`, or a name of your own.
    pub name: String,
    #[serde(rename = "type")]
    pub data_type: DataType,
    /// For the type `date` from text and number columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<DateFormat>,
    #[serde(default)]
    pub when_null: WhenNull,
    #[serde(default, skip_serializing_if = "Repairs::is_empty")]
    pub repairs: Repairs,
}

/// CleverTap's data types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum DataType {
    String,
    Integer,
    Float,
    Long,
    Boolean,
    Date,
    /// A list of texts, from an ARRAY column. CleverTap keeps at most 100.
    MultiValue,
}

impl DataType {
    /// CleverTap's word for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::Integer => "Integer",
            Self::Float => "Float",
            Self::Long => "Long",
            Self::Boolean => "Boolean",
            Self::Date => "Date",
            Self::MultiValue => "Multi-value",
        }
    }
}

/// What a NULL does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum WhenNull {
    /// Leaves the property as CleverTap has it.
    #[default]
    Leave,
    /// Rejects the row.
    Reject,
}

/// Repairs that the person chose for a column. None is made unasked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
#[serde(deny_unknown_fields)]
pub struct Repairs {
    /// Takes white space from both ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trim: bool,
    /// For phone numbers without one: `+` and digits, such as `+44`. A leading 0 of the number gives way to it, and a
    /// leading 00 is taken for a plus. Nothing else is changed: spaces and brackets stay, and CleverTap refuses them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// An IANA zone for dates that name none. UTC where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

impl Repairs {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The date formats of CleverTap's imports. Clocks have 24 hours; a date alone means its first second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "wire-types", derive(TS), ts(export))]
pub enum DateFormat {
    /// Ten digits.
    #[serde(rename = "epoch_seconds")]
    EpochSeconds,
    /// Thirteen digits.
    #[serde(rename = "epoch_milliseconds")]
    EpochMilliseconds,
    #[serde(rename = "dd/MM/yyyy HH:mm:ss")]
    DayMonthYearTime,
    #[serde(rename = "MM/dd/yyyy HH:mm:ss")]
    MonthDayYearTime,
    #[serde(rename = "yyyy/dd/MM HH:mm:ss")]
    YearDayMonthTime,
    #[serde(rename = "yyyy/MM/dd HH:mm:ss")]
    YearMonthDayTime,
    #[serde(rename = "dd MMM yyyy HH:mm:ss")]
    DayNameYearTime,
    #[serde(rename = "dd/MM/yyyy")]
    DayMonthYear,
    #[serde(rename = "MM/dd/yyyy")]
    MonthDayYear,
    #[serde(rename = "yyyy/dd/MM")]
    YearDayMonth,
    #[serde(rename = "yyyy/MM/dd")]
    YearMonthDay,
    #[serde(rename = "ddMMMyyyy")]
    DayNameYear,
    /// Not in CleverTap's own list, and what most warehouses write.
    #[serde(rename = "yyyy-MM-dd")]
    IsoDate,
    /// RFC 3339, with or without a zone.
    #[serde(rename = "iso8601")]
    Iso8601,
}

/// The plan's JSON Schema, as `tapline imports schema` prints it.
pub fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&schemars::schema_for!(Plan)).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::schema;

    #[test]
    fn the_published_schema_is_the_plans_own() {
        let published = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/plan.schema.json");
        if std::env::var_os("TAPLINE_WRITE_SCHEMA").is_some() {
            std::fs::write(published, schema()).expect("docs/ can be written");
        }
        let kept = std::fs::read_to_string(published).unwrap_or_default();
        assert!(
            kept == schema(),
            "docs/plan.schema.json is stale: run this test with TAPLINE_WRITE_SCHEMA=1 and commit the file"
        );
    }
}
