//! BigQuery as it is on the wire: names, questions, answers, refusals. It knows nothing of imports, of CleverTap, or of
//! where a token comes from.

mod asked;
mod client;
mod closer;
pub mod dataset_box;
pub mod ids;
mod job;
mod judge;
mod meant;
pub mod named;
pub mod page;
mod query;
pub mod reader;
mod refusal;
mod scan;
pub mod schema;
pub mod type_text;
mod walk;
mod wire;

pub use asked::Asked;
pub use client::{Client, Dataset, Glance, Patience, Table, TableBrief, TableKind, TableList};
pub use ids::{DatasetId, DatasetRef, Location, ProjectId, TableId, TableRef};
pub use job::{JobId, JobRef, JobResult, JobState, Known};
pub use judge::{Method, judge};
pub use meant::nearest;
pub use named::{NewTable, Seen};
pub use page::{Cell, Page, Row};
pub use query::{Destination, Estimate, Parameter, ParameterValue, Query, literal, quoted};
pub use reader::RowReader;
pub use schema::{Field, FieldKind, Mode, Schema};
