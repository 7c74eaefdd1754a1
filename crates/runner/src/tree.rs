//! Process trees: who descends from whom, and ending them all.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};

/// Every live descendant of `root`, in no order. Zombies are not live.
pub(crate) fn descendants(root: i32) -> Vec<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        if let Some((parent, state)) = parent_of(pid)
            && state != 'Z'
        {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut next = vec![root];
    while let Some(pid) = next.pop() {
        for child in children.remove(&pid).unwrap_or_default() {
            found.push(child);
            next.push(child);
        }
    }
    found
}

/// Parent and state of a process. The name in `stat` may hold anything, so fields count from its end.
fn parent_of(pid: i32) -> Option<(i32, char)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((fields.next()?.parse().ok()?, state))
}

/// When a process started, in the kernel's ticks since boot; with the pid, its identity.
pub(crate) fn start_ticks(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()
}

/// This boot of the machine.
pub(crate) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// Signals a process that was just seen; through a descriptor, so that a number used again by the kernel
/// meanwhile is noticed and nobody else is hit.
pub(crate) fn signal(pid: i32, signal: Signal) {
    let Some(pid) = Pid::from_raw(pid) else { return };
    if let Ok(fd) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
        // Gone already is as good.
        rustix::process::pidfd_send_signal(fd, signal).ok();
    }
}

/// Ends every descendant of this process, a subreaper, until none is left; those that fork while dying
/// are met in the next round. Returns how many would not die within the time.
pub(crate) fn end_all(within: Duration) -> usize {
    let own = rustix::process::getpid().as_raw_pid();
    let deadline = Instant::now() + within;
    loop {
        let left = descendants(own);
        for pid in &left {
            signal(*pid, Signal::KILL);
        }
        reap();
        if left.is_empty() || Instant::now() > deadline {
            return left.len();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The variable that marks every process of a job.
pub(crate) const TAG: &str = "SIDEKICK_JOB";

/// What marks a job's processes and names its groups: unique on this machine, and no path of it.
pub(crate) fn tag(dir: &Path) -> String {
    let mut hasher = std::hash::DefaultHasher::new();
    std::hash::Hash::hash(dir, &mut hasher);
    let name = |path: Option<&Path>| {
        path.and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or("job").to_owned()
    };
    format!("{}.{}.{:016x}", name(dir.parent()), name(Some(dir)), std::hash::Hasher::finish(&hasher))
}

/// Ends every process that carries a job's tag; for jobs whose shim is gone. The first process of a
/// sandbox carries it, and the kernel ends the rest with that one. Returns how many would not die.
pub(crate) fn end_tagged(tag: &str, within: Duration) -> usize {
    let wanted = format!("{TAG}={tag}").into_bytes();
    let deadline = Instant::now() + within;
    loop {
        let left = tagged(&wanted);
        for pid in &left {
            signal(*pid, Signal::KILL);
        }
        if left.is_empty() || Instant::now() > deadline {
            return left.len();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn tagged(wanted: &[u8]) -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == wanted)
    })
    .collect()
}

/// Collects dead children, ours by fork or by inheritance.
pub(crate) fn reap() {
    while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
}
