//! Tasks that go on from another's work.

use domain::work::Command;
use domain::{NewTask, TaskId, Timestamp};

use super::{Accepted, change, create};
use crate::Error;
use crate::sql::Tx;

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
    let work = change(tx, accepted.task.id, Command::Fork { from, commit, branch }, actor, now)?;
    Ok(Accepted { task: work.task, new: true })
}
