//! Which queued tasks start now, and on which account; and what holds back the others. Pure: the same candidates,
//! load and limits give the same answer.

use std::collections::HashMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::account::{Account, Call, Credit, Hold, Share, Standing};
use crate::ids::TaskId;
use crate::nature::Nature;
use crate::placement::{Choice, Offer, Placement, place, short_holds};
use crate::plan::ledger::Ledger;
use crate::route;
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
    /// It never ran: it would be one more to review.
    pub fresh: bool,
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
            fresh: task.attempt == 0,
        }
    }

    /// All of it but which task it is: candidates that are alike in this may use the same accounts. One that may try another
    /// agent than its like is alone.
    pub(crate) fn sort(&self, explore: f64) -> impl std::hash::Hash + Eq + use<'_> {
        // Every field is named here, so that a new one is thought of.
        let Self { id, project, agent, model, failed, hands_on, agent_by, nature, going_on, fresh } = self;
        let alone = (route::draw(*id) < explore).then_some(*id);
        (project, agent, model, failed, hands_on, agent_by, nature, going_on, fresh, alone)
    }
}

/// Whether the agent of a task's latest run comes last now. A person's decision clears what failed before it, and with it
/// the agent they chose; whom nobody chose is not taken for the same again.
pub fn just_failed(by: ChosenBy, failures: u32, latest: Option<Outcome>) -> bool {
    let failed = matches!(latest, Some(Outcome::Failed | Outcome::TimedOut | Outcome::Lost));
    failures > 0 || (by == ChosenBy::Router && failed)
}

/// How many runs may live at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// On this daemon.
    pub total: usize,
    /// Per project; projects not named here have no limit of their own.
    pub projects: HashMap<String, usize>,
    /// Runs whose tasks need a graphics processor; there are that many.
    pub gpu: Option<usize>,
    /// Nothing new starts in a project while so many of its tasks wait for review.
    pub review: Option<usize>,
    /// The share of tasks that may try another agent than their like, 0 to 1.
    pub explore: f64,
}

/// Runs that live, and work that waits for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Runs by project.
    pub projects: HashMap<String, usize>,
    /// Runs by account.
    pub accounts: HashMap<String, usize>,
    /// Runs whose tasks need a graphics processor.
    pub gpu: usize,
    /// Tasks in review by project.
    pub reviews: HashMap<String, usize>,
}

/// What becomes of a candidate.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It starts.
    Start(TaskId, Offer),
    /// No account may take it: it waits, until then at the longest.
    Wait(TaskId, Option<Timestamp>, String),
}

/// What becomes of a candidate, also of one that stays in the queue.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It starts.
    Start(Offer),
    /// No account may take it: it waits, until then at the longest.
    Wait(Option<Timestamp>, String),
    /// It stays.
    Stays(Hindrance),
}

/// What holds back a candidate that stays in the queue. `ahead` counts the more urgent ones that it holds back, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// As many tasks of the project wait for review as may.
    Review {
        /// How many do.
        waiting: usize,
        /// How many may.
        limit: usize,
    },
    /// As many runs of the project live as may.
    Project {
        /// More urgent ones.
        ahead: usize,
        /// How many may live.
        limit: usize,
        /// How many may live in all, where that is reached, too.
        total: Option<usize>,
    },
    /// As many runs live as may.
    Places {
        /// More urgent ones.
        ahead: usize,
        /// How many may live.
        limit: usize,
    },
    /// As many runs use a graphics processor as there are.
    Gpu {
        /// More urgent ones that need one.
        ahead: usize,
        /// How many there are.
        limit: usize,
    },
    /// All its accounts are in use.
    Account {
        /// More urgent ones for the same accounts.
        ahead: usize,
        /// Each account with its reason, for people.
        reason: String,
    },
}

/// A candidate with its place in the plan; without one it holds nobody back and is in no hurry.
#[derive(Clone, Copy, Debug)]
pub struct Entrant<'a> {
    /// The task.
    pub candidate: &'a Candidate,
    /// How urgent it is.
    pub points: i64,
    /// When it has to be done for itself and for all that comes after it.
    pub deadline: Option<Timestamp>,
}

impl<'a> From<&'a Candidate> for Entrant<'a> {
    fn from(candidate: &'a Candidate) -> Self {
        Self { candidate, points: i64::MAX / 2, deadline: None }
    }
}

/// What is known of the accounts: how they stand, and who wants their credits.
pub struct Credits<'a> {
    /// How they stand.
    pub standings: &'a HashMap<String, Standing>,
    /// Who wants them.
    pub ledger: Ledger<'a>,
}

impl<'a> From<&'a HashMap<String, Standing>> for Credits<'a> {
    fn from(standings: &'a HashMap<String, Standing>) -> Self {
        Self { standings, ledger: Ledger::default() }
    }
}

/// What starts of `candidates`, which come the first first, and what waits instead of standing in the queue.
pub fn pick<'a>(
    candidates: impl IntoIterator<Item = impl Into<Entrant<'a>>>,
    load: &Load,
    limits: &Limits,
    offers: impl Fn(&Candidate) -> Vec<Offer>,
    credits: impl Into<Credits<'a>>,
    at: (Timestamp, &TimeZone),
) -> Vec<Decision> {
    let mut decisions = Vec::new();
    each(candidates, load, limits, offers, credits, at, |candidate, fate| match fate {
        Fate::Start(offer) => decisions.push(Decision::Start(candidate.id, offer)),
        Fate::Wait(until, reason) => decisions.push(Decision::Wait(candidate.id, until, reason)),
        Fate::Stays(_) => {}
    });
    decisions
}

/// Tells what becomes of each of `candidates`, which come the first first. A project at its limit and an account
/// that rests never hold back those behind them. `offers` gives the accounts a candidate may use, best first; what
/// is known of one that was never seen is nothing. A person who takes over never waits for agents: theirs starts over
/// the limits, on their agent's first account however that stands, and counts.
pub fn each<'a>(
    candidates: impl IntoIterator<Item = impl Into<Entrant<'a>>>,
    load: &Load,
    limits: &Limits,
    offers: impl Fn(&Candidate) -> Vec<Offer>,
    credits: impl Into<Credits<'a>>,
    at: (Timestamp, &TimeZone),
    mut tell: impl FnMut(&'a Candidate, Fate),
) {
    let mut room = Room::new(load, limits, credits.into());
    // What no account may take now, none may take later in the same round: they only fill up.
    let mut closed: HashMap<_, (Placement, String)> = HashMap::new();
    let mut wanted: HashMap<_, Wanted> = HashMap::new();
    let mut behind: HashMap<String, usize> = HashMap::new();
    let mut stays = |reason: &str| {
        let behind = behind.entry(reason.to_owned()).or_default();
        *behind += 1;
        Fate::Stays(Hindrance::Account { ahead: *behind - 1, reason: reason.to_owned() })
    };
    for entrant in candidates {
        let entrant: Entrant<'a> = entrant.into();
        let candidate = entrant.candidate;
        if let Some(hindrance) = room.hindrance(candidate).filter(|_| !candidate.hands_on) {
            tell(candidate, Fate::Stays(hindrance));
            continue;
        }
        let sort = || (candidate.sort(limits.explore), entrant.deadline.is_some());
        let mut presses = wanted.get(&sort()).is_some_and(|first| room.presses(entrant, first, at.0));
        let (placement, reason) = if let Some(known) = closed.get(&(sort(), presses)) {
            known.clone()
        } else {
            let offers = offers(candidate);
            let first = room.wanted(candidate, &offers);
            presses = first.as_ref().is_some_and(|first| room.presses(entrant, first, at.0));
            wanted.extend(first.map(|first| (sort(), first)));
            let placed = room.place(entrant, &offers, presses, at);
            room.wait(entrant, &offers, &placed.0, at);
            placed
        };
        room.queue(wanted.get(&sort()));
        match placement {
            Placement::On(offer) => {
                room.take(candidate, &offer.account);
                tell(candidate, Fate::Start(offer));
                continue;
            }
            Placement::Wait { ref until, ref reason } => tell(candidate, Fate::Wait(*until, reason.clone())),
            Placement::Soon => tell(candidate, stays(&reason)),
        }
        closed.entry((sort(), presses)).or_insert((placement, reason));
    }
}

/// The account that a candidate's like would have first.
struct Wanted {
    account: String,
    /// How many use it at once.
    places: u32,
    /// How long a run there takes: half of them, and four of five.
    takes: (Duration, Duration),
}

/// The room there still is, and who stands before it.
struct Room<'a, 'b> {
    limits: &'b Limits,
    credits: Credits<'a>,
    /// How long work goes first on each account, by those that were here.
    ahead: HashMap<String, Duration>,
    load: Load,
    places: usize,
    /// Who was held back for want of a place, in all and by project.
    behind: usize,
    behind_in: HashMap<String, usize>,
    /// And for want of a graphics processor.
    behind_gpu: usize,
}

impl<'a, 'b> Room<'a, 'b> {
    fn new(load: &Load, limits: &'b Limits, credits: Credits<'a>) -> Self {
        let places = limits.total.saturating_sub(load.projects.values().sum());
        let (behind_in, ahead) = (HashMap::new(), HashMap::new());
        Self { limits, credits, ahead, load: load.clone(), places, behind: 0, behind_in, behind_gpu: 0 }
    }

    /// Where it would go first.
    fn wanted(&self, candidate: &Candidate, offers: &[Offer]) -> Option<Wanted> {
        let account = &offers.first()?.account;
        let spread = self.credits.ledger.takes(candidate, &account.agent);
        Some(Wanted {
            account: account.name.clone(),
            places: u32::try_from(account.concurrency.unwrap_or(1)).unwrap_or(u32::MAX).max(1),
            takes: (Duration::from_millis(spread.median), Duration::from_millis(spread.high)),
        })
    }

    /// Whether it would miss its deadline if it waited for the account that it would have first.
    fn presses(&self, entrant: Entrant<'_>, first: &Wanted, now: Timestamp) -> bool {
        let Some(deadline) = entrant.deadline else { return false };
        let ahead = self.ahead.get(&first.account).copied().unwrap_or_default();
        let wait = (self.credits.ledger.busy(&first.account) + ahead) / first.places;
        now.plus(wait).plus(first.takes.1) > deadline
    }

    /// It stands before those that come after it.
    fn queue(&mut self, first: Option<&Wanted>) {
        let Some(first) = first else { return };
        match self.ahead.get_mut(&first.account) {
            Some(ahead) => *ahead += first.takes.0,
            None => drop(self.ahead.insert(first.account.clone(), first.takes.0)),
        }
    }

    /// What holds a candidate back before its accounts are asked. It is counted as standing there.
    fn hindrance(&mut self, candidate: &Candidate) -> Option<Hindrance> {
        let project = &candidate.project;
        let of = |counts: &HashMap<String, usize>| counts.get(project).copied().unwrap_or(0);
        if let Some(limit) = self.limits.review
            && candidate.fresh
            && of(&self.load.reviews) >= limit
        {
            return Some(Hindrance::Review { waiting: of(&self.load.reviews), limit });
        }
        let full =
            self.limits.projects.get(project).copied().filter(|limit| of(&self.load.projects) >= *limit);
        let gpu = self.limits.gpu.filter(|limit| candidate.nature.gpu && self.load.gpu >= *limit);
        let hindrance = match (full, self.places) {
            (None, 1..) => {
                let limit = gpu?;
                let ahead = self.behind_gpu;
                self.behind_gpu += usize::from(!candidate.hands_on);
                return Some(Hindrance::Gpu { ahead, limit });
            }
            (None, 0) => Hindrance::Places { ahead: self.behind, limit: self.limits.total },
            (Some(limit), 0) => {
                Hindrance::Project { ahead: self.behind, limit, total: Some(self.limits.total) }
            }
            (Some(limit), 1..) => Hindrance::Project { ahead: of(&self.behind_in), limit, total: None },
        };
        if !candidate.hands_on {
            self.behind += 1;
            match self.behind_in.get_mut(project) {
                Some(behind) => *behind += 1,
                None => drop(self.behind_in.insert(project.clone(), 1)),
            }
        }
        Some(hindrance)
    }

    /// Where it would start; and, where it stays for an account, why.
    fn place(
        &self,
        entrant: Entrant<'_>,
        offers: &[Offer],
        presses: bool,
        (now, zone): (Timestamp, &TimeZone),
    ) -> (Placement, String) {
        let unseen = Standing::default();
        let candidate = entrant.candidate;
        let Credits { standings, ledger } = &self.credits;
        let first = offers.first().map(|offer| offer.account.agent.as_str());
        let own = |offer: &&Offer| !candidate.hands_on || offer.account.agent == candidate.agent;
        if let Some(offer) = offers.iter().find(own).filter(|_| candidate.hands_on) {
            return (Placement::On(offer.clone()), String::new());
        }
        let choices: Vec<_> = offers
            .iter()
            .filter(own)
            .map(|Offer { account, model }| Choice {
                account,
                model: model.as_deref(),
                standing: standings.get(&account.name).unwrap_or(&unseen),
                live: self.load.accounts.get(&account.name).copied().unwrap_or(0),
                credit: ledger.credit(
                    ledger.share(candidate, &account.agent),
                    &account.name,
                    entrant.points,
                    if presses { Call::Now } else { call(entrant, account, first) },
                ),
            })
            .collect();
        match place(&choices, now, zone) {
            Placement::Soon => (Placement::Soon, short_holds(&choices, now, zone)),
            other => (other, String::new()),
        }
    }

    /// Holds the room on the account that it would have first, against those that come after it.
    fn wait(
        &mut self,
        entrant: Entrant<'_>,
        offers: &[Offer],
        placed: &Placement,
        at: (Timestamp, &TimeZone),
    ) {
        let Credits { standings, ledger } = &mut self.credits;
        let Some((Offer { account, model }, false)) =
            offers.first().map(|first| (first, matches!(placed, Placement::On(_))))
        else {
            return;
        };
        let Some(standing) = standings.get(&account.name) else { return };
        let share = ledger.share(entrant.candidate, &account.agent);
        let alone = Credit { own: share, ..Credit::default() };
        let (id, points) = (entrant.candidate.id, entrant.points);
        match standing.may_take(account, model.as_deref(), 0, alone, at) {
            Ok(()) => ledger.wait(&account.name, id, points, share),
            // As large as it was counted when it did not fit.
            Err(Hold::Kept { .. }) => {
                let share = Share { likely: share.weight, ..share };
                ledger.wait(&account.name, id, points, share);
            }
            Err(_) => {}
        }
    }

    fn take(&mut self, candidate: &Candidate, account: &Account) {
        let share = self.credits.ledger.share(candidate, &account.agent);
        self.credits.ledger.start(&account.name, share);
        *self.load.projects.entry(candidate.project.clone()).or_default() += 1;
        *self.load.accounts.entry(account.name.clone()).or_default() += 1;
        self.load.gpu += usize::from(candidate.nature.gpu);
        self.places = self.places.saturating_sub(1);
    }
}

/// What a task that does not press may ask of an account: less where another agent's was wanted first, and where nothing
/// is due; all where somebody said that it should be this one.
pub(crate) fn call(entrant: Entrant<'_>, account: &Account, first: Option<&str>) -> Call {
    let candidate = entrant.candidate;
    if candidate.agent_by.is_fixed() || candidate.going_on.as_deref() == Some(account.agent.as_str()) {
        return Call::Now;
    }
    match first {
        Some(first) if first != account.agent => Call::Helps,
        _ if entrant.deadline.is_none() => Call::Patient,
        _ => Call::Now,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            fresh: true,
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
        let load = Load { projects: running.clone(), ..Load::default() };
        let account = |_: &Candidate| vec![Offer::any(Account::new("claude", "claude"))];
        let now = (Timestamp::from_millis(0), &TimeZone::UTC);
        started(&pick(candidates, &load, limits, account, &HashMap::new(), now))
    }

    #[test]
    fn a_full_project_does_not_hold_back_the_next() {
        let candidates = [candidate(1, "a"), candidate(2, "a"), candidate(3, "b")];
        let limits = Limits { total: 3, projects: [("a".into(), 1)].into(), ..Limits::default() };
        assert_eq!(pick_all(&candidates, &HashMap::new(), &limits), [candidates[0].id, candidates[2].id]);
    }

    #[test]
    fn an_account_that_rests_holds_back_its_own_only() {
        let mut standings: HashMap<String, Standing> = HashMap::new();
        let until = Timestamp::from_millis(5000);
        standings.entry("a".into()).or_default().limited(Some(until), 0, Timestamp::from_millis(0));
        let candidates = [candidate(1, "a"), candidate(2, "b"), candidate(3, "b")];
        let limits = Limits { total: 3, ..Limits::default() };
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
    fn who_needs_a_graphics_processor_waits_for_one_and_nobody_else_does() {
        let gpu = |n| {
            let mut one = candidate(n, "a");
            one.nature.gpu = true;
            one
        };
        let candidates = [gpu(1), gpu(2), candidate(3, "b"), gpu(4)];
        let limits = Limits { total: 9, gpu: Some(1), ..Limits::default() };
        assert_eq!(pick_all(&candidates, &HashMap::new(), &limits), [candidates[0].id, candidates[2].id]);
        let limits = Limits { gpu: None, ..limits };
        assert_eq!(pick_all(&candidates, &HashMap::new(), &limits).len(), 4);
    }

    #[test]
    fn a_person_does_not_wait_for_agents() {
        let candidates = [candidate(1, "a"), Candidate { hands_on: true, ..candidate(2, "a") }];
        let limits = Limits { total: 1, projects: [("a".into(), 1)].into(), ..Limits::default() };
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
        let limits = Limits { total: 0, ..Limits::default() };
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
            let limits = Limits { total, projects: (0..4).map(|p: u8| (p.to_string(), each)).collect(), ..Limits::default() };
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
