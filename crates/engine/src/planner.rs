//! The tasks that are not at their end, kept in memory and read on from the log; the order they start in; and the
//! plan for people. The rules are in `domain::plan`.

use std::collections::HashMap;
use std::sync::Arc;

use agents::Readiness;
use domain::estimate::Experience;
use domain::plan::forecast::Setting;
use domain::plan::order::{Urgency, order, urgency, used};
use domain::plan::{Pending, Planned, Stands, plan, summary};
use domain::schedule::{Candidate, Limits, Load};
use domain::{Account, Project, TaskId, Timestamp};
use store::{Store, backlog, estimates};
use tokio::sync::Mutex;

use crate::routing::{Facts, concerns};
use crate::{Context, Engine, Error, clock};

/// Tasks that are kept; the most urgent of more.
const MOST_KEPT: usize = 100_000;

/// What is known of the tasks that are not at their end.
#[derive(Clone, Default)]
pub(crate) struct Backlog {
    /// How far the log was read; `None` before the first time.
    seq: Option<i64>,
    pub(crate) tasks: Vec<Pending>,
    places: HashMap<TaskId, usize>,
    pub(crate) known: Experience,
    /// There were more than are kept.
    cut: bool,
}

impl Backlog {
    fn put(&mut self, id: TaskId, task: Option<Pending>) {
        match (self.places.get(&id).copied(), task) {
            (Some(at), Some(task)) => self.tasks[at] = task,
            (Some(at), None) => {
                self.tasks.swap_remove(at);
                self.places.remove(&id);
                if let Some(moved) = self.tasks.get(at) {
                    self.places.insert(moved.id(), at);
                }
            }
            (None, Some(_)) if self.tasks.len() >= MOST_KEPT => self.cut = true,
            (None, Some(task)) => {
                self.places.insert(id, self.tasks.len());
                self.tasks.push(task);
            }
            (None, None) => {}
        }
    }

    /// Whether so much of what was left out has found room that it should be read again.
    fn is_thin(&self) -> bool {
        self.cut && self.tasks.len() < MOST_KEPT / 10 * 9
    }

    /// The queued tasks in the order in which they start, and how urgent all are.
    pub(crate) fn in_order(&self, lately: &HashMap<String, u64>, now: Timestamp) -> (Vec<usize>, Urgency) {
        let urgency = urgency(&self.tasks, &self.known, now);
        let used = used(&self.tasks, lately, &self.known, now);
        (order(&self.tasks, &urgency, &used, Pending::is_queued), urgency)
    }

    /// What lives and what waits for review, as far as it is known here.
    pub(crate) fn reviews(&self) -> HashMap<String, usize> {
        let mut reviews: HashMap<String, usize> = HashMap::new();
        for task in self.tasks.iter().filter(|task| task.stands == Stands::Review) {
            *reviews.entry(task.candidate.project.clone()).or_default() += 1;
        }
        reviews
    }

    pub(crate) fn has_hands_on(&self) -> bool {
        self.tasks.iter().any(|task| task.candidate.hands_on && task.is_queued())
    }
}

/// The keeper of the backlog.
#[derive(Default)]
pub(crate) struct Planner {
    backlog: Mutex<Arc<Backlog>>,
}

impl Planner {
    /// The backlog as the log has it now. Costs what happened since the last time.
    pub(crate) async fn now(&self, store: &Store) -> Result<Arc<Backlog>, Error> {
        let mut held = self.backlog.lock().await;
        let known = held.seq.filter(|_| !held.is_thin());
        let changes = match known {
            Some(seq) => store.read(move |tx| backlog::since(tx, seq)).await?,
            None => None,
        };
        let Some(changes) = changes else {
            let read =
                |tx: &mut store::Tx<'_>| Ok((backlog::all(tx, MOST_KEPT + 1)?, estimates::experience(tx)?));
            let ((head, mut tasks), known) = store.read(read).await?;
            let cut = tasks.len() > MOST_KEPT;
            tasks.truncate(MOST_KEPT);
            let places = tasks.iter().enumerate().map(|(at, task)| (task.id(), at)).collect();
            *held = Arc::new(Backlog { seq: Some(head), tasks, places, known, cut });
            return Ok(Arc::clone(&held));
        };
        if Some(changes.head) != held.seq {
            let known =
                if changes.runs_ended { Some(store.read(estimates::experience).await?) } else { None };
            // Whoever still makes a plan of it keeps it as it was.
            let backlog = Arc::make_mut(&mut held);
            backlog.seq = Some(changes.head);
            for (id, task) in changes.tasks {
                backlog.put(id, task);
            }
            if let Some(known) = known {
                backlog.known = known;
            }
        }
        Ok(Arc::clone(&held))
    }
}

/// The plan, for people.
#[derive(Clone, Debug)]
pub struct Plan {
    /// When it was made.
    pub made_at: Timestamp,
    /// Every task that is not at its end.
    pub tasks: Vec<Pending>,
    /// When each runs and why, by the time of starting.
    pub planned: Vec<Planned>,
    /// In a few sentences.
    pub summary: String,
    /// There are more tasks than are planned.
    pub cut: bool,
}

impl Engine {
    /// What will be done when.
    pub async fn plan(&self) -> Result<Plan, Error> {
        let context = Arc::clone(&self.context);
        let now = clock::now();
        let backlog = context.planner.now(&context.store).await?;
        let budgets = context.budgets(now);
        let concerned = concerns(backlog.tasks.iter().map(|task| &task.candidate));
        let look = move |tx: &mut store::Tx<'_>| {
            Ok((Facts::look(tx, concerned, &budgets)?, estimates::used_lately(tx, now)?))
        };
        let (facts, lately) = context.store.read(look).await?;
        let load = Load { reviews: backlog.reviews(), ..facts.load.clone() };
        let make = move || {
            let (limits, others) = (context.limits(), context.ready_accounts());
            let used = used(&backlog.tasks, &lately, &backlog.known, now);
            let offers =
                |candidate: &Candidate| context.offers(candidate, &context.route(candidate, &facts, now));
            let setting = Setting {
                limits: &limits,
                load: &load,
                offers: &offers,
                standings: &facts.standings,
                known: &backlog.known,
                used: &used,
                now,
                zone: &context.options().zone,
            };
            let planned = plan(&backlog.tasks, &setting, &others);
            let summary = summary(&backlog.tasks, &planned, now);
            Plan { made_at: now, tasks: backlog.tasks.clone(), planned, summary, cut: backlog.cut }
        };
        let made = tokio::task::spawn_blocking(make).await;
        made.map_err(|error| Error::Repository(format!("the plan broke off: {error}")))
    }
}

impl Context {
    /// How many runs may live at once.
    pub(crate) fn limits(&self) -> Limits {
        let options = self.options();
        let projects = options.projects.iter();
        let limit = |project: &Project| (project.name.clone(), project.concurrency as usize);
        Limits {
            total: options.concurrency,
            projects: projects.map(limit).collect(),
            gpu: options.gpu,
            review: options.review_limit,
            explore: options.routing.explore,
        }
    }

    /// Every account that could be used here.
    fn ready_accounts(&self) -> Vec<Account> {
        let known = self
            .agents
            .accounts()
            .iter()
            .filter(|known| matches!(self.agents.readiness(known), Readiness::Ready(_)));
        known.map(|known| known.account.clone()).collect()
    }
}
