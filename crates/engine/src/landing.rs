//! Landing approved work: what the outbox asks for is done at least once, and found done when repeated.

use std::sync::Arc;
use std::time::Duration;

use domain::work::Command;
use store::{outbox, tasks};

use crate::{Context, Error, blocking, clock};

/// How long an item is ours.
const LEASE: Duration = Duration::from_mins(10);
/// Tries before a person is asked.
const MOST_TRIES: u32 = 3;

pub(crate) async fn serve(context: Arc<Context>) {
    loop {
        if let Err(error) = run_once(&context).await {
            tracing::error!(%error, "approved work could not be landed; trying again");
        }
        tokio::select! {
            () = context.land.notified() => {}
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
            () = context.stopped() => return,
        }
    }
}

/// Does everything that is due, one after the other: merges into one repository never race.
pub(crate) async fn run_once(context: &Arc<Context>) -> Result<(), Error> {
    loop {
        let (owner, now) = (context.owner.clone(), clock::now());
        let items = context.store.write(move |tx| outbox::claim(tx, &owner, LEASE, now, 1)).await?;
        let Some(item) = items.into_iter().next() else { return Ok(()) };
        land(context, item).await?;
    }
}

async fn land(context: &Arc<Context>, item: outbox::Item) -> Result<(), Error> {
    let task = item.task;
    let work = context.store.read(move |tx| tasks::load(tx, task)).await?;
    let result = match work {
        Some(work) => merge(context, work).await,
        None => Err(Error::Repository("the task is gone".into())),
    };
    let command = match result {
        Ok(landed) => Command::Landed { commit: landed.commit, how: landed.how },
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
    context.tidy.notify_one();
    Ok(())
}

async fn merge(context: &Arc<Context>, work: domain::Work) -> Result<workspace::Landed, Error> {
    let context = Arc::clone(context);
    blocking(move || {
        let task = &work.task;
        let repo = context.repo_of(&task.asked.repo)?;
        let message = format!("{}\n\nSidekick task {}, approved.\n", task.title, task.id.short());
        context.workspaces.land(&workspace::Landing {
            source: &task.asked.repo,
            repo: &repo,
            branch: task.base_branch.as_deref(),
            commit: task.commit.as_deref().unwrap_or_default(),
            message: &message,
        })
    })
    .await
}
