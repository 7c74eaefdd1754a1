//! Supervision: what the job says goes to the spool, its limits are watched, its end is seen.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep_until};

use super::listen::{self, Stop};
use super::start::{self, Started};
use super::terminal::{self, Typed};
use super::{Ended, Places, Service, unix_ms};
use crate::spec::{Isolation, JobSpec, Mount, Reason};
use crate::spool::{Kind, Writer};
use crate::{disk, proxy, tree};

/// After the main process has ended, how long output of what it left behind is waited for.
const AFTERGLOW: Duration = Duration::from_millis(500);
/// The most that is taken of output left in a pipe then.
const MOST_LEFT: usize = 1 << 20;
/// Bytes a pipe holds: what the kernel lets anybody ask for.
const PIPE: usize = 1 << 20;
/// How long a service may take to tell the rest.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How often the disk is looked at, at the most.
const DISK_EVERY: Duration = Duration::from_millis(500);
/// Growth of the file system's use that is worth a walk.
const DISK_STEP: u64 = 16 << 20;

pub(super) async fn supervise(
    places: &Places,
    spec: &JobSpec,
    spool: Writer,
    service: Option<Service>,
) -> Ended {
    LocalSet::new().run_until(supervise_here(places, spec, spool, service)).await
}

async fn supervise_here(places: &Places, spec: &JobSpec, spool: Writer, service: Option<Service>) -> Ended {
    let failed = |detail: String| Ended {
        code: None,
        signal: None,
        reason: Reason::SetupFailed,
        detail: Some(detail),
        output_bytes: 0,
    };
    if spec.has_service() && service.is_none() {
        return failed("it asks for a service that is not here".into());
    }
    let (stop_sender, stops) = mpsc::channel(4);
    let (grown_sender, grown) = watch::channel(spool.end);
    let listener = match listen::bind(places) {
        Ok(listener) => listener,
        Err(error) => return failed(format!("the job's socket cannot be made: {error}")),
    };
    let raw = match start::raw_output(places, spec) {
        Ok(raw) => raw,
        Err(error) => return failed(format!("the output file cannot be made: {error}")),
    };
    let Started { mut child, listeners, groups, terminal } = match start::start(places, spec) {
        Ok(started) => started,
        Err(reason) => return failed(reason),
    };
    let pipes = match ends(&mut child, terminal) {
        Ok(pipes) => pipes,
        Err(error) => return failed(format!("the job's output cannot be read: {error}")),
    };
    tokio::task::spawn_local(listen::serve(listener, stop_sender, grown, pipes.typing));
    let (notes, denied) = mpsc::channel(64);
    let (service_notes, told) = mpsc::channel(256);
    let mut playing = None;
    if let Isolation::Sandbox(sandbox) = &spec.isolation {
        let service = service.map(|play| (play, spec.secret.clone(), service_notes));
        playing = proxy::serve(listeners, &sandbox.network, notes, service);
    }
    let most = spec.limits.output_bytes;
    let mut output = Output { spool, grown: grown_sender, raw, bytes: 0, most, denied, told };
    let pid = i32::try_from(child.id()).unwrap_or(0);
    let watch = Watch::new(spec, pid);
    let mut ended = watch.run(&mut output, pipes.stdout, pipes.stderr, stops).await;
    if groups.ran_out_of_memory() && ended.reason == Reason::Exited {
        ended.reason = Reason::MemoryLimit;
        ended.detail = Some("its processes used more memory than they may".into());
    }
    // The namespace's first process goes, and the kernel ends all others in it.
    tree::signal(pid, Signal::KILL);
    groups.kill();
    if ended.code.is_none()
        && ended.signal.is_none()
        && let Ok(status) = child.wait()
    {
        (ended.code, ended.signal) = (status.code(), status.signal());
    }
    tree::end_all(Duration::from_secs(5));
    if let Some(playing) = playing {
        playing.abort();
        output.last_words().await;
    }
    output.finish();
    ended
}

/// Our ends of what the job says and reads.
struct Ends {
    stdout: Option<OwnedFd>,
    /// None of its own with a terminal.
    stderr: Option<OwnedFd>,
    typing: Option<mpsc::Sender<Typed>>,
}

fn ends(child: &mut Child, terminal: Option<OwnedFd>) -> std::io::Result<Ends> {
    let Some(terminal) = terminal else {
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        return Ok(Ends { stdout: stdout.map(Into::into), stderr: stderr.map(Into::into), typing: None });
    };
    let stdout = Some(terminal.try_clone()?);
    let (typing, typed) = mpsc::channel(64);
    tokio::task::spawn_local(terminal::serve(terminal, typed));
    Ok(Ends { stdout, stderr: None, typing: Some(typing) })
}

/// Where output goes.
struct Output {
    spool: Writer,
    grown: watch::Sender<u64>,
    raw: Option<File>,
    bytes: u64,
    most: u64,
    /// What the proxy denied.
    denied: mpsc::Receiver<String>,
    /// What the service tells.
    told: mpsc::Receiver<String>,
}

impl Output {
    /// Stores a piece; false when the bound is passed (what fits is stored) or the disk is full.
    fn take(&mut self, kind: Kind, mut piece: &[u8]) -> bool {
        let room = if self.most == 0 { u64::MAX } else { self.most.saturating_sub(self.bytes) };
        let fits = usize::try_from(room).unwrap_or(usize::MAX) >= piece.len();
        if !fits {
            piece = &piece[..usize::try_from(room).unwrap_or(0)];
        }
        self.bytes += piece.len() as u64;
        let stored = match (&mut self.raw, kind) {
            (Some(file), Kind::Stdout) => file.write_all(piece),
            _ => self.spool.append(kind, unix_ms(), piece),
        };
        self.grown.send_replace(self.spool.end);
        fits && stored.is_ok()
    }

    fn note(&mut self, note: &str) {
        if self.spool.append(Kind::Note, unix_ms(), note.as_bytes()).is_ok() {
            self.grown.send_replace(self.spool.end);
        }
    }

    /// Takes what the service still tells: whoever was connected is dead, so its connections are about to end.
    async fn last_words(&mut self) {
        let until = Instant::now() + LAST_WORDS;
        while let Ok(Some(note)) = tokio::time::timeout_at(until, self.told.recv()).await {
            self.note(&note);
        }
    }

    fn finish(&mut self) {
        self.spool.sync().ok();
        if let Some(file) = &self.raw {
            file.sync_all().ok();
        }
    }
}

struct Watch<'a> {
    spec: &'a JobSpec,
    pid: i32,
    began: Instant,
    heard: Option<Instant>,
    stopping: Option<(Reason, String, Instant)>,
    exited: Option<Instant>,
    disk_free: Option<u64>,
    disk_next: Instant,
}

impl<'a> Watch<'a> {
    fn new(spec: &'a JobSpec, pid: i32) -> Self {
        let began = Instant::now();
        Self {
            spec,
            pid,
            began,
            heard: None,
            stopping: None,
            exited: None,
            disk_free: writable(spec).first().and_then(|root| disk::free(root)),
            disk_next: began + DISK_EVERY,
        }
    }

    async fn run(
        mut self,
        output: &mut Output,
        stdout: Option<OwnedFd>,
        stderr: Option<OwnedFd>,
        mut stops: mpsc::Receiver<Stop>,
    ) -> Ended {
        let mut ended =
            Ended { code: None, signal: None, reason: Reason::Exited, detail: None, output_bytes: 0 };
        let (mut out, mut err) = (stdout.map(reader), stderr.map(reader));
        let (mut out_buffer, mut err_buffer) = (vec![0; 64 * 1024], vec![0; 16 * 1024]);
        let exit = child_exit(self.pid);
        tokio::pin!(exit);
        loop {
            let alarm = self.next_alarm();
            tokio::select! {
                biased;
                Some(stop) = stops.recv() => self.stop(Reason::Stopped, stop.reason, stop.grace),
                status = &mut exit, if self.exited.is_none() => {
                    self.exited = Some(Instant::now());
                    if let Some(status) = status {
                        (ended.code, ended.signal) = (status.code(), status.signal());
                    }
                }
                () = sleep_until(alarm) => if self.look() { break },
                Some(note) = output.denied.recv() => output.note(&note),
                Some(note) = output.told.recv() => output.note(&note),
                n = read(&mut out, &mut out_buffer) => self.heard(output, Kind::Stdout, &out_buffer[..n], n, &mut out),
                n = read(&mut err, &mut err_buffer) => self.heard(output, Kind::Stderr, &err_buffer[..n], n, &mut err),
            }
            if self.exited.is_some() && out.is_none() && err.is_none() {
                break;
            }
        }
        // What was said before the end counts, however late we come to read it.
        for (kind, pipe) in [(Kind::Stdout, &out), (Kind::Stderr, &err)] {
            drain(pipe.as_ref(), &mut out_buffer, |piece| output.take(kind, piece));
        }
        if let Some((reason, detail, _)) = self.stopping {
            ended.reason = reason;
            ended.detail = Some(detail);
        }
        ended.output_bytes = output.bytes;
        ended
    }

    fn heard(
        &mut self,
        output: &mut Output,
        kind: Kind,
        piece: &[u8],
        n: usize,
        pipe: &mut Option<pipe::Receiver>,
    ) {
        if n == 0 {
            *pipe = None;
            return;
        }
        self.heard = Some(Instant::now());
        if !output.take(kind, piece) {
            // Nothing more is taken; the pipe fills and the flood stands still until it is ended.
            *pipe = None;
            let detail = format!("it said more than the {} MB it may", self.spec.limits.output_bytes >> 20);
            self.stop(Reason::OutputLimit, detail, Duration::ZERO);
        }
    }

    /// Asks the job to end; the first reason stands.
    fn stop(&mut self, reason: Reason, detail: String, grace: Duration) {
        let deadline = Instant::now() + grace;
        if let Some((_, _, known)) = &mut self.stopping {
            *known = deadline.min(*known);
            return;
        }
        if !grace.is_zero() {
            for pid in tree::descendants(self.pid).into_iter().chain(self.unless_sandboxed()) {
                tree::signal(pid, Signal::TERM);
            }
        }
        self.stopping = Some((reason, detail, deadline));
    }

    /// The direct child is the job itself without a sandbox, and bubblewrap with one.
    fn unless_sandboxed(&self) -> Option<i32> {
        matches!(self.spec.isolation, Isolation::None).then_some(self.pid)
    }

    /// When something has to be looked at next.
    fn next_alarm(&self) -> Instant {
        let limits = &self.spec.limits;
        let after = |from: Instant, ms: u64| {
            if ms == 0 { from + Duration::from_secs(1 << 30) } else { from + Duration::from_millis(ms) }
        };
        let mut next = after(self.began, limits.total_ms);
        next = next.min(match self.heard {
            None => after(self.began, limits.start_ms),
            Some(heard) => after(heard, limits.silent_ms),
        });
        if let Some((_, _, deadline)) = &self.stopping {
            next = *deadline;
        }
        if let Some(exited) = self.exited {
            next = next.min(exited + AFTERGLOW);
        }
        if limits.disk_bytes > 0 && self.stopping.is_none() {
            next = next.min(self.disk_next);
        }
        next
    }

    /// Looks at every clock and bound; true when it is time to end everything.
    fn look(&mut self) -> bool {
        let now = Instant::now();
        if let Some((_, _, deadline)) = &self.stopping {
            return now >= *deadline;
        }
        if self.exited.is_some_and(|exited| now >= exited + AFTERGLOW) {
            return true;
        }
        let limits = self.spec.limits.clone();
        let grace = Duration::from_millis(limits.grace_ms);
        let over = |from: Instant, ms: u64| ms > 0 && now >= from + Duration::from_millis(ms);
        if over(self.began, limits.total_ms) {
            self.stop(
                Reason::TimeoutTotal,
                format!("it ran for {} s, all the time it has", limits.total_ms / 1000),
                grace,
            );
        } else if self.heard.is_none() && over(self.began, limits.start_ms) {
            self.stop(
                Reason::TimeoutStart,
                format!("it said nothing in its first {} s", limits.start_ms / 1000),
                grace,
            );
        } else if self.heard.is_some_and(|heard| over(heard, limits.silent_ms)) {
            self.stop(
                Reason::TimeoutSilent,
                format!("it said nothing for {} s", limits.silent_ms / 1000),
                grace,
            );
        }
        if limits.disk_bytes > 0 && now >= self.disk_next {
            self.disk_next = now + DISK_EVERY;
            if self.disk_is_over(limits.disk_bytes) {
                let detail = format!("it wrote more than the {} MB it may", limits.disk_bytes >> 20);
                self.stop(Reason::DiskLimit, detail, Duration::ZERO);
                return true;
            }
        }
        false
    }

    /// A walk is worth it only when the file system's free space moved since the last one.
    fn disk_is_over(&mut self, most: u64) -> bool {
        let roots = writable(self.spec);
        let Some(free) = roots.first().and_then(|root| disk::free(root)) else { return false };
        let before = *self.disk_free.get_or_insert(free);
        if before.saturating_sub(free) < DISK_STEP.min(most / 4) {
            return false;
        }
        self.disk_free = Some(free);
        disk::holds_more(&roots, most)
    }
}

/// The host's directories that a sandboxed job may fill.
fn writable(spec: &JobSpec) -> Vec<PathBuf> {
    let Isolation::Sandbox(sandbox) = &spec.isolation else { return Vec::new() };
    let tree = match &sandbox.workspace {
        Mount::Overlay { upper, .. } => Some(upper.clone()),
        Mount::Bind { host, .. } => Some(host.clone()),
        Mount::None => None,
    };
    tree.into_iter().chain(sandbox.home.clone()).collect()
}

fn reader(fd: OwnedFd) -> pipe::Receiver {
    // Some agents end without waiting for what they wrote to be read; where the machine lets us, it is still there.
    rustix::pipe::fcntl_setpipe_size(&fd, PIPE).ok();
    // A read must never wait: everything else this thread watches would wait with it.
    rustix::io::ioctl_fionbio(&fd, true).ok();
    pipe::Receiver::from_owned_fd_unchecked(fd)
        .unwrap_or_else(|_| unreachable!("pipes of our own child can be polled"))
}

/// Reads some; 0 at the end. A pipe that is gone is never ready.
async fn read(pipe: &mut Option<pipe::Receiver>, buffer: &mut [u8]) -> usize {
    match pipe {
        Some(pipe) => pipe.read(buffer).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

/// Takes what is in a pipe now; what a process left behind adds meanwhile has a bound.
fn drain(pipe: Option<&pipe::Receiver>, buffer: &mut [u8], mut take: impl FnMut(&[u8]) -> bool) {
    let Some(pipe) = pipe else { return };
    for _ in 0..MOST_LEFT / buffer.len() {
        match rustix::io::read(pipe, &mut *buffer) {
            Ok(n) if n > 0 && take(&buffer[..n]) => {}
            _ => return,
        }
    }
}

/// Waits for the child's end; `None` when there is no telling how it ended.
async fn child_exit(pid: i32) -> Option<ExitStatus> {
    let mut ends = signal(SignalKind::child()).ok()?;
    let pid = Pid::from_raw(pid)?;
    loop {
        // Asked before waiting: it may have ended before the signal was listened for.
        match rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::NOHANG) {
            Ok(Some((_, status))) => return Some(ExitStatus::from_raw(status.as_raw())),
            Ok(None) => ends.recv().await?,
            Err(_) => return None,
        }
    }
}
