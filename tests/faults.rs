//! Agents that misbehave as badly as they can, beside one that does its work.

use std::time::{Duration, Instant};

use crate::sidekick::{Bench, processes_of};

/// What the daemon may ever have held, in kB.
const MOST_MEMORY: u64 = 150_000;

#[test]
fn the_worst_agents_are_bounded_and_cost_the_others_nothing() {
    let bench = Bench::new();
    bench.configure("concurrency: 8\nretry: {most: 1}\nlimits: {disk_mb: 64}\n");
    let daemon = bench.serve();
    let worst = [
        ("- flood: {bytes: 5000000000}\n", "failed", "256 MB it may"),
        ("- flood: {bytes: 5000000000, line: 0}\n", "failed", "256 MB it may"),
        ("- garbage: 200000000\n- say: still here\n", "review", ""),
        ("- shell: 'head -c 2000000000 /dev/zero > big'\n- sleep: 5s\n", "failed", "64 MB it may"),
    ];
    let started: Vec<_> =
        worst.iter().map(|(scenario, ..)| detach(&bench, &bench.scenario(scenario))).collect();
    let hanging = detach(&bench, &bench.scenario("- fork: 10\n- garbage: 10\n- say: hanging\n- hang:\n"));

    let quiet = bench.rehearse("- write: {path: a.txt, content: x}\n- say: Done.\n");
    assert_eq!(quiet["status"], "review", "{quiet}");

    for ((scenario, state, words), id) in worst.iter().zip(&started) {
        let task = bench.until(id, |task| !["queued", "running"].contains(&task["state"].as_str().unwrap()));
        assert_eq!(task["state"], *state, "{scenario}: {task}");
        assert!(task["reason"].as_str().unwrap_or_default().contains(words), "{scenario}: {task}");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.child.id())).unwrap();
    let peak: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
        .unwrap();
    eprintln!("the daemon held {peak} kB at most");
    assert!(peak < MOST_MEMORY, "{peak} kB");

    bench.until(&hanging, |task| task["stage"] == "agent" && processes_of(&hanging) > 10);
    let began = Instant::now();
    bench.json(&["stop", &hanging]);
    let left = processes_of(&hanging);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(left, 0, "stopped means gone, deaf and in sessions of their own as they were");
    drop(daemon);
}

fn detach(bench: &Bench, scenario: &str) -> String {
    let accepted = bench.json(&["run", "x", "--scenario", scenario, "--detach"]);
    accepted["task"].as_str().unwrap().to_owned()
}

/// A program that tells its result and stays: seen with agents whose connections keep them alive.
#[test]
fn an_agent_that_does_not_end_is_ended() {
    let mut bench = Bench::new();
    let bin = bench.dir.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let result =
        r#"{"type":"result","subtype":"success","is_error":false,"result":"Done.","session_id":"s"}"#;
    // Its interpreter is in the person's home, as version managers keep it.
    std::fs::copy("/bin/sh", bin.join("interpreter")).unwrap();
    let script =
        format!("#!/usr/bin/env interpreter\ncat >/dev/null\necho x >a.txt\necho '{result}'\nsleep 600\n");
    std::fs::write(bin.join("claude"), script).unwrap();
    std::fs::set_permissions(bin.join("claude"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    bench.env.push(("PATH".into(), format!("{}:/usr/bin:/bin", bin.display())));
    bench.env.push(("ANTHROPIC_API_KEY".into(), "k".into()));
    let began = Instant::now();
    let done = bench.json(&["run", "x", "--agent", "claude"]);
    assert_eq!((&done["status"], &done["summary"]), (&"review".into(), &"Done.".into()), "{done}");
    assert_eq!(done["diff"]["files"], 1);
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
}
