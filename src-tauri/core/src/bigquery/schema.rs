//! What columns a table or a result has, as BigQuery's REST API names them.

use serde::{Deserialize, Serialize};

/// The columns of a table or of a query's result, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    #[serde(default)]
    pub fields: Vec<Field>,
}

impl Schema {
    /// The place of a column. BigQuery's column names ignore case.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields
            .iter()
            .position(|field| field.name.eq_ignore_ascii_case(name))
    }

    pub fn field(&self, name: &str) -> Option<&Field> {
        self.position(name).map(|at| &self.fields[at])
    }
}

/// One column, or one member of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WireField", into = "WireField")]
pub struct Field {
    pub name: String,
    pub kind: FieldKind,
    pub mode: Mode,
    /// The members, where `kind` is [`FieldKind::Record`]; empty elsewhere.
    pub fields: Vec<Field>,
}

impl Field {
    /// A plain nullable column.
    pub fn of(name: impl Into<String>, kind: FieldKind) -> Self {
        Self {
            name: name.into(),
            kind,
            mode: Mode::Nullable,
            fields: Vec::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Mode {
    #[default]
    Nullable,
    Required,
    /// An array. Its elements are never null on the wire.
    Repeated,
}

/// BigQuery's data types. Both of its spellings (`INTEGER` and `INT64`, say) are one kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldKind {
    String,
    /// Base64 on the wire.
    Bytes,
    Integer,
    Float,
    Numeric,
    BigNumeric,
    Boolean,
    /// Microseconds since 1970 in UTC on the wire, since we always ask for whole numbers.
    Timestamp,
    Date,
    Time,
    /// A date and time without a zone.
    Datetime,
    Geography,
    Json,
    Interval,
    /// A span of dates, datetimes or timestamps: `[start, end)` on the wire.
    Range(RangeOf),
    /// A struct with members of its own.
    Record,
    /// A type that BigQuery added after this was written. Its values are JSON of an unknown shape.
    Unknown(std::string::String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RangeOf {
    Date,
    Datetime,
    Timestamp,
}

impl FieldKind {
    /// The kind with this name, in either of BigQuery's spellings. `element` is the range's element type.
    pub fn named(name: &str, element: Option<&str>) -> Self {
        match name.to_ascii_uppercase().as_str() {
            "STRING" => Self::String,
            "BYTES" => Self::Bytes,
            "INTEGER" | "INT64" => Self::Integer,
            "FLOAT" | "FLOAT64" => Self::Float,
            "NUMERIC" => Self::Numeric,
            "BIGNUMERIC" => Self::BigNumeric,
            "BOOLEAN" | "BOOL" => Self::Boolean,
            "TIMESTAMP" => Self::Timestamp,
            "DATE" => Self::Date,
            "TIME" => Self::Time,
            "DATETIME" => Self::Datetime,
            "GEOGRAPHY" => Self::Geography,
            "JSON" => Self::Json,
            "INTERVAL" => Self::Interval,
            "RECORD" | "STRUCT" => Self::Record,
            "RANGE" | "RANGE<DATE>" | "RANGE<DATETIME>" | "RANGE<TIMESTAMP>" => match element.unwrap_or(name) {
                "DATE" | "RANGE<DATE>" => Self::Range(RangeOf::Date),
                "DATETIME" | "RANGE<DATETIME>" => Self::Range(RangeOf::Datetime),
                "TIMESTAMP" | "RANGE<TIMESTAMP>" => Self::Range(RangeOf::Timestamp),
                _ => Self::Unknown(name.to_owned()),
            },
            _ => Self::Unknown(name.to_owned()),
        }
    }

    /// The name in SQL, such as `INT64`.
    pub fn sql_name(&self) -> &str {
        match self {
            Self::String => "STRING",
            Self::Bytes => "BYTES",
            Self::Integer => "INT64",
            Self::Float => "FLOAT64",
            Self::Numeric => "NUMERIC",
            Self::BigNumeric => "BIGNUMERIC",
            Self::Boolean => "BOOL",
            Self::Timestamp => "TIMESTAMP",
            Self::Date => "DATE",
            Self::Time => "TIME",
            Self::Datetime => "DATETIME",
            Self::Geography => "GEOGRAPHY",
            Self::Json => "JSON",
            Self::Interval => "INTERVAL",
            Self::Range(RangeOf::Date) => "RANGE<DATE>",
            Self::Range(RangeOf::Datetime) => "RANGE<DATETIME>",
            Self::Range(RangeOf::Timestamp) => "RANGE<TIMESTAMP>",
            Self::Record => "STRUCT",
            Self::Unknown(name) => name,
        }
    }
}

/// `TableFieldSchema`, the part that we use.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireField {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    mode: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    range_element_type: Option<ElementType>,
}

#[derive(Clone, Serialize, Deserialize)]
struct ElementType {
    #[serde(rename = "type")]
    kind: String,
}

impl From<WireField> for Field {
    fn from(wire: WireField) -> Self {
        let element = wire.range_element_type.as_ref().map(|element| element.kind.as_str());
        Self {
            kind: FieldKind::named(&wire.kind, element),
            name: wire.name,
            mode: match wire.mode.as_deref() {
                Some("REQUIRED") => Mode::Required,
                Some("REPEATED") => Mode::Repeated,
                _ => Mode::Nullable,
            },
            fields: wire.fields,
        }
    }
}

impl From<Field> for WireField {
    fn from(field: Field) -> Self {
        Self {
            kind: field.kind.sql_name().to_owned(),
            mode: Some(
                match field.mode {
                    Mode::Nullable => "NULLABLE",
                    Mode::Required => "REQUIRED",
                    Mode::Repeated => "REPEATED",
                }
                .to_owned(),
            ),
            name: field.name,
            fields: field.fields,
            range_element_type: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, FieldKind, Mode, RangeOf, Schema};

    #[test]
    fn both_spellings_of_a_type_are_one_kind() {
        let rows = [
            ("INTEGER", "INT64", FieldKind::Integer),
            ("FLOAT", "FLOAT64", FieldKind::Float),
            ("BOOLEAN", "BOOL", FieldKind::Boolean),
            ("RECORD", "STRUCT", FieldKind::Record),
        ];
        for (rest, sql, kind) in rows {
            assert_eq!(FieldKind::named(rest, None), kind, "{rest} is what tables.get says");
            assert_eq!(FieldKind::named(sql, None), kind, "{sql} is what SQL says");
        }
    }

    #[test]
    fn a_nested_schema_reads_as_google_sends_it() {
        let schema: Schema = serde_json::from_str(
            r#"{"fields":[
                {"name":"id","type":"INTEGER","mode":"REQUIRED","description":"the customer"},
                {"name":"tags","type":"STRING","mode":"REPEATED"},
                {"name":"valid","type":"RANGE","rangeElementType":{"type":"DATE"}},
                {"name":"home","type":"RECORD","mode":"NULLABLE","fields":[{"name":"city","type":"STRING"}]},
                {"name":"later","type":"HOLOGRAM"}]}"#,
        )
        .expect("a schema of Google's");
        assert_eq!(schema.fields[0].mode, Mode::Required, "modes are kept");
        assert_eq!(schema.fields[1].mode, Mode::Repeated, "modes are kept");
        assert_eq!(
            schema.fields[2].kind,
            FieldKind::Range(RangeOf::Date),
            "a range has its element"
        );
        assert_eq!(
            schema.fields[3].fields,
            vec![Field::of("city", FieldKind::String)],
            "members are kept, and no mode means nullable"
        );
        assert_eq!(
            schema.fields[4].kind,
            FieldKind::Unknown("HOLOGRAM".into()),
            "a type of the future does not stop us"
        );
        assert_eq!(schema.position("ID"), Some(0), "column names ignore case");
        let again: Schema =
            serde_json::from_str(&serde_json::to_string(&schema).expect("writes")).expect("reads what it wrote");
        assert_eq!(again, schema, "a stored schema comes back as it was");
    }
}
