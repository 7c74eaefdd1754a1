//! What will happen when: the tasks laid into the room there is, over the accounts' windows, with the estimates.
//!
//! The same order and the same rules as the dispatcher's, on a clock that jumps from end to end. It assumes that runs
//! take as long as half of their like did, that reviews and merges take no time, and that of a window which renews
//! nothing is used by others. What only a person can start has no time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::order::Estimates;
use super::{Pending, Stands};
use crate::account::{Account, Standing};
use crate::estimate::Experience;
use crate::ids::TaskId;
use crate::placement::Offer;
use crate::schedule::{Candidate, Limits, Load};
use crate::task::WaitFor;
use crate::time::Timestamp;

/// Nothing is said of what starts later.
pub const HORIZON: Duration = Duration::from_hours(24 * 14);
/// A run that is still live after its time is expected to take so much longer.
const OVERDUE: Duration = Duration::from_mins(5);

/// What the tasks are laid into.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// How many may run at once.
    pub limits: &'a Limits,
    /// What runs, and what waits for review.
    pub load: &'a Load,
    /// The accounts a task may use, best first.
    pub offers: &'a dyn Fn(&Candidate) -> Vec<Offer>,
    /// What is known of them.
    pub standings: &'a HashMap<String, Standing>,
    /// What runs take.
    pub known: &'a Experience,
    /// What each project used lately, in milliseconds.
    pub used: &'a HashMap<String, u64>,
    /// Now.
    pub now: Timestamp,
    /// The zone of quiet hours.
    pub zone: &'a TimeZone,
}

/// When a task runs, as far as can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Laid {
    /// When it starts, or did.
    pub start: Option<Timestamp>,
    /// When half of such runs would have ended.
    pub end: Option<Timestamp>,
    /// When four of five would.
    pub surely: Option<Timestamp>,
    /// On which account.
    pub account: Option<String>,
}

/// Lays `tasks` out; the ones that may start come in `order`. By their places in the slice. With `until` it stops
/// when that one is laid.
pub fn forecast(
    tasks: &[Pending],
    order: &[usize],
    setting: &Setting<'_>,
    until: Option<usize>,
) -> Vec<Laid> {
    let mut sim = Simulation::new(tasks, order, setting);
    let horizon = setting.now.plus(HORIZON);
    let laid = |sim: &Simulation<'_>| until.is_some_and(|at| sim.laid[at].end.is_some());
    loop {
        sim.settle();
        sim.start_all();
        if laid(&sim) {
            break;
        }
        match sim.next() {
            Some(next) if next <= horizon => sim.now = next,
            _ => break,
        }
    }
    sim.laid
}

/// Candidates that may use the same accounts, in the order in which they start.
struct Group {
    project: usize,
    /// With the model a run asks for there.
    accounts: Vec<(usize, Option<String>)>,
    /// By place in the order.
    ready: BinaryHeap<Reverse<usize>>,
}

/// The end of a run: when, which task, its account, its project.
type End = (Timestamp, usize, Option<usize>, usize);

struct Simulation<'a> {
    tasks: &'a [Pending],
    order: &'a [usize],
    setting: &'a Setting<'a>,
    now: Timestamp,
    laid: Vec<Laid>,
    estimates: Estimates<'a>,
    /// Places that are free; below zero where more run than may, as a person's own do.
    places: i64,
    /// Free places of each project, alike.
    projects: Vec<i64>,
    /// Each account with what is known of it and how many use it.
    accounts: Vec<(Account, Standing, usize)>,
    groups: Vec<Group>,
    /// The group of each task that is in the order, and its place there.
    place_of: Vec<Option<(usize, usize)>>,
    /// How much of what each comes after is still to be done.
    open: Vec<u32>,
    /// Who comes after each.
    behind: Vec<Vec<usize>>,
    ends: BinaryHeap<Reverse<End>>,
    /// Ends of waits.
    wakes: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// When an account that holds somebody back may be asked again.
    ask_again: Option<Timestamp>,
}

impl<'a> Simulation<'a> {
    fn new(tasks: &'a [Pending], order: &'a [usize], setting: &'a Setting<'a>) -> Self {
        let load = setting.load;
        let mut sim = Self {
            tasks,
            order,
            setting,
            now: setting.now,
            laid: vec![Laid::default(); tasks.len()],
            estimates: Estimates::new(setting.known),
            places: free(setting.limits.total, load.projects.values().sum()),
            projects: Vec::new(),
            accounts: Vec::new(),
            groups: Vec::new(),
            place_of: vec![None; tasks.len()],
            open: vec![0; tasks.len()],
            behind: Vec::new(),
            ends: BinaryHeap::new(),
            wakes: BinaryHeap::new(),
            ask_again: None,
        };
        sim.group();
        sim.link();
        for at in 0..tasks.len() {
            sim.place(at);
        }
        sim
    }

    fn group(&mut self) {
        let mut projects: HashMap<&str, usize> = HashMap::new();
        let mut names: HashMap<String, usize> = HashMap::new();
        let mut groups: HashMap<_, usize> = HashMap::new();
        let (tasks, setting) = (self.tasks, self.setting);
        for (place, at) in self.order.iter().enumerate() {
            let candidate = &tasks[*at].candidate;
            let key = candidate.sort(setting.limits.explore);
            let group = if let Some(group) = groups.get(&key) {
                *group
            } else {
                let project = *projects.entry(&candidate.project).or_insert_with(|| {
                    let live = setting.load.projects.get(&candidate.project).copied().unwrap_or(0);
                    let limit = setting.limits.projects.get(&candidate.project);
                    self.projects.push(limit.map_or(i64::MAX / 2, |limit| free(*limit, live)));
                    self.projects.len() - 1
                });
                let known = (setting.offers)(candidate);
                let accounts = known.into_iter().map(|Offer { account, model }| {
                    let place = *names.entry(account.name.clone()).or_insert_with(|| {
                        let standing = setting.standings.get(&account.name).cloned().unwrap_or_default();
                        let live = setting.load.accounts.get(&account.name).copied().unwrap_or(0);
                        self.accounts.push((account, standing, live));
                        self.accounts.len() - 1
                    });
                    (place, model)
                });
                let accounts = accounts.collect();
                self.groups.push(Group { project, accounts, ready: BinaryHeap::new() });
                groups.insert(key, self.groups.len() - 1);
                self.groups.len() - 1
            };
            self.place_of[*at] = Some((group, place));
        }
        // What runs and is not in the order ends on an account and in a project of somebody who waits.
        for (at, task) in tasks.iter().enumerate() {
            let Stands::Running { since, account } = &task.stands else { continue };
            let takes = Duration::from_millis(self.estimates.median(task));
            let high = Duration::from_millis(self.estimates.high(task));
            let end = since.plus(takes).max(setting.now.plus(OVERDUE));
            let project = projects.get(task.candidate.project.as_str()).copied().unwrap_or(usize::MAX);
            self.ends.push(Reverse((end, at, names.get(account).copied(), project)));
            self.laid[at] = Laid {
                start: Some(*since),
                end: Some(end),
                surely: Some(since.plus(high).max(end)),
                account: Some(account.clone()),
            };
        }
    }

    /// Who comes after whom. What is reviewed or merged counts as done.
    fn link(&mut self) {
        if self.tasks.iter().all(|task| task.after.is_empty()) {
            return;
        }
        let by_id: HashMap<TaskId, usize> =
            self.tasks.iter().enumerate().map(|(at, task)| (task.id(), at)).collect();
        self.behind = vec![Vec::new(); self.tasks.len()];
        for (at, task) in self.tasks.iter().enumerate() {
            for earlier in task.after.iter().filter_map(|id| by_id.get(id)) {
                if !self.tasks[*earlier].stands.is_worked_off() {
                    self.open[at] += 1;
                    self.behind[*earlier].push(at);
                }
            }
        }
    }

    /// Puts a task where it stands at the beginning.
    fn place(&mut self, at: usize) {
        let task = &self.tasks[at];
        let held = self.setting.limits.review.is_some_and(|limit| {
            let waiting = self.setting.load.reviews.get(&task.candidate.project).copied().unwrap_or(0);
            task.candidate.fresh && waiting >= limit
        });
        if held || task.stuck {
            return;
        }
        match &task.stands {
            Stands::Queued => self.ready(at),
            Stands::Waiting(waiting) => match (waiting.on, waiting.until) {
                (WaitFor::Dependency, _) if self.open[at] == 0 => self.ready(at),
                (WaitFor::Credits | WaitFor::Retry | WaitFor::Budget | WaitFor::Host, Some(until)) => {
                    self.wakes.push(Reverse((until, at)));
                }
                // Its wait ends with what it comes after, or by a person.
                _ => {}
            },
            Stands::Running { .. } | Stands::Review | Stands::Landing => {}
        }
    }

    fn ready(&mut self, at: usize) {
        if let Some((group, place)) = self.place_of[at] {
            self.groups[group].ready.push(Reverse(place));
        }
    }

    /// What happens at this moment: runs end, waits end, windows renew.
    fn settle(&mut self) {
        while let Some(Reverse((end, at, account, project))) = self.ends.peek().copied() {
            if end > self.now {
                break;
            }
            self.ends.pop();
            self.places += 1;
            if let Some(free) = self.projects.get_mut(project) {
                *free += 1;
            }
            if let Some(account) = account {
                self.accounts[account].2 = self.accounts[account].2.saturating_sub(1);
            }
            self.done(at);
        }
        while let Some(Reverse((until, at))) = self.wakes.peek().copied() {
            if until > self.now {
                break;
            }
            self.wakes.pop();
            self.ready(at);
        }
        for (_, standing, _) in &mut self.accounts {
            for window in &mut standing.windows {
                while !window.is_current(self.now) {
                    *window = window.next_period();
                }
            }
        }
    }

    fn done(&mut self, at: usize) {
        let behind = self.behind.get_mut(at).map(std::mem::take).unwrap_or_default();
        for later in behind {
            self.open[later] -= 1;
            let waits = matches!(&self.tasks[later].stands,
                Stands::Waiting(waiting) if waiting.on == WaitFor::Dependency);
            if self.open[later] == 0 && waits {
                self.place(later);
            }
        }
    }

    fn start_all(&mut self) {
        self.ask_again = None;
        let mut closed = vec![false; self.groups.len()];
        while self.places > 0 {
            let open = self.groups.iter().enumerate().filter(|(n, _)| !closed[*n]);
            let first = open.filter_map(|(n, group)| Some((group.ready.peek()?.0, n))).min();
            let Some((place, n)) = first else { return };
            let group = &self.groups[n];
            let account = if self.projects[group.project] <= 0 { None } else { self.account(n) };
            let Some(account) = account else {
                closed[n] = true;
                continue;
            };
            self.groups[n].ready.pop();
            self.start(self.order[place], n, account);
        }
    }

    /// The first account that would take a run of a group now.
    fn account(&mut self, group: usize) -> Option<usize> {
        let group = &self.groups[group];
        for (at, model) in &group.accounts {
            let (account, standing, live) = &self.accounts[*at];
            match standing.may_start(account, model.as_deref(), *live, self.now, self.setting.zone) {
                Ok(()) => return Some(*at),
                Err(hold) => {
                    let until = hold.until().filter(|until| *until > self.now);
                    self.ask_again = [self.ask_again, until].into_iter().flatten().min();
                }
            }
        }
        None
    }

    fn start(&mut self, at: usize, group: usize, account: usize) {
        let task = &self.tasks[at];
        let takes = Duration::from_millis(self.estimates.median(task).max(1));
        let surely = Duration::from_millis(self.estimates.high(task));
        let project = self.groups[group].project;
        let (known, standing, live) = &mut self.accounts[account];
        *live += 1;
        // It gets through: what was a guess is over.
        standing.proved(self.now);
        for window in &mut standing.windows {
            window.utilization =
                window.utilization.map(|used| (used + window.per_run.unwrap_or(0.0)).min(1.0));
        }
        self.places -= 1;
        self.projects[project] -= 1;
        let end = self.now.plus(takes);
        self.ends.push(Reverse((end, at, Some(account), project)));
        self.laid[at] = Laid {
            start: Some(self.now),
            end: Some(end),
            surely: Some(self.now.plus(surely).max(end)),
            account: Some(known.name.clone()),
        };
    }

    /// The next moment at which something may change.
    fn next(&self) -> Option<Timestamp> {
        let end = self.ends.peek().map(|Reverse((end, ..))| *end);
        let wake = self.wakes.peek().map(|Reverse((until, _))| *until);
        [end, wake, self.ask_again].into_iter().flatten().min().filter(|next| *next > self.now)
    }
}

fn free(limit: usize, live: usize) -> i64 {
    let whole = |n: usize| i64::try_from(n).unwrap_or(i64::MAX / 2);
    whole(limit) - whole(live)
}
