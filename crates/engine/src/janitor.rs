//! Removing what is provably finished: workspaces whose work is in the store and whose task is decided,
//! the files of runs that ended long ago, checkouts that nobody uses. What is in doubt stays.

use std::sync::Arc;
use std::time::Duration;

use domain::{RunId, TaskState, Timestamp};
use store::{accounts, runs, tasks};

use crate::{Context, Error, blocking, clock};

/// How often is looked at what only time changes.
const EVERY: Duration = Duration::from_hours(1);
/// A checkout that no workspace lies over is kept so long after its last use.
const UNUSED_CHECKOUT: Duration = Duration::from_hours(24);
/// So many finished tasks that were asked once keep their workspaces, for who goes on with their sessions.
const MOST_SESSIONS: usize = 50;
/// How long is kept what windows were like.
const HISTORY: Duration = Duration::from_hours(90 * 24);
/// So many packs of a store are put together.
const MANY_PACKS: usize = 50;

pub(crate) async fn serve(context: Arc<Context>) {
    let mut next = clock::now();
    loop {
        if let Err(error) = run_once(&context).await {
            tracing::warn!(%error, "finished workspaces could not be removed; trying again later");
        }
        let now = clock::now();
        if now >= next {
            next = now.plus(EVERY);
            if let Err(error) = tidy(&context, now).await {
                tracing::warn!(%error, "old files could not be removed; trying again later");
            }
        }
        tokio::select! {
            () = context.tidy.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
            () = context.stopped() => return,
        }
    }
}

/// Looks at every workspace there is.
pub(crate) async fn run_once(context: &Arc<Context>) -> Result<(), Error> {
    let list = {
        let context = Arc::clone(context);
        blocking(move || context.workspaces.list()).await?
    };
    // Ids sort by their time: the newest first.
    let mut list: Vec<(RunId, String)> =
        list.into_iter().filter_map(|name| Some((name.parse().ok()?, name))).collect();
    list.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    let mut sessions = 0;
    for (id, name) in list {
        let found = context
            .store
            .read(move |tx| match runs::load(tx, id)? {
                Some(run) => Ok(tasks::load(tx, run.task)?.map(|work| (run, work))),
                None => Ok(None),
            })
            .await?;
        // A workspace that no run is known for is somebody's question, not ours to delete.
        let Some((run, work)) = found else { continue };
        let live = work.run.as_ref().is_some_and(domain::Run::is_live);
        let decided = matches!(work.task.state, TaskState::Completed | TaskState::Cancelled);
        let left = work.task.next.workspace != Some(id);
        let collected =
            work.run.as_ref().is_some_and(|latest| latest.workspace == id && latest.commit.is_some())
                || run.commit.is_some();
        let resumable = work.task.asked.once && work.task.state == TaskState::Completed && !left;
        if resumable
            && sessions < MOST_SESSIONS
            && clock::now().since(work.task.updated_at) < context.options().keep_runs
        {
            sessions += 1;
            continue;
        }
        if live || !collected || !(decided || left) {
            continue;
        }
        let context = Arc::clone(context);
        blocking(move || context.workspaces.remove(&name)).await?;
    }
    Ok(())
}

/// What grows with the months: files of runs, checkouts, packs.
async fn tidy(context: &Arc<Context>, now: Timestamp) -> Result<(), Error> {
    let dir = context.options().data_dir.join("runs");
    let keep = context.options().keep_runs;
    let old = move |id: &RunId| now.since(id.created_at()) >= keep;
    let ids = blocking(move || {
        let entries = std::fs::read_dir(&dir).into_iter().flatten().flatten();
        Ok(entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(old)
            .collect::<Vec<_>>())
    });
    for id in ids.await? {
        let run = context.store.read(move |tx| runs::load(tx, id)).await?;
        // What they said is in the log; these are the raw bytes of it.
        if run.and_then(|run| run.ended_at).is_some_and(|ended| now.since(ended) >= keep) {
            let dir = context.run_dir(id);
            blocking(move || Ok(std::fs::remove_dir_all(dir).ok())).await?;
        }
    }
    let forget = now.minus(HISTORY);
    context.store.write(move |tx| accounts::forget_history(tx, forget)).await?;
    let context = Arc::clone(context);
    let now = std::time::UNIX_EPOCH + now.since(Timestamp::from_millis(0));
    blocking(move || {
        context.workspaces.prune_checkouts(UNUSED_CHECKOUT, now)?;
        context.workspaces.pack_stores(MANY_PACKS)
    })
    .await?;
    Ok(())
}
