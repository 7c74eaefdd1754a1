//! A run in which a person works: the agent's own interactive UI, on a terminal of its own, in the same workspace
//! and sandbox. Whoever sits before it (`sidekick takeover`) talks to the job's shim; the engine only waits for
//! the end, and what was done is collected as after any run.

use std::path::Path;
use std::time::Duration;

use agents::{Assignment, Driver};
use domain::work::{End, RunCommand};
use domain::{Event, Outcome, Stage};
use runner::{Exit, Found, Limits, Reason, Stdout, job};
use workspace::Workspace;

use super::jobs::found;
use super::{Broken, Drive};

/// How long a person may take, whether they are there or not.
const LONGEST: Duration = Duration::from_hours(24);

impl Drive {
    /// Lets a person work; how they ended it.
    pub(super) async fn by_hand(
        &mut self,
        workspace: &Workspace,
        driver: &dyn Driver,
        assignment: &Assignment,
        dir: &Path,
    ) -> Result<End, Broken> {
        let launch = driver.interactive(assignment).ok_or_else(|| Broken::Failed {
            reason: format!("`{}` has no interactive UI that a person could take over", driver.name()),
            retryable: false,
        })?;
        if found(dir)? == Found::NotStarted {
            let named = assignment.resume.is_none() && launch.args.contains(&assignment.new_session);
            let mut spec = self.launch_spec(workspace, driver, launch)?;
            spec.stdout = Stdout::Terminal;
            spec.env.extend([
                ("TERM".to_owned(), "xterm-256color".to_owned()),
                ("COLORTERM".to_owned(), "truecolor".to_owned()),
            ]);
            // A person thinks without a word.
            let total_ms = u64::try_from(LONGEST.as_millis()).unwrap_or(u64::MAX);
            spec.limits = Limits { total_ms, silent_ms: 0, start_ms: 0, ..spec.limits };
            job::launch(&self.context.options.own, dir, &spec, b"")?;
            if named {
                let session = Event::RunSession { session: assignment.new_session.clone(), model: None };
                self.tell(vec![RunCommand::Tell(session)], None).await?;
            }
        }
        // Told only now: who waits for it finds a job to talk to.
        self.enter(Stage::Agent).await?;
        match self.watch(dir).await? {
            Some(done) => Ok(self.handed_back(&done.exit)),
            None => Ok(self.lost()),
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
