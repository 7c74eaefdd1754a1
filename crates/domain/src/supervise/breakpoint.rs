//! Breakpoints of the policy: questions about work that is there, with the rules that ask, and what an answer does.
//! Rules learn from false alarms, within bounds.

use std::collections::BTreeMap;

use super::policy::Policy;

/// Below the threshold.
pub const CONFIDENCE: &str = "confidence";
/// Far more than was asked for.
pub const SCOPE: &str = "scope";
/// A path that the configuration names: it always asks.
pub const RISKY_PATH: &str = "risky_path";
/// A path besides those that the configuration allows: it always asks.
pub const OUTSIDE: &str = "outside_paths";
/// Sending it back did not help.
pub const REPEATED_FAILURE: &str = "repeated_failure";
/// It cost more than it may.
pub const BUDGET: &str = "budget";

/// The default: nothing is lost or merged by it.
pub const LOOK: &str = "put it in review";
/// See [`Act::Approve`].
pub const APPROVE: &str = "approve it: merge it as it is";
/// See [`Act::SendBack`].
pub const SEND_BACK: &str = "send it back with what was found";
/// See [`Act::Discard`].
pub const DISCARD: &str = "discard it";

/// The choices of a breakpoint, in the order they are shown.
pub const CHOICES: [&str; 4] = [LOOK, APPROVE, SEND_BACK, DISCARD];

/// What an answer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A person looks at it as at any other work.
    Look,
    /// A person has decided.
    Approve,
    /// The agent goes on with what was found.
    SendBack,
    /// It is dropped.
    Discard,
    /// The agent goes on with these words.
    Tell(String),
}

/// What an answer's words mean.
pub fn meant(words: &str) -> Act {
    match words.trim() {
        LOOK => Act::Look,
        APPROVE => Act::Approve,
        SEND_BACK => Act::SendBack,
        DISCARD => Act::Discard,
        other => Act::Tell(other.to_owned()),
    }
}

/// False alarms of a project, by rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alarms(pub BTreeMap<String, u32>);

/// How far the threshold falls with each false alarm, and at the most.
const STEP: f64 = 0.03;
/// See [`STEP`].
const MOST_STEPS: u32 = 5;
/// False alarms after which a path that is risky anywhere is not asked about any more in a project.
pub const ENOUGH: u32 = 3;

impl Alarms {
    fn of(&self, rule: &str) -> u32 {
        self.0.get(rule).copied().unwrap_or(0)
    }

    /// The threshold of confidence, as learned.
    pub fn threshold(&self, policy: &Policy) -> f64 {
        (policy.threshold - STEP * f64::from(self.of(CONFIDENCE).min(MOST_STEPS))).max(0.0)
    }

    /// The most files and lines, as learned: twice what was said at the most.
    pub fn scope(&self, policy: &Policy) -> (u32, u32) {
        let quarters = 4 + self.of(SCOPE).min(4);
        let most = |n: u32| u32::try_from(u64::from(n) * u64::from(quarters) / 4).unwrap_or(u32::MAX);
        (most(policy.most_files), most(policy.most_lines))
    }

    /// Whether a path that is risky anywhere is still asked about.
    pub fn asks_about(&self, risk: &str) -> bool {
        self.of(&of_risk(risk)) < ENOUGH
    }
}

/// The rule of a risk that is risky anywhere.
pub fn of_risk(risk: &str) -> String {
    format!("{RISKY_PATH}:{risk}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn answers_mean_what_they_say() {
        assert_eq!(CHOICES.map(meant), [Act::Look, Act::Approve, Act::SendBack, Act::Discard]);
        assert_eq!(meant(" use the other table "), Act::Tell("use the other table".into()));
    }

    proptest! {
        #[test]
        fn what_is_learned_is_bounded(n in 0u32..1000, threshold in 0.0..=1.0f64, files in 0u32..100_000) {
            let policy = Policy { threshold, most_files: files, ..Policy::default() };
            let alarms = Alarms([CONFIDENCE, SCOPE].map(|rule| (rule.to_owned(), n)).into());
            let learned = alarms.threshold(&policy);
            prop_assert!(learned <= threshold && learned >= (threshold - 0.15 - 1e-9).max(0.0));
            let (most, _) = alarms.scope(&policy);
            prop_assert!(most >= files && most <= files * 2);
        }
    }
}
