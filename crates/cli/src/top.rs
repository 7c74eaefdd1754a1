//! What `sidekick top` shows and how it answers to keys: a state, what changes it, how it is drawn.
//!
//! Nothing here talks to the daemon or the terminal (`commands::top` does): a [`Top`] takes facts, events and keys, says
//! what is to be done with an [`Effect`], and is drawn into any buffer. The words say all; colour is not used.

mod draw;
mod facts;
mod keys;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use api::{EventView, TaskView};

use crate::show;
use crate::ui::Ui;

pub(crate) use draw::draw;
pub(crate) use facts::{Facts, line_of};

/// Lines of a task's log that are kept.
const MOST_LINES: usize = 1000;

/// Whether what is shown is what is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Events come.
    Live,
    /// The daemon does not answer; it is tried again.
    Gone,
}

/// What a key asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Leave.
    Quit,
    /// Bring a task's log.
    Open(String),
    /// Ask the daemon to do something.
    Post {
        /// Where.
        path: String,
        /// With what.
        body: serde_json::Value,
        /// What is said when it was done.
        said: String,
    },
}

/// The group a row stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// It waits for a person.
    You,
    /// It runs.
    Running,
    /// It starts later, or lands.
    Queue,
}

/// A task in a line.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) section: Section,
    pub(crate) id: String,
    pub(crate) short: String,
    pub(crate) project: String,
    /// A word or a time.
    pub(crate) what: String,
    pub(crate) title: String,
    pub(crate) detail: String,
}

/// What has the keys before anything else.
#[derive(Clone, Debug)]
enum Asking {
    /// `y` does it.
    Sure { words: String, effect: Effect },
    /// A line is written.
    Line { label: &'static str, task: String, text: String, answers: bool },
}

/// A task's own screen.
struct Opened {
    id: String,
    lines: Vec<String>,
    /// How far it is scrolled up from the end.
    up: usize,
}

/// The whole state.
pub(crate) struct Top {
    facts: Facts,
    rows: Vec<Row>,
    /// What each running task did last.
    progress: HashMap<String, String>,
    selected: usize,
    opened: Option<Opened>,
    asking: Option<Asking>,
    notice: Option<String>,
    link: Link,
    ui: Ui,
}

impl Top {
    /// Begins with what is known.
    pub(crate) fn new(facts: Facts, progress: HashMap<String, String>) -> Self {
        let mut top = Self {
            facts: Facts::default(),
            rows: Vec::new(),
            progress,
            selected: 0,
            opened: None,
            asking: None,
            notice: None,
            link: Link::Live,
            ui: Ui::new(true),
        };
        top.take_facts(facts, HashMap::new());
        top
    }

    /// Takes newer facts; what was selected stays so where it went.
    pub(crate) fn take_facts(&mut self, facts: Facts, progress: HashMap<String, String>) {
        let chosen = self.rows.get(self.selected).map(|row| row.id.clone());
        self.facts = facts;
        for (task, line) in progress {
            self.progress.entry(task).or_insert(line);
        }
        let running = |id: &String| self.facts.tasks.iter().any(|task| task.id == *id);
        self.progress.retain(|id, _| running(id));
        self.rows = self.facts.rows(&self.progress);
        let at = chosen.and_then(|id| self.rows.iter().position(|row| row.id == id));
        self.selected = at.unwrap_or(self.selected).min(self.rows.len().saturating_sub(1));
    }

    /// Takes the time: what is said relative to it is said anew.
    pub(crate) fn take_time(&mut self, now: jiff::Timestamp) {
        self.facts.at = now;
        self.rows = self.facts.rows(&self.progress);
    }

    /// Takes an event; whether the facts have to be asked for again.
    pub(crate) fn take_event(&mut self, event: &EventView) -> bool {
        let line = line_of(&self.ui, event);
        if let Some(line) = line
            && self.progress.len() < 10_000
        {
            if let Some(row) =
                self.rows.iter_mut().find(|row| row.id == event.task && row.section == Section::Running)
            {
                row.detail.clone_from(&line);
            }
            self.progress.insert(event.task.clone(), line);
        }
        if let Some(opened) = self.opened.as_mut().filter(|opened| opened.id == event.task)
            && let Some(text) = show::event(&self.ui, event)
        {
            opened.lines.extend(text.lines().map(ToOwned::to_owned));
            let over = opened.lines.len().saturating_sub(MOST_LINES);
            opened.lines.drain(..over);
        }
        !is_talk(&event.kind)
    }

    /// Takes the log of the task that is shown.
    pub(crate) fn take_log(&mut self, id: &str, events: &[EventView]) {
        let Some(opened) = self.opened.as_mut().filter(|opened| opened.id == id) else { return };
        let lines = events.iter().filter_map(|event| show::event(&self.ui, event));
        opened.lines = lines.flat_map(|text| text.lines().map(String::from).collect::<Vec<_>>()).collect();
    }

    /// Whether the daemon answers.
    pub(crate) fn take_link(&mut self, link: Link) {
        self.link = link;
    }

    /// Says a sentence until the next key.
    pub(crate) fn say(&mut self, sentence: impl Into<String>) {
        self.notice = Some(sentence.into());
    }

    /// The tasks whose latest line is known.
    pub(crate) fn known(&self) -> std::collections::HashSet<String> {
        self.progress.keys().cloned().collect()
    }

    /// The task that keys are about.
    fn task(&self) -> Option<&TaskView> {
        let id = match &self.opened {
            Some(opened) => &opened.id,
            None => &self.rows.get(self.selected)?.id,
        };
        self.facts.tasks.iter().find(|task| task.id == *id)
    }
}

/// Whether an event is only what an agent says and does: it changes its line and nothing else.
fn is_talk(kind: &str) -> bool {
    matches!(
        kind,
        "agent.text"
            | "agent.thinking"
            | "agent.raw"
            | "agent.retry"
            | "agent.error"
            | "tool.started"
            | "tool.finished"
            | "task.output"
            | "plan.updated"
            | "progress.reported"
            | "usage.recorded"
            | "checkpoint.created"
    )
}
