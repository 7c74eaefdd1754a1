//! Approved work on its way, and what is noticed while tasks work.

use super::*;

/// A task whose approved work is in the merge queue.
fn landing() -> Log {
    let mut log = Log::new();
    let run = log.start(2);
    let prepared = RunCommand::Prepared { base_branch: Some("main".into()), base_commit: "aaa".into() };
    let session = RunCommand::Tell(Event::RunSession { session: "s".into(), model: None });
    let collected = RunCommand::Collected { commit: "bbb".into(), diff: DiffStat::default() };
    for report in [prepared, session, collected, end(Outcome::Succeeded, false)] {
        log.run(Command::OfRun(run, report), at(3)).unwrap();
    }
    log.run(Command::Approve, at(4)).unwrap();
    log
}

#[test]
fn what_cannot_land_goes_back_twice_and_then_to_a_person() {
    let mut log = landing();
    for n in 0..2 {
        log.run(Command::LandingReturned(back(false)), at(5)).unwrap();
        assert_eq!(log.work.task.state, TaskState::Queued);
        let run = log.start(10 + n);
        let live = log.work.run.clone().unwrap();
        assert_eq!(
            (live.resume.as_deref(), live.feedback.as_deref()),
            (Some("s"), Some("Sidekick: mend it"))
        );
        let resolved = RunCommand::Resolved { onto: "tip".into(), beyond: Vec::new() };
        log.run(Command::OfRun(run, resolved), at(20)).unwrap();
        assert_eq!(log.work.task.base_commit.as_deref(), Some("tip"), "compared with where it lands");
        log.run(Command::OfRun(run, end(Outcome::Succeeded, false)), at(20)).unwrap();
        assert_eq!(log.work.task.state, TaskState::Review, "a person looks at what was repaired");
        let approved = log.work.decide(Command::Approve, at(21)).unwrap();
        assert!(matches!(approved[0].event, Event::TaskApproved { again: false, .. }));
        // Back in the queue without a person, as for a project that lets it land.
        let wait = Event::TaskWaiting { on: WaitFor::Landing, until: None, reason: String::new() };
        for event in [Event::TaskApproved { commit: "bbb".into(), again: true }, wait] {
            log.work.apply(&record(log.work.task.id, 99, Entry { run: None, event }, at(22)));
        }
    }
    log.run(Command::LandingReturned(back(false)), at(30)).unwrap();
    insta::assert_snapshot!(log.work.task.reason.clone().unwrap(),
        @"it conflicts; its agent tried 2 times, so a person has to decide");
}

#[test]
fn repaired_work_lands_by_itself_only_where_nothing_else_changed() {
    for (again, beyond, state) in
        [(true, vec![], "waiting"), (true, vec!["b.txt".to_owned()], "review"), (false, vec![], "review")]
    {
        let mut log = landing();
        log.run(Command::LandingReturned(back(again)), at(5)).unwrap();
        let run = log.start(6);
        let resolved = RunCommand::Resolved { onto: "tip".into(), beyond };
        log.run(Command::OfRun(run, resolved), at(7)).unwrap();
        log.run(Command::OfRun(run, end(Outcome::Succeeded, false)), at(8)).unwrap();
        assert_eq!(log.work.task.state.as_str(), state);
    }
}

#[test]
fn supervision_goes_before_a_landing_by_itself() {
    for (decision, state) in [
        (Decision::Approve { by: "all".into() }, "waiting"),
        (Decision::Review {}, "waiting"),
        (Decision::Retry { feedback: "mend it".into() }, "queued"),
        (asking(), "waiting"),
    ] {
        let asks = matches!(decision, Decision::Ask { .. });
        let mut log = landing();
        log.run(Command::LandingReturned(back(true)), at(5)).unwrap();
        let run = log.start(6);
        let resolved = RunCommand::Resolved { onto: "tip".into(), beyond: Vec::new() };
        log.run(Command::OfRun(run, resolved), at(7)).unwrap();
        log.run(Command::OfRun(run, judged(decision)), at(8)).unwrap();
        assert_eq!(log.work.task.state.as_str(), state);
        let on = log.work.task.state.waiting().map(|waiting| waiting.on);
        assert_eq!(on == Some(WaitFor::Breakpoint), asks);
        assert!(log.work.task.supervised.verdict.is_some(), "the verdict is kept either way");
    }
}

#[test]
fn only_the_radar_wakes_who_lets_another_go_first() {
    let mut log = Log::new();
    let first = Command::Yield { to: TaskId::new(at(7)), reason: "it goes first".into() };
    log.run(first, at(2)).unwrap();
    log.run(Command::Depend(None), at(3)).unwrap();
    assert_eq!(log.work.task.state.as_str(), "waiting", "what it comes after is another matter");
    log.run(Command::Wake, at(4)).unwrap();
    assert_eq!((log.work.task.state.as_str(), log.work.task.yields_to), ("queued", None));
}

#[test]
fn who_is_stuck_is_told_once_then_a_person_is_asked_then_it_fails() {
    let mut log = Log::new();
    for n in 1..=5 {
        let run = log.start(n * 10);
        log.run(Command::OfRun(run, RunCommand::Stuck(stuck())), at(n * 10)).unwrap();
        log.run(Command::OfRun(run, end(Outcome::Stopped, false)), at(n * 10)).unwrap();
        match n {
            1 => assert_eq!(log.work.task.state, TaskState::Queued),
            2..=4 => {
                assert_eq!(log.work.task.state.waiting().unwrap().on, WaitFor::Breakpoint);
                log.run(answer("1"), at(n * 10 + 1)).unwrap();
            }
            _ => assert_eq!(log.work.task.state, TaskState::Failed, "for ever is too long"),
        }
        let told = log.work.task.next.feedback.clone().unwrap_or_default();
        assert!(told.starts_with("Sidekick: you were stopped"), "{told}");
    }
    // A person who stops it then means it.
    let mut log = Log::new();
    let run = log.start(2);
    log.run(Command::OfRun(run, RunCommand::Stuck(stuck())), at(3)).unwrap();
    log.run(Command::Stop, at(3)).unwrap();
    log.run(Command::OfRun(run, end(Outcome::Stopped, false)), at(4)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Cancelled);
}

pub(super) fn back(again: bool) -> Return {
    Return { onto: "tip".into(), reason: "it conflicts".into(), comment: "mend it".into(), again }
}

pub(super) fn stuck() -> stuck::Seen {
    stuck::Seen { pattern: stuck::Pattern::Repeated, what: "it did the same thing 6 times".into() }
}

pub(super) fn collision(hot: bool) -> Collision {
    let kind = if hot { crate::collision::Kind::Hot } else { crate::collision::Kind::Soft };
    Collision {
        task: TaskId::new(at(7)),
        title: "other".into(),
        kind,
        files: vec!["a.txt".into()],
        over: false,
    }
}
