//! The control plane: the same scripting over HTTP, for a sandbox that runs as its own process.

use std::sync::Arc;

use serde_json::json;

use crate::ask::Ask;
use crate::reply::Reply;
use crate::world::World;

/// Opened by the `x-sandbox-control` header.
#[allow(clippy::unused_async, reason = "the engine's part waits")]
pub(crate) async fn answer(world: &Arc<World>, ask: &Ask) -> Reply {
    if ask.header("x-sandbox-control") != Some(&world.control_token) {
        return Reply::json(
            403,
            &json!({"error": "the x-sandbox-control header is missing or wrong"}),
        );
    }
    Reply::json(404, &json!({"error": "no such control"}))
}
