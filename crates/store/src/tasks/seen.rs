//! Decisions about what a person saw: refused when the task has moved on meanwhile, so that a click in a second tab, or one
//! that a bad network sent twice, decides nothing about work that nobody looked at. And tasks that fork from another.

use domain::work::Command;
use domain::{NewTask, Refusal, TaskId, Timestamp, Work};

use super::{Accepted, change, change_all, create, load, not_found};
use crate::Error;
use crate::sql::Tx;

/// What of a task was looked at; what is not said is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The commit.
    pub commit: Option<String>,
    /// The number of the latest run.
    pub attempt: Option<u32>,
}

impl Seen {
    /// Refuses when the task is not as it was seen.
    pub(crate) fn expect(&self, work: &Work) -> Result<(), Refusal> {
        let task = &work.task;
        let same = self.commit.as_ref().is_none_or(|commit| task.commit.as_ref() == Some(commit))
            && self.attempt.is_none_or(|attempt| task.attempt == attempt);
        if same {
            return Ok(());
        }
        Err(Refusal::Invalid("the work has changed since it was shown here: look at it again, then decide"))
    }
}

/// Carries out a command on what was seen.
pub fn change_seen(
    tx: &mut Tx<'_>,
    id: TaskId,
    (command, seen): (Command, &Seen),
    actor: &str,
    now: Timestamp,
) -> Result<Work, Error> {
    seen.expect(&load(tx, id)?.ok_or_else(|| not_found(&id.to_string()))?)?;
    change(tx, id, command, actor, now)
}

/// Accepts a task whose base is a commit of another's work. The same key again is the same task.
pub fn fork(
    tx: &mut Tx<'_>,
    asked: NewTask,
    (from, commit, branch): (TaskId, String, Option<String>),
    actor: &str,
    now: Timestamp,
) -> Result<Accepted, Error> {
    let accepted = create(tx, asked, actor, now)?;
    if !accepted.new {
        return Ok(accepted);
    }
    let fork = Command::Fork { from, commit, branch };
    let work = change_all(tx, accepted.task.id, vec![fork], actor, now, |_| Ok(()))?;
    Ok(Accepted { task: work.task, new: true })
}
