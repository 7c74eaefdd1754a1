//! Looking back on tasks that are over: one at a time, from a queue that the store keeps, when nobody else wants the model
//! of this machine. What the rules find needs no model; a model that is down, slow or talks nonsense adds nothing. Not here:
//! what is found (`domain::hindsight`).

use std::sync::Arc;
use std::time::Duration;

use agents::rehearsal::{FileText, Step};
use domain::hindsight::{Facts, Setting, model, proposal, rules};
use domain::work::Command;
use domain::{Complexity, Hindsight, Kind, TaskId, Timestamp, Work};
use store::{hindsights, runs, tasks};
use workspace::Kept;

use crate::local_model::{Asking, LocalModel};
use crate::{Context, Engine, Error, Options, Request, Unclear, blocking, classifying, clock};

/// How long a task waits for the model to be idle; then it is looked back on without.
const MOST_WAIT: Duration = Duration::from_mins(30);
/// How soon is looked again whether it is.
const AGAIN: Duration = Duration::from_secs(5);
/// Events come in groups: one look for all of them.
const PAUSE: Duration = Duration::from_millis(200);
/// Without any event is looked at least so often.
const FALLBACK: Duration = Duration::from_mins(10);

/// Who adds lines to a file: it calls no model.
const REHEARSAL: &str = "rehearsal";

/// How looking back is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HindsightOptions {
    /// It is not done.
    pub off: bool,
    /// Another model at the endpoint of the local model.
    pub model: Option<String>,
}

/// What is known in hindsight of a task.
#[derive(Clone, Debug)]
pub struct LookedBack {
    /// The task, as it is now.
    pub work: Work,
    /// What was found; by the rules alone, just now, when it was not looked back on yet.
    pub found: Hindsight,
    /// When it was.
    pub at: Option<Timestamp>,
    /// It waits to be.
    pub due: bool,
    /// The proposed lines as a change to `AGENTS.md`; none when it says them all.
    pub diff: Option<String>,
    /// The task that was made of them.
    pub applied: Option<domain::Task>,
}

/// The way to ask the model in hindsight, if there is one.
pub(crate) fn asking(options: &Options) -> Option<Asking> {
    let local = options.local_model.clone().filter(|_| !options.hindsight.off)?;
    let model = options.hindsight.model.clone().unwrap_or(local.model);
    Some(Asking::new(LocalModel { model, ..local }))
}

pub(crate) async fn serve(context: Arc<Context>) {
    let mut head = context.store.head();
    loop {
        let next = tokio::select! {
            next = run_once(&context, clock::now()) => next.unwrap_or_else(|error| {
                tracing::warn!(%error, "tasks that are over could not be looked back on; trying again");
                FALLBACK
            }),
            () = context.stopped() => return,
        };
        tokio::select! {
            changed = head.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(next) => {}
            () = context.stopped() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = context.stopped() => return,
        }
    }
}

/// Looks back on what is due, one after the other. Returns when to look again.
pub(crate) async fn run_once(context: &Arc<Context>, now: Timestamp) -> Result<Duration, Error> {
    if context.options().hindsight.off {
        context.store.write(|tx| hindsights::forget(tx, None)).await?;
        return Ok(FALLBACK);
    }
    loop {
        let Some((task, since)) = context.store.read(hindsights::next_due).await? else {
            return Ok(FALLBACK);
        };
        let busy = context.in_hindsight.is_some() && is_wanted(context).await?;
        if busy && now.since(since) < MOST_WAIT {
            return Ok(AGAIN);
        }
        match look_back(context, task, busy).await {
            Ok(()) => {}
            Err(Error::Store(error @ (store::Error::Unavailable(_) | store::Error::DiskFull))) => {
                return Err(error.into());
            }
            // One task never stands in the way of the others.
            Err(error) => {
                tracing::info!(task.id = %task, %error, "task {} is not looked back on", task.short());
                context.store.write(move |tx| hindsights::give_up(tx, task)).await?;
            }
        }
    }
}

/// Whether somebody with more right than we wants the model: who classifies, who asks, and a run on this machine's model.
async fn is_wanted(context: &Context) -> Result<bool, Error> {
    let asked = context.local_model.as_ref().is_some_and(Asking::is_busy);
    if asked || context.classifying.available_permits() < classifying::MOST {
        return Ok(true);
    }
    let live = context.store.read(runs::live).await?;
    Ok(live.iter().any(|run| run.billing.as_deref() == Some("local")))
}

async fn look_back(context: &Arc<Context>, id: TaskId, busy: bool) -> Result<(), Error> {
    let (work, facts) = read(context, id).await?;
    let mut found = by_rules(context, &work, &facts);
    match &context.in_hindsight {
        None => found.without = Some("no local model is configured".into()),
        Some(_) if found.costs.is_empty() => found.without = Some("there was nothing to ask about".into()),
        Some(_) if busy => found.without = Some("the local model was busy for too long".into()),
        Some(asking) => ask(context, asking, &work, &facts, &mut found).await,
    }
    let now = clock::now();
    let command = Command::LookBack(Box::new(found));
    context.store.write(move |tx| tasks::change(tx, id, command, "engine", now)).await?;
    Ok(())
}

async fn ask(context: &Arc<Context>, asking: &Asking, work: &Work, facts: &Facts, found: &mut Hindsight) {
    let known = match known(context, work).await {
        Ok(Kept::Text(text)) => Some(text),
        _ => None,
    };
    let question = model::question(facts, found, known.as_deref());
    match asking.fill_in_at_leisure(question, model::schema()).await.map(|text| model::answer(&text)) {
        Ok(Some((cause, lines))) => {
            found.model = Some(asking.model().to_owned());
            (found.cause, found.lines) = (cause, lines);
        }
        Ok(None) => found.without = Some("the local model's answer was none".into()),
        Err(error) => {
            tracing::info!(task.id = %work.task.id, error, "hindsight on task {} is the rules' alone", work.task.id.short());
            found.without = Some("the local model did not answer".into());
        }
    }
}

/// What a task's log says.
async fn read(context: &Context, id: TaskId) -> Result<(Work, Facts), Error> {
    let read = context.store.read(move |tx| {
        let work = tasks::load(tx, id)?;
        let work = work.ok_or(store::Error::NotFound { what: "task", id: id.to_string() })?;
        Ok((work, hindsights::facts_of(tx, id)?))
    });
    Ok(read.await?)
}

fn by_rules(context: &Context, work: &Work, facts: &Facts) -> Hindsight {
    let project = context.project(&work.task.asked);
    let ready = context.agents.list().into_iter().filter(|agent| agent.state == crate::AgentState::Ready);
    let agents: Vec<String> = ready.map(|agent| agent.name).filter(|name| name != REHEARSAL).collect();
    rules::look(facts, &Setting { project: &project, agents: &agents })
}

/// `AGENTS.md` as the task left it: where its work landed, else where it started.
async fn known(context: &Arc<Context>, work: &Work) -> Result<Kept, Error> {
    let landed = work.task.commit.clone().filter(|_| work.task.state == domain::TaskState::Completed);
    let Some(commit) = landed.or(work.task.base_commit.clone()) else { return Ok(Kept::Missing) };
    let (context, source) = (Arc::clone(context), work.task.asked.repo.clone());
    blocking(move || {
        let repo = context.repo_of(&source)?;
        context.workspaces.file_at(&repo, &commit, proposal::FILE, proposal::MOST_BYTES)
    })
    .await
}

impl Engine {
    /// What is known in hindsight of a task.
    pub async fn hindsight(&self, id: TaskId) -> Result<LookedBack, Error> {
        let context = &self.context;
        let kept = move |tx: &mut store::Tx<'_>| {
            let applied = tasks::of_key(tx, &key_of(id))?;
            Ok((hindsights::of_task(tx, id)?, hindsights::is_due(tx, id)?, applied))
        };
        let (kept, due, applied) = context.store.read(kept).await?;
        let (work, facts) = read(context, id).await?;
        let (found, at) = match kept {
            // What was found of it before it was tried again is not what is known of it now.
            Some(kept) if !due => (kept.hindsight, Some(kept.at)),
            _ => (by_rules(context, &work, &facts), None),
        };
        let diff = match found.lines.as_slice() {
            [] => None,
            lines => match known(context, &work).await {
                Ok(Kept::Text(text)) => changed(Some(&text), lines),
                Ok(Kept::Missing) => changed(None, lines),
                Ok(Kept::Other) | Err(_) => None,
            },
        };
        Ok(LookedBack { work, found, at, due, diff, applied })
    }

    /// What was found in a project, or in all, the latest first.
    pub async fn hindsights(
        &self,
        project: Option<String>,
        limit: usize,
    ) -> Result<Vec<hindsights::Found>, Error> {
        Ok(self.store().read(move |tx| hindsights::latest(tx, project.as_deref(), limit)).await?)
    }

    /// Makes a task of what hindsight proposes for `AGENTS.md`: it comes to review and lands like any other work. No model
    /// is asked; asking twice gives the same task.
    pub async fn apply_hindsight(&self, id: TaskId, actor: domain::Actor) -> Result<tasks::Accepted, Error> {
        let context = &self.context;
        let kept = context.store.read(move |tx| hindsights::of_task(tx, id)).await?;
        let lines = kept.map(|kept| kept.hindsight.lines).unwrap_or_default();
        if lines.is_empty() {
            return Err(refused("hindsight on this task proposes no lines for AGENTS.md"));
        }
        let (work, _) = read(context, id).await?;
        let asked = work.task.asked;
        let accounts = context.project(&asked).accounts;
        if !accounts.is_empty() && !accounts.iter().any(|name| name == REHEARSAL) {
            return Err(refused(
                "the rehearsal agent would add the lines, and is not among the project's `accounts`: add `rehearsal` there, \
                 or apply the change by hand (`sidekick hindsight ID --json` has it as `diff`)",
            ));
        }
        let (here, source, base) = (Arc::clone(context), asked.repo.clone(), asked.base.clone());
        let known = blocking(move || {
            let base = here.workspaces.sync(&source, base.as_deref())?;
            here.workspaces.file_at(&base.repo, &base.commit, proposal::FILE, proposal::MOST_BYTES)
        });
        let addition = match known.await? {
            Kept::Text(text) => proposal::addition(Some(&text), &lines),
            Kept::Missing => proposal::addition(None, &lines),
            Kept::Other => {
                return Err(refused("AGENTS.md is no file of text there: add the lines by hand"));
            }
        };
        let Some(content) = addition else {
            return Err(refused("AGENTS.md says all of it already"));
        };
        let request = Request {
            // The lines are not in the text: nobody's prompt has them before they landed.
            text: format!("Add to AGENTS.md what hindsight on task {} proposes", id.short()),
            repo: Some(asked.repo),
            base: asked.base,
            agent: Some(REHEARSAL.into()),
            scenario: Some(scenario(content)?),
            key: Some(key_of(id)),
            kind: Some(Kind::Documentation),
            complexity: Some(Complexity::Low),
            gpu: Some(false),
            ..Request::default()
        };
        self.create(request, actor).await
    }
}

/// The idempotency key of the task that is made of what was proposed on another.
fn key_of(id: TaskId) -> String {
    format!("{}{id}", hindsights::KEY)
}

fn changed(before: Option<&str>, lines: &[String]) -> Option<String> {
    proposal::addition(before, lines).map(|added| proposal::diff(before, &added))
}

/// A script that adds to the file's end, in the run's own sandbox.
fn scenario(content: String) -> Result<String, Error> {
    let steps = vec![
        Step::Append(FileText { path: proposal::FILE.into(), content }),
        Step::Say("The lines are added as they were proposed; no model was asked.".into()),
    ];
    // JSON is YAML, and needs no care for what the lines hold.
    serde_json::to_string(&steps)
        .map_err(|error| Error::Repository(format!("the lines could not be written: {error}")))
}

fn refused(why: &'static str) -> Error {
    Unclear::Invalid(why.into()).into()
}
