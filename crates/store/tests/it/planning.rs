//! What comes after what, the backlog read on from the log, and what is learned from ended runs.

use domain::estimate::Basis;
use domain::plan::{Pending, Stands};
use domain::work::{Adjust, Command, Deadline};
use domain::{Nature, NewTask, Outcome, Refusal, TaskId, Timestamp, WaitFor};
use store::{Error, Store, backlog, estimates, events, tasks};

use crate::harness::{asked, at, claim, create, end, on_both, tell};

async fn change(store: &Store, id: TaskId, command: Command, now: Timestamp) -> domain::Task {
    store.write(move |tx| tasks::change(tx, id, command, "person:test", now)).await.unwrap().task
}

async fn load(store: &Store, id: TaskId) -> domain::Task {
    store.read(move |tx| tasks::load(tx, id)).await.unwrap().unwrap().task
}

async fn all(store: &Store) -> Vec<Pending> {
    let mut tasks = store.read(|tx| backlog::all(tx, 1000)).await.unwrap().1;
    tasks.sort_by_key(Pending::id);
    tasks
}

#[test]
fn what_waits_is_looked_at_again_in_the_transaction_of_what_it_waits_for() {
    on_both(|store| async move {
        let first = create(&store, asked("first"), at(1)).await;
        let second = create(&store, NewTask { after: vec![first, first], ..asked("second") }, at(2)).await;
        let waiting = load(&store, second).await;
        assert_eq!(
            (waiting.asked.after.clone(), waiting.state.waiting().unwrap().on),
            (vec![first], WaitFor::Dependency)
        );
        assert_eq!(waiting.reason, Some(format!("waits for `first` ({}), which is queued", first.short())));

        let run = claim(&store, first, "me", at(3)).await.unwrap();
        assert!(load(&store, second).await.reason.unwrap().ends_with("which is running"));
        tell(&store, first, run, end(Outcome::Stopped), at(4)).await.unwrap();
        assert!(load(&store, second).await.reason.unwrap().contains("which was cancelled: try that again"));
        assert!(all(&store).await[0].stuck, "only a person gets it going");
        change(&store, first, Command::Retry { agent: None }, at(5)).await;
        assert!(load(&store, second).await.reason.unwrap().ends_with("which is queued"));

        // A circle is refused and nothing is changed; another order is taken.
        let around = Adjust { after: Some(vec![second]), ..Adjust::default() };
        let refused = store.write(move |tx| tasks::adjust(tx, first, around, "person:test", at(6))).await;
        assert!(
            matches!(&refused, Err(Error::Refused(Refusal::Circle(path))) if path.contains("comes after")),
            "{refused:?}"
        );
        assert_eq!(load(&store, first).await.asked.after, []);
        let nobody = TaskId::new(at(0));
        let unknown = Adjust { after: Some(vec![nobody]), ..Adjust::default() };
        let refused = store.write(move |tx| tasks::adjust(tx, first, unknown, "person:test", at(6))).await;
        assert!(matches!(refused, Err(Error::NotFound { .. })));
        let free = Adjust { priority: Some(1), deadline: Some(Deadline::At(at(9))), after: Some(Vec::new()) };
        let work =
            store.write(move |tx| tasks::adjust(tx, second, free, "person:test", at(7))).await.unwrap();
        assert_eq!((work.task.state.as_str(), work.task.asked.priority), ("queued", 1));
        let replayed = store.read(move |tx| events::replay(tx, second)).await.unwrap().unwrap();
        assert_eq!(replayed.task, load(&store, second).await, "the log gives the row");
    });
}

#[test]
fn the_backlog_read_on_is_the_backlog_read_anew() {
    on_both(|store| async move {
        let first = create(&store, asked("first"), at(1)).await;
        let second = create(&store, NewTask { after: vec![first], ..asked("second") }, at(2)).await;
        let (mut seq, tasks) = store.read(|tx| backlog::all(tx, 1000)).await.unwrap();
        let mut known: std::collections::BTreeMap<_, _> =
            tasks.into_iter().map(|task| (task.id(), task)).collect();
        let run = claim(&store, first, "me", at(3)).await.unwrap();
        for step in 0..4u8 {
            match step {
                0 => tell(&store, first, run, end(Outcome::Failed), at(4)).await.unwrap(),
                1 => drop(change(&store, first, Command::Wake, at(5)).await),
                2 => drop(change(&store, second, Command::Stop, at(6)).await),
                _ => drop(
                    create(&store, NewTask { priority: 1, deadline: Some(at(99)), ..asked("third") }, at(7))
                        .await,
                ),
            }
            let changes = store.read(move |tx| backlog::since(tx, seq)).await.unwrap().unwrap();
            assert_eq!(changes.runs_ended, step == 0);
            seq = changes.head;
            for (id, task) in changes.tasks {
                match task {
                    Some(task) => drop(known.insert(id, task)),
                    None => drop(known.remove(&id)),
                }
            }
            assert_eq!(known.values().cloned().collect::<Vec<_>>(), all(&store).await);
        }
        let retried = &known[&first];
        assert_eq!(
            (&retried.stands, retried.candidate.failed.as_deref(), retried.candidate.fresh),
            (&Stands::Queued, Some("rehearsal"), false)
        );
        assert!(!known.contains_key(&second), "what is at its end is not planned");
        let far = store.read(|tx| backlog::since(tx, 1_000_000)).await.unwrap();
        assert!(far.is_none(), "another log than the one that was read");
    });
}

#[test]
fn ended_runs_teach_what_the_next_will_take() {
    on_both(|store| async move {
        let estimate = async || {
            let known = store.read(estimates::experience).await.unwrap();
            known.estimate("shop", "rehearsal", Nature::default())
        };
        for n in 0..5 {
            assert_eq!(estimate().await.basis, Basis::Guess, "{n} runs are few");
            let task = create(&store, asked("x"), at(1)).await;
            let run = claim(&store, task, "me", at(0)).await.unwrap();
            tell(&store, task, run, end(Outcome::Succeeded), at(60_000)).await.unwrap();
            // What failed says nothing of how long the work takes.
            let task = create(&store, asked("x"), at(1)).await;
            let run = claim(&store, task, "me", at(0)).await.unwrap();
            tell(&store, task, run, end(Outcome::Failed), at(10)).await.unwrap();
        }
        let learned = estimate().await;
        assert_eq!(learned.basis, Basis::Runs(5));
        assert!((50_000..72_000).contains(&learned.duration.median), "{learned:?}");
        let used = store.read(|tx| estimates::used_lately(tx, at(60_000))).await.unwrap();
        assert_eq!(used["shop"], 5 * 60_010);
        let later = at(60_000 + 24 * 3_600_000);
        assert_eq!(
            store.read(move |tx| estimates::used_lately(tx, later)).await.unwrap()["shop"],
            5 * 60_010 / 2
        );
    });
}
