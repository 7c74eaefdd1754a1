//! Bounds on memory and processes by control groups, where this machine lets us make them (version 2
//! with delegated controllers, or version 1): a second wall behind the resource limits.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::spec::Limits;

/// The groups of one job.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    dirs: Vec<PathBuf>,
    /// Whether memory is bounded.
    pub(crate) memory: bool,
    /// Whether processes are bounded.
    pub(crate) processes: bool,
}

impl Groups {
    /// Makes what can be made. `name` must be unique on this machine.
    pub(crate) fn make(name: &str, limits: &Limits) -> Self {
        let mut groups = Self::default();
        let name = format!("sidekick-{name}");
        let memory = limits.memory_bytes.to_string();
        let processes = limits.processes.to_string();
        if let Some(root) = unified_root() {
            let dir = root.join(&name);
            if fs::create_dir(&dir).is_ok() {
                let set = |file: &str, value: &str| fs::write(dir.join(file), value).is_ok();
                groups.memory = set("memory.max", &memory) && set("memory.oom.group", "1");
                groups.processes = set("pids.max", &processes);
                groups.dirs.push(dir);
            }
        }
        for (controller, file, value, done) in [
            ("memory", "memory.limit_in_bytes", &memory, &mut groups.memory),
            ("pids", "pids.max", &processes, &mut groups.processes),
        ] {
            let root = Path::new("/sys/fs/cgroup").join(controller);
            if *done || !root.join("cgroup.procs").exists() {
                continue;
            }
            let dir = root.join(&name);
            if fs::create_dir(&dir).is_ok() {
                *done = fs::write(dir.join(file), value).is_ok();
                groups.dirs.push(dir);
            }
        }
        groups
    }

    /// The directories a process must enter.
    pub(crate) fn dirs(&self) -> &[PathBuf] {
        &self.dirs
    }

    /// Whether the kernel ended something of the job for want of memory.
    pub(crate) fn ran_out_of_memory(&self) -> bool {
        self.dirs.iter().any(|dir| {
            ["memory.events", "memory.oom_control"].iter().any(|file| {
                let text = fs::read_to_string(dir.join(file)).unwrap_or_default();
                text.lines().any(|line| line.strip_prefix("oom_kill ").is_some_and(|n| n.trim() != "0"))
            })
        })
    }

    /// Ends whatever is in the groups, where the kernel can do that at once.
    pub(crate) fn kill(&self) {
        for dir in &self.dirs {
            fs::write(dir.join("cgroup.kill"), "1").ok();
        }
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for dir in &self.dirs {
            // Empty by now; a group that is not is found again by its name and is no reason to fail.
            fs::remove_dir(dir).ok();
        }
    }
}

/// Puts this process into a group.
pub(crate) fn enter(dir: &Path) -> io::Result<()> {
    fs::write(dir.join("cgroup.procs"), "0")
}

/// The group of version 2 below which we may make groups with controllers.
fn unified_root() -> Option<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    let controllers = fs::read_to_string(root.join("cgroup.controllers")).ok()?;
    if !controllers.split_whitespace().any(|name| name == "memory") {
        return None;
    }
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    // A group with processes cannot have children with controllers: go beside our own.
    Path::new(path).parent().map(|parent| root.join(parent.strip_prefix("/").unwrap_or(parent)))
}
