//! Claims, leases, waits, ids and pages.

use std::time::Duration;

use domain::Outcome;
use domain::work::Command;
use store::{Error, runs, tasks};

use crate::harness::{asked, at, claim, create, end, on_both, tell};

#[test]
fn the_database_decides_who_claims() {
    on_both(|store| async move {
        let task = create(&store, asked("one"), at(1)).await;
        let mut claims = Vec::new();
        for n in 0..16 {
            let store = store.clone();
            claims.push(tokio::spawn(async move { claim(&store, task, "me", at(10 + n)).await.is_ok() }));
        }
        let mut won = 0;
        for claim in claims {
            won += u32::from(claim.await.unwrap());
        }
        assert_eq!(won, 1);
    });
}

#[test]
fn leases_end_and_are_taken_over() {
    on_both(|store| async move {
        let task = create(&store, asked("one"), at(1)).await;
        let run = claim(&store, task, "dead", at(0)).await.unwrap();
        let adopt = |owner: &'static str, now| {
            let store = store.clone();
            async move {
                let lease = Duration::from_secs(30);
                let runs = store.write(move |tx| runs::adopt(tx, owner, lease, now)).await.unwrap();
                runs.into_iter().map(|run| run.id).collect::<Vec<_>>()
            }
        };
        assert_eq!(adopt("heir", at(29_000)).await, [], "a lease that holds is respected");
        assert_eq!(adopt("dead", at(29_000)).await, [run], "its owner finds it again at once");
        assert_eq!(adopt("heir", at(60_001)).await, [run]);
        assert_eq!(adopt("dead", at(60_002)).await, [], "the old owner has lost it");
    });
}

#[test]
fn waits_are_due_at_their_time() {
    on_both(|store| async move {
        let task = create(&store, asked("one"), at(1)).await;
        let run = claim(&store, task, "me", at(2)).await.unwrap();
        tell(&store, task, run, end(Outcome::Failed), at(1_000)).await.unwrap();
        let next = store.read(tasks::next_due).await.unwrap().unwrap();
        assert_eq!(next, at(11_000));
        assert_eq!(store.read(move |tx| tasks::due(tx, at(10_999), 10)).await.unwrap(), []);
        assert_eq!(store.read(move |tx| tasks::due(tx, next, 10)).await.unwrap(), [task]);
    });
}

#[test]
fn ids_may_be_shortened() {
    on_both(|store| async move {
        let mut ids = Vec::new();
        for n in 0..40 {
            ids.push(create(&store, asked("x"), at(n)).await);
        }
        for id in ids {
            let found = store.read(move |tx| tasks::find(tx, &id.short()[..7])).await.unwrap();
            assert_eq!(found, id);
            let full = store.read(move |tx| tasks::find(tx, &id.to_string())).await.unwrap();
            assert_eq!(full, id);
        }
        let time_part = "0"; // every id of these years begins so
        let many = store.read(move |tx| tasks::find(tx, time_part)).await;
        assert!(matches!(many, Err(Error::Ambiguous { .. })), "{many:?}");
        for wrong in ["", "zz", "%", "ffffffffffff", "'; DROP TABLE tasks"] {
            let none = store.read(move |tx| tasks::find(tx, wrong)).await;
            assert!(matches!(none, Err(Error::NotFound { .. })), "{wrong}: {none:?}");
        }
    });
}

#[test]
fn pages_cover_everything_once() {
    on_both(|store| async move {
        let mut ids = Vec::new();
        for n in 0..25 {
            ids.push(create(&store, asked("x"), at(n)).await);
        }
        let first = ids[3];
        store.write(move |tx| tasks::change(tx, first, Command::Stop, "person:test", at(100))).await.unwrap();
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let filter =
                tasks::Filter { states: vec!["queued".into()], before, limit: 7, ..Default::default() };
            let page = store.read(move |tx| tasks::list(tx, &filter)).await.unwrap();
            let Some(end) = page.last() else { break };
            before = Some(end.id);
            seen.extend(page.iter().map(|task| task.id));
        }
        ids.retain(|id| *id != first);
        ids.reverse();
        assert_eq!(seen, ids);
        let counts = store.read(tasks::counts).await.unwrap();
        let of = |state: &str| counts.iter().find(|(name, _)| name == state).unwrap().1;
        assert_eq!((of("queued"), of("cancelled"), of("running")), (24, 1, 0));
    });
}
