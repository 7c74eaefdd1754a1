//! Jobs of a run: what contains them, and running one that is not the agent to its end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::Isolation;
use runner::spec::PROTOCOL;
use runner::spool::Kind;
use runner::{Exit, Follower, Found, JobSpec, Limits, Mount, Network, Piece, Sandbox, Stdout, job};
use workspace::Workspace;

use super::{Broken, Drive, asked_to_stop};

/// What is kept of a job's output besides its spool.
const TAIL: usize = 16 * 1024;
/// Times a job that is not the agent is started anew after it was lost.
const MOST_STARTS: u32 = 3;
/// How long a job that is asked to stop may take.
pub(super) const GRACE: Duration = Duration::from_millis(300);

/// A job that ended.
pub(super) struct Done {
    pub(super) exit: Exit,
    /// The end of what it said.
    pub(super) tail: String,
    /// Its directory.
    pub(super) dir: PathBuf,
}

impl Drive {
    /// A shell command of the project, in the workspace.
    pub(super) fn shell_job(&self, workspace: &Workspace, command: &str) -> JobSpec {
        let argv = ["/bin/sh", "-c", command].map(String::from).to_vec();
        let network = Network { allow: self.project.network.clone(), forwards: Vec::new() };
        self.spec(workspace, argv, BTreeMap::new(), Vec::new(), network)
    }

    /// A job in the run's workspace, contained as the run is.
    pub(super) fn spec(
        &self,
        workspace: &Workspace,
        argv: Vec<String>,
        env: BTreeMap<String, String>,
        read_only: Vec<(PathBuf, PathBuf)>,
        network: Network,
    ) -> JobSpec {
        let isolation = self.work.run.as_ref().map_or(Isolation::Sandbox, |run| run.isolation);
        let tree = self.tree(workspace);
        let (home, isolation) = match isolation {
            Isolation::None => (workspace.home(), runner::Isolation::None),
            Isolation::Sandbox => {
                let at = tree.clone();
                let mount = match workspace.kind {
                    workspace::Kind::Overlay => Mount::Overlay {
                        lower: workspace.lower.clone(),
                        upper: workspace.upper(),
                        work: workspace.work(),
                        at,
                    },
                    workspace::Kind::Copy => Mount::Bind { host: workspace.upper(), at },
                };
                let mut mounts = vec![(workspace.objects.clone(), PathBuf::from(workspace::OBJECTS))];
                mounts.extend(read_only);
                let sandbox = Sandbox {
                    workspace: mount,
                    home: Some(workspace.home()),
                    read_only: mounts,
                    writable: Vec::new(),
                    network,
                };
                (PathBuf::from(runner::sandbox::HOME), runner::Isolation::Sandbox(Box::new(sandbox)))
            }
        };
        let limits = Limits {
            total_ms: u64::try_from(self.project.timeout.as_millis()).unwrap_or(u64::MAX),
            ..self.context.options().limits.clone()
        };
        let mut variables = self.variables(&home, &isolation);
        variables.extend(env);
        JobSpec {
            protocol: PROTOCOL,
            argv,
            env: variables,
            cwd: tree,
            stdout: Stdout::Spool,
            isolation,
            limits,
            secret: Vec::new(),
        }
    }

    /// The variables every job has.
    fn variables(&self, home: &Path, isolation: &runner::Isolation) -> BTreeMap<String, String> {
        let sandboxed = matches!(isolation, runner::Isolation::Sandbox(_));
        let path = if sandboxed {
            "/usr/local/bin:/usr/bin:/bin".to_owned()
        } else {
            self.context.options().path.clone()
        };
        let mut variables: BTreeMap<String, String> = [
            ("PATH", path),
            ("HOME", home.display().to_string()),
            ("USER", "agent".into()),
            ("LANG", "C.UTF-8".into()),
            ("TERM", "dumb".into()),
            ("SIDEKICK_TASK", self.work.task.id.to_string()),
            ("SIDEKICK_RUN", self.id.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        if sandboxed {
            let proxy = format!("http://127.0.0.1:{}", runner::sandbox::PROXY_PORT);
            for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
                variables.insert(name.into(), proxy.clone());
            }
            for name in ["NO_PROXY", "no_proxy"] {
                variables.insert(name.into(), "127.0.0.1,localhost".into());
            }
        }
        variables
    }

    /// Runs a job that may be run again to its end; one that ended before a restart is not. `None` when
    /// it was lost too often.
    pub(super) async fn run_job(
        &mut self,
        name: &str,
        spec: &JobSpec,
        input: &[u8],
    ) -> Result<Option<Done>, Broken> {
        for n in 0..MOST_STARTS {
            let dir = self.dir().join(if n == 0 { name.to_owned() } else { format!("{name}.{n}") });
            match found(&dir)? {
                Found::NotStarted => job::launch(&self.context.options().own, &dir, spec, input)?,
                Found::Lost => continue,
                Found::Finished(_) | Found::Alive(_) => {}
            }
            if let Some(done) = self.watch(&dir).await? {
                return Ok(Some(done));
            }
        }
        Ok(None)
    }

    /// Follows a job to its end; `None` when it is lost.
    pub(super) async fn watch(&mut self, dir: &Path) -> Result<Option<Done>, Broken> {
        let mut follower = Follower::open(dir, 0);
        let mut tail: Vec<u8> = Vec::new();
        let mut stop = self.stop.clone();
        let mut asked = false;
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
                Piece::Frames(frames, _) => {
                    for frame in frames.iter().filter(|frame| frame.kind != Kind::Note) {
                        tail.extend_from_slice(&frame.payload);
                    }
                    let extra = tail.len().saturating_sub(TAIL);
                    tail.drain(..extra);
                }
                Piece::Ended(exit) => {
                    let mut tail = String::from_utf8_lossy(&tail).into_owned();
                    if let Some(detail) = &exit.detail {
                        tail += &format!("\n[{detail}]");
                    }
                    return Ok(Some(Done { exit, tail, dir: dir.to_owned() }));
                }
                Piece::Lost => return Ok(None),
            }
        }
    }
}

/// What became of a job. The place of one that never started is free again.
pub(super) fn found(dir: &Path) -> Result<Found, Broken> {
    if !dir.exists() {
        return Ok(Found::NotStarted);
    }
    let found = job::find(dir)?;
    if found == Found::NotStarted {
        std::fs::remove_dir_all(dir).map_err(|error| Broken::Failed {
            reason: format!("{}: {error}", dir.display()),
            retryable: true,
        })?;
    }
    Ok(found)
}
