//! The life of a task: one place that says what may happen next.
//!
//! [`Work`] is a task with its latest run. [`Work::decide`] turns a command into the events it causes, or
//! refuses it with a sentence; [`Work::apply`] folds an event into the state. Both are total. The store
//! writes what `decide` returned and the state that `apply` made of it in one transaction, so replaying
//! the log gives the projection by construction (and by the property tests in `work/tests.rs`).

mod apply;
mod asking;
mod deciding;
mod judging;
mod landing;
mod noticed;
mod planning;
mod racing;
mod remarking;
mod stepping;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::check::CheckResult;
use crate::collision::Collision;
use crate::diff::DiffStat;
use crate::event::{Event, Record};
use crate::hindsight::Hindsight;
use crate::ids::{RunId, TaskId};
use crate::nature::{Judge, Nature};
use crate::placement::Placement;
use crate::retry::RetryPolicy;
use crate::route::Receipt;
use crate::run::{Isolation, Outcome, Run, Stage};
use crate::stuck;
use crate::supervise::Verdict;
use crate::task::{self, NewTask, Task, TaskState, WaitFor};
use crate::time::Timestamp;

use landing::approved;

pub use apply::OURS;
pub use landing::Return;
pub use planning::{Adjust, Deadline};
pub use remarking::Remarking;

/// How long a task waits when an account's limit was hit and nobody said until when.
pub const UNKNOWN_LIMIT: Duration = Duration::from_mins(15);

/// Why a task that a person takes over is queued.
const TAKEN_OVER: &str = "taken over by a person";

/// How a task that is asked once ends when there is nothing to review.
const UNCHANGED: &str = "done; nothing was changed";

/// A task and its latest run.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// The task.
    pub task: Task,
    /// Its latest run, if it had one.
    pub run: Option<Run>,
}

/// What a person or the engine wants to happen to a task.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Claim it for a new run.
    Start(Start),
    /// Something the live run reports. Refused unless that run is the live one: this is the fence.
    OfRun(RunId, RunCommand),
    /// The wait is over.
    Wake,
    /// No account may take it now: it waits instead of standing in the queue.
    Hold {
        /// Until then at the longest; `None` when only a person ends it.
        until: Option<Timestamp>,
        /// Why, for people.
        reason: String,
    },
    /// What sort of work it is was found out.
    Classify {
        /// The answer.
        found: Nature,
        /// Whose it is.
        by: Judge,
        /// Why, for people.
        reason: String,
    },
    /// Merge the reviewed work.
    Approve,
    /// The merge happened.
    Landed {
        /// The commit the target branch is at now.
        commit: String,
        /// One sentence for people.
        how: String,
    },
    /// The merge cannot happen as things are.
    LandingRefused {
        /// One sentence for people.
        reason: String,
    },
    /// The checks run on the merge of the work with a tip.
    LandingChecks {
        /// The tip.
        onto: String,
        /// The merge commit.
        commit: String,
    },
    /// A check of that merge ended.
    LandingChecked(CheckResult),
    /// The work cannot land as it is: back to its agent, or to a person when that was done often enough.
    LandingReturned(Return),
    /// Another task at work changes the same files.
    Collide(Collision),
    /// That is over.
    CollisionOver(TaskId),
    /// Let another task land first, because both change the same files.
    Yield {
        /// Which.
        to: TaskId,
        /// Why, for people.
        reason: String,
    },
    /// Answer what the agent asked.
    Answer {
        /// Which question; the oldest open one when not said.
        question: Option<String>,
        /// The person's words, or the number of a choice.
        words: String,
        /// The rules of the policy were wrong to ask.
        false_alarm: bool,
    },
    /// It is the best of its race.
    Win {
        /// Why, for people.
        reason: String,
    },
    /// Another of its race is.
    Lose {
        /// Which.
        to: TaskId,
        /// Why, for people.
        reason: String,
    },
    /// Go on in the same session and workspace, with this comment.
    SendBack {
        /// What the person said.
        comment: String,
    },
    /// Keep, change, remove or send remarks on its work.
    Remark(Remarking),
    /// Take the work of another task as its base, before it first starts.
    Fork {
        /// The other task.
        from: TaskId,
        /// A commit of its work.
        commit: String,
        /// The branch that one started from, which this one's work lands in.
        branch: Option<String>,
    },
    /// Go on by hand, in the agent's own interactive UI; what runs is stopped first.
    TakeOver,
    /// Drop it.
    Discard {
        /// What the person said, if anything.
        reason: Option<String>,
    },
    /// Stop what runs, or what would.
    Stop,
    /// Try afresh; or, when it waits, now.
    Retry {
        /// Another agent, if wanted.
        agent: Option<String>,
    },
    /// What had landed was taken back: the agent that made it is trusted less.
    Revert {
        /// What the person said.
        reason: String,
    },
    /// Change its place in the plan.
    Adjust(Adjust),
    /// What it comes after was looked at: the reason why it waits for that, or none to wait.
    Depend(Option<String>),
    /// Note what was found in hindsight.
    LookBack(Box<Hindsight>),
    /// Make a checkpoint the state to review and to go on from.
    Rollback {
        /// Its name.
        checkpoint: String,
        /// Its commit.
        commit: String,
    },
}

/// A claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The new run's id.
    pub run: RunId,
    /// The agent that does it.
    pub agent: String,
    /// The model asked for.
    pub model: Option<String>,
    /// The account it uses.
    pub account: String,
    /// How it is contained.
    pub isolation: Isolation,
    /// How it is billed.
    pub billing: Option<String>,
    /// Why this agent.
    pub receipt: Option<Receipt>,
}

/// What a live run reports.
#[derive(Clone, Debug, PartialEq)]
pub enum RunCommand {
    /// The workspace is ready.
    Prepared {
        /// The branch it starts from, if from one.
        base_branch: Option<String>,
        /// The commit it starts from.
        base_commit: String,
    },
    /// It entered a stage.
    Advance(Stage),
    /// It said something: any event of the agent's stream, a warning, a checkpoint.
    Tell(Event),
    /// Its agent asks a person.
    Ask {
        /// What.
        text: String,
        /// Answers to choose from.
        choices: Vec<String>,
    },
    /// Its work is in the store.
    Collected {
        /// The commit.
        commit: String,
        /// The change against the task's base.
        diff: DiffStat,
    },
    /// A check ended.
    Checked(CheckResult),
    /// It brought the work onto the tip it was to; see [`Event::LandingResolved`].
    Resolved {
        /// The tip.
        onto: String,
        /// Files it changed besides the conflict.
        beyond: Vec<String>,
    },
    /// It did not.
    Unresolved {
        /// The tip.
        onto: String,
        /// Files with conflict markers.
        paths: Vec<String>,
    },
    /// It seems stuck.
    Stuck(stuck::Seen),
    /// It is over.
    End(End),
}

/// How a run ended, and what may follow.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// How.
    pub outcome: Outcome,
    /// Why, in one sentence.
    pub reason: Option<String>,
    /// The agent's closing words.
    pub summary: Option<String>,
    /// Whether another run may help.
    pub retryable: bool,
    /// When the account's limit renews, if the agent told.
    pub until: Option<Timestamp>,
    /// It was not the account's limit but the budget's: until then, or until a person wants it to go on.
    pub spent: bool,
    /// Where the task goes on after [`Outcome::Limited`].
    pub placement: Option<Placement>,
    /// What supervision made of it; nothing when it was not judged.
    pub verdict: Option<Box<Verdict>>,
    /// How often and how soon failures are retried.
    pub policy: RetryPolicy,
}

/// Why a command was refused. The message is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The run is not the task's live run any more: its result does not count.
    #[error("run {run} is no longer the live run of this task, so its report was not taken")]
    Fenced {
        /// The run that reported.
        run: String,
    },
    /// Not possible in this state.
    #[error("cannot {action} a task that is {state}{hint}")]
    NotNow {
        /// What was asked.
        action: &'static str,
        /// The state it is in.
        state: &'static str,
        /// What to do instead; starts with its own punctuation.
        hint: &'static str,
    },
    /// The command lacks something.
    #[error("{0}")]
    Invalid(&'static str),
    /// There is other work by now than a person has looked at.
    #[error("the work has changed since it was looked at: look again, then decide")]
    Changed,
    /// A task would wait for itself.
    #[error("that would be a circle, in which nothing could start: {0}")]
    Circle(String),
}

/// An event with the run it belongs to, before it has a place in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The run and its number, for events of a run.
    pub run: Option<(RunId, u32)>,
    /// What happens.
    pub event: Event,
}

impl Work {
    /// The event that accepts a task.
    pub fn create(id: TaskId, asked: NewTask) -> Result<Entry, Refusal> {
        if asked.text.trim().is_empty() {
            return Err(Refusal::Invalid("the task has no text: say in a line what is to be done"));
        }
        if !(1..=9).contains(&asked.priority) {
            return Err(Refusal::Invalid("the priority must be from 1 (most urgent) to 9"));
        }
        let title = task::title_of(&asked.text);
        let branch = task::branch_of(id);
        Ok(Entry { run: None, event: Event::TaskCreated { asked: Box::new(asked), title, branch } })
    }

    /// The events that `command` causes now.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Entry>, Refusal> {
        match command {
            Command::Start(start) => self.start(start),
            Command::OfRun(run, report) => self.report(run, report, now),
            Command::Wake => self.wake(now),
            Command::Hold { until, reason } => self.hold(until, reason),
            Command::Classify { found, by, reason } => self.classify(found, by, reason),
            Command::Approve => self.approve(),
            Command::Landed { commit, how } => {
                self.expect_landing("land")?;
                Ok(task_events([Event::TaskCompleted { commit: Some(commit), how }]))
            }
            Command::LandingRefused { reason } => {
                self.expect_landing("return")?;
                Ok(task_events([Event::TaskReview { reason: Some(reason) }]))
            }
            Command::LandingChecks { onto, commit } => self.landing_checks(onto, commit),
            Command::LandingChecked(check) => self.landing_checked(check),
            Command::LandingReturned(back) => self.return_work(back),
            Command::Collide(collision) => Ok(self.collide(collision)),
            Command::CollisionOver(other) => Ok(self.collision_over(other)),
            Command::Yield { to, reason } => self.yield_to(to, reason),
            Command::Answer { question, words, false_alarm } => {
                self.answer(question.as_deref(), &words, false_alarm)
            }
            Command::Revert { reason } => self.revert(reason),
            Command::Win { reason } => Ok(self.win(reason)),
            Command::Lose { to, reason } => Ok(self.lose(to, reason)),
            Command::SendBack { comment } => self.send_back(comment),
            Command::Remark(remarking) => self.remark(remarking),
            Command::Fork { from, commit, branch } => self.fork(from, commit, branch),
            Command::TakeOver => self.take_over(),
            Command::Discard { reason } => self.discard(reason),
            Command::Stop => self.stop(),
            Command::Retry { agent } => self.retry(agent),
            Command::Adjust(change) => self.adjust(change),
            Command::Depend(reason) => Ok(self.depend(reason)),
            Command::LookBack(found) => self.look_back(found),
            Command::Rollback { checkpoint, commit } => self.roll_back(checkpoint, commit),
        }
    }

    /// Folds an event into the state. Events of other tasks are not looked at.
    pub fn apply(&mut self, record: &Record) {
        apply::apply(self, record);
    }

    /// The state right after [`Event::TaskCreated`]; `None` for any other event.
    pub fn from_created(record: &Record) -> Option<Self> {
        apply::created(record)
    }

    fn start(&self, start: Start) -> Result<Vec<Entry>, Refusal> {
        if self.task.state != TaskState::Queued {
            return Err(self.not_now("start", ""));
        }
        let next = &self.task.next;
        // A session is its agent's: another one starts anew, from the workspace and CONTINUATION.md.
        let resume =
            next.resume.clone().filter(|_| self.run.as_ref().is_none_or(|last| last.agent == start.agent));
        let event = Event::RunStarted {
            agent: start.agent,
            account: Some(start.account),
            model: start.model,
            isolation: start.isolation,
            workspace: next.workspace.unwrap_or(start.run),
            feedback: next.feedback.clone(),
            resume,
            billing: start.billing,
            hands_on: next.hands_on,
            receipt: start.receipt,
        };
        Ok(vec![Entry { run: Some((start.run, self.task.attempt + 1)), event }])
    }

    fn report(&self, id: RunId, report: RunCommand, now: Timestamp) -> Result<Vec<Entry>, Refusal> {
        let live = self.run.as_ref().filter(|run| run.id == id && run.is_live());
        let (Some(run), TaskState::Running) = (live, &self.task.state) else {
            return Err(Refusal::Fenced { run: id.short() });
        };
        let events = match report {
            RunCommand::Prepared { base_branch, base_commit } => {
                vec![Event::RunPrepared { base_branch, base_commit }]
            }
            RunCommand::Advance(stage) => vec![Event::RunStage { stage }],
            RunCommand::Tell(event) if event.is_streamed() => vec![event],
            RunCommand::Tell(_) => {
                return Err(Refusal::Invalid("a run may only tell what it saw, not change its task"));
            }
            RunCommand::Ask { text, choices } => vec![self.ask(run, text, choices)?],
            RunCommand::Collected { commit, diff } => vec![Event::DiffCaptured {
                commit,
                files: diff.files,
                insertions: diff.insertions,
                deletions: diff.deletions,
            }],
            RunCommand::Checked(check) => vec![Event::CheckFinished {
                name: check.name,
                command: check.command,
                status: check.status,
                duration_ms: check.duration_ms,
                output: check.output,
                coverage: check.coverage,
            }],
            RunCommand::Resolved { onto, beyond } => vec![Event::LandingResolved { onto, beyond }],
            RunCommand::Unresolved { onto, paths } => vec![Event::LandingUnresolved { onto, paths }],
            RunCommand::Stuck(seen) => vec![self.stuck(seen)],
            RunCommand::End(end) => return Ok(self.end(run, end, now)),
        };
        Ok(events.into_iter().map(|event| Entry { run: Some((run.id, run.attempt)), event }).collect())
    }

    fn end(&self, run: &Run, end: End, now: Timestamp) -> Vec<Entry> {
        let reason = end.reason.clone().unwrap_or_else(|| format!("the run {}", end.outcome.as_str()));
        let ended =
            |end: End| Event::RunEnded { outcome: end.outcome, reason: end.reason, summary: end.summary };
        let of_run = |event| Entry { run: Some((run.id, run.attempt)), event };
        if let Some(after) = self.after_stuck(run, &end).or_else(|| self.repaired(run, &end)) {
            return std::iter::once(ended(end)).chain(after).map(of_run).collect();
        }
        let after = if self.task.next.hands_on {
            // Stopped for the person who takes over, or ended just before.
            Event::TaskQueued { reason: TAKEN_OVER.into() }
        } else if self.task.stopping || (end.outcome == Outcome::Stopped && !run.hands_on) {
            Event::TaskCancelled { reason: "stopped by a person".into() }
        } else {
            match end.outcome {
                _ if run.hands_on => self.handed_back(end.reason.clone(), reason),
                Outcome::Succeeded if self.task.asked.once && run.commit == self.task.base_commit => {
                    Event::TaskCompleted { commit: None, how: UNCHANGED.into() }
                }
                Outcome::Succeeded => {
                    return self.after_judgement(run, end, now);
                }
                _ if self.task.asked.once => Event::TaskFailed { reason },
                Outcome::Limited => after_limit(&end, reason, now),
                _ => match end.policy.next(self.task.failures + 1, now).filter(|_| end.retryable) {
                    Some(until) => Event::TaskWaiting { on: WaitFor::Retry, until: Some(until), reason },
                    None => Event::TaskFailed { reason },
                },
            }
        };
        vec![of_run(ended(end)), of_run(after)]
    }

    /// Whatever the program's end was, a person has ended it, and there may be work to look at.
    fn handed_back(&self, told: Option<String>, reason: String) -> Event {
        match self.task.commit {
            Some(_) => Event::TaskReview { reason: told },
            None => Event::TaskFailed { reason },
        }
    }

    fn wake(&self, now: Timestamp) -> Result<Vec<Entry>, Refusal> {
        match self.task.state.waiting() {
            Some(waiting) if waiting.on == WaitFor::Breakpoint => self.answer_overdue(now),
            Some(waiting) if waiting.on != WaitFor::Landing => Ok(task_events([Event::TaskQueued {
                reason: format!("the wait is over: {}", waiting.reason),
            }])),
            _ => Err(self.not_now("wake", "")),
        }
    }

    fn hold(&self, until: Option<Timestamp>, reason: String) -> Result<Vec<Entry>, Refusal> {
        if self.task.state != TaskState::Queued {
            return Err(self.not_now("hold", ""));
        }
        // A script does not wait, nor does a person at a terminal.
        let event = if self.task.next.hands_on {
            self.handed_back(Some(reason.clone()), reason)
        } else if self.task.asked.once {
            Event::TaskFailed { reason }
        } else {
            Event::TaskWaiting { on: WaitFor::Credits, until, reason }
        };
        Ok(task_events([event]))
    }

    /// Only while nothing has been done by it: afterwards the agent was chosen and the work is what it is.
    fn classify(&self, found: Nature, by: Judge, reason: String) -> Result<Vec<Entry>, Refusal> {
        let waits = self.task.state == TaskState::Queued || self.task.state.waiting().is_some();
        if !waits || self.task.attempt > 0 {
            return Err(self.not_now("classify", ": it was begun"));
        }
        let asked = &self.task.asked;
        let said = asked.classified.said;
        let Nature { kind, complexity, gpu } = asked.nature.but_for_what_was_said(found, said);
        if (Nature { kind, complexity, gpu }) == asked.nature {
            return Ok(Vec::new());
        }
        Ok(task_events([Event::TaskClassified { kind, complexity, gpu, by, reason, said }]))
    }

    fn not_now(&self, action: &'static str, hint: &'static str) -> Refusal {
        Refusal::NotNow { action, state: self.task.state.as_str(), hint }
    }
}

/// The task after a limit: nothing is wrong with it, so it goes on elsewhere at once, or waits.
fn after_limit(end: &End, reason: String, now: Timestamp) -> Event {
    if end.spent {
        return Event::TaskWaiting { on: WaitFor::Budget, until: end.until, reason };
    }
    match &end.placement {
        Some(Placement::On(offer)) => {
            Event::TaskQueued { reason: format!("{reason}; it goes on with {}", offer.account.name) }
        }
        Some(Placement::Soon) => Event::TaskQueued { reason },
        Some(Placement::Wait { until, reason }) => {
            Event::TaskWaiting { on: WaitFor::Credits, until: *until, reason: reason.clone() }
        }
        None => {
            let until = end.until.filter(|at| *at > now).unwrap_or_else(|| now.plus(UNKNOWN_LIMIT));
            Event::TaskWaiting { on: WaitFor::Credits, until: Some(until), reason }
        }
    }
}

/// Entries of the task itself, not of a run.
fn task_events(events: impl IntoIterator<Item = Event>) -> Vec<Entry> {
    events.into_iter().map(|event| Entry { run: None, event }).collect()
}

impl Event {
    /// Whether a run may tell it as it is: what its agent said and did, and notes about it. The other
    /// kinds change state and come only from decisions.
    pub fn is_streamed(&self) -> bool {
        matches!(
            self,
            Self::AgentText { .. }
                | Self::AgentThinking { .. }
                | Self::ToolStarted { .. }
                | Self::ToolFinished { .. }
                | Self::PlanUpdated { .. }
                | Self::UsageRecorded { .. }
                | Self::LimitSeen { .. }
                | Self::AccountLow { .. }
                | Self::ProgressReported { .. }
                | Self::MemoryWritten { .. }
                | Self::TaskDelegated { .. }
                | Self::AgentRetry { .. }
                | Self::AgentError { .. }
                | Self::AgentRaw { .. }
                | Self::TaskOutput { .. }
                | Self::RunSession { .. }
                | Self::RunSessionLost { .. }
                | Self::RunWarning { .. }
                | Self::CheckpointCreated { .. }
        )
    }
}
