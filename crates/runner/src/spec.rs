//! What a job is, and how it ended: the files between the daemon and its shims.
//!
//! A daemon may meet shims of an older version after an upgrade: fields are only added, with defaults.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The version of these files.
pub const PROTOCOL: u32 = 1;

/// What to run, and how it is contained. `Debug` leaves the environment out: it may hold secrets.
#[derive(Clone, Serialize, Deserialize)]
pub struct JobSpec {
    /// [`PROTOCOL`] of whoever wrote it.
    pub protocol: u32,
    /// Program and arguments, as the job sees them.
    pub argv: Vec<String>,
    /// The whole environment; nothing else is inherited.
    pub env: BTreeMap<String, String>,
    /// The directory it starts in, as the job sees it.
    pub cwd: PathBuf,
    /// Where its standard output goes.
    pub stdout: Stdout,
    /// How it is contained.
    pub isolation: Isolation,
    /// Its bounds.
    pub limits: Limits,
    /// What its service alone may know; handed to the shim by a pipe and never written down.
    #[serde(skip)]
    pub secret: Vec<u8>,
}

impl JobSpec {
    /// Whether a port of it leads to the shim's service.
    pub fn has_service(&self) -> bool {
        let Isolation::Sandbox(sandbox) = &self.isolation else { return false };
        sandbox.network.forwards.iter().any(|forward| matches!(forward, Forward::Service { .. }))
    }
}

impl std::fmt::Debug for JobSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobSpec").field("argv", &self.argv).field("cwd", &self.cwd).finish_non_exhaustive()
    }
}

/// Where a job's standard output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stdout {
    /// To the spool, as frames.
    Spool,
    /// Raw to a file of the job's directory, [`crate::job::output`], up to the output limit.
    File,
    /// A terminal of its own, which is its standard input and error, too: what it shows goes to the spool, what is
    /// typed comes by [`crate::Typing`].
    Terminal,
}

/// How a job is contained.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Isolation {
    /// By bubblewrap.
    Sandbox(Box<Sandbox>),
    /// Not at all.
    None,
}

/// What is inside a sandbox, besides a read-only system, private `/tmp`, `/proc` and `/dev`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sandbox {
    /// The tree it works on.
    pub workspace: Mount,
    /// A directory of the host that is its home, `/home/agent`, writable.
    pub home: Option<PathBuf>,
    /// Host paths it may read, and where.
    pub read_only: Vec<(PathBuf, PathBuf)>,
    /// Host paths it may write, and where.
    pub writable: Vec<(PathBuf, PathBuf)>,
    /// What it may reach.
    pub network: Network,
}

/// The tree a job works on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Mount {
    /// A read-only tree below, the run's own layer above.
    Overlay {
        /// The tree below.
        lower: PathBuf,
        /// What the run changes.
        upper: PathBuf,
        /// The kernel's scratch directory, on the same file system as `upper`.
        work: PathBuf,
        /// Where it is inside.
        at: PathBuf,
    },
    /// A directory of its own.
    Bind {
        /// On the host.
        host: PathBuf,
        /// Inside.
        at: PathBuf,
    },
    /// None.
    None,
}

/// What a job may reach.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Network {
    /// Hosts, as `name`, `*.name` or `name:port`, reached through the proxy. Port 443 when none is said.
    pub allow: Vec<String>,
    /// Ports of the job's loopback that lead out to something of the host.
    pub forwards: Vec<Forward>,
}

/// A port of the job's loopback, and where it leads. Written as a bare number where both ports are the same,
/// as it was when there was nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Forward {
    /// To the same port of the host's loopback.
    Loopback(u16),
    /// To a socket of the host's file system, which the job itself can neither see nor speak to.
    Socket {
        /// The port inside.
        port: u16,
        /// The socket outside, absolute.
        socket: PathBuf,
    },
    /// To the service that whoever plays the shim brings along.
    Service {
        /// The port inside.
        port: u16,
        /// What that service is told.
        service: serde_json::Value,
    },
}

impl Forward {
    /// The port inside.
    pub fn port(&self) -> u16 {
        match self {
            Self::Loopback(port) | Self::Socket { port, .. } | Self::Service { port, .. } => *port,
        }
    }
}

/// Bounds of a job. Zero means no bound of that kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Milliseconds in all.
    pub total_ms: u64,
    /// Milliseconds without a byte of output.
    pub silent_ms: u64,
    /// Milliseconds to the first byte of output.
    pub start_ms: u64,
    /// Bytes of output.
    pub output_bytes: u64,
    /// Bytes of memory of all its processes; where the machine lets us.
    pub memory_bytes: u64,
    /// Processes and threads.
    pub processes: u64,
    /// Bytes its writable directories may grow to.
    pub disk_bytes: u64,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Milliseconds between asking it to end and ending it.
    pub grace_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total_ms: 4 * 3_600_000,
            silent_ms: 30 * 60_000,
            start_ms: 5 * 60_000,
            output_bytes: 256 << 20,
            memory_bytes: 8 << 30,
            processes: 4096,
            disk_bytes: 10 << 30,
            file_bytes: 4 << 30,
            grace_ms: 2_000,
        }
    }
}

/// Why a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// By itself.
    Exited,
    /// It was asked to.
    Stopped,
    /// [`Limits::total_ms`].
    TimeoutTotal,
    /// [`Limits::silent_ms`].
    TimeoutSilent,
    /// [`Limits::start_ms`].
    TimeoutStart,
    /// [`Limits::output_bytes`].
    OutputLimit,
    /// [`Limits::disk_bytes`].
    DiskLimit,
    /// [`Limits::memory_bytes`].
    MemoryLimit,
    /// It could not be started as asked, so it was not started.
    SetupFailed,
}

/// How a job ended: `exit.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The exit code, when it exited.
    pub code: Option<i32>,
    /// The signal, when one ended it.
    pub signal: Option<i32>,
    /// Why.
    pub reason: Reason,
    /// One sentence, where the reason needs one.
    pub detail: Option<String>,
    /// Unix milliseconds.
    pub started_at_ms: i64,
    /// Unix milliseconds.
    pub ended_at_ms: i64,
    /// Bytes it said.
    pub output_bytes: u64,
}

impl Exit {
    /// Whether it ended by itself with 0.
    pub fn is_success(&self) -> bool {
        self.reason == Reason::Exited && self.code == Some(0)
    }
}

/// Writes a file so that whoever reads it finds it whole or not at all, whoever is killed. Not for what
/// must outlive a power failure: what it is about does not outlive one either.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let next = path.with_extension("new");
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
    file.write_all(bytes)?;
    fs::rename(&next, path)
}

/// As [`write_whole`], and on disk when this returns.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let next = path.with_extension("new");
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&next, path)?;
    if let Some(dir) = path.parent() {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}

/// Reads a JSON file; `None` when it is not there.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwards_of_older_specs_are_read() {
        let network: Network = serde_json::from_str(r#"{"allow":[],"forwards":[8080]}"#).unwrap();
        assert_eq!(network.forwards, [Forward::Loopback(8080)]);
        let written = serde_json::to_string(&network).unwrap();
        assert_eq!(written, r#"{"allow":[],"forwards":[8080]}"#, "and an older shim reads ours");
        let socket = Forward::Socket { port: 3129, socket: "/srv/x.sock".into() };
        let text = serde_json::to_string(&socket).unwrap();
        assert_eq!(serde_json::from_str::<Forward>(&text).unwrap(), socket);
    }
}
