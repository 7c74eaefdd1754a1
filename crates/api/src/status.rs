//! What the daemon is and has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether the daemon is up.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// The daemon's version.
    pub version: String,
    /// When it started.
    pub started_at: String,
}

/// What the daemon found and is doing.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// The daemon's version.
    pub version: String,
    /// When it started.
    pub started_at: String,
    /// What contains runs.
    pub sandbox: SandboxStatus,
    /// The agents it knows.
    pub agents: Vec<AgentStatus>,
    /// How many tasks are in each state.
    pub counts: BTreeMap<String, u64>,
    /// How many runs live, and how many may.
    pub concurrency: Concurrency,
    /// What it made of its settings file, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<crate::SettingsTakenView>,
}

/// How many runs live, and how many may.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Concurrency {
    /// Live now.
    pub running: u64,
    /// At most.
    pub limit: u64,
}

/// What contains runs on this machine.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SandboxStatus {
    /// `sandbox` or `none`.
    pub kind: String,
    /// Whether it works here.
    pub ok: bool,
    /// One sentence.
    pub summary: String,
    /// Its parts.
    pub details: Vec<Detail>,
}

/// One part of something that was looked at.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Detail {
    /// What.
    pub name: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// One sentence.
    pub text: String,
}

/// An agent on this machine.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AgentStatus {
    /// Its name.
    pub name: String,
    /// `ready`, `missing`, `logged_out` or `broken`.
    pub state: String,
    /// What it says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `subscription`, `key`, `local` or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing: Option<String>,
    /// One sentence: where it was found, or what to do.
    pub detail: String,
    /// What it can: `resume`, `tokens`, `cost`, `limits`, `tools`, `plan`, `thinking`, `mcp`.
    #[serde(default)]
    pub abilities: Vec<String>,
}
