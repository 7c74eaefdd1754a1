//! Tasks: one thing to be done in a project.
//!
//! The states and who moves between them (`docs/states.md` draws them; the store's CHECKs say the same):
//!
//! ```text
//! queued ─► running ─► review ─► waiting(landing) ─► completed
//!   ▲          │  │       │
//!   │          │  └───────┴────► failed, cancelled
//!   └─ waiting(dependency, retry, credits, breakpoint)
//! ```

use serde::{Deserialize, Serialize};

use crate::check::CheckResult;
use crate::collision::Collision;
use crate::delegation::Parent;
use crate::diff::DiffStat;
use crate::ids::{RunId, TaskId};
use crate::landing::Landing;
use crate::nature::{Classified, Nature};
use crate::project::DEFAULT_PRIORITY;
use crate::question::Question;
use crate::run::Isolation;
use crate::stuck;
use crate::supervise::Supervised;
use crate::time::Timestamp;
use crate::usage::Usage;

/// What a waiting task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitFor {
    /// Other tasks.
    Dependency,
    /// The account's limit to renew.
    Credits,
    /// A person's answer.
    Breakpoint,
    /// A host to be free or reachable.
    Host,
    /// Money to be granted.
    Budget,
    /// The back-off after a failed run.
    Retry,
    /// The approved work to be merged.
    Landing,
}

impl WaitFor {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Dependency,
        Self::Credits,
        Self::Breakpoint,
        Self::Host,
        Self::Budget,
        Self::Retry,
        Self::Landing,
    ];

    /// The word for people and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dependency => "dependency",
            Self::Credits => "credits",
            Self::Breakpoint => "breakpoint",
            Self::Host => "host",
            Self::Budget => "budget",
            Self::Retry => "retry",
            Self::Landing => "landing",
        }
    }

    /// The reverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wait| wait.as_str() == text)
    }
}

/// Why a task waits, and what ends the wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// For what.
    pub on: WaitFor,
    /// The moment that ends the wait; `None` when only an event does.
    pub until: Option<Timestamp>,
    /// One sentence for people.
    pub reason: String,
}

/// Where a task is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// Ready; the dispatcher starts it when there is room. Entered at creation, when a wait is over, when
    /// a person sends it back or retries it.
    Queued,
    /// Its latest run is live. Entered only by a claim; left when that run ends, whatever ended it. A
    /// crash leaves it here, and the daemon that comes back adopts the run or closes it.
    Running,
    /// Something outside has to happen first. Left by that event or at `until`.
    Waiting(Waiting),
    /// There is work for a person to look at. Left only by a person.
    Review,
    /// The work is where it was asked to go. Final.
    Completed,
    /// It did not work and no retry is left. A person may send it back or retry it.
    Failed,
    /// A person stopped or discarded it. A person may retry it.
    Cancelled,
}

impl TaskState {
    /// The names of all states, in the order of a task's life.
    pub const NAMES: [&'static str; 7] =
        ["queued", "running", "waiting", "review", "completed", "failed", "cancelled"];

    /// The word for people and the database.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting(_) => "waiting",
            Self::Review => "review",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// What it waits for, if it waits.
    pub fn waiting(&self) -> Option<&Waiting> {
        match self {
            Self::Waiting(waiting) => Some(waiting),
            _ => None,
        }
    }
}

/// Who chose a task's agent, and with it who may change it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenBy {
    /// A person, for this task.
    #[default]
    Person,
    /// The project's `agent`.
    Project,
    /// The configuration's `default_agent`.
    Configuration,
    /// Supervision, which called another than did it before.
    Supervision,
    /// Nobody: `route` does at each start, and the agent in the task is the last it took.
    Router,
}

impl ChosenBy {
    /// Whether nobody else is put in its place.
    pub fn is_fixed(self) -> bool {
        matches!(self, Self::Person | Self::Supervision)
    }

    /// The word for the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Project => "project",
            Self::Configuration => "configuration",
            Self::Supervision => "supervision",
            Self::Router => "router",
        }
    }

    /// The reverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Person, Self::Project, Self::Configuration, Self::Supervision, Self::Router]
            .into_iter()
            .find(|by| by.as_str() == text)
    }
}

/// What a door hands in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewTask {
    /// The project's name.
    pub project: String,
    /// Path or URL of the repository.
    pub repo: String,
    /// The instruction, as the person wrote it.
    pub text: String,
    /// 1 is the most urgent, 9 the least.
    pub priority: u8,
    /// The agent that does it.
    pub agent: String,
    /// The model asked for, if any.
    pub model: Option<String>,
    /// The rehearsal agent's script, as YAML.
    pub scenario: Option<String>,
    /// How its runs are contained.
    pub isolation: Isolation,
    /// The branch it starts from, if not the repository's current one.
    pub base: Option<String>,
    /// The idempotency key of the request, if it had one.
    pub key: Option<String>,
    /// The run that handed it on, if an agent and not a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// One run and no more, for scripts: a limit or a failure ends it, and so does work without a change. Its
    /// agent gets the text as it is.
    #[serde(default)]
    pub once: bool,
    /// What sort of work it is.
    #[serde(default)]
    pub nature: Nature,
    /// When it is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// The tasks whose work has to have landed before it starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<TaskId>,
    /// Who chose the agent.
    #[serde(default)]
    pub agent_by: ChosenBy,
    /// How its nature is known.
    #[serde(default)]
    pub classified: Classified,
    /// How its project was found, when the text named it and nobody else did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

impl NewTask {
    /// A task with the defaults.
    pub fn new(
        project: impl Into<String>,
        repo: impl Into<String>,
        text: impl Into<String>,
        agent: impl Into<String>,
    ) -> Self {
        Self {
            project: project.into(),
            repo: repo.into(),
            text: text.into(),
            priority: DEFAULT_PRIORITY,
            agent: agent.into(),
            model: None,
            scenario: None,
            isolation: Isolation::Sandbox,
            base: None,
            key: None,
            parent: None,
            once: false,
            nature: Nature::default(),
            deadline: None,
            after: Vec::new(),
            agent_by: ChosenBy::default(),
            classified: Classified::default(),
            found: None,
        }
    }
}

/// One thing to be done, and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Identifier.
    pub id: TaskId,
    /// What was asked for.
    pub asked: NewTask,
    /// The first line of the text, shortened.
    pub title: String,
    /// Where it is in its life.
    pub state: TaskState,
    /// How many runs it had.
    pub attempt: u32,
    /// Failed runs since the last success or the last decision of a person.
    pub failures: u32,
    /// A person wants the live run stopped.
    pub stopping: bool,
    /// The branch of the work.
    pub branch: String,
    /// The branch and commit the work started from, once known.
    pub base_branch: Option<String>,
    /// See `base_branch`.
    pub base_commit: Option<String>,
    /// The commit to be reviewed or landed.
    pub commit: Option<String>,
    /// What the next run goes on with.
    pub next: Next,
    /// The latest agent session.
    pub session: Option<String>,
    /// The latest closing words of an agent.
    pub summary: Option<String>,
    /// Why it is in its state, in one sentence, where the state alone does not say.
    pub reason: Option<String>,
    /// The size of the change.
    pub diff: Option<DiffStat>,
    /// Results of the latest run's checks.
    pub checks: Vec<CheckResult>,
    /// What a person should know about the latest run.
    pub warnings: Vec<String>,
    /// What its agent asked a person, until all of it is answered and handed over.
    pub questions: Vec<Question>,
    /// What supervision made of its runs.
    pub supervised: Supervised,
    /// Where its landing stands.
    pub landing: Landing,
    /// Tasks at work that change the same files, now or earlier.
    pub collisions: Vec<Collision>,
    /// How often its runs seemed stuck.
    pub stuck: stuck::Standing,
    /// The task that it lets go first, because both change the same files.
    pub yields_to: Option<TaskId>,
    /// What all its runs consumed.
    pub usage: Usage,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When its first run started.
    pub started_at: Option<Timestamp>,
    /// When it reached a final state.
    pub ended_at: Option<Timestamp>,
}

/// What a task's next run starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Next {
    /// The run whose workspace is gone on with; a fresh one is made when `None`.
    pub workspace: Option<RunId>,
    /// The commit a fresh workspace starts from, when not the base.
    pub from: Option<String>,
    /// The agent session to resume.
    pub resume: Option<String>,
    /// The person's comment to answer.
    pub feedback: Option<String>,
    /// A person takes over: the next run is theirs, in the agent's own interactive UI.
    pub hands_on: bool,
}

impl Task {
    /// The model its agent is to use, where one was said: by who asked, or by who called another agent.
    pub fn model(&self) -> Option<&str> {
        match self.supervised.escalations {
            0 => self.asked.model.as_deref(),
            _ => self.supervised.model.as_deref(),
        }
    }
}

/// The branch of a task's work.
pub fn branch_of(id: TaskId) -> String {
    format!("sidekick/{}", id.short())
}

/// A title from an instruction: its first line with words in it, at most 72 characters.
pub fn title_of(text: &str) -> String {
    const MOST: usize = 72;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("(no text)");
    if line.chars().count() <= MOST {
        return line.to_owned();
    }
    let head: String = line.chars().take(MOST - 1).collect();
    format!("{}…", head.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_one_short_line() {
        assert_eq!(title_of("\n  fix the auth bug \nand more"), "fix the auth bug");
        assert_eq!(title_of(""), "(no text)");
        assert_eq!(title_of(&"é".repeat(100)).chars().count(), 72);
    }
}
