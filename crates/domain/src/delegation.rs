//! Delegation: a run hands a part of its work on, as a task of its own in the same project.

use serde::{Deserialize, Serialize};

use crate::ids::{RunId, TaskId};
use crate::run::Run;
use crate::task::Task;
use crate::work::Refusal;

/// Tasks one run may hand on.
pub const MOST_OF_A_RUN: usize = 10;
/// How far a task may be from the one a person gave: the task of a task.
pub const DEEPEST: u8 = 2;

/// Where a delegated task comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// The task whose agent handed it on.
    pub task: TaskId,
    /// The run of it.
    pub run: RunId,
    /// 1 for what a person's own task handed on.
    pub depth: u8,
}

/// Whether `run` of `task`, which handed on `already` so many, may hand on another.
pub fn delegate(task: &Task, run: &Run, already: usize) -> Result<Parent, Refusal> {
    let depth = task.asked.parent.map_or(0, |parent| parent.depth) + 1;
    if !run.is_live() || run.task != task.id {
        return Err(Refusal::Fenced { run: run.id.short() });
    }
    if depth > DEEPEST {
        return Err(Refusal::Invalid(
            "this task was itself delegated by a delegated one: do the work here, nothing goes deeper",
        ));
    }
    if already >= MOST_OF_A_RUN {
        return Err(Refusal::Invalid("this run has delegated 10 tasks, which is the most: do the rest here"));
    }
    Ok(Parent { task: task.id, run: run.id, depth })
}
