//! Tasks in steps.

use super::*;
use crate::ChosenBy;
use crate::nature::Kind;
use crate::pipeline::{self, Does, Step};

/// A plan that splits its task.
pub(super) const PARTS: &str =
    "Two things.\n```split\n[{\"text\": \"the table\"}, {\"text\": \"the page\", \"after\": [1]}]\n```";

/// One plans, another works.
pub(super) fn pipeline(split: Split) -> Vec<Step> {
    let step = |name: &str, by: Option<&str>, does| Step {
        name: name.into(),
        does,
        by: by.and_then(Rung::parse),
        prompt: None,
        ask: false,
    };
    vec![
        step("plan", Some("planner/large"), Does::Plan { split }),
        step("implement", None, Does::Work { review: None }),
    ]
}

/// The end of a run with these words.
pub(super) fn says(words: &str) -> RunCommand {
    let RunCommand::End(end) = end(Outcome::Succeeded, false) else { unreachable!("it is one") };
    RunCommand::End(End { summary: Some(words.into()), ..end })
}

fn begun(pipeline: Vec<Step>) -> (Log, RunId) {
    let mut log = Log::of(NewTask { pipeline, ..asked() });
    let run = log.start(2);
    let prepared = RunCommand::Prepared { base_branch: None, base_commit: "aaa".into() };
    log.run(Command::OfRun(run, prepared), at(3)).unwrap();
    let session = RunCommand::Tell(Event::RunSession { session: "planning".into(), model: None });
    log.run(Command::OfRun(run, session), at(3)).unwrap();
    (log, run)
}

#[test]
fn who_works_begins_afresh_with_what_was_planned() {
    let (mut log, run) = begun(pipeline(Split::Never));
    let asked = log.work.task.asked.clone();
    assert_eq!((asked.agent.as_str(), asked.model.as_deref()), ("planner", Some("large")));
    assert_eq!((asked.nature.kind, asked.agent_by), (Kind::Planning, ChosenBy::Project));
    log.run(Command::OfRun(run, says(PARTS)), at(4)).unwrap();
    let task = &log.work.task;
    assert_eq!(
        (&task.state, task.progress.at),
        (&TaskState::Queued, 1),
        "nothing is split where that is not wanted"
    );
    assert_eq!(task.progress.done[0].words, PARTS);
    assert_eq!((task.next.workspace, &task.next.resume), (None, &None), "the plan's tree is dropped");
    assert_eq!(
        (task.asked.agent.as_str(), task.asked.agent_by),
        ("rehearsal", ChosenBy::Person),
        "as was asked"
    );
    assert_eq!(task.asked.nature.kind, super::asked().nature.kind);
    let run = log.start(6);
    log.run(Command::OfRun(run, says("done")), at(7)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Review, "the last step is looked at as any work");
}

#[test]
fn a_person_is_asked_between_two_steps_and_may_want_one_again() {
    let mut steps = pipeline(Split::Never);
    steps[0].ask = true;
    let (mut log, run) = begun(steps);
    log.run(Command::OfRun(run, says("use a table")), at(4)).unwrap();
    insta::assert_snapshot!(log.work.task.reason.clone().unwrap(), @"`plan` is done. Shall `implement` begin?");
    log.run(answer("no table"), at(5)).unwrap();
    assert_eq!((&log.work.task.state, log.work.task.progress.at), (&TaskState::Queued, 0));
    let told = log.work.task.next.feedback.clone().unwrap();
    assert_eq!(told, "You said:\n\nuse a table\n\nA person answers: no table");
    let run = log.start(6);
    log.run(Command::OfRun(run, says("use a list")), at(7)).unwrap();
    log.run(answer("1"), at(8)).unwrap();
    assert_eq!((&log.work.task.state, log.work.task.progress.at), (&TaskState::Queued, 1));
    assert_eq!(log.work.task.progress.done[0].words, "use a list");
}

#[test]
fn a_split_task_is_completed_with_its_parts() {
    for split in [Split::Ask, Split::Alone] {
        let (mut log, run) = begun(pipeline(split));
        log.run(Command::OfRun(run, says(PARTS)), at(4)).unwrap();
        if split == Split::Ask {
            assert_eq!(log.work.task.state.waiting().unwrap().on, WaitFor::Breakpoint);
            log.run(answer("1"), at(5)).unwrap();
        }
        assert_eq!(log.work.task.state.waiting().unwrap().on, WaitFor::Dependency);
        log.run(Command::Depend(None), at(6)).unwrap();
        assert_eq!(log.work.task.state, TaskState::Completed);
        assert_eq!(log.work.task.reason.as_deref(), Some("its 2 parts are completed"));
    }
    // A part is not split again, and a person may want one task.
    let (mut log, run) = begun(pipeline(Split::Ask));
    log.run(Command::OfRun(run, says(PARTS)), at(4)).unwrap();
    log.run(answer("2"), at(5)).unwrap();
    assert_eq!((&log.work.task.state, log.work.task.progress.at), (&TaskState::Queued, 1));
}

#[test]
fn what_an_agent_asks_goes_before_the_next_step_and_a_retry_is_of_the_step() {
    let (mut log, run) = begun(pipeline(Split::Never));
    log.run(Command::OfRun(run, ask("which?")), at(4)).unwrap();
    log.run(Command::OfRun(run, says("a plan, but which?")), at(5)).unwrap();
    assert_eq!(log.work.task.progress.at, 0, "it goes on when it knows");
    log.run(answer("this"), at(6)).unwrap();
    let run = log.start(7);
    log.run(Command::OfRun(run, says("a plan")), at(8)).unwrap();
    let run = log.start(9);
    log.run(Command::OfRun(run, end(Outcome::Failed, false)), at(10)).unwrap();
    log.run(Command::Retry { agent: Some("b".into()) }, at(11)).unwrap();
    let task = &log.work.task;
    assert_eq!((task.progress.at, task.asked.agent.as_str()), (1, "b"), "the plan is still there");
    assert_eq!(pipeline::current(task).unwrap().name, "implement");
}
