//! Races: the tasks of one begin together, and are settled in the transaction in which the last of them comes to an end,
//! or one is approved. Who wins is `domain::race`.

use domain::supervise::{Decision, Rung};
use domain::work::Command;
use domain::{ChosenBy, NewTask, Refusal, Task, TaskId, TaskState, Timestamp, WaitFor, race};

use super::{Accepted, after_another, change, create, rows};
use crate::Error;
use crate::sql::Tx;

/// Makes a task for each of these agents; the first is the one the request is answered with.
pub fn start(
    tx: &mut Tx<'_>,
    asked: &NewTask,
    by: &[Rung],
    actor: &str,
    now: Timestamp,
) -> Result<Accepted, Error> {
    let name = TaskId::new(now).to_string();
    let mut first = None;
    for (n, rung) in by.iter().enumerate() {
        let asked = NewTask {
            agent: rung.agent.clone(),
            model: rung.model.clone(),
            agent_by: ChosenBy::Person,
            key: asked.key.clone().filter(|_| first.is_none()),
            race: Some(name.clone()),
            ..asked.clone()
        };
        let accepted = create(tx, asked, actor, after_another(now, n))?;
        if !accepted.new {
            // The same key again is the same race.
            return Ok(accepted);
        }
        first.get_or_insert(accepted);
    }
    first.ok_or(Error::Refused(Refusal::Invalid("nobody races")))
}

/// All of a race, in the order they were named.
pub fn of_race(tx: &mut Tx<'_>, name: &str) -> Result<Vec<Task>, Error> {
    rows::select(tx, "WHERE race = $1 ORDER BY id LIMIT $2", &[name.into(), race::MOST.into()])
}

/// Looks at the race of a task whose state changed.
pub(super) fn look(tx: &mut Tx<'_>, changed: &Task, now: Timestamp) -> Result<(), Error> {
    let Some(name) = &changed.asked.race else { return Ok(()) };
    let lands = changed.state.waiting().is_some_and(|waiting| waiting.on == WaitFor::Landing);
    if lands || changed.state == TaskState::Completed {
        let all = of_race(tx, name)?;
        return out(tx, &all, changed, &format!("{} was approved", changed.asked.agent), now);
    }
    if race::is_on(changed) {
        return Ok(());
    }
    let all = of_race(tx, name)?;
    let Some(won) = race::winner(&all).and_then(|id| all.iter().find(|task| task.id == id)) else {
        return Ok(());
    };
    // Where one is left nobody was beaten.
    if all.iter().filter(|task| task.state == TaskState::Review).count() > 1 {
        let reason = race::sentence(won, all.len());
        out(tx, &all, won, &reason, now)?;
        change(tx, won.id, Command::Win { reason }, "engine", now)?;
    }
    let approves = won.supervised.verdict.as_ref().is_some_and(|verdict| {
        matches!(verdict.decision, Decision::Approve { .. }) && verdict.commit == won.commit
    });
    if !approves {
        return Ok(());
    }
    match change(tx, won.id, Command::Approve, "policy", now) {
        // Whatever stands against it: then a person looks.
        Ok(_) | Err(Error::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn out(tx: &mut Tx<'_>, all: &[Task], won: &Task, why: &str, now: Timestamp) -> Result<(), Error> {
    for task in all.iter().filter(|task| task.id != won.id) {
        let reason = format!("{why}; this one is kept for comparison (task {} went on)", won.id.short());
        change(tx, task.id, Command::Lose { to: won.id, reason }, "engine", now)?;
    }
    Ok(())
}
