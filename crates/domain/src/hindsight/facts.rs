//! What the log says of a task's life: its runs with their steps and checks, and what it waited for. Folded event by
//! event, so that a long log need never be in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use super::visible;
use crate::check::CheckStatus;
use crate::collision::Kind;
use crate::event::{Event, Record};
use crate::nature;
use crate::run::{Outcome, Stage};
use crate::supervise::Decision;
use crate::task::WaitFor;
use crate::time::Timestamp;
use crate::usage::Usage;

/// Runs that are looked at one by one; of further ones only the number is known.
pub const MOST_RUNS: usize = 50;
/// Comments and words of others that are kept, and characters of each.
const MOST_COMMENTS: usize = 5;
const MOST_WORDS: usize = 600;
/// Checks of a run that are kept.
const MOST_CHECKS: usize = 20;

/// The kinds of events that are looked at; the rest of a log need not be read.
pub const KINDS: &[&str] = &[
    "task.created",
    "task.queued",
    "task.waiting",
    "task.review",
    "task.judged",
    "task.sent_back",
    "task.rolled_back",
    "task.completed",
    "task.failed",
    "task.cancelled",
    "task.classified",
    "run.started",
    "run.stage",
    "run.ended",
    "run.stuck",
    "landing.returned",
    "collision.seen",
    "check.finished",
    "usage.recorded",
    "question.answered",
];

/// A task's life so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// What was asked for.
    pub text: String,
    /// What sort of work it was.
    pub kind: nature::Kind,
    /// How it ended, in its own words; empty when it has not.
    pub ended: String,
    /// Whether the work landed, or there was nothing to land.
    pub completed: bool,
    /// Its runs, the first [`MOST_RUNS`] of them.
    pub runs: Vec<RunFacts>,
    /// How many there were.
    pub attempts: u32,
    /// From the first run's start to the end.
    pub took: Duration,
    /// How long it waited, for what.
    pub waited: BTreeMap<&'static str, Duration>,
    /// How long it lay in review.
    pub reviewed: Duration,
    /// How often a person sent it back.
    pub sent_back: u32,
    /// How often supervision did.
    pub sent_back_by_itself: u32,
    /// What the person said, the latest.
    pub comments: Vec<String>,
    /// How often nobody answered the policy in time.
    pub unanswered: u32,
    /// How often approved work came back, because it could not land as it was.
    pub returned: u32,
    /// Other tasks that changed the same lines meanwhile.
    pub collided: u32,
    /// How often a run went in circles, and what was seen of it last.
    pub stuck: (u32, String),
    standing: Option<(Standing, Timestamp)>,
    first_start: Option<Timestamp>,
}

/// A run of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFacts {
    /// Which agent.
    pub agent: String,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Why, in one line.
    pub reason: String,
    /// The agent's closing words, shortened.
    pub summary: String,
    /// How long each step took.
    pub steps: BTreeMap<Stage, Duration>,
    /// Its checks, with the end of what those printed that did not pass.
    pub checks: Vec<(String, CheckStatus, String)>,
    /// What it consumed.
    pub usage: Usage,
    /// Its work was not kept: it failed, or was sent back or given to another.
    pub in_vain: bool,
    stage: (Stage, Timestamp),
}

impl RunFacts {
    /// How long it took.
    pub fn took(&self) -> Duration {
        self.steps.values().sum()
    }

    /// The checks that did not pass.
    pub fn failed_checks(&self) -> impl Iterator<Item = &(String, CheckStatus, String)> {
        self.checks.iter().filter(|(_, status, _)| *status != CheckStatus::Passed)
    }

    fn enter(&mut self, stage: Stage, at: Timestamp) {
        let (before, since) = std::mem::replace(&mut self.stage, (stage, at));
        *self.steps.entry(before).or_default() += at.since(since);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Waiting(WaitFor),
    Review,
    Other,
}

impl Facts {
    /// What the whole log says.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut facts = Self::default();
        for record in records {
            facts.see(record);
        }
        facts
    }

    /// The next event.
    pub fn see(&mut self, record: &Record) {
        let at = record.at;
        match &record.event {
            Event::TaskCreated { asked, .. } => {
                self.text = asked.text.chars().take(4000).collect();
                self.kind = asked.nature.kind;
            }
            Event::TaskClassified { kind, .. } => self.kind = *kind,
            Event::TaskQueued { .. } => self.stand(Standing::Other, at),
            Event::TaskWaiting { on, .. } => self.stand(Standing::Waiting(*on), at),
            Event::TaskReview { .. } | Event::TaskRolledBack { .. } => self.stand(Standing::Review, at),
            Event::TaskSentBack { comment } => {
                self.sent_back += 1;
                if self.comments.len() == MOST_COMMENTS {
                    self.comments.remove(0);
                }
                self.comments.push(visible(comment, MOST_WORDS));
                self.vain();
            }
            Event::TaskJudged { verdict } => {
                if matches!(verdict.decision, Decision::Retry { .. } | Decision::Escalate { .. }) {
                    self.sent_back_by_itself += 1;
                    self.vain();
                }
            }
            Event::QuestionAnswered { by_default: true, .. } => self.unanswered += 1,
            Event::LandingReturned { .. } => {
                self.returned += 1;
                self.vain();
            }
            Event::CollisionSeen { kind: Kind::Hot, .. } => self.collided += 1,
            Event::RunStuck { what, .. } => self.stuck = (self.stuck.0 + 1, visible(what, MOST_WORDS)),
            Event::TaskCompleted { how, .. } => self.end(how, true, at),
            Event::TaskFailed { reason } => self.end(reason, false, at),
            Event::TaskCancelled { reason } => {
                self.end(reason, false, at);
                self.vain();
            }
            _ => self.see_run(record),
        }
    }

    fn see_run(&mut self, record: &Record) {
        let at = record.at;
        if let Event::RunStarted { agent, .. } = &record.event {
            self.stand(Standing::Other, at);
            self.first_start.get_or_insert(at);
            self.attempts += 1;
            if self.runs.len() < MOST_RUNS {
                self.runs.push(RunFacts {
                    agent: agent.clone(),
                    outcome: None,
                    reason: String::new(),
                    summary: String::new(),
                    steps: BTreeMap::new(),
                    checks: Vec::new(),
                    usage: Usage::default(),
                    in_vain: false,
                    stage: (Stage::Preparing, at),
                });
            }
            return;
        }
        // The latest, if it is one of those that are looked at.
        let known = usize::try_from(self.attempts).is_ok_and(|n| n == self.runs.len());
        let Some(run) = self.runs.last_mut().filter(|_| known) else { return };
        match &record.event {
            Event::RunStage { stage } => run.enter(*stage, at),
            Event::CheckFinished { name, status, output, .. } => {
                run.checks.retain(|(known, ..)| known != name);
                if run.checks.len() < MOST_CHECKS {
                    let end = if *status == CheckStatus::Passed { String::new() } else { last(output) };
                    run.checks.push((name.clone(), *status, end));
                }
            }
            Event::UsageRecorded { input, output, cached, cost_usd } => {
                let used = Usage { input: *input, output: *output, cached: *cached, cost_usd: *cost_usd };
                run.usage = run.usage.plus(used);
            }
            Event::RunEnded { outcome, reason, summary } => {
                run.enter(run.stage.0, at);
                run.outcome = Some(*outcome);
                run.reason = visible(reason.as_deref().unwrap_or_default(), MOST_WORDS);
                run.summary = visible(summary.as_deref().unwrap_or_default(), MOST_WORDS);
                run.in_vain |= matches!(outcome, Outcome::Failed | Outcome::TimedOut | Outcome::Lost);
            }
            _ => {}
        }
    }

    fn vain(&mut self) {
        if let Some(run) = self.runs.last_mut() {
            run.in_vain = true;
        }
    }

    fn stand(&mut self, next: Standing, at: Timestamp) {
        let before = self.standing.replace((next, at));
        match before {
            Some((Standing::Waiting(on), since)) => {
                *self.waited.entry(on.as_str()).or_default() += at.since(since);
            }
            Some((Standing::Review, since)) => self.reviewed += at.since(since),
            _ => {}
        }
        self.ended.clear();
        self.completed = false;
    }

    fn end(&mut self, how: &str, completed: bool, at: Timestamp) {
        self.stand(Standing::Other, at);
        self.took = self.first_start.map_or(Duration::ZERO, |start| at.since(start));
        (self.ended, self.completed) = (visible(how, MOST_WORDS), completed);
    }
}

/// The end of an output, in one line.
fn last(output: &str) -> String {
    let skip = output.chars().count().saturating_sub(MOST_WORDS);
    visible(&output.chars().skip(skip).collect::<String>(), MOST_WORDS)
}
