//! Pages of rows: what the page reader finds is what `serde_json` finds.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tapline_core::bigquery::page::MalformedPage;
use tapline_core::bigquery::{Cell, Page};

/// What is asked of an object: `serde` would take a list of its members for one, too.
fn object<'a, T: Deserialize<'a>>(json: &'a str) -> Option<T> {
    json.trim_start()
        .starts_with('{')
        .then(|| serde_json::from_str(json).ok())
        .flatten()
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    rows: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    f: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Value<'a> {
    #[serde(borrow)]
    v: &'a RawValue,
}

/// The values of a row, or of a record.
fn values(json: &str) -> Option<Vec<&RawValue>> {
    let row: Row<'_> = object(json)?;
    row.f.into_iter().map(|cell| value(cell.get())).collect()
}

fn value(json: &str) -> Option<&RawValue> {
    object(json).map(|value: Value<'_>| value.v)
}

/// The rows of an answer, each with its values.
fn answer(body: &str) -> Option<Vec<Vec<&RawValue>>> {
    let answer: Answer<'_> = object(body)?;
    answer
        .rows
        .unwrap_or_default()
        .into_iter()
        .map(|row| values(row.get()))
        .collect()
}

pub fn read(came: &[u8]) {
    let Ok(body) = std::str::from_utf8(came) else { return };
    let page = Page::read(body.to_owned());
    if page.is_ok() {
        let json: Result<IgnoredAny, _> = serde_json::from_str(body);
        assert!(json.is_ok(), "what is no JSON was read as a page");
    }
    let Some(rows) = answer(body) else { return };
    let width = rows.first().map_or(0, Vec::len);
    if rows.iter().any(|row| row.len() != width) {
        assert!(
            matches!(page, Err(MalformedPage::Width { .. })),
            "rows of several widths were read as a page: {page:?}"
        );
        return;
    }
    let page = page.expect("a page to serde_json is a page");
    assert_eq!((page.len(), page.width()), (rows.len(), width), "rows and their width");
    for (row, expected) in page.rows().zip(&rows) {
        assert_eq!(row.len(), width, "every row is as wide as the first");
        for (cell, expected) in row.cells().zip(expected) {
            same(cell, expected);
        }
    }
}

fn same(cell: Cell<'_>, expected: &RawValue) {
    let raw = expected.get();
    assert_eq!(cell.raw(), raw, "a cell is its JSON, byte for byte");
    assert_eq!(cell.is_null(), raw == "null", "null is null");
    if raw.starts_with('"') {
        let text: Option<String> = serde_json::from_str(raw).ok();
        assert_eq!(
            cell.text().map(std::borrow::Cow::into_owned),
            text,
            "escapes are undone"
        );
        let between = text.is_some_and(|text| raw == format!("\"{text}\""));
        assert!(!cell.is_plain_text() || between, "plain text stands between its quotes");
    }
    if raw.starts_with('[')
        && let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(raw)
        && let Some(elements) = elements
            .into_iter()
            .map(|one| value(one.get()))
            .collect::<Option<Vec<_>>>()
    {
        all_same(cell.elements().expect("an array of values has elements"), elements);
    } else if let Some(members) = values(raw) {
        all_same(cell.members().expect("a record has members"), members);
    }
}

fn all_same(found: Vec<Cell<'_>>, expected: Vec<&RawValue>) {
    assert_eq!(found.len(), expected.len(), "each of them");
    found.into_iter().zip(expected).for_each(|(cell, one)| same(cell, one));
}

pub fn seeds() -> Vec<Vec<u8>> {
    [
        r#"{"kind":"bigquery#getQueryResultsResponse","etag":"x","jobComplete":true,"totalRows":"2","rows":[{"f":[{"v":"1"},{"v":null}]},{"f":[{"v":"2"},{"v":"O\"Neil\u00e9\n"}]}]}"#,
        r#"{"rows":[{"f":[{"v":[{"v":"a"},{"v":"b,]}"}]},{"v":{"f":[{"v":"Oslo"},{"v":[{"v":{"f":[{"v":"7"}]}}]}]}}]}]}"#,
        r#"{ "rows" : [ { "f" : [ { "v" : true } , { "v" : -1.5e3 } ] } ] , "pageToken" : "t" }"#,
        r#"{"jobComplete":true,"totalRows":"0"}"#,
        r#"{"rows":null}"#,
        r#"{"rows":[]}"#,
        r#"{"\u0072ows":[{"f":[{"v":"1"}]}],"rows":[{"f":[{"v":"2"},{"v":"3"}]}]}"#,
        r#"{"rows":[{"f":[{"v":"1"},{"v":"2"}]},{"f":[{"v":"3"}]}]}"#,
    ]
    .map(|seed| seed.as_bytes().to_vec())
    .to_vec()
}
