//! Conversations with the brain: their messages, what the brain may do, and what it proposes before it does it.
//!
//! Here: types, bounds and pure decisions. [`deed`] is what may be done, [`intent`] what plain words mean without a model,
//! [`brain`] what a model is told and how its answer is read. Not here: asking a model, doing a deed (`engine::brain`).

pub mod brain;
pub mod deed;
pub mod intent;
pub mod understood;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::ids::{MessageId, TaskId};
use crate::time::Timestamp;

pub use deed::{Confirm, Deed};

/// Messages that a model is shown as they are; of those before it has a summary.
pub const CONTEXT: usize = 20;
/// Bytes of one message.
pub const MOST_TEXT: usize = 64 * 1024;
/// Characters of a title.
pub const MOST_TITLE: usize = 80;
/// What one answer may want to do.
pub const MOST_DEEDS: usize = 12;
/// How long a proposal can be confirmed.
pub const PROPOSAL_LASTS: Duration = Duration::from_hours(24);

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// A person.
    User,
    /// The brain.
    Assistant,
}

impl Speaker {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        [Self::User, Self::Assistant].into_iter().find(|speaker| speaker.as_str() == text)
    }
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// The brain is at it.
    Pending,
    /// It is all there.
    Complete,
    /// It came to nothing; the text says why.
    Failed,
}

impl MessageState {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Complete => "complete",
            Self::Failed => "failed",
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Complete, Self::Failed].into_iter().find(|state| state.as_str() == text)
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Who speaks.
    pub speaker: Speaker,
    /// Where it stands.
    pub state: MessageState,
    /// Its words; Markdown when they are the brain's.
    pub text: String,
    /// Tasks it started, or that it is answered by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskId>,
    /// The task in which an agent thinks about the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<TaskId>,
    /// How often an agent was asked for this answer.
    #[serde(default)]
    pub rounds: u32,
    /// What the brain would do, when a person has to say so first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
    /// Who caused it: of an answer, who is answered.
    pub actor: String,
    /// What they might do when they spoke; the brain may no more for them.
    pub role: Role,
    /// When.
    pub at: Timestamp,
    /// Whether a machine wrote down what the person spoke: what it wants changed is always confirmed first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spoken: bool,
}

/// What the brain would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// In this order.
    pub deeds: Vec<Deed>,
    /// Each in words, as a person confirms it.
    pub words: Vec<String>,
    /// Until when.
    pub until: Timestamp,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Fate {
    /// It waits for a person.
    Open,
    /// Confirmed, and being done; each deed can be done again without harm.
    Taken {
        /// By whom.
        by: String,
    },
    /// Done; a line for each deed.
    Done {
        /// By whom it was confirmed.
        by: String,
        /// What came of each.
        came: Vec<String>,
    },
    /// A person did not want it.
    Dropped {
        /// Who.
        by: String,
    },
}

/// Why a proposal cannot be confirmed or dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// There is none in this message.
    Missing,
    /// It was confirmed or dropped before.
    Decided,
    /// It is too old: things have moved on.
    Expired,
}

impl Message {
    /// What is confirmed of what this message wants. A machine that hears may hear wrongly.
    pub fn confirm(&self, configured: Confirm) -> Confirm {
        if self.spoken { Confirm::Always } else { configured }
    }

    /// Its open proposal.
    pub fn open_proposal(&mut self, now: Timestamp) -> Result<&mut Proposal, Closed> {
        let proposal = self.proposal.as_mut().ok_or(Closed::Missing)?;
        match proposal.fate {
            Fate::Open if now > proposal.until => Err(Closed::Expired),
            Fate::Open => Ok(proposal),
            _ => Err(Closed::Decided),
        }
    }
}

/// A title for a conversation that begins with these words.
pub fn title_of(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("New conversation");
    if line.chars().count() <= MOST_TITLE {
        return line.to_owned();
    }
    let cut: String = line.chars().take(MOST_TITLE - 1).collect();
    let cut = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole);
    format!("{cut}…")
}

/// Why words are no message, if they are none.
pub fn complaint(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        return Some("the message has no words");
    }
    (text.len() > MOST_TEXT)
        .then_some("the message has more than 64 KiB: put what is long into a file and name it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_the_first_line_cut_at_a_word() {
        assert_eq!(title_of("\n  prioritise Antenna\nplease"), "prioritise Antenna");
        let long = title_of(&"word ".repeat(40));
        assert!(long.ends_with("word…") && long.chars().count() <= MOST_TITLE, "{long}");
        assert_eq!(title_of("  "), "New conversation");
    }

    #[test]
    fn a_proposal_is_decided_once_and_in_time() {
        let now = Timestamp::from_seconds(1_000);
        let mut message = Message {
            id: MessageId::new(now),
            speaker: Speaker::Assistant,
            state: MessageState::Complete,
            text: String::new(),
            tasks: Vec::new(),
            thinking: None,
            rounds: 0,
            proposal: None,
            actor: "person:owner".into(),
            role: Role::Admin,
            at: now,
            spoken: false,
        };
        assert_eq!(message.open_proposal(now).unwrap_err(), Closed::Missing);
        let until = now.plus(PROPOSAL_LASTS);
        message.proposal = Some(Proposal { deeds: Vec::new(), words: Vec::new(), until, fate: Fate::Open });
        assert!(message.open_proposal(until).is_ok());
        let late = until.plus(Duration::from_millis(1));
        assert_eq!(message.open_proposal(late).unwrap_err(), Closed::Expired);
        message.open_proposal(now).unwrap().fate = Fate::Dropped { by: "person:owner".into() };
        assert_eq!(message.open_proposal(now).unwrap_err(), Closed::Decided);
    }
}
