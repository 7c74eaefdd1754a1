//! The sandbox as bubblewrap's command line: a pure rewriting, and a look at whether it works here.
//!
//! The root is built up from nothing: the system's programs read-only, a few files of `/etc`, private
//! `/tmp`, `/proc`, `/dev`, the workspace and the home. The host's home, run and data directories are
//! not hidden; they were never there.

use std::ffi::OsString;
use std::fs;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::spec::{JobSpec, Mount, Sandbox, Stdout};

/// Where the home is inside.
pub const HOME: &str = "/home/agent";
/// The port of the proxy inside.
pub const PROXY_PORT: u16 = 3128;

/// Files of `/etc` that programs need and that say nothing about the person or the machine's secrets.
const ETC: &[&str] = &[
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "pki",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
];

const PASSWD: &str = "root:x:0:0:root:/root:/usr/sbin/nologin\nagent:x:1000:1000:agent:/home/agent:/bin/bash\n\
    nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
const GROUP: &str = "root:x:0:\nagent:x:1000:\nnogroup:x:65534:\n";
const HOSTS: &str = "127.0.0.1 localhost sidekick\n::1 localhost\n";
const NSSWITCH: &str = "passwd: files\ngroup: files\nhosts: files\n";

/// Descriptors bubblewrap reads from, opened by `enter`.
pub(crate) struct Fds {
    pub(crate) seccomp: RawFd,
    pub(crate) passwd: RawFd,
    pub(crate) group: RawFd,
    pub(crate) hosts: RawFd,
    pub(crate) nsswitch: RawFd,
}

/// The texts of the synthetic files, in the order of [`Fds`] after `seccomp`.
pub(crate) const FILES: [&str; 4] = [PASSWD, GROUP, HOSTS, NSSWITCH];

/// Bubblewrap's arguments for a job. `tree` is where the workspace's mount is on this side, if it has one.
pub(crate) fn arguments(sandbox: &Sandbox, tree: Option<&Path>, spec: &JobSpec, fds: &Fds) -> Vec<OsString> {
    let mut args = Arguments::default();
    args.flags(&[
        "--unshare-user",
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-cgroup-try",
        "--disable-userns",
        "--die-with-parent",
        "--cap-drop",
        "ALL",
        "--uid",
        "1000",
        "--gid",
        "1000",
        "--hostname",
        "sidekick",
    ]);
    if spec.stdout != Stdout::Terminal {
        // A job with a terminal has a session already, the terminal's, which is no person's.
        args.flags(&["--new-session"]);
    }
    args.system();
    for name in ETC {
        let path = Path::new("/etc").join(name);
        args.paths("--ro-bind-try", &path, &path);
    }
    for (fd, to) in [
        (fds.passwd, "/etc/passwd"),
        (fds.group, "/etc/group"),
        (fds.hosts, "/etc/hosts"),
        (fds.nsswitch, "/etc/nsswitch.conf"),
    ] {
        args.flags(&["--ro-bind-data", &fd.to_string(), to]);
    }
    args.flags(&["--proc", "/proc", "--dev", "/dev", "--size", "1073741824", "--tmpfs", "/tmp"]);
    args.flags(&["--size", "67108864", "--tmpfs", "/dev/shm", "--dir", "/run", "--dir", "/var/tmp"]);
    match &sandbox.home {
        Some(home) => args.paths("--bind", home, Path::new(HOME)),
        None => args.flags(&["--size", "268435456", "--tmpfs", HOME]),
    }
    if let (Some(tree), Mount::Overlay { at, .. } | Mount::Bind { at, .. }) = (tree, &sandbox.workspace) {
        args.paths("--bind", tree, at);
    }
    for (host, inside) in &sandbox.read_only {
        args.paths("--ro-bind", host, inside);
    }
    for (host, inside) in &sandbox.writable {
        args.paths("--bind", host, inside);
    }
    args.flags(&["--remount-ro", "/", "--seccomp", &fds.seccomp.to_string(), "--chdir"]);
    args.0.push((&spec.cwd).into());
    args.0.push("--".into());
    args.0.extend(spec.argv.iter().map(OsString::from));
    args.0
}

#[derive(Default)]
struct Arguments(Vec<OsString>);

impl Arguments {
    fn flags(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(OsString::from));
    }

    fn paths(&mut self, flag: &str, host: &Path, inside: &Path) {
        self.0.extend([flag.into(), host.into(), inside.into()]);
    }

    /// `/usr`, and the root's other program directories as they are here: links or real.
    fn system(&mut self) {
        self.flags(&["--ro-bind", "/usr", "/usr"]);
        for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
            let path = Path::new("/").join(name);
            match fs::read_link(&path) {
                Ok(target) => self.0.extend(["--symlink".into(), target.into(), path.into()]),
                Err(_) if path.is_dir() => self.paths("--ro-bind", &path, &path),
                Err(_) => {}
            }
        }
    }
}

/// What this machine offers, part by part.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Whether runs can be contained as designed.
    pub ok: bool,
    /// One sentence.
    pub summary: String,
    /// Each part: its name, whether it is there, one sentence.
    pub parts: Vec<(String, bool, String)>,
    /// Whether workspaces can be overlays; otherwise they are copies.
    pub overlay: bool,
}

impl Probe {
    /// Nothing was found, and why.
    pub fn none(why: &str) -> Self {
        Self { ok: false, summary: why.to_owned(), parts: Vec::new(), overlay: false }
    }
}

/// Looks at this machine. Starts one sandbox with `shim`, the path of our own binary, to see it work.
pub fn probe(own: &Path, scratch: &Path) -> Probe {
    let mut parts = Vec::new();
    // What does not work without it says so itself.
    fs::create_dir_all(scratch).ok();
    let bwrap = find_bwrap();
    let version = bwrap.as_deref().and_then(version_of);
    parts.push(match (&bwrap, &version) {
        (Some(path), Some(version)) => {
            ("bubblewrap".to_owned(), true, format!("{version} at {}", path.display()))
        }
        _ => ("bubblewrap".to_owned(), false, "not found; install it: `apt install bubblewrap`".to_owned()),
    });
    let trial = version.as_ref().map(|_| crate::shim::trial(own, scratch));
    let (works, overlay) = match &trial {
        Some(Ok(overlay)) => (true, *overlay),
        _ => (false, false),
    };
    let said = match &trial {
        Some(Ok(_)) => "a trial run could read only its own tree, had no network and no other sockets".into(),
        Some(Err(reason)) => format!("a trial run did not work: {reason}"),
        None => "not tried".into(),
    };
    parts.push(("isolation".to_owned(), works, said));
    let said = if overlay {
        "workspaces are overlays: made in milliseconds"
    } else {
        "not available: workspaces are copies"
    };
    parts.push(("overlays".to_owned(), overlay, said.into()));
    let note = scratch.join("groups");
    let groups = crate::cgroup::Groups::make("probe", &crate::Limits::default(), &note);
    let bounded = groups.is_ok_and(|groups| groups.memory);
    let said =
        if bounded { "bounded by control groups" } else { "not bounded: no control group can be made here" };
    parts.push(("memory".to_owned(), bounded, said.into()));
    let summary = match (works, &version) {
        (true, Some(version)) => {
            format!("{version}: only the workspace is writable, no network but an allowlisting proxy")
        }
        _ => "no sandbox on this machine: runs are refused unless isolation `none` is asked for".into(),
    };
    Probe { ok: works, summary, parts, overlay }
}

/// Debian's own place first: a bubblewrap in a home directory is not trusted to contain anything.
pub(crate) fn find_bwrap() -> Option<PathBuf> {
    ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"]
        .iter()
        .map(PathBuf::from)
        .find(|path| path.is_file())
}

#[expect(clippy::disallowed_methods, reason = "asks bubblewrap for its version; nothing of a run is started")]
fn version_of(bwrap: &Path) -> Option<String> {
    let output = Command::new(bwrap).arg("--version").env_clear().output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
