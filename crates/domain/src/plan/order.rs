//! The order in which tasks start.
//!
//! A task's urgency is a number: its priority, how little slack its deadline leaves, and its age, so that whoever
//! waits long enough comes first whatever arrives ([`OVERTAKES`] bounds it). What others come after is at least as
//! urgent as the most urgent of them, and its deadline is early enough for them. Tasks of about the same urgency are
//! shared among projects: the one that used less lately goes first. The order says only who comes first; who may not
//! start (a full project, an account that rests) is passed over by the dispatcher and holds nobody back.

use std::collections::HashMap;
use std::time::Duration;

use super::{Pending, Stands};
use crate::estimate::Experience;
use crate::ids::TaskId;
use crate::nature::Nature;
use crate::schedule::Entrant;
use crate::time::Timestamp;

/// What one step of priority is worth.
const STEP: i64 = 1000;
/// How long a task waits to be worth a step more.
const STEP_OF_AGE: Duration = Duration::from_hours(24);
/// What a deadline without slack is worth.
const DEADLINE: i64 = 6 * STEP;
/// The slack that halves it.
const HALF: Duration = Duration::from_hours(12);
/// Tasks this close in urgency are equals among which projects share.
pub const BAND: i64 = STEP / 4;
/// A task that is so much older than another comes first, whatever their priorities and deadlines: 8 steps between
/// the priorities, 6 for the deadline, one to be sure of another band.
pub const OVERTAKES: Duration = Duration::from_hours(24 * 15);

/// How urgent each task is; by its place in the slice.
#[derive(Clone, Debug)]
pub struct Urgency {
    points: Vec<i64>,
    deadlines: Vec<Option<Timestamp>>,
    /// Milliseconds each is expected to take.
    takes: Vec<u64>,
}

impl Urgency {
    /// The number itself: more is more urgent.
    pub fn points(&self, at: usize) -> i64 {
        self.points[at]
    }

    /// A task on its way to the dispatcher.
    pub fn entrant<'a>(&self, tasks: &'a [Pending], at: usize) -> Entrant<'a> {
        Entrant { candidate: &tasks[at].candidate, points: self.points[at], deadline: self.deadlines[at] }
    }

    /// When it has to be done for itself and for all that comes after it.
    pub fn deadline(&self, at: usize) -> Option<Timestamp> {
        self.deadlines[at]
    }
}

/// How urgent each of `tasks` is now.
pub fn urgency(tasks: &[Pending], known: &Experience, now: Timestamp) -> Urgency {
    let mut estimates = Estimates::new(known);
    let takes: Vec<_> = tasks.iter().map(|task| estimates.of(task)).collect();
    let mut deadlines: Vec<_> = tasks.iter().map(|task| task.deadline).collect();
    let Chains { last_first, before } = Chains::of(tasks);
    // Those that come after others hand their deadline on to them, less what they take themselves.
    for at in &last_first {
        let Some(deadline) = deadlines[*at] else { continue };
        let until = deadline.minus(Duration::from_millis(takes[*at].1));
        for earlier in &before[at] {
            deadlines[*earlier] = Some(deadlines[*earlier].map_or(until, |known| known.min(until)));
        }
    }
    let rows = tasks.iter().zip(&deadlines).zip(&takes);
    let mut points: Vec<_> =
        rows.map(|((task, deadline), takes)| points(task, *deadline, takes.1, now)).collect();
    for at in &last_first {
        for earlier in &before[at] {
            points[*earlier] = points[*earlier].max(points[*at]);
        }
    }
    Urgency { points, deadlines, takes: takes.into_iter().map(|takes| takes.0).collect() }
}

/// Those that may start of `tasks`, the first first: their places in the slice. `used` is what each project used
/// lately, in milliseconds.
pub fn order(
    tasks: &[Pending],
    urgency: &Urgency,
    used: &HashMap<String, u64>,
    may_start: impl Fn(&Pending) -> bool,
) -> Vec<usize> {
    let mut names: HashMap<&str, usize> = HashMap::new();
    let mut served: Vec<u64> = Vec::new();
    let mut rows: Vec<Row> = Vec::with_capacity(tasks.len());
    for (at, task) in tasks.iter().enumerate().filter(|(_, task)| may_start(task)) {
        let name = task.candidate.project.as_str();
        let project = *names.entry(name).or_insert_with(|| {
            served.push(used.get(name).copied().unwrap_or(0));
            served.len() - 1
        });
        let points = urgency.points[at];
        rows.push(Row {
            // A person at a terminal is no matter of urgency.
            hands_on: task.candidate.hands_on,
            band: points.div_euclid(BAND),
            points,
            deadline: urgency.deadlines[at].unwrap_or(Timestamp::from_millis(i64::MAX)),
            id: task.id(),
            served: 0,
            project,
            at,
        });
    }
    rows.sort_unstable_by_key(|row| (!row.hands_on, -row.band, -row.points, row.deadline, row.id));
    // As in a fair queue: each project's tasks in their order, each at what its project will have used by then.
    for row in &mut rows {
        row.served = served[row.project];
        served[row.project] = row.served.saturating_add(urgency.takes[row.at].max(1));
    }
    rows.sort_unstable_by_key(|row| {
        (!row.hands_on, -row.band, row.served, -row.points, row.deadline, row.id)
    });
    rows.into_iter().map(|row| row.at).collect()
}

/// What each project used lately: `ended` of its ended runs, and what its live ones will have.
pub fn used(
    tasks: &[Pending],
    ended: &HashMap<String, u64>,
    known: &Experience,
    now: Timestamp,
) -> HashMap<String, u64> {
    let mut used = ended.clone();
    let mut estimates = Estimates::new(known);
    for task in tasks {
        if let Stands::Running { since, .. } = &task.stands {
            let takes =
                u64::try_from(now.since(*since).as_millis()).unwrap_or(u64::MAX).max(estimates.median(task));
            let used = used.entry(task.candidate.project.clone()).or_default();
            *used = used.saturating_add(takes);
        }
    }
    used
}

struct Row {
    hands_on: bool,
    band: i64,
    points: i64,
    deadline: Timestamp,
    id: TaskId,
    served: u64,
    project: usize,
    at: usize,
}

fn points(task: &Pending, deadline: Option<Timestamp>, takes: u64, now: Timestamp) -> i64 {
    let millis = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    let priority = (9 - i64::from(task.priority.clamp(1, 9))) * STEP;
    let age = millis(now.since(task.created_at)).min(millis(Duration::from_hours(24 * 3650)));
    let age = age * STEP / millis(STEP_OF_AGE);
    let pressing = deadline.map_or(0, |deadline| {
        let slack = millis(deadline.minus(Duration::from_millis(takes)).since(now));
        let slack = slack.min(millis(Duration::from_hours(24 * 3650)));
        DEADLINE * millis(HALF) / (millis(HALF) + slack)
    });
    priority + age + pressing
}

/// What comes after what, by places in the slice.
#[derive(Default)]
struct Chains {
    /// Those that come after something, each before what it comes after. What is in a circle (there is none) is left
    /// out.
    last_first: Vec<usize>,
    /// What each of those comes after.
    before: HashMap<usize, Vec<usize>>,
}

impl Chains {
    fn of(tasks: &[Pending]) -> Self {
        let mut named: HashMap<TaskId, Option<usize>> =
            tasks.iter().flat_map(|task| &task.after).map(|id| (*id, None)).collect();
        if named.is_empty() {
            return Self::default();
        }
        for (at, task) in tasks.iter().enumerate() {
            named.entry(task.id()).and_modify(|place| *place = Some(at));
        }
        let mut before: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut behind: HashMap<usize, u32> = HashMap::new();
        for (at, task) in tasks.iter().enumerate().filter(|(_, task)| !task.after.is_empty()) {
            let earlier: Vec<_> = task.after.iter().filter_map(|id| named.get(id).copied()?).collect();
            for earlier in &earlier {
                *behind.entry(*earlier).or_default() += 1;
            }
            before.insert(at, earlier);
        }
        let mut open: Vec<usize> = before.keys().copied().filter(|at| !behind.contains_key(at)).collect();
        let mut last_first = Vec::with_capacity(before.len());
        while let Some(at) = open.pop() {
            last_first.push(at);
            for earlier in &before[&at] {
                let Some(left) = behind.get_mut(earlier) else { continue };
                *left -= 1;
                if *left == 0 && before.contains_key(earlier) {
                    open.push(*earlier);
                }
            }
        }
        Self { last_first, before }
    }
}

/// Project, agent and nature: what an estimate depends on.
type Like<'a> = (&'a str, &'a str, Nature);

/// Estimates asked for again and again, as the middle and what four of five stay below: tasks come in few kinds.
pub(super) struct Estimates<'a> {
    known: &'a Experience,
    asked: HashMap<Like<'a>, (u64, u64)>,
}

impl<'a> Estimates<'a> {
    pub(super) fn new(known: &'a Experience) -> Self {
        Self { known, asked: HashMap::new() }
    }

    pub(super) fn median(&mut self, task: &'a Pending) -> u64 {
        self.of(task).0
    }

    pub(super) fn high(&mut self, task: &'a Pending) -> u64 {
        self.of(task).1
    }

    fn of(&mut self, task: &'a Pending) -> (u64, u64) {
        let like = (task.candidate.project.as_str(), task.candidate.agent.as_str(), task.nature);
        *self.asked.entry(like).or_insert_with(|| {
            let duration = self.known.estimate(like.0, like.1, like.2).duration;
            (duration.median, duration.high)
        })
    }
}
