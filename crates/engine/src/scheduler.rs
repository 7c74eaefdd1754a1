//! Dispatch: wakes what waited long enough, starts what there is room for, keeps the leases.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::placement::Offer;
use domain::plan::ledger::Ledger;
use domain::route::{Receipt, Route};
use domain::schedule::{self, Candidate, Credits, Decision, Load};
use domain::work::{Command, Start};
use domain::{RunId, TaskId, Timestamp, Work};
use store::{estimates, runs, tasks};

use crate::routing::{Facts, concerns};
use crate::{Context, Error, clock, radar, run};

/// How long a run is this daemon's without word from it.
pub(crate) const LEASE: Duration = Duration::from_secs(30);
/// Tasks that are woken, started or made to wait in one go.
const MOST_DECISIONS: usize = 256;
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
    let due = context.store.read(move |tx| tasks::due(tx, now, MOST_DECISIONS)).await?;
    for id in due {
        let woken = context.store.write(move |tx| tasks::change(tx, id, Command::Wake, "engine", now)).await;
        match woken {
            // A person was faster; one task never stands in the way of the others.
            Ok(_) | Err(store::Error::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let backlog = context.planner.now(&context.store).await?;
    let budgets = context.budgets(now);
    let queued = backlog.tasks.iter().filter(|task| task.is_queued());
    let concerned = concerns(queued.map(|task| &task.candidate));
    let (facts, stopping, lately) = context
        .store
        .read(move |tx| {
            let lately = estimates::used_lately(tx, now)?;
            Ok((Facts::look(tx, concerned, &budgets)?, tasks::stopping(tx)?, lately))
        })
        .await?;
    for (_, run) in stopping {
        context.ask_to_stop(run);
    }
    let limits = context.limits();
    if facts.load.projects.values().sum::<usize>() >= limits.total && !backlog.has_hands_on() {
        // Nothing could start, so nobody has to know in which order.
        return Ok(context.store.read(tasks::next_due).await?);
    }
    let load = Load { reviews: backlog.reviews(), ..facts.load.clone() };
    let (order, urgency) = backlog.in_order(&lately, now);
    let candidates = order.iter().map(|at| urgency.entrant(&backlog.tasks, *at));
    let first = |candidate: &Candidate| {
        let offers = context.offers(candidate, &context.route(candidate, &facts, now));
        Some(offers.into_iter().next()?.account.name)
    };
    let ledger = Ledger::of(&backlog.tasks, &urgency, &backlog.known, first, now);
    let routes: RefCell<HashMap<TaskId, Route>> = RefCell::default();
    let offers = |candidate: &Candidate| {
        let route = context.route(candidate, &facts, now);
        let offers = context.offers(candidate, &route);
        routes.borrow_mut().insert(candidate.id, route);
        offers
    };
    let at = (now, &context.options().zone);
    let credits = Credits { standings: &facts.standings, ledger };
    let decisions = schedule::pick(candidates, &load, &limits, offers, credits, at);
    let routes = routes.into_inner();
    // What is kept here must not be shared while the next round reads on.
    drop(backlog);
    let full = decisions.len() > MOST_DECISIONS;
    for decision in decisions.into_iter().take(MOST_DECISIONS) {
        let done = match decision {
            Decision::Start(id, offer) => {
                if let Some(command) = radar::goes_first(context, id).await? {
                    change(context, id, command, now).await
                } else {
                    let receipt = routes.get(&id).map(|route| route.receipt(&offer));
                    claim(context, id, offer, receipt, now).await.map(|work| run::spawn(context, work))
                }
            }
            Decision::Wait(id, until, reason) => {
                let nobody = routes.get(&id).filter(|route| route.first().is_none());
                hold(context, id, until, nobody.map_or(reason, Route::complaint), now).await
            }
        };
        match done {
            // Somebody else was faster, or a person changed it meanwhile.
            Ok(()) | Err(Error::Store(store::Error::Refused(_))) => {}
            Err(error) => return Err(error),
        }
    }
    if full {
        return Ok(Some(now));
    }
    Ok(context.store.read(tasks::next_due).await?)
}

async fn claim(
    context: &Context,
    id: TaskId,
    Offer { account, model }: Offer,
    receipt: Option<Receipt>,
    now: Timestamp,
) -> Result<Work, Error> {
    let billing = context.agents.billing(&account.name);
    let owner = context.owner.clone();
    let work = context.store.write(move |tx| {
        let known =
            tasks::load(tx, id)?.ok_or(store::Error::NotFound { what: "task", id: id.to_string() })?;
        let asked = known.task.asked;
        let start = Start {
            run: RunId::new(now),
            billing,
            model,
            receipt,
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
