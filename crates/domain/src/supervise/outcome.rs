//! What a person did in the end with work that was judged: the truth that confidence is measured against.

use crate::event::{Event, Record};

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Settled {
    /// A person approved it as it was judged.
    Approved,
    /// A person sent it back, tried afresh, or went on by hand.
    SentBack,
    /// A person discarded it.
    Discarded,
    /// It had landed, and a person took it back.
    Reverted,
    /// The policy approved it; no person looked.
    ByPolicy,
    /// A later run was judged before a person decided.
    Superseded,
}

impl Settled {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Approved, Self::SentBack, Self::Discarded, Self::Reverted, Self::ByPolicy, Self::Superseded];

    /// What an event does to the verdict that its task waits with; nothing when nobody decided by it. An approval is of a
    /// commit: the verdict of another one was not approved.
    pub fn by(record: &Record) -> Option<Self> {
        Some(match &record.event {
            // Repaired after a person had approved it, it was looked at by nobody.
            Event::TaskApproved { again, .. } if *again || record.actor == "policy" => Self::ByPolicy,
            Event::TaskApproved { .. } | Event::TaskCompleted { commit: None, .. } => Self::Approved,
            Event::TaskSentBack { .. }
            | Event::TaskRetried { .. }
            | Event::TaskTakenOver {}
            | Event::TaskRolledBack { .. } => Self::SentBack,
            Event::TaskCancelled { .. } => Self::Discarded,
            Event::TaskReverted { .. } => Self::Reverted,
            // That another of its race was better says nothing about this one.
            Event::TaskJudged { .. } | Event::RaceLost { .. } => Self::Superseded,
            _ => return None,
        })
    }

    /// The word for the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::SentBack => "sent_back",
            Self::Discarded => "discarded",
            Self::Reverted => "reverted",
            Self::ByPolicy => "by_policy",
            Self::Superseded => "superseded",
        }
    }

    /// The reverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|settled| settled.as_str() == text)
    }

    /// Whether a person was content with it; nothing when no person decided.
    pub fn content(self) -> Option<bool> {
        match self {
            Self::Approved => Some(true),
            Self::SentBack | Self::Discarded | Self::Reverted => Some(false),
            Self::ByPolicy | Self::Superseded => None,
        }
    }

    /// Whether trust falls with it.
    pub fn is_fall(self) -> bool {
        matches!(self, Self::Discarded | Self::Reverted)
    }
}
