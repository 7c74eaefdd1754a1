//! A data directory, a repository and the built binary, with nothing left behind at the end.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::repo::Repo;

const BINARY: &str = env!("CARGO_BIN_EXE_sidekick");

pub(crate) struct Bench {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) repo: Repo,
    pub(crate) env: Vec<(String, String)>,
}

/// A daemon; killed when dropped.
pub(crate) struct Daemon {
    pub(crate) child: Child,
    pub(crate) url: String,
}

impl Daemon {
    /// What its API answers.
    pub(crate) fn get(&self, bench: &Bench, path: &str) -> Value {
        let request = ureq::get(format!("{}{path}", self.url));
        let token = format!("Bearer {}", bench.token().trim());
        let mut answer = request.header("authorization", token).call().unwrap();
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("sk-e2e-").tempdir().unwrap();
        let repo = Repo::new(dir.path().join("shop"));
        Self { dir, repo, env: Vec::new() }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(["--data-dir", self.data().to_str().unwrap()]).args(words).current_dir(self.repo.path());
        command.env_clear().env("HOME", self.dir.path()).env("PATH", path()).stdin(Stdio::null());
        command.envs(self.env.iter().cloned());
        command
    }

    pub(crate) fn output(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// A command's JSON, whatever its exit code.
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        let output = self.output(&[&["--json"], words].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{words:?}: {}", said(&output)))
    }

    /// Writes a script for the rehearsal agent and runs it as a task; the task's result.
    pub(crate) fn rehearse(&self, scenario: &str) -> Value {
        self.json(&["run", "rehearse this", "--scenario", &self.scenario(scenario)])
    }

    pub(crate) fn scenario(&self, text: &str) -> String {
        let path = self.dir.path().join("scenario.yaml");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn configure(&self, yaml: &str) {
        std::fs::create_dir_all(self.data()).unwrap();
        std::fs::write(self.data().join("sidekick.yaml"), yaml).unwrap();
    }

    /// Starts a daemon without waiting for it.
    pub(crate) fn start(&self) -> Child {
        let log = self.dir.path().join("daemon.log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut command = self.command(&["--json", "serve", "--listen", "127.0.0.1:0"]);
        command.stdout(Stdio::piped()).stderr(log).spawn().unwrap()
    }

    pub(crate) fn serve(&self) -> Daemon {
        let mut child = self.start();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            panic!(
                "no ready line; {}",
                std::fs::read_to_string(self.dir.path().join("daemon.log")).unwrap_or_default()
            )
        });
        Daemon { child, url: ready["address"].as_str().unwrap().to_owned() }
    }

    pub(crate) fn token(&self) -> String {
        std::fs::read_to_string(self.data().join("token")).unwrap()
    }

    /// Polls a task until it is as wanted; the time is a bound for broken code, never a pace.
    pub(crate) fn until(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.until_within(Duration::from_mins(1), id, wanted)
    }

    /// As [`until`](Self::until), for what takes its time by nature.
    pub(crate) fn until_within(&self, most: Duration, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + most;
        loop {
            let task = self.json(&["show", id]);
            if wanted(&task) {
                return task;
            }
            assert!(Instant::now() < deadline, "not within {most:?}: {task}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Live processes that mention the data directory.
    pub(crate) fn processes(&self) -> Vec<String> {
        let needle = self.dir.path().to_str().unwrap().to_owned();
        proc("cmdline").into_iter().filter(|line| line.contains(&needle)).collect()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.dir.path().join("daemon.log")).unwrap_or_default();
            eprintln!("daemon's log:\n{log}");
            return;
        }
        // A shim ends a moment after what it wrote last.
        let deadline = Instant::now() + Duration::from_secs(5);
        while !self.processes().is_empty() {
            assert!(Instant::now() < deadline, "left behind: {:?}", self.processes());
            std::thread::sleep(Duration::from_millis(5));
        }
        for run in std::fs::read_dir(self.data().join("runs")).into_iter().flatten().flatten() {
            let name = format!("sidekick-{}", run.file_name().to_str().unwrap());
            assert!(
                !groups().iter().any(|group| group.starts_with(&name)),
                "a control group was left behind"
            );
        }
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        assert!(!mounts.contains(self.dir.path().to_str().unwrap()), "a mount was left behind");
    }
}

/// How many live processes belong to a task, whatever they made of themselves.
pub(crate) fn processes_of(task: &str) -> usize {
    let tag = format!("SIDEKICK_TASK={task}");
    proc("environ").into_iter().filter(|environ| environ.contains(&tag)).count()
}

/// Whether a live process of a task has these words in its command line.
pub(crate) fn runs_in(task: &str, words: &str) -> bool {
    let pid = |line: &String| line.split(' ').next().map(ToOwned::to_owned);
    let tag = format!("SIDEKICK_TASK={task}");
    let of_task: Vec<_> =
        proc("environ").iter().filter(|environ| environ.contains(&tag)).filter_map(pid).collect();
    proc("cmdline")
        .iter()
        .any(|line| line.contains(words) && pid(line).is_some_and(|pid| of_task.contains(&pid)))
}

/// The names of the control groups there are, of both versions.
fn groups() -> Vec<String> {
    let roots = ["", "memory", "pids"].map(|name| std::path::Path::new("/sys/fs/cgroup").join(name));
    let entries = roots.iter().filter_map(|root| std::fs::read_dir(root).ok()).flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Of every other process: its pid and what a file of `/proc` says of it.
fn proc(file: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| *pid != std::process::id())
        .filter_map(|pid| {
            let text = std::fs::read(format!("/proc/{pid}/{file}")).ok()?;
            Some(format!("{pid} {}", String::from_utf8_lossy(&text).replace('\0', " ")))
        })
        .collect()
}

pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Where the pinned agents are, first.
pub(crate) fn path() -> String {
    let agents = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/agents/node_modules/.bin");
    // Last: a Python environment brings a Python, too.
    let aider = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/agents/aider/bin");
    format!("{agents}:/usr/local/bin:/usr/bin:/bin:{aider}")
}

/// What an agent says of its version.
pub(crate) fn version_of(name: &str) -> String {
    let output = Command::new(name).arg("--version").env("PATH", path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let digits = |word: &&str| word.starts_with(|char: char| char.is_ascii_digit());
    text.split_whitespace().find(digits).unwrap_or("?").to_owned()
}

/// Whether the pinned agent is there; its absence is red where everything is required.
pub(crate) fn has_agent(name: &str) -> bool {
    let there = is_there(name);
    assert!(
        there || std::env::var_os("REQUIRE_AGENTS").is_none(),
        "{name} is not installed: scripts/setup.sh test"
    );
    there
}

/// Whether a program is on the path of the tests.
pub(crate) fn is_there(name: &str) -> bool {
    path().split(':').any(|dir| std::path::Path::new(dir).join(name).exists())
}
