//! What comes after what: the edges as rows, and whoever waits, looked at again in the transaction that changes
//! what they wait for. The rules are in `domain::dependency`.

use std::collections::HashMap;

use domain::dependency::{self, Earlier, MOST_BEFORE, MOST_BEHIND};
use domain::work::{Adjust, Command};
use domain::{Refusal, TaskId, Timestamp, Work};

use super::{change, load, not_found};
use crate::Error;
use crate::sql::{Row, Tx};

/// Tasks that are looked at for a circle; more is taken for one, since nobody could follow it anyway.
const MOST_REACHED: usize = 10_000;

/// Changes a task's place in the plan. Ids that do not exist and circles are refused.
pub fn adjust(
    tx: &mut Tx<'_>,
    id: TaskId,
    mut wanted: Adjust,
    actor: &str,
    now: Timestamp,
) -> Result<Work, Error> {
    let Some(after) = &mut wanted.after else { return change(tx, id, Command::Adjust(wanted), actor, now) };
    once_each(after);
    let after = after.clone();
    let before = load(tx, id)?.ok_or_else(|| not_found(&id.to_string()))?;
    expect_room(tx, &after, &before.task.asked.after)?;
    refuse_circle(tx, id, &after)?;
    change(tx, id, Command::Adjust(wanted), actor, now)?;
    tx.execute("DELETE FROM dependencies WHERE task = $1", &[id.into()])?;
    insert(tx, id, &after)?;
    look_again(tx, id, now)
}

/// Looks at what a task comes after: it waits for that, or does not any more.
pub fn look_again(tx: &mut Tx<'_>, id: TaskId, now: Timestamp) -> Result<Work, Error> {
    let reason = dependency::hold(id, &earlier(tx, id)?);
    change(tx, id, Command::Depend(reason), "engine", now)
}

/// Each of them once, in the order they were named.
pub(super) fn once_each(after: &mut Vec<TaskId>) {
    let mut seen = Vec::new();
    after.retain(|id| {
        let new = !seen.contains(id);
        seen.push(*id);
        new
    });
}

/// Refuses what does not exist, and more than the bounds allow. Those in `known` count already.
pub(super) fn expect_room(tx: &mut Tx<'_>, after: &[TaskId], known: &[TaskId]) -> Result<(), Error> {
    if after.len() > MOST_BEFORE {
        return Err(Refusal::Invalid("a task can come after 50 others at most").into());
    }
    for id in after {
        let row = tx.query_one(
            "SELECT (SELECT COUNT(*) FROM dependencies WHERE after = $1) FROM tasks WHERE id = $1",
            &[(*id).into()],
        )?;
        let behind = row.ok_or_else(|| not_found(&id.to_string()))?.int(0)?;
        if !known.contains(id) && usize::try_from(behind).is_ok_and(|behind| behind >= MOST_BEHIND) {
            return Err(Refusal::Invalid(
                "a thousand tasks come after that one already: let this one come after one of them",
            )
            .into());
        }
    }
    Ok(())
}

pub(super) fn insert(tx: &mut Tx<'_>, task: TaskId, after: &[TaskId]) -> Result<(), Error> {
    for id in after {
        tx.execute("INSERT INTO dependencies (task, after) VALUES ($1, $2)", &[task.into(), (*id).into()])?;
    }
    Ok(())
}

/// What a task comes after, as it stands.
pub(super) fn earlier(tx: &mut Tx<'_>, task: TaskId) -> Result<Vec<Earlier>, Error> {
    let rows = tx.query(
        "SELECT tasks.id, tasks.title, tasks.state FROM dependencies JOIN tasks ON tasks.id = dependencies.after
         WHERE dependencies.task = $1 ORDER BY tasks.id",
        &[task.into()],
    )?;
    let one = |row: &Row| {
        Ok(Earlier { id: row.word(0, |text| text.parse().ok())?, title: row.text(1)?, state: row.text(2)? })
    };
    rows.iter().map(one).collect()
}

/// Looks again at those that wait for a task whose state changed.
pub(super) fn reconsider(tx: &mut Tx<'_>, changed: TaskId, now: Timestamp) -> Result<(), Error> {
    let rows = tx.query(
        "SELECT tasks.id FROM dependencies JOIN tasks ON tasks.id = dependencies.task
         WHERE dependencies.after = $1 AND tasks.state = 'waiting' AND tasks.waiting_for = 'dependency'
         ORDER BY tasks.id",
        &[changed.into()],
    )?;
    for row in rows {
        let id: TaskId = row.word(0, |text| text.parse().ok())?;
        look_again(tx, id, now)?;
    }
    Ok(())
}

fn refuse_circle(tx: &mut Tx<'_>, task: TaskId, after: &[TaskId]) -> Result<(), Error> {
    let mut edges: HashMap<TaskId, Vec<TaskId>> = HashMap::new();
    let mut open = after.to_vec();
    while let Some(at) = open.pop() {
        if edges.contains_key(&at) || at == task {
            continue;
        }
        if edges.len() >= MOST_REACHED {
            return Err(Refusal::Invalid("too many tasks come one after the other there").into());
        }
        let rows = tx.query("SELECT after FROM dependencies WHERE task = $1", &[at.into()])?;
        let next = rows.iter().map(|row| row.word(0, |text| text.parse().ok()));
        let next = next.collect::<Result<Vec<TaskId>, Error>>()?;
        open.extend(&next);
        edges.insert(at, next);
    }
    let Some(path) = dependency::circle(task, after, &edges) else { return Ok(()) };
    let mut names = Vec::with_capacity(path.len());
    for id in path {
        let title = load(tx, id)?.map_or_else(String::new, |work| work.task.title);
        names.push(dependency::named(&title, id));
    }
    Err(Refusal::Circle(names.join(" comes after ")).into())
}
