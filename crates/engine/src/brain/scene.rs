//! What the brain knows when it is asked: projects, tasks with the plan's reasons, accounts. What belongs to a sensitive
//! project is shown to models of this machine only.

use std::collections::{HashMap, HashSet};

use domain::conversation::brain::{MOST_TASKS, Scene, Seen, clock as shown};
use domain::{Task, TaskId, TaskState};
use store::tasks;

use crate::{Engine, Error, clock};

/// Tasks that ended lately, which are shown too.
const MOST_ENDED: usize = 10;

/// Who will see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// The person, or a model of this machine.
    Here,
    /// A model somewhere else.
    Elsewhere,
}

pub(super) async fn look(engine: &Engine, reader: Reader) -> Result<Scene, Error> {
    let plan = engine.plan().await?;
    let zone = &engine.context.options().zone.clone();
    let reasons: HashMap<TaskId, (usize, String)> = plan
        .planned
        .iter()
        .enumerate()
        .map(|(place, planned)| (plan.tasks[planned.at].id(), (place, planned.reason.clone())))
        .collect();
    let (mut open, ended) = engine
        .store()
        .read(|tx| {
            let open = ["running", "review", "waiting", "queued", "failed"].map(str::to_owned);
            let ended = ["completed", "cancelled"].map(str::to_owned);
            let filter =
                |states: Vec<String>, limit| tasks::Filter { states, limit, ..tasks::Filter::default() };
            Ok((
                tasks::list(tx, &filter(open.to_vec(), MOST_TASKS))?,
                tasks::list(tx, &filter(ended.to_vec(), MOST_ENDED))?,
            ))
        })
        .await?;
    open.retain(|task| !super::answering::is_thought(task));
    open.sort_by_key(|task| reasons.get(&task.id).map_or(usize::MAX, |(place, _)| *place));
    let projects = engine.projects();
    let hidden: HashSet<&str> = match reader {
        Reader::Here => HashSet::new(),
        Reader::Elsewhere => {
            let sensitive = projects.iter().filter(|project| project.sensitive);
            sensitive.map(|project| project.name.as_str()).collect()
        }
    };
    let seen = |task: &Task| {
        let why = reasons.get(&task.id).map(|(_, why)| why.clone());
        see(task, why, hidden.contains(task.asked.project.as_str()), zone)
    };
    let ended = ended.iter().filter(|task| !super::answering::is_thought(task));
    let tasks = open.iter().chain(ended).map(seen).collect();
    Ok(Scene {
        now: shown(clock::now(), zone),
        projects: projects.iter().map(|project| (project.name.clone(), project.aliases.clone())).collect(),
        tasks,
        credits: credits(engine).await?,
        plan: plan.summary,
    })
}

fn see(task: &Task, planned: Option<String>, hidden: bool, zone: &jiff::tz::TimeZone) -> Seen {
    let own = match &task.state {
        TaskState::Waiting(waiting) => Some(waiting.reason.clone()),
        _ => task.reason.clone(),
    };
    let why = planned.or(own).unwrap_or_default();
    Seen {
        id: task.id.to_string(),
        short: task.id.short(),
        title: if hidden { "(work of a sensitive project)".into() } else { task.title.clone() },
        project: task.asked.project.clone(),
        state: task.state.as_str().into(),
        priority: task.asked.priority,
        deadline: task.asked.deadline.map(|at| shown(at, zone)),
        why: if hidden { String::new() } else { why },
    }
}

/// What is left of each account, a line each.
async fn credits(engine: &Engine) -> Result<Vec<String>, Error> {
    let zone = &engine.context.options().zone.clone();
    let accounts = engine.accounts().await?;
    let lines = accounts.iter().map(|here| {
        let windows = here.standing.windows.iter().filter_map(|window| {
            let used = window.utilization?;
            let renews =
                window.resets_at.map(|at| format!(", renews {}", shown(at, zone))).unwrap_or_default();
            Some(format!("{} {:.0}% used{renews}", window.label(), used * 100.0))
        });
        let windows: Vec<_> = windows.collect();
        let held = here.hold.as_ref().map(|(_, why)| format!("; {why}")).unwrap_or_default();
        let known =
            if windows.is_empty() { "nothing is known of its windows".into() } else { windows.join("; ") };
        format!("{}: {known}{held}", here.account.name)
    });
    Ok(lines.collect())
}

/// What happened since midnight, and what is now: by rules, for the person or for a model.
pub(super) async fn day(engine: &Engine, reader: Reader) -> Result<String, Error> {
    let zone = &engine.context.options().zone.clone();
    let now = clock::now();
    let midnight = now.zoned(zone).and_then(|now| now.start_of_day().ok());
    let since = midnight.map_or(now, |at| domain::Timestamp::from_millis(at.timestamp().as_millisecond()));
    let ended = engine.store().read(move |tx| tasks::ended_since(tx, since, MOST_TASKS)).await?;
    let ended: Vec<_> = ended.into_iter().filter(|task| !super::answering::is_thought(task)).collect();
    let scene = look(engine, reader).await?;
    let named = |state: TaskState| -> Vec<&Task> {
        ended.iter().filter(|task| task.state.as_str() == state.as_str()).collect()
    };
    let title = |task: &Task| {
        let known = scene.tasks.iter().find(|seen| seen.id == task.id.to_string());
        format!("- {} ({})", known.map_or(task.title.as_str(), |seen| &seen.title), task.id.short())
    };
    let mut lines = Vec::new();
    for (state, words) in
        [(TaskState::Completed, "done"), (TaskState::Failed, "failed"), (TaskState::Cancelled, "cancelled")]
    {
        let tasks = named(state);
        if tasks.is_empty() {
            continue;
        }
        lines.push(format!("{} {words} today:", tasks.len()));
        lines.extend(tasks.iter().take(12).map(|task| title(task)));
    }
    if lines.is_empty() {
        lines.push("Nothing has ended today.".into());
    }
    let cost: f64 = ended.iter().map(|task| task.usage.cost_usd).sum();
    if cost > 0.0 {
        lines.push(format!("What ended cost ${cost:.2}."));
    }
    lines.push(String::new());
    lines.push(now_of(&scene));
    Ok(lines.join("\n"))
}

/// What is going on, in words.
pub(super) fn now_of(scene: &Scene) -> String {
    let count = |state: &str| scene.tasks.iter().filter(|task| task.state == state).collect::<Vec<_>>();
    let mut lines = Vec::new();
    for (state, words) in [
        ("review", "done and waiting for your review"),
        ("running", "running"),
        ("waiting", "waiting"),
        ("queued", "queued"),
    ] {
        let tasks = count(state);
        if tasks.is_empty() {
            continue;
        }
        lines.push(format!("{} {words}:", tasks.len()));
        lines.extend(tasks.iter().take(8).map(|task| {
            let why = if task.why.is_empty() { String::new() } else { format!(": {}", task.why) };
            format!("- {} ({}){why}", task.title, task.short)
        }));
    }
    if lines.is_empty() { "Nothing is running and nothing waits.".into() } else { lines.join("\n") }
}
