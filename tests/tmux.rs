//! Runs in windows of a real tmux.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::sidekick::{Bench, said};

/// A tmux of the test's own; ended when dropped.
struct Tmux<'a>(&'a Bench);

impl<'a> Tmux<'a> {
    fn new(bench: &'a mut Bench) -> Self {
        let dir = bench.dir.path().to_str().unwrap().to_owned();
        bench.env.extend([("TMUX_TMPDIR".into(), dir), ("TERM".into(), "xterm-256color".into())]);
        Self(bench)
    }

    fn ask(&self, words: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command
            .args(words)
            .env_clear()
            .envs(self.0.env.iter().cloned())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin");
        String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
    }

    fn windows(&self) -> Vec<String> {
        self.ask(&["list-windows", "-t", "=sidekick", "-F", "#{window_name}"])
            .lines()
            .map(Into::into)
            .collect()
    }

    /// Waits until a window shows this; the time is a bound for broken code.
    fn shows(&self, window: &str, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut shown = String::new();
        while !shown.contains(text) {
            assert!(Instant::now() < deadline, "`{text}` is not shown in {:?}: {shown}", self.windows());
            std::thread::sleep(Duration::from_millis(20));
            shown = self.ask(&["capture-pane", "-p", "-t", &format!("=sidekick:={window}")]);
        }
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        self.ask(&["kill-server"]);
    }
}

#[test]
fn each_run_is_watched_in_a_window() {
    let mut bench = Bench::new();
    bench.configure("attach: tmux\n");
    let scenario = bench.scenario("- say: I am at work.\n- hang:\n");
    let tmux = Tmux::new(&mut bench);
    let bench = tmux.0;
    let daemon = bench.serve();
    let ids: Vec<String> = (0..2)
        .map(|_| {
            bench.json(&["run", "x", "--scenario", &scenario, "--detach"])["task"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    for id in &ids {
        tmux.shows(&id[id.len() - 8..], "I am at work.");
    }
    assert_eq!(tmux.windows().len(), 2, "one window a run: {:?}", tmux.windows());
    // Asked for once more it is the same window.
    let output = bench.output(&["attach", "--tmux", &ids[0]]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(tmux.windows().len(), 2);
    for id in &ids {
        bench.json(&["stop", id]);
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while !tmux.windows().is_empty() {
        assert!(Instant::now() < deadline, "windows outlive their runs: {:?}", tmux.windows());
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(daemon);
}

#[test]
fn a_takeover_opens_in_a_window() {
    let mut bench = Bench::new();
    bench.configure("agents: {asks: {command: [sh, -c, 'echo x > a.txt'], interactive: [sh, -c, 'echo say:; read -r line; echo \"$line\" >> a.txt']}}\n");
    let tmux = Tmux::new(&mut bench);
    let bench = tmux.0;
    let daemon = bench.serve();
    let done = bench.json(&["run", "x", "--agent", "asks"]);
    let id = done["task"].as_str().unwrap();
    let output = bench.output(&["takeover", "--tmux", id]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let window = format!("{} by hand", &id[id.len() - 8..]);
    tmux.shows(&window, "say:");
    tmux.ask(&["send-keys", "-t", &format!("=sidekick:={window}"), "by hand", "Enter"]);
    let task = bench.until(id, |task| task["state"] == "review" && task["attempt"] == 2);
    assert_eq!(task["diff"], json!({"files": 1, "insertions": 2, "deletions": 0}));
    drop(daemon);
}
