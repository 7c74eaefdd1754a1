//! The verdict: what supervision made of a run, as it is stored and shown. Not here: how it comes about.

use serde::{Deserialize, Serialize};

use super::policy::Rung;
use super::trust::Tier;
use crate::coverage::Coverage;
use crate::pipeline::Split;

/// How much a finding or a remark weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth a look.
    Note,
    /// Probably wrong; a person should look.
    Warning,
    /// The work is not accepted with it unless a person says so.
    Serious,
}

impl Severity {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Serious => "serious",
        }
    }
}

/// What the rules found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Its name, `nothing_done` for example.
    pub name: String,
    /// How much it weighs.
    pub severity: Severity,
    /// One sentence.
    pub text: String,
    /// The file it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line of the new file, or of the old one where something is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl Finding {
    /// The sentence with its place.
    pub fn sentence(&self) -> String {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => format!("{} ({file}:{line})", self.text),
            (Some(file), None) => format!("{} ({file})", self.text),
            _ => self.text.clone(),
        }
    }
}

/// A reviewer's remark on a line of the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The file.
    pub file: String,
    /// The line of the new file.
    pub line: u32,
    /// How much it weighs.
    pub severity: Severity,
    /// What is said.
    pub text: String,
}

/// What the second model said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opinion {
    /// The reviewing agent.
    pub agent: String,
    /// Its model, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// 0 to 1; nothing when there is no opinion to go by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Whether it wants the work changed before it is merged.
    #[serde(default)]
    pub objects: bool,
    /// Its remarks, each on a line that is in the change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
    /// Why its opinion does not count, if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<String>,
}

/// What entered the confidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// In a few words.
    pub text: String,
    /// How far it moves the log-odds.
    pub weight: f64,
}

/// What became of earlier work that was as sure as this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Precedent {
    /// How many there were.
    pub of: u32,
    /// How many a person approved without a change.
    pub approved: u32,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// A person reviews it.
    Review {},
    /// The policy approves it, by this expression.
    Approve {
        /// See above.
        by: String,
    },
    /// The same session goes on with what was found.
    Retry {
        /// What the agent is told.
        feedback: String,
    },
    /// Another agent or model goes on.
    Escalate {
        /// Which.
        to: Rung,
        /// What it is told.
        feedback: String,
    },
    /// It is too much for one run: it is planned anew, to become several tasks.
    Split {
        /// Whether a person is asked first.
        how: Split,
        /// What whoever plans is told.
        feedback: String,
    },
    /// A person is asked.
    Ask {
        /// The rules that ask.
        rules: Vec<String>,
        /// What is asked.
        text: String,
        /// What the agent is told when the person sends it back.
        feedback: String,
        /// Minutes after which the default answer is given.
        minutes: u32,
    },
}

impl Decision {
    /// The word for people.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Review {} => "review",
            Self::Approve { .. } => "approve",
            Self::Retry { .. } => "retry",
            Self::Escalate { .. } => "escalate",
            Self::Split { .. } => "split",
            Self::Ask { .. } => "ask",
        }
    }
}

/// What supervision made of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The commit it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What the rules found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The second model's opinion, where one was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<Opinion>,
    /// How much of the change ran in tests, where the project's checks measure it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// Confidence before calibration, 0 to 1.
    pub raw: f64,
    /// Confidence that a person would merge it without a change, 0 to 1.
    pub confidence: f64,
    /// What it is made of.
    pub factors: Vec<Factor>,
    /// The record behind it, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precedent: Option<Precedent>,
    /// How far the agent is trusted in the project.
    pub tier: Tier,
    /// What follows.
    #[serde(flatten)]
    pub decision: Decision,
    /// Why, in one sentence.
    pub reason: String,
}

impl Verdict {
    /// Whether the work may stay as it is: nothing sends it back or asks.
    pub fn stands(&self) -> bool {
        matches!(self.decision, Decision::Review {} | Decision::Approve { .. })
    }

    /// The confidence as people read it, with its record.
    pub fn confidence_words(&self) -> String {
        match self.precedent {
            Some(Precedent { of, approved }) => format!(
                "{:.2}: {approved} of {of} such {} merged without a change",
                self.confidence,
                if of == 1 { "was" } else { "were" }
            ),
            None => format!("{:.2}, by rules; too few are on record to compare", self.confidence),
        }
    }
}

/// What supervision keeps of a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Supervised {
    /// The verdict on the latest run that was judged.
    pub verdict: Option<Verdict>,
    /// How often its work was sent back by supervision, in all its life.
    pub retries: u32,
    /// How often another agent or model was called, in all its life.
    pub escalations: u32,
    /// The model of the agent that was called last.
    pub model: Option<String>,
}

impl Supervised {
    /// Another step's work is judged by itself.
    pub(crate) fn again(&mut self) {
        *self = Self { verdict: self.verdict.take(), ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_kept_as_it_is() {
        let verdict = Verdict {
            commit: Some("abc".into()),
            findings: Vec::new(),
            opinion: None,
            coverage: None,
            raw: 0.5,
            confidence: 0.25,
            factors: vec![Factor { text: "no checks".into(), weight: -0.5 }],
            precedent: Some(Precedent { of: 52, approved: 47 }),
            tier: Tier::Known,
            decision: Decision::Approve { by: "cost < 2".into() },
            reason: "x".into(),
        };
        let text = serde_json::to_string(&verdict).unwrap();
        assert!(text.contains(r#""decision":"approve","by":"cost < 2""#), "{text}");
        assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap(), verdict);
        insta::assert_snapshot!(verdict.confidence_words(), @"0.25: 47 of 52 such were merged without a change");
    }
}
