//! What sort of work a task is: its kind, how hard it is, what it needs. Found by `classify`, or said by a person, who
//! is always right.

use serde::{Deserialize, Serialize};

/// What is to be done, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Thinking ahead: designs, plans, splitting work.
    Planning,
    /// Finding out; the result is words.
    Research,
    /// New behaviour.
    #[default]
    Implementation,
    /// Tests of what is there.
    Testing,
    /// Another shape, the same behaviour.
    Refactoring,
    /// Words for people.
    Documentation,
    /// Something is wrong and is to be put right.
    Debugging,
    /// Judging work that is there.
    Review,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Planning,
        Self::Research,
        Self::Implementation,
        Self::Testing,
        Self::Refactoring,
        Self::Documentation,
        Self::Debugging,
        Self::Review,
    ];

    /// The word for people and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planning => "planning",
            Self::Research => "research",
            Self::Implementation => "implementation",
            Self::Testing => "testing",
            Self::Refactoring => "refactoring",
            Self::Documentation => "documentation",
            Self::Debugging => "debugging",
            Self::Review => "review",
        }
    }

    /// The reverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// How hard it is, and how much is at stake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Complexity {
    /// A line or two, in one place.
    Low,
    /// A morning's work.
    #[default]
    Medium,
    /// Several parts have to change together.
    High,
    /// A mistake would be dear: data, money, security, everybody's work.
    Critical,
}

impl Complexity {
    /// All of them, the easiest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word for people and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The reverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|complexity| complexity.as_str() == text)
    }
}

/// What sort of work a task is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Nature {
    /// What is to be done.
    pub kind: Kind,
    /// How hard it is.
    pub complexity: Complexity,
    /// Whether it needs a graphics processor.
    pub gpu: bool,
}

/// Who found out what sort of work a task is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judge {
    /// The rules of `classify`.
    #[default]
    Rules,
    /// The model of this machine.
    Model,
    /// A person, who said all of it.
    Person,
}

impl Judge {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Model => "model",
            Self::Person => "person",
        }
    }
}

/// What of a task's nature a person said. Nobody else changes that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Said {
    /// The kind.
    pub kind: bool,
    /// The complexity.
    pub complexity: bool,
    /// Whether it needs a graphics processor.
    pub gpu: bool,
}

impl Said {
    /// All of it, so that there is nothing left to find out.
    pub fn all(self) -> bool {
        self.kind && self.complexity && self.gpu
    }
}

/// How a task's nature is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Classified {
    /// By whom.
    pub by: Judge,
    /// Why, in one sentence.
    pub reason: String,
    /// What of it a person said.
    pub said: Said,
}

impl Nature {
    /// `found`, with what a person said left as it is here.
    #[must_use]
    pub fn but_for_what_was_said(self, found: Self, said: Said) -> Self {
        Self {
            kind: if said.kind { self.kind } else { found.kind },
            complexity: if said.complexity { self.complexity } else { found.complexity },
            gpu: if said.gpu { self.gpu } else { found.gpu },
        }
    }
}
