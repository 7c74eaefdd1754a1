//! Conversations: said once, found again, summed up once, deleted for good.

use domain::access::Role;
use domain::conversation::{Message, MessageState, Speaker};
use domain::{ConversationId, MessageId};
use store::conversations::{self, Filter};
use store::{Error, Store, events};

use crate::harness::{at, on_both};

fn message(speaker: Speaker, text: &str, ms: i64) -> Message {
    let state = if speaker == Speaker::User { MessageState::Complete } else { MessageState::Pending };
    Message {
        id: MessageId::new(at(ms)),
        speaker,
        state,
        text: text.into(),
        tasks: Vec::new(),
        thinking: None,
        rounds: 0,
        spoken: false,
        proposal: None,
        actor: "person:anna".into(),
        role: Role::Operator,
        at: at(ms),
    }
}

async fn begin(store: &Store, title: &'static str, owner: &'static str, ms: i64) -> ConversationId {
    store.write(move |tx| conversations::create(tx, title, owner, at(ms))).await.unwrap().id
}

async fn say(
    store: &Store,
    id: ConversationId,
    text: &'static str,
    key: Option<&'static str>,
    ms: i64,
) -> Message {
    let said = store.write(move |tx| {
        let said = conversations::add(tx, id, message(Speaker::User, text, ms), key, at(ms))?;
        conversations::add(tx, id, message(Speaker::Assistant, "", ms + 1), None, at(ms + 1))?;
        Ok(said)
    });
    said.await.unwrap()
}

async fn titles(store: &Store, filter: Filter) -> Vec<String> {
    let found = store.read(move |tx| conversations::list(tx, &filter)).await.unwrap();
    found.into_iter().map(|one| one.title).collect()
}

#[test]
fn what_was_said_is_there_in_order_and_its_answer_is_owed() {
    on_both(|store| async move {
        let id = begin(&store, "first words", "person:anna", 0).await;
        let first = say(&store, id, "prioritise Antenna", Some("k1"), 10).await;
        say(&store, id, "thank you", None, 20).await;
        let all = store.read(move |tx| conversations::messages(tx, id, None, 50)).await.unwrap();
        let texts: Vec<_> = all.iter().map(|(place, one)| (*place, one.text.as_str())).collect();
        assert_eq!(texts, [(1, "prioritise Antenna"), (2, ""), (3, "thank you"), (4, "")]);
        let earlier = store.read(move |tx| conversations::messages(tx, id, Some(3), 1)).await.unwrap();
        assert_eq!(earlier[0].0, 2);

        let owed = store.read(|tx| conversations::pending(tx, 10)).await.unwrap();
        assert_eq!(owed.len(), 2);
        let answer = Message { state: MessageState::Complete, text: "Done.".into(), ..owed[0].1.clone() };
        store.write(move |tx| conversations::change(tx, id, &answer, "brain", at(30))).await.unwrap();
        assert_eq!(store.read(|tx| conversations::pending(tx, 10)).await.unwrap().len(), 1);

        // Said again with its key: what was said then, with how the answer stands now.
        let (of, again, answer) = store.read(|tx| conversations::said(tx, "k1")).await.unwrap().unwrap();
        assert_eq!((of, again.id, answer.text.as_str()), (id, first.id, "Done."));
        let kinds: Vec<_> = store
            .read(move |tx| events::after(tx, 0, Some(id.stream()), 50))
            .await
            .unwrap()
            .iter()
            .map(|record| record.event.kind())
            .collect();
        assert_eq!(kinds[0], "conversation.changed");
        assert_eq!(kinds[kinds.len() - 1], "message.changed");
        assert_eq!(kinds.len(), 6);
    });
}

#[test]
fn lists_are_ones_own_by_the_latest_words_and_searched_as_they_are_written() {
    on_both(|store| async move {
        let old = begin(&store, "Plans", "person:anna", 0).await;
        let new = begin(&store, "Other", "person:anna", 5).await;
        begin(&store, "Plans of Ben", "person:ben", 6).await;
        say(&store, old, "Ship 100% of the_export, ÄRGERLICH\\", None, 10).await;
        let anna = || Filter { owner: Some("person:anna".into()), limit: 10, ..Filter::default() };
        assert_eq!(titles(&store, anna()).await, ["Plans", "Other"]);
        for (search, expected) in [
            ("plan", vec!["Plans"]),
            ("100% of", vec!["Plans"]),
            ("the_ex", vec!["Plans"]),
            ("theXex", vec![]),
            ("export, ä", vec!["Plans"]),
            ("\\", vec!["Plans"]),
        ] {
            assert_eq!(
                titles(&store, Filter { search: Some(search.into()), ..anna() }).await,
                expected,
                "{search}"
            );
        }
        let first = store.read(move |tx| conversations::load(tx, old)).await.unwrap();
        let after = Filter { before: Some((first.updated_at, first.id)), ..anna() };
        assert_eq!(titles(&store, after).await, ["Other"]);
        store
            .write(move |tx| conversations::rename(tx, new, "Renamed", "person:anna", at(50)))
            .await
            .unwrap();
        assert_eq!(titles(&store, anna()).await, ["Plans", "Renamed"], "a title is no word said");
    });
}

#[test]
fn deleted_is_deleted_and_the_log_never_had_the_words() {
    on_both(|store| async move {
        let id = begin(&store, "secret plans", "person:anna", 0).await;
        say(&store, id, "the password is hunter2", Some("k"), 10).await;
        let before = store.read(events::head).await.unwrap();
        store.write(move |tx| conversations::delete(tx, id, "person:anna", at(20))).await.unwrap();
        let log = store.read(|tx| events::after(tx, 0, None, 50)).await.unwrap();
        assert_eq!(log.len(), usize::try_from(before).unwrap() + 1, "no gap");
        assert!(log.iter().all(|record| !record.event.payload().contains("secret")
            && !record.event.payload().contains("hunter2")));
        let gone = store.read(move |tx| conversations::load(tx, id)).await;
        assert!(matches!(gone, Err(Error::NotFound { .. })));
        let late = store
            .write(move |tx| conversations::add(tx, id, message(Speaker::User, "x", 30), None, at(30)))
            .await;
        assert!(matches!(late, Err(Error::NotFound { .. })), "{late:?}");
        assert!(store.read(|tx| conversations::said(tx, "k")).await.unwrap().is_none());
    });
}
