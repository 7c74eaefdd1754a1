//! What work costs, on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::TokensView;

/// What was spent within some days.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CostsView {
    /// How many days back it looks.
    pub days: u32,
    /// All of it.
    pub total: SpentView,
    /// By day of the daemon's zone, the oldest first, days without any included.
    pub by_day: Vec<SpentView>,
    /// By project, the dearest first.
    pub by_project: Vec<SpentView>,
    /// By agent, the dearest first.
    pub by_agent: Vec<SpentView>,
    /// By kind of work, the dearest first.
    pub by_kind: Vec<SpentView>,
}

/// What was spent on one day, project, agent or kind of work.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SpentView {
    /// Of what: `2026-11-28`, or a name.
    pub name: String,
    /// Runs that began.
    pub runs: u64,
    /// Works that were taken.
    pub accepted: u64,
    /// Tokens.
    pub tokens: TokensView,
    /// US dollars at list price; nothing for models of this machine.
    pub cost_usd: f64,
    /// Of these dollars, what is billed by use; the rest is in subscriptions.
    pub charged_usd: f64,
    /// Dollars for each work that was taken; none when none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_per_accepted: Option<f64>,
}
