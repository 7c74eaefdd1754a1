//! The collision radar: what every task at work changes, compared with what the others of its repository change.
//!
//! Woken by the agents' own edits and looking at the runs' layers for the truth, at most every half second; while anybody
//! is at work it looks every three seconds anyway. No git runs in a workspace. What it finds is told once on both tasks; projects may want that
//! a queued task which names the same files waits (`serialise`), or that agents know of each other (`share`).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::collision::{self, Collision, Footprint, Policy};
use domain::work::Command;
use domain::{RunState, Stage, Task, TaskId, TaskState, Work};
use store::tasks;
use tokio::time::Instant;
use workspace::Glance;

use crate::{Context, Error, blocking, clock};

/// Between two looks at least.
const PAUSE: Duration = Duration::from_millis(500);
/// And at most.
const FALLBACK: Duration = Duration::from_secs(3);
/// And so many times as long as a look takes.
const SHARE: u32 = 20;
/// Files of one task that are compared line by line; of more only their names are.
const MOST_COMPARED: usize = 300;
/// Tasks and files that an agent is told of.
const MOST_TOLD: usize = 5;
const MOST_TOLD_FILES: usize = 12;

/// A task at work, and what it changes.
#[derive(Clone, Debug)]
pub(crate) struct AtWork {
    task: TaskId,
    title: String,
    repo: String,
    running: bool,
    changes: Arc<Changes>,
}

/// What a task changes.
#[derive(Debug, Default)]
struct Changes {
    footprint: Footprint,
    /// Lines by which others use it, by file.
    interface: BTreeMap<String, Vec<String>>,
}

/// What is known from the last look; only what changed since is read again.
#[derive(Default)]
pub(crate) struct Radar {
    seen: Option<Vec<AtWork>>,
    live: HashMap<String, (Glance, u64, Arc<Changes>)>,
    settled: HashMap<(String, String), Arc<Changes>>,
}

pub(crate) async fn serve(context: Arc<Context>) {
    loop {
        let begun = Instant::now();
        let busy = run_once(&context).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "collisions could not be looked for; trying again");
            true
        });
        let pause = PAUSE.max(begun.elapsed() * SHARE);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = context.stopped() => return,
        }
        tokio::select! {
            () = context.radar.notified() => {}
            () = tokio::time::sleep(FALLBACK), if busy => {}
            () = context.stopped() => return,
        }
    }
}

/// Looks, tells, and wakes who waits without a reason; whether there is anybody to look at.
async fn run_once(context: &Arc<Context>) -> Result<bool, Error> {
    let mut radar = context.collisions.lock().await;
    let works = look(context, &mut radar).await?;
    let seen = radar.seen.clone().unwrap_or_default();
    drop(radar);
    tell(context, &works, &seen).await?;
    let anybody_waits = wake(context, &seen).await?;
    Ok(anybody_waits || !works.is_empty())
}

async fn look(context: &Arc<Context>, radar: &mut Radar) -> Result<Vec<Work>, Error> {
    let works = context.store.read(|tx| {
        let tasks = tasks::at_work(tx)?;
        let load = |task: Task| tasks::load(tx, task.id);
        Ok(tasks
            .into_iter()
            .map(load)
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect::<Vec<_>>())
    });
    let works: Vec<Work> = works.await?;
    let mut beside: HashMap<&str, usize> = HashMap::new();
    for work in &works {
        *beside.entry(&work.task.asked.repo).or_default() += 1;
    }
    // Alone in a repository nobody collides; only who is about to come may want to know.
    let wanted: Vec<Work> = works
        .iter()
        .filter(|work| {
            let alone = beside.get(work.task.asked.repo.as_str()).is_none_or(|n| *n < 2);
            !alone || context.project(&work.task.asked).collisions != Policy::Warn
        })
        .cloned()
        .collect();
    let (engine, mut known) = (Arc::clone(context), std::mem::take(radar));
    *radar = blocking(move || {
        let mut live = HashMap::new();
        let mut settled = HashMap::new();
        let mut seen = Vec::new();
        for work in wanted {
            let Ok(repo) = engine.repo_of(&work.task.asked.repo) else { continue };
            let changes = changes(&engine, &mut known, &mut live, &mut settled, &work, &repo);
            seen.extend(changes.map(|changes| AtWork {
                task: work.task.id,
                title: work.task.title.clone(),
                repo: work.task.asked.repo.clone(),
                running: work.task.state == TaskState::Running,
                changes,
            }));
        }
        Ok(Radar { seen: Some(seen), live, settled })
    })
    .await?;
    Ok(works)
}

type Live = HashMap<String, (Glance, u64, Arc<Changes>)>;
type Settled = HashMap<(String, String), Arc<Changes>>;

/// What a task changes now: by its live run's layer, else by its collected work.
fn changes(
    context: &Context,
    known: &mut Radar,
    live: &mut Live,
    settled: &mut Settled,
    work: &Work,
    repo: &str,
) -> Option<Arc<Changes>> {
    let at_work = |run: &&domain::Run| {
        matches!(run.state, RunState::Live(Stage::Setup | Stage::Agent | Stage::Collecting))
            // A merge in the tree has the others' changes in it.
            && work.task.landing.onto.is_none()
    };
    if let Some(run) = work.run.as_ref().filter(at_work) {
        let name = run.workspace.to_string();
        let workspace =
            context.workspaces.get(&name).filter(|known| known.kind == workspace::Kind::Overlay)?;
        let (mut glance, tree, changes) =
            known.live.remove(&name).unwrap_or_else(|| (Glance::default(), 0, Arc::default()));
        let seen = glance.look(&workspace)?;
        let changes = if seen.tree == tree { changes } else { Arc::new(of_layer(&workspace, &seen)) };
        live.insert(name, (glance, seen.tree, Arc::clone(&changes)));
        return Some(changes);
    }
    let (base, commit) = (work.task.base_commit.clone()?, work.task.commit.clone()?);
    let key = (base, commit);
    let changes = match known.settled.remove(&key) {
        Some(changes) => changes,
        None => Arc::new(of_commit(context, repo, &key.0, &key.1)?),
    };
    settled.insert(key, Arc::clone(&changes));
    Some(changes)
}

fn of_layer(workspace: &workspace::Workspace, seen: &workspace::Seen) -> Changes {
    let mut changes = Changes::default();
    for (n, path) in seen.files.iter().enumerate() {
        let name = path.display().to_string();
        let both = if n < MOST_COMPARED { workspace.both(path) } else { None };
        match both {
            Some((before, after)) => {
                let spans = collision::spans(&before, &after);
                // Written, and the same as before.
                if spans.is_empty() && before == after {
                    continue;
                }
                note(&mut changes, name, spans, collision::interface_of(&before, &after));
            }
            None => note(&mut changes, name, Vec::new(), Vec::new()),
        }
    }
    for path in &seen.gone {
        note(&mut changes, path.display().to_string(), Vec::new(), Vec::new());
    }
    changes
}

fn of_commit(context: &Context, repo: &str, base: &str, commit: &str) -> Option<Changes> {
    let diff = context.workspaces.diff(repo, base, commit).ok()?;
    let mut changes = Changes::default();
    for file in diff.files {
        let spans = collision::spans_of_patch(&file.patch);
        note(&mut changes, file.path, spans, collision::interface(&file.patch));
    }
    Some(changes)
}

fn note(changes: &mut Changes, path: String, spans: Vec<collision::Span>, interface: Vec<String>) {
    if !interface.is_empty() {
        changes.interface.insert(path.clone(), interface);
    }
    changes.footprint.insert(path, spans);
}

/// Writes what is new of each pair, on both in one transaction, and what is over.
async fn tell(context: &Arc<Context>, works: &[Work], seen: &[AtWork]) -> Result<(), Error> {
    let mut pairs: HashMap<(TaskId, TaskId), (collision::Kind, Vec<String>)> = HashMap::new();
    for (n, one) in seen.iter().enumerate() {
        for other in seen[n + 1..].iter().filter(|other| other.repo == one.repo) {
            if let Some(found) = collision::overlap(&one.changes.footprint, &other.changes.footprint) {
                pairs.insert((one.task, other.task), found);
            }
        }
    }
    let by_id: HashMap<TaskId, &Work> = works.iter().map(|work| (work.task.id, work)).collect();
    let mut told = Vec::new();
    for ((one, other), (kind, files)) in &pairs {
        for (task, beside) in [(one, other), (other, one)] {
            let (Some(work), Some(beside)) = (by_id.get(task), by_id.get(beside)) else { continue };
            let collision = Collision {
                task: beside.task.id,
                title: beside.task.title.clone(),
                kind: *kind,
                files: files.clone(),
                over: false,
            };
            if !work.task.collisions.iter().any(|known| known.covers(&collision)) {
                told.push((*task, Command::Collide(collision)));
            }
        }
    }
    for work in works {
        for known in work.task.collisions.iter().filter(|known| !known.over) {
            let id = work.task.id;
            if !pairs.contains_key(&(id, known.task)) && !pairs.contains_key(&(known.task, id)) {
                told.push((id, Command::CollisionOver(known.task)));
            }
        }
    }
    if told.is_empty() {
        return Ok(());
    }
    let now = clock::now();
    context
        .store
        .write(move |tx| {
            for (task, command) in told {
                tasks::change(tx, task, command, "engine", now)?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// Wakes those that let one go first which is not in their way any more; whether anybody did let one go first.
async fn wake(context: &Arc<Context>, seen: &[AtWork]) -> Result<bool, Error> {
    let yielding = context.store.read(tasks::yielding).await?;
    let anybody = !yielding.is_empty();
    for task in yielding {
        let first = task.yields_to.and_then(|to| seen.iter().find(|at_work| at_work.task == to));
        let still =
            first.is_some_and(|first| collision::named(&task.asked.text, &first.changes.footprint).is_some());
        if still && context.project(&task.asked).collisions == Policy::Serialise {
            continue;
        }
        let now = clock::now();
        let woken = context.store.write(move |tx| {
            tasks::change(tx, task.id, Command::Wake, "engine", now)?;
            tasks::look_again(tx, task.id, now)
        });
        let woken = woken.await;
        match woken {
            Ok(_) | Err(store::Error::Refused(_)) => context.wake.notify_one(),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(anybody)
}

/// Whom a queued task lets go first, and why: another of its project's repository that changes a file it names.
pub(crate) async fn goes_first(context: &Arc<Context>, id: TaskId) -> Result<Option<Command>, Error> {
    let work = context.store.read(move |tx| tasks::load(tx, id)).await?;
    let Some(work) = work else { return Ok(None) };
    let task = work.task;
    let asked = &task.asked;
    // Who has begun goes on: nobody waits for one that waits.
    let begun = task.attempt > 0 || task.next.hands_on || asked.once;
    if begun || context.project(asked).collisions != Policy::Serialise {
        return Ok(None);
    }
    let mut radar = context.collisions.lock().await;
    if radar.seen.is_none() {
        look(context, &mut radar).await?;
    }
    let others = radar.seen.iter().flatten().filter(|other| other.repo == asked.repo && other.task != id);
    let found =
        others.filter_map(|other| Some((other, collision::named(&asked.text, &other.changes.footprint)?)));
    let Some((other, file)) = found.min_by_key(|(other, _)| (!other.running, other.task)) else {
        return Ok(None);
    };
    let reason = format!(
        "it names `{file}`, which task {} ({}) is changing; it starts when that one has landed or is dropped",
        other.task.short(),
        other.title
    );
    Ok(Some(Command::Yield { to: other.task, reason }))
}

/// What an agent is told of those at work beside it, where its project wants that.
pub(crate) async fn beside(context: &Arc<Context>, work: &Work) -> Option<String> {
    let asked = &work.task.asked;
    if context.project(asked).collisions != Policy::Share || asked.once {
        return None;
    }
    let radar = context.collisions.lock().await;
    let others = radar.seen.iter().flatten();
    let others = others.filter(|other| other.repo == asked.repo && other.task != work.task.id);
    let others: Vec<_> = others.filter(|other| !other.changes.footprint.is_empty()).take(MOST_TOLD).collect();
    if others.is_empty() {
        return None;
    }
    let mut text = "Others work in this repository at the same time. What they have not landed yet is not in your tree; do not \
                    do their work, and fit yours to it:\n"
        .to_owned();
    for other in others {
        text += &format!("\n- task `{}` changes:\n", other.title);
        for (path, spans) in other.changes.footprint.iter().take(MOST_TOLD_FILES) {
            text += &format!("  - {}{}\n", Path::new(path).display(), lines(spans));
            for line in other.changes.interface.get(path).into_iter().flatten() {
                text += &format!("    > {line}\n");
            }
        }
    }
    Some(text)
}

fn lines(spans: &[collision::Span]) -> String {
    let shown: Vec<_> = spans
        .iter()
        .take(6)
        .map(|span| match span.lines {
            0 | 1 => span.first.to_string(),
            n => format!("{}-{}", span.first, span.first + n - 1),
        })
        .collect();
    if shown.is_empty() { String::new() } else { format!(" (lines {})", shown.join(", ")) }
}
