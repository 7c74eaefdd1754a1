//! Races: several agents do the same task, each as a task of its own, and the best verdict wins. The others are kept for
//! comparison. Here: who wins. Not here: what that does to their tasks (`work::racing`).

use std::cmp::{Ordering, Reverse};

use crate::check::CheckStatus;
use crate::ids::TaskId;
use crate::supervise::Verdict;
use crate::task::{Task, TaskState};

/// Agents that may race.
pub const MOST: usize = 6;

/// A racer, as far as winning goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Racer {
    /// Its task.
    pub id: TaskId,
    /// Supervision neither sends its work back nor asks.
    pub stands: bool,
    /// All its checks passed.
    pub passed: bool,
    /// That a person would merge it as it is.
    pub confidence: f64,
    /// US dollars at list price.
    pub cost_usd: f64,
    /// Lines changed.
    pub size: u32,
}

impl Racer {
    /// A task that came to work that can be looked at; nothing else wins.
    pub fn of(task: &Task) -> Option<Self> {
        if task.state != TaskState::Review || task.commit.is_none() || task.commit == task.base_commit {
            return None;
        }
        let verdict = task.supervised.verdict.as_ref();
        Some(Self {
            id: task.id,
            stands: verdict.is_none_or(Verdict::stands),
            passed: task.checks.iter().all(|check| check.status == CheckStatus::Passed),
            confidence: verdict.map_or(0.0, |verdict| verdict.confidence),
            cost_usd: task.usage.cost_usd,
            size: task.diff.map_or(0, |diff| diff.insertions.saturating_add(diff.deletions)),
        })
    }

    /// Best first: evidence before opinion, opinion before cost. Equal in all, the older one: the order stands.
    fn compare(&self, other: &Self) -> Ordering {
        (Reverse(self.passed), Reverse(self.stands))
            .cmp(&(Reverse(other.passed), Reverse(other.stands)))
            .then(other.confidence.total_cmp(&self.confidence))
            .then(self.cost_usd.total_cmp(&other.cost_usd))
            .then((self.size, self.id).cmp(&(other.size, other.id)))
    }
}

/// Whether a racer may still come to something by itself.
pub fn is_on(task: &Task) -> bool {
    matches!(task.state, TaskState::Queued | TaskState::Running | TaskState::Waiting(_))
}

/// Who wins, once nobody is on any more; nobody while one is, nor when nobody came to anything.
pub fn winner(tasks: &[Task]) -> Option<TaskId> {
    if tasks.iter().any(is_on) {
        return None;
    }
    tasks.iter().filter_map(Racer::of).min_by(Racer::compare).map(|best| best.id)
}

/// Why one won over the others, in a sentence.
pub fn sentence(winner: &Task, of: usize) -> String {
    let verdict = winner.supervised.verdict.as_ref();
    let confidence =
        verdict.map_or_else(String::new, |verdict| format!(", confidence {:.2}", verdict.confidence));
    let passed = winner.checks.iter().filter(|check| check.status == CheckStatus::Passed).count();
    let checks = match winner.checks.len() {
        0 => String::new(),
        n => format!(", {passed} of {n} checks passed"),
    };
    format!("{} won the race of {of}{confidence}{checks}", winner.asked.agent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Timestamp;

    fn racers() -> impl Strategy<Value = Vec<Racer>> {
        let one = (any::<bool>(), any::<bool>(), 0u8..4, 0u8..3, 0u32..3);
        proptest::collection::vec(one, 1..6).prop_map(|all| {
            let racer = |(n, (stands, passed, confidence, cost, size))| Racer {
                id: TaskId::new(Timestamp::from_millis(n)),
                stands,
                passed,
                confidence: f64::from(confidence) / 4.0,
                cost_usd: f64::from(cost),
                size,
            };
            (1..).zip(all).map(racer).collect()
        })
    }

    fn best(racers: &[Racer]) -> Racer {
        *racers.iter().min_by(|one, other| one.compare(other)).unwrap()
    }

    proptest! {
        #[test]
        fn who_wins_does_not_depend_on_the_order(racers in racers()) {
            let mut turned = racers.clone();
            turned.reverse();
            prop_assert_eq!(best(&racers).id, best(&turned).id);
        }

        #[test]
        fn failed_checks_never_win_over_passed_ones(racers in racers()) {
            let best = best(&racers);
            prop_assert!(best.passed || racers.iter().all(|racer| !racer.passed));
        }

        #[test]
        fn of_equals_the_more_confident_wins(racers in racers()) {
            let best = best(&racers);
            for other in racers.iter().filter(|one| (one.passed, one.stands) == (best.passed, best.stands)) {
                prop_assert!(other.confidence <= best.confidence);
            }
        }
    }
}
