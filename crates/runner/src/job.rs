//! Jobs as the daemon sees them: launch and forget, find again, follow, stop.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout};

use crate::shim::{Identity, MOST_SECRET, Places, Request};
use crate::spec::{self, Exit, JobSpec};
use crate::spool::{self, Frame};
use crate::{cgroup, tree};

/// The most bytes one piece has, about.
pub const MOST_PIECE: usize = 256 * 1024;
/// When the socket tells nothing, how often the files are looked at.
const FALLBACK: Duration = Duration::from_millis(500);
/// How long a shim may take from its start to its lock.
const SHIM_START: Duration = Duration::from_secs(10);

/// What can go wrong. The messages are for people.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the job cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The shim's program cannot be started.
    #[error("the supervisor {} cannot be started: {source}", path.display())]
    Start {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is still there after it was told to end.
    #[error("the job in {} did not end in time", .0.display())]
    WontEnd(PathBuf),
}

/// What is found of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It ended, and how is known.
    Finished(Exit),
    /// Its shim lives.
    Alive(Identity),
    /// Its shim is gone without a word, and all its processes are.
    Lost,
    /// It never started, and now never will.
    NotStarted,
}

/// What a follower got.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Frames, and the offset after them.
    Frames(Vec<Frame>, u64),
    /// All was read, and it ended so.
    Ended(Exit),
    /// All was read, and its shim is gone without a word.
    Lost,
}

/// Writes the job's files and starts its shim, which nothing of ours waits for. The job reads `input`;
/// nobody writes it again, so that a job found alive later has read what it was given.
pub fn launch(own: &Path, dir: &Path, spec: &JobSpec, input: &[u8]) -> Result<(), Error> {
    let mut shim = start_shim(own, dir, spec, input)?;
    // Collected when it ends, so that it is no zombie while this process lives; the shim does not care.
    std::thread::Builder::new()
        .name("shim-reaper".into())
        .stack_size(64 * 1024)
        .spawn(move || shim.wait())
        .map(drop)
        .map_err(|source| Error::Start { path: own.to_owned(), source })
}

/// Runs a short job to its end without a runtime; for probes.
pub(crate) fn run_blocking(own: &Path, dir: &Path, spec: &JobSpec) -> Result<Exit, Error> {
    let file = |source| Error::File { path: dir.to_owned(), source };
    start_shim(own, dir, spec, b"")?.wait().map_err(file)?;
    let exit = spec::read_json(&Places(dir.to_owned()).exit()).map_err(file)?;
    exit.ok_or_else(|| file(io::Error::other("the supervisor ended without a word")))
}

fn start_shim(own: &Path, dir: &Path, spec: &JobSpec, input: &[u8]) -> Result<Child, Error> {
    let file = |source| Error::File { path: dir.to_owned(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(file)?;
    let mut spec = spec.clone();
    spec.env.insert(tree::TAG.into(), tree::tag(dir));
    if spec.secret.len() as u64 > MOST_SECRET {
        return Err(file(io::Error::other("the secret of its service is too long")));
    }
    let text = serde_json::to_vec(&spec).map_err(io::Error::other).map_err(file)?;
    let places = Places(dir.to_owned());
    spec::write_whole(&places.input(), input).map_err(file)?;
    spec::write_whole(&places.spec(), &text).map_err(file)?;
    let mut command = shim_command(own, dir);
    if spec.has_service() {
        command.stdin(Stdio::piped());
    }
    let mut shim = command.spawn().map_err(|source| Error::Start { path: own.to_owned(), source })?;
    if let Some(mut pipe) = shim.stdin.take() {
        pipe.write_all(&spec.secret).map_err(file)?;
    }
    Ok(shim)
}

#[expect(clippy::disallowed_methods, reason = "this is the runner: shims are started here")]
fn shim_command(own: &Path, dir: &Path) -> Command {
    let mut command = Command::new(own);
    command.arg("shim").arg(dir).env_clear().current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The raw output of a job that asked for [`spec::Stdout::File`]; whole once the job is finished.
pub fn output(dir: &Path) -> PathBuf {
    Places(dir.to_owned()).output()
}

/// What became of a job. A shim that was started but has not taken its lock yet is kept from starting
/// anything: after `NotStarted` or `Lost` the job's directory is closed for good.
pub fn find(dir: &Path) -> Result<Found, Error> {
    let places = Places(dir.to_owned());
    let file = |path: PathBuf| move |source| Error::File { path, source };
    let lock = match File::options().create(true).append(true).open(places.lock()) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::NotStarted),
        Err(source) => return Err(Error::File { path: places.lock(), source }),
    };
    let deadline = std::time::Instant::now() + SHIM_START;
    while flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        // Held: by a living shim, which says who it is right after taking it, or by somebody who looks.
        let identity = spec::read_json(&places.identity()).map_err(file(places.identity()))?;
        if let Some(identity) = identity {
            return Ok(Found::Alive(identity));
        }
        if std::time::Instant::now() > deadline {
            return Err(Error::WontEnd(dir.to_owned()));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    if let Some(exit) = spec::read_json(&places.exit()).map_err(file(places.exit()))? {
        return Ok(Found::Finished(exit));
    }
    spec::write_whole(&places.closed(), b"").map_err(file(places.closed()))?;
    let identity: Option<Identity> = spec::read_json(&places.identity()).map_err(file(places.identity()))?;
    // A shim takes its job with it, but for the instant in which a sandbox is being born.
    if identity.is_some() && tree::end_tagged(&tree::tag(dir), Duration::from_secs(5)) > 0 {
        return Err(Error::WontEnd(dir.to_owned()));
    }
    cgroup::end_noted(&places.groups());
    Ok(if identity.is_some() { Found::Lost } else { Found::NotStarted })
}

/// Asks a job to end and returns when it has: nothing of it is alive then. Idempotent.
pub async fn stop(dir: &Path, grace: Duration, reason: &str) -> Result<(), Error> {
    let deadline = Instant::now() + grace + Duration::from_secs(10);
    let mut asked = false;
    while Instant::now() < deadline {
        if !is_held(dir) {
            // Either it ended, or it has not started and from now on cannot.
            return find(dir).map(drop);
        }
        if !asked {
            let request = Request::Stop {
                grace_ms: u64::try_from(grace.as_millis()).unwrap_or(u64::MAX),
                reason: reason.to_owned(),
            };
            // Not listening yet is no error: it is asked again.
            asked = ask(dir, &request).await.is_ok();
        }
        sleep(Duration::from_millis(5)).await;
    }
    Err(Error::WontEnd(dir.to_owned()))
}

fn is_held(dir: &Path) -> bool {
    File::open(dir.join("lock"))
        .is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err())
}

pub(crate) async fn connect(dir: &Path) -> io::Result<UnixStream> {
    // Through a descriptor, because a socket's name is short and a data directory's may not be.
    let opened = File::open(dir)?;
    UnixStream::connect(format!("/proc/self/fd/{}/sock", opened.as_raw_fd())).await
}

async fn ask(dir: &Path, request: &Request) -> io::Result<()> {
    let mut stream = connect(dir).await?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut lines = BufReader::new(stream).lines();
    // The greeting, then the answer.
    for _ in 0..2 {
        timeout(Duration::from_secs(5), lines.next_line()).await??;
    }
    Ok(())
}

/// Reads a job's spool from an offset as it grows.
#[derive(Debug)]
pub struct Follower {
    places: Places,
    offset: u64,
    socket: Option<BufReader<UnixStream>>,
    since: Instant,
}

impl Follower {
    /// A follower that has read up to `offset`.
    pub fn open(dir: &Path, offset: u64) -> Self {
        Self { places: Places(dir.to_owned()), offset, socket: None, since: Instant::now() }
    }

    /// A follower that has read all there is by now, and the last of it: whole frames of at most `most` bytes.
    pub fn after_the_last(dir: &Path, most: usize) -> Result<(Self, Vec<Frame>), Error> {
        let mut follower = Self::open(dir, 0);
        let (mut last, mut held) = (VecDeque::new(), 0);
        loop {
            let read = spool::read(&follower.places.spool(), follower.offset, MOST_PIECE);
            let (frames, next) = follower.read(read)?;
            if frames.is_empty() {
                return Ok((follower, last.into()));
            }
            follower.offset = next;
            for frame in frames {
                held += frame.payload.len();
                last.push_back(frame);
            }
            while held > most {
                held -= last.pop_front().map_or(held, |frame| frame.payload.len());
            }
        }
    }

    /// The next piece; waits for one. Safe to drop while waiting.
    pub async fn next(&mut self) -> Result<Piece, Error> {
        loop {
            // Looked at before reading: what was said before the end is then read before it is told.
            let exit: Option<Exit> = self.read(spec::read_json(&self.places.exit()))?;
            let held = is_held(&self.places.0);
            let (frames, next) = self.read(spool::read(&self.places.spool(), self.offset, MOST_PIECE))?;
            if !frames.is_empty() {
                self.offset = next;
                return Ok(Piece::Frames(frames, next));
            }
            if let Some(exit) = exit {
                return Ok(Piece::Ended(exit));
            }
            let started = self.places.identity().exists() || self.since.elapsed() > SHIM_START;
            if !held && started {
                // It may have ended between the two looks.
                match find(&self.places.0)? {
                    Found::Finished(_) => continue,
                    Found::Alive(_) => {}
                    Found::Lost | Found::NotStarted => return Ok(Piece::Lost),
                }
            }
            self.wait(started).await;
        }
    }

    fn read<T>(&self, result: io::Result<T>) -> Result<T, Error> {
        result.map_err(|source| Error::File { path: self.places.0.clone(), source })
    }

    /// Until the shim says something, is gone, or a while has passed.
    async fn wait(&mut self, started: bool) {
        if self.socket.is_none()
            && let Ok(mut stream) = connect(&self.places.0).await
            && stream.write_all(b"{\"op\":\"follow\"}\n").await.is_ok()
        {
            self.socket = Some(BufReader::new(stream));
        }
        let Some(socket) = &mut self.socket else {
            // Only while the shim starts or ends.
            sleep(if started { FALLBACK.min(Duration::from_millis(5)) } else { Duration::from_millis(1) })
                .await;
            return;
        };
        // What is said does not matter, only that something is: the files are the truth.
        match timeout(FALLBACK, socket.fill_buf()).await {
            Ok(Ok(bytes)) if !bytes.is_empty() => {
                let n = bytes.len();
                socket.consume(n);
            }
            Ok(_) => self.socket = None,
            Err(_) => {}
        }
    }
}

/// Starts a server of the person's own on this machine, as they would by hand: with their `PATH`, in a session
/// of its own, its words in a file. It outlives us; whoever started it may look whether it ended.
#[expect(clippy::disallowed_methods, reason = "this is the runner; starts what the person configured")]
pub fn start_server(command: &str, path: &str, log: &Path) -> io::Result<Child> {
    if let Some(dir) = log.parent() {
        fs::create_dir_all(dir)?;
    }
    let log = File::create(log)?;
    // The shell becomes the server, so that its end is seen.
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("exec setsid -w {command}")]);
    shell.env("PATH", path).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    shell.spawn()
}

/// Runs a program of the person's with their terminal, to its end.
pub fn attached(
    program: &str,
    words: &[String],
    env: &BTreeMap<String, PathBuf>,
    dir: &Path,
) -> io::Result<ExitStatus> {
    plain(program, env, dir).args(words).status()
}

/// What a program says that ends by itself at once.
pub fn asked(
    program: &str,
    words: &[&str],
    env: &BTreeMap<String, PathBuf>,
    dir: &Path,
) -> io::Result<String> {
    let output = plain(program, env, dir).args(words).stdin(Stdio::null()).output()?;
    let said = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&said).into_owned())
}

#[expect(clippy::disallowed_methods, reason = "this is the runner; starts a program for the command line")]
fn plain(program: &str, env: &BTreeMap<String, PathBuf>, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(env).current_dir(dir);
    command
}

/// What a program says of its version; `None` when it says nothing in time.
#[expect(clippy::disallowed_methods, reason = "this is the runner; asks a program for its version")]
pub fn version_of(program: &Path, within: Duration) -> Option<String> {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let deadline = std::time::Instant::now() + within;
    while child.try_wait().ok()?.is_none() {
        if std::time::Instant::now() > deadline {
            child.kill().ok();
            child.wait().ok();
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.chars().take(80).collect())
}
