//! The loop: the clock jumps from one thing that happens to the next; what happens is settled, then whoever may start
//! does.

mod counting;
mod dispatch;
mod finish;
mod life;
mod person;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use domain::account::Standing;
use domain::estimate::Experience;
use domain::record::Record;
use domain::route::Rules;
use domain::supervise::calibrate::Pair;
use domain::supervise::{Policy, Settled, conclude::Facts};
use domain::{Account, Kind, NewTask, RunId, TaskId, TaskState, Timestamp, Work};

use crate::Report;
use crate::draw::{self, Luck};
use crate::report::Counts;
use crate::week::{self, Week};
use crate::window::Windows;

/// Whether an expression of the policy holds: its language is not the simulator's.
pub type Holds<'a> = &'a dyn Fn(&str, &Facts) -> bool;

/// Things that happen in one simulation, at most.
const MOST_STEPS: u32 = 1_000_000;

/// A task with its part in the week.
struct Job<'a> {
    id: TaskId,
    spec: &'a week::Tasks,
    arrives: Timestamp,
    after: Vec<usize>,
    /// Nothing before it has come.
    work: Option<Work>,
    live: Option<Live>,
    /// The whole of it, in tokens.
    whole: f64,
    /// What is left of a run that met a limit.
    left: Option<f64>,
    /// Times it went back to its agent, by whomever.
    again: u32,
    /// Whether the work that is there is good.
    good: bool,
    /// The verdict that waits for what becomes of it: raw score, agent.
    open: Option<(f64, String)>,
    done: Option<Timestamp>,
}

/// A run that lives.
struct Live {
    id: RunId,
    agent: String,
    account: String,
    since: Timestamp,
    ends: Timestamp,
    tokens: f64,
    booked: f64,
}

impl Live {
    /// Tokens a second.
    fn rate(&self) -> f64 {
        self.tokens / self.ends.since(self.since).as_secs_f64().max(0.001)
    }
}

/// An account: how it is configured, and how it is.
struct Purse {
    account: Account,
    windows: Windows,
    rate: f64,
    /// Whether work waits that could use it.
    wanted: bool,
}

struct World<'a> {
    week: &'a Week,
    holds: Holds<'a>,
    seed: u64,
    ends: Timestamp,
    now: Timestamp,
    seq: i64,
    jobs: Vec<Job<'a>>,
    by_id: HashMap<TaskId, usize>,
    rules: Rules,
    policy: Policy,
    purses: Vec<Purse>,
    standings: HashMap<String, Standing>,
    known: Experience,
    records: HashMap<(String, Kind), Vec<Record>>,
    /// What became of work, newest last, by project and agent.
    settled: HashMap<(String, String), Vec<Settled>>,
    pairs: Vec<Pair>,
    /// What each project used, in milliseconds, by day.
    used: BTreeMap<i64, HashMap<String, u64>>,
    /// Until when the person looks at something.
    looks_until: Timestamp,
    counts: Counts,
}

/// What comes of a week. The same seed draws the same luck.
pub fn simulate(week: &Week, seed: u64, holds: Holds<'_>) -> Report {
    let mut world = World::new(week, seed, holds, None);
    world.play(None);
    let missed = world.missed();
    // A deadline that is missed although nothing else was to be done could not be met by any plan.
    let alone = |job: &usize| {
        let mut world = World::new(week, seed, holds, Some(*job));
        world.play(Some(*job));
        world.is_in_time(*job)
    };
    let feasible: Vec<usize> = missed.iter().copied().filter(alone).collect();
    world.report(&missed, &feasible)
}

impl<'a> World<'a> {
    /// With `only`, nothing comes but that task and what it comes after.
    fn new(week: &'a Week, seed: u64, holds: Holds<'a>, only: Option<usize>) -> Self {
        let mut jobs = jobs(week, seed);
        if let Some(only) = only {
            let (mut wanted, mut open) = (HashSet::new(), vec![only]);
            while let Some(at) = open.pop() {
                if wanted.insert(at) {
                    open.extend(&jobs[at].after);
                }
            }
            for (at, job) in jobs.iter_mut().enumerate().filter(|(at, _)| !wanted.contains(at)) {
                debug_assert_ne!(at, only);
                job.arrives = Timestamp::from_millis(i64::MAX);
            }
        }
        let by_id = jobs.iter().enumerate().map(|(at, job)| (job.id, at)).collect();
        Self {
            holds,
            seed,
            ends: week.begins.plus(week.length),
            now: week.begins,
            seq: 0,
            jobs,
            by_id,
            rules: dispatch::rules(week),
            policy: week.policy.policy(),
            purses: week.agents.iter().flat_map(|(name, agent)| purses(name, agent, week.begins)).collect(),
            standings: HashMap::new(),
            known: Experience::default(),
            records: HashMap::new(),
            settled: HashMap::new(),
            pairs: Vec::new(),
            used: BTreeMap::new(),
            looks_until: week.begins,
            counts: Counts::default(),
            week,
        }
    }

    /// Until the end, or until that task is done.
    fn play(&mut self, until: Option<usize>) {
        for _ in 0..MOST_STEPS {
            self.settle();
            if until.is_some_and(|at| self.jobs[at].done.is_some()) {
                return;
            }
            match self.next() {
                Some(next) if next < self.ends => self.advance(next),
                _ => break,
            }
        }
        self.advance(self.ends);
    }

    /// Everything that is due now.
    fn settle(&mut self) {
        for n in 0..self.jobs.len() {
            if self.jobs[n].work.is_none() && self.jobs[n].arrives <= self.now {
                self.arrive(n);
            }
            self.wake(n);
        }
        self.look_at_accounts();
        for n in 0..self.jobs.len() {
            if self.jobs[n].live.as_ref().is_some_and(|live| live.ends <= self.now) {
                self.finish(n);
            }
        }
        self.meet_limits();
        self.person();
        self.dispatch();
    }

    /// Lets the time pass, and what runs use their accounts.
    fn advance(&mut self, to: Timestamp) {
        let (now, span) = (self.now, to.since(self.now));
        for live in self.jobs.iter_mut().filter_map(|job| job.live.as_mut()) {
            let tokens = (live.rate() * to.since(live.since).as_secs_f64()).min(live.tokens) - live.booked;
            live.booked += tokens;
            if let Some(purse) = self.purses.iter_mut().find(|purse| purse.account.name == live.account) {
                purse.windows.book(tokens, now);
            }
        }
        for purse in &mut self.purses {
            purse.windows.pass(span, purse.wanted.then_some(purse.rate));
            purse.windows.renew(to);
        }
        self.now = to;
    }

    /// When something happens next.
    fn next(&self) -> Option<Timestamp> {
        let mut next: Vec<Timestamp> = Vec::new();
        let mut looks = false;
        for job in &self.jobs {
            let Some(work) = &job.work else {
                next.push(job.arrives);
                continue;
            };
            next.extend(job.live.as_ref().map(|live| live.ends));
            next.extend(work.task.state.waiting().and_then(|waiting| waiting.until));
            looks |= work.task.state == TaskState::Review || !work.task.questions.is_empty();
        }
        for purse in &self.purses {
            next.extend(purse.windows.next());
            next.extend(self.full_at(purse));
        }
        next.extend(self.plans_again());
        next.extend(looks.then(|| self.looks_at()));
        let least = self.now.plus(Duration::from_millis(1));
        next.into_iter().min().map(|at| at.max(least))
    }

    /// When the first window of an account is full, as things go.
    fn full_at(&self, purse: &Purse) -> Option<Timestamp> {
        let live = self.jobs.iter().filter_map(|job| job.live.as_ref());
        let rate: f64 = live.filter(|live| live.account == purse.account.name).map(Live::rate).sum();
        let left = purse.windows.left();
        (rate > 0.0 && left.is_finite())
            .then(|| self.now.plus(Duration::from_secs_f64(left / rate) + Duration::from_millis(1)))
    }
}

fn purses(name: &str, agent: &week::Agent, begins: Timestamp) -> Vec<Purse> {
    let rate = 1000.0 / draw::seconds(1000.0, agent.tokens_per_second);
    let purse = |account: Account, windows: Windows| Purse { account, windows, rate, wanted: false };
    if agent.accounts.is_empty() {
        // A model of this machine does one thing at a time.
        let account = Account { concurrency: agent.local.then_some(1), ..Account::new(name, name) };
        return vec![purse(account, Windows::new(&BTreeMap::new(), 0.0, begins))];
    }
    let of = |(own, spec): (&String, &week::Account)| {
        let reserve = spec.reserve.clamp(0.0, 100.0) / 100.0;
        let account = Account {
            reserve,
            quiet: spec.quiet.clone(),
            concurrency: spec.concurrency,
            ..Account::new(format!("{name}/{own}"), name)
        };
        purse(account, Windows::new(&spec.windows, reserve, begins))
    };
    agent.accounts.iter().map(of).collect()
}

/// The tasks, in the order of the file.
fn jobs(week: &Week, seed: u64) -> Vec<Job<'_>> {
    let mut named: HashMap<(&str, u32), usize> = HashMap::new();
    let mut jobs: Vec<Job<'_>> = Vec::new();
    let guesses = Experience::default();
    for spec in &week.tasks {
        for round in 0..spec.count {
            let arrives = week.begins.plus(spec.at + spec.every.unwrap_or_default() * round);
            let find = |name: &str| named.get(&(name, round)).or_else(|| named.get(&(name, 0))).copied();
            let after = spec.after.iter().filter_map(|name| find(&name.value)).collect();
            if let Some(name) = &spec.name {
                named.insert((name, round), jobs.len());
            }
            let tokens = guesses.estimate("", "", spec.nature()).tokens;
            jobs.push(Job {
                id: draw::task_id(seed, jobs.len(), arrives),
                spec,
                arrives,
                after,
                work: None,
                live: None,
                whole: Luck::of(seed, jobs.len(), 0).tokens(tokens),
                left: None,
                again: 0,
                good: false,
                open: None,
                done: None,
            });
        }
    }
    jobs
}

/// What is asked for.
fn asked(job: &Job<'_>, week: &Week, after: Vec<TaskId>) -> NewTask {
    let project = &job.spec.project.value;
    let spec = &week.projects[project];
    let name = job.spec.name.as_deref().unwrap_or(job.spec.kind.as_str());
    NewTask {
        priority: job.spec.priority.as_ref().map_or(spec.priority.clamp(1, 9), |priority| priority.value),
        nature: job.spec.nature(),
        deadline: job.spec.deadline.map(|span| job.arrives.plus(span)),
        after,
        agent_by: domain::ChosenBy::Router,
        ..NewTask::new(project, project, format!("{name} in {project}"), "")
    }
}
