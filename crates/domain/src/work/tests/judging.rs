//! What follows a verdict.

use super::*;

#[test]
fn a_verdict_sends_back_into_the_same_session_or_to_another_agent() {
    let mut log = after(Decision::Retry { feedback: "mend it".into() });
    assert_eq!((&log.work.task.state, log.work.task.supervised.retries), (&TaskState::Queued, 1));
    let first = log.work.run.clone().unwrap().id;
    log.start(4);
    let run = log.work.run.clone().unwrap();
    assert_eq!(
        (run.feedback.as_deref(), run.resume.as_deref(), run.workspace),
        (Some("mend it"), Some("s"), first)
    );

    let to = Rung { agent: "claude".into(), model: Some("opus".into()) };
    let log = after(Decision::Escalate { to, feedback: "mend it".into() });
    let task = &log.work.task;
    assert_eq!(
        (task.asked.agent.as_str(), task.model(), &task.state),
        ("claude", Some("opus"), &TaskState::Queued)
    );
    assert_eq!((task.asked.model.as_deref(), task.next.feedback.as_deref()), (None, Some("mend it")));
}

#[test]
fn what_the_policy_asks_is_done_as_it_is_answered() {
    for (words, state) in [
        ("1", TaskState::Review),
        ("3", TaskState::Queued),
        ("4", TaskState::Cancelled),
        ("use the other table", TaskState::Queued),
    ] {
        let mut log = after(asking());
        log.run(answer(words), at(4)).unwrap();
        assert_eq!(log.work.task.state, state, "{words}");
        assert!(log.work.task.questions.is_empty());
    }
    let mut log = after(asking());
    log.run(answer("3"), at(4)).unwrap();
    assert_eq!(log.work.task.next.feedback.as_deref(), Some("make it smaller"));
    let mut log = after(asking());
    log.run(answer("2"), at(4)).unwrap();
    assert_eq!(log.work.task.state.waiting().map(|waiting| waiting.on), Some(WaitFor::Landing));
    assert!(log.records.iter().any(
        |record| matches!(&record.event, Event::TaskApproved { commit, again: false } if commit == "bbb")
    ));
}

#[test]
fn nobody_answers_and_the_safe_default_does() {
    let mut log = after(asking());
    let waiting = log.work.task.state.waiting().unwrap().clone();
    assert_eq!((waiting.on, waiting.until), (WaitFor::Breakpoint, Some(at(60_003))));
    assert!(log.run(Command::Wake, at(60_002)).is_err(), "its time has not come");
    log.run(Command::Wake, at(60_003)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Review);
    insta::assert_snapshot!(log.work.task.reason.clone().unwrap(),
        @"nobody answered in time, so it was put in review: What should become of it?");
}

#[test]
fn what_the_agent_asked_goes_before_the_verdict() {
    let mut log = Log::new();
    let run = log.start(2);
    log.run(Command::OfRun(run, ask("Which colour?")), at(3)).unwrap();
    log.run(Command::OfRun(run, judged(Decision::Retry { feedback: "mend it".into() })), at(4)).unwrap();
    assert_eq!(log.work.task.state.waiting().unwrap().reason, "Which colour?");
    assert_eq!(log.work.task.supervised.verdict, None);
}

#[test]
fn what_is_too_much_for_one_run_is_planned_in_parts_and_who_called_whom_is_forgotten() {
    let feedback = "Sidekick: too much".to_owned();
    let mut log = after(Decision::Split { how: Split::Ask, feedback: feedback.clone() });
    let task = &log.work.task;
    assert_eq!(task.state, TaskState::Queued);
    let names: Vec<_> = task.asked.pipeline.iter().map(|step| step.name.as_str()).collect();
    assert_eq!((names, task.progress.at), (vec!["split", "implement"], 0));
    assert_eq!((task.next.workspace, task.next.feedback.as_ref()), (None, Some(&feedback)));
    assert!(!crate::pipeline::may_split(task), "once in its life");
    let run = log.start(20);
    log.run(Command::OfRun(run, says(PARTS)), at(21)).unwrap();
    log.run(answer("1"), at(22)).unwrap();
    assert_eq!(log.work.task.state.waiting().unwrap().on, WaitFor::Dependency);
}
