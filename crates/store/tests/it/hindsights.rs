//! What is to be looked back on: a queue that is bounded, survives, and never holds what nobody would look back on.

use domain::work::Command;
use domain::{Hindsight, NewTask, Outcome, TaskId};
use store::{Store, hindsights, tasks};

use crate::harness::{asked, at, claim, create, end, on_both, tell};

async fn change(store: &Store, task: TaskId, command: Command, ms: i64) -> Result<(), store::Error> {
    store.write(move |tx| tasks::change(tx, task, command, "engine", at(ms))).await.map(drop)
}

async fn stop(store: &Store, asked: NewTask, ms: i64) -> TaskId {
    let task = create(store, asked, at(ms)).await;
    change(store, task, Command::Stop, ms + 1).await.unwrap();
    task
}

async fn next(store: &Store) -> Option<TaskId> {
    store.read(hindsights::next_due).await.unwrap().map(|(task, _)| task)
}

#[test]
fn what_is_over_is_due_until_it_was_looked_back_on() {
    on_both(|store| async move {
        let first = stop(&store, asked("x"), 10).await;
        let second = stop(&store, NewTask { project: "other".into(), ..asked("y") }, 20).await;
        stop(&store, NewTask { once: true, ..asked("z") }, 30).await;
        stop(&store, NewTask { key: Some(format!("{}1", hindsights::KEY)), ..asked("z") }, 40).await;
        assert_eq!(next(&store).await, Some(first));
        assert!(store.read(move |tx| hindsights::is_due(tx, first)).await.unwrap());
        let found = Hindsight { lines: vec!["Run make db first".into()], ..Hindsight::default() };
        change(&store, first, Command::LookBack(Box::new(found.clone())), 50).await.unwrap();
        assert_eq!(next(&store).await, Some(second));
        assert!(!store.read(move |tx| hindsights::is_due(tx, first)).await.unwrap());
        let known = store.read(move |tx| hindsights::of_task(tx, first)).await.unwrap().unwrap();
        assert_eq!((known.hindsight, known.at), (found.clone(), at(50)));
        // What was found stays when it is tried again, and is replaced when that is over.
        change(&store, first, Command::Retry { agent: None }, 60).await.unwrap();
        let refused = change(&store, first, Command::LookBack(Box::default()), 61).await.unwrap_err();
        assert_eq!(refused.to_string(), "cannot look back on a task that is queued: it is not over");
        change(&store, first, Command::Stop, 62).await.unwrap();
        store.write(move |tx| hindsights::give_up(tx, second)).await.unwrap();
        assert_eq!(next(&store).await, Some(first));
        store.write(|tx| hindsights::forget(tx, None)).await.unwrap();
        assert_eq!(next(&store).await, None);
        let of = |project: Option<&'static str>| store.read(move |tx| hindsights::latest(tx, project, 10));
        assert_eq!(of(Some("shop")).await.unwrap().len(), 1);
        assert_eq!((of(Some("other")).await.unwrap().len(), of(None).await.unwrap().len()), (0, 1));
    });
}

#[test]
fn the_queue_is_bounded_and_keeps_the_latest() {
    on_both(|store| async move {
        let mut all = Vec::new();
        for n in 0..hindsights::MOST_DUE + 2 {
            all.push(stop(&store, asked("x"), i64::try_from(n).unwrap() * 10).await);
        }
        assert_eq!(next(&store).await, Some(all[2]));
    });
}

#[test]
fn a_life_is_read_from_its_log() {
    on_both(|store| async move {
        let task = create(&store, asked("mend it"), at(0)).await;
        let run = claim(&store, task, "me", at(10)).await.unwrap();
        tell(&store, task, run, end(Outcome::Failed), at(60_010)).await.unwrap();
        let facts = store.read(move |tx| hindsights::facts_of(tx, task)).await.unwrap();
        assert_eq!((facts.text.as_str(), facts.attempts), ("mend it", 1));
        assert_eq!((facts.runs[0].took().as_secs(), facts.runs[0].in_vain), (60, true));
    });
}
