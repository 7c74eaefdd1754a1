//! Folding events into a task and its latest run. Total: every event leaves a legal state.

use super::{Work, noticed, stepping};
use crate::check::CheckResult;
use crate::diff::DiffStat;
use crate::event::{Event, Record};
use crate::landing::{Landing, Merge, Resolved};
use crate::nature::{Classified, Nature};
use crate::pipeline::{self, Progress};
use crate::question::{self, Question};
use crate::run::{Outcome, Run, RunState, Stage};
use crate::stuck;
use crate::supervise::Supervised;
use crate::task::{ChosenBy, NewTask, Next, Task, TaskState, Waiting};
use crate::usage::Usage;

/// What begins the words of ours that an agent goes on with, in place of a person's.
pub const OURS: &str = "Sidekick: ";
/// Warnings kept on a task; later ones are in the log only.
const MOST_WARNINGS: usize = 20;

pub(super) fn created(record: &Record) -> Option<Work> {
    let Event::TaskCreated { asked, title, branch } = &record.event else { return None };
    let mut task = Task {
        id: record.task,
        asked: NewTask::clone(asked),
        title: title.clone(),
        state: TaskState::Queued,
        attempt: 0,
        failures: 0,
        stopping: false,
        branch: branch.clone(),
        base_branch: None,
        base_commit: None,
        commit: None,
        next: Next::default(),
        session: None,
        summary: None,
        reason: None,
        diff: None,
        checks: Vec::new(),
        warnings: Vec::new(),
        questions: Vec::new(),
        supervised: Supervised::default(),
        landing: Landing::default(),
        collisions: Vec::new(),
        stuck: stuck::Standing::default(),
        yields_to: None,
        progress: Progress::default(),
        usage: Usage::default(),
        created_at: record.at,
        updated_at: record.at,
        started_at: None,
        ended_at: None,
    };
    pipeline::enter(&mut task);
    Some(Work { task, run: None })
}

pub(super) fn apply(work: &mut Work, record: &Record) {
    work.task.updated_at = record.at;
    match &record.event {
        Event::TaskCreated { .. } => {}
        Event::RunStarted { .. } => run_started(work, record),
        Event::RunPrepared { .. }
        | Event::RunStage { .. }
        | Event::RunSession { .. }
        | Event::RunSessionLost { .. }
        | Event::DiffCaptured { .. }
        | Event::UsageRecorded { .. }
        | Event::RunEnded { .. } => of_run(work, record),
        Event::RunWarning { text } => {
            if work.task.warnings.len() < MOST_WARNINGS && !work.task.warnings.contains(text) {
                work.task.warnings.push(text.clone());
            }
        }
        Event::QuestionAsked { id, text, choices, rules, evidence, default, until } => {
            work.task.questions.push(Question {
                id: id.clone(),
                text: text.clone(),
                choices: choices.clone(),
                answer: None,
                rules: rules.clone(),
                evidence: evidence.clone(),
                default: default.clone(),
                until: *until,
            });
        }
        Event::QuestionAnswered { id, text, .. } => answered(&mut work.task, id, text),
        Event::TaskJudged { verdict } => super::judging::apply(&mut work.task, verdict),
        Event::StepDone { .. } | Event::StepAgain { .. } | Event::TaskSplit { .. } => {
            stepping::apply(&mut work.task, &record.event);
        }
        Event::RunStuck { seen, what, .. } => work.task.stuck.note(seen, what),
        Event::TaskYielded { to } => work.task.yields_to = Some(*to),
        Event::CollisionSeen { .. } | Event::CollisionOver { .. } => {
            noticed::apply(&mut work.task, &record.event);
        }
        Event::LandingChecking { .. }
        | Event::LandingChecked { .. }
        | Event::LandingWithdrawn { .. }
        | Event::LandingReturned { .. }
        | Event::LandingResolved { .. }
        | Event::LandingUnresolved { .. } => landing(&mut work.task, &record.event),
        Event::CheckFinished { name, command, status, duration_ms, output, coverage } => {
            let check = CheckResult {
                name: name.clone(),
                command: command.clone(),
                status: *status,
                duration_ms: *duration_ms,
                output: output.clone(),
                coverage: coverage.clone(),
            };
            // A check that ran again after a restart of the daemon replaces its first result.
            work.task.checks.retain(|known| known.name != check.name);
            work.task.checks.push(check);
        }
        _ => of_task(&mut work.task, record),
    }
}

/// See [`crate::landing`].
fn landing(task: &mut Task, event: &Event) {
    match event {
        Event::LandingChecking { onto, commit } => {
            task.landing.checking = Some(Merge { onto: onto.clone(), commit: commit.clone() });
            task.landing.checks.clear();
        }
        Event::LandingChecked { check } => {
            task.landing.checks.retain(|known| known.name != check.name);
            task.landing.checks.push(check.clone());
        }
        Event::LandingWithdrawn {} => task.landing.withdrawn = true,
        Event::LandingReturned { onto, comment, again, .. } => {
            task.landing = Landing {
                returns: task.landing.returns + 1,
                onto: Some(onto.clone()),
                again: *again,
                ..Landing::default()
            };
            task.next.feedback = Some(format!("{OURS}{comment}"));
            task.next.resume.clone_from(&task.session);
            task.failures = 0;
        }
        Event::LandingResolved { onto, beyond } => {
            task.base_commit = Some(onto.clone());
            task.landing.onto = None;
            task.landing.unresolved.clear();
            task.landing.resolved = Some(Resolved { onto: onto.clone(), beyond: beyond.clone() });
        }
        Event::LandingUnresolved { paths, .. } => task.landing.unresolved.clone_from(paths),
        _ => {}
    }
}

fn answered(task: &mut Task, id: &str, text: &str) {
    // What the policy asked is no affair of the agent's: what follows from the answer is an event of its own.
    task.questions.retain(|question| question.id != id || !question.is_of_policy());
    for question in task.questions.iter_mut().filter(|question| question.id == id) {
        question.answer = Some(text.to_owned());
    }
    if task.state != TaskState::Running {
        hand_over(task);
    }
}

/// Gives the next run what was answered, once all is. While a run lives its answers are kept until its end.
fn hand_over(task: &mut Task) {
    let Some(answers) = question::answers(&task.questions) else { return };
    task.questions.clear();
    let before = task.next.feedback.take().map(|feedback| format!("{feedback}\n\n")).unwrap_or_default();
    task.next.feedback = Some(before + &answers);
}

fn of_task(task: &mut Task, record: &Record) {
    match &record.event {
        Event::TaskQueued { .. } => {
            task.state = TaskState::Queued;
            task.yields_to = None;
            task.stopping = false;
            task.reason = None;
            task.ended_at = None;
        }
        Event::TaskWaiting { on, until, reason } => {
            task.state = TaskState::Waiting(Waiting { on: *on, until: *until, reason: reason.clone() });
            task.reason = Some(reason.clone());
        }
        Event::TaskReview { reason } => {
            task.state = TaskState::Review;
            task.reason.clone_from(reason);
            task.failures = 0;
            task.next.hands_on = false;
            // Whoever looks at the work decides what is still open.
            task.questions.clear();
            (task.landing.withdrawn, task.landing.checking) = (false, None);
        }
        Event::TaskApproved { again, .. } => {
            let returns = if *again { task.landing.returns } else { 0 };
            task.landing = Landing { returns, ..Landing::default() };
        }
        Event::TaskClassified { kind, complexity, gpu, by, reason, said } => {
            task.asked.nature = Nature { kind: *kind, complexity: *complexity, gpu: *gpu };
            if let Some(own) = &mut task.progress.own {
                own.kind = *kind;
            }
            pipeline::enter(task);
            task.asked.classified = Classified { by: *by, reason: reason.clone(), said: *said };
        }
        Event::TaskAdjusted { priority, deadline, after } => {
            task.asked.priority = *priority;
            task.asked.deadline = *deadline;
            task.asked.after.clone_from(after);
        }
        Event::TaskCompleted { commit, how } => {
            if commit.is_some() {
                task.commit.clone_from(commit);
            }
            finish(task, record, TaskState::Completed, how);
        }
        Event::RaceLost { .. } if task.state == TaskState::Running => {
            (task.stopping, task.next.hands_on) = (true, false);
        }
        Event::TaskFailed { reason } => finish(task, record, TaskState::Failed, reason),
        Event::TaskCancelled { reason } | Event::RaceLost { reason, .. } => {
            finish(task, record, TaskState::Cancelled, reason);
        }
        other => by_person(task, other),
    }
}

/// What only a person does.
fn by_person(task: &mut Task, event: &Event) {
    match event {
        Event::TaskSentBack { comment } => {
            task.next.feedback = Some(comment.clone());
            task.next.resume.clone_from(&task.session);
            task.failures = 0;
            task.questions.clear();
            // What it was to be brought onto it still is.
            (task.landing.returns, task.landing.resolved) = (0, None);
            task.stuck = stuck::Standing::default();
        }
        Event::TaskRetried { agent } => {
            stepping::retried(task);
            pipeline::enter(task);
            if let Some(agent) = agent {
                task.asked.agent.clone_from(agent);
                task.supervised.model = None;
                if pipeline::current(task).is_some() {
                    // The step's model was its agent's.
                    task.asked.model = None;
                }
                task.asked.agent_by = ChosenBy::Person;
            }
            task.next = Next::default();
            task.failures = 0;
            task.questions.clear();
            task.landing = Landing::default();
            task.stuck = stuck::Standing::default();
            (task.commit, task.diff, task.session, task.summary) = (None, None, None, None);
            task.supervised.verdict = None;
            task.checks.clear();
            task.warnings.clear();
        }
        Event::TaskForked { commit, branch, .. } => {
            task.base_branch.clone_from(branch);
            task.base_commit = Some(commit.clone());
        }
        Event::TaskStopRequested {} => {
            task.stopping = true;
            task.next.hands_on = false;
        }
        Event::TaskTakenOver {} => {
            // What runs ends first; the person's run comes after it.
            task.stopping = task.state == TaskState::Running;
            task.next.hands_on = true;
            task.next.resume.clone_from(&task.session);
            task.questions.clear();
            task.yields_to = None;
        }
        Event::TaskRolledBack { checkpoint, commit } => {
            task.state = TaskState::Review;
            task.reason = Some(format!("rolled back to checkpoint {checkpoint}"));
            task.commit = Some(commit.clone());
            task.next = Next { from: Some(commit.clone()), ..Next::default() };
            task.session = None;
            task.diff = None;
            task.supervised.verdict = None;
            task.checks.clear();
            task.landing = Landing::default();
            task.ended_at = None;
        }
        _ => {}
    }
}

fn finish(task: &mut Task, record: &Record, state: TaskState, reason: &str) {
    task.state = state;
    task.stopping = false;
    task.next.hands_on = false;
    task.questions.clear();
    task.collisions.clear();
    task.yields_to = None;
    task.landing.withdrawn = false;
    task.reason = Some(reason.to_owned());
    task.ended_at = Some(record.at);
}

fn run_started(work: &mut Work, record: &Record) {
    let (
        Event::RunStarted {
            agent,
            account,
            model,
            isolation,
            workspace,
            feedback,
            resume,
            billing,
            hands_on,
            receipt,
        },
        Some(id),
    ) = (&record.event, record.run)
    else {
        return;
    };
    let task = &mut work.task;
    task.state = TaskState::Running;
    task.attempt = record.attempt.unwrap_or(task.attempt + 1);
    task.stopping = false;
    task.reason = None;
    task.started_at.get_or_insert(record.at);
    task.next.workspace = Some(*workspace);
    task.next.hands_on = false;
    if task.asked.agent_by == ChosenBy::Router {
        task.asked.agent.clone_from(agent);
    }
    if *hands_on {
        // The agent's last before it was stopped: who would answer sees to it themselves.
        task.questions.clear();
    }
    task.checks.clear();
    task.warnings.clear();
    work.run = Some(Run {
        id,
        task: task.id,
        attempt: task.attempt,
        agent: agent.clone(),
        account: account.clone().unwrap_or_else(|| agent.clone()),
        model: model.clone(),
        isolation: *isolation,
        workspace: *workspace,
        state: RunState::Live(Stage::Preparing),
        feedback: feedback.clone(),
        resume: resume.clone(),
        session: None,
        hands_on: *hands_on,
        billing: billing.clone(),
        receipt: receipt.clone(),
        base_commit: None,
        commit: None,
        diff: None,
        usage: Usage::default(),
        summary: None,
        reason: None,
        started_at: record.at,
        ended_at: None,
    });
}

fn of_run(work: &mut Work, record: &Record) {
    let task = &mut work.task;
    let Some(run) = work.run.as_mut().filter(|run| Some(run.id) == record.run) else { return };
    match &record.event {
        Event::RunPrepared { base_branch, base_commit } => {
            run.base_commit = Some(base_commit.clone());
            // The task's base is that of its first run: later runs go on from their predecessors' work.
            if task.base_commit.is_none() {
                task.base_branch.clone_from(base_branch);
                task.base_commit = Some(base_commit.clone());
            }
        }
        Event::RunStage { stage } => run.state = RunState::Live(*stage),
        Event::RunSession { session, model } => {
            run.session = Some(session.clone());
            task.session = Some(session.clone());
            if model.is_some() {
                run.model.clone_from(model);
            }
        }
        Event::RunSessionLost { .. } => {
            (run.session, run.resume, task.session) = (None, None, None);
        }
        Event::DiffCaptured { commit, files, insertions, deletions } => {
            let diff = DiffStat { files: *files, insertions: *insertions, deletions: *deletions };
            run.commit = Some(commit.clone());
            run.diff = Some(diff);
            task.commit = Some(commit.clone());
            task.diff = Some(diff);
        }
        Event::UsageRecorded { input, output, cached, cost_usd } => {
            let used = Usage { input: *input, output: *output, cached: *cached, cost_usd: *cost_usd };
            run.usage = run.usage.plus(used);
            task.usage = task.usage.plus(used);
        }
        Event::RunEnded { outcome, reason, summary } => {
            run.state = RunState::Ended(*outcome);
            run.reason.clone_from(reason);
            run.summary.clone_from(summary);
            run.ended_at = Some(record.at);
            if summary.is_some() {
                task.summary.clone_from(summary);
            }
            after_run(task, run, *outcome);
        }
        _ => {}
    }
}

/// What the task's next run would start from, now that `run` ended.
fn after_run(task: &mut Task, run: &Run, outcome: Outcome) {
    if matches!(outcome, Outcome::Failed | Outcome::TimedOut | Outcome::Lost) {
        task.failures += 1;
    }
    task.next = Next {
        // A workspace that never got ready is not gone on with.
        workspace: run.base_commit.is_some().then_some(run.workspace),
        from: task.next.from.clone(),
        resume: run.session.clone().or_else(|| run.resume.clone()),
        feedback: run.feedback.clone().filter(|_| outcome != Outcome::Succeeded && !run.hands_on),
        hands_on: task.next.hands_on,
    };
    if let Some(what) = task.stuck.now.take().filter(|_| outcome != Outcome::Succeeded) {
        // Another agent goes on after a failure.
        let words = if outcome == Outcome::Failed { stuck::handover(&what) } else { stuck::nudge(&what) };
        task.next.feedback = Some(format!("{OURS}{words}"));
    }
    hand_over(task);
}
