//! The merge queue's order, who holds a place, whose work a commit is, who waits for whom.

use std::time::Duration;

use domain::work::{Command, RunCommand};
use domain::{DiffStat, Outcome, TaskId};
use store::{Store, outbox, tasks};

use crate::harness::{asked, at, claim, create, end, on_both, tell};

/// A task whose work was approved.
async fn approved(store: &Store, n: i64) -> TaskId {
    let task = create(store, asked("one"), at(n)).await;
    let run = claim(store, task, "me", at(n)).await.unwrap();
    let prepared = RunCommand::Prepared { base_branch: Some("main".into()), base_commit: "aaa".into() };
    let collected = RunCommand::Collected { commit: format!("work-{n}"), diff: DiffStat::default() };
    for report in [prepared, collected, end(Outcome::Succeeded)] {
        tell(store, task, run, report, at(n)).await.unwrap();
    }
    task
}

async fn change(store: &Store, task: TaskId, command: Command) {
    store.write(move |tx| tasks::change(tx, task, command, "person:test", at(500))).await.unwrap();
}

#[test]
fn the_queue_is_in_the_order_of_approval() {
    on_both(|store| async move {
        let (one, two) = (approved(&store, 1).await, approved(&store, 2).await);
        change(&store, two, Command::Approve).await;
        change(&store, one, Command::Approve).await;
        let queue = store.read(tasks::merge_queue).await.unwrap();
        assert_eq!(queue.iter().map(|next| next.task).collect::<Vec<_>>(), [two, one]);
        assert!(queue[0].is_beside(&queue[1]) && queue[0].branch.as_deref() == Some("main"));

        // Its owner finds it again after a restart; somebody else only when the lease has ended.
        let item = queue[0].item;
        let take = |owner: &'static str, now: i64| {
            let store = store.clone();
            async move {
                let lease = Duration::from_secs(30);
                store.write(move |tx| outbox::take(tx, item, owner, lease, at(now))).await.unwrap().is_some()
            }
        };
        assert!(take("me", 1000).await && take("me", 1001).await && !take("other", 2000).await);
        assert!(store.write(move |tx| outbox::keep(tx, item, "me", at(90_000))).await.unwrap());
        assert!(!take("other", 60_000).await && take("other", 90_001).await && !take("me", 90_002).await);

        let landed = Command::Landed { commit: "merge".into(), how: "merged".into() };
        change(&store, two, landed).await;
        for commit in ["merge", "work-2"] {
            let by = store.read(move |tx| tasks::landed_by(tx, &[commit.into(), "x".into()])).await.unwrap();
            assert_eq!(by.iter().map(|(_, task)| task.id).collect::<Vec<_>>(), [two], "{commit}");
        }
        let at_work = store.read(tasks::at_work).await.unwrap();
        assert_eq!(at_work.iter().map(|task| task.id).collect::<Vec<_>>(), [one]);
    });
}

#[test]
fn who_lets_another_go_first_is_kept() {
    on_both(|store| async move {
        let (one, two) = (approved(&store, 1).await, create(&store, asked("two"), at(2)).await);
        change(&store, two, Command::Yield { to: one, reason: "it goes first".into() }).await;
        let waits = store.read(tasks::yielding).await.unwrap();
        assert_eq!(
            waits.iter().map(|task| (task.id, task.yields_to)).collect::<Vec<_>>(),
            [(two, Some(one))]
        );
        change(&store, two, Command::Wake).await;
        assert_eq!(store.read(tasks::yielding).await.unwrap(), []);
    });
}
