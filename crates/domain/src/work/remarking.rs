//! Remarks on a task's work, and tasks that go on from another's.

use super::{Entry, Refusal, Work, task_events};
use crate::event::Event;
use crate::ids::TaskId;
use crate::remark;

/// What happens to remarks. Whether one is there is known where they are kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Remarking {
    /// A new one.
    Write {
        /// Its id.
        id: String,
        /// Where and what.
        said: remark::Said,
    },
    /// Other words.
    Change {
        /// Which.
        id: String,
        /// The words.
        text: String,
    },
    /// No more.
    Remove {
        /// Which.
        id: String,
    },
    /// Sent with the comment that goes back.
    Send {
        /// Which.
        ids: Vec<String>,
    },
}

impl Work {
    pub(super) fn remark(&self, remarking: Remarking) -> Result<Vec<Entry>, Refusal> {
        let event = match remarking {
            Remarking::Write { id, said } => {
                if let Some(complaint) = remark::complaint(&said) {
                    return Err(Refusal::Invalid(complaint));
                }
                Event::RemarkWritten { id, said }
            }
            Remarking::Change { id, text } => {
                if text.trim().is_empty() || text.chars().count() > remark::MOST_TEXT {
                    return Err(Refusal::Invalid("a remark has between 1 and 8000 characters"));
                }
                Event::RemarkChanged { id, text }
            }
            Remarking::Remove { id } => Event::RemarkRemoved { id },
            Remarking::Send { ids } if ids.is_empty() => return Ok(Vec::new()),
            Remarking::Send { ids } => Event::RemarksSent { ids, attempt: self.task.attempt },
        };
        Ok(task_events([event]))
    }

    pub(super) fn fork(
        &self,
        from: TaskId,
        commit: String,
        branch: Option<String>,
    ) -> Result<Vec<Entry>, Refusal> {
        if self.task.attempt > 0 || self.task.base_commit.is_some() {
            return Err(self.not_now("fork", ": its base is known already"));
        }
        Ok(task_events([Event::TaskForked { from, commit, branch }]))
    }
}
