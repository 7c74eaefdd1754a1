//! Verdicts and what became of them: confidence is measured on it, and trust comes from it.

use domain::supervise::{Decision, Settled, Tier, Verdict, breakpoint, trust};
use domain::work::{Command, End, RunCommand};
use domain::{DiffStat, Outcome, TaskId};
use store::memory::Place;
use store::{Store, tasks, verdicts};

use crate::harness::{asked, at, claim, create, end, on_both, tell};

fn place() -> Place {
    Place { project: "shop".into(), repo: "/srv/shop".into() }
}

fn judged(decision: Decision, raw: f64) -> RunCommand {
    let verdict = Verdict {
        commit: Some("bbb".into()),
        findings: Vec::new(),
        opinion: None,
        coverage: None,
        raw,
        confidence: raw,
        factors: Vec::new(),
        precedent: None,
        tier: Tier::New,
        decision,
        reason: "because".into(),
    };
    let RunCommand::End(ended) = end(Outcome::Succeeded) else { unreachable!("it is one") };
    RunCommand::End(End { verdict: Some(Box::new(verdict)), ..ended })
}

/// A task whose only run was judged so.
async fn work(store: &Store, decision: Decision, raw: f64, ms: i64) -> TaskId {
    let task = create(store, asked("x"), at(ms)).await;
    let run = claim(store, task, "me", at(ms + 1)).await.unwrap();
    let prepared = RunCommand::Prepared { base_branch: Some("main".into()), base_commit: "aaa".into() };
    let collected = RunCommand::Collected { commit: "bbb".into(), diff: DiffStat::default() };
    for report in [prepared, collected, judged(decision, raw)] {
        tell(store, task, run, report, at(ms + 2)).await.unwrap();
    }
    task
}

async fn decide(store: &Store, task: TaskId, command: Command, actor: &'static str, ms: i64) {
    store.write(move |tx| tasks::change(tx, task, command, actor, at(ms))).await.unwrap();
}

async fn record(store: &Store) -> Vec<Settled> {
    store.read(|tx| verdicts::record_of(tx, &place(), "rehearsal")).await.unwrap()
}

#[test]
fn what_people_did_is_noted_with_the_verdict() {
    on_both(|store| async move {
        let review = || Decision::Review {};
        let first = work(&store, review(), 0.9, 10).await;
        decide(&store, first, Command::Approve, "person:test", 20).await;
        let second = work(&store, review(), 0.4, 30).await;
        decide(&store, second, Command::SendBack { comment: "more".into() }, "person:test", 40).await;
        // What came back is another verdict; the policy's own approval is no person's.
        let third = work(&store, Decision::Approve { by: "true".into() }, 0.95, 50).await;
        decide(&store, third, Command::Approve, "policy", 60).await;
        // What was sent back by itself never came before a person.
        work(&store, Decision::Retry { feedback: "mend it".into() }, 0.1, 70).await;
        assert_eq!(record(&store).await, [Settled::ByPolicy, Settled::SentBack, Settled::Approved]);
        let measured = store.read(|tx| verdicts::measured(tx, Some(&place()))).await.unwrap();
        let pairs: Vec<_> = measured.iter().map(verdicts::Measured::learned).collect();
        assert_eq!(pairs, [(0.4, false), (0.9, true)]);
        let other = Place { project: "other".into(), repo: "/srv/other".into() };
        assert!(store.read(move |tx| verdicts::measured(tx, Some(&other))).await.unwrap().is_empty());

        decide(&store, third, Command::Landed { commit: "ccc".into(), how: "merged".into() }, "engine", 80)
            .await;
        decide(&store, third, Command::Revert { reason: "it broke".into() }, "person:test", 90).await;
        assert_eq!(record(&store).await.first(), Some(&Settled::Reverted));
        assert_eq!(trust::tier(record(&store).await), Tier::New);
    });
}

#[test]
fn a_verdict_comes_back_as_it_was_and_false_alarms_are_counted() {
    on_both(|store| async move {
        let ask = Decision::Ask {
            rules: vec!["scope".into()],
            text: "What should become of it?".into(),
            feedback: "make it smaller".into(),
            minutes: 5,
        };
        for n in 1..=2 {
            let task = work(&store, ask.clone(), 0.3, n * 100).await;
            let known = store.read(move |tx| tasks::load(tx, task)).await.unwrap().unwrap().task;
            assert_eq!(known.supervised.verdict.unwrap().decision, ask);
            assert_eq!(known.questions[0].until, Some(at(n * 100 + 2 + 300_000)));
            let answer =
                Command::Answer { question: None, words: breakpoint::LOOK.into(), false_alarm: true };
            decide(&store, task, answer, "person:test", n * 100 + 10).await;
        }
        let alarms = store.read(|tx| verdicts::alarms(tx, &place())).await.unwrap();
        assert_eq!(alarms.0.get("scope"), Some(&2));
        assert!(record(&store).await.is_empty(), "it is in review, and nobody has decided yet");
    });
}
