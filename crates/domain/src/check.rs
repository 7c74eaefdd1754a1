//! Checks: commands of the project that must pass before a run counts as good.

use serde::{Deserialize, Serialize};

use crate::coverage::Reported;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// The command ended with 0.
    Passed,
    /// The command ended with anything else.
    Failed,
    /// The command could not be run, or was stopped by a limit.
    Error,
}

impl CheckStatus {
    /// The word for people and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Error => "error",
        }
    }
}

/// A check's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The name given in the configuration, `test` for example.
    pub name: String,
    /// The command as configured.
    pub command: String,
    /// How it ended.
    pub status: CheckStatus,
    /// Milliseconds it took.
    pub duration_ms: u64,
    /// The end of what it printed, bounded.
    pub output: String,
    /// What its coverage report says of the change, where the check writes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Reported>,
}
