//! Questions to a person: asked by a live run, answered when the person likes, waited for at the run's end.

use super::{Entry, Refusal, Work, task_events};
use crate::event::Event;
use crate::question::{self, Question};
use crate::run::Run;
use crate::task::WaitFor;

impl Work {
    /// Why the live run has nobody to ask this way, if so; `None` when a person may be asked.
    pub fn asks_nobody(&self) -> Option<&'static str> {
        if self.task.asked.once {
            return Some(
                "a script waits for the answer, and nobody is there to ask: assume what is likely and say so",
            );
        }
        let hands_on = self.run.as_ref().is_some_and(|run| run.hands_on);
        hands_on.then_some("a person works in this run: ask them in the conversation")
    }

    pub(super) fn ask(&self, run: &Run, text: String, choices: Vec<String>) -> Result<Event, Refusal> {
        if let Some(nobody) = self.asks_nobody() {
            return Err(Refusal::Invalid(nobody));
        }
        let asked = &self.task.questions;
        let mine = format!("{}.", run.attempt);
        let number = asked.iter().filter(|question| question.id.starts_with(&mine)).count() + 1;
        let asked_now = Question { id: format!("{mine}{number}"), text, choices, ..Question::default() };
        if let Some(complaint) = asked_now.complaint() {
            return Err(Refusal::Invalid(complaint));
        }
        if question::open(asked).count() >= question::MOST_OPEN {
            return Err(Refusal::Invalid(
                "5 questions are open, which is the most: finish what does not depend on them and end",
            ));
        }
        Ok(asked_now.asked())
    }

    pub(super) fn answer(
        &self,
        id: Option<&str>,
        words: &str,
        false_alarm: bool,
    ) -> Result<Vec<Entry>, Refusal> {
        if words.trim().is_empty() {
            return Err(Refusal::Invalid("the answer has no text: the agent goes on with it"));
        }
        if words.chars().count() > question::MOST_TEXT {
            return Err(Refusal::Invalid("the answer is too long: say it in 4000 characters"));
        }
        let mut open = question::open(&self.task.questions);
        let Some(question) = open.find(|question| id.is_none_or(|id| id == question.id)) else {
            return Err(self.not_now("answer", ": it has no such open question"));
        };
        if question.is_of_policy() {
            return self.answer_policy(question, &question.understood(words), false_alarm);
        }
        if false_alarm {
            return Err(Refusal::Invalid("the agent asks, and no rule of the policy: just answer it"));
        }
        let mut events = vec![question.answered(&question.understood(words))];
        let waits = self.task.state.waiting().is_some_and(|waiting| waiting.on == WaitFor::Breakpoint);
        let others: Vec<_> =
            self.task.questions.iter().filter(|other| other.id != question.id).cloned().collect();
        match question::waits_for(&others) {
            _ if !waits => {}
            None => events.push(Event::TaskQueued { reason: "a person answered".into() }),
            Some(reason) => {
                events.push(Event::TaskWaiting { on: WaitFor::Breakpoint, until: None, reason });
            }
        }
        Ok(task_events(events))
    }

    /// What follows a run that did what it could: an answer to wait for, one to go on with, or a review.
    pub(super) fn after_success(&self, reason: Option<String>) -> Event {
        match question::waits_for(&self.task.questions) {
            Some(reason) => Event::TaskWaiting { on: WaitFor::Breakpoint, until: None, reason },
            None if !self.task.questions.is_empty() => {
                Event::TaskQueued { reason: "a person answered while it worked".into() }
            }
            None => Event::TaskReview { reason },
        }
    }
}
