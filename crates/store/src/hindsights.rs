//! What was found of tasks when they were over, and the queue of those that are still to be looked back on. Both are
//! written with the events that cause them, in their transaction. Not here: what is found (`domain::hindsight`).

use domain::hindsight::{Facts, facts};
use domain::{Event, Hindsight, Record, TaskId, Timestamp};

use crate::sql::{Row, Tx};
use crate::{Error, events};

/// Tasks that wait to be looked back on; when there are more, the oldest are not any more.
pub const MOST_DUE: usize = 256;
/// Events of one task that are looked at; a log that is longer is read to there.
const MOST_EVENTS: usize = 50_000;
/// Idempotency keys of tasks that come from hindsight itself: nobody looks back on those.
pub const KEY: &str = "hindsight:";

/// What was found of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The task.
    pub task: TaskId,
    /// What.
    pub hindsight: Hindsight,
    /// When.
    pub at: Timestamp,
}

/// What an event means for hindsight.
pub(crate) fn note(tx: &mut Tx<'_>, record: &Record) -> Result<(), Error> {
    match &record.event {
        Event::TaskCompleted { .. } | Event::TaskFailed { .. } | Event::TaskCancelled { .. } => {
            push(tx, record.task, record.at)
        }
        Event::TaskHindsight { found } => {
            tx.execute(
                "INSERT INTO hindsights (task, project, found, found_at)
                 SELECT id, project, $2, $3 FROM tasks WHERE id = $1
                 ON CONFLICT (task) DO UPDATE SET found = excluded.found, found_at = excluded.found_at, due_at = NULL",
                &[
                    record.task.into(),
                    (&serde_json::to_string(found).unwrap_or_default()).into(),
                    record.at.into(),
                ],
            )?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Puts a task that is over into the queue: but not what a script asked once, nor what hindsight itself proposed.
fn push(tx: &mut Tx<'_>, task: TaskId, now: Timestamp) -> Result<(), Error> {
    let pushed = tx.execute(
        "INSERT INTO hindsights (task, project, due_at)
         SELECT id, project, $2 FROM tasks WHERE id = $1 AND once = 0 AND (key IS NULL OR key NOT LIKE 'hindsight:%')
         ON CONFLICT (task) DO UPDATE SET due_at = excluded.due_at",
        &[task.into(), now.into()],
    )?;
    if pushed == 0 {
        return Ok(());
    }
    let row = tx.query_one("SELECT COUNT(*) FROM hindsights WHERE due_at IS NOT NULL", &[])?;
    let due = row.map_or(Ok(0), |row| row.u64(0))?;
    let most = u64::try_from(MOST_DUE).unwrap_or(u64::MAX);
    if due > most { forget(tx, Some(due - most)) } else { Ok(()) }
}

/// The task that has waited longest, and since when.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<(TaskId, Timestamp)>, Error> {
    let row = tx.query_one(
        "SELECT task, due_at FROM hindsights WHERE due_at IS NOT NULL ORDER BY due_at, task LIMIT 1",
        &[],
    )?;
    row.map(|row| Ok((row.word(0, |text| text.parse().ok())?, row.at(1)?))).transpose()
}

/// A task is not to be looked back on any more; what was found of it before stays.
pub fn give_up(tx: &mut Tx<'_>, task: TaskId) -> Result<(), Error> {
    tx.execute("UPDATE hindsights SET due_at = NULL WHERE task = $1 AND found IS NOT NULL", &[task.into()])?;
    tx.execute("DELETE FROM hindsights WHERE task = $1 AND found IS NULL", &[task.into()])?;
    Ok(())
}

/// Empties the queue, or takes the oldest out of it.
pub fn forget(tx: &mut Tx<'_>, oldest: Option<u64>) -> Result<(), Error> {
    let limit = oldest.unwrap_or(1_000_000);
    let rows = tx.query(
        "SELECT task FROM hindsights WHERE due_at IS NOT NULL ORDER BY due_at, task LIMIT $1",
        &[limit.into()],
    )?;
    for row in rows {
        let task = row.word(0, |text| text.parse().ok())?;
        give_up(tx, task)?;
    }
    Ok(())
}

/// What was found of a task, if it was looked back on.
pub fn of_task(tx: &mut Tx<'_>, task: TaskId) -> Result<Option<Found>, Error> {
    let sql = "SELECT task, found, found_at FROM hindsights WHERE task = $1 AND found IS NOT NULL";
    tx.query_one(sql, &[task.into()])?.as_ref().map(found).transpose()
}

/// Whether a task waits to be looked back on.
pub fn is_due(tx: &mut Tx<'_>, task: TaskId) -> Result<bool, Error> {
    let sql = "SELECT task FROM hindsights WHERE task = $1 AND due_at IS NOT NULL";
    Ok(tx.query_one(sql, &[task.into()])?.is_some())
}

/// What was found in a project, or in all, the latest first.
pub fn latest(tx: &mut Tx<'_>, project: Option<&str>, limit: usize) -> Result<Vec<Found>, Error> {
    const SELECT: &str = "SELECT task, found, found_at FROM hindsights WHERE found IS NOT NULL";
    let limit = limit.clamp(1, MOST_DUE).into();
    let rows = match project {
        Some(project) => tx.query(
            &format!("{SELECT} AND project = $1 ORDER BY found_at DESC, task DESC LIMIT $2"),
            &[project.into(), limit],
        )?,
        None => tx.query(&format!("{SELECT} ORDER BY found_at DESC, task DESC LIMIT $1"), &[limit])?,
    };
    rows.iter().map(found).collect()
}

/// What a task's log says of its life.
pub fn facts_of(tx: &mut Tx<'_>, task: TaskId) -> Result<Facts, Error> {
    let (mut facts, mut seq, mut left) = (Facts::default(), 0, MOST_EVENTS);
    loop {
        let page = events::of_kinds(tx, task, facts::KINDS, seq, left.min(events::MOST))?;
        let Some(last) = page.last() else { return Ok(facts) };
        seq = last.seq;
        for record in &page {
            facts.see(record);
        }
        left = left.saturating_sub(page.len());
        if left == 0 {
            return Ok(facts);
        }
    }
}

fn found(row: &Row) -> Result<Found, Error> {
    Ok(Found {
        task: row.word(0, |text| text.parse().ok())?,
        hindsight: row.word(1, |text| serde_json::from_str(text).ok())?,
        at: row.at(2)?,
    })
}
