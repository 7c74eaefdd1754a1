//! Questions, answers and the memory of projects on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a task's agent asked a person.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct QuestionView {
    /// Its name in the task.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// Answers to choose from; any other may be given.
    pub choices: Vec<String>,
    /// The answer, once given; the agent goes on when all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The rules of the policy that ask; none when the agent does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// What they found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// The answer that is given at `until` when nobody gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// See `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl From<&domain::Question> for QuestionView {
    fn from(question: &domain::Question) -> Self {
        Self {
            id: question.id.clone(),
            text: question.text.clone(),
            choices: question.choices.clone(),
            answer: question.answer.clone(),
            rules: question.rules.clone(),
            evidence: question.evidence.clone(),
            default: question.default.clone(),
            until: question.until.map(|at| at.to_string()),
        }
    }
}

/// Answer a question of a task.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The answer, or the number of a choice.
    pub text: String,
    /// Which question; the oldest open one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The rules of the policy were wrong to ask: in this project they learn from it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub false_alarm: bool,
}

/// An entry of a project's memory.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MemoryView {
    /// Its name.
    pub name: String,
    /// How often it was written.
    pub version: u32,
    /// Markdown.
    pub text: String,
    /// Who wrote it last.
    pub actor: String,
    /// In which task, if in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// When.
    pub at: String,
}

/// Write an entry of a project's memory. Say the project, or its repository.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WriteMemory {
    /// A configured project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Path or URL of the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    /// Lower-case words joined by hyphens.
    pub name: String,
    /// Markdown; empty to remove the entry.
    pub text: String,
    /// The version that was read; refused when another is there by now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// The version that was written.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct Written {
    /// Its number.
    pub version: u32,
}
