//! A run in which a person works: the agent's own interactive UI, on a terminal of its own, in the same workspace
//! and sandbox. Whoever sits before it (`sidekick takeover`) talks to the job's shim; the engine only waits for
//! the end, and what was done is collected as after any run.

use std::path::Path;
use std::time::Duration;

use agents::{Assignment, Driver};
use domain::work::{End, RunCommand};
use domain::{Event, Outcome, Stage};
use runner::{Exit, Follower, Found, Limits, Piece, Reason, Stdout, job};
use workspace::Workspace;

use super::jobs::{GRACE, found};
use super::reading::NotesOnly;
use super::{Broken, Drive, asked_to_stop};

/// How long a person may take, whether they are there or not.
const LONGEST: Duration = Duration::from_hours(24);

impl Drive {
    /// Lets a person work; how they ended it.
    pub(super) async fn by_hand(
        &mut self,
        workspace: &Workspace,
        driver: &dyn Driver,
        assignment: Assignment,
        dir: &Path,
    ) -> Result<End, Broken> {
        if found(dir)? == Found::NotStarted {
            let budget = self.budget().await?;
            if let Some((left, until)) = budget.filter(|(left, _)| *left <= 0.0) {
                return Ok(self.spent(left, until));
            }
            self.endpoint(driver).await?;
            let (own, resumed) = (assignment.new_session.clone(), assignment.resume.is_some());
            let account = self.run()?.account.clone();
            let (mut spec, _) =
                self.agent_job((workspace, &account), driver, assignment, budget, |assignment| {
                    driver.interactive(assignment).ok_or_else(|| Broken::Failed {
                        reason: format!(
                            "`{}` has no interactive UI that a person could take over",
                            driver.name()
                        ),
                        retryable: false,
                    })
                })?;
            let named = !resumed && spec.argv.contains(&own);
            spec.stdout = Stdout::Terminal;
            spec.env.extend([
                ("TERM".to_owned(), "xterm-256color".to_owned()),
                ("COLORTERM".to_owned(), "truecolor".to_owned()),
            ]);
            // A person thinks without a word.
            let total_ms = u64::try_from(LONGEST.as_millis()).unwrap_or(u64::MAX);
            spec.limits = Limits { total_ms, silent_ms: 0, start_ms: 0, ..spec.limits };
            job::launch(&self.context.options().own, dir, &spec, b"")?;
            if named {
                let session = Event::RunSession { session: own, model: None };
                self.tell(vec![RunCommand::Tell(session)], None).await?;
            }
        }
        // Told only now: who waits for it finds a job to talk to.
        self.enter(Stage::Agent).await?;
        match self.at_the_terminal(dir).await? {
            Some(exit) => Ok(self.handed_back(&exit)),
            None => Ok(self.lost()),
        }
    }

    /// Follows the job to its end, which is the person's affair: stored is only what the gateway and the proxy note.
    /// `None` when it is lost.
    async fn at_the_terminal(&mut self, dir: &Path) -> Result<Option<Exit>, Broken> {
        let (run, mut stop) = (self.id, self.stop.clone());
        let mut told = self.context.store.read(move |tx| store::runs::read_to(tx, run, "agent")).await?;
        let (stored, mut offset, mut asked) = (told, 0, false);
        let (mut follower, mut reading) = (Follower::open(dir, 0), NotesOnly::default());
        loop {
            let piece = tokio::select! {
                piece = follower.next() => piece?,
                () = asked_to_stop(&mut stop), if !asked => {
                    asked = true;
                    job::stop(dir, GRACE, "stopped by a person").await?;
                    continue;
                }
                () = self.context.stopped() => return Err(Broken::Stopping),
            };
            match piece {
                Piece::Frames(frames, next) => {
                    let events = reading.take(&frames, &mut offset, stored);
                    // What is drawn on a terminal is much, and means nothing here.
                    if !events.is_empty() && next > told {
                        self.store_events(events, told, next).await?;
                        told = next;
                    }
                }
                Piece::Ended(exit) => return Ok(Some(exit)),
                Piece::Lost => return Ok(None),
            }
        }
    }

    fn handed_back(&self, exit: &Exit) -> End {
        let agent = self.work.run.as_ref().map_or("the agent", |run| &run.agent);
        let (outcome, reason) = match (exit.reason, exit.code) {
            (Reason::Exited, Some(0)) => (Outcome::Succeeded, None),
            (Reason::Exited, code) => {
                let how = code.map_or_else(|| "by a signal".to_owned(), |code| format!("with code {code}"));
                (Outcome::Succeeded, Some(format!("`{agent}` ended {how} under a person's hands")))
            }
            (Reason::Stopped, _) => (Outcome::Stopped, None),
            (Reason::TimeoutTotal, _) => (Outcome::TimedOut, exit.detail.clone()),
            (_, _) => (Outcome::Failed, exit.detail.clone()),
        };
        self.end(outcome, reason, false)
    }
}
