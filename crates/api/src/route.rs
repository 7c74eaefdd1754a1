//! Why an agent was chosen, on the wire.

use domain::route::Receipt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a run went where it went, or where a task would go.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RouteView {
    /// One sentence.
    pub sentence: String,
    /// Whether it is that of the latest run; else it is what would be done now.
    pub taken: bool,
    /// All that were considered, best first.
    pub considered: Vec<ConsideredView>,
}

/// One that was considered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConsideredView {
    /// The agent, with its model if one was named: `claude/opus`.
    pub who: String,
    /// `taken`, `open`, `rests` or `out`.
    pub stands: String,
    /// Why it stands there.
    pub why: String,
}

/// What a text would become as a task, and who would do it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RoutePreview {
    /// The project's name.
    pub project: String,
    /// How it was found, when the text named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What sort of work it is.
    pub kind: String,
    /// How hard it is.
    pub complexity: String,
    /// Whether it needs a graphics processor.
    pub gpu: bool,
    /// Who says so: `rules`, `model` or `person`.
    pub classified_by: String,
    /// Why.
    pub classified_why: String,
    /// Who would do it.
    pub route: RouteView,
}

impl RouteView {
    /// A receipt: of the latest run, or of what would be done.
    pub fn new(receipt: &Receipt, taken: bool) -> Self {
        let considered = receipt.considered.iter().map(|one| ConsideredView {
            who: one.who.clone(),
            stands: one.stands.clone(),
            why: one.why.clone(),
        });
        Self { sentence: receipt.sentence.clone(), taken, considered: considered.collect() }
    }
}
