//! The memory of projects: versions, bounds, and whose it is.

use domain::memory::{MOST_ENTRIES, MOST_VERSIONS};
use domain::{NewTask, delegation::Parent};
use store::memory::{self, Note, Place};
use store::{Error, Store, events, tasks};

use crate::harness::{asked, at, claim, create, on_both};

fn shop() -> Place {
    Place { project: "shop".into(), repo: "/srv/shop".into() }
}

fn note(name: &str, text: &str, expected: Option<u32>) -> Note {
    Note { name: name.into(), text: text.into(), expected, task: None }
}

async fn write(store: &Store, place: Place, note: Note) -> Result<u32, Error> {
    store.write(move |tx| memory::write(tx, &place, &note, "agent:test", at(1))).await
}

async fn names(store: &Store, place: Place) -> Vec<(String, u32)> {
    let entries = store.read(move |tx| memory::all(tx, &place)).await.unwrap();
    entries.into_iter().map(|entry| (entry.name, entry.version)).collect()
}

#[test]
fn nobody_overwrites_what_they_have_not_read() {
    on_both(|store| async move {
        assert_eq!(write(&store, shop(), note("build", "make", None)).await.unwrap(), 1);
        assert_eq!(write(&store, shop(), note("build", "make all", Some(1))).await.unwrap(), 2);
        let late = write(&store, shop(), note("build", "ninja", Some(1))).await;
        assert!(matches!(late, Err(Error::Refused(_))), "{late:?}");
        let there = store.read(|tx| memory::one(tx, &shop(), "build")).await.unwrap().unwrap();
        assert_eq!((there.text.as_str(), there.version), ("make all", 2));
        // Removed, it is gone from the list; written again, its numbers go on.
        write(&store, shop(), note("build", "", Some(2))).await.unwrap();
        assert_eq!(names(&store, shop()).await, []);
        assert_eq!(write(&store, shop(), note("build", "x", None)).await.unwrap(), 4);
        // Another repository of the same name has its own.
        let other = Place { repo: "/srv/other/shop".into(), ..shop() };
        assert_eq!(names(&store, other).await, []);
    });
}

#[test]
fn the_memory_is_bounded() {
    on_both(|store| async move {
        for n in 0..MOST_ENTRIES {
            write(&store, shop(), note(&format!("entry-{n}"), "x", None)).await.unwrap();
        }
        assert!(write(&store, shop(), note("one-more", "x", None)).await.is_err());
        for n in 0..MOST_VERSIONS + 5 {
            write(&store, shop(), note("entry-0", &format!("version {n}"), None)).await.unwrap();
        }
        assert_eq!(names(&store, shop()).await.len(), MOST_ENTRIES);
    });
}

#[test]
fn a_delegated_task_knows_where_it_comes_from() {
    on_both(|store| async move {
        let task = create(&store, asked("a large one"), at(1)).await;
        let run = claim(&store, task, "me", at(2)).await.unwrap();
        let parent = Parent { task, run, depth: 1 };
        let child = create(&store, NewTask { parent: Some(parent), ..asked("a part") }, at(3)).await;
        assert_eq!(store.read(move |tx| tasks::delegated(tx, run)).await.unwrap(), 1);
        let both =
            store.read(move |tx| Ok((tasks::load(tx, child)?, events::replay(tx, child)?))).await.unwrap();
        assert_eq!(both.0.as_ref().unwrap().task.asked.parent, Some(parent));
        assert_eq!(both.0, both.1);
        // What the domain never makes, the tables do not take.
        let deep = NewTask { parent: Some(Parent { depth: 3, ..parent }), ..asked("too deep") };
        assert!(store.write(move |tx| tasks::create(tx, deep, "agent:test", at(4))).await.is_err());
    });
}
