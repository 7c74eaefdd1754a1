//! What waits for a person, and in which order it is worth their time. Pure; what it looks like is the dashboard's.

use std::cmp::{Ordering, Reverse};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::ids::TaskId;
use crate::task::{Task, TaskState, WaitFor};
use crate::time::Timestamp;

/// A question that answers itself within this time comes before everything else: afterwards it cannot be answered.
const SOON: Duration = Duration::from_hours(1);

/// What a task needs a person for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// It asks something; its agent stands still meanwhile.
    Question,
    /// Its work is to be looked at.
    Review,
    /// It has used up what it may spend.
    Budget,
    /// It failed, and nothing tries it again.
    Failure,
}

impl Need {
    /// The word for the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Review => "review",
            Self::Budget => "budget",
            Self::Failure => "failure",
        }
    }

    /// What this task needs a person for, if for anything.
    pub fn of(task: &Task) -> Option<Self> {
        match &task.state {
            TaskState::Waiting(waiting) if waiting.on == WaitFor::Breakpoint => {
                task.questions.iter().any(|question| question.answer.is_none()).then_some(Self::Question)
            }
            // One that ends by itself needs nobody.
            TaskState::Waiting(waiting) if waiting.on == WaitFor::Budget && waiting.until.is_none() => {
                Some(Self::Budget)
            }
            TaskState::Review => Some(Self::Review),
            TaskState::Failed => Some(Self::Failure),
            _ => None,
        }
    }
}

/// What decides the place of a thing that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it needs.
    pub need: Need,
    /// How many tasks cannot start before it, directly or not.
    pub unblocks: usize,
    /// 1 (most urgent) to 9.
    pub priority: u8,
    /// When it is answered by itself.
    pub until: Option<Timestamp>,
    /// When it is to be done.
    pub deadline: Option<Timestamp>,
    /// Since when it waits.
    pub since: Timestamp,
}

impl Item {
    /// A task as a thing that waits for a person, if it does.
    pub fn of(task: &Task, unblocks: usize) -> Option<Self> {
        let open = task.questions.iter().filter(|question| question.answer.is_none());
        Some(Self {
            need: Need::of(task)?,
            unblocks,
            priority: task.asked.priority,
            until: open.filter_map(|question| question.until).min(),
            deadline: task.asked.deadline,
            since: task.updated_at,
        })
    }

    /// Which of two comes first: what would soon be decided without anybody; what the most waits for; what is most
    /// urgent; where an agent stands still; what is due first; what waits longest.
    pub fn compare(&self, other: &Self, now: Timestamp) -> Ordering {
        let soon = |item: &Self| item.until.filter(|until| *until <= now.plus(SOON));
        // Whoever has no time comes after all that do.
        let by_time =
            |one: Option<Timestamp>, two: Option<Timestamp>| (one.is_none(), one).cmp(&(two.is_none(), two));
        by_time(soon(self), soon(other))
            .then(Reverse(self.unblocks).cmp(&Reverse(other.unblocks)))
            .then(self.priority.cmp(&other.priority))
            .then(self.need.cmp(&other.need))
            .then_with(|| by_time(self.deadline, other.deadline))
            .then(self.since.cmp(&other.since))
    }
}

/// Who waits for whom.
#[derive(Debug, Default)]
pub struct Behind(HashMap<TaskId, Vec<TaskId>>);

impl Behind {
    /// From pairs of a task and one that it comes after.
    pub fn new(pairs: impl IntoIterator<Item = (TaskId, TaskId)>) -> Self {
        let mut behind: HashMap<TaskId, Vec<TaskId>> = HashMap::new();
        for (task, after) in pairs {
            behind.entry(after).or_default().push(task);
        }
        Self(behind)
    }

    /// How many tasks come after this one, each counted once.
    pub fn count(&self, task: TaskId) -> usize {
        let mut seen = HashSet::new();
        let mut open = vec![task];
        while let Some(at) = open.pop() {
            open.extend(self.0.get(&at).into_iter().flatten().filter(|next| seen.insert(**next)));
        }
        seen.remove(&task);
        seen.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minutes: u64) -> Timestamp {
        Timestamp::parse("2026-11-20T12:00:00Z").unwrap().plus(Duration::from_mins(minutes))
    }

    fn item(need: Need, unblocks: usize, priority: u8) -> Item {
        Item { need, unblocks, priority, until: None, deadline: None, since: at(0) }
    }

    #[test]
    fn what_goes_away_by_itself_then_what_unblocks_then_what_is_urgent() {
        let mut items = [
            ("failed", item(Need::Failure, 0, 5)),
            ("asks", item(Need::Question, 0, 5)),
            ("done", item(Need::Review, 0, 5)),
            ("done, due", Item { deadline: Some(at(90)), ..item(Need::Review, 0, 5) }),
            ("urgent", item(Need::Failure, 0, 1)),
            ("many wait", item(Need::Failure, 3, 9)),
            ("answers itself", Item { until: Some(at(30)), ..item(Need::Question, 0, 9) }),
            ("answers itself some day", Item { until: Some(at(3000)), ..item(Need::Question, 0, 9) }),
        ];
        items.sort_by(|one, other| one.1.compare(&other.1, at(0)));
        assert_eq!(
            items.map(|(name, _)| name),
            [
                "answers itself",
                "many wait",
                "urgent",
                "asks",
                "done, due",
                "done",
                "failed",
                "answers itself some day"
            ]
        );
    }

    #[test]
    fn each_task_behind_is_counted_once_and_circles_end() {
        let [a, b, c, d] = [1, 2, 3, 4].map(|n| TaskId::new(at(n)));
        // A diamond, and a circle back.
        let behind = Behind::new([(b, a), (c, a), (d, b), (d, c), (a, d)]);
        assert_eq!((behind.count(a), behind.count(d)), (3, 3));
        assert_eq!(Behind::default().count(a), 0);
    }

    fn any_item() -> impl Strategy<Value = Item> {
        let need = prop::sample::select(vec![Need::Question, Need::Review, Need::Budget, Need::Failure]);
        let time = || prop::option::of(0..200_u64);
        (need, 0..3_usize, 1..4_u8, time(), time(), 0..5_u64).prop_map(
            |(need, unblocks, priority, until, deadline, since)| Item {
                need,
                unblocks,
                priority,
                until: until.map(at),
                deadline: deadline.map(at),
                since: at(since),
            },
        )
    }

    proptest! {
        #[test]
        fn it_is_an_order(one in any_item(), two in any_item(), three in any_item()) {
            let compare = |a: &Item, b: &Item| a.compare(b, at(0));
            prop_assert_eq!(compare(&one, &two), compare(&two, &one).reverse());
            if compare(&one, &two).is_le() && compare(&two, &three).is_le() {
                prop_assert!(compare(&one, &three).is_le());
            }
        }
    }
}
