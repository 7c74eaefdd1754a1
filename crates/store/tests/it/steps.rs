//! Tasks that become several, tasks that race, and what a task took of a window.

use domain::account::Window;
use domain::event::LimitStatus;
use domain::pipeline::{self, Does, Split};
use domain::supervise::Rung;
use domain::work::{Command, End, RunCommand};
use domain::{Account, Complexity, DiffStat, Event, NewTask, Outcome, RunId, TaskId, TaskState, WaitFor};
use store::{Store, accounts, runs, tasks};

use crate::harness::{asked, at, claim, create, end, on_both, tell};

async fn task(store: &Store, id: TaskId) -> domain::Task {
    store.read(move |tx| tasks::load(tx, id)).await.unwrap().unwrap().task
}

async fn change(store: &Store, id: TaskId, command: Command) {
    store.write(move |tx| tasks::change(tx, id, command, "person:test", at(900))).await.unwrap();
}

/// A run that left this work, to its end.
async fn worked(store: &Store, id: TaskId, commit: &str, n: i64) {
    let run = claim(store, id, "me", at(n)).await.unwrap();
    let prepared = RunCommand::Prepared { base_branch: Some("main".into()), base_commit: "aaa".into() };
    let collected = RunCommand::Collected { commit: commit.into(), diff: DiffStat::default() };
    for report in [prepared, collected, end(Outcome::Succeeded)] {
        tell(store, id, run, report, at(n)).await.unwrap();
    }
}

#[test]
fn parts_come_one_after_the_other_and_complete_the_whole() {
    on_both(|store| async move {
        let mut steps = pipeline::default();
        steps[0].does = Does::Plan { split: Split::Alone };
        let whole = create(&store, NewTask { pipeline: steps, ..asked("show the figures") }, at(1)).await;
        let run = claim(&store, whole, "me", at(2)).await.unwrap();
        let plan = "```split\n[{\"text\": \"the table\"}, {\"text\": \"the page\", \"after\": [1]}]\n```";
        let RunCommand::End(ended) = end(Outcome::Succeeded) else { unreachable!("it is one") };
        let ended = RunCommand::End(End { summary: Some(plan.into()), ..ended });
        tell(&store, whole, run, ended, at(3)).await.unwrap();

        let split = task(&store, whole).await;
        assert_eq!(split.state.waiting().unwrap().on, WaitFor::Dependency);
        assert!(split.reason.clone().unwrap().starts_with("waits for `the table`"), "{split:?}");
        let [first, second] = split.asked.after[..] else { panic!("{split:?}") };
        let part = task(&store, second).await;
        assert_eq!((part.asked.after.clone(), part.asked.parent.unwrap().task), (vec![first], whole));
        assert_eq!(
            part.asked.pipeline.iter().map(|step| step.name.as_str()).collect::<Vec<_>>(),
            ["implement"]
        );
        for (n, part) in [(10, first), (20, second)] {
            assert_eq!(task(&store, part).await.state, TaskState::Queued, "what it comes after is there");
            worked(&store, part, &format!("work-{n}"), n).await;
            change(&store, part, Command::Approve).await;
            change(&store, part, Command::Landed { commit: format!("merge-{n}"), how: "merged".into() })
                .await;
        }
        assert_eq!(task(&store, whole).await.state, TaskState::Completed);
    });
}

#[test]
fn a_race_is_settled_with_its_last_and_only_once() {
    on_both(|store| async move {
        let by = ["a", "b", "c"].map(|agent| Rung { agent: agent.into(), model: None });
        let asked = NewTask { key: Some("k".into()), ..asked("which is best?") };
        let start = |asked: NewTask| {
            let (store, by) = (store.clone(), by.clone());
            async move {
                store.write(move |tx| tasks::start(tx, &asked, &by, "person:test", at(1))).await.unwrap()
            }
        };
        let first = start(asked.clone()).await;
        let name = first.task.asked.race.clone().unwrap();
        let again = start(asked).await;
        assert_eq!((again.task.id, again.new), (first.task.id, false), "the same key is the same race");
        let racers = store.read(move |tx| tasks::of_race(tx, &name)).await.unwrap();
        assert_eq!(racers.iter().map(|task| task.asked.agent.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        worked(&store, racers[0].id, "one", 10).await;
        worked(&store, racers[1].id, "two", 20).await;
        assert_eq!(task(&store, racers[0].id).await.state, TaskState::Review, "nobody has lost yet");
        change(&store, racers[2].id, Command::Stop).await;
        let (won, lost) = (task(&store, racers[0].id).await, task(&store, racers[1].id).await);
        assert_eq!(
            (&won.state, &lost.state),
            (&TaskState::Review, &TaskState::Cancelled),
            "alike, the first wins"
        );
        assert_eq!(won.reason.as_deref(), Some("a won the race of 3"));
        let id = won.id;
        let told = store.read(move |tx| store::events::last(tx, id, 100)).await.unwrap();
        assert_eq!(told.iter().filter(|record| matches!(record.event, Event::RaceWon {})).count(), 1);
    });
}

#[test]
fn the_share_of_a_window_is_that_of_the_tokens() {
    on_both(|store| async move {
        let (one, two) =
            (create(&store, asked("one"), at(1)).await, create(&store, asked("two"), at(1)).await);
        for (id, input, n) in [(one, 300, 10), (two, 100, 20)] {
            let run = claim(&store, id, "me", at(n)).await.unwrap();
            let used = Event::UsageRecorded { input, output: 0, cached: 0, cost_usd: 0.0 };
            store
                .write(move |tx| runs::tell(tx, id, run, vec![RunCommand::Tell(used)], None, "engine", at(n)))
                .await
                .unwrap();
        }
        let share = |id: TaskId, now: i64| {
            let store = store.clone();
            async move { store.read(move |tx| accounts::share_of_window(tx, id, at(now))).await.unwrap() }
        };
        assert_eq!(share(one, 30).await, None, "nobody told of a window");
        let window = Window {
            name: "five_hour".into(),
            status: LimitStatus::Allowed,
            utilization: Some(0.4),
            resets_at: Some(at(3_600_000)),
            seen_at: at(25),
            seen_by: None,
            per_run: None,
            alerted: None,
        };
        let account = Account::new("rehearsal", "rehearsal");
        store.write(move |tx| accounts::see(tx, &account, RunId::new(at(25)), window)).await.unwrap();
        let (taken, name) = share(one, 30).await.unwrap();
        assert!((taken - 0.3).abs() < 1e-9 && name == "rehearsal's 5-hour window", "{taken} of {name}");
        assert_eq!(share(one, 3_600_001).await, None, "it renewed");
    });
}

#[test]
fn runs_that_need_a_graphics_processor_are_counted() {
    on_both(|store| async move {
        let mut gpu = asked("train it");
        gpu.nature.gpu = true;
        gpu.nature.complexity = Complexity::Low;
        let (one, two) = (create(&store, gpu, at(1)).await, create(&store, asked("two"), at(1)).await);
        assert_eq!(store.read(runs::load_now).await.unwrap().gpu, 0);
        for id in [one, two] {
            claim(&store, id, "me", at(2)).await.unwrap();
        }
        let load = store.read(runs::load_now).await.unwrap();
        assert_eq!((load.gpu, load.projects["shop"]), (1, 2));
    });
}
