use jiff::Timestamp;
use serde_json::{Value, json};
use tapline_core::bigquery::{Cell, Field, FieldKind, Mode, Page, Schema, type_text};

use crate::wire::check::{Column, Sample};

impl From<&Field> for Column {
    fn from(field: &Field) -> Self {
        Self {
            name: field.name.clone(),
            column_type: type_text::write(field),
            nullable: field.mode == Mode::Nullable,
        }
    }
}

impl Column {
    /// The columns as BigQuery would give them. Those of an unreadable type are of an unknown one.
    pub(crate) fn schema(columns: &[Self]) -> Schema {
        let field = |column: &Self| {
            type_text::read(&column.name, &column.column_type)
                .unwrap_or_else(|| Field::of(&column.name, FieldKind::Unknown(column.column_type.clone())))
        };
        Schema {
            fields: columns.iter().map(field).collect(),
        }
    }
}

impl Sample {
    pub(crate) fn of(schema: &Schema, page: &Page, bytes_billed: u64) -> Self {
        let row = |row: tapline_core::bigquery::Row<'_>| {
            let cells = schema.fields.iter().zip(row.cells());
            cells.map(|(field, cell)| shown(field, cell)).collect()
        };
        Self {
            columns: schema.fields.iter().map(Column::from).collect(),
            rows: page.rows().map(row).collect(),
            bytes_billed,
        }
    }

    /// The rows as they came from BigQuery, near enough to try a mapping on. Nothing where they are not what we gave.
    pub(crate) fn page(&self) -> Option<(Schema, Page)> {
        let schema = Column::schema(&self.columns);
        let rows: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| {
                let cells = schema.fields.iter().zip(row);
                cells.map(|(field, text)| given(field, text.as_deref())).collect()
            })
            .collect();
        if rows.iter().any(|row| row.len() != schema.fields.len()) {
            return None;
        }
        Some((schema, Page::gather(&rows).ok()?))
    }
}

/// A cell for reading: scalars as text, arrays and structs as plain JSON.
pub(crate) fn shown(field: &Field, cell: Cell<'_>) -> Option<String> {
    match plain(field, cell) {
        Value::Null => None,
        Value::String(text) => Some(text),
        nested => Some(nested.to_string()),
    }
}

fn plain(field: &Field, cell: Cell<'_>) -> Value {
    if cell.is_null() {
        return Value::Null;
    }
    if field.mode == Mode::Repeated {
        let one = Field {
            mode: Mode::Nullable,
            ..field.clone()
        };
        let elements = cell.elements().unwrap_or_default();
        return elements.into_iter().map(|element| plain(&one, element)).collect();
    }
    if field.kind == FieldKind::Record {
        let members = cell.members().unwrap_or_default();
        let named = field.fields.iter().zip(members);
        let named = named.map(|(member, cell)| (member.name.clone(), plain(member, cell)));
        return Value::Object(named.collect());
    }
    let Some(text) = cell.text() else {
        return Value::Null;
    };
    let instant = || Timestamp::from_microsecond(text.parse().ok()?).ok();
    match field.kind {
        FieldKind::Timestamp => instant().map_or_else(|| json!(text), |instant| json!(instant.to_string())),
        _ => json!(text),
    }
}

/// The way back: a cell as BigQuery's REST API writes it.
fn given(field: &Field, text: Option<&str>) -> String {
    let Some(text) = text else {
        return "null".to_owned();
    };
    let nested = field.mode == Mode::Repeated || field.kind == FieldKind::Record;
    let plain = if nested {
        serde_json::from_str(text).unwrap_or(Value::Null)
    } else {
        json!(text)
    };
    wrapped(field, &plain).to_string()
}

fn wrapped(field: &Field, plain: &Value) -> Value {
    match plain {
        Value::Array(elements) if field.mode == Mode::Repeated => {
            let one = Field {
                mode: Mode::Nullable,
                ..field.clone()
            };
            elements
                .iter()
                .map(|element| json!({ "v": wrapped(&one, element) }))
                .collect()
        }
        Value::Object(members) if field.kind == FieldKind::Record => {
            let member = |field: &Field| {
                let value = members.get(&field.name).unwrap_or(&Value::Null);
                json!({ "v": wrapped(field, value) })
            };
            json!({ "f": field.fields.iter().map(member).collect::<Vec<_>>() })
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Page, Sample};
    use serde_json::json;

    #[test]
    fn rows_are_shown_plainly_and_find_their_way_back() {
        let columns = [
            ("id", "INT64"),
            ("at", "TIMESTAMP"),
            ("tags", "ARRAY<STRING>"),
            ("home", "STRUCT<city STRING, zips ARRAY<INT64>>"),
            ("none", "STRING"),
        ];
        let columns: Vec<Column> = columns
            .iter()
            .map(|(name, kind)| Column {
                name: (*name).to_owned(),
                column_type: (*kind).to_owned(),
                nullable: true,
            })
            .collect();
        let row = vec![
            json!("7").to_string(),
            json!("1700000000000000").to_string(),
            json!([{"v": "a"}, {"v": "b"}]).to_string(),
            json!({"f": [{"v": "Köln"}, {"v": [{"v": "50667"}]}]}).to_string(),
            "null".to_owned(),
        ];
        let schema = Column::schema(&columns);
        let sample = Sample::of(&schema, &Page::gather(&[row]).expect("a page"), 0);
        let expected = [
            Some("7"),
            Some("2023-11-14T22:13:20Z"),
            Some(r#"["a","b"]"#),
            Some(r#"{"city":"Köln","zips":["50667"]}"#),
            None,
        ];
        let shown: Vec<_> = sample.rows[0].iter().map(Option::as_deref).collect();
        assert_eq!(shown, expected, "people read values, not wrappings");
        let (schema, page) = sample.page().expect("what we gave we take");
        let again = Sample::of(&schema, &page, 0);
        assert_eq!(again, sample, "nothing is lost on the way");
    }
}
