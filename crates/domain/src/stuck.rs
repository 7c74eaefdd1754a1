//! Stuck and looping: what a run does, read as it comes, and when it shows that it does not get on. Pure and bounded:
//! signs in, at most one finding out.
//!
//! What an agent does is judged by the tree: work that makes a tree never seen before is progress, whatever it says.
//! The agent is told once what was seen; then another agent goes on, or a person is asked. Silence is only noted:
//! silence is not death.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::question::Question;
use crate::time::Timestamp;

/// How often a task's runs are ended for this before the task fails.
pub const MOST_TIMES: u32 = 4;
/// Actions, errors and calls without an answer that are kept in mind.
const MOST_KEPT: usize = 128;
/// Changes of the tree that are kept in mind.
const MOST_STEPS: usize = 32;
/// With fewer actions than this since the last change, nothing is said of a tree that stays the same.
const FEW_ACTIONS: u32 = 10;

/// When it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// The same action so often without a change of the tree.
    pub repeats: u32,
    /// The same change of the tree, made again after it was taken back, so often.
    pub returns: u32,
    /// The same command that passes and fails in turn, so many turns, without a change of the tree.
    pub flips: u32,
    /// The same error so often.
    pub errors: u32,
    /// So long at work without a change of the tree, where the task is to change it.
    pub unchanged: Duration,
    /// So long without a word.
    pub silent: Duration,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            repeats: 6,
            returns: 3,
            flips: 5,
            errors: 8,
            unchanged: Duration::from_mins(40),
            silent: Duration::from_mins(15),
        }
    }
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// The same action again and again.
    Repeated,
    /// Edits that are taken back and made again.
    Oscillating,
    /// A check that passes and fails without a reason.
    Flipping,
    /// The same error again and again.
    SameError,
    /// Much is done, and nothing changes.
    Unchanged,
    /// Nothing is said.
    Silent,
}

impl Pattern {
    /// The word for people and the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Repeated => "repeated",
            Self::Oscillating => "oscillating",
            Self::Flipping => "flipping",
            Self::SameError => "same_error",
            Self::Unchanged => "unchanged",
            Self::Silent => "silent",
        }
    }
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What it is.
    pub pattern: Pattern,
    /// The evidence, as half a sentence: `it ran …`.
    pub what: String,
}

/// How often a task's runs seemed stuck.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// So often it was told, or decided.
    pub times: u32,
    /// What was seen of the live run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
}

impl Standing {
    /// Notes a finding; silence is advice only.
    pub(crate) fn note(&mut self, pattern: &str, what: &str) {
        if pattern != Pattern::Silent.as_str() {
            self.times += 1;
            self.now = Some(what.to_owned());
        }
    }
}

/// What the agent goes on with, once.
pub fn nudge(what: &str) -> String {
    format!(
        "you were stopped because you seem to go in circles: {what}. Say to yourself why that does not help, try another \
         way, and if there is none, end and say what is in the way.\n"
    )
}

/// What another agent goes on with.
pub fn handover(what: &str) -> String {
    format!(
        "whoever worked on this before went in circles and was stopped: {what}. Look first why that did not help.\n"
    )
}

/// What a person is asked after that.
pub fn question(what: &str) -> Question {
    Question {
        text: format!("The agent seems stuck, and telling it did not help: {what}. How should it go on?"),
        choices: vec![
            "It is on the right way: go on.".into(),
            "Try another way, and end if there is none.".into(),
        ],
        ..Question::default()
    }
}

/// Watches one run.
#[derive(Debug)]
pub struct Watch {
    thresholds: Thresholds,
    /// Whether the task is to change the tree.
    changes: bool,
    /// Actions since the tree last changed, with how often and how each last ended.
    actions: BTreeMap<u64, Action>,
    /// Calls without an answer yet: their ids and actions.
    calls: VecDeque<(String, u64)>,
    errors: BTreeMap<u64, u32>,
    /// The tree as it was last seen, and the latest steps from one tree to another.
    tree: Option<u64>,
    steps: VecDeque<(Option<u64>, u64)>,
    returns: u32,
    acted: u32,
    /// The last change of the tree, or the first sign.
    changed_at: Option<Timestamp>,
    said: bool,
}

#[derive(Debug, Default)]
struct Action {
    words: String,
    times: u32,
    ok: Option<bool>,
    flips: u32,
}

impl Watch {
    /// Of a run whose task is, or is not, to change the tree.
    pub fn new(thresholds: Thresholds, changes: bool) -> Self {
        Self {
            thresholds,
            changes,
            actions: BTreeMap::new(),
            calls: VecDeque::new(),
            errors: BTreeMap::new(),
            tree: None,
            steps: VecDeque::new(),
            returns: 0,
            acted: 0,
            changed_at: None,
            said: false,
        }
    }

    /// How long nothing may be said before that is noted.
    pub fn patience(&self) -> Duration {
        self.thresholds.silent
    }

    /// Takes what was said in one go and the tree as it is after it, if it was looked at. Says one thing of a run.
    pub fn see(&mut self, events: &[Event], tree: Option<u64>, now: Timestamp) -> Option<Seen> {
        let start = *self.changed_at.get_or_insert(now);
        let changed = tree.is_some() && tree != self.tree;
        let mut oscillates = None;
        if changed {
            oscillates = self.changed(tree?, now);
        }
        let mut error = None;
        for event in events {
            error = self.take(event, changed).or(error);
        }
        if changed {
            self.actions.clear();
        }
        // Without a look at the tree, nothing is known.
        if tree.is_none() || self.said {
            return None;
        }
        let found = oscillates.or(error).or_else(|| self.judge(now.since(start)));
        self.said = found.is_some();
        found
    }

    /// A way back that was gone before is going in circles; a scratch file that comes and goes is not.
    fn changed(&mut self, tree: u64, now: Timestamp) -> Option<Seen> {
        let step = (self.tree.replace(tree), tree);
        self.changed_at = Some(now);
        self.acted = 0;
        if !self.steps.contains(&step) {
            if self.steps.len() == MOST_STEPS {
                self.steps.pop_front();
            }
            self.steps.push_back(step);
            return None;
        }
        self.returns += 1;
        (self.returns >= self.thresholds.returns).then(|| Seen {
            pattern: Pattern::Oscillating,
            what: format!("its edits were taken back and made again {} times", self.returns),
        })
    }

    fn take(&mut self, event: &Event, changed: bool) -> Option<Seen> {
        match event {
            Event::ToolStarted { id, name, summary, input } => {
                let key = hash((name, input.to_string()));
                self.acted += 1;
                if self.actions.len() >= MOST_KEPT && !self.actions.contains_key(&key) {
                    self.actions.clear();
                }
                let action = self.actions.entry(key).or_default();
                action.times += 1;
                if action.words.is_empty() {
                    let words: String = format!("{name} {summary}").chars().take(120).collect();
                    action.words = words.trim().replace('\n', " ");
                }
                if self.calls.len() == MOST_KEPT {
                    self.calls.pop_front();
                }
                self.calls.push_back((id.clone(), key));
                None
            }
            Event::ToolFinished { id, ok, output } => {
                let at = self.calls.iter().rposition(|(call, _)| call == id)?;
                let (_, key) = self.calls.remove(at)?;
                if let Some(action) = self.actions.get_mut(&key) {
                    action.flips += u32::from(action.ok.is_some_and(|before| before != *ok));
                    action.ok = Some(*ok);
                }
                if *ok || changed || output.trim().is_empty() { None } else { self.failed(output) }
            }
            _ => None,
        }
    }

    /// Numbers do not count: line numbers and times differ where the error is the same.
    fn failed(&mut self, output: &str) -> Option<Seen> {
        let text: String = output.chars().filter(|char| !char.is_ascii_digit()).take(4000).collect();
        let key = hash(text);
        if self.errors.len() >= MOST_KEPT && !self.errors.contains_key(&key) {
            self.errors.clear();
        }
        let times = self.errors.entry(key).or_default();
        *times += 1;
        let line: String = output
            .lines()
            .rfind(|line| !line.trim().is_empty())
            .unwrap_or_default()
            .trim()
            .chars()
            .take(160)
            .collect();
        (*times >= self.thresholds.errors).then(|| Seen {
            pattern: Pattern::SameError,
            what: format!("it met the same error {times} times: {line}"),
        })
    }

    fn judge(&self, unchanged: Duration) -> Option<Seen> {
        let most = self.actions.values().max_by_key(|action| action.times)?;
        if most.times >= self.thresholds.repeats {
            let what =
                format!("it did the same thing {} times and nothing changed: {}", most.times, most.words);
            return Some(Seen { pattern: Pattern::Repeated, what });
        }
        if let Some(action) = self.actions.values().find(|action| action.flips >= self.thresholds.flips) {
            let what = format!(
                "the same command passed and failed in turn though nothing changed: {}",
                action.words
            );
            return Some(Seen { pattern: Pattern::Flipping, what });
        }
        (self.changes && self.acted >= FEW_ACTIONS && unchanged >= self.thresholds.unchanged).then(|| Seen {
            pattern: Pattern::Unchanged,
            what: format!(
                "it did {} things in {} minutes and changed nothing",
                self.acted,
                unchanged.as_secs() / 60
            ),
        })
    }
}

/// That nothing was said for so long.
pub fn silence(patience: Duration) -> Seen {
    let what =
        format!("it has said nothing for {} minutes; it may still be at work", patience.as_secs() / 60);
    Seen { pattern: Pattern::Silent, what }
}

fn hash(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn action(n: u32, what: &str, ok: bool, output: &str) -> [Event; 2] {
        let id = n.to_string();
        let input = serde_json::json!({ "command": what });
        [
            Event::ToolStarted { id: id.clone(), name: "Shell".into(), summary: what.into(), input },
            Event::ToolFinished { id, ok, output: output.into() },
        ]
    }

    fn first(steps: impl IntoIterator<Item = ([Event; 2], u32)>) -> Option<Seen> {
        let mut watch = Watch::new(Thresholds::default(), true);
        watch.see(&[], Some(0), at(0));
        steps
            .into_iter()
            .zip(1..)
            .find_map(|((events, tree), n)| watch.see(&events, Some(u64::from(tree)), at(n)))
    }

    #[test]
    fn what_is_seen() {
        let looping = (0..20).map(|n| (action(n, "cargo test", true, "ok"), 1));
        insta::assert_snapshot!(first(looping).unwrap().what,
            @"it did the same thing 6 times and nothing changed: Shell cargo test");
        let back_and_forth = (0..20).map(|n| (action(n, &n.to_string(), true, ""), 1 + n % 2));
        insta::assert_snapshot!(first(back_and_forth).unwrap().what, @"its edits were taken back and made again 3 times");
        let scratch =
            (0..20).map(|n| (action(n, &n.to_string(), true, ""), if n % 2 == 0 { 1 } else { 10 + n }));
        assert_eq!(first(scratch), None, "scratch files come and go");
        let errors = (0..20).flat_map(|n| {
            let edit = (action(2 * n, &format!("edit {n}"), true, ""), 10 + n);
            [
                edit,
                (
                    action(2 * n + 1, &format!("test {n}"), false, &format!("{n} s\nerror at line {n}")),
                    10 + n,
                ),
            ]
        });
        insta::assert_snapshot!(first(errors).unwrap().what, @"it met the same error 8 times: error at line 7");
        let mut watch = Watch::new(Thresholds { repeats: 99, ..Thresholds::default() }, true);
        watch.see(&[], Some(1), at(0));
        let seen = (0..20).find_map(|n| watch.see(&action(n, "make", n % 2 == 0, ""), Some(1), at(1)));
        insta::assert_snapshot!(seen.unwrap().what,
            @"the same command passed and failed in turn though nothing changed: Shell make");
        let reading = (0..20).map(|n| (action(n, &format!("cat {n}"), true, "x"), 1));
        assert_eq!(first(reading), None, "a short time of reading is no reason");
        let mut watch = Watch::new(Thresholds::default(), true);
        let seen = (0..20)
            .find_map(|n| watch.see(&action(n, &n.to_string(), true, ""), Some(1), at(i64::from(n) * 600)));
        insta::assert_snapshot!(seen.unwrap().what, @"it did 10 things in 90 minutes and changed nothing");
        let mut research = Watch::new(Thresholds::default(), false);
        let seen = (0..20).find_map(|n| {
            research.see(&action(n, &n.to_string(), true, ""), Some(1), at(i64::from(n) * 600))
        });
        assert_eq!(seen, None, "a task that is not to change anything need not");
    }

    #[test]
    fn what_the_agent_and_the_person_are_told() {
        insta::assert_snapshot!(nudge("it met the same error 8 times: no such file"), @"you were stopped because you seem to go in circles: it met the same error 8 times: no such file. Say to yourself why that does not help, try another way, and if there is none, end and say what is in the way.");
        assert_eq!(question("x").complaint(), None);
    }

    proptest! {
        /// Whoever makes a tree that was never there gets on, whatever the actions and errors are.
        #[test]
        fn no_finding_where_every_action_changes_the_tree(
            steps in proptest::collection::vec((0u8..3, any::<bool>(), 0u8..2), 0..120),
            gap in 1i64..100_000,
        ) {
            let mut watch = Watch::new(Thresholds::default(), true);
            for ((what, ok, output), n) in steps.into_iter().zip(0u32..) {
                let events = action(n, &what.to_string(), ok, &output.to_string());
                prop_assert_eq!(watch.see(&events, Some(u64::from(n)), at(i64::from(n) * gap)), None);
            }
        }

        /// What is kept in mind is bounded, and a run is judged once.
        #[test]
        fn bounded(steps in proptest::collection::vec((any::<u16>(), any::<bool>(), any::<u8>()), 0..600)) {
            let mut watch = Watch::new(Thresholds::default(), true);
            let mut found = 0;
            for ((what, ok, tree), n) in steps.into_iter().zip(0u32..) {
                let [start, end] = action(n, &what.to_string(), ok, &what.to_string());
                let events = if tree % 3 == 0 { vec![start] } else { vec![start, end] };
                found += u32::from(watch.see(&events, Some(u64::from(tree % 7)), at(i64::from(n))).is_some());
                prop_assert!(watch.actions.len() <= MOST_KEPT && watch.calls.len() <= MOST_KEPT);
                prop_assert!(watch.errors.len() <= MOST_KEPT && watch.steps.len() <= MOST_STEPS);
            }
            prop_assert!(found <= 1);
        }
    }
}
