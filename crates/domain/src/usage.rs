//! What a run consumed: tokens and money.

use serde::{Deserialize, Serialize};

/// Tokens and cost, as the agent reports them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens sent to the model and not served from its cache.
    pub input: u64,
    /// Tokens the model wrote.
    pub output: u64,
    /// Tokens read from the provider's prompt cache.
    pub cached: u64,
    /// US dollars at list price, as reported. Zero when the agent reports none.
    pub cost_usd: f64,
}

impl Usage {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            cached: self.cached.saturating_add(other.cached),
            cost_usd: self.cost_usd + other.cost_usd,
        }
    }

    /// What came on top of `before`, for agents whose totals grow over a resumed session.
    /// Never negative: a total that shrank counts as nothing new.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            input: self.input.saturating_sub(before.input),
            output: self.output.saturating_sub(before.output),
            cached: self.cached.saturating_sub(before.cached),
            cost_usd: (self.cost_usd - before.cost_usd).max(0.0),
        }
    }
}
