//! Doing what the brain wants, through the same doors as everybody: each deed is one command, signed by the person, and can
//! be done again without harm, because a daemon may die between two of them.

use domain::conversation::brain::Scene;
use domain::conversation::{Deed, Message};
use domain::work::{Adjust, Command, Deadline};
use domain::{Actor, TaskId, Timestamp, when};
use store::tasks;

use super::scene::{Reader, day};
use crate::{Engine, Error, Request, Unclear, clock};

/// Characters of a change that are shown to a model.
const MOST_DIFF: usize = 12_000;

/// What came of a deed: a line for people, and the task it made or changed.
pub(super) struct Came {
    pub(super) line: String,
    pub(super) task: Option<TaskId>,
}

/// Does all of them, one after the other; what cannot be done says why and holds up nothing else.
pub(super) async fn all(engine: &Engine, message: &Message, deeds: &[Deed], scene: &Scene) -> Vec<Came> {
    let mut came: Vec<Came> = Vec::with_capacity(deeds.len());
    for (n, deed) in deeds.iter().enumerate() {
        if deed.is_look() {
            continue;
        }
        if !message.role.may(deed.permission()) {
            let line = format!("Not done, because a {} may not: {}", message.role, deed.words(scene));
            came.push(Came { line, task: None });
            continue;
        }
        let made: Vec<Option<TaskId>> = came.iter().map(|one| one.task).collect();
        came.push(match one(engine, message, (n, deed), scene, &made).await {
            Ok(came) => came,
            Err(error) => Came { line: format!("Not done: {}. {error}", deed.words(scene)), task: None },
        });
    }
    came
}

async fn one(
    engine: &Engine,
    message: &Message,
    (n, deed): (usize, &Deed),
    scene: &Scene,
    made: &[Option<TaskId>],
) -> Result<Came, Error> {
    let actor = Actor::from(message.actor.as_str());
    let words = deed.words(scene);
    let done = |task: TaskId| Came { line: words.clone(), task: Some(task) };
    match deed {
        Deed::Create { text, project, priority, deadline, agent, after } => {
            let mut earlier = Vec::with_capacity(after.len());
            for name in after {
                earlier.push(match name.strip_prefix('#').and_then(|n| n.parse::<usize>().ok()) {
                    Some(n) => {
                        made.get(n.wrapping_sub(1)).copied().flatten().ok_or_else(|| {
                            invalid(format!("it was to come after #{n}, which was not made"))
                        })?
                    }
                    None => find(engine, name, scene).await?,
                });
            }
            let request = Request {
                text: text.clone(),
                project: project.clone(),
                priority: *priority,
                deadline: deadline.as_deref().map(|text| time(engine, text)).transpose()?,
                agent: agent.clone(),
                after: earlier,
                key: Some(format!("chat:{}:{n}", message.id)),
                ..Request::default()
            };
            let accepted = engine.create(request, actor).await?;
            let task = &accepted.task;
            let line = format!("{words}: it is {} in {}", task.id.short(), task.asked.project);
            Ok(Came { line, task: Some(task.id) })
        }
        Deed::Adjust { task, priority, deadline } => {
            let id = find(engine, task, scene).await?;
            let deadline = match deadline.as_deref() {
                None => None,
                Some("none") => Some(Deadline::Never),
                Some(text) => Some(Deadline::At(time(engine, text)?)),
            };
            engine.adjust(id, Adjust { priority: *priority, deadline, after: None }, actor).await?;
            Ok(done(id))
        }
        Deed::Stop { task } => command(engine, task, scene, Command::Stop, actor).await.map(done),
        Deed::Retry { task, agent } => {
            let agent = agent.as_deref().map(|name| engine.usable_agent(name)).transpose()?;
            command(engine, task, scene, Command::Retry { agent }, actor).await.map(done)
        }
        Deed::SendBack { task, comment } => {
            let comment = comment.clone();
            command(engine, task, scene, Command::SendBack { comment }, actor).await.map(done)
        }
        Deed::Approve { task } => command(engine, task, scene, Command::Approve, actor).await.map(done),
        Deed::Discard { task } => {
            command(engine, task, scene, Command::Discard { reason: None }, actor).await.map(done)
        }
        Deed::Look { .. } | Deed::Diff { .. } | Deed::Day {} => Ok(Came { line: words, task: None }),
    }
}

async fn command(
    engine: &Engine,
    task: &str,
    scene: &Scene,
    command: Command,
    actor: Actor,
) -> Result<TaskId, Error> {
    let id = find(engine, task, scene).await?;
    engine.command(id, command, actor).await?;
    Ok(id)
}

/// What the brain wanted to read before it answers.
pub(super) async fn looked(engine: &Engine, deeds: &[Deed], scene: &Scene, reader: Reader) -> Vec<String> {
    let mut found = Vec::new();
    for deed in deeds.iter().filter(|deed| deed.is_look()) {
        let text = match deed {
            Deed::Day {} => day(engine, reader).await,
            Deed::Diff { task } => diff(engine, task, scene, reader).await,
            Deed::Look { task } => task_of(engine, task, scene, reader).await,
            _ => continue,
        };
        found.push(text.unwrap_or_else(|error| format!("{}: {error}", deed.words(scene))));
    }
    found
}

async fn task_of(engine: &Engine, task: &str, scene: &Scene, reader: Reader) -> Result<String, Error> {
    let id = find(engine, task, scene).await?;
    may_read(engine, id, reader).await?;
    let work = engine.store().read(move |tx| tasks::load(tx, id)).await?;
    let work = work.ok_or(store::Error::NotFound { what: "task", id: id.to_string() })?;
    let task = &work.task;
    let mut lines = vec![
        format!("Task {} of {}: {}", task.id.short(), task.asked.project, task.asked.text),
        format!(
            "state {}, run {} by {}, ${:.2}",
            task.state.as_str(),
            task.attempt,
            task.asked.agent,
            task.usage.cost_usd
        ),
    ];
    lines
        .extend(scene.task(&id.to_string()).filter(|seen| !seen.why.is_empty()).map(|seen| seen.why.clone()));
    lines.extend(task.reason.clone());
    lines.extend(task.summary.as_ref().map(|summary| format!("its agent said: {summary}")));
    lines.extend(task.checks.iter().map(|check| format!("check {}: {}", check.name, check.status.as_str())));
    lines.extend(task.questions.iter().map(|question| format!("it asks: {}", question.text)));
    Ok(lines.join("\n"))
}

async fn diff(engine: &Engine, task: &str, scene: &Scene, reader: Reader) -> Result<String, Error> {
    let id = find(engine, task, scene).await?;
    may_read(engine, id, reader).await?;
    let (_, _, diff) = engine.diff(id).await?;
    let mut text = String::new();
    for file in &diff.files {
        text += &format!("{} +{} -{}\n", file.path, file.insertions, file.deletions);
    }
    for file in &diff.files {
        if text.chars().count() > MOST_DIFF {
            text += "\n(the rest is left out)";
            break;
        }
        text += &file.patch;
    }
    Ok(text.chars().take(MOST_DIFF + 200).collect())
}

/// Work of a sensitive project is read by models of this machine only.
async fn may_read(engine: &Engine, id: TaskId, reader: Reader) -> Result<(), Error> {
    if reader == Reader::Here {
        return Ok(());
    }
    let work = engine.store().read(move |tx| tasks::load(tx, id)).await?;
    let project = work.map(|work| work.task.asked.project).unwrap_or_default();
    if engine.projects().iter().any(|known| known.name == project && known.sensitive) {
        return Err(invalid(format!(
            "{project} is sensitive: only models of this machine may read its work"
        )));
    }
    Ok(())
}

pub(super) async fn find(engine: &Engine, task: &str, scene: &Scene) -> Result<TaskId, Error> {
    if let Some(seen) = scene.task(task)
        && let Ok(id) = seen.id.parse()
    {
        return Ok(id);
    }
    let text = task.to_owned();
    Ok(engine.store().read(move |tx| tasks::find(tx, &text)).await?)
}

fn time(engine: &Engine, text: &str) -> Result<Timestamp, Error> {
    let now = clock::now().zoned(&engine.context.options().zone.clone());
    let now = now.ok_or_else(|| invalid("the clock of this machine shows no time".into()))?;
    when::parse(text, &now).map_err(invalid)
}

fn invalid(why: String) -> Error {
    Unclear::Invalid(why).into()
}
