//! Starting the job's process from the shim, and hearing from it whether it got ready.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketFlags, SocketType, recvmsg,
    socketpair,
};

use super::{Places, Ready, terminal};
use crate::cgroup::Groups;
use crate::spec::{JobSpec, Stdout};
use crate::tree;

/// How long a job may take to get ready: namespaces, mounts, exec.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a job's process is started when it vanishes before it is ready.
const MOST_STARTS: u32 = 3;

/// A job that was started.
pub(super) struct Started {
    pub(super) child: Child,
    /// The proxy's listener and one for each forward; empty without a sandbox.
    pub(super) listeners: Vec<OwnedFd>,
    pub(super) groups: Groups,
    /// Our side of the terminal of a job that has one.
    pub(super) terminal: Option<OwnedFd>,
}

/// Starts the job, or says why it was not started.
pub(super) fn start(places: &Places, spec: &JobSpec) -> Result<Started, String> {
    let groups = Groups::make(&tree::tag(&places.0), &spec.limits, &places.groups())
        .map_err(|error| format!("{}: {error}", places.groups().display()))?;
    let mut starts = 1;
    loop {
        match enter(places, spec.stdout) {
            Ok((child, listeners, terminal)) => return Ok(Started { child, listeners, groups, terminal }),
            Err(NotReady::Vanished(_)) if starts < MOST_STARTS => starts += 1,
            Err(NotReady::Failed(reason) | NotReady::Vanished(reason)) => return Err(reason),
        }
    }
}

/// Why a job's process did not get ready.
enum NotReady {
    /// It says that something cannot be had as asked.
    Failed(String),
    /// It was ended from outside before it started anything.
    Vanished(String),
}

/// Starts the job's process and waits until it is ready.
fn enter(places: &Places, stdout: Stdout) -> Result<(Child, Vec<OwnedFd>, Option<OwnedFd>), NotReady> {
    let failed =
        |error: &dyn std::fmt::Display| NotReady::Failed(format!("no process could be started: {error}"));
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
        .map_err(|error| failed(&error))?;
    let mut command = own_command();
    command.arg("shim-enter").arg(&places.0).current_dir("/").env_clear();
    command.stdin(theirs).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut terminal = None;
    if stdout == Stdout::Terminal {
        let (ours, theirs) = terminal::open().map_err(|error| failed(&error))?;
        let error = theirs.try_clone().map_err(|error| failed(&error))?;
        command.stdout(theirs).stderr(error);
        terminal = Some(ours);
    }
    let mut child = command.spawn().map_err(|error| failed(&error))?;
    drop(command);
    match hear(&ours) {
        Ok((Ready { failed: None }, listeners)) => Ok((child, listeners, terminal)),
        Ok((Ready { failed: Some(reason) }, _)) => {
            child.wait().ok();
            Err(NotReady::Failed(reason))
        }
        Err(error) => {
            child.kill().ok();
            child.wait().ok();
            Err(NotReady::Vanished(format!("the job's process ended before it was ready: {error}")))
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the runner: the shim starts the job here")]
fn own_command() -> Command {
    Command::new("/proc/self/exe")
}

fn hear(socket: &OwnedFd) -> io::Result<(Ready, Vec<OwnedFd>)> {
    rustix::net::sockopt::set_socket_timeout(socket, rustix::net::sockopt::Timeout::Recv, Some(PATIENCE))?;
    let mut text = vec![0; 16 * 1024];
    let mut space = vec![std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(64))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut buffers = [IoSliceMut::new(&mut text)];
    let message = recvmsg(socket, &mut buffers, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let listeners = ancillary
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(fds) => Some(fds),
            _ => None,
        })
        .flatten()
        .collect();
    if message.bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let ready = serde_json::from_slice(&text[..message.bytes])?;
    Ok((ready, listeners))
}

/// The file that raw output goes to.
pub(super) fn raw_output(places: &Places, spec: &JobSpec) -> io::Result<Option<File>> {
    match spec.stdout {
        Stdout::Spool | Stdout::Terminal => Ok(None),
        Stdout::File => File::create_new(places.output()).map(Some),
    }
}
