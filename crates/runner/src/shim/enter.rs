//! Becoming the job: descriptors closed, namespaces entered, loopback up, listeners handed out, the
//! overlay mounted, and then bubblewrap in our place. A process of one thread that ends by exec.
//!
//! What goes wrong here is told to the shim over the same socket the listeners go by, and nothing is
//! started.

use std::fs::{self, File};
use std::io::{self, IoSlice, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use rustix::fs::{MemfdFlags, SeekFrom, memfd_create};
use rustix::mount::{MountFlags, MountPropagationFlags};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::process::{Resource, Rlimit, Signal};
use serde::{Deserialize, Serialize};

use super::Places;
use crate::sandbox::{self, Fds};
use crate::spec::{self, Isolation, JobSpec, Limits, Mount, Sandbox, Stdout};
use crate::{cgroup, seccomp, sys};

/// What `enter` tells the shim before it becomes the job.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// Why nothing is started; `None` when all is well.
    pub(crate) failed: Option<String>,
}

pub(super) fn main(places: &Places) -> ExitCode {
    let Ok(shim) = sys::take_stdin() else { return ExitCode::FAILURE };
    let failed = match enter(places, &shim) {
        Ok(never) => match never {},
        Err(reason) => reason,
    };
    // The shim hears it if it still listens; it is in the spool all the same.
    writeln!(io::stderr(), "{failed}").ok();
    tell(&shim, &Ready { failed: Some(failed) }, &[]).ok();
    ExitCode::FAILURE
}

/// Returns only when something went wrong, with a sentence.
fn enter(places: &Places, shim: &OwnedFd) -> Result<std::convert::Infallible, String> {
    let spec: Option<JobSpec> = spec::read_json(&places.spec()).map_err(|error| error.to_string())?;
    let spec = spec.ok_or("the job's spec.json is gone")?;
    let because = |what: &'static str| move |error: io::Error| format!("{what}: {error}");
    die_with_shim()?;
    for dir in fs::read_to_string(places.groups()).unwrap_or_default().lines() {
        cgroup::enter(Path::new(dir)).map_err(because("the control group cannot be entered"))?;
    }
    // Set here, before anything of the job runs: when memory is short the job goes before the daemon.
    fs::write("/proc/self/oom_score_adj", "800").ok();
    match &spec.isolation {
        Isolation::Sandbox(sandbox) => {
            let mut command = prepare(places, &spec, sandbox, shim)?;
            Err(because("bubblewrap cannot be started")(command.exec()))
        }
        Isolation::None => {
            sys::close_others_at_exec().map_err(because("descriptors cannot be closed"))?;
            rustix::process::setsid().ok();
            limit(&spec.limits).map_err(because("the resource limits cannot be set"))?;
            let mut command = command(Path::new(spec.argv.first().ok_or("the job has no program")?));
            command.args(&spec.argv[1..]).env_clear().envs(&spec.env).current_dir(&spec.cwd);
            open_stdin(places, spec.stdout)?;
            tell(shim, &Ready { failed: None }, &[]).map_err(because("the shim is gone"))?;
            Err(because("the program cannot be started")(command.exec()))
        }
    }
}

fn prepare(places: &Places, spec: &JobSpec, sandbox: &Sandbox, shim: &OwnedFd) -> Result<Command, String> {
    let because = |what: &'static str| move |error: io::Error| format!("{what}: {error}");
    let bwrap = sandbox::find_bwrap().ok_or("bubblewrap is not installed: `apt install bubblewrap`")?;
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    sys::unshare_namespaces().map_err(because("no user namespace can be made here"))?;
    fs::write("/proc/self/setgroups", "deny").map_err(because("setgroups"))?;
    fs::write("/proc/self/uid_map", format!("{uid} {uid} 1")).map_err(because("uid_map"))?;
    fs::write("/proc/self/gid_map", format!("{gid} {gid} 1")).map_err(because("gid_map"))?;
    die_with_shim()?;
    sys::loopback_up().map_err(because("the loopback cannot be brought up"))?;
    let listeners = listeners(sandbox).map_err(because("a port inside cannot be listened on"))?;
    let tree = mount(places, sandbox)?;

    sys::close_others_at_exec().map_err(because("descriptors cannot be closed"))?;
    let filter = seccomp::program().map_err(because("the system call filter cannot be built"))?;
    let seccomp = data("seccomp", &filter).map_err(because("memfd"))?;
    let mut files = Vec::new();
    for text in sandbox::FILES {
        files.push(data("file", text.as_bytes()).map_err(because("memfd"))?);
    }
    let [passwd, group, hosts, nsswitch] = files.as_slice() else { return Err("files".into()) };
    let fds = Fds {
        seccomp: seccomp.as_raw_fd(),
        passwd: passwd.as_raw_fd(),
        group: group.as_raw_fd(),
        hosts: hosts.as_raw_fd(),
        nsswitch: nsswitch.as_raw_fd(),
    };
    let mut command = command(&bwrap);
    command.args(sandbox::arguments(sandbox, tree.as_deref(), spec, &fds));
    command.env_clear().envs(&spec.env).current_dir("/");
    if spec.stdout == Stdout::Terminal {
        // A session of its own, for the terminal to be its; without a sandbox it has one already.
        rustix::process::setsid().map_err(|error| format!("no session of its own: {error}"))?;
    }
    open_stdin(places, spec.stdout)?;
    limit(&spec.limits).map_err(because("the resource limits cannot be set"))?;
    tell(shim, &Ready { failed: None }, &listeners).map_err(because("the shim is gone"))?;
    // They must stay open until bubblewrap reads them: they go with this process, which becomes it.
    std::mem::forget((seccomp, files));
    Ok(command)
}

/// From now on the kernel ends this process when the shim ends. Asked for again after every change of
/// credentials, which takes it back; bubblewrap does the same for what it starts.
fn die_with_shim() -> Result<(), String> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| error.to_string())?;
    // A shim that ended just before is not our parent any more.
    match rustix::process::getppid() {
        Some(parent) if parent.as_raw_pid() != 1 => Ok(()),
        _ => Err("the shim is gone".into()),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the runner: it becomes the job's process")]
fn command(program: &Path) -> Command {
    Command::new(program)
}

/// The proxy's listener and one for each forward, in this network namespace.
fn listeners(sandbox: &Sandbox) -> io::Result<Vec<OwnedFd>> {
    let mut ports = vec![sandbox::PROXY_PORT];
    ports.extend(sandbox.network.forwards.iter().map(spec::Forward::port));
    ports.into_iter().map(|port| TcpListener::bind(("127.0.0.1", port)).map(OwnedFd::from)).collect()
}

/// Makes the tree the job works on visible in this mount namespace; returns where.
fn mount(places: &Places, sandbox: &Sandbox) -> Result<Option<PathBuf>, String> {
    let propagation = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", propagation)
        .map_err(|error| format!("mounts cannot be made private: {error}"))?;
    match &sandbox.workspace {
        Mount::None => Ok(None),
        Mount::Bind { host, .. } => Ok(Some(host.clone())),
        Mount::Overlay { lower, upper, work, .. } => {
            let mut options = String::new();
            for (name, path) in [("lowerdir", lower), ("upperdir", upper), ("workdir", work)] {
                let path = path.to_str().filter(|path| !path.contains([',', ':', '\\']));
                let path =
                    path.ok_or("the data directory's path has a character that overlays cannot take")?;
                options += &format!("{name}={path},");
            }
            let options =
                std::ffi::CString::new(format!("{options}userxattr")).map_err(|error| error.to_string())?;
            let tree = places.tree();
            fs::create_dir_all(&tree).map_err(|error| format!("{}: {error}", tree.display()))?;
            let flags = MountFlags::NODEV | MountFlags::NOSUID;
            rustix::mount::mount("overlay", &tree, "overlay", flags, options.as_c_str())
                .map_err(|error| format!("the workspace's overlay cannot be mounted: {error}"))?;
            Ok(Some(tree))
        }
    }
}

fn open_stdin(places: &Places, stdout: Stdout) -> Result<(), String> {
    if stdout == Stdout::Terminal {
        rustix::stdio::dup2_stdin(rustix::stdio::stdout()).map_err(|error| error.to_string())?;
        // Keys that interrupt, and changes of its size, reach who is in front of it.
        return rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())
            .map_err(|error| format!("the terminal cannot be had: {error}"));
    }
    let path = &places.input();
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    rustix::stdio::dup2_stdin(&file).map_err(|error| error.to_string())
}

fn limit(limits: &Limits) -> io::Result<()> {
    let set = |resource, value: u64| {
        // A bound that is tighter already stays.
        let known = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let bound = if value == 0 { known } else { value.min(known) };
        rustix::process::setrlimit(resource, Rlimit { current: Some(bound), maximum: Some(bound) })
    };
    set(Resource::Fsize, limits.file_bytes)?;
    set(Resource::Nproc, limits.processes)?;
    set(Resource::Nofile, 65_536)?;
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    Ok(rustix::process::setrlimit(Resource::Core, none)?)
}

/// A file in memory that survives the exec, at its beginning.
fn data(name: &str, bytes: &[u8]) -> io::Result<OwnedFd> {
    let mut file = File::from(memfd_create(name, MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    rustix::fs::seek(&file, SeekFrom::Start(0))?;
    let fd = OwnedFd::from(file);
    sys::keep_at_exec(&fd)?;
    Ok(fd)
}

fn tell(shim: &OwnedFd, ready: &Ready, listeners: &[OwnedFd]) -> io::Result<()> {
    let fds: Vec<_> = listeners.iter().map(AsFd::as_fd).collect();
    let mut space =
        vec![std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1)) * (fds.len() + 1)];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(io::Error::other("too many ports"));
    }
    let text = serde_json::to_vec(ready)?;
    sendmsg(shim, &[IoSlice::new(&text)], &mut ancillary, SendFlags::empty())?;
    Ok(())
}
