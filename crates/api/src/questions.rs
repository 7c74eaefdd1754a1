//! Open questions on the wire: alike ones together, and links that answer them.

use domain::alike::Asked;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{QuestionView, TaskView};

/// A question that one task asks, or several of a project.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AskedView {
    /// The project.
    pub project: String,
    /// The question, as the first of them asks it.
    pub question: QuestionView,
    /// The tasks that ask it.
    pub tasks: Vec<AskingView>,
    /// What answers all of them at once, when there are several; another as soon as other tasks ask the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alike: Option<String>,
}

/// A task that asks.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AskingView {
    /// The task.
    pub task: String,
    /// Its short id.
    pub short: String,
    /// Its title.
    pub title: String,
    /// The name of its question.
    pub question: String,
    /// What the policy found in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// A link for each choice, when they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkView>,
}

/// A link that answers a question once, without any other login: whoever has it may.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LinkView {
    /// The answer.
    pub choice: String,
    /// The path, at the address of the daemon.
    pub path: String,
    /// When it expires.
    pub until: String,
}

/// Answer a question and those that are like it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerAlike {
    /// A task that asks: its id, or any unique beginning of it.
    pub task: String,
    /// Which of its questions; the oldest open one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The answer, or the number of a choice.
    pub text: String,
    /// The rules of the policy were wrong to ask.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub false_alarm: bool,
    /// What `AskedView::alike` said when they were shown; without it nothing is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alike: Option<String>,
}

/// What became of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AlikeAnswered {
    /// Those that ask the same.
    pub asked: AskedView,
    /// Those that were answered, as they are now.
    pub answered: Vec<TaskView>,
    /// Those that were not.
    pub refused: Vec<RefusedView>,
}

/// A task that was not answered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RefusedView {
    /// The task.
    pub task: String,
    /// Why.
    pub why: String,
}

impl AskedView {
    /// A group of alike questions, with its code; `None` when there is none.
    pub fn new(group: &[Asked], code: String) -> Option<Self> {
        let first = group.first()?;
        let tasks = group.iter().map(|one| AskingView {
            task: one.task.to_string(),
            short: one.task.short(),
            title: one.title.clone(),
            question: one.question.id.clone(),
            evidence: one.question.evidence.clone(),
            links: Vec::new(),
        });
        Some(Self {
            project: first.project.clone(),
            question: QuestionView::from(&first.question),
            tasks: tasks.collect(),
            alike: (group.len() > 1).then_some(code),
        })
    }
}
