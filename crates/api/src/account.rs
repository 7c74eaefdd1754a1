//! Accounts: what is left in their windows, whether something may start on them, and switching them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::TokensView;

/// An account of an agent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AccountView {
    /// Its name: the agent's for the first, `AGENT/NAME` for others.
    pub name: String,
    /// The agent that uses it.
    pub agent: String,
    /// `ready`, `resting` (a limit, too little left, kept for the person), `off`, `busy`, `logged_out`.
    pub state: String,
    /// Why nothing starts on it, in one clause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When that ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// `subscription`, `key`, `local` or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing: Option<String>,
    /// Runs that use it now.
    pub running: u64,
    /// Percent of each window that is kept for the person.
    pub reserve: u8,
    /// Its windows, as last reported; empty when nobody reported any.
    pub windows: Vec<WindowView>,
    /// What Sidekick's own runs of the last five hours consumed: an estimate where no window was reported.
    pub last_five_hours: UsedView,
    /// The same for seven days.
    pub last_seven_days: UsedView,
}

/// A window of an account.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WindowView {
    /// The vendor's name.
    pub name: String,
    /// For people: `5-hour window`.
    pub label: String,
    /// `allowed`, `warning` or `rejected`.
    pub status: String,
    /// The share that is used, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<f64>,
    /// When it renews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets_at: Option<String>,
    /// When this was reported.
    pub seen_at: String,
    /// Whether it renewed since, so that nothing is known of it now.
    pub stale: bool,
}

/// What runs consumed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct UsedView {
    /// How many runs.
    pub runs: u64,
    /// Their tokens.
    pub tokens: TokensView,
    /// Their cost at list price, US dollars.
    pub cost_usd: f64,
}

/// A point of a window's history.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WindowPoint {
    /// The account.
    pub account: String,
    /// The window.
    pub window: String,
    /// When.
    pub at: String,
    /// The share that was used, 0 to 1.
    pub used: f64,
}

/// Switches accounts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SwitchAccount {
    /// `on`, `off`, or `wake`: forget that it rests.
    pub to: String,
    /// Which; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}
