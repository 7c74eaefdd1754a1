//! The steps of a task on the wire.

use domain::{Task, TaskState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A step of a task's pipeline.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TaskStepView {
    /// Its name.
    pub name: String,
    /// `plan` or `work`.
    pub does: String,
    /// `done`, `now` or `later`.
    pub state: String,
    /// Who did it, or is to do it; the router chooses when nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Who reviews it: an agent, or `any` but who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<String>,
    /// What it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// The steps of a task, in their order.
pub(crate) fn steps(task: &Task) -> Vec<TaskStepView> {
    use domain::pipeline::Does;
    let over = task.state == TaskState::Completed;
    let view = |(n, step): (usize, &domain::pipeline::Step)| {
        let done = task.progress.done.get(n);
        let state = match n.cmp(&task.progress.at) {
            std::cmp::Ordering::Less => "done",
            std::cmp::Ordering::Equal if over => "done",
            std::cmp::Ordering::Equal => "now",
            std::cmp::Ordering::Greater => "later",
        };
        let (does, review) = match &step.does {
            Does::Plan { .. } => ("plan", None),
            Does::Work { review } => ("work", review.as_ref()),
        };
        TaskStepView {
            name: step.name.clone(),
            does: does.into(),
            state: state.into(),
            agent: done.map(|done| done.agent.clone()).or_else(|| step.by.as_ref().map(ToString::to_string)),
            reviewer: review
                .map(|review| review.by.as_ref().map_or_else(|| "any".into(), ToString::to_string)),
            words: done.map(|done| done.words.clone()),
        }
    };
    task.asked.pipeline.iter().enumerate().map(view).collect()
}
