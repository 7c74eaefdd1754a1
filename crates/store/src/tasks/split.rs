//! A task that becomes several, in the transaction that decides it.

use domain::delegation::Parent;
use domain::pipeline::{Part, split};
use domain::work::Adjust;
use domain::{NewTask, Timestamp, Work, classify};

use super::{after, after_another, create};
use crate::Error;
use crate::sql::Tx;

/// Makes a task of each part, each after those it names, and lets the whole wait for them all.
pub(super) fn up(tx: &mut Tx<'_>, work: &Work, parts: &[Part], now: Timestamp) -> Result<Work, Error> {
    let (task, Some(run)) = (&work.task, &work.run) else { return Ok(work.clone()) };
    let own = task.progress.own.as_ref();
    let mut made = Vec::with_capacity(parts.len());
    for (n, part) in parts.iter().enumerate() {
        let mut nature = classify::by_rules(&part.text).nature;
        nature.gpu |= task.asked.nature.gpu;
        let asked = NewTask {
            text: split::text_of(parts, n, &task.asked.text),
            agent: own.map_or_else(|| task.asked.agent.clone(), |own| own.agent.clone()),
            agent_by: own.map_or(task.asked.agent_by, |own| own.agent_by),
            model: own.map_or_else(|| task.asked.model.clone(), |own| own.model.clone()),
            nature,
            // What was planned is not planned again.
            pipeline: task.asked.pipeline.iter().skip(task.progress.at).cloned().collect(),
            parent: Some(Parent {
                task: task.id,
                run: run.id,
                depth: task.asked.parent.map_or(0, |parent| parent.depth) + 1,
            }),
            after: part.after.iter().filter_map(|number| made.get(number - 1)).copied().collect(),
            key: None,
            race: None,
            ..task.asked.clone()
        };
        made.push(create(tx, asked, "engine", after_another(now, n))?.task.id);
    }
    let after = task.asked.after.iter().copied().chain(made).collect();
    after::adjust(tx, task.id, Adjust { after: Some(after), ..Adjust::default() }, "engine", now)
}
