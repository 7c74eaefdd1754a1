//! What is counted on the way: starts out of turn, credits that expire while work waits, deadlines.

use domain::plan::Pending;
use std::collections::HashSet;

use domain::plan::order::Urgency;
use domain::schedule::Candidate;
use domain::{Kind, TaskId, TaskState};

use super::World;
use crate::report::{self, Missed, Report, WindowUse};

/// A step of priority: who is so much less urgent and starts where another could have started is an inversion.
const INVERSION: i64 = 1000;

impl World<'_> {
    /// Counts starts on an account that a much more urgent task waits for: one that wanted it first and finds room
    /// everywhere else. Who waits for another account, and would only be helped out by this one, waits for that.
    pub(super) fn look_for_inversions(
        &mut self,
        backlog: &[Pending],
        urgency: &Urgency,
        started: &[(TaskId, String)],
    ) {
        if started.is_empty() {
            return;
        }
        let (load, limits) = (self.load(), self.limits());
        let known = self.agents(&load);
        let mut found = 0;
        for (at, task) in backlog.iter().enumerate().filter(|(_, task)| task.is_queued()) {
            let Some(n) = self.by_id.get(&task.id()).copied() else { continue };
            let state = self.jobs[n].work.as_ref().map(|work| &work.task.state);
            if state != Some(&TaskState::Queued) {
                continue;
            }
            let project = &task.candidate.project;
            let full = load.projects.get(project).copied().unwrap_or(0) >= limits.projects[project];
            let reviews = load.reviews.get(project).copied().unwrap_or(0);
            if full || limits.review.is_some_and(|limit| task.candidate.fresh && reviews >= limit) {
                continue;
            }
            let offers = self.route(&task.candidate, &known).offers();
            let Some(first) = offers.first().map(|offer| &offer.account) else { continue };
            let less = |id: &TaskId| {
                let place = backlog.iter().position(|other| other.id() == *id);
                place.is_some_and(|place| urgency.points(place) + INVERSION <= urgency.points(at))
            };
            let taken = |(id, account): &&(TaskId, String)| first.name == *account && less(id);
            found += u32::from(started.iter().any(|one| taken(&one)));
        }
        self.counts.inversions += found;
    }

    /// Tells each account whether work waits that could use it, with nothing else in its way.
    pub(super) fn look_for_waste(&mut self) {
        let (load, limits) = (self.load(), self.limits());
        let open = load.projects.values().sum::<usize>() < limits.total;
        let known = self.agents(&load);
        let room =
            |project: &str| load.projects.get(project).copied().unwrap_or(0) < limits.projects[project];
        let queued = self.jobs.iter().filter(|_| open).filter_map(|job| job.work.as_ref());
        let queued =
            queued.filter(|work| work.task.state == TaskState::Queued && room(&work.task.asked.project));
        let (mut seen, mut wanted) = (HashSet::new(), HashSet::new());
        for candidate in queued.map(Candidate::of) {
            // Those that are alike may use the same accounts.
            let like =
                (candidate.project.clone(), candidate.nature, candidate.agent_by, candidate.going_on.clone());
            if seen.insert(like) {
                let offers = self.route(&candidate, &known).offers();
                wanted.extend(offers.into_iter().map(|offer| offer.account.name));
            }
        }
        for purse in &mut self.purses {
            let live = load.accounts.get(&purse.account.name).copied().unwrap_or(0);
            let idle = purse.account.concurrency.is_none_or(|most| live < most);
            purse.wanted = idle && wanted.contains(&purse.account.name);
        }
    }

    /// Tasks whose deadline lies in the week and was missed.
    pub(super) fn missed(&self) -> Vec<usize> {
        let due = |n: &usize| self.deadline(*n).is_some_and(|deadline| deadline <= self.ends);
        (0..self.jobs.len()).filter(due).filter(|n| !self.is_in_time(*n)).collect()
    }

    fn deadline(&self, n: usize) -> Option<domain::Timestamp> {
        self.jobs[n].spec.deadline.map(|span| self.jobs[n].arrives.plus(span))
    }

    pub(super) fn is_in_time(&self, n: usize) -> bool {
        self.deadline(n).is_none_or(|deadline| self.jobs[n].done.is_some_and(|done| done <= deadline))
    }

    /// What came out, with the deadlines that were missed, and those of them that could have been met.
    pub(super) fn report(self, missed: &[usize], feasible: &[usize]) -> Report {
        let due = |n: &usize| self.deadline(*n).is_some_and(|deadline| deadline <= self.ends);
        let due = (0..self.jobs.len()).filter(due).count();
        let late = |n: &usize| Missed {
            task: self.title(*n),
            deadline: self.deadline(*n).map(|at| at.local(&self.week.zone)).unwrap_or_default(),
            done: self.jobs[*n].done.map(|at| at.local(&self.week.zone)),
        };
        let mut built = (0, 0);
        for job in self.jobs.iter().filter(|job| job.done.is_some() && job.spec.kind == Kind::Implementation)
        {
            let agent = job.work.as_ref().and_then(|work| work.run.as_ref()).map(|run| &run.agent);
            let local = agent.and_then(|name| self.week.agents.get(name)).is_some_and(|agent| agent.local);
            built = (built.0 + u32::from(local), built.1 + 1);
        }
        let windows = self.purses.iter().flat_map(|purse| {
            purse.windows.all.iter().map(|window| WindowUse {
                account: purse.account.name.clone(),
                window: window.name.clone(),
                periods: window.past.periods,
                used: window.past.used / f64::from(window.past.periods.max(1)),
                wasted: window.past.wasted,
                closed_hours: window.past.closed.as_secs_f64() / 3600.0,
            })
        });
        let windows = windows.collect();
        let took = self.jobs.iter().filter_map(|job| job.done.map(|done| done.since(job.arrives))).collect();
        let failed = |job: &&super::Job<'_>| {
            let state = job.work.as_ref().map(|work| &work.task.state);
            matches!(state, Some(TaskState::Failed | TaskState::Cancelled))
        };
        let failed = self.jobs.iter().filter(failed).count();
        report::of(
            self.week,
            &self.counts,
            report::Found {
                took,
                failed,
                due,
                impossible: missed.len() - feasible.len(),
                missed: feasible.iter().map(late).collect(),
                built,
                windows,
            },
        )
    }
}
