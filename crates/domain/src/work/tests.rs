//! Properties of the life of a task, and the sentences people read when something is refused.

mod judging;
mod landing;
mod steps;

use proptest::prelude::*;

use self::landing::{back, collision, stuck};
use self::steps::{PARTS, says};
use super::*;
use crate::pipeline::Split;
use crate::run::RunState;
use crate::supervise::{Decision, Rung, Tier, breakpoint};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn asked() -> NewTask {
    NewTask::new("shop", "/srv/shop", "fix the auth bug", "rehearsal")
}

/// A log in memory: what the store does, without the disk.
struct Log {
    work: Work,
    records: Vec<Record>,
}

impl Log {
    fn new() -> Self {
        Self::of(asked())
    }

    fn of(asked: NewTask) -> Self {
        let id = TaskId::new(at(1));
        let entry = Work::create(id, asked).unwrap();
        let record = record(id, 1, entry, at(1));
        let work = Work::from_created(&record).unwrap();
        Self { work, records: vec![record] }
    }

    fn run(&mut self, command: Command, now: Timestamp) -> Result<(), Refusal> {
        for entry in self.work.decide(command, now)? {
            let seq = i64::try_from(self.records.len()).unwrap() + 1;
            let record = record(self.work.task.id, seq, entry, now);
            self.work.apply(&record);
            self.records.push(record);
        }
        Ok(())
    }

    fn start(&mut self, now: i64) -> RunId {
        let run = RunId::new(at(now));
        let start = Start {
            run,
            agent: "rehearsal".into(),
            account: "rehearsal".into(),
            model: None,
            isolation: Isolation::Sandbox,
            billing: None,
            receipt: None,
        };
        self.run(Command::Start(start), at(now)).unwrap();
        run
    }
}

fn record(task: TaskId, seq: i64, entry: Entry, at: Timestamp) -> Record {
    let (run, attempt) = entry.run.map_or((None, None), |(run, attempt)| (Some(run), Some(attempt)));
    Record { seq, task, run, attempt, actor: "test".into(), at, event: entry.event }
}

fn end(outcome: Outcome, retryable: bool) -> RunCommand {
    RunCommand::End(End {
        outcome,
        reason: None,
        summary: Some("done".into()),
        retryable,
        until: None,
        placement: None,
        spent: false,
        verdict: None,
        policy: RetryPolicy::default(),
    })
}

fn judged(decision: Decision) -> RunCommand {
    let verdict = Verdict {
        commit: None,
        findings: Vec::new(),
        opinion: None,
        coverage: None,
        raw: 0.5,
        confidence: 0.5,
        factors: Vec::new(),
        precedent: None,
        tier: Tier::New,
        decision,
        reason: "because".into(),
    };
    let RunCommand::End(end) = end(Outcome::Succeeded, false) else { unreachable!("it is one") };
    RunCommand::End(End { verdict: Some(Box::new(verdict)), ..end })
}

fn asking() -> Decision {
    let (text, feedback) = ("What should become of it?".into(), "make it smaller".into());
    Decision::Ask { rules: vec!["scope".into()], text, feedback, minutes: 1 }
}

/// A run that ended and was judged.
fn after(decision: Decision) -> Log {
    let mut log = Log::new();
    let run = log.start(2);
    let session = Event::RunSession { session: "s".into(), model: None };
    let prepared = RunCommand::Prepared { base_branch: None, base_commit: "aaa".into() };
    let collected = RunCommand::Collected { commit: "bbb".into(), diff: DiffStat::default() };
    for report in [prepared, RunCommand::Tell(session), collected, judged(decision)] {
        log.run(Command::OfRun(run, report), at(3)).unwrap();
    }
    log
}

#[test]
fn the_main_job() {
    let mut log = Log::new();
    let run = log.start(2);
    let prepared = RunCommand::Prepared { base_branch: Some("main".into()), base_commit: "aaa".into() };
    log.run(Command::OfRun(run, prepared), at(3)).unwrap();
    log.run(Command::OfRun(run, RunCommand::Advance(Stage::Agent)), at(3)).unwrap();
    let diff = DiffStat { files: 1, insertions: 2, deletions: 0 };
    log.run(Command::OfRun(run, RunCommand::Collected { commit: "bbb".into(), diff }), at(4)).unwrap();
    log.run(Command::OfRun(run, end(Outcome::Succeeded, false)), at(5)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Review);

    log.run(Command::SendBack { comment: "and a test".into() }, at(6)).unwrap();
    let second = log.start(7);
    let live = log.work.run.clone().unwrap();
    assert_eq!((live.attempt, live.workspace, live.feedback.as_deref()), (2, run, Some("and a test")));
    log.run(Command::OfRun(second, end(Outcome::Succeeded, false)), at(8)).unwrap();

    log.run(Command::Approve, at(9)).unwrap();
    log.run(Command::Landed { commit: "ccc".into(), how: "merged".into() }, at(10)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Completed);
    assert_eq!(log.work.task.commit.as_deref(), Some("ccc"));
}

#[test]
fn a_late_report_is_fenced() {
    let mut log = Log::new();
    let first = log.start(2);
    log.run(Command::OfRun(first, end(Outcome::Lost, true)), at(3)).unwrap();
    log.run(Command::Wake, at(4)).unwrap();
    let second = log.start(5);
    let late = log.run(Command::OfRun(first, end(Outcome::Succeeded, false)), at(6));
    assert_eq!(late, Err(Refusal::Fenced { run: first.short() }));
    assert_eq!(log.work.run.as_ref().unwrap().id, second);
    assert!(log.work.run.as_ref().unwrap().is_live());
}

#[test]
fn failures_are_retried_and_then_fail() {
    let mut log = Log::new();
    for n in 1..=3 {
        let run = log.start(n * 10);
        log.run(Command::OfRun(run, end(Outcome::Failed, true)), at(n * 10 + 1)).unwrap();
        if n < 3 {
            assert_eq!(log.work.task.state.waiting().map(|waiting| waiting.on), Some(WaitFor::Retry));
            log.run(Command::Wake, at(n * 10 + 2)).unwrap();
        }
    }
    assert_eq!(log.work.task.state, TaskState::Failed);
}

#[test]
fn a_stop_wins_over_a_success_that_comes_after_it() {
    let mut log = Log::new();
    let run = log.start(2);
    log.run(Command::Stop, at(3)).unwrap();
    log.run(Command::Stop, at(3)).unwrap();
    log.run(Command::OfRun(run, end(Outcome::Succeeded, false)), at(4)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Cancelled);
}

fn ask(text: &str) -> RunCommand {
    RunCommand::Ask { text: text.into(), choices: vec!["blue".into(), "green".into()] }
}

fn answer(words: &str) -> Command {
    Command::Answer { question: None, words: words.into(), false_alarm: false }
}

#[test]
fn a_question_holds_the_task_and_its_answer_goes_to_the_same_session() {
    let mut log = Log::new();
    let run = log.start(2);
    let session = RunCommand::Tell(Event::RunSession { session: "s".into(), model: None });
    let prepared = RunCommand::Prepared { base_branch: None, base_commit: "aaa".into() };
    for report in
        [session, prepared, ask("Which colour?"), ask("Which size?"), end(Outcome::Succeeded, false)]
    {
        log.run(Command::OfRun(run, report), at(3)).unwrap();
    }
    let waiting = log.work.task.state.waiting().unwrap().clone();
    assert_eq!((waiting.on, waiting.until), (WaitFor::Breakpoint, None));
    assert_eq!(waiting.reason, "Which colour? (and 1 more)");
    assert!(log.run(Command::Wake, at(4)).is_err(), "only a person ends this wait");
    log.run(answer("2"), at(5)).unwrap();
    assert_eq!(log.work.task.state.waiting().unwrap().reason, "Which size?");
    log.run(answer("large"), at(6)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Queued);
    assert!(log.run(answer("again"), at(6)).is_err(), "nothing is open any more");
    log.start(7);
    let live = log.work.run.clone().unwrap();
    assert_eq!((live.workspace, live.resume.as_deref()), (run, Some("s")));
    insta::assert_snapshot!(live.feedback.unwrap(), @r"
    You asked: Which colour?
    The answer: green

    You asked: Which size?
    The answer: large
    ");
}

#[test]
fn an_answer_given_while_it_works_is_gone_on_with_at_once() {
    let mut log = Log::new();
    let run = log.start(2);
    log.run(Command::OfRun(run, ask("Which colour?")), at(3)).unwrap();
    log.run(answer("1"), at(4)).unwrap();
    log.run(Command::OfRun(run, end(Outcome::Succeeded, false)), at(5)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Queued);
    assert!(log.work.task.next.feedback.as_ref().unwrap().ends_with("The answer: blue"));
    // What failed is retried with it.
    let mut log = Log::new();
    let run = log.start(2);
    log.run(Command::OfRun(run, ask("Which colour?")), at(3)).unwrap();
    log.run(Command::OfRun(run, end(Outcome::Failed, true)), at(5)).unwrap();
    assert_eq!(log.work.task.state.waiting().unwrap().on, WaitFor::Retry);
    log.run(answer("1"), at(6)).unwrap();
    assert_eq!(log.work.task.state.waiting().unwrap().on, WaitFor::Retry, "its time has not come");
    log.run(Command::Wake, at(7)).unwrap();
    log.start(8);
    assert!(log.work.run.as_ref().unwrap().feedback.as_ref().unwrap().ends_with("The answer: blue"));
}

#[test]
fn delegation_is_bounded_in_number_and_depth() {
    use crate::delegation::{MOST_OF_A_RUN, Parent, delegate};
    let mut log = Log::new();
    log.start(2);
    let (mut task, run) = (log.work.task.clone(), log.work.run.clone().unwrap());
    assert_eq!(delegate(&task, &run, 0).unwrap(), Parent { task: task.id, run: run.id, depth: 1 });
    assert!(delegate(&task, &run, MOST_OF_A_RUN - 1).is_ok());
    assert!(delegate(&task, &run, MOST_OF_A_RUN).is_err());
    task.asked.parent = Some(Parent { task: task.id, run: run.id, depth: 1 });
    assert_eq!(delegate(&task, &run, 0).unwrap().depth, 2);
    task.asked.parent = Some(Parent { task: task.id, run: run.id, depth: 2 });
    assert!(delegate(&task, &run, 0).is_err());
    let ended = Run { state: RunState::Ended(Outcome::Succeeded), ..run };
    assert!(matches!(delegate(&log.work.task, &ended, 0), Err(Refusal::Fenced { .. })));
}

#[test]
fn refusals_say_what_to_do() {
    let mut log = Log::new();
    let refusal = |log: &mut Log, command| log.run(command, at(9)).unwrap_err().to_string();
    insta::assert_snapshot!(refusal(&mut log, Command::Approve),
        @"cannot approve a task that is queued: there is nothing to review");
    log.start(2);
    insta::assert_snapshot!(refusal(&mut log, Command::Discard { reason: None }),
        @"cannot discard a task that is running: stop it first");
    insta::assert_snapshot!(Work::create(TaskId::new(at(1)), NewTask { text: " ".into(), ..asked() }).unwrap_err(),
        @"the task has no text: say in a line what is to be done");
}

#[test]
fn what_is_asked_once_ends_with_its_run() {
    for (outcome, retryable) in [(Outcome::Failed, true), (Outcome::Limited, true), (Outcome::TimedOut, true)]
    {
        let mut log = Log::of(NewTask { once: true, ..asked() });
        let run = log.start(2);
        log.run(Command::OfRun(run, end(outcome, retryable)), at(3)).unwrap();
        assert_eq!(log.work.task.state, TaskState::Failed, "{outcome:?}");
    }
    for (commit, state) in [("aaa", TaskState::Completed), ("bbb", TaskState::Review)] {
        let mut log = Log::of(NewTask { once: true, ..asked() });
        let run = log.start(2);
        let prepared = RunCommand::Prepared { base_branch: None, base_commit: "aaa".into() };
        log.run(Command::OfRun(run, prepared), at(3)).unwrap();
        let collected = RunCommand::Collected { commit: commit.into(), diff: DiffStat::default() };
        log.run(Command::OfRun(run, collected), at(4)).unwrap();
        log.run(Command::OfRun(run, end(Outcome::Succeeded, false)), at(5)).unwrap();
        assert_eq!(log.work.task.state, state);
        log.run(Command::SendBack { comment: "and now?".into() }, at(6)).unwrap();
        assert_eq!(log.work.task.state, TaskState::Queued, "its session can be gone on with");
    }
}

#[test]
fn a_person_takes_over_and_hands_back() {
    let mut log = Log::new();
    let first = log.start(2);
    let prepared = RunCommand::Prepared { base_branch: None, base_commit: "aaa".into() };
    log.run(Command::OfRun(first, prepared), at(3)).unwrap();
    let session = Event::RunSession { session: "s".into(), model: None };
    log.run(Command::OfRun(first, RunCommand::Tell(session)), at(3)).unwrap();
    log.run(Command::TakeOver, at(4)).unwrap();
    assert!(log.work.task.stopping, "what runs is stopped first");
    log.run(Command::OfRun(first, end(Outcome::Stopped, false)), at(5)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Queued);
    let second = log.start(6);
    let run = log.work.run.clone().unwrap();
    assert_eq!((run.hands_on, run.workspace, run.resume.as_deref()), (true, first, Some("s")));
    log.run(Command::TakeOver, at(7)).unwrap();
    assert!(!log.work.task.stopping, "it is the person's already");
    let collected = RunCommand::Collected { commit: "bbb".into(), diff: DiffStat::default() };
    log.run(Command::OfRun(second, collected), at(8)).unwrap();
    log.run(Command::OfRun(second, end(Outcome::Failed, true)), at(9)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Review, "however the program ended");
    log.run(Command::SendBack { comment: "go on".into() }, at(10)).unwrap();
    log.start(11);
    let run = log.work.run.clone().unwrap();
    assert_eq!((run.hands_on, run.resume.as_deref()), (false, Some("s")));
}

#[test]
fn a_stop_wins_over_a_takeover() {
    let mut log = Log::new();
    let run = log.start(2);
    log.run(Command::TakeOver, at(3)).unwrap();
    log.run(Command::Stop, at(4)).unwrap();
    log.run(Command::OfRun(run, end(Outcome::Stopped, false)), at(5)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Cancelled);
}

#[test]
fn what_is_asked_once_does_not_wait_for_an_account_and_asks_nobody() {
    let mut log = Log::of(NewTask { once: true, ..asked() });
    let hold = Command::Hold { until: None, reason: "its account rests".into() };
    log.run(hold, at(2)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Failed);
    assert_eq!(log.work.task.reason.as_deref(), Some("its account rests"));
    let mut log = Log::of(NewTask { once: true, ..asked() });
    let run = log.start(2);
    let ask = RunCommand::Ask { text: "which?".into(), choices: Vec::new() };
    assert!(log.run(Command::OfRun(run, ask), at(3)).is_err());
}

#[test]
fn who_takes_over_settles_what_was_asked() {
    let mut log = Log::new();
    let run = log.start(2);
    let ask = || RunCommand::Ask { text: "which?".into(), choices: Vec::new() };
    log.run(Command::OfRun(run, ask()), at(3)).unwrap();
    log.run(Command::OfRun(run, end(Outcome::Succeeded, false)), at(4)).unwrap();
    assert_eq!(log.work.task.state.waiting().map(|waiting| waiting.on), Some(WaitFor::Breakpoint));
    log.run(Command::TakeOver, at(5)).unwrap();
    assert_eq!((&log.work.task.state, log.work.task.questions.len()), (&TaskState::Queued, 0));
    let mut held = Log::new();
    held.run(Command::TakeOver, at(2)).unwrap();
    held.run(Command::Hold { until: None, reason: "logged out".into() }, at(3)).unwrap();
    assert_eq!((&held.work.task.state, held.work.task.next.hands_on), (&TaskState::Failed, false));
    let run = log.start(6);
    assert!(log.run(Command::OfRun(run, ask()), at(7)).is_err(), "a person is there to be asked");
}

#[test]
fn a_task_waits_for_what_it_comes_after_until_a_person_does_not_want_to() {
    let mut log = Log::new();
    let (first, then) = ("waits for `a`, which is queued", "waits for `a`, which is running");
    log.run(Command::Depend(Some(first.into())), at(2)).unwrap();
    log.run(Command::Depend(Some(then.into())), at(3)).unwrap();
    let known = log.records.len();
    log.run(Command::Depend(Some(then.into())), at(4)).unwrap();
    assert_eq!(log.records.len(), known, "nothing new is no event");
    assert_eq!(log.work.task.state.waiting().unwrap().reason, then);
    log.run(Command::Retry { agent: None }, at(5)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Queued, "a person does not want to wait");
    log.run(Command::Depend(None), at(6)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Queued);
    log.run(Command::Depend(Some(first.into())), at(7)).unwrap();
    log.run(Command::Depend(None), at(8)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Queued, "what it waited for is done");
    log.start(9);
    log.run(Command::Depend(Some(first.into())), at(10)).unwrap();
    assert_eq!(log.work.task.state, TaskState::Running, "what runs is not held back");
    let after = Command::Adjust(Adjust { after: Some(Vec::new()), ..Adjust::default() });
    assert!(log.run(after, at(11)).is_err());
    log.run(Command::Adjust(Adjust { priority: Some(1), ..Adjust::default() }), at(12)).unwrap();
    assert_eq!(log.work.task.asked.priority, 1);
}

fn any_command() -> impl Strategy<Value = (u8, bool)> {
    (0u8..54, any::<bool>())
}

/// Turns a number into a command, for the live run or (`stale`) for one that never was.
fn command(n: u8, stale: bool, work: &Work, now: Timestamp) -> Command {
    let run = work.run.as_ref().filter(|_| !stale).map_or_else(|| RunId::new(now), |run| run.id);
    let of_run = |report| Command::OfRun(run, report);
    match n {
        34 => Command::Depend((!stale).then(|| format!("waits for {}", now.as_millis() % 2))),
        35 => Command::Adjust(Adjust { priority: Some(u8::from(stale) * 9 + 1), ..Adjust::default() }),
        36 => Command::Adjust(Adjust {
            deadline: Some(if stale { Deadline::Never } else { Deadline::At(now) }),
            after: Some(vec![TaskId::new(at(0))]),
            ..Adjust::default()
        }),
        0 | 1 => Command::Start(Start {
            run: RunId::new(now),
            agent: if stale { "b" } else { "a" }.into(),
            account: "a".into(),
            model: None,
            isolation: Isolation::None,
            billing: None,
            receipt: None,
        }),
        2 => of_run(RunCommand::Prepared { base_branch: None, base_commit: "base".into() }),
        3 => of_run(RunCommand::Advance(Stage::Agent)),
        4 => of_run(RunCommand::Tell(Event::UsageRecorded { input: 1, output: 1, cached: 0, cost_usd: 0.5 })),
        5 => of_run(RunCommand::Tell(Event::TaskCompleted { commit: None, how: "forged".into() })),
        6 => of_run(RunCommand::Collected {
            commit: format!("c{}", now.as_millis()),
            diff: DiffStat::default(),
        }),
        7 => of_run(end(Outcome::Succeeded, false)),
        8 => of_run(end(Outcome::Failed, stale)),
        9 => of_run(end(Outcome::Limited, true)),
        10 => of_run(end(Outcome::Lost, true)),
        24 => Command::Hold { until: stale.then_some(at(9)), reason: "its accounts rest".into() },
        11 => Command::Wake,
        12 => Command::Approve,
        13 => Command::Landed { commit: "landed".into(), how: "merged".into() },
        14 => Command::LandingRefused { reason: "conflict".into() },
        15 => Command::SendBack { comment: "more".into() },
        16 => Command::Discard { reason: None },
        17 => Command::Stop,
        18 => Command::Retry { agent: stale.then(|| "other".into()) },
        19 | 20 => {
            of_run(RunCommand::Ask { text: "which?".into(), choices: vec!["this".into(), "that".into()] })
        }
        21 | 22 => answer("2"),
        23 => Command::Answer { question: Some("1.1".into()), words: "neither".into(), false_alarm: stale },
        25 => Command::TakeOver,
        28 => of_run(judged(Decision::Review {})),
        29 => of_run(judged(Decision::Retry { feedback: "mend it".into() })),
        30 => of_run(judged(Decision::Escalate {
            to: Rung { agent: "b".into(), model: stale.then(|| "large".into()) },
            feedback: "mend it".into(),
        })),
        31 => of_run(judged(asking())),
        32 => Command::Answer { question: None, words: breakpoint::APPROVE.into(), false_alarm: !stale },
        33 => Command::Revert { reason: "it broke the build".into() },
        37 => Command::LandingChecks { onto: "tip".into(), commit: "merge".into() },
        38 => Command::LandingReturned(back(stale)),
        39 => of_run(RunCommand::Resolved { onto: "tip".into(), beyond: Vec::new() }),
        40 => of_run(RunCommand::Unresolved { onto: "tip".into(), paths: vec!["a.txt".into()] }),
        41 => of_run(RunCommand::Stuck(stuck())),
        42 => of_run(end(Outcome::Stopped, false)),
        43 => Command::Collide(collision(stale)),
        44 => Command::CollisionOver(TaskId::new(at(7))),
        45 => Command::Yield { to: TaskId::new(at(7)), reason: "it goes first".into() },
        46 => of_run(says(if stale { "a plan" } else { PARTS })),
        47 => answer("1"),
        48 => answer("look into the other file, too"),
        49 => Command::Win { reason: "the best".into() },
        50 => Command::Lose { to: TaskId::new(at(7)), reason: "another won".into() },
        51 => Command::Remark(remarked(stale)),
        52 => Command::Fork { from: TaskId::new(at(7)), commit: "theirs".into(), branch: None },
        _ => Command::Rollback { checkpoint: "before-1".into(), commit: "base".into() },
    }
}

fn check_invariants(work: &Work, before: &Work) {
    let live = work.run.as_ref().is_some_and(Run::is_live);
    assert_eq!(work.task.state == TaskState::Running, live, "running exactly while its run lives");
    assert!(work.task.attempt >= before.task.attempt && work.task.attempt <= before.task.attempt + 1);
    assert_eq!(work.run.as_ref().map_or(0, |run| run.attempt), work.task.attempt, "attempts are dense");
    let ended = matches!(work.task.state, TaskState::Completed | TaskState::Failed | TaskState::Cancelled);
    assert_eq!(work.task.ended_at.is_some(), ended);
    assert!(!work.task.stopping || live, "only live runs are being stopped");
    let open = crate::question::open(&work.task.questions).count();
    assert!(open <= crate::question::MOST_OPEN);
    if work.task.state.waiting().is_some_and(|waiting| waiting.on == WaitFor::Breakpoint) {
        assert!(open > 0, "what waits for an answer has a question");
    }
    if ended || work.task.state == TaskState::Review {
        assert!(work.task.questions.is_empty(), "what is over or reviewed asks nothing");
    }
    assert!(live || open > 0 || work.task.questions.is_empty(), "answers are handed over once all are there");
    if before.task.state == TaskState::Completed && !before.task.asked.once {
        assert_eq!(work.task.state, TaskState::Completed, "completed is final");
    }
    assert!(
        work.task.landing.returns <= crate::landing::MOST_RETURNS,
        "work goes back a bounded number of times"
    );
    let steps = work.task.asked.pipeline.len();
    assert!(work.task.progress.at < steps.max(1), "it is in a step that there is");
    assert_eq!(work.task.progress.done.len(), work.task.progress.at, "each step before left its words");
    let landing = work.task.state.waiting().is_some_and(|waiting| waiting.on == WaitFor::Landing);
    assert!(!work.task.landing.withdrawn || landing, "only what is in the queue can be taken out");
    assert!(!ended || work.task.collisions.is_empty(), "what is over is in nobody's way");
    if work.task.yields_to.is_some() {
        assert_eq!(work.task.state.waiting().map(|waiting| waiting.on), Some(WaitFor::Dependency));
    }
    if let (Some(old), Some(new)) = (&before.run, &work.run)
        && let RunState::Ended(outcome) = old.state
        && old.id == new.id
    {
        assert_eq!(new.state, RunState::Ended(outcome), "a run ends once");
    }
}

proptest! {
    #[test]
    fn no_sequence_of_commands_reaches_an_illegal_state(
        commands in proptest::collection::vec(any_command(), 1..80),
        (once, steps) in (any::<bool>(), any::<bool>()),
    ) {
        let pipeline = if steps && !once { steps::pipeline(Split::Ask) } else { Vec::new() };
        let mut log = Log::of(NewTask { once, pipeline, ..asked() });
        for ((n, stale), ms) in commands.into_iter().zip(10..) {
            let before = log.work.clone();
            let refused = log.run(command(n, stale, &before, at(ms)), at(ms)).is_err();
            prop_assert!(!refused || log.work == before, "a refusal changes nothing");
            check_invariants(&log.work, &before);
        }
        // Replaying the log gives the projection, through text as the store keeps it.
        let mut replayed = Work::from_created(&log.records[0]).unwrap();
        for record in &log.records {
            let event = Event::parse(record.event.kind(), &record.event.payload()).unwrap();
            replayed.apply(&Record { event, ..record.clone() });
        }
        prop_assert_eq!(replayed, log.work);
    }
}

fn remarked(stale: bool) -> Remarking {
    let said = crate::remark::Said {
        commit: "c1".into(),
        file: "a.txt".into(),
        side: crate::remark::Side::New,
        line: 1,
        end: 1,
        text: if stale { String::new() } else { "why?".into() },
        quote: "a".into(),
    };
    Remarking::Write { id: "r1".into(), said }
}

#[test]
fn a_fork_has_the_commit_it_goes_on_from_as_its_base() {
    let mut log = Log::new();
    let fork =
        Command::Fork { from: TaskId::new(at(7)), commit: "theirs".into(), branch: Some("main".into()) };
    log.run(fork.clone(), at(2)).unwrap();
    assert_eq!(log.work.task.base_commit.as_deref(), Some("theirs"));
    assert_eq!(log.work.task.base_branch.as_deref(), Some("main"));
    assert!(log.run(fork, at(3)).is_err(), "only once, and only before it starts");
}
