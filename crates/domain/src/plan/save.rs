//! Whether a task meets its deadline, and what would make it.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::forecast::{Laid, Setting, forecast};
use super::order::{Estimates, order, urgency};
use super::{Pending, Stands, told};
use crate::account::Account;
use crate::placement::Offer;
use crate::schedule::Candidate;
use crate::time::Timestamp;

/// Late tasks for which a way out is looked for; each costs a few forecasts.
pub const MOST_SAVED: usize = 5;

/// How a task stands to its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has none.
    None,
    /// It makes it in four of five cases.
    Makes,
    /// It makes it in half of the cases.
    Tight,
    /// It will be late by so much.
    Late(Duration),
    /// Only a person can start it, so nobody knows.
    Unknown,
}

/// What would make a late task meet its deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Save {
    /// This priority.
    Priority(u8),
    /// Another account, of its own or another agent.
    Account(String),
    /// Nothing: so much work is left, in so much time.
    Impossible {
        /// What it and what it comes after take.
        work: Duration,
        /// What is left.
        left: Duration,
    },
    /// Nothing that a priority or another account changes.
    Nothing,
}

impl Save {
    /// For people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Priority(priority) => format!("would make it with priority {priority}"),
            Self::Account(account) => format!("would make it on {account}"),
            Self::Impossible { work, left } => {
                format!("cannot: {} of work in {}", told(*work), told(*left))
            }
            Self::Nothing => "no priority and no other account would save it".into(),
        }
    }
}

/// How `task` stands to its deadline.
pub fn verdict(task: &Pending, laid: &Laid) -> Verdict {
    match (task.deadline, laid.end, laid.surely) {
        (None, ..) => Verdict::None,
        (Some(deadline), Some(_), Some(surely)) if surely <= deadline => Verdict::Makes,
        (Some(deadline), Some(end), _) if end <= deadline => Verdict::Tight,
        (Some(deadline), Some(end), _) => Verdict::Late(end.since(deadline)),
        (Some(_), None, _) => Verdict::Unknown,
    }
}

/// What would save the late task at `at`, the mildest first: a priority one step up at a time, then another account
/// of `others`.
pub fn save(tasks: &[Pending], at: usize, setting: &Setting<'_>, others: &[Account]) -> Save {
    let Some(deadline) = tasks[at].deadline else { return Save::Nothing };
    let (work, left) = (work_left(tasks, at, setting), deadline.since(setting.now));
    if work > left {
        return Save::Impossible { work, left };
    }
    if matches!(tasks[at].stands, Stands::Running { .. }) {
        return Save::Nothing;
    }
    let made = |tasks: &[Pending], setting: &Setting<'_>| {
        let urgency = urgency(tasks, setting.known, setting.now);
        let order = order(tasks, &urgency, setting.used, startable);
        let laid = forecast(tasks, (&order, &urgency), setting, Some(at));
        laid[at].end.is_some_and(|end| end <= deadline)
    };
    let mut changed = tasks.to_vec();
    let mut with = |priority: u8| {
        changed[at].priority = priority;
        made(&changed, setting)
    };
    // More urgent is never later but for odd packings, so halving finds the mildest that does.
    let (mut low, mut high) = (1, tasks[at].priority);
    if high > 1 && with(1) {
        while low + 1 < high {
            let middle = low.midpoint(high);
            if with(middle) { low = middle } else { high = middle }
        }
        return Save::Priority(low);
    }
    let own = &tasks[at].candidate;
    let usual = (setting.offers)(own);
    for other in others.iter().filter(|other| usual.iter().all(|known| known.account.name != other.name)) {
        let offers = |candidate: &Candidate| {
            if candidate.id == own.id { vec![Offer::any(other.clone())] } else { (setting.offers)(candidate) }
        };
        let mut alone = tasks.to_vec();
        // Of its own sort, so that nobody shares its accounts.
        alone[at].candidate.failed = Some(format!("not {}", other.name));
        if made(&alone, &Setting { offers: &offers, ..*setting }) {
            return Save::Account(other.name.clone());
        }
    }
    Save::Nothing
}

/// Whether a task has a place in the order: neither running nor in review.
pub fn startable(task: &Pending) -> bool {
    matches!(task.stands, Stands::Queued | Stands::Waiting(_))
}

/// What it and the longest way to it take, run by run.
fn work_left<'a>(tasks: &'a [Pending], at: usize, setting: &Setting<'a>) -> Duration {
    let mut estimates = Estimates::new(setting.known);
    let by_id: HashMap<_, _> = tasks.iter().enumerate().map(|(at, task)| (task.id(), at)).collect();
    // Breadth first over what comes before, bounded by the number of tasks: there are no circles.
    let mut longest = HashMap::from([(at, takes(&tasks[at], &mut estimates, setting.now))]);
    let mut open = VecDeque::from([at]);
    let mut most = longest[&at];
    let mut steps = 0;
    while let Some(later) = open.pop_front() {
        steps += 1;
        if steps > tasks.len() * 4 {
            break;
        }
        let so_far = longest[&later];
        for earlier in tasks[later].after.iter().filter_map(|id| by_id.get(id)) {
            let way = so_far + takes(&tasks[*earlier], &mut estimates, setting.now);
            if longest.get(earlier).is_none_or(|known| *known < way) {
                longest.insert(*earlier, way);
                most = most.max(way);
                open.push_back(*earlier);
            }
        }
    }
    most
}

fn takes<'a>(task: &'a Pending, estimates: &mut Estimates<'a>, now: Timestamp) -> Duration {
    let median = Duration::from_millis(estimates.median(task));
    match &task.stands {
        Stands::Running { since, .. } => median.saturating_sub(now.since(*since)),
        Stands::Review | Stands::Landing => Duration::ZERO,
        Stands::Queued | Stands::Waiting(_) => median,
    }
}
