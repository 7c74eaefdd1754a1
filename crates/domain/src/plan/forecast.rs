//! What will happen when: the tasks laid into the room there is, over the accounts' windows, with the estimates.
//!
//! The same order and the same rules as the dispatcher's, on a clock that jumps from end to end. It assumes that runs
//! take as long as half of their like did, that reviews and merges take no time, and that of a window which renews
//! nothing is used by others. What only a person can start has no time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::ledger::Ledger;
use super::order::{BAND, Estimates, Urgency};
use super::{Pending, Stands};
use crate::account::{Account, Call, Credit, Share, Spoken, Standing};
use crate::estimate::Experience;
use crate::ids::TaskId;
use crate::placement::Offer;
use crate::schedule::{Candidate, Limits, Load, call};
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

impl<'a> Setting<'a> {
    /// Who wants which credits of `tasks`.
    pub(super) fn ledger(&self, tasks: &[Pending], urgency: &Urgency) -> Ledger<'a> {
        let first = |candidate: &Candidate| Some((self.offers)(candidate).into_iter().next()?.account.name);
        Ledger::of(tasks, urgency, self.known, first, self.now)
    }

    fn purse(&self, account: Account) -> Purse {
        let standing = self.standings.get(&account.name).cloned().unwrap_or_default();
        let live = self.load.accounts.get(&account.name).copied().unwrap_or(0);
        Purse { account, standing, live, runs: Vec::new(), spoken: Vec::new() }
    }
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
    (order, urgency): (&[usize], &Urgency),
    setting: &Setting<'_>,
    until: Option<usize>,
) -> Vec<Laid> {
    let mut sim = Simulation::new(tasks, (order, urgency), setting);
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
    /// Its tasks need a graphics processor.
    gpu: bool,
    project: usize,
    accounts: Vec<Place>,
    /// By place in the order.
    ready: BinaryHeap<Reverse<usize>>,
}

/// An account that a group may use.
struct Place {
    account: usize,
    /// The model a run asks for there.
    model: Option<String>,
    /// What a run takes there.
    share: Share,
    /// What a run asks of it that does not press.
    call: Call,
}

/// An account in the forecast.
struct Purse {
    account: Account,
    standing: Standing,
    /// How many use it.
    live: usize,
    /// When they end, how long they take in all, and how much.
    runs: Vec<(Timestamp, Share)>,
    /// Who will want it, by place in the tasks.
    spoken: Vec<(usize, Spoken)>,
}

impl Purse {
    /// What its live runs still take.
    fn rest(&self, now: Timestamp) -> Vec<Share> {
        let rest = |(end, share): &(Timestamp, Share)| share.rest(end.since(now));
        self.runs.iter().filter(|(end, _)| *end > now).map(rest).collect()
    }
}

/// The end of a run: when, which task, its account, its project.
type End = (Timestamp, usize, Option<usize>, usize);

struct Simulation<'a> {
    tasks: &'a [Pending],
    order: &'a [usize],
    urgency: &'a Urgency,
    ledger: Ledger<'a>,
    setting: &'a Setting<'a>,
    now: Timestamp,
    laid: Vec<Laid>,
    estimates: Estimates<'a>,
    /// Places that are free; below zero where more run than may, as a person's own do.
    places: i64,
    /// Free places of each project, alike.
    projects: Vec<i64>,
    /// Free graphics processors.
    gpu: i64,
    accounts: Vec<Purse>,
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
    fn new(
        tasks: &'a [Pending],
        (order, urgency): (&'a [usize], &'a Urgency),
        setting: &'a Setting<'a>,
    ) -> Self {
        let load = setting.load;
        let mut sim = Self {
            tasks,
            order,
            urgency,
            ledger: setting.ledger(tasks, urgency),
            setting,
            now: setting.now,
            laid: vec![Laid::default(); tasks.len()],
            estimates: Estimates::new(setting.known),
            places: free(setting.limits.total, load.projects.values().sum()),
            projects: Vec::new(),
            gpu: setting.limits.gpu.map_or(i64::MAX / 2, |limit| free(limit, load.gpu)),
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
            let entrant = self.urgency.entrant(tasks, *at);
            let key = (candidate.sort(setting.limits.explore), entrant.deadline.is_some());
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
                let first = known.first().map(|offer| offer.account.agent.clone());
                let places = known.into_iter().map(|Offer { account, model }| {
                    let share = self.ledger.share(candidate, &account.agent);
                    let call = call(entrant, &account, first.as_deref());
                    let at = *names.entry(account.name.clone()).or_insert_with(|| {
                        self.accounts.push(setting.purse(account));
                        self.accounts.len() - 1
                    });
                    Place { account: at, model, share, call }
                });
                let accounts = places.collect();
                let gpu = candidate.nature.gpu;
                self.groups.push(Group { project, gpu, accounts, ready: BinaryHeap::new() });
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
            if let Some(place) = names.get(account) {
                let share = self.ledger.share(&task.candidate, &task.candidate.agent);
                self.accounts[*place].runs.push((end, share));
            }
            self.ends.push(Reverse((end, at, names.get(account).copied(), project)));
            self.laid[at] = Laid {
                start: Some(*since),
                end: Some(end),
                surely: Some(since.plus(high).max(end)),
                account: Some(account.clone()),
            };
        }
    }

    /// Who will want which account: those for whom the dispatcher holds room.
    fn speak(&mut self) {
        let by_id: HashMap<TaskId, usize> =
            self.tasks.iter().enumerate().map(|(at, task)| (task.id(), at)).collect();
        for purse in &mut self.accounts {
            let spoken = self.ledger.spoken(&purse.account.name).iter();
            let spoken = spoken.filter_map(|one| Some((by_id.get(&one.id).copied()?, one.clone())));
            purse.spoken = spoken.collect();
        }
    }

    /// Who comes after whom. What is reviewed or merged counts as done.
    fn link(&mut self) {
        if self.tasks.iter().all(|task| task.after.is_empty()) {
            return;
        }
        self.speak();
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
            self.gpu += i64::from(self.tasks[at].candidate.nature.gpu);
            if let Some(free) = self.projects.get_mut(project) {
                *free += 1;
            }
            if let Some(account) = account {
                let (purse, now) = (&mut self.accounts[account], self.now);
                purse.live = purse.live.saturating_sub(1);
                purse.runs.retain(|(end, _)| *end > now);
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
        for purse in &mut self.accounts {
            for window in &mut purse.standing.windows {
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
            let full = self.projects[group.project] <= 0 || (group.gpu && self.gpu <= 0);
            let account = if full { None } else { self.account(n) };
            let Some(account) = account else {
                closed[n] = true;
                continue;
            };
            self.groups[n].ready.pop();
            self.start(self.order[place], n, account);
        }
    }

    /// The first account that would take the next run of a group now: its place in the group.
    fn account(&mut self, n: usize) -> Option<usize> {
        let group = &self.groups[n];
        let at = group.ready.peek().map(|Reverse(place)| self.order[*place])?;
        let points = self.urgency.points(at);
        for (place, Place { account, model, share, call }) in group.accounts.iter().enumerate() {
            let purse = &self.accounts[*account];
            // Where nothing is counted, nothing is held back.
            let counted = !purse.standing.windows.is_empty();
            let live = if counted { purse.rest(self.now) } else { Vec::new() };
            let spoken: Vec<Spoken> = purse
                .spoken
                .iter()
                .filter(|(other, one)| {
                    counted && one.points >= points + BAND && self.laid[*other].start.is_none()
                })
                .map(|(_, one)| one.clone())
                .collect();
            let paced = counted && *call != Call::Now && !self.presses(at, n);
            let call = if paced { *call } else { Call::Now };
            let credit = Credit { own: *share, live: &live, spoken: &spoken, call };
            let when = (self.now, self.setting.zone);
            match purse.standing.may_take(&purse.account, model.as_deref(), purse.live, credit, when) {
                Ok(()) => return Some(place),
                Err(hold) => {
                    let until = hold.until().filter(|until| *until > self.now);
                    self.ask_again = [self.ask_again, until].into_iter().flatten().min();
                }
            }
        }
        None
    }

    /// Whether a task would miss its deadline if it waited for the account that it would have first.
    fn presses(&self, at: usize, n: usize) -> bool {
        let (Some(deadline), Some(first)) = (self.urgency.deadline(at), self.groups[n].accounts.first())
        else {
            return false;
        };
        let purse = &self.accounts[first.account];
        let place = self.groups[n].ready.peek().map_or(0, |Reverse(place)| *place);
        let before = |group: &&Group| group.ready.peek().is_some_and(|Reverse(head)| *head < place);
        let same = self
            .groups
            .iter()
            .filter(|group| group.accounts.first().is_some_and(|other| other.account == first.account));
        let ahead = same.filter(before).map(|group| {
            let many = u32::try_from(group.ready.len()).unwrap_or(u32::MAX);
            group.accounts[0].share.takes.saturating_mul(many)
        });
        let busy = purse.runs.iter().map(|(end, _)| end.since(self.now)).sum::<Duration>();
        let places = u32::try_from(purse.account.concurrency.unwrap_or(1)).unwrap_or(u32::MAX).max(1);
        let wait = ahead.fold(busy, Duration::saturating_add) / places;
        let task = &self.tasks[at];
        let spread = self.ledger.takes(&task.candidate, &purse.account.agent);
        self.now.plus(wait).plus(Duration::from_millis(spread.high)) > deadline
    }

    fn start(&mut self, at: usize, group: usize, place: usize) {
        let Place { account, share, .. } = self.groups[group].accounts[place];
        let task = &self.tasks[at];
        let takes = Duration::from_millis(self.estimates.median(task).max(1));
        let surely = Duration::from_millis(self.estimates.high(task));
        let project = self.groups[group].project;
        let end = self.now.plus(takes);
        let purse = &mut self.accounts[account];
        purse.live += 1;
        // What it takes is taken off the windows below; it is no more to come.
        // It gets through: what was a guess is over.
        purse.standing.proved(self.now);
        for window in &mut purse.standing.windows {
            let took = window.per_run.unwrap_or(0.0) * share.likely;
            window.utilization = window.utilization.map(|used| (used + took).min(1.0));
        }
        self.places -= 1;
        self.gpu -= i64::from(task.candidate.nature.gpu);
        self.projects[project] -= 1;
        self.ends.push(Reverse((end, at, Some(account), project)));
        self.laid[at] = Laid {
            start: Some(self.now),
            end: Some(end),
            surely: Some(self.now.plus(surely).max(end)),
            account: Some(purse.account.name.clone()),
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
