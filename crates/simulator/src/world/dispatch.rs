//! Who starts: the planner's order, the router's offers, the dispatcher's rules; asked as the engine asks them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use domain::account::Standing;
use domain::placement::{Choice, Offer};
use domain::plan::Pending;
use domain::plan::ledger::Ledger;
use domain::plan::order::{order, urgency, used};
use domain::route::{self, Asking, Known, KnownAccount, Route, Rule, Rules, Use, When};
use domain::schedule::{self, Candidate, Credits, Decision, Limits, Load};
use domain::work::{Command, Start};
use domain::{Isolation, TaskId, TaskState, Timestamp};

use super::{Live, World};
use crate::draw::{self, seconds};
use crate::week::Week;

/// Days of use that fairness looks at, each counting half of the one after it.
const DAYS: i64 = 7;

/// The week's rules as the router has them.
pub(super) fn rules(week: &Week) -> Rules {
    let rule = |route: &crate::week::Route| Rule {
        when: When {
            kinds: route.when.kind.clone(),
            complexities: route.when.complexity.clone(),
            projects: route.when.project.iter().map(|name| name.value.clone()).collect(),
            gpu: None,
        },
        uses: route.uses.iter().filter_map(|text| Use::parse(&text.value)).collect(),
    };
    Rules { rules: week.routes.iter().map(rule).collect(), explore: week.explore }
}

impl World<'_> {
    pub(super) fn limits(&self) -> Limits {
        let projects = self.week.projects.iter();
        Limits {
            total: self.week.concurrency,
            projects: projects.map(|(name, project)| (name.clone(), project.concurrency)).collect(),
            gpu: None,
            review: self.week.review_limit,
            explore: self.week.explore,
        }
    }

    /// The tasks that are not at their end, as the planner sees them.
    pub(super) fn backlog(&self) -> Vec<Pending> {
        let ended = |at: &usize| {
            let state = self.jobs[*at].work.as_ref().map(|work| &work.task.state);
            matches!(state, Some(TaskState::Failed | TaskState::Cancelled))
        };
        let one = |job: &super::Job<'_>| Pending::of(job.work.as_ref()?, job.after.iter().any(ended));
        self.jobs.iter().filter_map(one).collect()
    }

    pub(super) fn load(&self) -> Load {
        let mut load = Load::default();
        for job in &self.jobs {
            let project = job.spec.project.value.clone();
            if let Some(live) = &job.live {
                *load.projects.entry(project).or_default() += 1;
                *load.accounts.entry(live.account.clone()).or_default() += 1;
            } else if job.work.as_ref().is_some_and(|work| work.task.state == TaskState::Review) {
                *load.reviews.entry(project).or_default() += 1;
            }
        }
        load
    }

    pub(super) fn dispatch(&mut self) {
        let (backlog, limits, load) = (self.backlog(), self.limits(), self.load());
        let urgency = urgency(&backlog, &self.known, self.now);
        let used = used(&backlog, &self.used_lately(), &self.known, self.now);
        let order = order(&backlog, &urgency, &used, Pending::is_queued);
        let routes: RefCell<HashMap<TaskId, Route>> = RefCell::default();
        let decisions = {
            let known = self.agents(&load);
            let offers = |candidate: &Candidate| {
                let route = self.route(candidate, &known);
                let offers = route.offers();
                routes.borrow_mut().insert(candidate.id, route);
                offers
            };
            let first = |candidate: &Candidate| {
                let offers = self.route(candidate, &known).offers();
                Some(offers.into_iter().next()?.account.name)
            };
            let ledger = Ledger::of(&backlog, &urgency, &self.known, first, self.now);
            let credits = Credits { standings: &self.standings, ledger };
            let queue = order.iter().map(|at| urgency.entrant(&backlog, *at));
            let at = (self.now, &self.week.zone);
            schedule::pick(queue, &load, &limits, offers, credits, at)
        };
        let routes = routes.into_inner();
        let mut started: Vec<(TaskId, String)> = Vec::new();
        for decision in decisions {
            match decision {
                Decision::Start(id, offer) => {
                    started.push((id, offer.account.name.clone()));
                    self.start(id, offer, routes.get(&id));
                }
                Decision::Wait(id, until, reason) => {
                    let Some(n) = self.by_id.get(&id).copied() else { continue };
                    self.tell(n, Command::Hold { until, reason }, "engine");
                }
            }
        }
        self.look_for_inversions(&backlog, &urgency, &started);
        self.look_for_waste();
    }

    /// When the planner's answer may change though nothing happens.
    pub(super) fn plans_again(&self) -> Option<Timestamp> {
        let waits = self.jobs.iter().filter_map(|job| job.work.as_ref());
        let waits = waits.filter(|work| work.task.state == TaskState::Queued).count() > 0;
        waits.then(|| self.now.plus(Duration::from_mins(15)))
    }

    /// What the ended runs of each project took lately.
    fn used_lately(&self) -> HashMap<String, u64> {
        let today = day(self.now);
        let mut used: HashMap<String, u64> = HashMap::new();
        for (day, projects) in self.used.range(today - DAYS + 1..) {
            let age = u32::try_from(today - day).unwrap_or(0);
            for (project, ms) in projects {
                *used.entry(project.clone()).or_default() += ms >> age.min(63);
            }
        }
        used
    }

    pub(super) fn agents<'s>(&'s self, load: &Load) -> Vec<Known<'s>> {
        static UNSEEN: std::sync::LazyLock<Standing> = std::sync::LazyLock::new(Standing::default);
        let of = |(name, agent): (&String, &crate::week::Agent)| Known {
            name: name.clone(),
            missing: None,
            changes: agent.changes,
            accounts: self
                .purses
                .iter()
                .filter(|purse| purse.account.agent == *name)
                .map(|purse| KnownAccount {
                    choice: Choice {
                        live: load.accounts.get(&purse.account.name).copied().unwrap_or(0),
                        ..Choice::of(
                            &purse.account,
                            self.standings.get(&purse.account.name).unwrap_or(&UNSEEN),
                        )
                    },
                    local: agent.local,
                    metered: agent.usd_per_million.is_some(),
                })
                .collect(),
        };
        self.week.agents.iter().map(of).collect()
    }

    pub(super) fn route(&self, candidate: &Candidate, known: &[Known<'_>]) -> Route {
        let project = &self.week.projects[&candidate.project];
        let fallback: Vec<String> = project.fallback.iter().map(|name| name.value.clone()).collect();
        let asking = Asking {
            nature: candidate.nature,
            project: &candidate.project,
            sensitive: project.sensitive,
            own: (&candidate.agent, candidate.model.as_deref(), candidate.agent_by),
            fallback: &fallback,
            going_on: candidate.going_on.as_deref(),
            failed: candidate.failed.as_deref(),
            spent: false,
            accounts: &[],
            draw: route::draw(candidate.id),
        };
        let records = self.records.get(&(candidate.project.clone(), candidate.nature.kind));
        let records = records.map_or(&[][..], Vec::as_slice);
        route::route(&asking, &self.rules, known, records, (self.now, &self.week.zone))
    }

    fn start(&mut self, id: TaskId, Offer { account, model }: Offer, route: Option<&Route>) {
        let Some(n) = self.by_id.get(&id).copied() else { return };
        let Some(agent) = self.week.agents.get(&account.agent) else { return };
        let attempt = self.jobs[n].work.as_ref().map_or(0, |work| work.task.attempt) + 1;
        let run = draw::run_id(self.seed, n, attempt, self.now);
        let latest = self.jobs[n].work.as_ref().and_then(|work| work.run.as_ref());
        let other = latest.is_some_and(|run| run.agent != account.agent);
        let start = Start {
            run,
            agent: account.agent.clone(),
            model: model.clone(),
            account: account.name.clone(),
            isolation: Isolation::Sandbox,
            billing: Some(if agent.local { "local" } else { "subscription" }.into()),
            receipt: route.map(|route| route.receipt(&Offer { account: account.clone(), model })),
        };
        if !self.tell(n, Command::Start(start), "engine") {
            return;
        }
        let (now, speed) = (self.now, agent.tokens_per_second);
        let job = &mut self.jobs[n];
        // Another agent reads itself in; what was sent back is a part of the work once more.
        let again = if job.again > 0 { 0.4 } else { 1.0 };
        let tokens = job.left.take().unwrap_or(job.whole * again) * if other { 1.2 } else { 1.0 };
        job.live = Some(Live {
            id: run,
            agent: account.agent,
            account: account.name,
            since: now,
            ends: now.plus(Duration::from_secs_f64(seconds(tokens, speed))),
            tokens,
            booked: 0.0,
        });
        self.counts.runs += 1;
        self.look_at_accounts();
    }
}

pub(super) fn day(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(24 * 3_600_000)
}
