//! Events: the immutable entries of the log, from which everything shown is derived.
//!
//! Payloads are a public format: fields are only ever added, with a default. A kind that is not known
//! (an older binary on a newer database) is an error for the reader, never silently skipped.

use serde::{Deserialize, Serialize};

use crate::check::{CheckResult, CheckStatus};
use crate::collision;
use crate::coverage::Reported;
use crate::hindsight::Hindsight;
use crate::ids::{RunId, TaskId};
use crate::nature::{Complexity, Judge, Kind, Said};
use crate::pipeline::Part;
use crate::remark;
use crate::route::Receipt;
use crate::run::{Isolation, Outcome, Stage};
use crate::supervise::Verdict;
use crate::task::{NewTask, WaitFor};
use crate::time::Timestamp;

/// The version of the payloads written today.
pub const PAYLOAD_VERSION: i32 = 1;

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $tag:literal { $($(#[$fdoc:meta])* $field:ident : $ty:ty),* $(,)? })*) => {
        /// What happened.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type", content = "data")]
        #[expect(missing_docs, reason = "fields are named by what they hold; those that need words have them")]
        pub enum Event {
            $($(#[$doc])* #[serde(rename = $tag)] $name { $($(#[$fdoc])* $field: $ty),* },)*
        }

        impl Event {
            /// The dotted name of its kind.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$name { .. } => $tag,)* }
            }

            /// Every kind there is.
            pub const KINDS: &'static [&'static str] = &[$($tag),*];
        }
    };
}

events! {
    /// A task was accepted.
    TaskCreated = "task.created" { #[serde(flatten)] asked: Box<NewTask>, title: String, branch: String }
    /// It may start.
    TaskQueued = "task.queued" { reason: String }
    /// It waits.
    TaskWaiting = "task.waiting" {
        #[serde(rename = "for")] on: WaitFor,
        #[serde(default, skip_serializing_if = "Option::is_none")] until: Option<Timestamp>,
        reason: String,
    }
    /// There is something to look at.
    TaskReview = "task.review" { reason: Option<String> }
    /// A person changed its place in the plan. What it says is what holds from now on, changed or not.
    TaskAdjusted = "task.adjusted" {
        priority: u8,
        #[serde(default, skip_serializing_if = "Option::is_none")] deadline: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] after: Vec<TaskId>,
    }
    /// Supervision judged the latest run; what follows is the next event.
    TaskJudged = "task.judged" { #[serde(flatten)] verdict: Box<Verdict> }
    /// A person took work back that had landed.
    TaskReverted = "task.reverted" { reason: String }
    /// A person, or the policy as the actor says, approved the work; it is to be merged.
    TaskApproved = "task.approved" {
        commit: String,
        /// Not by a person: its agent repaired what one had approved, and the project lets that land.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")] again: bool,
    }
    /// The branch went on since the work was checked: its checks run on the merge.
    LandingChecking = "landing.checking" { onto: String, commit: String }
    /// A check of the merge ended.
    LandingChecked = "landing.checked" { #[serde(flatten)] check: CheckResult }
    /// A person wants it out of the merge queue.
    LandingWithdrawn = "landing.withdrawn" {}
    /// Approved work cannot land as it is and goes back to its agent, to be brought onto `onto`.
    LandingReturned = "landing.returned" {
        onto: String, reason: String, comment: String, #[serde(default)] again: bool,
    }
    /// The live run brought the work onto `onto`, against which it is compared from now on.
    LandingResolved = "landing.resolved" {
        onto: String,
        /// Files that differ from the plain merge though they did not conflict.
        beyond: Vec<String>,
    }
    /// The live run did not; `paths` still have conflict markers.
    LandingUnresolved = "landing.unresolved" { onto: String, paths: Vec<String> }
    /// Another task that is at work changes the same files.
    CollisionSeen = "collision.seen" {
        other: TaskId, title: String, kind: collision::Kind, files: Vec<String>,
    }
    /// It lets another task go first, because both change the same files.
    TaskYielded = "task.yielded" { to: TaskId }
    /// The other task does not collide with it any more.
    CollisionOver = "collision.over" { other: TaskId }
    /// A step of its pipeline is done, and the next one is its next run's.
    StepDone = "step.done" {
        step: String, agent: String, words: String,
        /// What the plan proposes to split the task into.
        #[serde(default, skip_serializing_if = "Vec::is_empty")] parts: Vec<Part>,
    }
    /// A person wants the step before done again.
    StepAgain = "step.again" { comment: String }
    /// Its parts, tasks of their own, do its work from here on.
    TaskSplit = "task.split" { parts: Vec<Part> }
    /// It is the best of its race.
    RaceWon = "race.won" {}
    /// Another of its race is better, or was approved: it is stopped, or cancelled. That is no judgement on its work.
    RaceLost = "race.lost" { to: TaskId, reason: String }
    /// A person sent the work back with a comment.
    TaskSentBack = "task.sent_back" { comment: String }
    /// A person remarked on lines of the work, or of the plan; kept until the work is sent back.
    RemarkWritten = "remark.written" { id: String, #[serde(flatten)] said: remark::Said }
    /// Its words changed.
    RemarkChanged = "remark.changed" { id: String, text: String }
    /// It was taken back.
    RemarkRemoved = "remark.removed" { id: String }
    /// These are part of the comment that follows; `attempt` is the run they are about.
    RemarksSent = "remarks.sent" { ids: Vec<String>, attempt: u32 }
    /// It goes on from the work of another task: its base is that commit.
    TaskForked = "task.forked" { from: TaskId, commit: String, branch: Option<String> }
    /// A person goes on with it in the agent's own interactive UI.
    TaskTakenOver = "task.taken_over" {}
    /// A person wants a fresh attempt.
    TaskRetried = "task.retried" { agent: Option<String> }
    /// A person wants the live run stopped.
    TaskStopRequested = "task.stop_requested" {}
    /// Work and state went back to a checkpoint.
    TaskRolledBack = "task.rolled_back" { checkpoint: String, commit: String }
    /// The work landed, or there was nothing to land.
    TaskCompleted = "task.completed" { commit: Option<String>, how: String }
    /// No retry is left.
    TaskFailed = "task.failed" { reason: String }
    /// A person stopped or discarded it.
    TaskCancelled = "task.cancelled" { reason: String }
    /// It was looked at again when it was over: what it cost, what would have helped, what is proposed to be remembered.
    TaskHindsight = "task.hindsight" { #[serde(flatten)] found: Box<Hindsight> }

    /// What sort of work it is was found out, or said, after it was accepted.
    TaskClassified = "task.classified" {
        kind: Kind,
        complexity: Complexity,
        gpu: bool,
        by: Judge,
        reason: String,
        #[serde(default)] said: Said,
    }

    /// A run was claimed.
    RunStarted = "run.started" {
        agent: String,
        /// `None` in logs from before there were accounts: then the agent's first.
        #[serde(default, skip_serializing_if = "Option::is_none")] account: Option<String>,
        model: Option<String>,
        isolation: Isolation,
        workspace: RunId,
        feedback: Option<String>,
        resume: Option<String>,
        billing: Option<String>,
        #[serde(default)] hands_on: bool,
        /// Why this agent.
        #[serde(default, skip_serializing_if = "Option::is_none")] receipt: Option<Receipt>,
    }
    /// The workspace is ready.
    RunPrepared = "run.prepared" { base_branch: Option<String>, base_commit: String }
    /// The run entered a stage.
    RunStage = "run.stage" { stage: Stage }
    /// The agent named its session.
    RunSession = "run.session" { session: String, model: Option<String> }
    /// The session to be resumed is not known to the agent: the next run starts a new one.
    RunSessionLost = "run.session_lost" { session: String }
    /// Something a person should know; the run goes on.
    RunWarning = "run.warning" { text: String }
    /// The work was brought into the store. `commit` is the base commit when nothing changed.
    DiffCaptured = "diff.captured" { commit: String, files: u32, insertions: u32, deletions: u32 }
    /// A restorable point.
    CheckpointCreated = "checkpoint.created" { name: String, commit: String }
    /// A check of the project ended.
    CheckFinished = "check.finished" {
        name: String, command: String, status: CheckStatus, duration_ms: u64, output: String,
        #[serde(default, skip_serializing_if = "Option::is_none")] coverage: Option<Reported>,
    }
    /// The run seems stuck. `what` is the evidence; the agent is told once.
    RunStuck = "run.stuck" { seen: String, what: String, nudged: bool }
    /// The run has an outcome.
    RunEnded = "run.ended" { outcome: Outcome, reason: Option<String>, summary: Option<String> }

    /// The agent said something.
    AgentText = "agent.text" { text: String }
    /// The agent thought something.
    AgentThinking = "agent.thinking" { text: String }
    /// The agent used a tool.
    ToolStarted = "tool.started" {
        id: String, name: String, /// One line: the command, the file.
        summary: String, input: serde_json::Value,
    }
    /// The tool answered.
    ToolFinished = "tool.finished" { id: String, ok: bool, output: String }
    /// The agent's plan changed.
    PlanUpdated = "plan.updated" { items: Vec<PlanItem> }
    /// The agent reported tokens or cost, on top of what it had reported before.
    UsageRecorded = "usage.recorded" { input: u64, output: u64, cached: u64, cost_usd: f64 }
    /// The agent reported a window of its account.
    LimitSeen = "limit.seen" {
        window: String,
        status: LimitStatus,
        /// 0 to 1.
        utilization: Option<f64>,
        resets_at: Option<Timestamp>,
        text: String,
    }
    /// Little is left of a window of an account.
    AccountLow = "account.low" {
        account: String,
        window: String,
        /// 0 to 1.
        left: f64,
        resets_at: Option<Timestamp>,
        text: String,
    }
    /// The agent retries a call to its model.
    AgentRetry = "agent.retry" { attempt: u32, delay_ms: u64, error: String }
    /// The agent says how far it is, for people who look.
    ProgressReported = "progress.reported" { text: String }
    /// The agent asks a person something; when its run ends, its task waits for the answer.
    QuestionAsked = "question.asked" {
        #[serde(default)] id: String,
        text: String,
        #[serde(default)] choices: Vec<String>,
        /// The rules of the policy that ask; none when the agent does.
        #[serde(default, skip_serializing_if = "Vec::is_empty")] rules: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] evidence: Vec<String>,
        /// What is answered at `until` when nobody did.
        #[serde(default, skip_serializing_if = "Option::is_none")] default: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")] until: Option<Timestamp>,
    }
    /// A person answered. `text` is what was meant: the choice, where a number was given.
    QuestionAnswered = "question.answered" {
        id: String,
        text: String,
        /// Nobody did in time.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")] by_default: bool,
        /// The rules that a person says were wrong to ask.
        #[serde(default, skip_serializing_if = "Vec::is_empty")] false_alarms: Vec<String>,
    }
    /// The agent left a note for later runs in the project.
    MemoryWritten = "memory.written" { name: String, version: u32 }
    /// The agent handed a part of the work on, as a task of its own.
    TaskDelegated = "task.delegated" { child: TaskId, title: String }
    /// The agent reported an error.
    AgentError = "agent.error" { text: String }
    /// A line of a kind the driver does not know, kept as it came, bounded.
    AgentRaw = "agent.raw" { line: String }
    /// Output that is not protocol: standard error, a setup script, a torn line.
    TaskOutput = "task.output" { stream: String, text: String }
}

/// One item of an agent's plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanItem {
    /// What.
    pub text: String,
    /// How far.
    pub status: PlanStatus,
}

/// How far an item of a plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanStatus {
    /// Not begun.
    Pending,
    /// Being worked on.
    InProgress,
    /// Done.
    Completed,
}

/// What an account's window allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitStatus {
    /// Work goes on.
    Allowed,
    /// Work goes on; the end is near.
    Warning,
    /// No more until the reset.
    Rejected,
}

impl Event {
    /// The payload alone, as JSON text.
    pub fn payload(&self) -> String {
        // Adjacent tagging writes `{"type":KIND,"data":PAYLOAD}`; slicing it avoids a second tree.
        let whole = serde_json::to_string(self).unwrap_or_default();
        let start = r#"{"type":"","data":"#.len() + self.kind().len();
        whole.get(start..whole.len().saturating_sub(1)).unwrap_or("{}").to_owned()
    }

    /// The event of a kind and payload as [`kind`](Self::kind) and [`payload`](Self::payload) wrote them.
    pub fn parse(kind: &str, payload: &str) -> Result<Self, serde_json::Error> {
        let kind = serde_json::to_string(kind)?;
        serde_json::from_str(&format!(r#"{{"type":{kind},"data":{payload}}}"#))
    }
}

/// An event with its place in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Global, gapless, in the order of commits.
    pub seq: i64,
    /// The task it belongs to.
    pub task: TaskId,
    /// The run it belongs to, if to one.
    pub run: Option<RunId>,
    /// That run's number.
    pub attempt: Option<u32>,
    /// Who caused it: `person:NAME`, `agent:NAME`, `engine`.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_and_payload_round_trip() {
        let events = [
            Event::TaskStopRequested {},
            Event::TaskWaiting {
                on: WaitFor::Credits,
                until: Some(Timestamp::from_millis(1_795_212_857_000)),
                reason: "the 5-hour window of claude is used up".into(),
            },
            Event::ToolStarted {
                id: "t1".into(),
                name: "Bash".into(),
                summary: "ls".into(),
                input: serde_json::json!({"command": "ls \"data\":{}"}),
            },
        ];
        for event in events {
            assert_eq!(Event::parse(event.kind(), &event.payload()).unwrap(), event);
        }
        let waiting = Event::TaskWaiting { on: WaitFor::Retry, until: None, reason: String::new() };
        assert_eq!(waiting.payload(), r#"{"for":"retry","reason":""}"#);
    }

    #[test]
    fn unknown_kinds_are_errors() {
        assert!(Event::parse("task.vanished", "{}").is_err());
    }

    #[test]
    fn kinds_are_distinct() {
        let mut kinds = Event::KINDS.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), Event::KINDS.len());
    }
}
