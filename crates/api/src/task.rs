//! Tasks, runs, events and diffs on the wire.

use domain::{Record, Run, Task};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::asking::QuestionView;
use crate::queue::{self, CollisionView, PlaceView};
use crate::step::{self, TaskStepView};
use crate::verdict::VerdictView;

/// A page of something.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Give this as `cursor` for the next page; none on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A task.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TaskView {
    /// Identifier.
    pub id: String,
    /// The short form of it, which commands take too.
    pub short: String,
    /// The project's name.
    pub project: String,
    /// Path or URL of the repository.
    pub repo: String,
    /// What is to be done.
    pub text: String,
    /// Its first line.
    pub title: String,
    /// `queued`, `running`, `waiting`, `review`, `completed`, `failed` or `cancelled`.
    pub state: String,
    /// What it waits for, when it waits.
    pub waiting: Option<WaitingView>,
    /// 1 (most urgent) to 9.
    pub priority: u8,
    /// The agent.
    pub agent: String,
    /// The model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How its runs are contained.
    pub isolation: String,
    /// The branch of the work.
    pub branch: String,
    /// The branch it started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The commit it started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_commit: Option<String>,
    /// The commit to review, or that landed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// How many runs it had.
    pub attempt: u32,
    /// The latest run's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The stage of the live run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Whether a person wants it stopped.
    pub stopping: bool,
    /// Whether a person works in the live run, in the agent's own interactive UI.
    #[serde(default)]
    pub hands_on: bool,
    /// The agent session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The agent's closing words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Why it is in its state, where that needs a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The size of the change.
    pub diff: Option<StatView>,
    /// Results of the project's checks.
    pub checks: Vec<CheckView>,
    /// What a person should know about the latest run.
    pub warnings: Vec<String>,
    /// What its agent asked, until all is answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<QuestionView>,
    /// What supervision made of its latest run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictView>,
    /// The steps it is done in, when it has several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<TaskStepView>,
    /// The race it is in: `GET /api/tasks/{id}/race` shows all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub race: Option<String>,
    /// Where it stands in the merge queue, when it was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<PlaceView>,
    /// Tasks at work that change the same files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collisions: Vec<CollisionView>,
    /// The task whose agent handed it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What sort of work it is: `implementation`, `debugging` …
    #[serde(default)]
    pub kind: String,
    /// `low`, `medium`, `high` or `critical`.
    #[serde(default)]
    pub complexity: String,
    /// Whether it needs a graphics processor.
    #[serde(default)]
    pub gpu: bool,
    /// Who found that out: `rules`, `model` or `person`.
    #[serde(default)]
    pub classified_by: String,
    /// And why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub classified_why: String,
    /// Who chose the agent: `person`, `project`, `configuration` or `router`.
    #[serde(default)]
    pub agent_by: String,
    /// Why the latest run's agent was taken, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// How its project was found, when the text named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// When it is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// The tasks whose work has to have landed before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// Cost of all its runs in US dollars, as the agents reported.
    pub cost_usd: f64,
    /// Tokens of all its runs.
    pub tokens: TokensView,
    /// How the latest run was billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing: Option<String>,
    /// When it was accepted.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// When its first run started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it reached a final state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
}

/// What a task waits for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WaitingView {
    /// `retry`, `credits`, `landing` …
    #[serde(rename = "for")]
    pub on: String,
    /// The moment that ends the wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// One sentence.
    pub reason: String,
}

/// The size of a change.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct StatView {
    /// Files touched.
    pub files: u32,
    /// Lines added.
    pub insertions: u32,
    /// Lines removed.
    pub deletions: u32,
}

/// Tokens.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct TokensView {
    /// Sent.
    pub input: u64,
    /// Written.
    pub output: u64,
    /// Read from the provider's cache.
    pub cached: u64,
}

/// A check's result.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CheckView {
    /// Its name.
    pub name: String,
    /// Its command.
    pub command: String,
    /// `passed`, `failed` or `error`.
    pub status: String,
    /// Milliseconds it took.
    pub duration_ms: u64,
    /// The end of what it printed.
    pub output: String,
}

/// A run.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RunView {
    /// Identifier.
    pub id: String,
    /// Its number in its task.
    pub attempt: u32,
    /// The agent.
    pub agent: String,
    /// Why this one, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// The model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How it is contained.
    pub isolation: String,
    /// The stage, or `ended`.
    pub state: String,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The agent session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The person's comment it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
    /// The commit of its work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// How it was billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing: Option<String>,
    /// Cost in US dollars.
    pub cost_usd: f64,
    /// Tokens.
    pub tokens: TokensView,
    /// When it was claimed.
    pub started_at: String,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
}

/// An entry of the log.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EventView {
    /// Its place in the log.
    pub seq: i64,
    /// The task.
    pub task: String,
    /// The run, if of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// That run's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The dotted kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who caused it.
    pub actor: String,
    /// When.
    pub at: String,
    /// The payload, by kind.
    pub data: serde_json::Value,
}

/// A checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CheckpointView {
    /// Its name.
    pub name: String,
    /// Its commit.
    pub commit: String,
    /// The run it was made in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// When.
    pub at: String,
}

/// A change.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DiffView {
    /// The commit it is against.
    pub base: String,
    /// The commit it leads to.
    pub commit: String,
    /// Its files.
    pub files: Vec<FileDiffView>,
    /// Whether it was cut at the size limit.
    pub truncated: bool,
}

/// A changed file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FileDiffView {
    /// Its path.
    pub path: String,
    /// Its path before, when renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_path: Option<String>,
    /// `added`, `modified`, `deleted` or `renamed`.
    pub status: String,
    /// Lines added.
    pub insertions: u32,
    /// Lines removed.
    pub deletions: u32,
    /// Whether it is not text.
    pub binary: bool,
    /// The unified diff of this file.
    pub patch: String,
}

/// What `sidekick run` and `sidekick show` print with `--json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunResult {
    /// The task's id.
    pub task: String,
    /// The latest run's id.
    pub run: Option<String>,
    /// The task's state.
    pub status: String,
    /// The agent.
    pub agent: String,
    /// The model.
    pub model: Option<String>,
    /// The branch of the work.
    pub branch: String,
    /// The branch it started from.
    pub base: Option<String>,
    /// The commit of the work.
    pub commit: Option<String>,
    /// The agent session.
    pub session: Option<String>,
    /// The agent's closing words.
    pub summary: Option<String>,
    /// The size of the change.
    pub diff: Option<StatView>,
    /// Results of the checks.
    pub checks: Vec<CheckView>,
    /// Cost in US dollars.
    pub cost_usd: f64,
    /// Tokens.
    pub tokens: TokensView,
    /// Why it is in its state.
    pub reason: Option<String>,
    /// What its agent, or the policy, asks a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<QuestionView>,
    /// What supervision made of its latest run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictView>,
    /// How it was contained.
    pub isolation: String,
}

/// The code of an access link.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionCode {
    /// As the link carries it after `#code=`.
    pub code: String,
}

impl TaskView {
    /// A task with what its latest run adds.
    pub fn new(task: &Task, run: Option<&Run>) -> Self {
        let live = run.filter(|run| run.is_live());
        Self {
            id: task.id.to_string(),
            short: task.id.short(),
            project: task.asked.project.clone(),
            repo: task.asked.repo.clone(),
            text: task.asked.text.clone(),
            title: task.title.clone(),
            state: task.state.as_str().into(),
            waiting: task.state.waiting().map(|waiting| WaitingView {
                on: waiting.on.as_str().into(),
                until: waiting.until.map(|at| at.to_string()),
                reason: waiting.reason.clone(),
            }),
            priority: task.asked.priority,
            // Another may have taken over.
            agent: run.map_or(&task.asked.agent, |run| &run.agent).clone(),
            model: run.and_then(|run| run.model.clone()).or_else(|| task.asked.model.clone()),
            isolation: task.asked.isolation.as_str().into(),
            branch: task.branch.clone(),
            base: task.base_branch.clone(),
            base_commit: task.base_commit.clone(),
            commit: task.commit.clone(),
            attempt: task.attempt,
            run: run.map(|run| run.id.to_string()),
            stage: live.map(|run| run.state.as_str().into()),
            stopping: task.stopping,
            hands_on: live.is_some_and(|run| run.hands_on),
            session: task.session.clone(),
            summary: task.summary.clone(),
            reason: task.reason.clone(),
            diff: task.diff.map(|diff| StatView {
                files: diff.files,
                insertions: diff.insertions,
                deletions: diff.deletions,
            }),
            checks: task.checks.iter().map(CheckView::from).collect(),
            warnings: task.warnings.clone(),
            questions: task.questions.iter().map(QuestionView::from).collect(),
            verdict: VerdictView::of(&task.supervised),
            steps: step::steps(task),
            race: task.asked.race.clone(),
            queue: None,
            collisions: queue::current_collisions(&task.collisions),
            parent: task.asked.parent.map(|parent| parent.task.to_string()),
            kind: task.asked.nature.kind.as_str().into(),
            complexity: task.asked.nature.complexity.as_str().into(),
            gpu: task.asked.nature.gpu,
            classified_by: task.asked.classified.by.as_str().into(),
            classified_why: task.asked.classified.reason.clone(),
            agent_by: task.asked.agent_by.as_str().into(),
            receipt: run.and_then(|run| run.receipt.as_ref()).map(|receipt| receipt.sentence.clone()),
            found: task.asked.found.clone(),
            deadline: task.asked.deadline.map(|at| at.to_string()),
            after: task.asked.after.iter().map(ToString::to_string).collect(),
            cost_usd: task.usage.cost_usd,
            tokens: TokensView::from(task.usage),
            billing: run.and_then(|run| run.billing.clone()),
            created_at: task.created_at.to_string(),
            updated_at: task.updated_at.to_string(),
            started_at: task.started_at.map(|at| at.to_string()),
            ended_at: task.ended_at.map(|at| at.to_string()),
        }
    }

    /// The documented result of `sidekick run`.
    pub fn result(&self) -> RunResult {
        RunResult {
            task: self.id.clone(),
            run: self.run.clone(),
            status: self.state.clone(),
            agent: self.agent.clone(),
            model: self.model.clone(),
            branch: self.branch.clone(),
            base: self.base.clone(),
            commit: self.commit.clone(),
            session: self.session.clone(),
            summary: self.summary.clone(),
            diff: self.diff,
            checks: self.checks.clone(),
            cost_usd: self.cost_usd,
            tokens: self.tokens,
            reason: self.reason.clone(),
            questions: self.questions.clone(),
            verdict: self.verdict.clone(),
            isolation: self.isolation.clone(),
        }
    }
}

impl From<domain::Usage> for TokensView {
    fn from(usage: domain::Usage) -> Self {
        Self { input: usage.input, output: usage.output, cached: usage.cached }
    }
}

impl From<&domain::CheckResult> for CheckView {
    fn from(check: &domain::CheckResult) -> Self {
        Self {
            name: check.name.clone(),
            command: check.command.clone(),
            status: check.status.as_str().into(),
            duration_ms: check.duration_ms,
            output: check.output.clone(),
        }
    }
}

impl From<&Run> for RunView {
    fn from(run: &Run) -> Self {
        Self {
            id: run.id.to_string(),
            attempt: run.attempt,
            receipt: run.receipt.as_ref().map(|receipt| receipt.sentence.clone()),
            agent: run.agent.clone(),
            model: run.model.clone(),
            isolation: run.isolation.as_str().into(),
            state: run.state.as_str().into(),
            outcome: run.state.outcome().map(|outcome| outcome.as_str().into()),
            reason: run.reason.clone(),
            session: run.session.clone(),
            feedback: run.feedback.clone(),
            commit: run.commit.clone(),
            billing: run.billing.clone(),
            cost_usd: run.usage.cost_usd,
            tokens: run.usage.into(),
            started_at: run.started_at.to_string(),
            ended_at: run.ended_at.map(|at| at.to_string()),
        }
    }
}

impl From<&Record> for EventView {
    fn from(record: &Record) -> Self {
        Self {
            seq: record.seq,
            task: record.task.to_string(),
            run: record.run.map(|run| run.to_string()),
            attempt: record.attempt,
            kind: record.event.kind().into(),
            actor: record.actor.clone(),
            at: record.at.to_string(),
            data: serde_json::from_str(&record.event.payload()).unwrap_or_default(),
        }
    }
}
