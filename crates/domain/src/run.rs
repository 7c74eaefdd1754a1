//! Runs: one attempt at a task by one agent, in one workspace.

use serde::{Deserialize, Serialize};

use crate::diff::DiffStat;
use crate::ids::{RunId, TaskId};
use crate::route::Receipt;
use crate::time::Timestamp;
use crate::usage::Usage;

/// How a run is contained on its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// Bubblewrap: only the workspace writable, no network but the proxy. The default.
    Sandbox,
    /// Nothing. An explicit choice, shown wherever the run is shown.
    None,
}

impl Isolation {
    /// The word for people and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::None => "none",
        }
    }

    /// The reverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Sandbox, Self::None].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What a live run is doing. Stages only ever move down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The base is fetched and the workspace made.
    Preparing,
    /// The project's setup command runs; the agent never starts before it ended well.
    Setup,
    /// The agent works.
    Agent,
    /// The work is committed inside the sandbox and brought into the store.
    Collecting,
    /// The project's checks run on the committed work.
    Checking,
}

impl Stage {
    /// All stages in their order.
    pub const ALL: [Self; 5] = [Self::Preparing, Self::Setup, Self::Agent, Self::Collecting, Self::Checking];

    /// The word for people and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Setup => "setup",
            Self::Agent => "agent",
            Self::Collecting => "collecting",
            Self::Checking => "checking",
        }
    }

    /// The reverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The agent said it was done and the work was collected. Checks may still have failed: that is for
    /// the reviewer to see.
    Succeeded,
    /// The agent, the setup or the collection failed.
    Failed,
    /// The account's limit was reached; nothing is wrong with the task.
    Limited,
    /// A person stopped it.
    Stopped,
    /// One of the clocks ran out.
    TimedOut,
    /// Its processes vanished without a trace of how they ended.
    Lost,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 6] =
        [Self::Succeeded, Self::Failed, Self::Limited, Self::Stopped, Self::TimedOut, Self::Lost];

    /// The word for people and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Limited => "limited",
            Self::Stopped => "stopped",
            Self::TimedOut => "timed_out",
            Self::Lost => "lost",
        }
    }

    /// The reverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// Whether a run lives, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It has a lease and perhaps processes.
    Live(Stage),
    /// It has an outcome and no processes.
    Ended(Outcome),
}

impl RunState {
    /// The word for people: the stage of a live run, `ended` otherwise.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live(stage) => stage.as_str(),
            Self::Ended(_) => "ended",
        }
    }

    /// How it ended, if it did.
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Live(_) => None,
            Self::Ended(outcome) => Some(outcome),
        }
    }
}

/// One attempt at a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Identifier.
    pub id: RunId,
    /// The task it attempts.
    pub task: TaskId,
    /// 1 for the task's first run; dense.
    pub attempt: u32,
    /// The agent's name.
    pub agent: String,
    /// The account it uses.
    pub account: String,
    /// The model asked for, then the one the agent reports.
    pub model: Option<String>,
    /// How it is contained.
    pub isolation: Isolation,
    /// The run whose workspace this one works in: itself, or an earlier one it continues.
    pub workspace: RunId,
    /// Stage or outcome.
    pub state: RunState,
    /// The person's comment it answers, when it was sent back.
    pub feedback: Option<String>,
    /// The agent session it resumes.
    pub resume: Option<String>,
    /// The agent's session id, once it said so.
    pub session: Option<String>,
    /// A person works in it, in the agent's own interactive UI.
    pub hands_on: bool,
    /// How the agent is billed: `subscription`, `key`, `local`, `none`.
    pub billing: Option<String>,
    /// Why this agent.
    pub receipt: Option<Receipt>,
    /// The commit it started from.
    pub base_commit: Option<String>,
    /// The commit that holds its work.
    pub commit: Option<String>,
    /// The size of its change against the task's base.
    pub diff: Option<DiffStat>,
    /// What it consumed.
    pub usage: Usage,
    /// The agent's closing words.
    pub summary: Option<String>,
    /// Why it ended as it did, in one sentence.
    pub reason: Option<String>,
    /// When it was claimed.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl Run {
    /// Whether it has no outcome yet.
    pub fn is_live(&self) -> bool {
        matches!(self.state, RunState::Live(_))
    }
}
