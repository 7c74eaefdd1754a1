//! Reopening, newer databases, damaged and read-only places.

use store::{Error, Location, Store, events, tasks};

use crate::harness::{asked, at, create};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn what_was_accepted_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let location = Location::Sqlite(dir.path().join("sidekick.db"));
    let store = Store::open(&location).unwrap();
    let id = runtime().block_on(create(&store, asked("keep me"), at(1)));
    drop(store);
    let store = Store::open(&location).unwrap();
    let task = runtime().block_on(store.read(move |tx| tasks::load(tx, id))).unwrap().unwrap().task;
    assert_eq!(task.title, "keep me");
    assert_eq!(*store.head().borrow(), 1);
}

#[test]
fn a_newer_database_is_refused_and_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sidekick.db");
    drop(Store::open(&Location::Sqlite(path.clone())).unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute("INSERT INTO migrations (number, name) VALUES (999, 'from the future')", []).unwrap();
    drop(db);
    let refused = Store::open(&Location::Sqlite(path)).err().unwrap();
    assert!(matches!(refused, Error::Newer { found: 999, .. }), "{refused}");
    assert!(refused.to_string().contains("run the newer sidekick"), "{refused}");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sidekick.db");
    std::fs::write(&path, "precious notes, not a database ".repeat(100)).unwrap();
    assert!(Store::open(&Location::Sqlite(path.clone())).is_err());
    assert!(std::fs::read_to_string(path).unwrap().starts_with("precious notes"));
}

#[test]
fn the_schema_itself_refuses_what_cannot_be() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sidekick.db");
    let store = Store::open(&Location::Sqlite(path.clone())).unwrap();
    runtime().block_on(create(&store, asked("x"), at(1)));
    drop(store);
    let db = rusqlite::Connection::open(&path).unwrap();
    for wrong in [
        "UPDATE tasks SET state = 'vanished'",
        "UPDATE tasks SET state = 'waiting'",
        "UPDATE tasks SET state = 'completed'",
        "UPDATE tasks SET stopping = 1",
        "UPDATE tasks SET priority = 0",
    ] {
        assert!(db.execute(wrong, []).is_err(), "{wrong}");
    }
}

#[test]
fn a_replay_of_a_page_boundary_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::Sqlite(dir.path().join("sidekick.db"))).unwrap();
    let runtime = runtime();
    let id = runtime.block_on(create(&store, asked("x"), at(1)));
    let run = runtime.block_on(crate::harness::claim(&store, id, "me", at(2))).unwrap();
    let reports = (0..events::MOST)
        .map(|n| domain::work::RunCommand::Tell(domain::Event::AgentText { text: n.to_string() }))
        .collect();
    runtime
        .block_on(store.write(move |tx| store::runs::tell(tx, id, run, reports, None, "agent:test", at(3))))
        .unwrap();
    let work = runtime.block_on(store.read(move |tx| events::replay(tx, id))).unwrap().unwrap();
    assert_eq!(work.run.unwrap().id, run);
}
