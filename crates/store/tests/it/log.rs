//! The log under many writers: no gap, nothing doubled, order of commits, pieces read once.

use domain::Event;
use domain::work::RunCommand;
use store::{Store, events, runs};

use crate::harness::{asked, at, claim, create, on_both};

async fn tell_piece(store: &Store, task: domain::TaskId, run: domain::RunId, from: u64, to: u64) -> bool {
    let text = format!("{from}..{to}");
    let report = RunCommand::Tell(Event::AgentText { text });
    let told = move |tx: &mut store::Tx<'_>| {
        let told = runs::Told { job: "agent", from, to };
        runs::tell(tx, task, run, vec![report], Some(told), "agent:test", at(5))
    };
    store.write(told).await.is_ok()
}

#[test]
fn gapless_under_many_writers() {
    on_both(|store| async move {
        let mut writers = Vec::new();
        for n in 0..8 {
            let store = store.clone();
            writers.push(tokio::spawn(async move {
                let task = create(&store, asked("x"), at(n)).await;
                let run = claim(&store, task, "me", at(100 + n)).await.unwrap();
                for piece in 0..25 {
                    assert!(tell_piece(&store, task, run, piece, piece + 1).await);
                }
            }));
        }
        // A reader that follows meanwhile, woken by the head alone, sees each number once and in order.
        let follower = tokio::spawn({
            let store = store.clone();
            async move {
                let mut head = store.head();
                let mut seen = 0;
                while seen < 8 * 27 {
                    head.changed().await.unwrap();
                    loop {
                        let page = store.read(move |tx| events::after(tx, seen, None, 50)).await.unwrap();
                        if page.is_empty() {
                            break;
                        }
                        for record in page {
                            assert_eq!(record.seq, seen + 1);
                            seen = record.seq;
                        }
                    }
                }
            }
        });
        for writer in writers {
            writer.await.unwrap();
        }
        tokio::time::timeout(std::time::Duration::from_secs(20), follower).await.unwrap().unwrap();
    });
}

#[test]
fn a_piece_of_output_is_stored_once() {
    on_both(|store| async move {
        let task = create(&store, asked("x"), at(1)).await;
        let run = claim(&store, task, "me", at(2)).await.unwrap();
        assert!(tell_piece(&store, task, run, 0, 100).await);
        assert!(!tell_piece(&store, task, run, 0, 100).await, "read already");
        assert!(!tell_piece(&store, task, run, 150, 200).await, "something is missing between");
        assert!(tell_piece(&store, task, run, 100, 200).await);
        assert_eq!(store.read(move |tx| runs::read_to(tx, run, "agent")).await.unwrap(), 200);
        let told = store.read(move |tx| events::after(tx, 0, Some(task), 100)).await.unwrap();
        assert_eq!(told.iter().filter(|record| record.event.kind() == "agent.text").count(), 2);
    });
}

#[test]
fn one_failing_write_does_not_touch_its_neighbours() {
    on_both(|store| async move {
        let mut writes = Vec::new();
        for n in 0..50 {
            let store = store.clone();
            writes.push(tokio::spawn(async move {
                let text = if n % 5 == 0 { " " } else { "fine" };
                store
                    .write(move |tx| store::tasks::create(tx, asked(text), "person:test", at(n)))
                    .await
                    .is_ok()
            }));
        }
        let mut accepted = 0;
        for write in writes {
            accepted += i64::from(write.await.unwrap());
        }
        assert_eq!(accepted, 40);
        assert_eq!(store.read(events::head).await.unwrap(), 40);
    });
}

#[test]
fn a_write_that_fails_halfway_leaves_no_half() {
    on_both(|store| async move {
        let halfway = store.write(|tx| {
            store::tasks::create(tx, asked("half"), "person:test", at(1))?;
            Err::<(), _>(store::Error::Database("something broke".into()))
        });
        assert!(matches!(halfway.await, Err(store::Error::Database(_))));
        let (tasks, head) = store
            .read(|tx| {
                Ok((
                    store::tasks::list(tx, &store::tasks::Filter { limit: 9, ..Default::default() })?,
                    events::head(tx)?,
                ))
            })
            .await
            .unwrap();
        assert_eq!((tasks.len(), head), (0, 0));
        // The store goes on, and whoever was in the same commit may try again.
        let mut writes = Vec::new();
        for n in 0..40 {
            let store = store.clone();
            writes.push(tokio::spawn(async move {
                store
                    .write(move |tx| {
                        let made = store::tasks::create(tx, asked("whole"), "person:test", at(n));
                        if n % 10 == 3 { Err(store::Error::Database("broke".into())) } else { made }
                    })
                    .await
                    .is_ok()
            }));
        }
        let mut accepted = 0;
        for write in writes {
            accepted += i64::from(write.await.unwrap());
        }
        assert_eq!(
            store.read(events::head).await.unwrap(),
            accepted,
            "exactly what was acknowledged is there"
        );
    });
}
