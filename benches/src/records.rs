//! The store: life cycles and events a second on disk, and what history costs.

use std::time::{Duration, Instant};

use domain::work::{End, RunCommand, Start};
use domain::{Event, Isolation, NewTask, Outcome, RunId, TaskId, Timestamp, retry::RetryPolicy};
use store::{Location, Store, runs, tasks};

use crate::floor::Floor;
use crate::{Samples, tell};

fn asked() -> NewTask {
    NewTask {
        isolation: Isolation::None,
        ..NewTask::new("bench", "/srv/bench", "a task of a bench", "rehearsal")
    }
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

async fn create(store: &Store) -> TaskId {
    store.write(|tx| tasks::create(tx, asked(), "bench", now())).await.unwrap().task.id
}

async fn claim(store: &Store, task: TaskId) -> RunId {
    let run = RunId::new(now());
    let start = Start {
        run,
        agent: "a".into(),
        account: "a".into(),
        model: None,
        isolation: Isolation::None,
        billing: None,
        receipt: None,
    };
    store
        .write(move |tx| tasks::claim(tx, task, start, "bench", Duration::from_mins(1), now()))
        .await
        .unwrap();
    run
}

/// Accepted, claimed, ended, discarded: each step durable before the next, six events in all.
async fn life(store: &Store) {
    let task = create(store).await;
    let run = claim(store, task).await;
    let end = RunCommand::End(End {
        outcome: Outcome::Succeeded,
        reason: None,
        summary: None,
        retryable: false,
        until: None,
        placement: None,
        spent: false,
        verdict: None,
        policy: RetryPolicy::default(),
    });
    store.write(move |tx| runs::tell(tx, task, run, vec![end], None, "bench", now())).await.unwrap();
    let discard = domain::work::Command::Discard { reason: None };
    store.write(move |tx| tasks::change(tx, task, discard, "bench", now())).await.unwrap();
}

pub(crate) fn measure(floor: &Floor) {
    let dir = tempfile::tempdir_in("target").unwrap();
    let store = Store::open(&Location::Sqlite(dir.path().join("bench.db"))).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    rates(floor, &runtime, &store);
    let first = latencies(&runtime, &store);
    let wanted: usize =
        std::env::var("SIDEKICK_BENCH_TASKS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let have = runtime
        .block_on(store.read(tasks::counts))
        .unwrap()
        .iter()
        .map(|(_, n)| usize::try_from(*n).unwrap())
        .sum::<usize>();
    lives(&runtime, &store, 256, wanted.saturating_sub(have));
    let last = latencies(&runtime, &store);
    for (name, before, after) in
        [("dispatch query", &first.0, &last.0), ("first page of 50 tasks", &first.1, &last.1)]
    {
        tell(
            &format!("{name}: {have} tasks of history, then {wanted}"),
            &format!(
                "{:.3} ms p99 {:.3}, then {:.3} p99 {:.3}",
                before.ms(50),
                before.ms(99),
                after.ms(50),
                after.ms(99)
            ),
            &format!("{:.2} x", after.ms(50) / before.ms(50)),
        );
    }
}

/// The same on PostgreSQL, a server of our own behind a socket.
pub(crate) fn measure_postgres(floor: &Floor) {
    let Some(url) = testkit::pg::durable_database() else {
        tell("PostgreSQL", "not installed", "");
        return;
    };
    let store = Store::open(&Location::Postgres(url)).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    tell("on PostgreSQL, synchronous_commit=on:", "", "");
    rates(floor, &runtime, &store);
}

fn rates(floor: &Floor, runtime: &tokio::runtime::Runtime, store: &Store) {
    let alone = Samples::take(2000, || {
        let began = Instant::now();
        runtime.block_on(create(store));
        began.elapsed()
    });
    let ratio = alone.ms(50) / floor.sync.ms(50);
    tell(
        "accept a task, one caller, durable",
        &format!("{:.2} ms, p99 {:.2}", alone.ms(50), alone.ms(99)),
        &format!("{ratio:.2} x fdatasync"),
    );
    for callers in [1usize, 64, 256] {
        let total = if callers == 1 { 1000 } else { 20_000 };
        let rate = lives(runtime, store, callers, total);
        tell(
            &format!("no-op task life cycles, {callers} at once, durable"),
            &format!("{rate:.0}/s, {:.0} events/s", rate * 6.0),
            "goal 20,000/s",
        );
    }
    events(runtime, store);
}

fn lives(runtime: &tokio::runtime::Runtime, store: &Store, callers: usize, total: usize) -> f64 {
    let began = Instant::now();
    runtime.block_on(async {
        let mut going = Vec::new();
        for _ in 0..callers {
            let store = store.clone();
            going.push(tokio::spawn(async move {
                for _ in 0..total / callers {
                    life(&store).await;
                }
            }));
        }
        for one in going {
            one.await.unwrap();
        }
    });
    (total / callers * callers) as f64 / began.elapsed().as_secs_f64()
}

/// Four runs that talk at once, a hundred events a piece.
fn events(runtime: &tokio::runtime::Runtime, store: &Store) {
    const PIECES: usize = 400;
    let began = Instant::now();
    runtime.block_on(async {
        let mut going = Vec::new();
        for _ in 0..4 {
            let store = store.clone();
            going.push(tokio::spawn(async move {
                let task = create(&store).await;
                let run = claim(&store, task).await;
                for piece in 0..PIECES as u64 {
                    let text = "words of an agent, about as many as a line of its stream has, two hundred bytes or so ".repeat(2);
                    let reports = vec![RunCommand::Tell(Event::AgentText { text }); 100];
                    let write = store.write(move |tx| {
                        let told = runs::Told { job: "agent", from: piece, to: piece + 1 };
                        runs::tell(tx, task, run, reports, Some(told), "bench", now())
                    });
                    write.await.unwrap();
                }
            }));
        }
        for one in going {
            one.await.unwrap();
        }
    });
    let rate = (4 * PIECES * 100) as f64 / began.elapsed().as_secs_f64();
    tell("agents' events stored, four runs at once, durable", &format!("{rate:.0}/s"), "goal 80,000/s");
}

fn latencies(runtime: &tokio::runtime::Runtime, store: &Store) -> (Samples, Samples) {
    let time = |work: &dyn Fn()| {
        Samples::take(2000, || {
            let began = Instant::now();
            work();
            began.elapsed()
        })
    };
    // What a round of the dispatcher asks when nothing changed since the last one.
    let seq = runtime.block_on(store.read(store::events::head)).unwrap();
    let dispatch = time(&|| {
        let round = store.read(move |tx| {
            let load = runs::load_now(tx)?;
            Ok((load, store::estimates::used_lately(tx, now())?, store::backlog::since(tx, seq)?))
        });
        drop(runtime.block_on(round).unwrap());
    });
    let filter = tasks::Filter { limit: 50, ..tasks::Filter::default() };
    let list = time(&|| {
        let filter = filter.clone();
        drop(runtime.block_on(store.read(move |tx| tasks::list(tx, &filter))).unwrap());
    });
    (dispatch, list)
}
