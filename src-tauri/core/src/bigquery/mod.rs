//! BigQuery as it is on the wire: names, questions, answers, refusals. It knows nothing of imports, of CleverTap, or of
//! where a token comes from.

pub mod dataset_box;
pub mod ids;
pub mod page;
pub mod reader;
pub mod schema;
pub mod type_text;

pub use ids::{DatasetId, DatasetRef, ProjectId, TableId, TableRef};
pub use page::{Cell, Page, Row};
pub use reader::RowReader;
pub use schema::{Field, FieldKind, Mode, Schema};
