//! Browsers that are told: once each, with the event or not at all.

use std::time::Duration;

use domain::Outcome;
use store::push::{self, Subscription};
use store::{Store, outbox};

use crate::harness::{asked, at, claim, create, end, on_both, tell};

fn browser(n: i64) -> Subscription {
    Subscription {
        endpoint: format!("https://push.example/{n}"),
        person: "me".into(),
        p256dh: "key".into(),
        auth: "secret".into(),
        created_at: at(n),
    }
}

async fn fails(store: &Store, ms: i64) {
    let task = create(store, asked("x"), at(ms)).await;
    let run = claim(store, task, "me", at(ms + 1)).await.unwrap();
    tell(store, task, run, end(Outcome::Succeeded), at(ms + 2)).await.unwrap();
}

async fn due(store: &Store, ms: i64) -> Vec<outbox::Item> {
    store.write(move |tx| push::claim(tx, "me", Duration::from_secs(30), at(ms), 10)).await.unwrap()
}

#[test]
fn every_browser_is_told_once_and_a_person_has_a_bounded_number() {
    on_both(|store| async move {
        fails(&store, 10).await;
        assert!(due(&store, 20).await.is_empty(), "nobody is to be told");
        for n in 0..25 {
            store.write(move |tx| push::add(tx, &browser(n))).await.unwrap();
        }
        store.write(|tx| push::add(tx, &browser(24))).await.unwrap();
        let known = store.read(|tx| push::of(tx, "me")).await.unwrap();
        assert_eq!(known.len(), 20);
        assert_eq!(known[0].endpoint, "https://push.example/5", "the oldest went");
        for n in 7..25 {
            store.write(move |tx| push::remove(tx, &browser(n).endpoint)).await.unwrap();
        }
        fails(&store, 30).await;
        assert!(store.read(|tx| push::is_due(tx, at(40))).await.unwrap());
        let items = due(&store, 40).await;
        assert_eq!(items.len(), 2, "{items:?}");
        assert!(items[0].payload.contains("To review"), "{items:?}");
        assert!(due(&store, 40).await.is_empty(), "they are claimed");
        let id = items[0].id;
        assert!(store.write(move |tx| outbox::done(tx, id, "me")).await.unwrap());
        assert_eq!(due(&store, 60_000).await.len(), 1, "what was not done is due again");
    });
}

#[test]
fn a_dismissed_alert_is_forgotten_when_it_is_over() {
    on_both(|store| async move {
        store.write(|tx| push::dismiss(tx, "a", at(100), at(1))).await.unwrap();
        store.write(|tx| push::dismiss(tx, "a", at(100), at(1))).await.unwrap();
        assert!(store.read(push::dismissed).await.unwrap().contains("a"));
        store.write(|tx| push::dismiss(tx, "b", at(300), at(200))).await.unwrap();
        let known = store.read(push::dismissed).await.unwrap();
        assert!(!known.contains("a") && known.contains("b"));
    });
}
