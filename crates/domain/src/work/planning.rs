//! What the planner and people's wishes about it do to a task: what it comes after, how urgent it is.

use super::{Entry, Refusal, Work, task_events};
use crate::event::Event;
use crate::ids::TaskId;
use crate::task::{TaskState, WaitFor};
use crate::time::Timestamp;

/// What a person changes of a task's place in the plan; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adjust {
    /// 1 (most urgent) to 9.
    pub priority: Option<u8>,
    /// When it is to be done.
    pub deadline: Option<Deadline>,
    /// The tasks it comes after.
    pub after: Option<Vec<TaskId>>,
}

/// A deadline, or that there is none any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// It is to be done by then.
    At(Timestamp),
    /// Whenever it is done.
    Never,
}

impl Work {
    pub(super) fn adjust(&self, change: Adjust) -> Result<Vec<Entry>, Refusal> {
        let asked = &self.task.asked;
        if matches!(self.task.state, TaskState::Completed | TaskState::Cancelled) {
            return Err(self.not_now("adjust", ": retry it first, or give a new task"));
        }
        if change.priority.is_some_and(|priority| !(1..=9).contains(&priority)) {
            return Err(Refusal::Invalid("the priority must be from 1 (most urgent) to 9"));
        }
        if change.after.is_some() && !self.may_wait_for_others() {
            return Err(self.not_now(
                "change what comes before",
                ": only a task that is queued or waits for others, credits or another attempt can come after something",
            ));
        }
        let priority = change.priority.unwrap_or(asked.priority);
        let deadline = match change.deadline {
            None => asked.deadline,
            Some(Deadline::At(at)) => Some(at),
            Some(Deadline::Never) => None,
        };
        let after = change.after.unwrap_or_else(|| asked.after.clone());
        if (priority, deadline, &after) == (asked.priority, asked.deadline, &asked.after) {
            return Ok(Vec::new());
        }
        Ok(task_events([Event::TaskAdjusted { priority, deadline, after }]))
    }

    /// What it comes after was looked at: it waits with that reason, or for nothing any more.
    pub(super) fn depend(&self, reason: Option<String>) -> Vec<Entry> {
        let waits = self.task.state.waiting().filter(|waiting| waiting.on == WaitFor::Dependency);
        let event = match (reason, waits) {
            (Some(reason), Some(waiting)) if waiting.reason == reason => return Vec::new(),
            (Some(reason), _) if self.may_wait_for_others() => {
                Event::TaskWaiting { on: WaitFor::Dependency, until: None, reason }
            }
            // Whom it lets go first is the radar's to say.
            (None, Some(_)) if self.task.yields_to.is_none() => {
                Event::TaskQueued { reason: "what it waited for is completed".into() }
            }
            _ => return Vec::new(),
        };
        task_events([event])
    }

    fn may_wait_for_others(&self) -> bool {
        match &self.task.state {
            TaskState::Queued => !self.task.next.hands_on,
            TaskState::Waiting(waiting) => {
                matches!(waiting.on, WaitFor::Dependency | WaitFor::Credits | WaitFor::Retry | WaitFor::Host)
            }
            _ => false,
        }
    }
}
