//! From step to step of a pipeline: what follows a step that is done, and what people answer between two.

use super::{End, Entry, Work, task_events};
use crate::event::Event;
use crate::pipeline::{self, Does, Done, Part, Progress, Split, Step, split};
use crate::question::{MOST_TEXT, Question};
use crate::run::Run;
use crate::task::{ChosenBy, Next, Task, WaitFor};

/// The rule by which a pipeline asks.
pub(super) const RULE: &str = "step";
/// See [`Work::answer_step`].
const GO_ON: &str = "go on";
const SPLIT: &str = "split it";
const AS_ONE: &str = "go on with it as one task";
const DISCARD: &str = "discard it";
/// Characters of what a step said that a question shows.
const MOST_SHOWN: usize = 1500;

impl Work {
    /// What follows a step that is done, when it is not the last one; else nothing.
    pub(super) fn next_step(&self, run: &Run, end: &End) -> Option<Vec<Event>> {
        let task = &self.task;
        let step = pipeline::current(task)?;
        let next = task.asked.pipeline.get(task.progress.at + 1)?;
        let words = end.summary.as_deref().unwrap_or_default();
        // A part is not split again.
        let parts = if task.asked.parent.is_some() { Vec::new() } else { split::read(words) };
        let parts = if step.split() == Split::Never { Vec::new() } else { parts };
        let done = Event::StepDone {
            step: step.name.clone(),
            agent: run.agent.clone(),
            words: pipeline::kept(words),
            parts: parts.clone(),
        };
        let after = match (parts.is_empty(), step.split()) {
            (false, Split::Alone) => split_up(parts),
            (false, _) => ask_between(run, &splitting(&parts), &[SPLIT, AS_ONE, DISCARD], words),
            (true, _) if step.ask => {
                let text = format!("`{}` is done. Shall `{}` begin?", step.name, next.name);
                ask_between(run, &text, &[GO_ON, DISCARD], words)
            }
            (true, _) => {
                vec![Event::TaskQueued {
                    reason: format!("`{}` is done; `{}` comes next", step.name, next.name),
                }]
            }
        };
        Some(std::iter::once(done).chain(after).collect())
    }

    /// What a person says between two steps is done at once; whatever is no choice is for who did the step, who does it
    /// again.
    pub(super) fn answer_step(&self, question: &Question, text: &str) -> Vec<Entry> {
        let answered = question.answered(text);
        let proposed = &self.task.progress.proposed;
        let after = match text.trim() {
            GO_ON | AS_ONE => vec![Event::TaskQueued { reason: "a person said to go on".into() }],
            SPLIT if !proposed.is_empty() => split_up(proposed.clone()),
            DISCARD => vec![Event::TaskCancelled { reason: "discarded by a person".into() }],
            words => vec![
                Event::StepAgain { comment: words.to_owned() },
                Event::TaskQueued { reason: "a person wants the step done again".into() },
            ],
        };
        task_events([vec![answered], after].concat())
    }

    /// Whether its parts do its work.
    pub(super) fn is_split(&self) -> bool {
        self.task.progress.parts > 0
    }
}

fn ask_between(run: &Run, text: &str, choices: &[&str], words: &str) -> Vec<Event> {
    let text: String = text.chars().take(MOST_TEXT).collect();
    let question = Question {
        id: format!("{}.{RULE}", run.attempt),
        text: text.clone(),
        choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        rules: vec![RULE.into()],
        evidence: vec![words.trim().chars().take(MOST_SHOWN).collect()],
        ..Question::default()
    };
    vec![question.asked(), Event::TaskWaiting { on: WaitFor::Breakpoint, until: None, reason: text }]
}

fn splitting(parts: &[Part]) -> String {
    let lines: Vec<_> = parts
        .iter()
        .zip(1..)
        .map(|(part, number)| {
            let title = crate::task::title_of(&part.text);
            let after: Vec<_> = part.after.iter().map(ToString::to_string).collect();
            if after.is_empty() {
                format!("{number}. {title}")
            } else {
                format!("{number}. {title} (after {})", after.join(", "))
            }
        })
        .collect();
    format!("The plan splits it into {} tasks. Shall they take its place?\n{}", parts.len(), lines.join("\n"))
}

fn split_up(parts: Vec<Part>) -> Vec<Event> {
    let reason = format!("it is split into {} tasks", parts.len());
    vec![Event::TaskSplit { parts }, Event::TaskWaiting { on: WaitFor::Dependency, until: None, reason }]
}

pub(super) fn apply(task: &mut Task, event: &Event) {
    match event {
        Event::StepDone { step, agent, words, parts } => {
            // A plan leaves words; what it did to the tree is dropped with its workspace.
            let dropped = pipeline::current(task).is_some_and(pipeline::Step::is_plan);
            let done = Done { step: step.clone(), agent: agent.clone(), words: words.clone() };
            task.progress.done.push(done);
            task.progress.at += 1;
            task.progress.proposed.clone_from(parts);
            anew(task, dropped);
        }
        Event::StepAgain { comment } => {
            let Some(last) = task.progress.done.pop() else { return };
            task.progress.at = task.progress.at.saturating_sub(1);
            task.progress.proposed.clear();
            let was_plan = pipeline::current(task).is_some_and(pipeline::Step::is_plan);
            anew(task, was_plan);
            let before = if was_plan { format!("You said:\n\n{}\n\n", last.words) } else { String::new() };
            task.next.feedback = Some(format!("{before}A person answers: {comment}"));
        }
        Event::TaskSplit { parts } => {
            task.progress.proposed.clear();
            task.progress.parts = parts.len();
        }
        _ => {}
    }
}

/// One run was not enough: it is planned, to become several tasks, and worked on after that.
pub(super) fn plan_anew(task: &mut Task, how: Split, feedback: &str) {
    task.asked.pipeline.insert(task.progress.at, Step::splitting(how));
    if task.asked.pipeline.len() == 1 {
        task.asked.pipeline.push(Step::working());
    }
    // What was asked for is not who was called last.
    if task.supervised.escalations > 0 && task.progress.own.is_none() {
        task.asked.agent_by = ChosenBy::Router;
    }
    anew(task, true);
    (task.next.from, task.next.feedback) = (None, Some(feedback.to_owned()));
}

/// The next run is another step's.
fn anew(task: &mut Task, dropped: bool) {
    let workspace = task.next.workspace.filter(|_| !dropped);
    task.next = Next { workspace, from: task.next.from.clone(), ..Next::default() };
    task.session = None;
    task.supervised.again();
    pipeline::enter(task);
}

/// A person wants a fresh attempt: of the step it is in, or of all where a step's work is lost with the attempt.
pub(super) fn retried(task: &mut Task) {
    let worked =
        task.asked.pipeline.iter().take(task.progress.at).any(|step| matches!(step.does, Does::Work { .. }));
    if worked {
        task.progress = Progress { own: task.progress.own.take(), ..Progress::default() };
    }
    (task.progress.proposed, task.progress.parts) = (Vec::new(), 0);
}
