//! What happens next: the daemon's components, which join the store, the workspaces, the runner and the
//! agents.
//!
//! [`Engine`] is the cheap handle the doors hold. Behind it: [`scheduler`] claims queued tasks, [`run`]
//! drives a run from claim to outcome and adopts the runs of a daemon before this one, [`landing`] does
//! what the outbox asks for, [`janitor`] removes what is provably finished, [`hindsight`] looks back on what is over.
//! What must stay true:
//!
//! - Every change of state goes through `store::tasks::change`, so through `domain::work`.
//! - A run is re-entered at any point: each step finds out what was done before it does anything.
//! - Nothing here outlives a stop of the daemon but the shims, which are meant to.

mod accounts;
mod agents_here;
pub mod alike;
pub mod approval;
pub mod changes;
mod classifying;
pub mod clock;
mod continuation;
mod counting;
mod desk;
mod fork;
mod hindsight;
mod intake;
mod janitor;
mod landing;
pub mod links;
mod local_model;
mod pass;
mod planner;
pub mod prompt;
mod radar;
mod remarks;
mod routing;
mod run;
mod scheduler;
mod secret;
mod sessions;
mod settings;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use domain::retry::RetryPolicy;
use domain::work::{Adjust, Command};
use domain::{Actor, Project, RunId, TaskId, Timestamp, Work};
use store::{Store, tasks};
use tokio::sync::{Notify, OnceCell, watch};
use tokio::task::JoinHandle;

pub use agents::Readiness;

pub use ::settings::{Change, Forbidden, Line, Wrong};
pub use accounts::{AccountHere, AccountOptions, Switch};
pub use agents_here::{AgentHere, AgentState, AgentsHere};
pub use desk::Caller;
pub use fork::Fork;
pub use hindsight::{HindsightOptions, LookedBack};
pub use intake::{Pipelines, Request, Unclear};
pub use landing::{Place as QueuePlace, places as queue_places};
pub use local_model::LocalModel;
pub use planner::Plan;
pub use remarks::{NewRemark, Spot};
pub use sessions::{Session, SessionLogs};
pub use settings::{Edit, Edited, Reader, SettingsError, SettingsHere, SettingsTaken, kept_before};
pub use store::memory::{Note, Place};
pub use workspace::{Diff, FileDiff, Held, Person};

/// The socket in the data directory on which live runs are answered.
pub const SOCKET: &str = "mcp.sock";

/// How the engine is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The data directory, absolute.
    pub data_dir: PathBuf,
    /// Our own binary, which plays the shim and the rehearsal agent.
    pub own: PathBuf,
    /// Where agents are looked for: the `PATH` of whoever started us.
    pub path: String,
    /// The agents' accounts, in the order they are used.
    pub accounts: Vec<AccountOptions>,
    /// The zone of times that people read, and of their quiet hours.
    pub zone: jiff::tz::TimeZone,
    /// Agents that are commands of the configuration.
    pub commands: Vec<agents::command::Custom>,
    /// The person's own prices of models.
    pub prices: std::collections::BTreeMap<String, domain::price::Price>,
    /// Agents of the configuration that speak ACP.
    pub acp: Vec<agents::acp::Acp>,
    /// Models of the configuration that are asked without a harness.
    pub models: Vec<agents::direct::Direct>,
    /// Configured projects.
    pub projects: Vec<Project>,
    /// Who does what, as the person wants it.
    pub routing: domain::route::Rules,
    /// The pipelines that tasks and projects may name.
    pub pipelines: Pipelines,
    /// Agents of the configuration that, so it says, reach no model but this machine's.
    pub local_agents: Vec<String>,
    /// The agent used when nothing names one.
    pub default_agent: Option<String>,
    /// Runs at once.
    pub concurrency: usize,
    /// Nothing new starts in a project while so many of its tasks wait for review.
    pub review_limit: Option<usize>,
    /// Graphics processors: so many runs that need one live at once.
    pub gpu: Option<usize>,
    /// How failures are retried.
    pub retry: RetryPolicy,
    /// Bounds of each run's jobs; a project's own timeout goes before the total.
    pub limits: runner::Limits,
    /// An agent that shows no progress for this long is stopped, however much it says.
    pub no_progress: Duration,
    /// How long the raw output of ended runs is kept; what they said stays in the log.
    pub keep_runs: Duration,
    /// What of the person's environment fetching from servers needs.
    pub person: workspace::Person,
    /// The model of this machine that agents may ask.
    pub local_model: Option<LocalModel>,
    /// Whether and with which model is looked back on tasks that are over.
    pub hindsight: HindsightOptions,
    /// Where the logs of sessions are that people start by hand; none are read without.
    pub sessions: Vec<SessionLogs>,
    /// Whether queued tasks are started; without it only what is asked for is done.
    pub dispatch: bool,
}

/// What can go wrong for a caller.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The request.
    #[error(transparent)]
    Unclear(#[from] Unclear),
    /// The repository.
    #[error("{0}")]
    Repository(String),
}

/// A sandbox as it was found here.
#[derive(Clone, Debug, Default)]
pub struct SandboxHere {
    /// Whether runs can be contained.
    pub ok: bool,
    /// One sentence.
    pub summary: String,
    /// Its parts.
    pub details: Vec<SandboxPart>,
}

/// A part of the sandbox.
#[derive(Clone, Debug)]
pub struct SandboxPart {
    /// Which.
    pub name: String,
    /// Whether it is there.
    pub ok: bool,
    /// One sentence.
    pub text: String,
}

/// The daemon's handle.
#[derive(Clone)]
pub struct Engine {
    context: Arc<Context>,
    components: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

/// What the components share.
pub(crate) struct Context {
    /// See [`Context::options`].
    current: RwLock<Arc<Options>>,
    /// The file they come from, once it is followed.
    settings: OnceLock<Arc<settings::Settings>>,
    pub(crate) store: Store,
    pub(crate) workspaces: workspace::Workspaces,
    pub(crate) agents: AgentsHere,
    /// What live runs show when they ask for something, and how often they did.
    pub(crate) passes: pass::Passes,
    pub(crate) links: links::Links,
    pub(crate) calls: desk::Calls,
    pub(crate) local_model: Option<local_model::Asking>,
    /// The model that is asked in hindsight.
    pub(crate) in_hindsight: Option<local_model::Asking>,
    /// Places of tasks that the local model is asked about.
    pub(crate) classifying: Arc<tokio::sync::Semaphore>,
    pub(crate) planner: planner::Planner,
    pub(crate) owner: String,
    started_at: Timestamp,
    /// Something may have to start, stop or be done.
    pub(crate) wake: Notify,
    /// Something may have to be landed.
    pub(crate) land: Notify,
    /// Something may have to be removed.
    pub(crate) tidy: Notify,
    /// Somebody may have changed what another changes.
    pub(crate) radar: Notify,
    /// Held by who reads the logs of sessions.
    pub(crate) reading_sessions: tokio::sync::Mutex<()>,
    /// Who changes what, as it was last seen.
    pub(crate) collisions: tokio::sync::Mutex<radar::Radar>,
    /// What was found of the sandbox, once somebody wanted to know.
    sandbox: OnceCell<runner::sandbox::Probe>,
    /// Held while a local model server is started.
    pub(crate) starting: tokio::sync::Mutex<()>,
    /// Live runs driven here, and how to ask each to stop.
    live: Mutex<HashMap<RunId, watch::Sender<bool>>>,
    pub(crate) stopping: watch::Sender<bool>,
}

impl Engine {
    /// Starts the components. Runs of a daemon before this one are adopted.
    pub fn start(options: Options, store: Store) -> Result<Self, Error> {
        let workspaces = workspace::Workspaces::open(&options.data_dir, options.person.clone())
            .map_err(|error| Error::Repository(error.to_string()))?;
        let passes =
            pass::Passes::open(&options.data_dir).map_err(|error| Error::Repository(error.to_string()))?;
        let links = links::Links::open(&options.data_dir);
        let links = links.map_err(|error| Error::Repository(error.to_string()))?;
        let context = Arc::new(Context {
            passes,
            links,
            calls: desk::Calls::default(),
            local_model: options.local_model.clone().map(local_model::Asking::new),
            in_hindsight: hindsight::asking(&options),
            classifying: Arc::new(tokio::sync::Semaphore::new(classifying::MOST)),
            agents: AgentsHere::look(&options),
            planner: planner::Planner::default(),
            owner: "local".into(),
            started_at: clock::now(),
            wake: Notify::new(),
            land: Notify::new(),
            tidy: Notify::new(),
            radar: Notify::new(),
            reading_sessions: tokio::sync::Mutex::default(),
            collisions: tokio::sync::Mutex::default(),
            sandbox: OnceCell::new(),
            starting: tokio::sync::Mutex::default(),
            live: Mutex::default(),
            stopping: watch::Sender::new(false),
            current: RwLock::new(Arc::new(options)),
            settings: OnceLock::new(),
            store,
            workspaces,
        });
        let mut components = vec![tokio::spawn(landing::serve(Arc::clone(&context)))];
        if context.options().dispatch {
            components.push(tokio::spawn(scheduler::serve(Arc::clone(&context))));
            components.push(tokio::spawn(janitor::serve(Arc::clone(&context))));
            components.push(tokio::spawn(hindsight::serve(Arc::clone(&context))));
            components.push(tokio::spawn(radar::serve(Arc::clone(&context))));
        }
        Ok(Self { context, components: Arc::new(Mutex::new(components)) })
    }

    /// Stops the components, last started first. Runs go on in their shims.
    pub async fn stop(&self) {
        self.context.stopping.send_replace(true);
        let components = std::mem::take(&mut *self.components.lock().unwrap_or_else(PoisonError::into_inner));
        for component in components.into_iter().rev() {
            // A component that panicked has stopped, too.
            component.await.ok();
        }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.context.store
    }

    /// When this daemon started.
    pub fn started_at(&self) -> Timestamp {
        self.context.started_at
    }

    /// The configured projects.
    pub fn projects(&self) -> Vec<Project> {
        self.context.options().projects.clone()
    }

    /// How many runs may live at once.
    pub fn concurrency(&self) -> usize {
        self.context.options().concurrency
    }

    /// The agents found on this machine.
    pub fn agents(&self) -> Vec<AgentHere> {
        self.context.agents.list()
    }

    /// An agent's name, if it can be used.
    pub fn usable_agent(&self, name: &str) -> Result<String, Error> {
        Ok(self.context.agents.usable(name)?)
    }

    /// The sandbox, as it is found here; looked at once, by the first who wants to know.
    pub async fn sandbox(&self) -> SandboxHere {
        let probe = self.context.probe().await;
        SandboxHere {
            ok: probe.ok,
            summary: probe.summary.clone(),
            details: probe
                .parts
                .iter()
                .map(|(name, ok, text)| SandboxPart { name: name.clone(), ok: *ok, text: text.clone() })
                .collect(),
        }
    }

    /// Accepts a task. When this returns it is on disk.
    pub async fn create(&self, mut request: Request, actor: Actor) -> Result<tasks::Accepted, Error> {
        let race = std::mem::take(&mut request.race);
        if !race.is_empty() {
            intake::racers(&race, &self.context.agents)?;
            request.agent = race.first().map(|by| by.agent.clone());
        }
        let asked = self.complete(request)?;
        let asked = self.choose_agent(asked).await?;
        let now = clock::now();
        let accepted = self.context.store.write(move |tx| {
            if race.is_empty() {
                tasks::create(tx, asked, &actor, now)
            } else {
                tasks::start(tx, &asked, &race, &actor, now)
            }
        });
        let accepted = accepted.await?;
        if accepted.new {
            classifying::refine(&self.context, &accepted.task);
        }
        self.context.wake.notify_one();
        Ok(accepted)
    }

    pub(crate) fn complete(&self, request: Request) -> Result<domain::NewTask, Unclear> {
        let options = self.context.options();
        intake::complete(request, (&options.projects, &options.pipelines), &self.context.agents)
    }

    /// Carries out a person's command.
    pub async fn command(&self, id: TaskId, command: Command, actor: Actor) -> Result<Work, Error> {
        self.decide(id, None, command, actor).await
    }

    /// Carries out a person's command on the work that they have seen, by its commit: what they have not seen is left
    /// alone.
    pub async fn decide(
        &self,
        id: TaskId,
        seen: Option<String>,
        command: Command,
        actor: Actor,
    ) -> Result<Work, Error> {
        let now = clock::now();
        let change = move |tx: &mut store::Tx<'_>| {
            tasks::expect_seen(tx, id, seen.as_deref())?;
            match command {
                // What was remarked on its lines goes along.
                Command::SendBack { comment } => store::remarks::send_back(tx, id, &comment, &actor, now),
                command => tasks::change(tx, id, command, &actor, now),
            }
        };
        let work = self.context.store.write(change).await?;
        let leaves = work.task.stopping || work.task.landing.withdrawn;
        if let Some(run) = work.run.as_ref().filter(|_| leaves) {
            self.context.ask_to_stop(run.id);
        }
        self.context.wake.notify_one();
        self.context.land.notify_one();
        self.context.radar.notify_one();
        self.context.tidy.notify_one();
        Ok(work)
    }

    /// Changes a task's place in the plan.
    pub async fn adjust(&self, id: TaskId, change: Adjust, actor: Actor) -> Result<Work, Error> {
        let now = clock::now();
        let work = self.context.store.write(move |tx| tasks::adjust(tx, id, change, &actor, now)).await?;
        self.context.wake.notify_one();
        Ok(work)
    }

    /// Gives a task to a person, in its agent's own interactive UI; what runs is stopped first.
    pub async fn take_over(&self, id: TaskId, actor: Actor) -> Result<Work, Error> {
        let work = self.context.store.read(move |tx| tasks::load(tx, id)).await?;
        let work = work.ok_or(store::Error::NotFound { what: "task", id: id.to_string() })?;
        let agent = work.task.asked.agent;
        let driver = self.context.agents.driver(&agent);
        if driver.and_then(|driver| driver.interactive(&agents::Assignment::default())).is_none() {
            return Err(Unclear::Invalid(format!(
                "`{agent}` has no interactive UI that a person could take over; send the task back with a comment"
            ))
            .into());
        }
        self.command(id, Command::TakeOver, actor).await
    }

    /// Goes back to a checkpoint.
    pub async fn roll_back(&self, id: TaskId, checkpoint: String, actor: Actor) -> Result<Work, Error> {
        let name = checkpoint.clone();
        let points = self.context.store.read(move |tx| store::checkpoints::of_task(tx, id)).await?;
        let point = points.into_iter().find(|point| point.name == name);
        let point = point.ok_or(store::Error::NotFound { what: "checkpoint", id: checkpoint.clone() })?;
        self.command(id, Command::Rollback { checkpoint, commit: point.commit }, actor).await
    }

    /// What would become of these tasks' work, landed one after the other in the branch as it is.
    pub async fn foresee(
        &self,
        repo: String,
        branch: String,
        tasks: Vec<TaskId>,
    ) -> Result<(String, Vec<workspace::Foreseen>), Error> {
        let commits = self.context.store.read(move |tx| {
            let commit = |id| Ok(tasks::load(tx, id)?.and_then(|work| work.task.commit).unwrap_or_default());
            tasks.into_iter().map(commit).collect::<Result<Vec<_>, store::Error>>()
        });
        let commits = commits.await?;
        let context = Arc::clone(&self.context);
        blocking(move || context.workspaces.foresee(&repo, &branch, &commits)).await
    }
}

impl Context {
    /// What the sandbox offers.
    pub(crate) async fn probe(&self) -> &runner::sandbox::Probe {
        let look = || async {
            let options = self.options();
            let (own, scratch) = (options.own.clone(), options.data_dir.join("scratch/probe"));
            let probe = tokio::task::spawn_blocking(move || runner::sandbox::probe(&own, &scratch)).await;
            probe.unwrap_or_else(|_| runner::sandbox::Probe::none("looking at the sandbox broke off"))
        };
        self.sandbox.get_or_init(look).await
    }

    /// The project of a task, as configured now.
    pub(crate) fn project(&self, asked: &domain::NewTask) -> Project {
        let options = self.options();
        let named = options
            .projects
            .iter()
            .find(|project| project.name == asked.project && project.repo == asked.repo);
        named.cloned().unwrap_or_else(|| Project::new(asked.project.clone(), asked.repo.clone()))
    }

    /// What earlier runs left for this project's later ones.
    pub(crate) async fn notes(
        &self,
        asked: &domain::NewTask,
    ) -> Result<Vec<store::memory::Entry>, store::Error> {
        let place = Place { project: asked.project.clone(), repo: asked.repo.clone() };
        self.store.read(move |tx| store::memory::all(tx, &place)).await
    }

    /// The store's name of a repository.
    pub(crate) fn repo_of(&self, source: &str) -> Result<String, workspace::Error> {
        self.workspaces.repo_of(source)
    }

    pub(crate) fn run_dir(&self, run: RunId) -> PathBuf {
        self.options().data_dir.join("runs").join(run.to_string())
    }

    /// Notes a run as driven here; `None` when it is already.
    pub(crate) fn enter(&self, run: RunId) -> Option<watch::Receiver<bool>> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if live.contains_key(&run) {
            return None;
        }
        let (sender, receiver) = watch::channel(false);
        live.insert(run, sender);
        Some(receiver)
    }

    pub(crate) fn leave(&self, run: RunId) {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
        self.calls.forget(run);
        self.wake.notify_one();
        self.tidy.notify_one();
    }

    pub(crate) fn ask_to_stop(&self, run: RunId) {
        if let Some(sender) = self.live.lock().unwrap_or_else(PoisonError::into_inner).get(&run) {
            sender.send_replace(true);
        }
    }

    /// True once the daemon stops.
    pub(crate) async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        stopping.wait_for(|stopping| *stopping).await.ok();
    }
}

/// Runs something that blocks; a repository's complaint becomes ours.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, workspace::Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| Error::Repository(error.to_string())),
        Err(_) => Err(Error::Repository("the operation broke off".into())),
    }
}
