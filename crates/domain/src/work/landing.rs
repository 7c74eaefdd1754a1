//! Approved work on its way: into the queue of its branch, through the checks of the merge, in, or back.

use super::{End, Entry, Refusal, Work, task_events};
use crate::check::{CheckResult, CheckStatus};
use crate::event::Event;
use crate::landing::{MOST_RETURNS, Resolved, left, short, unresolved_comment};
use crate::run::{Outcome, Run};
use crate::task::WaitFor;

/// Why it came back, what its agent is told, and what then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// The tip that it has to be brought onto.
    pub onto: String,
    /// One sentence for people.
    pub reason: String,
    /// What the agent goes on with.
    pub comment: String,
    /// Whether it lands by itself once it is repaired, see [`Repaired::Land`](crate::landing::Repaired::Land).
    pub again: bool,
}

impl Work {
    pub(super) fn landing_checks(&self, onto: String, commit: String) -> Result<Vec<Entry>, Refusal> {
        self.expect_landing("check")?;
        Ok(task_events([Event::LandingChecking { onto, commit }]))
    }

    pub(super) fn landing_checked(&self, check: CheckResult) -> Result<Vec<Entry>, Refusal> {
        self.expect_landing("check")?;
        Ok(task_events([Event::LandingChecked { check }]))
    }

    pub(super) fn return_work(&self, back: Return) -> Result<Vec<Entry>, Refusal> {
        self.expect_landing("return")?;
        // A script does not wait, and a person who took it out wants to decide.
        let exhausted = self.task.landing.returns >= MOST_RETURNS;
        if exhausted || self.task.asked.once || self.task.landing.withdrawn {
            let tried = if exhausted {
                format!("; its agent tried {MOST_RETURNS} times, so a person has to decide")
            } else {
                String::new()
            };
            return Ok(task_events([Event::TaskReview { reason: Some(format!("{}{tried}", back.reason)) }]));
        }
        let reason = format!("approved, and back with its agent: {}", back.reason);
        let Return { onto, reason: why, comment, again } = back;
        Ok(task_events([
            Event::LandingReturned { onto, reason: why, comment, again },
            Event::TaskQueued { reason },
        ]))
    }

    /// A person wants it out of the queue: it leaves at the next step, or has landed by then.
    pub(super) fn withdraw(&self) -> Vec<Entry> {
        if self.task.landing.withdrawn { Vec::new() } else { task_events([Event::LandingWithdrawn {}]) }
    }

    /// What follows a run that ended well and was to repair the work. Where supervision wants it changed, or asks, that
    /// goes first.
    pub(super) fn repaired(&self, run: &Run, end: &End) -> Option<Vec<Event>> {
        let task = &self.task;
        let decided = end.outcome != Outcome::Succeeded
            || task.stopping
            || run.hands_on
            || task.next.hands_on
            || task.asked.once
            || !task.questions.is_empty();
        if decided {
            return None;
        }
        let Some(onto) = &task.landing.onto else {
            let resolved = task.landing.resolved.as_ref()?;
            let stands = end.verdict.as_ref().is_none_or(|verdict| verdict.stands());
            let judged = end.verdict.iter().map(|verdict| Event::TaskJudged { verdict: verdict.clone() });
            return stands.then(|| judged.chain(self.after_repair(resolved)).collect());
        };
        let why = left(&task.landing.unresolved);
        if task.landing.returns >= MOST_RETURNS {
            let reason = format!(
                "it was to be brought onto {} and is not: {why}; its agent tried {MOST_RETURNS} times, so a person has \
                 to decide",
                short(onto)
            );
            return Some(vec![Event::TaskReview { reason: Some(reason) }]);
        }
        let queued = Event::TaskQueued { reason: format!("approved, and back with its agent: {why}") };
        let comment = unresolved_comment(&task.landing.unresolved);
        let again = task.landing.again;
        Some(vec![Event::LandingReturned { onto: onto.clone(), reason: why, comment, again }, queued])
    }

    fn after_repair(&self, resolved: &Resolved) -> Vec<Event> {
        let checked = self.task.checks.iter().all(|check| check.status == CheckStatus::Passed);
        let commit = self.task.commit.as_ref().filter(|_| self.task.landing.again && checked);
        if let (Some(commit), true) = (commit, resolved.beyond.is_empty()) {
            return approved(commit, self.task.base_commit.as_deref(), true);
        }
        let beyond = match resolved.beyond.as_slice() {
            [] => String::new(),
            [one] => format!("; besides the conflict it changed `{one}`"),
            [one, rest @ ..] => {
                format!("; besides the conflict it changed `{one}` and {} more", rest.len())
            }
        };
        let onto = short(&resolved.onto);
        let reason = format!(
            "brought onto {onto} by its agent after it was approved{beyond}; look, and approve again"
        );
        vec![Event::TaskReview { reason: Some(reason) }]
    }

    pub(super) fn expect_landing(&self, action: &'static str) -> Result<(), Refusal> {
        match self.task.state.waiting() {
            Some(waiting) if waiting.on == WaitFor::Landing => Ok(()),
            _ => Err(self.not_now(action, "")),
        }
    }
}

/// What approving a commit causes; `again` when it was repaired after a person had approved it.
pub(super) fn approved(commit: &str, base: Option<&str>, again: bool) -> Vec<Event> {
    if Some(commit) == base {
        return vec![Event::TaskCompleted {
            commit: None,
            how: "approved; there was nothing to merge".into(),
        }];
    }
    let reason = if again {
        "repaired by its agent; it is in the merge queue"
    } else {
        "approved; it is in the merge queue"
    };
    vec![
        Event::TaskApproved { commit: commit.to_owned(), again },
        Event::TaskWaiting { on: WaitFor::Landing, until: None, reason: reason.into() },
    ]
}
