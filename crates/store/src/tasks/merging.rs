//! Tasks on their way into a branch, and tasks at work beside each other.

use domain::{Task, TaskId};

use super::rows;
use crate::Error;
use crate::sql::{Row, Tx, Value};

/// Approved work that has not landed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InQueue {
    /// Its item of the outbox; they are in the order of approval.
    pub item: i64,
    /// The task.
    pub task: TaskId,
    /// The repository.
    pub repo: String,
    /// The branch; none when the task started from a commit.
    pub branch: Option<String>,
}

impl InQueue {
    /// Whether both want the same branch.
    pub fn is_beside(&self, other: &Self) -> bool {
        self.repo == other.repo && self.branch == other.branch
    }
}

/// The most of a queue that is looked at.
const MOST: usize = 1000;
/// The most tasks at work that are compared.
const MOST_AT_WORK: usize = 200;

/// All approved work that has not landed, in the order of approval.
pub fn merge_queue(tx: &mut Tx<'_>) -> Result<Vec<InQueue>, Error> {
    let rows = tx.query(
        "SELECT outbox.id, tasks.id, tasks.repo, tasks.base_branch FROM outbox JOIN tasks ON tasks.id = outbox.task
         WHERE outbox.kind = 'land' ORDER BY outbox.id LIMIT $1",
        &[MOST.into()],
    )?;
    let queued = |row: &Row| {
        Ok(InQueue {
            item: row.int(0)?,
            task: row.word(1, |text| text.parse().ok())?,
            repo: row.text(2)?,
            branch: row.opt_text(3)?,
        })
    };
    rows.iter().map(queued).collect()
}

/// The tasks whose work these commits are, each with its commit.
pub fn landed_by(tx: &mut Tx<'_>, commits: &[String]) -> Result<Vec<(String, Task)>, Error> {
    let mut found = Vec::new();
    for commit in commits.iter().take(100) {
        let of_run = "WHERE state = 'completed' AND (commit_id = $1 OR id IN
            (SELECT task FROM runs WHERE commit_id = $1)) LIMIT 1";
        if let Some(task) = rows::select(tx, of_run, &[commit.into()])?.into_iter().next() {
            found.push((commit.clone(), task));
        }
    }
    Ok(found)
}

/// Tasks whose work is under way or on its way: those that may collide. Oldest first.
pub fn at_work(tx: &mut Tx<'_>) -> Result<Vec<Task>, Error> {
    let rest = "WHERE state IN ('running', 'review') OR (state = 'waiting' AND commit_id IS NOT NULL)
        OR (state = 'queued' AND commit_id IS NOT NULL) ORDER BY id LIMIT $1";
    rows::select(tx, rest, &[MOST_AT_WORK.into()])
}

/// Tasks that let another one go first.
pub fn yielding(tx: &mut Tx<'_>) -> Result<Vec<Task>, Error> {
    rows::select(
        tx,
        "WHERE yields_to IS NOT NULL AND state = 'waiting' ORDER BY id LIMIT $1",
        &[Value::from(MOST)],
    )
}
