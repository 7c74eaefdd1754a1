//! Links: used up with the answer, or not at all.

use std::time::Duration;

use domain::work::{Command, RunCommand};
use domain::{Outcome, TaskId};
use store::{Store, events, links, tasks};

use crate::harness::{asked, at, claim, create, end, on_both, tell};

async fn asks(store: &Store, ms: i64) -> TaskId {
    let task = create(store, asked("x"), at(ms)).await;
    let run = claim(store, task, "me", at(ms + 1)).await.unwrap();
    let ask = RunCommand::Ask { text: "Which?".into(), choices: vec!["a".into(), "b".into()] };
    for report in [ask, end(Outcome::Succeeded)] {
        tell(store, task, run, report, at(ms + 2)).await.unwrap();
    }
    task
}

async fn follow(store: &Store, nonce: &str, task: TaskId, words: &str, ms: i64) -> Result<(), store::Error> {
    let used = links::Used { nonce: nonce.into(), until: at(1000).plus(Duration::from_secs(1)) };
    let command = Command::Answer { question: None, words: words.into(), false_alarm: false };
    let done = store.write(move |tx| links::follow(tx, &used, task, command, "person:link", at(ms)));
    done.await.map(drop)
}

#[test]
fn a_link_is_used_up_with_its_answer_or_not_at_all() {
    on_both(|store| async move {
        let (first, second) = (asks(&store, 10).await, asks(&store, 20).await);
        let asking = store.read(|tx| tasks::asking(tx, Some("shop"), 10)).await.unwrap();
        assert_eq!(asking.iter().map(|task| task.id).collect::<Vec<_>>(), [first, second]);
        assert!(store.read(|tx| tasks::asking(tx, Some("radio"), 10)).await.unwrap().is_empty());
        // What is refused uses nothing up.
        follow(&store, "n1", first, " ", 30).await.unwrap_err();
        follow(&store, "n1", first, "1", 40).await.unwrap();
        let again = follow(&store, "n1", second, "1", 50).await.unwrap_err();
        assert_eq!(again.to_string(), "the link was used already");
        let asking = store.read(|tx| tasks::asking(tx, None, 10)).await.unwrap();
        assert_eq!(asking.len(), 1, "the other is still asked");
        // What has expired need not be known any more: the link says so itself.
        follow(&store, "n2", second, "2", 60_000).await.unwrap();
        let used = |nonce: &'static str| store.read(move |tx| links::is_used(tx, nonce));
        assert_eq!((used("n1").await.unwrap(), used("n2").await.unwrap()), (false, true));
        for task in [first, second] {
            let (replayed, known) =
                store.read(move |tx| Ok((events::replay(tx, task)?, tasks::load(tx, task)?))).await.unwrap();
            assert_eq!(replayed, known);
        }
    });
}
