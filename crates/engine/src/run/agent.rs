//! The agent's job: started once, followed to its end, its words stored as events.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use agents::{Assignment, Driver, Launch, Program, Verdict};
use domain::work::End;
use domain::{Event, Isolation, Outcome, Stage, question};
use runner::{Exit, Follower, Forward, Found, JobSpec, Network, Piece, Reason, job};
use tokio::time::{Instant, sleep_until};
use workspace::Workspace;

use super::gateway::Gateway;
use super::jobs::{GRACE, found};
use super::noticing::Noticing;
use super::reading::{Reading, is_progress};
use super::record::Record;
use super::tools::reports;
use super::{Broken, Drive, asked_to_stop};
use crate::{agents_here, radar};

/// Paths of the host, and where a job sees them.
type Mounts = Vec<(PathBuf, PathBuf)>;

/// US dollars a run may cost, and when that renews.
pub(super) type Budget = (f64, Option<domain::Timestamp>);

/// How long an agent that told its result may take to end.
const LINGER: Duration = Duration::from_secs(10);

/// Why we asked an agent to end.
#[derive(Clone, Copy)]
enum Asked {
    ByPerson,
    NoProgress,
    Lingering,
    Budget,
    Stuck,
}

/// Where our own binary is inside a sandbox.
const OWN: &str = "/run/sidekick/sidekick";

/// Whether a project's agents have a tool of ours.
fn has(project: &domain::Project, tool: &str) -> bool {
    project.tools.as_ref().is_none_or(|tools| tools.iter().any(|one| one == tool))
}

impl Drive {
    /// Lets the agent work; how it ended.
    pub(super) async fn act(&mut self, workspace: &Workspace) -> Result<End, Broken> {
        let run = self.run()?.clone();
        let driver = self.context.agents.driver(&run.agent).ok_or_else(|| Broken::Failed {
            reason: format!("the agent `{}` is not configured any more", run.agent),
            retryable: false,
        })?;
        let before = self.used_before().await?;
        let notes = self.context.notes(&self.work.task.asked).await?;
        let beside = radar::beside(&self.context, &self.work).await;
        let mcp = self.tools(&run, driver.as_ref());
        let can_ask = mcp.is_some() && has(&self.project, "ask_person");
        let prompt = self.told(workspace, driver.as_ref(), notes, beside, can_ask).await?;
        let told = Assignment { prompt, mcp, before, ..Assignment::default() };
        let assignment = self.assignment(workspace, driver.as_ref(), told);
        let dir = self.dir().join("agent");
        if run.hands_on {
            return self.by_hand(workspace, driver.as_ref(), assignment, &dir).await;
        }
        match found(&dir)? {
            Found::Finished(_) | Found::Alive(_) => {}
            Found::Lost => return Ok(self.lost()),
            Found::NotStarted if self.is_stopping() => return Ok(self.end(Outcome::Stopped, None, false)),
            Found::NotStarted => {
                let budget = self.budget().await?;
                if let Some((left, until)) = budget.filter(|(left, _)| *left <= 0.0) {
                    return Ok(self.spent(left, until));
                }
                self.endpoint(driver.as_ref()).await?;
                self.enter(Stage::Agent).await?;
                self.launch(workspace, driver.as_ref(), assignment.clone(), budget, &dir)?;
            }
        }
        self.enter(Stage::Agent).await?;
        let budget = self.budget().await?;
        let record = driver.limits_log().map(|logs| Record { home: workspace.home(), logs });
        let noticing = self.noticing(workspace);
        self.follow(&dir, Reading::new(driver.session(&assignment)), record, budget, noticing).await
    }

    pub(super) fn lost(&self) -> End {
        self.end(Outcome::Lost, Some("its processes vanished without a trace of how they ended".into()), true)
    }

    /// What earlier runs of the session it resumes consumed: agents count on over resumes.
    async fn used_before(&self) -> Result<domain::Usage, Broken> {
        let Some(session) = self.run()?.resume.clone() else { return Ok(domain::Usage::default()) };
        let (task, run) = (self.work.task.id, self.id);
        let used = self.context.store.read(move |tx| store::runs::used_in_session(tx, task, &session, run));
        Ok(used.await?)
    }

    /// All that an agent gets, besides what it is told.
    fn assignment(&self, workspace: &Workspace, driver: &dyn Driver, told: Assignment) -> Assignment {
        let Some(run) = &self.work.run else { return Assignment::default() };
        let bare = run.isolation == Isolation::None;
        Assignment {
            task: self.work.task.asked.text.clone(),
            feedback: run.feedback.clone().unwrap_or_default(),
            model: run.model.clone(),
            resume: run.resume.clone(),
            new_session: self.id.to_string(),
            whole: self.planning().is_some(),
            scenario: self.work.task.asked.scenario.clone(),
            home: if bare { workspace.home().display().to_string() } else { runner::sandbox::HOME.into() },
            logged_in: self.profile_of(&run.account).is_some(),
            account: self.variables_of(&run.account, driver),
            ..told
        }
    }

    fn launch(
        &self,
        workspace: &Workspace,
        driver: &dyn Driver,
        assignment: Assignment,
        budget: Option<Budget>,
        dir: &Path,
    ) -> Result<(), Broken> {
        let account = self.run()?.account.clone();
        let (spec, stdin) = self.agent_job((workspace, &account), driver, assignment, budget, |it| {
            driver.launch(it).map_err(|e| failed(&e))
        })?;
        Ok(job::launch(&self.context.options().own, dir, &spec, &stdin)?)
    }

    /// An agent's job with an account as `begin` starts it, behind the gateway where there is one, with the files of its home
    /// written; and what it gets on standard input.
    pub(super) fn agent_job(
        &self,
        (workspace, account): (&Workspace, &str),
        driver: &dyn Driver,
        mut assignment: Assignment,
        budget: Option<Budget>,
        begin: impl FnOnce(&Assignment) -> Result<Launch, Broken>,
    ) -> Result<(JobSpec, Vec<u8>), Broken> {
        let gateway = self.gateway(driver, &assignment.account, budget.map(|(left, _)| left))?;
        if let Some(gateway) = &gateway {
            assignment.account.clone_from(&gateway.account);
        }
        let launch = begin(&assignment)?;
        for (path, bytes) in &launch.files {
            let at = Path::new(path);
            // Replaced if the agent of an earlier run put something there; never written through a link.
            if at.file_name().is_some_and(|name| name == ".claude.json") && workspace.home().join(at).exists()
            {
                continue;
            }
            workspace::files::write(&workspace.home(), at, bytes).map_err(|error| failed(&error))?;
        }
        let bare = self.run()?.isolation == Isolation::None;
        let (program, mounts) = self.program(&launch.program, driver.name(), bare)?;
        let mut argv = program;
        argv.extend(launch.args);
        let mut allow = launch.hosts;
        allow.extend(self.project.network.iter().cloned());
        let ports = launch.forwards.into_iter().filter(|port| gateway.is_none() || !Gateway::is_port(*port));
        let mut forwards: Vec<_> = ports.map(Forward::Loopback).collect();
        let secret = gateway.map_or_else(Vec::new, |gateway| {
            forwards.push(gateway.forward);
            gateway.secret
        });
        if assignment.mcp.is_some() {
            forwards.push(self.way_to_tools());
        }
        let network = Network { allow, forwards };
        let mut spec = JobSpec { secret, ..self.spec(workspace, argv, launch.env, mounts, network) };
        if let (Some(profile), Some(login)) = (self.profile_of(account), driver.login()) {
            let runner::Isolation::Sandbox(sandbox) = &mut spec.isolation else {
                return Err(Broken::Failed {
                    reason: format!(
                        "the login of {account} is for sandboxes only: name another account, or give its agent a key"
                    ),
                    retryable: false,
                });
            };
            // The one file, for the vendor's program to read and renew; nothing else of an account is shared by runs.
            let inside = Path::new(runner::sandbox::HOME).join(login.file);
            sandbox.writable.push((profile.join(login.file), inside));
        }
        Ok((spec, launch.stdin))
    }

    /// An account's variables. Beside a login of the vendor's there is no key that could make the run metered.
    pub(super) fn variables_of(&self, account: &str, driver: &dyn Driver) -> BTreeMap<String, String> {
        let known = self.context.agents.account(account);
        let mut variables = known.map(|known| known.env.clone()).unwrap_or_default();
        if self.profile_of(account).is_some() {
            let credentials = driver.account_variables();
            variables.retain(|name, _| name.ends_with("URL") || !credentials.contains(&name.as_str()));
        }
        variables
    }

    /// Where the vendor's own login of an account is.
    pub(super) fn profile_of(&self, account: &str) -> Option<PathBuf> {
        self.context.agents.account(account)?.profile.clone()
    }

    /// The program as the job sees it, with its interpreter before it where the sandbox would not find that, and
    /// what must be mounted for it.
    fn program(&self, program: &Program, agent: &str, bare: bool) -> Result<(Vec<String>, Mounts), Broken> {
        let own = &self.context.options().own;
        let found = match program {
            Program::Own if bare => return Ok((vec![own.display().to_string()], Vec::new())),
            Program::Own => return Ok((vec![OWN.into()], vec![(own.clone(), OWN.into())])),
            Program::Named(name) | Program::Through { program: name, .. } => {
                self.context.agents.program(agent, name, &self.context.options().path)
            }
        };
        let found = found.ok_or_else(|| Broken::Failed {
            reason: format!(
                "the program of `{agent}` is not on the PATH of the daemon; install it, then retry"
            ),
            retryable: false,
        })?;
        let system = |path: &Path| path.starts_with("/usr") || path.starts_with("/bin");
        let mut words = vec![found.display().to_string()];
        let mut mounts = Vec::new();
        let mut before = Vec::new();
        if let Program::Through { role, .. } = program {
            before = vec![if bare { own.display().to_string() } else { OWN.into() }, (*role).to_owned()];
            mounts.extend((!bare).then(|| (own.clone(), OWN.into())));
        }
        if bare {
            return Ok(([before, words].concat(), Vec::new()));
        }
        // A version manager keeps it in the person's home, which the sandbox does not have.
        let interpreter = agents_here::interpreter(&found, &self.context.options().path);
        if let Some(interpreter) = interpreter.filter(|path| !system(path)) {
            words.insert(0, interpreter.display().to_string());
            mounts.push((interpreter.clone(), interpreter));
        }
        let words = [before, words].concat();
        if system(&found) {
            return Ok((words, mounts));
        }
        // What a package manager installed together is needed together.
        let package =
            found.ancestors().find(|dir| dir.file_name().is_some_and(|name| name == "node_modules"));
        let mount = package.map_or_else(|| found.clone(), Path::to_owned);
        let environment = agents_here::environment(&found).into_iter().filter(|path| !system(path));
        let environment: Vec<_> = environment.collect();
        let needed = if environment.is_empty() { vec![mount] } else { environment };
        mounts.extend(needed.into_iter().map(|path| (path.clone(), path)));
        Ok((words, mounts))
    }

    /// Reads the job's spool to its end. What was stored before a restart is read again, for the
    /// session's sake, and not stored again.
    async fn follow(
        &mut self,
        dir: &Path,
        mut reading: Reading,
        record: Option<Record>,
        budget: Option<Budget>,
        mut noticing: Noticing,
    ) -> Result<End, Broken> {
        let (run, mut stop) = (self.id, self.stop.clone());
        let stored = self.context.store.read(move |tx| store::runs::read_to(tx, run, "agent")).await?;
        let mut follower = Follower::open(dir, 0);
        let (mut offset, mut told) = (0, stored);
        let mut asked = None;
        let (mut progress, mut over) = (Instant::now(), None);
        loop {
            let patience = if over.is_some() { LINGER } else { self.context.options().no_progress };
            let idle = sleep_until(over.unwrap_or(progress) + patience);
            let piece = tokio::select! {
                piece = follower.next() => piece?,
                () = asked_to_stop(&mut stop), if asked.is_none() => {
                    asked = Some(Asked::ByPerson);
                    job::stop(dir, GRACE, "stopped by a person").await?;
                    continue;
                }
                () = idle, if asked.is_none() => {
                    let (why, reason) = match over {
                        Some(_) => (Asked::Lingering, "it told its result and did not end"),
                        None => (Asked::NoProgress, "no progress"),
                    };
                    asked = Some(why);
                    job::stop(dir, GRACE, reason).await?;
                    continue;
                }
                () = until(noticing.silent_at()), if asked.is_none() => {
                    self.note_silence(&mut noticing).await?;
                    continue;
                }
                () = self.context.stopped() => return Err(Broken::Stopping),
            };
            match piece {
                Piece::Frames(frames, next) => {
                    let events = reading.take(&frames, &mut offset, stored);
                    if events.iter().any(is_progress) {
                        progress = Instant::now();
                    }
                    if over.is_none() && reading.is_over() {
                        over = Some(Instant::now());
                    }
                    let seen = noticing.hear(&events).await;
                    if next > told {
                        self.store_events(events, told, next).await?;
                        told = next;
                    }
                    if let Some(seen) = seen.filter(|_| asked.is_none() && over.is_none())
                        && self.note_stuck(seen).await?
                    {
                        asked = Some(Asked::Stuck);
                        job::stop(dir, GRACE, "it seems stuck").await?;
                    }
                    if self.over_budget(&reading, budget).is_some() && asked.is_none() {
                        asked = Some(Asked::Budget);
                        job::stop(dir, GRACE, "its budget is used up").await?;
                    }
                }
                Piece::Ended(exit) => {
                    // One beyond the end marks that what was left in the lines was stored, too.
                    let mut rest = reading.rest();
                    rest.extend(self.limits_on(record.as_ref(), &reading));
                    if told <= offset {
                        self.store_events(rest, told, offset + 1).await?;
                    }
                    // However it ended: what it could not pay for is the reason.
                    let by_person = matches!(asked, Some(Asked::ByPerson));
                    if let Some(reason) = self.over_budget(&reading, budget).filter(|_| !by_person) {
                        let until = budget.and_then(|(_, until)| until);
                        return Ok(End {
                            until,
                            spent: true,
                            ..self.end(Outcome::Limited, Some(reason), true)
                        });
                    }
                    return Ok(self.ended(&exit, asked, &mut reading));
                }
                Piece::Lost => return Ok(self.lost()),
            }
        }
    }

    /// The windows of the account as the agent wrote them down. A gateway has seen them already.
    fn limits_on(&self, record: Option<&Record>, reading: &Reading) -> Vec<Event> {
        let session = self.work.run.as_ref().and_then(|run| run.session.as_deref());
        match (record, session) {
            (Some(record), Some(session)) if !reading.is_metered() => record.limits(session),
            _ => Vec::new(),
        }
    }

    /// Why the run's budget is used up, if it is: as its gateway told, or, where there is none, as its agent did.
    fn over_budget(&self, reading: &Reading, budget: Option<Budget>) -> Option<String> {
        if let Some(reason) = reading.budget() {
            return Some(reason.to_owned());
        }
        let (cost, (most, _)) = (self.run().ok()?.usage.cost_usd, budget?);
        (cost >= most).then(|| format!("the run has cost ${cost:.4}, and its budget is ${most:.2}"))
    }

    /// The end of a run that may not begin.
    pub(super) fn spent(&self, left: f64, until: Option<domain::Timestamp>) -> End {
        let name = &self.project.name;
        let reason = match until {
            Some(until) => format!(
                "the month's budget of {name} is used up until {}; raise it in sidekick.yaml, or wait",
                until.local(&self.context.options().zone)
            ),
            None => format!("the budget of a run of {name} is ${left:.2}: raise it in sidekick.yaml"),
        };
        End { until, spent: true, ..self.end(Outcome::Limited, Some(reason), true) }
    }

    pub(super) async fn store_events(
        &mut self,
        events: Vec<Event>,
        from: u64,
        to: u64,
    ) -> Result<(), Broken> {
        for event in &events {
            match event {
                Event::PlanUpdated { items } => self.plan.clone_from(items),
                Event::ToolFinished { .. } => self.context.radar.notify_one(),
                _ => {}
            }
        }
        let open = question::open(&self.work.task.questions).count();
        let free = match self.work.asks_nobody() {
            Some(nobody) => Err(nobody),
            None => Ok(question::MOST_OPEN.saturating_sub(open)),
        };
        let reports = reports(events, free);
        self.tell(reports, Some(("agent", from, to))).await
    }

    fn ended(&self, exit: &Exit, asked: Option<Asked>, reading: &mut Reading) -> End {
        let hint = agents::Exit { code: exit.code, signal: exit.signal };
        let finish = reading.finish(&hint);
        let detail = exit.detail.clone();
        let ours = |outcome, retryable| End {
            summary: finish.summary.clone(),
            ..self.end(outcome, detail.clone(), retryable)
        };
        match (exit.reason, asked) {
            (Reason::Stopped, Some(Asked::NoProgress)) => {
                let minutes = self.context.options().no_progress.as_secs() / 60;
                let reason =
                    format!("it was stopped: no progress for {minutes} minutes, however much it said");
                End { summary: finish.summary, ..self.end(Outcome::TimedOut, Some(reason), false) }
            }
            (Reason::Stopped, Some(Asked::Stuck)) if !self.is_stopping() => self.stuck_end(finish.summary),
            (Reason::Stopped, Some(Asked::ByPerson | Asked::Budget | Asked::Stuck) | None) => {
                ours(Outcome::Stopped, false)
            }
            (Reason::TimeoutTotal, _) => ours(Outcome::TimedOut, false),
            (Reason::TimeoutSilent | Reason::TimeoutStart, _) => ours(Outcome::TimedOut, true),
            (Reason::OutputLimit | Reason::DiskLimit | Reason::MemoryLimit, _) => {
                ours(Outcome::Failed, false)
            }
            (Reason::SetupFailed, _) => {
                let why = detail.clone().unwrap_or_else(|| "unknown".into());
                let reason =
                    format!("the sandbox could not be set up as asked, so nothing was started: {why}");
                self.end(Outcome::Failed, Some(reason), false)
            }
            (Reason::Exited, _) | (Reason::Stopped, Some(Asked::Lingering)) => {
                let (outcome, retryable, until) = match finish.verdict {
                    Verdict::Succeeded => (Outcome::Succeeded, false, None),
                    // What one agent cannot, the next in line may.
                    Verdict::Failed { retryable } => {
                        (Outcome::Failed, retryable || !self.project.fallback.is_empty(), None)
                    }
                    Verdict::Limited { until } => (Outcome::Limited, true, until),
                };
                End { summary: finish.summary, until, ..self.end(outcome, finish.reason, retryable) }
            }
        }
    }
}

/// Until then; for ever when never.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn failed(error: &dyn std::fmt::Display) -> Broken {
    Broken::Failed { reason: error.to_string(), retryable: false }
}
