//! Remarks: kept, changed, and sent once, in the transaction that sends the work back; and forks.

use domain::remark::{MOST_OPEN, Remark, Said, Side};
use domain::work::RunCommand;
use domain::{DiffStat, Outcome, TaskId, TaskState};
use store::{Error, Store, events, remarks, tasks};

use crate::harness::{asked, at, claim, create, end, on_both, tell};

fn said(line: u32, text: &str) -> Said {
    Said {
        commit: "c1".into(),
        file: "src/shop.rs".into(),
        side: Side::New,
        line,
        end: line,
        text: text.into(),
        quote: "let total = 0;".into(),
    }
}

async fn write(
    store: &Store,
    task: TaskId,
    id: &'static str,
    said: Said,
    key: Option<&'static str>,
) -> Result<remarks::Kept, Error> {
    store.write(move |tx| remarks::write(tx, task, (id, said), key, "person:ada", at(50))).await
}

async fn all(store: &Store, task: TaskId) -> Vec<Remark> {
    store.read(move |tx| remarks::of_task(tx, task)).await.unwrap()
}

/// What two tabs do that both show the work of `seen`.
async fn send(
    store: &Store,
    task: TaskId,
    words: &'static str,
    seen: Option<&'static str>,
) -> Result<domain::Work, Error> {
    let send = move |tx: &mut store::Tx<'_>| {
        tasks::expect_seen(tx, task, seen)?;
        remarks::send_back(tx, task, words, "person:ada", at(60))
    };
    store.write(send).await
}

/// A task with work to review.
async fn reviewed(store: &Store) -> TaskId {
    let task = create(store, asked("mend the total"), at(0)).await;
    attempt(store, task, 1).await;
    task
}

async fn attempt(store: &Store, task: TaskId, n: i64) {
    let run = claim(store, task, "one", at(n)).await.unwrap();
    let prepared = RunCommand::Prepared { base_branch: Some("main".into()), base_commit: "b0".into() };
    tell(store, task, run, prepared, at(n)).await.unwrap();
    let diff = DiffStat { files: 1, insertions: 1, deletions: 0 };
    tell(store, task, run, RunCommand::Collected { commit: format!("c{n}"), diff }, at(n)).await.unwrap();
    tell(store, task, run, end(Outcome::Succeeded), at(n)).await.unwrap();
}

#[test]
fn remarks_are_sent_once_and_all_together() {
    on_both(|store| async move {
        let task = reviewed(&store).await;
        write(&store, task, "r2", said(9, "Name it."), None).await.unwrap();
        write(&store, task, "r1", said(3, "Why zero?"), None).await.unwrap();
        store
            .write(move |tx| remarks::change(tx, task, ("r1", "Why not one?".into()), "person:bob", at(51)))
            .await
            .unwrap();
        write(&store, task, "r3", said(4, "Never mind."), None).await.unwrap();
        store.write(move |tx| remarks::remove(tx, task, "r3", "person:ada", at(52))).await.unwrap();

        let seen = Some("c1");
        let work = send(&store, task, "Almost.", seen).await.unwrap();
        assert_eq!(work.task.state, TaskState::Queued);
        let comment = work.task.next.feedback.unwrap();
        let expected = "Almost.\n\nsrc/shop.rs:3\n> let total = 0;\nWhy not one?\n\n\
                        src/shop.rs:9\n> let total = 0;\nName it.";
        assert_eq!(comment, expected);
        let kept = all(&store, task).await;
        assert_eq!(kept.iter().map(|remark| remark.sent).collect::<Vec<_>>(), [Some(1), Some(1)]);

        // The second tab: refused now, and when the next attempt is there, which nobody saw.
        assert!(matches!(send(&store, task, "Almost.", seen).await, Err(Error::Refused(_))));
        attempt(&store, task, 2).await;
        let late = send(&store, task, "Almost.", seen).await.unwrap_err();
        assert!(late.to_string().contains("changed since it was looked at"), "{late}");
        // What was sent stays as it was said.
        let late = store.write(move |tx| remarks::remove(tx, task, "r1", "person:ada", at(70))).await;
        assert!(matches!(late, Err(Error::Refused(_))), "{late:?}");
        // New ones are of the new attempt, and the log tells the same story again.
        write(&store, task, "r4", said(1, "Still."), None).await.unwrap();
        let work = send(&store, task, "", Some("c2")).await.unwrap();
        assert_eq!(work.task.next.feedback.as_deref(), Some("src/shop.rs:1\n> let total = 0;\nStill."));
        assert_eq!(all(&store, task).await.first().unwrap().sent, Some(2), "the last sent come first");
        let replayed = store.read(move |tx| events::replay(tx, task)).await.unwrap().unwrap();
        assert_eq!(replayed.task, work.task);
    });
}

#[test]
fn nothing_is_sent_when_the_work_cannot_go_back() {
    on_both(|store| async move {
        let task = create(&store, asked("x"), at(0)).await;
        write(&store, task, "r1", said(1, "Early."), None).await.unwrap();
        assert!(matches!(send(&store, task, "go", None).await, Err(Error::Refused(_))));
        assert_eq!(all(&store, task).await.first().unwrap().sent, None, "it is not lost");
        let empty = reviewed(&store).await;
        assert!(send(&store, empty, " ", None).await.is_err(), "without words and without remarks");
    });
}

#[test]
fn a_remark_that_is_written_twice_is_one() {
    on_both(|store| async move {
        let task = reviewed(&store).await;
        assert!(write(&store, task, "r1", said(1, "Once."), Some("k")).await.unwrap().new);
        let again = write(&store, task, "r2", said(1, "Once."), Some("k")).await.unwrap();
        assert!(!again.new && again.remark.id == "r1");
        assert!(write(&store, task, "r3", said(0, "Nowhere."), None).await.is_err());
        let missing = store.write(move |tx| remarks::remove(tx, task, "r9", "person:ada", at(5))).await;
        assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
        for n in 1..MOST_OPEN {
            let id: &'static str = Box::leak(format!("x{n:03}").into_boxed_str());
            write(&store, task, id, said(1, "More."), None).await.unwrap();
        }
        let full = write(&store, task, "y", said(1, "One more."), None).await.unwrap_err();
        assert!(full.to_string().contains("200 open remarks"), "{full}");
    });
}

#[test]
fn a_fork_has_its_base_from_the_first_moment() {
    on_both(|store| async move {
        let task = reviewed(&store).await;
        let fork = |key: &str| {
            let asked = domain::NewTask { key: Some(key.into()), ..asked("another way") };
            let from = (task, "c1".to_owned(), Some("main".to_owned()));
            store.write(move |tx| tasks::fork(tx, asked, from, "person:ada", at(60)))
        };
        let first = fork("k").await.unwrap();
        assert!(first.new);
        assert_eq!(first.task.base_commit.as_deref(), Some("c1"));
        let again = fork("k").await.unwrap();
        assert!(!again.new && again.task.id == first.task.id, "the same key is the same task");
        // Its first run does not move the base.
        attempt(&store, first.task.id, 61).await;
        let id = first.task.id;
        let work = store.read(move |tx| tasks::load(tx, id)).await.unwrap().unwrap();
        assert_eq!(work.task.base_commit.as_deref(), Some("c1"));
        let replayed = store.read(move |tx| events::replay(tx, id)).await.unwrap().unwrap();
        assert_eq!(replayed, work);
    });
}
