//! What was spent, by the hour.

use domain::work::{Command, RunCommand};
use domain::{Event, Outcome};
use store::{spending, tasks};

use crate::harness::{asked, at, claim, create, end, on_both, tell};

#[test]
fn what_is_spent_is_counted_once_in_its_hour() {
    on_both(|store| async move {
        let task = create(&store, asked("first"), at(1)).await;
        let run = claim(&store, task, "me", at(2)).await.unwrap();
        let used =
            |cost_usd| RunCommand::Tell(Event::UsageRecorded { input: 10, output: 20, cached: 5, cost_usd });
        let hour = 3_600_000;
        tell(&store, task, run, used(0.25), at(3)).await.unwrap();
        tell(&store, task, run, used(0.5), at(4)).await.unwrap();
        tell(&store, task, run, used(1.0), at(4 + hour)).await.unwrap();
        tell(&store, task, run, end(Outcome::Stopped), at(5 + hour)).await.unwrap();
        // What is refused is not counted.
        assert!(tell(&store, task, run, used(9.0), at(6 + hour)).await.is_err());
        let retried = store.write(move |tx| {
            tasks::change(tx, task, Command::Retry { agent: None }, "person:test", at(7 + hour))
        });
        retried.await.unwrap();
        claim(&store, task, "me", at(8 + hour)).await.unwrap();

        let spent = store.read(|tx| spending::since(tx, at(0))).await.unwrap();
        let told: Vec<_> = spent.iter().map(|one| (one.runs, one.usage.output, one.usage.cost_usd)).collect();
        assert_eq!(told, [(1, 20, 1.0), (1, 40, 0.75)]);
        assert_eq!((spent[0].project.as_str(), spent[0].kind.as_str()), ("shop", "implementation"));
        let later = store.read(move |tx| spending::since(tx, at(4 + hour))).await.unwrap();
        assert_eq!(later.len(), 1);
    });
}
