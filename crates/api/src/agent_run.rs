//! What `sidekick agent-run` prints with `--json`.

use serde::{Deserialize, Serialize};

use crate::task::{RunView, StatView, TaskView, TokensView};

/// One run of an agent, asked for by a script.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AgentRunResult {
    /// The agent.
    pub agent: String,
    /// The model.
    pub model: Option<String>,
    /// Its session, for `--resume`.
    pub session: Option<String>,
    /// Its closing words.
    pub text: Option<String>,
    /// `succeeded`, `failed`, `limited`, `stopped`, `timed_out` or `lost`.
    pub outcome: String,
    /// Why, in one sentence, where it did not succeed.
    pub reason: Option<String>,
    /// What this run cost in US dollars, as the agent reported.
    pub cost_usd: f64,
    /// What this run consumed.
    pub tokens: TokensView,
    /// Milliseconds from the command's start to its result.
    pub duration_ms: u64,
    /// The task's id.
    pub task: String,
    /// The run's id, if it came to one.
    pub run: Option<String>,
    /// The branch of its work, if it changed something.
    pub branch: Option<String>,
    /// The commit of its work, if it changed something.
    pub commit: Option<String>,
    /// The size of the change.
    pub diff: Option<StatView>,
    /// How it was contained.
    pub isolation: String,
}

impl AgentRunResult {
    /// Of a task and its latest run.
    pub fn new(task: &TaskView, run: Option<&RunView>, duration_ms: u64) -> Self {
        let changed = task.commit.is_some() && task.commit != task.base_commit;
        // Without a run it fails only when no account could take it.
        let none = if task.state == "failed" { "limited" } else { "stopped" };
        let outcome = run.and_then(|run| run.outcome.clone()).unwrap_or_else(|| none.into());
        let succeeded = outcome == "succeeded";
        Self {
            agent: run.map_or(&task.agent, |run| &run.agent).clone(),
            model: task.model.clone(),
            session: task.session.clone(),
            // The closing words of a run before this one are no answer of this one.
            text: task.summary.clone().filter(|_| succeeded),
            outcome,
            reason: run
                .and_then(|run| run.reason.clone())
                .or_else(|| task.reason.clone().filter(|_| !succeeded)),
            cost_usd: run.map_or(0.0, |run| run.cost_usd),
            tokens: run.map_or_else(TokensView::default, |run| run.tokens),
            duration_ms,
            task: task.id.clone(),
            run: run.map(|run| run.id.clone()),
            branch: changed.then(|| task.branch.clone()),
            commit: task.commit.clone().filter(|_| changed),
            diff: task.diff.filter(|_| changed),
            isolation: task.isolation.clone(),
        }
    }
}
