//! The board's columns, and decisions on work that was seen.

use domain::work::Command;
use domain::{NewTask, Outcome, Refusal, Timestamp};
use store::board::{self, Cursor, Filter};
use store::{Error, tasks};

use crate::harness::{asked, at, claim, create, end, on_both, tell};

fn column(state: &str) -> Filter {
    Filter { state: state.into(), ..Filter::default() }
}

#[test]
fn a_column_is_read_in_pages_most_urgent_first_and_filtered() {
    on_both(|store| async move {
        let mut ids = Vec::new();
        for (n, (text, priority)) in
            [("mend 100% of it", 5), ("Ünder_way", 2), ("mend 1000 of it", 2), ("last", 9)]
                .into_iter()
                .enumerate()
        {
            let now: Timestamp = at(i64::try_from(n).unwrap());
            ids.push(create(&store, NewTask { priority, ..asked(text) }, now).await);
        }
        let behind = create(&store, NewTask { after: vec![ids[0]], ..asked("behind") }, at(9)).await;
        let read = store
            .read(|tx| {
                let first = board::cards(tx, &column("queued"), None, 2)?;
                let last = first.last().unwrap();
                let cursor = Cursor { priority: last.priority, task: last.id };
                let rest = board::cards(tx, &column("queued"), Some(cursor), 9)?;
                Ok((
                    first,
                    rest,
                    board::count(tx, &column("queued"))?,
                    board::cards(tx, &column("waiting"), None, 9)?,
                ))
            })
            .await
            .unwrap();
        let order: Vec<_> = read.0.iter().chain(&read.1).map(|card| card.id).collect();
        assert_eq!((order, read.2), (vec![ids[1], ids[2], ids[0], ids[3]], 4));
        assert_eq!(read.1[0].behind, 1);
        let waiting = &read.3[0];
        assert_eq!((waiting.id, &waiting.after), (behind, &vec![ids[0]]));
        assert_eq!(waiting.waiting_for.as_deref(), Some("dependency"));
        let pairs = store.read(board::dependencies).await.unwrap();
        assert_eq!(pairs, [(behind, ids[0])]);
        for (words, found) in [("100%", vec![ids[0]]), ("MEND", vec![ids[2], ids[0]]), ("r_w", vec![ids[1]])]
        {
            let filter = Filter { text: Some(words.into()), ..column("queued") };
            let (cards, count) = store
                .read(move |tx| Ok((board::cards(tx, &filter, None, 9)?, board::count(tx, &filter)?)))
                .await
                .unwrap();
            let cards: Vec<_> = cards.iter().map(|card| card.id).collect();
            assert_eq!((cards.len() as u64, cards), (count, found), "{words}");
        }
        let nobody = Filter { agent: Some("nobody".into()), ..column("queued") };
        assert_eq!(store.read(move |tx| board::count(tx, &nobody)).await.unwrap(), 0);

        // What runs shows its run; what has ended, the newest first.
        let run = claim(&store, ids[0], "me", at(20)).await.unwrap();
        let running = store.read(|tx| board::cards(tx, &column("running"), None, 9)).await.unwrap();
        assert_eq!((running[0].id, running[0].stage.is_some()), (ids[0], true));
        tell(&store, ids[0], run, end(Outcome::Stopped), at(21)).await.unwrap();
        let last = ids[3];
        store.write(move |tx| tasks::change(tx, last, Command::Stop, "person:test", at(22))).await.unwrap();
        let ended = store.read(|tx| board::cards(tx, &column("cancelled"), None, 9)).await.unwrap();
        assert_eq!(ended.iter().map(|card| card.id).collect::<Vec<_>>(), [ids[3], ids[0]]);
    });
}

#[test]
fn what_was_not_seen_is_not_decided() {
    on_both(|store| async move {
        let id = create(&store, asked("x"), at(1)).await;
        let seen = |commit: Option<&'static str>| {
            let store = store.clone();
            async move { store.read(move |tx| tasks::expect_seen(tx, id, commit)).await }
        };
        assert!(seen(None).await.is_ok());
        assert!(matches!(seen(Some("abc")).await, Err(Error::Refused(Refusal::Changed))));
    });
}
