//! What is asked of tasks: a new one, and decisions about one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new task.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CreateTask {
    /// What is to be done.
    pub text: String,
    /// Path or URL of the repository; the project's when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    /// A configured project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The agent; chosen when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The branch or commit to start from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// 1 (most urgent) to 9.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// The rehearsal agent's script, as YAML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// `sandbox` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isolation: Option<String>,
    /// One run and no more: a limit or a failure ends it, and so does work without a change.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
    /// `planning`, `research`, `implementation`, `testing`, `refactoring`, `documentation`, `debugging` or `review`; found
    /// from the text when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `low`, `medium`, `high` or `critical`; found from the text when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complexity: Option<String>,
    /// Whether it needs a graphics processor; found from the text when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<bool>,
    /// The steps it is done in: the name of a pipeline, or `none`; the project's when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// Agents that race, each `AGENT` or `AGENT/MODEL`: every one does it as a task of its own, and the best verdict wins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub race: Vec<String>,
    /// When it is to be done, as RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// The tasks whose work has to have landed before: ids, or unique beginnings of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
}

/// Change a task's place in the plan; what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdjustTask {
    /// 1 (most urgent) to 9.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// When it is to be done, as RFC 3339; `none` takes the deadline away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// All the tasks whose work has to have landed before: ids, or unique beginnings of them. They replace those of
    /// before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Vec<String>>,
}

/// Approve the work.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Approve {
    /// The commit that was looked at: refused when there is another by now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
}

/// Discard the work.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reject {
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The commit that was looked at: refused when there is another by now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
}

/// Send the work back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendBack {
    /// What should change; may be empty when there are remarks on lines, which are sent along.
    pub comment: String,
    /// The commit that was looked at: refused when there is another by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
}

/// Go on from a task's work in a task of its own.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ForkTask {
    /// What is to be done there.
    pub text: String,
    /// The checkpoint to go on from; the latest work when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// Another agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// 1 (most urgent) to 9.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// The rehearsal agent's script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
}

/// Try afresh, or now.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Another agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// Say that landed work was taken back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revert {
    /// Why.
    pub message: String,
}

/// Go back to a checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// Its name.
    pub checkpoint: String,
}
