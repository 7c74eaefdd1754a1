//! Bounds on memory and processes by control groups, where this machine lets us make them (version 2
//! with delegated controllers, or version 1): a second wall behind the resource limits.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;

use crate::spec::{self, Limits};
use crate::tree;

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
    /// Makes what can be made. `name` must be unique on this machine; `note` is where the directories are
    /// written down, before they are made, for whoever has to remove them if we are killed.
    pub(crate) fn make(name: &str, limits: &Limits, note: &Path) -> io::Result<Self> {
        let name = format!("sidekick-{name}");
        let unified = unified_root().map(|root| root.join(&name));
        let [memory, pids] = ["memory", "pids"].map(|controller| {
            let root = Path::new("/sys/fs/cgroup").join(controller);
            root.join("cgroup.procs").exists().then(|| root.join(&name))
        });
        let planned: Vec<_> = [&unified, &memory, &pids].into_iter().flatten().cloned().collect();
        write_note(note, &planned)?;
        let (bytes, processes) = (limits.memory_bytes.to_string(), limits.processes.to_string());
        let mut groups = Self::default();
        if let Some(dir) = unified.filter(|dir| made(dir)) {
            let set = |file: &str, value: &str| fs::write(dir.join(file), value).is_ok();
            groups.memory = set("memory.max", &bytes) && set("memory.oom.group", "1");
            groups.processes = set("pids.max", &processes);
            groups.dirs.push(dir);
        }
        for (dir, file, value, done) in [
            (memory, "memory.limit_in_bytes", &bytes, &mut groups.memory),
            (pids, "pids.max", &processes, &mut groups.processes),
        ] {
            if let Some(dir) = dir.filter(|dir| !*done && made(dir)) {
                *done = fs::write(dir.join(file), value).is_ok();
                groups.dirs.push(dir);
            }
        }
        write_note(note, &groups.dirs)?;
        Ok(groups)
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
        self.dirs.iter().for_each(|dir| end(dir));
    }
}

fn write_note(note: &Path, dirs: &[PathBuf]) -> io::Result<()> {
    let lines: Vec<_> = dirs.iter().map(|dir| dir.display().to_string()).collect();
    spec::write_whole(note, lines.join("\n").as_bytes())
}

/// Whether a group is there, because it was made or because somebody who was killed had made it.
fn made(dir: &Path) -> bool {
    fs::create_dir(dir).is_ok() || dir.is_dir()
}

/// Empties and removes the groups that a shim noted and did not remove, because it was killed. Reaches
/// what left the job's tree, where there are groups.
pub(crate) fn end_noted(note: &Path) {
    fs::read_to_string(note).unwrap_or_default().lines().for_each(|dir| end(Path::new(dir)));
}

/// Empties and removes a group.
fn end(dir: &Path) {
    // What is killed stays in its group until the kernel is done with it.
    for _ in 0..1000 {
        if fs::remove_dir(dir).is_ok() || !dir.exists() {
            return;
        }
        let members = fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default();
        for pid in members.lines().filter_map(|pid| pid.parse().ok()) {
            tree::signal(pid, Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(1));
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
