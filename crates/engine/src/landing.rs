//! The merge queue: approved work lands one by one in each branch, in the order of approval; what the outbox asks for is
//! done at least once, and found done when repeated.
//!
//! The first of each branch's queue is merged with the tip as it is. Where that tip went on since the work's checks ran,
//! they run again on the merge before the branch moves, from exactly that tip. Work that conflicts, or passes alone and
//! fails together, leaves the queue: to its agent with both sides told, or to a person (`domain::landing`).

mod both_sides;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use domain::landing::{self, Repaired, Verdict};
use domain::work::{Command, Return};
use domain::{TaskId, Work};
use store::tasks::InQueue;
use store::{outbox, tasks};
use tokio::task::JoinSet;
use workspace::{Landing, Plan};

use crate::run::{Combined, OF_MERGES, check_combined, workspace_of};
use crate::{Context, Error, blocking, clock};

/// How long an item is ours; renewed while its checks run.
const LEASE: Duration = Duration::from_mins(10);
/// Tries before a person is asked.
const MOST_TRIES: u32 = 3;
/// How often the branch may move while the checks of one merge run, before a person is asked.
const MOST_MOVES: u32 = 20;
/// Other daemons on the same database are noticed at least so often.
const FALLBACK: Duration = Duration::from_secs(5);

pub(crate) async fn serve(context: Arc<Context>) {
    recover(&context).await;
    let mut driven: HashSet<i64> = HashSet::new();
    let mut drives: JoinSet<i64> = JoinSet::new();
    loop {
        if let Err(error) = run_once(&context, &mut driven, &mut drives).await {
            tracing::error!(%error, "the merge queue could not be read; trying again");
        }
        tokio::select! {
            () = context.land.notified() => {}
            Some(done) = drives.join_next() => {
                // One that panicked is tried again with the next daemon.
                if let Ok(item) = done {
                    driven.remove(&item);
                }
            }
            () = tokio::time::sleep(FALLBACK) => {}
            () = context.stopped() => break,
        }
    }
    // Each ends by itself: its checks go on in their shims.
    while drives.join_next().await.is_some() {}
}

/// What a daemon before this one left in the person's working trees.
async fn recover(context: &Arc<Context>) {
    let spaces = context.workspaces.clone();
    let Ok((settled, errors)) = tokio::task::spawn_blocking(move || spaces.recover_landings()).await else {
        return;
    };
    if settled > 0 {
        tracing::info!(settled, "landings that were cut off are settled");
    }
    for error in errors {
        tracing::error!(%error, "a landing that was cut off could not be settled");
    }
    if let Err(error) = clear(context).await {
        tracing::warn!(%error, "workspaces of merges could not be looked at");
    }
}

/// Workspaces of merges whose tasks are not in a queue any more.
async fn clear(context: &Arc<Context>) -> Result<(), Error> {
    let queue = context.store.read(tasks::merge_queue).await?;
    let names: HashSet<String> = queue.iter().map(|next| workspace_of(next.task)).collect();
    let spaces = context.workspaces.clone();
    blocking(move || {
        let merges = spaces.list()?.into_iter().filter(|name| name.starts_with(OF_MERGES));
        for name in merges.filter(|name| !names.contains(name)) {
            spaces.remove(&name)?;
        }
        Ok(())
    })
    .await
}

/// Begins with the first of each branch, unless it is begun.
async fn run_once(
    context: &Arc<Context>,
    driven: &mut HashSet<i64>,
    drives: &mut JoinSet<i64>,
) -> Result<(), Error> {
    let queue = context.store.read(tasks::merge_queue).await?;
    for (n, next) in queue.iter().enumerate() {
        if driven.contains(&next.item) {
            let (owner, item, until) = (context.owner.clone(), next.item, clock::now().plus(LEASE));
            context.store.write(move |tx| outbox::keep(tx, item, &owner, until)).await?;
            continue;
        }
        let is_first = !queue[..n].iter().any(|before| before.is_beside(next));
        if !is_first {
            continue;
        }
        let (owner, item, now) = (context.owner.clone(), next.item, clock::now());
        let taken = context.store.write(move |tx| outbox::take(tx, item, &owner, LEASE, now)).await?;
        let Some(item) = taken else { continue };
        driven.insert(item.id);
        let context = Arc::clone(context);
        drives.spawn(async move {
            let id = item.id;
            if let Err(error) = land(&context, item).await {
                tracing::error!(%error, "approved work could not be landed; trying again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            context.land.notify_one();
            id
        });
    }
    Ok(())
}

async fn land(context: &Arc<Context>, item: outbox::Item) -> Result<(), Error> {
    let task = item.task;
    let work = context.store.read(move |tx| tasks::load(tx, task)).await?;
    let result = match work {
        Some(work) => bring_in(context, work).await,
        None => Err(Error::Repository("the task is gone".into())),
    };
    let command = match result {
        Ok(Some(command)) => command,
        // The daemon stops.
        Ok(None) => return Ok(()),
        Err(error) if item.tries + 1 < MOST_TRIES && matches!(error, Error::Store(_)) => {
            let (owner, at) = (context.owner.clone(), clock::now().plus(Duration::from_secs(5)));
            context.store.write(move |tx| outbox::again(tx, item.id, &owner, at)).await?;
            return Ok(());
        }
        Err(error) => Command::LandingRefused { reason: error.to_string() },
    };
    let (owner, now) = (context.owner.clone(), clock::now());
    context
        .store
        .write(move |tx| {
            if outbox::done(tx, item.id, &owner)? {
                // A task that a person decided otherwise about meanwhile stays as it is.
                match tasks::change(tx, task, command, "engine", now) {
                    Ok(_) | Err(store::Error::Refused(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })
        .await?;
    // What came after it may start.
    context.wake.notify_one();
    let spaces = context.workspaces.clone();
    blocking(move || spaces.remove(&workspace_of(task))).await?;
    context.tidy.notify_one();
    context.wake.notify_one();
    context.radar.notify_one();
    Ok(())
}

/// Plans, checks where that is needed, moves; what is to be written, or nothing when the daemon stops.
async fn bring_in(context: &Arc<Context>, mut work: Work) -> Result<Option<Command>, Error> {
    for _ in 0..MOST_MOVES {
        if work.task.landing.withdrawn {
            return Ok(Some(withdrawn()));
        }
        let (onto, new) = match plan(context, &work).await? {
            Plan::Has { commit, how } => return Ok(Some(Command::Landed { commit, how })),
            Plan::Forward { onto } => (onto, work.task.commit.clone().unwrap_or_default()),
            Plan::Conflict { onto, paths, hunks } => {
                return both_sides::conflict(context, &work, onto, &paths, &hunks).await.map(Some);
            }
            Plan::Merge { onto, commit } => {
                let (after, verdict) = check(context, work, &onto, &commit).await?;
                work = after;
                if let Some(command) = verdict {
                    return Ok(command);
                }
                (onto, commit)
            }
        };
        match go(context, &work, onto, new).await {
            Ok(landed) => return Ok(Some(Command::Landed { commit: landed.commit, how: landed.how })),
            // Found by the next plan, which is against where it is now.
            Err(workspace::Error::BranchMoved(_)) => {}
            Err(error) => return Ok(Some(Command::LandingRefused { reason: error.to_string() })),
        }
        let id = work.task.id;
        let again = context.store.read(move |tx| tasks::load(tx, id)).await?;
        work = again.ok_or(store::Error::NotFound { what: "task", id: id.to_string() })?;
    }
    let branch = work.task.base_branch.as_deref().unwrap_or_default();
    let reason =
        format!("`{branch}` moved {MOST_MOVES} times while the work was being merged; approve again");
    Ok(Some(Command::LandingRefused { reason }))
}

fn withdrawn() -> Command {
    Command::LandingRefused { reason: "taken out of the merge queue by a person".into() }
}

/// Runs the project's checks on the merge. The task as it is then, and what to do instead of landing, if anything.
async fn check(
    context: &Arc<Context>,
    mut work: Work,
    onto: &str,
    commit: &str,
) -> Result<(Work, Option<Option<Command>>), Error> {
    let project = context.project(&work.task.asked);
    if project.checks.is_empty() {
        return Ok((work, None));
    }
    if work.task.landing.checking.as_ref().is_none_or(|known| known.commit != commit) {
        let (id, now) = (work.task.id, clock::now());
        let command = Command::LandingChecks { onto: onto.to_owned(), commit: commit.to_owned() };
        work = context.store.write(move |tx| tasks::change(tx, id, command, "engine", now)).await?;
    }
    let checks = match check_combined(context, &work, commit).await? {
        Combined::Checked(checks) => checks,
        Combined::Withdrawn => return Ok((work, Some(Some(withdrawn())))),
        Combined::Stopping => return Ok((work, Some(None))),
    };
    let command = match landing::judge(&work.task.checks, &checks) {
        Verdict::Green => return Ok((work, None)),
        Verdict::Unknown(check) => Command::LandingRefused {
            reason: format!("the check `{}` could not be run on the merge; approve again", check.name),
        },
        Verdict::Red(red) => both_sides::red(context, &work, onto.to_owned(), &red).await?,
    };
    Ok((work, Some(Some(command))))
}

async fn plan(context: &Arc<Context>, work: &Work) -> Result<Plan, Error> {
    let known = work.task.landing.checking.clone();
    with(context, work, move |context, landing| {
        let known = known.as_ref().map(|merge| (merge.onto.as_str(), merge.commit.as_str()));
        context.workspaces.plan(landing, known)
    })
    .await?
    .map_err(|error| Error::Repository(error.to_string()))
}

async fn go(
    context: &Arc<Context>,
    work: &Work,
    onto: String,
    new: String,
) -> Result<workspace::Landed, workspace::Error> {
    let moved =
        with(context, work, move |context, landing| context.workspaces.land_onto(landing, &onto, &new)).await;
    moved.unwrap_or_else(|error| Err(workspace::Error::Refused(error.to_string())))
}

/// Does something with the landing of a task, on a blocking thread.
async fn with<T: Send + 'static>(
    context: &Arc<Context>,
    work: &Work,
    act: impl FnOnce(&Context, &Landing<'_>) -> T + Send + 'static,
) -> Result<T, Error> {
    let (context, task) = (Arc::clone(context), work.task.clone());
    blocking(move || {
        let repo = context.repo_of(&task.asked.repo)?;
        let message = format!("{}\n\nSidekick task {}, approved.\n", task.title, task.id.short());
        let landing = Landing {
            source: &task.asked.repo,
            repo: &repo,
            branch: task.base_branch.as_deref(),
            commit: task.commit.as_deref().unwrap_or_default(),
            message: &message,
        };
        Ok(act(&context, &landing))
    })
    .await
}

/// The way back for work that cannot land as things are.
fn returned(context: &Context, work: &Work, onto: String, reason: String, comment: String) -> Command {
    let again = context.project(&work.task.asked).repaired == Repaired::Land;
    Command::LandingReturned(Return { onto, reason, comment, again })
}

/// Where a task stands in the queue of its branch, and who is before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The task.
    pub task: TaskId,
    /// The repository.
    pub repo: String,
    /// The branch.
    pub branch: Option<String>,
    /// 1 lands next.
    pub position: usize,
    /// How many there are.
    pub of: usize,
}

/// The places of all that is in a queue.
pub fn places(queue: &[InQueue]) -> Vec<Place> {
    let place = |one: &InQueue| {
        let beside: Vec<_> =
            queue.iter().filter(|other| other.is_beside(one)).map(|other| other.item).collect();
        Place {
            task: one.task,
            repo: one.repo.clone(),
            branch: one.branch.clone(),
            position: beside.iter().filter(|item| **item <= one.item).count(),
            of: beside.len(),
        }
    };
    queue.iter().map(place).collect()
}
