//! What follows a verdict, and the answers to what the policy asks. How a verdict comes about is in `supervise`.

use super::{End, Entry, Refusal, Work, approved, task_events};
use crate::event::Event;
use crate::question::{MOST_TEXT, Question};
use crate::run::Run;
use crate::supervise::breakpoint::{self, Act};
use crate::supervise::{Decision, Verdict};
use crate::task::{ChosenBy, Task, TaskState, WaitFor};
use crate::time::Timestamp;

/// What is kept of the evidence of a question.
const MOST_EVIDENCE: usize = 12;

impl Work {
    /// The end of a run that did what it could, as it was judged. What its agent asked goes first: the work is
    /// judged when it goes on with the answer.
    pub(super) fn after_judgement(&self, run: &Run, end: End, now: Timestamp) -> Vec<Entry> {
        let of_run = |event| Entry { run: Some((run.id, run.attempt)), event };
        let told = end.reason.clone();
        let ended = Event::RunEnded { outcome: end.outcome, reason: end.reason, summary: end.summary };
        let verdict = end.verdict.filter(|_| self.task.questions.is_empty() && !self.task.asked.once);
        let after = match verdict {
            Some(verdict) => {
                let after = follows(run, &verdict, told, now);
                [vec![Event::TaskJudged { verdict }], after].concat()
            }
            None => vec![self.after_success(told)],
        };
        std::iter::once(ended).chain(after).map(of_run).collect()
    }

    /// What a person answers to the policy is done at once.
    pub(super) fn answer_policy(
        &self,
        question: &Question,
        text: &str,
        false_alarm: bool,
    ) -> Result<Vec<Entry>, Refusal> {
        let false_alarms = if false_alarm { question.rules.clone() } else { Vec::new() };
        let answered = Event::QuestionAnswered {
            id: question.id.clone(),
            text: text.to_owned(),
            by_default: false,
            false_alarms,
        };
        let after = self.carry_out(breakpoint::meant(text), "a person put it in review")?;
        Ok(task_events([vec![answered], after].concat()))
    }

    /// What nobody answered in time is answered with its default, which is safe.
    pub(super) fn answer_overdue(&self, now: Timestamp) -> Result<Vec<Entry>, Refusal> {
        let overdue =
            self.task.questions.iter().find_map(|question| Some((question, question.overdue(now)?)));
        let Some((question, default)) = overdue else {
            return Err(self.not_now("wake", ": a person has to answer it"));
        };
        let answered = Event::QuestionAnswered {
            id: question.id.clone(),
            text: default.to_owned(),
            by_default: true,
            false_alarms: Vec::new(),
        };
        let reason = format!("nobody answered in time, so it was put in review: {}", question.text);
        let after = self.carry_out(breakpoint::meant(default), &reason)?;
        Ok(task_events([vec![answered], after].concat()))
    }

    fn carry_out(&self, act: Act, looking: &str) -> Result<Vec<Event>, Refusal> {
        let goes_on = |comment: String| {
            let reason = "sent back with a comment".into();
            vec![Event::TaskSentBack { comment }, Event::TaskQueued { reason }]
        };
        Ok(match act {
            Act::Look => vec![Event::TaskReview { reason: Some(looking.to_owned()) }],
            Act::Approve => {
                let Some(commit) = &self.task.commit else {
                    return Err(Refusal::Invalid(
                        "there is no collected work to approve; send it back or discard it",
                    ));
                };
                approved(commit, self.task.base_commit.as_deref(), false)
            }
            Act::SendBack => {
                let decision = self.task.supervised.verdict.as_ref().map(|verdict| &verdict.decision);
                let Some(Decision::Ask { feedback, .. }) = decision else {
                    return Err(Refusal::Invalid(
                        "nothing was found to send it back with: say it in your own words",
                    ));
                };
                goes_on(feedback.clone())
            }
            Act::Discard => vec![Event::TaskCancelled { reason: "discarded by a person".into() }],
            Act::Tell(words) => goes_on(words),
        })
    }

    pub(super) fn revert(&self, reason: String) -> Result<Vec<Entry>, Refusal> {
        if self.task.state != TaskState::Completed {
            return Err(self.not_now("take back", ": only work that landed can be taken back"));
        }
        Ok(task_events([Event::TaskReverted { reason }]))
    }
}

/// The events after a verdict.
fn follows(run: &Run, verdict: &Verdict, told: Option<String>, now: Timestamp) -> Vec<Event> {
    let reason = verdict.reason.clone();
    match &verdict.decision {
        // An approval of the policy is a command of its own, by an actor of its own.
        Decision::Review {} | Decision::Approve { .. } => vec![Event::TaskReview { reason: told }],
        Decision::Retry { .. } | Decision::Escalate { .. } => vec![Event::TaskQueued { reason }],
        Decision::Ask { rules, text, minutes, .. } => {
            let until = now.plus(std::time::Duration::from_mins(u64::from(*minutes)));
            let text: String = text.chars().take(MOST_TEXT).collect();
            let question = Question {
                id: format!("{}.policy", run.attempt),
                text: text.clone(),
                choices: breakpoint::CHOICES.map(String::from).to_vec(),
                answer: None,
                rules: rules.clone(),
                evidence: evidence(verdict),
                default: Some(breakpoint::LOOK.into()),
                until: Some(until),
            };
            let waiting = Event::TaskWaiting { on: WaitFor::Breakpoint, until: Some(until), reason: text };
            vec![question.asked(), waiting]
        }
    }
}

/// What was seen, in a sentence each.
fn evidence(verdict: &Verdict) -> Vec<String> {
    let findings = verdict.findings.iter().map(crate::supervise::Finding::sentence);
    let remarks = verdict.opinion.iter().flat_map(|opinion| &opinion.remarks);
    let remarks = remarks.map(|remark| format!("{} ({}:{})", remark.text, remark.file, remark.line));
    let confidence = format!("confidence {}", verdict.confidence_words());
    findings.chain(remarks).take(MOST_EVIDENCE).chain([confidence]).collect()
}

pub(super) fn apply(task: &mut Task, verdict: &Verdict) {
    let supervised = &mut task.supervised;
    match &verdict.decision {
        Decision::Retry { feedback } => {
            supervised.retries += 1;
            task.next.feedback = Some(feedback.clone());
        }
        Decision::Escalate { to, feedback } => {
            supervised.escalations += 1;
            supervised.model.clone_from(&to.model);
            task.asked.agent.clone_from(&to.agent);
            task.asked.agent_by = ChosenBy::Supervision;
            task.next.feedback = Some(feedback.clone());
        }
        Decision::Review {} | Decision::Approve { .. } | Decision::Ask { .. } => {}
    }
    supervised.verdict = Some(verdict.clone());
}
