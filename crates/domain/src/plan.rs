//! The plan: which task goes first ([`order`]), why each stands where it does ([`reason`]), what will happen when
//! ([`forecast`]) and what would save a deadline ([`save`]). Pure: tasks, limits, accounts, estimates and `now` go in.
//!
//! The dispatcher and the plan that people read use the same order and the same rules (`schedule`, `placement`), so
//! that what is told is what happens.

pub mod forecast;
pub mod ledger;
pub mod order;
pub mod reason;
pub mod save;
#[cfg(test)]
mod tests;

use std::time::Duration;

use forecast::{Laid, Setting, forecast};
use order::{order, urgency};
use save::{MOST_SAVED, Save, Verdict, save, startable, verdict};

use crate::account::Account;
use crate::estimate::{Basis, Estimate, Experience};
use crate::ids::TaskId;
use crate::nature::Nature;
use crate::schedule::Candidate;
use crate::task::{TaskState, WaitFor, Waiting};
use crate::time::Timestamp;
use crate::work::Work;

/// A task that is not at its end, as the planner sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// What the dispatcher looks at.
    pub candidate: Candidate,
    /// Its title.
    pub title: String,
    /// 1 (most urgent) to 9.
    pub priority: u8,
    /// When it is to be done.
    pub deadline: Option<Timestamp>,
    /// The tasks it comes after.
    pub after: Vec<TaskId>,
    /// What sort of work it is.
    pub nature: Nature,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Where it stands.
    pub stands: Stands,
    /// What it comes after failed or was cancelled: only a person gets it going.
    pub stuck: bool,
}

/// Where a task stands that is not at its end.
#[derive(Clone, Debug, PartialEq)]
pub enum Stands {
    /// It starts when there is room.
    Queued,
    /// A run of it lives.
    Running {
        /// Since then.
        since: Timestamp,
        /// On this account.
        account: String,
    },
    /// Something has to happen first.
    Waiting(Waiting),
    /// A person looks at it.
    Review,
    /// It is approved and being merged.
    Landing,
}

impl Stands {
    /// Whether nothing of it is left to be run, as far as is known.
    pub fn is_worked_off(&self) -> bool {
        matches!(self, Self::Review | Self::Landing)
    }
}

impl Pending {
    /// What the planner sees of a task; nothing of one that is at its end. `stuck` says whether what it comes after ended
    /// badly.
    pub fn of(work: &Work, stuck: bool) -> Option<Self> {
        let task = &work.task;
        let stands = match &task.state {
            TaskState::Queued => Stands::Queued,
            TaskState::Running => Stands::Running {
                since: work.run.as_ref().map_or(task.updated_at, |run| run.started_at),
                account: work.run.as_ref().map(|run| run.account.clone()).unwrap_or_default(),
            },
            TaskState::Waiting(waiting) if waiting.on == WaitFor::Landing => Stands::Landing,
            TaskState::Waiting(waiting) => Stands::Waiting(waiting.clone()),
            TaskState::Review => Stands::Review,
            TaskState::Completed | TaskState::Failed | TaskState::Cancelled => return None,
        };
        Some(Self {
            candidate: Candidate::of(work),
            title: task.title.clone(),
            priority: task.asked.priority,
            deadline: task.asked.deadline,
            after: task.asked.after.clone(),
            nature: task.asked.nature,
            created_at: task.created_at,
            stands,
            stuck,
        })
    }

    /// Its id.
    pub fn id(&self) -> TaskId {
        self.candidate.id
    }

    /// Whether the dispatcher may start it now.
    pub fn is_queued(&self) -> bool {
        self.stands == Stands::Queued
    }

    /// What its next run is expected to take.
    pub fn estimate(&self, known: &Experience) -> Estimate {
        known.estimate(&self.candidate.project, &self.candidate.agent, self.nature)
    }
}

/// A task in the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// Its place among the tasks that were planned.
    pub at: usize,
    /// When it runs, and where.
    pub laid: Laid,
    /// What its run is expected to take.
    pub estimate: Estimate,
    /// How it stands to its deadline.
    pub verdict: Verdict,
    /// What would save a late one, for the first few of them.
    pub save: Option<Save>,
    /// Why it runs, starts or waits.
    pub reason: String,
}

/// The whole plan, by the time of starting; what only a person can start comes last. `others` are accounts that a late
/// task could use instead of its own.
pub fn plan(tasks: &[Pending], setting: &Setting<'_>, others: &[Account]) -> Vec<Planned> {
    let urgency = urgency(tasks, setting.known, setting.now);
    let order = order(tasks, &urgency, setting.used, startable);
    let laid = forecast(tasks, (&order, &urgency), setting, None);
    let mut reasons = reason::reasons(tasks, (&order, &urgency), setting);
    let mut planned: Vec<_> = laid
        .into_iter()
        .enumerate()
        .map(|(at, laid)| Planned {
            at,
            estimate: tasks[at].estimate(setting.known),
            verdict: verdict(&tasks[at], &laid),
            save: None,
            reason: reasons.remove(&tasks[at].id()).unwrap_or_default(),
            laid,
        })
        .collect();
    let never = Timestamp::from_millis(i64::MAX);
    planned.sort_by_key(|planned| (planned.laid.start.unwrap_or(never), tasks[planned.at].id()));
    let mut late: Vec<_> =
        (0..planned.len()).filter(|n| matches!(planned[*n].verdict, Verdict::Late(_))).collect();
    late.sort_by_key(|n| (tasks[planned[*n].at].deadline, tasks[planned[*n].at].id()));
    for n in late.into_iter().take(MOST_SAVED) {
        planned[n].save = Some(save(tasks, planned[n].at, setting, others));
    }
    planned
}

/// The plan in a few sentences.
pub fn summary(tasks: &[Pending], plan: &[Planned], now: Timestamp) -> String {
    let count = |wanted: &dyn Fn(&Planned) -> bool| plan.iter().filter(|planned| wanted(planned)).count();
    let running = count(&|planned| matches!(tasks[planned.at].stands, Stands::Running { .. }));
    let reviews = count(&|planned| tasks[planned.at].stands == Stands::Review);
    let open = count(&|planned| startable(&tasks[planned.at]));
    let timed = count(&|planned| startable(&tasks[planned.at]) && planned.laid.start.is_some());
    if plan.is_empty() {
        return "Nothing is to be done.".into();
    }
    let are = if reviews == 1 { "is" } else { "are" };
    let mut said = vec![format!("{running} run, {open} wait, {reviews} {are} ready for your review.")];
    let last = plan.iter().filter_map(|planned| planned.laid.end).max();
    if let Some(last) = last {
        said.push(format!("The last of {} ends in about {}.", running + timed, told(last.since(now))));
    }
    if open > timed {
        let n = open - timed;
        said.push(format!("{n} cannot start before you do something."));
    }
    let deadlines = count(&|planned| !matches!(planned.verdict, Verdict::None));
    let late = count(&|planned| matches!(planned.verdict, Verdict::Late(_)));
    if deadlines > 0 {
        said.push(if late == 0 {
            format!("No deadline of {deadlines} is known to be missed.")
        } else {
            format!("{late} of {deadlines} deadlines will be missed.")
        });
    }
    let guessed = count(&|planned| planned.laid.start.is_some() && planned.estimate.basis == Basis::Guess);
    if guessed > 0 {
        said.push(format!("{guessed} of the times are guesses: nothing like it ended here yet."));
    }
    said.push("Reviews are taken as done at once.".into());
    said.join(" ")
}

/// A span for people, in at most two units.
pub fn told(span: Duration) -> String {
    let minutes = span.as_secs().div_ceil(60);
    match (minutes / (24 * 60), minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
