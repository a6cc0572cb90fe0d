//! What an answer means that somebody pasted.

use std::sync::Arc;

use tapline_core::explain;
use tapline_core::ground::problem::Problem;

use crate::App;
use crate::wire::explain::Pasted;
use crate::wire::problem::Problem as Told;

pub(super) async fn explain(_: &Arc<App>, pasted: Pasted) -> Result<Told, Problem> {
    let read = explain::Pasted::read(
        &pasted.call,
        pasted.status,
        &pasted.headers,
        pasted.body.into_bytes(),
        written(pasted.context.as_deref()),
        written(pasted.request.as_deref()),
    )?;
    Ok(explain::explain(&read).into())
}

/// A box that was left empty says nothing.
fn written(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}
