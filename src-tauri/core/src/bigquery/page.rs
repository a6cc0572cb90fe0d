//! One page of rows. The body stays as it came; a cell is a place in it, and no tree of values is built.
//!
//! ```text
//! for row in page.rows() {
//!     for (field, cell) in schema.fields.iter().zip(row.cells()) {
//!         cell.is_null(); cell.text(); cell.elements(); cell.members();
//!     }
//! }
//! ```

use std::borrow::Cow;
use std::fmt;

use serde_json::value::RawValue;

use super::scan::{Scanned, scan};
use super::walk::walk;

/// Rows as they came. Every row has the same number of cells.
pub struct Page {
    body: String,
    found: Scanned,
}

/// Where a cell is in the body, and whether it is a string with an escape in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    /// The highest bit tells of the escape.
    end: u32,
}

const ESCAPED: u32 = 1 << 31;

impl Span {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "Page::read refuses bodies of 2 GiB and more"
    )]
    pub fn new(start: usize, end: usize, escaped: bool) -> Self {
        Self {
            start: start as u32,
            end: end as u32 | if escaped { ESCAPED } else { 0 },
        }
    }

    pub fn is_escaped(self) -> bool {
        self.end & ESCAPED != 0
    }

    pub fn end(self) -> usize {
        (self.end & !ESCAPED) as usize
    }
}

/// The answer is not what a page of rows looks like. Holds no value of any row.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MalformedPage {
    #[error("not JSON of the expected shape, at line {line}, column {column}")]
    Shape { line: usize, column: usize },
    #[error("row {row} has {found} cells and others have {expected}")]
    Width { row: usize, found: usize, expected: usize },
    #[error("2 GiB or larger")]
    TooLarge,
}

impl Page {
    /// Reads the `rows` of a `getQueryResults`, `jobs.query` or `tabledata.list` answer. No `rows` means no rows.
    pub fn read(body: String) -> Result<Self, MalformedPage> {
        if body.len() >= ESCAPED as usize {
            return Err(MalformedPage::TooLarge);
        }
        let found = match scan(&body) {
            Some(found) => found,
            None => walk(&body)?,
        };
        Ok(Self { body, found })
    }

    /// No rows.
    pub fn empty() -> Self {
        Self {
            body: String::new(),
            found: Scanned::default(),
        }
    }

    /// A page from single values, each a piece of JSON as BigQuery's REST API sends it in `v`.
    pub fn gather<V: AsRef<str>>(rows: &[Vec<V>]) -> Result<Self, MalformedPage> {
        let mut body = String::from(r#"{"rows":["#);
        for (place, row) in rows.iter().enumerate() {
            body.push_str(if place == 0 { r#"{"f":["# } else { r#",{"f":["# });
            for (place, value) in row.iter().enumerate() {
                body.push_str(if place == 0 { r#"{"v":"# } else { r#",{"v":"# });
                body.push_str(value.as_ref());
                body.push('}');
            }
            body.push_str("]}");
        }
        body.push_str("]}");
        Self::read(body)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.found.rows
    }

    pub fn is_empty(&self) -> bool {
        self.found.rows == 0
    }

    /// Number of cells in each row. 0 where there are no rows.
    pub fn width(&self) -> usize {
        self.found.width
    }

    /// Bytes of the body that this page holds in memory.
    pub fn bytes(&self) -> usize {
        self.body.len()
    }

    pub fn row(&self, at: usize) -> Option<Row<'_>> {
        (at < self.found.rows).then(|| self.at(at))
    }

    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.found.rows).map(|at| self.at(at))
    }

    fn at(&self, row: usize) -> Row<'_> {
        let width = self.found.width;
        Row {
            body: &self.body,
            cells: &self.found.cells[row * width..(row + 1) * width],
        }
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Page({} rows, {} bytes)", self.found.rows, self.body.len())
    }
}

/// One row of a [`Page`].
#[derive(Clone, Copy)]
pub struct Row<'a> {
    body: &'a str,
    cells: &'a [Span],
}

impl<'a> Row<'a> {
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The cell of the column at this place in the schema.
    pub fn cell(&self, at: usize) -> Option<Cell<'a>> {
        self.cells.get(at).map(|span| self.at(*span))
    }

    pub fn cells(self) -> impl ExactSizeIterator<Item = Cell<'a>> {
        self.cells.iter().map(move |span| self.at(*span))
    }

    fn at(&self, span: Span) -> Cell<'a> {
        Cell {
            raw: &self.body[span.start as usize..span.end()],
            escaped: span.is_escaped(),
        }
    }
}

/// One value, still as JSON. Scalars are JSON strings, null is null, arrays and records are nested.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    raw: &'a str,
    /// A string with an escape in it.
    escaped: bool,
}

impl<'a> Cell<'a> {
    /// The JSON as it came.
    pub fn raw(self) -> &'a str {
        self.raw
    }

    pub fn is_null(self) -> bool {
        self.raw == "null"
    }

    /// Whether its text stands between its quotes just as it is, and may stand so between any others.
    pub fn is_plain_text(self) -> bool {
        !self.escaped && self.raw.starts_with('"')
    }

    /// The text of a scalar, borrowed unless it holds an escape. `None` for null, arrays and records.
    ///
    /// A bare `true`, `false` or number counts as its own text, although Google quotes them.
    pub fn text(self) -> Option<Cow<'a, str>> {
        match self.raw.as_bytes().first()? {
            b'"' => {
                let inner = self.raw.get(1..self.raw.len() - 1)?;
                if self.escaped {
                    serde_json::from_str(self.raw).ok().map(Cow::Owned)
                } else {
                    Some(Cow::Borrowed(inner))
                }
            }
            b't' | b'f' | b'-' | b'0'..=b'9' => Some(Cow::Borrowed(self.raw)),
            _ => None,
        }
    }

    /// The elements of a repeated column. `None` where this is no array.
    pub fn elements(self) -> Option<Vec<Cell<'a>>> {
        if !self.raw.starts_with('[') {
            return None;
        }
        let values: Vec<Wrapped<'a>> = serde_json::from_str(self.raw).ok()?;
        Some(values.into_iter().map(Wrapped::cell).collect())
    }

    /// The members of a record, in the order of its schema. `None` where this is no record.
    pub fn members(self) -> Option<Vec<Cell<'a>>> {
        if !self.raw.starts_with('{') {
            return None;
        }
        let record: WrappedRow<'a> = serde_json::from_str(self.raw).ok()?;
        Some(record.f.into_iter().map(Wrapped::cell).collect())
    }
}

impl fmt::Debug for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cell({} bytes)", self.raw.len())
    }
}

#[derive(serde::Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    v: &'a RawValue,
}

impl<'a> Wrapped<'a> {
    fn cell(self) -> Cell<'a> {
        let raw = self.v.get();
        let escaped = raw.starts_with('"') && raw.contains('\\');
        Cell { raw, escaped }
    }
}

#[derive(serde::Deserialize)]
struct WrappedRow<'a> {
    #[serde(borrow)]
    f: Vec<Wrapped<'a>>,
}

#[cfg(test)]
mod tests {
    use super::{MalformedPage, Page};

    fn page(body: &str) -> Page {
        Page::read(body.to_owned()).expect("a page")
    }

    #[test]
    fn scalars_are_borrowed_and_escapes_are_undone() {
        let page = page(
            r#"{"kind":"bigquery#queryResponse","rows":[
                {"f":[{"v":"1"},{"v":"O\"Neil\u00e9\n"},{"v":null}]},
                {"f":[{"v":"2"},{"v":""},{"v":"null"}]}],"totalRows":"2"}"#,
        );
        assert_eq!((page.len(), page.width()), (2, 3), "two rows of three cells");
        let texts: Vec<Vec<Option<String>>> = page
            .rows()
            .map(|row| {
                row.cells()
                    .map(|cell| cell.text().map(std::borrow::Cow::into_owned))
                    .collect()
            })
            .collect();
        assert_eq!(
            texts,
            vec![
                vec![Some("1".into()), Some("O\"Neilé\n".into()), None],
                vec![Some("2".into()), Some(String::new()), Some("null".into())],
            ],
            "null is null, an empty text is empty, and the word null is a word"
        );
    }

    #[test]
    fn arrays_and_records_open_layer_by_layer() {
        let page = page(
            r#"{"rows":[{"f":[
                {"v":[{"v":"a"},{"v":"b,]}"}]},
                {"v":{"f":[{"v":"Oslo"},{"v":[{"v":{"f":[{"v":"7"}]}}]}]}}]}]}"#,
        );
        let row = page.row(0).expect("one row");
        let tags = row.cell(0).and_then(super::Cell::elements).expect("an array");
        assert_eq!(
            tags.iter().filter_map(|tag| tag.text()).collect::<Vec<_>>(),
            ["a", "b,]}"],
            "brackets inside a text end nothing"
        );
        let home = row.cell(1).and_then(super::Cell::members).expect("a record");
        let inner = home[1].elements().expect("an array of records")[0]
            .members()
            .expect("a record");
        assert_eq!(inner[0].text().as_deref(), Some("7"), "records nest inside arrays");
        assert!(
            row.cell(0).is_some_and(|cell| cell.text().is_none()),
            "an array is no text"
        );
        assert!(row.cell(2).is_none(), "there is no third column");
    }

    #[test]
    fn no_rows_is_an_empty_page() {
        for body in [
            r#"{"jobComplete":true,"totalRows":"0"}"#,
            r#"{"rows":[]}"#,
            r#"{"rows":null}"#,
        ] {
            assert!(page(body).is_empty(), "{body} has no rows");
        }
    }

    #[test]
    fn what_is_no_page_is_said_and_never_shown() {
        let rows = [
            "<html>",
            r#"{"rows":[{"f":[{"v":"cut"#,
            r#"{"rows":[{"f":[{"w":"1"}]}]}"#,
            r#"{"rows":"many"}"#,
            r#"{"rows":[]} trailing"#,
            "",
        ];
        for body in rows {
            let error = Page::read(body.to_owned()).expect_err(body);
            assert!(matches!(error, MalformedPage::Shape { .. }), "{body:?} gave {error:?}");
        }
        assert_eq!(
            Page::read(r#"{"rows":[{"f":[{"v":"1"},{"v":"2"}]},{"f":[{"v":"3"}]}]}"#.into()).expect_err("ragged"),
            MalformedPage::Width {
                row: 1,
                found: 1,
                expected: 2
            },
            "a short row must not shift the cells of the next"
        );
    }

    #[test]
    fn single_values_gather_into_a_page() {
        let page = Page::gather(&[vec![r#""1""#, "null"], vec![r#""2""#, r#"[{"v":"x"}]"#]]).expect("JSON pieces");
        assert_eq!(page.len(), 2, "two rows");
        assert!(
            page.row(0)
                .and_then(|row| row.cell(1))
                .is_some_and(super::Cell::is_null),
            "null stays null"
        );
        assert!(
            Page::gather(&[vec![r#""1"},{"v":"2""#], vec!["3"]]).is_err(),
            "a piece that is no single value is refused"
        );
    }
}
