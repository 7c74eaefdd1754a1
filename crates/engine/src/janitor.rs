//! Removing what is provably finished: workspaces whose work is in the store and whose task is decided.
//! What is in doubt stays.

use std::sync::Arc;
use std::time::Duration;

use domain::{RunId, TaskState};
use store::{runs, tasks};

use crate::{Context, Error, blocking};

pub(crate) async fn serve(context: Arc<Context>) {
    loop {
        if let Err(error) = run_once(&context).await {
            tracing::warn!(%error, "finished workspaces could not be removed; trying again later");
        }
        tokio::select! {
            () = context.tidy.notified() => {}
            () = tokio::time::sleep(Duration::from_mins(10)) => {}
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
    for name in list {
        let Ok(id) = name.parse::<RunId>() else { continue };
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
        if live || !collected || !(decided || left) {
            continue;
        }
        let context = Arc::clone(context);
        blocking(move || context.workspaces.remove(&name)).await?;
    }
    Ok(())
}
