//! Coverage reports of checks: they are written by the check itself, fetched without following a link, and read by
//! `domain::coverage`. One that was there before the check is removed first, so that nobody gains by bringing one along.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use domain::coverage::Reported;
use domain::coverage::reading::{self, MOST_BYTES, Place};
use domain::project::Check;
use domain::supervise::Change;
use runner::JobSpec;
use workspace::{Workspace, files};

use super::jobs::Done;
use super::{Broken, Drive};
use crate::blocking;

/// How coarse the clock of a file system may be.
const TICK: Duration = Duration::from_secs(2);
/// Directories above a report in which a `go.mod` is looked for.
const MOST_ABOVE: usize = 16;
/// Bytes of a `go.mod`.
const MOST_MOD: u64 = 256 << 10;

impl Drive {
    /// A check's job. What its report would be is gone when its command begins.
    pub(super) fn check_job(&self, workspace: &Workspace, check: &Check) -> JobSpec {
        let mut spec = self.shell_job(workspace, &check.command);
        if let Some(report) = &check.coverage {
            let before = "rm -f -- \"$1\" || exit 1; exec /bin/sh -c \"$0\"";
            spec.argv = ["/bin/sh", "-c", before, &check.command, report].map(String::from).to_vec();
        }
        spec
    }

    /// What a check that ended says of the change's coverage. Of one that did not pass nothing is expected.
    pub(super) async fn reported(
        &self,
        workspace: &Workspace,
        check: &Check,
        done: Option<&Done>,
        change: Option<&Change>,
    ) -> Result<Option<Reported>, Broken> {
        let (Some(report), Some(done), Some(change)) = (&check.coverage, done, change) else {
            return Ok(None);
        };
        if !done.exit.is_success() {
            return Ok(None);
        }
        let began = Duration::from_millis(u64::try_from(done.exit.started_at_ms).unwrap_or(0));
        let began = SystemTime::UNIX_EPOCH + began;
        let isolated = self.work.run.as_ref().is_some_and(|run| run.isolation == domain::Isolation::Sandbox);
        let mut roots = vec![self.tree(workspace)];
        if !isolated {
            roots.extend(workspace.upper().canonicalize());
        }
        let roots = roots.iter().map(|root| root.display().to_string()).collect();
        let commit = self.work.task.commit.clone().unwrap_or_else(|| workspace.base.clone());
        let (context, space) = (Arc::clone(&self.context), workspace.clone());
        let (report, change) = (report.clone(), change.clone());
        let read = blocking(move || {
            let without = |reason: String| Ok(Reported::Without { reason });
            let Ok(Some(found)) = files::read_dated(&space.upper(), Path::new(&report), MOST_BYTES) else {
                return without(format!("was not written: there is no file {report}"));
            };
            if !found.whole {
                return without(format!("is larger than {} MB", MOST_BYTES >> 20));
            }
            if found.modified + TICK < began {
                return without("is older than the check: it may be about other code".into());
            }
            let files = context.workspaces.paths(&space.repo, &commit)?;
            let modules = modules(&space, &report);
            let place = Place { roots, report, files: files.into_iter().collect(), modules };
            Ok(reading::read(&found.bytes, &place, &change))
        });
        Ok(Some(read.await?))
    }
}

/// The Go modules that a report may be about.
fn modules(workspace: &Workspace, report: &str) -> Vec<(String, String)> {
    let above = Path::new(report).ancestors().skip(1).take(MOST_ABOVE);
    let found = above.filter_map(|dir| {
        let path = dir.join("go.mod");
        let read = |root: &Path| files::read(root, &path, MOST_MOD).ok().flatten();
        let text = read(&workspace.upper()).or_else(|| read(&workspace.lower))?;
        let text = String::from_utf8_lossy(&text);
        let name = text.lines().find_map(|line| line.trim().strip_prefix("module "))?;
        Some((name.trim().trim_matches('"').to_owned(), dir.to_str()?.to_owned()))
    });
    found.collect()
}
