//! Says what an answer means that somebody pasted: the rooms' own judges decide, the same ones that judge while Tapline runs.
//! It asks nobody, opens no store, and never has a judge of its own.

mod context;
mod judged;
mod network;
mod pasted;
mod sentence;
mod unwrapped;

pub use context::Context;
pub use pasted::{Call, Pasted};

use crate::ground::problem::Problem;

/// What the answer means. An answer that reports nothing wrong is told as that.
pub fn explain(pasted: &Pasted) -> Problem {
    let mut all = explain_all(pasted);
    all.swap_remove(0)
}

/// The same with everything else that the answer reports, the gravest or commonest first. Never empty.
pub fn explain_all(pasted: &Pasted) -> Vec<Problem> {
    judged::judge(pasted)
}
