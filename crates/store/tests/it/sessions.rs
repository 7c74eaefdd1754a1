//! Logs of sessions: one row a log, the newest first, and the run a session is of.

use domain::work::RunCommand;
use domain::{Event, Outcome};
use store::sessions::{self, Log};

use crate::harness::{asked, at, claim, create, end, on_both, tell};

fn log(name: &str, session: Option<&str>, ms: i64) -> Log {
    Log {
        agent: "claude".into(),
        log: name.into(),
        session: session.map(Into::into),
        updated_at: at(ms),
        reading: "{}".into(),
        read_to: 7,
        head: "h".into(),
    }
}

#[test]
fn a_log_is_kept_once_and_the_newest_come_first() {
    on_both(|store| async move {
        for known in [log("a", Some("s1"), 1), log("b", Some("s2"), 2), log("c", None, 3)] {
            store.write(move |tx| sessions::store(tx, &known)).await.unwrap();
        }
        let again = Log { read_to: 9, ..log("a", Some("s1"), 4) };
        let kept = again.clone();
        store.write(move |tx| sessions::store(tx, &kept)).await.unwrap();
        let found = store.read(|tx| sessions::latest(tx, 10)).await.unwrap();
        assert_eq!(found, [again.clone(), log("b", Some("s2"), 2)], "one without a session is not listed");
        assert_eq!(store.read(|tx| sessions::log(tx, "claude", "a")).await.unwrap(), Some(again));
        assert_eq!(store.read(|tx| sessions::log(tx, "codex", "a")).await.unwrap(), None);
    });
}

#[test]
fn a_session_finds_its_latest_run() {
    on_both(|store| async move {
        let task = create(&store, asked("x"), at(1)).await;
        let run = claim(&store, task, "me", at(2)).await.unwrap();
        let session = Event::RunSession { session: "s1".into(), model: None };
        tell(&store, task, run, RunCommand::Tell(session), at(3)).await.unwrap();
        tell(&store, task, run, end(Outcome::Failed), at(4)).await.unwrap();
        let found = store.read(|tx| sessions::run_of(tx, "s1")).await.unwrap();
        assert_eq!(found.map(|found| found.id), Some(run));
        assert_eq!(store.read(|tx| sessions::run_of(tx, "s2")).await.unwrap(), None);
        assert_eq!(store.read(|tx| sessions::delegated(tx, 10)).await.unwrap().len(), 1);
    });
}
