//! What a live run may ask of the daemon, and what a person may ask of the same: progress, questions, delegation, the
//! project's tasks and memory, the local model. Each is refused when the run has ended; each is bounded.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::delegation;
use domain::work::RunCommand;
use domain::{ChosenBy, Classified, Event, NewTask, Refusal, Run, RunId, TaskId, Work, classify};
use sha2::{Digest, Sha256};
use store::memory::{self, Note, Place};
use store::{Tx, runs, tasks};

use crate::intake::{self, Unclear};
use crate::{Engine, Error, clock};

/// Calls of one run, for as long as this daemon lives.
const MOST_CALLS: u32 = 500;
/// Characters of a word on the progress.
const MOST_PROGRESS: usize = 1000;
/// Bytes of a delegated instruction.
const MOST_INSTRUCTION: usize = 16 * 1024;
/// Tasks of a list.
const MOST_LISTED: usize = 50;

/// A live run that asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Its task.
    pub task: TaskId,
    /// The run.
    pub run: RunId,
    /// Its project.
    pub place: Place,
    /// How its events are signed.
    actor: String,
}

/// How often each live run has called.
#[derive(Default)]
pub(crate) struct Calls(Mutex<HashMap<RunId, u32>>);

impl Calls {
    /// Counts a call; false when there were enough.
    fn count(&self, run: RunId) -> bool {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = calls.entry(run).or_default();
        *count += 1;
        *count <= MOST_CALLS
    }

    pub(crate) fn forget(&self, run: RunId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
    }
}

impl Engine {
    /// The live run whose pass this is; `None` for any other, and for none.
    pub async fn caller(&self, pass: &str) -> Result<Option<Caller>, Error> {
        let Some(id) = self.context.passes.run_of(pass) else { return Ok(None) };
        let found = self.store().read(move |tx| {
            let Some(run) = runs::load(tx, id)?.filter(Run::is_live) else { return Ok(None) };
            Ok(tasks::load(tx, run.task)?.map(|work| (run, work.task.asked)))
        });
        Ok(found.await?.map(|(run, asked)| Caller {
            task: run.task,
            run: run.id,
            place: Place { project: asked.project, repo: asked.repo },
            actor: format!("agent:{}", run.agent),
        }))
    }

    /// Counts a call of a run; refused when there were too many.
    pub fn admit(&self, caller: &Caller) -> Result<(), Error> {
        if self.context.calls.count(caller.run) {
            return Ok(());
        }
        Err(refused("this run has called 500 times, which is the most: go on without these tools"))
    }

    /// Shows people how far a run is.
    pub async fn report_progress(&self, caller: &Caller, text: String) -> Result<(), Error> {
        let text: String = text.chars().take(MOST_PROGRESS).collect();
        if text.trim().is_empty() {
            return Err(refused("the progress has no text"));
        }
        self.tell(caller, RunCommand::Tell(Event::ProgressReported { text })).await.map(drop)
    }

    /// Notes a question to a person.
    pub async fn ask_person(&self, caller: &Caller, text: String, choices: Vec<String>) -> Result<(), Error> {
        self.tell(caller, RunCommand::Ask { text, choices }).await.map(drop)
    }

    async fn tell(&self, caller: &Caller, report: RunCommand) -> Result<Work, Error> {
        let (caller, now) = (caller.clone(), clock::now());
        let told = self
            .store()
            .write(move |tx| runs::tell(tx, caller.task, caller.run, vec![report], None, &caller.actor, now));
        Ok(told.await?)
    }

    /// The tools that a project's agents have; all when nothing is said.
    pub fn tools_of(&self, place: &Place) -> Option<Vec<String>> {
        let known =
            self.projects().into_iter().find(|one| one.name == place.project && one.repo == place.repo);
        known.and_then(|project| project.tools)
    }

    /// Hands a part of a run's work on. The same text of the same run is the same task.
    pub async fn delegate(
        &self,
        caller: &Caller,
        text: String,
        agent: Option<String>,
    ) -> Result<tasks::Accepted, Error> {
        if text.len() > MOST_INSTRUCTION {
            return Err(refused("the instruction has more than 16 KiB: say it shorter"));
        }
        let agent = agent.map(|name| self.usable_agent(&name)).transpose()?;
        let (caller, now) = (caller.clone(), clock::now());
        let accepted = self.store().write(move |tx| {
            let (work, run) = live(tx, &caller)?;
            let already = tasks::delegated(tx, run.id)?;
            let parent = delegation::delegate(&work.task, &run, already)?;
            let asked = handed_on(&work.task.asked, &run, text, agent, parent);
            let accepted = tasks::create(tx, asked, &caller.actor, now)?;
            if accepted.new {
                let (child, title) = (accepted.task.id, accepted.task.title.clone());
                let told = vec![RunCommand::Tell(Event::TaskDelegated { child, title })];
                runs::tell(tx, caller.task, caller.run, told, None, &caller.actor, now)?;
            }
            Ok(accepted)
        });
        let accepted = accepted.await?;
        self.context.wake.notify_one();
        Ok(accepted)
    }

    /// The latest tasks of a project, newest first.
    pub async fn tasks_of(&self, place: &Place, state: Option<String>) -> Result<Vec<domain::Task>, Error> {
        if let Some(state) = &state
            && !domain::TaskState::NAMES.contains(&state.as_str())
        {
            return Err(refused("there is no such state"));
        }
        let (project, repo) = (place.project.clone(), place.repo.clone());
        let filter = tasks::Filter {
            states: state.into_iter().collect(),
            project: Some(project),
            session: None,
            before: None,
            limit: tasks::MOST,
        };
        let listed = self.store().read(move |tx| tasks::list(tx, &filter)).await?;
        Ok(listed.into_iter().filter(|task| task.asked.repo == repo).take(MOST_LISTED).collect())
    }

    /// The project that a door names, by its name or repository.
    pub fn place(&self, project: Option<&str>, repo: Option<&str>) -> Result<Place, Error> {
        let project = intake::project_of(&self.projects(), project, repo)?;
        Ok(Place { project: project.name, repo: project.repo })
    }

    /// A project's memory.
    pub async fn memory(&self, place: &Place) -> Result<Vec<memory::Entry>, Error> {
        let place = place.clone();
        Ok(self.store().read(move |tx| memory::all(tx, &place)).await?)
    }

    /// Writes an entry as a person; its version.
    pub async fn write_memory(&self, place: &Place, note: Note, actor: domain::Actor) -> Result<u32, Error> {
        let (place, now) = (place.clone(), clock::now());
        Ok(self.store().write(move |tx| memory::write(tx, &place, &note, &actor, now)).await?)
    }

    /// Writes an entry as a run, visibly in its task; its version.
    pub async fn note(&self, caller: &Caller, note: Note) -> Result<u32, Error> {
        let (caller, now) = (caller.clone(), clock::now());
        let note = Note { task: Some(caller.task), ..note };
        let written = self.store().write(move |tx| {
            live(tx, &caller)?;
            let version = memory::write(tx, &caller.place, &note, &caller.actor, now)?;
            let told = vec![RunCommand::Tell(Event::MemoryWritten { name: note.name.clone(), version })];
            runs::tell(tx, caller.task, caller.run, told, None, &caller.actor, now)?;
            Ok(version)
        });
        Ok(written.await?)
    }

    /// Whether there is a local model to ask.
    pub fn has_local_model(&self) -> bool {
        self.context.local_model.is_some()
    }

    /// Asks it.
    pub async fn ask_local_model(&self, prompt: String) -> Result<String, String> {
        match &self.context.local_model {
            Some(model) => model.ask(prompt).await,
            None => Err("no local model is configured".into()),
        }
    }
}

/// A caller's run with its task, if it still is the live one.
fn live(tx: &mut Tx<'_>, caller: &Caller) -> Result<(Work, Run), store::Error> {
    let work = tasks::load(tx, caller.task)?;
    let work = work.ok_or(store::Error::NotFound { what: "task", id: caller.task.to_string() })?;
    let run = work.run.clone().filter(|run| run.id == caller.run && run.is_live());
    let run = run.ok_or_else(|| Refusal::Fenced { run: caller.run.short() })?;
    Ok((work, run))
}

/// What is handed on: in the same project and contained the same way, whatever was asked for.
fn handed_on(
    before: &NewTask,
    run: &Run,
    text: String,
    agent: Option<String>,
    parent: delegation::Parent,
) -> NewTask {
    let code = Sha256::digest(text.as_bytes());
    let code = code.iter().take(16).fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let found = classify::by_rules(&text);
    // Whom nobody chose for the task, nobody chose for its parts.
    let agent_by = if agent.is_some() { ChosenBy::Person } else { before.agent_by };
    let agent = agent.unwrap_or_else(|| run.agent.clone());
    NewTask {
        key: Some(format!("run:{}:{code}", run.id)),
        model: before.model.clone().filter(|_| agent == before.agent),
        isolation: run.isolation,
        scenario: None,
        parent: Some(parent),
        after: Vec::new(),
        found: None,
        nature: found.nature,
        classified: Classified { reason: found.reason, ..Classified::default() },
        agent_by,
        agent,
        text,
        ..before.clone()
    }
}

fn refused(why: &'static str) -> Error {
    Unclear::Invalid(why.into()).into()
}
