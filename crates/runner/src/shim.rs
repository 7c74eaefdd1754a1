//! The shim: the small process that owns a job. One thread for its whole life, because the kernel ties
//! `die with parent` to the thread that started the child.
//!
//! In order: take the lock, say who we are, start the child, append what it says, answer on the socket,
//! watch the limits, end everything, write `exit.json`.

mod enter;
mod listen;
mod start;
mod terminal;
mod watch;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::spec::{self, Exit, JobSpec, PROTOCOL, Reason};
use crate::{spool, tree};

pub(crate) use enter::Ready;
pub(crate) use listen::Request;

/// The longest secret of a service: what a pipe holds without a reader.
pub(crate) const MOST_SECRET: u64 = 32 * 1024;

/// Who a shim is; a pid alone may be somebody else's by now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Version of the files and of the socket's words.
    pub protocol: u32,
    /// The boot it lives in.
    pub boot_id: String,
    /// Its pid.
    pub pid: i32,
    /// When that process started, in ticks since boot.
    pub start_ticks: u64,
}

/// The files of a job.
#[derive(Clone, Debug)]
pub(crate) struct Places(pub(crate) PathBuf);

impl Places {
    pub(crate) fn spec(&self) -> PathBuf {
        self.0.join("spec.json")
    }
    /// What the job reads; there before its shim is.
    pub(crate) fn input(&self) -> PathBuf {
        self.0.join("input")
    }
    /// What it says, when that does not go to the spool.
    pub(crate) fn output(&self) -> PathBuf {
        self.0.join("output")
    }
    /// The control groups it made, a line each.
    pub(crate) fn groups(&self) -> PathBuf {
        self.0.join("groups")
    }
    pub(crate) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }
    pub(crate) fn closed(&self) -> PathBuf {
        self.0.join("closed")
    }
    pub(crate) fn identity(&self) -> PathBuf {
        self.0.join("shim.json")
    }
    pub(crate) fn spool(&self) -> PathBuf {
        self.0.join("spool")
    }
    pub(crate) fn socket(&self) -> PathBuf {
        self.0.join("sock")
    }
    pub(crate) fn exit(&self) -> PathBuf {
        self.0.join("exit.json")
    }
    /// Where the overlay is mounted, in the job's own mount namespace only.
    pub(crate) fn tree(&self) -> PathBuf {
        self.0.join("tree")
    }
}

/// A service on a port of the job, played by the shim: it gets its listener, what it is told, what it alone may
/// know, and where its notes go. It ends with the job; each of its connections holds a sender until it is over.
pub type Service =
    fn(TcpListener, serde_json::Value, Vec<u8>, mpsc::Sender<String>) -> Pin<Box<dyn Future<Output = ()>>>;

/// The role `sidekick shim DIR`, with the service that jobs may ask for.
pub fn main(dir: Option<OsString>, service: Option<Service>) -> ExitCode {
    let Some(dir) = dir else { return ExitCode::from(2) };
    match run(&Places(PathBuf::from(dir)), service) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The role `sidekick shim-enter DIR`: becomes the job, inside its namespaces.
pub fn enter_main(dir: Option<OsString>) -> ExitCode {
    let Some(dir) = dir else { return ExitCode::from(2) };
    enter::main(&Places(PathBuf::from(dir)))
}

fn run(places: &Places, service: Option<Service>) -> std::io::Result<()> {
    // Our own session: signals to the daemon's terminal or group do not reach us.
    rustix::process::setsid().ok();
    let lock = File::options().create(true).append(true).open(places.lock())?;
    if !take(&lock) || places.closed().exists() || places.exit().exists() {
        // Another shim has the job, or a daemon that came back has given it up.
        return Ok(());
    }
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let pid = rustix::process::getpid().as_raw_pid();
    let identity = Identity {
        protocol: PROTOCOL,
        boot_id: tree::boot_id(),
        pid,
        start_ticks: tree::start_ticks(pid).unwrap_or(0),
    };
    spec::write_whole(&places.identity(), &serde_json::to_vec(&identity)?)?;
    let spec: Option<JobSpec> = spec::read_json(&places.spec())?;
    let mut spec = spec.ok_or_else(|| std::io::Error::other("no spec.json"))?;
    if spec.has_service() {
        std::io::stdin().lock().take(MOST_SECRET).read_to_end(&mut spec.secret)?;
    }
    let started_at_ms = unix_ms();
    let spool = spool::Writer::open(&places.spool())?;

    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(4).build()?;
    let mut ended = runtime.block_on(watch::supervise(places, &spec, spool, service));
    // Nothing of the job may live once its exit is written.
    if tree::end_all(Duration::from_secs(5)) > 0 {
        ended.detail = Some("some of its processes could not be ended".into());
    }
    drop(runtime);
    fs::remove_file(places.socket()).ok();
    let exit = Exit {
        code: ended.code,
        signal: ended.signal,
        reason: ended.reason,
        detail: ended.detail,
        started_at_ms,
        ended_at_ms: unix_ms(),
        output_bytes: ended.output_bytes,
    };
    spec::write_durably(&places.exit(), &serde_json::to_vec(&exit)?)
}

/// Takes the lock. Who looks whether it is held holds it for an instant, which is not another shim.
fn take(lock: &File) -> bool {
    let deadline = std::time::Instant::now() + Duration::from_secs(2);
    while flock(lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        if std::time::Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    true
}

/// What supervision came to.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) reason: Reason,
    pub(crate) detail: Option<String>,
    pub(crate) output_bytes: u64,
}

#[expect(clippy::disallowed_methods, reason = "stamps what a job said; decisions use the monotonic clock")]
pub(crate) fn unix_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Runs a harmless job the way every sandboxed job runs and looks whether it is contained. Returns
/// whether overlays work.
pub(crate) fn trial(own: &Path, scratch: &Path) -> Result<bool, String> {
    let overlay = trial_with(own, &scratch.join("overlay"), true);
    match overlay {
        Ok(()) => Ok(true),
        Err(_) => trial_with(own, &scratch.join("bind"), false).map(|()| false),
    }
}

fn trial_with(own: &Path, dir: &Path, overlay: bool) -> Result<(), String> {
    use crate::spec::{Isolation, Limits, Mount, Network, Sandbox, Stdout};
    let text = |error: std::io::Error| error.to_string();
    fs::remove_dir_all(dir).ok();
    let [job, lower, upper, work] = ["job", "lower", "upper", "work"].map(|name| dir.join(name));
    for path in [&job, &lower, &upper, &work] {
        fs::create_dir_all(path).map_err(text)?;
    }
    fs::write(lower.join("below"), "").map_err(text)?;
    let at = PathBuf::from("/workspace");
    let workspace = if overlay {
        Mount::Overlay { lower, upper: upper.clone(), work, at: at.clone() }
    } else {
        Mount::Bind { host: lower, at: at.clone() }
    };
    // Writes its own tree, sees nothing of ours, has no way out but loopback.
    let script = format!(
        "set -e; test -e below; echo x >above; test ! -e '{}'; test ! -e /root/.; \
         test \"$(grep -c : /proc/net/dev)\" = 1; test ! -s /proc/net/route || test \"$(wc -l </proc/net/route)\" = 1",
        dir.display()
    );
    let spec = JobSpec {
        protocol: PROTOCOL,
        argv: ["/bin/sh", "-c", &script].map(String::from).to_vec(),
        env: [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into(),
        cwd: at,
        stdout: Stdout::Spool,
        isolation: Isolation::Sandbox(Box::new(Sandbox {
            workspace,
            home: None,
            read_only: Vec::new(),
            writable: Vec::new(),
            network: Network::default(),
        })),
        limits: Limits { total_ms: 10_000, ..Limits::default() },
        secret: Vec::new(),
    };
    let exit = crate::job::run_blocking(own, &job, &spec).map_err(|error| error.to_string())?;
    let said = spool::read(&job.join("spool"), 0, 4096).map(|(frames, _)| frames).unwrap_or_default();
    fs::remove_dir_all(dir).ok();
    if exit.is_success() {
        return Ok(());
    }
    let said: Vec<_> =
        said.iter().map(|frame| String::from_utf8_lossy(&frame.payload).into_owned()).collect();
    Err(exit.detail.unwrap_or_else(|| said.concat()).trim().to_owned())
}
