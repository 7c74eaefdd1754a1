//! What was heard in a recording, on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was heard, and what it would do. Nothing is done yet: say it with `spoken` in `POST /api/chat`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HeardView {
    /// The words.
    pub text: String,
    /// What they would do.
    pub understood: UnderstoodView,
}

/// What words would do, by the rules that need no model.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UnderstoodView {
    /// `changes`, `asks`, `unclear`, or `open`: no rule is certain, so the brain will read it.
    pub means: String,
    /// Each thing they would change or ask for; what they could mean.
    pub words: Vec<String>,
}
