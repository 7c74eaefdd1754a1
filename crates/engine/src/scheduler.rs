//! Dispatch: wakes what waited long enough, starts what there is room for, keeps the leases.

use std::sync::Arc;
use std::time::Duration;

use domain::schedule::{self, Candidate, Decision, Limits};
use domain::work::{Command, Start};
use domain::{Account, RunId, TaskId, Timestamp, Work};
use store::{accounts, runs, tasks};

use crate::{Context, Error, clock, radar, run};

/// How long a run is this daemon's without word from it.
pub(crate) const LEASE: Duration = Duration::from_secs(30);
/// Candidates looked at in one go.
const MOST_CANDIDATES: usize = 256;
/// Other daemons on the same database are noticed at least so often.
const FALLBACK: Duration = Duration::from_secs(5);

/// Adopts what lives, then dispatches until the daemon stops.
pub(crate) async fn serve(context: Arc<Context>) {
    context.probe().await;
    let mut renewed = clock::now();
    loop {
        if let Err(error) = adopt(&context).await {
            tracing::error!(%error, "live runs could not be adopted; trying again");
        } else {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = context.stopped() => return,
        }
    }
    if let Err(error) = context.reconsider().await {
        tracing::error!(%error, "tasks that wait for credits could not be looked at; they are woken by their time");
    }
    loop {
        let now = clock::now();
        let next = match run_once(&context, now).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "tasks could not be dispatched; trying again");
                Some(now.plus(Duration::from_secs(1)))
            }
        };
        if now.since(renewed) >= LEASE / 3 {
            renewed = now;
            let (owner, until) = (context.owner.clone(), now.plus(LEASE));
            if let Err(error) = context.store.write(move |tx| runs::renew(tx, &owner, until)).await {
                tracing::error!(%error, "leases could not be renewed");
            }
        }
        let wait = next.map_or(FALLBACK, |next| next.since(clock::now())).min(FALLBACK);
        tokio::select! {
            () = context.wake.notified() => {}
            () = tokio::time::sleep(wait) => {}
            () = context.stopped() => return,
        }
    }
}

/// Drives on the runs that a daemon before this one left.
async fn adopt(context: &Arc<Context>) -> Result<(), Error> {
    let (owner, now) = (context.owner.clone(), clock::now());
    let works = context
        .store
        .write(move |tx| {
            let runs = runs::adopt(tx, &owner, LEASE, now)?;
            runs.into_iter().map(|run| tasks::load(tx, run.task)).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    for work in works.into_iter().flatten() {
        run::spawn(context, work);
    }
    Ok(())
}

/// One round. Returns when the next waiting task is due.
pub(crate) async fn run_once(context: &Arc<Context>, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let due = context.store.read(move |tx| tasks::due(tx, now, MOST_CANDIDATES)).await?;
    for id in due {
        context.store.write(move |tx| tasks::change(tx, id, Command::Wake, "engine", now)).await?;
    }
    let (candidates, load, standings, stopping) = context
        .store
        .read(|tx| {
            let candidates = tasks::queued(tx, MOST_CANDIDATES)?;
            Ok((candidates, runs::load_now(tx)?, accounts::standings(tx)?, tasks::stopping(tx)?))
        })
        .await?;
    for (_, run) in stopping {
        context.ask_to_stop(run);
    }
    let projects = context.options.projects.iter();
    let limits = Limits {
        total: context.options.concurrency,
        projects: projects.map(|project| (project.name.clone(), project.concurrency as usize)).collect(),
    };
    let accounts = |candidate: &Candidate| context.accounts_of(candidate);
    let at = (now, &context.options.zone);
    let full = candidates.len() == MOST_CANDIDATES;
    let mut held = false;
    for decision in schedule::pick(&candidates, &load, &limits, accounts, &standings, at) {
        held |= matches!(decision, Decision::Wait(..));
        let done = match decision {
            Decision::Start(id, account) => match radar::goes_first(context, id).await? {
                Some(command) => change(context, id, command, now).await,
                None => claim(context, id, account, now).await.map(|work| run::spawn(context, work)),
            },
            Decision::Wait(id, until, reason) => hold(context, id, until, reason, now).await,
        };
        match done {
            // Somebody else was faster, or a person changed it meanwhile.
            Ok(()) | Err(Error::Store(store::Error::Refused(_))) => {}
            Err(error) => return Err(error),
        }
    }
    if full && held {
        // They made place for others to be looked at.
        return Ok(Some(now));
    }
    Ok(context.store.read(tasks::next_due).await?)
}

async fn claim(context: &Context, id: TaskId, account: Account, now: Timestamp) -> Result<Work, Error> {
    let billing = context.agents.billing(&account.name);
    let owner = context.owner.clone();
    let work = context.store.write(move |tx| {
        let known =
            tasks::load(tx, id)?.ok_or(store::Error::NotFound { what: "task", id: id.to_string() })?;
        let asked = known.task.asked;
        let start = Start {
            run: RunId::new(now),
            billing,
            model: asked.model.filter(|_| asked.agent == account.agent),
            agent: account.agent,
            account: account.name,
            isolation: asked.isolation,
        };
        tasks::claim(tx, id, start, &owner, LEASE, now)
    });
    Ok(work.await?)
}

async fn hold(
    context: &Context,
    id: TaskId,
    until: Option<Timestamp>,
    reason: String,
    now: Timestamp,
) -> Result<(), Error> {
    change(context, id, Command::Hold { until, reason }, now).await
}

async fn change(context: &Context, id: TaskId, command: Command, now: Timestamp) -> Result<(), Error> {
    Ok(context.store.write(move |tx| tasks::change(tx, id, command, "engine", now)).await.map(drop)?)
}
