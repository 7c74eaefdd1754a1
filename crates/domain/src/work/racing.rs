//! A task that races with others: it won, or another did.

use super::{Entry, Work, task_events};
use crate::event::Event;
use crate::ids::TaskId;
use crate::task::TaskState;

impl Work {
    /// It is the best of its race: a person looks at it, and the others are out.
    pub(super) fn win(&self, reason: String) -> Vec<Entry> {
        if self.task.state == TaskState::Review {
            task_events([Event::RaceWon {}, Event::TaskReview { reason: Some(reason) }])
        } else {
            Vec::new()
        }
    }

    /// Another won. What runs is stopped; what is there is kept with its branch and its runs.
    pub(super) fn lose(&self, to: TaskId, reason: String) -> Vec<Entry> {
        let over = matches!(self.task.state, TaskState::Completed | TaskState::Failed | TaskState::Cancelled);
        if over || self.task.stopping || self.expect_landing("stop").is_ok() {
            return Vec::new();
        }
        task_events([Event::RaceLost { to, reason }])
    }
}
