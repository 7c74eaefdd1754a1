//! Hindsight on the wire.

use domain::Hindsight;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is known in hindsight of a task.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HindsightView {
    /// The task.
    pub task: String,
    /// Its short id.
    pub short: String,
    /// `done`: it was looked back on; `due`: it will be, and this is what the rules see now; `open`: it is not over, or is not
    /// looked back on.
    pub state: String,
    /// In one sentence.
    pub sentence: String,
    /// What cost time and credits, the most first.
    pub costs: Vec<CostView>,
    /// Rules that would have helped.
    pub advice: Vec<AdviceView>,
    /// A model's guess at the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Lines that are proposed for `AGENTS.md`. Nothing is done with them before a person applies them.
    pub lines: Vec<String>,
    /// The same as a change that can be read and applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// The task that a person made of them, and its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<AppliedView>,
    /// The model that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Why there is nothing of a model's in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<String>,
    /// When it was looked back on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// The task that adds proposed lines.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AppliedView {
    /// The task.
    pub task: String,
    /// Its short id.
    pub short: String,
    /// Its state.
    pub state: String,
}

/// Something that cost time or credits.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CostView {
    /// `runs`, `check`, `sent_back`, `waited`, `review`, `step`, `limit`, `landing` or `stuck`.
    pub name: String,
    /// One sentence.
    pub text: String,
    /// Time that went into it.
    pub seconds: u64,
    /// Tokens that went into it.
    pub tokens: u64,
    /// What they cost at list price, in US dollars.
    pub usd: f64,
}

/// A rule that would have helped.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AdviceView {
    /// `policy`, `check`, `route`, `fallback`, `timeout`, `answer_minutes` or `collisions`.
    pub name: String,
    /// Why, in one sentence.
    pub why: String,
    /// What to put into `sidekick.yaml`.
    pub snippet: String,
}

/// What was found in a project.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HindsightsView {
    /// Of each task, the latest first; without their changes.
    pub items: Vec<HindsightView>,
    /// What was found how often, the most often first.
    pub together: Vec<TogetherView>,
}

/// Something that several tasks cost.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TogetherView {
    /// As the name of a cost.
    pub name: String,
    /// In how many tasks.
    pub tasks: usize,
    /// Time that went into it.
    pub seconds: u64,
}

impl HindsightView {
    /// What was found of a task; by the rules alone where it was not looked back on.
    pub fn new(task: domain::TaskId, state: &str, found: &Hindsight, at: Option<domain::Timestamp>) -> Self {
        let costs = found.costs.iter().map(|cost| CostView {
            name: cost.name.clone(),
            text: cost.text.clone(),
            seconds: cost.seconds,
            tokens: cost.tokens,
            usd: cost.usd,
        });
        let advice = found.advice.iter().map(|advice| AdviceView {
            name: advice.name.clone(),
            why: advice.why.clone(),
            snippet: advice.snippet.clone(),
        });
        Self {
            task: task.to_string(),
            short: task.short(),
            state: state.into(),
            sentence: found.sentence(),
            costs: costs.collect(),
            advice: advice.collect(),
            cause: found.cause.clone(),
            lines: found.lines.clone(),
            diff: None,
            applied: None,
            model: found.model.clone(),
            without: found.without.clone(),
            at: at.map(|at| at.to_string()),
        }
    }
}
