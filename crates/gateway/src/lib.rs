//! What the agents' model calls pass through: a local endpoint in front of a provider.
//!
//! It runs in a run's shim, on a port of the sandbox's loopback, so it lives as long as the run does, with or
//! without the daemon. It puts the account's key on each request, outside the sandbox; counts tokens and what
//! they cost; reads rate-limit headers; and refuses requests once the run's budget is used up. Answers are
//! passed on piece by piece; nothing of a body is kept.
//!
//! What it sees goes out as [`Note`]s, which the shim writes into the run's spool. Parts: [`dialect`] (which
//! paths are model calls, where a key goes, how an error is told), [`meter`] (an answer's bytes to tokens) and
//! [`limits`] (headers to windows) are sans I/O; `upstream` is the way to the provider, and [`serve`] joins them to sockets. Not here: which account a run
//! uses, what follows from a note.

pub mod dialect;
pub mod limits;
pub mod meter;
pub mod outward;
mod serve;
mod upstream;

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::price::Price;
use serde::{Deserialize, Serialize};

pub use dialect::Dialect;
pub use serve::serve;

/// What one run's gateway is told. The key comes apart from it, because this is written to disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// What the agent and the provider speak.
    pub dialect: Dialect,
    /// The provider's base URL, as the agent would have used it.
    pub upstream: String,
    /// US dollars the run may cost; no bound when left out.
    #[serde(default)]
    pub budget_usd: Option<f64>,
    /// The person's own prices.
    #[serde(default)]
    pub prices: BTreeMap<String, Price>,
    /// Whether nobody charges for it.
    #[serde(default)]
    pub free: bool,
    /// A file of certificates (PEM) to trust instead of the system's.
    #[serde(default)]
    pub certificates: Option<PathBuf>,
}

/// What the gateway tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// It is there: what the agent itself tells of its consumption does not count.
    Metered {},
    /// A request was answered.
    Used {
        /// The model that answered.
        model: String,
        /// The one that was asked for.
        asked: Option<String>,
        /// Tokens read anew, with those written to the provider's cache.
        input: u64,
        /// Tokens written.
        output: u64,
        /// Tokens read from the provider's cache.
        cached: u64,
        /// US dollars.
        cost_usd: f64,
        /// Whether the model has a price.
        priced: bool,
        /// Whether the provider did not tell, so that this is counted from the bytes.
        estimate: bool,
    },
    /// A window of the account.
    Limit(limits::Seen),
    /// The budget is used up: no request is let through any more.
    Budget {
        /// One sentence.
        reason: String,
    },
}
