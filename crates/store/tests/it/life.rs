//! A task from its acceptance to its landing, and what the tables say of it.

use domain::work::{Command, RunCommand};
use domain::{CheckResult, CheckStatus, DiffStat, Event, Outcome, Stage, TaskState};
use store::{checkpoints, events, outbox, runs, tasks};

use crate::harness::{asked, at, claim, create, end, on_both, tell};

#[test]
fn from_acceptance_to_landing() {
    on_both(|store| async move {
        let task = create(&store, asked("fix \0 the auth bug"), at(1)).await;
        let run = claim(&store, task, "me", at(2)).await.unwrap();
        let check = CheckResult {
            name: "test".into(),
            command: "make test".into(),
            status: CheckStatus::Failed,
            duration_ms: 12,
            output: "é\u{1f980} 1 failed".into(),
            coverage: None,
        };
        for report in [
            RunCommand::Prepared { base_branch: Some("main".into()), base_commit: "aaa".into() },
            RunCommand::Advance(Stage::Agent),
            RunCommand::Tell(Event::UsageRecorded { input: 10, output: 20, cached: 5, cost_usd: 0.25 }),
            RunCommand::Tell(Event::CheckpointCreated { name: "before-1".into(), commit: "aaa".into() }),
            RunCommand::Collected {
                commit: "bbb".into(),
                diff: DiffStat { files: 1, insertions: 2, deletions: 3 },
            },
            RunCommand::Checked(check.clone()),
            end(Outcome::Succeeded),
        ] {
            tell(&store, task, run, report, at(3)).await.unwrap();
        }
        let work = store
            .write(move |tx| tasks::change(tx, task, Command::Approve, "person:test", at(4)))
            .await
            .unwrap();
        assert_eq!(work.task.state.as_str(), "waiting");

        // The approval put the merge into the outbox, in its own transaction.
        let items = store.write(|tx| outbox::claim(tx, "me", secs(30), at(5), 10)).await.unwrap();
        assert_eq!(
            items.iter().map(|item| (item.task, item.kind.as_str())).collect::<Vec<_>>(),
            [(task, "land")]
        );
        let id = items[0].id;
        assert!(store.write(move |tx| outbox::done(tx, id, "me")).await.unwrap());

        let landed = Command::Landed { commit: "ccc".into(), how: "merged".into() };
        store.write(move |tx| tasks::change(tx, task, landed, "engine", at(6))).await.unwrap();

        // What is stored reads back as what the log says.
        let (stored, replayed) = store
            .read(move |tx| Ok((tasks::load(tx, task)?.unwrap(), events::replay(tx, task)?.unwrap())))
            .await
            .unwrap();
        assert_eq!(stored.task.state, TaskState::Completed);
        assert_eq!(stored.task.checks, [check]);
        assert_eq!(stored.task.asked.text, "fix \u{fffd} the auth bug");
        let mut replayed = replayed;
        replayed.task.asked.text.clone_from(&stored.task.asked.text);
        replayed.task.title.clone_from(&stored.task.title);
        assert_eq!(stored, replayed);

        let points = store.read(move |tx| checkpoints::of_task(tx, task)).await.unwrap();
        assert_eq!(points.iter().map(|point| point.name.as_str()).collect::<Vec<_>>(), ["before-1"]);
    });
}

/// Whatever happens to a task, its tables say what its log says.
#[test]
fn the_tables_follow_the_log() {
    on_both(|store| async move {
        let task = create(&store, asked("everything"), at(1)).await;
        let session = |name: &str| {
            RunCommand::Tell(Event::RunSession { session: name.into(), model: Some("m".into()) })
        };
        let lost = RunCommand::Tell(Event::RunSessionLost { session: "a".into() });
        let warning = RunCommand::Tell(Event::RunWarning { text: "careful".into() });
        let prepared = || RunCommand::Prepared { base_branch: None, base_commit: "aaa".into() };
        let diff = DiffStat { files: 1, insertions: 1, deletions: 0 };
        let collected = || RunCommand::Collected { commit: "bbb".into(), diff };
        let rounds = [
            (vec![session("a"), prepared(), collected(), end(Outcome::Succeeded)], send_back("more")),
            (vec![prepared(), lost, end(Outcome::Failed)], Command::Wake),
            (vec![session("b"), warning, end(Outcome::Limited)], Command::Retry { agent: None }),
            (vec![session("b"), ask("Which?"), ask("What?"), end(Outcome::Succeeded)], answer("2")),
            (vec![], answer("neither")),
            (vec![ask("And this?"), end(Outcome::Limited)], answer("1")),
            (vec![], Command::Retry { agent: None }),
            (vec![session("b"), collected(), end(Outcome::Succeeded)], roll_back()),
            (vec![], send_back("from there")),
            (vec![session("c"), end(Outcome::TimedOut)], Command::Retry { agent: Some("other".into()) }),
            (vec![end(Outcome::Stopped)], Command::Retry { agent: None }),
        ];
        for (n, (reports, then)) in rounds.into_iter().enumerate() {
            if !reports.is_empty() {
                let run = claim(&store, task, "me", at(10)).await.unwrap();
                same(&store, task).await;
                for report in reports {
                    tell(&store, task, run, report, at(11)).await.unwrap();
                    same(&store, task).await;
                }
            }
            let changed = store.write(move |tx| tasks::change(tx, task, then, "person:test", at(12))).await;
            changed.unwrap_or_else(|error| panic!("round {n}: {error}"));
            same(&store, task).await;
        }
    });
}

fn ask(text: &str) -> RunCommand {
    RunCommand::Ask { text: text.into(), choices: vec!["this".into(), "that".into()] }
}

fn answer(words: &str) -> Command {
    Command::Answer { question: None, words: words.into(), false_alarm: false }
}

fn send_back(comment: &str) -> Command {
    Command::SendBack { comment: comment.into() }
}

fn roll_back() -> Command {
    Command::Rollback { checkpoint: "before-1".into(), commit: "aaa".into() }
}

async fn same(store: &store::Store, task: domain::TaskId) {
    let both = store.read(move |tx| Ok((tasks::load(tx, task)?, events::replay(tx, task)?))).await;
    let (stored, replayed) = both.unwrap();
    assert_eq!(stored, replayed);
}

#[test]
fn the_same_key_is_the_same_task() {
    on_both(|store| async move {
        let keyed = domain::NewTask { key: Some("delivery-1".into()), ..asked("once") };
        let first = create(&store, keyed.clone(), at(1)).await;
        let mut again = Vec::new();
        for n in 0..20 {
            let (store, keyed) = (store.clone(), keyed.clone());
            again.push(tokio::spawn(async move { create(&store, keyed, at(n)).await }));
        }
        for other in again {
            assert_eq!(other.await.unwrap(), first);
        }
        assert_eq!(store.read(|tx| events::after(tx, 0, None, 100)).await.unwrap().len(), 1);
    });
}

#[test]
fn outcomes_of_stale_attempts_are_not_recorded() {
    on_both(|store| async move {
        let task = create(&store, asked("once"), at(1)).await;
        let first = claim(&store, task, "me", at(2)).await.unwrap();
        tell(&store, task, first, end(Outcome::Lost), at(3)).await.unwrap();
        store.write(move |tx| tasks::change(tx, task, Command::Wake, "engine", at(4))).await.unwrap();
        let second = claim(&store, task, "me", at(5)).await.unwrap();
        let before = store.read(events::head).await.unwrap();
        let late = tell(&store, task, first, end(Outcome::Succeeded), at(6)).await;
        assert!(matches!(late, Err(store::Error::Refused(domain::Refusal::Fenced { .. }))), "{late:?}");
        assert_eq!(store.read(events::head).await.unwrap(), before, "a refusal leaves no trace");
        let live = store.read(runs::live).await.unwrap();
        assert_eq!(live.iter().map(|run| run.id).collect::<Vec<_>>(), [second]);
    });
}

fn secs(n: u64) -> std::time::Duration {
    std::time::Duration::from_secs(n)
}
