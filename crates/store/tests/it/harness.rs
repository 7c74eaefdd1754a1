//! Stores of both engines, and small stories to tell on them.

use std::future::Future;

use domain::work::{End, RunCommand, Start};
use domain::{Isolation, NewTask, Outcome, RunId, TaskId, Timestamp, retry::RetryPolicy};
use store::{Error, Location, Store, runs, tasks};

/// A moment of the tests' own time.
pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + ms)
}

/// Runs a case on a fresh database of each engine. Without a PostgreSQL to be had the case is red under
/// `REQUIRE_POSTGRES=1`, and runs on SQLite alone otherwise.
pub(crate) fn on_both<F, Fut>(case: F)
where
    F: Fn(Store) -> Fut,
    Fut: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let sqlite = Store::open(&Location::Sqlite(dir.path().join("sidekick.db"))).unwrap();
    runtime.block_on(case(sqlite));
    if let Some(url) = testkit::pg::database() {
        let postgres = Store::open(&Location::Postgres(url)).unwrap();
        runtime.block_on(case(postgres));
    }
}

pub(crate) fn asked(text: &str) -> NewTask {
    NewTask::new("shop", "/srv/shop", text, "rehearsal")
}

pub(crate) async fn create(store: &Store, asked: NewTask, now: Timestamp) -> TaskId {
    store.write(move |tx| tasks::create(tx, asked, "person:test", now)).await.unwrap().task.id
}

pub(crate) async fn claim(
    store: &Store,
    task: TaskId,
    owner: &'static str,
    now: Timestamp,
) -> Result<RunId, Error> {
    let run = RunId::new(now);
    let start = Start {
        run,
        agent: "rehearsal".into(),
        account: "rehearsal".into(),
        model: None,
        isolation: Isolation::Sandbox,
        billing: None,
        receipt: None,
    };
    let lease = std::time::Duration::from_secs(30);
    store.write(move |tx| tasks::claim(tx, task, start, owner, lease, now)).await.map(|_| run)
}

pub(crate) async fn tell(
    store: &Store,
    task: TaskId,
    run: RunId,
    report: RunCommand,
    now: Timestamp,
) -> Result<(), Error> {
    store.write(move |tx| runs::tell(tx, task, run, vec![report], None, "engine", now)).await.map(drop)
}

pub(crate) fn end(outcome: Outcome) -> RunCommand {
    RunCommand::End(End {
        outcome,
        reason: None,
        summary: Some("done".into()),
        retryable: true,
        until: None,
        placement: None,
        spent: false,
        verdict: None,
        policy: RetryPolicy::default(),
    })
}
