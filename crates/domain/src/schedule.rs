//! Which queued tasks start now. Pure: the same candidates, load and limits give the same answer.

use std::collections::HashMap;

use crate::ids::TaskId;

/// A queued task, as the dispatcher sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The task.
    pub id: TaskId,
    /// Its project's name.
    pub project: String,
    /// A person waits for it at a terminal.
    pub hands_on: bool,
}

/// How many runs may live at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// On this daemon.
    pub total: usize,
    /// Per project; projects not named here have no limit of their own.
    pub projects: HashMap<String, usize>,
}

/// The tasks to start, in order. `candidates` come most urgent first (priority, then age); `running`
/// counts live runs by project. A project at its limit never holds back the others behind it, and a person who takes
/// over never waits for agents: theirs starts over the limits, and counts.
pub fn pick(candidates: &[Candidate], running: &HashMap<String, usize>, limits: &Limits) -> Vec<TaskId> {
    let mut room = limits.total.saturating_sub(running.values().sum());
    let mut load: HashMap<&str, usize> = running.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    let mut start = Vec::new();
    for candidate in candidates {
        if candidate.hands_on {
            start.push(candidate.id);
            continue;
        }
        if room == 0 {
            continue;
        }
        let here = load.entry(candidate.project.as_str()).or_default();
        if limits.projects.get(&candidate.project).is_some_and(|limit| *here >= *limit) {
            continue;
        }
        *here += 1;
        room -= 1;
        start.push(candidate.id);
    }
    start
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Timestamp;

    fn candidate(n: i64, project: &str) -> Candidate {
        Candidate { id: TaskId::new(Timestamp::from_millis(n)), project: project.into(), hands_on: false }
    }

    #[test]
    fn a_full_project_does_not_hold_back_the_next() {
        let candidates = [candidate(1, "a"), candidate(2, "a"), candidate(3, "b")];
        let limits = Limits { total: 3, projects: [("a".into(), 1)].into() };
        let started = pick(&candidates, &HashMap::new(), &limits);
        assert_eq!(started, [candidates[0].id, candidates[2].id]);
    }

    #[test]
    fn a_person_does_not_wait_for_agents() {
        let candidates = [candidate(1, "a"), Candidate { hands_on: true, ..candidate(2, "a") }];
        let limits = Limits { total: 1, projects: [("a".into(), 1)].into() };
        let started = pick(&candidates, &[("a".into(), 1)].into(), &limits);
        assert_eq!(started, [candidates[1].id]);
    }

    proptest! {
        #[test]
        fn never_over_a_limit_and_never_idle(
            projects in proptest::collection::vec(0u8..4, 0..40),
            busy in proptest::collection::vec(0u8..4, 0..10),
            total in 0usize..12,
            each in 1usize..4,
        ) {
            let candidates: Vec<_> =
                projects.iter().zip(0..).map(|(p, n)| candidate(n, &p.to_string())).collect();
            let mut running: HashMap<String, usize> = HashMap::new();
            for project in &busy {
                *running.entry(project.to_string()).or_default() += 1;
            }
            let limits = Limits { total, projects: (0..4).map(|p: u8| (p.to_string(), each)).collect() };
            let started = pick(&candidates, &running, &limits);
            prop_assert!(started.len() + busy.len() <= total.max(busy.len()));
            let mut load = running.clone();
            for id in &started {
                let project = &candidates.iter().find(|c| c.id == *id).unwrap().project;
                *load.entry(project.clone()).or_default() += 1;
                prop_assert!(load[project] <= each.max(running.get(project).copied().unwrap_or(0)));
            }
            // Whoever was left out was left out for a reason.
            for left in candidates.iter().filter(|c| !started.contains(&c.id)) {
                let full = load.get(&left.project).copied().unwrap_or(0) >= each;
                prop_assert!(full || load.values().sum::<usize>() >= total);
            }
        }
    }
}
