//! What the router of the domain is asked with: the agents as they are here, what is known of their accounts, what became
//! of their work. Nothing is asked of an agent or a model for it; one look into the database is enough.

use std::collections::{HashMap, HashSet};

use domain::account::Standing;
use domain::placement::{Choice, Offer};
use domain::record::Record;
use domain::route::{self, Asking, Known, KnownAccount, Receipt, Route};
use domain::schedule::{Candidate, Load};
use domain::{Account, ChosenBy, Kind, NewTask, Project, TaskId, Timestamp};
use store::{Tx, accounts, records, runs, tasks};

use crate::agents_here::{AgentHere, AgentState};
use crate::{Context, Engine, Error, Readiness, Request, Unclear, clock};

/// What the database says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) standings: HashMap<String, Standing>,
    pub(crate) load: Load,
    records: HashMap<(String, Kind), Vec<Record>>,
    /// Projects whose budget of the month is used up.
    spent: HashSet<String>,
}

/// What projects may cost, and since when it counts.
#[derive(Clone, Debug)]
pub(crate) struct Budgets {
    month: HashMap<String, f64>,
    since: Timestamp,
}

impl Facts {
    /// Looks up what concerns these kinds of work in these projects.
    pub(crate) fn look(
        tx: &mut Tx<'_>,
        wanted: HashSet<(String, Kind)>,
        budgets: &Budgets,
    ) -> Result<Self, store::Error> {
        let mut facts =
            Self { standings: accounts::standings(tx)?, load: runs::load_now(tx)?, ..Self::default() };
        for (project, kind) in wanted {
            if let Some(month) = budgets.month.get(&project)
                && !facts.spent.contains(&project)
                && runs::cost_since(tx, &project, budgets.since)? >= *month
            {
                facts.spent.insert(project.clone());
            }
            let found = records::of(tx, &project, kind)?;
            facts.records.insert((project, kind), found);
        }
        Ok(facts)
    }
}

/// What the candidates are about.
pub(crate) fn concerns<'a>(candidates: impl IntoIterator<Item = &'a Candidate>) -> HashSet<(String, Kind)> {
    candidates.into_iter().map(|one| (one.project.clone(), one.nature.kind)).collect()
}

impl Context {
    pub(crate) fn budgets(&self, now: Timestamp) -> Budgets {
        let of = |project: &Project| Some((project.name.clone(), project.budget.month_usd?));
        let (since, _) = now.month(&self.options().zone);
        Budgets { month: self.options().projects.iter().filter_map(of).collect(), since }
    }

    /// Whether whatever an agent sends stays on this machine, whichever of its accounts is used.
    pub(crate) fn is_local(&self, agent: &str) -> bool {
        let mut ready =
            self.agents.accounts().iter().filter(|known| known.account.agent == agent).filter_map(|known| {
                match self.agents.readiness(known) {
                    Readiness::Ready(billing) => Some(billing),
                    Readiness::LoggedOut(_) => None,
                }
            });
        agent == "rehearsal"
            || self.options().local_agents.iter().any(|local| local == agent)
            || ready.next().is_some_and(|first| first == "local" && ready.all(|billing| billing == "local"))
    }

    /// The agents with what `facts` say of their accounts.
    fn known<'a>(&'a self, agents: &[AgentHere], facts: &'a Facts, unseen: &'a Standing) -> Vec<Known<'a>> {
        let account = |known: &'a crate::AccountOptions| {
            let Readiness::Ready(billing) = self.agents.readiness(known) else { return None };
            let account = &known.account;
            let calls_none = billing == "local" || account.agent == "rehearsal";
            Some(KnownAccount {
                choice: Choice {
                    live: facts.load.accounts.get(&account.name).copied().unwrap_or(0),
                    ..Choice::of(account, facts.standings.get(&account.name).unwrap_or(unseen))
                },
                local: calls_none || self.options().local_agents.contains(&account.agent),
                metered: billing == "key",
            })
        };
        let agent = |here: &AgentHere| {
            let of = self.agents.accounts().iter().filter(|known| known.account.agent == here.name);
            Known {
                name: here.name.clone(),
                missing: (here.state != AgentState::Ready).then(|| here.detail.clone()),
                changes: !self.options().models.iter().any(|model| model.name == here.name),
                accounts: of.filter_map(account).collect(),
            }
        };
        agents.iter().map(agent).collect()
    }

    /// The order for a task.
    pub(crate) fn route(&self, candidate: &Candidate, facts: &Facts, now: Timestamp) -> Route {
        self.route_drawn(candidate, facts, route::draw(candidate.id), now)
    }

    fn route_drawn(&self, candidate: &Candidate, facts: &Facts, draw: f64, now: Timestamp) -> Route {
        let unseen = Standing::default();
        let agents = self.agents.all();
        let known = self.known(&agents, facts, &unseen);
        let none = Project::new(&candidate.project, "");
        let options = self.options();
        let project = options.projects.iter().find(|project| project.name == candidate.project);
        let project = project.unwrap_or(&none);
        // A person who takes over has the agent's own UI before them: there is no choice left.
        let by = if candidate.hands_on { ChosenBy::Person } else { candidate.agent_by };
        let model = candidate.model.as_deref().filter(|_| by != ChosenBy::Router);
        let asking = Asking {
            nature: candidate.nature,
            project: &candidate.project,
            sensitive: project.sensitive,
            own: (&candidate.agent, model, by),
            fallback: &project.fallback,
            going_on: candidate.going_on.as_deref(),
            failed: candidate.failed.as_deref(),
            spent: facts.spent.contains(&candidate.project),
            accounts: &project.accounts,
            draw,
        };
        let records = facts.records.get(&(candidate.project.clone(), candidate.nature.kind));
        let records = records.map_or(&[][..], Vec::as_slice);
        route::route(&asking, &self.options().routing, &known, records, (now, &self.options().zone))
    }

    /// Where a task may run, best first.
    pub(crate) fn offers(&self, candidate: &Candidate, route: &Route) -> Vec<Offer> {
        let offers = route.offers();
        let options = self.options();
        let project = options.projects.iter().find(|project| project.name == candidate.project);
        let bound = project.is_some_and(|project| project.sensitive || !project.accounts.is_empty());
        if offers.is_empty() && candidate.agent_by != ChosenBy::Router && !bound {
            // It starts, and the run says what is missing.
            return vec![Offer::any(Account::new(&candidate.agent, &candidate.agent))];
        }
        offers
    }
}

impl Engine {
    /// Sees to it that somebody may do what is asked, and takes the first of them where nobody was named.
    pub(crate) async fn choose_agent(&self, mut asked: NewTask) -> Result<NewTask, Error> {
        let sensitive =
            self.projects().iter().any(|project| project.name == asked.project && project.sensitive);
        if asked.agent_by != ChosenBy::Router && !sensitive {
            return Ok(asked);
        }
        let route = self.route_of(&asked).await?;
        match route.first() {
            Some(first) if asked.agent_by == ChosenBy::Router => asked.agent.clone_from(&first.agent),
            Some(_) => {}
            None if asked.agent_by == ChosenBy::Router => {}
            None => return Err(Unclear::Invalid(route.complaint()).into()),
        }
        Ok(asked)
    }

    /// What a request would be, and who would do it; nothing is accepted.
    pub async fn preview(&self, request: Request) -> Result<(NewTask, Receipt), Error> {
        let asked = self.complete(request)?;
        let receipt = self.route_of(&asked).await?.preview();
        Ok((asked, receipt))
    }

    /// The order for a task that is not there yet.
    async fn route_of(&self, asked: &NewTask) -> Result<Route, Error> {
        let now = clock::now();
        let candidate = Candidate {
            fresh: true,
            id: TaskId::new(now),
            project: asked.project.clone(),
            agent: asked.agent.clone(),
            model: asked.model.clone(),
            failed: None,
            hands_on: false,
            agent_by: asked.agent_by,
            nature: asked.nature,
            going_on: None,
        };
        let (wanted, budgets) = (concerns([&candidate]), self.context.budgets(now));
        let facts = self.store().read(move |tx| Facts::look(tx, wanted, &budgets)).await?;
        // Its draw is not known before it has an id: this is what is done without trying others.
        Ok(self.context.route_drawn(&candidate, &facts, 1.0, now))
    }

    /// Why a task's latest run went where it went; for one that has none yet, where it would go now.
    pub async fn why(&self, id: TaskId) -> Result<(Receipt, bool), Error> {
        let now = clock::now();
        let budgets = self.context.budgets(now);
        let read = self.store().read(move |tx| {
            let work = tasks::load(tx, id)?;
            let work = work.ok_or(store::Error::NotFound { what: "task", id: id.to_string() })?;
            let candidate = Candidate::of(&work);
            let facts = Facts::look(tx, concerns([&candidate]), &budgets)?;
            Ok((work, candidate, facts))
        });
        let (work, candidate, facts) = read.await?;
        let waits = matches!(work.task.state, domain::TaskState::Queued | domain::TaskState::Waiting(_));
        match work.run.and_then(|run| run.receipt).filter(|_| !waits) {
            Some(receipt) => Ok((receipt, true)),
            None => Ok((self.context.route(&candidate, &facts, now).preview(), false)),
        }
    }
}
