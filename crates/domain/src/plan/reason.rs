//! Why a task runs, starts or waits, in one sentence that names the thing whose change would start it.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use super::forecast::Setting;
use super::order::Urgency;
use super::{Pending, Stands};
use crate::ids::TaskId;
use crate::schedule::{self, Credits, Fate, Hindrance};
use crate::task::WaitFor;

/// Why each of `tasks` stands where it does; the queued ones come in `order`. Nothing is changed: it says what the
/// dispatcher would do now.
pub fn reasons(
    tasks: &[Pending],
    (order, urgency): (&[usize], &Urgency),
    setting: &Setting<'_>,
) -> HashMap<TaskId, String> {
    let mut said = HashMap::with_capacity(tasks.len());
    let queued = order.iter().filter(|at| tasks[**at].is_queued()).map(|at| urgency.entrant(tasks, *at));
    let credits = Credits { standings: setting.standings, ledger: setting.ledger(tasks, urgency) };
    let at = (setting.now, setting.zone);
    schedule::each(queued, setting.load, setting.limits, setting.offers, credits, at, |candidate, fate| {
        said.insert(candidate.id, sentence(&candidate.project, &fate));
    });
    for task in tasks.iter().filter(|task| !task.is_queued()) {
        said.insert(task.id(), standing(task, setting.zone));
    }
    said
}

/// Of a task that is not in the queue.
fn standing(task: &Pending, zone: &TimeZone) -> String {
    match &task.stands {
        Stands::Queued => "is queued".into(),
        Stands::Running { since, account } => format!("runs on {account} since {}", since.local(zone)),
        Stands::Review => "is done and waits for your review".into(),
        Stands::Landing => "is approved and being merged".into(),
        Stands::Waiting(waiting) => match (waiting.on, waiting.until) {
            (WaitFor::Retry, Some(until)) => {
                format!("is tried again at {}: {}", until.local(zone), waiting.reason)
            }
            (WaitFor::Breakpoint, _) => format!("waits for your answer: {}", waiting.reason),
            _ => waiting.reason.clone(),
        },
    }
}

/// Of a queued task.
pub fn sentence(project: &str, fate: &Fate) -> String {
    match fate {
        Fate::Start(offer) => format!("starts now on {}", offer.account.name),
        Fate::Wait(_, reason) => reason.clone(),
        Fate::Stays(hindrance) => hindered(project, hindrance),
    }
}

fn hindered(project: &str, hindrance: &Hindrance) -> String {
    match hindrance {
        Hindrance::Review { waiting, limit } => {
            let are = if *waiting == 1 { "task of it is" } else { "tasks of it are" };
            format!(
                "nothing new starts in `{project}` before you review: {waiting} {are} ready (limit {limit})"
            )
        }
        Hindrance::Project { limit: 0, .. } => format!("`{project}` may run nothing (limit 0)"),
        Hindrance::Project { ahead: 0, limit: 1, .. } => {
            format!("starts as soon as the run of `{project}` ends")
        }
        Hindrance::Project { ahead: 0, limit, .. } => {
            format!("starts as soon as one of the {limit} runs of `{project}` ends")
        }
        Hindrance::Project { ahead, limit, total: None } => {
            format!("waits behind {} of `{project}` (limit {limit})", more_urgent(*ahead))
        }
        Hindrance::Project { ahead, limit, total: Some(total) } => {
            format!(
                "waits behind {}: {limit} of `{project}` and {total} in all run at once",
                more_urgent(*ahead)
            )
        }
        Hindrance::Places { ahead: 0, limit: 1 } => "starts as soon as the run that lives ends".into(),
        Hindrance::Places { ahead: 0, limit } => format!("starts as soon as one of {limit} runs ends"),
        Hindrance::Places { ahead, limit: 1 } => {
            format!("waits behind {}: one runs at a time", more_urgent(*ahead))
        }
        Hindrance::Places { ahead, limit } => {
            format!("waits behind {}: {limit} run at once", more_urgent(*ahead))
        }
        Hindrance::Gpu { ahead: 0, limit: 1 } => {
            "starts as soon as the graphics processor is free: one run uses it at a time".into()
        }
        Hindrance::Gpu { ahead: 0, limit } => {
            format!("starts as soon as one of {limit} graphics processors is free")
        }
        Hindrance::Gpu { ahead, limit } => {
            format!("waits behind {} for a graphics processor (limit {limit})", more_urgent(*ahead))
        }
        Hindrance::Account { ahead: 0, reason } => reason.clone(),
        Hindrance::Account { ahead, reason } => {
            format!("{reason}; {} wait for it, too", more_urgent(*ahead))
        }
    }
}

fn more_urgent(n: usize) -> String {
    if n == 1 { "one more urgent task".into() } else { format!("{n} more urgent tasks") }
}
