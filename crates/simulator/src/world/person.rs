//! The person: at their hours they answer what is asked and look at what is done, one thing after another; the rest of
//! the time they are elsewhere, or asleep.

use std::time::Duration;

use domain::supervise::breakpoint::{APPROVE, SEND_BACK};
use domain::work::Command;
use domain::{TaskState, Timestamp, WaitFor};

use super::World;
use crate::draw::Luck;

/// A look apart from the runs: the luck of seeing that work is bad.
const LOOKING: u32 = 1 << 20;

impl World<'_> {
    /// When the person looks at something next.
    pub(super) fn looks_at(&self) -> Timestamp {
        let mut at = self.now.max(self.looks_until);
        let hours = &self.week.person.hours;
        for _ in 0..7 * 24 * 12 {
            if hours.is_empty() || hours.iter().any(|hours| hours.end(at, &self.week.zone).is_some()) {
                return at;
            }
            // To the next five minutes of the clock, at which hours begin.
            let into = Duration::from_millis(at.as_millis().rem_euclid(300_000).unsigned_abs());
            at = at.minus(into).plus(Duration::from_mins(5));
        }
        self.ends
    }

    /// The person looks at one thing, if they do now: questions first, then by urgency.
    pub(super) fn person(&mut self) {
        if self.looks_at() > self.now {
            return;
        }
        let waits = |n: &usize| {
            let task = &self.jobs[*n].work.as_ref()?.task;
            let asks =
                matches!(&task.state, TaskState::Waiting(waiting) if waiting.on == WaitFor::Breakpoint);
            (asks || task.state == TaskState::Review).then_some((
                !asks,
                task.asked.priority,
                task.asked.deadline.is_none(),
                task.asked.deadline,
                task.id,
            ))
        };
        let first = (0..self.jobs.len()).filter_map(|n| Some((waits(&n)?, n))).min();
        let Some(((looks, ..), n)) = first else { return };
        self.looks_until = self.now.plus(self.week.person.look);
        self.counts.looked += 1;
        if looks { self.review(n) } else { self.answer(n) }
    }

    /// Whether the person is content with the work that is there.
    fn is_content(&self, n: usize) -> bool {
        let attempt = self.jobs[n].work.as_ref().map_or(0, |work| work.task.attempt);
        self.jobs[n].good || !Luck::of(self.seed, n, LOOKING + attempt).chance(self.week.person.sees)
    }

    fn review(&mut self, n: usize) {
        if self.is_content(n) {
            self.approve(n, "person:simulated");
        } else {
            let comment = "That is not right yet.".into();
            self.tell(n, Command::SendBack { comment }, "person:simulated");
        }
    }

    fn answer(&mut self, n: usize) {
        let question = self.jobs[n].work.as_ref().and_then(|work| work.task.questions.first());
        let of_policy = question.is_some_and(domain::Question::is_of_policy);
        let content = of_policy && self.is_content(n);
        let words = match (of_policy, content) {
            (false, _) => "The first one.",
            (true, true) => APPROVE,
            (true, false) => SEND_BACK,
        };
        let answer = Command::Answer { question: None, words: words.into(), false_alarm: false };
        if self.tell(n, answer, "person:simulated") && content {
            self.land(n);
        }
    }
}
