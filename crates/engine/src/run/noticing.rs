//! Whether a live run gets on: its events and its tree, given to `domain::stuck` as they come.

use std::time::Duration;

use domain::stuck::{self, Seen, Watch};
use domain::work::{End, RunCommand};
use domain::{Event, Kind, Outcome};
use tokio::time::Instant;
use workspace::{Glance, Workspace};

use super::{Broken, Drive};
use crate::clock;

/// The tree is looked at so often at most.
const EVERY: Duration = Duration::from_millis(200);
/// And so many times as long as a look takes lies between two looks.
const SHARE: u32 = 20;

/// What is kept of one run while it is followed; a daemon that takes it over begins anew.
pub(super) struct Noticing {
    watch: Option<Watch>,
    workspace: Workspace,
    glance: Glance,
    next_look: Instant,
    heard: Instant,
    told_silence: bool,
    /// What was said since the last look.
    since: Vec<Event>,
}

/// Events between two looks at the tree; what is beyond says nothing new of whether it gets on.
const MOST_SINCE: usize = 2_000;

impl Noticing {
    /// When silence is worth a word.
    pub(super) fn silent_at(&self) -> Option<Instant> {
        let patience = self.watch.as_ref().filter(|_| !self.told_silence)?.patience();
        self.heard.checked_add(patience)
    }

    /// That nothing was heard for so long.
    fn silence(&mut self) -> Option<Seen> {
        self.told_silence = true;
        self.watch.as_ref().map(|watch| stuck::silence(watch.patience()))
    }

    /// Takes what the agent said.
    pub(super) async fn hear(&mut self, events: &[Event]) -> Option<Seen> {
        (self.heard, self.told_silence) = (Instant::now(), self.told_silence && events.is_empty());
        let watch = self.watch.as_mut()?;
        let tools = |event: &&Event| matches!(event, Event::ToolStarted { .. } | Event::ToolFinished { .. });
        self.since
            .extend(events.iter().filter(tools).take(MOST_SINCE.saturating_sub(self.since.len())).cloned());
        let acted = self.since.iter().any(|event| matches!(event, Event::ToolFinished { .. }));
        if !acted || Instant::now() < self.next_look {
            return None;
        }
        let (mut glance, workspace, begun) =
            (std::mem::take(&mut self.glance), self.workspace.clone(), Instant::now());
        let looked = tokio::task::spawn_blocking(move || {
            let seen = glance.look(&workspace);
            (glance, seen)
        });
        let (glance, seen) = looked.await.ok()?;
        self.glance = glance;
        self.next_look = Instant::now() + EVERY.max(begun.elapsed() * SHARE);
        watch.see(&std::mem::take(&mut self.since), seen.map(|seen| seen.tree), clock::now())
    }
}

impl Drive {
    pub(super) fn noticing(&self, workspace: &Workspace) -> Noticing {
        let task = &self.work.task;
        let changes = !matches!(task.asked.nature.kind, Kind::Planning | Kind::Research | Kind::Review);
        // A script that asks once has a person or a clock of its own.
        let thresholds = self.project.stuck.filter(|_| !task.asked.once);
        Noticing {
            watch: thresholds.map(|thresholds| Watch::new(thresholds, changes)),
            workspace: workspace.clone(),
            glance: Glance::default(),
            next_look: Instant::now(),
            heard: Instant::now(),
            told_silence: false,
            since: Vec::new(),
        }
    }

    /// Writes what was seen; whether the run is to be ended for it.
    pub(super) async fn note_stuck(&mut self, seen: Seen) -> Result<bool, Broken> {
        let ends = seen.pattern != stuck::Pattern::Silent;
        self.tell(vec![RunCommand::Stuck(seen)], None).await?;
        Ok(ends)
    }

    /// Notes that nothing was said for long.
    pub(super) async fn note_silence(&mut self, noticing: &mut Noticing) -> Result<(), Broken> {
        if let Some(seen) = noticing.silence() {
            self.note_stuck(seen).await?;
        }
        Ok(())
    }

    /// The end of a run that was stopped because it seemed stuck: it was told before, so another agent goes on where
    /// there is one. Everything else the task's life decides.
    pub(super) fn stuck_end(&self, summary: Option<String>) -> End {
        let known = &self.work.task.stuck;
        let reason = known.now.as_ref().map(|what| format!("it seemed stuck: {what}"));
        let elsewhere =
            known.times > 1 && known.times <= stuck::MOST_TIMES && !self.project.fallback.is_empty();
        let outcome = if elsewhere { Outcome::Failed } else { Outcome::Stopped };
        End { summary, ..self.end(outcome, reason, elsewhere) }
    }
}
