//! What a person decides of a task: approve, send back, take over, discard, stop, retry, go back.

use super::{Entry, Refusal, TAKEN_OVER, Work, approved, task_events};
use crate::event::Event;
use crate::task::{TaskState, WaitFor};

impl Work {
    pub(super) fn approve(&self) -> Result<Vec<Entry>, Refusal> {
        if self.task.state != TaskState::Review {
            return Err(self.not_now("approve", ": there is nothing to review"));
        }
        let (Some(commit), base) = (&self.task.commit, &self.task.base_commit) else {
            return Err(Refusal::Invalid(
                "this task has no collected work to approve; send it back or discard it",
            ));
        };
        Ok(task_events(approved(commit, base.as_deref(), false)))
    }

    pub(super) fn send_back(&self, comment: String) -> Result<Vec<Entry>, Refusal> {
        // Nothing landed of what is asked once and changed nothing: its session can be gone on with.
        let answered = self.task.asked.once
            && self.task.state == TaskState::Completed
            && self.task.commit == self.task.base_commit;
        if !answered && !matches!(self.task.state, TaskState::Review | TaskState::Failed) {
            return Err(self.not_now("send back", ": only finished runs can be sent back"));
        }
        if comment.trim().is_empty() {
            return Err(Refusal::Invalid(
                "say what should change: the comment is what the agent goes on with",
            ));
        }
        Ok(task_events([
            Event::TaskSentBack { comment },
            Event::TaskQueued { reason: "sent back with a comment".into() },
        ]))
    }

    pub(super) fn take_over(&self) -> Result<Vec<Entry>, Refusal> {
        let hands_on = self.run.as_ref().is_some_and(|run| run.is_live() && run.hands_on);
        let taken = task_events([Event::TaskTakenOver {}]);
        match &self.task.state {
            // Theirs already, or about to be.
            TaskState::Running if hands_on && !self.task.stopping => Ok(Vec::new()),
            TaskState::Queued | TaskState::Running if self.task.next.hands_on => Ok(Vec::new()),
            TaskState::Running if self.task.stopping => {
                Err(self.not_now("take over", ": it is being stopped"))
            }
            TaskState::Running | TaskState::Queued => Ok(taken),
            TaskState::Waiting(waiting) if waiting.on == WaitFor::Landing => {
                Err(self.not_now("take over", ""))
            }
            TaskState::Waiting(_) | TaskState::Review | TaskState::Failed => Ok(taken
                .into_iter()
                .chain(task_events([Event::TaskQueued { reason: TAKEN_OVER.into() }]))
                .collect()),
            TaskState::Completed | TaskState::Cancelled => {
                Err(self.not_now("take over", ": retry it, or give a new task"))
            }
        }
    }

    pub(super) fn discard(&self, reason: Option<String>) -> Result<Vec<Entry>, Refusal> {
        match &self.task.state {
            TaskState::Review | TaskState::Failed | TaskState::Queued => {}
            TaskState::Waiting(waiting) if waiting.on != WaitFor::Landing => {}
            TaskState::Running => return Err(self.not_now("discard", ": stop it first")),
            _ => return Err(self.not_now("discard", "")),
        }
        let reason = reason.unwrap_or_else(|| "discarded by a person".into());
        Ok(task_events([Event::TaskCancelled { reason }]))
    }

    pub(super) fn stop(&self) -> Result<Vec<Entry>, Refusal> {
        match &self.task.state {
            TaskState::Running if self.task.stopping && !self.task.next.hands_on => Ok(Vec::new()),
            TaskState::Running => Ok(task_events([Event::TaskStopRequested {}])),
            TaskState::Queued => Ok(Self::cancelled()),
            TaskState::Waiting(waiting) if waiting.on != WaitFor::Landing => Ok(Self::cancelled()),
            TaskState::Waiting(_) => Ok(self.withdraw()),
            TaskState::Review => {
                Err(self.not_now("stop", ": nothing runs; approve it, send it back or discard it"))
            }
            _ => Err(self.not_now("stop", "")),
        }
    }

    pub(super) fn retry(&self, agent: Option<String>) -> Result<Vec<Entry>, Refusal> {
        match &self.task.state {
            TaskState::Waiting(waiting) if waiting.on == WaitFor::Landing => Err(self.not_now("retry", "")),
            TaskState::Waiting(waiting) if agent.is_none() && waiting.on != WaitFor::Breakpoint => {
                Ok(task_events([Event::TaskQueued { reason: "a person did not want to wait".into() }]))
            }
            TaskState::Waiting(_) | TaskState::Review | TaskState::Failed | TaskState::Cancelled => {
                Ok(task_events([
                    Event::TaskRetried { agent },
                    Event::TaskQueued { reason: "a person asked for another attempt".into() },
                ]))
            }
            _ => Err(self.not_now("retry", "")),
        }
    }

    pub(super) fn roll_back(&self, checkpoint: String, commit: String) -> Result<Vec<Entry>, Refusal> {
        match self.task.state {
            TaskState::Review | TaskState::Failed | TaskState::Cancelled => {
                Ok(task_events([Event::TaskRolledBack { checkpoint, commit }]))
            }
            TaskState::Running => Err(self.not_now("roll back", ": stop it first")),
            _ => Err(self.not_now("roll back", "")),
        }
    }

    fn cancelled() -> Vec<Entry> {
        task_events([Event::TaskCancelled { reason: "stopped by a person".into() }])
    }
}
