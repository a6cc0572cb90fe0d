//! An answer that somebody pasted, to be explained.

use super::wire;

wire! {
    pub struct Pasted {
        /// Which call it was, such as `bigquery.jobs.insert`.
        pub call: String,
        /// HTTP's. Nothing where nothing answered.
        pub status: Option<u16>,
        /// Lines of `Name: value`.
        pub headers: Vec<String>,
        pub body: String,
        /// JSON of what earlier steps learned, such as `{"dataset_location": "EU"}`.
        pub context: Option<String>,
        /// What was sent, as JSON or as it stood on the wire.
        pub request: Option<String>,
    }
}
