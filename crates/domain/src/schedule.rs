//! Which queued tasks start now, and on which account. Pure: the same candidates, load and limits give the same
//! answer.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::account::Standing;
use crate::ids::TaskId;
use crate::nature::Nature;
use crate::placement::{Choice, Offer, Placement, place};
use crate::run::Outcome;
use crate::task::ChosenBy;
use crate::time::Timestamp;
use crate::work::Work;

/// A queued task, as the dispatcher sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The task.
    pub id: TaskId,
    /// Its project's name.
    pub project: String,
    /// The agent it is for.
    pub agent: String,
    /// The model it asks for.
    pub model: Option<String>,
    /// The agent of its latest run, if that just failed: [`just_failed`].
    pub failed: Option<String>,
    /// A person waits for it at a terminal.
    pub hands_on: bool,
    /// Who chose the agent.
    pub agent_by: ChosenBy,
    /// What sort of work it is.
    pub nature: Nature,
    /// The agent whose session its next run goes on with.
    pub going_on: Option<String>,
}

impl Candidate {
    /// What the dispatcher would see of a task, its latest run included.
    pub fn of(work: &Work) -> Self {
        let task = &work.task;
        let latest = work.run.as_ref().map(|run| run.agent.clone());
        Self {
            id: task.id,
            project: task.asked.project.clone(),
            agent: task.asked.agent.clone(),
            model: task.model().map(ToOwned::to_owned),
            failed: latest.clone().filter(|_| {
                let outcome = work.run.as_ref().and_then(|run| run.state.outcome());
                just_failed(task.asked.agent_by, task.failures, outcome)
            }),
            hands_on: task.next.hands_on,
            agent_by: task.asked.agent_by,
            nature: task.asked.nature,
            going_on: latest.filter(|_| task.next.resume.is_some()),
        }
    }
}

/// Whether the agent of a task's latest run comes last now. A person's decision clears what failed before it, and with it
/// the agent they chose; whom nobody chose is not taken for the same again.
pub fn just_failed(by: ChosenBy, failures: u32, latest: Option<Outcome>) -> bool {
    let failed = matches!(latest, Some(Outcome::Failed | Outcome::TimedOut | Outcome::Lost));
    failures > 0 || (by == ChosenBy::Router && failed)
}

/// How many runs may live at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// On this daemon.
    pub total: usize,
    /// Per project; projects not named here have no limit of their own.
    pub projects: HashMap<String, usize>,
}

/// Runs that live.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// By project.
    pub projects: HashMap<String, usize>,
    /// By account.
    pub accounts: HashMap<String, usize>,
}

/// What becomes of a candidate.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It starts.
    Start(TaskId, Offer),
    /// No account may take it: it waits, until then at the longest.
    Wait(TaskId, Option<Timestamp>, String),
}

/// What is decided of `candidates`, which come most urgent first (priority, then age). A project at its limit
/// and an account that rests never hold back those behind them. `offers` gives the accounts a candidate may
/// use, best first; what is known of one that was never seen is nothing. A person who takes over never waits for
/// agents: theirs starts over the limits, on their agent's first account however that stands, and counts.
pub fn pick(
    candidates: &[Candidate],
    load: &Load,
    limits: &Limits,
    offers: impl Fn(&Candidate) -> Vec<Offer>,
    standings: &HashMap<String, Standing>,
    (now, zone): (Timestamp, &TimeZone),
) -> Vec<Decision> {
    let unseen = Standing::default();
    let mut load = load.clone();
    let mut room = limits.total.saturating_sub(load.projects.values().sum());
    let mut decisions = Vec::new();
    for candidate in candidates {
        if room == 0 && !candidate.hands_on {
            continue;
        }
        let here = load.projects.entry(candidate.project.clone()).or_default();
        let full = limits.projects.get(&candidate.project).is_some_and(|limit| *here >= *limit);
        if full && !candidate.hands_on {
            continue;
        }
        let mut offers = offers(candidate);
        if candidate.hands_on {
            offers.retain(|offer| offer.account.agent == candidate.agent);
        }
        let choices: Vec<_> = offers
            .iter()
            .map(|Offer { account, model }| Choice {
                account,
                model: model.as_deref(),
                standing: standings.get(&account.name).unwrap_or(&unseen),
                live: load.accounts.get(&account.name).copied().unwrap_or(0),
            })
            .collect();
        let placement = match offers.first().filter(|_| candidate.hands_on) {
            Some(offer) => Placement::On(offer.clone()),
            None => place(&choices, now, zone),
        };
        match placement {
            Placement::On(offer) => {
                *here += 1;
                *load.accounts.entry(offer.account.name.clone()).or_default() += 1;
                room = room.saturating_sub(1);
                decisions.push(Decision::Start(candidate.id, offer));
            }
            Placement::Wait { until, reason } => decisions.push(Decision::Wait(candidate.id, until, reason)),
            Placement::Soon => {}
        }
    }
    decisions
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::account::Account;

    fn candidate(n: i64, project: &str) -> Candidate {
        Candidate {
            id: TaskId::new(Timestamp::from_millis(n)),
            project: project.into(),
            agent: "claude".into(),
            model: None,
            failed: None,
            hands_on: false,
            agent_by: ChosenBy::Person,
            nature: Nature::default(),
            going_on: None,
        }
    }

    fn started(decisions: &[Decision]) -> Vec<TaskId> {
        let start = |decision: &Decision| match decision {
            Decision::Start(id, _) => Some(*id),
            Decision::Wait(..) => None,
        };
        decisions.iter().filter_map(start).collect()
    }

    fn pick_all(candidates: &[Candidate], running: &HashMap<String, usize>, limits: &Limits) -> Vec<TaskId> {
        let load = Load { projects: running.clone(), accounts: HashMap::new() };
        let account = |_: &Candidate| vec![Offer::any(Account::new("claude", "claude"))];
        let now = (Timestamp::from_millis(0), &TimeZone::UTC);
        started(&pick(candidates, &load, limits, account, &HashMap::new(), now))
    }

    #[test]
    fn a_full_project_does_not_hold_back_the_next() {
        let candidates = [candidate(1, "a"), candidate(2, "a"), candidate(3, "b")];
        let limits = Limits { total: 3, projects: [("a".into(), 1)].into() };
        assert_eq!(pick_all(&candidates, &HashMap::new(), &limits), [candidates[0].id, candidates[2].id]);
    }

    #[test]
    fn an_account_that_rests_holds_back_its_own_only() {
        let mut standings: HashMap<String, Standing> = HashMap::new();
        let until = Timestamp::from_millis(5000);
        standings.entry("a".into()).or_default().limited(Some(until), 0, Timestamp::from_millis(0));
        let candidates = [candidate(1, "a"), candidate(2, "b"), candidate(3, "b")];
        let limits = Limits { total: 3, projects: HashMap::new() };
        let account = |candidate: &Candidate| {
            let one = Account { concurrency: Some(1), ..Account::new(&candidate.project, "claude") };
            vec![Offer::any(one)]
        };
        let now = (Timestamp::from_millis(1), &TimeZone::UTC);
        let decisions = pick(&candidates, &Load::default(), &limits, account, &standings, now);
        assert!(
            matches!(&decisions[0], Decision::Wait(id, Some(at), _) if *id == candidates[0].id && *at == until)
        );
        assert_eq!(started(&decisions), [candidates[1].id], "and one at a time on an account that takes one");
    }

    #[test]
    fn a_person_does_not_wait_for_agents() {
        let candidates = [candidate(1, "a"), Candidate { hands_on: true, ..candidate(2, "a") }];
        let limits = Limits { total: 1, projects: [("a".into(), 1)].into() };
        assert_eq!(pick_all(&candidates, &[("a".into(), 1)].into(), &limits), [candidates[1].id]);
    }

    #[test]
    fn a_person_takes_the_first_account_of_their_agent_however_it_rests() {
        let now = Timestamp::from_millis(1);
        let mut standings: HashMap<String, Standing> = HashMap::new();
        standings.entry("claude".into()).or_default().limited(Some(Timestamp::from_millis(5000)), 0, now);
        let accounts = |_: &Candidate| {
            [("codex", "codex"), ("claude", "claude"), ("claude/two", "claude")]
                .map(|(name, agent)| Offer::any(Account::new(name, agent)))
                .to_vec()
        };
        let candidates = [Candidate { hands_on: true, ..candidate(1, "a") }];
        let limits = Limits { total: 0, projects: HashMap::new() };
        let at = (now, &TimeZone::UTC);
        let decisions = pick(&candidates, &Load::default(), &limits, accounts, &standings, at);
        assert_eq!(
            decisions,
            [Decision::Start(candidates[0].id, Offer::any(Account::new("claude", "claude")))]
        );
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
            let started = pick_all(&candidates, &running, &limits);
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
