//! Restorable points of tasks; their commits are kept by private refs in the repository's store.

use domain::{Event, Record, TaskId, Timestamp};

use crate::Error;
use crate::sql::Tx;

/// A restorable point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its name, unique in its task.
    pub name: String,
    /// Its commit.
    pub commit: String,
    /// The run it was made in.
    pub attempt: Option<u32>,
    /// When.
    pub at: Timestamp,
}

/// A task's checkpoints, oldest first.
pub fn of_task(tx: &mut Tx<'_>, task: TaskId) -> Result<Vec<Checkpoint>, Error> {
    let rows = tx.query(
        "SELECT name, commit_id, attempt, at FROM checkpoints WHERE task = $1 ORDER BY at, name LIMIT 1000",
        &[task.into()],
    )?;
    rows.iter()
        .map(|row| {
            Ok(Checkpoint {
                name: row.text(0)?,
                commit: row.text(1)?,
                attempt: row.opt_int(2)?.map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
                at: row.at(3)?,
            })
        })
        .collect()
}

pub(crate) fn note(tx: &mut Tx<'_>, record: &Record) -> Result<(), Error> {
    let Event::CheckpointCreated { name, commit } = &record.event else { return Ok(()) };
    tx.execute(
        "INSERT INTO checkpoints (task, name, commit_id, attempt, at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (task, name) DO UPDATE SET commit_id = excluded.commit_id, at = excluded.at",
        &[record.task.into(), name.into(), commit.into(), record.attempt.into(), record.at.into()],
    )?;
    Ok(())
}
