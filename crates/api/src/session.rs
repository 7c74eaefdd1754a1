//! Sessions of agents on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::task::TokensView;

/// The sessions there are.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Sessions {
    /// Newest first.
    pub items: Vec<SessionView>,
    /// Whether those that people started by hand are among them (`sessions: true` in sidekick.yaml).
    pub by_hand: bool,
}

/// A session of an agent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SessionView {
    /// Its id, as the agent knows it.
    pub session: String,
    /// The agent.
    pub agent: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The latest model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The directory a person started it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// Tokens.
    pub tokens: TokensView,
    /// Cost in US dollars; left out where the agent tells none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// An estimate at list prices, in US dollars, where no cost is told and the model has a price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_usd: Option<f64>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When something last happened.
    pub updated_at: String,
    /// The task it is of; none when a person started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The run it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}
