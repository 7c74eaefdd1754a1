//! What the step of a run asks for: who reviews it, how often it goes back, with which template; and what ends a plan.

use domain::pipeline::{self, Does, Step};
use domain::supervise::Review;
use domain::supervise::policy::DEFAULT_PATIENCE;
use domain::work::End;
use domain::{Outcome, Project, Task, route};

use super::Drive;
use crate::Context;

/// The name of the reviewer where there is none.
pub(super) const NOBODY: &str = "nobody";

/// A project as the step a task is in wants it.
pub(super) fn settings(context: &Context, mut project: Project, task: &Task, agent: &str) -> Project {
    let Some(step) = pipeline::current(task) else { return project };
    if let Some(prompt) = &step.prompt {
        project.prompts.insert(if step.is_plan() { "plan" } else { "task" }.into(), prompt.clone());
    }
    if let Does::Work { review: Some(review) } = &step.does {
        project.policy.acts = true;
        project.policy.retries = review.rounds;
        if !review.fix.is_empty() {
            project.policy.escalate.clone_from(&review.fix);
        }
        let by = match &review.by {
            Some(by) => (by.agent.clone(), by.model.clone()),
            None => (another(context, agent, project.sensitive).unwrap_or_else(|| NOBODY.into()), None),
        };
        project.review = Some(Review { agent: by.0, model: by.1, patience: DEFAULT_PATIENCE });
    }
    project
}

/// Who reads best, other than who wrote it.
fn another(context: &Context, writer: &str, sensitive: bool) -> Option<String> {
    let usable = |agent: &&str| {
        *agent != writer && context.agents.usable(agent).is_ok() && (!sensitive || context.is_local(agent))
    };
    route::readers().iter().copied().find(usable).map(Into::into)
}

impl Drive {
    /// The step it is in, when that is one that only thinks.
    pub(super) fn planning(&self) -> Option<&Step> {
        let by_hand = self.work.run.as_ref().is_some_and(|run| run.hands_on);
        pipeline::current(&self.work.task).filter(|step| step.is_plan() && !by_hand)
    }
}

/// The end of a plan: words are all there is of it.
pub(super) fn planned(end: End) -> End {
    let silent = end.summary.as_deref().is_none_or(|words| words.trim().is_empty());
    if end.outcome != Outcome::Succeeded || !silent {
        return end;
    }
    let reason = "it ended without a word, and a plan is nothing else".to_owned();
    End { outcome: Outcome::Failed, reason: Some(reason), retryable: true, ..end }
}
