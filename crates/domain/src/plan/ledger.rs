//! Who wants which credits: what live runs still take of each account, and what more urgent work will want of it that
//! cannot start yet. Made of the plan's tasks before a round; `schedule` and the forecast ask it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use super::order::Urgency;
use super::{Pending, Stands};
use crate::account::{Call, Credit, Share, Spoken};
use crate::estimate::{Experience, Spread};
use crate::ids::TaskId;
use crate::nature::Nature;
use crate::schedule::Candidate;
use crate::task::WaitFor;
use crate::time::Timestamp;

/// Tasks for which room is held, at most: the most urgent ones.
pub const MOST_SPOKEN: usize = 64;

/// Project, agent and nature, and what such a run takes.
type Known = HashMap<(String, String, Nature), (Spread, (f64, f64))>;

/// What is known of who wants which credits. The default knows nothing and holds nothing back.
#[derive(Clone, Default)]
pub struct Ledger<'a> {
    known: Option<&'a Experience>,
    live: HashMap<String, Vec<Share>>,
    spoken: HashMap<String, Vec<Spoken>>,
    asked: RefCell<Known>,
}

impl<'a> Ledger<'a> {
    /// Of `tasks`; `first` says on which account a task would go, if it could.
    pub fn of(
        tasks: &[Pending],
        urgency: &Urgency,
        known: &'a Experience,
        first: impl Fn(&Candidate) -> Option<String>,
        now: Timestamp,
    ) -> Self {
        let mut ledger = Self { known: Some(known), ..Self::default() };
        for task in tasks {
            let Stands::Running { since, account } = &task.stands else { continue };
            let share = ledger.share(&task.candidate, &task.candidate.agent);
            let rest = share.rest(share.takes.saturating_sub(now.since(*since)));
            ledger.live.entry(account.clone()).or_default().push(rest);
        }
        for at in soon(tasks, urgency) {
            let task = &tasks[at];
            let Some(account) = first(&task.candidate) else { continue };
            // `AGENT` or `AGENT/NAME`.
            let agent = account.split('/').next().unwrap_or(&account).to_owned();
            let share = ledger.share(&task.candidate, &agent);
            ledger.spoken.entry(account).or_default().push(Spoken {
                id: task.id(),
                name: crate::dependency::named(&task.title, task.id()),
                points: urgency.points(at),
                share,
            });
        }
        ledger
    }

    /// What a run of a task by an agent would take.
    pub fn share(&self, candidate: &Candidate, agent: &str) -> Share {
        let (spread, (likely, weight)) = self.look_up(candidate, agent);
        let takes =
            if self.known.is_some() { Duration::from_millis(spread.median.max(1)) } else { Duration::ZERO };
        Share { takes, weight, likely }
    }

    /// How long a run of a task by an agent would take.
    pub fn takes(&self, candidate: &Candidate, agent: &str) -> Spread {
        self.look_up(candidate, agent).0
    }

    fn look_up(&self, candidate: &Candidate, agent: &str) -> (Spread, (f64, f64)) {
        let Some(known) = self.known else { return (Spread::default(), (1.0, 1.0)) };
        let like = (candidate.project.clone(), agent.to_owned(), candidate.nature);
        *self.asked.borrow_mut().entry(like).or_insert_with_key(|(project, agent, nature)| {
            let estimate = known.estimate(project, agent, *nature);
            (estimate.duration, known.weight(agent, estimate))
        })
    }

    /// What is known of the credits of a run of that urgency on an account.
    pub fn credit(&self, own: Share, account: &str, points: i64, call: Call) -> Credit<'_> {
        let spoken = self.spoken(account);
        // The most urgent first: those that are more so.
        let more = spoken.partition_point(|other| other.points >= points + super::order::BAND);
        Credit {
            own,
            live: self.live.get(account).map_or(&[][..], Vec::as_slice),
            spoken: &spoken[..more],
            call,
        }
    }

    /// How long an account is taken by the runs that live there, one after another.
    pub fn busy(&self, account: &str) -> Duration {
        self.live.get(account).into_iter().flatten().map(|share| share.takes).sum()
    }

    /// The work that will want an account, the most urgent first.
    pub fn spoken(&self, account: &str) -> &[Spoken] {
        self.spoken.get(account).map_or(&[], Vec::as_slice)
    }

    /// A task waits for the runs that live there: less urgent ones do not take the room that they leave. Nor that in a window,
    /// where it waits for one.
    pub fn wait(&mut self, account: &str, task: TaskId, points: i64, share: Share) {
        let spoken = self.spoken.entry(account.to_owned()).or_default();
        let at = spoken.partition_point(|other| other.points >= points);
        let name = format!("another task ({})", task.short());
        spoken.insert(at, Spoken { id: task, name, points, share });
        spoken.truncate(MOST_SPOKEN);
    }

    /// A run started there.
    pub fn start(&mut self, account: &str, share: Share) {
        self.live.entry(account.to_owned()).or_default().push(share);
    }
}

/// Those that start as soon as what runs or is looked at is done, the most urgent first: places in the slice.
fn soon(tasks: &[Pending], urgency: &Urgency) -> Vec<usize> {
    let waits = |task: &Pending| {
        let waits = matches!(&task.stands, Stands::Waiting(waiting) if waiting.on == WaitFor::Dependency);
        waits && !task.stuck
    };
    if !tasks.iter().any(waits) {
        return Vec::new();
    }
    let by_id: HashMap<_, _> = tasks.iter().enumerate().map(|(at, task)| (task.id(), at)).collect();
    let begun = |task: &Pending| {
        task.after.iter().filter_map(|id| by_id.get(id)).all(|at| {
            tasks[*at].stands.is_worked_off() || matches!(tasks[*at].stands, Stands::Running { .. })
        })
    };
    let mut found: Vec<_> = (0..tasks.len()).filter(|at| waits(&tasks[*at]) && begun(&tasks[*at])).collect();
    found.sort_unstable_by_key(|at| (-urgency.points(*at), tasks[*at].id()));
    found.truncate(MOST_SPOKEN);
    found
}
