//! What is noticed while tasks work: that they change the same files, and that a run seems stuck.

use super::{End, Entry, Refusal, Work, task_events};
use crate::collision::{self, Collision};
use crate::event::Event;
use crate::ids::TaskId;
use crate::question::{self, Question};
use crate::run::{Outcome, Run};
use crate::stuck::{self, Seen};
use crate::task::{Task, TaskState, WaitFor};

impl Work {
    /// Told once per other task and kind, and not of what is decided.
    pub(super) fn collide(&self, new: Collision) -> Vec<Entry> {
        let over = matches!(self.task.state, TaskState::Completed | TaskState::Failed | TaskState::Cancelled);
        let known = self.task.collisions.iter().any(|known| known.covers(&new));
        if over || known || self.task.collisions.len() >= collision::MOST_OF_A_TASK {
            return Vec::new();
        }
        let Collision { task: other, title, kind, files, .. } = new;
        task_events([Event::CollisionSeen { other, title, kind, files }])
    }

    pub(super) fn collision_over(&self, other: TaskId) -> Vec<Entry> {
        let open = self.task.collisions.iter().any(|known| known.task == other && !known.over);
        if open { task_events([Event::CollisionOver { other }]) } else { Vec::new() }
    }

    pub(super) fn yield_to(&self, to: TaskId, reason: String) -> Result<Vec<Entry>, Refusal> {
        if self.task.state != TaskState::Queued || self.task.next.hands_on || self.task.asked.once {
            return Err(self.not_now("hold", ""));
        }
        Ok(task_events([
            Event::TaskYielded { to },
            Event::TaskWaiting { on: WaitFor::Dependency, until: None, reason },
        ]))
    }

    pub(super) fn stuck(&self, seen: Seen) -> Event {
        let nudged = seen.pattern != stuck::Pattern::Silent && self.task.stuck.times == 0;
        Event::RunStuck { seen: seen.pattern.as_str().into(), what: seen.what, nudged }
    }

    /// What follows a run that was ended because it seemed stuck.
    pub(super) fn after_stuck(&self, run: &Run, end: &End) -> Option<Vec<Event>> {
        let task = &self.task;
        let what = task.stuck.now.as_ref()?;
        if end.outcome != Outcome::Stopped || task.stopping || task.next.hands_on || run.hands_on {
            return None;
        }
        if task.asked.once || task.stuck.times > stuck::MOST_TIMES {
            return Some(vec![Event::TaskFailed { reason: format!("stuck: {what}") }]);
        }
        // What it asked before may be what holds it up.
        if let Some(reason) = question::waits_for(&task.questions) {
            return Some(vec![Event::TaskWaiting { on: WaitFor::Breakpoint, until: None, reason }]);
        }
        if task.stuck.times <= 1 {
            return Some(vec![Event::TaskQueued { reason: format!("its agent is told once that {what}") }]);
        }
        let Question { text, choices, .. } = stuck::question(what);
        let asked = self.ask(run, text.clone(), choices).ok();
        let waiting = Event::TaskWaiting { on: WaitFor::Breakpoint, until: None, reason: text };
        Some(asked.into_iter().chain([waiting]).collect())
    }
}

pub(super) fn apply(task: &mut Task, event: &Event) {
    match event {
        Event::CollisionSeen { other, title, kind, files } => {
            task.collisions.retain(|known| known.task != *other || known.kind != *kind);
            task.collisions.push(Collision {
                task: *other,
                title: title.clone(),
                kind: *kind,
                files: files.clone(),
                over: false,
            });
        }
        Event::CollisionOver { other } => {
            for known in task.collisions.iter_mut().filter(|known| known.task == *other) {
                known.over = true;
            }
        }
        _ => {}
    }
}
