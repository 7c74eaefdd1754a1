//! Conversations with the brain on the wire.

use domain::Timestamp;
use domain::conversation::{Fate, Message, Proposal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A conversation.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConversationView {
    /// Identifier; the `task` of its events in the log.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Who began it.
    pub owner: String,
    /// When it began.
    pub created_at: String,
    /// When something was last said in it.
    pub updated_at: String,
}

/// A message.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MessageView {
    /// Identifier.
    pub id: String,
    /// `user` or `assistant`.
    pub role: String,
    /// `pending` while the brain is at it, `complete`, or `failed`.
    pub state: String,
    /// Its words: Markdown when they are the brain's.
    pub text: String,
    /// Tasks it started or changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// The task in which an agent thinks, or thought, about the answer; its log has all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<String>,
    /// What the brain would do, when a person has to say so first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProposalView>,
    /// Who said it; of an answer, who is answered.
    pub actor: String,
    /// When.
    pub at: String,
}

/// What the brain would do.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProposalView {
    /// Each thing, exactly.
    pub changes: Vec<String>,
    /// Until when it can be confirmed.
    pub until: String,
    /// `open`, `taken` (being done), `done`, `dropped` or `expired`.
    pub state: String,
    /// Who decided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What came of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub came: Vec<String>,
}

/// Begin a conversation.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CreateConversation {
    /// Its title; the first words said in it when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// Give a conversation another title.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameConversation {
    /// At most 80 characters of it are kept.
    pub title: String,
}

/// Say something to the brain.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    /// The words.
    pub message: String,
    /// In which conversation; in a new one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<String>,
    /// The words were spoken, and written down by a machine: whatever they would change is proposed first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spoken: bool,
}

/// What was said, and the answer that comes: follow it in the log under the conversation's id, or read it again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChatView {
    /// Where.
    pub conversation: ConversationView,
    /// The person's message.
    pub message: MessageView,
    /// The brain's, pending at first.
    pub answer: MessageView,
}

impl MessageView {
    /// A message as it is at a time.
    pub fn new(message: &Message, now: Timestamp) -> Self {
        Self {
            id: message.id.to_string(),
            role: message.speaker.as_str().into(),
            state: message.state.as_str().into(),
            text: message.text.clone(),
            tasks: message.tasks.iter().map(ToString::to_string).collect(),
            thinking: message.thinking.map(|task| task.to_string()),
            proposal: message.proposal.as_ref().map(|proposal| ProposalView::new(proposal, now)),
            actor: message.actor.clone(),
            at: message.at.to_string(),
        }
    }
}

impl ProposalView {
    fn new(proposal: &Proposal, now: Timestamp) -> Self {
        let (state, by, came) = match &proposal.fate {
            Fate::Open if now > proposal.until => ("expired", None, Vec::new()),
            Fate::Open => ("open", None, Vec::new()),
            Fate::Taken { by } => ("taken", Some(by.clone()), Vec::new()),
            Fate::Done { by, came } => ("done", Some(by.clone()), came.clone()),
            Fate::Dropped { by } => ("dropped", Some(by.clone()), Vec::new()),
        };
        Self {
            changes: proposal.words.clone(),
            until: proposal.until.to_string(),
            state: state.into(),
            by,
            came,
        }
    }
}
