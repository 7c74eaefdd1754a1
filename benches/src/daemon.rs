//! The built daemon: how soon an agent's process starts, how many a second, memory, cold start, and the
//! whole overhead of a run on a large repository.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use api::{Client, CreateTask, TaskView};

use crate::floor::Floor;
use crate::{Samples, tell};

struct Daemon {
    child: Child,
    client: Client,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn serve(data: &Path) -> Daemon {
    let mut child = Command::new("target/release/sidekick")
        .args(["--json", "serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("target/release/sidekick: `make bench` builds it");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let token = fs::read_to_string(data.join("token")).unwrap();
    Daemon { child, client: Client::new(ready["address"].as_str().unwrap(), token.trim()) }
}

fn git(dir: &Path, words: &[&str]) {
    let status = Command::new("git")
        .args(["-c", "user.name=b", "-c", "user.email=b@b"])
        .args(words)
        .current_dir(dir)
        .status();
    assert!(status.unwrap().success());
}

fn repository(dir: &Path, files: usize) {
    fs::create_dir_all(dir).unwrap();
    git(dir, &["init", "-q", "-b", "main"]);
    for n in 0..files {
        let path = dir.join(format!("d{}", n / 100));
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join(format!("f{n}.txt")), format!("file {n}\n").repeat(60)).unwrap();
    }
    git(dir, &["add", "-A"]);
    git(dir, &["commit", "-q", "-m", "x"]);
}

fn task(repo: &Path, agent: &str, isolation: &str) -> CreateTask {
    CreateTask {
        text: "x".into(),
        repo: Some(repo.display().to_string()),
        agent: Some(agent.into()),
        isolation: Some(isolation.into()),
        ..CreateTask::default()
    }
}

fn over(client: &Client, id: &str) -> TaskView {
    loop {
        let task: TaskView = client.get(&format!("/api/tasks/{id}")).unwrap();
        if !["queued", "running"].contains(&task.state.as_str()) {
            return task;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Proportional set size in megabytes.
fn pss(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or(0.0) / 1024.0
}

pub(crate) fn measure(floor: &Floor) {
    let dir = tempfile::tempdir_in("target").unwrap();
    let root = fs::canonicalize(dir.path()).unwrap();
    let (data, small) = (root.join("data"), root.join("small"));
    repository(&small, 20);
    fs::create_dir_all(&data).unwrap();
    let stamp = "agents: {stamp: {command: [/bin/date, '+%s%N']}, hold: {command: [/bin/sleep, '600']}}\nconcurrency: 100\nretry: {most: 1}\n";
    fs::write(data.join("sidekick.yaml"), stamp).unwrap();

    let cold = Samples::take(11, || {
        let began = Instant::now();
        let daemon = serve(&data);
        let _health: api::Health = daemon.client.get("/api/health").unwrap();
        began.elapsed()
    });
    tell("cold start to ready", &format!("{:.1} ms", cold.ms(50)), "goal 50 ms");
    let daemon = serve(&data);
    std::thread::sleep(Duration::from_secs(2));
    tell("idle memory of the daemon (PSS)", &format!("{:.1} MB", pss(daemon.child.id())), "goal 25 MB");
    requests(&daemon, &small);
    started(floor, &daemon, &small, "none");
    started(floor, &daemon, &small, "sandbox");
    throughput(floor, &daemon, &small);
    live(&daemon, &small);
    large(&daemon, &root);
}

/// What a command or the dashboard waits for.
fn requests(daemon: &Daemon, repo: &Path) {
    let body = task(repo, "stamp", "sandbox");
    let id = daemon.client.post::<_, TaskView>("/api/tasks", &body, None).unwrap().id;
    over(&daemon.client, &id);
    for (name, path) in [("a task", format!("/api/tasks/{id}")), ("the list", "/api/tasks?limit=50".into())] {
        let samples = Samples::take(2000, || {
            let began = Instant::now();
            let _answer: serde_json::Value = daemon.client.get(&path).unwrap();
            began.elapsed()
        });
        let text = format!("{:.2} ms, p99 {:.2}", samples.ms(50), samples.ms(99));
        tell(&format!("GET {name}, over HTTP"), &text, "goal p95 2 ms");
    }
}

/// From before the request to the agent's own clock.
fn started(floor: &Floor, daemon: &Daemon, repo: &Path, isolation: &str) {
    let one = || {
        let before = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let task: TaskView = daemon.client.post("/api/tasks", &task(repo, "stamp", isolation), None).unwrap();
        let done = over(&daemon.client, &task.id);
        let stamp: u64 = done.summary.unwrap_or_default().trim().parse().unwrap();
        Duration::from_nanos(stamp).saturating_sub(before)
    };
    one();
    let samples = Samples::take(100, one);
    let base = floor.sync.ms(50) + floor.spawn.ms(50);
    tell(
        &format!("enqueue → agent's process runs, {isolation}, workspace made"),
        &format!("{:.1} ms, p99 {:.1}", samples.ms(50), samples.ms(99)),
        &format!("{:.1} x (fdatasync + fork+exec)", samples.ms(50) / base),
    );
}

fn throughput(floor: &Floor, daemon: &Daemon, repo: &Path) {
    const N: u32 = 200;
    let began = Instant::now();
    let ids: Vec<_> = (0..N)
        .map(|_| {
            daemon.client.post::<_, TaskView>("/api/tasks", &task(repo, "stamp", "none"), None).unwrap().id
        })
        .collect();
    for id in ids {
        over(&daemon.client, &id);
    }
    let rate = f64::from(N) / began.elapsed().as_secs_f64();
    let most = 1000.0 / floor.spawn.ms(50);
    tell(
        "whole runs a second, a process each, not isolated",
        &format!("{rate:.0}/s"),
        &format!("{:.2} x fork+exec alone", rate / most),
    );
}

fn live(daemon: &Daemon, repo: &Path) {
    let before = pss(daemon.child.id());
    let ids: Vec<_> = (0..20)
        .map(|_| {
            daemon.client.post::<_, TaskView>("/api/tasks", &task(repo, "hold", "sandbox"), None).unwrap().id
        })
        .collect();
    for id in &ids {
        while daemon.client.get::<TaskView>(&format!("/api/tasks/{id}")).unwrap().stage.as_deref()
            != Some("agent")
        {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    std::thread::sleep(Duration::from_secs(1));
    let each = (pss(daemon.child.id()) - before) / 20.0;
    tell("memory of the daemon for each live run (PSS)", &format!("{each:.2} MB"), "goal 1 MB");
    let shims: Vec<_> = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| line.windows(6).any(|word| word == b"\0shim\0"))
        })
        .map(pss)
        .collect();
    tell(
        "memory of a shim (PSS)",
        &format!("{:.2} MB", shims.iter().sum::<f64>() / shims.len() as f64),
        "goal 2 MB",
    );
    let began = Instant::now();
    for id in &ids {
        daemon
            .client
            .post::<_, TaskView>(&format!("/api/tasks/{id}/stop"), &serde_json::json!({}), None)
            .unwrap();
    }
    for id in &ids {
        over(&daemon.client, id);
    }
    tell(
        "stop of 20 sandboxed runs, all processes gone",
        &format!("{:.0} ms", began.elapsed().as_secs_f64() * 1000.0),
        "",
    );
}

fn large(daemon: &Daemon, root: &Path) {
    let files = 50_000;
    let repo = root.join("large");
    repository(&repo, files);
    let mut n = 0;
    let worktree = Samples::take(3, || {
        n += 1;
        let began = Instant::now();
        git(&repo, &["worktree", "add", "-q", "--detach", &format!("../worktree-{n}")]);
        began.elapsed()
    });
    tell(&format!("`git worktree add`, {files} files"), &format!("{:.0} ms", worktree.ms(50)), "");
    // The first run on a base pays for its checkout; the others do not.
    let scenario = "- write: {path: d1/new.txt, content: x}\n- append: {path: d2/f200.txt, content: y}\n";
    let one = || {
        let began = Instant::now();
        let body = CreateTask { scenario: Some(scenario.into()), ..task(&repo, "rehearsal", "sandbox") };
        let task: TaskView = daemon.client.post("/api/tasks", &body, None).unwrap();
        let done = over(&daemon.client, &task.id);
        assert_eq!(done.state, "review", "{:?}", done.reason);
        began.elapsed()
    };
    let first = one();
    let again = Samples::take(11, one);
    tell(
        &format!("first run on a base, {files} files"),
        &format!("{:.0} ms", first.as_secs_f64() * 1000.0),
        "",
    );
    tell(
        &format!("a whole run, from the second on, {files} files"),
        &format!("{:.0} ms", again.ms(50)),
        &format!("{:.3} x worktree add; goal 500 ms", again.ms(50) / worktree.ms(50)),
    );
}
