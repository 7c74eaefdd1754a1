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
const BAND: i64 = STEP / 4;
/// A task that is so much older than another comes first, whatever their priorities and deadlines: 8 steps between
/// the priorities, 6 for the deadline, one to be sure of another band.
pub const OVERTAKES: Duration = Duration::from_hours(24 * 15);

/// How urgent each task is; by its place in the slice.
#[derive(Clone, Debug)]
pub struct Urgency {
    points: Vec<i64>,
    deadlines: Vec<Option<Timestamp>>,
}

impl Urgency {
    /// The number itself: more is more urgent.
    pub fn points(&self, at: usize) -> i64 {
        self.points[at]
    }

    /// When it has to be done for itself and for all that comes after it.
    pub fn deadline(&self, at: usize) -> Option<Timestamp> {
        self.deadlines[at]
    }
}

/// How urgent each of `tasks` is now.
pub fn urgency(tasks: &[Pending], known: &Experience, now: Timestamp) -> Urgency {
    let mut estimates = Estimates::new(known);
    let mut deadlines: Vec<_> = tasks.iter().map(|task| task.deadline).collect();
    let last_first = last_first(tasks);
    let by_id: HashMap<TaskId, usize> = if last_first.is_empty() {
        HashMap::new()
    } else {
        tasks.iter().enumerate().map(|(at, task)| (task.id(), at)).collect()
    };
    // Those that come after others hand their deadline on to them, less what they take themselves.
    for at in &last_first {
        let Some(deadline) = deadlines[*at] else { continue };
        let before = deadline.minus(Duration::from_millis(estimates.high(&tasks[*at])));
        for earlier in tasks[*at].after.iter().filter_map(|id| by_id.get(id)) {
            deadlines[*earlier] = Some(deadlines[*earlier].map_or(before, |known| known.min(before)));
        }
    }
    let own = |(task, deadline): (&Pending, &Option<Timestamp>)| {
        let takes = deadline.map_or(0, |_| estimates.high(task));
        points(task, *deadline, takes, now)
    };
    let mut points: Vec<_> = tasks.iter().zip(&deadlines).map(own).collect();
    for at in &last_first {
        for earlier in tasks[*at].after.iter().filter_map(|id| by_id.get(id)) {
            points[*earlier] = points[*earlier].max(points[*at]);
        }
    }
    Urgency { points, deadlines }
}

/// Those that may start of `tasks`, the first first: their places in the slice. `used` is what each project used
/// lately, in milliseconds.
pub fn order(
    tasks: &[Pending],
    urgency: &Urgency,
    used: &HashMap<String, u64>,
    known: &Experience,
    may_start: impl Fn(&Pending) -> bool,
) -> Vec<usize> {
    let mut estimates = Estimates::new(known);
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
        served[row.project] = row.served.saturating_add(estimates.median(&tasks[row.at]).max(1));
    }
    rows.sort_by_key(|row| (!row.hands_on, -row.band, row.served, -row.points, row.deadline, row.id));
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

/// Those that come after something, each before what it comes after. What is in a circle (there is none) is left
/// where it is met.
fn last_first(tasks: &[Pending]) -> Vec<usize> {
    if tasks.iter().all(|task| task.after.is_empty()) {
        return Vec::new();
    }
    let by_id: HashMap<TaskId, usize> = tasks.iter().enumerate().map(|(at, task)| (task.id(), at)).collect();
    let mut behind = vec![0u32; tasks.len()];
    for earlier in tasks.iter().flat_map(|task| &task.after).filter_map(|id| by_id.get(id)) {
        behind[*earlier] += 1;
    }
    let mut open: Vec<usize> =
        (0..tasks.len()).filter(|at| behind[*at] == 0 && !tasks[*at].after.is_empty()).collect();
    let mut sorted = Vec::new();
    while let Some(at) = open.pop() {
        sorted.push(at);
        for earlier in tasks[at].after.iter().filter_map(|id| by_id.get(id)) {
            behind[*earlier] -= 1;
            if behind[*earlier] == 0 {
                open.push(*earlier);
            }
        }
    }
    sorted
}

/// Project, agent and nature: what an estimate depends on.
type Like = (String, String, Nature);

/// Estimates asked for again and again, as the middle and what four of five stay below: tasks come in few kinds.
pub(super) struct Estimates<'a> {
    known: &'a Experience,
    asked: HashMap<Like, (u64, u64)>,
    last: Option<(Like, (u64, u64))>,
}

impl<'a> Estimates<'a> {
    pub(super) fn new(known: &'a Experience) -> Self {
        Self { known, asked: HashMap::new(), last: None }
    }

    pub(super) fn median(&mut self, task: &Pending) -> u64 {
        self.of(task).0
    }

    pub(super) fn high(&mut self, task: &Pending) -> u64 {
        self.of(task).1
    }

    fn of(&mut self, task: &Pending) -> (u64, u64) {
        let candidate = &task.candidate;
        if let Some((key, spread)) = &self.last
            && (key.0 == candidate.project && key.1 == candidate.agent && key.2 == task.nature)
        {
            return *spread;
        }
        let key = (candidate.project.clone(), candidate.agent.clone(), task.nature);
        let known = self.known;
        let spread = *self.asked.entry(key.clone()).or_insert_with(|| {
            let duration = known.estimate(&key.0, &key.1, key.2).duration;
            (duration.median, duration.high)
        });
        self.last = Some((key, spread));
        spread
    }
}
